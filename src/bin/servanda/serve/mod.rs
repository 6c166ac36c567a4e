//! Answers over HTTP: one estate at a time, replaced as a whole, behind a few read-only routes.
//!
//! ```text
//!  watch ─► a whole, valid estate ─► desk ◄─ routes ◄─ a portal or a bot asks
//! ```

mod desk;
mod metrics;
mod routes;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

pub(crate) use self::desk::Desk;
pub(crate) use self::watch::{Source, Watcher};

use crate::failure::{Exit, Failure};
use crate::signal::Stop;

/// How long answers on the way may take once the server is asked to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until somebody asks to stop; what is on the way is answered first.
pub(crate) async fn serve(listener: TcpListener, desk: Arc<Desk>, stop: Stop) -> Result<(), Failure> {
    let asked = stop.clone();
    let serving =
        axum::serve(listener, routes::router(desk)).with_graceful_shutdown(async move { asked.wait().await });
    let too_late = async move {
        stop.wait().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = serving => served.map_err(|error| Failure::new(Exit::Failure, error.to_string())),
        () = too_late => Ok(()),
    }
}

#[cfg(test)]
mod tests;
