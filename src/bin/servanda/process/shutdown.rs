//! SIGINT and SIGTERM: the run is asked to stop between two requests, and writes down how far it came.

use tokio::sync::watch;

use crate::process::failure::Exit;

/// Whether somebody asked the run to stop, and how.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<Option<Exit>>);

/// Begins to listen.
pub(crate) fn listen() -> Stop {
    let (sender, receiver) = watch::channel(None);
    tokio::spawn(async move {
        let exit = wait().await;
        // Nobody listens any more once the run is over.
        let _ = sender.send(Some(exit));
        std::future::pending::<()>().await;
    });
    Stop(receiver)
}

impl Stop {
    /// A stop that the sender asks for.
    #[cfg(test)]
    pub(crate) fn by(receiver: watch::Receiver<Option<Exit>>) -> Self {
        Self(receiver)
    }

    /// Whether somebody asked.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// The exit code that goes with the way in which somebody asked.
    pub(crate) fn exit(&self) -> Exit {
        self.0.borrow().unwrap_or(Exit::Interrupted)
    }

    /// Comes back when somebody asks, and never where nobody can.
    pub(crate) async fn wait(&self) {
        if self.0.clone().wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
async fn wait() -> Exit {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => Exit::Interrupted,
        _ = terminate.recv() => Exit::Terminated,
    }
}

#[cfg(not(unix))]
async fn wait() -> Exit {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
    Exit::Interrupted
}
