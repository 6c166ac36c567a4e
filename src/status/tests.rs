use proptest::prelude::*;

use super::{State, StatusReason, bound, changes, never_begins, period_at, state_at, status};
use crate::agreement::sample::{agreement, day};
use crate::agreement::{
    Activation, ActivationEntry, ActivationStatus, Agreement, Period, PeriodEnd, Renewal, Suspension,
    Termination,
};
use crate::calendar::{Day, Instant, Term, Zone, read_instant};
use crate::cases::{is_full, sample_of};

fn zone(name: &str) -> Zone {
    Zone::find(name).expect("a zone")
}

fn term(text: &str) -> Term {
    Term::read(text).expect("a term")
}

fn at(text: &str) -> Instant {
    read_instant(text).expect("an instant")
}

fn entry(agreement: &Agreement, on: &str, status: ActivationStatus) -> ActivationEntry {
    ActivationEntry { at: agreement.zone.start_of(day(on)), status, reason: None, by: None }
}

fn terminated_on(agreement: &Agreement, last_day: &str) -> Termination {
    let last_day = day(last_day);
    let at = agreement.zone.start_of(last_day.tomorrow().expect("in range"));
    Termination { at, last_day, reason: None, is_of_entry: false }
}

fn severny_veter() -> Agreement {
    let mut agreement = agreement("severny-veter-2026", "2026-02-01", "2026-02-01");
    agreement.period.end = PeriodEnd::Term(term("P1Y"));
    agreement
}

fn dent_mayak() -> Agreement {
    let mut agreement = agreement("dent-mayak-2026", "2026-01-01", "2026-12-31");
    agreement.zone = zone("Asia/Vladivostok");
    agreement
}

fn dent_profi() -> Agreement {
    let mut agreement = agreement("dent-profi-2026", "2026-01-01", "2026-12-31");
    agreement.termination = Some(Box::new(terminated_on(&agreement, "2026-09-30")));
    agreement
}

fn portovik() -> Agreement {
    let mut agreement = agreement("portovik-warranty", "2026-01-01", "2029-04-12");
    agreement.zone = zone("Europe/Kaliningrad");
    agreement.period.first_day = None;
    agreement.activation = Activation::Manual(vec![
        entry(&agreement, "2026-03-01", ActivationStatus::Planned),
        entry(&agreement, "2026-04-13", ActivationStatus::Active),
    ]);
    agreement.suspensions =
        vec![Suspension { from: day("2026-08-03"), until: Some(day("2026-08-16")), reason: None }];
    agreement.renewal = Renewal::Auto { term: term("P1Y"), notice_period: None, max_terms: Some(2) };
    agreement
}

#[test]
fn the_golden_vectors_hold() {
    use State::{Active, Expired, Planned, Suspended, Terminated};
    for (agreement, instant, expected) in [
        (severny_veter(), "2026-01-31T23:59:59+03:00", Planned),
        (severny_veter(), "2027-01-31T23:59:59+03:00", Active),
        (severny_veter(), "2027-01-31T21:00:00Z", Expired),
        (dent_mayak(), "2025-12-31T13:59:59Z", Planned),
        (dent_mayak(), "2025-12-31T14:00:00Z", Active),
        (dent_mayak(), "2026-12-31T17:00:00+03:00", Expired),
        (dent_profi(), "2026-09-30T20:59:59Z", Active),
        (dent_profi(), "2026-09-30T21:00:00Z", Terminated),
        (portovik(), "2026-02-15T12:00:00+02:00", Planned),
        (portovik(), "2026-04-12T23:59:59+02:00", Planned),
        (portovik(), "2026-04-13T00:00:00+02:00", Active),
        (portovik(), "2026-08-03T00:00:00+02:00", Suspended),
        (portovik(), "2026-08-17T00:00:00+02:00", Active),
        (portovik(), "2029-04-13T00:00:00+02:00", Active),
        (portovik(), "2031-04-12T23:59:59+02:00", Active),
        (portovik(), "2031-04-13T00:00:00+02:00", Expired),
    ] {
        assert_eq!(status(&agreement, at(instant)).state, expected, "{} at {instant}", agreement.id);
    }
}

