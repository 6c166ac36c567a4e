//! Words for values: statuses, fields, targets, titles, in the language of a plan. Without a full stop, for any sink.
//!
//! Texts of foreign origin are redacted and shortened here; the sink that receives the line encodes them.

use std::collections::BTreeMap;

use crate::calendar::{Day, TargetTime};
use crate::ident::{ClientSlug, Language, LiveId};
use crate::live::{LiveTarget, TargetKey};
use crate::mapping::Field;
use crate::plan::{Cause, DriftPart, Plan, Weakened};
use crate::render::line::Line;
use crate::render::locale;
use crate::render::style::Tone;
use crate::render::wording::plan as texts;
use crate::render::wording::{Text, Value};
use crate::status::{State, StatusReason};

/// The maximum length of a foreign text within a sentence, in characters.
const LONGEST: usize = 160;

/// The titles of live objects, as a plan contains them.
pub(super) type Names = BTreeMap<LiveId, String>;

/// The language of a rendering, and the titles that its plan mentions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vocabulary<'a> {
    /// The language.
    pub(super) language: Language,
    names: &'a Names,
    clients: &'a BTreeMap<ClientSlug, String>,
}

impl<'a> Vocabulary<'a> {
    /// The vocabulary of a plan, in its language.
    pub(super) const fn of(plan: &'a Plan) -> Self {
        Self { language: plan.header.language, names: &plan.names, clients: &plan.clients }
    }

    /// The vocabulary of a plan in English, for what the program says on a terminal.
    pub(super) const fn english(plan: &'a Plan) -> Self {
        Self { language: Language::English, ..Self::of(plan) }
    }

