//! A plan in the order of review: severe changes first, and edits, changes by date and drift in sections of their own.
//!
//! Markdown and HTML are rendered from it. Contains neither texts nor size limits.

use std::collections::{BTreeMap, BTreeSet};

use crate::envelope::GuardedPlan;
use crate::ident::{AgreementId, ClientSlug};
use crate::plan::{Cause, Change, ChangeSeverity, Drift, GuardName, Plan, Reason, Risk};
use crate::render::vocabulary::Vocabulary;

/// The most agreements of one client in one block, so that every block fits into a comment.
const BLOCK_LIMIT: usize = 10;

/// A plan in order of severity.
pub(super) struct Review<'a> {
    /// The plan with the result of its guards.
    pub(super) envelope: &'a GuardedPlan,
    /// The risky changes, the most severe first, including those awaiting acknowledgement. What is on the base of a pull
    /// request as well comes last.
    pub(super) risky: Vec<RiskyChange<'a>>,
    /// The changes by origin.
    pub(super) sections: Vec<ReviewSection<'a>>,
    /// The totals.
    pub(super) counts: ReviewCounts,
}

/// A change with at least one risk. One whose risks are partly on the base of a pull request is listed twice.
pub(super) struct RiskyChange<'a> {
    /// The change.
    pub(super) change: &'a Change,
    /// The risks that this entry lists.
    pub(super) risks: Vec<Risk>,
    /// The guard that stopped it, if one did.
    pub(super) guard: Option<GuardName>,
    /// Whether it is not applied: a guard stopped it or a change that it depends on.
    pub(super) is_waiting: bool,
    /// Whether these risks are on the base of the pull request as well, if the plan was made for one.
    pub(super) is_on_base: bool,
}

impl RiskyChange<'_> {
    /// The highest severity of these risks.
    pub(super) fn severity(&self) -> ChangeSeverity {
        self.change.severity_of(&self.risks)
    }
}

/// The origin of the changes of a section, in the order of the sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ChangeOrigin {
    /// Stopped by a guard, for any cause.
    AwaitingAcknowledgement,
    /// An edit of the files, or an unknown cause.
    Edit,
    /// The same, but on the base of the pull request as well.
    OtherEdit,
    /// The date.
    Date,
    /// An edit of the live object in the helpdesk.
    Drift,
}

/// The changes of one origin.
pub(super) struct ReviewSection<'a> {
    /// The origin.
    pub(super) origin: ChangeOrigin,
    /// The changes client by client, the most severe first.
    pub(super) blocks: Vec<ClientBlock<'a>>,
}

/// Changes of one client.
pub(super) struct ClientBlock<'a> {
    /// The client; `None` for agreements without a document.
    pub(super) client: Option<&'a ClientSlug>,
    /// The severity of the most severe change.
    pub(super) severity: ChangeSeverity,
    /// The changes, the most severe first.
    pub(super) entries: Vec<ReviewEntry<'a>>,
}

/// One agreement of a block.
#[derive(Clone)]
pub(super) struct ReviewEntry<'a> {
    /// Its id.
    pub(super) id: &'a AgreementId,
    /// Its title.
    pub(super) title: &'a str,
    /// Its change; `None` if the entry reports drift only.
    pub(super) change: Option<&'a Change>,
    /// The drift of the live object.
    pub(super) drifts: Vec<&'a Drift>,
}

/// The totals of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ReviewCounts {
    /// Red lines of the pull request.
    pub(super) red_lines: usize,
    /// The risks; of a pull request only those that it causes.
    pub(super) risks: RiskCounts,
    /// The part that is on the base of the pull request as well.
    pub(super) on_base: BaseCounts,
    /// Changes that a guard stopped, with those that depend on them, without those that are on the base as well.
    pub(super) waiting: usize,
    /// Agreements that are blocked.
    pub(super) blocked: usize,
    /// Clients with at least one change.
    pub(super) clients: usize,
    /// Agreements whose only difference is drift that is not corrected.
    pub(super) drift_kept: usize,
    /// Agreements without any difference.
    pub(super) unchanged: usize,
}

/// The numbers of risks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RiskCounts {
    /// Agreements that are deactivated.
    pub(super) deactivated: usize,
    /// Service levels that are weakened: services, targets, calendars.
    pub(super) weakened: usize,
    /// Orphans that are retired.
    pub(super) retired: usize,
    /// Agreements that live in another helpdesk now.
    pub(super) moved: usize,
    /// Agreements that end earlier than before.
    pub(super) shortened: usize,
    /// Texts of people that are overwritten.
    pub(super) overwritten: usize,
    /// Creations of a second active agreement for the same recipients and services.
    pub(super) duplicated: usize,
    /// Live objects that are adopted.
    pub(super) adopted: usize,
}

