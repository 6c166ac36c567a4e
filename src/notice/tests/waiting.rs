//! Reminders of an agreement that is suspended: what is forecast is what daily runs then send.

use std::collections::BTreeMap;

use super::fixture::{Fixture, after, notifying};
use crate::agreement::sample::day;
use crate::agreement::{NoticeEvent, Suspension};
use crate::calendar::{Day, TimeOfDay};
use crate::notice::event::{Succession, scheduled_events, sent_events};

/// The reminders that are forecast, by day and lead time. Of those that one run would send, the nearest counts.
fn forecast(fixture: &Fixture) -> Vec<(Day, String)> {
    let agreement = &fixture.agreements.values().next().expect("one");
    let succession = Succession::of([*agreement]);
    let end = agreement.zone.at(day("2027-02-01"), 0, 0);
    let events = scheduled_events(agreement, &succession, TimeOfDay::constant(9, 0, 0, 0), end);
    let reminders = sent_events(agreement, events).into_iter();
    let reminders = reminders.filter(|(_, event)| event.event == NoticeEvent::Expiring);
    let by_day: BTreeMap<Day, _> =
        reminders.map(|(at, event)| (agreement.zone.day_of(at), event.variant.to_string())).collect();
    by_day.into_iter().collect()
}

#[test]
fn reminders_that_wait_for_the_end_of_a_suspension_are_forecast_for_that_day() {
    let mut waited = 0;
    for offset in (0..70).step_by(5) {
        for length in [1, 12, 45, 90] {
            let mut agreement = notifying("a", "2026-02-01", "2026-12-31");
            let from = after(day("2026-10-20"), offset);
            let until = Some(after(from, length));
            agreement.suspensions.push(Suspension { from, until, reason: None });
            let mut fixture = Fixture::new([agreement]);
            let expected = forecast(&fixture);
            fixture.run_daily("2026-10-01", "2027-01-31");
            let reminders = fixture.sent.iter().filter(|line| line.contains(" expiring "));
            let sent: Vec<(Day, String)> = reminders
                .map(|line| {
                    let words: Vec<&str> = line.split_whitespace().collect();
                    (day(words[0]), words[4].to_owned())
                })
                .collect();
            assert_eq!(expected, sent, "suspended from {from} for {length} days");
            waited +=
                usize::from(until.is_some_and(|until| sent.iter().any(|(on, _)| *on == after(until, 1))));
        }
    }
    assert!(waited > 5, "{waited} suspensions made a reminder wait");
}
