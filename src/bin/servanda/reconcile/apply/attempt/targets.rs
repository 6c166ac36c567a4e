//! Compares the targets that an attempt created with those of other runs.

use super::Attempt;
use crate::helpdesk::{Reader, WriteError, Writer};
use crate::ledger::LedgerStore;

impl<R: Reader, W: Writer, L: LedgerStore> Attempt<'_, R, W, L> {
    /// Compares the targets of a change that ended early. A run that was asked to stop waits for it only briefly.
    pub(super) async fn compare_the_rest(&mut self) {
        let (asked, change) = (self.tools.stop.clone(), self.change);
        let why = tokio::select! {
            compared = self.keep_oldest_targets() => compared.err().map(|error| error.to_string()),
            () = asked.wait_out() => Some("the run was stopped".to_owned()),
        };
        if let Some(why) = why {
            tracing::warn!("the targets of {} were not compared with those of other runs: {why}", change.id);
        }
    }

    /// Leaves only the oldest of several objects that were created for one target, by this run or another one.
    pub(super) async fn keep_oldest_targets(&mut self) -> Result<(), WriteError> {
        let Some(object) = self.object.as_ref().filter(|_| !self.uncompared.is_empty()) else {
            return Ok(());
        };
        self.tools.writer.keep_oldest_targets(object, &self.uncompared).await?;
        self.uncompared.clear();
        Ok(())
    }
}
