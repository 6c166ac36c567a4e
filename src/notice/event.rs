//! Derives the events of an agreement up to an instant, independent of recipients and of earlier notices.
//!
//! Each event follows from the document alone. A day that moves therefore makes a new event, and the old one no longer
//! exists. `due` decides what happens to the events; a forecast lists those to come.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::agreement::{Activation, Agreement, NoticeEvent, NoticeRule, Renewal};
use crate::calendar::{Day, Instant, TimeOfDay};
use crate::ident::AgreementId;
use crate::status::{CurrentPeriod, State, bound, changes, never_begins, period_at, state_at};

use super::key::Variant;
use super::record::{AnnouncedDays, PastEvents};

/// The distance back renewals are derived. Earlier ones are past.
const LOOKBACK: jiff::SignedDuration = jiff::SignedDuration::from_hours(400 * 24);

/// An event of an agreement, and when its notice is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledEvent {
    /// The kind of event.
    pub event: NoticeEvent,
    /// The announced day.
    pub day: Day,
    /// Distinguishes the notices for that day.
    pub variant: Variant,
    /// The instant at which its notice is due.
    pub planned: Instant,
    /// The instant from which the notice is obsolete; `None` if only a later event supersedes it.
    pub until: Option<Instant>,
    /// The state that it announces; `None` for a reminder.
    pub new_state: Option<State>,
}

impl ScheduledEvent {
    /// The name among past events.
    pub fn name(&self) -> String {
        PastEvents::name(self.event, self.day, self.variant)
    }

    /// Whether it reminds of the same day as another one, from nearer to it. `1mo` and `30d` may fall on the same day, of which
    /// one is enough.
    pub(super) fn is_nearer_than(&self, other: &Self) -> bool {
        let nearness = |event: &Self| (event.planned, Reverse(event.variant));
        (self.event, self.day) == (other.event, other.day) && nearness(self) > nearness(other)
    }

    /// The instant from which a run sends its notice; `None` where none does. A reminder waits while the agreement is not
    /// active, and is obsolete at its end.
    fn sent_at(&self, agreement: &Agreement) -> Option<Instant> {
        if self.new_state.is_some() || state_at(agreement, self.planned).0 == State::Active {
            return Some(self.planned);
        }
        let mut later = changes(agreement).into_iter().filter(|(at, _)| *at > self.planned);
        let (active, _) = later.find(|(_, state)| *state == State::Active)?;
        self.until.is_none_or(|until| active < until).then_some(active)
    }
}

/// The predecessors and successors of agreements.
#[derive(Debug, Default)]
pub struct Succession<'a> {
    by_name: BTreeMap<&'a AgreementId, &'a Agreement>,
    successors: BTreeMap<&'a AgreementId, &'a Agreement>,
}

impl<'a> Succession<'a> {
    /// Resolves `renews:`, which may also name a former id.
    pub fn of(agreements: impl IntoIterator<Item = &'a Agreement> + Clone) -> Self {
        let names = |agreement: &'a Agreement| agreement.formerly.iter().chain([&agreement.id]);
        let named = agreements.clone().into_iter();
        let by_name: BTreeMap<_, _> =
            named.flat_map(|agreement| names(agreement).map(move |name| (name, agreement))).collect();
        let successors = agreements.into_iter().filter_map(|agreement| {
            let before = by_name.get(agreement.renews.as_ref()?)?;
            (!never_begins(agreement)).then_some((&before.id, agreement))
        });
        let successors = successors.collect();
        Self { by_name, successors }
    }

    /// The agreement that renews this one. One that never begins is none.
    pub fn successor(&self, agreement: &Agreement) -> Option<&'a Agreement> {
        self.successors.get(&agreement.id).copied()
    }

    fn predecessor(&self, agreement: &Agreement) -> Option<&'a Agreement> {
        self.by_name.get(agreement.renews.as_ref()?).copied()
    }
}

/// All events of an agreement that are planned up to an instant. Changes of state are in chronological order.
pub fn scheduled_events(
    agreement: &Agreement,
    succession: &Succession<'_>,
    usual: TimeOfDay,
    until: Instant,
) -> Vec<ScheduledEvent> {
    let schedule = EventSchedule { agreement, usual };
    let mut events = schedule.changes_of_state(succession, until);
    for period in periods(agreement, until) {
        events.extend(schedule.tacit_renewal(&period));
        events.extend(schedule.notice_deadline(&period, succession));
    }
    events.extend(schedule.expiry(succession));
    events.retain(|event| event.planned <= until);
    // At the same instant, an end comes before a beginning.
    events.sort_by_key(|event| (event.planned, event.event != NoticeEvent::Deactivated, event.variant));
    events
}

