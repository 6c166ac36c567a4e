//! A pull request as two sides: the base that it is to be merged into, and the files that it proposes.
//!
//! What says where to and as whom comes from the base, whatever the pull request says there: that is told as a red
//! line and not used.

use std::path::PathBuf;

use servanda::calendar::{Instant, Zone};
use servanda::check::CheckedRepository;
use servanda::diagnostic::{Diagnostics, FileId};
use servanda::ident::file_of;
use servanda::plan::scope::{RedLine, Scope, Side, Steered, red_line, red_lines_of_catalog};
use servanda::settings::{Product, Settings};

use crate::cli::Global;
use crate::helpdesk::connect;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::files::{self, Content, File};
use crate::workspace::git_tree::Commit;
use crate::workspace::load::{self, LoadedFiles, Workspace};

/// Files that tell how Servanda is run, or that hold its memory on one machine.
const RUNNING: [&str; 10] = [
    ".github/actions",
    ".github/workflows",
    ".gitea/workflows",
    ".forgejo/workflows",
    ".gitlab-ci.yml",
    "bitbucket-pipelines.yml",
    "azure-pipelines.yml",
    "Jenkinsfile",
    "ci",
    files::OWN_FOLDER,
];

/// Whose settings hold for what a pull request proposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The base's: something is done with them.
    Base,
    /// Its own: it is only judged.
    Own,
}

/// A pull request.
pub(crate) struct PullRequest {
    base: LoadedFiles,
    head: LoadedFiles,
    /// The base's commit.
    commit: Commit,
    /// The pull request's commit, where its files are not on disk.
    proposed: Option<Commit>,
    /// What servanda.yaml says on both sides, the base first.
    settings: (String, String),
}

impl PullRequest {
    /// Reads both sides: the base by its name in git, and what is on disk, or what a merge of another commit into
    /// the base would give.
    pub(crate) fn load(
        base: &str,
        head: Option<&str>,
        trust: Trust,
        global: &Global,
        context: &Context,
    ) -> Result<Self, Failure> {
        let root = load::find(global, context)?;
        connect::runtime()?.block_on(Self::read(root, base, head, trust))
    }

    async fn read(root: PathBuf, base: &str, head: Option<&str>, trust: Trust) -> Result<Self, Failure> {
        let commit = Commit::named(&root, base).await?;
        let proposed = match head {
            None => None,
            Some(head) => Some(commit.merged(&Commit::named(&root, head).await?).await?),
        };
        let before = commit.files().await?;
        let mut after = match &proposed {
            None => files::read_all(&root)?,
            Some(proposed) => proposed.files().await?,
        };
        let settings = (settings_of(&before), settings_of(&after));
        if trust == Trust::Base {
            let trusted = before.iter().find(|file| file.path == files::SETTINGS).cloned();
            let trusted = trusted.ok_or_else(|| nothing_to_trust(base))?;
            after.retain(|file| file.path != files::SETTINGS);
            after.push(trusted);
            after.sort_by(|left, right| left.path.cmp(&right.path));
        }
        let (base, head) = (LoadedFiles::of(root.clone(), before), LoadedFiles::of(root, after));
        Ok(Self { base, head, commit, proposed, settings })
    }

    /// The zone of the settings that hold.
    pub(crate) fn zone(&self) -> Zone {
        self.head.zone()
    }

    /// What the pull request proposes, checked, and what it brings about; faults of it end the run.
    pub(crate) fn settle(
        self,
        at: Instant,
        global: &Global,
        context: &Context,
    ) -> Result<(Workspace, Scope), Failure> {
        let (_, checked, mut scope) = self.examine(at);
        scope.red_lines = connect::runtime()?.block_on(self.red_lines(&checked.settings))?;
        let Self { head, commit, proposed, .. } = self;
        let mut workspace = load::trusted(head, checked, global, context)?;
        if let Some(proposed) = proposed {
            workspace.commit = Some(proposed.short().to_owned());
        }
        workspace.base = Some(commit);
        Ok((load::not_empty(workspace)?, scope))
    }

