//! Mail through an independent server: each arrives once, parses, and has the right text in both languages.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::missing::did_not_run;
use crate::repository::{Repository, Run};

/// The name of these tests if a program that they need is missing.
const TESTED: &str = "mails through a real server";

/// A mail server in a process of its own.
struct MailServer {
    process: Child,
    port: String,
    said: BufReader<std::process::ChildStdout>,
}

impl MailServer {
    /// Starts it; an error says what is missing.
    fn start() -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = root.join("target/smtp");
        if !folder.join("node_modules/smtp-server").exists() {
            return Err(
                "the mail server is missing: npm install --prefix target/smtp smtp-server@3 mailparser@3"
                    .to_owned(),
            );
        }
        let mut node = Command::new("node");
        node.arg(root.join("tests/it/smtp.cjs")).arg(folder).stdout(Stdio::piped());
        let mut process = node.spawn().map_err(|error| format!("node cannot be started: {error}"))?;
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut port = String::new();
        said.read_line(&mut port).unwrap();
        Ok(Self { process, port: port.trim().to_owned(), said })
    }

    /// The accepted mails. Each was printed before it was accepted, so that no waiting is needed.
    fn mails(mut self) -> Vec<Value> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let mut said = String::new();
        self.said.read_to_string(&mut said).unwrap();
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The example with this server, initialised on the first of September.
fn mailing(server: &MailServer, language: &str) -> Repository {
    let repository = Repository::example();
    repository.edit("servanda.yaml", "language: en", &format!("language: {language}"));
    repository.edit("templates/base-provider.yaml", "language: ru", &format!("language: {language}"));
    let settings = repository.read("servanda.yaml");
    let mail = format!(
        "mail: {{ url: \"smtp://127.0.0.1:{}\", from: \"Сервис-деск <sd@acme.example>\", allow: {{ catalog: true }}, rate: 60000, connections: 2 }}",
        server.port
    );
    repository.file("servanda.yaml", &format!("{settings}\n{mail}\n"));
    repository.expect(0, &["run", "--init-ledger", "--as-of", "2026-09-01"]);
    repository
}

fn text<'a>(mail: &'a Value, field: &str) -> &'a str {
    mail[field].as_str().unwrap_or_default()
}

/// The number of messages that a run reports as sent.
fn sent(run: &Run) -> usize {
    run.stdout.lines().filter(|line| line.trim_start().starts_with("sent ")).count()
}

#[test]
fn mails_arrive_once_with_the_right_text_in_both_languages() {
    for (language, sentence, greeting) in [
        (
            "ru",
            "Обслуживание по соглашению приостановлено с 21\u{a0}сентября 2026\u{a0}г. по 4\u{a0}октября",
            "Здравствуйте!",
        ),
        (
            "en",
            "Service under the agreement is suspended from 21\u{a0}September 2026 through 4\u{a0}October",
            "Hello,",
        ),
    ] {
        let server = match MailServer::start() {
            Ok(server) => server,
            Err(why) => return did_not_run(TESTED, &why),
        };
        let repository = mailing(&server, language);
        let run = repository.expect(0, &["run", "--as-of", "2026-09-21"]);
        let shown = repository.expect(0, &["ledger", "show"]).stdout;
        assert_eq!(shown.matches("  sent at ").count(), sent(&run));
        repository.expect(0, &["run", "--as-of", "2026-09-21"]);
        let mails = server.mails();
        assert!(!mails.is_empty() && mails.len() <= sent(&run), "one mail for each recipient");
        let connections: BTreeSet<&str> = mails.iter().map(|mail| text(mail, "connection")).collect();
        assert!(connections.len() <= 2 && connections.len() < mails.len(), "{connections:?}");
        let ids: BTreeSet<&str> = mails.iter().map(|mail| text(mail, "id")).collect();
        assert_eq!(ids.len(), mails.len(), "no mail came twice");
        for mail in &mails {
            assert_eq!(mail["to"].as_array().unwrap().len(), 1, "no recipient sees the others");
            assert_eq!(text(mail, "automatic"), "auto-generated");
            // A client with a language of its own is addressed in it.
            let is_english = mail["to"][0] == "ops@aurora-games.example";
            let greeting = if is_english { "Hello," } else { greeting };
            assert!(text(mail, "text").starts_with(greeting), "{mail}");
            assert!(text(mail, "html").contains("</html>"), "{mail}");
        }
        let said = |part: &str| mails.iter().any(|mail| text(mail, part).contains(sentence));
        assert!(said("text") && said("html"), "{mails:#?}");
        assert!(mails.iter().all(|mail| !text(mail, "subject").contains("=?")), "subjects are decoded");
    }
}

