//! `servanda forecast`: the changes of state and the notices of the coming days.

use servanda::notice::Channel;
use servanda::render::forecast::{self, ForecastInput};

use crate::cli::options::SelectionOptions;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::process::pager::print_page;
use crate::workspace::dropped_texts::load_to_check;

const AFTER_HELP: &str = "\
Examples:
  servanda forecast --days 60
  servanda forecast --days 365 --format ics > agreements.ics
                                        for a calendar application
  servanda forecast --manager i.petrova --sort id --limit 20
  servanda forecast --days 90 --format csv > coming.csv
  servanda forecast --as-of 2027-01-01 --days 31

Agreements with errors in their files are left out and named; the exit code is then 3.";

/// Show the coming changes and notices
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Start at another day (YYYY-MM-DD) or instant (RFC 3339) than now
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// The number of days
    #[arg(long, value_name = "N", default_value = "30", value_parser = clap::value_parser!(i32).range(1..=3660))]
    days: i32,
    #[command(flatten)]
    selection: SelectionOptions,
    /// The order of changes and notices
    #[arg(long, value_enum, default_value_t)]
    sort: ForecastOrder,
    /// The largest number of changes and notices
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: ForecastFormat,
}

/// The order of changes and notices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum ForecastOrder {
    /// The earliest first
    #[default]
    Time,
    /// By agreement, and then the earliest first
    Id,
}

/// The output format of a forecast.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum ForecastFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For calendar applications: all-day events
    Ics,
    /// For spreadsheets: cells separated by commas, in UTF-8
    Csv,
}

/// Prints the forecast.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let loaded = load_to_check(context)?;
    let from = context.as_of(arguments.as_of.as_deref(), &loaded.zone())?.instant;
    let partial = loaded.into_partial(from, context)?;
    let until = from.checked_add(jiff::SignedDuration::from_hours(i64::from(arguments.days) * 24));
    let until = until
        .map_err(|_| Failure::usage("the forecast would end after the year 9999", "pass fewer `--days`"))?;
    let workspace = &partial.workspace;
    let settings = &workspace.settings;
    let mut coming = forecast::forecast(&ForecastInput {
        agreements: &workspace.agreements,
        catalog: &workspace.catalog,
        channels: &Channel::configured(settings),
        usual: settings.notice_time,
        between: (from, until),
    });
    let selection = arguments.selection.selection();
    partial.refuse_unknown(&selection)?;
    let scope = selection.scope(&workspace.agreements, from);
    coming.retain(|entry| scope.contains(&entry.agreement));
    if arguments.sort == ForecastOrder::Id {
        coming.sort_by(|left, right| left.agreement.cmp(&right.agreement));
    }
    coming.truncate(arguments.limit.unwrap_or(usize::MAX));
    match arguments.format {
        ForecastFormat::Text => {
            print_page(&forecast::text(&coming, &settings.zone, settings.language), context)?;
        }
        ForecastFormat::Json => print_page(&partial.json(&forecast::json(&coming)), context)?,
        ForecastFormat::Csv => print_page(&forecast::csv(&coming), context)?,
        ForecastFormat::Ics => print_page(&forecast::ics(&coming, settings.language, context.now), context)?,
    }
    partial.conclude()
}
