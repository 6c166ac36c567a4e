//! The ledger on a branch of a Git remote: a file for each key, a commit for each write, pushed without force.
//!
//! Every forge refuses a push that is not a fast-forward, which makes a push a compare-and-set. The log of
//! the branch is an audit trail. The git program uses its own credentials for the remote. The branch is never
//! checked out, and the work tree is not touched.

mod complaint;
mod fetch;
mod files;
mod history;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use servanda::calendar::Instant;
use servanda::live::digest;
use tokio::sync::Mutex;

use self::complaint::{is_conflict, is_contended, refusal, rejection};
use self::files::path_of;
use super::store::{Entries, Holder, LedgerError, LedgerStore, Swap, SwapCheck, check_swaps};
use crate::process::context::{CLOCK_TOLERANCE, clock, random};
use crate::process::runtime::on_own_thread;
use crate::workspace::git::{self, GitOutput, Remote};

/// The time the lock of a killed run remains valid.
const LEASE_TIME: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);
/// The age at which the next write renews the lease.
const RENEW_AFTER: jiff::SignedDuration = jiff::SignedDuration::from_mins(3);
/// The key of the lease.
const LOCK: &str = "lock";
/// The number of attempts of a write while other runs push at the same time.
const TRIES: u32 = 100;
/// The number of attempts of a call of git while other processes lock refs of the same repository.
const LOCK_TRIES: u32 = 20;
/// The upper limit of the wait between two attempts, in milliseconds.
const BACKOFF_LIMIT_MS: u64 = 200;
/// Keeps transferred objects in packs. Hundreds of loose object files would take longer than everything else.
const PACKED: [&str; 4] = ["-c", "fastimport.unpackLimit=1", "-c", "fetch.unpackLimit=1"];

/// A ledger on a branch.
pub(crate) struct GitLedger {
    /// The folder that git runs in: the repository, whose credentials it uses.
    folder: PathBuf,
    remote: Remote,
    branch: String,
    /// A ref for fetched commits that no other process uses, in this or another container.
    own_ref: String,
    /// A ref for the last commit that this clone has seen.
    known_ref: String,
    cache: Mutex<BranchCache>,
}

/// The content of the branch when it was last fetched.
#[derive(Default)]
struct BranchCache {
    is_prepared: bool,
    /// The commits of the branch that this clone had seen before.
    known: Vec<String>,
    commit: Option<String>,
    entries: Entries,
    /// The contents of blobs, by their ids.
    blobs: BTreeMap<String, String>,
    /// The holder of the lease that this run took.
    holder: Option<Holder>,
    /// Whether a fetched commit is kept in the ref of this process.
    has_fetched: bool,
}

impl BranchCache {
    fn entries_of(&self, keys: &[&str]) -> Entries {
        let found = keys.iter().filter_map(|key| self.entries.get_key_value(*key));
        found.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The lease on the branch, if it is the one of this run.
    fn own_lease(&self) -> Option<Lease> {
        let lease: Lease = serde_json::from_str(self.entries.get(LOCK)?).ok()?;
        (self.holder.as_ref() == Some(&lease.holder)).then_some(lease)
    }

    /// The swap of the lease on the branch for another one.
    fn swap_lease(&self, value: Option<String>) -> Swap {
        Swap { key: LOCK.to_owned(), expected: self.entries.get(LOCK).cloned(), value }
    }
}

/// A lock with an expiry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lease {
    holder: Holder,
    until: Instant,
}

impl Lease {
    /// Whether the lock is held. A lease that ends later than any clock that a run may have allows was taken by a wrong
    /// clock, and is no lock.
    fn is_in_force(&self, now: Instant) -> bool {
        // Each of two machines may differ from the helpdesk by the tolerance.
        let latest = end_of(now).checked_add(CLOCK_TOLERANCE + CLOCK_TOLERANCE).unwrap_or(Instant::MAX);
        now < self.until && self.until <= latest
    }
}

