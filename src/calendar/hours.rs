//! When a service is given: the week and the exceptions of a calendar become stretches of open time on the
//! line of instants.
//!
//! Windows are cut at midnight, so that each civil day has its own pieces; an exception replaces all pieces of
//! its day, the tail of the night before among them. A boundary that the clocks skip becomes the instant at
//! which they are put forward, and of one that comes twice the first counts. Stretches are half-open.

use std::collections::BTreeMap;

use super::day::{Day, Instant};
use super::invalid_value::InvalidValue;
use super::zone::Zone;

/// The minutes of a day.
const DAY: u16 = 24 * 60;

/// How far ahead open time is looked for, in days: ten years.
const HORIZON: usize = 3_653;

/// One window of a day, such as `09:00-18:00`, or `22:00-06:00` into the morning after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// The minute of the day at which it opens.
    from: u16,
    /// The minute at which it closes, counted on beyond midnight; always after `from`.
    to: u16,
}

/// Part of one civil day, in minutes from its midnight.
pub(super) type Piece = (u16, u16);

impl Window {
    /// Reads `09:00-18:00`, `22:00-06:00` or `00:00-24:00`.
    pub fn read(text: &str) -> Result<Self, InvalidValue> {
        let help =
            "write hours as 09:00-18:00; a day ends at 24:00, and 22:00-06:00 runs into the morning after";
        let clock = |text: &str| -> Result<u16, InvalidValue> {
            let number = |part: &str| part.parse::<u16>().ok().filter(|_| part.len() == 2);
            let read = text.split_once(':').and_then(|(hour, minute)| Some((number(hour)?, number(minute)?)));
            match read {
                Some((hour, minute)) if minute < 60 && hour * 60 + minute <= DAY => Ok(hour * 60 + minute),
                _ => Err(InvalidValue::new(format!("there is no time of day `{text}`"), help)),
            }
        };
        let (from, to) = text
            .split_once('-')
            .ok_or_else(|| InvalidValue::new(format!("`{text}` is no window of hours"), help))?;
        let (from, to) = (clock(from)?, clock(to)?);
        if from == DAY {
            return Err(InvalidValue::new(
                format!("`{text}` opens at the end of a day"),
                "write 00:00 of the next day",
            ));
        }
        if from == to {
            return Err(InvalidValue::new(
                format!("`{text}` opens and closes at once"),
                "write 00:00-24:00 for the whole day, or `closed`",
            ));
        }
        Ok(Self { from, to: if to < from { to + DAY } else { to } })
    }

    /// Whether it closes one minute before midnight, which loses that minute.
    pub fn loses_a_minute(self) -> bool {
        self.to == DAY - 1
    }

    pub(super) fn of_its_day(self) -> Piece {
        (self.from, self.to.min(DAY))
    }

    pub(super) fn of_the_day_after(self) -> Option<Piece> {
        (self.to > DAY).then(|| (0, self.to - DAY))
    }
}

/// The hours of a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    zone: Zone,
    /// From Monday on.
    week: [Vec<Piece>; 7],
    /// The days that differ from the week.
    special: BTreeMap<Day, Vec<Piece>>,
    known_through: Option<Day>,
}

impl Hours {
    /// Puts a calendar together from the windows of its week, from Monday on, and of its exceptions.
    pub fn new(zone: Zone, week: &[Vec<Window>; 7], exceptions: &BTreeMap<Day, Vec<Window>>) -> Self {
        let of_week = |index: usize| {
            let tails = week[(index + 6) % 7].iter().filter_map(|window| window.of_the_day_after());
            united(tails.chain(week[index].iter().map(|window| window.of_its_day())))
        };
        let week: [Vec<Piece>; 7] = std::array::from_fn(of_week);
        let mut special: BTreeMap<Day, Vec<Piece>> = exceptions
            .iter()
            .map(|(day, windows)| (*day, united(windows.iter().map(|window| window.of_its_day()))))
            .collect();
        for (day, windows) in exceptions {
            let Some(after) = day.tomorrow().ok().filter(|after| !exceptions.contains_key(after)) else {
                continue;
            };
            let tails: Vec<Piece> = windows.iter().filter_map(|window| window.of_the_day_after()).collect();
            if !tails.is_empty() {
                special.insert(after, united(tails.into_iter().chain(week[weekday(after)].iter().copied())));
            }
        }
        Self { zone, week, special, known_through: None }
    }

