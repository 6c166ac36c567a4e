//! Day after day over agreements: who is told of what, and when.

use std::collections::BTreeSet;

use super::desk::{Desk, lead, telling};
use crate::agreement::sample::day;
use crate::agreement::{Activation, Agreement, Renewal, Suspension, Termination};
use crate::calendar::{Day, Instant, Term};
use crate::catalog::Contact;
use crate::ident::AgreementId;
use crate::notice::delivery::messages;
use crate::notice::{Beginning, Due, Fact, How, Record};

#[test]
fn a_year_is_told_day_by_day() {
    let mut resting = telling("a", "2026-02-01", "2026-12-31");
    let until = Some(day("2026-05-10"));
    resting.suspensions.push(Suspension { from: day("2026-05-01"), until, reason: None });
    let mut desk = Desk::new([resting]);
    desk.run_daily("2026-01-01", "2027-02-28");
    assert_eq!(
        desk.told(),
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
    let done = |how: How| {
        desk.memory
            .records
            .values()
            .filter(|record| matches!(record, Record::Done { how: was, .. } if *was == how))
            .count()
    };
    assert_eq!((done(How::Sent), done(How::Superseded), desk.memory.records.len()), (8, 0, 8));
}

#[test]
fn nobody_is_told_before_the_hour() {
    let desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    assert_eq!(desk.due("2026-02-01", 8), Due::default());
    assert_eq!(desk.due("2026-02-01", 9).send.len(), 1);
}

#[test]
fn after_any_gap_the_latest_is_told_once_and_the_rest_is_written_down() {
    for gap in 1..=60 {
        // Every start of the year comes up with some gap, and every gap at the ends of several periods.
        for start in (gap % 42..420).step_by(42) {
            let mut desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
            let begin = day("2026-01-01");
            let after =
                |days: i32| -> Day { begin.checked_add(jiff::Span::new().days(days)).expect("a day") };
            desk.run_daily("2026-01-01", &after(start).to_string());
            let back = after(start + gap);
            desk.told();
            desk.run(&back.to_string());
            let events: Vec<&str> =
                desk.told.iter().filter_map(|line| line.split_whitespace().nth(2)).collect();
            let kinds: BTreeSet<&&str> = events.iter().collect();
            assert_eq!(kinds.len(), events.len(), "after {gap} days without a run: {:?}", desk.told);
            desk.run_daily(&back.tomorrow().expect("a day").to_string(), "2027-06-01");
            // The four leads, the beginning and the end: each is settled, however late.
            let names: BTreeSet<String> = desk
                .memory
                .records
                .iter()
                .filter(|(_, record)| record.is_done())
                .map(|(key, _)| key.to_string())
                .collect();
            assert_eq!(names.len(), 6, "{names:?}");
            let is_late = |record: &Record| matches!(record, Record::Done { how: How::Late, .. });
            assert!(!desk.memory.records.values().any(is_late), "a gap makes nothing late");
        }
    }
}

/// A hundred agreements of all lengths, each with what is told of it in a year, worked out by hand: the first
/// day, the day after the last, and so many days before it where the agreement has begun by then.
fn hundred() -> (Vec<Agreement>, Vec<String>) {
    let mut agreements = Vec::new();
    let mut table = Vec::new();
    let day_after = |day: Day, days: i32| day.checked_add(jiff::Span::new().days(days)).expect("a day");
    for number in 0..100_i32 {
        let first_day = day_after(day("2026-01-01"), number * 3 % 180);
        let last_day = day_after(first_day, 20 + number * 7 % 160);
        let id = format!("a{number:02}");
        agreements.push(telling(&id, &first_day.to_string(), &last_day.to_string()));
        table.push(format!("{first_day}  {id} activated {first_day} - client.main"));
        let over = day_after(last_day, 1);
        table.push(format!("{over}  {id} deactivated {over} - client.main"));
        for lead in [60, 30, 7, 1] {
            let ahead = day_after(last_day, -lead);
            if ahead > first_day {
                table.push(format!("{ahead}  {id} expiring {last_day} {lead}d client.main"));
            }
        }
    }
    table.sort();
    (agreements, table)
}

#[test]
fn a_year_of_a_hundred_agreements_tells_exactly_the_table() {
    let (agreements, table) = hundred();
    let mut desk = Desk::new(agreements);
    desk.run_daily("2026-01-01", "2026-12-31");
    let mut told = desk.told();
    told.sort();
    assert_eq!(told, table);
}

/// A year of those agreements of the hundred that are chosen, with so many days skipped. How many messages the first run
/// back sends to the one recipient.
fn skip(start: &str, gap: i32, is_chosen: impl Fn(usize) -> bool) -> usize {
    let (agreements, table) = hundred();
    let agreements = agreements.into_iter().enumerate().filter(|(index, _)| is_chosen(*index));
    let mut desk = Desk::new(agreements.map(|(_, agreement)| agreement));
    let ids: BTreeSet<String> = desk.agreements.keys().map(ToString::to_string).collect();
    let table = table.iter().filter(|line| line.split(' ').nth(2).is_some_and(|id| ids.contains(id)));
    desk.run_daily("2026-01-01", start);
    let back = day(start).checked_add(jiff::Span::new().days(gap)).expect("a day");
    let first = messages(&desk.due(&back.to_string(), 10), []).len();
    desk.run_daily(&back.to_string(), "2026-12-31");
    let what = |line: &String| line.split_once("  ").map(|(_, what)| what.to_owned()).expect("two parts");
    let told: Vec<String> = desk.told().iter().map(what).collect();
    let once: BTreeSet<String> = told.iter().cloned().collect();
    assert_eq!(once.len(), told.len(), "nothing is told twice after {gap} days");
    let table: BTreeSet<String> = table.map(what).collect();
    assert!(once.is_subset(&table));
    // Whatever is not told was overtaken by something nearer or newer, and that is written down.
    let written = desk
        .memory
        .records
        .iter()
        .filter(|(_, record)| matches!(record, Record::Done { how: How::Superseded, .. }));
    let written: BTreeSet<String> = written
        .map(|(key, _)| {
            format!("{} {} {} {} {}", key.agreement, key.event.as_str(), key.day, key.mark, key.recipient)
        })
        .collect();
    assert_eq!(&table - &once, written, "after {gap} days");
    first
}

#[test]
fn after_a_gap_a_recipient_gets_one_message_and_nothing_is_told_twice() {
    for (start, gap) in [("2026-03-10", 9), ("2026-05-05", 60)] {
        assert_eq!(skip(start, gap, |_| true), 1, "one message to the one recipient");
    }
}

/// Every gap over a twelfth of the hundred, each from a day of its own, so that every agreement meets many gaps.
#[test]
fn after_any_gap_a_recipient_gets_one_message() {
    let mut silent = 0;
    for gap in 1..=60 {
        let start = day("2026-02-01").checked_add(jiff::Span::new().days(gap * 37 % 200)).expect("a day");
        let twelfth = usize::try_from(gap).expect("small") % 12;
        match skip(&start.to_string(), gap, |index| index % 12 == twelfth) {
            // Over so few agreements a few days may have nothing to tell.
            0 => silent += 1,
            first => assert_eq!(first, 1, "one message to the one recipient after {gap} days"),
        }
    }
    assert!(silent < 10, "{silent} gaps prove nothing");
}

#[test]
fn a_day_that_moves_is_corrected_and_warned_of_anew() {
    let mut desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    desk.run_daily("2026-01-01", "2026-12-02");
    desk.told();
    desk.agreement("a").period.end = crate::agreement::PeriodEnd::LastDay(day("2027-02-28"));
    desk.run_daily("2026-12-03", "2027-03-02");
    assert_eq!(
        desk.told(),
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
fn a_day_that_moves_to_and_fro_is_corrected_each_time() {
    let mut desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    desk.run_daily("2026-02-01", "2026-02-01");
    desk.told();
    for (today, last_day) in
        [("2026-03-01", "2027-03-31"), ("2026-03-02", "2026-12-31"), ("2026-03-03", "2027-03-31")]
    {
        desk.agreement("a").period.end = crate::agreement::PeriodEnd::LastDay(day(last_day));
        desk.run(today);
    }
    assert_eq!(
        desk.told(),
        [
            "2026-03-01  a amended 2027-03-31 r1 client.main",
            "2026-03-02  a amended 2026-12-31 r2 client.main",
            "2026-03-03  a amended 2027-03-31 r3 client.main",
        ]
    );
}

#[test]
fn a_warning_that_tells_the_new_day_corrects_the_old_one() {
    let mut desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    desk.run("2026-02-01");
    desk.told();
    desk.agreement("a").period.end = crate::agreement::PeriodEnd::LastDay(day("2026-04-30"));
    desk.run_daily("2026-03-01", "2026-03-05");
    assert_eq!(desk.told(), ["2026-03-01  a expiring 2026-04-30 60d client.main"]);
}

#[test]
fn what_ends_early_is_told_of_its_new_end_and_never_of_the_old_one() {
    let mut desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    desk.run_daily("2026-02-01", "2026-11-02");
    desk.told();
    let zone = desk.agreement("a").zone.clone();
    let last_day = day("2026-11-15");
    let at = zone.start_of(last_day.tomorrow().expect("a day"));
    desk.agreement("a").termination = Some(Termination { at, last_day, reason: None });
    desk.run_daily("2026-11-03", "2027-02-01");
    assert_eq!(
        desk.told(),
        [
            "2026-11-03  a expiring 2026-11-15 30d client.main",
            "2026-11-08  a expiring 2026-11-15 7d client.main",
            "2026-11-14  a expiring 2026-11-15 1d client.main",
            "2026-11-16  a deactivated 2026-11-16 - client.main",
        ]
    );
}

#[test]
fn a_successor_silences_the_end_and_takes_over_in_one_word() {
    let mut next = telling("b", "2027-01-01", "2027-12-31");
    next.renews = Some(AgreementId::new("a").expect("an id"));
    let mut desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    desk.run_daily("2026-02-01", "2026-11-15");
    desk.agreements.insert(next.id.clone(), next);
    desk.run_daily("2026-11-16", "2027-03-01");
    assert_eq!(
        desk.told(),
        [
            "2026-02-01  a activated 2026-02-01 - client.main",
            "2026-11-01  a expiring 2026-12-31 60d client.main",
            "2027-01-01  b renewed 2027-01-01 - client.main",
        ]
    );
}

#[test]
fn a_successor_that_leaves_a_gap_silences_nothing() {
    let mut next = telling("b", "2027-01-02", "2027-12-31");
    next.renews = Some(AgreementId::new("a").expect("an id"));
    let mut desk = Desk::new([telling("a", "2026-02-01", "2026-12-31"), next]);
    desk.run_daily("2026-12-20", "2027-01-03");
    assert_eq!(
        desk.told(),
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
fn a_tacit_renewal_is_told_as_such_and_its_deadline_before() {
    let mut rolling = telling("a", "2026-02-01", "2026-04-30");
    let term = Term { months: 3, days: 0 };
    rolling.period.end = crate::agreement::PeriodEnd::Term(term);
    rolling.renewal = Renewal::Auto { term, notice_period: Some(lead(30)), max_terms: Some(2) };
    let mut desk = Desk::new([rolling]);
    desk.run_daily("2026-01-01", "2026-12-01");
    assert_eq!(
        desk.told(),
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
fn what_was_past_when_the_memory_began_is_never_told() {
    let mut desk =
        Desk::new([telling("a", "2026-02-01", "2026-12-31"), telling("over", "2025-01-01", "2025-12-31")]);
    desk.begin("2026-12-15");
    desk.run_daily("2026-12-15", "2026-12-24");
    assert_eq!(desk.told(), ["2026-12-24  a expiring 2026-12-31 7d client.main"]);
    desk.agreement("a").period.end = crate::agreement::PeriodEnd::LastDay(day("2027-01-31"));
    let fresh = telling("new", "2026-12-01", "2027-11-30");
    desk.agreements.insert(fresh.id.clone(), fresh);
    desk.run("2026-12-25");
    assert_eq!(
        desk.told(),
        [
            "2026-12-25  a expiring 2027-01-31 60d client.main",
            "2026-12-25  new activated 2026-12-01 - client.main",
        ],
        "a day that nobody knew then is new, and so is an agreement"
    );
}

#[test]
fn a_contact_who_comes_later_is_not_told_of_the_past() {
    let mut desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    desk.run("2026-02-01");
    let client = desk.catalog.clients.values_mut().next().expect("the client");
    client.contacts.insert("boss".to_owned(), Contact::Email("boss@client.example".to_owned()));
    desk.told();
    desk.run_daily("2026-02-02", "2026-11-01");
    assert_eq!(
        desk.told(),
        [
            "2026-11-01  a expiring 2026-12-31 60d client.boss",
            "2026-11-01  a expiring 2026-12-31 60d client.main",
        ]
    );
}

#[test]
fn a_new_name_is_the_same_agreement() {
    let mut desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    desk.run_daily("2026-02-01", "2026-11-05");
    desk.told();
    let mut renamed = desk.agreements.remove("a").expect("it is there");
    renamed.formerly = vec![renamed.id.clone()];
    renamed.id = AgreementId::new("b").expect("an id");
    desk.agreements.insert(renamed.id.clone(), renamed);
    desk.run_daily("2026-11-06", "2026-12-01");
    assert_eq!(desk.told(), ["2026-12-01  b expiring 2026-12-31 30d client.main"]);
}

#[test]
fn what_the_helpdesk_does_not_hold_waits_and_is_late_in_the_end() {
    let mut desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    desk.fact = Fact::Unconfirmed;
    desk.run_daily("2026-02-20", "2026-02-21");
    assert!(desk.told().is_empty());
    let waiting = desk.due("2026-02-22", 10).waiting;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    desk.fact = Fact::AsTold;
    assert_eq!(desk.due("2026-02-22", 10).send.len(), 1, "late is counted from the first run");
    desk.fact = Fact::Unconfirmed;
    desk.run_daily("2026-02-22", "2026-03-01");
    let how = desk.memory.records.values().next();
    assert!(matches!(how, Some(Record::Done { how: How::Late, .. })), "{how:?}");
}

#[test]
fn what_was_over_before_it_was_there_is_not_told() {
    let mut desk = Desk::new([telling("a", "2026-02-01", "2026-02-10")]);
    desk.fact = Fact::Absent;
    desk.run("2026-03-01");
    assert!(desk.told().is_empty());
    assert!(desk.memory.records.values().all(Record::is_done));
}

#[test]
fn a_beginning_by_hand_is_told_when_it_is_written() {
    let mut desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    desk.agreement("a").activation = Activation::Manual(Vec::new());
    desk.run_daily("2026-02-01", "2026-02-05");
    assert!(desk.told().is_empty());
    let at: Instant = "2026-02-06T12:00:00Z".parse().expect("an instant");
    let entry = crate::agreement::ActivationEntry {
        at,
        status: crate::agreement::ActivationStatus::Active,
        reason: None,
        by: None,
    };
    desk.agreement("a").activation = Activation::Manual(vec![entry]);
    desk.run_daily("2026-02-06", "2026-02-08");
    assert_eq!(
        desk.told(),
        ["2026-02-07  a activated 2026-02-06 - client.main"],
        "after it is so, and not before"
    );
}

#[test]
fn a_role_without_an_address_waits_with_its_reason() {
    let mut desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    desk.catalog.clients.values_mut().for_each(|client| client.contacts.clear());
    let due = desk.due("2026-02-01", 10);
    assert!(due.send.is_empty());
    let why: Vec<&str> = due.waiting.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(why, ["the client has no contact"]);
}

#[test]
fn the_beginning_has_names_without_people() {
    let mut desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    desk.begin("2026-11-02");
    let past: Vec<&str> = desk.memory.beginning.past["a"].iter().map(String::as_str).collect();
    assert_eq!(past, ["activated/2026-02-01/-", "expiring/2026-12-31/60d"]);
    let _: &Beginning = &desk.memory.beginning;
}