    /// Both sides checked, the base's faults and all of the other, and the difference between them.
    fn examine(&self, at: Instant) -> (Diagnostics, CheckedRepository, Scope) {
        let name = self.commit.short().to_owned();
        self.base.examine_and(at, |before, base| {
            self.head.examine_and(at, |after, head| {
                let earlier = Side { resolved: before, checked: &base };
                let scope = Scope::between(name, earlier, Side { resolved: after, checked: &head });
                (base.diagnostics, head, scope)
            })
        })
    }

    /// What is wrong with the pull request, as far as it concerns it: all of the files that differ, of the agreements
    /// that say or mean something else, and whatever the base has no such fault of.
    pub(crate) fn faults(&self, at: Instant) -> Diagnostics {
        let (known, checked, scope) = self.examine(at);
        let (base, head) = (&self.base.sources, &self.head.sources);
        let texts: std::collections::BTreeMap<&str, &str> =
            base.iter().map(|(_, source)| (source.path.as_str(), source.text.as_str())).collect();
        let is_changed = |file: FileId| texts.get(head.path(file)) != Some(&head.text(file));
        let documents = self.head.agreements.iter().filter(|document| {
            let touched = scope.documents.keys().chain(&scope.indirect);
            let mut files = touched.map(|id| file_of(id.as_str()));
            files.any(|id| id == &*document.id)
        });
        let concerned: std::collections::BTreeSet<FileId> = documents.map(|document| document.file).collect();
        let before: std::collections::BTreeSet<_> = known
            .iter()
            .map(|fault| (fault.code, base.path(fault.place.span.file), &fault.message))
            .collect();
        let mut found = checked.diagnostics;
        found.retain(|fault| {
            let mut files = fault.related.iter().chain([&fault.place]).map(|label| label.span.file);
            files.any(|file| is_changed(file) || concerned.contains(&file))
                || !before.contains(&(fault.code, head.path(fault.place.span.file), &fault.message))
        });
        found
    }

    /// The pull request's files.
    pub(crate) fn into_proposed(self) -> LoadedFiles {
        self.head
    }

    /// Where the pull request reaches for what says where to and as whom.
    async fn red_lines(&self, settings: &Settings) -> Result<Vec<RedLine>, Failure> {
        let (before, after) = &self.settings;
        let mut found: Vec<RedLine> =
            red_line(files::SETTINGS, before, after, Steered::Settings).into_iter().collect();
        let named = match &settings.helpdesk.kind {
            Product::Itsm365 { ca_file: Some(file), .. } => Some(file.as_str()),
            _ => None,
        };
        let paths: Vec<&str> = RUNNING.into_iter().chain(named).collect();
        for path in self.commit.changed(self.proposed.as_ref(), &paths).await? {
            let before = self.commit.text(&path).await?.unwrap_or_default();
            let after = match &self.proposed {
                None => files::text_within(&self.head.root, &path),
                Some(proposed) => proposed.text(&path).await?,
            };
            let line = red_line(&path, &before, &after.unwrap_or_default(), Steered::Trusted);
            found.push(line.unwrap_or(RedLine { path, line: 1, what: Steered::Trusted }));
        }
        if let (Some(before), Some(after)) = (&self.base.catalog, &self.head.catalog) {
            found.extend(red_lines_of_catalog(before, after, &self.head.sources));
        }
        found.sort();
        Ok(found)
    }
}

/// The text of the settings; empty where there is none.
fn settings_of(files: &[File]) -> String {
    let found = files.iter().find(|file| file.path == files::SETTINGS);
    match found.map(|file| &file.content) {
        Some(Content::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        Some(Content::Link | Content::Unreadable(_)) | None => String::new(),
    }
}

fn nothing_to_trust(base: &str) -> Failure {
    Failure::new(
        Exit::Failure,
        "workspace-failure",
        format!("`{base}` holds no {}, so there is nothing to trust", files::SETTINGS),
    )
    .help("the first pull request that brings Servanda in is planned without `--base`")
}
