//! The counters of the server in the text format of Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The result of a request, as counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerResult {
    Entitled,
    NotEntitled,
    Ambiguous,
    /// A list of services.
    Listed,
    /// An invalid request.
    Refused,
}

/// The labels of [`AnswerResult`], in its order.
const RESULTS: [&str; 5] = ["entitled", "not_entitled", "ambiguous", "listed", "refused"];

/// The upper bounds of the duration buckets, in microseconds.
const BUCKETS: [u64; 6] = [50, 100, 250, 1_000, 5_000, 25_000];

/// The counters.
#[derive(Default)]
pub(super) struct Metrics {
    answers: [AtomicU64; RESULTS.len()],
    durations: [AtomicU64; BUCKETS.len()],
    total_microseconds: AtomicU64,
    loaded: AtomicU64,
    rejected: AtomicU64,
}

impl Metrics {
    /// Counts an answer and the time to produce it.
    pub(super) fn count_answer(&self, result: AnswerResult, duration: Duration) {
        let microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.answers[result as usize].fetch_add(1, Ordering::Relaxed);
        self.total_microseconds.fetch_add(microseconds, Ordering::Relaxed);
        if let Some(index) = BUCKETS.iter().position(|bound| microseconds <= *bound) {
            self.durations[index].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a workspace that replaced the one before.
    pub(super) fn count_loaded(&self) {
        self.loaded.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts newer files that were rejected.
    pub(super) fn count_rejected(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    /// Formats all counters, with the state of the served workspace.
    pub(super) fn format(&self, is_stale: bool, agreements: usize) -> String {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut page = MetricsPage::default();
        page.describe("servanda_answers_total", "counter", "Answers by result.");
        for (result, counter) in RESULTS.iter().zip(&self.answers) {
            page.line(&format!("servanda_answers_total{{outcome=\"{result}\"}}"), read(counter));
        }
        page.describe("servanda_answer_seconds", "histogram", "Time to produce an answer.");
        let mut sum = 0;
        for (bound, counter) in BUCKETS.iter().zip(&self.durations) {
            sum += read(counter);
            page.line(&format!("servanda_answer_seconds_bucket{{le=\"{}\"}}", seconds(*bound)), sum);
        }
        let count: u64 = self.answers.iter().map(read).sum();
        page.line("servanda_answer_seconds_bucket{le=\"+Inf\"}", count);
        page.line("servanda_answer_seconds_sum", seconds(read(&self.total_microseconds)));
        page.line("servanda_answer_seconds_count", count);
        page.describe("servanda_workspaces_total", "counter", "Newer states of the files by result.");
        page.line("servanda_workspaces_total{result=\"loaded\"}", read(&self.loaded));
        page.line("servanda_workspaces_total{result=\"rejected\"}", read(&self.rejected));
        page.describe("servanda_stale", "gauge", "Whether newer files were rejected.");
        page.line("servanda_stale", u8::from(is_stale));
        page.describe("servanda_agreements", "gauge", "Number of served agreements.");
        page.line("servanda_agreements", agreements);
        page.0
    }
}

#[derive(Default)]
struct MetricsPage(String);

impl MetricsPage {
    fn describe(&mut self, name: &str, kind: &str, help: &str) {
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}").expect("writing to a string succeeds");
    }

    fn line(&mut self, sample: &str, value: impl std::fmt::Display) {
        writeln!(self.0, "{sample} {value}").expect("writing to a string succeeds");
    }
}

/// Microseconds as decimal seconds, without binary rounding.
fn seconds(microseconds: u64) -> String {
    format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000)
}
