//! `servanda validate`: all errors of all files at once, each with its position and a help.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::ValueEnum;
use servanda::agreement::Agreement;
use servanda::calendar::{Instant, Zone};
use servanda::check::CheckedRepository;
use servanda::diagnostic::{Diagnostics, FileId};
use servanda::render::{Paint, diagnostics, json};
use servanda::selection::{AgreementSelection, NamedSide};

use crate::cli::options::SelectionOptions;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::process::messages::inform;
use crate::process::pager::print_page;
use crate::workspace::change_set::{WriteMode, commit_repairs};
use crate::workspace::dropped_texts::load_to_check;
use crate::workspace::helpdesks::refuse_unknown;
use crate::workspace::load::{self, LoadedFiles};
use crate::workspace::pull_request::{CheckedPullRequest, PullRequest, Trust};
use crate::workspace::repair::{is_repairable, repairs};
use crate::workspace::{files, git};

const AFTER_HELP: &str = "\
Examples:
  servanda validate                      check everything
  servanda validate --deny-warnings      fail on warnings as well
  servanda validate --short              path:line:column: error[E101]: …
  servanda validate --format github      annotations in a pull request
  servanda validate --format sarif --out servanda.sarif
  servanda validate --changed-since origin/main
                                         only what a branch concerns
  servanda validate --client severny-veter
                                         only what concerns these agreements
  servanda validate --fix                repair what needs no decision
  servanda validate --fix --dry-run      show the repairs as a diff
  servanda explain E101                  what a rule means

`--fix` repairs the spelling of keys and slugs, other formats of days, tabs, missing and odd spaces, and names of files such \
as `a.yml`. It shows what it changes as a diff; findings that remain are shown after it.

Exit codes: 0 valid (possibly with warnings), 3 invalid.";

/// Check every file and show all errors at once
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Check as of another day (YYYY-MM-DD) or instant (RFC 3339) than now; rules about coming ends depend on it
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// Print one line for each finding
    #[arg(long)]
    short: bool,
    /// Report only what concerns the changes since the last commit in common with this one: the files that differ, the
    /// agreements whose content or meaning differs, and findings that were not there before
    #[arg(long, value_name = "COMMIT")]
    changed_since: Option<String>,
    #[command(flatten)]
    selection: SelectionOptions,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: FindingsFormat,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Repair the findings that need no decision
    #[arg(long, conflicts_with_all = ["changed_since", "out", "format"])]
    fix: bool,
    /// Show the repairs, and write nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,
}

/// The output format of findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum FindingsFormat {
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
    /// An XML report that most CI systems show
    Junit,
}

/// Checks the files and prints the findings.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    if arguments.fix {
        repair_files(arguments, context)?;
    }
    let (loaded, mut found) = check(arguments, context)?;
    load::deny_warnings(&mut found, context.deny_warnings);
    let (sources, count) = (&loaded.sources, loaded.files());
    // Forges show files by their paths from the top of the work tree.
    let in_tree = || sources.below(&git::prefix(&loaded.root));
    let paint = if arguments.out.is_some() { Paint::PLAIN } else { context.paint() };
    let text = match arguments.format {
        FindingsFormat::Text if arguments.short => diagnostics::short(&found, sources),
        FindingsFormat::Text => diagnostics::text(&found, sources, paint),
        FindingsFormat::Json => json::pretty(&json::diagnostics(&found, sources, count)),
        FindingsFormat::Github => diagnostics::github(&found, &in_tree()),
        FindingsFormat::Sarif => diagnostics::sarif(&found, &in_tree(), env!("CARGO_PKG_VERSION")),
        FindingsFormat::Gitlab => diagnostics::gitlab(&found, &in_tree()),
        FindingsFormat::Junit => diagnostics::junit(&found, &in_tree(), count),
    };
    match &arguments.out {
        Some(path) => files::write_whole(path, &text)?,
        None => print_page(&text, context)?,
    }
    if arguments.format != FindingsFormat::Json {
        inform(&format!("{}\n", diagnostics::summary(&found, count)));
    }
    let repairable = found.iter().filter(|finding| is_repairable(finding, sources)).count();
    if arguments.format == FindingsFormat::Text && repairable > 0 && !arguments.fix {
        inform(&format!("`servanda validate --fix` repairs {repairable} of them\n"));
    }
    Ok(if found.has_errors() { Exit::Invalid } else { Exit::Fine })
}

/// The largest number of times that files are repaired and checked again.
const PASSES: usize = 3;

/// Repairs the findings that know their repair, and shows how.
fn repair_files(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let mode = if arguments.dry_run { WriteMode::DryRun } else { WriteMode::Write };
    let mut total = 0;
    // A file with another name may bring further findings to light.
    for _ in 0..PASSES {
        let loaded = load::load(context)?;
        let at = context.as_of(arguments.as_of.as_deref(), &loaded.zone())?.instant;
        let (loaded, repairs) = repairs(loaded, at);
        let count = commit_repairs(&loaded, &repairs, mode, context)?;
        total += count;
        if count == 0 || mode == WriteMode::DryRun {
            break;
        }
    }
    if total == 0 {
        inform("no finding can be repaired without a decision\n");
    }
    Ok(())
}

/// Loads the files and checks them, or only what concerns a branch.
fn check(arguments: &Arguments, context: &Context) -> Result<(LoadedFiles, Diagnostics), Failure> {
    let as_of = |zone: &Zone| context.as_of(arguments.as_of.as_deref(), zone);
    let selection = arguments.selection.selection();
    if let Some(base) = &arguments.changed_since {
        let pull_request = PullRequest::load(base, None, Trust::Own, context)?;
        let instant = as_of(&pull_request.zone())?.instant;
        let CheckedPullRequest { head, base, has_errors } = pull_request.check(instant);
        refuse_unknown(&head.settings, &[side(&head), side(&base)], has_errors, &selection)?;
        let found = restricted(head, &selection, instant);
        return Ok((pull_request.into_head(), found));
    }
    let mut loaded = load_to_check(context)?;
    let instant = as_of(&loaded.zone())?.instant;
    let checked = loaded.check_last(instant);
    refuse_unknown(&checked.settings, &[side(&checked)], checked.diagnostics.has_errors(), &selection)?;
    let found = restricted(checked, &selection, instant);
    Ok((loaded, found))
}

/// The names of checked files.
fn side(checked: &CheckedRepository) -> NamedSide<'_> {
    NamedSide { catalog: &checked.catalog, agreements: Some(&checked.agreements) }
}

/// The diagnostics that concern the selected agreements.
fn restricted(checked: CheckedRepository, selection: &AgreementSelection, at: Instant) -> Diagnostics {
    let CheckedRepository { agreements, mut diagnostics, .. } = checked;
    if selection.is_everything() {
        return diagnostics;
    }
    // A file of which no agreement could be made may be about the selected ones too.
    let (inside, outside): (Vec<&Agreement>, Vec<&Agreement>) =
        agreements.iter().partition(|agreement| selection.selects(agreement, at));
    let files = |agreements: Vec<&Agreement>| -> BTreeSet<FileId> {
        agreements.iter().map(|agreement| agreement.span.file).collect()
    };
    let (inside, outside) = (files(inside), files(outside));
    diagnostics.retain(|found| {
        !outside.contains(&found.place.span.file) || found.files().any(|file| inside.contains(&file))
    });
    diagnostics
}