/// The events whose notices are sent by runs that are never late, each with the instant. Of several reminders that waited for
/// the same instant, the nearest is sent.
pub fn sent_events(agreement: &Agreement, events: Vec<ScheduledEvent>) -> Vec<(Instant, ScheduledEvent)> {
    let at = events.into_iter().filter_map(|event| Some((event.sent_at(agreement)?, event)));
    let sent: Vec<(Instant, ScheduledEvent)> = at.collect();
    let is_obsolete = |at: Instant, event: &ScheduledEvent| {
        event.new_state.is_none()
            && sent.iter().any(|(other, nearer)| *other == at && nearer.is_nearer_than(event))
    };
    sent.iter().filter(|(at, event)| !is_obsolete(*at, event)).cloned().collect()
}

/// The last day to give notice in a period; `None` if no notice is required, or the end is already settled by a
/// termination or a successor.
pub fn notice_deadline(
    agreement: &Agreement,
    period: &CurrentPeriod,
    succession: &Succession<'_>,
) -> Option<Day> {
    let is_settled =
        agreement.termination.is_some() || is_followed(succession.successor(agreement), period.last_day);
    deadline_before(agreement, period.last_day?).filter(|_| !is_settled)
}

/// The last day to give notice before a last day, if the agreement requires notice.
pub fn deadline_before(agreement: &Agreement, last_day: Day) -> Option<Day> {
    let (Renewal::Manual { notice_period } | Renewal::Auto { notice_period, .. }) = agreement.renewal else {
        return None;
    };
    notice_period?.before(last_day)
}

/// The rule for an event. `renewed` falls back to the rule of `activated`, whose notice it replaces.
pub(super) fn rule(agreement: &Agreement, event: NoticeEvent) -> Option<&NoticeRule> {
    let events = &agreement.notices.events;
    match event {
        NoticeEvent::Renewed => events.get(&event).or_else(|| events.get(&NoticeEvent::Activated)),
        _ => events.get(&event),
    }
}

/// The days of the period at an instant.
pub(super) fn days_at(agreement: &Agreement, at: Instant) -> AnnouncedDays {
    let CurrentPeriod { first_day, last_day, .. } = period_at(agreement, at);
    AnnouncedDays { first_day, last_day }
}

/// The periods from [`LOOKBACK`] before an instant up to it.
fn periods(agreement: &Agreement, until: Instant) -> Vec<CurrentPeriod> {
    let from = until.checked_sub(LOOKBACK).unwrap_or(Instant::MIN);
    let mut periods = vec![period_at(agreement, from)];
    while let Some(next) = periods.last().and_then(|period| period.agreed_last_day?.tomorrow().ok()) {
        let start = agreement.zone.start_of(next);
        let period = period_at(agreement, start);
        if start > until || periods.last().is_some_and(|last| last.number >= period.number) {
            break;
        }
        periods.push(period);
    }
    periods
}

/// The events of one agreement, at the times of day of its rules.
struct EventSchedule<'a> {
    agreement: &'a Agreement,
    usual: TimeOfDay,
}

