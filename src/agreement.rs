//! What an agreement *is*, once everything about it is settled: no text left to read, nothing unresolved.
//!
//! Made only by `check`, which consumes what people wrote. Knows no YAML, no helpdesk and no clock.
//!
//! Its maps are sorted lists: the node of a tree has room for eleven entries, where most maps have one to three.

mod shared;

use std::collections::BTreeSet;

pub use shared::{Shared, SharedTerms, SharedValues};

use litemap::LiteMap;

use crate::calendar::{Day, Instant, Lead, TargetTime, Term, TimeOfDay, Zone};
use crate::diagnostic::Span;
use crate::ident::{
    AgreementId, CalendarSlug, ClientSlug, HelpdeskName, Language, LiveId, ManagerSlug, PriorityName,
    ProviderSlug, RecipientSlug, ServiceSlug, TemplateName,
};

/// A service-level agreement with one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Its name for ever.
    pub id: AgreementId,
    /// Names it had before; a rename is no end and no beginning.
    pub formerly: Vec<AgreementId>,
    /// The first template it extends.
    pub template: Option<TemplateName>,
    /// All templates it extends, directly or not, the farthest first.
    pub templates: Shared<Vec<TemplateName>>,
    /// The title, ready to be read.
    pub title: String,
    /// The contract's number.
    pub number: Option<String>,
    /// The client who signed it.
    pub client: ClientSlug,
    /// The recipients; never empty.
    pub recipients: Shared<BTreeSet<RecipientSlug>>,
    /// Whether it names no recipients: it is for the client with all departments.
    pub is_for_whole_client: bool,
    /// The person who answers for it.
    pub manager: Option<ManagerSlug>,
    /// The provider's own legal entity.
    pub provider: Option<ProviderSlug>,
    /// The helpdesk in which it lives; `None` if there is one without a name.
    pub helpdesk: Option<HelpdeskName>,
    /// The contacts by role within the client, if the agreement has its own.
    pub contacts: LiteMap<String, crate::catalog::Contact>,
    /// The language of messages to the client.
    pub language: Language,
    /// The zone its days are counted in.
    pub zone: Zone,
    /// When it holds.
    pub period: Period,
    /// By date or by hand.
    pub activation: Activation,
    /// When it rests, in order of their first days, without overlap.
    pub suspensions: Vec<Suspension>,
    /// When it ends before its time; few do, and the others hold no room for it.
    pub termination: Option<Box<Termination>>,
    /// The renewal after its last day.
    pub renewal: Renewal,
    /// The agreement it follows.
    pub renews: Option<AgreementId>,
    /// The first day of the agreement that follows it, where one does: it caps a tacit roll.
    pub succeeded_on: Option<Day>,
    /// The services; never empty.
    pub services: Shared<Services>,
    /// The hours in which services without their own are given.
    pub calendar: Option<CalendarSlug>,
    /// The targets of services without their own.
    pub targets: Shared<Targets>,
    /// The recipients of each notice.
    pub notices: Shared<Notices>,
    /// The author's own labels; of no meaning here.
    pub labels: LiteMap<String, String>,
    /// A tenant's own extras.
    pub attributes: LiteMap<String, AttributeValue>,
    /// The unmarked live object that it takes over.
    pub adopts: Option<LiveId>,
    /// Where it is written.
    pub span: Span,
}

/// Services with their terms.
pub type Services = LiteMap<ServiceSlug, Coverage>;

/// Targets by priority.
pub type Targets = LiteMap<PriorityName, Target>;

/// When an agreement holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first day; only manual activation may leave it out.
    pub first_day: Option<Day>,
    /// The way its end is said.
    pub end: PeriodEnd,
}

/// The way the end of a period is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodEnd {
    /// The last day, counted in.
    LastDay(Day),
    /// A length from the first day on.
    Term(Term),
    /// Not at all.
    Open,
}

/// The way an agreement becomes active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Its first day.
    Auto,
    /// Entries by hand, in the order of their instants.
    Manual(Vec<ActivationEntry>),
}

/// One entry of the manual log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivationEntry {
    /// From this instant on.
    pub at: Instant,
    /// The status from then on.
    pub status: ActivationStatus,
    /// Why, in the author's words.
    pub reason: Option<String>,
    /// The author.
    pub by: Option<String>,
}

/// The status that an entry of the manual log sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivationStatus {
    /// Not yet.
    Planned,
    /// In force.
    Active,
    /// At rest.
    Suspended,
    /// Over; nothing follows.
    Ended,
}

/// A stretch of days in which an agreement rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// The first day of rest.
    pub from: Day,
    /// The last day of rest; open where it is not said.
    pub until: Option<Day>,
    /// Why, in the author's words.
    pub reason: Option<String>,
}

/// The early end of an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Termination {
    /// The first instant at which it no longer holds.
    pub at: Instant,
    /// The last day on which it holds, at least in part.
    pub last_day: Day,
    /// Why, in the author's words.
    pub reason: Option<String>,
    /// Whether the entry of a set says it, rather than the set or a template.
    pub is_of_entry: bool,
}

/// The behaviour after the last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Nothing.
    None,
    /// Somebody is reminded to write a new document.
    Manual {
        /// The time before the last day notice has to be given.
        notice_period: Option<Lead>,
    },
    /// The next period begins unless a termination is written.
    Auto {
        /// The length of each further period.
        term: Term,
        /// The time before the last day notice has to be given.
        notice_period: Option<Lead>,
        /// The number of times that it renews; without it, for ever.
        max_terms: Option<u32>,
    },
}

/// A service within an agreement.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coverage {
    /// Its own hours, where it has them.
    pub calendar: Option<CalendarSlug>,
    /// Its own targets, by priority; the others are the agreement's.
    pub targets: Targets,
}

