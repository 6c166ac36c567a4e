//! A page for one client, in the client's language: what is agreed, until when, at which hours, by when, and whom to
//! contact. It contains nothing that only the provider may know: no ids, reasons, files or other clients.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::Serde;
use minijinja::{Value as Part, context};
use serde_json::Value;

use crate::agreement::{Agreement, PeriodEnd, Renewal};
use crate::calendar::{Day, Hours, TargetTime, Term};
use crate::catalog::TargetClock;
use crate::ident::{CalendarSlug, ClientSlug, ServiceSlug};
use crate::render::encode;
use crate::render::locale::{date, duration_in_words, form};
use crate::report::{Follows, ReportEntry, StatePhase};
use crate::settings::Language;
use crate::status::{State, is_ended_by_termination};

use super::frame::filled;
use super::input::ReportInput;
use super::policy::policy;
use super::vocabulary::{fill, whole};

const FRAME: &str = include_str!("client.html");
const STYLE: &str = concat!(include_str!("../theme.css"), include_str!("client.css"));

/// The clients of the agreements in a report, in the order of their slugs.
pub fn clients<'a>(input: &ReportInput<'a>) -> BTreeSet<&'a ClientSlug> {
    input.report.entries.iter().map(|entry| &entry.agreement.client).collect()
}

/// A page with the agreements of a client that are in force or planned. Its language is that of the client, unless
/// `language` is another one.
pub fn client_page(input: &ReportInput<'_>, client: &ClientSlug, language: Option<Language>) -> String {
    let mut entries: Vec<&ReportEntry<'_>> = input.report.entries.iter().collect();
    entries.retain(|entry| entry.agreement.client == *client && !entry.status.state.is_over());
    entries.sort_by_key(|entry| (entry.status.state == State::Planned, entry.stretch.first_day));
    let known = input.catalog.clients.get(client.as_str());
    let own =
        known.and_then(|known| known.language).or(entries.first().map(|entry| entry.agreement.language));
    let language = language.or(own).unwrap_or(input.language);
    let page = ClientPage { input, language, words: words(language) };
    let title = known.map_or(client.as_str(), |known| known.entry.title.as_str());
    let today = date(language, input.zone.day_of(input.report.at));
    let values = context! {
        lang => language.as_str(),
        policy => client_policy(),
        style => Part::from_safe_string(STYLE.to_owned()),
        client => whole(title),
        as_of => fill(&page.words, "as_of", &[("day", &today)]),
        contacts => page.contacts(&entries),
        agreements => entries.iter().map(|entry| page.agreement(entry)).collect::<Vec<_>>(),
        words => Serde(&page.words),
    };
    filled(FRAME, values)
}

/// The content security policy of a client's page.
pub fn client_policy() -> String {
    policy(STYLE, None, false)
}

/// The words of a client's page by name.
pub(super) fn words(language: Language) -> Value {
    let text = match language {
        Language::Russian => include_str!("client.ru.json"),
        Language::English => include_str!("client.en.json"),
    };
    serde_json::from_str(text).expect("a test reads both")
}

/// A page in one language.
struct ClientPage<'a> {
    input: &'a ReportInput<'a>,
    language: Language,
    words: Value,
}

/// Services with the same hours and targets.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct ServiceGroup {
    hours: String,
    targets: Vec<[String; 3]>,
}

