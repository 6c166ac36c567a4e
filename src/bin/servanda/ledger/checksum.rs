//! A ledger with a checksum: every write updates a count and a sum over all entries.
//!
//! Entries that were deleted, edited by hand or lost do not match the checksum. A ledger that was rolled back
//! as a whole still matches; only a witness outside of it detects that.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use servanda::calendar::Instant;
use tokio::sync::Mutex;

use super::store::{Entries, Holder, LedgerError, LedgerStore, Swap, SwapCheck, check_swaps};

/// The key of the checksum.
const KEY: &str = "checksum";
/// The number of attempts of a write while other runs write at the same time.
const TRIES: u32 = 200;

/// A store that maintains a checksum over its entries.
pub(crate) struct Checksummed<L> {
    ledger: L,
    /// Held during a write: those of this process would only make each other start again.
    writing: Mutex<()>,
    has_written: AtomicBool,
}

/// The reason why the entries of a ledger cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChecksumError {
    /// There are entries and no checksum.
    Missing,
    /// The entries do not match the checksum.
    Mismatch,
}

/// The checksum as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Checksum {
    /// The number of writes so far.
    writes: u64,
    /// The number of entries.
    entries: u64,
    /// The sum of the digests of all entries, in hexadecimal digits.
    sum: String,
}

impl<L: LedgerStore> Checksummed<L> {
    /// Maintains a checksum from the next write on.
    pub(crate) fn over(ledger: L) -> Self {
        Self { ledger, writing: Mutex::default(), has_written: AtomicBool::new(false) }
    }

    /// Compares the entries with the checksum. An empty ledger needs none.
    pub(crate) async fn verify(&self) -> Result<Result<(), ChecksumError>, LedgerError> {
        let mut entries = self.ledger.read("").await?;
        let Some(checksum) = entries.remove(KEY) else {
            return Ok(if entries.is_empty() { Ok(()) } else { Err(ChecksumError::Missing) });
        };
        let checksum: Option<Checksum> = serde_json::from_str(&checksum).ok();
        let matches = checksum.is_some_and(|checksum| (checksum.entries, checksum.sum) == sum_of(&entries));
        Ok(if matches { Ok(()) } else { Err(ChecksumError::Mismatch) })
    }

    /// Computes the checksum anew, and thereby accepts the current entries.
    pub(crate) async fn recompute_checksum(&self) -> Result<(), LedgerError> {
        let mut entries = self.ledger.read("").await?;
        let expected = entries.remove(KEY);
        let writes = expected.as_deref().and_then(|text| serde_json::from_str::<Checksum>(text).ok());
        let (count, sum) = sum_of(&entries);
        let writes = writes.map_or(0, |checksum| checksum.writes) + 1;
        let checksum = Checksum { writes, entries: count, sum };
        self.ledger.write(&[Swap { key: KEY.to_owned(), expected, value: Some(json(&checksum)) }]).await?;
        self.has_written.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Performs swaps and updates the checksum; `is_last` if the lock is released after them.
    async fn write_all(&self, swaps: &[Swap], is_last: bool) -> Result<(), LedgerError> {
        if swaps.is_empty() {
            return Ok(());
        }
        let _writing = self.writing.lock().await;
        let keys: Vec<&str> = swaps.iter().map(|swap| swap.key.as_str()).chain([KEY]).collect();
        for _ in 0..TRIES {
            let mut found = self.ledger.get_cached(&keys).await?;
            if check_swaps(swaps, &found) != SwapCheck::Ready {
                found = self.ledger.get(&keys).await?;
            }
            match check_swaps(swaps, &found) {
                SwapCheck::AlreadyDone => return Ok(()),
                SwapCheck::Conflict(key) => return Err(LedgerError::Conflict(key)),
                SwapCheck::Ready => {}
            }
            let checksum = Self::checksum_after(found.get(KEY), swaps)?;
            let mut swaps_and_checksum = swaps.to_vec();
            let expected = found.get(KEY).cloned();
            let value = Some(json(&checksum));
            swaps_and_checksum.push(Swap { key: KEY.to_owned(), expected, value });
            let written = if is_last {
                self.ledger.write_before_unlock(&swaps_and_checksum).await
            } else {
                self.ledger.write(&swaps_and_checksum).await
            };
            match written {
                // Another run wrote in between. The next iteration finds out whether it changed the same keys.
                Err(LedgerError::Conflict(_)) => {}
                Ok(()) => {
                    self.has_written.store(true, Ordering::Relaxed);
                    return Ok(());
                }
                failed @ Err(_) => return failed,
            }
        }
        Err(LedgerError::Failed("other runs keep writing to the ledger".to_owned()))
    }

    /// Whether anything was written through this value.
    pub(crate) fn has_written(&self) -> bool {
        self.has_written.load(Ordering::Relaxed)
    }

    /// The checksum after some swaps. If there is none, it covers only the entries written from now on, so
    /// that the ledger stays untrusted until the checksum is computed anew.
    fn checksum_after(current: Option<&String>, swaps: &[Swap]) -> Result<Checksum, LedgerError> {
        let checksum =
            current.map_or_else(|| Some(Checksum::default()), |text| serde_json::from_str(text).ok());
        let Some(mut checksum) = checksum else {
            return Err(LedgerError::Failed("the checksum of the ledger cannot be read".to_owned()));
        };
        let mut sum = u128::from_str_radix(&checksum.sum, 16).unwrap_or_default();
        for Swap { key, expected, value } in swaps {
            if let Some(expected) = expected {
                sum = sum.wrapping_sub(weight(key, expected));
                checksum.entries = checksum.entries.saturating_sub(1);
            }
            if let Some(value) = value {
                sum = sum.wrapping_add(weight(key, value));
                checksum.entries += 1;
            }
        }
        checksum.sum = format!("{sum:032x}");
        checksum.writes += 1;
        Ok(checksum)
    }
}

fn json(checksum: &Checksum) -> String {
    serde_json::to_string(checksum).expect("a checksum is JSON")
}

fn sum_of(entries: &Entries) -> (u64, String) {
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

    async fn read(&self, prefix: &str) -> Result<Entries, LedgerError> {
        let mut entries = self.ledger.read(prefix).await?;
        entries.remove(KEY);
        Ok(entries)
    }

    async fn write(&self, swaps: &[Swap]) -> Result<(), LedgerError> {
        self.write_all(swaps, false).await
    }

    async fn write_before_unlock(&self, swaps: &[Swap]) -> Result<(), LedgerError> {
        self.write_all(swaps, true).await
    }

    async fn lock(&self, holder: &Holder) -> Result<Result<L::Lock, Option<Holder>>, LedgerError> {
        self.ledger.lock(holder).await
    }

    async fn lease_end(&self) -> Option<Instant> {
        self.ledger.lease_end().await
    }

    async fn unlock(&self, lock: L::Lock) {
        self.ledger.unlock(lock).await;
    }

    async fn break_lock(&self) -> Result<Option<Holder>, LedgerError> {
        self.ledger.break_lock().await
    }

    async fn try_push(&self) -> Result<bool, LedgerError> {
        self.ledger.try_push().await
    }

    async fn lost_history(&self) -> Result<Option<String>, LedgerError> {
        self.ledger.lost_history().await
    }

    async fn accept_history(&self) -> Result<(), LedgerError> {
        self.ledger.accept_history().await
    }

    async fn drop_history(&self) -> Result<Option<u64>, LedgerError> {
        self.ledger.drop_history().await
    }
}
