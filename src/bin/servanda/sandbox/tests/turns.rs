//! Requests that share a transaction.

use std::sync::Arc;

use servanda::calendar::Instant;

use crate::sandbox::database;
use crate::sandbox::error::RequestError;
use crate::sandbox::session::{NO_AUTHOR, WriteSession};
use crate::sandbox::turns::Turns;
use crate::sandbox::{DatabasePath, Sandbox, SandboxClock, SandboxOptions, Seed};

fn empty() -> Sandbox {
    let clock = SandboxClock::fixed(Instant::UNIX_EPOCH);
    let options = SandboxOptions::default();
    Sandbox::open(&DatabasePath::Memory, &Seed::default(), clock, options).expect("opens")
}

/// Whether each of these keys is stored, after all transactions have ended.
fn stored<const N: usize>(sandbox: &Sandbox, keys: [&str; N]) -> [bool; N] {
    let connection = sandbox.state.connection();
    assert!(connection.is_autocommit());
    keys.map(|key| database::employee_of_key(&connection, key).expect("reads").is_some())
}

#[tokio::test]
async fn what_fails_in_a_shared_transaction_leaves_no_trace_and_takes_nothing_along() {
    let sandbox = empty();
    let turns = Arc::new(Turns::over(&sandbox.state));
    let write = |key: &'static str, end: fn() -> Result<(), RequestError>| {
        let state = Arc::clone(&sandbox.state);
        move || {
            assert!(!state.connection().is_autocommit(), "{key} works within a transaction");
            let written = state.write(NO_AUTHOR, |session| {
                database::add_key(session.connection, key, 1)?;
                end()
            });
            written.is_ok()
        }
    };
    let done = tokio::join!(
        turns.take(true, write("stored", || Ok(()))),
        turns.take(true, write("refused", || Err(RequestError::MissingKey))),
        turns.take(true, write("broken", || panic!("a bug"))),
        turns.take(true, write("stored as well", || Ok(()))),
    );
    assert_eq!(done, (Some(true), Some(false), None, Some(true)));
    assert_eq!(
        stored(&sandbox, ["stored", "refused", "broken", "stored as well"]),
        [true, false, false, true]
    );
}

/// `SQLite` may end a transaction by itself, at a full disk for example.
#[tokio::test]
async fn nothing_is_stored_after_a_transaction_that_ended_by_itself() {
    let sandbox = empty();
    let turns = Arc::new(Turns::over(&sandbox.state));
    let write = |key: &'static str| {
        let state = Arc::clone(&sandbox.state);
        move || {
            let write = |session: &WriteSession<'_>| {
                database::add_key(session.connection, key, 1).map_err(RequestError::from)
            };
            state.write(NO_AUTHOR, write).is_ok()
        }
    };
    let state = Arc::clone(&sandbox.state);
    let end = move || state.connection().execute_batch("ROLLBACK").is_ok();
    let done = tokio::join!(
        turns.take(true, write("before")),
        turns.take(true, end),
        turns.take(true, write("after"))
    );
    assert_eq!(done, (None, None, None));
    assert_eq!(stored(&sandbox, ["before", "after"]), [false, false]);
}
