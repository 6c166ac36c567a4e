//! The notes of creations of objects that several agreements share, by the name of the object.

use servanda::calendar::Instant;
use servanda::live::digest;

use super::{Pending, Records, json, swaps};
use crate::ledger::store::{Entries, LedgerError, LedgerStore};

impl<L: LedgerStore> Records<L> {
    /// Reads when one of these objects was last sent for creation, as far as the result is unknown. An unreadable note counts
    /// as a recent one.
    pub(crate) async fn shared_pending(&self, names: &[String]) -> Result<Option<Instant>, LedgerError> {
        let (_, entries) = self.shared_entries(names).await?;
        let sent = entries
            .values()
            .map(|note| serde_json::from_str::<Pending>(note).map_or(Instant::MAX, |pending| pending.at));
        Ok(sent.max())
    }

    /// Records the creations of these objects before they are sent; `None` settles them.
    pub(crate) async fn note_shared(
        &self,
        names: &[String],
        pending: Option<&Pending>,
    ) -> Result<(), LedgerError> {
        let (keys, before) = self.shared_entries(names).await?;
        let note = pending.map(json);
        let after: Entries = keys.into_iter().filter_map(|key| Some((key, note.clone()?))).collect();
        self.ledger.write(&swaps(before, after)).await
    }

    /// The keys of these objects, and their notes.
    async fn shared_entries(&self, names: &[String]) -> Result<(Vec<String>, Entries), LedgerError> {
        let keys: Vec<String> = names.iter().map(|name| self.shared_key(name)).collect();
        let entries = self.ledger.get(&keys.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        Ok((keys, entries))
    }

    fn shared_key(&self, name: &str) -> String {
        self.key(&format!("shared/{}", digest(&name)))
    }
}
