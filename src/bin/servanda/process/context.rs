//! What only the process knows: the clock, the working directory, the environment, the terminal. Read
//! once, here and nowhere else, and handed on as values.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place that reads clock, environment and working directory"
)]

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use servanda::calendar::{Instant, Zone, read_day, read_instant};
use servanda::render::Paint;

use crate::process::failure::Failure;

/// How wide a line may be where no terminal says so: a log or a page is wider than most terminals.
const UNBOUND_WIDTH: usize = 140;

/// The surroundings of one run.
pub(crate) struct Context {
    /// The instant at which the run began.
    pub(crate) now: Instant,
    /// Where the user stands.
    pub(crate) working_directory: PathBuf,
    /// Whether standard output, standard error and standard input are a terminal.
    pub(crate) terminal: Terminal,
}

/// Which of the three streams are a terminal.
#[derive(Clone, Copy)]
pub(crate) struct Terminal {
    pub(crate) output: bool,
    pub(crate) errors: bool,
    pub(crate) input: bool,
}

/// The one instant that a run is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsOf {
    /// The instant.
    pub(crate) instant: Instant,
    /// Whether somebody asked for another instant than now.
    pub(crate) is_asked: bool,
}

impl Context {
    /// Looks around.
    pub(crate) fn of_this_process() -> Result<Self, Failure> {
        let working_directory =
            std::env::current_dir().map_err(|error| Failure::file(Path::new("."), &error))?;
        Ok(Self {
            now: Instant::now(),
            working_directory,
            terminal: Terminal {
                output: std::io::stdout().is_terminal(),
                errors: std::io::stderr().is_terminal(),
                input: std::io::stdin().is_terminal(),
            },
        })
    }

    /// The instant of `--as-of`: noon of a bare day in the zone of the settings, an instant as it is, or now.
    pub(crate) fn as_of(&self, typed: Option<&str>, zone: &Zone) -> Result<AsOf, Failure> {
        let Some(typed) = typed else {
            return Ok(AsOf { instant: self.now, is_asked: false });
        };
        let instant = match read_day(typed) {
            Ok(day) => Ok(zone.at(day, 12, 0)),
            Err(_) if typed.contains('T') => read_instant(typed),
            Err(misread) => Err(misread),
        };
        let instant = instant
            .map_err(|misread| Failure::usage(format!("--as-of: {}", misread.message), misread.help))?;
        Ok(AsOf { instant, is_asked: true })
    }

    /// A secret from the environment. It is in no output, since its type has none.
    pub(crate) fn secret(variable: &str) -> Option<SecretString> {
        std::env::var(variable).ok().filter(|secret| !secret.is_empty()).map(SecretString::from)
    }

    /// A variable of the environment that is no secret and holds something.
    pub(crate) fn variable(name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    /// The words of the command line as they are, for a line that is not typed to its end yet.
    pub(crate) fn words() -> Vec<OsString> {
        std::env::args_os().collect()
    }

    /// How standard output is drawn: coloured on a terminal, unless `NO_COLOR` says otherwise.
    pub(crate) fn paint(&self) -> Paint {
        Self::paint_where(self.terminal.output)
    }

    /// How standard error is drawn.
    pub(crate) fn paint_errors(&self) -> Paint {
        Self::paint_where(self.terminal.errors)
    }

    fn paint_where(is_terminal: bool) -> Paint {
        let set = |variable: &str| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
        let colour = !set("NO_COLOR") && (is_terminal || set("CLICOLOR_FORCE"));
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let width = columns.or(terminal.filter(|_| is_terminal)).unwrap_or(UNBOUND_WIDTH);
        Paint { colour, width }
    }

    /// Whether somebody is there to answer a question.
    pub(crate) fn is_attended(&self) -> bool {
        self.terminal.input && self.terminal.errors
    }
}

/// The machine's clock, for what runs on and on: a helpdesk that is being served.
pub(crate) fn clock() -> Instant {
    Instant::now()
}
