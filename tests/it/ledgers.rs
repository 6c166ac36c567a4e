//! A ledger that may have lost records, in each kind of store: no mail, exit 4, and a help on how to continue.
//!
//! Ledgers in a file are tested in `notices.rs`.

use std::path::Path;
use std::process::Command;

use crate::cases::every;
use crate::missing::did_not_run;
use crate::notices::outbox;
use crate::postgres::Server;
use crate::repository::{Repository, copy, side_by_side};

/// A damage to a ledger, and the code of the failure that it causes.
struct Case<'a> {
    name: &'static str,
    damage: Box<dyn Fn() + 'a>,
    /// The secret of the runs that follow.
    secret: &'static str,
    code: &'static str,
}

const SECRET: &str = "a long random text";
/// A witness of the ledger in the helpdesk.
const WITNESS: &str = ", witness: { object: \"ou$6001\", attribute: idHolder }";
const BRANCH: &str = "\"git:origin#servanda-ledger\"";

impl<'a> Case<'a> {
    fn new(name: &'static str, code: &'static str, damage: impl Fn() + 'a) -> Self {
        Self { name, damage: Box::new(damage), secret: SECRET, code }
    }
}

/// A repository with a ledger, and the environment variable that it needs.
struct Fixture {
    repository: Repository,
    place: (&'static str, String),
}

impl Fixture {
    /// The same repository in another folder, with another place of the ledger.
    fn duplicate(&self, place: (&'static str, String)) -> Self {
        Self { repository: self.repository.duplicate(), place }
    }

    /// A repository with more settings of the ledger.
    fn with(at: &str, more: &str, place: (&'static str, String)) -> Self {
        let repository = Repository::example_after(&["apply", "--yes", "--as-of", "2026-09-01"]);
        let settings = repository.read("servanda.yaml");
        let ledger = format!("ledger: {{ at: {at}, secret: {{ env: LEDGER_SECRET }}{more} }}");
        repository.file("servanda.yaml", &format!("{settings}\n{ledger}\n"));
        Self { repository, place }
    }

    #[track_caller]
    fn expect(&self, code: i32, secret: &str, arguments: &[&str]) -> String {
        let mut program = self.repository.program(arguments);
        let output = program.env("LEDGER_SECRET", secret).env(self.place.0, &self.place.1).output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        said
    }

    /// A repository with a ledger on a branch of this remote.
    fn on_branch(remote: &Remote, more: &str) -> Self {
        let fixture = Self::with(BRANCH, more, ("NOTHING", String::new()));
        fixture.repository.git(&["init", "--quiet"]);
        fixture.repository.git(&["remote", "add", "origin", &remote.path().to_string_lossy()]);
        fixture
    }

    /// Damages the ledger, runs, and initialises it again.
    fn endures(&self, case: &Case<'_>) {
        let sent = outbox(&self.repository);
        assert!(!sent.is_empty(), "{}: something was sent before", case.name);
        (case.damage)();
        for command in ["run", "notify"] {
            let said = self.expect(4, case.secret, &[command, "--as-of", "2026-09-29"]);
            // The run before has written to the ledger, so that it has a checksum again.
            let is_written = (case.name, command) == ("without a checksum", "notify");
            let code = if is_written { "ledger-modified" } else { case.code };
            assert!(said.contains(&format!("error[{code}]")), "{}: {said}", case.name);
            assert!(said.contains("--init-ledger"), "{} has a help: {said}", case.name);
            assert_eq!(outbox(&self.repository), sent, "{}: no mail", case.name);
        }
        self.expect(0, case.secret, &["run", "--init-ledger", "--as-of", "2026-09-29"]);
        assert_eq!(outbox(&self.repository), sent, "{}: earlier events are not sent", case.name);
        self.expect(0, case.secret, &["ledger", "verify"]);
    }

    /// Initialises the ledger, lets `keep` copy it, and sends the first notice.
    fn begin(&self, keep: impl Fn()) {
        self.expect(0, SECRET, &["run", "--init-ledger", "--as-of", "2026-09-01"]);
        keep();
        self.expect(0, SECRET, &["run", "--as-of", "2026-09-21"]);
    }
}

/// A bare repository, and a shell in it.
struct Remote(tempfile::TempDir);

impl Remote {
    fn new() -> Self {
        let remote = Self(tempfile::tempdir().unwrap());
        remote.shell("git init --quiet --bare . && git config receive.autogc false");
        remote
    }

    /// A repository in another folder, with the same commits.
    fn duplicate(&self) -> Self {
        let remote = Self(tempfile::tempdir().unwrap());
        copy(self.path(), &remote.path().to_owned());
        remote
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// The number of commits of the ledger's branch.
    fn commits(&self) -> usize {
        let mut git = Command::new("git");
        git.args(["rev-list", "--count", "servanda-ledger"]).current_dir(self.path());
        String::from_utf8(git.output().unwrap().stdout).unwrap().trim().parse().unwrap()
    }

    /// Runs a script in it.
    fn shell(&self, script: &str) {
        let mut bash = Command::new("bash");
        bash.args(["-euc", script]).current_dir(self.path()).env("LEDGER", "refs/heads/servanda-ledger");
        for who in ["GIT_AUTHOR", "GIT_COMMITTER"] {
            bash.env(format!("{who}_NAME"), "somebody").env(format!("{who}_EMAIL"), "somebody@localhost");
        }
        let output = bash.output().unwrap();
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A script that replaces the branch by a commit of an index that `change` modifies.
fn commit(change: &str, parent: &str) -> String {
    format!(
        "export GIT_INDEX_FILE=damaged.index; rm -f $GIT_INDEX_FILE; git read-tree $LEDGER; {change}; \
         git update-ref $LEDGER $(git commit-tree -m damaged {parent} $(git write-tree))"
    )
}

#[test]
fn no_mail_is_sent_by_a_ledger_on_a_branch_that_may_have_lost_records() {
    let emptied = commit("git read-tree --empty", "-p $LEDGER");
    let truncated = commit(
        "git ls-files | grep /notice/ | head -1 | sed 's/^/0 0000000000000000000000000000000000000000\\t/' | git update-index --index-info",
        "-p $LEDGER",
    );
    let rewritten = commit(
        "file=$(git ls-files | grep /notice/ | head -1); \
         blob=$(git cat-file blob $LEDGER:\"$file\" | sed s/sent/late/ | git hash-object -w --stdin); \
         git update-index --cacheinfo 100644,$blob,\"$file\"",
        "",
    );
    let unrelated = commit(
        "git read-tree --empty; \
         git update-index --add --cacheinfo 100644,$(echo a page | git hash-object -w --stdin),README.md",
        "",
    );
    let cases: [(&str, &str, &str); 6] = [
        ("gone", "ledger-uninitialised", "git update-ref -d $LEDGER"),
        ("emptied", "ledger-uninitialised", &emptied),
        ("truncated", "ledger-modified", &truncated),
        ("rewritten", "ledger-modified", &rewritten),
        ("replaced by an unrelated branch", "ledger-uninitialised", &unrelated),
        ("rolled back", "ledger-outdated", "git update-ref $LEDGER refs/kept"),
    ];
    let begun_remote = Remote::new();
    let begun = Fixture::on_branch(&begun_remote, WITNESS);
    begun.begin(|| begun_remote.shell("git update-ref refs/kept $LEDGER"));
    side_by_side(every(3, cases), |(name, code, script)| {
        let remote = begun_remote.duplicate();
        let fixture = begun.duplicate(("NOTHING", String::new()));
        fixture.repository.git(&["remote", "set-url", "origin", &remote.path().to_string_lossy()]);
        fixture.endures(&Case::new(name, code, || remote.shell(script)));
        if name == "gone" {
            let foreign =
                Case { secret: "another text", ..Case::new("foreign", "ledger-secret-mismatch", || {}) };
            fixture.endures(&foreign);
        }
    });
}

#[test]
fn no_mail_is_sent_by_a_ledger_in_a_database_that_may_have_lost_records() {
    let server = match Server::start() {
        Ok(server) => server,
        Err(why) => return did_not_run("damaged ledgers in a database", &why),
    };
    let one = "(SELECT key FROM servanda_entry WHERE key LIKE '%/notice/%' LIMIT 1)";
    let truncated = format!("DELETE FROM servanda_entry WHERE key = {one}");
    let rewritten =
        format!("UPDATE servanda_entry SET value = replace(value, 'sent', 'late') WHERE key = {one}");
    let restored = "TRUNCATE servanda_entry; INSERT INTO servanda_entry SELECT * FROM kept";
    let cases: [(&str, &str, &str); 6] = [
        ("gone", "ledger-uninitialised", "DROP TABLE servanda_entry"),
        ("emptied", "ledger-uninitialised", "TRUNCATE servanda_entry"),
        ("truncated", "ledger-modified", &truncated),
        ("rewritten", "ledger-modified", &rewritten),
        (
            "without a checksum",
            "ledger-checksum-missing",
            "DELETE FROM servanda_entry WHERE key = 'checksum'",
        ),
        ("restored from an older dump", "ledger-outdated", restored),
    ];
    let begun = Fixture::with("{ env: LEDGER_URL }", WITNESS, ("LEDGER_URL", server.database("begun")));
    begun.begin(|| drop(server.sql("begun", "CREATE TABLE kept AS SELECT * FROM servanda_entry")));
    side_by_side(every(3, cases.into_iter().enumerate()), |(number, (name, code, statement))| {
        let database = format!("ledger{number}");
        let fixture = begun.duplicate(("LEDGER_URL", server.database_like(&database, "begun")));
        let sql = |statement: &str| drop(server.sql(&database, statement));
        fixture.endures(&Case::new(name, code, || sql(statement)));
        if number == 0 {
            let foreign =
                Case { secret: "another text", ..Case::new("foreign", "ledger-secret-mismatch", || {}) };
            fixture.endures(&foreign);
        }
    });
}

#[test]
fn a_rolled_back_branch_is_noticed_by_the_clone_that_has_seen_more() {
    let remote = Remote::new();
    let fixture = Fixture::on_branch(&remote, "");
    fixture.begin(|| remote.shell("git update-ref refs/kept $LEDGER"));
    remote.shell("git update-ref $LEDGER refs/kept");
    let said = fixture.expect(4, SECRET, &["ledger", "verify"]);
    assert!(said.contains("error[ledger-outdated]"), "{said}");
    fixture.expect(1, SECRET, &["doctor"]);
    fixture.endures(&Case::new("rolled back", "ledger-outdated", || {}));
}

#[test]
fn a_quiet_run_leaves_the_commits_of_its_lock_and_compacting_leaves_one() {
    for more in every(2, [WITNESS, ""]) {
        let remote = Remote::new();
        let fixture = Fixture::on_branch(&remote, more);
        fixture.begin(|| {});
        for day in ["2026-09-21", "2026-09-22", "2026-09-23"] {
            fixture.expect(0, SECRET, &["run", "--as-of", day]);
        }
        let sent = outbox(&fixture.repository);
        let before = remote.commits();
        fixture.expect(0, SECRET, &["run", "--as-of", "2026-09-23"]);
        assert!(remote.commits() <= before + 2, "a lock, and its release: {before} -> {}", remote.commits());
        fixture.expect(0, SECRET, &["ledger", "compact"]);
        assert!(remote.commits() <= 2, "the history, and the release of the lock: {}", remote.commits());
        fixture.expect(0, SECRET, &["ledger", "verify"]);
        fixture.expect(0, SECRET, &["run", "--as-of", "2026-09-23"]);
        assert_eq!(outbox(&fixture.repository), sent, "nothing is sent again");
    }
}

#[test]
fn a_witness_that_cannot_be_read_stops_notices_and_is_found_by_doctor() {
    let day = |day| ["run", "--as-of", day];
    let witnesses = [
        ("{ object: \"ou$6001\", attribute: noSuchAttribute }", "error[ledger-witness-unreadable]"),
        ("{ object: \"ou$999\", attribute: idHolder }", "error[ledger-witness-unreadable]"),
        // A text of people is not overwritten.
        ("{ object: \"ou$6001\", attribute: title }", "error[ledger-witness-taken]"),
    ];
    for (witness, expected) in every(3, witnesses) {
        let remote = Remote::new();
        let fixture = Fixture::on_branch(&remote, "");
        fixture.expect(0, SECRET, &["run", "--init-ledger", "--as-of", "2026-09-01"]);
        let settings = fixture.repository.read("servanda.yaml");
        let named =
            settings.replace("LEDGER_SECRET } }", &format!("LEDGER_SECRET }}, witness: {witness} }}"));
        assert_ne!(settings, named);
        fixture.repository.file("servanda.yaml", &named);
        for arguments in [&day("2026-09-21")[..], &["run", "--init-ledger", "--as-of", "2026-09-21"]] {
            let said = fixture.expect(4, SECRET, arguments);
            assert!(said.contains(expected), "{said}");
        }
        assert!(outbox(&fixture.repository).is_empty(), "no mail");
        let found = fixture.expect(1, SECRET, &["doctor", "--format", "json"]);
        let found: serde_json::Value = serde_json::from_str(&found).unwrap();
        let failed = found["checks"].as_array().unwrap().iter().filter(|line| line["status"] == "failed");
        assert_eq!(failed.map(|line| line["check"].clone()).collect::<Vec<_>>(), ["witness"]);
    }
}
