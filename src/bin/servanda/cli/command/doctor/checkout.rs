//! Checks the checkout: that git reads it with its history, and how its files differ from what is committed.

use std::path::Path;

use servanda::render::doctor::DoctorCheck;

use crate::process::context::Context;
use crate::workspace::git;

/// Variables by which a hook or another tool names a repository.
const NAMING: [&str; 4] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"];

/// Checks that git reads the checkout, with its history and line ends.
pub(super) async fn check(root: &Path) -> Vec<DoctorCheck> {
    let shallow = git::run(root, &["rev-parse", "--is-shallow-repository"], b"").await;
    match shallow {
        Err(why) => {
            vec![DoctorCheck::warning("git", why, "without git, a plan names no commit; install git")]
        }
        Ok(shallow) if shallow.code == Some(0) => {
            let mut found = vec![history(shallow.output.starts_with(b"true"))];
            found.extend(line_ends(root).await);
            found
        }
        Ok(shallow) if shallow.errors.contains("not a git repository") => {
            vec![DoctorCheck::ok("git", "the files are in no Git repository, so that a plan names no commit")]
        }
        Ok(shallow) => vec![DoctorCheck::failed(
            "git",
            git::complaint(&shallow.errors).to_owned(),
            Some(git::help(&shallow.errors).unwrap_or("run `git status` in the folder").to_owned()),
        )],
    }
}

fn history(is_shallow: bool) -> DoctorCheck {
    let message = "the clone is shallow; plans for pull requests and acknowledgements in commit messages need the history";
    if is_shallow {
        return DoctorCheck::warning("git", message, git::DEPTH_HELP);
    }
    let named: Vec<&str> = NAMING.into_iter().filter(|name| Context::variable(name).is_some()).collect();
    let message = "reads the checkout with its history";
    if named.is_empty() {
        return DoctorCheck::ok("git", message);
    }
    let named = named.join(", ");
    DoctorCheck::ok(
        "git",
        format!(
            "{message}; {named} of the environment is ignored, since the folder says which repository is meant"
        ),
    )
}

/// Reports files whose line ends differ from the committed ones, as `core.autocrlf` makes them.
async fn line_ends(root: &Path) -> Option<DoctorCheck> {
    let prefix = git::prefix(root);
    let mut list = vec!["ls-files", "--eol", "-z"];
    if !prefix.is_empty() {
        list.extend(["--", prefix.as_str()]);
    }
    let listed = git::run(root, &list, b"").await.ok().filter(|listed| listed.code == Some(0))?;
    let listed = String::from_utf8_lossy(&listed.output).into_owned();
    let converted = |line: &&str| {
        let mut words = line.split_whitespace();
        let committed = words.next().and_then(|word| word.strip_prefix("i/"));
        let found = words.next().and_then(|word| word.strip_prefix("w/"));
        matches!((committed, found), (Some("lf"), Some("crlf")) | (Some("crlf"), Some("lf")))
    };
    let converted = listed.split('\0').filter(converted).count();
    (converted > 0).then(|| {
        let message = format!(
            "the checkout converts line ends ({converted} files, as by core.autocrlf); files are compared as they are committed, so that this changes no plan"
        );
        DoctorCheck::ok("line-ends", message)
    })
}
