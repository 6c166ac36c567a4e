//! `servanda report`: all agreements over time as an HTML page, a page for each client, CSV and a calendar. Reads no
//! helpdesk.

use std::path::{Path, PathBuf};

use servanda::calendar::Instant;
use servanda::notice::{Channel, SentNotices};
use servanda::render::encode;
use servanda::render::forecast::ForecastInput;
use servanda::render::report::{ReportInput, ReportNotices, client_page, clients, csv, ics, page};
use servanda::report::{FactsCollector, report};
use servanda::selection::AgreementSelection;
use servanda::settings::Language;

use crate::cli::options::{LanguageName, SelectionOptions};
use crate::ledger::{self, RecordedNotices};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, print_data};
use crate::process::messages::inform;
use crate::process::runtime::runtime;
use crate::workspace::dropped_texts::load_to_check;
use crate::workspace::files;
use crate::workspace::load::Workspace;

const AFTER_HELP: &str = "\
Examples:
  servanda report --out agreements.html    one page that needs no network
  servanda report --out a.html --csv a.csv --ics a.ics
  servanda report --as-of 2027-01-01 --language en > january.html
  servanda report --client severny-veter --out veter.html
                                           the page to send to this client
  servanda report --clients pages          such a page for each client
  servanda report --csv -                  only the CSV, to standard output

With exactly one `--client`, the page is for that client, in the client's language: what is agreed, until when, hours, \
targets and whom to contact, and nothing internal. With any other selection it is the report, for your own people.

Agreements with errors in their files are left out, and named on the page; the exit code is then 3. No client's page \
is written then: it has all agreements of the client, or it is not made.";

/// Write all agreements over time as one page
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Write the page to this file; without it, to standard output, unless another file is asked for
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write a page for each client to this folder
    #[arg(long, value_name = "FOLDER")]
    clients: Option<PathBuf>,
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
    /// The language; without it, that of servanda.yaml, or of the client on the client's page
    #[arg(long, value_enum)]
    language: Option<LanguageName>,
    /// Do not read the ledger: the page then does not show who was notified
    #[arg(long)]
    no_ledger: bool,
}

/// Writes the page, the table and the calendar.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let loaded = load_to_check(context)?;
    let at = context.as_of(arguments.as_of.as_deref(), &loaded.zone())?.instant;
    let facts = FactsCollector::default();
    let mut partial = loaded.into_partial_and_see(at, context, &|resolved, text, sources| {
        facts.add(resolved, text, sources);
    })?;
    let facts = facts.finish(&partial.workspace.agreements, at);
    let selection = arguments.selection.selection();
    partial.refuse_unknown(&selection)?;
    partial.workspace.agreements.retain(|agreement| selection.selects(agreement, at));
    let is_for_client = selection.only_client().is_some();
    let known = &partial.workspace.catalog.clients;
    let for_client = selection.only_client().and_then(|slug| known.get_key_value(slug));
    let for_client = for_client.map(|(client, _)| client.clone());
    let is_page_wanted = arguments.out.is_some()
        || (arguments.csv.is_none() && arguments.ics.is_none() && arguments.clients.is_none());
    if arguments.clients.is_some() || (is_for_client && is_page_wanted) {
        refuse_part_of_a_client(&selection)?;
        // The client itself may be in a file with an error.
        if !partial.left_out.is_empty() || (is_for_client && for_client.is_none()) {
            inform("no client's page is written while files have errors\n");
            return partial.conclude();
        }
    }
    let left_out = partial.left_out_ids();
    let workspace = &partial.workspace;
    let settings = &workspace.settings;
    let notices = if is_page_wanted && for_client.is_none() {
        read_notices(workspace, at, !arguments.no_ledger)?
    } else {
        ReportNotices::default()
    };
    let report = report(&workspace.agreements, settings.notice_time, at);
    let language = arguments.language.map(Language::from);
    let input = ReportInput {
        report: &report,
        catalog: &workspace.catalog,
        zone: &settings.zone,
        language: language.unwrap_or(settings.language),
        files: &workspace.digest,
        left_out: &left_out,
        facts: &facts,
        notices: &notices,
        renew: selection.is_everything().then(|| arguments.as_of.as_deref().unwrap_or_default()),
        served: None,
    };
    if is_page_wanted {
        let page = match &for_client {
            Some(client) => client_page(&input, client, language),
            None => page(&input),
        };
        write(arguments.out.as_ref(), &page)?;
    }
    if let Some(folder) = &arguments.clients {
        write_clients(&input, language, folder)?;
    }
    if let Some(path) = &arguments.csv {
        write(Some(path), &csv(&input))?;
    }
    if let Some(path) = &arguments.ics {
        write(Some(path), &ics(&input))?;
    }
    partial.conclude()
}

/// Refuses a selection of a part of a client's agreements, which the client would read as all of them.
fn refuse_part_of_a_client(selection: &AgreementSelection) -> Result<(), Failure> {
    let other = AgreementSelection { clients: Vec::new(), ..selection.clone() };
    if other.is_everything() {
        return Ok(());
    }
    let help = format!("leave out `{other}`");
    Err(Failure::usage("a client's page has all agreements of the client", help))
}

/// The notices of the ledger, if it can be read, and those that the date will bring. Says why it cannot.
fn read_notices(workspace: &Workspace, at: Instant, with_ledger: bool) -> Result<ReportNotices, Failure> {
    let recorded = if with_ledger {
        let read = runtime()?.block_on(RecordedNotices::read(workspace, &ledger::open(workspace)));
        read.unwrap_or_else(|failure| {
            let why = encode::terminal(&failure.message);
            inform(&format!("note: without who was notified, because the ledger was not read: {why}\n"));
            None
        })
    } else {
        None
    };
    let hide = |address: &str| recorded.as_ref().map_or_else(String::new, |known| known.secret.hide(address));
    let sent = recorded.as_ref().map(|known| SentNotices { records: &known.records, hide: &hide });
    let input = ForecastInput {
        agreements: &workspace.agreements,
        catalog: &workspace.catalog,
        channels: &Channel::configured(&workspace.settings),
        usual: workspace.settings.notice_time,
        between: (at, at),
    };
    Ok(ReportNotices::of(&input, sent))
}

/// Writes a page for each client, named after its slug. Pages of other clients in the folder stay.
fn write_clients(input: &ReportInput<'_>, language: Option<Language>, folder: &Path) -> Result<(), Failure> {
    let clients = clients(input);
    for client in &clients {
        files::write_whole(&folder.join(format!("{client}.html")), &client_page(input, client, language))?;
    }
    inform(&format!("{} pages written to {}\n", clients.len(), folder.display()));
    Ok(())
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
