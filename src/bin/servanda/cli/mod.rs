//! The command line: the commands in their groups, the help, and the dispatch.
//!
//! The arguments of each command are at the top of its file in `command/`.

pub(crate) mod value_parsers;
pub(crate) mod options;
pub(crate) mod prompt;
pub(crate) mod successors;
pub(crate) mod progress;
pub(crate) mod audience;
pub(crate) mod unattended_job;
pub(crate) mod plan_output;
pub(crate) mod completion;
mod habits;
pub(crate) mod command;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{CommandFactory as _, FromArgMatches, Parser, Subcommand};
use servanda::calendar::ZONE_DATA;

use crate::cli::options::GlobalOptions;
use crate::process::context::{Context, color_of_help};
use crate::process::failure::{Exit, Failure};
use crate::process::messages::inform;

const AFTER_HELP: &str = "\
Examples:
  servanda init                         create a repository
  servanda validate                     check every file
  servanda status --as-of 2027-01-01    what will be in force on that day
  servanda plan                         what an apply would change now
  servanda plan --base origin/main      the same for a pull request
  servanda apply                        show the plan, ask, and apply it
  servanda run                          the scheduled job: apply and notify
  servanda notify --preview             the messages that are due, not sent
  servanda new --template support-standard --client severny-veter
  servanda renew --ending-within 60d    renew all agreements that end soon
  servanda forecast --days 60           what happens in the next 60 days
  servanda entitled --client portovik --service email --priority high
  servanda discover                     the mapping of your helpdesk
  servanda doctor                       whether everything a run needs works
  servanda report --out all.html        all agreements over time, as one page
  servanda explain severny-veter-2026   where each value comes from
  servanda explain E301                 what a rule means
  servanda status --color never         without colours
  servanda validate --quiet             findings and errors, and nothing else
  servanda run --log-format json        for a collector of logs

Exit codes: 0 success, 1 failure, 2 changes pending (only with --exit-code), 3 files invalid, 4 refused by a guard, \
5 plan stale, 6 applied in part, 7 result unknown, 8 lock held by another run, 9 credentials refused, \
10 not entitled and 11 ambiguous (only entitled).

Environment: SERVANDA_LOG filters the log unless -v or -q is set: `info`, or `warn,servanda::http=debug`. \
NO_COLOR, CLICOLOR=0 and TERM=dumb switch colours off, CLICOLOR_FORCE=1 switches them on, also without a terminal. \
COLUMNS sets the width; without it and without a terminal, no line is wrapped. \
PAGER names the program that shows long output on a terminal page by page, `less` without it.";

/// The text of `--version`: where this program comes from, and the release of its zone data.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let commit = option_env!("SERVANDA_COMMIT").unwrap_or("unknown");
    let (version, target) = (env!("CARGO_PKG_VERSION"), env!("SERVANDA_TARGET"));
    format!("{version}\ncommit: {commit}\ntarget: {target}\nzone data: {ZONE_DATA}")
});

/// Service-level agreements as code: YAML files in Git, reconciled with a live helpdesk.
#[derive(Parser)]
#[command(name = "servanda", version, long_version = VERSION.as_str())]
#[command(after_help = AFTER_HELP, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
}

/// The commands, in the groups that `--help` shows.
#[derive(Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Author(Author),
    #[command(flatten)]
    Check(Check),
    #[command(flatten)]
    Reconcile(Reconcile),
    #[command(flatten)]
    Notify(Notify),
    #[command(flatten)]
    Inspect(Inspect),
    #[command(flatten)]
    SetUp(SetUp),
}

/// Adds the commands of one group.
type Group = fn(clap::Command) -> clap::Command;

/// The groups of `--help`, with their headings.
const GROUPS: [(&str, Group); 6] = [
    ("Author agreements", Author::augment_subcommands),
    ("Check the files", Check::augment_subcommands),
    ("Reconcile with the helpdesk", Reconcile::augment_subcommands),
    ("Notify clients and managers", Notify::augment_subcommands),
    ("Inspect agreements", Inspect::augment_subcommands),
    ("Set up", SetUp::augment_subcommands),
];

/// Commands that write agreements.
#[derive(Subcommand)]
pub(crate) enum Author {
    /// Write a new agreement, for one client or many
    New(Box<command::new::arguments::Arguments>),
    /// Write the successor of an agreement that ends
    Renew(command::renew::Arguments),
    /// Give an agreement a later last day
    Extend(command::extend::Arguments),
    /// End an agreement early
    Terminate(command::terminate::Arguments),
    /// Suspend an agreement
    Suspend(command::suspend::Arguments),
    /// Resume a suspended agreement
    Resume(command::resume::Arguments),
    /// Activate an agreement by hand
    Activate(command::activate::Arguments),
    /// Deactivate an agreement by hand
    Deactivate(command::deactivate::Arguments),
}

