//! The clock of a run for another instant than now.

use servanda::calendar::Instant;

use crate::process::context::clock;

/// The clock of a run. With `--as-of` it starts at another instant, and runs at the same speed.
pub(super) struct RunClock {
    pub(super) as_of: Instant,
    /// The machine's clock at that instant.
    pub(super) started: Instant,
}

impl RunClock {
    pub(super) fn now(&self) -> Instant {
        self.as_of.checked_add(clock().duration_since(self.started)).unwrap_or(self.as_of)
    }
}
