//! Reports tests that could not run because a third-party program is missing. Shared with the tests of the ledger.

#![expect(clippy::disallowed_methods, reason = "the environment says whether every test must run")]

use std::io::Write as _;

/// Prints to standard error that a test proved nothing: the harness hides the output of passing tests. With
/// `SERVANDA_REQUIRE_ALL` set, the test fails instead.
pub(crate) fn did_not_run(what: &str, why: &str) {
    assert!(std::env::var_os("SERVANDA_REQUIRE_ALL").is_none(), "{why}");
    let line = format!("\nDID NOT RUN: {what}. {why}\n");
    std::io::stderr().write_all(line.as_bytes()).expect("standard error takes a line");
}