/// Commands that check the files.
#[derive(Subcommand)]
pub(crate) enum Check {
    /// Check every file and show all errors at once
    Validate(Box<command::validate::Arguments>),
    /// Show the origin of each value of an agreement, or explain a rule
    Explain(Box<command::explain::Arguments>),
}

/// Commands that plan and apply.
#[derive(Subcommand)]
pub(crate) enum Reconcile {
    /// Show what an apply would change
    Plan(command::plan::Arguments),
    /// Show a saved plan
    Show(command::show::Arguments),
    /// Post a saved plan as a comment on its pull request
    Comment(command::comment::Arguments),
    /// Save the live state in a file, to plan without a network
    Snapshot(command::snapshot::Arguments),
    /// Apply a plan
    Apply(command::apply::Arguments),
    /// Plan, apply and notify: the scheduled job
    Run(command::run::Arguments),
}

/// Commands that send notices.
#[derive(Subcommand)]
pub(crate) enum Notify {
    /// Send the notices that are due
    Notify(Box<command::notify::Arguments>),
    /// Show, verify or compact the ledger of notices
    Ledger(command::ledger::Arguments),
}

/// Commands that only read agreements.
#[derive(Subcommand)]
pub(crate) enum Inspect {
    /// Show what is in force, sorted by what ends next
    Status(command::status::Arguments),
    /// Show the coming changes and notices
    Forecast(command::forecast::Arguments),
    /// Report whether a client is entitled to a service, and by when
    Entitled(command::entitled::Arguments),
    /// Answer `entitled` queries over HTTP
    Serve(command::serve::Arguments),
    /// Write all agreements over time as one page
    Report(command::report::Arguments),
}

/// Commands that set up a repository and its surroundings.
#[derive(Subcommand)]
pub(crate) enum SetUp {
    /// Create a repository: settings, catalog, template, agreement
    Init(command::init::Arguments),
    /// Propose the mapping of servanda.yaml from the helpdesk
    Discover(command::discover::Arguments),
    /// Compare catalog.yaml with the helpdesk, or update it
    Catalog(command::catalog::Arguments),
    /// Adopt agreements of the helpdesk: write a file for each
    Import(command::import::Arguments),
    /// Check everything that a run needs
    Doctor(command::doctor::Arguments),
    /// Run the embedded helpdesk
    Sandbox(command::sandbox::Arguments),
    /// Try an adapter for a helpdesk of another kind
    Conformance(command::conformance::Arguments),
    /// Write the JSON Schemas of all files and JSON outputs
    Schema(command::schema::Arguments),
    /// Write a completion script for a shell
    Completions(command::completions::Arguments),
    /// Write the manual pages
    Man(command::man::Arguments),
}

impl Command {
    /// Runs the command.
    pub(crate) fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let exit = match self {
            Self::Author(command) => command.run(context),
            Self::Check(command) => command.run(context),
            Self::Reconcile(command) => command.run(context),
            Self::Notify(command) => command.run(context),
            Self::Inspect(command) => command.run(context),
            Self::SetUp(command) => command.run(context),
        };
        exit.map(ExitCode::from)
    }
}

impl Author {
    fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::New(arguments) => command::new::run(&arguments, context),
            Self::Renew(arguments) => command::renew::run(&arguments, context),
            Self::Extend(arguments) => command::extend::run(&arguments, context),
            Self::Terminate(arguments) => command::terminate::run(&arguments, context),
            Self::Suspend(arguments) => command::suspend::run(&arguments, context),
            Self::Resume(arguments) => command::resume::run(&arguments, context),
            Self::Activate(arguments) => command::activate::run(&arguments, context),
            Self::Deactivate(arguments) => command::deactivate::run(&arguments, context),
        }
    }
}

impl Check {
    fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Validate(arguments) => command::validate::run(&arguments, context),
            Self::Explain(arguments) => command::explain::run(&arguments, context),
        }
    }
}

impl Reconcile {
    fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Plan(arguments) => command::plan::run(&arguments, context),
            Self::Show(arguments) => command::show::run(&arguments, context),
            Self::Comment(arguments) => command::comment::run(&arguments),
            Self::Snapshot(arguments) => command::snapshot::run(&arguments, context),
            Self::Apply(arguments) => command::apply::run(&arguments, context),
            Self::Run(arguments) => command::run::run(&arguments, context),
        }
    }
}

