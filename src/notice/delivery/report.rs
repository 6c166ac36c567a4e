//! The results of a run: every due notice is in one of the lists.

use crate::notice::key::NoticeKey;
use crate::notice::record::NoticeResult;

/// The results of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DeliveryReport {
    /// Sent.
    pub sent: Vec<NoticeKey>,
    /// Sent or not: the result is unknown, and a person settles it.
    pub in_doubt: Vec<NoticeKey>,
    /// Left to another run, or to a later one that can settle it.
    pub pending: Vec<NoticeKey>,
    /// Not sent, and why. The next run tries again.
    pub refused: Vec<(NoticeKey, String)>,
    /// Due, and why it cannot be sent yet.
    pub deferred: Vec<(NoticeKey, String)>,
    /// Settled without being sent.
    pub settled: Vec<(NoticeKey, NoticeResult)>,
    /// The reason why the run ended early.
    pub ended: Option<String>,
}

impl DeliveryReport {
    /// Adds the results of another part of the same run.
    pub fn add(&mut self, other: Self) {
        let Self { sent, in_doubt, pending, refused, deferred, settled, ended } = other;
        self.sent.extend(sent);
        self.in_doubt.extend(in_doubt);
        self.pending.extend(pending);
        self.refused.extend(refused);
        self.deferred.extend(deferred);
        self.settled.extend(settled);
        self.ended = self.ended.take().or(ended);
        self.sent.sort_unstable();
        self.in_doubt.sort_unstable();
        // Parts that know the same unfinished message each report it.
        self.in_doubt.dedup();
    }
}
