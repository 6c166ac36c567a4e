//! The memory on a branch of a Git remote: one file a key, one commit a write, pushed without force.
//!
//! A push that is not a fast-forward is refused by every forge: that is the compare-and-set, and the log of the
//! branch is the audit trail. The git program does it with whatever credentials it has for that remote. The
//! branch is never checked out, and nothing of the work tree is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use servanda::calendar::Instant;
use tokio::sync::Mutex;

use super::{Entries, Holder, LedgerError, LedgerStore, Swap, SwapCheck, check_swaps};
use crate::process::context::clock;
use crate::workspace::git::{self, GitOutput};

/// How long a lock outlives the run that took it and was killed.
const LEASE: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);
/// A lease is renewed by the next write once this much of it has gone.
const RENEW_AFTER: jiff::SignedDuration = jiff::SignedDuration::from_mins(3);
/// Where the lease is kept.
const LOCK: &str = "lock";
/// How often a write is tried again after others pushed.
const TRIES: u32 = 100;
/// The longest wait between two tries.
const LONGEST_WAIT: u64 = 200;
/// Objects come and go in packs: a file for each of hundreds of entries costs more than all else that git does.
const PACKED: [&str; 4] = ["-c", "fastimport.unpackLimit=1", "-c", "fetch.unpackLimit=1"];
/// What `ls-remote --exit-code` says where there is no such branch.
const NO_SUCH_BRANCH: i32 = 2;

/// A ledger on a branch.
pub(crate) struct GitLedger {
    /// Where git runs: the repository, whose credentials it uses, or a folder of our own.
    folder: PathBuf,
    remote: String,
    branch: String,
    /// A name for what was fetched that no other process uses.
    own_ref: String,
    known: Mutex<Known>,
}

/// What the branch held when it was last looked at.
#[derive(Default)]
struct Known {
    is_prepared: bool,
    commit: Option<String>,
    entries: Entries,
    /// The contents of the files that were read, by their names in git.
    blobs: BTreeMap<String, String>,
    /// The lease that this ledger holds.
    lease: Option<Lease>,
}

impl Known {
    fn held(&self, keys: &[&str]) -> Entries {
        let found = keys.iter().filter_map(|key| self.entries.get_key_value(*key));
        found.map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// A lock with an end.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Lease {
    holder: Holder,
    until: Instant,
}

impl GitLedger {
    /// The ledger on a branch of a remote, by its name in this repository or by its address.
    pub(crate) fn at(root: &Path, remote: &str, branch: &str) -> Self {
        let own = format!("{}-{}", std::process::id(), fresh());
        Self {
            folder: root.to_path_buf(),
            remote: remote.to_owned(),
            branch: format!("refs/heads/{branch}"),
            own_ref: format!("refs/servanda/{own}"),
            known: Mutex::default(),
        }
    }

    fn failed(&self, why: impl std::fmt::Display) -> LedgerError {
        let branch = self.branch.trim_start_matches("refs/heads/");
        LedgerError::Failed(format!("the ledger git:{}#{branch}: {why}", self.safe_remote()))
    }

    /// The remote without what may be a password in its address.
    fn safe_remote(&self) -> String {
        match (self.remote.split_once("://"), self.remote.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
            _ => self.remote.clone(),
        }
    }

    async fn git(&self, arguments: &[&str], input: &[u8]) -> Result<GitOutput, LedgerError> {
        git::run(&self.folder, arguments, input).await.map_err(|why| self.failed(why))
    }

