//! `servanda extend`: the same agreement lasts longer.

use servanda::author::{self, Extension};
use servanda::calendar::{Day, Term};

use crate::cli::Global;
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::{ChangeOptions, EditSession};

const AFTER_HELP: &str = "\
Examples:
  servanda extend severny-veter-2026 --to 2027-03-31      its last day is 31 March
  servanda extend severny-veter-2026 --by 2mo             two months more than it has now
  servanda extend dental-2026/dent-art --by 1y --dry-run  an entry of a set; nothing is written

A term gives way to the new last day, be it the agreement's own or a template's. What follows under a new contract is a
renewal: `servanda renew`.

Exit codes: 0 written, 1 not possible, 3 the files would be invalid and nothing was written.";

/// Give an agreement a later last day
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The new last day, counted in
    #[arg(long, value_name = "DAY", value_parser = value_parsers::day, required_unless_present = "by")]
    to: Option<Day>,
    /// How much longer: 2mo, 90d, 1y
    #[arg(long, value_name = "TERM", value_parser = value_parsers::term, conflicts_with = "to")]
    by: Option<Term>,
    #[command(flatten)]
    changing: ChangeOptions,
}

/// Extends.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let session = EditSession::survey(None, global, context)?;
    let extension = match (arguments.to, arguments.by) {
        (Some(day), _) => Extension::To(day),
        (None, Some(term)) => Extension::By(term),
        (None, None) => return Err(Failure::usage("nothing says how long", "say `--to DAY` or `--by TERM`")),
    };
    let at = session.as_of.instant;
    session.change(&arguments.changing, context, |subject| author::extend(subject, extension, at))
}
