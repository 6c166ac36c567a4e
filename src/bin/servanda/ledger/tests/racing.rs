//! Real processes that race for the same keys: this very program of tests, started once more for each.
#![expect(clippy::disallowed_methods, reason = "starts processes and speaks to them")]

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use secrecy::SecretString;

use super::missing::did_not_run;
use super::server::Server;
use super::{Remote, swap};
use crate::cases::sample_of;
use crate::ledger::checksum::Checksummed;
use crate::ledger::git::GitLedger;
use crate::ledger::postgres::PostgresLedger;
use crate::ledger::sqlite::SqliteLedger;
use crate::ledger::store::{Entries, LedgerError, LedgerStore, Swap};

const PROCESSES: usize = 8;
const KEYS: usize = 1000;
/// The number of keys that a write claims: about what a busy morning has.
const AT_ONCE: usize = 50;
/// The variables that make a process of this program a racer: its number, and its place.
const NUMBER: &str = "SERVANDA_TEST_RACER";
const PLACE: &str = "SERVANDA_TEST_PLACE";

/// Claims every key that is free, some at a time, beginning elsewhere than the others. How many were won.
async fn race(ledger: &impl LedgerStore, number: usize) -> usize {
    let mut won = 0;
    let mut first = number * KEYS / PROCESSES;
    let mut left = KEYS.div_ceil(AT_ONCE);
    while left > 0 {
        let batch = (first..first + AT_ONCE).map(|key| format!("key/{}", key % KEYS));
        let taken = ledger.read("key/").await.expect("read");
        let free: Vec<String> = batch.filter(|key| !taken.contains_key(key)).collect();
        let swaps: Vec<Swap> = free.iter().map(|key| swap(key, None, Some(&number.to_string()))).collect();
        match ledger.write(&swaps).await {
            Ok(()) => won += swaps.len(),
            Err(LedgerError::Conflict(_)) => continue,
            Err(failed) => panic!("{failed}"),
        }
        (first, left) = (first + AT_ONCE, left - 1);
    }
    won
}

async fn race_at(place: &str, number: usize) -> usize {
    if place.starts_with("postgres://") {
        let ledger = PostgresLedger::at(&SecretString::from(place), None, None).expect("an address");
        return race(&Checksummed::over(ledger), number).await;
    }
    if let Some(clones) = place.strip_prefix("git:") {
        let clone = Path::new(clones).join(format!("clone-{number}"));
        return race(&Checksummed::over(GitLedger::at(&clone, "origin", "ledger")), number).await;
    }
    race(&Checksummed::over(SqliteLedger::at(place.into())), number).await
}

/// The part of one process, where it is started for that; else a race of one, who wins everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_racer() {
    let (Ok(number), Ok(place)) = (std::env::var(NUMBER), std::env::var(PLACE)) else {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("ledger.sqlite");
        assert_eq!(race_at(&place.to_string_lossy(), 3).await, KEYS);
        return;
    };
    let mut output = std::io::stdout();
    writeln!(output, "\nready").expect("said");
    std::io::stdin().lock().read_line(&mut String::new()).expect("the others are ready as well");
    let won = race_at(&place, number.parse().expect("a number")).await;
    writeln!(output, "\nwon {won}").expect("said");
}

/// Starts a racer and waits until it is ready.
fn racer(number: usize, place: &str) -> (Child, BufReader<ChildStdout>) {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--exact", "ledger::tests::racing::one_racer", "--nocapture"]);
    command.env(NUMBER, number.to_string()).env(PLACE, place);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("started");
    let mut says = BufReader::new(process.stdout.take().expect("piped"));
    assert!(
        Read::by_ref(&mut says).lines().any(|line| line.is_ok_and(|line| line == "ready")),
        "it ended first"
    );
    (process, says)
}

/// Lets all of them go at once; each key is won once, and the ledger says by whom.
fn compete(place: &str) -> std::time::Duration {
    let racers: Vec<_> = (0..PROCESSES).map(|number| racer(number, place)).collect();
    let begun = std::time::Instant::now();
    let mut running = Vec::new();
    for (mut process, says) in racers {
        process.stdin.take().expect("piped").write_all(b"go\n").expect("it listens");
        running.push((process, says));
    }
    let mut won = 0;
    for (mut process, says) in running {
        // Its output is read to the end, so that it does not block.
        let said: Vec<String> = says.lines().map_while(Result::ok).collect();
        let mut counts = said.iter().filter_map(|line| line.strip_prefix("won ")?.parse::<usize>().ok());
        won += counts.next().unwrap_or_default();
        assert!(process.wait().expect("it ends").success());
    }
    assert_eq!(won, KEYS, "each key is won once");
    begun.elapsed()
}

/// The entries of the ledger afterwards; asserts that it is whole.
async fn kept<L: LedgerStore>(ledger: L) -> Entries {
    let ledger = Checksummed::over(ledger);
    assert_eq!(ledger.verify().await, Ok(Ok(())));
    ledger.read("key/").await.expect("read")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_eight_processes_that_race_for_a_thousand_keys_of_a_branch_each_is_won_once() {
    let remote = Remote::new().await;
    for number in 0..PROCESSES {
        remote.cloned(&format!("clone-{number}")).await;
    }
    let took = compete(&format!("git:{}", remote.0.path().display()));
    assert_eq!(kept(remote.in_clone("clone-0")).await.len(), KEYS);
    println!("8 processes, 1,000 keys of a branch: {:.1} s", took.as_secs_f32());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_eight_processes_that_race_for_a_thousand_keys_of_a_database_each_is_won_once() {
    let server = match Server::start() {
        Ok(server) => server,
        Err(why) => return did_not_run("eight processes and one database", &why),
    };
    let place = server.database("race");
    let took = compete(&place);
    let ledger = PostgresLedger::at(&SecretString::from(place), None, None).expect("an address");
    assert_eq!(kept(ledger).await.len(), KEYS);
    println!("8 processes, 1,000 keys of a database: {:.1} s", took.as_secs_f32());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_eight_processes_that_race_for_a_thousand_keys_of_a_file_each_is_won_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.sqlite");
    compete(&path.to_string_lossy());
    assert_eq!(kept(SqliteLedger::at(path)).await.len(), KEYS);
}

/// Whoever opens a file that is just being made waits for it, as for any other write.
#[test]
fn a_new_file_is_opened_by_many_at_once() {
    for _ in 0..sample_of(10, 40) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.sqlite");
        let gate = std::sync::Barrier::new(PROCESSES);
        std::thread::scope(|scope| {
            for number in 0..PROCESSES {
                let (path, gate) = (path.clone(), &gate);
                scope.spawn(move || {
                    let ledger = SqliteLedger::at(path);
                    let swaps = [swap(&format!("key/{number}"), None, Some("1"))];
                    gate.wait();
                    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
                    assert_eq!(runtime.block_on(ledger.write(&swaps)), Ok(()));
                });
            }
        });
    }
}
