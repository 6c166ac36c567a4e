//! Daily runs over agreements: who is notified of what, and when.

use std::collections::BTreeSet;

use super::fixture::{Fixture, after, lead, notifying};
use crate::agreement::sample::day;
use crate::agreement::{
    Activation, ActivationEntry, ActivationStatus, Agreement, NoticeEvent, PeriodEnd, Renewal, Suspension,
    Termination,
};
use crate::calendar::{Instant, Lead, Term};
use crate::cases::{every, sample_of};
use crate::catalog::Contact;
use crate::ident::AgreementId;
use crate::notice::delivery::messages;
use crate::notice::{Confirmation, DueNotices, NoticeRecord, NoticeResult, PastEvents};

#[test]
fn a_year_of_notices_day_by_day() {
    let mut resting = notifying("a", "2026-02-01", "2026-12-31");
    let until = Some(day("2026-05-10"));
    resting.suspensions.push(Suspension { from: day("2026-05-01"), until, reason: None });
    let mut fixture = Fixture::new([resting]);
    fixture.run_daily("2026-01-01", "2027-02-28");
    assert_eq!(
        fixture.sent(),
        [
            "2026-02-01  a activated 2026-02-01 - client.main",
            "2026-05-01  a deactivated 2026-05-01 - client.main",
            "2026-05-11  a activated 2026-05-11 - client.main",
            "2026-11-01  a expiring 2026-12-31 60d client.main",
            "2026-12-01  a expiring 2026-12-31 30d client.main",
            "2026-12-24  a expiring 2026-12-31 7d client.main",
            "2026-12-30  a expiring 2026-12-31 1d client.main",
            "2027-01-01  a deactivated 2027-01-01 - client.main",
        ]
    );
    let done = |expected: NoticeResult| {
        fixture
            .records
            .records
            .values()
            .filter(|record| matches!(record, NoticeRecord::Done { result, .. } if *result == expected))
            .count()
    };
    assert_eq!(
        (done(NoticeResult::Sent), done(NoticeResult::Superseded), fixture.records.records.len()),
        (8, 0, 8)
    );
}

#[test]
fn nothing_is_due_before_the_time_of_day() {
    let fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    assert_eq!(fixture.due("2026-02-01", 8), DueNotices::default());
    assert_eq!(fixture.due("2026-02-01", 9).send.len(), 1);
}

#[test]
fn after_any_gap_the_latest_event_is_sent_once_and_the_rest_is_superseded() {
    let later = |days: i32| after(day("2026-01-01"), days);
    let mut daily = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    for start in 0..420 {
        daily.run(&later(start).to_string());
        daily.sent();
        // Every start of the year meets some gap, in a sample every fifth, and every gap the ends of several periods.
        for gap in (1..=60).filter(|gap| gap % 42 == start % 42 && start % sample_of(5, 1) == 0) {
            let mut fixture = daily.clone();
            let back = later(start + gap);
            fixture.run(&back.to_string());
            let events: Vec<&str> =
                fixture.sent.iter().filter_map(|line| line.split_whitespace().nth(2)).collect();
            let kinds: BTreeSet<&&str> = events.iter().collect();
            assert_eq!(kinds.len(), events.len(), "after {gap} days without a run: {:?}", fixture.sent);
            // Nothing is due later than the day after the last.
            let end = later(start + gap + 14).max(day("2027-01-15"));
            fixture.run_daily(&back.tomorrow().expect("a day").to_string(), &end.to_string());
            // The four lead times, the beginning and the end are all settled.
            let names: BTreeSet<String> = fixture
                .records
                .records
                .iter()
                .filter(|(_, record)| record.is_done())
                .map(|(key, _)| key.to_string())
                .collect();
            assert_eq!(names.len(), 6, "{names:?}");
            let is_late = |record: &NoticeRecord| {
                matches!(record, NoticeRecord::Done { result: NoticeResult::Late, .. })
            };
            assert!(!fixture.records.records.values().any(is_late), "a gap makes nothing late");
        }
    }
}

