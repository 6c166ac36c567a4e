//! Real processes: killed without a word, asked to stop, and several at once.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cases::is_full;
use crate::repository::{Repository, copy, side_by_side};

/// The key that the embedded helpdesk accepts.
pub(crate) const KEY: &str = "5e7a9da0-0000-4000-8000-000000000001";

const DAY: &str = "2026-09-01";

/// A helpdesk in a process of its own, which says on standard error what befalls requests.
pub(crate) struct Served {
    process: Child,
    pub(crate) url: String,
    says: Receiver<String>,
}

impl Served {
    fn with(repository: &Repository, faults: &Value) -> Self {
        Self::accepting(repository, KEY, faults)
    }

    /// A helpdesk that accepts this key too.
    pub(crate) fn accepting(repository: &Repository, key: &str, faults: &Value) -> Self {
        Self::with_options(repository, key, faults, &json!({}))
    }

    /// A helpdesk with other options than the defaults.
    pub(crate) fn with_options(repository: &Repository, key: &str, faults: &Value, options: &Value) -> Self {
        repository.file("faults.json", &faults.to_string()).file("options.json", &options.to_string());
        let arguments = ["sandbox", "serve", "-v", "--db", "sandbox.db", "--key-from", "KEY"];
        let mut command = repository.program(&arguments);
        command.args(["--faults", "faults.json", "--options", "options.json"]).env("KEY", key);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let (sender, says) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { process, url: url.trim().to_owned(), says }
    }

    /// Ends it and gives what it said of calls to the script module of the tenant.
    pub(crate) fn calls(&mut self) -> Vec<String> {
        self.process.kill().unwrap();
        self.says.iter().filter(|line| line.contains("the script module was called")).collect()
    }

    /// Waits until a request is left without a response. Fails where none is for two minutes.
    pub(crate) fn fell_silent(&mut self) {
        let next = || self.says.recv_timeout(Duration::from_mins(2)).expect("it answered every request");
        while !next().contains("request left unanswered") {}
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // A process that is already gone is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Turns the example's settings towards a helpdesk in another process.
pub(crate) fn point(repository: &Repository, url: &str, more: &str) {
    let settings = format!(
        "timezone: Europe/Moscow\nlanguage: ru\nhelpdesk:\n  kind: itsm365\n  url: {url}\n  access_key: {{ env: KEY }}\n  \
         rehearsal: true\n  rate: 1000\n  concurrency: 1\n  search_lag: 0s\n{MAPPING}{more}"
    );
    repository.file("servanda.yaml", &settings);
    repository.expect(0, &["validate"]);
}

/// The embedded helpdesk, spelled out as any other tenant's.
pub(crate) const MAPPING: &str = "  agreement:
    class: agreement$agreement
    key: { attribute: inventoryNumber, prefix: \"sv:\" }
    attributes:
      { title: title, number: contractNumber, first_day: startDate, last_day: endDate, manager: responsible,
        provider: supplier, calendar: serviceTime, services: services, recipients: recipientsOU }
    states: { planned: planned, active: active, suspended: inactive, expired: inactive, terminated: inactive }
  dates: { form: date_time }
  sla_rules:
    class: agreementRule$agreementRule
    agreement: agreement
    service: service
    priority: priority
    calendar: serviceTime
    response: reactionTime
    resolution: resolutionTime
    interval: object
";

fn apply(repository: &Repository, more: &[&str]) -> Command {
    let mut command = repository.program(&[&["apply", "--yes", "--as-of", DAY], more].concat());
    command.env("KEY", KEY).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn plan(repository: &Repository) -> Value {
    let output =
        repository.program(&["plan", "--as-of", DAY, "--format", "json"]).env("KEY", KEY).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
    })
}

/// The plan is empty, and no agreement is there twice.
#[track_caller]
fn assert_converged(repository: &Repository) {
    let plan = plan(repository);
    assert_eq!(plan["plan"]["changes"], json!([]));
    assert_eq!(plan["plan"]["blocked"], json!([]), "no mark is there twice");
}

#[test]
fn a_run_that_is_killed_leaves_nothing_that_the_next_one_does_not_fix() {
    let points: Vec<(u64, bool)> = if is_full() {
        (8..150).flat_map(|number| [(number, false), (number, true)]).collect()
    } else {
        [(9, false), (24, true)].into()
    };
    for (number, done) in points {
        let repository = Repository::example();
        let faults = json!([{ "at": number, "effect": { "silence": { "done": done } } }]);
        let mut served = Served::with(&repository, &faults);
        point(&repository, &served.url, "");
        let mut killed = apply(&repository, &[]).spawn().unwrap();
        served.fell_silent();
        killed.kill().unwrap();
        assert!(killed.wait().unwrap().code().is_none(), "it was still running");
        // Before the first write there is none.
        let journal =
            std::fs::read_to_string(repository.root().join(".servanda/journal.jsonl")).unwrap_or_default();
        assert!(journal.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{journal}");
        let again = apply(&repository, &[]).output().unwrap();
        assert_eq!(again.status.code(), Some(0), "{number}: {}", String::from_utf8_lossy(&again.stderr));
        assert_converged(&repository);
    }
}

#[test]
#[cfg(unix)]
fn a_run_that_is_asked_to_stop_says_how_far_it_came() {
    side_by_side([("-TERM", 143), ("-INT", 130)], |(signal, code)| {
        let repository = Repository::example();
        let faults = json!([{ "at": 30, "effect": { "silence": { "done": true } } }]);
        let mut served = Served::with(&repository, &faults);
        point(&repository, &served.url, "");
        let run = apply(&repository, &[]).spawn().unwrap();
        served.fell_silent();
        let asked = Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("The run ended early: a signal requested it."), "{text}");
        let journal = repository.read(".servanda/journal.jsonl");
        let last: Value = serde_json::from_str(journal.lines().last().unwrap()).unwrap();
        assert_eq!((&last["event"], &last["stopped"]), (&json!("closed"), &json!("signal")));
        let again = apply(&repository, &[]).output().unwrap();
        assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stdout));
        assert_converged(&repository);
    });
}

