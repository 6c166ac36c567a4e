//! Branches that attack through git and the file system: no code of theirs runs, and nothing outside of the repository is
//! read or written, whichever command meets them.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::cases::{every, is_full};
use crate::repository::{Repository, Run, copy};

const DAY: &str = "2026-09-01";
/// The folder of the repository within the work tree.
const ESTATE: &str = "estate";

/// A work tree with the example in a subfolder, and a folder that is not its own.
struct Scene {
    tree: Repository,
    outside: Repository,
    base: String,
}

impl Scene {
    /// The machine itself has a filter, a merge driver and a hook, which no branch may start.
    fn new() -> Self {
        let (tree, outside) = (Repository::empty(), Repository::empty());
        let example = Repository::example();
        std::fs::create_dir(tree.root().join(ESTATE)).unwrap();
        for name in ["servanda.yaml", "catalog.yaml", "templates", "calendars"] {
            copy(&example.root().join(name), &tree.root().join(ESTATE).join(name));
        }
        for name in ["2025/portovik-2025", "2026/portovik-2026", "2026/severny-veter-2026"] {
            let path = format!("agreements/{name}.yaml");
            tree.file(&format!("{ESTATE}/{path}"), &example.read(&path));
        }
        let base = tree.commit();
        outside.file("victim", "precious\n").file("2027/there.yaml", "client: portovik\n");
        let scene = Self { tree, outside, base };
        let touch = scene.touch();
        let config = scene.tree.read(".git/config");
        let evil = format!(
            "[filter \"evil\"]\n\tclean = \"{touch}; cat\"\n\tsmudge = \"{touch}; cat\"\n[merge \"evil\"]\n\tdriver = {touch}\n\
             [diff \"evil\"]\n\ttextconv = {touch}\n\tcommand = {touch}\n[core]\n\thooksPath = hooks\n"
        );
        scene.tree.file(".git/config", &(config + &evil));
        scene
    }

    fn canary(&self) -> PathBuf {
        self.outside.root().join("code-has-run")
    }

    /// The command by which code of the branch shows that it ran.
    fn touch(&self) -> String {
        format!("touch '{}'", self.canary().display())
    }

    fn estate(&self, path: &str) -> PathBuf {
        self.tree.root().join(ESTATE).join(path)
    }

    fn file(&self, path: &str, text: &str) {
        self.tree.file(&format!("{ESTATE}/{path}"), text);
    }

