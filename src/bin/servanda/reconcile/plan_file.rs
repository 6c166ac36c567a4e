//! A saved plan: written by `plan --out`, read by `show`, `comment` and `apply`.
//!
//! A reader refuses a file of which any byte differs from what was written. An apply also refuses a plan of another
//! helpdesk, repository or day, and derives every change anew.

use std::path::Path;

use servanda::calendar::Instant;
use servanda::envelope::GuardedPlan;
use servanda::plan::{FORMAT, Verb};
use servanda::render::saved_plan::{self, NotAPlan};

use crate::process::context::AsOf;
use crate::process::failure::{Exit, Failure};
use crate::reconcile::plan::PlanTerms;
use crate::workspace::files;
use crate::workspace::load::Workspace;

/// The advice wherever a saved plan cannot be used.
const PLAN_AGAIN: &str = "make a new plan with `servanda plan --out FILE`, and review it";

/// Writes the plan atomically, with its digest.
pub(crate) fn write(path: &Path, plan: &GuardedPlan) -> Result<(), Failure> {
    files::write_whole(path, &saved_plan::write(plan))
}

/// Reads a plan of the current format that is exactly as it was written; any other is refused.
pub(crate) fn read(path: &Path) -> Result<GuardedPlan, Failure> {
    let shown = path.display();
    saved_plan::read(&files::read_named(path)?).map_err(|wrong| {
        let (code, message) = match wrong {
            NotAPlan::Invalid(error) => ("plan-invalid", format!("{shown} is not a plan: {error}")),
            NotAPlan::OtherFormat(format) => (
                "plan-format",
                format!("{shown} is a plan of format {format}, and this version of Servanda reads {FORMAT}"),
            ),
            NotAPlan::Damaged => {
                ("plan-damaged", format!("{shown} was changed after `servanda plan --out` wrote it"))
            }
        };
        Failure::new(Exit::Failure, code, message).help(PLAN_AGAIN)
    })
}

/// Refuses a plan that was made for another helpdesk or in another repository.
pub(crate) fn refuse_foreign(
    saved: &GuardedPlan,
    workspace: &Workspace,
    helpdesk: &str,
) -> Result<(), Failure> {
    let header = &saved.plan.header;
    let prefix = &workspace.settings.helpdesk.mapping.key.prefix;
    let refused =
        |code: &'static str, message: String| Failure::new(Exit::Stale, code, message).help(PLAN_AGAIN);
    if header.helpdesk != helpdesk {
        let message = format!("the plan is for {}, and the settings name {helpdesk}", header.helpdesk);
        return Err(refused("plan-for-another-helpdesk", message));
    }
    if header.key_prefix != *prefix {
        let message = format!(
            "the plan is of a repository whose ownership keys begin with `{}`, and here they begin with `{prefix}`",
            header.key_prefix
        );
        return Err(refused("plan-of-another-repository", message));
    }
    Ok(())
}

/// The terms under which a saved plan is derived anew: its instant, its retirements and its selection. Acknowledged numbers come from
/// the caller, since whoever can edit the file could also write them into it.
///
/// A plan for another day than today is refused, unless the helpdesk is a rehearsal.
pub(crate) fn terms_of(
    saved: &GuardedPlan,
    given: PlanTerms,
    workspace: &Workspace,
    now: Instant,
) -> Result<PlanTerms, Failure> {
    let instant = saved.plan.header.as_of;
    let zone = &workspace.settings.zone;
    let (planned, today) = (zone.day_of(instant), zone.day_of(now));
    if planned != today && !workspace.settings.helpdesk.rehearsal {
        let message = format!("the plan is for {planned}, and today is {today}");
        return Err(Failure::new(Exit::Stale, "plan-for-another-day", message).help(PLAN_AGAIN));
    }
    let prune = saved.plan.changes.iter().any(|change| change.verb == Verb::Retire);
    let selection = saved.plan.header.selection.clone();
    Ok(PlanTerms { as_of: AsOf { instant, is_asked: planned != today }, prune, selection, ..given })
}
