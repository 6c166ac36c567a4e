//! The log on standard error: warnings only, unless `--verbose` asks for more.

use tracing_subscriber::filter::LevelFilter;

use crate::http::redact;
use crate::process::context::Context;
use crate::process::failure::print_message;

/// Standard error, without any secret: libraries log what servers say.
struct RedactedErrors;

impl std::io::Write for RedactedErrors {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        print_message(&redact::text(&String::from_utf8_lossy(line)));
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Redacts the messages of panics, which may contain a text of a server.
fn redact_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let trace = std::backtrace::Backtrace::capture();
        let trace = match trace.status() {
            std::backtrace::BacktraceStatus::Captured => format!("{trace}\n"),
            _ => String::new(),
        };
        print_message(&redact::text(&format!("{panic}\n{trace}")));
    }));
}

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
        .with_writer(|| RedactedErrors)
        .with_ansi(context.paint_errors().colour)
        .without_time()
        .with_target(false);
    redact_panics();
    // Only a test can have installed one before, and it keeps its own.
    let _ = subscriber.try_init();
}
