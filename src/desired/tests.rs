use litemap::LiteMap;

use super::{Desired, desired};
use crate::agreement::sample::{agreement, day};
use crate::agreement::{Agreement, Coverage, Renewal, Target};
use crate::calendar::{TargetTime, Term, read_instant};
use crate::catalog::{Catalog, CatalogEntry, ClientEntry};
use crate::diagnostic::{Sources, Span};
use crate::ident::{CalendarSlug, ClientSlug, LiveId, PriorityName, ServiceSlug};
use crate::live::{Directory, ObjectKind, Value};
use crate::mapping::{Deactivation, DepartmentAccess, Field, Mapping};

fn live_id(text: &str) -> LiveId {
    LiveId::new(text).expect("a live id")
}

fn entry(title: &str, helpdesk: Option<&str>) -> CatalogEntry {
    let span = Span::of_file(Sources::default().add("catalog.yaml", ""));
    CatalogEntry {
        title: title.to_owned(),
        helpdesk: helpdesk.map(live_id),
        elsewhere: LiteMap::new(),
        email: None,
        span,
    }
}

fn catalog(client_id: Option<&str>) -> Catalog {
    let client = ClientEntry {
        entry: entry("Маяк", client_id),
        contacts: LiteMap::new(),
        departments: LiteMap::new(),
        lives_in: None,
        zone: None,
        language: None,
    };
    Catalog {
        clients: [(ClientSlug::new("dent-mayak").expect("a slug"), client)].into(),
        services: [(ServiceSlug::new("email").expect("a slug"), entry("Почта", Some("slmService$1")))].into(),
        calendars: [(CalendarSlug::new("24x7").expect("a slug"), entry("24x7", None))].into(),
        priorities: [(PriorityName::new("normal").expect("a slug"), entry("Обычный", None))].into(),
        ..Catalog::default()
    }
}

fn directory(units: &[(&str, &str, bool)]) -> Directory {
    let mut directory = Directory::default();
    for (id, title, archived) in units {
        directory.add(ObjectKind::Unit, live_id(id), title, *archived);
    }
    directory.add(ObjectKind::Service, live_id("slmService$1"), "Почта и календарь", false);
    directory.add(ObjectKind::Calendar, live_id("servicetime$1"), "24x7", false);
    directory.add(ObjectKind::Priority, live_id("priority$1"), "Обычный", false);
    directory
}

fn desired_state(
    agreement: Agreement,
    catalog: &Catalog,
    directory: &Directory,
    mapping: &Mapping,
) -> Desired {
    let at = read_instant("2026-09-01T09:00:00Z").expect("an instant");
    desired(&[agreement], catalog, mapping, directory, at)
}

fn sample() -> Agreement {
    agreement("a", "2026-01-01", "2026-12-31")
}

#[test]
fn a_slug_without_an_id_is_tied_by_its_exact_title() {
    let mapping = Mapping::default();
    let one = directory(&[("ou$1", "Маяк", false), ("ou$2", "Маяк ", true), ("ou$3", "маяк", false)]);
    let desired = desired_state(sample(), &catalog(None), &one, &mapping);
    let agreement = &desired.agreements["a"];
    assert_eq!(agreement.record.fields[&Field::Recipients], Value::References([live_id("ou$1")].into()));
}

#[test]
fn an_agreement_for_the_whole_client_is_linked_to_its_departments() {
    let mut catalog = catalog(None);
    let client = catalog.clients.values_mut().next().expect("a client");
    client.departments.insert("x-ray".to_owned(), entry("Рентген", None));
    let units = directory(&[("ou$1", "Маяк", false), ("ou$2", "Рентген", false)]);
    let mut inherits = Mapping::default();
    inherits.recipients.departments = DepartmentAccess::Inherit;
    let mut named = sample();
    named.is_for_whole_client = false;
    for (agreement, mapping, expected) in [
        (sample(), Mapping::default(), &["ou$1", "ou$2"][..]),
        (named, Mapping::default(), &["ou$1"]),
        (sample(), inherits, &["ou$1"]),
        (sample(), Mapping::itop(), &["ou$1"]),
    ] {
        let desired = desired_state(agreement, &catalog, &units, &mapping);
        let expected: std::collections::BTreeSet<LiveId> = expected.iter().map(|id| live_id(id)).collect();
        let recipients = &desired.agreements["a"].record.fields[&Field::Recipients];
        assert_eq!(*recipients, Value::References(expected.into()));
    }
}

