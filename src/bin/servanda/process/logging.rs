//! What the program says about its own work, on standard error: nothing unless it is asked to.

use tracing_subscriber::filter::LevelFilter;

use crate::process::context::Context;

/// Begins to log: warnings, or more with each `-v`.
pub(crate) fn begin(verbose: u8, context: &Context) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(context.paint_errors().colour)
        .without_time()
        .with_target(false);
    // A second subscriber can only be a test's, which then has what it wants.
    let _ = subscriber.try_init();
}