    /// A text without places for values.
    pub(super) const fn say(self, text: Text) -> &'static str {
        text.of(self.language)
    }

    /// A text with a number.
    pub(super) fn count(self, text: Text, number: usize) -> String {
        text.count(self.language, number)
    }

    /// A text with values.
    pub(super) fn line(self, text: Text, values: &[(&str, Value)]) -> Line {
        text.line(self.language, values)
    }

    /// The number of agreements and of their clients.
    pub(super) fn numbers(self, agreements: usize, clients: usize) -> String {
        match clients {
            0 => self.count(texts::AGREEMENTS, agreements),
            _ => texts::AGREEMENTS_OF_CLIENTS
                .words(self.language, &[("a", agreements.into()), ("c", clients.into())]),
        }
    }

    /// A foreign text without mail addresses, shortened to 160 characters.
    pub(super) fn preview(self, text: &str) -> String {
        self.shortened(&redacted(text), LONGEST)
    }

    /// The first `longest` characters of a text, with the number of the remaining ones.
    pub(super) fn shortened(self, text: &str, longest: usize) -> String {
        cut(text, longest).map_or_else(
            || text.to_owned(),
            |(begin, rest)| format!("{begin}{}", self.count(texts::MORE_CHARACTERS, rest)),
        )
    }

    /// A live object by its title, with the id beside it where an output can hide it.
    pub(super) fn object(self, id: &LiveId) -> Line {
        match self.names.get(id) {
            Some(name) => Line::new().object(&self.preview(name), id.as_str()),
            None => Line::new().foreign(id.as_str()),
        }
    }

    /// The title of a client, or its slug if the plan does not contain it.
    pub(super) fn client(self, slug: &ClientSlug) -> String {
        self.clients.get(slug).map_or_else(|| slug.to_string(), |title| self.preview(title))
    }

    /// A day in figures: as files write it, or as Russians do.
    pub(super) fn day(self, day: Day) -> String {
        locale::short_date(self.language, day)
    }

    /// The time of a target.
    pub(super) fn time(self, time: TargetTime) -> String {
        match (self.language, time) {
            (Language::English, time) => time.to_string(),
            (_, TargetTime::BusinessDays(days)) => {
                self.count(texts::BUSINESS_DAYS, usize::try_from(days).unwrap_or(usize::MAX))
            }
            (_, TargetTime::Seconds(seconds)) => locale::duration(self.language, seconds),
        }
    }

    /// The name of a field; an attribute has its key.
    pub(super) fn field(self, field: &Field) -> String {
        let text = match field {
            Field::Title => texts::TITLE,
            Field::Number => texts::NUMBER,
            Field::FirstDay => texts::FIRST_DAY,
            Field::LastDay => texts::LAST_DAY,
            Field::Manager => texts::MANAGER,
            Field::Provider => texts::PROVIDER,
            Field::Calendar => texts::CALENDAR,
            Field::Services => texts::SERVICES,
            Field::Recipients => texts::RECIPIENTS,
            Field::Contacts => texts::CONTACTS,
            Field::Targets => texts::TARGETS,
            Field::Attribute(_) => return self.preview(&field.to_string()),
        };
        self.say(text).to_owned()
    }

    /// The name of a field as a line, in which the key of an attribute is foreign text.
    pub(super) fn field_line(self, field: &Field) -> Line {
        match field {
            Field::Attribute(_) => Line::new().foreign(&self.field(field)),
            field => Line::of(&self.field(field)),
        }
    }

    /// The name of a part that somebody edited in the helpdesk.
    pub(super) fn part(self, part: &DriftPart) -> String {
        match part {
            DriftPart::State => self.say(texts::STATE).to_owned(),
            DriftPart::Field(field) => self.field(field),
        }
    }

    /// The name of a status.
    pub(super) const fn status(self, state: State) -> &'static str {
        self.say(match state {
            State::Planned => texts::PLANNED,
            State::Active => texts::ACTIVE,
            State::Suspended => texts::SUSPENDED,
            State::Expired => texts::EXPIRED,
            State::Terminated => texts::TERMINATED,
        })
    }

    /// The change of an agreement to a new status.
    pub(super) const fn status_change(self, state: State) -> &'static str {
        self.say(match state {
            State::Planned => texts::BECOMES_PLANNED,
            State::Active => texts::BECOMES_ACTIVE,
            State::Suspended => texts::BECOMES_SUSPENDED,
            State::Expired => texts::BECOMES_EXPIRED,
            State::Terminated => texts::BECOMES_TERMINATED,
        })
    }

    /// The cause of a change.
    pub(super) const fn cause(self, cause: Cause) -> &'static str {
        self.say(match cause {
            Cause::Edit => texts::EDIT,
            Cause::Date => texts::DATE,
            Cause::Drift => texts::DRIFT,
        })
    }

    /// The first ten items of a list, with the number of the others.
    pub(super) fn capped_list(self, items: impl IntoIterator<Item = String>) -> Line {
        const SHOWN: usize = 10;
        let items: Vec<String> = items.into_iter().collect();
        let shown = Line::comma_separated(items.iter().take(SHOWN).map(|item| Line::new().foreign(item)));
        match items.len().saturating_sub(SHOWN) {
            0 => shown,
            more => shown.text(&self.count(texts::AND_MORE, more)),
        }
    }
}

/// The reason for the status of an agreement.
pub(super) const fn status_reason(language: Language, because: StatusReason) -> &'static str {
    let text = match because {
        StatusReason::BeforeFirstDay => texts::BEFORE_FIRST_DAY,
        StatusReason::NotSwitchedOn => texts::NOT_SWITCHED_ON,
        StatusReason::ByHand => texts::BY_HAND,
        StatusReason::WithinPeriod => texts::WITHIN_PERIOD,
        StatusReason::Suspension => texts::ON_SUSPENSION,
        StatusReason::LastDayPassed => texts::IS_OVER,
        StatusReason::Termination => texts::TERMINATION,
    };
    text.of(language)
}

/// The service and the priority of a target.
pub(super) fn target(key: &TargetKey, words: Vocabulary<'_>) -> Line {
    let priority = words.object(&key.priority);
    match &key.service {
        None => priority,
        Some(service) => words.object(service).text(" / ").join(priority),
    }
}

/// `30m → 1h`, or one value if both are equal or the target is new.
pub(super) fn before_and_after(
    held: Option<TargetTime>,
    wanted: Option<TargetTime>,
    existed: bool,
    words: Vocabulary<'_>,
) -> Line {
    let time = |time: Option<TargetTime>| {
        time.map_or_else(|| words.say(texts::NONE).to_owned(), |time| words.time(time))
    };
    if held == wanted || !existed {
        return wanted.map_or_else(Line::new, |wanted| Line::of(&words.time(wanted)));
    }
    Line::of(&time(held)).toned(Tone::Shift, " → ").text(&time(wanted))
}

