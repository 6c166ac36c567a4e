//! What only the process knows: the clock, the working directory, the environment, the terminal, and the switches that
//! every command takes. Read once and passed on as values.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place that reads clock, environment and working directory"
)]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::hash::{BuildHasher as _, RandomState};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use clap::ColorChoice;
use secrecy::SecretString;
use servanda::calendar::{Instant, Zone, read_day, read_instant};
use servanda::render::Paint;

use crate::http::proxy;
use crate::process::failure::Failure;

/// The width of a terminal that does not tell its own, in columns.
const TERMINAL_WIDTH: usize = 80;

/// The names of the variables that were read as secrets.
static READ_AS_SECRETS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Whether a text is the name of a run, and not one that only resembles it.
pub(crate) fn is_run_name(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(instant, number)| {
        let is_number = number.len() == 8 && number.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_number && read_instant(instant).is_ok()
    })
}

/// The surroundings of one run.
pub(crate) struct Context {
    /// The instant at which the run began.
    pub(crate) now: Instant,
    /// The current folder.
    pub(crate) working_directory: PathBuf,
    /// Which of the standard streams are a terminal.
    pub(crate) terminal: Terminal,
    /// The repository that `--repository` names; `None` means the nearest one at or above the working directory.
    pub(crate) repository: Option<PathBuf>,
    /// Whether warnings count as errors (`--deny-warnings`).
    pub(crate) deny_warnings: bool,
    /// The file of the repository that `--settings` names in place of servanda.yaml.
    pub(crate) settings: Option<String>,
}

/// Which of the three streams are a terminal.
#[derive(Clone, Copy)]
pub(crate) struct Terminal {
    pub(crate) output: bool,
    pub(crate) errors: bool,
    pub(crate) input: bool,
    /// Whether the progress of long work is drawn on standard error.
    pub(crate) shows_progress: bool,
    /// Whether output has colours (`--color`).
    pub(crate) color: ColorChoice,
    /// Whether long output may go through a pager (`--no-pager`).
    pub(crate) pages: bool,
}

#[cfg(test)]
impl Terminal {
    /// No stream is a terminal.
    pub(crate) const NONE: Self = Self {
        output: false,
        errors: false,
        input: false,
        shows_progress: false,
        color: ColorChoice::Auto,
        pages: false,
    };
}

/// The one instant that a run is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsOf {
    /// The instant.
    pub(crate) instant: Instant,
    /// Whether the user asked for another instant than now.
    pub(crate) is_asked: bool,
}

impl Context {
    /// Captures the clock, the working directory and the terminal's capabilities, and registers the logins of proxies, which
    /// git and the HTTP client read from the environment by themselves.
    pub(crate) fn capture() -> Result<Self, Failure> {
        for address in proxy::VARIABLES.into_iter().filter_map(Self::variable) {
            proxy::register_login(&address);
        }
        let working_directory =
            std::env::current_dir().map_err(|error| Failure::file(Path::new("."), &error))?;
        Ok(Self {
            now: Instant::now(),
            working_directory,
            terminal: Terminal {
                output: std::io::stdout().is_terminal(),
                errors: std::io::stderr().is_terminal(),
                input: std::io::stdin().is_terminal(),
                shows_progress: std::io::stderr().is_terminal() && anstyle_query::term_supports_color(),
                color: ColorChoice::Auto,
                pages: true,
            },
            repository: None,
            deny_warnings: false,
            settings: None,
        })
    }

    /// Reads the value of `--as-of`: a day means noon in the zone of the settings, an instant means itself, and `None`
    /// means now.
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

    /// A name for this run that no other run has.
    pub(crate) fn run_name(&self) -> String {
        format!("{}-{:08x}", self.now, random() >> 32)
    }

