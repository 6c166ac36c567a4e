//! Renders what the date alone will change, and who is notified of it: lines for people, JSON and calendar files.
//!
//! Words follow the language of the repository. The day of an event is that of the agreement's own time zone.

use std::fmt::Write as _;

use crate::agreement::Agreement;
use crate::calendar::{Day, Instant, TimeOfDay, Zone};
use crate::catalog::Catalog;
use crate::ident::{AgreementId, HelpdeskName};
use crate::live::digest;
use crate::notice::due::recipients;
use crate::notice::event::{Succession, scheduled_events, sent_events};
use crate::notice::{Channel, Identity, MailAddress, NoticeKind, Recipient};
use crate::settings::Language;
use crate::status::{State, changes};

use super::encode::{csv_lines, terminal};
use super::ics::{CalendarEvent, calendar};
use super::locale::day_or_open;
use super::vocabulary::redacted;

/// Everything that a forecast is made from.
#[derive(Clone, Copy, Debug)]
pub struct ForecastInput<'a> {
    /// The agreements.
    pub agreements: &'a [Agreement],
    /// The catalog.
    pub catalog: &'a Catalog,
    /// The channels in the settings.
    pub channels: &'a [Channel],
    /// The default time of day of notices.
    pub usual: TimeOfDay,
    /// The instants between which events are listed; the first is excluded.
    pub between: (Instant, Instant),
}

/// One entry of a forecast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForecastEntry {
    /// The instant.
    pub at: Instant,
    /// The day in the agreement's time zone.
    pub day: Day,
    /// The agreement.
    pub agreement: AgreementId,
    /// The title of the agreement.
    pub title: String,
    /// The helpdesk in which the agreement lives, if that has a name.
    pub helpdesk: Option<HelpdeskName>,
    /// The event.
    pub change: ForecastChange,
}

/// An event of a forecast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForecastChange {
    /// The agreement gets this state.
    State(State),
    /// A notice is sent.
    Notice {
        /// The event's key under `notices:`.
        event: &'static str,
        /// The kind of text.
        kind: NoticeKind,
        /// The announced day.
        day: Day,
        /// Its recipients.
        to: Vec<ForecastRecipient>,
    },
}

/// A recipient of a notice.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct ForecastRecipient {
    /// `client`, `manager`, `address` or `everyone`.
    pub role: &'static str,
    /// The contact within the client, the slug of the manager, or a redacted address.
    pub contact: Option<String>,
    /// The channel.
    pub channel: &'static str,
    /// The reason for which nothing can be sent.
    pub missing: Option<&'static str>,
}

/// Everything that the date alone will change or announce, in chronological order.
pub fn forecast(input: &ForecastInput<'_>) -> Vec<ForecastEntry> {
    let succession = Succession::of(input.agreements);
    let entries = input.agreements.iter().flat_map(|agreement| forecast_of(agreement, &succession, input));
    let mut entries: Vec<ForecastEntry> = entries.collect();
    entries.sort_by(|left, right| (left.at, &left.agreement).cmp(&(right.at, &right.agreement)));
    entries
}

/// The entries of one agreement, in the order of time.
pub(super) fn forecast_of(
    agreement: &Agreement,
    succession: &Succession<'_>,
    input: &ForecastInput<'_>,
) -> Vec<ForecastEntry> {
    let (from, until) = input.between;
    let mut entries = Vec::new();
    let mut add = |at: Instant, change: ForecastChange| {
        if from < at && at <= until {
            let (id, title) = (agreement.id.clone(), agreement.title.clone());
            let day = agreement.zone.day_of(at);
            let helpdesk = agreement.helpdesk.clone();
            entries.push(ForecastEntry { at, day, agreement: id, title, helpdesk, change });
        }
    };
    for (at, state) in changes(agreement) {
        add(at, ForecastChange::State(state));
    }
    let events = scheduled_events(agreement, succession, input.usual, until);
    for (at, event) in sent_events(agreement, events) {
        let kind = NoticeKind::of(agreement, event.event, event.day);
        let to = input.channels.iter().flat_map(|channel| {
            let found = recipients(agreement, event.event, *channel, input.catalog);
            found.into_iter().map(|recipient| forecast_recipient(&recipient, *channel))
        });
        let (to, day, event_name) = (to.collect(), event.day, event.event.as_str());
        add(at, ForecastChange::Notice { event: event_name, kind, day, to });
    }
    entries.sort_by_key(|entry| entry.at);
    entries
}

