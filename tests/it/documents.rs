//! Runs the console blocks of the documentation: every `$ servanda …` of a page, in order, in a copy of the example. The
//! output must contain the lines shown below the command, in that order.
//!
//! A page with the comment `begins in an empty folder` starts in one. `...` stands for any lines; `# exits with N` after a
//! command gives an exit code other than 0.

use std::path::{Path, PathBuf};

use crate::repository::Repository;

/// A command of a page with the output that the page shows.
struct Shown {
    line: usize,
    arguments: Vec<String>,
    code: i32,
    output: Vec<String>,
}

fn shown(page: &str) -> Vec<Shown> {
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
            takes_output = command.starts_with("servanda ");
            if takes_output {
                let arguments =
                    command.split_whitespace().skip(1).map(|word| word.trim_matches('\'').to_owned());
                found.push(Shown {
                    line: number + 1,
                    arguments: arguments.collect(),
                    code,
                    output: Vec::new(),
                });
            }
        } else if inside && takes_output {
            found.last_mut().unwrap().output.push(line.trim().to_owned());
        }
    }
    found
}

fn check(page: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(page).unwrap();
    let begins_empty = text.contains("<!-- begins in an empty folder -->");
    let repository = if begins_empty { Repository::empty() } else { Repository::example() };
    let mut faults = Vec::new();
    for shown in shown(&text) {
        let place = format!("{}:{}", page.display(), shown.line);
        let arguments: Vec<&str> = shown.arguments.iter().map(String::as_str).collect();
        let run = repository.run(&arguments);
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
