//! The number of cases of a test: a sample, so that `cargo test` takes minutes, or all of them with `SERVANDA_FULL`.
//!
//! A module of the tests of all three crates. A sample is the same in every run.

/// Whether all cases are tried.
#[expect(clippy::disallowed_methods, reason = "a switch of the tests only")]
pub(crate) fn is_full() -> bool {
    std::env::var_os("SERVANDA_FULL").is_some()
}

/// The number of cases in a sample, or in full.
pub(crate) fn sample_of<N>(sample: N, full: N) -> N {
    if is_full() { full } else { sample }
}

/// Every so many-th case, from the first; in full each of them.
pub(crate) fn every<Case>(step: usize, cases: impl IntoIterator<Item = Case>) -> impl Iterator<Item = Case> {
    cases.into_iter().step_by(sample_of(step, 1))
}
