//! What every store must guarantee: all-or-nothing writes, no lost update, one lock.

#[cfg(feature = "postgres")]
mod databases;
mod history;
mod lease;
#[path = "../../../../tests/it/missing.rs"]
mod missing;
mod racing;
#[path = "../../../../tests/it/postgres.rs"]
mod server;

use servanda::calendar::read_instant;

use super::checksum::{ChecksumError, Checksummed};
use super::git::GitLedger;
use super::sqlite::SqliteLedger;
use super::store::{Entries, Holder, LedgerError, LedgerStore, Swap};
use crate::workspace::git;

fn swap(key: &str, expected: Option<&str>, value: Option<&str>) -> Swap {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Swap { key: key.to_owned(), expected: owned(expected), value: owned(value) }
}

fn entries(pairs: &[(&str, &str)]) -> Entries {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn holder(run: &str) -> Holder {
    Holder { run: run.to_owned(), since: read_instant("2026-09-01T09:00:00Z").expect("an instant") }
}

async fn conforms<L: LedgerStore>(open: impl Fn() -> L) {
    let (one, other) = (open(), open());
    assert_eq!(one.read("").await, Ok(Entries::new()));
    one.write(&[swap("a/x", None, Some("1")), swap("a/y", None, Some("2")), swap("b", None, Some("3"))])
        .await
        .expect("written");
    assert_eq!(other.read("a/").await, Ok(entries(&[("a/x", "1"), ("a/y", "2")])));
    assert_eq!(other.read("a/%").await, Ok(Entries::new()), "a key is not a pattern");
    let conflicting = [swap("a/x", Some("1"), Some("9")), swap("b", Some("not 3"), None)];
    assert_eq!(other.write(&conflicting).await, Err(LedgerError::Conflict("b".to_owned())));
    assert_eq!(one.write(&[swap("b", None, Some("4"))]).await, Err(LedgerError::Conflict("b".to_owned())));
    assert_eq!(
        one.read("").await,
        Ok(entries(&[("a/x", "1"), ("a/y", "2"), ("b", "3")])),
        "nothing was written"
    );
    one.write(&[swap("b", None, Some("3"))]).await.expect("a repeated write succeeds");
    other.write(&[swap("a/x", Some("1"), None), swap("b", Some("3"), Some("4"))]).await.expect("written");
    assert_eq!(open().read("").await, Ok(entries(&[("a/y", "2"), ("b", "4")])));

    assert_eq!(one.get(&["b", "a/x", "a/y"]).await, Ok(entries(&[("a/y", "2"), ("b", "4")])));
    // A key may be the beginning of another.
    one.write(&[swap("b/c", None, Some("ein\nzwei «три»")), swap("b/c.json/d", None, Some(""))])
        .await
        .expect("written");
    assert_eq!(other.read("b/").await, Ok(entries(&[("b/c", "ein\nzwei «три»"), ("b/c.json/d", "")])));

    let held = one.lock(&holder("first")).await.expect("asked").expect("it is free");
    let refused = other.lock(&holder("second")).await.expect("asked").err();
    assert_eq!(refused, Some(Some(holder("first"))), "the holder is named");
    assert_eq!(other.break_lock().await, Ok(Some(holder("first"))), "a person may end it");
    assert_eq!(other.break_lock().await, Ok(None), "it was ended");
    let next = other.lock(&holder("third")).await.expect("asked").expect("it is free");
    other.unlock(next).await;
    one.unlock(held).await;
    // A lock file may be held a moment longer by a child of this process: git, in another test.
    let mut tries = 0;
    while other.lock(&holder("second")).await.expect("asked").is_err() {
        tries += 1;
        assert!(tries < 100_000, "the lock was not released");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_file_keeps_a_ledger() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.sqlite");
    SqliteLedger::at(path.clone()).read("").await.expect("nothing");
    assert!(!path.exists(), "reading creates no file");
    conforms(|| SqliteLedger::at(path.clone())).await;
    let checksummed = folder.path().join("checksummed.sqlite");
    conforms(|| Checksummed::over(SqliteLedger::at(checksummed.clone()))).await;
}

/// A bare repository, and clones of it.
struct Remote(tempfile::TempDir);

impl Remote {
    async fn new() -> Self {
        let remote = Self(tempfile::tempdir().expect("a folder"));
        remote.git(&["init", "--quiet", "--bare", "remote.git"]).await;
        remote
    }

    async fn git(&self, arguments: &[&str]) -> String {
        let said = git::run(self.0.path(), arguments, b"").await.expect("git runs");
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.errors);
        String::from_utf8_lossy(&said.output).trim().to_owned()
    }

    async fn cloned(&self, name: &str) -> GitLedger {
        self.git(&["clone", "--quiet", "remote.git", name]).await;
        GitLedger::at(&self.0.path().join(name), "origin", "ledger")
    }

    fn in_clone(&self, name: &str) -> GitLedger {
        GitLedger::at(&self.0.path().join(name), "origin", "ledger")
    }
}

#[tokio::test]
async fn a_branch_keeps_a_ledger() {
    let remote = Remote::new().await;
    remote.cloned("one").await;
    conforms(|| remote.in_clone("one")).await;
    let log = remote.git(&["--git-dir", "remote.git", "log", "--oneline", "ledger"]).await;
    assert!(log.lines().count() >= 5, "each write is a commit: {log}");
    assert_eq!(remote.git(&["-C", "one", "status", "--porcelain"]).await, "", "the work tree is as it was");
}

#[tokio::test]
async fn clones_of_a_checksummed_branch_see_each_other() {
    let remote = Remote::new().await;
    let (one, other) =
        (Checksummed::over(remote.cloned("one").await), Checksummed::over(remote.cloned("other").await));
    one.write(&[swap("a", None, Some("1"))]).await.expect("written");
    assert_eq!(other.read("").await, Ok(entries(&[("a", "1")])));
    other.write(&[swap("a", Some("1"), Some("2"))]).await.expect("written");
    assert_eq!(
        one.write(&[swap("a", Some("1"), Some("3"))]).await,
        Err(LedgerError::Conflict("a".to_owned()))
    );
    assert_eq!(one.verify().await, Ok(Ok(())));
}

#[tokio::test]
async fn a_remote_that_cannot_be_reached_is_an_error_and_not_an_empty_ledger() {
    let remote = Remote::new().await;
    let ledger = remote.cloned("one").await;
    std::fs::remove_dir_all(remote.0.path().join("remote.git")).expect("removed");
    assert!(matches!(ledger.read("").await, Err(LedgerError::Failed(why)) if why.contains("origin#ledger")));
}

#[tokio::test]
#[cfg(unix)]
async fn a_push_that_a_rule_refuses_is_tried_once_and_says_why() {
    use std::os::unix::fs::PermissionsExt as _;
    let remote = Remote::new().await;
    let ledger = remote.cloned("one").await;
    let hook = remote.0.path().join("remote.git/hooks/pre-receive");
    let script = "#!/bin/sh\necho x >> attempts\necho 'GH013: Repository rule violations' >&2\nexit 1\n";
    crate::workspace::files::write_whole(&hook, script).expect("written");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let refused = ledger.write(&[swap("a", None, Some("1"))]).await.expect_err("refused");
    let LedgerError::Failed(why) = refused else { panic!("{refused}") };
    assert!(why.contains("GH013: Repository rule violations") && why.contains("pre-receive"), "{why}");
    let attempts = crate::workspace::files::read_named(&remote.0.path().join("remote.git/attempts"));
    assert_eq!(attempts.expect("the hook ran"), "x\n");
}

#[tokio::test]
async fn a_ledger_that_lost_an_entry_does_not_match_its_checksum() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.sqlite");
    let (plain, checksummed) =
        (SqliteLedger::at(path.clone()), Checksummed::over(SqliteLedger::at(path.clone())));
    assert_eq!(checksummed.verify().await, Ok(Ok(())), "an empty ledger needs no checksum");
    checksummed.write(&[swap("a", None, Some("1")), swap("b", None, Some("2"))]).await.expect("written");
    checksummed.write(&[swap("a", Some("1"), Some("3"))]).await.expect("written");
    assert_eq!(checksummed.verify().await, Ok(Ok(())));
    for (damage, repair) in [
        (swap("b", Some("2"), None), swap("b", None, Some("2"))),
        (swap("b", Some("2"), Some("other")), swap("b", Some("other"), Some("2"))),
        (swap("c", None, Some("more")), swap("c", Some("more"), None)),
    ] {
        plain.write(&[damage]).await.expect("written");
        assert_eq!(checksummed.verify().await, Ok(Err(ChecksumError::Mismatch)));
        plain.write(&[repair]).await.expect("written");
        assert_eq!(checksummed.verify().await, Ok(Ok(())));
    }
    let checksum = plain.get(&["checksum"]).await.expect("read").remove("checksum");
    plain
        .write(&[Swap { key: "checksum".to_owned(), expected: checksum, value: None }])
        .await
        .expect("written");
    assert_eq!(checksummed.verify().await, Ok(Err(ChecksumError::Missing)));
    checksummed.recompute_checksum().await.expect("recomputed");
    assert_eq!(checksummed.verify().await, Ok(Ok(())));
}

#[tokio::test]
async fn a_file_that_is_not_a_ledger_is_an_error_and_not_an_empty_ledger() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.sqlite");
    crate::workspace::files::write_whole(&path, &"this is no database".repeat(100)).expect("written");
    let read = SqliteLedger::at(path).read("").await;
    assert!(matches!(read, Err(LedgerError::Failed(why)) if why.contains("ledger.sqlite")));
}

#[tokio::test]
async fn of_many_writers_of_one_key_one_wins() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.sqlite");
    let writers = (0..8).map(|number| {
        let ledger = SqliteLedger::at(path.clone());
        tokio::spawn(async move { ledger.write(&[swap("key", None, Some(&number.to_string()))]).await })
    });
    let mut won = 0;
    for writer in writers.collect::<Vec<_>>() {
        won += usize::from(writer.await.expect("it ends").is_ok());
    }
    assert_eq!(won, 1);
}
