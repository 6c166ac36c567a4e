//! Who may ask for what at an instant, and by when: agreements become a register that answers questions.
//!
//! Only an active agreement gives anything. A department has the agreements of its company where the helpdesk passes them
//! on, or where the plan links it to them. Of several that are active at once the nearest recipient wins
//! (a department before its company); where that leaves more than one, the answer is that it is ambiguous,
//! and never one of them. Everything that depends on instants alone is put in order once, so that an answer
//! takes a few look-ups. Knows no clock (the instant is given), no helpdesk and no document.

pub mod query;
mod timeline;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::agreement::Agreement;
use crate::calendar::{Day, Instant, Pauses, TargetTime, Zone, due};
use crate::catalog::{Catalog, TargetClock};
use crate::ident::{CalendarSlug, ClientSlug, PriorityName, RecipientSlug, ServiceSlug};
use crate::mapping::RecipientLinks;
use crate::settings::Settings;
use crate::status::{State, bound, period_at, state_at, status};

use timeline::Timeline;

/// The services that an agreement gives at an instant: all that it covers while it is active, else none.
pub fn services_at(agreement: &Agreement, at: Instant) -> impl Iterator<Item = &ServiceSlug> {
    let is_active = state_at(agreement, at).0 == State::Active;
    agreement.services.keys().filter(move |_| is_active)
}

/// Agreements and the catalog, in the order in which questions are asked.
#[derive(Clone, Debug)]
pub struct Register {
    agreements: Vec<Agreement>,
    catalog: Catalog,
    courses: Courses,
    /// Of companies, the courses that their departments have too; `None` if they have all.
    inherited: Option<Courses>,
}

/// The course of each service, by recipient.
type Courses = BTreeMap<RecipientSlug, BTreeMap<ServiceSlug, Timeline>>;

/// A query for an entitlement.
#[derive(Clone, Copy, Debug)]
pub struct EntitlementQuery<'a> {
    /// Who: a client, or a department of one.
    pub recipient: &'a RecipientSlug,
    /// For what.
    pub service: &'a ServiceSlug,
    /// The way urgently.
    pub priority: &'a PriorityName,
    /// When.
    pub at: Instant,
    /// When the clock of the resolution stands still.
    pub pauses: &'a Pauses,
}

/// The answer of the agreements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntitlementAnswer<'a> {
    /// Yes, under one agreement.
    Entitled(Box<Entitled<'a>>),
    /// No.
    NotEntitled(Denial<'a>),
    /// Several agreements say yes, and nothing says which of them it is.
    Ambiguous(Vec<AgreementRef<'a>>),
}

/// An agreement by its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgreementRef<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Its zone.
    pub zone: &'a Zone,
}

/// Under which agreement, and by when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entitled<'a> {
    /// The agreement.
    pub agreement: AgreementRef<'a>,
    /// Its recipient that was found: the one that asks, or the company that it belongs to.
    pub recipient: RecipientSlug,
    /// The last day of the period; `None` where it is open-ended.
    pub last_day: Option<Day>,
    /// Days from the question to the last day.
    pub days_left: Option<i64>,
    /// The hours that times are counted on.
    pub calendar: Option<&'a CalendarSlug>,
    /// The zone that times are given in: that of the hours, else that of the agreement.
    pub zone: Zone,
    /// Whether anything at all is promised for the priority.
    pub is_promised: bool,
    /// Until somebody answers; `None` where it is not promised.
    pub response: Option<DueTarget>,
    /// Until it is solved; `None` where it is not promised.
    pub resolution: Option<DueTarget>,
}

/// A promised time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueTarget {
    /// Its length.
    pub target: TargetTime,
    /// Its end, or why that cannot be reported.
    pub due: Result<Instant, DueUnknown>,
    /// Whether it ends after the agreement. It holds all the same: what was asked in time is answered.
    pub is_after_end: bool,
    /// The last day for which the exceptions of the calendar are known, where it ends after that.
    pub known_through: Option<Day>,
}

