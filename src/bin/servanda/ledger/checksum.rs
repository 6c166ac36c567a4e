//! A ledger that knows how much it holds: with every write goes a count and a sum over all entries.
//!
//! Entries that were taken away, changed by hand or lost do not fit the sum. A ledger that is older than it
//! was, as a whole, fits: only somebody outside of it could see that.

use sha2::{Digest as _, Sha256};

use super::{Entries, Holder, LedgerError, LedgerStore, Swap, SwapCheck, check_swaps};

/// Where the seal is kept.
const KEY: &str = "seal";
/// How often a write is tried again after others wrote in between.
const TRIES: u32 = 200;

/// A ledger with a seal.
pub(crate) struct Checksummed<L> {
    ledger: L,
}

/// Why a ledger is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChecksumError {
    /// There is no seal on what it holds.
    Missing,
    /// What it holds is not what was written.
    Mismatch,
}

/// How many entries there are, how many writes made them, and the sum of their digests.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Seal {
    writes: u64,
    entries: u64,
    sum: String,
}

impl<L: LedgerStore> Checksummed<L> {
    /// Seals a ledger from the next write on.
    pub(crate) fn over(ledger: L) -> Self {
        Self { ledger }
    }

    /// Whether it holds what was written to it, and nothing else.
    pub(crate) async fn verify(&self) -> Result<Result<(), ChecksumError>, LedgerError> {
        let mut entries = self.ledger.read("").await?;
        let Some(seal) = entries.remove(KEY) else {
            return Ok(if entries.is_empty() { Ok(()) } else { Err(ChecksumError::Missing) });
        };
        let seal: Option<Seal> = serde_json::from_str(&seal).ok();
        let is_whole = seal.is_some_and(|seal| (seal.entries, seal.sum) == sealed(&entries));
        Ok(if is_whole { Ok(()) } else { Err(ChecksumError::Mismatch) })
    }

    /// Seals what is there, whatever it is.
    pub(crate) async fn recompute_checksum(&self) -> Result<(), LedgerError> {
        let mut entries = self.ledger.read("").await?;
        let expected = entries.remove(KEY);
        let writes = expected.as_deref().and_then(|text| serde_json::from_str::<Seal>(text).ok());
        let (count, sum) = sealed(&entries);
        let seal = Seal { writes: writes.map_or(0, |seal| seal.writes) + 1, entries: count, sum };
        self.ledger.write(&[Swap { key: KEY.to_owned(), expected, value: Some(json(&seal)) }]).await
    }

    /// The seal after some swaps. Where there is none it begins with nothing: what lies there unsealed stays
    /// unsealed, until somebody seals it anew.
    fn seal_after(found: Option<&String>, swaps: &[Swap]) -> Result<Seal, LedgerError> {
        let seal = found.map_or_else(|| Some(Seal::default()), |text| serde_json::from_str(text).ok());
        let Some(mut seal) = seal else {
            return Err(LedgerError::Failed("the ledger's seal cannot be read".to_owned()));
        };
        let mut sum = u128::from_str_radix(&seal.sum, 16).unwrap_or_default();
        for Swap { key, expected, value } in swaps {
            if let Some(expected) = expected {
                sum = sum.wrapping_sub(weight(key, expected));
                seal.entries = seal.entries.saturating_sub(1);
            }
            if let Some(value) = value {
                sum = sum.wrapping_add(weight(key, value));
                seal.entries += 1;
            }
        }
        seal.sum = format!("{sum:032x}");
        seal.writes += 1;
        Ok(seal)
    }
}

fn json(seal: &Seal) -> String {
    serde_json::to_string(seal).expect("a seal is JSON")
}

fn sealed(entries: &Entries) -> (u64, String) {
    let weights = entries.iter().map(|(key, value)| weight(key, value));
    let sum = weights.fold(0_u128, u128::wrapping_add);
    (entries.len() as u64, format!("{sum:032x}"))
}

fn weight(key: &str, value: &str) -> u128 {
    let digest = Sha256::new().chain_update(key).chain_update([0]).chain_update(value).finalize();
    digest.iter().take(16).fold(0, |sum, byte| (sum << 8) | u128::from(*byte))
}

impl<L: LedgerStore> LedgerStore for Checksummed<L> {
    type Lock = L::Lock;

    async fn get(&self, keys: &[&str]) -> Result<Entries, LedgerError> {
        self.ledger.get(keys).await
    }

    async fn read(&self, under: &str) -> Result<Entries, LedgerError> {
        let mut entries = self.ledger.read(under).await?;
        entries.remove(KEY);
        Ok(entries)
    }

    async fn write(&self, swaps: &[Swap]) -> Result<(), LedgerError> {
        if swaps.is_empty() {
            return Ok(());
        }
        let keys: Vec<&str> = swaps.iter().map(|swap| swap.key.as_str()).chain([KEY]).collect();
        for _ in 0..TRIES {
            let mut found = self.ledger.glance(&keys).await?;
            if check_swaps(swaps, &found) != SwapCheck::Ready {
                found = self.ledger.get(&keys).await?;
            }
            match check_swaps(swaps, &found) {
                SwapCheck::AlreadyDone => return Ok(()),
                SwapCheck::Conflict(key) => return Err(LedgerError::Conflict(key)),
                SwapCheck::Ready => {}
            }
            let seal = Self::seal_after(found.get(KEY), swaps)?;
            let mut sealed = swaps.to_vec();
            let expected = found.get(KEY).cloned();
            sealed.push(Swap { key: KEY.to_owned(), expected, value: Some(json(&seal)) });
            match self.ledger.write(&sealed).await {
                // Somebody wrote in between; whether it concerns these swaps the next look says.
                Err(LedgerError::Conflict(_)) => {}
                other => return other,
            }
        }
        Err(LedgerError::Failed("other runs kept writing to the ledger".to_owned()))
    }

    async fn lock(&self, holder: &Holder) -> Result<Result<L::Lock, Option<Holder>>, LedgerError> {
        self.ledger.lock(holder).await
    }

    async fn unlock(&self, lock: L::Lock) {
        self.ledger.unlock(lock).await;
    }
}
