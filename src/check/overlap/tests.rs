use std::collections::BTreeSet;

use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};

use crate::agreement::sample::{agreement, day};
use crate::agreement::{Activation, ActivationEntry, ActivationStatus, Agreement, Renewal, Termination};
use crate::calendar::{Instant, Term, Zone};
use crate::check::overlap::check;
use crate::check::subject::sample::Nowhere;
use crate::diagnostic::Code;
use crate::ident::{RecipientSlug, ServiceSlug};
use crate::mapping::{DepartmentAccess, Mapping, RecipientLinks};
use crate::status::{State, state_at};

/// The agreements and the rules reported for them.
fn reported(agreements: Vec<Agreement>) -> Vec<(String, Code)> {
    reported_where(agreements, &Mapping::default().recipients)
}

fn reported_where(agreements: Vec<Agreement>, links: &RecipientLinks) -> Vec<(String, Code)> {
    let nowhere = Nowhere::new();
    let subjects = nowhere.subjects(agreements);
    let findings = check(&subjects, links);
    let mut reported: Vec<_> = findings
        .into_iter()
        .map(|(index, diagnostic)| (subjects[index].id().to_owned(), diagnostic.code))
        .collect();
    reported.sort();
    reported
}

fn both(code: Code, id: &str) -> Vec<(String, Code)> {
    vec![(id.to_owned(), code)]
}

#[test]
fn a_shared_last_day_is_an_overlap() {
    let first = agreement("a", "2026-01-01", "2026-06-30");
    assert_eq!(
        reported(vec![first.clone(), agreement("b", "2026-06-30", "2026-12-31")]),
        both(Code::E301, "b")
    );
    assert_eq!(reported(vec![first, agreement("b", "2026-07-01", "2026-12-31")]), []);
}

#[test]
fn a_short_one_within_a_long_one_does_not_hide_the_next() {
    let long = agreement("a", "2026-01-01", "2026-12-31");
    let short = agreement("b", "2026-02-01", "2026-02-28");
    let late = agreement("c", "2026-12-01", "2027-01-31");
    assert_eq!(
        reported(vec![long, short, late]),
        [("b".to_owned(), Code::E301), ("c".to_owned(), Code::E301)]
    );
}

#[test]
fn zones_do_not_make_an_overlap_of_days_that_follow() {
    let moscow = agreement("a", "2026-01-01", "2026-06-30");
    let mut vladivostok = agreement("b", "2026-07-01", "2026-12-31");
    vladivostok.zone = Zone::find("Asia/Vladivostok").expect("a zone");
    assert_eq!(reported(vec![moscow, vladivostok]), []);
}

#[test]
fn a_tacit_roll_reaches_until_its_successor() {
    let mut rolling = agreement("a", "2026-01-01", "2026-12-31");
    rolling.renewal =
        Renewal::Auto { term: Term { months: 12, days: 0 }, notice_period: None, max_terms: None };
    let late = agreement("b", "2029-01-01", "2029-12-31");
    assert_eq!(reported(vec![rolling.clone(), late.clone()]), both(Code::E301, "b"));
    rolling.succeeded_on = Some(day("2029-01-01"));
    assert_eq!(reported(vec![rolling, late]), []);
}

#[test]
fn a_pair_of_a_chain_is_left_to_the_chain_and_a_third_is_not() {
    let before = agreement("a", "2026-01-01", "2026-12-31");
    let mut after = agreement("c", "2026-12-01", "2027-11-30");
    after.renews = Some(before.id.clone());
    assert_eq!(reported(vec![before.clone(), after.clone()]), []);
    let other = agreement("b", "2026-06-01", "2026-12-15");
    assert_eq!(
        reported(vec![before, other, after]),
        [("b".to_owned(), Code::E301), ("c".to_owned(), Code::E301)]
    );
}

#[test]
fn the_department_wins_over_the_company_with_a_warning() {
    let company = agreement("a", "2026-01-01", "2026-12-31");
    let mut department = agreement("b", "2026-05-01", "2026-05-31");
    department.recipients = [RecipientSlug::new("dent-mayak/x-ray").expect("a slug")].into();
    assert_eq!(reported(vec![company.clone(), department.clone()]), both(Code::W308, "b"));
    // The portal of iTop shows the department its own agreements only.
    let single = Mapping::itop().recipients;
    assert_eq!(reported_where(vec![company.clone(), department.clone()], &single), []);
    let inherited = RecipientLinks { departments: DepartmentAccess::Inherit, ..single };
    assert_eq!(reported_where(vec![company.clone(), department.clone()], &inherited), both(Code::W308, "b"));
    department.services = [(ServiceSlug::new("vpn").expect("a slug"), crate::agreement::Coverage::default())]
        .into_iter()
        .collect();
    assert_eq!(reported(vec![company, department]), []);
}

