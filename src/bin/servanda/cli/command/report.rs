//! `servanda report`: all agreements over time as one page, and beside it as CSV and as a calendar. Asks no helpdesk.

use std::path::PathBuf;

use servanda::render::report::{ReportInput, csv, ics, page};
use servanda::report::report;
use servanda::settings::Language;

use crate::cli::Global;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, say, tell};
use crate::workspace::files;
use crate::workspace::load;

const AFTER_HELP: &str = "\
Examples:
  servanda report --out agreements.html            one page that needs no network; open it in a browser
  servanda report --out a.html --csv a.csv --ics a.ics
  servanda report --as-of 2027-01-01 --language en > january.html
  servanda report --csv -                          the CSV alone, to standard output";

/// Write all agreements over time as one page
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Write the page to this file; without it to standard output, unless only CSV or a calendar are asked for
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write a table for spreadsheets to this file
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write first and last days, deadlines and rests for calendars to this file
    #[arg(long, value_name = "FILE")]
    ics: Option<PathBuf>,
    /// Look at another day (YYYY-MM-DD) or instant (RFC 3339) than now
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// The language; without it, that of servanda.yaml
    #[arg(long, value_enum)]
    language: Option<Tongue>,
}

/// A language of the page.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Tongue {
    /// Russian
    Ru,
    /// English
    En,
}

impl From<Tongue> for Language {
    fn from(tongue: Tongue) -> Self {
        match tongue {
            Tongue::Ru => Self::Russian,
            Tongue::En => Self::English,
        }
    }
}

/// Writes what was asked for.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let loaded = load::load(global, context)?;
    let as_of = context.as_of(arguments.as_of.as_deref(), &loaded.zone())?;
    let workspace = load::check(loaded, as_of.instant, global, context)?;
    let settings = &workspace.settings;
    let report = report(&workspace.agreements, settings.notice_time, as_of.instant);
    let telling = ReportInput {
        report: &report,
        catalog: &workspace.catalog,
        zone: &settings.zone,
        language: arguments.language.map_or(settings.language, Language::from),
        files: &workspace.digest,
    };
    let is_page_wanted = arguments.out.is_some() || (arguments.csv.is_none() && arguments.ics.is_none());
    if is_page_wanted {
        write(arguments.out.as_ref(), &page(&telling))?;
    }
    if let Some(path) = &arguments.csv {
        write(Some(path), &csv(&telling))?;
    }
    if let Some(path) = &arguments.ics {
        write(Some(path), &ics(&telling))?;
    }
    Ok(Exit::Fine)
}

/// Writes a file whole, or to standard output where there is none or it is called `-`.
fn write(path: Option<&PathBuf>, text: &str) -> Result<(), Failure> {
    match path.filter(|path| path.as_os_str() != "-") {
        None => tell(text),
        Some(path) => {
            files::write_whole(path, text)?;
            say(&format!("written to {}\n", path.display()));
            Ok(())
        }
    }
}
