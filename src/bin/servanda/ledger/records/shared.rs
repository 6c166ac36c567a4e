//! The notes of creations of objects that several agreements share, by the name of the object.

use std::collections::BTreeMap;

use servanda::calendar::Instant;
use servanda::live::digest;

use super::{Pending, Records, json};
use crate::ledger::store::{LedgerError, LedgerStore, Swap};

impl<L: LedgerStore> Records<L> {
    /// Reads when the creations of these objects were last sent, as far as their result is unknown. An unreadable note counts
    /// as a recent one.
    pub(crate) async fn shared_pending(
        &self,
        names: &[String],
    ) -> Result<BTreeMap<String, Instant>, LedgerError> {
        let keys: Vec<String> = names.iter().map(|name| self.shared_key(name)).collect();
        let entries = self.ledger.get(&keys.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        let noted = names.iter().zip(&keys).filter_map(|(name, key)| {
            let pending = serde_json::from_str::<Pending>(entries.get(key)?);
            Some((name.clone(), pending.map_or(Instant::MAX, |pending| pending.at)))
        });
        Ok(noted.collect())
    }

    /// Records the creations of these objects before they are sent; `None` settles them.
    pub(crate) async fn note_shared(
        &self,
        names: &[String],
        pending: Option<&Pending>,
    ) -> Result<(), LedgerError> {
        let keys: Vec<String> = names.iter().map(|name| self.shared_key(name)).collect();
        let entries = self.ledger.get(&keys.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        let value = pending.map(json);
        let swaps = keys.into_iter().map(|key| Swap {
            expected: entries.get(&key).cloned(),
            value: value.clone(),
            key,
        });
        let swaps: Vec<Swap> = swaps.filter(|swap| swap.expected != swap.value).collect();
        if swaps.is_empty() { Ok(()) } else { self.ledger.write(&swaps).await }
    }

    fn shared_key(&self, name: &str) -> String {
        self.key(&format!("shared/{}", digest(&name)))
    }
}
