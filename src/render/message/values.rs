//! The values of templates: one block for each agreement of a message, with a paragraph for each event.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::agreement::{Activation, Agreement, Renewal};
use crate::calendar::{Day, Instant};
use crate::catalog::Catalog;
use crate::diagnostic::FileId;
use crate::ident::{AgreementId, LiveId};
use crate::notice::delivery::Message;
use crate::notice::due::Notice;
use crate::notice::event::deadline_before;
use crate::notice::kind::{NoticeKind, ended_on, resumes_on, rolls_after};
use crate::notice::{Channel, Identity, Role};
use crate::settings::Language;
use crate::status::{State, changes, never_begins};

/// The maximum length of a title in a subject, in characters.
const TITLE_LIMIT: usize = 90;

/// Everything that messages are made of.
pub struct MessageContext<'a> {
    /// The agreements, by id.
    pub agreements: BTreeMap<&'a str, &'a Agreement>,
    /// All agreements, also those of other helpdesks, of which one may renew another.
    pub everywhere: &'a [Agreement],
    /// The catalog.
    pub catalog: &'a Catalog,
    /// The paths of the files of agreements.
    pub paths: &'a BTreeMap<FileId, String>,
    /// The name of the sender.
    pub sender: &'a str,
    /// The language of messages to managers.
    pub language: Language,
    /// The language of all messages, where a preview asks for one.
    pub only: Option<Language>,
    /// The instant.
    pub at: Instant,
    /// The address of a person in the helpdesk.
    pub address: &'a dyn Fn(&LiveId) -> Option<String>,
}

/// The values of a message.
#[derive(Debug, Serialize)]
pub(super) struct MessageValues {
    /// The most important agreement first.
    pub(super) agreements: Vec<AgreementValues>,
    /// Whether the recipient is a manager: `client` or `manager`.
    pub(super) audience: &'static str,
    /// The names of the provider, or of the sender.
    pub(super) providers: Vec<String>,
    /// The contacts for a client.
    pub(super) managers: Vec<ManagerValues>,
    pub(super) sender: String,
    pub(super) subject: String,
    pub(super) language: &'static str,
}

/// The contact for a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ManagerValues {
    pub(super) name: String,
    pub(super) email: Option<String>,
}

/// The values of one agreement.
#[derive(Clone, Debug, Serialize)]
pub(super) struct AgreementValues {
    pub(super) id: String,
    pub(super) title: String,
    /// The title, shortened for a subject.
    pub(super) short_title: String,
    pub(super) number: Option<String>,
    pub(super) client: String,
    pub(super) services: Vec<String>,
    /// The path of its file.
    pub(super) file: String,
    /// Its entry, if the file is a set.
    pub(super) entry: Option<String>,
    /// That entry, if its termination stands in it.
    pub(super) termination_entry: Option<String>,
    pub(super) renews: Option<String>,
    /// The agreement that renews it, and the day on which that is first active, if this is known.
    pub(super) successor: Option<String>,
    pub(super) successor_day: Option<String>,
    pub(super) is_terminated: bool,
    /// Whether people activate and suspend it.
    pub(super) is_manual: bool,
    /// The most important event first.
    pub(super) notices: Vec<NoticeValues>,
}

/// The values of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct NoticeValues {
    pub(super) kind: &'static str,
    pub(super) event: &'static str,
    /// `begins`, `ends`, `ahead` or `other`.
    pub(super) tone: &'static str,
    pub(super) audience: &'static str,
    pub(super) day: String,
    pub(super) first_day: Option<String>,
    pub(super) last_day: Option<String>,
    /// The last day on which it was in force.
    pub(super) ended: Option<String>,
    /// The time of day at which a termination takes effect, unless it is midnight.
    pub(super) ends_at: Option<String>,
    /// The last day of a suspension, and the first day after it.
    pub(super) suspended_until: Option<String>,
    pub(super) resumes: Option<String>,
    pub(super) deadline: Option<String>,
    /// Days until the last day, and until the deadline.
    pub(super) days_left: Option<i32>,
    pub(super) deadline_left: Option<i32>,
    /// Whether it renews itself after this period.
    pub(super) rolls: bool,
    /// Whether it can be renewed, and is not renewed yet.
    pub(super) renewable: bool,
}

