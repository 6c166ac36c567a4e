//! The ledger on a branch of a Git remote: a file for each key, a commit for each write, pushed without force.
//!
//! Every forge refuses a push that is not a fast-forward, which makes a push a compare-and-set. The log of
//! the branch is an audit trail. The git program uses its own credentials for the remote. The branch is never
//! checked out, and the work tree is not touched.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use servanda::calendar::Instant;
use tokio::sync::Mutex;

use super::store::{Entries, Holder, LedgerError, LedgerStore, Swap, SwapCheck, check_swaps};
use crate::process::context::clock;
use crate::workspace::git::{self, GitOutput, Remote};

/// The time the lock of a killed run remains valid.
const LEASE_TIME: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);
/// The age at which the next write renews the lease.
const RENEW_AFTER: jiff::SignedDuration = jiff::SignedDuration::from_mins(3);
/// The key of the lease.
const LOCK: &str = "lock";
/// The number of attempts of a write while other runs push at the same time.
const TRIES: u32 = 100;
/// The upper limit of the wait between two attempts, in milliseconds.
const BACKOFF_LIMIT_MS: u64 = 200;
/// Keeps transferred objects in packs. Hundreds of loose object files would take longer than everything else.
const PACKED: [&str; 4] = ["-c", "fastimport.unpackLimit=1", "-c", "fetch.unpackLimit=1"];
/// The exit code of `ls-remote --exit-code` for a missing branch.
const NO_SUCH_BRANCH: i32 = 2;

/// A ledger on a branch.
pub(crate) struct GitLedger {
    /// The folder that git runs in: the repository, whose credentials it uses.
    folder: PathBuf,
    remote: Remote,
    branch: String,
    /// A ref for fetched commits that no other process uses.
    own_ref: String,
    cache: Mutex<BranchCache>,
}

/// The content of the branch when it was last fetched.
#[derive(Default)]
struct BranchCache {
    is_prepared: bool,
    commit: Option<String>,
    entries: Entries,
    /// The contents of blobs, by their ids.
    blobs: BTreeMap<String, String>,
    /// The lease that this run holds.
    lease: Option<Lease>,
}

impl BranchCache {
    fn entries_of(&self, keys: &[&str]) -> Entries {
        let found = keys.iter().filter_map(|key| self.entries.get_key_value(*key));
        found.map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// A lock with an expiry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lease {
    holder: Holder,
    until: Instant,
}

impl GitLedger {
    /// The ledger on a branch of a remote, which is named as in this repository or by its address.
    pub(crate) fn at(root: &Path, remote: &str, branch: &str) -> Self {
        let own = format!("{}-{}", std::process::id(), next_number());
        Self {
            folder: root.to_path_buf(),
            remote: Remote::new(remote),
            branch: format!("refs/heads/{branch}"),
            own_ref: format!("refs/servanda/{own}"),
            cache: Mutex::default(),
        }
    }

    fn failed(&self, why: impl std::fmt::Display) -> LedgerError {
        let branch = self.branch.trim_start_matches("refs/heads/");
        LedgerError::Failed(format!("the ledger git:{}#{branch}: {why}", self.remote.shown()))
    }

    async fn git(&self, arguments: &[&str], input: &[u8]) -> Result<GitOutput, LedgerError> {
        git::run_with(&self.folder, self.remote.config(), arguments, input)
            .await
            .map_err(|why| self.failed(why))
    }

