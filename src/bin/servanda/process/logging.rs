//! The log on standard error: warnings only, unless `--verbose` asks for more.

use tracing_subscriber::filter::LevelFilter;

use crate::process::context::Context;

/// Installs the logger: warnings, and one level more for each `-v`.
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
    // Only a test can have installed one before, and it keeps its own.
    let _ = subscriber.try_init();
}
