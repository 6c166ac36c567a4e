//! Notes creations of objects that several agreements share in the ledger, and waits for those of earlier runs.

use std::time::Duration;

use futures_util::future::BoxFuture;
use servanda::plan::time_left;

use super::wait::end_of_wait;
use crate::helpdesk::{SharedCreations, WriteError};
use crate::http::transport::WallClock;
use crate::ledger::records::Pending;
use crate::ledger::{LedgerError, LedgerStore, Records};

/// The record of creations of one run.
pub(crate) struct LedgerCreations<'a, L> {
    /// The ledger; without it nothing is created.
    pub(crate) records: Option<&'a Records<L>>,
    pub(crate) run_name: &'a str,
    /// The wall clock.
    pub(crate) clock: WallClock<'a>,
    /// The time in which a request whose response was lost may still be executing.
    pub(crate) search_lag: Duration,
}

impl<L: LedgerStore> LedgerCreations<'_, L> {
    /// The time until no earlier creation of these objects can still take effect.
    async fn left(&self, records: &Records<L>, names: &[String]) -> Result<Duration, LedgerError> {
        let now = (self.clock)();
        let sent = records.shared_pending(names).await?;
        Ok(sent.map_or(Duration::ZERO, |sent| time_left(sent, self.search_lag, now)))
    }

    async fn noted(&self, names: &[String], has_waited: bool) -> Result<bool, LedgerError> {
        let Some(records) = self.records else {
            return Err(LedgerError::Failed("without the ledger nothing is created".to_owned()));
        };
        let left = if has_waited { Duration::ZERO } else { self.left(records, names).await? };
        if !left.is_zero() {
            let end = end_of_wait((self.clock)(), left);
            tracing::warn!(
                "waiting until {end}: an earlier request may have created {}, not visible yet",
                names.join(", ")
            );
            tokio::time::sleep(left).await;
            return Ok(false);
        }
        let pending = Pending { run: self.run_name.to_owned(), at: (self.clock)() };
        records.note_shared(names, Some(&pending)).await?;
        Ok(true)
    }
}

impl<L: LedgerStore> SharedCreations for LedgerCreations<'_, L> {
    fn begin<'n>(&'n self, names: &'n [String], has_waited: bool) -> BoxFuture<'n, Result<bool, WriteError>> {
        let not_noted = |error: LedgerError| WriteError::NotSent(error.to_string());
        Box::pin(async move { self.noted(names, has_waited).await.map_err(not_noted) })
    }

    /// A note that cannot be settled costs a later run a wait at most.
    fn settle<'n>(&'n self, names: &'n [String]) -> BoxFuture<'n, ()> {
        Box::pin(async move {
            if let Some(records) = self.records.filter(|_| !names.is_empty())
                && let Err(error) = records.note_shared(names, None).await
            {
                tracing::warn!("cannot settle notes of creations in the ledger: {error}");
            }
        })
    }
}
