//! Who was told days that no longer hold, and what corrects it.
//!
//! Only what was told counts: a day that moved before anybody heard of it needs no word.

use std::collections::BTreeMap;

use crate::agreement::NoticeEvent;
use crate::calendar::{Day, Instant};

use super::{Channel, Key, Mark, Occasion, Record, Told};

/// The corrections of one agreement, each with the recipient's part of the key and the channel.
pub(super) fn wrong(records: &[(&Key, &Record)], now: Told, today: Day) -> Vec<(Occasion, String, Channel)> {
    let mut latest: BTreeMap<(&str, Channel), (Instant, Told)> = BTreeMap::new();
    let mut revisions: BTreeMap<(&str, Channel), u32> = BTreeMap::new();
    for (key, record) in records {
        let who = (key.recipient.as_str(), key.channel);
        if let Record::Done { at, told: Some(told), .. } = record {
            let newest = latest.entry(who).or_insert((*at, *told));
            if newest.0 <= *at {
                *newest = (*at, *told);
            }
        }
        if key.event == NoticeEvent::Amended && record.is_done() {
            *revisions.entry(who).or_default() += 1;
        }
    }
    let wrong = latest.into_iter().filter(|(_, (_, told))| is_wrong(*told, now, today));
    wrong
        .map(|(who, _)| {
            let occasion = Occasion {
                event: NoticeEvent::Amended,
                day: now.last_day.unwrap_or(Day::MAX),
                mark: Mark::Revision(revisions.get(&who).copied().unwrap_or(0) + 1),
                planned: Instant::MIN,
                until: None,
                tells: None,
            };
            (occasion, who.0.to_owned(), who.1)
        })
        .collect()
}

/// Whether what was told misleads today. A period that is over was told rightly, and the next one is told by
/// what begins it.
fn is_wrong(told: Told, now: Told, today: Day) -> bool {
    let is_past = told.last_day.is_some_and(|last_day| last_day < today)
        && now.first_day.is_some_and(|first_day| told.last_day < Some(first_day));
    let begins_later =
        now.first_day.is_some_and(|first_day| today < first_day) && told.first_day != now.first_day;
    !is_past && (told.last_day != now.last_day || begins_later)
}