impl Notify {
    fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Notify(arguments) => command::notify::run(&arguments, context),
            Self::Ledger(arguments) => command::ledger::run(&arguments, context),
        }
    }
}

impl Inspect {
    fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Status(arguments) => command::status::run(&arguments, context),
            Self::Forecast(arguments) => command::forecast::run(&arguments, context),
            Self::Entitled(arguments) => command::entitled::run(&arguments, context),
            Self::Serve(arguments) => command::serve::run(&arguments, context),
            Self::Report(arguments) => command::report::run(&arguments, context),
        }
    }
}

impl SetUp {
    fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Init(arguments) => command::init::run(&arguments, context),
            Self::Discover(arguments) => command::discover::run(&arguments, context),
            Self::Catalog(arguments) => command::catalog::run(&arguments, context),
            Self::Import(arguments) => command::import::run(&arguments, context),
            Self::Doctor(arguments) => command::doctor::run(&arguments, context),
            Self::Sandbox(arguments) => command::sandbox::run(&arguments, context),
            Self::Conformance(arguments) => command::conformance::run(&arguments, context),
            Self::Schema(arguments) => command::schema::run(&arguments, context),
            Self::Completions(arguments) => command::completions::run(&arguments),
            Self::Man(arguments) => command::man::run(&arguments, described()),
        }
    }
}

/// Describes every command with all its arguments.
pub(crate) fn described() -> clap::Command {
    let mut command = grouped();
    command.build();
    command
}

/// Parses the command line. An option that is unknown here, and known from other tools, is replaced by ours, and reported.
pub(crate) fn parse() -> Result<CommandLine, clap::Error> {
    let (parsed, notes) = parse_or_translate(&Context::words())?;
    if !notes.is_empty() {
        inform(&format!("note: {}\n", notes.join(", and ")));
    }
    Ok(parsed)
}

fn parse_or_translate(words: &[OsString]) -> Result<(CommandLine, Vec<String>), clap::Error> {
    let unknown = match parse_from(words) {
        Ok(parsed) => return Ok((parsed, Vec::new())),
        Err(error) if error.kind() == clap::error::ErrorKind::UnknownArgument => error,
        Err(error) => return Err(error),
    };
    let (ours, notes) = habits::translated(words);
    match parse_from(&ours) {
        Ok(parsed) => Ok((parsed, notes)),
        Err(_) => Err(unknown),
    }
}

fn parse_from<W: Into<OsString> + Clone>(
    words: impl IntoIterator<Item = W>,
) -> Result<CommandLine, clap::Error> {
    let words: Vec<W> = words.into_iter().collect();
    let parsed = CommandLine::command().color(color_of_help()).try_get_matches_from(words.iter().cloned());
    let matches = match parsed {
        // Nearly no call shows the help, and writing its groups takes longer than reading the words.
        Err(error) if shows_help(error.kind()) => {
            grouped().color(color_of_help()).try_get_matches_from(words)
        }
        parsed => parsed,
    }?;
    CommandLine::from_arg_matches(&matches)
}

fn shows_help(kind: clap::error::ErrorKind) -> bool {
    use clap::error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand};

    matches!(kind, DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand)
}

/// The commands, with a help that lists them in groups. clap has no headings for subcommands.
fn grouped() -> clap::Command {
    let command = CommandLine::command();
    let header = *command.get_styles().get_header();
    let literal = *command.get_styles().get_literal();
    let mut template = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    for (heading, group) in GROUPS {
        put(&mut template, format_args!("\n{header}{heading}:{header:#}\n"));
        for command in group(clap::Command::new("")).get_subcommands() {
            let (name, about) = (command.get_name(), command.get_about().cloned().unwrap_or_default());
            put(&mut template, format_args!("  {literal}{name:<13}{literal:#}{about}\n"));
        }
    }
    put(&mut template, format_args!("\n{header}Options:{header:#}\n{{options}}{{after-help}}"));
    command.help_template(template)
}

fn put(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("a string takes all that is written");
}

