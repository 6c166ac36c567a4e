//! A plan counts the notices that are then due.

use std::collections::{BTreeMap, BTreeSet};

use super::fixture::{Fixture, notifying};
use crate::agreement::NoticeEvent;
use crate::agreement::sample::day;
use crate::check::Basis;
use crate::ident::AgreementId;
use crate::live::Value;
use crate::mapping::Field;
use crate::notice::{Announced, Channel, PlannedFiles, Role, announced_at_most, counted};
use crate::plan::{
    AgreementHours, Cause, Change, FORMAT, FieldChange, Header, Phase, Plan, StateChange, Totals, Verb,
};
use crate::status::{State, state_at};

/// A change of the agreement `a` on a day.
fn change(fixture: &Fixture, on: &str, verb: Verb) -> Change {
    let state = fixture.ask(on, 10, |setting| state_at(&fixture.agreements[&id()], setting.at).0);
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
        hours: AgreementHours::default(),
        ownership_key: None,
        phase: Phase::Gain,
        after: Vec::new(),
        elsewhere: None,
        risks: Vec::new(),
        before: None,
        steps: Vec::new(),
    }
}

fn id() -> AgreementId {
    AgreementId::new("a").expect("an id")
}

fn announced_by(fixture: &Fixture, on: &str, change: Change) -> Vec<Announced> {
    fixture.ask(on, 10, |setting| {
        let header = Header {
            as_of: setting.at,
            zone: "Europe/Moscow".to_owned(),
            zone_data: String::new(),
            version: String::new(),
            commit: None,
            files: String::new(),
            helpdesk: String::new(),
            key_prefix: String::new(),
            language: crate::settings::Language::English,
            selection: crate::selection::AgreementSelection::default(),
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
            clients: BTreeMap::new(),
        };
        let mut settings = Basis::read(None, None, &[]).settings;
        settings.notice_time = setting.usual;
        let files = PlannedFiles {
            agreements: setting.agreements,
            everywhere: setting.everywhere,
            catalog: setting.catalog,
            settings: &settings,
            channels: &Channel::configured(&settings),
        };
        counted(&announced_at_most(&plan, files), &BTreeSet::new())
    })
}

fn events(counts: &[Announced]) -> BTreeSet<NoticeEvent> {
    counts.iter().map(|announced| announced.event).collect()
}

#[test]
fn a_creation_announces_what_is_due_on_its_day() {
    let mut kinds = BTreeSet::new();
    let mut today = day("2026-01-25");
    while today <= day("2026-12-31") {
        let on = today.to_string();
        let fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
        let due: BTreeSet<NoticeEvent> =
            fixture.due(&on, 10).send.iter().map(|notice| notice.key.event).collect();
        let counts = events(&announced_by(&fixture, &on, change(&fixture, &on, Verb::Create)));
        assert_eq!(counts, due, "on {on}");
        kinds.extend(counts);
        today = today.tomorrow().expect("a day");
    }
    assert_eq!(kinds.len(), 2, "{kinds:?}");
}

#[test]
fn a_change_of_state_is_announced_unless_it_corrects_drift() {
    let fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    for (on, cause, expected) in [
        ("2026-02-01", Cause::Date, Some(NoticeEvent::Activated)),
        ("2027-01-01", Cause::Date, Some(NoticeEvent::Deactivated)),
        ("2026-05-01", Cause::Drift, None),
    ] {
        let mut change = change(&fixture, on, Verb::Update);
        change.state = Some(StateChange { before: None, after: "other".to_owned(), cause: Some(cause) });
        let counts = announced_by(&fixture, on, change);
        assert_eq!(events(&counts), expected.into_iter().collect(), "on {on}");
        assert!(
            counts
                .iter()
                .all(|counts| (counts.role, counts.notices, counts.agreements) == (Role::Client, 1, 1))
        );
    }
}

#[test]
fn a_moved_last_day_is_announced_to_the_recipients_of_the_old_one() {
    let fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    let mut change = change(&fixture, "2026-12-20", Verb::Update);
    assert_eq!(change.status, Some(State::Active));
    change.fields.push(FieldChange {
        field: Field::LastDay,
        before: Value::Day(day("2026-11-30")),
        after: Value::Day(day("2026-12-31")),
        cause: Some(Cause::Edit),
    });
    let counts = events(&announced_by(&fixture, "2026-12-20", change));
    assert_eq!(counts, [NoticeEvent::Expiring, NoticeEvent::Amended].into());
}

/// A successor in another helpdesk than its predecessor renews it, as in one.
#[test]
fn a_renewal_across_helpdesks_is_announced_as_one() {
    let mut before = notifying("b", "2026-01-01", "2026-12-31");
    let mut after = notifying("a", "2027-01-01", "2027-12-31");
    after.renews = Some(before.id.clone());
    before.succeeded_on = Some(day("2027-01-01"));
    let (on, mut successor) = ("2027-01-01", Fixture::new([after.clone()]));
    let created = |fixture: &Fixture| events(&announced_by(fixture, on, change(fixture, on, Verb::Create)));
    assert!(!created(&successor).contains(&NoticeEvent::Renewed));
    successor.everywhere = vec![before.clone(), after.clone()];
    assert!(created(&successor).contains(&NoticeEvent::Renewed));
    let due = |fixture: &Fixture| -> BTreeSet<NoticeEvent> {
        fixture.due(on, 10).send.iter().map(|notice| notice.key.event).collect()
    };
    let mut predecessor = Fixture::new([before.clone()]);
    assert!(due(&predecessor).contains(&NoticeEvent::Deactivated));
    predecessor.everywhere = vec![before, after];
    assert!(!due(&predecessor).contains(&NoticeEvent::Deactivated));
}
