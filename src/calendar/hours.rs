//! Opening hours: converts the week and the exceptions of a calendar to half-open intervals of instants.
//!
//! A window belongs to the day on which it begins; its part after midnight, its tail, is open on the next day. An
//! exception replaces all windows of its day, with their tails, and on its own date the tails of the day before. A
//! boundary that the clocks skip becomes the instant of the transition; of a boundary that occurs twice, the first one
//! counts.

use std::collections::BTreeMap;

use super::day::{Day, Instant};
use super::invalid_value::InvalidValue;
use super::zone::Zone;

/// The minutes of a day.
const DAY: u16 = 24 * 60;

/// The number of days that are searched for open time: ten years.
const HORIZON: usize = 3_653;

/// A time window of a day, such as `09:00-18:00`, or `22:00-06:00` until the next morning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// The minute of the day at which it opens.
    from: u16,
    /// The minute at which it closes; above 1440 on the next day. Always after `from`.
    to: u16,
}

/// A range of minutes of one civil day, from its midnight.
pub(super) type MinuteRange = (u16, u16);

impl Window {
    /// Parses `09:00-18:00`, `22:00-06:00` or `00:00-24:00`.
    pub fn read(text: &str) -> Result<Self, InvalidValue> {
        let help = "write a window as 09:00-18:00; a day ends at 24:00, and 22:00-06:00 continues until the next morning";
        let clock = |text: &str| -> Result<u16, InvalidValue> {
            let number = |part: &str| part.parse::<u16>().ok().filter(|_| part.len() == 2);
            let read = text.split_once(':').and_then(|(hour, minute)| Some((number(hour)?, number(minute)?)));
            match read {
                Some((hour, minute)) if minute < 60 && hour * 60 + minute <= DAY => Ok(hour * 60 + minute),
                _ => Err(InvalidValue::new(format!("`{text}` is not a time of day"), help)),
            }
        };
        let (from, to) = text
            .split_once('-')
            .ok_or_else(|| InvalidValue::new(format!("`{text}` is not a time window"), help))?;
        let (from, to) = (clock(from)?, clock(to)?);
        if from == DAY {
            return Err(InvalidValue::new(
                format!("`{text}` opens at the end of the day"),
                "write 00:00 of the next day",
            ));
        }
        if from == to {
            return Err(InvalidValue::new(
                format!("`{text}` opens and closes at the same time"),
                "write 00:00-24:00 for the whole day, or `closed`",
            ));
        }
        Ok(Self { from, to: if to < from { to + DAY } else { to } })
    }

    /// Whether it closes one minute before midnight (rule W409).
    pub fn loses_a_minute(self) -> bool {
        self.to == DAY - 1
    }

    pub(super) fn on_its_day(self) -> MinuteRange {
        (self.from, self.to.min(DAY))
    }

    pub(super) fn on_the_next_day(self) -> Option<MinuteRange> {
        (self.to > DAY).then(|| (0, self.to - DAY))
    }
}

/// The opening hours of a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    zone: Zone,
    /// The ranges of each day of the week, from Monday.
    week: [Vec<MinuteRange>; 7],
    /// The ranges of the days that may differ from the week: the exceptions, and the days after them.
    exceptions: BTreeMap<Day, Vec<MinuteRange>>,
    known_through: Option<Day>,
}

impl Hours {
    /// Creates hours from the windows of the week, from Monday, and of the exceptions.
    pub fn new(zone: Zone, week: &[Vec<Window>; 7], exceptions: &BTreeMap<Day, Vec<Window>>) -> Self {
        let mut ranges: BTreeMap<Day, Vec<MinuteRange>> = BTreeMap::new();
        for (day, windows) in exceptions {
            ranges.insert(*day, ranges_of_day(&[], windows));
            // The next morning has the tails of this day's windows, not of the usual ones.
            if let Some(after) = day.tomorrow().ok().filter(|after| !exceptions.contains_key(after)) {
                ranges.insert(after, ranges_of_day(windows, &week[weekday(after)]));
            }
        }
        let week = std::array::from_fn(|index| ranges_of_day(&week[(index + 6) % 7], &week[index]));
        Self { zone, week, exceptions: ranges, known_through: None }
    }

    /// Sets the last day for which the exceptions are known.
    #[must_use]
    pub fn known_through(self, known_through: Option<Day>) -> Self {
        Self { known_through, ..self }
    }

    /// The last day for which the exceptions are known, if it is set.
    pub fn last_known_day(&self) -> Option<Day> {
        self.known_through
    }

