//! The HTTP server: accepts connections up to a limit and shuts down gracefully.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::routes;
use super::state::ServerState;
use crate::process::shutdown::Stop;

/// How long answers on the way may take once the server is asked to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How long a connection may take to say what it asks, so that none holds its place for nothing.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// How many connections are held at once; who comes later waits for a place.
pub(crate) const PLACES: usize = 4_096;

/// Serves until somebody asks to stop; what is on the way is answered first.
pub(crate) async fn serve(listener: TcpListener, desk: Arc<ServerState>, places: usize, stop: Stop) {
    let service = TowerToHyperService::new(routes::router(desk));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let places = Arc::new(Semaphore::new(places));
    let connections = GracefulShutdown::new();
    let next = async || {
        let place = Arc::clone(&places).acquire_owned().await;
        (place, listener.accept().await)
    };
    loop {
        let (place, accepted) = tokio::select! {
            () = stop.wait() => break,
            next = next() => next,
        };
        let Ok((stream, _)) = accepted else {
            // There are no handles left, which passes, or the client is gone again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Without it answers still come, only later.
        drop(stream.set_nodelay(true));
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service.clone()));
        tokio::spawn(async move {
            // A client that breaks off has nobody to be told.
            drop(connection.await);
            drop(place);
        });
    }
    drop(listener);
    tokio::select! {
        () = connections.shutdown() => {}
        () = tokio::time::sleep(GRACE) => {}
    }
}