/// A hundred agreements of all lengths, and the expected notices of a year: on the first day, on the day after the last,
/// and at each lead time that falls after the first day.
fn hundred() -> (Vec<Agreement>, Vec<String>) {
    let mut agreements = Vec::new();
    let mut table = Vec::new();
    for number in 0..100_i32 {
        let first_day = after(day("2026-01-01"), number * 3 % 180);
        let last_day = after(first_day, 20 + number * 7 % 160);
        let id = format!("a{number:02}");
        agreements.push(notifying(&id, &first_day.to_string(), &last_day.to_string()));
        table.push(format!("{first_day}  {id} activated {first_day} - client.main"));
        let over = after(last_day, 1);
        table.push(format!("{over}  {id} deactivated {over} - client.main"));
        for lead in [60, 30, 7, 1] {
            let ahead = after(last_day, -lead);
            if ahead > first_day {
                table.push(format!("{ahead}  {id} expiring {last_day} {lead}d client.main"));
            }
        }
    }
    table.sort();
    (agreements, table)
}

#[test]
fn a_year_of_a_hundred_agreements_sends_exactly_the_table() {
    let (agreements, table) = hundred();
    let mut fixture = Fixture::new(agreements);
    fixture.run_daily("2026-01-01", "2026-12-31");
    let mut sent = fixture.sent();
    sent.sort();
    assert_eq!(sent, table);
}

/// Runs the chosen agreements for a year with a gap of some days. Returns the number of messages that the first run after
/// the gap sends to the only recipient.
fn skip(start: &str, gap: i32, is_chosen: impl Fn(usize) -> bool) -> usize {
    let (agreements, table) = hundred();
    let agreements = agreements.into_iter().enumerate().filter(|(index, _)| is_chosen(*index));
    let mut fixture = Fixture::new(agreements.map(|(_, agreement)| agreement));
    let ids: BTreeSet<String> = fixture.agreements.keys().map(ToString::to_string).collect();
    let table = table.iter().filter(|line| line.split(' ').nth(2).is_some_and(|id| ids.contains(id)));
    fixture.run_daily("2026-01-01", start);
    let back = after(day(start), gap);
    let first = messages(&fixture.due(&back.to_string(), 10), []).len();
    fixture.run_daily(&back.to_string(), "2026-12-31");
    let what = |line: &String| line.split_once("  ").map(|(_, what)| what.to_owned()).expect("two parts");
    let sent: Vec<String> = fixture.sent().iter().map(what).collect();
    let once: BTreeSet<String> = sent.iter().cloned().collect();
    assert_eq!(once.len(), sent.len(), "nothing is sent twice after {gap} days");
    let table: BTreeSet<String> = table.map(what).collect();
    assert!(once.is_subset(&table));
    // Every notice that was not sent is recorded as superseded.
    let written =
        fixture.records.records.iter().filter(|(_, record)| {
            matches!(record, NoticeRecord::Done { result: NoticeResult::Superseded, .. })
        });
    let written: BTreeSet<String> = written
        .map(|(key, _)| {
            format!("{} {} {} {} {}", key.agreement, key.event.as_str(), key.day, key.variant, key.recipient)
        })
        .collect();
    assert_eq!(&table - &once, written, "after {gap} days");
    first
}

#[test]
fn after_a_gap_a_recipient_gets_one_message_and_nothing_is_sent_twice() {
    for (start, gap) in [("2026-03-10", 9), ("2026-05-05", 60)] {
        assert_eq!(skip(start, gap, |_| true), 1, "one message to the one recipient");
    }
}

/// Tries every gap, in a sample every fifth, with another twelfth of the agreements and from another day.
#[test]
fn after_any_gap_a_recipient_gets_one_message() {
    let mut silent = 0;
    for gap in every(5, 1..=60) {
        let start = after(day("2026-02-01"), gap * 37 % 200);
        let twelfth = usize::try_from(gap).expect("small") % 12;
        match skip(&start.to_string(), gap, |index| index % 12 == twelfth) {
            // With so few agreements, some gaps contain no event.
            0 => silent += 1,
            first => assert_eq!(first, 1, "one message to the one recipient after {gap} days"),
        }
    }
    assert!(silent < sample_of(3, 10), "{silent} gaps prove nothing");
}

#[test]
fn a_day_that_moves_is_corrected_and_announced_again() {
    let mut fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    fixture.run_daily("2026-01-01", "2026-12-02");
    fixture.sent();
    fixture.agreement("a").period.end = PeriodEnd::LastDay(day("2027-02-28"));
    fixture.run_daily("2026-12-03", "2027-03-02");
    assert_eq!(
        fixture.sent(),
        [
            "2026-12-03  a amended 2027-02-28 r1 client.main",
            "2026-12-30  a expiring 2027-02-28 60d client.main",
            "2027-01-29  a expiring 2027-02-28 30d client.main",
            "2027-02-21  a expiring 2027-02-28 7d client.main",
            "2027-02-27  a expiring 2027-02-28 1d client.main",
            "2027-03-01  a deactivated 2027-03-01 - client.main",
        ]
    );
}

