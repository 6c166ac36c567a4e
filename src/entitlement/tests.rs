use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{Strategy, prop, prop_assert, prop_assert_eq, proptest};

use super::{EntitlementAnswer, EntitlementQuery, Obstacle, Register, services_at};
use crate::agreement::sample::{agreement, day};
use crate::agreement::{
    Activation, ActivationEntry, ActivationStatus, Agreement, Coverage, Suspension, Target, Termination,
};
use crate::calendar::{Calendar, Hours, Instant, Pauses, TargetTime, Window, Zone, read_instant};
use crate::catalog::Catalog;
use crate::ident::{CalendarSlug, PriorityName, RecipientSlug, ServiceSlug};
use crate::mapping::{DepartmentAccess, Mapping, RecipientLinks};
use crate::status::{State, state_at};

fn at(text: &str) -> Instant {
    read_instant(text).expect("an instant")
}

fn asked(register: &Register, recipient: &str, service: &str, instant: &str) -> String {
    let recipient = RecipientSlug::new(recipient).expect("a slug");
    let service = ServiceSlug::new(service).expect("a slug");
    let priority = PriorityName::new("normal").expect("a name");
    let pauses = Pauses::default();
    let question = EntitlementQuery {
        recipient: &recipient,
        service: &service,
        priority: &priority,
        at: at(instant),
        pauses: &pauses,
    };
    match register.answer(&question) {
        EntitlementAnswer::Entitled(entitled) => format!("yes under {}", entitled.agreement.id),
        EntitlementAnswer::Ambiguous(several) => {
            format!("ambiguous: {}", several.iter().map(|one| one.id).collect::<Vec<_>>().join(", "))
        }
        EntitlementAnswer::NotEntitled(refusal) => {
            let reasons: Vec<String> = refusal
                .reasons
                .iter()
                .map(|reason| {
                    format!("{} {}", reason.agreement.map_or("", |one| one.id), reason.obstacle.code())
                })
                .collect();
            let from =
                refusal.from.map_or_else(String::new, |(from, zone)| format!(", from {}", zone.write(from)));
            format!("no: {}{from}", reasons.join("; "))
        }
    }
}

fn links(departments: DepartmentAccess) -> RecipientLinks {
    RecipientLinks { departments, ..Mapping::default().recipients }
}

fn register(agreements: Vec<Agreement>) -> Register {
    Register::new(agreements, Catalog::default(), &links(DepartmentAccess::Inherit))
}

#[test]
fn only_an_active_agreement_gives_its_services() {
    let agreement = agreement("a", "2026-01-01", "2026-12-31");
    for (instant, expected) in [
        ("2025-12-31T23:59:59+03:00", 0),
        ("2026-01-01T00:00:00+03:00", 1),
        ("2026-12-31T23:59:59+03:00", 1),
        ("2027-01-01T00:00:00+03:00", 0),
    ] {
        assert_eq!(services_at(&agreement, at(instant)).count(), expected, "{instant}");
    }
}

#[test]
fn each_no_says_why_and_from_when() {
    let mut resting = agreement("resting", "2026-01-01", "2026-12-31");
    resting.suspensions =
        vec![Suspension { from: day("2026-03-01"), until: Some(day("2026-03-31")), reason: None }];
    resting.termination = Some(Box::new(Termination {
        at: at("2026-07-01T00:00:00+03:00"),
        last_day: day("2026-06-30"),
        reason: None,
        is_of_entry: false,
    }));
    let register = register(vec![resting, agreement("next", "2027-01-01", "2027-12-31")]);
    for (instant, expected) in [
        ("2025-12-01T00:00:00+03:00", "no: resting not_started, from 2026-01-01T00:00:00+03:00"),
        ("2026-02-01T00:00:00+03:00", "yes under resting"),
        ("2026-03-15T00:00:00+03:00", "no: resting suspended, from 2026-04-01T00:00:00+03:00"),
        ("2026-06-30T23:59:59+03:00", "yes under resting"),
        (
            "2026-08-01T00:00:00+03:00",
            "no: next not_started; resting terminated, from 2027-01-01T00:00:00+03:00",
        ),
        ("2028-01-01T00:00:00+03:00", "no: next expired"),
    ] {
        assert_eq!(asked(&register, "dent-mayak", "email", instant), expected, "{instant}");
    }
    let now = "2026-02-01T00:00:00+03:00";
    assert_eq!(asked(&register, "dent-mayak", "vpn", now), "no:  service_not_covered");
    assert_eq!(asked(&register, "dent-profi", "email", now), "no:  no_agreement");
    assert_eq!(asked(&register, "dent-mayak/x-ray", "email", now), "yes under resting");
}