/// The reason why the end of a promised time cannot be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DueUnknown {
    /// No file states the hours of the calendar.
    HoursElsewhere,
    /// The calendar has not so much open time within ten years.
    NeverOpen,
}

/// The reason why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial<'a> {
    /// The obstacles, the smallest first; never empty.
    pub reasons: Vec<DenialReason<'a>>,
    /// The first instant after the question at which the answer is yes, if no file changes, and in whose zone.
    pub from: Option<(Instant, &'a Zone)>,
}

/// One thing that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenialReason<'a> {
    /// The agreement that it is about, where there is one.
    pub agreement: Option<AgreementRef<'a>>,
    /// The agreement.
    pub obstacle: Obstacle,
}

/// An obstacle, in the order from the smallest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// The agreement rests.
    Suspended {
        /// When that ends, where it is written.
        until: Option<Instant>,
    },
    /// The agreement has not begun.
    NotStarted {
        /// When it begins.
        from: Instant,
    },
    /// The manual log has not activated the agreement.
    NotSwitchedOn,
    /// The agreement ended before its time.
    Terminated {
        /// Its last day.
        on: Option<Day>,
    },
    /// The agreement has ended.
    Expired {
        /// Its last day.
        on: Option<Day>,
    },
    /// There are agreements, and none covers the service.
    ServiceNotCovered,
    /// An agreement covers the service for other recipients of the client.
    RecipientNotCovered,
    /// There is no agreement with the client.
    NoAgreement,
}

impl Obstacle {
    /// The code for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Suspended { .. } => "suspended",
            Self::NotStarted { .. } => "not_started",
            Self::NotSwitchedOn => "not_switched_on",
            Self::Terminated { .. } => "terminated",
            Self::Expired { .. } => "expired",
            Self::ServiceNotCovered => "service_not_covered",
            Self::RecipientNotCovered => "recipient_not_covered",
            Self::NoAgreement => "no_agreement",
        }
    }
}

impl Register {
    /// Puts agreements in order. `links` say whether departments have the agreements of their company.
    pub fn new(agreements: Vec<Agreement>, catalog: Catalog, links: &RecipientLinks) -> Self {
        Self::by(agreements, catalog, |_| links)
    }

    /// Puts agreements in order, each by the helpdesk in which it lives.
    pub fn of(agreements: Vec<Agreement>, catalog: Catalog, settings: &Settings) -> Self {
        Self::by(agreements, catalog, |agreement| &settings.helpdesk_of(agreement).mapping.recipients)
    }

