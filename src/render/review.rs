//! A plan in the order in which a reviewer should see it: what is grave before what is not, what people did apart
//! from what the date did and from what somebody changed by hand. Markdown and HTML are drawn from this; no words
//! and no limits in here.

use std::collections::{BTreeMap, BTreeSet};

use crate::envelope::GuardedPlan;
use crate::ident::AgreementId;
use crate::plan::{Cause, Change, ChangeSeverity, Drift, GuardName, Plan, Reason, Risk};
use crate::render::line::Line;
use crate::render::plan::drift;
use crate::render::plan::phrases::{self, Point};
use crate::render::vocabulary::Names;

/// The most agreements of one client that are kept in one block, so that no block is too large to be shown.
const TOGETHER: usize = 10;

/// A plan in order of importance.
pub(super) struct Review<'a> {
    /// What is reviewed.
    pub(super) envelope: &'a GuardedPlan,
    /// What is risky, the most_severe first; also what a guard holds back.
    pub(super) risky: Vec<Risky<'a>>,
    /// The changes, apart by what brought them about.
    pub(super) sections: Vec<Section<'a>>,
    /// How many of what.
    pub(super) counts: Counts,
}

/// A change that must not be overlooked.
pub(super) struct Risky<'a> {
    /// The change.
    pub(super) change: &'a Change,
    /// The guard that holds it back, where one does.
    pub(super) guard: Option<GuardName>,
    /// Whether it is held back at all, by a guard or by another change that is.
    pub(super) waits: bool,
    /// Whether the pull request that the plan was made for has anything to do with it.
    pub(super) is_concerned: bool,
}

/// What brought the changes of a section about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// People did, and a guard holds them back.
    Waiting,
    /// People did.
    Edit,
    /// People did, and not by the pull request that the plan was made for.
    Elsewhere,
    /// Time went by.
    Date,
    /// Somebody changed the helpdesk.
    Drift,
}

/// Changes of one kind of origin.
pub(super) struct Section<'a> {
    /// Their origin.
    pub(super) why: Why,
    /// Block by block, the most_severe first.
    pub(super) blocks: Vec<Block<'a>>,
}

/// Changes of one client.
pub(super) struct Block<'a> {
    /// The client; `None` where no document says one.
    pub(super) client: Option<&'a str>,
    /// The most_severe of them.
    pub(super) severity: ChangeSeverity,
    /// The changes, the most_severe first.
    pub(super) entries: Vec<Entry<'a>>,
}

/// One agreement within a block.
pub(super) struct Entry<'a> {
    /// Its id.
    pub(super) id: &'a AgreementId,
    /// What people call it.
    pub(super) title: &'a str,
    /// What happens to it; `None` where it is only told what was changed by hand.
    pub(super) change: Option<&'a Change>,
    /// What somebody changed by hand.
    pub(super) drifts: Vec<&'a Drift>,
}

/// How many of what a plan holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Lines of a pull request that say where to or as whom.
    pub(super) red_lines: usize,
    /// Agreements that clients can no longer ask under.
    pub(super) deactivated: usize,
    /// Promises that become less.
    pub(super) weakened: usize,
    /// Agreements without a document that are retired.
    pub(super) retired: usize,
    /// Agreements that end earlier.
    pub(super) shortened: usize,
    /// Objects that are taken over.
    pub(super) adopted: usize,
    /// Changes that are held back.
    pub(super) waiting: usize,
    /// Agreements that cannot be settled.
    pub(super) blocked: usize,
    /// Clients with any change.
    pub(super) clients: usize,
    /// Agreements left as somebody changed them.
    pub(super) left: usize,
    /// Agreements that are as they should be.
    pub(super) unchanged: usize,
}

