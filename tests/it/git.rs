//! Git in the repository of a test, independent of the machine's Git configuration.

use std::process::Command;

use crate::repository::Repository;

impl Repository {
    /// Runs git in the repository and returns its output.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.root()).args(["-c", "user.name=A", "-c", "user.email=a@example.org"]);
        git.args(["-c", "init.defaultBranch=main", "-c", "core.symlinks=true"]);
        git.args(["-c", "maintenance.auto=false"]).args(arguments).env_clear();
        git.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("GIT_CONFIG_NOSYSTEM", "1");
        let output = git.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        assert!(output.status.success(), "git {arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Commits all files, and returns the hash.
    #[track_caller]
    pub(crate) fn commit(&self) -> String {
        if !self.root().join(".git").exists() {
            self.git(&["init", "-q"]);
        }
        self.git(&["add", "-A", "-f", "."]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Checks a commit out.
    pub(crate) fn check_out(&self, commit: &str) {
        self.git(&["checkout", "-q", "--detach", commit]);
    }
}
