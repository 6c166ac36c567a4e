//! Notices through the program, as a scheduled job runs it: each is sent once, and never by a ledger that cannot be trusted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::missing::did_not_run;
use crate::postgres::Server;
use crate::repository::{Repository, copy};

/// The messages in the outbox of the embedded helpdesk.
pub(crate) fn outbox(repository: &Repository) -> BTreeSet<String> {
    let Ok(entries) = std::fs::read_dir(repository.root().join(".servanda/outbox")) else {
        return BTreeSet::new();
    };
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// A repository with a ledger that was initialised on the first of September.
fn initialised() -> Repository {
    Repository::example_after(&["run", "--init-ledger", "--as-of", "2026-09-01"])
}

fn git(folder: &Path, arguments: &[&str]) {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_first_run_applies_and_sends_nothing_without_init_ledger() {
    let repository = Repository::example();
    let run = repository.expect(4, &["run", "--as-of", "2026-09-01"]);
    assert!(
        run.stdout.contains("20 done") && run.stderr.contains("error[ledger-uninitialised]"),
        "{}",
        run.stderr
    );
    let run = repository.expect(0, &["run", "--init-ledger", "--as-of", "2026-09-01"]);
    assert!(run.stdout.contains("none is due"), "{}", run.stdout);
    assert!(outbox(&repository).is_empty(), "past events are not announced");
}

#[test]
fn a_restricted_plan_announces_what_the_run_of_its_agreements_sends() {
    let repository = initialised();
    for (client, is_due) in [("portovik", false), ("dent-komfort", true)] {
        let json = |command: &str| {
            let command = [command, "--as-of", "2026-09-21", "--client", client, "--format", "json"];
            repository.json(0, &command)
        };
        let plan = json("plan");
        let counts = plan["announced"].as_array().unwrap().iter().map(|entry| entry["notices"].as_u64());
        let announced: u64 = counts.map(Option::unwrap).sum();
        let sent = json("run")["notices"]["sent"].as_array().unwrap().len();
        assert_eq!((announced, announced > 0), (sent as u64, is_due), "{client}: {}", plan["announced"]);
    }
}

#[test]
fn a_due_notice_is_sent_once_after_any_number_of_runs() {
    let repository = initialised();
    let run = repository.expect(0, &["run", "--as-of", "2026-09-21"]);
    assert!(
        run.stdout.contains("dental-2026/dent-komfort deactivated 2026-09-21 to client"),
        "{}",
        run.stdout
    );
    let first = outbox(&repository);
    assert!(!first.is_empty());
    for _ in 0..2 {
        let run = repository.expect(0, &["run", "--as-of", "2026-09-21"]);
        assert!(run.stdout.contains("none is due"), "{}", run.stdout);
    }
    assert_eq!(outbox(&repository), first);
    let mail = repository.read(&format!(".servanda/outbox/{}", first.first().unwrap()));
    assert!(mail.contains("Auto-Submitted: auto-generated") && mail.contains("text/html"), "{mail}");
}

/// One day with edits, dates and reminders, one on which nothing but reminders is due, and a day on which a guard stops one.
#[test]
fn a_plan_announces_exactly_what_the_run_sends() {
    let repository = initialised();
    let mut kinds = BTreeSet::new();
    let mut sent_by = |run: &serde_json::Value| {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for key in run["notices"]["sent"].as_array().unwrap() {
            let known = ["activated", "deactivated", "renewed", "expiring", "notice_deadline", "amended"];
            let mut parts = key.as_str().unwrap().split('/');
            let event = parts.find(|part| known.contains(part)).unwrap();
            *counts.entry(event.to_owned()).or_default() += 1;
        }
        kinds.extend(counts.keys().cloned());
        counts
    };
    let announced = |day: &str, code: i32| {
        let plan = repository.json(code, &["plan", "--as-of", day, "--format", "json"]);
        assert_eq!(plan["announced_at_most"], false);
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for entry in plan["announced"].as_array().unwrap() {
            let event = entry["event"].as_str().unwrap();
            *counts.entry(event.to_owned()).or_default() += entry["notices"].as_u64().unwrap();
        }
        counts
    };
    for (day, code) in [("2026-09-21", 0), ("2026-09-23", 0), ("2026-10-01", 0), ("2026-12-22", 4)] {
        if code == 4 {
            let path = "agreements/2026/severny-veter-2026.yaml";
            repository.file(path, &(repository.read(path) + "termination: { last_day: 2026-12-20 }\n"));
        }
        let expected = announced(day, code);
        let preview = repository.expect(0, &["notify", "--preview", "--as-of", day]);
        let run = repository.json(code, &["run", "--as-of", day, "--format", "json"]);
        let sent = sent_by(&run);
        assert_eq!(expected, sent, "{day}");
        assert!(
            code != 0 || preview.stdout.matches("── mail").count() > 0 || sent.is_empty(),
            "{}",
            preview.stdout
        );
        assert_eq!(announced(day, code), BTreeMap::new(), "what was sent is not announced again on {day}");
    }
    assert!(
        kinds.contains("expiring") && kinds.contains("deactivated") && kinds.contains("activated"),
        "{kinds:?}"
    );
    // Without the ledger, the notices about the changes are an upper bound.
    repository.expect(0, &["snapshot", "--out", "live.json"]);
    let plan = ["plan", "--as-of", "2027-06-01", "--snapshot", "live.json"];
    let run = repository.run(&plan);
    assert!(run.stdout.contains("at most (no ledger was read)"), "{}", run.stdout);
}

#[test]
fn a_run_reports_itself_for_programs() {
    let repository = initialised();
    let arguments =
        ["run", "--as-of", "2026-09-21", "--format", "json", "--report", "run.json", "--metrics", "run.prom"];
    let said = repository.json(0, &arguments);
    let written: serde_json::Value = serde_json::from_str(&repository.read("run.json")).unwrap();
    assert_eq!(said, written);
    assert_eq!((&said["format"], &said["exit"]), (&1.into(), &0.into()));
    assert!(!said["notices"]["sent"].as_array().unwrap().is_empty());
    assert!(!said.to_string().contains('@'), "it contains no address: {said}");
    assert!(repository.read("run.prom").contains("servanda_last_run_exit_code 0\n"));
}

/// A modification of a ledger.
type Spoil<'a> = Box<dyn Fn(&Repository) + 'a>;

/// Each modification and the code of its error.
#[test]
fn no_mail_is_sent_by_a_ledger_that_may_have_lost_records() {
    let ledger = ".servanda/ledger.sqlite";
    let gone = |repository: &Repository| {
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(repository.root().join(format!("{ledger}{ending}")));
        }
    };
    let sql = |statement: &'static str| {
        move |repository: &Repository| {
            let connection = rusqlite::Connection::open(repository.root().join(ledger)).unwrap();
            assert!(connection.execute(statement, ()).unwrap() > 0);
        }
    };
    let foreign = |repository: &Repository| {
        let settings = repository.read("servanda.yaml");
        repository.file("servanda.yaml", &format!("{settings}\nledger: {{ secret: {{ env: PATH }} }}\n"));
    };
    let cases: [(&str, Spoil<'_>, &str); 6] = [
        ("empty", Box::new(gone), "ledger-uninitialised"),
        ("truncated", Box::new(sql("DELETE FROM entry WHERE key LIKE '%/notice/%'")), "ledger-modified"),
        (
            "rewritten",
            Box::new(sql("UPDATE entry SET value = replace(value, 'sent', 'late')")),
            "ledger-modified",
        ),
        (
            "without a checksum",
            Box::new(sql("DELETE FROM entry WHERE key = 'checksum'")),
            "ledger-checksum-missing",
        ),
        ("added to", Box::new(sql("INSERT INTO entry VALUES ('more', '1')")), "ledger-modified"),
        ("foreign", Box::new(foreign), "ledger-secret-mismatch"),
    ];
    let begun = initialised();
    begun.expect(0, &["run", "--as-of", "2026-09-21"]);
    for (name, spoil, code) in cases {
        let repository = begun.duplicate();
        let before = outbox(&repository);
        spoil(&repository);
        for command in ["notify", "run"] {
            let run = repository.expect(4, &[command, "--as-of", "2026-09-29"]);
            assert!(
                run.stderr.contains(&format!("error[{code}]")) && run.stderr.contains("help:"),
                "{name}: {}",
                run.stderr
            );
        }
        assert_eq!(outbox(&repository), before, "{name}: no mail");
        if name != "foreign" {
            repository.expect(0, &["notify", "--init-ledger", "--as-of", "2026-09-29"]);
            assert_eq!(outbox(&repository), before, "{name}: past events are not announced");
            repository.expect(0, &["ledger", "verify"]);
        }
    }
}

#[test]
fn a_ledger_restored_from_a_backup_is_detected_by_its_witness() {
    let repository = Repository::example();
    let settings = repository.read("servanda.yaml");
    // A text attribute that the sandbox has and that nothing else uses.
    let ledger =
        "ledger: { at: \"sqlite:memory.sqlite\", witness: { object: \"ou$6001\", attribute: idHolder } }";
    repository.file("servanda.yaml", &format!("{settings}\n{ledger}\n"));
    repository.expect(0, &["run", "--init-ledger", "--as-of", "2026-09-01"]);
    let files =
        ["memory.sqlite", "memory.sqlite-wal", "memory.sqlite-shm"].map(|name| repository.root().join(name));
    let kept = files.clone().map(|path| std::fs::read(path).ok());
    repository.expect(0, &["run", "--as-of", "2026-09-21"]);
    let before = outbox(&repository);
    for (path, bytes) in files.iter().zip(&kept) {
        match bytes {
            Some(bytes) => std::fs::write(path, bytes).unwrap(),
            None => drop(std::fs::remove_file(path)),
        }
    }
    let run = repository.expect(4, &["run", "--as-of", "2026-09-29"]);
    assert!(run.stderr.contains("error[ledger-outdated]"), "{}", run.stderr);
    assert_eq!(outbox(&repository), before, "nothing is sent twice");
    repository.expect(0, &["run", "--init-ledger", "--as-of", "2026-09-29"]);
    repository.expect(0, &["run", "--as-of", "2026-09-30"]);
}

#[test]
fn two_machines_share_a_ledger_on_a_branch_and_send_everything_once() {
    let shared = tempfile::tempdir().unwrap();
    git(shared.path(), &["init", "--quiet", "--bare", "remote.git"]);
    let first = Repository::example();
    let settings = first.read("servanda.yaml");
    let ledger = "ledger: { at: \"git:origin#servanda-ledger\", secret: { env: SERVANDA_LEDGER_SECRET } }";
    first.file("servanda.yaml", &format!("{settings}\n{ledger}\n"));
    let second = Repository::empty();
    copy(first.root(), &second.root().to_owned());
    for repository in [&first, &second] {
        git(repository.root(), &["init", "--quiet"]);
        git(
            repository.root(),
            &["remote", "add", "origin", &shared.path().join("remote.git").to_string_lossy()],
        );
    }
    let run = |repository: &Repository, arguments: &[&str]| {
        let output = repository
            .program(arguments)
            .env("SERVANDA_LEDGER_SECRET", "a long random text")
            .output()
            .unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), said)
    };
    let (code, said) = run(&first, &["run", "--init-ledger", "--as-of", "2026-09-01"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(&first, &["run", "--as-of", "2026-09-21"]);
    assert_eq!(code, 0, "{said}");
    assert!(!outbox(&first).is_empty());
    // The second has a helpdesk of its own, which it fills first; the branch has the records of the sent notices.
    let (code, said) = run(&second, &["run", "--as-of", "2026-09-21", "--accept", "vanished=20"]);
    assert_eq!(code, 0, "{said}");
    assert!(outbox(&second).is_empty(), "{said}");
    let (code, said) = run(&second, &["ledger", "verify"]);
    assert_eq!(code, 0, "{said}");
    let log = Command::new("git")
        .arg("-C")
        .arg(shared.path().join("remote.git"))
        .args(["log", "-p", "servanda-ledger"])
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&log.stdout);
    assert!(
        log.contains("notice/") && !log.contains("client.example") && !log.contains("@sandbox"),
        "it contains no address"
    );
}

