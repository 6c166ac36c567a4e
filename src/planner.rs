//! The planner: one pure function from both sides, desired and live, to a guarded plan.
//!
//! It is the only place that composes the stages: project the files, diff, assign causes, apply the drift policy, guard,
//! announce. The program, the laws that tests prove and the benchmark all call it.

mod reviewed;

use std::collections::{BTreeMap, BTreeSet};

use crate::agreement::{Agreement, whole};
use crate::calendar::{Instant, ZONE_DATA};
use crate::catalog::Catalog;
use crate::desired::{Desired, desired};
use crate::envelope::GuardedPlan;
use crate::guard::{Acknowledged, guard, limits, split};
use crate::ident::{AgreementId, ClientSlug};
use crate::live::{Directory, Live, ObjectKind, Record};
use crate::notice::{
    AnnouncedNotice, Channel, PlannedFiles, SentNotices, announced_at_most, announced_by, counted,
};
use crate::outcome::ChangeResult;
use crate::plan::scope::Scope;
use crate::plan::{
    DiffContext, Drift, DriftPart, Header, LastApplied, Plan, Verb, assign_causes, diff, keep_drift, restrict,
};
use crate::selection::AgreementSelection;
use crate::settings::{DriftPolicy, Settings};
use crate::status::State;

/// Everything that a plan is made from, besides the live state.
#[derive(Clone, Copy, Debug)]
pub struct PlannerInput<'a> {
    /// The agreements of the files, checked.
    pub agreements: &'a [Agreement],
    /// The agreements of all helpdesks of the repository; empty if there is one.
    pub everywhere: &'a [Agreement],
    /// The catalog that their slugs refer to.
    pub catalog: &'a Catalog,
    /// The mapping, the guards and the drift policy.
    pub settings: &'a Settings,
    /// The last-applied state; without it no cause is claimed.
    pub last_applied: Option<&'a LastApplied>,
    /// The one instant of the run.
    pub instant: Instant,
    /// Whether agreements whose document is gone are retired.
    pub prune: bool,
    /// The numbers that were acknowledged, by guard.
    pub acknowledged: &'a Acknowledged,
    /// The agreements that the plan is restricted to.
    pub selection: &'a AgreementSelection,
    /// Where the two sides come from.
    pub origin: Origin<'a>,
    /// The notices that the ledger has recorded; without them, those about the changes are announced as an upper bound.
    pub sent: Option<SentNotices<'a>>,
    /// The base of the pull request that the plan is made for.
    pub base: Option<Base<'a>>,
}

/// The base of a pull request.
#[derive(Clone, Copy, Debug)]
pub struct Base<'a> {
    /// Its agreements.
    pub agreements: &'a [Agreement],
    /// Those of all helpdesks; empty if there is one.
    pub everywhere: &'a [Agreement],
    /// Its catalog.
    pub catalog: &'a Catalog,
    /// The difference to it.
    pub scope: &'a Scope,
}

/// Where the two sides of a plan come from, for its header.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The commit of the files, where they are in a repository.
    pub commit: Option<&'a str>,
    /// The digest of all files that were read.
    pub files: &'a str,
    /// The helpdesk, without any secret.
    pub helpdesk: &'a str,
}

/// The two sides that a plan was made from.
#[derive(Clone, Debug)]
pub struct Sides {
    /// The desired state.
    pub desired: Desired,
    /// The live state, without the names of people.
    pub live: Live,
}

/// Makes the guarded plan, and returns both sides for the stages that follow an apply.
///
/// Names of people are removed from the live state first, so that no plan contains them. For a pull request, its base is
/// planned too, to tell apart what each of them brings about.
pub fn plan(input: &PlannerInput<'_>, live: Live) -> (GuardedPlan, Sides) {
    let Some(Base { agreements, everywhere, catalog, scope }) = input.base else {
        let (guarded, sides) = guarded(input, live);
        return (announce(guarded, input, &BTreeSet::new()), sides);
    };
    let of_base = PlannerInput { agreements, everywhere, catalog, base: None, ..*input };
    let before = guarded(&of_base, live.clone()).0;
    let (guarded, sides) = guarded(input, live);
    let guarded = announce(guarded, input, &announced(&before, &of_base));
    (guarded.for_pull_request(scope.clone(), &before), sides)
}

