//! Simulates the delivery protocol of notices under faults.
//!
//!     cargo test --test simulator                                 1,000 schedules, and all small interleavings
//!     cargo test --release --test simulator -- --schedules 1000000
//!     cargo test --release --test simulator -- --full             all interleavings, with all pairs of faults
//!     cargo test --test simulator -- --seed 42                    one schedule, printed step by step
//!     cargo test --test simulator -- --flawed                     schedules with a ledger without compare-and-set
//!
//! A schedule is determined by its seed, so that a failing one can be replayed byte for byte.
#![expect(clippy::print_stdout, reason = "the program reports on standard output")]
#![expect(unused_crate_dependencies, reason = "other tests use them")]

mod interleavings;
mod random;
mod schedules;

use std::process::{Command, ExitCode, Output};

use schedules::Ledger;

/// The default number of schedules.
const DEFAULT_SCHEDULES: u64 = 1_000;
/// Simulates a ledger without compare-and-set.
const FLAWED: &str = "--flawed";

#[expect(clippy::disallowed_methods, reason = "a test program reads its own arguments")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    if arguments.iter().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let is_flawed = arguments.iter().any(|argument| argument == FLAWED);
    let ledger = if is_flawed { Ledger::Overwrites } else { Ledger::Compares };
    if let Some(seed) = value("--seed") {
        return schedules::replay(seed, ledger);
    }
    let schedules = value("--schedules").unwrap_or(DEFAULT_SCHEDULES);
    if is_flawed {
        return schedules::simulate(schedules, ledger);
    }
    a_flaw_is_found_and_replayed_alike();
    let is_full = arguments.iter().any(|argument| argument == "--full");
    interleavings::enumerate(&[0, 0], if is_full { 2 } else { 1 });
    interleavings::enumerate(&[0, 16], if is_full { 2 } else { 1 });
    interleavings::enumerate(&[0, 61], if is_full { 2 } else { 1 });
    if is_full {
        interleavings::enumerate(&[0, 0, 0], 2);
        interleavings::enumerate(&[0, 16, 61], 1);
    }
    schedules::simulate(schedules, ledger)
}

/// A ledger without compare-and-set sends notices twice. The simulator finds that and names the seed, and the replay of
/// the seed prints the same bytes each time.
#[expect(clippy::disallowed_methods, reason = "the program runs itself")]
fn a_flaw_is_found_and_replayed_alike() {
    let program = std::env::current_exe().expect("the running program");
    let ask = |arguments: [&str; 2]| -> Output {
        Command::new(&program).args(arguments).arg(FLAWED).output().expect("it runs")
    };
    let found = ask(["--schedules", "1000"]);
    let text = String::from_utf8_lossy(&found.stdout).into_owned();
    let seed = text.strip_prefix("seed ").and_then(|rest| rest.split(' ').next());
    let seed = seed.unwrap_or_else(|| panic!("a flaw was not found: {text}"));
    let replays = [ask(["--seed", seed]), ask(["--seed", seed])];
    assert!(!found.status.success() && !replays[0].status.success());
    assert!(replays[0].stdout == replays[1].stdout, "the replays of seed {seed} differ");
    assert!(String::from_utf8_lossy(&replays[0].stdout).contains(" submit "), "each step is printed");
    println!("a ledger without compare-and-set: seed {seed} fails, and its replays are the same");
}
