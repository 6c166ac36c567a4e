//! The lease of a branch: renewed by writes, released by the run that holds it, and by no other one.

use jiff::SignedDuration;
use serde_json::{Value, json};
use servanda::calendar::{Instant, read_instant};

use super::{Remote, holder, swap};
use crate::ledger::git::GitLedger;
use crate::ledger::store::{LedgerStore as _, Swap};

/// The text of the lease on the branch.
async fn lease(ledger: &GitLedger) -> Option<String> {
    ledger.get(&["lock"]).await.expect("read").remove("lock")
}

fn end(lease: &str) -> Instant {
    let lease: Value = serde_json::from_str(lease).expect("JSON");
    read_instant(lease["until"].as_str().expect("a text")).expect("an instant")
}

/// Makes the lease older, as if this time had passed.
async fn age(ledger: &GitLedger, minutes: i64) {
    let text = lease(ledger).await.expect("there is a lease");
    let mut older: Value = serde_json::from_str(&text).expect("JSON");
    older["until"] = json!(end(&text).checked_sub(SignedDuration::from_mins(minutes)).expect("an instant"));
    let swap = Swap { key: "lock".to_owned(), expected: Some(text), value: Some(older.to_string()) };
    ledger.write(&[swap]).await.expect("written");
}

#[tokio::test]
async fn a_lease_is_renewed_by_a_write_each_time_that_it_is_old() {
    let remote = Remote::new().await;
    let (one, other) = (remote.cloned("one").await, remote.cloned("other").await);
    let lock = one.lock(&holder("first")).await.expect("asked").expect("it is free");
    for round in 1..=3 {
        one.write(&[swap(&format!("young/{round}"), None, Some("1"))]).await.expect("written");
        let young = lease(&other).await.expect("there is a lease");
        age(&other, 5).await;
        one.write(&[swap(&format!("old/{round}"), None, Some("1"))]).await.expect("written");
        let renewed = lease(&other).await.expect("there is a lease");
        assert!(end(&renewed) >= end(&young), "{round}: {young} {renewed}");
        assert_eq!(one.lease_end().await, Some(end(&renewed)), "{round}");
        assert_eq!(other.lock(&holder("second")).await.expect("asked").err(), Some(Some(holder("first"))));
    }
    one.unlock(lock).await;
    assert_eq!(lease(&other).await, None);
}

#[tokio::test]
async fn an_old_lease_is_released_and_not_renewed() {
    let remote = Remote::new().await;
    let (one, other) = (remote.cloned("one").await, remote.cloned("other").await);
    let lock = one.lock(&holder("first")).await.expect("asked").expect("it is free");
    age(&other, 5).await;
    one.read("").await.expect("read");
    one.unlock(lock).await;
    assert_eq!(lease(&other).await, None);
    let next = other.lock(&holder("second")).await.expect("asked").expect("it is free");
    other.unlock(next).await;
}

#[tokio::test]
async fn a_run_whose_lease_was_taken_by_another_one_never_releases_that_one() {
    let remote = Remote::new().await;
    let (one, other) = (remote.cloned("one").await, remote.cloned("other").await);
    for (number, how) in ["unlock", "write", "last write", "read"].into_iter().enumerate() {
        let lock = one.lock(&holder("first")).await.expect("asked").expect("it is free");
        age(&other, 16).await;
        let next = other.lock(&holder("second")).await.expect("asked").expect("the first has expired");
        let taken = lease(&other).await;
        let write = [swap(&format!("key/{number}"), None, Some("1"))];
        match how {
            "write" => one.write(&write).await.expect("written"),
            "last write" => one.write_before_unlock(&write).await.expect("written"),
            "read" => drop(one.read("").await.expect("read")),
            _ => {}
        }
        if how != "unlock" {
            assert_eq!(one.lease_end().await, Some(Instant::MIN), "{how}");
        }
        one.unlock(lock).await;
        assert_eq!(lease(&other).await, taken, "{how}");
        assert_eq!(
            one.lock(&holder("third")).await.expect("asked").err(),
            Some(Some(holder("second"))),
            "{how}"
        );
        other.unlock(next).await;
        assert_eq!(lease(&other).await, None, "{how}");
    }
}