#[test]
fn of_many_runs_at_once_each_comes_after_another() {
    let rounds: Vec<usize> = if is_full() { (0..200).collect() } else { [1, 4].into() };
    // Two at a time: most runs of a round wait for its lock.
    for rounds in rounds.chunks(2) {
        side_by_side(rounds.iter().copied(), many_runs_at_once);
    }
}

fn many_runs_at_once(round: usize) {
    let count = 2 + round % 7;
    let first = Repository::example();
    let served = Served::with(&first, &json!([]));
    let ledger = format!("ledger: {{ at: \"sqlite:{}\" }}\n", first.root().join("shared.sqlite").display());
    let are_same = round.is_multiple_of(2);
    let repositories: Vec<Repository> = (0..count).map(|number| variant(number, are_same)).collect();
    for repository in &repositories {
        point(repository, &served.url, &ledger);
    }
    let wait = ["--wait-lock", "120s", "--accept", "weakened=4"];
    let runs: Vec<Child> =
        repositories.iter().map(|repository| apply(repository, &wait).spawn().unwrap()).collect();
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let plans: Vec<Value> = repositories.iter().map(plan).collect();
    let is_empty = |plan: &&Value| plan["plan"]["changes"] == json!([]);
    let last = plans.iter().filter(is_empty).count();
    assert_eq!(last, if are_same { count } else { 1 }, "the state is that of whoever came last");
    assert!(plans.iter().all(|plan| plan["plan"]["blocked"] == json!([])), "no mark is there twice");
}

/// Whether a message names a run: the instant of its start, and eight random digits.
fn names_the_holder(message: &str) -> bool {
    message.split(|sign: char| " (),".contains(sign)).any(|word| {
        word.split_once("Z-").is_some_and(|(instant, random)| {
            instant.starts_with("20")
                && random.len() == 8
                && random.chars().all(|digit| digit.is_ascii_hexdigit())
        })
    })
}

#[test]
fn a_run_that_does_not_wait_names_the_one_that_holds_the_lock() {
    let repository = Repository::example();
    let faults = json!([{ "at": 20, "effect": { "silence": { "done": true } } }]);
    let mut served = Served::with(&repository, &faults);
    point(&repository, &served.url, "");
    let mut first = apply(&repository, &[]).spawn().unwrap();
    served.fell_silent();
    let second = apply(&repository, &[]).output().unwrap();
    assert_eq!(second.status.code(), Some(8));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(names_the_holder(&said) && said.contains("--wait-lock"), "{said}");
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(apply(&repository, &[]).output().unwrap().status.code(), Some(0), "a dead run holds nothing");
}

#[test]
fn of_two_scheduled_runs_one_does_the_work_and_the_other_says_whose_turn_it_is() {
    let repository = Repository::example();
    let faults = json!([{ "at": 20, "effect": { "silence": { "done": true } } }]);
    let mut served = Served::with(&repository, &faults);
    point(&repository, &served.url, "");
    let run = |more: &[&str]| {
        let mut program =
            repository.program(&[&["run", "--init-ledger", "--as-of", "2026-09-01"], more].concat());
        program.env("KEY", KEY).stdout(Stdio::null()).stderr(Stdio::piped());
        program
    };
    let mut first = run(&[]).spawn().unwrap();
    served.fell_silent();
    let second = run(&[]).output().unwrap();
    assert_eq!(second.status.code(), Some(8));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(names_the_holder(&said), "it names the holder: {said}");
    let waiting = run(&["--wait-lock", "2m"]).spawn().unwrap();
    first.kill().unwrap();
    first.wait().unwrap();
    let waited = waiting.wait_with_output().unwrap();
    assert_eq!(waited.status.code(), Some(0), "{}", String::from_utf8_lossy(&waited.stderr));
}

/// The example, or the example with titles of its own.
fn variant(number: usize, is_same: bool) -> Repository {
    let repository = Repository::empty();
    let example = Repository::example();
    copy(example.root(), &repository.root().to_owned());
    if !is_same {
        let template = "templates/support-standard.yaml";
        repository.edit(template, "договор", &format!("договор (вариант {number})"));
    }
    repository
}