    /// Hours that are always open.
    pub fn round_the_clock(zone: Zone) -> Self {
        let week = std::array::from_fn(|_| vec![(0, DAY)]);
        Self { zone, week, exceptions: BTreeMap::new(), known_through: None }
    }

    /// The hours without exceptions.
    #[must_use]
    pub fn usual(&self) -> Self {
        Self { exceptions: BTreeMap::new(), ..self.clone() }
    }

    /// The open minutes of each day of the week, from Monday: from a minute until another one, at most 1440.
    pub fn week(&self) -> &[Vec<(u16, u16)>; 7] {
        &self.week
    }

    /// Whether some days differ from the week.
    pub fn has_exceptions(&self) -> bool {
        !self.exceptions.is_empty()
    }

    /// The zone of its days.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Whether no day has opening hours.
    pub fn is_never_open(&self) -> bool {
        self.week.iter().chain(self.exceptions.values()).all(Vec::is_empty)
    }

    /// Whether it is open at every instant.
    pub fn is_always_open(&self) -> bool {
        let is_whole = |ranges: &Vec<MinuteRange>| *ranges == [(0, DAY)];
        self.week.iter().all(is_whole) && self.exceptions.values().all(is_whole)
    }

    /// The intervals of open time on a civil day.
    pub fn open_on(&self, day: Day) -> impl Iterator<Item = (Instant, Instant)> + '_ {
        let ranges = self.exceptions.get(&day).unwrap_or(&self.week[weekday(day)]);
        let interval = move |(from, to): &MinuteRange| (self.instant(day, *from), self.instant(day, *to));
        ranges.iter().map(interval).filter(|(open, close)| open < close)
    }

    /// The intervals of open time from an instant, for at most ten years. The first may begin before the instant.
    pub fn open_from(&self, at: Instant) -> impl Iterator<Item = (Instant, Instant)> + '_ {
        let days = days_from(self.zone.day_of(at));
        days.flat_map(|day| self.open_on(day)).filter(move |(_, close)| *close > at)
    }

    /// Whether it is open at an instant.
    pub fn is_open_at(&self, at: Instant) -> bool {
        self.open_on(self.zone.day_of(at)).any(|(open, close)| open <= at && at < close)
    }

    fn instant(&self, day: Day, minute: u16) -> Instant {
        if minute == DAY {
            return day.tomorrow().map_or(Instant::MAX, |after| self.zone.start_of(after));
        }
        let part = |number: u16| i8::try_from(number).unwrap_or_default();
        self.zone.at(day, part(minute / 60), part(minute % 60))
    }
}

/// The civil days from a day, for ten years.
pub(super) fn days_from(day: Day) -> impl Iterator<Item = Day> {
    std::iter::successors(Some(day), |day| day.tomorrow().ok()).take(HORIZON)
}

/// The index of a day in its week, from Monday.
pub(crate) fn weekday(day: Day) -> usize {
    usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or_default()
}

/// The ranges of a civil day: the tails of the windows of the day before, and its own windows until midnight.
fn ranges_of_day(before: &[Window], own: &[Window]) -> Vec<MinuteRange> {
    let tails = before.iter().filter_map(|window| window.on_the_next_day());
    merge_intervals(tails.chain(own.iter().map(|window| window.on_its_day())))
}

/// Sorts intervals and merges those that overlap or touch.
pub(super) fn merge_intervals<T: Copy + Ord>(intervals: impl Iterator<Item = (T, T)>) -> Vec<(T, T)> {
    let mut sorted: Vec<(T, T)> = intervals.collect();
    sorted.sort_unstable();
    let mut merged: Vec<(T, T)> = Vec::with_capacity(sorted.len());
    for (from, to) in sorted {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// The first two ranges of a day that overlap, among its own windows and those that continue from the day before.
pub fn overlap(before: &[Window], own: &[Window]) -> Option<(MinuteRange, MinuteRange)> {
    let tails = before.iter().filter_map(|window| window.on_the_next_day());
    let mut ranges: Vec<MinuteRange> = tails.chain(own.iter().map(|window| window.on_its_day())).collect();
    ranges.sort_unstable();
    let pairs = ranges.iter().zip(ranges.iter().skip(1));
    pairs.into_iter().find(|(first, second)| second.0 < first.1).map(|(first, second)| (*first, *second))
}

/// Formats a range of minutes as a window.
pub fn in_words((from, to): (u16, u16)) -> String {
    format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
}
