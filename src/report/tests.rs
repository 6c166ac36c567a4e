use std::collections::BTreeSet;

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

use super::{Covered, Follows, Report, StatePhase, report};
use crate::agreement::sample::{agreement, day};
use crate::agreement::{Activation, Agreement, Coverage, PeriodEnd, Renewal, Suspension, Termination};
use crate::calendar::{Instant, Term, TimeOfDay, Zone};
use crate::entitlement::services_at;
use crate::ident::{AgreementId, ServiceSlug};
use crate::status::{State, state_at};

fn at(day_of_report: &str) -> Instant {
    Zone::find("Europe/Moscow").expect("a zone").at(day(day_of_report), 12, 0)
}

fn usual() -> TimeOfDay {
    TimeOfDay::constant(9, 0, 0, 0)
}

fn renewing(id: &str, first_day: &str, last_day: &str, before: &str) -> Agreement {
    let mut agreement = agreement(id, first_day, last_day);
    agreement.renews = AgreementId::new(before);
    agreement
}

fn lanes(report: &Report<'_>) -> Vec<Vec<String>> {
    let name = |place: &usize| report.entries[*place].agreement.id.to_string();
    report.lanes.iter().map(|lane| lane.iter().map(name).collect()).collect()
}

#[test]
fn agreements_that_follow_each_other_share_a_lane_and_a_gap_is_counted_in_days() {
    let agreements = [
        renewing("b-2026", "2026-01-01", "2026-12-31", "b-2025"),
        agreement("b-2025", "2025-01-01", "2025-12-31"),
        renewing("b-2027", "2027-01-15", "2027-12-31", "b-2026"),
        agreement("a", "2026-01-01", "2026-12-31"),
    ];
    let report = report(&agreements, usual(), at("2026-09-01"));
    assert_eq!(lanes(&report), [vec!["a"], vec!["b-2025", "b-2026", "b-2027"]]);
    let follows: Vec<Follows> = report.entries.iter().map(|entry| entry.follows).collect();
    assert_eq!(
        follows,
        [
            Follows::Nothing,
            Follows::Successor { entry: 2, gap: Some(0) },
            Follows::Successor { entry: 3, gap: Some(14) },
            Follows::Nothing,
        ]
    );
}

#[test]
fn a_successor_that_never_begins_does_not_follow() {
    let mut next = renewing("b", "2027-01-01", "2027-12-31", "a");
    let zone = next.zone.clone();
    let terminated_on = |last_day: &str| {
        let last_day = day(last_day);
        let at = zone.start_of(last_day.tomorrow().expect("in range"));
        Some(Box::new(Termination { at, last_day, reason: None, is_of_entry: false }))
    };
    let mut follows = |last_day: &str| {
        next.termination = terminated_on(last_day);
        report(&[agreement("a", "2026-01-01", "2026-12-31"), next.clone()], usual(), at("2026-09-01")).entries
            [0]
        .follows
    };
    assert_eq!(follows("2026-12-31"), Follows::Nothing);
    assert_eq!(follows("2027-01-01"), Follows::Successor { entry: 1, gap: Some(0) });
}

#[test]
fn phases_are_the_days_of_use_and_of_rest() {
    let mut resting = agreement("resting", "2026-01-01", "2026-12-31");
    resting.suspensions =
        vec![Suspension { from: day("2026-08-20"), until: Some(day("2026-09-10")), reason: None }];
    let phase = |state, from, until| StatePhase { state, from: day(from), until: Some(day(until)) };
    let agreements = [resting];
    assert_eq!(
        report(&agreements, usual(), at("2026-09-01")).entries[0].phases,
        [
            phase(State::Active, "2026-01-01", "2026-08-19"),
            phase(State::Suspended, "2026-08-20", "2026-09-10"),
            phase(State::Active, "2026-09-11", "2026-12-31"),
        ]
    );
}

#[test]
fn the_day_of_a_termination_by_the_hour_counts_as_a_day_of_use() {
    let mut cut = agreement("cut", "2026-01-01", "2026-12-31");
    let noon = cut.zone.at(day("2026-06-30"), 12, 0);
    cut.termination = Some(Box::new(Termination {
        at: noon,
        last_day: day("2026-06-30"),
        reason: None,
        is_of_entry: false,
    }));
    let agreements = [cut];
    let report = report(&agreements, usual(), at("2026-03-01"));
    assert_eq!(report.entries[0].phases[0].until, Some(day("2026-06-30")));
    assert_eq!(report.entries[0].days_left(), Some(121));
}

