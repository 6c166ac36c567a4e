//! First and last days of agreements tell what a last day's label means, and what a tenant's states are.

use std::collections::BTreeMap;

use crate::calendar::{Day, Term};
use crate::discovery::evidence::{Evidence, MappingLine, line};
use crate::discovery::profile::{Profile, Profiles, read_label};
use crate::discovery::sample::RawObject;
use crate::status::State;

/// The words for our states, each with its name under `states:`, the likeliest first.
pub(super) type Words = [(State, &'static str, &'static [&'static str]); 5];

/// The attributes of first and last day, and the day of the look.
pub(super) struct PeriodAttributes<'a> {
    /// The attribute of the first day.
    pub(super) first: Option<&'a str>,
    /// The attribute of the last day.
    pub(super) last: Option<&'a str>,
    /// The day of the look.
    pub(super) today: Day,
}

/// First and last day of each object that has both.
pub(super) fn spans(objects: &[&RawObject], first: &str, last: &str) -> Vec<(Day, Day)> {
    objects.iter().filter_map(|object| Some((day(object, first)?, day(object, last)?))).collect()
}

fn day(object: &RawObject, code: &str) -> Option<Day> {
    read_label(object.get(code)?.as_str()?).map(|(day, _)| day)
}

/// The meaning of the last day's value: an end of day is explicit; midnight is read so that periods are whole months.
pub(super) fn last_day_form(
    objects: &[&RawObject],
    profiles: &Profiles,
    first: Option<&str>,
    last: &str,
) -> (&'static str, Evidence) {
    let profile = profiles.get(last);
    if let Some((time, held)) =
        profile.and_then(Profile::usual_time).filter(|(time, _)| time.starts_with("23:59"))
    {
        let of = profile.map_or(0, |profile| profile.held);
        return ("end_of_day", Evidence::Times { time: time.to_owned(), held, of });
    }
    let spans = first.map_or_else(Vec::new, |first| spans(objects, first, last));
    let counted_in = spans
        .iter()
        .filter(|(first, last)| last.tomorrow().is_ok_and(|after| is_whole_months(*first, after)));
    let day_after = spans.iter().filter(|(first, last)| is_whole_months(*first, *last));
    let (counted_in, day_after, of) = (counted_in.count(), day_after.count(), spans.len());
    match day_after > counted_in {
        true => ("next_day", Evidence::Spans { whole: day_after, of }),
        false if counted_in > 0 => ("start_of_day", Evidence::Spans { whole: counted_in, of }),
        false => ("start_of_day", Evidence::Default),
    }
}

/// Whether a span up to and without `end` has whole months, of at most twenty years.
fn is_whole_months(first: Day, end: Day) -> bool {
    (1..=240).any(|months| Term { months, days: 0 }.after(first, 1) == Some(end))
}

/// The tenant's state for each of ours: one of the known words that was seen, else a strange one whose agreements
/// have the days that one expects, else what is usual.
pub(super) fn states(
    objects: &[&RawObject],
    attribute: &str,
    days: &PeriodAttributes<'_>,
    words: &Words,
    usual: &BTreeMap<State, String>,
) -> Vec<MappingLine> {
    let mut seen: BTreeMap<&str, Vec<&RawObject>> = BTreeMap::new();
    for object in objects {
        if let Some(state) = object.get(attribute).and_then(|state| state.as_str()) {
            seen.entry(state).or_default().push(object);
        }
    }
    let by_day = |wanted: State| {
        let strange = seen.iter().filter(|(code, _)| words.iter().all(|(_, _, words)| !words.contains(code)));
        let fitting = strange.map(|(code, objects)| {
            let fits = objects.iter().filter(|object| looks_like(object, wanted, days));
            (*code, fits.count(), objects.len())
        });
        fitting.filter(|(_, fits, of)| fits * 2 > *of).max_by_key(|(_, fits, _)| *fits)
    };
    let proposed = words.map(|(state, path, words)| {
        let path = ["agreement", "states", path];
        if let Some(word) = words.iter().find(|word| seen.contains_key(*word)) {
            let evidence = Evidence::Named { seen: seen[word].len(), of: objects.len() };
            return line(&path, *word, evidence);
        }
        match by_day(state) {
            Some((code, fits, of)) => line(&path, code, Evidence::Dated { fits, of }),
            None => line(&path, usual[&state].as_str(), Evidence::Default),
        }
    });
    proposed.into()
}

/// Whether the days of an agreement are what one expects in a state.
fn looks_like(object: &RawObject, state: State, days: &PeriodAttributes<'_>) -> bool {
    let day = |code: Option<&str>| day(object, code?);
    let (first, last) = (day(days.first), day(days.last));
    let has_begun = first.is_none_or(|first| first <= days.today);
    let is_over = last.is_some_and(|last| last < days.today);
    match state {
        State::Planned => !has_begun,
        State::Active => has_begun && !is_over && (first.is_some() || last.is_some()),
        State::Suspended | State::Expired | State::Terminated => is_over,
    }
}
