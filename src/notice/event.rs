//! What there is to tell about an agreement up to an instant, whoever is told and whatever was told before.
//!
//! Each occasion follows from the document alone, so that a day that moves makes a new one and the old one is
//! no more. `due` decides what becomes of them; a forecast lists those to come.

use std::collections::BTreeMap;

use crate::agreement::{Activation, Agreement, NoticeEvent, NoticeRule, Renewal};
use crate::calendar::{Day, Instant, Lead, TimeOfDay};
use crate::ident::AgreementId;
use crate::status::{CurrentPeriod, State, bound, changes, period_at};

use super::{Mark, Told};

/// Further periods that began longer ago than this are past.
const LOOKING_BACK: jiff::SignedDuration = jiff::SignedDuration::from_hours(400 * 24);

/// Something to tell about an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// What is told.
    pub event: NoticeEvent,
    /// The day it announces.
    pub day: Day,
    /// Which of several for that day.
    pub mark: Mark,
    /// When it is to be told.
    pub planned: Instant,
    /// The first instant at which it says nothing any more; `None` where it is superseded by what follows alone.
    pub until: Option<Instant>,
    /// The state it tells of; `None` for what comes ahead of a day.
    pub tells: Option<State>,
}

/// The agreements before and after each other.
#[derive(Debug, Default)]
pub struct Kin<'a> {
    by_name: BTreeMap<&'a AgreementId, &'a Agreement>,
    successors: BTreeMap<&'a AgreementId, &'a Agreement>,
}

impl<'a> Kin<'a> {
    /// Finds out who follows whom. An agreement answers to its former names too.
    pub fn of(agreements: impl IntoIterator<Item = &'a Agreement> + Clone) -> Self {
        let names = |agreement: &'a Agreement| agreement.formerly.iter().chain([&agreement.id]);
        let named = agreements.clone().into_iter();
        let by_name: BTreeMap<_, _> =
            named.flat_map(|agreement| names(agreement).map(move |name| (name, agreement))).collect();
        let successors = agreements.into_iter().filter_map(|agreement| {
            let before = by_name.get(agreement.renews.as_ref()?)?;
            Some((&before.id, agreement))
        });
        let successors = successors.collect();
        Self { by_name, successors }
    }

    /// The agreement that renews this one.
    pub fn successor(&self, agreement: &Agreement) -> Option<&'a Agreement> {
        self.successors.get(&agreement.id).copied()
    }

    fn predecessor(&self, agreement: &Agreement) -> Option<&'a Agreement> {
        self.by_name.get(agreement.renews.as_ref()?).copied()
    }
}

/// All occasions of an agreement that are planned up to an instant, those of the state in the order of time.
pub fn occasions(agreement: &Agreement, kin: &Kin<'_>, usual: TimeOfDay, until: Instant) -> Vec<Occasion> {
    let clock = Clock { agreement, usual };
    let mut occasions = clock.states(kin, until);
    for stretch in stretches(agreement, until) {
        occasions.extend(clock.roll(&stretch));
        occasions.extend(clock.deadline(&stretch, kin));
    }
    occasions.extend(clock.end(kin));
    occasions.retain(|occasion| occasion.planned <= until);
    // At one instant what ends comes before what begins.
    occasions.sort_by_key(|occasion| {
        (occasion.planned, occasion.event != NoticeEvent::Deactivated, occasion.mark)
    });
    occasions
}

/// The last day to give notice in a period; `None` where none has to be given, or where it is settled already.
pub fn notice_deadline(agreement: &Agreement, stretch: &CurrentPeriod, kin: &Kin<'_>) -> Option<Day> {
    let (Renewal::Manual { notice_period } | Renewal::Auto { notice_period, .. }) = agreement.renewal else {
        return None;
    };
    let is_settled = agreement.termination.is_some() || follows(kin.successor(agreement), stretch.last_day);
    before(stretch.last_day?, notice_period?).filter(|_| !is_settled)
}

/// The rule for an event. What takes the place of a beginning goes to those who hear of beginnings.
pub(super) fn rule(agreement: &Agreement, event: NoticeEvent) -> Option<&NoticeRule> {
    let events = &agreement.notices.events;
    match event {
        NoticeEvent::Renewed => events.get(&event).or_else(|| events.get(&NoticeEvent::Activated)),
        _ => events.get(&event),
    }
}

/// The days of the period at an instant, as people are told them.
pub(super) fn told(agreement: &Agreement, at: Instant) -> Told {
    let CurrentPeriod { first_day, last_day, .. } = period_at(agreement, at);
    Told { first_day, last_day }
}

/// The periods from some time before an instant up to it.
fn stretches(agreement: &Agreement, until: Instant) -> Vec<CurrentPeriod> {
    let from = until.checked_sub(LOOKING_BACK).unwrap_or(Instant::MIN);
    let mut stretches = vec![period_at(agreement, from)];
    while let Some(next) = stretches.last().and_then(|stretch| stretch.agreed_last_day?.tomorrow().ok()) {
        let start = agreement.zone.start_of(next);
        let stretch = period_at(agreement, start);
        if start > until || stretches.last().is_some_and(|last| last.number >= stretch.number) {
            break;
        }
        stretches.push(stretch);
    }
    stretches
}