#[test]
fn an_agreement_not_yet_switched_on_and_one_of_a_department_only() {
    let mut by_hand = agreement("by-hand", "2026-01-01", "2026-12-31");
    by_hand.activation = Activation::Manual(Vec::new());
    let mut department = agreement("department", "2026-01-01", "2026-12-31");
    department.recipients = [RecipientSlug::new("dent-mayak/x-ray").expect("a slug")].into();
    department.services =
        [(ServiceSlug::new("vpn").expect("a slug"), Coverage::default())].into_iter().collect();
    let register = register(vec![by_hand, department]);
    let now = "2026-02-01T00:00:00+03:00";
    assert_eq!(asked(&register, "dent-mayak", "email", now), "no: by-hand not_switched_on");
    assert_eq!(asked(&register, "dent-mayak", "vpn", now), "no:  recipient_not_covered");
    assert_eq!(asked(&register, "dent-mayak/x-ray", "vpn", now), "yes under department");
    assert_eq!(asked(&register, "dent-mayak/office", "vpn", now), "no:  recipient_not_covered");
}

#[test]
fn an_agreement_that_begins_with_a_suspension_has_not_started() {
    let mut by_hand = agreement("by-hand", "2026-01-01", "2026-12-31");
    let entry = |status, on: &str| ActivationEntry {
        at: by_hand.zone.start_of(day(on)),
        status,
        reason: None,
        by: None,
    };
    let entries = vec![
        entry(ActivationStatus::Planned, "2026-01-01"),
        entry(ActivationStatus::Suspended, "2026-03-01"),
        entry(ActivationStatus::Active, "2026-04-01"),
    ];
    by_hand.activation = Activation::Manual(entries);
    let register = register(vec![by_hand]);
    for (instant, expected) in [
        ("2026-02-01T00:00:00+03:00", "no: by-hand not_started, from 2026-04-01T00:00:00+03:00"),
        ("2026-03-15T00:00:00+03:00", "no: by-hand suspended, from 2026-04-01T00:00:00+03:00"),
        ("2026-04-01T00:00:00+03:00", "yes under by-hand"),
    ] {
        assert_eq!(asked(&register, "dent-mayak", "email", instant), expected, "{instant}");
    }
}

#[test]
fn the_nearest_recipient_wins_and_two_of_one_are_ambiguous() {
    let one = agreement("one", "2026-01-01", "2026-12-31");
    let mut nearer = agreement("nearer", "2026-06-01", "2026-12-31");
    nearer.recipients = [RecipientSlug::new("dent-mayak/x-ray").expect("a slug")].into();
    let other = agreement("other", "2026-09-01", "2026-12-31");
    let register = register(vec![one, nearer, other]);
    for (recipient, instant, expected) in [
        ("dent-mayak/x-ray", "2026-05-01T00:00:00+03:00", "yes under one"),
        ("dent-mayak/x-ray", "2026-10-01T00:00:00+03:00", "yes under nearer"),
        ("dent-mayak", "2026-10-01T00:00:00+03:00", "ambiguous: one, other"),
        ("dent-mayak/office", "2026-10-01T00:00:00+03:00", "ambiguous: one, other"),
    ] {
        assert_eq!(asked(&register, recipient, "email", instant), expected, "{recipient} {instant}");
    }
}