impl GitLedger {
    /// The ledger on a branch of a remote, which is named as in this repository or by its address.
    pub(crate) fn at(root: &Path, remote: &str, branch: &str) -> Self {
        let own = format!("{:016x}{:016x}", random(), random());
        let remote = Remote::new(remote);
        let place = digest(&(remote.shown(), branch));
        Self {
            folder: root.to_path_buf(),
            remote,
            branch: format!("refs/heads/{branch}"),
            own_ref: format!("refs/servanda/fetched/{own}"),
            known_ref: format!("refs/servanda/known/{}", &place[..12]),
            cache: Mutex::default(),
        }
    }

    fn failed(&self, why: impl std::fmt::Display) -> LedgerError {
        let branch = self.branch.trim_start_matches("refs/heads/");
        LedgerError::Failed(format!("the ledger git:{}#{branch}: {why}", self.remote.shown()))
    }

    /// Runs git, again if another process locks the refs that it needs.
    async fn git(&self, arguments: &[&str], input: &[u8]) -> Result<GitOutput, LedgerError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let output = git::run_with(&self.folder, self.remote.config(), arguments, input)
                .await
                .map_err(|why| self.failed(why))?;
            if output.code == Some(0) || tries == LOCK_TRIES || !is_contended(&output.errors) {
                return Ok(output);
            }
            tokio::time::sleep(backoff()).await;
        }
    }

    async fn git_or_fail(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, LedgerError> {
        let output = self.git(arguments, input).await?;
        if output.code == Some(0) { Ok(output.output) } else { Err(self.complained(&output.errors)) }
    }

    /// Commits these changes and pushes the commit. Returns whether the push was a fast-forward.
    async fn push(&self, cache: &mut BranchCache, swaps: &[Swap]) -> Result<bool, LedgerError> {
        let stream = self.commit_stream(cache.commit.as_deref(), swaps);
        let import = ["fast-import", "--quiet", "--force", "--date-format=raw"];
        let commit = self.git_or_fail(&[&PACKED[..], &import].concat(), stream.as_bytes()).await?;
        let commit = String::from_utf8_lossy(&commit).trim().to_owned();
        if !self.push_commit(cache, commit).await? {
            return Ok(false);
        }
        for swap in swaps {
            match &swap.value {
                Some(value) => cache.entries.insert(swap.key.clone(), value.clone()),
                None => cache.entries.remove(&swap.key),
            };
        }
        Ok(true)
    }

    /// Pushes a commit in place of the last known one. Returns whether the branch was still there.
    async fn push_commit(&self, cache: &mut BranchCache, commit: String) -> Result<bool, LedgerError> {
        // Also protects against forges and hooks that rewrite a refused push into a forced one.
        let lease =
            format!("--force-with-lease={}:{}", self.branch, cache.commit.as_deref().unwrap_or_default());
        let spec = format!("{commit}:{}", self.branch);
        let output =
            self.git(&["push", "--porcelain", "--no-verify", &lease, self.remote.name(), &spec], b"").await?;
        if output.code == Some(0) {
            cache.commit = Some(commit);
            return Ok(true);
        }
        let printed = String::from_utf8_lossy(&output.output);
        match rejection(&printed) {
            Some(reason) if is_conflict(reason) => Ok(false),
            Some(reason) => Err(self.complained(&refusal(reason, &output.errors))),
            None => Err(self.complained(&output.errors)),
        }
    }

    /// The failure for a complaint of git, with advice.
    fn complained(&self, errors: &str) -> LedgerError {
        let help = git::help(errors).map(|help| format!("; {help}")).unwrap_or_default();
        self.failed(format!("{}{help}", self.remote.explained(errors)))
    }

    /// The input of `fast-import` for one commit; it prints the id of the commit.
    fn commit_stream(&self, parent: Option<&str>, swaps: &[Swap]) -> String {
        let message = match swaps {
            [] => "a push that changes nothing\n".to_owned(),
            [swap] => format!("{}\n", swap.key),
            swaps => format!("{} entries\n", swaps.len()),
        };
        let mut stream = format!(
            "commit {}\nmark :1\ncommitter Servanda <servanda@localhost> {} +0000\ndata {}\n{message}",
            self.own_ref,
            clock().as_second(),
            message.len()
        );
        if let Some(parent) = parent {
            writeln!(stream, "from {parent}").expect("writing to a string succeeds");
        } else {
            stream.push_str("deleteall\n");
        }
        for Swap { key, value, .. } in swaps {
            let path = path_of(key);
            match value {
                Some(value) => write!(stream, "M 100644 inline {path}\ndata {}\n{value}\n", value.len()),
                None => writeln!(stream, "D {path}"),
            }
            .expect("writing to a string succeeds");
        }
        stream.push_str("get-mark :1\ndone\n");
        stream
    }

    /// The swap that releases the lock, if this run still holds it.
    fn release(cache: &BranchCache) -> Option<Swap> {
        cache.own_lease().map(|_| cache.swap_lease(None))
    }

    /// Performs swaps, and with the same commit renews the lock, or releases it after the last write of a run.
    async fn write_all(
        &self,
        cache: &mut BranchCache,
        swaps: &[Swap],
        is_last: bool,
    ) -> Result<(), LedgerError> {
        if !cache.is_prepared {
            self.refresh(cache).await?;
        }
        // The first attempt uses the cache: the push itself detects whether it is stale.
        for attempt in 0..TRIES {
            match check_swaps(swaps, &cache.entries) {
                SwapCheck::Ready => {
                    let mut all = swaps.to_vec();
                    all.extend(if is_last {
                        Self::release(cache)
                    } else {
                        Self::renewal(cache, swaps, clock())
                    });
                    if self.push(cache, &all).await? {
                        return Ok(());
                    }
                }
                SwapCheck::AlreadyDone if attempt > 0 => return Ok(()),
                SwapCheck::Conflict(key) if attempt > 0 => return Err(LedgerError::Conflict(key)),
                SwapCheck::AlreadyDone | SwapCheck::Conflict(_) => {}
            }
            if attempt > 0 {
                tokio::time::sleep(backoff()).await;
            }
            self.refresh(cache).await?;
        }
        Err(self.failed("other runs keep pushing to it"))
    }

    /// The swap that renews the lease, if this run holds one that is old enough. A write of the lease itself needs none.
    fn renewal(cache: &BranchCache, swaps: &[Swap], now: Instant) -> Option<Swap> {
        if swaps.iter().any(|swap| swap.key == LOCK) {
            return None;
        }
        let lease = cache.own_lease()?;
        let start = lease.until.checked_sub(LEASE_TIME).ok()?;
        if now.duration_since(start) < RENEW_AFTER {
            return None;
        }
        let lease = Lease { holder: lease.holder, until: end_of(now) };
        Some(cache.swap_lease(Some(json(&lease))))
    }
}

