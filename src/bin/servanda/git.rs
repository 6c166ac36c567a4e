//! The repository the files are in, asked through the git program: which commit they are of.
//!
//! Git is never needed: without it, or outside of a repository, a plan simply names no commit.
#![expect(clippy::disallowed_methods, reason = "the one place that starts another program")]

use std::path::Path;
use std::process::{Command, Stdio};

/// The commit that is checked out, with `+` behind it where files differ from it.
pub(crate) fn commit(root: &Path) -> Option<String> {
    let head = git(root, &["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(root, &["status", "--porcelain", "--", "."])?;
    Some(if changed.is_empty() { head } else { format!("{head}+") })
}

/// What git prints, if it is there and says yes. It is never asked to run hooks, pagers or prompts.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["-c", "core.fsmonitor=false", "--no-optional-locks"])
        .args(arguments)
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