/// The totals of what is on the base of a pull request as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BaseCounts {
    /// Agreements that change, and not by the pull request.
    pub(super) agreements: usize,
    /// Those of them that the date changes.
    pub(super) dated: usize,
    /// The risks.
    pub(super) risks: RiskCounts,
}

impl<'a> Review<'a> {
    /// Orders a plan for review.
    pub(super) fn of(envelope: &'a GuardedPlan) -> Self {
        let guards = envelope.guards();
        let plan = &envelope.plan;
        let changes = plan.changes.iter().map(|change| (change, false));
        let changes = changes.chain(envelope.guarded_changes.iter().map(|change| (change, true)));
        let risky = changes.flat_map(|(change, is_waiting)| {
            let guard = guards.get(&change.id).copied();
            let (own, on_base) = envelope.split_risks(change);
            [(own, false), (on_base, true)].map(|(risks, is_on_base)| RiskyChange {
                change,
                risks,
                guard,
                is_waiting,
                is_on_base,
            })
        });
        let mut risky: Vec<RiskyChange<'_>> = risky.filter(|risky| !risky.risks.is_empty()).collect();
        risky.sort_by_key(|risky| {
            (risky.is_on_base, risky.severity(), risky.change.client.as_ref(), &risky.change.id)
        });
        let sections = [
            (
                ChangeOrigin::AwaitingAcknowledgement,
                envelope.guarded_changes.iter().map(ReviewEntry::of).collect(),
            ),
            (ChangeOrigin::Edit, edited(envelope, false)),
            (ChangeOrigin::OtherEdit, edited(envelope, true)),
            (ChangeOrigin::Date, entries(plan, Cause::Date)),
            (ChangeOrigin::Drift, drifted(plan)),
        ];
        let sections = sections
            .into_iter()
            .filter(|(_, entries): &(ChangeOrigin, Vec<ReviewEntry<'_>>)| !entries.is_empty())
            .map(|(origin, entries)| ReviewSection { origin, blocks: blocks(entries) });
        Self { envelope, sections: sections.collect(), counts: ReviewCounts::of(envelope, &risky), risky }
    }

    /// The words of the plan's language.
    pub(super) const fn words(&self) -> Vocabulary<'a> {
        Vocabulary::of(&self.envelope.plan)
    }

    /// Whether there is no change, and nothing that is blocked, awaits acknowledgement, or drifted.
    pub(super) fn is_quiet(&self) -> bool {
        let counts = &self.counts;
        let open = counts.waiting + counts.on_base.agreements + counts.blocked + counts.drift_kept;
        self.envelope.plan.is_empty() && open == 0
    }
}

impl ReviewCounts {
    fn of(envelope: &GuardedPlan, risky: &[RiskyChange<'_>]) -> Self {
        let plan = &envelope.plan;
        let open = plan.blocked.iter().filter(|blocked| !is_waiting(&blocked.reason));
        let blocked: BTreeSet<&AgreementId> = open.map(|blocked| &blocked.id).collect();
        let is_own = |change: &&Change| !envelope.is_on_base(&change.id);
        let own = envelope.all_changes().filter(is_own);
        let clients: BTreeSet<_> = own.filter_map(|change| change.client.as_ref()).collect();
        let mut on_base: BTreeMap<&AgreementId, bool> = BTreeMap::new();
        for change in envelope.all_changes().filter(|change| !is_own(change)) {
            *on_base.entry(&change.id).or_default() |= main_cause(change) == Cause::Date;
        }
        let drift_kept = drift_kept(plan);
        Self {
            red_lines: envelope.scope.as_ref().map_or(0, |scope| scope.red_lines.len()),
            risks: RiskCounts::of(risky, false),
            on_base: BaseCounts {
                agreements: on_base.len(),
                dated: on_base.values().filter(|is_dated| **is_dated).count(),
                risks: RiskCounts::of(risky, true),
            },
            waiting: envelope.guarded_changes.iter().filter(is_own).count(),
            blocked: blocked.len(),
            clients: clients.len(),
            drift_kept,
            unchanged: plan.totals.unchanged.saturating_sub(drift_kept),
        }
    }
}

impl RiskCounts {
    fn of(risky: &[RiskyChange<'_>], is_on_base: bool) -> Self {
        let mut counts = Self::default();
        let risks =
            risky.iter().filter(|risky| risky.is_on_base == is_on_base).flat_map(|risky| &risky.risks);
        for risk in risks {
            match risk {
                Risk::Deactivates => counts.deactivated += 1,
                Risk::Weakens(weakened) => counts.weakened += weakened.len(),
                Risk::Retires => counts.retired += 1,
                Risk::Moves(_) => counts.moved += 1,
                Risk::Shortens => counts.shortened += 1,
                Risk::Overwrites(fields) => counts.overwritten += fields.len(),
                Risk::Duplicates(_) => counts.duplicated += 1,
                Risk::Adopts => counts.adopted += 1,
            }
        }
        counts
    }
}

impl<'a> ReviewEntry<'a> {
    fn of(change: &'a Change) -> Self {
        Self { id: &change.id, title: &change.title, change: Some(change), drifts: Vec::new() }
    }