    /// The same, with the last day for which its exceptions are known.
    #[must_use]
    pub fn known_through(self, known_through: Option<Day>) -> Self {
        Self { known_through, ..self }
    }

    /// The last day for which its exceptions are known, where somebody said it.
    pub fn last_known_day(&self) -> Option<Day> {
        self.known_through
    }

    /// Open at every instant.
    pub fn round_the_clock(zone: Zone) -> Self {
        let week = std::array::from_fn(|_| vec![(0, DAY)]);
        Self { zone, week, special: BTreeMap::new(), known_through: None }
    }

    /// The same without its exceptions.
    #[must_use]
    pub fn usual(&self) -> Self {
        Self { special: BTreeMap::new(), ..self.clone() }
    }

    /// The zone that its days are counted in.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Whether no day has any hours.
    pub fn is_never_open(&self) -> bool {
        self.week.iter().chain(self.special.values()).all(Vec::is_empty)
    }

    /// Whether it is never closed.
    pub fn is_always_open(&self) -> bool {
        let is_whole = |pieces: &Vec<Piece>| *pieces == [(0, DAY)];
        self.week.iter().all(is_whole) && self.special.values().all(is_whole)
    }

    /// The stretches of open time on one civil day.
    pub fn open_on(&self, day: Day) -> impl Iterator<Item = (Instant, Instant)> + '_ {
        let pieces = self.special.get(&day).unwrap_or(&self.week[weekday(day)]);
        let stretch = move |(from, to): &Piece| (self.instant(day, *from), self.instant(day, *to));
        pieces.iter().map(stretch).filter(|(open, close)| open < close)
    }

    /// The stretches of open time from an instant on, for as long as is looked ahead; the first may have begun
    /// before it.
    pub fn open_from(&self, at: Instant) -> impl Iterator<Item = (Instant, Instant)> + '_ {
        let days = days_from(self.zone.day_of(at));
        days.flat_map(|day| self.open_on(day)).filter(move |(_, close)| *close > at)
    }

    /// Whether an instant lies in open time.
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

/// The civil days from one on, for as long as is looked ahead.
pub(super) fn days_from(day: Day) -> impl Iterator<Item = Day> {
    std::iter::successors(Some(day), |day| day.tomorrow().ok()).take(HORIZON)
}

/// The place of a day in its week, from Monday on.
pub(crate) fn weekday(day: Day) -> usize {
    usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or_default()
}

/// Stretches in their order, those that touch put together.
pub(super) fn united<T: Copy + Ord>(stretches: impl Iterator<Item = (T, T)>) -> Vec<(T, T)> {
    let mut sorted: Vec<(T, T)> = stretches.collect();
    sorted.sort_unstable();
    let mut united: Vec<(T, T)> = Vec::with_capacity(sorted.len());
    for (from, to) in sorted {
        match united.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => united.push((from, to)),
        }
    }
    united
}

/// The first two windows of a day that share a minute, the tails of the day before among them.
pub fn overlap(before: &[Window], own: &[Window]) -> Option<(Piece, Piece)> {
    let tails = before.iter().filter_map(|window| window.of_the_day_after());
    let mut pieces: Vec<Piece> = tails.chain(own.iter().map(|window| window.of_its_day())).collect();
    pieces.sort_unstable();
    let pairs = pieces.iter().zip(pieces.iter().skip(1));
    pairs.into_iter().find(|(first, second)| second.0 < first.1).map(|(first, second)| (*first, *second))
}

/// A piece of a day as people write it.
pub fn in_words((from, to): (u16, u16)) -> String {
    format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
}