/// The hours of a target before and after.
pub(super) fn hours(held: Option<&LiveTarget>, wanted: Option<&LiveTarget>, words: Vocabulary<'_>) -> Line {
    let calendar = |promise: Option<&LiveTarget>| Some(words.object(promise?.calendar.as_ref()?));
    match (calendar(held), calendar(wanted)) {
        (None, None) => Line::new(),
        (held, wanted) if held == wanted => held.unwrap_or_default(),
        (None, Some(wanted)) if held.is_none() => wanted,
        (held, wanted) => {
            let general = || Line::of(words.say(texts::HOURS_OF_AGREEMENT));
            let held = held.unwrap_or_else(general);
            held.toned(Tone::Shift, " → ").join(wanted.unwrap_or_else(general))
        }
    }
}

/// The changes from one target in effect to another: `resolution 4h → 8h`, `hours 24x7 → 9x5`.
fn target_changes(before: &LiveTarget, after: Option<&LiveTarget>, words: Vocabulary<'_>) -> Vec<Line> {
    let time = |title: Text, time_of: fn(&LiveTarget) -> Option<TargetTime>| {
        let (held, wanted) = (time_of(before), after.and_then(time_of));
        let changed = || before_and_after(held, wanted, true, words);
        (held != wanted).then(|| Line::of(words.say(title)).text(" ").join(changed()))
    };
    let other = after.filter(|after| after.calendar != before.calendar);
    let other = other.map(|after| {
        Line::of(words.say(texts::HOURS)).text(" ").join(hours(Some(before), Some(after), words))
    });
    let times = [
        time(texts::RESPONSE, |target| target.response),
        time(texts::RESOLUTION, |target| target.resolution),
    ];
    times.into_iter().flatten().chain(other).collect()
}

/// A service level that is weakened.
fn weakening(weakened: &Weakened, words: Vocabulary<'_>) -> Line {
    let of = |text: Text, values: &[(&str, Value)]| words.line(text, values);
    let object = |id: &LiveId| Value::from(words.object(id));
    match weakened {
        Weakened::Service(service) => of(texts::NOT_COVERED, &[("service", object(service))]),
        Weakened::Target { key, before, after } => {
            let parts = target_changes(before, after.as_ref(), words);
            target(key, words).text(": ").join(Line::comma_separated(parts))
        }
        Weakened::Calendar(hours) => {
            let calendar = |hours: &Option<LiveId>| {
                let none = || Line::of(words.say(texts::NONE));
                hours.as_ref().map_or_else(none, |id| words.object(id))
            };
            let line = Line::of(words.say(texts::HOURS)).text(" ").join(calendar(&hours.before));
            line.toned(Tone::Shift, " → ").join(calendar(&hours.after))
        }
        Weakened::Recipient(unit) => of(texts::LOSES_ACCESS, &[("unit", object(unit))]),
        Weakened::Client { before, after } => {
            of(texts::MOVES_TO, &[("before", object(before)), ("after", object(after))])
        }
    }
}

/// A target before and after a change that leaves it in place.
pub(super) struct TargetChange<'a> {
    /// The service and the priority.
    pub(super) key: &'a TargetKey,
    /// The target before.
    pub(super) before: &'a LiveTarget,
    /// The target after.
    pub(super) after: &'a LiveTarget,
}

impl<'a> TargetChange<'a> {
    fn of(weakened: &'a Weakened) -> Option<Self> {
        let Weakened::Target { key, before, after: Some(after) } = weakened else { return None };
        Some(Self { key, before, after })
    }

    /// Whether the target of a service changes as the general one does. Its own hours stay.
    pub(super) fn follows(&self, general: &TargetChange<'_>) -> bool {
        let times = |target: &LiveTarget| (target.response, target.resolution);
        self.key.service.is_some()
            && (&general.key.service, &general.key.priority) == (&None, &self.key.priority)
            && (times(self.before), times(self.after)) == (times(general.before), times(general.after))
            && self.before.calendar == self.after.calendar
            && general.before.calendar == general.after.calendar
    }
}

