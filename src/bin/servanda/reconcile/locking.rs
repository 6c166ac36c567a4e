//! The lock of a reconciliation, or of several that share a ledger, and what is read under it.

use crate::ledger::{self, AnyLedger, Checksummed, Holder, LedgerRecords, LedgerStore, RecordedNotices};
use crate::process::failure::{Exit, Failure};
use crate::reconcile::audience::Audience;
use crate::reconcile::clock::NOT_REPORTED;
use crate::reconcile::run::Reconciliation;
use crate::workspace::files;

/// The lock of the ledger, which is returned also if the ledger cannot be read meanwhile.
pub(crate) struct LedgerLock {
    lock: <Checksummed<AnyLedger> as LedgerStore>::Lock,
    records: LedgerRecords,
}

impl<A: Audience> Reconciliation<'_, A> {
    /// Compares the clocks, takes the lock and reads the last-applied state.
    ///
    /// An unavailable ledger does not stop the apply, since each object is read again before it is written. Without the
    /// ledger, causes are unknown and creations are not recorded before they are sent.
    pub(crate) async fn lock(&mut self) -> Result<Option<LedgerLock>, Failure> {
        self.announce_clock().await?;
        let taken = self.take_lock().await;
        self.read_ledger(taken).await
    }

    /// Compares the clocks, and tells of a helpdesk that has none.
    pub(super) async fn announce_clock(&self) -> Result<(), Failure> {
        if !self.compare_clocks().await? {
            self.audience.inform(NOT_REPORTED);
        }
        Ok(())
    }

    /// Takes the lock of the ledger. The inner error is that the ledger is unavailable.
    pub(super) async fn take_lock(&self) -> Result<Result<Option<LedgerLock>, Failure>, Failure> {
        let Some(records) = &self.records else {
            return Ok(Ok(None));
        };
        // The ledger may be a file in this folder.
        files::own_folder(&self.workspace.root)?;
        let holder = Holder { run: self.run_name.clone(), since: (self.clock)() };
        let inform = |text: &str| self.audience.inform(text);
        match ledger::take_lock(records, &holder, self.audience.lock_timeout(), inform).await {
            Err(failure) if failure.exit == Exit::Locked => Err(failure),
            Err(failure) => Ok(Err(failure)),
            Ok(lock) => {
                let records = ledger::beside(records, &self.workspace.settings.helpdesk);
                Ok(Ok(Some(LedgerLock { lock, records })))
            }
        }
    }

    /// Reads what the ledger has of this helpdesk, under a lock that was taken, and returns the lock.
    async fn read_ledger(
        &mut self,
        taken: Result<Result<Option<LedgerLock>, Failure>, Failure>,
    ) -> Result<Option<LedgerLock>, Failure> {
        let lock = match taken? {
            Ok(lock) => lock,
            Err(failure) => {
                self.go_without_ledger(&failure);
                return Ok(None);
            }
        };
        self.read_last_applied().await;
        Ok(lock)
    }

    /// Reads the last-applied state and the records of notices, or goes on without the ledger.
    pub(super) async fn read_last_applied(&mut self) {
        let Some(records) = &self.records else { return };
        match records.last_applied().await {
            Ok(last_applied) => {
                self.last_applied = last_applied;
                self.notices = RecordedNotices::read(self.workspace, records).await.ok().flatten();
            }
            Err(error) => self.go_without_ledger(&Failure::from(error)),
        }
    }

    /// Goes on without the ledger.
    pub(super) fn go_without_ledger(&mut self, failure: &Failure) {
        self.audience.inform(&format!("continuing without the ledger: {}", failure.message));
        self.records = None;
    }

    /// Returns the lock. The instant of a run that changed nothing is recorded with it.
    pub(crate) async fn unlock(&self, lock: Option<LedgerLock>) {
        Self::unlock_all([self], lock).await;
    }

    /// Returns the lock that several reconciliations have together.
    pub(super) async fn unlock_all<'s>(
        all: impl IntoIterator<Item = &'s Self> + Clone,
        lock: Option<LedgerLock>,
    ) where
        Self: 's,
    {
        let unchanged = all.clone().into_iter();
        let unchanged = unchanged.filter_map(|one| one.records.as_ref().zip(one.unchanged.as_ref()));
        if lock.is_some()
            && let Err(error) = LedgerRecords::keep_last(unchanged).await
            && let Some(one) = all.into_iter().next()
        {
            one.audience.inform(&format!("cannot record the last-applied state: {error}"));
        }
        if let Some(LedgerLock { lock, records }) = lock {
            records.unlock(lock).await;
        }
    }
}
