//! A branch that was rolled back, compacted, or locked by a wrong clock.

use super::{Remote, entries, holder, swap};
use crate::ledger::checksum::Checksummed;
use crate::ledger::git::GitLedger;
use crate::ledger::store::{LedgerError, LedgerStore};

impl Remote {
    /// The number of commits of the ledger's branch.
    async fn commits(&self) -> usize {
        let counted = self.git(&["--git-dir", "remote.git", "rev-list", "--count", "ledger"]).await;
        counted.parse().expect("a number")
    }

    async fn tip(&self) -> String {
        self.git(&["--git-dir", "remote.git", "rev-parse", "ledger"]).await
    }

    async fn move_to(&self, commit: &str) {
        self.git(&["--git-dir", "remote.git", "update-ref", "refs/heads/ledger", commit]).await;
    }

    /// Two clones, and a branch of four writes, of which the first has seen all and the second the first two. Returns the
    /// commits after the second and after the fourth write.
    async fn of_four_writes(&self) -> (String, String) {
        self.cloned("one").await;
        self.cloned("other").await;
        let mut seen = Vec::new();
        for (clone, pair) in [("other", ["a", "b"]), ("one", ["c", "d"])] {
            let ledger = self.in_clone(clone);
            let lock = ledger.lock(&holder(clone)).await.expect("asked").expect("it is free");
            for key in pair {
                ledger.write(&[swap(key, None, Some("1"))]).await.expect("written");
            }
            ledger.unlock(lock).await;
            seen.push(self.tip().await);
        }
        (seen[0].clone(), seen[1].clone())
    }
}

async fn lost(ledger: &GitLedger) -> bool {
    ledger.lost_history().await.expect("compared").is_some()
}

#[tokio::test]
async fn each_read_finds_the_branch_as_it_is_then() {
    let remote = Remote::new().await;
    let (writer, reader) = (remote.cloned("one").await, remote.cloned("other").await);
    writer.write(&[swap("a", None, Some("1"))]).await.expect("written");
    assert_eq!(reader.read("").await, Ok(entries(&[("a", "1")])));
    let first = remote.tip().await;
    // A listing matches the end of this name too.
    let longer = "refs/heads/a/refs/heads/ledger";
    remote.git(&["--git-dir", "remote.git", "update-ref", longer, &first]).await;
    writer.write(&[swap("a", Some("1"), Some("2"))]).await.expect("written");
    assert_eq!(reader.read("").await, Ok(entries(&[("a", "2")])));
    remote.move_to(&first).await;
    assert_eq!(reader.read("").await, Ok(entries(&[("a", "1")])));
    remote.git(&["--git-dir", "remote.git", "update-ref", "-d", "refs/heads/ledger"]).await;
    assert_eq!(reader.read("").await, Ok(entries(&[])));
}

#[tokio::test]
async fn a_clone_that_has_seen_a_newer_commit_notices_a_rollback() {
    let remote = Remote::new().await;
    let (earlier, latest) = remote.of_four_writes().await;
    for clone in ["one", "other"] {
        assert!(!lost(&remote.in_clone(clone)).await, "{clone}");
    }
    remote.move_to(&earlier).await;
    let ledger = remote.in_clone("one");
    assert_eq!(ledger.lost_history().await, Ok(Some(latest)));
    // A run that locks and releases makes the clone forget nothing, and neither does a fetch.
    let lock = ledger.lock(&holder("later")).await.expect("asked").expect("it is free");
    ledger.unlock(lock).await;
    remote.git(&["-C", "one", "fetch", "--quiet", "origin"]).await;
    assert!(lost(&remote.in_clone("one")).await);
    assert!(!lost(&remote.in_clone("other")).await, "it has seen nothing newer");
    ledger.accept_history().await.expect("accepted");
    assert!(!lost(&remote.in_clone("one")).await);
}

#[tokio::test]
async fn a_command_leaves_no_fetched_commit_in_the_clone() {
    let remote = Remote::new().await;
    remote.of_four_writes().await;
    let reads = |ledger: GitLedger| async move { ledger.read("").await.expect("read").len() };
    assert_eq!(reads(remote.in_clone("one")).await, 4);
    assert_eq!(reads(remote.in_clone("one")).await, 4);
    let left = remote.git(&["-C", "one", "for-each-ref", "refs/servanda/fetched"]).await;
    assert_eq!(left, "");
}

