//! The laws of a plan, over random repositories: an apply leaves nothing to do, and the order of input does not matter.

mod access;
mod adoption;
mod elsewhere;
mod guarded;
mod moved;
mod on_base;
mod overwritten;
mod prefix;
mod restricted;
mod unsent;

use litemap::LiteMap;
use proptest::prelude::*;

use super::{
    AppliedAgreement, Cause, Freshness, GuardName, LastApplied, Phase, Plan, Reason, Risk, Step, Verb,
    Weakened, apply_step, freshness, simulate,
};
use crate::agreement::sample::{agreement, day};
use crate::agreement::{Agreement, Coverage, PeriodEnd, Target, Targets};
use crate::calendar::{Instant, TargetTime, read_instant};
use crate::cases::sample_of;
use crate::catalog::{Catalog, CatalogEntry, ClientEntry};
use crate::check::Basis;
use crate::diagnostic::{Sources, Span};
use crate::envelope::GuardedPlan;
use crate::ident::{AgreementId, CalendarSlug, ClientSlug, LiveId, PriorityName, RecipientSlug, ServiceSlug};
use crate::live::{Directory, Live, ObjectKind, Observed, Value};
use crate::mapping::{Deactivation, Field, Mapping, RecipientMode, RecipientSide};
use crate::planner::{self, Origin, PlannerInput, Sides};
use crate::selection::AgreementSelection;
use crate::settings::{DeactivationGuard, Guards, Settings};

const CLIENTS: [&str; 4] = ["dent-mayak", "dent-profi", "severny-veter", "portovik"];
const SERVICES: [&str; 3] = ["email", "vpn", "workstations"];
const PRIORITIES: [&str; 2] = ["critical", "normal"];
const CALENDARS: [&str; 2] = ["office-9x5", "24x7"];

fn id(text: &str) -> AgreementId {
    AgreementId::new(text).expect("an id")
}

fn live_id(text: &str) -> LiveId {
    LiveId::new(text).expect("a live id")
}

fn at(text: &str) -> Instant {
    read_instant(text).expect("an instant")
}

fn entry(kind: &str, slug: &str) -> CatalogEntry {
    let span = Span::of_file(Sources::default().add("catalog.yaml", ""));
    CatalogEntry {
        title: slug.to_uppercase(),
        helpdesk: LiveId::new(&format!("{kind}${slug}")),
        elsewhere: LiteMap::new(),
        email: None,
        span,
    }
}

