//! `servanda status`: the agreements in force at an instant, sorted by what ends next. Reads no helpdesk.

use servanda::render;

use crate::cli::options::{SelectionOptions, TableFormat};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::process::pager::print_page;
use crate::workspace::dropped_texts::load_to_check;
use crate::workspace::one_client::load_for_client;

const AFTER_HELP: &str = "\
Examples:
  servanda status                        what is in force now
  servanda status --as-of 2027-01-01     what will be in force on that day
  servanda status --client severny-veter --status active
  servanda status --ending-within 60d --sort client
  servanda status --format csv > status.csv
  servanda status --format json | \\
      jq '.agreements[] | select(.days_left < 60) | .id'

Agreements with errors in their files are left out and named; the exit code is then 3.";

/// Show what is in force, sorted by what ends next
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Show another day (YYYY-MM-DD) or instant (RFC 3339) than now
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    #[command(flatten)]
    selection: SelectionOptions,
    /// The order of the rows
    #[arg(long, value_enum, default_value_t)]
    sort: StatusOrder,
    /// The largest number of rows
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: TableFormat,
}

/// The order of the rows.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum StatusOrder {
    /// The earliest end first
    #[default]
    End,
    /// By id
    Id,
    /// By client, and then by id
    Client,
    /// By status, and then what ends next
    Status,
}

/// Prints the table.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let selection = arguments.selection.selection();
    // The answer about one client needs no other files.
    let loaded = match selection.only_client() {
        Some(client) => load_for_client(client, context)?,
        None => load_to_check(context)?,
    };
    let as_of = context.as_of(arguments.as_of.as_deref(), &loaded.zone())?;
    let mut partial = loaded.into_partial(as_of.instant, context)?;
    partial.refuse_unknown(&selection)?;
    partial.workspace.agreements.retain(|agreement| selection.selects(agreement, as_of.instant));
    let workspace = &partial.workspace;
    let mut list = render::status::status_list(
        &workspace.agreements,
        &workspace.catalog,
        as_of.instant,
        &workspace.settings.zone,
    );
    match arguments.sort {
        StatusOrder::End => {}
        StatusOrder::Id => list.agreements.sort_by(|left, right| left.id.cmp(&right.id)),
        StatusOrder::Client => {
            list.agreements.sort_by(|left, right| (&left.client, &left.id).cmp(&(&right.client, &right.id)));
        }
        StatusOrder::Status => list.agreements.sort_by_key(|row| row.status),
    }
    list.limit(arguments.limit.unwrap_or(usize::MAX));
    match arguments.format {
        TableFormat::Text => print_page(&render::status::text(&list, context.paint()), context)?,
        TableFormat::Json => print_page(&partial.json(&list), context)?,
        TableFormat::Csv => print_page(&render::status::csv(&list), context)?,
    }
    partial.conclude()
}
