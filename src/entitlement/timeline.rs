//! Which agreements give one service to one recipient, from instant to instant.

use std::collections::BTreeSet;

use crate::agreement::Agreement;
use crate::calendar::Instant;
use crate::status::{State, changes, state_at};

/// The agreements over one service of one recipient, by their places in the register.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    /// From each instant on, until the next, these are active. No two neighbours are the same; the first begins with
    /// time.
    stretches: Vec<(Instant, Vec<usize>)>,
    /// Those that are active at no instant, as far as is written.
    never: Vec<usize>,
}

impl Timeline {
    /// Puts some of the agreements in order.
    pub(super) fn of(agreements: &[Agreement], among: &[usize]) -> Self {
        let mut turns: Vec<(Instant, bool, usize)> = Vec::new();
        let mut never = Vec::new();
        for index in among {
            let agreement = &agreements[*index];
            let mut is_active = state_at(agreement, Instant::MIN).0 == State::Active;
            let before = turns.len();
            if is_active {
                turns.push((Instant::MIN, true, *index));
            }
            for (instant, state) in changes(agreement) {
                if is_active != (state == State::Active) {
                    is_active = !is_active;
                    turns.push((instant, is_active, *index));
                }
            }
            if turns.len() == before {
                never.push(*index);
            }
        }
        turns.sort_unstable();
        let mut active: BTreeSet<usize> = BTreeSet::new();
        let mut stretches: Vec<(Instant, Vec<usize>)> = vec![(Instant::MIN, Vec::new())];
        for at_once in turns.chunk_by(|left, right| left.0 == right.0) {
            for (_, begins, index) in at_once {
                if *begins {
                    active.insert(*index);
                } else {
                    active.remove(index);
                }
            }
            let now: Vec<usize> = active.iter().copied().collect();
            let (last_from, last) = stretches.last_mut().expect("there is always one");
            if *last_from == at_once[0].0 {
                *last = now;
            } else if *last != now {
                stretches.push((at_once[0].0, now));
            }
        }
        Self { stretches, never }
    }

    /// Where the stretch stands that an instant lies in.
    fn place(&self, at: Instant) -> usize {
        self.stretches.partition_point(|(from, _)| *from <= at).saturating_sub(1)
    }

    /// The agreements that are active at an instant.
    pub(super) fn active_at(&self, at: Instant) -> &[usize] {
        self.stretches.get(self.place(at)).map_or(&[], |(_, active)| active)
    }

    /// When one of them is active next, and which.
    pub(super) fn next_active(&self, at: Instant) -> Option<(Instant, usize)> {
        let mut after = self.stretches[self.place(at)..].iter().skip(1);
        after.find_map(|(from, active)| Some((*from, *active.first()?)))
    }

    /// Those that were active last, that will be next, and that never are: what can be said at an instant at which
    /// none is.
    pub(super) fn nearest_to(&self, at: Instant) -> BTreeSet<usize> {
        let place = self.place(at);
        let before = self.stretches[..place].iter().next_back();
        let after = self.stretches.get(place + 1);
        let near = before.into_iter().chain(after).flat_map(|(_, active)| active.iter().copied());
        near.chain(self.never.iter().copied()).collect()
    }
}
