//! calendars/*.yaml become hours: each day of the week and each exception is what the nearest calendar says of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::{
    Calendar, Day, Hours, InvalidValue, Window, Zone, in_words, overlap, read_day, weekday,
};
use crate::catalog::{Catalog, CatalogEntry, ROUND_THE_CLOCK};
use crate::check::subject::Places;
use crate::check::suggestion::nearest_of;
use crate::diagnostic::{Code, Diagnostic, Severity, Span};
use crate::document::{Document, shape};
use crate::ident::CalendarSlug;
use crate::settings::Settings;

/// The time a line of calendars may be that build on each other.
const DEPTH_LIMIT: usize = 8;
/// The way many days one exception may cover.
const RANGE_LIMIT: usize = 1_000;
const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The hours given for one day, and their place.
#[derive(Clone)]
struct DayHours {
    /// Its windows; `None` where it is as in any week.
    windows: Option<Vec<Window>>,
    place: Span,
}

/// The contents of calendars, first of one alone, then with all that it extends.
#[derive(Clone, Default)]
struct CalendarTerms {
    zone: Option<Zone>,
    week: [Option<DayHours>; 7],
    exceptions: BTreeMap<Day, DayHours>,
    known_through: Option<Day>,
}

impl CalendarTerms {
    /// Lays what a nearer calendar says over this.
    fn overlay(&mut self, nearer: &Self) {
        for (own, nearer) in self.week.iter_mut().zip(&nearer.week) {
            *own = nearer.clone().or(own.take());
        }
        self.exceptions.extend(nearer.exceptions.iter().map(|(day, said)| (*day, said.clone())));
        self.zone = nearer.zone.clone().or(self.zone.take());
        self.known_through = nearer.known_through.or(self.known_through);
    }
}

/// One document, read by itself.
struct CalendarFile<'a> {
    document: &'a Document,
    extends: Vec<(String, Span)>,
    title: Option<String>,
    terms: CalendarTerms,
    /// The change that takes effect on a day.
    later: BTreeMap<Day, CalendarTerms>,
}

/// Puts the hours of all calendars into the catalog, and an entry for those that it does not list; gives what is wrong
/// with them. One that is not sound is known by its name.
pub(super) fn read_into(
    catalog: &mut Catalog,
    documents: &[Document],
    settings: &Settings,
) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let mut written: BTreeMap<&str, CalendarFile<'_>> = BTreeMap::new();
    for document in documents {
        if let Some(slug) = CalendarSlug::new(&document.id) {
            let before = faults.len();
            let read = document.sound.then(|| read(document, &mut faults)).flatten();
            // A calendar with a fault is unknown as a whole, so that no consequential faults are reported.
            let read =
                read.filter(|_| faults[before..].iter().all(|fault| fault.severity != Severity::Error));
            let title = read.as_ref().and_then(|read| read.title.clone());
            let title = title.unwrap_or_else(|| slug.to_string());
            let span = Span::of_file(document.file);
            catalog.calendars.entry(slug).or_insert(CatalogEntry {
                title,
                helpdesk: None,
                elsewhere: litemap::LiteMap::new(),
                email: None,
                span,
            });
            written.extend(read.map(|read| (&*document.id, read)));
        }
    }
    let unsound: BTreeSet<&str> =
        documents.iter().map(|document| &*document.id).filter(|id| !written.contains_key(id)).collect();
    for (name, own) in &written {
        let family = CalendarSet { all: &written, unsound: &unsound };
        let Some(terms) = family.whole(own, None, &mut vec![name], &mut faults) else {
            continue;
        };
        find_overlaps(&terms, own.document, &mut faults);
        let later: Vec<(Day, CalendarTerms)> = family
            .changes(own)
            .into_iter()
            // Faults of a chain of calendars are reported by now.
            .filter_map(|day| Some((day, family.whole(own, Some(day), &mut vec![name], &mut Vec::new())?)))
            .collect();
        for (_, terms) in &later {
            let mut found = Vec::new();
            find_overlaps(terms, own.document, &mut found);
            found.retain(|fault| !faults.contains(fault));
            faults.append(&mut found);
        }
        if *name == ROUND_THE_CLOCK {
            let fault = Diagnostic::new(Code::E102, own.document.whole(), "`24x7` is a built-in calendar");
            faults.push(fault.help("rename the file; it may contain `extends: 24x7` and its own exceptions"));
        } else if let Some(slug) = CalendarSlug::new(name) {
            let later = later.iter().map(|(day, terms)| (*day, hours(terms, settings)));
            catalog.hours.insert(slug, Calendar::new(hours(&terms, settings), later));
        }
    }
    faults
}

