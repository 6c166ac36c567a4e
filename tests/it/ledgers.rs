//! A memory that may have forgotten, in each place where it may lie: no mail, exit 4, and a word on how to go on.
//! Those in a file are in `notices.rs`.

use std::path::Path;
use std::process::Command;

use crate::missing::did_not_run;
use crate::notices::outbox;
use crate::postgres::Server;
use crate::repository::Repository;

/// What somebody does to a memory, and what the message has to say of it.
struct Case<'a> {
    name: &'static str,
    spoil: Box<dyn Fn() + 'a>,
    /// The secret of the runs that follow.
    secret: &'static str,
    says: &'static str,
}

const SECRET: &str = "a long random text";

impl<'a> Case<'a> {
    fn new(name: &'static str, says: &'static str, spoil: impl Fn() + 'a) -> Self {
        Self { name, spoil: Box::new(spoil), secret: SECRET, says }
    }
}

/// A repository that remembers at this place, and what it needs in its environment.
struct Estate {
    repository: Repository,
    place: (&'static str, String),
}

impl Estate {
    /// One with a witness in its helpdesk.
    fn remembering(at: &str, place: (&'static str, String)) -> Self {
        let repository = Repository::example();
        let settings = repository.read("servanda.yaml");
        let witness = "{ object: \"ou$6001\", attribute: idHolder }";
        let ledger = format!("ledger: {{ at: {at}, secret: {{ env: LEDGER_SECRET }}, witness: {witness} }}");
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

    /// Spoils it, runs, and begins anew.
    fn endures(&self, case: &Case<'_>) {
        let sent = outbox(&self.repository);
        assert!(!sent.is_empty(), "{}: something was sent before", case.name);
        (case.spoil)();
        for command in ["run", "notify"] {
            let said = self.expect(4, case.secret, &[command, "--as-of", "2026-09-29"]);
            assert!(said.contains(case.says), "{}: {said}", case.name);
            assert!(said.contains("--init-ledger"), "{} says how to go on: {said}", case.name);
            assert_eq!(outbox(&self.repository), sent, "{}: no mail", case.name);
        }
        self.expect(0, case.secret, &["run", "--init-ledger", "--as-of", "2026-09-29"]);
        assert_eq!(outbox(&self.repository), sent, "{}: earlier events are not sent", case.name);
        self.expect(0, case.secret, &["ledger", "verify"]);
    }

    /// Begins, lets `keep` keep what is there, and tells the first that is due.
    fn begin(&self, keep: impl Fn()) {
        self.expect(0, SECRET, &["run", "--init-ledger", "--as-of", "2026-09-01"]);
        keep();
        self.expect(0, SECRET, &["run", "--as-of", "2026-09-21"]);
    }
}

/// A bare repository with a branch, and somebody who may do anything to it.
struct Remote(tempfile::TempDir);

impl Remote {
    fn new() -> Self {
        let remote = Self(tempfile::tempdir().unwrap());
        remote.shell("git init --quiet --bare .");
        remote
    }

    fn path(&self) -> &Path {
        self.0.path()
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

/// Does something with each, side by side.
fn at_once<T: Send, const N: usize>(cases: [T; N], work: impl Fn(usize, T) + Sync) {
    std::thread::scope(|scope| {
        for (number, case) in cases.into_iter().enumerate() {
            let work = &work;
            scope.spawn(move || work(number, case));
        }
    });
}

/// Makes the branch a commit over the one that it is, from an index that `change` changes.
fn commit(change: &str, parent: &str) -> String {
    format!(
        "export GIT_INDEX_FILE=spoil.index; rm -f $GIT_INDEX_FILE; git read-tree $LEDGER; {change}; \
         git update-ref $LEDGER $(git commit-tree -m spoiled {parent} $(git write-tree))"
    )
}

#[test]
fn a_branch_that_may_have_forgotten_lets_no_mail_out() {
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
        ("gone", "has no beginning", "git update-ref -d $LEDGER"),
        ("emptied", "has no beginning", &emptied),
        ("truncated", "gone or were changed", &truncated),
        ("rewritten", "gone or were changed", &rewritten),
        ("replaced by an unrelated branch", "has no beginning", &unrelated),
        ("rolled back", "put back to an older state", "git update-ref $LEDGER refs/kept"),
    ];
    at_once(cases, |_, (name, says, script)| {
        let remote = Remote::new();
        let estate = Estate::remembering("\"git:origin#servanda-ledger\"", ("NOTHING", String::new()));
        estate.repository.git(&["init", "--quiet"]);
        estate.repository.git(&["remote", "add", "origin", &remote.path().to_string_lossy()]);
        estate.begin(|| remote.shell("git update-ref refs/kept $LEDGER"));
        estate.endures(&Case::new(name, says, || remote.shell(script)));
        if name == "gone" {
            let foreign = Case { secret: "another text", ..Case::new("foreign", "another secret", || {}) };
            estate.endures(&foreign);
        }
    });
}

#[test]
fn a_database_that_may_have_forgotten_lets_no_mail_out() {
    let server = match Server::start() {
        Ok(server) => server,
        Err(why) => return did_not_run("memories in a database", &why),
    };
    let one = "(SELECT key FROM servanda_entry WHERE key LIKE '%/notice/%' LIMIT 1)";
    let truncated = format!("DELETE FROM servanda_entry WHERE key = {one}");
    let rewritten =
        format!("UPDATE servanda_entry SET value = replace(value, 'sent', 'late') WHERE key = {one}");
    let restored = "TRUNCATE servanda_entry; INSERT INTO servanda_entry SELECT * FROM kept";
    let cases: [(&str, &str, &str); 6] = [
        ("gone", "has no beginning", "DROP TABLE servanda_entry"),
        ("emptied", "has no beginning", "TRUNCATE servanda_entry"),
        ("truncated", "gone or were changed", &truncated),
        ("rewritten", "gone or were changed", &rewritten),
        ("without a checksum", "no notice is sent", "DELETE FROM servanda_entry WHERE key = 'checksum'"),
        ("restored from an older dump", "put back to an older state", restored),
    ];
    at_once(cases, |number, (name, says, statement)| {
        let database = format!("ledger{number}");
        let estate = Estate::remembering("{ env: LEDGER_URL }", ("LEDGER_URL", server.database(&database)));
        let sql = |statement: &str| drop(server.sql(&database, statement));
        estate.begin(|| sql("CREATE TABLE kept AS SELECT * FROM servanda_entry"));
        estate.endures(&Case::new(name, says, || sql(statement)));
        if number == 0 {
            let foreign = Case { secret: "another text", ..Case::new("foreign", "another secret", || {}) };
            estate.endures(&foreign);
        }
    });
}
