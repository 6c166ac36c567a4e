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

/// The deadline of open requests after a shutdown was requested.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// The deadline for the headers of a request, so that an idle client does not occupy a connection.
pub(super) const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// The pause after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The largest number of open connections; further clients wait.
pub(crate) const CONNECTION_LIMIT: usize = 4_096;

/// Serves until a stop is requested, and finishes open requests.
pub(crate) async fn serve(
    listener: TcpListener,
    state: Arc<ServerState>,
    connection_limit: usize,
    stop: Stop,
) {
    let service = TowerToHyperService::new(routes::router(state));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    let permits = Arc::new(Semaphore::new(connection_limit));
    let connections = GracefulShutdown::new();
    let next = async || {
        let permit = Arc::clone(&permits).acquire_owned().await;
        (permit, listener.accept().await)
    };
    loop {
        let (permit, accepted) = tokio::select! {
            () = stop.wait() => break,
            next = next() => next,
        };
        let Ok((stream, _)) = accepted else {
            // Either the client is gone, or the process has no free handles for the moment.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Without it, answers are only slower.
        drop(stream.set_nodelay(true));
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service.clone()));
        tokio::spawn(async move {
            // An error means that the client closed the connection.
            drop(connection.await);
            drop(permit);
        });
    }
    drop(listener);
    tokio::select! {
        () = connections.shutdown() => {}
        () = tokio::time::sleep(SHUTDOWN_TIMEOUT) => {}
    }
}