    async fn git_or_fail(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, LedgerError> {
        let said = self.git(arguments, input).await?;
        if said.code == Some(0) {
            Ok(said.output)
        } else {
            Err(self.failed(self.without_remote(&said.errors)))
        }
    }

    /// What git complained about, without the address that it names.
    fn without_remote(&self, errors: &str) -> String {
        errors.replace(&self.remote, &self.safe_remote())
    }

    /// Looks at the branch; what did not change is not fetched again.
    async fn refresh(&self, known: &mut Known) -> Result<(), LedgerError> {
        if !known.is_prepared {
            if self.git(&["rev-parse", "--git-dir"], b"").await?.code != Some(0) {
                return Err(self.failed("this is no Git repository").hint());
            }
            known.is_prepared = true;
        }
        let spec = format!("+{}:{}", self.branch, self.own_ref);
        let fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", &self.remote, &spec];
        let mut said = self.git(&[&PACKED[..], &fetch].concat(), b"").await?;
        if said.code != Some(0) {
            // It may be that there is no such branch; the word of an exit code is surer than that of a sentence.
            let asked = self.git(&["ls-remote", "--exit-code", &self.remote, &self.branch], b"").await?;
            if asked.code == Some(NO_SUCH_BRANCH) {
                (known.commit, known.entries) = (None, Entries::new());
                return Ok(());
            }
            // Somebody made it just now.
            if asked.code == Some(0) {
                said = self.git(&[&PACKED[..], &fetch].concat(), b"").await?;
            }
        }
        match said.code {
            Some(0) => self.take_in(known).await,
            _ => Err(self.failed(self.without_remote(&said.errors))),
        }
    }

    /// Reads the commit that was fetched, and of what it holds what is not known yet.
    async fn take_in(&self, known: &mut Known) -> Result<(), LedgerError> {
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
            .filter(|blob| !known.blobs.contains_key(*blob))
            .collect();
        let asked = unknown.iter().fold(format!("{}\n", self.own_ref), |asked, blob| asked + blob + "\n");
        let output = self.git_or_fail(&["cat-file", "--batch"], asked.as_bytes()).await?;
        let (commit, _, mut rest) =
            next_object(&output).ok_or_else(|| self.failed("git tells no commit of what was fetched"))?;
        while let Some((blob, content, after)) = next_object(rest) {
            known.blobs.insert(blob, content);
            rest = after;
        }
        known.entries = files
            .into_iter()
            .map(|(blob, key)| {
                let content = known.blobs.get(&blob).cloned();
                content
                    .map(|content| (key, content))
                    .ok_or_else(|| self.failed("git lost a part of what was fetched"))
            })
            .collect::<Result<_, _>>()?;
        known.commit = Some(commit);
        Ok(())
    }

    /// One commit with these changes, pushed. Whether it was taken.
    async fn push(&self, known: &mut Known, swaps: &[Swap]) -> Result<bool, LedgerError> {
        let stream = self.commit(known.commit.as_deref(), swaps);
        let import = ["fast-import", "--quiet", "--force", "--date-format=raw"];
        let commit = self.git_or_fail(&[&PACKED[..], &import].concat(), stream.as_bytes()).await?;
        let commit = String::from_utf8_lossy(&commit).trim().to_owned();
        // What the branch must be for that is said once more, against forges that let anybody force.
        let lease =
            format!("--force-with-lease={}:{}", self.branch, known.commit.as_deref().unwrap_or_default());
        let spec = format!("{commit}:{}", self.branch);
        let said =
            self.git(&["push", "--porcelain", "--no-verify", &lease, &self.remote, &spec], b"").await?;
        if said.code == Some(0) {
            for swap in swaps {
                match &swap.value {
                    Some(value) => known.entries.insert(swap.key.clone(), value.clone()),
                    None => known.entries.remove(&swap.key),
                };
            }
            known.commit = Some(commit);
            return Ok(true);
        }
        // A line of its own begins with `!` where the branch moved; anything else is a failure.
        if String::from_utf8_lossy(&said.output).lines().any(|line| line.starts_with('!')) {
            if is_forbidden(&said.errors) {
                return Err(self.failed(self.without_remote(&said.errors)));
            }
            return Ok(false);
        }
        Err(self.failed(self.without_remote(&said.errors)))
    }

    /// The stream that makes one commit, and asks for its name.
    fn commit(&self, parent: Option<&str>, swaps: &[Swap]) -> String {
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
            writeln!(stream, "from {parent}").expect("a string takes all that is written");
        } else {
            stream.push_str("deleteall\n");
        }
        for Swap { key, value, .. } in swaps {
            let path = path_of(key);
            match value {
                Some(value) => write!(stream, "M 100644 inline {path}\ndata {}\n{value}\n", value.len()),
                None => writeln!(stream, "D {path}"),
            }
            .expect("a string takes all that is written");
        }
        stream.push_str("get-mark :1\ndone\n");
        stream
    }

