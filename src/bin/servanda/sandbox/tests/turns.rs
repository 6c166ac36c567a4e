//! Requests that share a transaction.

use std::sync::Arc;

use servanda::calendar::Instant;

use crate::sandbox::database;
use crate::sandbox::error::RequestError;
use crate::sandbox::session::NO_AUTHOR;
use crate::sandbox::turns::Turns;
use crate::sandbox::{DatabasePath, Sandbox, SandboxClock, SandboxOptions, Seed};

#[tokio::test]
async fn what_fails_in_a_shared_transaction_leaves_no_trace_and_takes_nothing_along() {
    let clock = SandboxClock::fixed(Instant::UNIX_EPOCH);
    let options = SandboxOptions::default();
    let sandbox = Sandbox::open(&DatabasePath::Memory, &Seed::default(), clock, options).expect("opens");
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
    let connection = sandbox.state.connection();
    assert!(connection.is_autocommit());
    let is_stored = |key| database::employee_of_key(&connection, key).expect("reads").is_some();
    assert_eq!(["stored", "refused", "broken", "stored as well"].map(is_stored), [true, false, false, true]);
}