/// By when one is answered and helped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// Until somebody answers.
    pub response: Option<TargetTime>,
    /// Until it is solved.
    pub resolution: Option<TargetTime>,
}

/// The recipients of each notice.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notices {
    /// The events that are reported, by name.
    pub events: LiteMap<NoticeEvent, NoticeRule>,
}

/// Something that people are reported.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NoticeEvent {
    /// It came into force.
    Activated,
    /// It is no longer in force.
    Deactivated,
    /// Its last day comes near.
    Expiring,
    /// The last day to give notice comes near.
    NoticeDeadline,
    /// An announced date has changed.
    Amended,
    /// A successor or a further period took its place.
    Renewed,
}

impl NoticeEvent {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Activated,
        Self::Deactivated,
        Self::Expiring,
        Self::NoticeDeadline,
        Self::Amended,
        Self::Renewed,
    ];

    /// The key of the event under `notices:`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Activated => "activated",
            Self::Deactivated => "deactivated",
            Self::Expiring => "expiring",
            Self::NoticeDeadline => "notice_deadline",
            Self::Amended => "amended",
            Self::Renewed => "renewed",
        }
    }
}

/// To whom and how long before.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoticeRule {
    /// The roles `client` and `manager`, or addresses.
    pub to: Vec<String>,
    /// The time before, farthest first.
    pub before: Vec<Lead>,
    /// The time of day at which they are reported, in the agreement's zone, where the author says it.
    pub at: Option<TimeOfDay>,
}

/// A plain value of a tenant's own attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Bool(bool),
}

/// The agreements of a repository, given those of one helpdesk, and those of all helpdesks if there are several.
pub const fn whole<'a>(here: &'a [Agreement], everywhere: &'a [Agreement]) -> &'a [Agreement] {
    if everywhere.is_empty() { here } else { everywhere }
}

impl Agreement {
    /// The recipient to write where the helpdesk holds one: the client as a whole, or else the first by name.
    pub fn main_recipient(&self) -> Option<&RecipientSlug> {
        let whole = RecipientSlug::of_client(&self.client);
        self.recipients.get(&whole).or_else(|| self.recipients.first())
    }

    /// Leaves out the contacts who are people of a helpdesk, for another helpdesk in which their ids mean others.
    pub fn drop_people(&mut self) {
        self.contacts.retain(|_, contact| matches!(contact, crate::catalog::Contact::Email(_)));
    }

    /// Whether another says just the same, wherever it is written.
    pub fn says_the_same(&self, other: &Self) -> bool {
        Self { span: other.span, ..self.clone() } == *other
    }

    /// The targets of one service: its own over the agreement's.
    pub fn targets_of(&self, service: &ServiceSlug) -> Targets {
        let mut targets = Targets::clone(&self.targets);
        if let Some(coverage) = self.services.get(service.as_str()) {
            for (priority, target) in &coverage.targets {
                targets.insert(priority.clone(), *target);
            }
        }
        targets
    }

    /// The target of one service for one priority: its own, or the agreement's.
    pub fn target_of(&self, service: &ServiceSlug, priority: &PriorityName) -> Option<Target> {
        let own = self.services.get(service.as_str()).and_then(|coverage| coverage.targets.get(priority));
        own.or_else(|| self.targets.get(priority)).copied()
    }

    /// The hours of one service: its own, or the agreement's.
    pub fn calendar_of(&self, service: &ServiceSlug) -> Option<&CalendarSlug> {
        let own = self.services.get(service.as_str()).and_then(|coverage| coverage.calendar.as_ref());
        own.or(self.calendar.as_ref())
    }
}

#[cfg(test)]
pub(crate) mod sample {
    //! Agreements for the tests of later stages, which change what they are about.

    use litemap::LiteMap;

    use super::{Activation, Agreement, Coverage, Period, PeriodEnd, Renewal, Shared};
    use crate::calendar::{Day, Zone, read_day};
    use crate::diagnostic::{Sources, Span};
    use crate::ident::{AgreementId, ClientSlug, Language, RecipientSlug, ServiceSlug};

    /// A day that is known to exist.
    pub(crate) fn day(text: &str) -> Day {
        read_day(text).expect("a day")
    }

    /// An agreement of the client `dent-mayak` over `email`, from and to these days in Moscow.
    pub(crate) fn agreement(id: &str, first_day: &str, last_day: &str) -> Agreement {
        let client = ClientSlug::new("dent-mayak").expect("a slug");
        Agreement {
            id: AgreementId::new(id).expect("an id"),
            formerly: Vec::new(),
            template: None,
            templates: Shared::default(),
            title: "Стоматология «Маяк»".to_owned(),
            number: None,
            recipients: [RecipientSlug::of_client(&client)].into(),
            client,
            is_for_whole_client: true,
            manager: None,
            provider: None,
            helpdesk: None,
            contacts: LiteMap::new(),
            language: Language::Russian,
            zone: Zone::find("Europe/Moscow").expect("a zone"),
            period: Period { first_day: Some(day(first_day)), end: PeriodEnd::LastDay(day(last_day)) },
            activation: Activation::Auto,
            suspensions: Vec::new(),
            termination: None,
            renewal: Renewal::None,
            renews: None,
            succeeded_on: None,
            services: Shared::from_iter([(ServiceSlug::new("email").expect("a slug"), Coverage::default())]),
            calendar: None,
            targets: Shared::default(),
            notices: Shared::default(),
            labels: LiteMap::new(),
            attributes: LiteMap::new(),
            adopts: None,
            span: Span::of_file(Sources::default().add("agreements/sample.yaml", "")),
        }
    }
}
