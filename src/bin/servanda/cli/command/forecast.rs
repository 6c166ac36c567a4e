//! `servanda forecast`: every change of state and every notice that the date alone will bring.

use servanda::calendar::Lead;
use servanda::render;

use crate::cli::Global;
use crate::cli::command::plan::{Making, estate_and_terms};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, tell};

const AFTER_HELP: &str = "\
Examples:
  servanda forecast --days 60
  servanda forecast --days 365 --format ics > agreements.ics      for a calendar
  servanda forecast --as-of 2027-01-01 --days 31";

/// Show what the coming days bring
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// From this day (YYYY-MM-DD) or instant on, in place of now
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// How many days ahead
    #[arg(long, value_name = "N", default_value = "30", value_parser = clap::value_parser!(i32).range(1..=3660))]
    days: i32,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For calendars: all-day events
    Ics,
}

/// Draws the forecast.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let making = Making { as_of: arguments.as_of.clone(), prune: false, accept: Vec::new() };
    let (workspace, terms) = estate_and_terms(&making, global, context)?;
    let from = terms.as_of.instant;
    let Lead { days } = Lead { days: arguments.days };
    let until = from.checked_add(jiff::SignedDuration::from_hours(i64::from(days) * 24));
    let until = until.map_err(|_| Failure::usage("so far ahead there are no days", "ask for fewer"))?;
    let settings = &workspace.settings;
    let coming = render::notice::coming(&workspace.agreements, settings.notice_time, from, until);
    match arguments.format {
        Format::Text => tell(&render::notice::forecast(&coming, &settings.zone))?,
        Format::Json => tell(&render::json::pretty(&render::notice::forecast_json(&coming)))?,
        Format::Ics => tell(&render::notice::forecast_ics(&coming, &settings.zone, context.now))?,
    }
    Ok(Exit::Fine)
}