#[test]
fn none_or_several_of_a_title_withhold_the_agreement() {
    let mapping = Mapping::default();
    for (units, count) in [
        (vec![], 0),
        (vec![("ou$1", "Маяк", true)], 0),
        (vec![("ou$1", "Маяк", false), ("ou$2", "Маяк", false)], 2),
    ] {
        let desired = desired_state(sample(), &catalog(None), &directory(&units), &mapping);
        assert!(desired.agreements.is_empty());
        let unresolved = desired.unresolved["a"].first().expect("one");
        assert_eq!((unresolved.wanted.as_str(), unresolved.found), ("Маяк", count));
    }
}

#[test]
fn an_id_must_exist_and_another_title_is_only_worth_a_note() {
    let mapping = Mapping::default();
    let units = directory(&[("ou$1", "Маяк", false)]);
    let desired = desired_state(sample(), &catalog(Some("ou$9")), &units, &mapping);
    assert_eq!(desired.unresolved["a"].first().expect("one").wanted, "ou$9");
    let desired = desired_state(sample(), &catalog(Some("ou$1")), &units, &mapping);
    assert_eq!(desired.other_titles.first().expect("one").helpdesk, "Почта и календарь");
    assert_eq!(desired.agreements.len(), 1);
}

#[test]
fn detaching_leaves_recipients_to_what_is_in_force() {
    let mapping = Mapping { deactivate: Deactivation::Detach, ..Mapping::default() };
    let units = directory(&[("ou$1", "Маяк", false)]);
    let planned = agreement("a", "2027-01-01", "2027-12-31");
    let desired = desired_state(planned, &catalog(None), &units, &mapping);
    assert_eq!(desired.agreements["a"].record.fields[&Field::Recipients], Value::Nothing);
}

#[test]
fn a_service_with_its_own_hours_has_promises_of_its_own() {
    let mapping = Mapping::default();
    let units = directory(&[("ou$1", "Маяк", false)]);
    let mut agreement = sample();
    let normal = PriorityName::new("normal").expect("a slug");
    let target = Target { response: Some(TargetTime::Seconds(3600)), resolution: None };
    agreement.targets = [(normal, target)].into_iter().collect();
    let own = Coverage { calendar: CalendarSlug::new("24x7"), ..Coverage::default() };
    agreement.services = [(ServiceSlug::new("email").expect("a slug"), own)].into_iter().collect();
    let desired = desired_state(agreement, &catalog(None), &units, &mapping);
    let Value::Targets(targets) = &desired.agreements["a"].record.fields[&Field::Targets] else {
        panic!("targets")
    };
    let calendars: Vec<_> =
        targets.iter().map(|(key, promise)| (key.service.clone(), promise.calendar.clone())).collect();
    assert_eq!(calendars, [(None, None), (Some(live_id("slmService$1")), Some(live_id("servicetime$1")))]);
}

#[test]
fn the_last_day_is_that_of_the_period_in_force() {
    let mapping = Mapping::default();
    let units = directory(&[("ou$1", "Маяк", false)]);
    let mut agreement = agreement("a", "2024-01-01", "2024-12-31");
    let term = Term::read("1y").expect("a term");
    agreement.renewal = Renewal::Auto { term, notice_period: None, max_terms: None };
    let desired = desired_state(agreement, &catalog(None), &units, &mapping);
    let fields = &desired.agreements["a"].record.fields;
    assert_eq!(fields[&Field::FirstDay], Value::Day(day("2024-01-01")));
    assert_eq!(fields[&Field::LastDay], Value::Day(day("2026-12-31")));
}

#[test]
fn what_the_helpdesk_cannot_carry_is_named_once_and_left_out() {
    let mut mapping = Mapping::default();
    mapping.attributes.remove(&Field::Number);
    let units = directory(&[("ou$1", "Маяк", false)]);
    let mut agreement = sample();
    agreement.number = Some("ДО-1".to_owned());
    let desired = desired_state(agreement, &catalog(None), &units, &mapping);
    assert_eq!(desired.not_carried, [Field::Number].into());
    assert!(!desired.agreements["a"].record.fields.contains_key(&Field::Number));
}
