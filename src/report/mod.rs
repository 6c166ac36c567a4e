//! All agreements over time, as people look at them: an estate and an instant become lanes of agreements that follow
//! each other, with their phases, what ends and what follows it, and what each client is covered for.
//!
//! Days are those of each agreement's own zone. Knows no text and no page; asks `status` and `notice`.

mod facts;

use std::cmp::Reverse;
use std::collections::BTreeMap;

pub use facts::{AgreementFacts, FactsCollector, RenewalNeed, ReportFacts, ValueOrigin};

use crate::agreement::{Agreement, NoticeEvent, PeriodEnd};
use crate::calendar::{Day, Instant, TimeOfDay};
use crate::ident::{AgreementId, ClientSlug, ServiceSlug};
use crate::notice::event::{Succession, last_day, notice_deadline, scheduled_events};
use crate::status::{CurrentPeriod, State, Status, changes, period_at, state_at, status};

/// The distance from the instant, to both sides, what repeats is listed: periods of a tacit renewal, days of telling.
const REACH: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 365 * 3);

/// All agreements as of an instant.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// The instant.
    pub at: Instant,
    /// Every agreement, in the order of ids.
    pub entries: Vec<ReportEntry<'a>>,
    /// Agreements that follow each other, the oldest first, as places in `entries`; in the order of their ids.
    pub lanes: Vec<Vec<usize>>,
    /// The coverage of each client, now or later.
    pub coverage: BTreeMap<&'a ClientSlug, BTreeMap<&'a ServiceSlug, Covered>>,
}

/// One agreement over time.
#[derive(Clone, Debug)]
pub struct ReportEntry<'a> {
    /// The agreement.
    pub agreement: &'a Agreement,
    /// Where it stands.
    pub status: Status,
    /// The day in its zone.
    pub today: Day,
    /// The period it is in.
    pub stretch: CurrentPeriod,
    /// When it is active and when it rests, in the order of time.
    pub phases: Vec<StatePhase>,
    /// The first days of further periods by tacit renewal, within reach.
    pub rolls: Vec<Day>,
    /// The days on which a reminder is sent before an end or of a deadline; none of what is over.
    pub reminder_days: Vec<Day>,
    /// The last day to give notice, where there is one to keep.
    pub deadline: Option<Day>,
    /// The last day of all, after everything that can renew it; `None` where nothing ends it.
    pub last_day: Option<Day>,
    /// The successor after all of its own periods or, if nothing ends those, after the current one.
    pub follows: Follows,
}

impl ReportEntry<'_> {
    /// The day on which it ends, or on which its current period does where it renews by itself.
    pub fn ends(&self) -> Option<Day> {
        if self.follows == Follows::Roll { self.stretch.last_day } else { self.last_day }
    }

    /// Days from today to that day: 0 on the day itself; `None` where it is over or has no end.
    pub fn days_left(&self) -> Option<i32> {
        let ends = self.ends().filter(|_| !self.status.state.is_over())?;
        self.today.until(ends).ok().map(|span| span.get_days())
    }
}

/// Days in a row in which an agreement is of use, or rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatePhase {
    /// Active or suspended.
    pub state: State,
    /// The first day.
    pub from: Day,
    /// The last day, counted in, even where it holds for a part of it; `None` where nothing ends it.
    pub until: Option<Day>,
}

/// The continuation of an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// Nothing.
    Nothing,
    /// It has no end.
    NoEnd,
    /// Its period begins when it is activated by hand, and ends after its term.
    NotBegun,
    /// Its own next period.
    Roll,
    /// Another agreement.
    Successor {
        /// Its place in the entries.
        entry: usize,
        /// Days without either: 0 where one takes over from the other; `None` where its first day is not known.
        gap: Option<i32>,
    },
}

/// The way a client is covered for a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The agreement that gives it, as a place in the entries.
    pub entry: usize,
    /// The state of that agreement; none that is over gives anything.
    pub state: State,
    /// The last day without a gap, over all that is known to follow; `None` where nothing ends it.
    pub until: Option<Day>,
}

