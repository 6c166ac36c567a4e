//! `servanda show`: prints a saved plan. Needs no files and no helpdesk.

use std::path::PathBuf;

use servanda::envelope::GuardedPlan;
use servanda::selection::AgreementSelection;
use servanda::status::State;

use crate::cli::plan_output::PlanOutput;
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::process::pager::print_page;
use crate::reconcile::plan_file::{self, SavedPlan};
use crate::workspace::helpdesks::refuse_unknown_of;

const AFTER_HELP: &str = "\
Examples:
  servanda plan --out today.plan && servanda show today.plan
  servanda show today.plan --client severny-veter
  servanda show today.plan --format html > plan.html
  servanda show today.plan --format summary >> $GITHUB_STEP_SUMMARY
  servanda show today.plan --format json | jq '.plan.totals'";

/// Show a saved plan
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The plan that `plan --out` wrote
    plan: PathBuf,
    #[command(flatten)]
    selection: PlanSelection,
    #[command(flatten)]
    output: PlanOutput,
}

/// Switches that restrict the output to some agreements. A saved plan knows no more of them.
#[derive(clap::Args)]
#[command(next_help_heading = "Selection")]
struct PlanSelection {
    /// Only these agreements; `*` stands for any characters
    #[arg(long, value_name = "ID")]
    id: Vec<String>,
    /// Only the plan of this helpdesk, of a plan of several
    #[arg(long, value_name = "NAME")]
    helpdesk: Vec<String>,
    /// Only changes of this client
    #[arg(long, value_name = "SLUG")]
    client: Vec<String>,
    /// Only changes of agreements of this status: planned, active, suspended, expired, terminated
    #[arg(long, value_name = "STATUS", value_parser = value_parsers::state)]
    status: Vec<State>,
}

/// Prints the plan.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let saved = plan_file::read(&arguments.plan)?;
    let PlanSelection { id, helpdesk, client, status } = &arguments.selection;
    let selection = AgreementSelection {
        ids: id.clone(),
        helpdesks: helpdesk.clone(),
        clients: client.clone(),
        statuses: status.clone(),
        ..AgreementSelection::default()
    };
    let page = match saved {
        SavedPlan::One(mut envelope) => {
            refuse_unknown_of(std::iter::empty(), &selection)?;
            refuse_unchanged_clients(&[&envelope], &selection)?;
            if !selection.is_everything() {
                envelope.retain(&selection);
            }
            arguments.output.render(&envelope, context)?
        }
        SavedPlan::Several(mut plans) => {
            refuse_unknown_of(plans.helpdesks.keys().chain(plans.unavailable.keys()), &selection)?;
            refuse_unchanged_clients(&plans.helpdesks.values().collect::<Vec<_>>(), &selection)?;
            plans.retain(&selection);
            arguments.output.render_all(&plans, context)?
        }
    };
    print_page(&page, context)?;
    Ok(Exit::Fine)
}

/// Refuses clients that no change of the plans is about. A saved plan does not name those whose agreements are unchanged.
fn refuse_unchanged_clients(plans: &[&GuardedPlan], selection: &AgreementSelection) -> Result<(), Failure> {
    let Some(unknown) = GuardedPlan::unknown_client(plans, selection) else {
        return Ok(());
    };
    let help = match (unknown.nearest, unknown.known.is_empty()) {
        (Some(nearest), _) => format!("did you mean `--client {nearest}`?"),
        (None, true) => "the plan has no changes".to_owned(),
        (None, false) => format!("the plan has changes of {}", unknown.known.join(", ")),
    };
    Err(Failure::usage(format!("the plan has no change of a client `{}`", unknown.written), help))
}
