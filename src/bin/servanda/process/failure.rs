//! Every way a run can end badly: what is said, what helps, and which exit code it has for life.
//!
//! The kinds are few; what the world did wrong arrives here from the small error types beside what failed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use servanda::render::encode;

/// The exit codes, fixed for life (design §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Fine = 0,
    /// Something failed that has no code of its own.
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
    /// It is not known of something whether it was carried out.
    Held = 7,
    /// Another run holds the lock.
    Locked = 8,
    /// The helpdesk does not accept the credentials.
    Credentials = 9,
    /// The client may not ask for the service; only of `entitled`.
    NotEntitled = 10,
    /// Several agreements say yes; only of `entitled`.
    Ambiguous = 11,
    /// Somebody asked the run to stop (128 + SIGINT).
    Interrupted = 130,
    /// Somebody asked the run to stop (128 + SIGTERM).
    Terminated = 143,
}

impl Exit {
    /// Of two ends of one run the one that is told (design §13).
    pub(crate) fn graver(one: Self, other: Self) -> Self {
        const ORDER: [Exit; 14] = [
            Exit::Interrupted,
            Exit::Terminated,
            Exit::Failure,
            Exit::Credentials,
            Exit::Locked,
            Exit::Invalid,
            Exit::Refused,
            Exit::Held,
            Exit::Partial,
            Exit::Stale,
            Exit::Ambiguous,
            Exit::NotEntitled,
            Exit::Pending,
            Exit::Fine,
        ];
        ORDER.into_iter().find(|exit| *exit == one || *exit == other).unwrap_or(Exit::Failure)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a run ended.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    /// The stable name of what went wrong, in kebab case: what programs and tests compare.
    pub(crate) code: &'static str,
    /// What went wrong, with the value: lower case, no full stop.
    pub(crate) message: String,
    /// What to do about it.
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

    /// What was typed makes no sense.
    pub(crate) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Exit::Failure, "usage", message).help(help)
    }

    /// The helpdesk does not accept the key.
    pub(crate) fn credentials(message: &str) -> Self {
        Self::new(Exit::Credentials, "credentials", message)
            .help("a key can expire or be spent; issue a new one and put it into the variable that servanda.yaml names")
    }

    /// A file could not be read or written.
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::new(Exit::Failure, "file", format!("{}: {error}", path.display()))
    }
}

/// Says on standard error why the run ended, and gives its exit code.
pub(crate) fn report(failure: &Failure) -> ExitCode {
    let mut text = format!("error[{}]: {}\n", failure.code, encode::terminal(&failure.message));
    if let Some(help) = &failure.help {
        writeln!(text, "  help: {}", encode::terminal(help)).expect("a string takes all that is written");
    }
    say(&text);
    failure.exit.into()
}

/// Prints what the argument parser has to say: help on standard output, a complaint on standard error.
pub(crate) fn report_usage(usage: &clap::Error) -> ExitCode {
    // A closed pipe is no reason to complain about the complaint.
    let _ = usage.print();
    if usage.use_stderr() { Exit::Failure.into() } else { Exit::Fine.into() }
}

/// Writes talk to standard error; a closed pipe ends nothing.
pub(crate) fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Writes data to standard output; a closed pipe is a reader who has seen enough.
pub(crate) fn tell(text: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::file(Path::new("standard output"), &error))
        }
        _ => Ok(()),
    }
}
