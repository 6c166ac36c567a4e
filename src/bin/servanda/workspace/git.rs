//! The git program: which commit the files are of, and whatever a ledger on a branch needs.
//!
//! A plan never needs it: without git, or outside of a repository, it simply names no commit. Hooks, pagers and
//! prompts are never run.
#![expect(clippy::disallowed_methods, reason = "the one place that starts another program")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The commit that is checked out, with `+` behind it where files differ from it.
pub(crate) fn commit(root: &Path) -> Option<String> {
    let head = git(root, &["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(root, &["status", "--porcelain", "--", "."])?;
    Some(if changed.is_empty() { head } else { format!("{head}+") })
}

/// The name of whoever works here, as git knows it.
pub(crate) fn user(root: &Path) -> Option<String> {
    git(root, &["config", "user.name"]).filter(|name| !name.is_empty())
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

/// The longest that one call of git may take, a slow network and all.
const LIMIT: Duration = Duration::from_mins(2);

/// More than this is no answer but an attempt to fill the memory.
pub(crate) const OUTPUT_LIMIT: u64 = 256 * 1024 * 1024;

/// What git said.
pub(crate) struct GitOutput {
    /// Its exit code; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) output: Vec<u8>,
    /// What it complained about.
    pub(crate) errors: String,
}

/// Runs git in a folder with this input. An error is that it could not be run, or not to its end.
pub(crate) async fn run(folder: &Path, arguments: &[&str], input: &[u8]) -> Result<GitOutput, String> {
    let failed = |error: std::io::Error| format!("git could not be run: {error}");
    let mut child = tokio::process::Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"])
        .args(["-c", "gc.auto=0", "-c", "maintenance.auto=false"])
        .args(arguments)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_LITERAL_PATHSPECS", "1")
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let mut stdin = child.stdin.take().expect("it was piped");
    let mut output = child.stdout.take().expect("it was piped").take(OUTPUT_LIMIT + 1);
    let mut errors = child.stderr.take().expect("it was piped").take(OUTPUT_LIMIT);
    let (mut said, mut complained) = (Vec::new(), Vec::new());
    let talk = async {
        let write = async {
            // Where git ended before it had read everything its exit code says why.
            let _ = stdin.write_all(input).await;
            drop(stdin);
            Ok(0)
        };
        tokio::try_join!(write, output.read_to_end(&mut said), errors.read_to_end(&mut complained))?;
        // What goes on printing is ended with the pipe that nobody reads any more.
        drop((output, errors));
        child.wait().await
    };
    let status = tokio::time::timeout(LIMIT, talk).await;
    let status = status.map_err(|_| "git did not end in time".to_owned())?.map_err(failed)?;
    if said.len() as u64 > OUTPUT_LIMIT {
        return Err("git printed more than anybody wants to read".to_owned());
    }
    Ok(GitOutput {
        code: status.code(),
        output: said,
        errors: String::from_utf8_lossy(&complained).trim().to_owned(),
    })
}