    /// Reads a secret from the environment. Its type cannot be printed.
    pub(crate) fn secret(variable: &str) -> Option<SecretString> {
        READ_AS_SECRETS.lock().unwrap_or_else(PoisonError::into_inner).insert(variable.to_owned());
        std::env::var(variable).ok().filter(|secret| !secret.is_empty()).map(SecretString::from)
    }

    /// The environment, without the variables that were read as secrets.
    pub(crate) fn environment() -> impl Iterator<Item = (OsString, OsString)> {
        let secrets = READ_AS_SECRETS.lock().unwrap_or_else(PoisonError::into_inner).clone();
        std::env::vars_os().filter(move |(name, _)| name.to_str().is_none_or(|name| !secrets.contains(name)))
    }

    /// Reads a variable of the environment that is no secret; an empty one counts as unset.
    pub(crate) fn variable(name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    /// The raw words of the command line, which completion reads before the line is complete.
    pub(crate) fn words() -> Vec<OsString> {
        std::env::args_os().collect()
    }

    /// The way to draw on standard output: in colour and at its width on a terminal, unless `--color`, `COLUMNS` or a usual
    /// variable about colours says otherwise.
    pub(crate) fn paint(&self) -> Paint {
        self.paint_where(self.terminal.output)
    }

    /// The way to draw on standard error.
    pub(crate) fn paint_errors(&self) -> Paint {
        self.paint_where(self.terminal.errors)
    }

    fn paint_where(&self, is_terminal: bool) -> Paint {
        let colour = match self.terminal.color {
            ColorChoice::Auto => is_coloured(is_terminal),
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        };
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        // A terminal whose size is not set has no columns.
        let width = columns.or(terminal.filter(|_| is_terminal)).filter(|width| *width > 0);
        let usual = if is_terminal { TERMINAL_WIDTH } else { Paint::UNBOUND };
        Paint { colour, width: width.unwrap_or(usual) }
    }

    /// The pager for output of so many lines; `None` without a terminal, or if all fits on it. An empty `PAGER` and `cat`
    /// are none, as for git.
    pub(crate) fn pager(&self, lines: usize) -> Option<String> {
        let is_wanted = self.terminal.output && self.terminal.pages && anstyle_query::term_supports_color();
        // A terminal whose size is not set is no place for pages.
        let (_, height) = terminal_size::terminal_size()?;
        if !is_wanted || lines < usize::from(height.0) {
            return None;
        }
        let pager = std::env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
        Some(pager).filter(|pager| !matches!(pager.trim(), "" | "cat"))
    }

    /// Whether a person can answer questions: standard input and standard error are both a terminal.
    pub(crate) fn is_attended(&self) -> bool {
        self.terminal.input && self.terminal.errors
    }
}

/// The largest difference between this machine's clock and the helpdesk's at which dates are still trusted.
pub(crate) const CLOCK_TOLERANCE: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

/// Whether the usual variables and the terminal ask for colours.
fn is_coloured(is_terminal: bool) -> bool {
    // anstyle-query counts `CLICOLOR_FORCE=0` as set.
    let is_forced = anstyle_query::clicolor_force()
        && Context::variable("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let is_wanted = is_terminal && anstyle_query::term_supports_color();
    !anstyle_query::no_color() && (is_forced || (is_wanted && anstyle_query::clicolor() != Some(false)))
}

/// Whether the output of the argument parser has colours. It asks the terminal itself.
pub(crate) fn color_of_help() -> ColorChoice {
    let is_terminal = std::io::stdout().is_terminal() || std::io::stderr().is_terminal();
    if is_coloured(is_terminal) { ColorChoice::Auto } else { ColorChoice::Never }
}

/// A random number. The number of the process does not distinguish runs: in a container it is always 1.
pub(crate) fn random() -> u64 {
    // The keys of the standard library's hashes come from the operating system, and differ at each call.
    RandomState::new().hash_one(0)
}

/// Reads the machine's clock, for runs that last: a lease, a server, the embedded helpdesk.
pub(crate) fn clock() -> Instant {
    Instant::now()
}