#[test]
fn what_renews_by_itself_ends_with_its_period_and_goes_on() {
    let mut tacit = agreement("tacit", "2024-09-15", "2025-09-14");
    let term = Term::read("1y").expect("a term");
    tacit.renewal = Renewal::Auto { term, notice_period: None, max_terms: Some(2) };
    let agreements = [tacit];
    let early = report(&agreements, usual(), at("2026-09-01"));
    let entry = &early.entries[0];
    assert_eq!(
        (entry.follows, entry.ends(), entry.days_left()),
        (Follows::Roll, Some(day("2026-09-14")), Some(13))
    );
    assert_eq!(entry.rolls, [day("2025-09-15"), day("2026-09-15")]);
    let late = report(&agreements, usual(), at("2026-10-01"));
    assert_eq!(
        (late.entries[0].follows, late.entries[0].ends()),
        (Follows::Nothing, Some(day("2027-09-14")))
    );
}

#[test]
fn coverage_names_what_is_active_and_lasts_over_a_chain_as_far_as_the_service_does() {
    let mut next = renewing("next", "2027-01-01", "2027-12-31", "now");
    let vpn = ServiceSlug::new("vpn").expect("a slug");
    let mut now = agreement("now", "2026-01-01", "2026-12-31");
    now.services.insert(vpn.clone(), Coverage::default());
    next.services.remove("vpn");
    let over = agreement("over", "2025-01-01", "2025-12-31");
    let agreements = [next, now, over];
    let report = report(&agreements, usual(), at("2026-09-01"));
    let of_client = report.coverage.values().next().expect("one client");
    let found =
        |service: &str| of_client.iter().find(|(slug, _)| slug.as_str() == service).map(|(_, found)| *found);
    let now = Covered { entry: 1, state: State::Active, until: Some(day("2027-12-31")) };
    assert_eq!(found("email"), Some(now));
    assert_eq!(found("vpn"), Some(Covered { until: Some(day("2026-12-31")), ..now }));
}

#[test]
fn no_client_is_covered_by_an_agreement_that_is_over() {
    let agreements = [agreement("over", "2025-01-01", "2025-12-31")];
    let report = report(&agreements, usual(), at("2026-09-01"));
    assert!(report.coverage.is_empty());
    assert_eq!((report.entries[0].days_left(), report.entries[0].reminder_days.len()), (None, 0));
}

fn estates() -> impl Strategy<Value = Vec<Agreement>> {
    let one = (0..700_i64, 0..500_i64, any::<bool>(), prop::option::of((0..400_i64, 0..60_i64)), 0..4_u8);
    prop::collection::vec(one, 0..6)
        .prop_flat_map(|drawn| (Just(drawn), prop_oneof![Just(false), Just(true)]))
        .prop_map(|(drawn, turned)| {
            let made = drawn.into_iter().enumerate().map(|(number, (begin, length, renews, rest, kind))| {
                let base = day("2025-06-01");
                let add = |days: i64| base.checked_add(jiff::Span::new().days(days)).expect("in range");
                let mut made = agreement(&format!("a{number}"), "2026-01-01", "2026-12-31");
                made.period.first_day = Some(add(begin));
                made.period.end =
                    if kind == 1 { PeriodEnd::Open } else { PeriodEnd::LastDay(add(begin + length)) };
                if kind == 2 {
                    let term = Term::read("3mo").expect("a term");
                    made.renewal = Renewal::Auto { term, notice_period: None, max_terms: Some(3) };
                }
                if kind == 3 {
                    made.activation = Activation::Manual(Vec::new());
                }
                if renews && number > 0 {
                    made.renews = AgreementId::new(&format!("a{}", number - 1));
                }
                let rest = rest.map(|(from, length)| Suspension {
                    from: add(begin + from),
                    until: Some(add(begin + from + length)),
                    reason: None,
                });
                made.suspensions = rest.into_iter().collect();
                made
            });
            let mut estate: Vec<Agreement> = made.collect();
            if turned {
                estate.reverse();
            }
            estate
        })
}

proptest! {
    #[test]
    fn every_agreement_lies_in_one_lane_and_every_day_of_a_phase_is_of_its_state(estate in estates()) {
        let report = report(&estate, usual(), at("2026-09-01"));
        let lain: Vec<usize> = report.lanes.iter().flatten().copied().collect();
        let distinct: BTreeSet<usize> = lain.iter().copied().collect();
        assert_eq!((lain.len(), distinct.len()), (estate.len(), estate.len()));
        for entry in &report.entries {
            let zone = &entry.agreement.zone;
            for phase in &entry.phases {
                assert!(phase.until.is_none_or(|until| phase.from <= until));
                for edge in [Some(phase.from), phase.until].into_iter().flatten() {
                    assert_eq!(state_at(entry.agreement, zone.start_of(edge)).0, phase.state);
                }
            }
            let apart = |pair: &[StatePhase]| pair[0].until.is_some_and(|until| until < pair[1].from);
            assert!(entry.phases.windows(2).all(apart));
        }
        for (service, covered) in report.coverage.values().flatten() {
            let entry = &report.entries[covered.entry];
            assert_eq!(covered.state, entry.status.state);
            let is_given = services_at(entry.agreement, report.at).any(|given| given == *service);
            assert_eq!(covered.state == State::Active, is_given, "covered now is what may be asked for now");
        }
    }
}