/// A weakened service level, with those of services with hours of their own that change as it does.
pub(super) struct Weakening<'a> {
    level: &'a Weakened,
    followers: usize,
}

impl Weakening<'_> {
    /// The service level before and after, with the number of its followers.
    pub(super) fn line(&self, words: Vocabulary<'_>) -> Line {
        let line = weakening(self.level, words);
        match self.followers {
            0 => line,
            number => line.text(&words.count(texts::ALSO_SERVICES, number)),
        }
    }
}

/// The weakened service levels, of which each counts once: itself, or as a follower of another one.
pub(super) fn weakenings(weakened: &[Weakened]) -> Vec<Weakening<'_>> {
    let follows = |own: &Weakened, general: &Weakened| {
        let changes = TargetChange::of(own).zip(TargetChange::of(general));
        changes.is_some_and(|(own, general)| own.follows(&general))
    };
    let is_follower = |own: &Weakened| weakened.iter().any(|general| follows(own, general));
    let levels = weakened.iter().filter(|level| !is_follower(level));
    let with_followers = levels.map(|level| {
        let followers = weakened.iter().filter(|own| follows(own, level)).count();
        Weakening { level, followers }
    });
    with_followers.collect()
}

/// `1 service`, `2 services`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A foreign text without mail addresses, shortened to 160 characters, in English.
pub(super) fn preview(text: &str) -> String {
    shortened(&redacted(text), LONGEST)
}

/// The first `longest` characters of a text, with the number of the remaining ones, in English.
fn shortened(text: &str, longest: usize) -> String {
    match cut(text, longest) {
        Some((begin, rest)) => format!("{begin}{}", texts::MORE_CHARACTERS.count(Language::English, rest)),
        None => text.to_owned(),
    }
}

/// The first `longest` characters of a longer text, and the number of the others.
fn cut(text: &str, longest: usize) -> Option<(&str, usize)> {
    let (cut, _) = text.char_indices().nth(longest)?;
    Some((&text[..cut], text[cut..].chars().count()))
}

/// Redacts mail addresses: `i.petrova@acme.example` becomes `i…@acme.example`, because plans are printed to logs.
pub(super) fn redacted(text: &str) -> String {
    if !text.contains('@') {
        return text.to_owned();
    }
    let is_local = |letter: char| letter.is_alphanumeric() || "._%+-!#$&'*/=?^`{|}~".contains(letter);
    let is_domain = |letter: char| letter.is_alphanumeric() || "-._".contains(letter);
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let person = before
            .rfind(|letter| !is_local(letter))
            .map_or(0, |index| index + before[index..].chars().next().map_or(1, char::len_utf8));
        let is_address = person < at && after.starts_with(is_domain);
        if is_address {
            redacted.push_str(&before[..person]);
            redacted.extend(before[person..].chars().next());
            redacted.push('…');
        } else {
            redacted.push_str(before);
        }
        redacted.push('@');
        rest = after;
    }
    redacted.push_str(rest);
    redacted
}

#[cfg(test)]
mod tests {
    use super::{Vocabulary, redacted, shortened};
    use crate::render::plan::sample;

    #[test]
    fn mail_addresses_are_redacted_anywhere_in_a_text() {
        assert_eq!(redacted("i.petrova@acme.example"), "i…@acme.example");
        assert_eq!(redacted("Почта: иван@пример.рф, <a@b.c>"), "Почта: и…@пример.рф, <a…@b.c>");
        assert_eq!(redacted("a@b.c@d.e"), "a…@b…@d.e");
        for text in ["@", "a @ b", "@all", "50 @ 3", "x@"] {
            assert_eq!(redacted(text), text);
        }
    }

    #[test]
    fn a_long_text_is_shortened_between_characters() {
        assert_eq!(shortened("привет", 3), "при… (3 more characters)");
        assert_eq!(shortened("привет", 6), "привет");
    }

    #[test]
    fn long_lists_end_with_the_number_of_further_items() {
        let plan = sample::plan(Vec::new());
        let many = Vocabulary::of(&plan).capped_list((0..12).map(|number| number.to_string()));
        assert_eq!(many.to_string(), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
    }
}