fn guarded(input: &PlannerInput<'_>, live: Live) -> (GuardedPlan, Sides) {
    let live = live.without_people();
    let Proposal { plan: mut proposed, desired, compared } = propose(input, &live);
    let settings = input.settings;
    let mapping = &settings.helpdesk.mapping;
    let guards = limits(&proposed, &settings.guards);
    if !input.selection.is_everything() {
        let scope = input.selection.scope(whole(input.agreements, input.everywhere), input.instant);
        restrict(&mut proposed, &desired, &live, |id| scope.contains(id), mapping.states.get(&State::Active));
    }
    let (mut plan, awaiting) = guard(proposed.clone(), &guards, input.acknowledged, mapping);
    let split = split::dated_in_part(&proposed, &plan);
    if !split.is_empty() {
        let mut dated = compared.unwrap_or_else(|| desired.clone());
        split::keep_what_waits(&mut dated, &proposed, &split, mapping);
        let dated = diff(&dated, &live, context(input, &header(input)));
        split::add_dated(&mut plan, &mut proposed, dated, &split, mapping);
    }
    let mut guarded = GuardedPlan::new(&proposed, plan, awaiting);
    name_by_catalog(&mut guarded, input.catalog, &live.directory);
    (guarded, Sides { desired, live })
}

/// Adds the titles of clients, and names each manager of the catalog by the slug, which the reader knows from the files.
fn name_by_catalog(guarded: &mut GuardedPlan, catalog: &Catalog, directory: &Directory) {
    let clients: BTreeSet<&ClientSlug> =
        guarded.all_changes().filter_map(|change| change.client.as_ref()).collect();
    let titled = clients.into_iter().filter_map(|slug| {
        let client = catalog.clients.get(slug)?;
        Some((slug.clone(), client.entry.title.clone()))
    });
    guarded.plan.clients = titled.collect();
    for (slug, manager) in &catalog.managers {
        let found = match &manager.helpdesk {
            Some(id) => Some(id),
            None => match directory.titled(ObjectKind::Person, &manager.title) {
                [id] => Some(id),
                _ => None,
            },
        };
        if let Some(name) = found.and_then(|id| guarded.plan.names.get_mut(id)) {
            slug.as_str().clone_into(name);
        }
    }
}

/// Adds the notices, and compares them with those that are announced on the base of a pull request. Without a channel, the
/// mails that would be sent are only noted.
fn announce(guarded: GuardedPlan, input: &PlannerInput<'_>, base: &BTreeSet<AnnouncedNotice>) -> GuardedPlan {
    let announced = announced(&guarded, input);
    if Channel::configured(input.settings).is_empty() {
        return guarded.not_announcing(announced.len());
    }
    guarded.announcing(counted(&announced, base), input.sent.is_none())
}

fn announced(guarded: &GuardedPlan, input: &PlannerInput<'_>) -> BTreeSet<AnnouncedNotice> {
    let PlannerInput { agreements, everywhere, catalog, settings, .. } = *input;
    let mut channels = Channel::configured(settings);
    if channels.is_empty() {
        channels.push(Channel::Mail);
    }
    let files = PlannedFiles { agreements, everywhere, catalog, settings, channels: &channels };
    let mut announced = match input.sent {
        Some(sent) => announced_by(&guarded.plan, &guarded.guarded_changes, files, sent),
        None => announced_at_most(&guarded.plan, files),
    };
    if !input.selection.is_everything() {
        let scope = input.selection.scope(whole(agreements, everywhere), input.instant);
        announced.retain(|notice| scope.contains(notice.agreement()));
    }
    announced
}

/// Plans anew, keeps what a reviewed plan permits, and returns the results of those of its changes that are left out.
pub fn plan_reviewed(
    input: &PlannerInput<'_>,
    live: Live,
    reviewed: &Plan,
) -> (GuardedPlan, Sides, BTreeMap<AgreementId, ChangeResult>) {
    let (mut guarded, sides) = guarded(input, live);
    let left_out = reviewed::keep_reviewed(&mut guarded, &reviewed.changes, &sides.live);
    guarded.plan.count(input.settings.helpdesk.mapping.states.get(&State::Active));
    (announce(guarded, input, &BTreeSet::new()), sides, left_out)
}

/// The plan before any guard.
struct Proposal {
    plan: Plan,
    desired: Desired,
    /// The desired state that the plan was made from, where it keeps drift.
    compared: Option<Desired>,
}