/// The recipient without an address.
pub(super) fn forecast_recipient(recipient: &Recipient, channel: Channel) -> ForecastRecipient {
    let contact = match &recipient.identity {
        Identity::Contact(name) | Identity::Manager(name) => Some(name.clone()),
        Identity::Address(address) => Some(redacted(address)),
        Identity::Client | Identity::NoManager | Identity::Everyone => None,
    };
    let missing = match &recipient.address {
        MailAddress::Missing(why) if channel == Channel::Mail => Some(*why),
        MailAddress::Missing(_) | MailAddress::Known(_) | MailAddress::Person(_) => None,
    };
    ForecastRecipient { role: recipient.identity.role(), contact, channel: channel.as_str(), missing }
}

/// A forecast for people.
pub fn text(entries: &[ForecastEntry], zone: &Zone, language: Language) -> String {
    let mut text = String::new();
    let mut day = None;
    for entry in entries {
        let date = zone.day_of(entry.at);
        if day.replace(date) != Some(date) {
            writeln!(text, "{date}").expect("writing to a string cannot fail");
        }
        let time = zone.wall_time_of(entry.at).strftime("%H:%M").to_string();
        let (agreement, change) = (terminal(entry.agreement.as_str()), change_text(&entry.change, language));
        let helpdesk = entry.helpdesk.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
        writeln!(text, "  {time}  {agreement}{helpdesk}: {change}").expect("writing to a string cannot fail");
        if let ForecastChange::Notice { to, .. } = &entry.change {
            for recipient in to {
                writeln!(text, "         → {}", recipient_text(recipient, language))
                    .expect("writing to a string cannot fail");
            }
        }
    }
    if entries.is_empty() {
        text.push_str(match language {
            Language::Russian => "Изменений и уведомлений нет.\n",
            Language::English => "No changes and no notices.\n",
        });
    }
    text
}

/// Formats a recipient, such as `client it, by mail`.
pub(super) fn recipient_text(recipient: &ForecastRecipient, language: Language) -> String {
    let role = match (language, recipient.role) {
        (Language::Russian, "client") => "клиент",
        (Language::Russian, "manager") => "менеджер",
        (Language::Russian, "address") => "адрес",
        (Language::Russian, _) => "все",
        (Language::English, role) => role,
    };
    let by = match language {
        Language::Russian => "через",
        Language::English => "by",
    };
    let contact =
        recipient.contact.as_deref().map_or_else(String::new, |name| format!(" {}", terminal(name)));
    let missing = recipient.missing.map_or_else(String::new, |why| format!(" ({why})"));
    format!("{role}{contact}, {by} {}{missing}", recipient.channel)
}

fn change_text(change: &ForecastChange, language: Language) -> String {
    match (change, language) {
        (ForecastChange::State(state), Language::English) => format!("becomes {state}"),
        (ForecastChange::State(state), Language::Russian) => match state {
            State::Planned => "становится запланированным",
            State::Active => "начинает действовать",
            State::Suspended => "приостанавливается",
            State::Expired => "истекает",
            State::Terminated => "прекращается досрочно",
        }
        .to_owned(),
        (ForecastChange::Notice { kind, day, .. }, Language::English) => {
            format!("notice “{}” for {}", kind_text(*kind, language), day_or_open(language, *day))
        }
        (ForecastChange::Notice { kind, day, .. }, Language::Russian) => {
            format!("уведомление «{}», {}", kind_text(*kind, language), day_or_open(language, *day))
        }
    }
}

/// The kind of a text, for people.
pub(super) const fn kind_text(kind: NoticeKind, language: Language) -> &'static str {
    let (russian, english) = match kind {
        NoticeKind::Begins => ("вступает в силу", "begins"),
        NoticeKind::Resumes => ("возобновлено", "resumes"),
        NoticeKind::RenewedTacitly => ("продлено автоматически", "renewed automatically"),
        NoticeKind::Succeeds => ("заменяет прежнее", "replaces its predecessor"),
        NoticeKind::Suspended => ("приостановлено", "suspended"),
        NoticeKind::Terminated => ("прекращено досрочно", "terminated early"),
        NoticeKind::Expired => ("срок истёк", "expired"),
        NoticeKind::RunsOut => ("срок истекает, можно продлить", "runs out, can be renewed"),
        NoticeKind::NotRenewed => ("заканчивается без продления", "ends, will not be renewed"),
        NoticeKind::EndsEarly => ("прекращается досрочно", "ends early"),
        NoticeKind::RenewalDecision => ("нужно решение о продлении", "decision on renewal"),
        NoticeKind::RenewsUnlessNotice => ("продлится, если не отказаться", "renews unless notice is given"),
        NoticeKind::Amended => ("сроки изменились", "dates changed"),
    };
    match language {
        Language::Russian => russian,
        Language::English => english,
    }
}