#[test]
fn a_ledger_in_a_database_works_and_sends_nothing_after_a_loss() {
    let server = match Server::start() {
        Ok(server) => server,
        Err(why) => return did_not_run("notices by a ledger in a database", &why),
    };
    let repository = Repository::example();
    let settings = repository.read("servanda.yaml");
    let ledger = "ledger: { at: { env: LEDGER_URL }, secret: { env: SERVANDA_LEDGER_SECRET } }";
    repository.file("servanda.yaml", &format!("{settings}\n{ledger}\n"));
    let address = server.database("ledger");
    let run = |code: i32, arguments: &[&str]| {
        let mut program = repository.program(arguments);
        program.env("SERVANDA_LEDGER_SECRET", "a long random text").env("LEDGER_URL", &address);
        let output = program.output().unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        said
    };
    run(4, &["run", "--as-of", "2026-09-01"]);
    run(0, &["run", "--init-ledger", "--as-of", "2026-09-01"]);
    run(0, &["run", "--as-of", "2026-09-21"]);
    let before = outbox(&repository);
    assert!(!before.is_empty());
    assert!(run(0, &["run", "--as-of", "2026-09-21"]).contains("none is due"));
    run(0, &["ledger", "verify"]);
    let kept = server.sql("ledger", "SELECT key, value FROM servanda_entry");
    assert!(kept.contains("notice/") && !kept.contains("client.example"), "it contains no address");
    let some = "SELECT key FROM servanda_entry WHERE key LIKE '%/notice/%' LIMIT 1";
    server.sql("ledger", &format!("DELETE FROM servanda_entry WHERE key = ({some})"));
    assert!(run(4, &["run", "--as-of", "2026-09-29"]).contains("error[ledger-modified]"));
    server.sql("ledger", "DROP TABLE servanda_entry");
    assert!(run(4, &["notify", "--as-of", "2026-09-29"]).contains("error[ledger-uninitialised]"));
    drop(server);
    let said = run(4, &["run", "--as-of", "2026-09-29"]);
    assert!(said.contains("error[ledger-unavailable]"), "the apply does not depend on the ledger: {said}");
    assert_eq!(outbox(&repository), before, "no mail");
}