#[test]
fn by_hand_counts_from_the_first_active_to_the_end() {
    let entry = |at: &str, status| ActivationEntry {
        at: at.parse().expect("an instant"),
        status,
        reason: None,
        by: None,
    };
    let mut by_hand = agreement("a", "2026-01-01", "2026-12-31");
    by_hand.activation = Activation::Manual(Vec::new());
    let other = agreement("b", "2026-03-10", "2026-03-20");
    assert_eq!(reported(vec![by_hand.clone(), other.clone()]), [], "never switched on as far as is written");
    let on = entry("2026-02-01T00:00:00+03:00", ActivationStatus::Active);
    by_hand.activation = Activation::Manual(vec![on.clone()]);
    assert_eq!(reported(vec![by_hand.clone(), other.clone()]), both(Code::E301, "b"));
    by_hand.activation =
        Activation::Manual(vec![on.clone(), entry("2026-03-10T00:00:00+03:00", ActivationStatus::Ended)]);
    assert_eq!(reported(vec![by_hand.clone(), other.clone()]), []);
    by_hand.activation =
        Activation::Manual(vec![on, entry("2026-03-10T00:00:01+03:00", ActivationStatus::Ended)]);
    assert_eq!(reported(vec![by_hand, other]), both(Code::E301, "b"));
}

/// The rule as anyone would say it: look at every day, and see who can be active.
fn naive(agreements: &[Agreement]) -> BTreeSet<String> {
    let is_active = |agreement: &Agreement, offset: i32| {
        let noon =
            day("2026-01-01").at(12, 0, 0, 0).checked_add(jiff::Span::new().days(offset)).expect("a day");
        let at: Instant = format!("{noon}+03:00").parse().expect("an instant");
        state_at(agreement, at).0 == State::Active
    };
    let days: Vec<Vec<i32>> = agreements
        .iter()
        .map(|agreement| (0..120).filter(|offset| is_active(agreement, *offset)).collect())
        .collect();
    let mut reported = BTreeSet::new();
    for (index, agreement) in agreements.iter().enumerate() {
        for (other_index, other) in agreements.iter().enumerate() {
            let shares = agreement.recipients.intersection(&other.recipients).next().is_some()
                && agreement.services.keys().any(|service| other.services.contains_key(service.as_str()));
            let meets = days[index].iter().any(|day| days[other_index].contains(day));
            let is_later = (days[index].first(), &agreement.id) > (days[other_index].first(), &other.id);
            if index != other_index && shares && meets && is_later {
                reported.insert(agreement.id.to_string());
            }
        }
    }
    reported
}

fn any_agreement() -> impl Strategy<Value = Agreement> {
    let recipients = prop::sample::subsequence(vec!["dent-mayak", "dent-mayak/x-ray", "dent-profi"], 1..=2);
    let services = prop::sample::subsequence(vec!["email", "vpn"], 1..=2);
    let renewal = prop_oneof![
        3 => Just(Renewal::None),
        1 => (5..20_i32, any::<bool>()).prop_map(|(days, once)| Renewal::Auto {
            term: Term { months: 0, days },
            notice_period: None,
            max_terms: once.then_some(1),
        }),
    ];
    (0..100_i64, 0..20_i64, recipients, services, renewal, prop::option::of(0..40_i64)).prop_map(
        |(first, length, recipients, services, renewal, cut)| {
            let offset =
                |days: i64| day("2026-01-01").checked_add(jiff::Span::new().days(days)).expect("a day");
            let first_day = offset(first);
            let mut made = agreement("x", &first_day.to_string(), &offset(first + length).to_string());
            made.recipients = recipients.into_iter().filter_map(RecipientSlug::new).collect();
            made.services = services
                .into_iter()
                .filter_map(ServiceSlug::new)
                .map(|slug| (slug, crate::agreement::Coverage::default()))
                .collect();
            made.renewal = renewal;
            made.termination = cut.map(|cut| {
                let at = made.zone.start_of(offset(first + cut + 1));
                Box::new(Termination { at, last_day: offset(first + cut), reason: None, is_of_entry: false })
            });
            made
        },
    )
}

proptest! {
    #[test]
    fn the_sweep_agrees_with_looking_at_every_day(agreements in prop::collection::vec(any_agreement(), 0..8)) {
        let mut agreements = agreements;
        for (index, agreement) in agreements.iter_mut().enumerate() {
            agreement.id = crate::ident::AgreementId::new(&format!("n{index}")).expect("an id");
        }
        let expected = naive(&agreements);
        let swept: BTreeSet<String> = reported(agreements).into_iter().filter(|(_, code)| *code == Code::E301).map(|(id, _)| id).collect();
        prop_assert_eq!(swept, expected);
    }
}