impl EventSchedule<'_> {
    fn at(&self, day: Day, rule: &NoticeRule) -> Instant {
        let time = rule.at.unwrap_or(self.usual);
        self.agreement.zone.at(day, time.hour(), time.minute())
    }

    /// The changes into and out of `active`.
    fn changes_of_state(&self, succession: &Succession<'_>, until: Instant) -> Vec<ScheduledEvent> {
        let mut before = State::Planned;
        let mut events = Vec::new();
        for (instant, state) in changes(self.agreement).into_iter().filter(|(instant, _)| *instant <= until) {
            let event = match (before, state) {
                (_, State::Active) if self.continues_predecessor(succession, instant) => {
                    Some(NoticeEvent::Renewed)
                }
                (_, State::Active) => Some(NoticeEvent::Activated),
                (State::Active | State::Suspended, _)
                    if self.is_continued_by_successor(succession, instant) =>
                {
                    None
                }
                (State::Active, _) | (State::Suspended, State::Expired | State::Terminated) => {
                    Some(NoticeEvent::Deactivated)
                }
                _ => None,
            };
            before = state;
            events.extend(event.and_then(|event| self.change_of_state(event, instant, state)));
        }
        events
    }

    fn change_of_state(&self, event: NoticeEvent, instant: Instant, state: State) -> Option<ScheduledEvent> {
        let day = self.agreement.zone.day_of(instant);
        let planned = self.at(day, rule(self.agreement, event)?).max(instant);
        let (variant, new_state) = (Variant::Only, Some(state));
        Some(ScheduledEvent { event, day, variant, planned, until: None, new_state })
    }

    /// Whether the predecessor ends at the instant at which this agreement begins.
    fn continues_predecessor(&self, succession: &Succession<'_>, instant: Instant) -> bool {
        succession.predecessor(self.agreement).is_some_and(|before| ends_by_agreement(before, instant))
    }

    /// Whether the successor begins at the instant at which this agreement ends, and announces it.
    fn is_continued_by_successor(&self, succession: &Succession<'_>, instant: Instant) -> bool {
        let successor = succession.successor(self.agreement);
        ends_by_agreement(self.agreement, instant)
            && successor.is_some_and(|successor| {
                rule(successor, NoticeEvent::Renewed).is_some()
                    && changes(successor).contains(&(instant, State::Active))
            })
    }

    /// The beginning of a further period by tacit renewal.
    fn tacit_renewal(&self, period: &CurrentPeriod) -> Option<ScheduledEvent> {
        let first_day = period.first_day.filter(|_| period.number > 1)?;
        let start = self.agreement.zone.start_of(first_day);
        let state = state_at(self.agreement, start).0;
        let second_before = start.checked_sub(jiff::SignedDuration::from_secs(1)).ok()?;
        let before = state_at(self.agreement, second_before).0;
        // A period that begins after a suspension is announced as `activated`.
        let is_continued = state == State::Active && before == State::Active;
        is_continued.then(|| self.change_of_state(NoticeEvent::Renewed, start, state)).flatten()
    }

    /// The reminders of the last day to give notice in one period.
    fn notice_deadline(&self, period: &CurrentPeriod, succession: &Succession<'_>) -> Vec<ScheduledEvent> {
        let deadline = notice_deadline(self.agreement, period, succession).zip(period.last_day);
        deadline.map_or_else(Vec::new, |(deadline, last_day)| {
            self.reminders(NoticeEvent::NoticeDeadline, last_day, deadline, period.first_day)
        })
    }

    /// The reminders of the actual last day, unless a successor follows.
    fn expiry(&self, succession: &Succession<'_>) -> Vec<ScheduledEvent> {
        let Some(last_day) = last_day(self.agreement) else {
            return Vec::new();
        };
        if is_followed(succession.successor(self.agreement), Some(last_day)) {
            return Vec::new();
        }
        let first_day = period_at(self.agreement, Instant::MIN).first_day;
        self.reminders(NoticeEvent::Expiring, last_day, last_day, first_day)
    }

    /// One reminder for each lead time before `of` that falls after the first day of the period.
    fn reminders(
        &self,
        event: NoticeEvent,
        day: Day,
        of: Day,
        first_day: Option<Day>,
    ) -> Vec<ScheduledEvent> {
        let Some(rule) = rule(self.agreement, event) else {
            return Vec::new();
        };
        let until = of.tomorrow().ok().map(|next| self.agreement.zone.start_of(next));
        let leads = rule.before.iter().filter_map(|lead| Some((*lead, lead.before(of)?)));
        leads
            .filter(|(_, planned)| first_day.is_none_or(|first_day| first_day < *planned))
            .map(|(lead, planned)| ScheduledEvent {
                event,
                day,
                variant: Variant::Lead(lead),
                planned: self.at(planned, rule),
                until,
                new_state: None,
            })
            .collect()
    }
}

/// The last day on which an agreement is in force after all renewals; `None` if open-ended.
pub fn last_day(agreement: &Agreement) -> Option<Day> {
    let bound = bound(agreement)?;
    match &agreement.termination {
        Some(termination) if bound.by_termination => Some(termination.last_day),
        _ => agreement.zone.day_of(bound.at).yesterday().ok(),
    }
}

fn ends_by_agreement(agreement: &Agreement, instant: Instant) -> bool {
    bound(agreement).is_some_and(|bound| !bound.by_termination && bound.at == instant)
}

/// Whether a successor begins no later than the day after the last day.
fn is_followed(successor: Option<&Agreement>, last_day: Option<Day>) -> bool {
    let begins = successor
        .filter(|successor| successor.activation == Activation::Auto)
        .and_then(|successor| successor.period.first_day);
    let after = last_day.and_then(|day| day.tomorrow().ok());
    matches!((begins, after), (Some(begins), Some(after)) if begins <= after)
}