/// Looks at all agreements as of an instant; `usual` is the time of day at which people are reported.
pub fn report(agreements: &[Agreement], usual: TimeOfDay, at: Instant) -> Report<'_> {
    let mut ordered: Vec<&Agreement> = agreements.iter().collect();
    ordered.sort_by(|left, right| left.id.cmp(&right.id));
    let places: BTreeMap<_, _> =
        ordered.iter().enumerate().map(|(place, agreement)| (&agreement.id, place)).collect();
    let succession = Succession::of(ordered.iter().copied());
    let look =
        |agreement| EntryBuilder { agreement, succession: &succession, places: &places, usual, at }.entry();
    let entries: Vec<ReportEntry<'_>> = ordered.iter().copied().map(look).collect();
    Report { at, lanes: lanes(&entries), coverage: coverage(&entries), entries }
}

/// One agreement, with what it is looked at by.
struct EntryBuilder<'a, 'succession> {
    agreement: &'a Agreement,
    succession: &'succession Succession<'a>,
    places: &'succession BTreeMap<&'a AgreementId, usize>,
    usual: TimeOfDay,
    at: Instant,
}

impl<'a> EntryBuilder<'a, '_> {
    fn entry(&self) -> ReportEntry<'a> {
        let Self { agreement, at, .. } = *self;
        let status = status(agreement, at);
        let stretch = period_at(agreement, at);
        let is_over = status.state.is_over();
        let last_day = last_day(agreement);
        ReportEntry {
            agreement,
            status,
            today: agreement.zone.day_of(at),
            phases: phases(agreement),
            rolls: rolls(agreement, at),
            reminder_days: if is_over { Vec::new() } else { self.reminder_days() },
            deadline: notice_deadline(agreement, &stretch, self.succession).filter(|_| !is_over),
            follows: self.follows(&stretch, last_day),
            stretch,
            last_day,
        }
    }

    fn follows(&self, stretch: &CurrentPeriod, last_day: Option<Day>) -> Follows {
        let successor = self.succession.successor(self.agreement);
        let successor = successor.and_then(|found| Some((*self.places.get(&found.id)?, found)));
        match (successor, last_day) {
            (Some((entry, successor)), Some(day)) => {
                let first_day = period_at(successor, Instant::MIN).first_day;
                Follows::Successor { entry, gap: first_day.and_then(|first_day| gap(day, first_day)) }
            }
            _ if stretch.last_day.is_none() && self.agreement.period.end == PeriodEnd::Open => Follows::NoEnd,
            _ if stretch.last_day.is_none() => Follows::NotBegun,
            _ if stretch.last_day != last_day => Follows::Roll,
            _ => Follows::Nothing,
        }
    }

    fn reminder_days(&self) -> Vec<Day> {
        let until = self.at.checked_add(REACH).unwrap_or(Instant::MAX);
        let reminders = scheduled_events(self.agreement, self.succession, self.usual, until);
        let ahead = reminders
            .iter()
            .filter(|occasion| matches!(occasion.event, NoticeEvent::Expiring | NoticeEvent::NoticeDeadline));
        let mut days: Vec<Day> = ahead.map(|occasion| self.agreement.zone.day_of(occasion.planned)).collect();
        days.sort_unstable();
        days.dedup();
        days
    }
}

/// Days between a last day and a first one that lie in neither.
fn gap(last_day: Day, first_day: Day) -> Option<i32> {
    let between = last_day.until(first_day).ok()?.get_days() - 1;
    Some(between.max(0))
}

fn phases(agreement: &Agreement) -> Vec<StatePhase> {
    let zone = &agreement.zone;
    let changes = changes(agreement);
    // What was active at all times has no change that says so.
    let first = (Instant::MIN, state_at(agreement, Instant::MIN).0);
    let begun: Vec<_> = std::iter::once(first).chain(changes).collect();
    let nexts = begun.iter().skip(1).map(|(next, _)| Some(*next)).chain([None]);
    let phases =
        begun.iter().zip(nexts).filter(|((_, state), _)| matches!(state, State::Active | State::Suspended));
    phases
        .map(|((from, state), next)| StatePhase {
            state: *state,
            from: zone.day_of(*from),
            until: next.map(|next| {
                let day = zone.day_of(next);
                if zone.start_of(day) == next { day.yesterday().unwrap_or(day) } else { day }
            }),
        })
        .collect()
}