#[test]
fn a_period_is_half_open_on_the_line_of_instants() {
    for (name, of, from, until) in [
        ("Europe/Moscow", ("2026-01-01", "2026-12-31"), "2025-12-31T21:00:00Z", "2026-12-31T21:00:00Z"),
        ("Asia/Vladivostok", ("2026-01-01", "2026-12-31"), "2025-12-31T14:00:00Z", "2026-12-31T14:00:00Z"),
        ("Europe/Berlin", ("2026-03-29", "2026-03-29"), "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        ("Europe/Berlin", ("2026-10-25", "2026-10-25"), "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        ("Africa/Cairo", ("2026-04-24", "2026-04-24"), "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"),
        ("America/Santiago", ("2026-09-06", "2026-09-06"), "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"),
    ] {
        let mut agreement = agreement("a", of.0, of.1);
        agreement.zone = zone(name);
        assert_eq!(changes(&agreement), [(at(from), State::Active), (at(until), State::Expired)], "{name}");
    }
}

#[test]
fn a_manual_entry_never_outlives_the_bound_and_an_end_is_final() {
    let mut agreement = agreement("a", "2026-01-01", "2026-06-30");
    agreement.activation =
        Activation::Manual(vec![entry(&agreement, "2026-03-01", ActivationStatus::Active)]);
    assert_eq!(
        state_at(&agreement, at("2026-02-01T12:00:00Z")),
        (State::Planned, StatusReason::NotSwitchedOn)
    );
    assert_eq!(
        state_at(&agreement, at("2026-07-01T12:00:00Z")),
        (State::Expired, StatusReason::LastDayPassed)
    );
    agreement.activation = Activation::Manual(vec![
        entry(&agreement, "2026-03-01", ActivationStatus::Active),
        entry(&agreement, "2026-04-01", ActivationStatus::Ended),
    ]);
    assert_eq!(state_at(&agreement, at("2026-04-02T12:00:00Z")), (State::Terminated, StatusReason::ByHand));
}

#[test]
fn an_inherited_term_counts_from_the_first_active_entry() {
    let mut agreement = agreement("a", "2026-01-01", "2026-01-01");
    agreement.period = Period { first_day: None, end: PeriodEnd::Term(term("1y")) };
    agreement.activation = Activation::Manual(Vec::new());
    assert_eq!(bound(&agreement), None, "before the first active entry there is no bound");
    agreement.activation =
        Activation::Manual(vec![entry(&agreement, "2026-03-01", ActivationStatus::Active)]);
    assert_eq!(bound(&agreement).expect("a bound").at, at("2027-02-28T21:00:00Z"));
}

#[test]
fn a_termination_on_the_agreed_last_day_says_expired() {
    let mut agreement = agreement("a", "2026-01-01", "2026-06-30");
    agreement.termination = Some(Box::new(terminated_on(&agreement, "2026-06-30")));
    assert_eq!(state_at(&agreement, at("2026-07-01T12:00:00Z")).0, State::Expired);
    agreement.termination = Some(Box::new(terminated_on(&agreement, "2026-06-29")));
    assert_eq!(state_at(&agreement, at("2026-06-30T12:00:00Z")).0, State::Terminated);
}

#[test]
fn tacit_periods_are_counted_from_the_anchor() {
    let mut agreement = agreement("a", "2026-01-31", "2026-01-31");
    agreement.period.end = PeriodEnd::Term(term("P1M"));
    agreement.renewal = Renewal::Auto { term: term("P1M"), notice_period: None, max_terms: None };
    let expected = [
        ("2026-02-28", "2026-01-31", "2026-02-28", 1),
        ("2026-03-01", "2026-03-01", "2026-03-30", 2),
        ("2026-04-01", "2026-03-31", "2026-04-30", 3),
    ];
    for (today, first_day, last_day, number) in expected {
        let stretch = period_at(&agreement, agreement.zone.start_of(day(today)));
        assert_eq!(
            (stretch.number, stretch.first_day, stretch.last_day),
            (number, Some(day(first_day)), Some(day(last_day)))
        );
    }
    assert_eq!(bound(&agreement), None);
}

#[test]
fn a_successor_caps_a_tacit_roll_and_nothing_else() {
    let mut agreement = agreement("a", "2026-01-01", "2026-12-31");
    agreement.renewal = Renewal::Auto { term: term("1y"), notice_period: None, max_terms: None };
    agreement.succeeded_on = Some(day("2029-03-01"));
    assert_eq!(bound(&agreement).expect("capped").at, at("2029-02-28T21:00:00Z"));
    agreement.succeeded_on = Some(day("2026-06-01"));
    assert_eq!(bound(&agreement).expect("capped").at, at("2026-12-31T21:00:00Z"));
    let stretch = period_at(&agreement, at("2030-01-01T00:00:00Z"));
    assert_eq!((stretch.number, stretch.first_day), (1, Some(day("2026-01-01"))));
}

#[test]
fn a_termination_on_the_last_day_of_a_tacit_period_declines_the_next_one() {
    let mut agreement = agreement("a", "2025-06-01", "2025-06-01");
    agreement.period.end = PeriodEnd::Term(term("1y"));
    agreement.renewal = Renewal::Auto { term: term("1y"), notice_period: None, max_terms: None };
    for (last_day, number, first_day, agreed, state) in [
        ("2026-05-31", 1, "2025-06-01", "2026-05-31", State::Expired),
        ("2028-05-31", 3, "2027-06-01", "2028-05-31", State::Expired),
        ("2026-05-30", 1, "2025-06-01", "2026-05-31", State::Terminated),
        ("2026-06-01", 2, "2026-06-01", "2027-05-31", State::Terminated),
    ] {
        agreement.termination = Some(Box::new(terminated_on(&agreement, last_day)));
        let over = agreement.zone.start_of(day(last_day).tomorrow().expect("in range"));
        assert_eq!(state_at(&agreement, over).0, state, "{last_day}");
        for at in [over, at("2040-01-01T00:00:00Z")] {
            let period = period_at(&agreement, at);
            assert_eq!((period.number, period.first_day), (number, Some(day(first_day))), "{last_day}");
            assert_eq!((period.last_day, period.agreed_last_day), (Some(day(last_day)), Some(day(agreed))));
        }
    }
}

#[test]
fn an_agreement_never_begins_if_it_is_over_before_its_first_day() {
    let mut agreement = agreement("a", "2027-01-01", "2027-12-31");
    assert!(!never_begins(&agreement));
    for (last_day, is_never) in [("2026-11-30", true), ("2026-12-31", true), ("2027-01-01", false)] {
        agreement.termination = Some(Box::new(terminated_on(&agreement, last_day)));
        assert_eq!(never_begins(&agreement), is_never, "{last_day}");
    }
    // Until its termination, people may still activate it.
    agreement.activation = Activation::Manual(Vec::new());
    agreement.termination = Some(Box::new(terminated_on(&agreement, "2027-06-30")));
    assert!(!never_begins(&agreement));
    agreement.termination = None;
    let ended = entry(&agreement, "2026-12-01", ActivationStatus::Ended);
    agreement.activation = Activation::Manual(vec![ended.clone()]);
    assert!(never_begins(&agreement));
    let active = entry(&agreement, "2026-11-01", ActivationStatus::Active);
    agreement.activation = Activation::Manual(vec![active, ended]);
    assert!(!never_begins(&agreement));
}

/// The last day of so many months from an anchor, by the rule of the civil codes, without a library for days.
fn last_day_of(anchor: Day, months: i32) -> Day {
    let month = i32::from(anchor.year()) * 12 + i32::from(anchor.month()) - 1 + months;
    let date = |month: i32, day: i8| {
        let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
        Day::new(i16::try_from(year).expect("in range"), i8::try_from(month).expect("a month"), day)
    };
    let leap = |year: i32| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = |month: i32| match month.rem_euclid(12) {
        1 if leap(month.div_euclid(12)) => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    };
    if anchor.day() > length(month) {
        date(month, length(month)).expect("a day")
    } else if anchor.day() == 1 {
        date(month - 1, length(month - 1)).expect("a day")
    } else {
        date(month, anchor.day() - 1).expect("a day")
    }
}

/// `SERVANDA_FULL=1` takes each of the 2,922 days and each term; else a sample, with all days that a month may lack.
#[test]
fn tacit_periods_leave_no_gap_and_no_overlap_from_any_day_for_any_term() {
    let begin = day("2024-01-01");
    for offset in 0..2_922_i32 {
        let first_day = begin.checked_add(jiff::Span::new().days(offset)).expect("in range");
        if !is_full() && offset % 29 != 0 && !(first_day.day() > 28 && offset % 5 == 0) {
            continue;
        }
        for months in (1..=36).filter(|months| is_full() || (offset + months) % 7 == 0) {
            let mut agreement = agreement("a", "2024-01-01", "2024-12-31");
            let term = Term { months, days: 0 };
            agreement.period = Period { first_day: Some(first_day), end: PeriodEnd::Term(term) };
            agreement.renewal = Renewal::Auto { term, notice_period: None, max_terms: Some(19) };
            let mut begins = first_day;
            for number in 1..=20_u32 {
                let last_day = last_day_of(first_day, months * i32::try_from(number).expect("small"));
                for today in [begins, last_day] {
                    let period = period_at(&agreement, agreement.zone.start_of(today));
                    assert_eq!(
                        (period.number, period.first_day, period.last_day),
                        (number, Some(begins), Some(last_day)),
                        "{first_day} and {term} on {today}"
                    );
                }
                begins = last_day.tomorrow().expect("in range");
            }
            assert_eq!(bound(&agreement).expect("it ends").at, agreement.zone.start_of(begins));
        }
    }
}

const ZONES: [&str; 7] = [
    "Europe/Moscow",
    "America/Santiago",
    "Africa/Cairo",
    "Pacific/Apia",
    "Asia/Beirut",
    "America/Havana",
    "Australia/Lord_Howe",
];

prop_compose! {
    fn any_agreement()(
        zone_index in 0..ZONES.len(),
        first in 0_i64..1500,
        length in 0_i64..900,
        rests in proptest::collection::vec((0_i64..1200, 0_i64..90), 0..3),
        log in proptest::option::of(proptest::collection::vec((0_i64..2000, 0_usize..4), 0..4)),
        terminated in proptest::option::of(0_i64..900),
        roll in proptest::option::of((1_i64..14, proptest::option::of(0_u32..5))),
        succeeded in proptest::option::of(0_i64..3000),
        by_term in any::<bool>(),
    ) -> Agreement {
        let epoch = day("2024-01-01");
        let plus = |days: i64| epoch.checked_add(jiff::Span::new().days(days)).expect("in range");
        let mut agreement = agreement("a", "2024-01-01", "2024-12-31");
        agreement.zone = zone(ZONES[zone_index]);
        let end = if by_term { PeriodEnd::Term(term("7mo")) } else { PeriodEnd::LastDay(plus(first + length)) };
        agreement.period = Period { first_day: Some(plus(first)), end };
        agreement.suspensions = rests.into_iter().map(|(from, days)| Suspension {
            from: plus(from), until: (days > 3).then(|| plus(from + days)), reason: None,
        }).collect();
        if let Some(mut log) = log {
            log.sort_unstable();
            let statuses = [ActivationStatus::Planned, ActivationStatus::Active, ActivationStatus::Suspended, ActivationStatus::Ended];
            let entries = log.into_iter().map(|(on, status)| ActivationEntry {
                at: agreement.zone.start_of(plus(on)), status: statuses[status], reason: None, by: None,
            });
            agreement.activation = Activation::Manual(entries.collect());
        }
        agreement.termination = terminated.map(|days| {
            let last_day = plus(first + days);
            let at = agreement.zone.start_of(last_day.tomorrow().expect("in range"));
            Box::new(Termination { at, last_day, reason: None, is_of_entry: false })
        });
        if let Some((months, max_terms)) = roll {
            let term = Term { months: i32::try_from(months).expect("small"), days: 0 };
            agreement.renewal = Renewal::Auto { term, notice_period: None, max_terms };
        }
        agreement.succeeded_on = succeeded.map(plus);
        agreement
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: sample_of(100, 400), failure_persistence: None, ..ProptestConfig::default() })]

    /// Walks a timeline by every hour of a sample of days: the state is that of the last listed change.
    #[test]
    fn the_state_changes_at_next_change_and_at_no_other_instant(
        agreement in any_agreement(),
        hours in proptest::collection::vec(0_i64..40_000, 40),
    ) {
        let second = jiff::SignedDuration::from_secs(1);
        for hour in hours {
            let instant = at("2023-12-30T00:00:00Z") + jiff::SignedDuration::from_hours(hour);
            let status = status(&agreement, instant);
            prop_assert_eq!(status.state, state_at(&agreement, instant).0);
            if let Some((next, state)) = status.next_change {
                prop_assert!(next > instant);
                prop_assert_eq!(state_at(&agreement, next).0, state);
                prop_assert_ne!(state, status.state);
                prop_assert_eq!(state_at(&agreement, next - second).0, status.state);
                let middle = instant + (next.duration_since(instant) / 2);
                prop_assert_eq!(state_at(&agreement, middle).0, status.state);
            } else {
                prop_assert_eq!(state_at(&agreement, at("2150-01-01T00:00:00Z")).0, status.state);
            }
            if let Some(since) = status.since {
                prop_assert!(since <= instant);
                prop_assert_eq!(state_at(&agreement, since).0, status.state);
                prop_assert_ne!(state_at(&agreement, since - second).0, status.state);
            }
        }
    }

    #[test]
    fn what_is_over_stays_over(agreement in any_agreement()) {
        let states: Vec<_> = changes(&agreement).into_iter().map(|(_, state)| state).collect();
        let over = states.iter().position(|state| state.is_over());
        prop_assert!(over.is_none_or(|index| states[index..].iter().all(|state| state.is_over())));
    }

    #[test]
    fn no_period_begins_after_a_termination(agreement in any_agreement(), hour in 0_i64..60_000) {
        let instant = at("2024-01-01T12:00:00Z") + jiff::SignedDuration::from_hours(hour);
        let period = period_at(&agreement, instant);
        if let Some(termination) = &agreement.termination {
            prop_assert!(period.number == 1 || period.first_day.is_none_or(|day| day <= termination.last_day));
        }
    }

    #[test]
    fn periods_follow_one_another_without_gap_or_overlap(agreement in any_agreement()) {
        let mut agreement = agreement;
        agreement.termination = None;
        agreement.activation = Activation::Auto;
        let mut previous = period_at(&agreement, at("2023-01-01T00:00:00Z"));
        for hour in (0..60_000).step_by(24) {
            let instant = at("2024-01-01T12:00:00Z") + jiff::SignedDuration::from_hours(hour);
            let stretch = period_at(&agreement, instant);
            if stretch != previous {
                prop_assert_eq!(stretch.first_day, previous.last_day.and_then(|day| day.tomorrow().ok()));
                prop_assert_eq!(stretch.number, previous.number + 1);
            }
            previous = stretch;
        }
    }
}