    /// A link to a path outside, in place of what is there.
    fn link(&self, path: &str, to: &str) {
        let path = self.estate(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = std::fs::remove_file(&path);
        let _ = std::fs::remove_dir_all(&path);
        symlink(self.outside.root().join(to), path).unwrap();
    }

    /// Commits all, with this message.
    fn commit(&self, message: &str) {
        self.tree.git(&["-c", "core.hooksPath=/dev/null", "add", "-A", "-f", "."]);
        self.tree.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", message]);
        // Git writes by the filter's name; what it did so far is no fault of the program.
        let _ = std::fs::remove_file(self.canary());
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut program = self.tree.program(arguments);
        let output = program.current_dir(self.estate("")).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// Plants the files of a bare repository, whose settings start a program at each occasion.
fn bare(scene: &Scene, folder: &str) {
    let other = Repository::empty();
    copy(Repository::example().root(), &other.root().to_path_buf());
    other.commit();
    let to = scene.estate(folder);
    for part in ["HEAD", "index", "objects", "refs"] {
        copy(&other.root().join(".git").join(part), &to.join(part));
    }
    scene.file(&format!("{folder}refs/keep"), "");
    let touch = scene.touch();
    let config = format!(
        "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = {tree}\n\tfsmonitor = \"{touch}\"\n\
         \tsshCommand = \"{touch}\"\n\tpager = \"{touch}\"\n[filter \"evil\"]\n\tclean = \"{touch}; cat\"\n",
        tree = to.display()
    );
    scene.file(&format!("{folder}config"), &config);
    scene.tree.file(".gitattributes", "*.yaml filter=evil\n");
}

/// How a plan for the pull request answers.
enum Answer {
    /// With a red line for this path from the top of the work tree.
    Red(&'static str),
    /// With the exit code of invalid files.
    Invalid,
}

use Answer::{Invalid, Red};

type Attack = (&'static str, fn(&Scene), Answer);

const ATTACKS: [Attack; 19] = [
    ("a bare repository beside the settings", |scene| bare(scene, ""), Red("estate/HEAD")),
    ("a bare repository among agreements", |scene| bare(scene, "agreements/"), Red("estate/agreements/HEAD")),
    (
        "attributes that select programs of the machine",
        |scene| scene.file(".gitattributes", "* filter=evil merge=evil diff=evil\n"),
        Red("estate/.gitattributes"),
    ),
    (
        "attributes at the top",
        |scene| _ = scene.tree.file(".gitattributes", "* filter=evil merge=evil diff=evil\n"),
        Red(".gitattributes"),
    ),
    (
        "a submodule that starts a program",
        |scene| {
            let touch = scene.touch();
            scene.tree.file(
                ".gitmodules",
                &format!("[submodule \"a\"]\n\tpath = a\n\turl = x\n\tupdate = !{touch}\n"),
            );
        },
        Red(".gitmodules"),
    ),
    (
        "a hook and a workflow at the top",
        |scene| {
            for hook in ["post-index-change", "reference-transaction", "pre-push", "post-checkout"] {
                let path = scene.tree.root().join("hooks").join(hook);
                scene.tree.file(&format!("hooks/{hook}"), &format!("#!/bin/sh\n{}\n", scene.touch()));
                Command::new("chmod").arg("+x").arg(path).status().unwrap();
            }
            scene.tree.file(".github/workflows/apply.yml", "on: push\n");
        },
        Red(".github/workflows/apply.yml"),
    ),
    ("a link for the machine's own folder", |scene| scene.link(".servanda", "2027"), Red("estate/.servanda")),
    (
        "a link for the journal",
        |scene| scene.link(".servanda/journal.jsonl", "victim"),
        Red("estate/.servanda/journal.jsonl"),
    ),
    (
        "a link for the ledger",
        |scene| scene.link(".servanda/ledger.sqlite", "ledger"),
        Red("estate/.servanda/ledger.sqlite"),
    ),
    (
        "a link for the lock",
        |scene| scene.link(".servanda/ledger.sqlite.lock", "victim"),
        Red("estate/.servanda/ledger.sqlite.lock"),
    ),
    (
        "a link for the sandbox",
        |scene| scene.link(".servanda/sandbox.db", "sandbox"),
        Red("estate/.servanda/sandbox.db"),
    ),
    ("a link for the outbox", |scene| scene.link(".servanda/outbox", "2027"), Red("estate/.servanda/outbox")),
    ("a link for a folder of agreements", |scene| scene.link("agreements/2027", "2027"), Invalid),
    ("a link for an agreement", |scene| scene.link("agreements/2026/portovik-2026.yaml", "victim"), Invalid),
    ("a link for the catalog", |scene| scene.link("catalog.yaml", "victim"), Invalid),
    (
        "a link where a command writes first",
        |scene| scene.link("agreements/2026/.portovik-2026.yaml.new", "victim"),
        Red("estate/agreements/2026/.portovik-2026.yaml.new"),
    ),
    ("a link for the texts of notices", |scene| scene.link("notices", "2027"), Invalid),
    (
        "another text for clients",
        |scene| scene.file("notices/ru.client.txt", "Pay to another account.\n"),
        Red("estate/notices/ru.client.txt"),
    ),
    (
        "a contact of another company",
        |scene| {
            let path = "agreements/2026/portovik-2026.yaml";
            let text = std::fs::read_to_string(scene.estate(path)).unwrap();
            scene.file(path, &format!("{text}contacts: {{ main: {{ helpdesk: \"employee$811\" }} }}\n"));
        },
        Red("estate/agreements/2026/portovik-2026.yaml"),
    ),
];

/// The commands that meet a branch: those of a reviewer, of the two jobs with a key, and of an editor.
const COMMANDS: [&[&str]; 6] = [
    &["status", "--as-of", DAY],
    &["plan", "--as-of", DAY],
    &["apply", "--yes", "--as-of", DAY],
    &["run", "--init-ledger", "--as-of", DAY],
    &["terminate", "portovik-2026", "--on", "2026-12-31"],
    &["renew", "--ending-within", "400", "--as-of", DAY],
];

fn red_lines(plan: &Value) -> Vec<&str> {
    plan["scope"]["red_lines"].as_array().unwrap().iter().map(|red| red["path"].as_str().unwrap()).collect()
}

#[test]
fn no_branch_runs_code_or_reaches_outside_of_the_repository() {
    for (number, (name, act, answer)) in every(2, ATTACKS.iter().enumerate()) {
        let scene = Scene::new();
        act(&scene);
        scene.commit("An honest message");
        let before = scene.outside.files();
        let planned = scene.run(&["plan", "--as-of", DAY, "--base", &scene.base, "--format", "json"]);
        match answer {
            Invalid => assert_eq!(planned.code, 3, "{name}: {}", planned.stderr),
            Red(path) => {
                // A folder of the machine that cannot be trusted is refused before the plan is made.
                let refused = planned.code == 1 && planned.stderr.contains("error[link-refused]");
                let plan: Value = serde_json::from_str(&planned.stdout).unwrap_or_default();
                assert!(refused || plan.is_object(), "{name}: {}", planned.stderr);
                let found = if refused { Vec::new() } else { red_lines(&plan) };
                assert!(refused || found.contains(path), "{name}: {found:?}\n{}", planned.stderr);
            }
        }
        // In a sample two of the commands, others for each branch.
        let commands =
            COMMANDS.iter().enumerate().filter(|(place, _)| is_full() || (number + place).is_multiple_of(3));
        for (_, command) in commands {
            let ran = scene.run(command);
            assert_ne!(ran.code, 101, "{name}: {command:?}: {}", ran.stderr);
            assert!(
                !ran.stdout.contains("precious") && !ran.stderr.contains("precious"),
                "{name}: {command:?}"
            );
            assert!(!scene.canary().exists(), "{name}: {command:?}: code has run");
            assert_eq!(scene.outside.files(), before, "{name}: {command:?}: something outside has changed");
        }
        let terminated = std::fs::read_to_string(scene.estate("agreements/2026/portovik-2026.yaml"));
        assert!(terminated.is_ok_and(|text| text != "precious\n") || matches!(answer, Invalid), "{name}");
    }
}

#[test]
fn a_link_is_refused_where_a_user_names_a_file_of_the_repository() {
    let scene = Scene::new();
    scene.link("out", "2027");
    scene.link("plan.json", "victim");
    let before = scene.outside.files();
    let refused = scene.run(&["plan", "--as-of", DAY, "--out", "out/plan.json"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("error[link-refused]"), "{}", refused.stderr);
    // The link itself is replaced, and not the file behind it.
    assert_eq!(scene.run(&["plan", "--as-of", DAY, "--out", "plan.json"]).code, 0);
    assert!(!scene.estate("plan.json").is_symlink());
    assert_eq!(scene.outside.files(), before);
}

#[test]
fn an_acknowledgement_in_a_commit_of_the_branch_is_a_red_line() {
    let scene = Scene::new();
    scene.commit("Edit\n\nservanda-accept: weakened=2\nSigned-off-by: A <a@example.org>");
    let plan = scene.run(&["plan", "--as-of", DAY, "--base", &scene.base, "--format", "json"]);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    let red = &plan["scope"]["red_lines"][0];
    assert_eq!((&red["line"], &red["what"]), (&json!(3), &json!({ "acknowledgement": "weakened=2" })));
}

/// The base is planned in memory: nothing of it is checked out.
#[test]
fn a_commit_that_is_not_checked_out_is_read_without_its_attributes() {
    let scene = Scene::new();
    scene.tree.file(".gitattributes", "* filter=evil merge=evil diff=evil\n");
    let path = "agreements/2026/portovik-2026.yaml";
    let text = std::fs::read_to_string(scene.estate(path)).unwrap();
    scene.file(path, &format!("{text}title: Theirs\n"));
    scene.commit("Theirs");
    let head = scene.tree.git(&["rev-parse", "HEAD"]);
    scene.tree.git(&["-c", "core.hooksPath=/dev/null", "checkout", "-q", "-f", "--detach", &scene.base]);
    // The merge driver of the attributes would be asked for this file. The attributes of the work tree count.
    scene.tree.file(".gitattributes", "* filter=evil merge=evil diff=evil\n");
    scene.file(path, &format!("# ours\n{text}"));
    scene.commit("Ours");
    let base = scene.tree.git(&["rev-parse", "HEAD"]);
    let _ = std::fs::remove_file(scene.canary());
    let plan = scene.run(&["plan", "--as-of", DAY, "--base", &base, "--head", &head, "--format", "json"]);
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(plan["scope"]["documents"], json!({ "portovik-2026": "changed" }));
    assert!(!scene.canary().exists(), "code has run");
}
