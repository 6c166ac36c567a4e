//! The kind of text that announces an event: a reminder of a last day says something else after a termination.
//!
//! The kind follows from the agreement, the event and its day alone, so that mails, forecasts and previews agree.

use crate::agreement::{Agreement, NoticeEvent, Renewal};
use crate::calendar::Day;
use crate::status::{State, bound, changes, period_at, state_at};

use super::event::last_day;

/// The kind of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// It ended before its agreed last day.
    Terminated,
    /// It ended on its agreed last day.
    Expired,
    /// It is suspended.
    Suspended,
    /// It ends, and can be renewed.
    RunsOut,
    /// It ends on its agreed last day, and will not be renewed.
    NotRenewed,
    /// A termination ends it before its agreed last day.
    EndsEarly,
    /// It must be decided whether to renew it.
    RenewalDecision,
    /// It renews itself unless notice is given.
    RenewsUnlessNotice,
    /// An announced day changed.
    Amended,
    /// It is active again.
    Resumes,
    /// A further period began by tacit renewal.
    RenewedTacitly,
    /// It replaced its predecessor.
    Succeeds,
    /// It is active for the first time.
    Begins,
}

impl NoticeKind {
    /// Whether it announces a last day that is still to come.
    pub const fn is_reminder(self) -> bool {
        matches!(
            self,
            Self::RunsOut
                | Self::NotRenewed
                | Self::EndsEarly
                | Self::RenewalDecision
                | Self::RenewsUnlessNotice
        )
    }

    /// All kinds, the most important first: what stopped, what will stop, what changed, what goes on.
    pub const ALL: [Self; 13] = [
        Self::Terminated,
        Self::Expired,
        Self::Suspended,
        Self::RunsOut,
        Self::NotRenewed,
        Self::EndsEarly,
        Self::RenewalDecision,
        Self::RenewsUnlessNotice,
        Self::Amended,
        Self::Resumes,
        Self::RenewedTacitly,
        Self::Succeeds,
        Self::Begins,
    ];

    /// The name in templates.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Terminated => "terminated",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
            Self::RunsOut => "runs_out",
            Self::NotRenewed => "not_renewed",
            Self::EndsEarly => "ends_early",
            Self::RenewalDecision => "renewal_decision",
            Self::RenewsUnlessNotice => "renews_unless_notice",
            Self::Amended => "amended",
            Self::Resumes => "resumes",
            Self::RenewedTacitly => "renewed_tacitly",
            Self::Succeeds => "succeeds",
            Self::Begins => "begins",
        }
    }

    /// The kind of text that announces an event of an agreement for a day.
    pub fn of(agreement: &Agreement, event: NoticeEvent, day: Day) -> Self {
        match event {
            NoticeEvent::Activated if was_active_before(agreement, day) => Self::Resumes,
            NoticeEvent::Activated => Self::Begins,
            NoticeEvent::Deactivated => match state_on(agreement, day) {
                State::Terminated => Self::Terminated,
                State::Expired => Self::Expired,
                State::Planned | State::Active | State::Suspended => Self::Suspended,
            },
            NoticeEvent::Expiring => end(agreement),
            NoticeEvent::NoticeDeadline if rolls_after(agreement, day) => Self::RenewsUnlessNotice,
            NoticeEvent::NoticeDeadline => Self::RenewalDecision,
            NoticeEvent::Amended => Self::Amended,
            NoticeEvent::Renewed if period_at(agreement, agreement.zone.start_of(day)).number > 1 => {
                Self::RenewedTacitly
            }
            NoticeEvent::Renewed => Self::Succeeds,
        }
    }
}

/// Whether the agreement renews itself after a last day.
pub fn rolls_after(agreement: &Agreement, day: Day) -> bool {
    matches!(agreement.renewal, Renewal::Auto { .. }) && last_day(agreement) != Some(day)
}

/// The last day on which an agreement that is over was in force.
pub fn ended_on(agreement: &Agreement) -> Option<Day> {
    let (over, _) = changes(agreement).into_iter().find(|(_, state)| state.is_over())?;
    let day = agreement.zone.day_of(over);
    if agreement.zone.start_of(day) == over { day.yesterday().ok() } else { Some(day) }
}

/// The first day on which a suspended agreement is active again, if that is known.
pub fn resumes_on(agreement: &Agreement, suspended: Day) -> Option<Day> {
    let start = agreement.zone.start_of(suspended);
    let mut later = changes(agreement).into_iter().filter(|(at, _)| start < *at);
    let (at, _) = later.find(|(_, state)| *state == State::Active)?;
    Some(agreement.zone.day_of(at))
}

fn was_active_before(agreement: &Agreement, day: Day) -> bool {
    let start = agreement.zone.start_of(day);
    changes(agreement).iter().any(|(at, state)| *at < start && *state == State::Active)
}

/// The state at the end of a day.
fn state_on(agreement: &Agreement, day: Day) -> State {
    let end = day.tomorrow().map_or(crate::calendar::Instant::MAX, |next| agreement.zone.start_of(next));
    let last = end.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(end);
    state_at(agreement, last).0
}

/// The kind of a reminder of the last day.
fn end(agreement: &Agreement) -> NoticeKind {
    match (bound(agreement), &agreement.termination, agreement.renewal) {
        (Some(bound), Some(_), _) if bound.by_termination => NoticeKind::EndsEarly,
        (_, Some(_), _) | (_, _, Renewal::None) => NoticeKind::NotRenewed,
        _ => NoticeKind::RunsOut,
    }
}