    fn by<'a>(
        agreements: Vec<Agreement>,
        catalog: Catalog,
        links: impl Fn(&Agreement) -> &'a RecipientLinks,
    ) -> Self {
        let is_linked = |agreement: &Agreement, recipient: &RecipientSlug| {
            links(agreement).links_to(agreement, recipient)
        };
        let courses = courses(&agreements, is_linked);
        let is_inherited = |agreement: &Agreement, recipient: &RecipientSlug| {
            recipient.department().is_none() && links(agreement).passes_on(agreement)
        };
        let inherited = agreements
            .iter()
            .any(|agreement| !links(agreement).passes_on(agreement))
            .then(|| self::courses(&agreements, is_inherited));
        Self { agreements, catalog, courses, inherited }
    }

    /// The courses of a recipient, the nearest first: its own, and for a department those that it has from its company.
    fn courses_of(
        &self,
        recipient: &RecipientSlug,
    ) -> impl Iterator<Item = (RecipientSlug, &BTreeMap<ServiceSlug, Timeline>)> {
        let own = self.courses.get(recipient.as_str()).map(|courses| (recipient.clone(), courses));
        let company = recipient.department().map(|_| RecipientSlug::of_client(&recipient.client()));
        let inherited = self.inherited.as_ref().unwrap_or(&self.courses);
        own.into_iter().chain(company.and_then(|company| {
            let courses = inherited.get(company.as_str())?;
            Some((company, courses))
        }))
    }

    /// The agreements that it is made of.
    pub fn agreements(&self) -> &[Agreement] {
        &self.agreements
    }

    /// The catalog that it is made of.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The services that a recipient may ask for at an instant, each with the agreements that give it to the nearest
    /// recipient: one, or several where it is ambiguous.
    pub fn given_to(
        &self,
        recipient: &RecipientSlug,
        at: Instant,
    ) -> BTreeMap<&ServiceSlug, Vec<&Agreement>> {
        let mut given = BTreeMap::new();
        for (_, courses) in self.courses_of(recipient) {
            for (service, course) in courses {
                let active = course.active_at(at);
                if !active.is_empty() {
                    given
                        .entry(service)
                        .or_insert_with(|| active.iter().map(|index| &self.agreements[*index]).collect());
                }
            }
        }
        given
    }

    /// The answer to a question.
    pub fn answer<'a>(&'a self, question: &EntitlementQuery<'_>) -> EntitlementAnswer<'a> {
        let found: Vec<(RecipientSlug, &Timeline)> = self
            .courses_of(question.recipient)
            .filter_map(|(holder, courses)| Some((holder, courses.get(question.service.as_str())?)))
            .collect();
        let active = found.iter().find(|(_, course)| !course.active_at(question.at).is_empty());
        match active.map(|(recipient, course)| (recipient, course.active_at(question.at))) {
            Some((recipient, [one])) => EntitlementAnswer::Entitled(Box::new(self.entitled(
                &self.agreements[*one],
                recipient.clone(),
                question,
            ))),
            Some((_, several)) => EntitlementAnswer::Ambiguous(
                several.iter().map(|index| named(&self.agreements[*index])).collect(),
            ),
            None => EntitlementAnswer::NotEntitled(self.refusal(&found, question)),
        }
    }

    fn entitled<'a>(
        &'a self,
        agreement: &'a Agreement,
        recipient: RecipientSlug,
        question: &EntitlementQuery<'_>,
    ) -> Entitled<'a> {
        let calendar = agreement.calendar_of(question.service);
        let clock = self.catalog.clock(calendar, &agreement.zone, question.at);
        let target = agreement.target_of(question.service, question.priority);
        let last_day = period_at(agreement, question.at).last_day;
        let today = agreement.zone.day_of(question.at);
        let promise = |time: Option<TargetTime>, pauses: &Pauses| {
            time.map(|time| promise(agreement, &clock, question.at, time, pauses))
        };
        let none = Pauses::default();
        Entitled {
            agreement: named(agreement),
            recipient,
            last_day,
            days_left: last_day.map(|day| today.duration_until(day).as_hours() / 24),
            calendar,
            zone: match &clock {
                TargetClock::Hours(hours) => hours.zone().clone(),
                TargetClock::RealTime | TargetClock::Elsewhere => agreement.zone.clone(),
            },
            is_promised: target.is_some(),
            response: promise(target.and_then(|target| target.response), &none),
            resolution: promise(target.and_then(|target| target.resolution), question.pauses),
        }
    }

    fn refusal<'a>(
        &'a self,
        found: &[(RecipientSlug, &'a Timeline)],
        question: &EntitlementQuery<'_>,
    ) -> Denial<'a> {
        let from =
            found.iter().filter_map(|(_, course)| course.next_active(question.at)).min_by_key(|next| next.0);
        let from = from.map(|(from, index)| (from, &self.agreements[index].zone));
        let near: BTreeSet<usize> =
            found.iter().flat_map(|(_, course)| course.nearest_to(question.at)).collect();
        let mut reasons: Vec<DenialReason<'a>> = near
            .into_iter()
            .filter_map(|index| {
                let agreement = &self.agreements[index];
                let obstacle = obstacle(agreement, question.at)?;
                Some(DenialReason { agreement: Some(named(agreement)), obstacle })
            })
            .collect();
        reasons.sort_by_key(|reason| reason.obstacle);
        if reasons.is_empty() {
            reasons.push(DenialReason { agreement: None, obstacle: self.obstacle_without(question) });
        }
        Denial { reasons, from }
    }

    /// The obstacle if no agreement covers the service for the recipient.
    fn obstacle_without(&self, question: &EntitlementQuery<'_>) -> Obstacle {
        let client = question.recipient.client();
        if self.of_client(&client).any(|(_, services)| services.contains_key(question.service)) {
            return Obstacle::RecipientNotCovered;
        }
        let is_known = self.courses_of(question.recipient).next().is_some();
        match (is_known, self.of_client(&client).next()) {
            (true, _) => Obstacle::ServiceNotCovered,
            (false, Some(_)) => Obstacle::RecipientNotCovered,
            (false, None) => Obstacle::NoAgreement,
        }
    }

    /// The recipients that a client has agreements for: the company itself, and departments.
    fn of_client<'a>(
        &'a self,
        client: &'a ClientSlug,
    ) -> impl Iterator<Item = (&'a RecipientSlug, &'a BTreeMap<ServiceSlug, Timeline>)> {
        let from = RecipientSlug::of_client(client);
        let own = self.courses.get_key_value(&from);
        // Slugs with a hyphen or a dot can stand between a company and its departments.
        let first = format!("{client}/");
        let departments = self.courses.range::<str, _>((Bound::Included(first.as_str()), Bound::Unbounded));
        own.into_iter().chain(departments.take_while(move |(recipient, _)| recipient.client() == *client))
    }
}