/// The occasions of one agreement by the clock on its wall.
struct Clock<'a> {
    agreement: &'a Agreement,
    usual: TimeOfDay,
}

impl Clock<'_> {
    fn at(&self, day: Day, rule: &NoticeRule) -> Instant {
        let time = rule.at.unwrap_or(self.usual);
        self.agreement.zone.at(day, time.hour(), time.minute())
    }

    /// Beginnings and ends: at the first change into or out of `active`.
    fn states(&self, kin: &Kin<'_>, until: Instant) -> Vec<Occasion> {
        let mut before = State::Planned;
        let mut occasions = Vec::new();
        for (instant, state) in changes(self.agreement).into_iter().filter(|(instant, _)| *instant <= until) {
            let event = match (before, state) {
                (_, State::Active) if self.takes_over(kin, instant) => Some(NoticeEvent::Renewed),
                (_, State::Active) => Some(NoticeEvent::Activated),
                (State::Active, _) if self.hands_over(kin, instant) => None,
                (State::Active, _) | (State::Suspended, State::Expired | State::Terminated) => {
                    Some(NoticeEvent::Deactivated)
                }
                _ => None,
            };
            before = state;
            occasions.extend(event.and_then(|event| self.state(event, instant, state)));
        }
        occasions
    }

    fn state(&self, event: NoticeEvent, instant: Instant, state: State) -> Option<Occasion> {
        let day = self.agreement.zone.day_of(instant);
        let planned = self.at(day, rule(self.agreement, event)?).max(instant);
        Some(Occasion { event, day, mark: Mark::Only, planned, until: None, tells: Some(state) })
    }

    /// Whether this one goes on where the one it renews ends.
    fn takes_over(&self, kin: &Kin<'_>, instant: Instant) -> bool {
        kin.predecessor(self.agreement).is_some_and(|before| ends_by_agreement(before, instant))
    }

    /// Whether another goes on where this one ends.
    fn hands_over(&self, kin: &Kin<'_>, instant: Instant) -> bool {
        let successor = kin.successor(self.agreement);
        ends_by_agreement(self.agreement, instant)
            && successor.is_some_and(|successor| {
                rule(successor, NoticeEvent::Renewed).is_some()
                    && changes(successor).contains(&(instant, State::Active))
            })
    }

    /// A further period of a tacit renewal.
    fn roll(&self, stretch: &CurrentPeriod) -> Option<Occasion> {
        let first_day = stretch.first_day.filter(|_| stretch.number > 1)?;
        let start = self.agreement.zone.start_of(first_day);
        let state = crate::status::state_at(self.agreement, start).0;
        let was = crate::status::state_at(
            self.agreement,
            start.checked_sub(jiff::SignedDuration::from_secs(1)).ok()?,
        )
        .0;
        // What begins with the period itself, after a rest, is told as a beginning.
        let goes_on = state == State::Active && was == State::Active;
        goes_on.then(|| self.state(NoticeEvent::Renewed, start, state)).flatten()
    }

    /// The last day to give notice, of one period.
    fn deadline(&self, stretch: &CurrentPeriod, kin: &Kin<'_>) -> Vec<Occasion> {
        let deadline = notice_deadline(self.agreement, stretch, kin).zip(stretch.last_day);
        deadline.map_or_else(Vec::new, |(deadline, last_day)| {
            self.ahead(NoticeEvent::NoticeDeadline, last_day, deadline, stretch.first_day)
        })
    }

    /// The real end, where there is one and nothing follows.
    fn end(&self, kin: &Kin<'_>) -> Vec<Occasion> {
        let Some(last_day) = last_day(self.agreement) else {
            return Vec::new();
        };
        if follows(kin.successor(self.agreement), Some(last_day)) {
            return Vec::new();
        }
        let first_day = period_at(self.agreement, Instant::MIN).first_day;
        self.ahead(NoticeEvent::Expiring, last_day, last_day, first_day)
    }

    /// One occasion for each lead that does not lie before the period itself.
    fn ahead(&self, event: NoticeEvent, day: Day, of: Day, first_day: Option<Day>) -> Vec<Occasion> {
        let Some(rule) = rule(self.agreement, event) else {
            return Vec::new();
        };
        let until = of.tomorrow().ok().map(|next| self.agreement.zone.start_of(next));
        let leads = rule.before.iter().filter_map(|lead| Some((*lead, before(of, *lead)?)));
        leads
            .filter(|(_, planned)| first_day.is_none_or(|first_day| first_day < *planned))
            .map(|(lead, planned)| Occasion {
                event,
                day,
                mark: Mark::Lead(lead),
                planned: self.at(planned, rule),
                until,
                tells: None,
            })
            .collect()
    }
}

/// The last day on which an agreement holds, after all that can renew it; `None` where nothing ends it.
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

/// Whether a successor begins no later than the day after.
fn follows(successor: Option<&Agreement>, last_day: Option<Day>) -> bool {
    let begins = successor
        .filter(|successor| successor.activation == Activation::Auto)
        .and_then(|successor| successor.period.first_day);
    let after = last_day.and_then(|day| day.tomorrow().ok());
    matches!((begins, after), (Some(begins), Some(after)) if begins <= after)
}

fn before(day: Day, lead: Lead) -> Option<Day> {
    day.checked_sub(jiff::Span::new().try_days(lead.days).ok()?).ok()
}
