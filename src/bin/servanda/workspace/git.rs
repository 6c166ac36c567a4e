//! Runs the git program: for the commit of the files, for pull requests, and for a ledger on a branch.
//!
//! A plan of the files on disk does not need it: without git, or outside of a repository, the plan names no commit.
//! Hooks, pagers and prompts are never run.
#![expect(clippy::disallowed_methods, reason = "the one place that starts another program")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The commit that is checked out, followed by `+` if files differ from it.
pub(crate) fn commit(root: &Path) -> Option<String> {
    let head = git(root, &["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(root, &["status", "--porcelain", "--", "."])?;
    Some(if changed.is_empty() { head } else { format!("{head}+") })
}

/// The user name of the Git configuration.
pub(crate) fn user(root: &Path) -> Option<String> {
    git(root, &["config", "user.name"]).filter(|name| !name.is_empty())
}

/// The output of git; `None` if it is not installed or fails.
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

/// The deadline of one call of git, including a slow network.
const LIMIT: Duration = Duration::from_mins(2);

/// The largest output that is read. More would only use up memory.
pub(crate) const OUTPUT_LIMIT: u64 = 256 * 1024 * 1024;

/// The result of a call of git.
pub(crate) struct GitOutput {
    /// The exit code; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) output: Vec<u8>,
    /// Standard error.
    pub(crate) errors: String,
}

/// Runs git in a folder with this input. Fails if git cannot be started, exceeds the deadline or prints too much; any exit
/// code is a success here.
pub(crate) async fn run(folder: &Path, arguments: &[&str], input: &[u8]) -> Result<GitOutput, String> {
    let failed = |error: std::io::Error| format!("cannot run git: {error}");
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
    let (mut printed, mut complaints) = (Vec::new(), Vec::new());
    let exchange = async {
        let write = async {
            // If git ends before it has read everything, its exit code tells why.
            let _ = stdin.write_all(input).await;
            drop(stdin);
            Ok(0)
        };
        tokio::try_join!(write, output.read_to_end(&mut printed), errors.read_to_end(&mut complaints))?;
        // Closing the pipes ends a process that would go on printing.
        drop((output, errors));
        child.wait().await
    };
    let status = tokio::time::timeout(LIMIT, exchange).await;
    let status = status.map_err(|_| "git exceeded its deadline".to_owned())?.map_err(failed)?;
    if printed.len() as u64 > OUTPUT_LIMIT {
        return Err("git printed more than 256 MiB".to_owned());
    }
    Ok(GitOutput {
        code: status.code(),
        output: printed,
        errors: String::from_utf8_lossy(&complaints).trim().to_owned(),
    })
}