    async fn git_or_fail(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, LedgerError> {
        let output = self.git(arguments, input).await?;
        if output.code == Some(0) { Ok(output.output) } else { Err(self.complained(&output.errors)) }
    }

    /// Fetches the branch, unless it is unchanged.
    async fn refresh(&self, cache: &mut BranchCache) -> Result<(), LedgerError> {
        if !cache.is_prepared {
            if self.git(&["rev-parse", "--git-dir"], b"").await?.code != Some(0) {
                return Err(self.failed("the folder is not a Git repository; `git init` makes it one, or set `ledger.at` to another place"));
            }
            cache.is_prepared = true;
        }
        let spec = format!("+{}:{}", self.branch, self.own_ref);
        let fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", self.remote.name(), &spec];
        let mut output = self.git(&[&PACKED[..], &fetch].concat(), b"").await?;
        if output.code != Some(0) {
            // The branch may not exist yet. The exit code of `ls-remote` is more reliable than the message of
            // `fetch`.
            let listed =
                self.git(&["ls-remote", "--exit-code", self.remote.name(), &self.branch], b"").await?;
            if listed.code == Some(NO_SUCH_BRANCH) {
                (cache.commit, cache.entries) = (None, Entries::new());
                return Ok(());
            }
            // Another run has just created the branch.
            if listed.code == Some(0) {
                output = self.git(&[&PACKED[..], &fetch].concat(), b"").await?;
            }
        }
        match output.code {
            Some(0) => self.load_fetched(cache).await,
            _ => Err(self.complained(&output.errors)),
        }
    }

    /// Loads the fetched commit into the cache, reading only the blobs that are not cached yet.
    async fn load_fetched(&self, cache: &mut BranchCache) -> Result<(), LedgerError> {
        let listed = self.git_or_fail(&["ls-tree", "-r", "-z", &self.own_ref], b"").await?;
        let mut files: Vec<(String, String)> = Vec::new();
        for line in listed.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            let line = String::from_utf8_lossy(line);
            let parsed = line.split_once('\t').and_then(|(meta, path)| Some((meta.split(' ').nth(2)?, path)));
            if let Some((blob, path)) = parsed
                && let Some(key) = key_of(path)
            {
                files.push((blob.to_owned(), key));
            }
        }
        let unknown: BTreeSet<&str> = files
            .iter()
            .map(|(blob, _)| blob.as_str())
            .filter(|blob| !cache.blobs.contains_key(*blob))
            .collect();
        let request =
            unknown.iter().fold(format!("{}\n", self.own_ref), |request, blob| request + blob + "\n");
        let output = self.git_or_fail(&["cat-file", "--batch"], request.as_bytes()).await?;
        let (commit, _, mut rest) =
            next_object(&output).ok_or_else(|| self.failed("git did not return the fetched commit"))?;
        while let Some((blob, content, after)) = next_object(rest) {
            cache.blobs.insert(blob, content);
            rest = after;
        }
        cache.entries = files
            .into_iter()
            .map(|(blob, key)| {
                let content = cache.blobs.get(&blob).cloned();
                content
                    .map(|content| (key, content))
                    .ok_or_else(|| self.failed("git did not return all fetched files"))
            })
            .collect::<Result<_, _>>()?;
        cache.commit = Some(commit);
        Ok(())
    }