#[test]
fn a_day_that_moves_back_and_forth_is_corrected_each_time() {
    let mut fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    fixture.run_daily("2026-02-01", "2026-02-01");
    fixture.sent();
    for (today, last_day) in
        [("2026-03-01", "2027-03-31"), ("2026-03-02", "2026-12-31"), ("2026-03-03", "2027-03-31")]
    {
        fixture.agreement("a").period.end = PeriodEnd::LastDay(day(last_day));
        fixture.run(today);
    }
    assert_eq!(
        fixture.sent(),
        [
            "2026-03-01  a amended 2027-03-31 r1 client.main",
            "2026-03-02  a amended 2026-12-31 r2 client.main",
            "2026-03-03  a amended 2027-03-31 r3 client.main",
        ]
    );
}

#[test]
fn a_reminder_with_the_new_day_replaces_the_correction() {
    let mut fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    fixture.run("2026-02-01");
    fixture.sent();
    fixture.agreement("a").period.end = PeriodEnd::LastDay(day("2026-04-30"));
    fixture.run_daily("2026-03-01", "2026-03-05");
    assert_eq!(fixture.sent(), ["2026-03-01  a expiring 2026-04-30 60d client.main"]);
}

#[test]
fn a_terminated_agreement_is_announced_with_its_new_last_day_only() {
    let mut fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    fixture.run_daily("2026-02-01", "2026-11-02");
    fixture.sent();
    let zone = fixture.agreement("a").zone.clone();
    let last_day = day("2026-11-15");
    let at = zone.start_of(last_day.tomorrow().expect("a day"));
    fixture.agreement("a").termination =
        Some(Box::new(Termination { at, last_day, reason: None, is_of_entry: false }));
    fixture.run_daily("2026-11-03", "2027-02-01");
    assert_eq!(
        fixture.sent(),
        [
            "2026-11-03  a expiring 2026-11-15 30d client.main",
            "2026-11-08  a expiring 2026-11-15 7d client.main",
            "2026-11-14  a expiring 2026-11-15 1d client.main",
            "2026-11-16  a deactivated 2026-11-16 - client.main",
        ]
    );
}

#[test]
fn a_successor_replaces_the_end_by_one_renewal() {
    let next = successor_of_a("2027-01-01");
    let mut fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    fixture.run_daily("2026-02-01", "2026-11-15");
    fixture.agreements.insert(next.id.clone(), next);
    fixture.run_daily("2026-11-16", "2027-03-01");
    assert_eq!(
        fixture.sent(),
        [
            "2026-02-01  a activated 2026-02-01 - client.main",
            "2026-11-01  a expiring 2026-12-31 60d client.main",
            "2027-01-01  b renewed 2027-01-01 - client.main",
        ]
    );
}

/// An agreement `b` from this day to the end of 2027, which renews `a`.
fn successor_of_a(first_day: &str) -> Agreement {
    Agreement { renews: AgreementId::new("a"), ..notifying("b", first_day, "2027-12-31") }
}

#[test]
fn a_successor_replaces_the_end_of_a_suspended_agreement_too() {
    let next = successor_of_a("2027-01-01");
    let mut resting = notifying("a", "2026-02-01", "2026-12-31");
    resting.suspensions.push(Suspension { from: day("2026-12-01"), until: None, reason: None });
    let mut fixture = Fixture::new([resting, next]);
    fixture.run_daily("2026-11-30", "2027-01-03");
    assert_eq!(
        fixture.sent(),
        [
            "2026-11-30  a activated 2026-02-01 - client.main",
            "2026-12-01  a deactivated 2026-12-01 - client.main",
            "2027-01-01  b renewed 2027-01-01 - client.main",
        ]
    );
}

#[test]
fn a_successor_after_a_gap_replaces_nothing() {
    let next = successor_of_a("2027-01-02");
    let mut fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31"), next]);
    fixture.run_daily("2026-12-20", "2027-01-03");
    assert_eq!(
        fixture.sent(),
        [
            "2026-12-20  a activated 2026-02-01 - client.main",
            "2026-12-20  a expiring 2026-12-31 30d client.main",
            "2026-12-24  a expiring 2026-12-31 7d client.main",
            "2026-12-30  a expiring 2026-12-31 1d client.main",
            "2027-01-01  a deactivated 2027-01-01 - client.main",
            "2027-01-02  b activated 2027-01-02 - client.main",
        ]
    );
}

