//! Git as a child process: it inherits no secret, its arguments contain none, and the folder alone says which repository is
//! meant.

use std::fs;
use std::process::{Command, Output};

use crate::processes::point;
use crate::repository::Repository;

/// The variables that the settings name or that Servanda reads by itself, with values that occur nowhere else.
const SECRETS: [(&str, &str); 9] = [
    ("KEY", "canary-helpdesk-11"),
    ("LEDGER_SECRET", "canary-ledger-12"),
    ("MAIL_URL", "smtp://desk:canary-mail-13@127.0.0.1:9"),
    ("HOOK_URL", "http://127.0.0.1:9/hook/canary-hook-14"),
    ("HOOK_SECRET", "canary-hook-15"),
    ("SERVANDA_FORGE_TOKEN", "canary-forge-16"),
    ("SERVANDA_PING_URL", "http://127.0.0.1:9/canary-ping-17"),
    ("GITHUB_TOKEN", "canary-github-18"),
    ("GIT_LEDGER", "git:http://desk:canary-git-19@127.0.0.1:9/ledger.git#ledger"),
];

/// A git that records its environment and its arguments, and then does its work.
struct Recorder(tempfile::TempDir);

impl Recorder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let real = Command::new("sh").args(["-c", "command -v git"]).output().unwrap();
        let real = String::from_utf8(real.stdout).unwrap();
        let (place, real) = (folder.path().display(), real.trim());
        let script = format!(
            "#!/bin/sh\nenv >> '{place}/environment'\nprintf '%s\\n' \"$@\" >> '{place}/arguments'\nexec '{real}' \"$@\"\n"
        );
        let program = folder.path().join("git");
        fs::write(&program, script).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        Self(folder)
    }

    /// The search path with the recorder before everything else.
    fn path(&self) -> String {
        format!("{}:{}", self.0.path().display(), std::env::var("PATH").unwrap())
    }

    fn recorded(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap_or_default()
    }
}

#[cfg(unix)]
#[test]
fn git_gets_no_secret_in_its_environment_and_none_in_its_arguments() {
    let repository = Repository::example();
    point(
        &repository,
        "http://127.0.0.1:9/sd",
        "mail: { url: { env: MAIL_URL }, from: \"a@acme.example\", allow: { catalog: true } }\n\
         webhook: { url: { env: HOOK_URL }, secret: { env: HOOK_SECRET } }\n\
         ledger: { at: { env: GIT_LEDGER }, secret: { env: LEDGER_SECRET } }\n",
    );
    let base = repository.commit();
    let recorder = Recorder::new();
    let trace = repository.root().join("trace");
    for command in [
        &["plan", "--as-of", "2026-09-01"][..],
        &["plan", "--as-of", "2026-09-01", "--base", &base],
        &["run", "--init-ledger", "--as-of", "2026-09-01"],
        &["ledger", "show"],
        &["status", "--as-of", "2026-09-01"],
    ] {
        let mut program = repository.program(command);
        program.env("PATH", recorder.path()).env("GIT_TRACE", &trace).envs(SECRETS);
        assert!(!program.output().unwrap().status.success() || command[0] == "status", "{command:?}");
    }
    let (environment, arguments) = (recorder.recorded("environment"), recorder.recorded("arguments"));
    assert!(arguments.contains("ls-remote") && arguments.contains("rev-parse"), "{arguments}");
    // Git itself names what it starts in its trace: its transports get the address as an argument.
    let trace = fs::read_to_string(&trace).unwrap();
    assert!(trace.contains("remote-http") && trace.contains("http://127.0.0.1:9/ledger.git"), "{trace}");
    let login = "ZGVzazpjYW5hcnktZ2l0LTE5";
    for (name, text) in [("environment", &environment), ("arguments", &arguments), ("trace", &trace)] {
        assert!(!text.contains("canary"), "{name}: {text}");
        assert_eq!(text.contains(login), name == "environment", "{name}: only git itself gets its login");
    }
    for (variable, _) in SECRETS {
        assert!(!environment.contains(&format!("{variable}=")), "{variable}");
    }
}

fn succeeded(output: &Output) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn the_folder_says_which_repository_is_meant_and_no_variable_of_git() {
    let (own, foreign) = (Repository::empty(), Repository::empty());
    for remote in [&own, &foreign] {
        remote.git(&["init", "--quiet", "--bare"]);
    }
    let other = Repository::empty();
    other.git(&["init", "--quiet"]);
    other.git(&["remote", "add", "origin", &foreign.root().to_string_lossy()]);
    let repository = Repository::example();
    let settings = repository.read("servanda.yaml");
    let ledger = "ledger: { at: \"git:origin#ledger\", secret: { env: LEDGER_SECRET } }";
    repository.file("servanda.yaml", &format!("{settings}\n{ledger}\n"));
    repository.git(&["init", "--quiet"]);
    repository.git(&["remote", "add", "origin", &own.root().to_string_lossy()]);
    let folder = other.root().join(".git");
    let mut program = repository.program(&["run", "--init-ledger", "--as-of", "2026-09-01"]);
    program.env("LEDGER_SECRET", "a long random text").env("GIT_DIR", &folder).env("GIT_PREFIX", "x/");
    program.env("GIT_INDEX_FILE", folder.join("index")).env("GIT_WORK_TREE", other.root());
    program.env("GIT_COMMON_DIR", &folder).env("GIT_OBJECT_DIRECTORY", folder.join("objects"));
    succeeded(&program.output().unwrap());
    let branches = own.git(&["for-each-ref"]);
    assert!(branches.contains("refs/heads/ledger"), "{branches}");
    assert_eq!(foreign.git(&["for-each-ref"]), "");
    assert_eq!(other.git(&["for-each-ref"]), "");
}