/// A forecast for programs.
#[derive(Clone, Debug, serde::Serialize, schemars::JsonSchema)]
pub struct ForecastList<'a> {
    /// The version of this shape.
    pub format: u32,
    /// The events, in chronological order.
    pub coming: Vec<ForecastLine<'a>>,
}

/// One event: a new state, or a notice.
#[derive(Clone, Debug, Default, serde::Serialize, schemars::JsonSchema)]
pub struct ForecastLine<'a> {
    /// The instant, in UTC.
    pub at: String,
    /// The agreement.
    pub agreement: String,
    /// The helpdesk in which it lives, if that has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helpdesk: Option<&'a HelpdeskName>,
    /// The state that the agreement gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// The event of the notice: its key below `notices:`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<&'static str>,
    /// The kind of text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// The day that the notice announces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// The recipients of the notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<&'a [ForecastRecipient]>,
}

/// A forecast for programs.
pub fn json(entries: &[ForecastEntry]) -> ForecastList<'_> {
    let lines = entries.iter().map(|entry| {
        let line = ForecastLine {
            at: entry.at.to_string(),
            agreement: entry.agreement.to_string(),
            helpdesk: entry.helpdesk.as_ref(),
            ..ForecastLine::default()
        };
        match &entry.change {
            ForecastChange::State(state) => ForecastLine { state: Some(*state), ..line },
            ForecastChange::Notice { event, kind, day, to } => ForecastLine {
                notice: Some(event),
                kind: Some(kind.as_str()),
                day: Some(day.to_string()),
                to: Some(to),
                ..line
            },
        }
    });
    ForecastList { format: 1, coming: lines.collect() }
}

/// A forecast as a table, a line for each change and each recipient of a notice.
pub fn csv(entries: &[ForecastEntry]) -> String {
    let columns = [
        "at",
        "day",
        "agreement",
        "title",
        "change",
        "about",
        "role",
        "contact",
        "channel",
        "missing",
        "helpdesk",
    ];
    let mut lines = vec![columns.map(str::to_owned).to_vec()];
    for entry in entries {
        let own =
            [entry.at.to_string(), entry.day.to_string(), entry.agreement.to_string(), entry.title.clone()];
        let helpdesk = entry.helpdesk.as_ref().map_or("", HelpdeskName::as_str);
        let line = |of_change: [&str; 6]| {
            let more = of_change.into_iter().chain([helpdesk]).map(str::to_owned);
            own.iter().cloned().chain(more).collect::<Vec<String>>()
        };
        match &entry.change {
            ForecastChange::State(state) => lines.push(line([&state.to_string(), "", "", "", "", ""])),
            ForecastChange::Notice { kind, day, to, .. } => lines.extend(to.iter().map(|to| {
                let (contact, missing) = (to.contact.as_deref(), to.missing);
                let about = day.to_string();
                line([
                    kind.as_str(),
                    &about,
                    to.role,
                    contact.unwrap_or_default(),
                    to.channel,
                    missing.unwrap_or_default(),
                ])
            })),
        }
    }
    csv_lines(&lines, ",")
}

/// A forecast as a calendar of all-day events.
pub fn ics(entries: &[ForecastEntry], language: Language, now: Instant) -> String {
    let events = entries.iter().map(|entry| {
        let change = change_text(&entry.change, language);
        let to = match &entry.change {
            ForecastChange::Notice { to, .. } => to.as_slice(),
            ForecastChange::State(_) => &[],
        };
        let to: Vec<String> = to.iter().map(|recipient| recipient_text(recipient, language)).collect();
        CalendarEvent {
            uid: digest(&(entry.at, &entry.agreement, change_text(&entry.change, Language::English))),
            days: (entry.day, entry.day),
            summary: format!("{}: {change}", entry.title),
            description: std::iter::once(entry.agreement.to_string())
                .chain(to)
                .collect::<Vec<_>>()
                .join("; "),
        }
    });
    calendar(events, now)
}

