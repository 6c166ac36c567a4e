//! `servanda extend`: gives an agreement a later last day.

use servanda::author::{self, Extension};
use servanda::calendar::{Day, Term};

use crate::cli::options::ChangeOptions;
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::EditSession;

const AFTER_HELP: &str = "\
Examples:
  servanda extend severny-veter-2026 --to 2027-03-31    until 31 March
  servanda extend severny-veter-2026 --by 2mo           two months longer
  servanda extend dental-2026/dent-art --by 1y --dry-run
                                        an entry of a set; nothing is written

The new last day replaces a `term`, also that of a template. To continue under a new contract, use `servanda renew`.

Exit codes: 0 written, 1 refused, 3 the files would be invalid, and nothing was written.";

/// Give an agreement a later last day
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The new last day, inclusive
    #[arg(long, value_name = "DAY", value_parser = value_parsers::day, required_unless_present = "by")]
    to: Option<Day>,
    /// The time to add: 2mo, 90d, 1y
    #[arg(long, value_name = "TERM", value_parser = value_parsers::term, conflicts_with = "to")]
    by: Option<Term>,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Extends the agreement.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let session = EditSession::open(None, context)?;
    let extension = match (arguments.to, arguments.by) {
        (Some(day), _) => Extension::To(day),
        (None, Some(term)) => Extension::By(term),
        (None, None) => {
            return Err(Failure::usage("no new last day is given", "pass `--to DAY` or `--by TERM`"));
        }
    };
    let at = session.as_of.instant;
    let change = &arguments.change;
    session.change(&change.id, change.write.mode(), context, |subject| author::extend(subject, extension, at))
}