impl Drop for GitLedger {
    /// Removes the fetched commit of a process that only read, so that a clone does not collect one for each command.
    fn drop(&mut self) {
        if self.cache.get_mut().has_fetched {
            let delete = ["update-ref", "-d", self.own_ref.as_str()];
            if let Ok(Err(why)) | Err(why) = on_own_thread(git::run(&self.folder, &delete, b""))
                .map(|done| done.map(drop))
                .map_err(|failure| failure.message)
            {
                tracing::debug!("a ref of the ledger stays: {why}");
            }
        }
    }
}

fn json(lease: &Lease) -> String {
    serde_json::to_string(lease).expect("a lease is JSON")
}

fn end_of(now: Instant) -> Instant {
    now.checked_add(LEASE_TIME).unwrap_or(Instant::MAX)
}

/// A wait that differs between competing runs, so that they do not collide again.
fn backoff() -> Duration {
    Duration::from_millis(random() % BACKOFF_LIMIT_MS)
}

impl LedgerStore for GitLedger {
    type Lock = Lease;

    async fn get(&self, keys: &[&str]) -> Result<Entries, LedgerError> {
        let mut cache = self.cache.lock().await;
        self.refresh(&mut cache).await?;
        Ok(cache.entries_of(keys))
    }

    async fn get_cached(&self, keys: &[&str]) -> Result<Entries, LedgerError> {
        let mut cache = self.cache.lock().await;
        if !cache.is_prepared {
            self.refresh(&mut cache).await?;
        }
        Ok(cache.entries_of(keys))
    }

