//! `servanda validate`: every fault of every file at once, each with its place and what to write instead.

use std::path::PathBuf;

use clap::ValueEnum;
use servanda::calendar::Zone;
use servanda::diagnostic::Diagnostics;
use servanda::render::{Paint, diagnostics, json};

use crate::cli::Global;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, say, tell};
use crate::workspace::files;
use crate::workspace::load::{self, LoadedFiles};
use crate::workspace::pull_request::{PullRequest, Trust};

const AFTER_HELP: &str = "\
Examples:
  servanda validate                      check everything
  servanda validate --deny-warnings      let warnings fail it too, as in a pull request
  servanda validate --short              one line a fault: path:line:column: error[E101]: …
  servanda validate --format github      annotations on the lines of a pull request
  servanda validate --format sarif --out servanda.sarif
  servanda validate --changed-since origin/main
                                         only what a branch has to do with, templates followed to their users
  servanda explain E101                  the page of a rule

Exit codes: 0 valid (perhaps with warnings), 3 invalid.";

/// Check every file and show all faults at once
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Check as on another day (YYYY-MM-DD) or instant (RFC 3339): what ends soon depends on it
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// One line a fault
    #[arg(long)]
    short: bool,
    /// Report only what concerns the changes since this commit: the files that differ, the agreements that say or
    /// mean something else, and what was not wrong there
    #[arg(long, value_name = "COMMIT")]
    changed_since: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write it to this file in place of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// Annotations of a GitHub job
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// A Code Quality report of GitLab
    Gitlab,
    /// A report in XML that every CI can show
    Junit,
}

/// Checks and draws.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let (loaded, mut found) = examined(arguments, global, context)?;
    load::deny_warnings(&mut found, global.deny_warnings);
    let (sources, count) = (&loaded.sources, loaded.files());
    let paint = if arguments.out.is_some() { Paint::PLAIN } else { context.paint() };
    let text = match arguments.format {
        Format::Text if arguments.short => diagnostics::short(&found, sources),
        Format::Text => diagnostics::text(&found, sources, paint),
        Format::Json => json::pretty(&json::diagnostics(&found, sources, count)),
        Format::Github => diagnostics::github(&found, sources),
        Format::Sarif => diagnostics::sarif(&found, sources, env!("CARGO_PKG_VERSION")),
        Format::Gitlab => diagnostics::gitlab(&found, sources),
        Format::Junit => diagnostics::junit(&found, sources, count),
    };
    match &arguments.out {
        Some(path) => files::write_whole(path, &text)?,
        None => tell(&text)?,
    }
    if arguments.format != Format::Json {
        say(&format!("{}\n", diagnostics::summary(&found, count)));
    }
    let exit = if found.has_errors() { Exit::Invalid } else { Exit::Fine };
    // The process ends here: to give back tens of thousands of small pieces takes longer than to check them.
    std::mem::forget((loaded, found));
    Ok(exit)
}

/// The files, and what is wrong with them.
fn examined(
    arguments: &Arguments,
    global: &Global,
    context: &Context,
) -> Result<(LoadedFiles, Diagnostics), Failure> {
    let as_of = |zone: &Zone| context.as_of(arguments.as_of.as_deref(), zone);
    if let Some(base) = &arguments.changed_since {
        let proposal = PullRequest::load(base, None, Trust::Own, global, context)?;
        let found = proposal.faults(as_of(&proposal.zone())?.instant);
        return Ok((proposal.into_proposed(), found));
    }
    let loaded = load::load(global, context)?;
    let found = loaded.examine(as_of(&loaded.zone())?.instant).diagnostics;
    Ok((loaded, found))
}
