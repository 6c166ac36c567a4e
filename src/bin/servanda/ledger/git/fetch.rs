//! Reads the branch: fetches its last commit, and loads the files of it that are not known yet.

use std::collections::BTreeSet;

use super::files::{key_of, next_object};
use super::{BranchCache, GitLedger, PACKED};
use crate::ledger::store::{Entries, LedgerError};

/// The exit code of `ls-remote --exit-code` for a missing branch.
const NO_SUCH_BRANCH: i32 = 2;

impl GitLedger {
    /// Fetches the branch, unless it is unchanged.
    pub(super) async fn refresh(&self, cache: &mut BranchCache) -> Result<(), LedgerError> {
        if !cache.is_prepared {
            cache.known = self.read_known().await?;
            cache.is_prepared = true;
        }
        // A listing costs less than a fetch that brings nothing, and most reads of a run find the branch as the last one did.
        if cache.commit.is_some() && self.last_commit().await? == cache.commit {
            return Ok(());
        }
        let spec = format!("+{}:{}", self.branch, self.own_ref);
        let fetch = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--refmap=",
            self.remote.name(),
            &spec,
        ];
        let mut output = self.git(&[&PACKED[..], &fetch].concat(), b"").await?;
        if output.code != Some(0) {
            // The branch may not exist yet. The exit code of `ls-remote` is more reliable than the message of
            // `fetch`.
            if self.last_commit().await?.is_none() {
                (cache.commit, cache.entries) = (None, Entries::new());
                return Ok(());
            }
            // Another run has just created the branch.
            output = self.git(&[&PACKED[..], &fetch].concat(), b"").await?;
        }
        match output.code {
            Some(0) => self.load_fetched(cache).await,
            _ => Err(self.complained(&output.errors)),
        }
    }

    /// The last commit of the branch on the remote; `None` if there is no branch.
    async fn last_commit(&self) -> Result<Option<String>, LedgerError> {
        let listed = self.git(&["ls-remote", "--exit-code", self.remote.name(), &self.branch], b"").await?;
        match listed.code {
            Some(0) => {}
            Some(NO_SUCH_BRANCH) => return Ok(None),
            _ => return Err(self.complained(&listed.errors)),
        }
        // The name is a pattern, which the end of a longer name matches too.
        let listed = String::from_utf8_lossy(&listed.output);
        let mut refs = listed.lines().filter_map(|line| line.split_once('\t'));
        Ok(refs.find(|(_, name)| *name == self.branch).map(|(commit, _)| commit.to_owned()))
    }

    /// Loads the fetched commit into the cache, reading only the blobs that are not cached yet.
    async fn load_fetched(&self, cache: &mut BranchCache) -> Result<(), LedgerError> {
        cache.has_fetched = true;
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
}