fn catalog() -> Catalog {
    let slugs = |list: &[&'static str]| list.to_vec();
    Catalog {
        clients: slugs(&CLIENTS)
            .into_iter()
            .map(|slug| {
                let client = ClientEntry {
                    entry: entry("ou", slug),
                    contacts: LiteMap::new(),
                    departments: LiteMap::new(),
                    lives_in: None,
                    zone: None,
                    language: None,
                };
                (ClientSlug::new(slug).expect("a slug"), client)
            })
            .collect(),
        services: slugs(&SERVICES)
            .into_iter()
            .map(|slug| (ServiceSlug::new(slug).expect("a slug"), entry("slmService", slug)))
            .collect(),
        priorities: slugs(&PRIORITIES)
            .into_iter()
            .map(|slug| (PriorityName::new(slug).expect("a slug"), entry("priority", slug)))
            .collect(),
        calendars: slugs(&CALENDARS)
            .into_iter()
            .map(|slug| (CalendarSlug::new(slug).expect("a slug"), entry("servicetime", slug)))
            .collect(),
        ..Catalog::default()
    }
}

fn directory() -> Directory {
    let mut directory = Directory::default();
    for (kind, prefix, slugs) in [
        (ObjectKind::Unit, "ou", &CLIENTS[..]),
        (ObjectKind::Service, "slmService", &SERVICES[..]),
        (ObjectKind::Priority, "priority", &PRIORITIES[..]),
        (ObjectKind::Calendar, "servicetime", &CALENDARS[..]),
    ] {
        for slug in slugs {
            directory.add(kind, live_id(&format!("{prefix}${slug}")), &slug.to_uppercase(), false);
        }
    }
    directory
}

fn empty() -> Live {
    Live { directory: directory(), ..Live::default() }
}

/// The settings of a mapping, with guards that never block: the laws here are about the whole difference.
fn settings(mapping: &Mapping) -> Settings {
    let mut settings = Basis::read(None, [], &[]).settings;
    settings.helpdesk.mapping = mapping.clone();
    settings.guards = Guards {
        deactivations: DeactivationGuard { more_than: usize::MAX, and_share_percent: 100 },
        weakened: usize::MAX,
        ended: usize::MAX,
        overwritten: usize::MAX,
        orphans: usize::MAX,
        vanished: usize::MAX,
    };
    settings
}

/// Plans as the program does.
fn planned(
    agreements: &[Agreement],
    live: &Live,
    settings: &Settings,
    instant: &str,
    prune: bool,
    last_applied: Option<&LastApplied>,
) -> (GuardedPlan, Sides) {
    // In a helpdesk that lost everything even one vanished agreement blocks creations.
    let acknowledged = [(GuardName::Vanished, [1].into())].into();
    let selection = AgreementSelection::default();
    let input = PlannerInput {
        everywhere: &[],
        agreements,
        catalog: &catalog(),
        settings,
        last_applied,
        instant: at(instant),
        prune,
        acknowledged: &acknowledged,
        selection: &selection,
        origin: Origin { commit: None, files: "", helpdesk: "sandbox" },
        sent: None,
        base: None,
    };
    planner::plan(&input, live.clone())
}

fn plan(agreements: &[Agreement], live: &Live, mapping: &Mapping, instant: &str, prune: bool) -> Plan {
    planned(agreements, live, &settings(mapping), instant, prune, None).0.plan
}

fn target(hours: u32) -> Target {
    Target {
        response: Some(TargetTime::Seconds(hours * 900)),
        resolution: Some(TargetTime::Seconds(hours * 3600)),
    }
}

fn with_targets(mut agreement: Agreement, hours: u32) -> Agreement {
    agreement.targets =
        [(PriorityName::new("critical").expect("a slug"), target(hours))].into_iter().collect();
    agreement
}

#[test]
fn a_new_agreement_is_created_hidden_filled_and_published_last() {
    let agreement = with_targets(agreement("a", "2026-01-01", "2026-12-31"), 4);
    let plan = plan(&[agreement], &empty(), &Mapping::default(), "2026-09-01T09:00:00Z", false);
    let [change] = &plan.changes[..] else { panic!("one change, not {}", plan.changes.len()) };
    assert_eq!((change.verb, change.phase), (Verb::Create, Phase::Gain));
    let [Step::Create { .. }, Step::PutRule { .. }, Step::Edit { fields, state: Some(state), .. }] =
        &change.steps[..]
    else {
        panic!("created, filled, published: {:?}", change.steps)
    };
    assert!(fields.is_empty());
    assert_eq!(state, "active");
}

#[test]
fn a_planned_agreement_is_left_in_the_state_it_is_created_in() {
    let plan = plan(
        &[agreement("a", "2027-01-01", "2027-12-31")],
        &empty(),
        &Mapping::default(),
        "2026-09-01T09:00:00Z",
        false,
    );
    assert!(matches!(&plan.changes[0].steps[..], [Step::Create { .. }]));
}

#[test]
fn an_agreement_that_is_over_and_absent_is_not_created() {
    let plan = plan(
        &[agreement("a", "2025-01-01", "2025-12-31")],
        &empty(),
        &Mapping::default(),
        "2026-09-01T09:00:00Z",
        false,
    );
    assert!(plan.is_empty());
    assert_eq!(plan.notes.len(), 1);
}

/// The helpdesk with an agreement until the end of August 2026, and that agreement after its successor.
fn renewed(mapping: &Mapping) -> (Live, [Agreement; 2]) {
    let old = agreement("a-2025", "2025-01-01", "2026-08-31");
    let before = plan(std::slice::from_ref(&old), &empty(), mapping, "2026-08-01T09:00:00Z", false);
    let mut new = agreement("a-2026", "2026-09-01", "2027-08-31");
    new.renews = Some(id("a-2025"));
    (simulate(&before, &empty(), mapping), [new, old])
}

#[test]
fn deactivation_withdraws_first_and_waits_for_the_successor() {
    let mapping = Mapping::default();
    let (live, renewed) = renewed(&mapping);
    let plan = plan(&renewed, &live, &mapping, "2026-09-01T09:00:00Z", false);
    let order: Vec<_> = plan.changes.iter().map(|change| (change.id.as_str(), change.phase)).collect();
    assert_eq!(order, [("a-2026", Phase::Gain), ("a-2025", Phase::Loss)]);
    assert_eq!(plan.changes[1].after, [id("a-2026")]);
}

#[test]
fn a_successor_that_cannot_be_published_keeps_its_predecessor_open() {
    let mapping = Mapping::default();
    let old = agreement("a-2025", "2025-01-01", "2026-08-31");
    let before = plan(std::slice::from_ref(&old), &empty(), &mapping, "2026-08-01T09:00:00Z", false);
    let live = simulate(&before, &empty(), &mapping);
    let mut new = agreement("a-2026", "2026-09-01", "2027-08-31");
    new.renews = Some(id("a-2025"));
    new.services.insert(ServiceSlug::new("unheard-of").expect("a slug"), Coverage::default());
    let plan = plan(&[new, old], &live, &mapping, "2026-09-01T09:00:00Z", false);
    assert!(plan.is_empty());
    assert!(
        plan.blocked.iter().any(|held| held.id == id("a-2025") && held.reason == Reason::Waits(id("a-2026")))
    );
}

#[test]
fn weakened_commitments_are_listed() {
    let mapping = Mapping::default();
    let mut old = with_targets(agreement("a", "2026-01-01", "2026-12-31"), 4);
    old.services.insert(ServiceSlug::new("vpn").expect("a slug"), Coverage::default());
    let live = simulate(&plan(&[old], &empty(), &mapping, "2026-09-01T09:00:00Z", false), &empty(), &mapping);
    let new = with_targets(agreement("a", "2026-01-01", "2026-10-31"), 8);
    let plan = plan(&[new], &live, &mapping, "2026-09-01T09:00:00Z", false);
    let weakened = plan.changes[0].weakened();
    assert!(weakened.contains(&Weakened::Service(live_id("slmService$vpn"))), "{weakened:?}");
    assert!(weakened.iter().any(|one| matches!(one, Weakened::Target { key, .. } if key.service.is_none())));
    assert!(plan.changes[0].risks.contains(&Risk::Shortens));
    assert!(!plan.changes[0].deactivates());
}

/// The weakened commitments of an edit, on the first of September.
fn weakened_by(old: Agreement, new: Agreement) -> Vec<Weakened> {
    let (mapping, now) = (Mapping::default(), "2026-09-01T09:00:00Z");
    let live = simulate(&plan(&[old], &empty(), &mapping, now, false), &empty(), &mapping);
    plan(&[new], &live, &mapping, now, false).changes[0].weakened().to_vec()
}

#[test]
fn a_dropped_override_is_compared_with_what_comes_into_effect() {
    let email = ServiceSlug::new("email").expect("a slug");
    let mut general = with_targets(agreement("a", "2026-01-01", "2026-12-31"), 4);
    general.calendar = CalendarSlug::new("office-9x5");
    let mut special = general.clone();
    let own = Coverage { calendar: CalendarSlug::new("24x7"), ..Coverage::default() };
    special.services.insert(email.clone(), own);
    let [Weakened::Target { before, after: Some(after), .. }] = &weakened_by(special, general.clone())[..]
    else {
        panic!("the hours alone")
    };
    assert_eq!((before.response, before.resolution), (after.response, after.resolution));
    assert_eq!(before.calendar, Some(live_id("servicetime$24x7")));
    assert_eq!(after.calendar, Some(live_id("servicetime$office-9x5")));
    // Hours of its own that are those of the agreement change nothing.
    let mut same = general.clone();
    let own =
        Coverage { calendar: CalendarSlug::new("office-9x5"), targets: Targets::clone(&general.targets) };
    same.services.insert(email, own);
    assert_eq!(weakened_by(general, same), []);
}

#[test]
fn whoever_loses_access_is_named() {
    let recipients = |slugs: &[&str]| {
        let mut agreement = with_targets(agreement("a", "2026-01-01", "2026-12-31"), 4);
        agreement.recipients = slugs.iter().map(|slug| RecipientSlug::new(slug).expect("a slug")).collect();
        agreement.is_for_whole_client = false;
        agreement
    };
    let both = || recipients(&["dent-mayak", "dent-profi"]);
    let profi = || recipients(&["dent-profi"]);
    // `dent-mayak` is the client, so that the other one is no part of it.
    let (mayak_unit, profi_unit) = (live_id("ou$dent-mayak"), live_id("ou$dent-profi"));
    assert_eq!(weakened_by(both(), profi()), [Weakened::Recipient(mayak_unit.clone())]);
    assert_eq!(weakened_by(profi(), both()), []);
    let moved = Weakened::Client { before: profi_unit, after: mayak_unit };
    assert_eq!(weakened_by(profi(), recipients(&["dent-mayak"])), [moved]);
}

#[test]
fn a_half_created_agreement_commits_to_nothing_yet() {
    let mapping = Mapping::default();
    let instant = "2026-09-01T09:00:00Z";
    let mut agreement = with_targets(agreement("a", "2026-01-01", "2026-12-31"), 4);
    let calendar = CalendarSlug::new("office-9x5").expect("a slug");
    let slower = [(PriorityName::new("critical").expect("a slug"), target(9))].into_iter().collect();
    agreement.services.insert(
        ServiceSlug::new("vpn").expect("a slug"),
        Coverage { calendar: Some(calendar), targets: slower },
    );
    let first = plan(std::slice::from_ref(&agreement), &empty(), &mapping, instant, false);
    let change = &first.changes[0];
    let mut live = empty();
    for step in &change.steps[..change.steps.len() - 1] {
        apply_step(change, step, &mut live, &mapping);
        let next = plan(std::slice::from_ref(&agreement), &live, &mapping, instant, false);
        assert_eq!(next.changes[0].weakened(), [], "after {step:?}");
    }
}

#[test]
fn round_the_clock_is_never_weaker() {
    let mapping = Mapping::default();
    let calendar = |slug: &str| Some(CalendarSlug::new(slug).expect("a slug"));
    let mut old = agreement("a", "2026-01-01", "2026-12-31");
    old.calendar = calendar("office-9x5");
    let mut new = old.clone();
    new.calendar = calendar("24x7");
    for (before, after, less) in [(&old, &new, false), (&new, &old, true)] {
        let first = plan(std::slice::from_ref(before), &empty(), &mapping, "2026-09-01T09:00:00Z", false);
        let live = simulate(&first, &empty(), &mapping);
        let plan = plan(std::slice::from_ref(after), &live, &mapping, "2026-09-01T09:00:00Z", false);
        assert_eq!(!plan.changes[0].weakened().is_empty(), less);
    }
}

#[test]
fn orphans_are_blocked_unless_prune_is_requested_and_then_shown_no_more() {
    let mapping = Mapping::default();
    let gone = agreement("gone", "2026-01-01", "2026-12-31");
    let kept = agreement("kept", "2026-01-01", "2026-12-31");
    let instant = "2026-09-01T09:00:00Z";
    let live = simulate(&plan(&[gone, kept.clone()], &empty(), &mapping, instant, false), &empty(), &mapping);
    let kept = [kept];
    let without = plan(&kept, &live, &mapping, instant, false);
    assert!(without.is_empty());
    assert!(matches!(without.blocked[0].reason, Reason::Orphan { .. }));
    let with = plan(&kept, &live, &mapping, instant, true);
    assert_eq!(with.changes[0].verb, Verb::Retire);
    let retired = simulate(&with, &live, &mapping);
    for prune in [false, true] {
        let after = plan(&kept, &retired, &mapping, instant, prune);
        assert!(after.is_empty() && after.blocked.is_empty());
    }
}

#[test]
fn a_rename_neither_ends_nor_creates() {
    let mapping = Mapping::default();
    let instant = "2026-09-01T09:00:00Z";
    let old = agreement("old", "2026-01-01", "2026-12-31");
    let live = simulate(&plan(&[old], &empty(), &mapping, instant, false), &empty(), &mapping);
    let mut new = agreement("new", "2026-01-01", "2026-12-31");
    new.formerly = vec![id("old")];
    let new = [new];
    let renaming = plan(&new, &live, &mapping, instant, true);
    assert!(
        matches!(&renaming.changes[..], [change] if change.verb == Verb::Update && change.fields.is_empty())
    );
    let after = simulate(&renaming, &live, &mapping);
    assert!(after.agreements.contains_key("new") && !after.agreements.contains_key("old"));
    assert!(plan(&new, &after, &mapping, instant, true).is_empty());
}

#[test]
fn an_unreadable_object_blocks_its_own_agreement_only() {
    let mapping = Mapping::default();
    let mut live = empty();
    live.agreements.insert(id("a"), Observed::Unknown("endDate is not a date".to_owned()));
    let agreements = [agreement("a", "2026-01-01", "2026-12-31"), agreement("b", "2026-01-01", "2026-12-31")];
    let plan = plan(&agreements, &live, &mapping, "2026-09-01T09:00:00Z", true);
    assert_eq!(plan.changes.iter().map(|change| change.id.as_str()).collect::<Vec<_>>(), ["b"]);
    assert!(matches!(plan.blocked[0].reason, Reason::Unreadable(_)));
}

/// Agreements may share the object that holds their targets, so that another change may write some of them first.
#[test]
fn an_object_that_moved_only_toward_the_plan_is_not_stale() {
    let mut mapping = Mapping { rules: None, business_day: Some(8 * 3600), ..Mapping::default() };
    mapping.attributes.insert(Field::Targets, "services".to_owned());
    let is_on = |hours| {
        let mut agreement = agreement("a", "2026-01-01", "2026-12-31");
        agreement.targets = PRIORITIES
            .map(|name| (PriorityName::new(name).expect("a slug"), target(hours)))
            .into_iter()
            .collect();
        agreement
    };
    let instant = "2026-09-01T09:00:00Z";
    let live = simulate(&plan(&[is_on(4)], &empty(), &mapping, instant, false), &empty(), &mapping);
    let change = plan(&[is_on(8)], &live, &mapping, instant, false).changes.remove(0);
    let Observed::Present(before) = live.agreements["a"].clone() else { panic!("it is there") };
    assert_eq!(freshness(&change, &before), Freshness::Pending);

    let Value::Targets(wanted) = &change.fields[0].after else { panic!("{:?}", change.fields) };
    assert!(wanted.len() > 1, "each priority has one");
    let mut held = before.clone();
    let Some(Value::Targets(targets)) = held.record.fields.get_mut(&Field::Targets) else { panic!("it has") };
    for (count, (key, promise)) in wanted.iter().enumerate() {
        targets.insert(key.clone(), promise.clone());
        let all = count + 1 == wanted.len();
        let mut now = before.clone();
        now.record.fields.insert(Field::Targets, Value::Targets(targets.clone()));
        assert_eq!(
            freshness(&change, &now),
            if all { Freshness::AlreadyApplied } else { Freshness::Pending }
        );
        now.record.fields.insert(Field::Title, Value::text("by hand"));
        assert_eq!(freshness(&change, &now), Freshness::Conflict, "somebody was here too");
    }
    let neither = plan(&[is_on(2)], &live, &mapping, instant, false).changes.remove(0);
    let mut other = before.clone();
    other.record.fields.insert(Field::Targets, neither.fields[0].after.clone());
    assert_eq!(freshness(&change, &other), Freshness::Conflict);
}

#[test]
fn a_plan_survives_its_own_json() {
    let agreement = with_targets(agreement("a", "2026-01-01", "2026-12-31"), 4);
    let plan = plan(&[agreement], &empty(), &Mapping::default(), "2026-09-01T09:00:00Z", false);
    let json = serde_json::to_string(&plan).expect("a plan is JSON");
    assert_eq!(serde_json::from_str::<Plan>(&json).expect("its own JSON"), plan);
}

/// The live and the last-applied state after an apply of these agreements at an instant.
fn applied(agreements: &[Agreement], mapping: &Mapping, instant: &str) -> (Live, LastApplied) {
    let (guarded, sides) = planned(agreements, &empty(), &settings(mapping), instant, false, None);
    let live = simulate(&guarded.plan, &empty(), mapping);
    let entries = sides
        .desired
        .agreements
        .iter()
        .map(|(id, agreement)| (id.clone(), AppliedAgreement::after(agreement, at(instant))));
    (live, LastApplied { agreements: entries.collect(), ..LastApplied::default() })
}

fn with_causes(agreements: &[Agreement], live: &Live, last_applied: &LastApplied, instant: &str) -> Plan {
    let settings = settings(&Mapping::default());
    planned(agreements, live, &settings, instant, false, Some(last_applied)).0.plan
}

#[test]
fn an_edit_the_date_and_drift_on_one_agreement_are_distinguished() {
    let mapping = Mapping::default();
    let then = agreement("a", "2026-01-01", "2026-12-31");
    let (mut live, last_applied) = applied(std::slice::from_ref(&then), &mapping, "2026-09-01T09:00:00Z");
    let Some(Observed::Present(found)) = live.agreements.get_mut("a") else { panic!("it was applied") };
    found.record.fields.insert(Field::Title, Value::text("changed by hand"));
    let mut now = then;
    now.number = Some("ДО-1".to_owned());
    let plan = with_causes(&[now], &live, &last_applied, "2027-01-01T09:00:00Z");
    let causes: Vec<_> =
        plan.changes[0].fields.iter().map(|field| (field.field.clone(), field.cause)).collect();
    assert_eq!(causes, [(Field::Title, Some(Cause::Drift)), (Field::Number, Some(Cause::Edit))]);
    assert_eq!(plan.changes[0].state.as_ref().expect("it is over").cause, Some(Cause::Date));
}

#[test]
fn a_new_document_is_an_edit_and_a_lost_object_is_drift() {
    let mapping = Mapping::default();
    let known = agreement("known", "2026-01-01", "2026-12-31");
    let (mut live, last_applied) = applied(std::slice::from_ref(&known), &mapping, "2026-09-01T09:00:00Z");
    live.agreements.clear();
    let agreements = [known, agreement("new", "2026-01-01", "2026-12-31")];
    let plan = with_causes(&agreements, &live, &last_applied, "2026-09-02T09:00:00Z");
    let causes: Vec<_> = plan.changes.iter().map(|change| change.fields[0].cause).collect();
    assert_eq!(causes, [Some(Cause::Drift), Some(Cause::Edit)]);
}

#[test]
fn a_date_that_was_edited_is_an_edit_even_when_time_went_by() {
    let mapping = Mapping::default();
    let then = agreement("a", "2026-01-01", "2026-12-31");
    let (live, last_applied) = applied(std::slice::from_ref(&then), &mapping, "2026-09-01T09:00:00Z");
    let now = agreement("a", "2026-01-01", "2026-08-31");
    let plan = with_causes(&[now], &live, &last_applied, "2026-09-02T09:00:00Z");
    assert_eq!(plan.changes[0].state.as_ref().expect("it ended").cause, Some(Cause::Edit));
}

prop_compose! {
    fn any_agreement(number: usize)(
        client in 0..CLIENTS.len(),
        others in proptest::collection::btree_set(0..CLIENTS.len(), 0..2),
        services in proptest::collection::btree_map(0..SERVICES.len(), (any::<bool>(), proptest::option::of(1_u32..9)), 1..3),
        first in 0_i64..900,
        length in 1_i64..900,
        open in any::<bool>(),
        targets in proptest::collection::btree_map(0..PRIORITIES.len(), 1_u32..9, 0..3),
        calendar in proptest::option::of(0..CALENDARS.len()),
        named in proptest::option::of("[a-zа-я ]{0,12}"),
    ) -> Agreement {
        let plus = |days: i64| day("2025-01-01").checked_add(jiff::Span::new().days(days)).expect("in range");
        let mut agreement = agreement(&format!("a{number}"), "2026-01-01", "2026-12-31");
        agreement.client = ClientSlug::new(CLIENTS[client]).expect("a slug");
        agreement.recipients = others.into_iter().chain([client])
            .map(|index| RecipientSlug::new(CLIENTS[index]).expect("a slug")).collect();
        agreement.period.first_day = Some(plus(first));
        agreement.period.end = if open { PeriodEnd::Open } else { PeriodEnd::LastDay(plus(first + length)) };
        agreement.number = named;
        let calendar_of = |index: usize| CalendarSlug::new(CALENDARS[index]).expect("a slug");
        agreement.calendar = calendar.map(calendar_of);
        let priority = |index: usize| PriorityName::new(PRIORITIES[index]).expect("a slug");
        agreement.targets = targets.into_iter().map(|(index, hours)| (priority(index), target(hours))).collect();
        agreement.services = services.into_iter().map(|(index, (own_hours, own_target))| {
            let coverage = Coverage {
                calendar: own_hours.then(|| calendar_of(1)),
                targets: own_target.map(|hours| (priority(0), target(hours))).into_iter().collect(),
            };
            (ServiceSlug::new(SERVICES[index]).expect("a slug"), coverage)
        }).collect();
        agreement
    }
}

fn any_repository() -> impl Strategy<Value = Vec<Agreement>> {
    (0_usize..6).prop_flat_map(|count| (0..count).map(any_agreement).collect::<Vec<_>>())
}

fn any_mapping() -> impl Strategy<Value = Mapping> {
    (0..4_usize, any::<bool>(), any::<bool>(), any::<bool>(), 0..3_usize).prop_map(
        |(deactivate, own_edit, on_recipient, additive, targets)| {
            let strategies =
                [Deactivation::State, Deactivation::Detach, Deactivation::Archive, Deactivation::Withdraw];
            let mut mapping = Mapping { deactivate: strategies[deactivate], ..Mapping::default() };
            mapping.state_in_own_edit = own_edit;
            mapping.recipients.side =
                if on_recipient { RecipientSide::Recipient } else { RecipientSide::Agreement };
            mapping.recipients.mode =
                if additive { RecipientMode::Additive } else { RecipientMode::Authoritative };
            if targets > 0 || mapping.deactivate == Deactivation::Withdraw {
                mapping.rules = None;
            }
            if targets == 2 {
                mapping.attributes.insert(Field::Targets, "services".to_owned());
                mapping.business_day = Some(8 * 3600);
            }
            mapping
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: sample_of(200, 1000), ..ProptestConfig::default() })]

    #[test]
    fn the_plan_after_an_apply_is_empty(
        mapping in any_mapping(),
        then in any_repository(),
        now in any_repository(),
        prune in any::<bool>(),
    ) {
        let first = plan(&then, &empty(), &mapping, "2026-03-01T09:00:00Z", prune);
        let live = simulate(&first, &empty(), &mapping);
        prop_assert!(plan(&then, &live, &mapping, "2026-03-01T09:00:00Z", prune).is_empty());
        let second = plan(&now, &live, &mapping, "2026-09-01T09:00:00Z", prune);
        let live = simulate(&second, &live, &mapping);
        let third = plan(&now, &live, &mapping, "2026-09-01T09:00:00Z", prune);
        prop_assert!(third.is_empty(), "{:#?}", third.changes);
    }

    #[test]
    fn an_applied_change_is_not_stale_and_a_pending_one_is_not_applied(
        mapping in any_mapping(),
        then in any_repository(),
        now in any_repository(),
    ) {
        let live = simulate(&plan(&then, &empty(), &mapping, "2026-03-01T09:00:00Z", false), &empty(), &mapping);
        let second = plan(&now, &live, &mapping, "2026-09-01T09:00:00Z", false);
        let after = simulate(&second, &live, &mapping);
        for change in second.changes.iter().filter(|change| change.before.is_some()) {
            let found = |live: &Live| match &live.agreements[&change.id] {
                Observed::Present(found) => found.clone(),
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(freshness(change, &found(&live)), Freshness::Pending);
            let has_only_edits = change.steps.iter().all(|step| matches!(step, Step::Edit { .. }));
            let done = if has_only_edits { Freshness::AlreadyApplied } else { Freshness::Conflict };
            prop_assert_eq!(freshness(change, &found(&after)), done);
        }
    }

    #[test]
    fn the_order_of_input_does_not_matter(agreements in any_repository(), seed in any::<u64>()) {
        let mapping = Mapping::default();
        let mut shuffled = agreements.clone();
        let count = shuffled.len().max(1);
        shuffled.rotate_left(usize::try_from(seed % 7).expect("small") % count);
        if seed % 2 == 0 {
            shuffled.reverse();
        }
        let instant = "2026-09-01T09:00:00Z";
        let bytes = |agreements: &[Agreement]| {
            serde_json::to_vec(&plan(agreements, &empty(), &mapping, instant, false)).expect("a plan is JSON")
        };
        prop_assert_eq!(bytes(&agreements), bytes(&shuffled));
    }
}
