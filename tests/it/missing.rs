//! What a test says that could not run, since a program of others is missing.
//!
//! Shared by the tests of the program and those of its ledger.

#![expect(clippy::disallowed_methods, reason = "whether all is to run is said in the environment")]

use std::io::Write as _;

/// Says past the harness, which swallows what a passing test prints, that a test proved nothing. Where everything is to run it
/// fails.
pub(crate) fn did_not_run(what: &str, why: &str) {
    assert!(std::env::var_os("SERVANDA_REQUIRE_ALL").is_none(), "{why}");
    let line = format!("\nDID NOT RUN: {what}. {why}\n");
    std::io::stderr().write_all(line.as_bytes()).expect("standard error takes a line");
}
