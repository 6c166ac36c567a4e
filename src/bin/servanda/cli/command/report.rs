//! `servanda report`: all agreements over time as an HTML page, as CSV and as a calendar. Reads no helpdesk.

use std::path::PathBuf;

use servanda::render::report::{ReportInput, csv, ics, page};
use servanda::report::report;
use servanda::settings::Language;

use crate::cli::options::{LanguageName, SelectionOptions};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, print_data};
use crate::process::messages::inform;
use crate::workspace::files;
use crate::workspace::load;

const AFTER_HELP: &str = "\
Examples:
  servanda report --out agreements.html    one page that needs no network
  servanda report --out a.html --csv a.csv --ics a.ics
  servanda report --as-of 2027-01-01 --language en > january.html
  servanda report --client severny-veter --out veter.html
  servanda report --csv -                  only the CSV, to standard output

Agreements with errors in their files are left out, and named on the page; the exit code is then 3.";

/// Write all agreements over time as one page
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Write the page to this file; without it, to standard output, unless --csv or --ics is given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write a table as CSV to this file
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write first and last days, deadlines and suspensions as a calendar (iCalendar) to this file
    #[arg(long, value_name = "FILE")]
    ics: Option<PathBuf>,
    /// Report as of another day (YYYY-MM-DD) or instant (RFC 3339) than now
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    #[command(flatten)]
    selection: SelectionOptions,
    /// The language; without it, that of servanda.yaml
    #[arg(long, value_enum)]
    language: Option<LanguageName>,
}

/// Writes the page, the table and the calendar.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let loaded = load::load(context)?;
    let as_of = context.as_of(arguments.as_of.as_deref(), &loaded.zone())?;
    let mut partial = loaded.into_partial(as_of.instant, context)?;
    let selection = arguments.selection.selection();
    partial.workspace.agreements.retain(|agreement| selection.selects(agreement, as_of.instant));
    let left_out = partial.left_out_ids();
    let workspace = &partial.workspace;
    let settings = &workspace.settings;
    let report = report(&workspace.agreements, settings.notice_time, as_of.instant);
    let input = ReportInput {
        report: &report,
        catalog: &workspace.catalog,
        zone: &settings.zone,
        language: arguments.language.map_or(settings.language, Language::from),
        files: &workspace.digest,
        left_out: &left_out,
    };
    let is_page_wanted = arguments.out.is_some() || (arguments.csv.is_none() && arguments.ics.is_none());
    if is_page_wanted {
        write(arguments.out.as_ref(), &page(&input))?;
    }
    if let Some(path) = &arguments.csv {
        write(Some(path), &csv(&input))?;
    }
    if let Some(path) = &arguments.ics {
        write(Some(path), &ics(&input))?;
    }
    partial.conclude()
}

/// Writes a file, or to standard output if there is none or it is called `-`.
fn write(path: Option<&PathBuf>, text: &str) -> Result<(), Failure> {
    match path.filter(|path| path.as_os_str() != "-") {
        None => print_data(text),
        Some(path) => {
            files::write_whole(path, text)?;
            inform(&format!("written to {}\n", path.display()));
            Ok(())
        }
    }
}