fn context<'a>(input: &PlannerInput<'a>, header: &Header) -> DiffContext<'a> {
    let mapping = &input.settings.helpdesk.mapping;
    let helpdesk = input.settings.helpdesk.name.as_ref();
    DiffContext {
        header: header.clone(),
        mapping,
        prune: input.prune,
        everywhere: input.everywhere,
        helpdesk,
    }
}

/// The desired state of agreements at an instant.
fn projected<'a>(
    agreements: impl IntoIterator<Item = &'a Agreement>,
    input: &PlannerInput<'_>,
    live: &Live,
    instant: Instant,
) -> Desired {
    desired(agreements, input.catalog, &input.settings.helpdesk.mapping, &live.directory, instant)
}

/// Makes the plan before any guard.
fn propose(input: &PlannerInput<'_>, live: &Live) -> Proposal {
    let header = header(input);
    let diff_of = |desired: &Desired| diff(desired, live, context(input, &header));
    let desired = projected(input.agreements, input, live, input.instant);
    let mut plan = diff_of(&desired);
    let Some(last_applied) = input.last_applied.filter(|_| !plan.is_empty()) else {
        return Proposal { plan, desired, compared: None };
    };
    // Most plans change few agreements.
    let changed: BTreeSet<AgreementId> = plan.changes.iter().map(|change| change.id.clone()).collect();
    // What ended by its date after it moved would have ended here too.
    let ended = plan.changes.iter().filter(|change| change.verb == Verb::Move && change.elsewhere.is_none());
    let ended: BTreeSet<AgreementId> = ended.map(|change| change.id.clone()).collect();
    let ended = input.everywhere.iter().filter(|agreement| ended.contains(&agreement.id));
    let records = records_by_instant(last_applied, |instant| {
        let asked = input.agreements.iter().filter(|agreement| changed.contains(&agreement.id));
        projected(asked.chain(ended.clone()), input, live, instant)
    });
    let then = |id: &AgreementId, instant: Instant| records.get(&instant)?.get(id).cloned();
    assign_causes(&mut plan, last_applied, then);
    let mut kept = kept_drift(&plan.drift, &input.settings.helpdesk.drift);
    let mut compared = None;
    if !kept.is_empty() {
        let mut adjusted = desired.clone();
        keep_drift(&mut adjusted, &kept);
        plan = diff_of(&adjusted);
        assign_causes(&mut plan, last_applied, then);
        plan.drift.append(&mut kept);
        plan.drift.sort_by(|left, right| (&left.id, &left.part).cmp(&(&right.id, &right.part)));
        compared = Some(adjusted);
    }
    Proposal { plan, desired, compared }
}

fn header(input: &PlannerInput<'_>) -> Header {
    Header {
        as_of: input.instant,
        zone: input.settings.zone.name().to_owned(),
        zone_data: ZONE_DATA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: input.origin.commit.map(str::to_owned),
        files: input.origin.files.to_owned(),
        helpdesk: input.origin.helpdesk.to_owned(),
        key_prefix: input.settings.helpdesk.mapping.key.prefix.clone(),
        language: input.settings.language,
        selection: input.selection.clone(),
    }
}

/// The drift that the policy says to report and not to correct.
fn kept_drift(drift: &[Drift], policy: &DriftPolicy) -> Vec<Drift> {
    if !policy.leaves_anything() {
        return Vec::new();
    }
    let is_kept = |drift: &&Drift| match &drift.part {
        DriftPart::State => policy.leaves_state(),
        DriftPart::Field(field) => policy.leaves_field(field),
    };
    drift.iter().filter(is_kept).map(|drift| Drift { is_corrected: false, ..drift.clone() }).collect()
}

/// Projects the files of today at each instant of the last-applied state: one, unless applies failed in part.
fn records_by_instant(
    last_applied: &LastApplied,
    desired_at: impl Fn(Instant) -> Desired,
) -> BTreeMap<Instant, BTreeMap<AgreementId, Record>> {
    let mut records = BTreeMap::new();
    for applied in last_applied.agreements.values() {
        records.entry(applied.as_of).or_insert_with(|| {
            let agreements = desired_at(applied.as_of).agreements;
            agreements.into_iter().map(|(id, agreement)| (id, agreement.record)).collect()
        });
    }
    records
}