/// The language of a message: that of the client, or of the repository for a manager or a chat.
pub(super) fn language(message: &Message, context: &MessageContext<'_>) -> Language {
    let is_own = message.channel == Channel::Webhook || audience(&message.notices) == Role::Manager;
    let mut agreements = message.notices.iter().filter_map(|notice| agreement(notice, context));
    let of_recipient =
        || agreements.next().filter(|_| !is_own).map_or(context.language, |agreement| agreement.language);
    context.only.unwrap_or_else(of_recipient)
}

/// The values of a message. A recipient in several roles gets each paragraph once.
pub(super) fn values(message: &Message, context: &MessageContext<'_>, language: Language) -> MessageValues {
    let mut by_agreement: BTreeMap<&str, Vec<&Notice>> = BTreeMap::new();
    for notice in &message.notices {
        by_agreement.entry(notice.key.agreement.as_str()).or_default().push(notice);
    }
    let mut blocks: Vec<((NoticeKind, Day), AgreementValues)> = Vec::new();
    let (mut providers, mut managers) = (Vec::new(), Vec::new());
    for (id, notices) in by_agreement {
        let Some(agreement) = context.agreements.get(id) else {
            continue;
        };
        blocks.extend(block(agreement, &notices, context));
        let provider = agreement.provider.as_ref();
        let provider = provider.and_then(|slug| context.catalog.providers.get(slug.as_str()));
        add(&mut providers, provider.map_or(context.sender, |entry| &entry.title).to_owned());
        if let Some(manager) = manager(agreement, context) {
            add(&mut managers, manager);
        }
    }
    blocks.sort_by(|(left, a), (right, b)| (left, &a.title, &a.id).cmp(&(right, &b.title, &b.id)));
    MessageValues {
        agreements: blocks.into_iter().map(|(_, block)| block).collect(),
        audience: name(audience(&message.notices)),
        providers,
        managers,
        sender: context.sender.to_owned(),
        subject: String::new(),
        language: language.as_str(),
    }
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// The audience of some notices. Whoever is a manager and a contact is addressed as a manager.
fn audience<'a>(notices: impl IntoIterator<Item = &'a Notice>) -> Role {
    let is_manager = |notice: &Notice| matches!(notice.recipient.identity, Identity::Manager(_));
    if notices.into_iter().any(is_manager) { Role::Manager } else { Role::Client }
}

const fn name(audience: Role) -> &'static str {
    match audience {
        Role::Manager => "manager",
        Role::Client | Role::Address | Role::Everyone => "client",
    }
}

fn agreement<'a>(notice: &Notice, context: &MessageContext<'a>) -> Option<&'a Agreement> {
    context.agreements.get(notice.key.agreement.as_str()).copied()
}

fn manager(agreement: &Agreement, context: &MessageContext<'_>) -> Option<ManagerValues> {
    let entry = context.catalog.managers.get(agreement.manager.as_ref()?.as_str())?;
    let read = || entry.helpdesk.as_ref().and_then(context.address);
    Some(ManagerValues { name: entry.title.clone(), email: entry.email.clone().or_else(read) })
}

/// The agreement that renews this one. One that never begins is none.
fn successor<'a>(agreement: &Agreement, context: &MessageContext<'a>) -> Option<&'a Agreement> {
    let is_of = |id: &AgreementId| *id == agreement.id || agreement.formerly.contains(id);
    let mut renewing = context.everywhere.iter().filter(|other| other.renews.as_ref().is_some_and(is_of));
    renewing.find(|other| !never_begins(other))
}

/// The first day on which an agreement is active; `None` if people have yet to activate it.
fn active_from(agreement: &Agreement) -> Option<Day> {
    let (at, _) = changes(agreement).into_iter().find(|(_, state)| *state == State::Active)?;
    Some(agreement.zone.day_of(at))
}