fn hours(terms: &CalendarTerms, settings: &Settings) -> Hours {
    let windows =
        |said: &Option<DayHours>| said.as_ref().and_then(|said| said.windows.clone()).unwrap_or_default();
    let week: [Vec<Window>; 7] = std::array::from_fn(|day| windows(&terms.week[day]));
    let exceptions =
        terms.exceptions.iter().filter_map(|(day, said)| Some((*day, said.windows.clone()?))).collect();
    let zone = terms.zone.clone().unwrap_or_else(|| settings.zone.clone());
    Hours::new(zone, &week, &exceptions).known_through(terms.known_through)
}

/// All calendars that were read, and the names of those that are not sound.
#[derive(Clone, Copy)]
struct CalendarSet<'a, 'text> {
    all: &'a BTreeMap<&'a str, CalendarFile<'text>>,
    unsound: &'a BTreeSet<&'a str>,
}

impl<'a> CalendarSet<'a, '_> {
    /// The hours of a calendar on a day (`None`: before any change) with all that it extends; `None` where that cannot
    /// be reported.
    fn whole(
        &self,
        own: &'a CalendarFile<'_>,
        on: Option<Day>,
        line: &mut Vec<&'a str>,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<CalendarTerms> {
        let Self { all, unsound } = *self;
        let mut terms = CalendarTerms::default();
        let mut is_whole = true;
        for (parent, place) in &own.extends {
            if parent == ROUND_THE_CLOCK {
                terms.overlay(&round_the_clock(*place));
            } else if line.contains(&parent.as_str()) || line.len() >= DEPTH_LIMIT {
                // Each calendar of a cycle is reported, and none that only leads to it.
                if line[0] == parent || line.len() >= DEPTH_LIMIT {
                    let message = if line[0] == parent {
                        format!("circular `extends`: {}", circle(line, parent))
                    } else {
                        format!("more than {DEPTH_LIMIT} levels of `extends`")
                    };
                    let own = all[line[0]]
                        .extends
                        .iter()
                        .find(|(name, _)| line.get(1).is_none_or(|next| name == next));
                    let place = own.map_or(*place, |(_, place)| *place);
                    faults.push(Diagnostic::new(Code::E104, place, message).help("take one `extends` out"));
                }
                is_whole = false;
            } else if let Some(base) = all.get(parent.as_str()) {
                line.push(parent);
                match self.whole(base, on, line, faults) {
                    Some(base) => terms.overlay(&base),
                    None => is_whole = false,
                }
                line.pop();
            } else {
                is_whole = false;
                // A faulty one is unknown; an unknown one is reported once, where it is named.
                if !unsound.contains(parent.as_str()) && line.len() == 1 {
                    let message = format!("unknown calendar `{parent}`");
                    let near = nearest_of(parent, all);
                    let help = near.map(|near| format!("did you mean `{near}`?"));
                    let help =
                        help.unwrap_or_else(|| format!("create calendars/{parent}.yaml, or delete the name"));
                    let fault = Diagnostic::new(Code::E101, *place, message).help(help);
                    faults.push(fault.maybe_meant(*place, parent.as_str(), near));
                }
            }
        }
        terms.overlay(&own.terms);
        for (_, changed) in own.later.iter().filter(|(from, _)| on.is_some_and(|on| **from <= on)) {
            terms.overlay(changed);
        }
        is_whole.then_some(terms)
    }

    /// The days on which a calendar, or one that it builds on, changes.
    fn changes(&self, own: &CalendarFile<'_>) -> BTreeSet<Day> {
        let bases = own.extends.iter().filter_map(|(name, _)| self.all.get(name.as_str()));
        own.later.keys().copied().chain(bases.flat_map(|base| self.changes(base))).collect()
    }
}

fn circle(line: &[&str], parent: &str) -> String {
    let names: Vec<String> = line.iter().chain([&parent]).map(|name| format!("`{name}`")).collect();
    names.join(" extends ")
}

fn round_the_clock(place: Span) -> CalendarTerms {
    let all_day = DayHours { windows: Window::read("00:00-24:00").ok().map(|window| vec![window]), place };
    CalendarTerms { week: std::array::from_fn(|_| Some(all_day.clone())), ..CalendarTerms::default() }
}