    async fn read(&self, prefix: &str) -> Result<Entries, LedgerError> {
        let mut cache = self.cache.lock().await;
        self.refresh(&mut cache).await?;
        let found = cache.entries.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        let found = found.filter(|(key, _)| *key != LOCK);
        Ok(found.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    async fn write(&self, swaps: &[Swap]) -> Result<(), LedgerError> {
        self.write_all(&mut *self.cache.lock().await, swaps, false).await
    }

    async fn write_before_unlock(&self, swaps: &[Swap]) -> Result<(), LedgerError> {
        self.write_all(&mut *self.cache.lock().await, swaps, true).await
    }

    async fn lock(&self, holder: &Holder) -> Result<Result<Lease, Option<Holder>>, LedgerError> {
        let now = clock();
        let expected = self.get(&[LOCK]).await?.remove(LOCK);
        let found: Option<Lease> = expected.as_deref().and_then(|text| serde_json::from_str(text).ok());
        if let Some(found) = found.filter(|found| found.is_in_force(now)) {
            return Ok(Err(Some(found.holder)));
        }
        let lease = Lease { holder: holder.clone(), until: end_of(now) };
        let swap = Swap { key: LOCK.to_owned(), expected, value: Some(json(&lease)) };
        match self.write(&[swap]).await {
            Ok(()) => {
                self.cache.lock().await.holder = Some(holder.clone());
                Ok(Ok(lease))
            }
            Err(LedgerError::Conflict(_)) => Ok(Err(None)),
            Err(failed) => Err(failed),
        }
    }

    async fn lease_end(&self) -> Option<Instant> {
        let cache = self.cache.lock().await;
        cache.holder.as_ref()?;
        // Without a lease of its own, another run took the lock, or a person ended it.
        Some(cache.own_lease().map_or(Instant::MIN, |lease| lease.until))
    }

    async fn unlock(&self, _: Lease) {
        let mut cache = self.cache.lock().await;
        // A lease that cannot be released expires.
        if let Some(swap) = Self::release(&cache)
            && let Err(error) = self.write_all(&mut cache, &[swap], false).await
        {
            tracing::warn!("the lock was not released and will expire: {error}");
        }
        cache.holder = None;
        if let Err(error) = self.keep_known(&mut cache).await {
            tracing::warn!("the commit of the ledger was not recorded in this clone: {error}");
        }
    }

    async fn break_lock(&self) -> Result<Option<Holder>, LedgerError> {
        let Some(text) = self.get(&[LOCK]).await?.remove(LOCK) else {
            return Ok(None);
        };
        let lease: Option<Lease> = serde_json::from_str(&text).ok();
        self.write(&[Swap { key: LOCK.to_owned(), expected: Some(text), value: None }]).await?;
        Ok(Some(lease.map_or_else(Holder::unknown, |lease| lease.holder)))
    }

    async fn try_push(&self) -> Result<bool, LedgerError> {
        let mut cache = self.cache.lock().await;
        for _ in 0..TRIES {
            self.refresh(&mut cache).await?;
            // The commit is in the ref of this process, also where there was none to fetch.
            cache.has_fetched = true;
            if self.push(&mut cache, &[]).await? {
                return Ok(true);
            }
            tokio::time::sleep(backoff()).await;
        }
        Err(self.failed("other runs keep pushing to it"))
    }

    async fn lost_history(&self) -> Result<Option<String>, LedgerError> {
        let mut cache = self.cache.lock().await;
        if !cache.is_prepared {
            self.refresh(&mut cache).await?;
        }
        self.lost_commit(&cache).await
    }

    async fn accept_history(&self) -> Result<(), LedgerError> {
        let mut cache = self.cache.lock().await;
        cache.known = cache.commit.iter().cloned().collect();
        self.keep_known(&mut cache).await
    }

    async fn drop_history(&self) -> Result<Option<u64>, LedgerError> {
        self.replace_history(&mut *self.cache.lock().await).await
    }
}
