//! What a clone knows of the history of the ledger's branch. A branch that lost a commit was rolled back.
//!
//! The last commit that a run saw is kept in a ref of the clone; the remote-tracking ref counts as well. A compaction
//! replaces the history by one commit. Its message says for how many commits it stands, so that it is no rollback.

use super::{BranchCache, GitLedger};
use crate::ledger::store::LedgerError;

/// The line of a compacted commit's message that precedes the number of commits that it stands for.
const COMMITS: &str = "Servanda-Commits: ";
/// The author of a compacted commit.
const AUTHOR: [&str; 4] = ["-c", "user.name=Servanda", "-c", "user.email=servanda@localhost"];

impl GitLedger {
    /// Reads which commits of the branch this clone has seen, before anything is fetched.
    pub(super) async fn read_known(&self) -> Result<Vec<String>, LedgerError> {
        let branch = self.branch.trim_start_matches("refs/heads/");
        let tracking = format!("refs/remotes/{}/{branch}", self.remote.name());
        let found =
            self.git(&["for-each-ref", "--format=%(objectname)", &self.known_ref, &tracking], b"").await?;
        if found.code != Some(0) {
            return Err(self.failed("the folder is not a Git repository; `git init` makes it one, or set `ledger.at` to another place"));
        }
        Ok(String::from_utf8_lossy(&found.output).lines().map(str::to_owned).collect())
    }

    /// Keeps the last commit in this clone, unless the branch was rolled back, and removes the fetched one.
    pub(super) async fn keep_known(&self, cache: &mut BranchCache) -> Result<(), LedgerError> {
        let is_whole = self.lost_commit(cache).await?.is_none();
        let known = cache.commit.as_ref().filter(|_| is_whole);
        let update = known.map_or_else(String::new, |commit| format!("update {} {commit}\n", self.known_ref));
        let updates = format!("{update}delete {}\n", self.own_ref);
        self.git_or_fail(&["update-ref", "--stdin"], updates.as_bytes()).await?;
        cache.has_fetched = false;
        Ok(())
    }

    /// A commit that this clone has seen and the branch no longer contains.
    pub(super) async fn lost_commit(&self, cache: &BranchCache) -> Result<Option<String>, LedgerError> {
        for known in &cache.known {
            let contains = match &cache.commit {
                Some(commit) => commit == known || self.contains(commit, known).await?,
                None => false,
            };
            if !contains {
                return Ok(Some(known.clone()));
            }
        }
        Ok(None)
    }

    /// Whether the history of a commit contains another one, or stands for it after a compaction.
    async fn contains(&self, commit: &str, known: &str) -> Result<bool, LedgerError> {
        let ancestry = self.git(&["merge-base", "--is-ancestor", known, commit], b"").await?;
        Ok(ancestry.code == Some(0) || self.commits(known).await? < self.first_commit(commit).await?)
    }

    /// The number of commits up to this one, those before compactions included.
    async fn commits(&self, commit: &str) -> Result<u64, LedgerError> {
        let counted = self.git_or_fail(&["rev-list", "--count", commit], b"").await?;
        let counted: u64 = String::from_utf8_lossy(&counted).trim().parse().unwrap_or_default();
        Ok(counted.saturating_sub(1) + self.first_commit(commit).await?)
    }

    /// The number of the first commit of a history: 1, or that of a compaction.
    async fn first_commit(&self, commit: &str) -> Result<u64, LedgerError> {
        let message = self.git_or_fail(&["log", "--max-parents=0", "--format=%B", commit, "--"], b"").await?;
        let message = String::from_utf8_lossy(&message);
        let number = message.lines().find_map(|line| line.strip_prefix(COMMITS)?.trim().parse().ok());
        Ok(number.unwrap_or(1))
    }

    /// Replaces the history by one commit with the same files. Returns the number of commits before; `None` if there
    /// was nothing to replace.
    pub(super) async fn replace_history(&self, cache: &mut BranchCache) -> Result<Option<u64>, LedgerError> {
        self.refresh(cache).await?;
        let Some(commit) = cache.commit.clone() else {
            return Ok(None);
        };
        let (first, last) = (self.first_commit(&commit).await?, self.commits(&commit).await?);
        if first == last {
            return Ok(None);
        }
        let message = format!("compacted\n\n{COMMITS}{}\n", last + 1);
        let tree = format!("{commit}^{{tree}}");
        let made = [&AUTHOR[..], &["commit-tree", "-F", "-", &tree]].concat();
        let made = self.git_or_fail(&made, message.as_bytes()).await?;
        if !self.push_commit(cache, String::from_utf8_lossy(&made).trim().to_owned()).await? {
            return Err(self.failed("the remote did not accept a new history of the branch"));
        }
        Ok(Some(last - first + 1))
    }
}
