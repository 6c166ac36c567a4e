use std::collections::BTreeMap;

use super::{Acknowledged, Acknowledgements, acknowledged_in, guard, limits, read_acknowledgement, sums};
use crate::calendar::{read_day, read_instant};
use crate::ident::{AgreementId, HelpdeskName, LiveId};
use crate::live::Value;
use crate::mapping::{Field, Mapping};
use crate::plan::{
    AgreementHours, Cause, Change, FORMAT, FieldChange, GuardName, Header, Phase, Plan, Reason, Risk,
    StateChange, Totals, Verb, Weakened,
};
use crate::settings::{DeactivationGuard, Guards};
use crate::status::State;

fn change(id: &str, risks: Vec<Risk>, cause: Option<Cause>) -> Change {
    Change {
        id: AgreementId::new(id).expect("an id"),
        verb: if risks.contains(&Risk::Retires) { Verb::Retire } else { Verb::Update },
        client: None,
        title: id.to_owned(),
        object: LiveId::new("agreement$1"),
        status: None,
        because: None,
        state: Some(StateChange { before: Some("active".to_owned()), after: "inactive".to_owned(), cause }),
        fields: Vec::new(),
        hours: AgreementHours::default(),
        ownership_key: None,
        phase: if risks.contains(&Risk::Deactivates) { Phase::Loss } else { Phase::Gain },
        after: Vec::new(),
        elsewhere: None,
        risks,
        before: None,
        steps: Vec::new(),
    }
}

fn plan(changes: Vec<Change>, live_active: usize) -> Plan {
    Plan {
        format: FORMAT,
        header: Header {
            as_of: read_instant("2026-09-01T09:00:00Z").expect("an instant"),
            zone: "UTC".to_owned(),
            zone_data: String::new(),
            version: String::new(),
            commit: None,
            files: String::new(),
            helpdesk: String::new(),
            key_prefix: String::new(),
            language: crate::settings::Language::English,
            selection: crate::selection::AgreementSelection::default(),
        },
        changes,
        drift: Vec::new(),
        blocked: Vec::new(),
        notes: Vec::new(),
        totals: Totals { live_active, ..Totals::default() },
        names: BTreeMap::new(),
        clients: BTreeMap::new(),
    }
}

fn deactivations(count: usize, cause: Option<Cause>) -> Vec<Change> {
    (0..count).map(|number| change(&format!("a{number}"), vec![Risk::Deactivates], cause)).collect()
}

fn weakening(id: &str) -> Change {
    let service = LiveId::new("slmService$1").expect("a live id");
    change(
        id,
        vec![Risk::Weakens(vec![Weakened::Service(service), Weakened::Calendar(AgreementHours::default())])],
        None,
    )
}

fn passes(plan: Plan, acknowledged: &Acknowledged) -> (usize, Vec<(GuardName, usize)>) {
    let limits = limits(&plan, &Guards::default());
    let (plan, held) = guard(plan, &limits, acknowledged, &Mapping::default());
    (plan.changes.len(), held.into_iter().map(|held| (held.guard, held.count)).collect())
}

#[test]
fn deactivations_are_blocked_beyond_both_the_number_and_the_share() {
    let none = Acknowledged::new();
    assert_eq!(passes(plan(deactivations(5, None), 10), &none), (5, vec![]));
    assert_eq!(passes(plan(deactivations(6, None), 10), &none), (0, vec![(GuardName::Deactivations, 6)]));
    assert_eq!(passes(plan(deactivations(6, None), 60), &none), (6, vec![]));
    assert_eq!(passes(plan(deactivations(7, None), 60), &none).0, 0);
}

#[test]
fn deactivations_by_date_are_not_counted() {
    let changes = deactivations(100, Some(Cause::Date));
    assert_eq!(passes(plan(changes, 100), &Acknowledged::new()), (100, vec![]));
}

#[test]
fn only_the_exact_number_goes_through() {
    for (given, passing) in [(6, 6), (5, 0), (7, 0)] {
        let acknowledged = [(GuardName::Deactivations, [given].into())].into();
        assert_eq!(passes(plan(deactivations(6, None), 6), &acknowledged).0, passing, "{given}");
    }
}