/// The courses of all recipients, of the agreements and recipients that are chosen.
fn courses(agreements: &[Agreement], is_chosen: impl Fn(&Agreement, &RecipientSlug) -> bool) -> Courses {
    let mut covering: BTreeMap<(&RecipientSlug, &ServiceSlug), Vec<usize>> = BTreeMap::new();
    for (index, agreement) in agreements.iter().enumerate() {
        for recipient in agreement.recipients.iter().filter(|recipient| is_chosen(agreement, recipient)) {
            for service in agreement.services.keys() {
                covering.entry((recipient, service)).or_default().push(index);
            }
        }
    }
    let mut courses = Courses::new();
    for ((recipient, service), among) in covering {
        let course = Timeline::of(agreements, &among);
        courses.entry(recipient.clone()).or_default().insert(service.clone(), course);
    }
    courses
}

fn named(agreement: &Agreement) -> AgreementRef<'_> {
    AgreementRef { id: agreement.id.as_str(), title: &agreement.title, zone: &agreement.zone }
}

fn promise(
    agreement: &Agreement,
    clock: &TargetClock<'_>,
    start: Instant,
    target: TargetTime,
    pauses: &Pauses,
) -> DueTarget {
    let end = match clock {
        TargetClock::Elsewhere => Err(DueUnknown::HoursElsewhere),
        TargetClock::RealTime => due(None, start, target, pauses).ok_or(DueUnknown::NeverOpen),
        TargetClock::Hours(hours) => due(Some(hours), start, target, pauses).ok_or(DueUnknown::NeverOpen),
    };
    let known_through = match clock {
        TargetClock::Hours(hours) => {
            hours.last_known_day().filter(|known| end.is_ok_and(|end| hours.zone().day_of(end) > *known))
        }
        TargetClock::RealTime | TargetClock::Elsewhere => None,
    };
    let is_after_end = end.is_ok_and(|end| bound(agreement).is_some_and(|bound| end > bound.at));
    DueTarget { target, due: end, is_after_end, known_through }
}

/// The reason why an agreement gives nothing at an instant; `None` where it does.
fn obstacle(agreement: &Agreement, at: Instant) -> Option<Obstacle> {
    let now = status(agreement, at);
    let last_day = || period_at(agreement, at).last_day;
    Some(match now.state {
        State::Active => return None,
        State::Suspended => Obstacle::Suspended { until: now.next_change.map(|(instant, _)| instant) },
        State::Planned => match now.next_change {
            // It begins, even if it is suspended from its first day on.
            Some((from, State::Active | State::Suspended)) => Obstacle::NotStarted { from },
            Some(_) | None => Obstacle::NotSwitchedOn,
        },
        State::Expired => Obstacle::Expired { on: last_day() },
        State::Terminated => Obstacle::Terminated { on: last_day() },
    })
}

#[cfg(test)]
mod tests;
