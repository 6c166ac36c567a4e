//! SIGINT and SIGTERM: the run is asked to stop between two requests, and writes down how far it came.

use tokio::sync::watch;

/// Begins to listen; the receiver turns true when somebody asks the run to stop.
pub(crate) fn listen() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        wait().await;
        // Nobody listens any more once the apply is over.
        let _ = sender.send(true);
        std::future::pending::<()>().await;
    });
    receiver
}

#[cfg(unix)]
async fn wait() {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn wait() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