/// E407 for windows of one day that share a minute, those that run into it from the day before among them.
fn find_overlaps(terms: &CalendarTerms, document: &Document, faults: &mut Vec<Diagnostic>) {
    let of_week = |day: usize| terms.week[day % 7].as_ref();
    let mut tell = |before: Option<&DayHours>, own: &DayHours, day: &str| {
        let windows =
            |said: Option<&DayHours>| said.and_then(|said| said.windows.clone()).unwrap_or_default();
        if let Some((first, second)) = overlap(&windows(before), &windows(Some(own))) {
            let message = format!("{} and {} overlap on {day}", in_words(first), in_words(second));
            // A fault of inherited parts is reported at the calendar that combines them.
            let places = [Some(own.place), before.map(|said| said.place)];
            let place = places.into_iter().flatten().find(|place| place.file == document.file);
            faults.extend(place.map(|place| {
                Diagnostic::new(Code::E407, place, message)
                    .help("end the first where the second begins, or merge them")
            }));
        }
    };
    for (day, name) in WEEK.iter().enumerate() {
        let closed = DayHours { windows: None, place: Span::of_file(document.file) };
        let own = of_week(day).unwrap_or(&closed);
        tell(of_week(day + 6), own, name);
    }
    let is_special = |said: &DayHours| said.windows.is_some();
    for (day, said) in terms.exceptions.iter().filter(|(_, said)| is_special(said)) {
        tell(None, said, &day.to_string());
        let Some(after) = day.tomorrow().ok() else {
            continue;
        };
        if !terms.exceptions.get(&after).is_some_and(is_special)
            && let Some(own) = of_week(weekday(after))
        {
            tell(Some(said), own, &after.to_string());
        }
    }
}

fn read<'a>(document: &'a Document, faults: &mut Vec<Diagnostic>) -> Option<CalendarFile<'a>> {
    let written = match document.typed::<shape::CalendarDocument>() {
        Ok(written) => written,
        Err(fault) => {
            faults.push(fault);
            return None;
        }
    };
    let mut reading = CalendarReader { document, faults };
    let zone = written
        .timezone
        .as_deref()
        .and_then(|name| reading.taken(Code::E203, &["timezone"], Zone::find(name)));
    let known_through = written
        .known_through
        .as_deref()
        .and_then(|day| reading.taken(Code::E203, &["known_through"], read_day(day)));
    let mut terms = CalendarTerms { zone, known_through, ..CalendarTerms::default() };
    reading.week(&mut terms, &[], written.week.as_ref());
    reading.exceptions(&mut terms, &[], written.exceptions.as_ref());
    let mut later = BTreeMap::new();
    for (key, change) in written.effective_from.iter().flatten() {
        let under = ["effective_from", key.as_str()];
        let mut changed = CalendarTerms::default();
        reading.week(&mut changed, &under, change.week.as_ref());
        reading.exceptions(&mut changed, &under, change.exceptions.as_ref());
        later.extend(reading.taken(Code::E203, &under, read_day(key)).map(|day| (day, changed)));
    }
    let extends = written.extends.map(|names| names.0).unwrap_or_default().into_iter().enumerate();
    let place = |index: usize| {
        let exact = document.get(&["extends", &index.to_string()]).map(|node| node.span);
        exact.or_else(|| document.value(&["extends"])).unwrap_or_else(|| document.whole())
    };
    let extends = extends.map(|(index, name)| (name, place(index))).collect();
    Some(CalendarFile { document, extends, title: written.title, terms, later })
}

struct CalendarReader<'a, 'faults> {
    document: &'a Document,
    faults: &'faults mut Vec<Diagnostic>,
}

impl CalendarReader<'_, '_> {
    fn fault(&mut self, code: Code, path: &[&str], misread: InvalidValue) {
        let place = self.document.value(path).unwrap_or_else(|| self.document.whole());
        self.faults.push(Diagnostic::new(code, place, misread.message).help(misread.help));
    }

    fn taken<T>(&mut self, code: Code, path: &[&str], read: Result<T, InvalidValue>) -> Option<T> {
        read.map_err(|misread| self.fault(code, path, misread)).ok()
    }

