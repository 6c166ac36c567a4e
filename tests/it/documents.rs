//! Runs the console blocks of the documentation: every `$ servanda …` of a page, in order, in a copy of the example. The
//! output must contain the lines shown below the command, in that order.
//!
//! A page with the comment `begins in an empty folder` starts in one. With `with git and a forge`, a shell runs every line
//! that begins with `$`, and `FORGE` is the address of a forge. `...` stands for any lines; `# exits with N` after a command
//! gives an exit code other than 0.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::forge::Forge;
use crate::repository::{Repository, Run};

/// A command of a page with the output that the page shows.
struct Shown {
    line: usize,
    command: String,
    code: i32,
    output: Vec<String>,
}

impl Shown {
    /// The arguments of the program.
    fn arguments(&self) -> Vec<&str> {
        self.command.split_whitespace().skip(1).map(|word| word.trim_matches('\'')).collect()
    }
}

/// The comment of a page whose commands a shell runs.
const WITH_SHELL: &str = "with git and a forge -->";

fn shown(page: &str) -> Vec<Shown> {
    let takes_all = page.contains(WITH_SHELL);
    let mut found: Vec<Shown> = Vec::new();
    let mut inside = false;
    let mut takes_output = false;
    for (number, line) in page.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
            takes_output = false;
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            let (command, code) = match command.split_once("# exits with ") {
                Some((command, code)) => (command, code.trim().parse().unwrap()),
                None => (command, 0),
            };
            takes_output = takes_all || command.starts_with("servanda ");
            if takes_output {
                let command = command.to_owned();
                found.push(Shown { line: number + 1, command, code, output: Vec::new() });
            }
        } else if inside && takes_output {
            found.last_mut().unwrap().output.push(line.trim().to_owned());
        }
    }
    found
}

fn check(page: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(page).unwrap();
    let begins_empty = text.contains("<!-- begins in an empty folder");
    let repository = if begins_empty { Repository::empty() } else { Repository::example() };
    let shell = text.contains(WITH_SHELL).then(Shell::new);
    let mut faults = Vec::new();
    for shown in shown(&text) {
        let place = format!("{}:{}", page.display(), shown.line);
        let run = match &shell {
            Some(shell) => shell.run(&shown.command, &repository),
            None => repository.run(&shown.arguments()),
        };
        if run.code != shown.code {
            faults.push(format!(
                "{place}: exit {} instead of {}\n{}{}",
                run.code, shown.code, run.stdout, run.stderr
            ));
            continue;
        }
        let all = format!("{}{}", run.stdout, run.stderr);
        let mut lines = all.lines().map(str::trim);
        for expected in shown.output.iter().filter(|line| !line.is_empty() && *line != "...") {
            if !lines.any(|line| line == expected) {
                faults.push(format!(
                    "{place}: `{expected}` is not in the output, or not in this order:\n{all}"
                ));
                break;
            }
        }
    }
    faults
}

/// A shell with the program on its path, a user of git, and a forge with pull request 1.
struct Shell {
    home: Repository,
    forge: Forge,
}

impl Shell {
    fn new() -> Self {
        let home = Repository::empty();
        home.file("bin/.keep", "");
        let program = home.root().join("bin/servanda");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_servanda"), program).unwrap();
        Self { home, forge: Forge::serve("0") }
    }

    fn run(&self, command: &str, repository: &Repository) -> Run {
        let path = format!("{}/bin:{}", self.home.root().display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("bash");
        shell.args(["-c", command]).current_dir(repository.root()).env_clear().env("PATH", path);
        shell.env("HOME", self.home.root()).env("FORGE", &self.forge.url);
        shell.env("SERVANDA_FORGE_TOKEN", "a-token-of-the-forge");
        for role in ["AUTHOR", "COMMITTER"] {
            shell
                .env(format!("GIT_{role}_NAME"), "You")
                .env(format!("GIT_{role}_EMAIL"), "you@provider.example");
        }
        Run::of(&mut shell)
    }
}

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> =
        docs.filter(|path| path.extension().is_some_and(|found| found == "md")).collect();
    pages.extend(["README.md", "README.ru.md"].map(|page| root.join(page)));
    pages.sort();
    pages
}

#[test]
fn the_pages_show_the_actual_output() {
    let faults: Vec<String> = pages().iter().flat_map(|page| check(page)).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn a_page_with_another_output_is_detected() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.md");
    std::fs::write(&page, "```console\n$ servanda explain E301\nthis is never printed\n```\n").unwrap();
    assert_eq!(check(&page).len(), 1);
    std::fs::write(&page, "```console\n$ servanda nonsense\n```\n").unwrap();
    assert_eq!(check(&page).len(), 1);
}