#[test]
fn only_a_notice_in_doubt_can_be_resolved() {
    let repository = initialised();
    repository.expect(0, &["run", "--as-of", "2026-09-21"]);
    let in_doubt = repository.expect(0, &["ledger", "show", "--in-doubt"]);
    assert_eq!(in_doubt.stdout, "");
    let key = "notice/dental-2026~dent-komfort/deactivated/2026-09-21/-/client.main/mail";
    let run = repository.expect(1, &["notify", "resolve", key, "--sent"]);
    assert!(run.stderr.contains("is not in doubt"), "{}", run.stderr);
    repository.expect(1, &["notify", "resolve", "no/key", "--sent"]);
}

#[test]
fn a_preview_shows_every_message_and_sends_none() {
    let repository = initialised();
    let run = repository.expect(0, &["notify", "--preview", "--as-of", "2026-09-21"]);
    assert!(run.stdout.contains("приостановлено") && run.stderr.contains("none was sent"), "{}", run.stdout);
    repository.expect(0, &["notify", "--preview", "--write", "mails", "--as-of", "2026-09-21"]);
    let name = "2026-09-21-dental-2026.dent-komfort-deactivated-client.main";
    let index = repository.read("mails/index.html");
    for ending in ["html", "txt"] {
        assert!(!repository.read(&format!("mails/{name}.{ending}")).is_empty());
        assert!(index.contains(&format!("href=\"{name}.{ending}\"")), "{index}");
    }
    let both = [
        "notify",
        "--preview",
        "--write",
        "both",
        "--as-of",
        "2026-09-21",
        "--language",
        "ru",
        "--language",
        "en",
    ];
    repository.expect(0, &both);
    assert!(repository.read(&format!("both/{name}-ru.txt")).contains("приостановлено"));
    assert!(repository.read(&format!("both/{name}-en.txt")).contains("suspended"));
    assert!(outbox(&repository).is_empty());
}