#[test]
fn a_successor_that_never_begins_replaces_nothing() {
    let mut next = successor_of_a("2027-01-01");
    let at = next.zone.start_of(day("2027-01-01"));
    next.termination =
        Some(Box::new(Termination { at, last_day: day("2026-12-31"), reason: None, is_of_entry: false }));
    let mut before = notifying("a", "2026-02-01", "2026-12-31");
    before.renewal = Renewal::Manual { notice_period: Some(lead(30)) };
    let mut fixture = Fixture::new([before, next]);
    fixture.run_daily("2026-02-01", "2027-01-03");
    assert_eq!(
        fixture.sent(),
        [
            "2026-02-01  a activated 2026-02-01 - client.main",
            "2026-11-01  a expiring 2026-12-31 60d client.main",
            "2026-11-17  a notice_deadline 2026-12-31 14d client.main",
            "2026-12-01  a expiring 2026-12-31 30d client.main",
            "2026-12-24  a expiring 2026-12-31 7d client.main",
            "2026-12-30  a expiring 2026-12-31 1d client.main",
            "2027-01-01  a deactivated 2027-01-01 - client.main",
        ]
    );
}

#[test]
fn a_tacit_renewal_is_announced_and_its_deadline_before() {
    let mut rolling = notifying("a", "2026-02-01", "2026-04-30");
    let term = Term { months: 3, days: 0 };
    rolling.period.end = PeriodEnd::Term(term);
    rolling.renewal = Renewal::Auto { term, notice_period: Some(lead(30)), max_terms: Some(2) };
    let mut fixture = Fixture::new([rolling]);
    fixture.run_daily("2026-01-01", "2026-12-01");
    assert_eq!(
        fixture.sent(),
        [
            "2026-02-01  a activated 2026-02-01 - client.main",
            "2026-03-17  a notice_deadline 2026-04-30 14d client.main",
            "2026-05-01  a renewed 2026-05-01 - client.main",
            "2026-06-17  a notice_deadline 2026-07-31 14d client.main",
            "2026-08-01  a renewed 2026-08-01 - client.main",
            "2026-09-01  a expiring 2026-10-31 60d client.main",
            "2026-09-17  a notice_deadline 2026-10-31 14d client.main",
            "2026-10-01  a expiring 2026-10-31 30d client.main",
            "2026-10-24  a expiring 2026-10-31 7d client.main",
            "2026-10-30  a expiring 2026-10-31 1d client.main",
            "2026-11-01  a deactivated 2026-11-01 - client.main",
        ]
    );
}

#[test]
fn a_lead_time_in_months_is_part_of_the_key_and_one_reminder_a_day_is_enough() {
    let mut agreement = notifying("a", "2026-01-01", "2026-12-31");
    let leads = ["2mo", "31d", "1mo", "7d"].map(|text| Lead::read(text).expect("a lead time"));
    agreement.notices.events.get_mut(&NoticeEvent::Expiring).expect("a rule").before = leads.to_vec();
    let mut deadline = notifying("b", "2026-01-01", "2026-12-31");
    let term = Term { months: 12, days: 0 };
    let notice_period = Some(Lead::read("P1M").expect("a lead time"));
    deadline.renewal = Renewal::Auto { term, notice_period, max_terms: None };
    let mut fixture = Fixture::new([agreement, deadline]);
    fixture.run_daily("2026-10-01", "2026-12-30");
    assert_eq!(
        fixture.sent().split_off(2),
        [
            // 31 days before the last day are the same day as one month.
            "2026-10-31  a expiring 2026-12-31 2mo client.main",
            "2026-11-16  b notice_deadline 2026-12-31 14d client.main",
            "2026-11-30  a expiring 2026-12-31 1mo client.main",
            "2026-12-24  a expiring 2026-12-31 7d client.main",
        ]
    );
}

