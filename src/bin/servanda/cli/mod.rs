//! What can be typed: the commands and their switches, with the help that `--help` prints.
//!
//! Each command's own arguments stand at the top of its file in `command/`.

pub(crate) mod acknowledge;
pub(crate) mod asked;
pub(crate) mod command;
pub(crate) mod completion;
pub(crate) mod plan_output;
pub(crate) mod progress;
pub(crate) mod prompt;
pub(crate) mod value_parsers;

use std::ops::Deref;
use std::path::PathBuf;

use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches, Parser, Subcommand, ValueEnum};

const AFTER_HELP: &str = "\
Examples:
  servanda init                         begin a repository
  servanda validate                     check every file of the repository
  servanda status --as-of 2027-01-01    what will be in force on that day
  servanda plan                         what an apply would change, against the live helpdesk
  servanda plan --base origin/main      the same for a pull request, with the settings of its base
  servanda apply                        show the plan, ask, and carry it out
  servanda run                          plan, apply and notify: the job that nobody watches
  servanda notify --preview             the messages that would go out, without sending any
  servanda new --template support-standard --client severny-veter --first-day 2027-02-01
  servanda renew --ending-within 60d    write the next agreement of all that end soon
  servanda forecast --days 60           what the coming days bring
  servanda entitled --client portovik --service email --priority high
                                        may they ask for it now, and by when
  servanda discover                     how servanda.yaml describes your helpdesk
  servanda doctor                       whether all is there that a run needs
  servanda report --out all.html        all agreements over time, as one page to look at
  servanda explain severny-veter-2026   where each value of an agreement comes from
  servanda explain E301                 what a rule means

Exit codes: 0 fine, 1 failure, 2 changes pending (only with --exit-code), 3 invalid files, 4 refused by a guard,
5 plan is stale, 6 applied in part, 7 something ambiguous is held, 8 lock held, 9 credentials refused,
10 not entitled and 11 ambiguous (only entitled).";

/// Service-level agreements as code: YAML in Git, kept equal with a live helpdesk.
#[derive(Parser)]
#[command(name = "servanda", version = version(), about, after_help = AFTER_HELP, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Typed {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// Switches that every command takes.
#[derive(Default, clap::Args)]
pub(crate) struct Global {
    /// The repository; without it, the nearest folder with a servanda.yaml at or above the current one
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub(crate) repository: Option<PathBuf>,
    /// Treat warnings as errors
    #[arg(long, global = true)]
    pub(crate) deny_warnings: bool,
    /// Say more on standard error; twice for every request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// The commands.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Begin a repository: settings, a catalog, a template, an agreement
    Init(Later<command::init::Arguments>),
    /// Check every file and show all faults at once
    Validate(Later<command::validate::Arguments>),
    /// Show what is in force, sorted by what ends next
    Status(Later<command::status::Arguments>),
    /// Show where each value of an agreement comes from, or what a rule means
    Explain(Later<command::explain::Arguments>),
    /// Show what an apply would change
    Plan(Later<command::plan::Arguments>),
    /// Show a saved plan
    Show(Later<command::show::Arguments>),
    /// Post a saved plan as a comment on its pull request
    Comment(Later<command::comment::Arguments>),
    /// Record what the helpdesk holds, to plan against without a network
    Snapshot(Later<command::snapshot::Arguments>),
    /// Carry a plan out
    Apply(Later<command::apply::Arguments>),
    /// Plan, apply and notify: the scheduled job
    Run(Later<command::run::Arguments>),
    /// Tell clients and managers what is due
    Notify(Later<command::notify::Arguments>),
    /// Show what the coming days bring
    Forecast(Later<command::forecast::Arguments>),
    /// Say whether a client may ask for a service, under which agreement, and by when
    Entitled(Later<command::entitled::Arguments>),
    /// Propose how servanda.yaml describes the helpdesk, from a look at it
    Discover(Later<command::discover::Arguments>),
    /// Look at everything a run needs, and say what to do about what fails
    Doctor(Later<command::doctor::Arguments>),
    /// Adopt the agreements that people made in the helpdesk: a file for each
    Import(Later<command::import::Arguments>),
    /// Keep catalog.yaml in step with what the helpdesk holds
    Catalog(Later<command::catalog::Arguments>),
    /// Write all agreements over time as one page
    Report(Later<command::report::Arguments>),
    /// Answer over HTTP what `entitled` answers
    Serve(Later<command::serve::Arguments>),
    /// Look at the memory of notices
    Ledger(Later<command::ledger::Arguments>),
    /// Write a new agreement, for one client or many
    New(Later<Box<command::new::Arguments>>),
    /// Write the agreement that follows on from one that ends
    Renew(Later<command::renew::Arguments>),
    /// Give an agreement a later last day
    Extend(Later<command::extend::Arguments>),
    /// End an agreement ahead of time
    Terminate(Later<command::terminate::Arguments>),
    /// Let an agreement rest
    Suspend(Later<command::suspend::Arguments>),
    /// End the rest of an agreement
    Resume(Later<command::resume::Arguments>),
    /// Switch an agreement on by hand
    Activate(Later<command::activate::Arguments>),
    /// Switch an agreement off by hand
    Deactivate(Later<command::deactivate::Arguments>),
    /// Write the JSON Schemas of all files, for editors
    Schema(Later<command::schema::Arguments>),
    /// Run the embedded helpdesk
    Sandbox(Later<command::sandbox::Arguments>),
    /// Write a completion script for a shell
    Completions(Later<command::completions::Arguments>),
    /// Write the pages of the manual
    Man(Later<command::man::Arguments>),
}