#[test]
fn a_forecast_lists_what_the_runs_then_send() {
    let repository = initialised();
    let coming =
        repository.json(0, &["forecast", "--as-of", "2026-09-01", "--days", "21", "--format", "json"]);
    let listed: BTreeSet<String> = coming["coming"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|line| Some(format!("{} {}", line["agreement"].as_str()?, line["notice"].as_str()?)))
        .collect();
    let mut sent = BTreeSet::new();
    for day in 2..=22 {
        let report =
            repository.json(0, &["run", "--format", "json", "--as-of", &format!("2026-09-{day:02}")]);
        for key in report["notices"]["sent"].as_array().unwrap() {
            let parts: Vec<&str> = key.as_str().unwrap().split('/').collect();
            sent.insert(format!("{} {}", parts[1].replace('~', "/"), parts[2]));
        }
    }
    assert_eq!(listed, sent);
    let ics = repository
        .expect(0, &["forecast", "--as-of", "2026-09-01", "--days", "21", "--format", "ics"])
        .stdout;
    assert!(ics.starts_with("BEGIN:VCALENDAR\r\n") && ics.ends_with("END:VCALENDAR\r\n"));
    assert!(ics.contains("DTSTART;VALUE=DATE:20260914\r\nDTEND;VALUE=DATE:20260915\r\n"), "{ics}");
    assert!(ics.lines().all(|line| line.len() <= 75), "lines are folded");
}

