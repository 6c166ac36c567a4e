//! Finds recipients who were sent days that no longer hold, and the correction for each.
//!
//! Only days that were sent count: a day that moved before anybody was notified needs no correction.

use std::collections::BTreeMap;

use crate::agreement::NoticeEvent;
use crate::calendar::{Day, Instant};

use super::event::ScheduledEvent;
use super::key::{Channel, NoticeKey, Variant};
use super::record::{AnnouncedDays, NoticeRecord};

/// The corrections of one agreement, each with the recipient's part of the key and the channel.
pub(super) fn corrections(
    records: &[(&NoticeKey, &NoticeRecord)],
    now: AnnouncedDays,
    today: Day,
) -> Vec<(ScheduledEvent, String, Channel)> {
    let mut latest: BTreeMap<(&str, Channel), (Instant, AnnouncedDays)> = BTreeMap::new();
    let mut revisions: BTreeMap<(&str, Channel), u32> = BTreeMap::new();
    for (key, record) in records {
        let recipient = (key.recipient.as_str(), key.channel);
        if let NoticeRecord::Done { at, announced: Some(announced), .. } = record {
            let newest = latest.entry(recipient).or_insert((*at, *announced));
            if newest.0 <= *at {
                *newest = (*at, *announced);
            }
        }
        if key.event == NoticeEvent::Amended && record.is_done() {
            *revisions.entry(recipient).or_default() += 1;
        }
    }
    let wrong = latest.into_iter().filter(|(_, (_, announced))| is_wrong(*announced, now, today));
    wrong
        .map(|(recipient, _)| {
            let event = ScheduledEvent {
                event: NoticeEvent::Amended,
                day: now.last_day.unwrap_or(Day::MAX),
                variant: Variant::Revision(revisions.get(&recipient).copied().unwrap_or(0) + 1),
                planned: Instant::MIN,
                until: None,
                new_state: None,
            };
            (event, recipient.0.to_owned(), recipient.1)
        })
        .collect()
}

/// Whether the announced days mislead today. The days of a period that is over were right, and the next period is
/// announced by its own event.
fn is_wrong(announced: AnnouncedDays, now: AnnouncedDays, today: Day) -> bool {
    let is_past = announced.last_day.is_some_and(|last_day| last_day < today)
        && now.first_day.is_some_and(|first_day| announced.last_day < Some(first_day));
    let begins_later =
        now.first_day.is_some_and(|first_day| today < first_day) && announced.first_day != now.first_day;
    !is_past && (announced.last_day != now.last_day || begins_later)
}
