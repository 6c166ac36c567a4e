//! The tokio runtimes of a run.

use tokio::runtime::{Builder, Runtime};

use crate::process::failure::{Exit, Failure};

/// Builds the runtime of a command. Its own work may block, at a terminal for example; a request leaves all the same when
/// the time in which it may leave was checked, since connections have a thread of their own.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    built(Builder::new_multi_thread().worker_threads(1))
}

/// Builds the runtime of a command that writes to the embedded helpdesk: one thread for its work and its connections, beside
/// the one of the helpdesk. No request is handed from thread to thread. The command must wait for no terminal: it neither
/// asks nor shows a progress bar, either of which would block its connections as well.
pub(crate) fn runtime_beside_embedded() -> Result<Runtime, Failure> {
    built(&mut Builder::new_current_thread())
}

/// Builds the runtime of a server: one thread for each core.
pub(crate) fn server_runtime() -> Result<Runtime, Failure> {
    built(&mut Builder::new_multi_thread())
}

fn built(builder: &mut Builder) -> Result<Runtime, Failure> {
    builder.enable_all().build().map_err(|error| {
        Failure::new(Exit::Failure, "runtime-unavailable", format!("cannot start threads: {error}"))
    })
}

/// Waits for a future on a thread of its own, since the caller may be in a runtime or outside of one.
pub(crate) fn on_own_thread<T: Send>(future: impl Future<Output = T> + Send) -> Result<T, Failure> {
    let wait = || Ok(built(&mut Builder::new_current_thread())?.block_on(future));
    std::thread::scope(|scope| scope.spawn(wait).join()).unwrap_or_else(|_| {
        Err(Failure::new(Exit::Failure, "runtime-unavailable", "a thread ended before its work"))
    })
}
