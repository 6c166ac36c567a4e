//! The shipped protocol of notices against a world in which everything goes wrong.
//!
//!     cargo test --test simulator                                 10,000 schedules, and the small interleavings
//!     cargo test --release --test simulator -- --schedules 1000000
//!     cargo test --release --test simulator -- --full             all interleavings, with all pairs of faults
//!     cargo test --test simulator -- --seed 42                    one schedule, told step by step
//!
//! A schedule follows from its seed alone, so that one that fails is told again byte for byte.
#![expect(clippy::print_stdout, reason = "a program that reports")]
#![expect(unused_crate_dependencies, reason = "they are for the other tests")]

mod interleavings;
mod random;
mod schedules;

use std::process::ExitCode;

/// How many schedules are tried where nobody says.
const USUAL_SCHEDULES: u64 = 10_000;

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
    if let Some(seed) = value("--seed") {
        return schedules::replay(seed);
    }
    let is_full = arguments.iter().any(|argument| argument == "--full");
    interleavings::enumerate(&[0, 0], if is_full { 2 } else { 1 });
    interleavings::enumerate(&[0, 16], if is_full { 2 } else { 1 });
    interleavings::enumerate(&[0, 61], if is_full { 2 } else { 1 });
    if is_full {
        interleavings::enumerate(&[0, 16, 61], 0);
        interleavings::enumerate(&[0, 16, 61], 1);
    }
    schedules::simulate(value("--schedules").unwrap_or(USUAL_SCHEDULES))
}