#[test]
fn times_are_counted_on_the_calendar_of_the_service_and_may_end_after_the_agreement() {
    let mut promised = agreement("promised", "2026-01-01", "2026-03-06");
    let normal = PriorityName::new("normal").expect("a name");
    let target =
        Target { response: Some(TargetTime::Seconds(3600)), resolution: Some(TargetTime::BusinessDays(1)) };
    promised.targets = [(normal.clone(), target)].into_iter().collect();
    promised.calendar = CalendarSlug::new("office");
    let office = vec![Window::read("09:00-18:00").expect("a window")];
    let week = std::array::from_fn(|day| if day < 5 { office.clone() } else { Vec::new() });
    let hours = Hours::new(Zone::find("Europe/Moscow").expect("a zone"), &week, &BTreeMap::new());
    let slug = CalendarSlug::new("office").expect("a slug");
    let catalog = Catalog {
        hours: [(slug, Calendar::new(hours.known_through(Some(day("2026-03-08"))), []))].into(),
        ..Catalog::default()
    };
    let register = Register::new(vec![promised], catalog, &Mapping::default().recipients);
    let (recipient, service) =
        (RecipientSlug::new("dent-mayak").expect("a slug"), ServiceSlug::new("email").expect("a slug"));
    let pauses = Pauses::new([(at("2026-03-06T17:30:00+03:00"), at("2026-03-06T17:45:00+03:00"))]);
    let question = EntitlementQuery {
        recipient: &recipient,
        service: &service,
        priority: &normal,
        at: at("2026-03-06T17:30:00+03:00"),
        pauses: &pauses,
    };
    let EntitlementAnswer::Entitled(entitled) = register.answer(&question) else { panic!("entitled") };
    let (response, resolution) =
        (entitled.response.expect("promised"), entitled.resolution.expect("promised"));
    // The clock of the response is not paused.
    assert_eq!(response.due, Ok(at("2026-03-09T09:30:00+03:00")));
    assert_eq!(resolution.due, Ok(at("2026-03-09T18:00:00+03:00")));
    assert!(response.is_after_end && resolution.is_after_end);
    assert_eq!(response.known_through, Some(day("2026-03-08")));
    assert_eq!(entitled.days_left, Some(0));
    let other = PriorityName::new("high").expect("a name");
    let EntitlementAnswer::Entitled(entitled) =
        register.answer(&EntitlementQuery { priority: &other, ..question })
    else {
        panic!("entitled")
    };
    assert!(!entitled.is_promised && entitled.response.is_none());
}

#[test]
fn a_department_has_what_the_helpdesk_passes_on_or_the_plan_links() {
    let whole = agreement("whole", "2026-01-01", "2026-12-31");
    let mut named = whole.clone();
    named.is_for_whole_client = false;
    let mut both = named.clone();
    both.recipients.insert(RecipientSlug::new("dent-mayak/x-ray").expect("a slug"));
    let now = "2026-02-01T00:00:00+03:00";
    let single = Mapping::itop().recipients;
    for (agreement, links, expected) in [
        (&whole, links(DepartmentAccess::Inherit), "yes under whole"),
        (&whole, links(DepartmentAccess::Explicit), "yes under whole"),
        (&named, links(DepartmentAccess::Inherit), "yes under whole"),
        (&named, links(DepartmentAccess::Explicit), "no:  recipient_not_covered"),
        // A contract of iTop has one customer, so that no department can be linked.
        (&whole, single.clone(), "no:  recipient_not_covered"),
        (&both, single.clone(), "no:  recipient_not_covered"),
        (&both, links(DepartmentAccess::Explicit), "yes under whole"),
        (&whole, RecipientLinks { departments: DepartmentAccess::Inherit, ..single }, "yes under whole"),
    ] {
        let register = Register::new(vec![agreement.clone()], Catalog::default(), &links);
        assert_eq!(asked(&register, "dent-mayak/x-ray", "email", now), expected, "{links:?}");
        assert_eq!(asked(&register, "dent-mayak", "email", now), "yes under whole");
    }
}

const RECIPIENTS: [&str; 4] = ["a", "a/x", "a/y", "a-b"];
const SERVICES: [&str; 3] = ["email", "vpn", "phone"];

fn any_agreement() -> impl Strategy<Value = Agreement> {
    let days = (0_i64..400, 0_i64..300, 0_i64..200, 0_i64..100);
    let flags = (prop::bool::ANY, prop::bool::ANY);
    (0..RECIPIENTS.len(), 1_usize..8, days, flags).prop_map(|(recipient, services, days, (rests, whole))| {
        let plus = |days: i64| day("2026-01-01") + jiff::Span::new().days(days);
        let first = plus(days.0);
        let mut made = agreement("x", &first.to_string(), &plus(days.0 + days.1).to_string());
        made.recipients = [RecipientSlug::new(RECIPIENTS[recipient]).expect("a slug")].into();
        made.is_for_whole_client = whole;
        let chosen = SERVICES.iter().enumerate().filter(|(index, _)| services & (1 << index) != 0);
        made.services =
            chosen.map(|(_, slug)| (ServiceSlug::new(slug).expect("a slug"), Coverage::default())).collect();
        if rests {
            let until = Some(plus(days.0 + days.2 + days.3));
            made.suspensions = vec![Suspension { from: plus(days.0 + days.2), until, reason: None }];
        }
        made
    })
}