/// The block of one agreement, with the importance of its first paragraph.
fn block(
    agreement: &Agreement,
    notices: &[&Notice],
    context: &MessageContext<'_>,
) -> Option<((NoticeKind, Day), AgreementValues)> {
    let audience = name(audience(notices.iter().copied()));
    let successor = successor(agreement, context);
    let mut kinds: Vec<(NoticeKind, Day, NoticeValues)> = Vec::new();
    for notice in notices {
        let kind = NoticeKind::of(agreement, notice.key.event, notice.key.day);
        let mut values = notice_values(notice, kind, audience, agreement, context.at);
        values.renewable &= successor.is_none();
        if kinds.iter().all(|(_, _, known)| *known != values) {
            kinds.push((kind, notice.key.day, values));
        }
    }
    // A text that asks for a renewal names the deadline too.
    let ends: Vec<Day> =
        kinds.iter().filter(|(kind, ..)| *kind == NoticeKind::RunsOut).map(|(_, day, _)| *day).collect();
    kinds.retain(|(kind, day, _)| *kind != NoticeKind::RenewalDecision || !ends.contains(day));
    kinds.sort_by_key(|(kind, day, _)| (*kind, *day));
    let (kind, day, _) = kinds.first()?;
    let importance = (*kind, *day);
    let client = context.catalog.clients.get(agreement.client.as_str());
    let services = agreement.services.keys().map(|slug| {
        let entry = context.catalog.services.get(slug.as_str());
        entry.map_or(slug.as_str(), |entry| &entry.title).to_owned()
    });
    let entry = agreement.id.as_str().split_once('/').map(|(_, entry)| entry.to_owned());
    let is_of_entry = agreement.termination.as_ref().is_some_and(|termination| termination.is_of_entry);
    let block = AgreementValues {
        id: agreement.id.to_string(),
        title: agreement.title.clone(),
        short_title: short(&agreement.title),
        number: agreement.number.clone(),
        client: client.map_or(agreement.client.as_str(), |client| &client.entry.title).to_owned(),
        services: services.collect(),
        file: context.paths.get(&agreement.span.file).cloned().unwrap_or_default(),
        termination_entry: entry.clone().filter(|_| is_of_entry),
        entry,
        renews: agreement.renews.as_ref().map(ToString::to_string),
        successor: successor.map(|successor| successor.id.to_string()),
        successor_day: successor.and_then(active_from).map(|day| day.to_string()),
        is_terminated: agreement.termination.is_some(),
        is_manual: matches!(agreement.activation, Activation::Manual(_)),
        notices: kinds.into_iter().map(|(_, _, values)| values).collect(),
    };
    Some((importance, block))
}

/// A title for a subject.
pub(super) fn short(title: &str) -> String {
    if title.chars().count() <= TITLE_LIMIT {
        return title.to_owned();
    }
    title.chars().take(TITLE_LIMIT - 1).chain(['…']).collect()
}

fn notice_values(
    notice: &Notice,
    kind: NoticeKind,
    audience: &'static str,
    agreement: &Agreement,
    at: Instant,
) -> NoticeValues {
    let today = agreement.zone.day_of(at);
    let day = notice.key.day;
    let left = |day: Day| today.until(day).ok().map(|span| span.get_days());
    let last_day = if kind.is_reminder() { Some(day) } else { notice.announced.last_day };
    let resumes = Some(kind).filter(|kind| *kind == NoticeKind::Suspended);
    let resumes = resumes.and_then(|_| resumes_on(agreement, day));
    let deadline = last_day.and_then(|last_day| deadline_before(agreement, last_day));
    let termination = agreement.termination.as_ref();
    let hour = termination.map(|termination| agreement.zone.wall_time_of(termination.at));
    let hour = hour.map(|time| time.strftime("%H:%M").to_string()).filter(|hour| hour != "00:00");
    let text = |day: Day| day.to_string();
    NoticeValues {
        kind: kind.as_str(),
        event: notice.key.event.as_str(),
        tone: tone(kind),
        audience,
        day: text(day),
        first_day: notice.announced.first_day.map(text),
        last_day: last_day.map(text),
        ended: ended_on(agreement).map(text),
        ends_at: hour,
        suspended_until: resumes.and_then(|day| day.yesterday().ok()).map(text),
        resumes: resumes.map(text),
        deadline: deadline.map(text),
        days_left: last_day.and_then(left),
        deadline_left: deadline.and_then(left),
        rolls: last_day.is_some_and(|last_day| rolls_after(agreement, last_day)),
        renewable: termination.is_none() && agreement.renewal != Renewal::None,
    }
}

/// The class of a paragraph.
pub(super) const fn tone(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Begins | NoticeKind::Resumes | NoticeKind::RenewedTacitly | NoticeKind::Succeeds => {
            "begins"
        }
        NoticeKind::Terminated | NoticeKind::Expired | NoticeKind::Suspended => "ends",
        NoticeKind::RunsOut
        | NoticeKind::NotRenewed
        | NoticeKind::EndsEarly
        | NoticeKind::RenewalDecision
        | NoticeKind::RenewsUnlessNotice => "ahead",
        NoticeKind::Amended => "other",
    }
}
