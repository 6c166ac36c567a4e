//! The forge that runs the jobs of a repository, and the files of these jobs.
//!
//! The texts are those that this repository uses itself; only what names this repository or its version is replaced.

use clap::ValueEnum;

/// The forge whose jobs check, plan, apply and notify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Host {
    /// GitHub
    Github,
    /// GitLab
    Gitlab,
    /// Gitea and Forgejo
    Gitea,
    /// Another forge, or none: no jobs are written
    None,
}

/// The path of GitLab's own file, which includes ours.
pub(crate) const GITLAB: &str = ".gitlab-ci.yml";
/// Our jobs for GitLab.
pub(crate) const GITLAB_JOBS: &str = "ci/gitlab.yml";
/// The path of the configuration of pre-commit.
pub(crate) const PRE_COMMIT: &str = ".pre-commit-config.yaml";
/// The path of the owners of files.
pub(crate) const OWNERS: &str = "CODEOWNERS";

const VERSION: &str = env!("CARGO_PKG_VERSION");
const VALIDATE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/.github/workflows/validate.yml"));
const PLAN: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/.github/workflows/plan.yml"));
const APPLY: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/.github/workflows/apply.yml"));
const SCHEDULE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/.github/workflows/schedule.yml"));
const GITEA_PLAN: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/ci/gitea-plan.yml"));
const GITLAB_CI: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/ci/gitlab.yml"));
const INSTALL: &str = include_str!("scaffold/install.yml");

impl Host {
    /// Finds the forge by the address of a remote: `https://gitlab.acme.example/…`, `git@github.com:…`.
    pub(crate) fn of(remote: &str) -> Option<Self> {
        let address = remote.split_once("://").map_or(remote, |(_, rest)| rest);
        let name = address.split(['/', ':']).next().unwrap_or_default();
        let name = name.rsplit('@').next().unwrap_or_default().to_lowercase();
        let hosts = [
            ("github", Self::Github),
            ("gitlab", Self::Gitlab),
            ("gitea", Self::Gitea),
            ("forgejo", Self::Gitea),
            ("codeberg", Self::Gitea),
        ];
        hosts.into_iter().find(|(word, _)| name.contains(word)).map(|(_, host)| host)
    }

    /// The location of the ledger: a branch of the forge, or a file of the machine that runs the jobs.
    pub(crate) const fn ledger(self) -> &'static str {
        match self {
            Self::Github | Self::Gitlab | Self::Gitea => "git:origin#servanda-ledger",
            Self::None => "sqlite:/var/lib/servanda/ledger.sqlite",
        }
    }

    /// The paths and texts of the jobs, of pre-commit, and of the owners of files. `branch` is the default branch.
    pub(crate) fn files(self, branch: &str, owners: &[String]) -> Vec<(String, String)> {
        let filled = |text: &str| filled(text, branch);
        let pre_commit = filled(include_str!("scaffold/pre-commit.yaml"));
        let mut files = match self {
            Self::Github => workflows(".github", [VALIDATE, PLAN, APPLY, SCHEDULE].map(filled)),
            Self::Gitea => {
                let [apply, schedule] = [APPLY, SCHEDULE].map(|text| without_what_gitea_lacks(&filled(text)));
                workflows(".gitea", [filled(VALIDATE), filled(GITEA_PLAN), apply, schedule])
            }
            Self::Gitlab => vec![
                (GITLAB_JOBS.to_owned(), of_this_version(GITLAB_CI)),
                (GITLAB.to_owned(), format!("include: {{ local: {GITLAB_JOBS} }}\n")),
            ],
            Self::None => Vec::new(),
        };
        files.push((PRE_COMMIT.to_owned(), pre_commit));
        if self != Self::None {
            files.push((OWNERS.to_owned(), self.owners(owners)));
        }
        files
    }

    /// The owners of the files that decide where agreements go, who gets mail, and what runs.
    fn owners(self, owners: &[String]) -> String {
        let (before, owners) =
            if owners.is_empty() { ("# ", "@owner".to_owned()) } else { ("", owners.join(" ")) };
        // Gitea reads regular expressions.
        let paths: [&str; 4] = match self {
            Self::Gitea => [r"servanda\.yaml", r"CODEOWNERS", r"\.gitea/.*", "notices/.*"],
            Self::Gitlab => ["/servanda.yaml", "/CODEOWNERS", "/.gitlab-ci.yml /ci/", "/notices/"],
            Self::Github | Self::None => ["/servanda.yaml", "/CODEOWNERS", "/.github/", "/notices/"],
        };
        let lines = paths.iter().flat_map(|paths| paths.split(' '));
        let lines = lines.map(|path| format!("{before}{path} {owners}\n"));
        let head = "# Who must approve changes of the settings, of this file, of the jobs and of the texts of notices.\n";
        std::iter::once(head.to_owned()).chain(lines).collect()
    }
}

fn workflows(folder: &str, texts: [String; 4]) -> Vec<(String, String)> {
    let names = ["validate", "plan", "apply", "schedule"];
    let files = names.into_iter().zip(texts);
    files.map(|(name, text)| (format!("{folder}/workflows/{name}.yml"), text)).collect()
}

/// A workflow of this repository for another one: it installs a release, and runs on the other's default branch.
fn filled(text: &str, branch: &str) -> String {
    text.replace("      - uses: ./\n", INSTALL)
        .replace("branches: [main]", &format!("branches: [{branch}]"))
        .replace("@VERSION@", VERSION)
}

/// The jobs of GitLab with the image of this version.
fn of_this_version(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once("SERVANDA_IMAGE: ") {
        Some((before, image)) => {
            let name = image.rsplit_once(':').map_or(image, |(name, _)| name);
            format!("{before}SERVANDA_IMAGE: {name}:{VERSION}\n")
        }
        None => format!("{line}\n"),
    });
    lines.collect()
}

/// The text without environments, which Gitea ignores, and without artifacts, whose action does not run there.
fn without_what_gitea_lacks(text: &str) -> String {
    let end = text
        .find("\n      - if: always()\n        uses: actions/upload-artifact@")
        .map_or(text.len(), |end| end + 1);
    text[..end].split_inclusive('\n').filter(|line| !line.starts_with("    environment:")).collect()
}