impl ClientPage<'_> {
    fn say(&self, name: &str, values: &[(&str, &str)]) -> String {
        fill(&self.words, name, values)
    }

    fn day(&self, day: Day) -> String {
        date(self.language, day)
    }

    /// The managers of the agreements, each once.
    fn contacts(&self, entries: &[&ReportEntry<'_>]) -> Vec<Part> {
        let slugs = entries.iter().filter_map(|entry| entry.agreement.manager.as_ref());
        let mut seen = BTreeSet::new();
        let slugs = slugs.filter(|slug| seen.insert(slug.as_str()));
        let contact = |slug: &crate::ident::ManagerSlug| {
            let known = self.input.catalog.managers.get(slug.as_str());
            let email = known.and_then(|known| known.email.as_deref());
            context! {
                name => whole(known.map_or(slug.as_str(), |known| &known.title)),
                email => email.map(encode::visible),
                link => email.map(|email| encode::address(email).replace("%40", "@")),
            }
        };
        slugs.map(contact).collect()
    }

    fn agreement(&self, entry: &ReportEntry<'_>) -> Part {
        let agreement = entry.agreement;
        let groups: Vec<Part> = self
            .groups(agreement)
            .into_iter()
            .map(|(group, services)| {
                context! { services, hours => group.hours, targets => group.targets }
            })
            .collect();
        context! {
            title => whole(self.input.own_title(entry)),
            state => State::ALL.iter().position(|state| *state == entry.status.state),
            status => self.status(entry),
            facts => self.facts(entry),
            groups,
        }
    }

    fn status(&self, entry: &ReportEntry<'_>) -> String {
        let is_next = |phase: &&StatePhase| phase.state == State::Active && phase.from >= entry.today;
        match (entry.status.state, entry.phases.iter().find(is_next)) {
            (State::Planned, Some(phase)) => self.say("planned", &[("day", &self.day(phase.from))]),
            (State::Planned, None) => self.say("planned_later", &[]),
            (State::Suspended, _) => self.say("suspended", &[]),
            _ => self.say("active", &[]),
        }
    }

    /// The names and texts of an agreement's facts.
    fn facts(&self, entry: &ReportEntry<'_>) -> Vec<[String; 2]> {
        let agreement = entry.agreement;
        let mut facts = Vec::new();
        let mut add = |name: &str, text: String| facts.push([self.say(name, &[]), text]);
        if let Some(number) = &agreement.number {
            add("number", whole(number));
        }
        if let Some(provider) = &agreement.provider
            && let Some(known) = self.input.catalog.providers.get(provider.as_str())
        {
            add("provider", whole(&known.title));
        }
        add("period", self.period(entry));
        if is_ended_by_termination(agreement)
            && let Some(day) = entry.last_day
        {
            if entry.stretch.agreed_last_day.is_some_and(|agreed| day < agreed) {
                add("ends_early", self.say("period_until", &[("until", &self.day(day))]));
            } else {
                add("ends", self.day(day));
            }
        }
        if let Some(after) = self.afterwards(entry) {
            add("renewal", after);
        }
        for suspension in
            agreement.suspensions.iter().filter(|rest| rest.until.is_none_or(|day| day >= entry.today))
        {
            let from = self.day(suspension.from);
            add(
                "suspension",
                match suspension.until {
                    Some(until) => {
                        self.say("suspended_until", &[("from", &from), ("until", &self.day(until))])
                    }
                    None => self.say("suspended_from", &[("from", &from)]),
                },
            );
        }
        let departments = agreement.recipients.iter().filter(|recipient| recipient.department().is_some());
        let departments = self.input.recipient_titles(departments);
        if !departments.is_empty() {
            add("recipients", departments);
        }
        facts
    }

    fn period(&self, entry: &ReportEntry<'_>) -> String {
        let days = (entry.stretch.first_day, entry.stretch.last_day);
        let [from, until] = [days.0, days.1].map(|day| day.map(|day| self.day(day)).unwrap_or_default());
        match days {
            (Some(_), Some(_)) => self.say("period_between", &[("from", &from), ("until", &until)]),
            (Some(_), None) => self.say("period_from", &[("from", &from)]),
            (None, Some(_)) => self.say("period_until", &[("until", &until)]),
            (None, None) if entry.follows == Follows::NotBegun => match entry.agreement.period.end {
                PeriodEnd::Term(term) => self.say("period_by_hand_for", &[("term", &self.term(term))]),
                _ => self.say("period_by_hand", &[]),
            },
            (None, None) => self.say("period_open", &[]),
        }
    }

    /// The continuation after the last day of the current period, as far as it is certain.
    fn afterwards(&self, entry: &ReportEntry<'_>) -> Option<String> {
        match (entry.follows, entry.agreement.renewal) {
            // Periods of its own come before a successor.
            (Follows::Roll | Follows::Successor { .. }, Renewal::Auto { term, .. })
                if entry.stretch.last_day != entry.last_day =>
            {
                Some(self.renewal(entry, term))
            }
            (Follows::Successor { entry: next, gap }, _) => {
                let next = &self.input.report.entries[next];
                if next.status.state.is_over() {
                    return None;
                }
                let name = if gap == Some(0) { "next" } else { "next_after_gap" };
                Some(self.say(name, &[("day", &self.day(next.stretch.first_day?))]))
            }
            _ => None,
        }
    }

    /// The next period of a tacit renewal. A termination or a successor may end it before its term.
    fn renewal(&self, entry: &ReportEntry<'_>, term: Term) -> String {
        let first_day = entry.stretch.last_day.and_then(|day| day.tomorrow().ok());
        let agreed = first_day.and_then(|day| term.last_day(day));
        let cut = entry.last_day.filter(|day| agreed.is_some_and(|agreed| *day < agreed));
        let text = match cut {
            Some(last_day) => self.say("renews_until", &[("day", &self.day(last_day))]),
            None => self.say("renews", &[("term", &self.term(term))]),
        };
        // A day that has passed prevents nothing any more.
        match entry.deadline.filter(|day| *day >= entry.today) {
            Some(day) => self.say("unless", &[("renewal", &text), ("day", &self.day(day))]),
            None => text,
        }
    }

    /// The services of an agreement by their hours and targets.
    fn groups(&self, agreement: &Agreement) -> BTreeMap<ServiceGroup, Vec<String>> {
        let mut groups: BTreeMap<ServiceGroup, Vec<String>> = BTreeMap::new();
        for service in agreement.services.keys() {
            let group = ServiceGroup {
                hours: self.hours(agreement, agreement.calendar_of(service)).unwrap_or_default(),
                targets: self.targets(agreement, service),
            };
            let known = self.input.catalog.services.get(service.as_str());
            let title = known.map_or_else(|| service.to_string(), |known| whole(&known.title));
            groups.entry(group).or_default().push(title);
        }
        groups
    }

    /// Targets, the most urgent first.
    fn targets(&self, agreement: &Agreement, service: &ServiceSlug) -> Vec<[String; 3]> {
        let mut targets: Vec<_> = agreement.targets_of(service).into_iter().collect();
        targets.sort_by_key(|(_, target)| (weight(target.response), weight(target.resolution)));
        let time = |time: Option<TargetTime>| time.map_or_else(|| "–".to_owned(), |time| self.time(time));
        let row = |(priority, target): (crate::ident::PriorityName, crate::agreement::Target)| {
            let known = self.input.catalog.priorities.get(priority.as_str());
            let title = known.map_or_else(|| priority.to_string(), |known| whole(&known.title));
            [title, time(target.response), time(target.resolution)]
        };
        targets.into_iter().map(row).collect()
    }

    /// The hours of a calendar: those of the week if a file has them, else its title.
    fn hours(&self, agreement: &Agreement, calendar: Option<&CalendarSlug>) -> Option<String> {
        let calendar = calendar?;
        match self.input.catalog.clock(Some(calendar), &agreement.zone, self.input.report.at) {
            TargetClock::Hours(hours) if hours.is_always_open() => Some(self.say("around_the_clock", &[])),
            TargetClock::Hours(hours) if hours.week().iter().any(|ranges| !ranges.is_empty()) => {
                let week = self.week(&hours);
                let name = if hours.has_exceptions() { "zone_exceptions" } else { "zone" };
                Some(self.say(name, &[("hours", &week), ("zone", hours.zone().name())]))
            }
            _ => {
                let known = self.input.catalog.calendars.get(calendar.as_str());
                Some(known.map_or_else(|| calendar.to_string(), |known| whole(&known.title)))
            }
        }
    }

    /// The hours of a week, such as `Mon–Fri 09:00–13:00, 14:00–18:00; Sat 10:00–14:00`.
    fn week(&self, hours: &Hours) -> String {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let weekday = |index: usize| self.words["weekdays"][index].as_str().unwrap_or_default();
        let week = hours.week();
        let mut parts = Vec::new();
        let mut first = 0;
        for group in week.chunk_by(|one, other| one == other) {
            let last = first + group.len() - 1;
            if let Some(ranges) = group.first().filter(|ranges| !ranges.is_empty()) {
                let days = if first == last {
                    weekday(first).to_owned()
                } else {
                    format!("{}–{}", weekday(first), weekday(last))
                };
                let ranges = ranges.iter().map(|(from, to)| format!("{}–{}", clock(*from), clock(*to)));
                parts.push(format!("{days} {}", ranges.collect::<Vec<_>>().join(", ")));
            }
            first = last + 1;
        }
        parts.join("; ")
    }

    fn time(&self, time: TargetTime) -> String {
        match time {
            TargetTime::BusinessDays(days) => {
                let count = i64::from(days);
                let noun = match self.language {
                    Language::Russian => form(count, "раб.\u{a0}день", "раб.\u{a0}дня", "раб.\u{a0}дней"),
                    Language::English if days == 1 => "business day",
                    Language::English => "business days",
                };
                format!("{days}\u{a0}{noun}")
            }
            TargetTime::Seconds(seconds) => duration_in_words(self.language, seconds),
        }
    }

    fn term(&self, term: Term) -> String {
        let parts = [(term.months / 12, 0), (term.months % 12, 1), (term.days, 2)];
        let nouns = [
            (["год", "года", "лет"], ["year", "years"]),
            (["месяц", "месяца", "месяцев"], ["month", "months"]),
            (["день", "дня", "дней"], ["day", "days"]),
        ];
        let said = parts.into_iter().filter(|(number, _)| *number > 0).map(|(number, unit)| {
            let ([one, few, many], english) = nouns[unit];
            let noun = match self.language {
                Language::Russian => form(i64::from(number), one, few, many),
                Language::English => english[usize::from(number != 1)],
            };
            format!("{number}\u{a0}{noun}")
        });
        said.collect::<Vec<_>>().join(" ")
    }
}

/// Orders target times, with a business day as 24 hours, and no time last.
fn weight(time: Option<TargetTime>) -> u64 {
    match time {
        None => u64::MAX,
        Some(TargetTime::Seconds(seconds)) => u64::from(seconds),
        Some(TargetTime::BusinessDays(days)) => u64::from(days) * 86_400,
    }
}