    fn severity(&self) -> ChangeSeverity {
        self.change.map_or(ChangeSeverity::Changes, Change::severity)
    }
}

/// Whether the change of a blocked agreement is listed among those awaiting acknowledgement.
pub(super) fn is_waiting(reason: &Reason) -> bool {
    matches!(reason, Reason::Guarded(_) | Reason::Waits(_))
}

/// The edits that are on the base of the pull request as well, or those that are not.
fn edited(envelope: &GuardedPlan, on_base: bool) -> Vec<ReviewEntry<'_>> {
    let entries = entries(&envelope.plan, Cause::Edit).into_iter();
    entries.filter(|entry| envelope.is_on_base(entry.id) == on_base).collect()
}

fn entries(plan: &Plan, cause: Cause) -> Vec<ReviewEntry<'_>> {
    plan.changes.iter().filter(|change| main_cause(change) == cause).map(ReviewEntry::of).collect()
}

/// The agreements with drift, each with the change that corrects it unless that change has another main cause.
fn drifted(plan: &Plan) -> Vec<ReviewEntry<'_>> {
    let changes = plan.changes.iter().filter(|change| main_cause(change) == Cause::Drift);
    let mut by_id: BTreeMap<&AgreementId, ReviewEntry<'_>> =
        changes.map(|change| (&change.id, ReviewEntry::of(change))).collect();
    for drift in &plan.drift {
        let entry = by_id.entry(&drift.id).or_insert_with(|| ReviewEntry {
            id: &drift.id,
            title: &drift.title,
            change: None,
            drifts: Vec::new(),
        });
        entry.drifts.push(drift);
    }
    by_id.into_values().collect()
}

/// Groups entries by client, the most severe first.
fn blocks(entries: Vec<ReviewEntry<'_>>) -> Vec<ClientBlock<'_>> {
    let mut by_client: BTreeMap<Option<&ClientSlug>, Vec<ReviewEntry<'_>>> = BTreeMap::new();
    for entry in entries {
        let client = entry.change.and_then(|change| change.client.as_ref());
        by_client.entry(client).or_default().push(entry);
    }
    let mut blocks = Vec::new();
    for (client, mut entries) in by_client {
        entries.sort_by_key(|entry| (entry.severity(), entry.id));
        while !entries.is_empty() {
            let rest = entries.split_off(entries.len().min(BLOCK_LIMIT));
            let severity = entries.first().map_or(ChangeSeverity::Changes, ReviewEntry::severity);
            blocks.push(ClientBlock { client, severity, entries });
            entries = rest;
        }
    }
    // Blocks without a client come last within their severity.
    blocks.sort_by_key(|block| (block.severity, block.client.is_none(), block.client));
    blocks
}

/// The main cause of a change: an edit before the date, the date before drift. An unknown cause counts as an edit.
pub(super) fn main_cause(change: &Change) -> Cause {
    change.causes().map(|cause| cause.unwrap_or(Cause::Edit)).min().unwrap_or(Cause::Edit)
}

/// The agreements that a guard stopped.
pub(super) fn guarded_ids(plan: &Plan) -> impl Iterator<Item = &AgreementId> {
    let guarded = plan.blocked.iter().filter(|blocked| matches!(blocked.reason, Reason::Guarded(_)));
    guarded.map(|blocked| &blocked.id)
}

/// The blocked agreements with their reasons, without those that a guard stopped.
pub(super) fn blocked_by_id(plan: &Plan) -> BTreeMap<&AgreementId, Vec<&Reason>> {
    let mut by_id: BTreeMap<&AgreementId, Vec<&Reason>> = BTreeMap::new();
    for blocked in &plan.blocked {
        if !matches!(blocked.reason, Reason::Guarded(_)) {
            by_id.entry(&blocked.id).or_default().push(&blocked.reason);
        }
    }
    by_id
}

/// The number of agreements whose only difference is drift that is not corrected.
pub(super) fn drift_kept(plan: &Plan) -> usize {
    let kept = plan.drift.iter().filter(|drift| !drift.is_corrected).map(|drift| &drift.id);
    let kept: BTreeSet<&AgreementId> = kept.collect();
    let changed: BTreeSet<&AgreementId> = plan.changes.iter().map(|change| &change.id).collect();
    kept.difference(&changed).count()
}
