//! What every place that keeps a ledger must hold: all or none, nothing unseen overwritten, one lock.

use servanda::calendar::read_instant;

use super::{Entries, Holder, Ledger, LedgerError, SqliteLedger, Swap};

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

async fn conforms<L: Ledger>(open: impl Fn() -> L) {
    let (one, other) = (open(), open());
    assert_eq!(one.read("").await, Ok(Entries::new()));
    one.write(&[swap("a/x", None, Some("1")), swap("a/y", None, Some("2")), swap("b", None, Some("3"))])
        .await
        .expect("written");
    assert_eq!(other.read("a/").await, Ok(entries(&[("a/x", "1"), ("a/y", "2")])));
    assert_eq!(other.read("a/%").await, Ok(Entries::new()), "a key is no pattern");
    let torn = [swap("a/x", Some("1"), Some("9")), swap("b", Some("not 3"), None)];
    assert_eq!(other.write(&torn).await, Err(LedgerError::Moved("b".to_owned())));
    assert_eq!(one.write(&[swap("b", None, Some("4"))]).await, Err(LedgerError::Moved("b".to_owned())));
    assert_eq!(
        one.read("").await,
        Ok(entries(&[("a/x", "1"), ("a/y", "2"), ("b", "3")])),
        "nothing was written"
    );
    other.write(&[swap("a/x", Some("1"), None), swap("b", Some("3"), Some("4"))]).await.expect("written");
    assert_eq!(open().read("").await, Ok(entries(&[("a/y", "2"), ("b", "4")])));

    let held = one.lock(&holder("first")).await.expect("asked").expect("it is free");
    let refused = other.lock(&holder("second")).await.expect("asked").err();
    assert_eq!(refused, Some(Some(holder("first"))), "it says who holds it");
    drop(held);
    assert!(other.lock(&holder("second")).await.expect("asked").is_ok());
}

#[tokio::test]
async fn a_file_keeps_a_ledger() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.sqlite");
    SqliteLedger::at(path.clone()).read("").await.expect("nothing");
    assert!(!path.exists(), "reading makes no file");
    conforms(|| SqliteLedger::at(path.clone())).await;
}

#[tokio::test]
async fn a_file_that_is_no_ledger_is_an_error_and_not_an_empty_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.sqlite");
    crate::files::write_whole(&path, &"this is no database".repeat(100)).expect("written");
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