impl<'a> Review<'a> {
    /// Puts a plan in order.
    pub(super) fn of(envelope: &'a GuardedPlan) -> Self {
        let guards = envelope.guards();
        let plan = &envelope.plan;
        let changes = plan.changes.iter().map(|change| (change, false));
        let changes = changes.chain(envelope.guarded_changes.iter().map(|change| (change, true)));
        let risky = changes.filter(|(change, _)| change.severity().is_risk()).map(|(change, waits)| Risky {
            change,
            guard: guards.get(&change.id).copied(),
            waits,
            is_concerned: is_concerned(envelope, &change.id),
        });
        let mut risky: Vec<Risky<'_>> = risky.collect();
        risky.sort_by_key(|risky| (risky.change.severity(), risky.change.client.as_ref(), &risky.change.id));
        let sections = [
            (Why::Waiting, envelope.guarded_changes.iter().map(Entry::of).collect()),
            (Why::Edit, edited(envelope, true)),
            (Why::Elsewhere, edited(envelope, false)),
            (Why::Date, entries(plan, Cause::Date)),
            (Why::Drift, drifted(plan)),
        ];
        let sections = sections
            .into_iter()
            .filter(|(_, entries): &(Why, Vec<Entry<'_>>)| !entries.is_empty())
            .map(|(why, entries)| Section { why, blocks: blocks(entries) });
        Self { envelope, sections: sections.collect(), counts: Counts::of(envelope, &risky), risky }
    }

    /// Whether nothing is to be done and nothing to be said.
    pub(super) fn is_quiet(&self) -> bool {
        let counts = &self.counts;
        self.envelope.plan.is_empty() && counts.waiting + counts.blocked + counts.left == 0
    }
}

impl Counts {
    fn of(envelope: &GuardedPlan, risky: &[Risky<'_>]) -> Self {
        let plan = &envelope.plan;
        let with = |risk: &Risk| risky.iter().filter(|risky| risky.change.risks.contains(risk)).count();
        let open = plan.blocked.iter().filter(|blocked| !is_waiting(&blocked.reason));
        let blocked: BTreeSet<&AgreementId> = open.map(|blocked| &blocked.id).collect();
        let changes = plan.changes.iter().chain(&envelope.guarded_changes);
        let clients: BTreeSet<_> = changes.filter_map(|change| change.client.as_ref()).collect();
        let left = phrases::left_alone(plan);
        Self {
            red_lines: envelope.scope.as_ref().map_or(0, |scope| scope.red_lines.len()),
            deactivated: with(&Risk::Deactivates),
            weakened: risky.iter().map(|risky| risky.change.weakened().len()).sum(),
            retired: with(&Risk::Retires),
            shortened: with(&Risk::Shortens),
            adopted: with(&Risk::Adopts),
            waiting: envelope.guarded_changes.len(),
            blocked: blocked.len(),
            clients: clients.len(),
            left,
            unchanged: plan.totals.unchanged.saturating_sub(left),
        }
    }
}

impl<'a> Entry<'a> {
    fn of(change: &'a Change) -> Self {
        Self { id: &change.id, title: &change.title, change: Some(change), drifts: Vec::new() }
    }

    fn severity(&self) -> ChangeSeverity {
        self.change.map_or(ChangeSeverity::Changes, Change::severity)
    }
}

/// All that is said of an agreement below its name.
pub(super) fn points(entry: &Entry<'_>, names: &Names) -> Vec<Point> {
    let mut points = entry.change.map_or_else(Vec::new, |change: &Change| phrases::points(change, names));
    for left in entry.drifts.iter().filter(|drift: &&&Drift| !drift.is_corrected) {
        points.push(phrases::left(left, names));
        points.push(Point::Line(drift::is_left(left), None));
    }
    if entry.change.is_none() && entry.drifts.iter().any(|drift| drift.is_corrected) {
        points.push(Point::Line(Line::of("put back with the changes above"), None));
    }
    points.extend(drift::touches(&entry.drifts).into_iter().map(|line| Point::Line(line, None)));
    points
}

/// Whether the change that was meant is shown among those that wait.
pub(super) fn is_waiting(reason: &Reason) -> bool {
    matches!(reason, Reason::Guarded(_) | Reason::Waits(_))
}

/// What people did, by the pull request that the plan was made for or not. Without one all is theirs.
fn edited(envelope: &GuardedPlan, is_theirs: bool) -> Vec<Entry<'_>> {
    let entries = entries(&envelope.plan, Cause::Edit).into_iter();
    entries.filter(|entry| is_concerned(envelope, entry.id) == is_theirs).collect()
}

/// Whether a pull request, where there is one, has anything to do with an agreement.
pub(super) fn is_concerned(envelope: &GuardedPlan, id: &AgreementId) -> bool {
    envelope.scope.as_ref().is_none_or(|scope| scope.concerns(id))
}

fn entries(plan: &Plan, cause: Cause) -> Vec<Entry<'_>> {
    plan.changes.iter().filter(|change| phrases::main_cause(change) == cause).map(Entry::of).collect()
}

/// What drifted, with what an apply does about it where it does nothing else.
fn drifted(plan: &Plan) -> Vec<Entry<'_>> {
    let changes = plan.changes.iter().filter(|change| phrases::main_cause(change) == Cause::Drift);
    let mut by_id: BTreeMap<&AgreementId, Entry<'_>> =
        changes.map(|change| (&change.id, Entry::of(change))).collect();
    for drift in &plan.drift {
        let entry = by_id.entry(&drift.id).or_insert_with(|| Entry {
            id: &drift.id,
            title: &drift.title,
            change: None,
            drifts: Vec::new(),
        });
        entry.drifts.push(drift);
    }
    by_id.into_values().collect()
}

/// Entries client by client, the most_severe first.
fn blocks(entries: Vec<Entry<'_>>) -> Vec<Block<'_>> {
    let mut by_client: BTreeMap<Option<&str>, Vec<Entry<'_>>> = BTreeMap::new();
    for entry in entries {
        let client = entry.change.and_then(|change| change.client.as_ref()).map(|client| client.as_str());
        by_client.entry(client).or_default().push(entry);
    }
    let mut blocks = Vec::new();
    for (client, mut entries) in by_client {
        entries.sort_by_key(|entry| (entry.severity(), entry.id));
        while !entries.is_empty() {
            let rest = entries.split_off(entries.len().min(TOGETHER));
            let severity = entries.first().map_or(ChangeSeverity::Changes, Entry::severity);
            blocks.push(Block { client, severity, entries });
            entries = rest;
        }
    }
    // Those without a client come last among their equals.
    blocks.sort_by_key(|block| (block.severity, block.client.is_none(), block.client));
    blocks
}
