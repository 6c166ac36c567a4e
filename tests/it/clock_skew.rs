//! A machine whose clock is wrong: it sends, records and announces nothing, also where nothing is to be applied.

use crate::doctor::{line_of, with_clock_at};
use crate::processes::{KEY, point};
use crate::repository::{Repository, Run};

/// A date that no machine of today has.
const LONG_AGO: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

/// The example with a helpdesk that has nothing, answers everything, and sends this date.
fn with_date(date: &'static str) -> Repository {
    let repository = Repository::example();
    point(&repository, &with_clock_at(date), "");
    repository.edit("servanda.yaml", "rehearsal: true", "rehearsal: false");
    repository
}

fn run(repository: &Repository, arguments: &[&str]) -> Run {
    Run::of(repository.program(arguments).env("KEY", KEY))
}

#[test]
fn nothing_is_sent_recorded_or_announced_by_a_wrong_clock() {
    let key = "notice/dental-2026~dent-komfort/deactivated/2026-09-21/-/client.main/mail";
    for arguments in [
        &["run", "--init-ledger"][..],
        &["run"],
        &["notify", "--init-ledger"],
        &["notify"],
        &["notify", "resolve", key, "--sent"],
        &["apply", "--yes"],
        &["plan"],
        &["plan", "--out", "a.plan"],
    ] {
        let repository = with_date(LONG_AGO);
        let ended = run(&repository, arguments);
        assert_eq!(ended.code, 4, "{arguments:?}: {}{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains("error[clock-skew]"), "{arguments:?}: {}", ended.stderr);
        for path in [".servanda/ledger.sqlite", ".servanda/journal.jsonl", "a.plan"] {
            assert!(!repository.root().join(path).exists(), "{arguments:?} wrote {path}");
        }
    }
    // A plan for a day that was asked for does not depend on the clock.
    let ended = run(&with_date(LONG_AGO), &["plan", "--as-of", "2026-09-01"]);
    assert!(!ended.stderr.contains("clock-skew"), "{}", ended.stderr);
}

#[test]
fn a_helpdesk_without_a_readable_date_is_named() {
    let repository = with_date("yesterday, or so");
    for arguments in [&["run", "--init-ledger"][..], &["notify"], &["plan"]] {
        let ended = run(&repository, arguments);
        assert!(ended.stderr.contains("no readable time"), "{arguments:?}: {}", ended.stderr);
    }
    let found = run(&repository, &["doctor", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    let clock = line_of(&found, "clock");
    assert_eq!(clock["status"], "warning");
    let machines = line_of(&found, "machines");
    assert_eq!(machines["status"], "warning", "a ledger on one machine is named");
}