#[test]
fn a_guard_blocks_only_what_it_limits() {
    let mut changes = vec![weakening("weak"), change("other", vec![], None)];
    changes.push(change("orphan", vec![Risk::Deactivates, Risk::Retires], None));
    let (left, held) = guard(plan(changes, 3), &Guards::default(), &Acknowledged::new(), &Mapping::default());
    assert_eq!(left.changes.iter().map(|change| change.id.as_str()).collect::<Vec<_>>(), ["other"]);
    assert_eq!(held.iter().map(|held| held.count).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(left.totals.updates, 1);
}

#[test]
fn a_change_that_waits_for_a_blocked_one_is_blocked_too() {
    let mut waiting = change("old", vec![Risk::Deactivates], None);
    waiting.after = vec![AgreementId::new("new").expect("an id")];
    let (left, _) = guard(
        plan(vec![weakening("new"), waiting], 2),
        &Guards::default(),
        &Acknowledged::new(),
        &Mapping::default(),
    );
    assert!(left.is_empty());
    let waits = Reason::Waits(AgreementId::new("new").expect("an id"));
    assert!(left.blocked.iter().any(|held| held.id.as_str() == "old" && held.reason == waits));
}

#[test]
fn the_settings_move_the_limits() {
    let guards = Guards {
        deactivations: DeactivationGuard { more_than: 0, and_share_percent: 0 },
        ..Guards::default()
    };
    let (left, held) =
        guard(plan(deactivations(1, None), 100), &guards, &Acknowledged::new(), &Mapping::default());
    assert!(left.is_empty());
    assert_eq!(held[0].limit, 0);
}

#[test]
fn where_many_agreements_vanished_nothing_is_created() {
    let created = |id: &str| Change { verb: Verb::Create, object: None, ..change(id, vec![], None) };
    let none = Acknowledged::new();
    let vanished_plan = |vanished: usize, with_others: bool| {
        let mut changes = vec![created("gone"), created("new")];
        changes.extend(with_others.then(|| change("other", vec![], None)));
        let mut plan = plan(changes, 9);
        plan.totals.vanished = vanished;
        plan
    };
    assert_eq!(passes(vanished_plan(2, true), &none), (3, vec![]));
    assert_eq!(passes(vanished_plan(3, true), &none), (1, vec![(GuardName::Vanished, 3)]));
    assert_eq!(passes(vanished_plan(3, true), &[(GuardName::Vanished, [3].into())].into()), (3, vec![]));
    assert_eq!(
        passes(vanished_plan(1, false), &none),
        (0, vec![(GuardName::Vanished, 1)]),
        "nothing is left"
    );
    assert_eq!(passes(vanished_plan(0, false), &none), (2, vec![]), "nothing was there");
}

#[test]
fn an_edit_that_ends_an_active_agreement_at_once_has_a_guard_of_its_own() {
    let day = |text: &str| Value::Day(read_day(text).expect("a day"));
    let ending = |cause: Option<Cause>, before: Value, of_state: Option<Cause>| {
        let mut change = change("a", vec![Risk::Deactivates], of_state);
        change.status = Some(State::Expired);
        change.fields = vec![FieldChange { field: Field::LastDay, before, after: day("2025-12-31"), cause }];
        change
    };
    let (edit, date) = (Some(Cause::Edit), Some(Cause::Date));
    for (cause, before, of_state, counts) in [
        // `mode: none` in the second period: the day moves back a year.
        (edit, day("2026-12-31"), edit, true),
        (edit, day("2026-12-31"), date, true),
        (edit, Value::Nothing, date, true),
        // Without a last-applied state, the live last day decides.
        (None, day("2026-12-31"), None, true),
        (None, day("2026-08-31"), None, false),
        // It was over before the edit.
        (edit, day("2026-08-31"), date, false),
        (date, day("2026-08-31"), date, false),
        (Some(Cause::Drift), day("2026-12-31"), Some(Cause::Drift), false),
    ] {
        let changes = || vec![ending(cause, before.clone(), of_state)];
        let expected = if counts { (0, vec![(GuardName::Ended, 1)]) } else { (1, vec![]) };
        let what = format!("{cause:?} {before:?} {of_state:?}");
        assert_eq!(passes(plan(changes(), 10), &Acknowledged::new()), expected, "{what}");
        let acknowledged = [(GuardName::Ended, [1].into())].into();
        assert_eq!(passes(plan(changes(), 10), &acknowledged), (1, vec![]), "{what}");
    }
    let mut suspended = ending(edit, day("2026-12-31"), edit);
    suspended.status = Some(State::Suspended);
    assert_eq!(passes(plan(vec![suspended], 10), &Acknowledged::new()), (1, vec![]));
}

#[test]
fn numbers_of_one_helpdesk_hold_there_only() {
    let read = |text: &str| read_acknowledgement(text).expect("an acknowledgement");
    let name = |text: &str| HelpdeskName::new(text).expect("a name");
    let (berlin, moscow) = (name("berlin"), name("moscow"));
    let all: Acknowledgements = ["ended=1", "weakened=2", "moscow/weakened=5"]
        .map(read)
        .map(|held| ((held.helpdesk, held.guard), [held.count].into()))
        .into();
    let of = |ended: usize, weakened: usize| {
        Acknowledged::from([(GuardName::Ended, [ended].into()), (GuardName::Weakened, [weakened].into())])
    };
    assert_eq!(acknowledged_in(Some(&moscow), &all), of(1, 5));
    assert_eq!(acknowledged_in(Some(&berlin), &all), of(1, 2));
    assert_eq!(acknowledged_in(None, &all), of(1, 2));
}

#[test]
fn numbers_of_merges_are_added_up_in_each_helpdesk() {
    let name = |text: &str| HelpdeskName::new(text).expect("a name");
    let merges = ["weakened=1", "moscow/weakened=3", "berlin/weakened=10", "moscow/weakened=4"];
    let merges = merges.map(|text| read_acknowledgement(text).expect("an acknowledgement"));
    for (helpdesk, expected) in [
        // With the one without a name, and without it.
        (Some(name("moscow")), vec![1, 3, 4, 7, 8]),
        (Some(name("berlin")), vec![1, 10, 11]),
        (None, vec![1]),
    ] {
        let found = sums(&merges, helpdesk.as_ref());
        let numbers: Vec<usize> = found[&GuardName::Weakened].iter().copied().collect();
        assert_eq!(numbers, expected, "{helpdesk:?}");
    }
}
