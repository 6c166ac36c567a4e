//! SIGINT and SIGTERM: the run stops between two requests, and records how far it came.

use std::time::Duration;

use tokio::sync::watch;

use crate::process::failure::Exit;

/// The time that a request on its way has left after a stop was requested. Builds with debug assertions, which the tests
/// use, have servers on the same machine, which answer at once or not at all.
const GRACE: Duration = Duration::from_millis(if cfg!(debug_assertions) { 300 } else { 3000 });

/// Whether a signal asked the run to stop, and which one.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<Option<Exit>>);

/// Starts to listen for the signals, which no longer end the process from here on.
pub(crate) fn listen() -> Stop {
    let (sender, receiver) = watch::channel(None);
    let asked = asked();
    tokio::spawn(async move {
        let exit = asked.await;
        // The receiver is gone once the run is over.
        let _ = sender.send(Some(exit));
        std::future::pending::<()>().await;
    });
    Stop(receiver)
}

impl Stop {
    /// A stop that a test requests through the sender.
    #[cfg(test)]
    pub(crate) fn by(receiver: watch::Receiver<Option<Exit>>) -> Self {
        Self(receiver)
    }

    /// Whether a stop was requested.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// The exit code of the signal.
    pub(crate) fn exit(&self) -> Exit {
        self.0.borrow().unwrap_or(Exit::Interrupted)
    }

    /// Waits until a stop is requested; forever where none can be.
    pub(crate) async fn wait(&self) {
        if self.0.clone().wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until a request on its way has had its time to end after a stop was requested; forever where none can be.
    pub(crate) async fn wait_out(&self) {
        self.wait().await;
        tokio::time::sleep(GRACE).await;
    }
}

/// Catches the signals, and waits for the first of them.
#[cfg(unix)]
fn asked() -> impl Future<Output = Exit> + Send {
    use tokio::signal::unix::{SignalKind, signal};

    let caught = signal(SignalKind::interrupt())
        .and_then(|interrupt| Ok((interrupt, signal(SignalKind::terminate())?)));
    async move {
        let Ok((mut interrupt, mut terminate)) = caught else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => Exit::Interrupted,
            _ = terminate.recv() => Exit::Terminated,
        }
    }
}

/// Catches the signal, and waits for it.
#[cfg(windows)]
fn asked() -> impl Future<Output = Exit> + Send {
    let caught = tokio::signal::windows::ctrl_c();
    async move {
        match caught {
            Ok(mut interrupt) => {
                interrupt.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
        Exit::Interrupted
    }
}