#[test]
fn a_refused_recipient_is_notified_by_a_later_run_and_the_others_at_once() {
    let server = match MailServer::start() {
        Ok(server) => server,
        Err(why) => return did_not_run(TESTED, &why),
    };
    let repository = mailing(&server, "en");
    let catalog = repository.read("catalog.yaml");
    let office = catalog.lines().find_map(|line| line.split("email: ").nth(1)?.split([' ', '}']).next());
    let office = office.expect("somebody has an address").to_owned();
    let (_, domain) = office.split_once('@').unwrap();
    for name in ["busy", "unknown"] {
        repository.file("catalog.yaml", &catalog.replace(&office, &format!("{name}@{domain}")));
        let run = repository.run(&["run", "--as-of", "2026-09-21"]);
        assert!(matches!(run.code, 0 | 6), "{}", run.stderr);
        assert!(!run.stdout.contains(&format!("{name}@")), "addresses are masked: {}", run.stdout);
    }
    repository.file("catalog.yaml", &catalog);
    repository.expect(0, &["run", "--as-of", "2026-09-21"]);
    let again = repository.expect(0, &["run", "--as-of", "2026-09-21"]);
    assert!(again.stdout.contains("none is due"), "{}", again.stdout);
}

#[test]
fn an_unanswered_mail_stays_in_doubt_until_a_person_resolves_it() {
    let server = match MailServer::start() {
        Ok(server) => server,
        Err(why) => return did_not_run(TESTED, &why),
    };
    let repository = mailing(&server, "en");
    let catalog = repository.read("catalog.yaml");
    repository.file("catalog.yaml", &with_local_part(&catalog, "lost"));
    let run = repository.expect(7, &["run", "--as-of", "2026-09-21"]);
    assert!(run.stdout.contains("  in doubt  "), "{}", run.stdout);
    let in_doubt = |repository: &Repository| -> Vec<String> {
        let shown = repository.expect(0, &["ledger", "show", "--in-doubt"]).stdout;
        shown.lines().filter(|line| line.starts_with("notice/")).map(str::to_owned).collect()
    };
    let keys = in_doubt(&repository);
    assert!(!keys.is_empty());
    let again = repository.expect(7, &["notify", "--as-of", "2026-09-21"]);
    assert!(again.stdout.contains(&keys[0]), "every run reports it: {}", again.stdout);
    for (number, key) in keys.iter().enumerate() {
        repository.expect(0, &["notify", "resolve", key, if number == 0 { "--resend" } else { "--sent" }]);
    }
    assert!(in_doubt(&repository).is_empty());
    repository.file("catalog.yaml", &catalog);
    let server = MailServer::start().unwrap_or_else(|why| panic!("{why}"));
    let settings = repository.read("servanda.yaml");
    let mail = settings.lines().find(|line| line.starts_with("mail:")).unwrap();
    let port = mail.split("127.0.0.1:").nth(1).unwrap().split('"').next().unwrap();
    repository.edit("servanda.yaml", port, &server.port);
    let run = repository.expect(0, &["run", "--as-of", "2026-09-21"]);
    let sent: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("  sent")).collect();
    assert!(!sent.is_empty(), "the resend is sent now: {}", run.stdout);
    assert!(!server.mails().is_empty());
}

#[test]
fn a_run_that_is_killed_while_several_mails_are_sent_leaves_each_of_them_in_doubt() {
    let mut server = match MailServer::start() {
        Ok(server) => server,
        Err(why) => return did_not_run(TESTED, &why),
    };
    let repository = mailing(&server, "en");
    let catalog = repository.read("catalog.yaml");
    repository.file("catalog.yaml", &with_local_part(&catalog, "silent"));
    let mut run = repository.program(&["run", "--as-of", "2026-09-21"]);
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Both connections wait for a response.
    let mut taken = BTreeSet::new();
    for _ in 0..2 {
        let mut line = String::new();
        server.said.read_line(&mut line).unwrap();
        let mail: Value = serde_json::from_str(&line).unwrap();
        taken.insert(text(&mail, "id").to_owned());
    }
    run.kill().unwrap();
    run.wait().unwrap();
    assert_eq!(taken.len(), 2, "two different mails");
    repository.file("catalog.yaml", &catalog);
    // The claims of the killed run have expired.
    let later = ["run", "--as-of", "2026-09-21T13:00:00+03:00"];
    let shown = repository.expect(7, &later);
    assert!(shown.stdout.contains("  in doubt  "), "{}", shown.stdout);
    repository.expect(7, &later);
    let mails = server.mails();
    let ids: BTreeSet<String> = mails.iter().map(|mail| text(mail, "id").to_owned()).collect();
    assert!(!mails.is_empty(), "the others were sent: {}", shown.stdout);
    assert_eq!(ids.len(), mails.len(), "no mail came twice");
    assert!(ids.is_disjoint(&taken), "those in doubt were not sent again");
}

/// The catalog with another name before the `@` of each address.
fn with_local_part(catalog: &str, name: &str) -> String {
    let renamed = catalog.split_inclusive('\n').map(|line| match (line.find("email: "), line.find('@')) {
        (Some(start), Some(at)) if start < at => format!("{}email: {name}{}", &line[..start], &line[at..]),
        _ => line.to_owned(),
    });
    renamed.collect()
}
