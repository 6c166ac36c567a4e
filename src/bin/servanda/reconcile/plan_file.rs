//! A saved plan: written by `plan --out`, read by `show`, `comment` and `apply`.
//!
//! A reader refuses a file of which any byte differs from what was written. An apply also refuses a plan of another
//! helpdesk, repository or day, and derives every change anew.

use std::path::Path;

use servanda::calendar::Instant;
use servanda::envelope::{GuardedPlan, Sealed};
use servanda::helpdesks::HelpdeskPlans;
use servanda::plan::{FORMAT, Verb};
use servanda::render::helpdesks;
use servanda::render::saved_plan::{self, NotAPlan};
use servanda::settings::Language;

use crate::process::context::AsOf;
use crate::process::failure::{Exit, Failure};
use crate::reconcile::plan::PlanTerms;
use crate::workspace::files;
use crate::workspace::load::Workspace;

/// The advice wherever a saved plan cannot be used.
const PLAN_AGAIN: &str = "make a new plan with `servanda plan --out FILE`, and review it";

/// A plan as it was saved: of the only helpdesk, or of several.
pub(crate) enum SavedPlan {
    One(Box<GuardedPlan>),
    Several(HelpdeskPlans),
}

impl SavedPlan {
    /// The plan of the only helpdesk.
    pub(crate) fn one(self) -> Result<GuardedPlan, Failure> {
        match self {
            Self::One(plan) => Ok(*plan),
            Self::Several(_) => Err(refused(
                "plan-of-another-repository",
                "the plan is of a repository with several helpdesks",
            )),
        }
    }

    /// The plans of several helpdesks.
    pub(crate) fn several(self) -> Result<HelpdeskPlans, Failure> {
        match self {
            Self::Several(plans) => Ok(plans),
            Self::One(_) => {
                Err(refused("plan-of-another-repository", "the plan is of a repository with one helpdesk"))
            }
        }
    }

    /// The language of the plan.
    pub(crate) fn language(&self) -> Language {
        match self {
            Self::One(plan) => plan.plan.header.language,
            Self::Several(plans) => helpdesks::language(plans),
        }
    }

    /// The plan in another language.
    pub(crate) fn translated(self, language: Language) -> Self {
        match self {
            Self::One(mut plan) => {
                plan.plan.header.language = language;
                Self::One(plan)
            }
            Self::Several(plans) => Self::Several(helpdesks::translated(&plans, language)),
        }
    }

    fn plans(&self) -> Vec<&GuardedPlan> {
        match self {
            Self::One(plan) => vec![plan],
            Self::Several(plans) => plans.helpdesks.values().collect(),
        }
    }
}

fn refused(code: &'static str, message: impl Into<String>) -> Failure {
    Failure::new(Exit::Stale, code, message).help(PLAN_AGAIN)
}

/// Writes a plan, or the plans of several helpdesks, atomically and with its digest.
pub(crate) fn write(path: &Path, plan: &impl Sealed) -> Result<(), Failure> {
    files::write_whole(path, &saved_plan::write(plan))
}

/// Reads a plan of the current format that is exactly as it was written; any other is refused.
pub(crate) fn read(path: &Path) -> Result<SavedPlan, Failure> {
    let shown = path.display();
    let text = files::read_named(path)?;
    let read = if saved_plan::is_of_several(&text) {
        saved_plan::read_all(&text).map(SavedPlan::Several)
    } else {
        saved_plan::read(&text).map(|plan| SavedPlan::One(Box::new(plan)))
    };
    read.map_err(|wrong| {
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
    saved: &SavedPlan,
    given: PlanTerms,
    workspace: &Workspace,
    now: Instant,
) -> Result<PlanTerms, Failure> {
    let plans = saved.plans();
    let Some(first) = plans.first() else {
        return Err(refused("plan-empty", "no helpdesk could be planned"));
    };
    let instant = first.plan.header.as_of;
    let zone = &workspace.settings.zone;
    let (planned, today) = (zone.day_of(instant), zone.day_of(now));
    let all = std::iter::once(&workspace.settings.helpdesk).chain(workspace.settings.helpdesks.values());
    if planned != today && !all.into_iter().all(|helpdesk| helpdesk.rehearsal) {
        let message = format!("the plan is for {planned}, and today is {today}");
        return Err(refused("plan-for-another-day", message));
    }
    let changes = plans.iter().flat_map(|guarded| &guarded.plan.changes);
    let prune = changes.into_iter().any(|change| change.verb == Verb::Retire);
    let mut selection = first.plan.header.selection.clone();
    if let SavedPlan::Several(plans) = saved {
        selection.helpdesks = plans.helpdesks.keys().map(ToString::to_string).collect();
    }
    Ok(PlanTerms { as_of: AsOf { instant, is_asked: planned != today }, prune, selection, ..given })
}
