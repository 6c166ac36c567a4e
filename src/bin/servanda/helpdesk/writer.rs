//! Writing to a helpdesk: one request for each step of a plan.

use std::collections::BTreeSet;

use futures_util::future::BoxFuture;
use servanda::ident::{AgreementId, LiveId};
use servanda::live::TargetKey;
use servanda::plan::{Altered, Step};

use super::error::WriteError;
use crate::http::transport::SendWindow;

/// The result of a step that the helpdesk confirmed.
pub(crate) struct StepResult {
    /// The agreement's object.
    pub(crate) object: LiveId,
    /// Fields whose stored value differs from the one that was sent.
    pub(crate) altered: Vec<Altered>,
}

/// The record of creations of objects that several agreements share, such as the SLAs of an iTop.
pub(crate) trait SharedCreations: Sync {
    /// Notes that these objects are about to be created, and returns `true`. Where an earlier request may still create one
    /// of them, this is waited for instead, unless `has_waited`: after `false` they must be searched again.
    fn begin<'n>(&'n self, names: &'n [String], has_waited: bool) -> BoxFuture<'n, Result<bool, WriteError>>;
    /// Forgets creations whose result is known.
    fn settle<'n>(&'n self, names: &'n [String]) -> BoxFuture<'n, ()>;
}

/// Refuses to create shared objects, for writers that only write notes and comments.
pub(crate) struct NoSharedCreations;

impl SharedCreations for NoSharedCreations {
    fn begin<'n>(&'n self, _: &'n [String], _: bool) -> BoxFuture<'n, Result<bool, WriteError>> {
        Box::pin(async { Err(WriteError::NotSent("without the ledger nothing is created".to_owned())) })
    }

    fn settle<'n>(&'n self, _: &'n [String]) -> BoxFuture<'n, ()> {
        Box::pin(async {})
    }
}

/// Writes to a helpdesk.
pub(crate) trait Writer: Sync {
    /// Performs one step on an agreement, within the time in which it may leave. `object` is `None` only for its
    /// creation.
    fn perform_within(
        &self,
        id: &AgreementId,
        object: Option<&LiveId>,
        step: &Step,
        window: Option<SendWindow<'_>>,
    ) -> impl Future<Output = Result<StepResult, WriteError>> + Send;
    /// Whether several targets of a new agreement are created by one request.
    fn creates_targets_together(&self) -> bool {
        false
    }
    /// Performs steps of which each creates a target of a new agreement by one request. After an error any of them may have
    /// been created.
    fn create_targets_within(
        &self,
        agreement: &LiveId,
        steps: &[&Step],
        window: Option<SendWindow<'_>>,
    ) -> impl Future<Output = Result<(), WriteError>> + Send {
        let _ = (agreement, steps, window);
        async { Err(WriteError::NotSent("this helpdesk creates targets one by one".to_owned())) }
    }
    /// Performs one step at any time.
    #[cfg(test)]
    fn perform(
        &self,
        id: &AgreementId,
        object: Option<&LiveId>,
        step: &Step,
    ) -> impl Future<Output = Result<StepResult, WriteError>> + Send {
        self.perform_within(id, object, step, None)
    }
    /// Retires an object that was created by this run and never published, and removes its ownership key.
    fn withdraw(&self, object: &LiveId) -> impl Future<Output = Result<(), WriteError>> + Send;
    /// Archives all but the oldest of the objects of an agreement for each of these services and priorities, after one of
    /// each was created. Two runs that see the same objects keep the same ones. A helpdesk without such objects has nothing
    /// to do.
    fn keep_oldest_targets(
        &self,
        agreement: &LiveId,
        keys: &BTreeSet<TargetKey>,
    ) -> impl Future<Output = Result<(), WriteError>> + Send {
        let _ = (agreement, keys);
        async { Ok(()) }
    }
    /// Writes a text attribute of any object.
    fn write_note(
        &self,
        object: &LiveId,
        attribute: &str,
        text: &str,
    ) -> impl Future<Output = Result<(), WriteError>> + Send;
    /// Adds a comment to an object, and returns the comment's id.
    fn comment(
        &self,
        object: &LiveId,
        html: &str,
        is_private: bool,
    ) -> impl Future<Output = Result<String, WriteError>> + Send {
        let _ = (object, html, is_private);
        async { Err(WriteError::Refused("this helpdesk does not support comments".to_owned())) }
    }
    /// Calls a function of a script module.
    fn call(
        &self,
        function: &str,
        body: &serde_json::Value,
    ) -> impl Future<Output = Result<(), WriteError>> + Send {
        let _ = (function, body);
        async { Err(WriteError::Refused("this helpdesk does not support script modules".to_owned())) }
    }
}

/// The order in which a helpdesk creates objects: by the number in their ids. Two runs that see the same objects agree on
/// which one is older.
pub(crate) fn creation_order(object: &LiveId) -> (u64, &str) {
    let text = object.as_str();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
    (text[digits..].parse().unwrap_or(u64::MAX), text)
}

#[cfg(test)]
mod tests {
    use servanda::ident::LiveId;

    use super::creation_order;

    #[test]
    fn objects_are_ordered_by_their_numbers() {
        let id = |text: &str| LiveId::new(text).expect("an id");
        for (older, newer) in
            [("agreement$9", "agreement$10"), ("CustomerContract::99", "CustomerContract::100")]
        {
            assert!(creation_order(&id(older)) < creation_order(&id(newer)), "{older} {newer}");
        }
    }
}