#[test]
fn an_unreachable_monitor_changes_nothing_and_its_address_is_not_shown() {
    let repository = initialised();
    let mut program = repository.program(&["run", "--as-of", "2026-09-21", "-v"]);
    let output = program.env("SERVANDA_PING_URL", "http://127.0.0.1:1/secret-token").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("the monitor could not be reached") && !said.contains("secret-token"), "{said}");
}

#[test]
fn an_invalid_template_stops_before_any_mail() {
    let repository = initialised();
    repository.file("notices/ru.body.txt", "Здравствуйте!\n{% for notice in notice %}");
    let run = repository.expect(3, &["notify", "--as-of", "2026-09-21"]);
    assert!(
        run.stderr.contains("error[E510]") && run.stderr.contains("notices/ru.body.txt:2:"),
        "{}",
        run.stderr
    );
    assert!(outbox(&repository).is_empty());
}

#[test]
fn a_compacted_ledger_sends_nothing_again() {
    let repository = initialised();
    for day in
        ["2026-09-14", "2026-09-21", "2026-09-29", "2026-10-05", "2026-10-19", "2026-10-26", "2026-11-01"]
    {
        repository.expect(0, &["run", "--as-of", day]);
    }
    let mails = outbox(&repository);
    let lines = |repository: &Repository| repository.expect(0, &["ledger", "show"]).stdout.lines().count();
    let before = lines(&repository);
    let said = repository.expect(0, &["ledger", "compact"]).stdout;
    assert!(lines(&repository) < before && !said.starts_with("0 records"), "{said}");
    repository.expect(0, &["ledger", "verify"]);
    let again = repository.expect(0, &["ledger", "compact"]).stdout;
    assert!(again.starts_with("0 records deleted"), "{again}");
    let run = repository.expect(0, &["run", "--as-of", "2026-11-01"]);
    assert!(run.stdout.contains("none is due"), "{}", run.stdout);
    // Neither does another initialisation.
    repository.expect(0, &["run", "--init-ledger", "--as-of", "2026-11-01"]);
    repository.expect(0, &["run", "--as-of", "2026-11-01"]);
    assert_eq!(outbox(&repository), mails);
}

#[test]
fn the_helpdesk_gets_one_comment_for_each_agreement() {
    let repository = Repository::example();
    repository.edit("servanda.yaml", "\nnotices:\n", "\nnotices:\n  comment: private\n");
    repository.expect(0, &["run", "--init-ledger", "--as-of", "2026-09-01"]);
    let report = repository.json(0, &["run", "--as-of", "2026-09-21", "--format", "json"]);
    let sent: Vec<&str> =
        report["notices"]["sent"].as_array().unwrap().iter().filter_map(|key| key.as_str()).collect();
    let notices = sent.iter().filter(|key| key.ends_with("/everyone/helpdesk")).count();
    assert!(notices > 0, "{sent:?}");
    let comments = |repository: &Repository| -> Vec<String> {
        let desk = repository.root().join(".servanda/sandbox.db");
        let connection = rusqlite::Connection::open(desk).unwrap();
        let mut select = connection.prepare("SELECT body FROM object WHERE class = 'comment'").unwrap();
        select.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let first = comments(&repository);
    assert!(!first.is_empty() && first.len() <= notices, "one comment for each agreement");
    assert!(first.iter().all(|comment| comment.contains("servanda:")), "{first:?}");
    let run = repository.expect(0, &["run", "--as-of", "2026-09-21"]);
    assert!(run.stdout.contains("none is due"), "{}", run.stdout);
    assert_eq!(comments(&repository), first);
}
