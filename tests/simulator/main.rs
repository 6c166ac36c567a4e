//! The shipped protocol of notices against a world in which everything goes wrong.
//!
//!     cargo test --test simulator                                 10,000 schedules, and the small interleavings
//!     cargo test --release --test simulator -- --schedules 1000000
//!     cargo test --release --test simulator -- --full             all interleavings, with all pairs of faults
//!     cargo test --test simulator -- --seed 42                    one schedule, told step by step
//!     cargo test --test simulator -- --flawed                     the same with a ledger that does not compare
//!
//! A schedule follows from its seed alone, so that one that fails is told again byte for byte.
#![expect(clippy::print_stdout, reason = "a program that reports")]
#![expect(unused_crate_dependencies, reason = "they are for the other tests")]

mod interleavings;
mod random;
mod schedules;

use std::process::{Command, ExitCode, Output};

use schedules::Ledger;

/// How many schedules are tried where nobody says.
const USUAL_SCHEDULES: u64 = 10_000;
/// Takes a ledger that does not compare.
const FLAWED: &str = "--flawed";

#[expect(clippy::disallowed_methods, reason = "the arguments of a program of the tests")]
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
    let ledger = if is_flawed { Ledger::Forgets } else { Ledger::Compares };
    if let Some(seed) = value("--seed") {
        return schedules::replay(seed, ledger);
    }
    let schedules = value("--schedules").unwrap_or(USUAL_SCHEDULES);
    if is_flawed {
        return schedules::simulate(schedules, ledger);
    }
    a_flaw_is_found_and_told_twice_alike();
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

/// A ledger that does not compare lets notices be told twice. That is found, the seed is named, and what the seed tells
/// is the same to the byte each time.
#[expect(clippy::disallowed_methods, reason = "the program runs itself")]
fn a_flaw_is_found_and_told_twice_alike() {
    let program = std::env::current_exe().expect("the program that runs");
    let ask = |arguments: [&str; 2]| -> Output {
        Command::new(&program).args(arguments).arg(FLAWED).output().expect("it runs")
    };
    let found = ask(["--schedules", "1000"]);
    let text = String::from_utf8_lossy(&found.stdout).into_owned();
    let seed = text.strip_prefix("seed ").and_then(|rest| rest.split(' ').next());
    let seed = seed.unwrap_or_else(|| panic!("a flaw was not found: {text}"));
    let told = [ask(["--seed", seed]), ask(["--seed", seed])];
    assert!(!found.status.success() && !told[0].status.success());
    assert!(told[0].stdout == told[1].stdout, "seed {seed} is not told twice alike");
    assert!(String::from_utf8_lossy(&told[0].stdout).contains(" submit "), "each step is told");
    println!("a ledger that does not compare: seed {seed} fails, and is told twice alike");
}