/// The first days of further periods, within reach of the instant.
fn rolls(agreement: &Agreement, at: Instant) -> Vec<Day> {
    let until = at.checked_add(REACH).unwrap_or(Instant::MAX);
    let mut stretch = period_at(agreement, at.checked_sub(REACH).unwrap_or(Instant::MIN));
    let mut days = Vec::new();
    loop {
        if stretch.number > 1 {
            days.extend(stretch.first_day);
        }
        let next = stretch.agreed_last_day.and_then(|day| day.tomorrow().ok());
        let Some(start) = next.map(|day| agreement.zone.start_of(day)).filter(|start| *start <= until) else {
            return days;
        };
        let following = period_at(agreement, start);
        if following.number <= stretch.number {
            return days;
        }
        stretch = following;
    }
}

/// Agreements that follow each other. `check` lets neither circles nor forks through; here both end a lane.
fn lanes(entries: &[ReportEntry<'_>]) -> Vec<Vec<usize>> {
    let next = |place: usize| match entries[place].follows {
        Follows::Successor { entry, .. } => Some(entry),
        Follows::Nothing | Follows::NoEnd | Follows::NotBegun | Follows::Roll => None,
    };
    let mut follows_another = vec![false; entries.len()];
    for place in 0..entries.len() {
        if let Some(successor) = next(place) {
            follows_another[successor] = true;
        }
    }
    let mut taken = vec![false; entries.len()];
    let firsts = (0..entries.len()).filter(|place| !follows_another[*place]);
    let mut lanes = Vec::new();
    for first in firsts.chain(0..entries.len()) {
        let mut lane = Vec::new();
        let mut place = Some(first);
        while let Some(current) = place.filter(|place| !taken[*place]) {
            taken[current] = true;
            lane.push(current);
            place = next(current);
        }
        if !lane.is_empty() {
            lanes.push(lane);
        }
    }
    lanes
}

fn coverage<'a>(entries: &[ReportEntry<'a>]) -> BTreeMap<&'a ClientSlug, BTreeMap<&'a ServiceSlug, Covered>> {
    let mut coverage: BTreeMap<_, BTreeMap<_, Covered>> = BTreeMap::new();
    for (place, entry) in entries.iter().enumerate().filter(|(_, entry)| !entry.status.state.is_over()) {
        for service in entry.agreement.services.keys() {
            let covered =
                Covered { entry: place, state: entry.status.state, until: until(entries, place, service) };
            let of_client = coverage.entry(&entry.agreement.client).or_default();
            let known = of_client.entry(service).or_insert(covered);
            if worth(entries, covered) > worth(entries, *known) {
                *known = covered;
            }
        }
    }
    coverage
}

/// Active comes before suspended, and both before planned; of equals, the one that lasts longer, and of
/// what is planned, what comes first.
fn worth(entries: &[ReportEntry<'_>], covered: Covered) -> (u8, Option<Reverse<Day>>, Day) {
    let until = covered.until.unwrap_or(Day::MAX);
    match covered.state {
        State::Active => (2, None, until),
        State::Suspended => (1, None, until),
        _ => (0, Some(Reverse(entries[covered.entry].stretch.first_day.unwrap_or(Day::MAX))), until),
    }
}

/// The last day on which a service is given without a gap, from one agreement to the next.
fn until(entries: &[ReportEntry<'_>], place: usize, service: &ServiceSlug) -> Option<Day> {
    let mut place = place;
    // No chain is longer than there are agreements.
    for _ in 0..entries.len() {
        match entries[place].follows {
            Follows::Successor { entry, gap: Some(0) }
                if entries[entry].agreement.services.contains_key(service.as_str()) =>
            {
                place = entry;
            }
            _ => break,
        }
    }
    entries[place].last_day
}

#[cfg(test)]
mod tests;