#[cfg(test)]
mod tests {
    use super::{ForecastChange, ForecastInput, forecast, ics, text};
    use crate::agreement::sample::{agreement, day};
    use crate::agreement::{NoticeEvent, NoticeRule};
    use crate::calendar::{TimeOfDay, Zone};
    use crate::catalog::{Catalog, Contact};
    use crate::ident::ManagerSlug;
    use crate::notice::{Channel, NoticeKind};
    use crate::settings::Language;
    use crate::status::State;

    fn moscow() -> Zone {
        Zone::find("Europe/Moscow").expect("a zone")
    }

    /// The forecast of an agreement in Vladivostok, where a day begins seven hours earlier than in Moscow.
    fn vladivostok() -> Vec<super::ForecastEntry> {
        let mut sample = agreement("a", "2026-11-01", "2026-12-31");
        sample.zone = Zone::find("Asia/Vladivostok").expect("a zone");
        sample.contacts.insert("it".to_owned(), Contact::Email("it@client.example".to_owned()));
        sample.manager = ManagerSlug::new("i.petrova");
        let to = ["client", "manager", "desk@acme.example"].map(str::to_owned).into();
        let rule = NoticeRule { to, before: Vec::new(), at: None };
        sample.notices.events.insert(NoticeEvent::Activated, rule);
        let zone = moscow();
        forecast(&ForecastInput {
            agreements: &[sample],
            catalog: &Catalog::default(),
            channels: &[Channel::Mail, Channel::Webhook],
            usual: TimeOfDay::constant(9, 0, 0, 0),
            between: (zone.at(day("2026-10-30"), 0, 0), zone.at(day("2026-11-30"), 0, 0)),
        })
    }

    #[test]
    fn an_event_is_on_the_day_of_its_agreements_zone_and_names_its_recipients() {
        let entries = vladivostok();
        let days: Vec<String> = entries.iter().map(|entry| entry.day.to_string()).collect();
        assert_eq!(days, ["2026-11-01", "2026-11-01"]);
        assert_eq!(entries[0].change, ForecastChange::State(State::Active));
        let ForecastChange::Notice { kind, to, .. } = &entries[1].change else { panic!("a notice") };
        assert_eq!(*kind, NoticeKind::Begins);
        let to: Vec<_> =
            to.iter().map(|to| (to.role, to.contact.as_deref(), to.channel, to.missing.is_some())).collect();
        assert_eq!(
            to,
            [
                ("client", Some("it"), "mail", false),
                ("manager", Some("i.petrova"), "mail", true),
                ("address", Some("d…@acme.example"), "mail", false),
                ("everyone", None, "webhook", false),
            ]
        );
    }

    #[test]
    fn a_table_has_a_line_for_each_change_and_each_recipient() {
        let table = super::csv(&vladivostok());
        assert_eq!(table.lines().count(), 1 + 1 + 4, "{table}");
        assert!(table.lines().all(|line| line.matches("\",\"").count() == 10), "{table}");
    }

    #[test]
    fn words_and_calendar_follow_the_language_and_ids_do_not() {
        let entries = vladivostok();
        let now = moscow().at(day("2026-10-30"), 0, 0);
        let file = |language| ics(&entries, language, now).replace("\r\n ", "");
        let (russian, english) = (file(Language::Russian), file(Language::English));
        let of = |text: &str, name: &str| -> Vec<String> {
            text.lines().filter(|line| line.starts_with(name)).map(str::to_owned).collect()
        };
        assert_eq!(of(&russian, "DTSTART"), ["DTSTART;VALUE=DATE:20261101"; 2]);
        assert_eq!(of(&russian, "UID"), of(&english, "UID"));
        assert_eq!(of(&russian, "SUMMARY")[0], "SUMMARY:Стоматология «Маяк»: начинает действовать");
        assert_eq!(of(&english, "SUMMARY")[0], "SUMMARY:Стоматология «Маяк»: becomes active");
        assert_eq!(text(&[], &moscow(), Language::Russian), "Изменений и уведомлений нет.\n");
        assert_eq!(
            text(&entries, &moscow(), Language::English),
            "2026-10-31\n  17:00  a: becomes active\n\
             2026-11-01\n  02:00  a: notice “begins” for 2026-11-01\n\
             \u{20}        → client it, by mail\n\
             \u{20}        → manager i.petrova, by mail (the manager has neither an address nor a helpdesk id)\n\
             \u{20}        → address d…@acme.example, by mail\n\
             \u{20}        → everyone, by webhook\n"
        );
    }
}
