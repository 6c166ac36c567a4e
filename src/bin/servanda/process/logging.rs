//! The log on standard error: warnings only, unless `--verbose` or `SERVANDA_LOG` asks for more.

use std::backtrace::{Backtrace, BacktraceStatus};

use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

use crate::http::redact;
use crate::process::context::Context;
use crate::process::failure::Failure;
use crate::process::messages::{self, LogFormat, MessageStyle, print_error};

/// The variable with the filter of the log.
const FILTER: &str = "SERVANDA_LOG";

/// The options of the log.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LogOptions {
    /// The number of times that `--verbose` was set.
    pub(crate) verbose: u8,
    /// Whether only errors are printed.
    pub(crate) is_quiet: bool,
    /// The format.
    pub(crate) format: LogFormat,
}

impl LogOptions {
    /// The level of the log; `None` where neither option sets it.
    fn level(self) -> Option<LevelFilter> {
        match self.verbose {
            _ if self.is_quiet => Some(LevelFilter::ERROR),
            0 => None,
            1 => Some(LevelFilter::INFO),
            2 => Some(LevelFilter::DEBUG),
            _ => Some(LevelFilter::TRACE),
        }
    }
}

/// Standard error, without any secret: libraries log what servers say.
struct RedactedErrors(LogFormat);

impl std::io::Write for RedactedErrors {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        messages::print(&match self.0 {
            LogFormat::Text => redact::text(&text),
            LogFormat::Json => redact::json_line(&text),
        });
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Redacts the messages of panics, which may contain a text of a server.
fn redact_panics() {
    std::panic::set_hook(Box::new(|panic| {
        print_error(&redacted_panic(&panic.to_string(), &Backtrace::capture()), &[]);
    }));
}

/// The text of a panic, without any secret.
fn redacted_panic(panic: &str, trace: &Backtrace) -> String {
    let trace = match trace.status() {
        BacktraceStatus::Captured => format!("{trace}\n"),
        _ => String::new(),
    };
    redact::text(&format!("{panic}\n{trace}"))
}

/// Installs the logger and the style of messages. Without an option, `SERVANDA_LOG` is the filter.
pub(crate) fn begin(options: LogOptions, context: &Context) -> Result<(), Failure> {
    redact_panics();
    let format = options.format;
    let is_timed = format == LogFormat::Text && !context.terminal.errors;
    MessageStyle { format, is_quiet: options.is_quiet, is_timed }.install();
    let filter = filter(options.level(), Context::variable(FILTER).as_deref())?;
    let layer = fmt::layer().with_writer(move || RedactedErrors(format));
    let layer = match format {
        LogFormat::Json => layer.json().boxed(),
        LogFormat::Text => {
            let layer = layer.with_ansi(context.paint_errors().colour).with_target(false);
            if is_timed { layer.boxed() } else { layer.without_time().boxed() }
        }
    };
    // Only a test can have installed one before, and it keeps its own.
    let _ = registry().with(filter).with(layer).try_init();
    Ok(())
}

/// The filter of the log: the level of an option, else the directives of the variable, else warnings.
fn filter(level: Option<LevelFilter>, directives: Option<&str>) -> Result<EnvFilter, Failure> {
    let directives = directives.filter(|_| level.is_none()).unwrap_or_default();
    let level = level.unwrap_or(LevelFilter::WARN);
    EnvFilter::builder().with_default_directive(level.into()).parse(directives).map_err(|error| {
        Failure::usage(
            format!("{FILTER}: {error}"),
            "set it to a level, or to directives such as `warn,servanda::http=debug`",
        )
    })
}

#[cfg(test)]
mod tests {
    use std::backtrace::Backtrace;

    use secrecy::SecretString;
    use tracing_subscriber::filter::LevelFilter;

    use super::{LogOptions, filter, redacted_panic};
    use crate::http::redact;

    #[test]
    fn an_option_takes_precedence_over_the_variable() {
        let shown = |options: LogOptions, directives: Option<&str>| {
            filter(options.level(), directives).expect("a filter").to_string()
        };
        let (plain, quiet) = (LogOptions::default(), LogOptions { is_quiet: true, ..LogOptions::default() });
        let verbose = LogOptions { verbose: 2, ..plain };
        let directives = "info,servanda::http=debug";
        for (options, variable, expected) in [
            (plain, None, "warn"),
            (plain, Some("info"), "info"),
            (quiet, Some(directives), "error"),
            (verbose, Some(directives), "debug"),
        ] {
            assert_eq!(shown(options, variable), expected, "{options:?} {variable:?}");
        }
        let both = filter(None, Some(directives)).expect("a filter");
        assert_eq!(both.max_level_hint(), Some(LevelFilter::DEBUG));
        assert!(filter(None, Some("servanda=loud")).is_err());
    }

    #[test]
    fn a_panic_is_printed_without_secrets() {
        let secret = "canary-of-a-panic+ 7f3e";
        redact::register(&SecretString::from(secret));
        for form in [secret, "canary-of-a-panic%2B%207f3e", "Y2FuYXJ5LW9mLWEtcGFuaWMrIDdmM2U="] {
            let panic = format!("panicked at src/a.rs:1:2:\nthe server said {form}, and no more");
            let shown = redacted_panic(&panic, &Backtrace::force_capture());
            assert!(!shown.contains(form), "{shown}");
            assert!(
                shown.starts_with("panicked at src/a.rs:1:2:\nthe server said ***, and no more\n"),
                "{shown}"
            );
        }
    }
}