/// The arguments of a command, described only when that command is typed: to describe all of them takes longer than to read
/// a repository's settings.
pub(crate) struct Later<T>(T);

impl<T: Args> Args for Later<T> {
    fn augment_args(command: clap::Command) -> clap::Command {
        command.defer(T::augment_args)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        command.defer(T::augment_args_for_update)
    }
}

impl<T: FromArgMatches> FromArgMatches for Later<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl<T> Deref for Later<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// How a result is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// Every command with its arguments, for whoever needs them all.
pub(crate) fn described() -> clap::Command {
    let mut command = Typed::command();
    command.build();
    command
}

/// Reads the command line.
pub(crate) fn parse() -> Result<Typed, clap::Error> {
    Typed::try_parse()
}

fn version() -> &'static str {
    concat!(env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::{Typed, described};

    /// Every command, with the words that lead to it.
    fn commands(command: &clap::Command, way: &str) -> Vec<(String, clap::Command)> {
        let below = command.get_subcommands().filter(|below| below.get_name() != "help");
        let mut all = vec![(way.to_owned(), command.clone())];
        all.extend(below.flat_map(|below| commands(below, &format!("{way} {}", below.get_name()))));
        all
    }

    /// The words of a line of examples, up to its explanation or to what a shell does with it.
    fn words(line: &str) -> Vec<String> {
        let line = line.trim();
        let end = ["  ", " > ", " >> ", " | ", " && "].iter().filter_map(|end| line.find(end)).min();
        let mut words = vec![String::new()];
        let mut is_quoted = false;
        for letter in line[..end.unwrap_or(line.len())].chars() {
            match letter {
                '\'' | '"' => is_quoted = !is_quoted,
                ' ' if !is_quoted => words.push(String::new()),
                other => words.last_mut().expect("there is one").push(other),
            }
        }
        words
    }

    #[test]
    fn every_command_shows_examples_that_can_be_typed() {
        let mut faults = Vec::new();
        for (way, command) in commands(&described(), "servanda") {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            // A line that ends with a backslash goes on in the next.
            let help: Vec<&str> = help.split("\\\n").map(|part| part.trim_start_matches(' ')).collect();
            let help = help.concat();
            let examples = help.lines().skip_while(|line| *line != "Examples:").skip(1);
            let examples: Vec<&str> = examples.take_while(|line| line.starts_with("  ")).collect();
            let own: Vec<&str> =
                examples.into_iter().filter(|line| line.trim().starts_with("servanda ")).collect();
            if own.is_empty() {
                faults.push(format!("{way}: shows no example"));
            }
            for line in own {
                // What is long has a short word in the help.
                let line = line.replace(" KEY ", " notice/a/activated/2026-09-21/-/client.main/mail ");
                let words = words(&line.replace("$SHA", &"0".repeat(40)));
                if let Err(error) = Typed::try_parse_from(&words)
                    && error.use_stderr()
                {
                    faults.push(format!("{way}: `{}`: {error}", words.join(" ")));
                }
            }
            let is_about = |line: &&str| line.trim().starts_with(&way);
            if !help.lines().any(|line| is_about(&line)) {
                faults.push(format!("{way}: no example is about it"));
            }
        }
        assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    }

    #[test]
    fn a_typo_is_answered_with_what_was_meant() {
        for (typed, meant) in [("valdiate", "validate"), ("discovr", "discover"), ("plan --prun", "--prune")]
        {
            let words = std::iter::once("servanda").chain(typed.split(' '));
            let Err(error) = Typed::try_parse_from(words) else { panic!("{typed} is nothing") };
            assert!(error.to_string().contains(meant), "{error}");
        }
    }
}