    /// The days of a week under a path.
    fn week(
        &mut self,
        terms: &mut CalendarTerms,
        under: &[&str],
        week: Option<&BTreeMap<String, shape::OneOrMany>>,
    ) {
        for (key, texts) in week.into_iter().flatten() {
            let path = [under, &["week", key]].concat();
            let said = self.said(&path, texts);
            if said.windows.is_none() {
                let misread =
                    InvalidValue::new("`usual` is not allowed under `week`", "use hours, or `closed`");
                self.fault(Code::E009, &path, misread);
            }
            for day in days_of_week(key) {
                if let Some(earlier) = terms.week[day].replace(said.clone()) {
                    self.said_twice(&path, WEEK[day], earlier.place);
                }
            }
        }
    }

    /// The days under a path that differ from the week.
    fn exceptions(
        &mut self,
        terms: &mut CalendarTerms,
        under: &[&str],
        exceptions: Option<&BTreeMap<String, shape::OneOrMany>>,
    ) {
        for (key, texts) in exceptions.into_iter().flatten() {
            let path = [under, &["exceptions", key]].concat();
            let said = self.said(&path, texts);
            for day in self.days(&path, key) {
                if let Some(earlier) = terms.exceptions.insert(day, said.clone()) {
                    self.said_twice(&path, &day.to_string(), earlier.place);
                    break;
                }
            }
        }
    }

    /// The windows at a path.
    fn said(&mut self, path: &[&str], texts: &shape::OneOrMany) -> DayHours {
        let is_word = |text: &&str| matches!(*text, "closed" | "usual");
        let place = self.document.name(path).unwrap_or_else(|| self.document.whole());
        let texts: Vec<&str> = texts.0.iter().map(String::as_str).collect();
        let word = texts.iter().copied().find(is_word);
        if let Some(word) = word.filter(|_| texts.len() > 1) {
            let misread =
                InvalidValue::new(format!("`{word}` and hours exclude each other"), "keep one of them");
            self.fault(Code::E014, path, misread);
        }
        let mut windows = Vec::new();
        for (index, text) in texts.iter().enumerate().filter(|(_, text)| !is_word(text)) {
            let number = index.to_string();
            let list = [path, &[number.as_str()]].concat();
            let at: &[&str] = if self.document.get(&list).is_some() { &list } else { path };
            if let Some(window) = self.taken(Code::E408, at, Window::read(text)) {
                if window.loses_a_minute() {
                    let misread = InvalidValue::new(
                        format!("`{text}` excludes the last minute of the day"),
                        "use 24:00 for the end of the day",
                    );
                    self.fault(Code::W409, at, misread);
                }
                windows.push(window);
            }
        }
        DayHours { windows: (word != Some("usual")).then_some(windows), place }
    }

    fn days(&mut self, path: &[&str], key: &str) -> Vec<Day> {
        let (from, to) = key.split_once('/').unwrap_or((key, key));
        let (from, to) = match (read_day(from), read_day(to)) {
            (Ok(from), Ok(to)) => (from, to),
            (Err(misread), _) | (_, Err(misread)) => {
                self.fault(Code::E203, path, misread);
                return Vec::new();
            }
        };
        let days: Vec<Day> = std::iter::successors(Some(from), |day| day.tomorrow().ok())
            .take_while(|day| *day <= to)
            .take(RANGE_LIMIT + 1)
            .collect();
        if days.is_empty() {
            self.fault(
                Code::E203,
                path,
                InvalidValue::new(
                    format!("`{key}` ends before it begins"),
                    "use the first day, then the last",
                ),
            );
        }
        if days.len() > RANGE_LIMIT {
            self.fault(
                Code::E203,
                path,
                InvalidValue::new(
                    format!("`{key}` is longer than {RANGE_LIMIT} days"),
                    "put what holds every week under `week:`",
                ),
            );
        }
        days
    }

    fn said_twice(&mut self, path: &[&str], day: &str, earlier: Span) {
        let place = self.document.name(path).unwrap_or_else(|| self.document.whole());
        let fault = Diagnostic::new(Code::E407, place, format!("{day} has two entries"));
        self.faults.push(fault.related(earlier, "the other entry").help("remove the day from one of them"));
    }
}

/// The days of `mon` or `mon-fri`, counted from Monday.
fn days_of_week(key: &str) -> Vec<usize> {
    let index = |name: &str| WEEK.iter().position(|day| *day == name);
    let (from, to) = key.split_once('-').unwrap_or((key, key));
    let (Some(from), Some(to)) = (index(from), index(to)) else {
        return Vec::new();
    };
    (0..=(to + 7 - from) % 7).map(|step| (from + step) % 7).collect()
}
