//! Writes and removes the notes of pending creations. Notes that are made at the same time are written together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use servanda::calendar::Instant;
use servanda::ident::AgreementId;

use super::notes::{Note, Pending};
use super::{Records, json};
use crate::ledger::store::{LedgerError, LedgerStore, Swap};

impl<L: LedgerStore> Records<L> {
    /// Reads the pending creations of earlier runs, by agreement.
    pub(crate) async fn pending(&self) -> Result<BTreeMap<AgreementId, Pending>, LedgerError> {
        let under = self.key("pending/");
        let entries = self.ledger.read(&under).await?;
        let read = entries.iter().filter_map(|(key, value)| {
            let pending = serde_json::from_str(value).unwrap_or(Pending {
                run: "unknown".to_owned(),
                // The latest instant, so that it is waited for.
                at: Instant::MAX,
            });
            Some((AgreementId::new(key.strip_prefix(&under)?)?, pending))
        });
        let read = read.collect();
        *self.pending.stored() = entries;
        Ok(read)
    }

    /// Records a pending creation before it is sent. [`Self::pending`] must have been read before.
    ///
    /// Creations that are recorded while a write is on its way share the next one. Each is durable when its call returns.
    pub(crate) async fn mark(&self, id: &AgreementId, pending: &Pending) -> Result<(), LedgerError> {
        let own = Arc::new(Note {
            key: self.key(&format!("pending/{id}")),
            value: json(pending),
            result: OnceLock::new(),
        });
        self.pending.queue().push(Arc::clone(&own));
        let _turn = self.pending.turn.lock().await;
        if let Some(result) = own.result.get() {
            return result.clone();
        }
        let mut batch = std::mem::take(&mut *self.pending.queue());
        // Another call that was dropped during its write may have taken this note along.
        if !batch.iter().any(|note| Arc::ptr_eq(note, &own)) {
            batch.push(Arc::clone(&own));
        }
        let change = |note: &Arc<Note>| (note.key.clone(), Some(note.value.clone()));
        self.pending.doubtful().extend(batch.iter().map(|note| note.key.clone()));
        let written = self.swap(batch.iter().map(change).collect()).await;
        for note in &batch {
            // What stopped all may be about one of them.
            let result = match &written {
                Err(_) if batch.len() > 1 => self.swap(vec![change(note)]).await,
                written => written.clone(),
            };
            drop(note.result.set(result));
            self.pending.doubtful().remove(&note.key);
        }
        own.result.get().cloned().unwrap_or(written)
    }

    /// Removes pending creations whose result is known, also those whose call was dropped before it returned.
    pub(crate) async fn settle(&self, ids: impl IntoIterator<Item = AgreementId>) -> Result<(), LedgerError> {
        let keys: BTreeSet<String> = ids.into_iter().map(|id| self.key(&format!("pending/{id}"))).collect();
        self.pending.queue().retain(|note| !keys.contains(&note.key));
        let _turn = self.pending.turn.lock().await;
        let doubtful: Vec<String> = self.pending.doubtful().intersection(&keys).cloned().collect();
        if !doubtful.is_empty() {
            let found = self.ledger.get(&doubtful.iter().map(String::as_str).collect::<Vec<_>>()).await?;
            self.pending.stored().extend(found);
        }
        let settled: Vec<_> = {
            let stored = self.pending.stored();
            keys.into_iter().filter(|key| stored.contains_key(key)).map(|key| (key, None)).collect()
        };
        self.swap(settled).await
    }

    async fn swap(&self, changes: Vec<(String, Option<String>)>) -> Result<(), LedgerError> {
        let swaps: Vec<Swap> = {
            let stored = self.pending.stored();
            let swap = |(key, value): (String, Option<String>)| {
                let expected = stored.get(&key).cloned();
                Swap { key, expected, value }
            };
            changes.into_iter().map(swap).collect()
        };
        self.ledger.write(&swaps).await?;
        let mut stored = self.pending.stored();
        for Swap { key, value, .. } in swaps {
            match value {
                Some(value) => stored.insert(key, value),
                None => stored.remove(&key),
            };
        }
        Ok(())
    }
}