    /// Commits these changes and pushes the commit. Returns whether the push was a fast-forward.
    async fn push(&self, cache: &mut BranchCache, swaps: &[Swap]) -> Result<bool, LedgerError> {
        let stream = self.commit_stream(cache.commit.as_deref(), swaps);
        let import = ["fast-import", "--quiet", "--force", "--date-format=raw"];
        let commit = self.git_or_fail(&[&PACKED[..], &import].concat(), stream.as_bytes()).await?;
        let commit = String::from_utf8_lossy(&commit).trim().to_owned();
        // Also protects against forges and hooks that rewrite a refused push into a forced one.
        let lease =
            format!("--force-with-lease={}:{}", self.branch, cache.commit.as_deref().unwrap_or_default());
        let spec = format!("{commit}:{}", self.branch);
        let output =
            self.git(&["push", "--porcelain", "--no-verify", &lease, self.remote.name(), &spec], b"").await?;
        if output.code == Some(0) {
            for swap in swaps {
                match &swap.value {
                    Some(value) => cache.entries.insert(swap.key.clone(), value.clone()),
                    None => cache.entries.remove(&swap.key),
                };
            }
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

    /// The swap that renews the lease, if this run holds one that is old enough.
    fn renewal(cache: &BranchCache, now: Instant) -> Option<Swap> {
        let expected = cache.entries.get(LOCK).cloned();
        let lease = serde_json::from_str::<Lease>(expected.as_deref()?).ok()?;
        if lease.holder != cache.lease.as_ref()?.holder {
            return None;
        }
        let start = lease.until.checked_sub(LEASE_TIME).ok()?;
        if now.duration_since(start) < RENEW_AFTER {
            return None;
        }
        let lease = Lease { holder: lease.holder, until: end_of(now) };
        Some(Swap { key: LOCK.to_owned(), expected, value: Some(json(&lease)) })
    }
}

/// The reason in the line of a rejected ref: `!\t<from>:<to>\t[remote rejected] (pre-receive hook declined)`. Anything else
/// is a failure of the push.
fn rejection(printed: &str) -> Option<&str> {
    printed.lines().find(|line| line.starts_with('!')).and_then(|line| line.rsplit('\t').next())
}

/// Whether a ref was rejected because another run has moved it. Git itself finds that out before the server does, unless
/// both pushes arrive at the same time. Any other reason is a rule or a hook of the server.
fn is_conflict(reason: &str) -> bool {
    const RACES: [&str; 5] =
        ["lock", "failed to update ref", "incorrect old value", "already exists", "does not exist"];
    !reason.starts_with("[remote") || RACES.iter().any(|race| reason.contains(race))
}

/// The reason of a refused push, with what the server says about it.
fn refusal(reason: &str, errors: &str) -> String {
    let said = errors.lines().filter_map(|line| line.strip_prefix("remote:")).map(str::trim);
    let said: Vec<&str> = said.filter(|line| !line.is_empty()).collect();
    let said = if said.is_empty() { String::new() } else { format!(": {}", said.join("; ")) };
    format!(
        "the server refused the push, {reason}{said}; allow this job to push to the branch, or exempt it from the rule"
    )
}

fn json(lease: &Lease) -> String {
    serde_json::to_string(lease).expect("a lease is JSON")
}

fn end_of(now: Instant) -> Instant {
    now.checked_add(LEASE_TIME).unwrap_or(Instant::MAX)
}

/// A number that is unique within the process.
fn next_number() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The path of a key's file. One key may be the prefix of another: files end in `.json`, and folders never do.
fn path_of(key: &str) -> String {
    let (folders, name) = key.rsplit_once('/').map_or((None, key), |(folders, name)| (Some(folders), name));
    let folders = folders.into_iter().flat_map(|folders| folders.split('/'));
    let folders = folders
        .map(|folder| if looks_like_file(folder) { format!("{folder}+/") } else { format!("{folder}/") });
    folders.collect::<String>() + name + ".json"
}

fn looks_like_file(folder: &str) -> bool {
    folder.trim_end_matches('+').strip_suffix(".json").is_some()
}

fn key_of(path: &str) -> Option<String> {
    let (folders, name) = path.rsplit_once('/').map_or((None, path), |(folders, name)| (Some(folders), name));
    let folders = folders.into_iter().flat_map(|folders| folders.split('/'));
    let folders = folders.map(|folder| {
        let is_escaped = folder.ends_with('+') && looks_like_file(folder);
        format!("{}/", if is_escaped { &folder[..folder.len() - 1] } else { folder })
    });
    Some(folders.collect::<String>() + name.strip_suffix(".json")?)
}

/// The next object in the output of `cat-file --batch`: its id, its content, and the rest of the output.
fn next_object(output: &[u8]) -> Option<(String, String, &[u8])> {
    let end = output.iter().position(|byte| *byte == b'\n')?;
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let mut words = head.split(' ');
    let (blob, size) = (words.next()?.to_owned(), words.nth(1)?.parse::<usize>().ok()?);
    let content = output.get(end + 1..end + 1 + size)?;
    Some((blob, String::from_utf8_lossy(content).into_owned(), output.get(end + 2 + size..)?))
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
        let mut cache = self.cache.lock().await;
        if !cache.is_prepared {
            self.refresh(&mut cache).await?;
        }
        // The first attempt uses the cache: the push itself detects whether it is stale.
        for attempt in 0..TRIES {
            match check_swaps(swaps, &cache.entries) {
                SwapCheck::Ready => {
                    let mut all = swaps.to_vec();
                    all.extend(Self::renewal(&cache, clock()));
                    if self.push(&mut cache, &all).await? {
                        return Ok(());
                    }
                }
                SwapCheck::AlreadyDone if attempt > 0 => return Ok(()),
                SwapCheck::Conflict(key) if attempt > 0 => return Err(LedgerError::Conflict(key)),
                SwapCheck::AlreadyDone | SwapCheck::Conflict(_) => {}
            }
            if attempt > 0 {
                // The wait depends on the process, so that competing runs do not collide again.
                let wait = u64::from(std::process::id()).wrapping_mul(u64::from(attempt) * 31 + 7)
                    % BACKOFF_LIMIT_MS;
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            self.refresh(&mut cache).await?;
        }
        Err(self.failed("other runs keep pushing to it"))
    }

    async fn lock(&self, holder: &Holder) -> Result<Result<Lease, Option<Holder>>, LedgerError> {
        let now = clock();
        let expected = self.get(&[LOCK]).await?.remove(LOCK);
        let found: Option<Lease> = expected.as_deref().and_then(|text| serde_json::from_str(text).ok());
        if let Some(found) = found.filter(|found| now < found.until) {
            return Ok(Err(Some(found.holder)));
        }
        let lease = Lease { holder: holder.clone(), until: end_of(now) };
        let swap = Swap { key: LOCK.to_owned(), expected, value: Some(json(&lease)) };
        match self.write(&[swap]).await {
            Ok(()) => {
                self.cache.lock().await.lease = Some(lease.clone());
                Ok(Ok(lease))
            }
            Err(LedgerError::Conflict(_)) => Ok(Err(None)),
            Err(failed) => Err(failed),
        }
    }

    async fn lease_end(&self) -> Option<Instant> {
        let cache = self.cache.lock().await;
        let taken = cache.lease.as_ref()?;
        let current = cache.entries.get(LOCK).and_then(|text| serde_json::from_str::<Lease>(text).ok());
        let is_ours = |current: &Lease| current.holder == taken.holder;
        Some(
            current
                .map_or(taken.until, |current| if is_ours(&current) { current.until } else { Instant::MIN }),
        )
    }

    async fn unlock(&self, _: Lease) {
        let held = {
            let mut cache = self.cache.lock().await;
            cache.lease.take().map(|_| cache.entries.get(LOCK).cloned())
        };
        let swap = held.map(|expected| Swap { key: LOCK.to_owned(), expected, value: None });
        // A lease that cannot be released expires.
        if let Some(swap) = swap
            && let Err(error) = self.write(&[swap]).await
        {
            tracing::warn!("the lock was not released and will expire: {error}");
        }
        if let Err(error) = self.git(&["update-ref", "-d", &self.own_ref], b"").await {
            tracing::debug!("the fetched commit was not removed: {error}");
        }
    }
}
