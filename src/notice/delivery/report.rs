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
