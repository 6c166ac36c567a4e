//! What can be typed: the commands and their switches, with the help that `--help` prints.
//!
//! Each command's own arguments stand at the top of its file in `command/`.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::command;

const AFTER_HELP: &str = "\
Examples:
  servanda validate                     check every file of the repository
  servanda status --as-of 2027-01-01    what will be in force on that day
  servanda plan                         what an apply would change, against the live helpdesk
  servanda apply                        show the plan, ask, and carry it out
  servanda run                          plan, apply and notify: the job that nobody watches
  servanda notify --preview             the messages that would go out, without sending any
  servanda new --template support-standard --client severny-veter --first-day 2027-02-01
  servanda renew --ending-within 60d    write the next agreement of all that end soon
  servanda forecast --days 60           what the coming days bring
  servanda report --out agreements.html all agreements over time, as one page to look at
  servanda explain severny-veter-2026   where each value of an agreement comes from
  servanda explain E301                 what a rule means

Exit codes: 0 fine, 1 failure, 2 changes pending (only with --exit-code), 3 invalid files, 4 refused by a guard,
5 plan is stale, 6 applied in part, 7 something ambiguous is held, 8 lock held, 9 credentials refused.";

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
#[derive(clap::Args)]
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
    /// Check every file and show all faults at once
    Validate(command::validate::Arguments),
    /// Show what is in force, sorted by what ends next
    Status(command::status::Arguments),
    /// Show where each value of an agreement comes from, or what a rule means
    Explain(command::explain::Arguments),
    /// Show what an apply would change
    Plan(command::plan::Arguments),
    /// Show a saved plan
    Show(command::show::Arguments),
    /// Record what the helpdesk holds, to plan against without a network
    Snapshot(command::snapshot::Arguments),
    /// Carry a plan out
    Apply(command::apply::Arguments),
    /// Plan, apply and notify: the scheduled job
    Run(command::run::Arguments),
    /// Tell clients and managers what is due
    Notify(command::notify::Arguments),
    /// Show what the coming days bring
    Forecast(command::forecast::Arguments),
    /// Write all agreements over time as one page
    Report(command::report::Arguments),
    /// Look at the memory of notices
    Ledger(command::ledger::Arguments),
    /// Write a new agreement, for one client or many
    New(Box<command::new::Arguments>),
    /// Write the agreement that follows on from one that ends
    Renew(command::renew::Arguments),
    /// Give an agreement a later last day
    Extend(command::extend::Arguments),
    /// End an agreement ahead of time
    Terminate(command::terminate::Arguments),
    /// Let an agreement rest
    Suspend(command::suspend::Arguments),
    /// End the rest of an agreement
    Resume(command::resume::Arguments),
    /// Switch an agreement on by hand
    Activate(command::activate::Arguments),
    /// Switch an agreement off by hand
    Deactivate(command::deactivate::Arguments),
    /// Write the JSON Schemas of all files, for editors
    Schema(command::schema::Arguments),
    /// Run the embedded helpdesk
    Sandbox(command::sandbox::Arguments),
    /// Write a completion script for a shell
    Completions(command::completions::Arguments),
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

/// Reads the command line.
pub(crate) fn parse() -> Result<Typed, clap::Error> {
    Typed::try_parse()
}

fn version() -> &'static str {
    concat!(env!("CARGO_PKG_VERSION"))
}
