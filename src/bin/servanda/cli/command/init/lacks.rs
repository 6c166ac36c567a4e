//! The check of an existing repository against what `init` writes for a new one.

use std::fmt::Write as _;

use servanda::render::encode;

use super::host::{GITLAB, GITLAB_JOBS, OWNERS, PRE_COMMIT};
use crate::workspace::files;

/// One thing that the repository lacks.
pub(crate) struct Lack {
    /// The file that it concerns.
    pub(crate) path: String,
    /// The problem.
    pub(crate) message: String,
    /// Whether the file is missing, so that `init --add` writes it.
    pub(crate) is_missing: bool,
}

impl Lack {
    /// A file that exists and lacks something.
    pub(crate) fn within(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), message: message.into(), is_missing: false }
    }
}

/// Compares the files that `init` would write with those of the repository, which `read` returns by path.
pub(crate) fn of_files(expected: &[(String, String)], read: impl Fn(&str) -> Option<String>) -> Vec<Lack> {
    let mut lacks = Vec::new();
    for (path, text) in expected {
        match read(path) {
            None => {
                lacks.push(Lack { path: path.clone(), message: purpose(path).to_owned(), is_missing: true });
            }
            Some(found) => lacks.extend(of_file(path, text, &found)),
        }
    }
    lacks
}

/// The use of a file that is missing.
fn purpose(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name {
        "validate.yml" => "missing: no pull request is validated",
        "plan.yml" => "missing: no pull request gets a plan",
        "apply.yml" => "missing: no merge is applied",
        "schedule.yml" => "missing: nothing happens on the days that agreements name",
        _ => match path {
            GITLAB | GITLAB_JOBS => "missing: nothing is validated, planned or applied",
            PRE_COMMIT => "missing: commits are not validated",
            OWNERS => "missing: no owner must approve a change of the settings",
            ".gitignore" => "missing: files of this machine could be committed",
            _ if path.starts_with("schemas/") || path.starts_with(".vscode/") => {
                "missing: editors neither complete nor check"
            }
            _ => "missing",
        },
    }
}

/// Lists what an existing file lacks. Only what makes a difference is compared: the rest is its owner's.
fn of_file(path: &str, expected: &str, found: &str) -> Vec<Lack> {
    let mut lacks = Vec::new();
    if path.starts_with("schemas/") && expected != found {
        lacks.push(Lack::within(path, "differs from this version: run `servanda schema --out schemas`"));
        return lacks;
    }
    let folders = files::FOLDERS.iter().filter(|folder| names(expected, folder) && !names(found, folder));
    let folders: Vec<&str> = folders.copied().collect();
    if !folders.is_empty() {
        lacks.push(Lack::within(
            path,
            format!("does not name {}: edits there start nothing", folders.join(", ")),
        ));
    }
    if let Some(other) = other_version(expected, found) {
        let message = format!("installs {other}, and this is {}", env!("CARGO_PKG_VERSION"));
        lacks.push(Lack::within(path, message));
    }
    let missing = match path {
        ".gitignore" if !found.contains(files::OWN_FOLDER) => "does not ignore `.servanda/`",
        ".vscode/settings.json" if !found.contains("yaml.schemas") => "has no `yaml.schemas`",
        GITLAB if !found.contains(GITLAB_JOBS) => "does not include `ci/gitlab.yml`",
        OWNERS if !found.lines().any(|line| !line.starts_with('#') && line.contains("servanda")) => {
            "names no owner of servanda.yaml"
        }
        _ => return lacks,
    };
    lacks.push(Lack::within(path, missing));
    lacks
}

/// Whether a list of paths names a folder.
fn names(text: &str, folder: &str) -> bool {
    let is_list =
        |line: &&str| ["paths:", "changes:", "files:"].iter().any(|key| line.trim_start().starts_with(key));
    // A list may go on over the lines below its key.
    let at = text.lines().position(|line| is_list(&line));
    at.is_some_and(|at| text.lines().skip(at).take(20).any(|line| line.contains(folder)))
}

/// The version that a file installs, if it is not this one.
fn other_version<'a>(expected: &str, found: &'a str) -> Option<&'a str> {
    let this = env!("CARGO_PKG_VERSION");
    let beginnings =
        expected.lines().filter_map(|line| line.trim_start().split_once(this).map(|(before, _)| before));
    let found = beginnings.filter(|before| !before.is_empty()).find_map(|before| {
        let rest = found.lines().find_map(|line| line.trim_start().strip_prefix(before))?;
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && !".-+".contains(letter));
        Some(&rest[..end.unwrap_or(rest.len())])
    });
    found.filter(|version| *version != this)
}

/// The list, a line each.
pub(crate) fn text(lacks: &[Lack]) -> String {
    let mut text = String::new();
    for lack in lacks {
        writeln!(text, "{}: {}", encode::terminal(&lack.path), encode::terminal(&lack.message))
            .expect("a string takes all that is written");
    }
    text
}
