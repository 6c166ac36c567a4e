//! Counters of the server, as Prometheus reads them.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::state::Standing;

/// What an answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Entitled,
    NotEntitled,
    Ambiguous,
    /// A list of services.
    Listed,
    /// The question made no sense.
    Refused,
}

const OUTCOMES: [&str; 5] = ["entitled", "not_entitled", "ambiguous", "listed", "refused"];
/// Upper bounds of durations, in microseconds.
const BOUNDS: [u64; 6] = [50, 100, 250, 1_000, 5_000, 25_000];

/// The counters.
#[derive(Default)]
pub(crate) struct Metrics {
    answers: [AtomicU64; OUTCOMES.len()],
    within: [AtomicU64; BOUNDS.len()],
    microseconds: AtomicU64,
    taken_in: AtomicU64,
    refused: AtomicU64,
}

impl Metrics {
    /// Counts an answer and how long it took.
    pub(super) fn answered(&self, outcome: Outcome, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.answers[outcome as usize].fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(took, Ordering::Relaxed);
        if let Some(index) = BOUNDS.iter().position(|bound| took <= *bound) {
            self.within[index].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn taken_in(&self) {
        self.taken_in.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// The page of all counters.
    pub(super) fn page(&self, standing: &Standing) -> String {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut page = String::new();
        let mut say = |line: String| writeln!(page, "{line}").expect("a string takes all that is written");
        say(
            "# HELP servanda_answers_total Answers by what they were.\n# TYPE servanda_answers_total counter"
                .to_owned(),
        );
        for (outcome, counter) in OUTCOMES.iter().zip(&self.answers) {
            say(format!("servanda_answers_total{{outcome=\"{outcome}\"}} {}", read(counter)));
        }
        say("# HELP servanda_answer_seconds How long answers took to make.\n# TYPE servanda_answer_seconds histogram".to_owned());
        let mut sum = 0;
        for (bound, counter) in BOUNDS.iter().zip(&self.within) {
            sum += read(counter);
            say(format!("servanda_answer_seconds_bucket{{le=\"{}\"}} {sum}", seconds(*bound)));
        }
        let count: u64 = self.answers.iter().map(read).sum();
        say(format!("servanda_answer_seconds_bucket{{le=\"+Inf\"}} {count}"));
        say(format!("servanda_answer_seconds_sum {}", seconds(read(&self.microseconds))));
        say(format!("servanda_answer_seconds_count {count}"));
        say("# HELP servanda_estates_total Changes of the files, by what became of them.\n# TYPE servanda_estates_total counter".to_owned());
        say(format!("servanda_estates_total{{result=\"taken_in\"}} {}", read(&self.taken_in)));
        say(format!("servanda_estates_total{{result=\"refused\"}} {}", read(&self.refused)));
        say("# HELP servanda_stale Whether newer files were refused.\n# TYPE servanda_stale gauge".to_owned());
        say(format!("servanda_stale {}", u8::from(standing.refused.is_some())));
        say("# HELP servanda_agreements Agreements that are served.\n# TYPE servanda_agreements gauge"
            .to_owned());
        say(format!("servanda_agreements {}", standing.served.register.agreements().len()));
        page
    }
}

/// Microseconds as seconds, without the noise of binary fractions.
fn seconds(microseconds: u64) -> String {
    format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000)
}