#[cfg(test)]
mod reference;

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::{CommandLine, GROUPS, described, grouped, parse_from, parse_or_translate};

    /// Every command, with its full name.
    fn commands(command: &clap::Command, path: &str) -> Vec<(String, clap::Command)> {
        let below = command.get_subcommands().filter(|below| below.get_name() != "help");
        let mut all = vec![(path.to_owned(), command.clone())];
        all.extend(below.flat_map(|below| commands(below, &format!("{path} {}", below.get_name()))));
        all
    }

    /// The words of an example, without its explanation and without redirections.
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
        for (path, command) in commands(&described(), "servanda") {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            // A line that ends with a backslash continues on the next.
            let help: Vec<&str> = help.split("\\\n").map(|part| part.trim_start_matches(' ')).collect();
            let help = help.concat();
            let examples = help.lines().skip_while(|line| *line != "Examples:").skip(1);
            let examples: Vec<&str> = examples.take_while(|line| line.starts_with("  ")).collect();
            let own: Vec<&str> =
                examples.into_iter().filter(|line| line.trim().starts_with("servanda ")).collect();
            if own.is_empty() {
                faults.push(format!("{path}: shows no example"));
            }
            for line in own {
                // `KEY` and `$SHA` are placeholders.
                let line = line.replace(" KEY ", " notice/a/activated/2026-09-21/-/client.main/mail ");
                let words = words(&line.replace("$SHA", &"0".repeat(40)));
                if let Err(error) = parse_from(&words)
                    && error.use_stderr()
                {
                    faults.push(format!("{path}: `{}`: {error}", words.join(" ")));
                }
            }
            let is_about = |line: &&str| line.trim().starts_with(&path);
            if !help.lines().any(|line| is_about(&line)) {
                faults.push(format!("{path}: no example is about it"));
            }
        }
        assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    }

    #[test]
    fn each_command_is_in_exactly_one_group_of_the_help() {
        let help = grouped().render_help().to_string();
        let listed: Vec<&str> = help
            .lines()
            .skip_while(|line| !line.starts_with(GROUPS[0].0))
            .take_while(|line| *line != "Options:")
            .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
            .collect();
        let mut sorted = listed.clone();
        sorted.sort_unstable();
        let command = CommandLine::command();
        let mut all: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        all.sort_unstable();
        assert_eq!(sorted, all, "{help}");
        for (heading, group) in GROUPS {
            let (_, section) =
                help.split_once(&format!("\n{heading}:\n")).expect("every group has its heading");
            let section = section.split("\n\n").next().unwrap_or_default();
            let names: Vec<&str> =
                section.lines().filter_map(|line| line.split_whitespace().next()).collect();
            let group = group(clap::Command::new(""));
            assert_eq!(names, group.get_subcommands().map(clap::Command::get_name).collect::<Vec<_>>());
        }
    }

    /// clap wraps help texts to the terminal, so that a line that is also wrapped by hand would be ragged.
    #[test]
    fn no_help_text_is_wrapped_by_hand() {
        let mut faults = Vec::new();
        for (path, command) in commands(&described(), "servanda") {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for part in help.split("\n\n") {
                let mut lines = part.lines();
                if part.starts_with("Examples:\n") {
                    let wide = lines.filter(|line| line.chars().count() > 80);
                    faults.extend(wide.map(|line| format!("{path}: wider than 80 columns: {line}")));
                } else if lines.nth(1).is_some() {
                    faults.push(format!("{path}: a paragraph of several lines: {part}"));
                }
            }
        }
        let help = grouped().render_help().to_string();
        let groups = help.lines().skip_while(|line| !line.starts_with(GROUPS[0].0));
        let groups = groups.take_while(|line| *line != "Options:");
        faults.extend(groups.filter(|line| line.chars().count() > 80).map(str::to_owned));
        assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    }

    #[test]
    fn options_of_other_tools_work_and_name_ours() {
        for (typed, ours) in [
            ("apply --auto-approve", "--yes"),
            ("apply -auto-approve", "--yes"),
            ("plan --detailed-exitcode", "--exit-code"),
            ("status --json", "--format json"),
            ("plan --target severny-veter-2026", "--id"),
            ("apply -target=dental-2026/dent-art", "--id"),
        ] {
            let words: Vec<_> = format!("servanda {typed}").split(' ').map(Into::into).collect();
            let Ok((_, notes)) = parse_or_translate(&words) else { panic!("{typed} is refused") };
            assert_eq!(notes.len(), 1, "{typed}");
            assert!(notes[0].contains(ours), "{notes:?}");
        }
        // A command without such an option names the one that was typed.
        let words = ["servanda", "completions", "--json"].map(Into::into);
        let Err(error) = parse_or_translate(&words) else { panic!("it is accepted") };
        assert!(error.to_string().contains("--json"), "{error}");
    }

    #[test]
    fn a_typo_is_answered_with_the_nearest_name() {
        for (typed, meant) in [("valdiate", "validate"), ("discovr", "discover"), ("plan --prun", "--prune")]
        {
            let words = std::iter::once("servanda").chain(typed.split(' '));
            let Err(error) = parse_from(words) else { panic!("{typed} is accepted") };
            assert!(error.to_string().contains(meant), "{error}");
        }
    }
}