#[tokio::test]
async fn a_clone_that_has_only_fetched_notices_a_rollback() {
    let remote = Remote::new().await;
    let (earlier, latest) = remote.of_four_writes().await;
    remote.git(&["clone", "--quiet", "remote.git", "third"]).await;
    remote.move_to(&earlier).await;
    assert_eq!(remote.in_clone("third").lost_history().await, Ok(Some(latest)));
}

#[tokio::test]
async fn a_compaction_leaves_one_commit_and_is_no_rollback() {
    let remote = Remote::new().await;
    let (_, latest) = remote.of_four_writes().await;
    let ledger = remote.in_clone("one");
    let before = ledger.read("").await.expect("read");
    assert_eq!(ledger.drop_history().await, Ok(Some(8)), "four writes, and two locks with their releases");
    assert_eq!((remote.commits().await, ledger.drop_history().await), (1, Ok(None)));
    for clone in ["one", "other"] {
        let ledger = remote.in_clone(clone);
        assert_eq!(ledger.read("").await, Ok(before.clone()));
        assert!(!lost(&ledger).await, "{clone}");
        let lock = ledger.lock(&holder(clone)).await.expect("asked").expect("it is free");
        ledger.unlock(lock).await;
    }
    // What was compacted away is an earlier state like any other, and a second compaction counts on.
    let compacted = remote.tip().await;
    remote.move_to(&latest).await;
    assert!(lost(&remote.in_clone("one")).await);
    remote.move_to(&compacted).await;
    assert_eq!(remote.in_clone("other").drop_history().await, Ok(Some(5)));
    assert!(!lost(&remote.in_clone("one")).await);
}

#[tokio::test]
async fn a_remote_may_refuse_to_drop_the_history() {
    let remote = Remote::new().await;
    remote.of_four_writes().await;
    remote.git(&["--git-dir", "remote.git", "config", "receive.denyNonFastForwards", "true"]).await;
    let ledger = remote.in_clone("one");
    assert!(matches!(ledger.drop_history().await, Err(LedgerError::Failed(_))));
    assert_eq!((remote.commits().await, lost(&remote.in_clone("one")).await), (8, false));
    ledger.write(&[swap("e", None, Some("1"))]).await.expect("the ledger still works");
}

#[tokio::test]
async fn a_lock_and_the_last_write_of_a_run_are_two_commits() {
    let remote = Remote::new().await;
    let ledger = Checksummed::over(remote.cloned("one").await);
    let lock = ledger.lock(&holder("first")).await.expect("asked").expect("it is free");
    ledger.write_before_unlock(&[swap("a", None, Some("1"))]).await.expect("written");
    ledger.unlock(lock).await;
    assert_eq!(remote.commits().await, 2);
    let other = Checksummed::over(remote.cloned("other").await);
    assert_eq!((other.read("").await, other.verify().await), (Ok(entries(&[("a", "1")])), Ok(Ok(()))));
    let lock = other.lock(&holder("second")).await.expect("asked").expect("the first has released it");
    other.unlock(lock).await;
}

#[tokio::test]
async fn a_lock_that_ends_in_a_hundred_years_is_no_lock() {
    let remote = Remote::new().await;
    let (one, other) = (remote.cloned("one").await, remote.cloned("other").await);
    let lease = r#"{"holder":{"run":"first","since":"2126-01-01T00:00:00Z"},"until":"2126-01-01T00:15:00Z"}"#;
    one.write(&[swap("lock", None, Some(lease))]).await.expect("written");
    let lock = other.lock(&holder("second")).await.expect("asked").expect("it is free");
    assert_eq!(one.lock(&holder("third")).await.expect("asked").err(), Some(Some(holder("second"))));
    other.unlock(lock).await;
    // A run whose lock was ended does not release that of another one.
    let lock = one.lock(&holder("first")).await.expect("asked").expect("it is free");
    other.break_lock().await.expect("ended");
    let next = other.lock(&holder("second")).await.expect("asked").expect("it is free");
    one.read("").await.expect("read");
    one.unlock(lock).await;
    assert_eq!(one.lock(&holder("third")).await.expect("asked").err(), Some(Some(holder("second"))));
    other.unlock(next).await;
}