#[test]
fn events_before_the_first_run_are_never_announced() {
    let mut fixture = Fixture::new([
        notifying("a", "2026-02-01", "2026-12-31"),
        notifying("over", "2025-01-01", "2025-12-31"),
    ]);
    fixture.begin("2026-12-15");
    fixture.run_daily("2026-12-15", "2026-12-24");
    assert_eq!(fixture.sent(), ["2026-12-24  a expiring 2026-12-31 7d client.main"]);
    fixture.agreement("a").period.end = PeriodEnd::LastDay(day("2027-01-31"));
    let fresh = notifying("new", "2026-12-01", "2027-11-30");
    fixture.agreements.insert(fresh.id.clone(), fresh);
    fixture.run("2026-12-25");
    assert_eq!(
        fixture.sent(),
        [
            "2026-12-25  a expiring 2027-01-31 60d client.main",
            "2026-12-25  new activated 2026-12-01 - client.main",
        ],
        "a day that moved later is new, and so is an agreement"
    );
}

#[test]
fn a_new_contact_receives_no_notices_about_the_past() {
    let mut fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    fixture.run("2026-02-01");
    let client = fixture.catalog.clients.values_mut().next().expect("the client");
    client.contacts.insert("boss".to_owned(), Contact::Email("boss@client.example".to_owned()));
    fixture.sent();
    fixture.run_daily("2026-02-02", "2026-11-01");
    assert_eq!(
        fixture.sent(),
        [
            "2026-11-01  a expiring 2026-12-31 60d client.boss",
            "2026-11-01  a expiring 2026-12-31 60d client.main",
        ]
    );
}

#[test]
fn a_renamed_agreement_keeps_its_records() {
    let mut fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    fixture.run_daily("2026-02-01", "2026-11-05");
    fixture.sent();
    let mut renamed = fixture.agreements.remove("a").expect("it is there");
    renamed.formerly = vec![renamed.id.clone()];
    renamed.id = AgreementId::new("b").expect("an id");
    fixture.agreements.insert(renamed.id.clone(), renamed);
    fixture.run_daily("2026-11-06", "2026-12-01");
    assert_eq!(fixture.sent(), ["2026-12-01  b expiring 2026-12-31 30d client.main"]);
}

#[test]
fn an_unconfirmed_notice_is_deferred_and_late_in_the_end() {
    let mut fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    fixture.confirmation = Confirmation::Unconfirmed;
    fixture.run_daily("2026-02-20", "2026-02-21");
    assert!(fixture.sent().is_empty());
    let waiting = fixture.due("2026-02-22", 10).deferred;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    fixture.confirmation = Confirmation::AsDesired;
    assert_eq!(fixture.due("2026-02-22", 10).send.len(), 1, "late is counted from the first run");
    fixture.confirmation = Confirmation::Unconfirmed;
    fixture.run_daily("2026-02-22", "2026-03-01");
    let record = fixture.records.records.values().next();
    assert!(matches!(record, Some(NoticeRecord::Done { result: NoticeResult::Late, .. })), "{record:?}");
}

#[test]
fn an_agreement_that_ended_before_its_creation_is_not_announced() {
    let mut fixture = Fixture::new([notifying("a", "2026-02-01", "2026-02-10")]);
    fixture.confirmation = Confirmation::Absent;
    fixture.run("2026-03-01");
    assert!(fixture.sent().is_empty());
    assert!(fixture.records.records.values().all(NoticeRecord::is_done));
}

#[test]
fn a_manual_activation_is_announced_after_its_entry() {
    let mut fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    fixture.agreement("a").activation = Activation::Manual(Vec::new());
    fixture.run_daily("2026-02-01", "2026-02-05");
    assert!(fixture.sent().is_empty());
    let at: Instant = "2026-02-06T12:00:00Z".parse().expect("an instant");
    let entry = ActivationEntry { at, status: ActivationStatus::Active, reason: None, by: None };
    fixture.agreement("a").activation = Activation::Manual(vec![entry]);
    fixture.run_daily("2026-02-06", "2026-02-08");
    assert_eq!(
        fixture.sent(),
        ["2026-02-07  a activated 2026-02-06 - client.main"],
        "the day after the entry, and not before"
    );
}

#[test]
fn a_recipient_without_an_address_is_deferred_with_the_reason() {
    let mut fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    fixture.catalog.clients.values_mut().for_each(|client| client.contacts.clear());
    let due = fixture.due("2026-02-01", 10);
    assert!(due.send.is_empty());
    let why: Vec<&str> = due.deferred.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(why, ["the client has no contact"]);
}

#[test]
fn past_events_name_no_person() {
    let mut fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    fixture.begin("2026-11-02");
    let past: Vec<&str> = fixture.records.past.by_agreement["a"].iter().map(String::as_str).collect();
    assert_eq!(past, ["activated/2026-02-01/-", "expiring/2026-12-31/60d"]);
    let _: &PastEvents = &fixture.records.past;
}
