//! Pull requests that reach for what is not theirs: none changes where to or as whom anything is done.

use std::io::ErrorKind;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::cases::{every, is_full};
use crate::processes::{Served, point};
use crate::repository::{Repository, Run};

const DAY: &str = "2026-09-01";
const KEY: &str = "the-key-of-the-planner";
const SETTINGS: &str = "servanda.yaml";
const EDITED: &str = "agreements/2026/severny-veter-2026.yaml";

/// What a pull request does, and what comes of it.
struct Attack {
    name: &'static str,
    /// What it does besides an honest edit. It gets the address of somebody who listens, and a folder that is not ours.
    act: fn(&Repository, &str, &str),
    ends: Ends,
}

/// How the plan for it ends.
enum Ends {
    /// As the honest edit alone would, with a red line for this file.
    Unmoved(&'static str),
    /// With another plan, and a red line for this file.
    Reported(&'static str),
    /// With this exit code, and no plan.
    Refused(i32),
}

use Ends::{Refused, Reported, Unmoved};

/// Replaces a line of the settings, or adds it.
fn set(repository: &Repository, key: &str, value: &str) {
    let text = repository.read(SETTINGS);
    let is_it = |line: &&str| line.trim_start().starts_with(&format!("{key}:"));
    let text = match text.lines().find(is_it) {
        Some(line) => {
            let indent = &line[..line.len() - line.trim_start().len()];
            text.replacen(line, &format!("{indent}{key}: {value}"), 1)
        }
        None => format!("{text}{key}: {value}\n"),
    };
    repository.file(SETTINGS, &text);
}

fn link(repository: &Repository, to: &str, path: &str) {
    let path = repository.root().join(path);
    let _ = std::fs::remove_file(&path);
    std::os::unix::fs::symlink(to, path).unwrap();
}

const ATTACKS: [Attack; 30] = [
    Attack {
        name: "the helpdesk's address",
        act: |r, evil, _| set(r, "url", &format!("http://{evil}/sd")),
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "another product",
        act: |r, _, _| {
            r.file(SETTINGS, "timezone: Europe/Moscow\nlanguage: ru\n");
        },
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "another key",
        act: |r, _, _| set(r, "access_key", "{ env: OTHER_SECRET }"),
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "a private network",
        act: |r, _, _| {
            set(r, "url", "https://10.0.0.5/sd");
            r.edit(SETTINGS, "  rate:", "  private_network: true\n  rate:");
        },
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "a certificate of its own",
        act: |r, _, _| {
            r.file("ca.pem", "mine").edit(SETTINGS, "ca_file: ./trusted.pem", "ca_file: ca.pem");
        },
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "another text of the trusted certificate",
        act: |r, _, _| {
            r.file("trusted.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        },
        ends: Unmoved("trusted.pem"),
    },
    Attack {
        name: "the mail server",
        act: |r, evil, _| {
            set(
                r,
                "mail",
                &format!(
                    "{{ url: \"smtp://{evil}\", from: \"a@evil.example\", allow: {{ catalog: true }} }}"
                ),
            );
        },
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "a webhook",
        act: |r, evil, _| set(r, "webhook", &format!("{{ url: \"http://{evil}/\" }}")),
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "a ledger in a file elsewhere",
        act: |r, _, theirs| set(r, "ledger", &format!("{{ at: \"sqlite:{theirs}/ledger.sqlite\" }}")),
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "a ledger on another remote",
        act: |r, evil, _| {
            set(r, "ledger", &format!("{{ at: \"git:http://{evil}/x.git#y\", secret: {{ env: KEY }} }}"));
        },
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "a program as a remote",
        act: |r, _, theirs| set(r, "ledger", &format!("{{ at: \"git:ext::sh -c touch% {theirs}/ran#y\" }}")),
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "loose guards",
        act: |r, _, _| {
            set(
                r,
                "guards",
                "{ weakened: 1000, orphans: 1000, deactivations: { more_than: 1000, and_share: 100% } }",
            );
        },
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "drift that is left",
        act: |r, _, _| {
            r.edit(SETTINGS, "  rate:", "  drift: report\n  rate:");
        },
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "another mark",
        act: |r, _, _| {
            r.edit(SETTINGS, "prefix: \"sv:\"", "prefix: \"\"");
        },
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "another attribute",
        act: |r, _, _| {
            r.edit(SETTINGS, "title: title", "title: description");
        },
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "other states",
        act: |r, _, _| {
            r.edit(SETTINGS, "expired: inactive", "expired: active");
        },
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "another time zone",
        act: |r, _, _| set(r, "timezone", "Pacific/Kiritimati"),
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "no settings",
        act: |r, _, _| {
            r.remove(SETTINGS);
        },
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "settings that lead elsewhere",
        act: |r, _, _| link(r, "/etc/passwd", SETTINGS),
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "settings that are no YAML",
        act: |r, _, _| {
            r.file(SETTINGS, "\t: ][");
        },
        ends: Unmoved(SETTINGS),
    },
    Attack {
        name: "a domain of one's own, and mail to it",
        act: |r, _, _| {
            set(r, "mail", "{ allow: { domains: [evil.example] } }");
            r.file(EDITED, &(r.read(EDITED) + "notices: { activated: { to: [a@evil.example] } }\n"));
        },
        ends: Refused(3),
    },
    Attack {
        name: "an agreement that leads elsewhere",
        act: |r, _, _| link(r, "/etc/passwd", "agreements/passwd.yaml"),
        ends: Refused(3),
    },
    Attack {
        name: "a path in extends",
        act: |r, _, _| {
            r.edit(EDITED, "extends: support-standard", "extends: ../../../etc/passwd");
        },
        ends: Refused(3),
    },
    Attack {
        name: "a title that includes",
        act: |r, _, _| {
            r.file(
                EDITED,
                &r.read(EDITED).replace("title: Honest", "title: \"{% include '/etc/passwd' %}\""),
            );
        },
        ends: Refused(3),
    },
    Attack {
        name: "a title that reads other fields",
        act: |r, _, _| {
            r.file(EDITED, &r.read(EDITED).replace("title: Honest", "title: \"{{ env.KEY }}\""));
        },
        ends: Refused(3),
    },
    Attack {
        name: "another object behind a slug",
        act: |r, _, _| {
            r.edit("catalog.yaml", "helpdesk: ou$7001", "helpdesk: ou$7099");
        },
        ends: Reported("catalog.yaml"),
    },
    Attack {
        name: "another address of a contact",
        act: |r, _, _| {
            r.edit("catalog.yaml", "boss@veter.example", "boss@evil.example");
        },
        ends: Reported("catalog.yaml"),
    },
    Attack {
        name: "a memory that is brought along",
        act: |r, _, _| {
            r.file(".servanda/ledger.sqlite", "mine");
        },
        ends: Unmoved(".servanda/ledger.sqlite"),
    },
    Attack {
        name: "another workflow",
        act: |r, _, _| {
            r.file(".github/workflows/apply.yml", "on: push\n");
        },
        ends: Unmoved(".github/workflows/apply.yml"),
    },
    Attack {
        name: "a filter for files",
        act: |r, _, theirs| {
            r.file(".gitattributes", "* filter=evil merge=evil diff=evil\n");
            r.file(".gitmodules", &format!("[submodule \"a\"]\n\tpath = a\n\turl = {theirs}\n"));
        },
        ends: Unmoved(".gitattributes"),
    },
];

/// The plan for a pull request: of the files on disk, or of a commit that is not checked out.
fn plan(repository: &Repository, more: &[&str]) -> Run {
    let arguments = [&["plan", "--as-of", DAY, "--format", "json"][..], more].concat();
    let mut program = repository.program(&arguments);
    program.env("KEY", KEY).env("OTHER_SECRET", "a-secret-of-somebody-else");
    let output = program.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// What is planned, without the name of the commit.
fn planned(run: &Run) -> Value {
    let mut plan: Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}\n{}", run.stdout, run.stderr));
    plan["plan"]["header"]["commit"].take();
    plan
}

fn files_reported(plan: &Value) -> Vec<&str> {
    plan["scope"]["red_lines"].as_array().unwrap().iter().map(|red| red["path"].as_str().unwrap()).collect()
}

#[test]
fn no_pull_request_says_where_to_or_as_whom() {
    let repository = Repository::example();
    let served = Served::accepting(&repository, KEY, &json!([]));
    point(
        &repository,
        &served.url,
        "  ca_file: ./trusted.pem\nmail: { allow: { domains: [acme.example], catalog: true } }\n",
    );
    repository.file("trusted.pem", "").file(".gitignore", "sandbox.db*\nfaults.json\n.servanda\n");
    repository.remove("faults.json");
    repository.git(&["init", "-q"]);
    repository.git(&["add", "."]);
    let base = repository.commit();
    let evil = TcpListener::bind("127.0.0.1:0").unwrap();
    evil.set_nonblocking(true).unwrap();
    let address = evil.local_addr().unwrap().to_string();
    let theirs = tempfile::tempdir().unwrap();
    let honest = |repository: &Repository| {
        repository.file(EDITED, &(repository.read(EDITED) + "title: Honest\n"));
    };
    honest(&repository);
    let expected = plan(&repository, &["--base", &base]);
    assert_eq!(expected.code, 0, "{}", expected.stderr);
    let expected = planned(&expected);
    assert_eq!(expected["plan"]["header"]["helpdesk"], served.url);
    assert_eq!(files_reported(&expected), Vec::<&str>::new());
    for (number, Attack { name, act, ends }) in every(3, ATTACKS.iter().enumerate()) {
        repository.git(&["checkout", "-q", "-f", "--detach", &base]);
        repository.git(&["clean", "-q", "-f", "-d", "agreements", "templates"]);
        honest(&repository);
        act(&repository, &address, theirs.path().to_str().unwrap());
        repository.git(&["add", "-A"]);
        if matches!(ends, Unmoved(".servanda/ledger.sqlite")) {
            repository.git(&["add", "-f", ".servanda/ledger.sqlite"]);
        }
        repository.git(&["commit", "-q", "-m", "x"]);
        let head = repository.git(&["rev-parse", "HEAD"]);
        // The commit alone, as a trusted job does it; and its files on disk, as one without secrets does. In a sample one of
        // the two.
        let is_readable = repository.root().join(SETTINGS).is_file();
        let is_on_disk = is_readable && (is_full() || number.is_multiple_of(2));
        let on_disk = is_on_disk.then(|| plan(&repository, &["--base", &base]));
        repository.git(&["checkout", "-q", "-f", "--detach", &base]);
        let is_in_memory = is_full() || !is_on_disk;
        let in_memory = is_in_memory.then(|| plan(&repository, &["--base", &base, "--head", &head]));
        for run in on_disk.iter().chain(&in_memory) {
            let reported = |file: &&str| -> Value {
                let plan = planned(run);
                assert!(files_reported(&plan).contains(file), "{name}: {:?}", files_reported(&plan));
                plan
            };
            match ends {
                Unmoved(file) => {
                    let plan = reported(file);
                    assert_eq!(plan["plan"], expected["plan"], "{name}");
                    assert_eq!((&plan["awaiting"], run.code), (&expected["awaiting"], 0), "{name}");
                }
                Reported(file) => {
                    assert_eq!(reported(file)["plan"]["header"]["helpdesk"], served.url, "{name}");
                }
                Refused(code) => assert_eq!(run.code, *code, "{name}: {}", run.stderr),
            }
            for secret in [KEY, "a-secret-of-somebody-else", "root:x:0"] {
                assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{name}: {secret}");
            }
        }
        assert_eq!(
            evil.accept().unwrap_err().kind(),
            ErrorKind::WouldBlock,
            "{name}: somebody was spoken to"
        );
        assert_eq!(theirs.path().read_dir().unwrap().count(), 0, "{name}: something was left elsewhere");
    }
}

#[test]
fn guards_hold_for_the_branch_that_loosens_them() {
    let repository = Repository::example();
    let base = repository.commit();
    repository.expect(0, &["apply", "--yes", "--as-of", DAY]);
    repository.edit("templates/support-premium.yaml", "resolution: 4h", "resolution: 9h");
    let plan = ["plan", "--as-of", DAY, "--format", "json"];
    assert_eq!(repository.json(4, &plan)["awaiting"][0]["guard"], "weakened");
    repository.edit(SETTINGS, "weakened: 0", "weakened: 1000");
    repository.expect(0, &plan);
    let held = repository.json(4, &[&plan[..], &["--base", &base]].concat());
    assert_eq!(
        (&held["awaiting"][0]["guard"], &held["awaiting"][0]["limit"]),
        (&json!("weakened"), &json!(0))
    );
}

/// The base names a certificate that it does not contain; the branch brings one along.
#[test]
fn certificates_come_from_the_base_however_their_path_is_written() {
    let itsm365 = "helpdesk: { kind: itsm365, url: https://acme.itsm365.com/sd, access_key: { env: KEY }, ca_file: PATH }";
    let itop = "helpdesk: { kind: itop, url: https://itop.acme.example, provider: acme-baltic, access_key: { env: KEY }, ca_file: PATH }";
    let ledger =
        "ledger: { at: \"postgres://me@db.acme.example/x\", secret: { env: LEDGER }, ca_file: PATH }";
    let paths = ["certs/ca.pem", "./certs/ca.pem", "agreements/../certs/ca.pem", "ROOT/certs/ca.pem"];
    for (number, (settings, code)) in [(itsm365, 1), (itop, 1), (ledger, 0)].into_iter().enumerate() {
        for path in every(3, paths.into_iter().cycle().skip(number).take(4)) {
            let repository = Repository::example();
            let path = path.replace("ROOT", repository.root().to_str().unwrap());
            let text =
                format!("timezone: Europe/Moscow\nlanguage: ru\n{}\n", settings.replace("PATH", &path));
            let base = repository.file(SETTINGS, &text).commit();
            repository
                .file("certs/ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
                .commit();
            let run = plan(&repository, &["--base", &base]);
            assert_eq!(run.code, code, "{path}: {}", run.stderr);
            let missing = format!("commit {} does not contain {path}", &base[..12]);
            assert!(run.stderr.contains(&missing), "{path}: {}", run.stderr);
            if code == 0 {
                assert!(files_reported(&planned(&run)).contains(&"certs/ca.pem"), "{path}");
            }
        }
    }
}