    /// A renewal of the lease, where this ledger holds one that is growing old.
    fn renewal(known: &Known, now: Instant) -> Option<Swap> {
        let lease = known.lease.as_ref()?;
        let begun = lease.until.checked_sub(LEASE).ok()?;
        if now.duration_since(begun) < RENEW_AFTER {
            return None;
        }
        let expected = known.entries.get(LOCK).cloned();
        (expected.as_deref() == Some(&json(lease))).then(|| {
            let lease = Lease { holder: lease.holder.clone(), until: end_of(now) };
            Swap { key: LOCK.to_owned(), expected, value: Some(json(&lease)) }
        })
    }
}

impl LedgerError {
    fn hint(self) -> Self {
        match self {
            Self::Failed(why) => {
                Self::Failed(format!("{why}; `git init` makes one, and `ledger.at` may name another place"))
            }
            moved @ Self::Conflict(_) => moved,
        }
    }
}

/// Whether a refusal has nothing to do with who came first.
fn is_forbidden(errors: &str) -> bool {
    ["protected branch", "pre-receive hook declined", "permission", "denied", "read-only"]
        .iter()
        .any(|sign| errors.to_lowercase().contains(sign))
}

fn json(lease: &Lease) -> String {
    serde_json::to_string(lease).expect("a lease is JSON")
}

fn end_of(now: Instant) -> Instant {
    now.checked_add(LEASE).unwrap_or(Instant::MAX)
}

/// A number that no two ledgers of a process share.
fn fresh() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A key may be the beginning of another, and a file no folder: files end in `.json`, and folders never do.
fn path_of(key: &str) -> String {
    let (folders, name) = key.rsplit_once('/').map_or((None, key), |(folders, name)| (Some(folders), name));
    let folders = folders.into_iter().flat_map(|folders| folders.split('/'));
    let folders = folders
        .map(|folder| if is_like_a_file(folder) { format!("{folder}+/") } else { format!("{folder}/") });
    folders.collect::<String>() + name + ".json"
}

fn is_like_a_file(folder: &str) -> bool {
    folder.trim_end_matches('+').strip_suffix(".json").is_some()
}

fn key_of(path: &str) -> Option<String> {
    let (folders, name) = path.rsplit_once('/').map_or((None, path), |(folders, name)| (Some(folders), name));
    let folders = folders.into_iter().flat_map(|folders| folders.split('/'));
    let folders = folders.map(|folder| {
        let is_escaped = folder.ends_with('+') && is_like_a_file(folder);
        format!("{}/", if is_escaped { &folder[..folder.len() - 1] } else { folder })
    });
    Some(folders.collect::<String>() + name.strip_suffix(".json")?)
}

/// The next object of `cat-file --batch`: its id, its content, and what follows.
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
        let mut known = self.known.lock().await;
        self.refresh(&mut known).await?;
        Ok(known.held(keys))
    }

    async fn glance(&self, keys: &[&str]) -> Result<Entries, LedgerError> {
        let mut known = self.known.lock().await;
        if !known.is_prepared {
            self.refresh(&mut known).await?;
        }
        Ok(known.held(keys))
    }

    async fn read(&self, under: &str) -> Result<Entries, LedgerError> {
        let mut known = self.known.lock().await;
        self.refresh(&mut known).await?;
        let found = known.entries.range(under.to_owned()..).take_while(|(key, _)| key.starts_with(under));
        let found = found.filter(|(key, _)| *key != LOCK);
        Ok(found.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    async fn write(&self, swaps: &[Swap]) -> Result<(), LedgerError> {
        let mut known = self.known.lock().await;
        if !known.is_prepared {
            self.refresh(&mut known).await?;
        }
        // The first try goes by what is known: the push itself says whether that is still so.
        for turn in 0..TRIES {
            match check_swaps(swaps, &known.entries) {
                SwapCheck::Ready => {
                    let mut all = swaps.to_vec();
                    all.extend(Self::renewal(&known, clock()));
                    if self.push(&mut known, &all).await? {
                        return Ok(());
                    }
                }
                SwapCheck::AlreadyDone if turn > 0 => return Ok(()),
                SwapCheck::Conflict(key) if turn > 0 => return Err(LedgerError::Conflict(key)),
                SwapCheck::AlreadyDone | SwapCheck::Conflict(_) => {}
            }
            if turn > 0 {
                // Each run waits for a time of its own, so that they do not meet again.
                let wait =
                    u64::from(std::process::id()).wrapping_mul(u64::from(turn) * 31 + 7) % LONGEST_WAIT;
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            self.refresh(&mut known).await?;
        }
        Err(self.failed("others kept pushing to it"))
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
                self.known.lock().await.lease = Some(lease.clone());
                Ok(Ok(lease))
            }
            Err(LedgerError::Conflict(_)) => Ok(Err(None)),
            Err(failed) => Err(failed),
        }
    }

    async fn unlock(&self, _: Lease) {
        let held = {
            let mut known = self.known.lock().await;
            known.lease.take().map(|_| known.entries.get(LOCK).cloned())
        };
        let swap = held.map(|expected| Swap { key: LOCK.to_owned(), expected, value: None });
        // A lease that cannot be given back ends by itself.
        if let Some(swap) = swap
            && let Err(error) = self.write(&[swap]).await
        {
            tracing::warn!("the lock was not given back: {error}");
        }
        if let Err(error) = self.git(&["update-ref", "-d", &self.own_ref], b"").await {
            tracing::debug!("what was fetched stays: {error}");
        }
    }
}