proptest! {
    #[test]
    fn the_register_says_what_looking_at_every_agreement_says(
        agreements in prop::collection::vec(any_agreement(), 0..12),
        recipient in 0..RECIPIENTS.len(),
        service in 0..SERVICES.len(),
        hours in 0_i64..24 * 800,
        inherits in prop::bool::ANY,
    ) {
        let instant = at("2025-12-01T00:00:00Z") + jiff::SignedDuration::from_hours(hours);
        let mut agreements = agreements;
        for (index, agreement) in agreements.iter_mut().enumerate() {
            agreement.id = crate::ident::AgreementId::new(&format!("a{index:02}")).expect("an id");
        }
        let recipient = RecipientSlug::new(RECIPIENTS[recipient]).expect("a slug");
        let service = ServiceSlug::new(SERVICES[service]).expect("a slug");
        let active = |asked: &RecipientSlug, instant: Instant| -> BTreeSet<String> {
            let covers = |agreement: &&Agreement| {
                agreement.recipients.contains(asked)
                    && (*asked == recipient || inherits || agreement.is_for_whole_client)
                    && agreement.services.contains_key(&service)
                    && state_at(agreement, instant).0 == State::Active
            };
            agreements.iter().filter(covers).map(|agreement| agreement.id.to_string()).collect()
        };
        let company = RecipientSlug::of_client(&recipient.client());
        let nearest = |instant: Instant| {
            let own = active(&recipient, instant);
            if own.is_empty() { active(&company, instant) } else { own }
        };
        let departments = if inherits { DepartmentAccess::Inherit } else { DepartmentAccess::Explicit };
        let register = Register::new(agreements.clone(), Catalog::default(), &links(departments));
        let priority = PriorityName::new("normal").expect("a name");
        let pauses = Pauses::default();
        let question = EntitlementQuery { recipient: &recipient, service: &service, priority: &priority, at: instant, pauses: &pauses };
        let expected = nearest(instant);
        let of_portal = register.given_to(&recipient, instant);
        let of_portal: BTreeSet<String> =
            of_portal.get(&service).into_iter().flatten().map(|agreement| agreement.id.to_string()).collect();
        prop_assert_eq!(&of_portal, &expected);
        match register.answer(&question) {
            EntitlementAnswer::Entitled(entitled) => prop_assert_eq!([entitled.agreement.id.to_owned()].into_iter().collect::<BTreeSet<_>>(), expected),
            EntitlementAnswer::Ambiguous(several) => {
                prop_assert!(several.len() > 1);
                prop_assert_eq!(several.iter().map(|one| one.id.to_owned()).collect::<BTreeSet<_>>(), expected);
            }
            EntitlementAnswer::NotEntitled(refusal) => {
                prop_assert!(expected.is_empty() && !refusal.reasons.is_empty());
                prop_assert!(refusal.reasons.is_sorted_by_key(|reason| reason.obstacle));
                if let Some((from, _)) = refusal.from {
                    // At the given instant the answer is yes, and at the second before it is no.
                    prop_assert!(from > instant);
                    prop_assert!(!nearest(from).is_empty());
                    prop_assert!(nearest(from - jiff::SignedDuration::from_secs(1)).is_empty());
                } else {
                    let later = (0..1_200).map(|days| instant + jiff::SignedDuration::from_hours(24 * days));
                    for later in later {
                        prop_assert!(nearest(later).is_empty());
                    }
                }
                let is_without = |obstacle| matches!(obstacle, Obstacle::ServiceNotCovered | Obstacle::RecipientNotCovered | Obstacle::NoAgreement);
                if refusal.reasons.iter().any(|reason| is_without(reason.obstacle)) {
                    prop_assert_eq!(refusal.from, None);
                }
            }
        }
    }
}
