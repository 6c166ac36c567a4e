//! How a run fails: the message, the help, a stable code, and the exit code.
//!
//! The error types of the rooms below become a [`Failure`] beside their own definition.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use servanda::envelope::severity_of_exit_code;
use servanda::ident::HelpdeskName;
use servanda::render::encode;

use crate::process::messages::print_error;

/// The exit codes. They are part of the interface: a number never changes its meaning. `servanda --help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Success.
    Fine = 0,
    /// A failure without a code of its own.
    Failure = 1,
    /// Changes are pending; only with `--exit-code`.
    Pending = 2,
    /// The files are invalid.
    Invalid = 3,
    /// A guard refused, or the input was empty.
    Refused = 4,
    /// The plan is stale and nothing was applied.
    Stale = 5,
    /// Applied in part.
    Partial = 6,
    /// A request was sent, and its result is unknown.
    InDoubt = 7,
    /// Another run holds the lock.
    Locked = 8,
    /// The helpdesk or the forge refused the credentials.
    Credentials = 9,
    /// The client is not entitled to the service; only of `entitled`.
    NotEntitled = 10,
    /// Several agreements entitle the client; only of `entitled`.
    Ambiguous = 11,
    /// SIGINT stopped the run (128 + 2).
    Interrupted = 130,
    /// SIGTERM stopped the run (128 + 15).
    Terminated = 143,
}

impl Exit {
    /// The exit code of a run that has two results: the more severe one.
    pub(crate) fn most_severe(one: Self, other: Self) -> Self {
        let severity = |exit: Self| severity_of_exit_code(exit as u8);
        if severity(other) < severity(one) { other } else { one }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The reason why a run failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    /// The stable kebab-case code that programs and tests compare.
    pub(crate) code: &'static str,
    /// The problem, with the value: lower case, no full stop.
    pub(crate) message: String,
    /// The advice, in the imperative.
    pub(crate) help: Option<String>,
}

impl Failure {
    /// A failure with its exit code, its stable code and its message.
    pub(crate) fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        Self { exit, code, message: message.into(), help: None }
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same failure, with the name of the one of several helpdesks that it is about.
    #[must_use]
    pub(crate) fn of_helpdesk(self, name: &HelpdeskName) -> Self {
        Self { message: format!("{name}: {}", self.message), ..self }
    }

    /// An argument of the command line that cannot be used.
    pub(crate) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Exit::Failure, "usage", message).help(help)
    }

    /// A file that cannot be read or written.
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::new(Exit::Failure, "file-inaccessible", format!("{}: {error}", path.display()))
    }
}

/// Prints a failure to standard error, and returns its exit code.
pub(crate) fn report(failure: &Failure) -> Exit {
    let mut text = format!("error[{}]: {}\n", failure.code, encode::terminal(&failure.message));
    if let Some(help) = &failure.help {
        writeln!(text, "  help: {}", encode::terminal(help)).expect("a string takes all that is written");
    }
    let help = failure.help.iter().map(|help| ("help", help.as_str()));
    let fields: Vec<(&str, &str)> = std::iter::once(("code", failure.code)).chain(help).collect();
    print_error(&text, &fields);
    failure.exit
}

/// Prints the output of the argument parser: help to standard output, errors to standard error.
pub(crate) fn report_usage(usage: &clap::Error) -> ExitCode {
    // A closed pipe has no reader for a report.
    let _ = usage.print();
    if usage.use_stderr() { Exit::Failure.into() } else { Exit::Fine.into() }
}

/// Prints data to standard output; a closed pipe is no error, since the reader has all it wants.
pub(crate) fn print_data(text: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::file(Path::new("standard output"), &error))
        }
        _ => Ok(()),
    }
}
