//! What a plan says that it would tell is what comes to be told.

use std::collections::{BTreeMap, BTreeSet};

use super::desk::{Desk, telling};
use crate::agreement::NoticeEvent;
use crate::agreement::sample::day;
use crate::ident::AgreementId;
use crate::live::Value;
use crate::mapping::Field;
use crate::notice::{Announced, Role, announced};
use crate::plan::{Cause, Change, FORMAT, FieldChange, Header, Phase, Plan, StateChange, Totals, Verb};
use crate::status::{State, state_at};

/// A change of the agreement `a` as the desk's files have it on that day.
fn change(desk: &Desk, on: &str, verb: Verb) -> Change {
    let state = desk.ask(on, 10, |setting| state_at(&desk.agreements[&id()], setting.at).0);
    Change {
        id: id(),
        verb,
        client: None,
        title: "Маяк".to_owned(),
        object: None,
        status: Some(state),
        because: None,
        state: None,
        fields: Vec::new(),
        ownership_key: None,
        phase: Phase::Gain,
        after: Vec::new(),
        risks: Vec::new(),
        before: None,
        steps: Vec::new(),
    }
}

fn id() -> AgreementId {
    AgreementId::new("a").expect("an id")
}

fn told(desk: &Desk, on: &str, change: Change) -> Vec<Announced> {
    desk.ask(on, 10, |setting| {
        let header = Header {
            as_of: setting.at,
            zone: "Europe/Moscow".to_owned(),
            zone_data: String::new(),
            version: String::new(),
            commit: None,
            files: String::new(),
            helpdesk: String::new(),
        };
        let plan = Plan {
            format: FORMAT,
            header,
            changes: vec![change],
            drift: Vec::new(),
            blocked: Vec::new(),
            notes: Vec::new(),
            totals: Totals::default(),
            names: BTreeMap::new(),
        };
        announced(&plan, setting.agreements, setting.catalog, setting.usual)
    })
}

fn events(told: &[Announced]) -> BTreeSet<NoticeEvent> {
    told.iter().map(|announced| announced.event).collect()
}

#[test]
fn a_creation_announces_what_is_due_on_its_day() {
    let mut kinds = BTreeSet::new();
    let mut today = day("2026-01-25");
    while today <= day("2026-12-31") {
        let on = today.to_string();
        let desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
        let due: BTreeSet<NoticeEvent> =
            desk.due(&on, 10).send.iter().map(|notice| notice.key.event).collect();
        let told = events(&told(&desk, &on, change(&desk, &on, Verb::Create)));
        assert_eq!(told, due, "on {on}");
        kinds.extend(told);
        today = today.tomorrow().expect("a day");
    }
    assert_eq!(kinds.len(), 2, "{kinds:?}");
}

#[test]
fn a_change_of_state_announces_what_it_tells_unless_somebody_made_it_by_hand() {
    let desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    for (on, cause, expected) in [
        ("2026-02-01", Cause::Date, Some(NoticeEvent::Activated)),
        ("2027-01-01", Cause::Date, Some(NoticeEvent::Deactivated)),
        ("2026-05-01", Cause::Drift, None),
    ] {
        let mut change = change(&desk, on, Verb::Update);
        change.state = Some(StateChange { before: None, after: "other".to_owned(), cause: Some(cause) });
        let told = told(&desk, on, change);
        assert_eq!(events(&told), expected.into_iter().collect(), "on {on}");
        assert!(told.iter().all(|told| (told.role, told.notices, told.agreements) == (Role::Client, 1, 1)));
    }
}

#[test]
fn another_last_day_is_told_to_those_who_heard_of_the_first() {
    let desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    let mut change = change(&desk, "2026-12-20", Verb::Update);
    assert_eq!(change.status, Some(State::Active));
    change.fields.push(FieldChange {
        field: Field::LastDay,
        before: Value::Day(day("2026-11-30")),
        after: Value::Day(day("2026-12-31")),
        cause: Some(Cause::Edit),
    });
    let told = events(&told(&desk, "2026-12-20", change));
    assert_eq!(told, [NoticeEvent::Expiring, NoticeEvent::Amended].into());
}
