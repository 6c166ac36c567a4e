//! A pull request as two sides: the base that it is merged into, and the head with its own files.
//!
//! The target helpdesk and its credentials always come from the base. A change of them in the pull request is reported as
//! a red line, and is not used.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use servanda::calendar::{Instant, Zone};
use servanda::check::{CheckedRepository, changed_periods};
use servanda::diagnostic::{Diagnostics, FileId};
use servanda::ident::{composed, file_of};
use servanda::plan::scope::{
    CheckedSide, Edits, RedLine, RedLineSubject, Scope, edits, red_line, red_lines_of_catalog,
    red_lines_of_contacts,
};
use servanda::render::message;
use servanda::settings::Settings;

use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::process::runtime::runtime;
use crate::workspace::files::{self, Content, File};
use crate::workspace::git::ACKNOWLEDGEMENT_TRAILER;
use crate::workspace::git_tree::{ChangedFile, Commit};
use crate::workspace::load::{self, LoadedFiles, PullRequestBase, TrustedFiles, Workspace};
use crate::workspace::settings_file::SettingsFile;

/// Paths that decide how Servanda is run, or that hold its state on one machine. They count at the top of the work tree,
/// where forges read them, and beside the settings.
const TRUSTED_PATHS: [&str; 16] = [
    ".github/actions",
    ".github/workflows",
    ".gitea/workflows",
    ".forgejo/workflows",
    ".gitlab",
    ".gitlab-ci.yml",
    ".circleci",
    ".woodpecker",
    ".woodpecker.yml",
    ".pre-commit-config.yaml",
    "action.yml",
    "bitbucket-pipelines.yml",
    "azure-pipelines.yml",
    "Jenkinsfile",
    "ci",
    files::OWN_FOLDER,
];

/// Files that git reads in any folder: they select programs, or other repositories. A folder with a `HEAD` may pass as a
/// repository itself.
const GIT_FILES: [&str; 4] = [".gitattributes", ".gitmodules", ".lfsconfig", "HEAD"];

/// Whose settings apply to the files of the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Those of the base, for a plan.
    Base,
    /// Those of the head, for a check.
    Own,
}

/// A pull request.
pub(crate) struct PullRequest {
    base: LoadedFiles,
    head: LoadedFiles,
    base_commit: Commit,
    /// The merge of the head into the base; `None` where the files on disk are the head.
    head_commit: Option<Commit>,
    /// The number of commits of the base that the head does not have.
    behind: usize,
    /// The text of the settings in the base and in the head.
    settings: (String, String),
}

/// Both sides of a pull request, checked, and the difference between them.
struct Comparison {
    base: CheckedRepository,
    head: CheckedRepository,
    scope: Scope,
    /// The warnings about edits of periods that have begun.
    changed_periods: Diagnostics,
}

/// A pull request that is checked.
pub(crate) struct CheckedPullRequest {
    /// The head, with the diagnostics that concern the pull request.
    pub(crate) head: CheckedRepository,
    /// The base.
    pub(crate) base: CheckedRepository,
    /// Whether a file of either side has an error, also one that does not concern the pull request.
    pub(crate) has_errors: bool,
}

impl PullRequest {
    /// Reads both sides: the base from git; the head from disk, or from the merge of another commit into the base. A plan of
    /// files on disk that are behind the base would undo the newer commits of the base; it merges their commit instead. A
    /// check compares with the last common commit, since places are those of the files on disk.
    pub(crate) fn load(
        base: &str,
        head: Option<&str>,
        trust: Trust,
        context: &Context,
    ) -> Result<Self, Failure> {
        let root = load::find(context)?;
        let settings = SettingsFile::of(context)?;
        runtime()?.block_on(Self::read(root, base, head, trust, settings))
    }

    async fn read(
        root: PathBuf,
        base: &str,
        head: Option<&str>,
        trust: Trust,
        file: SettingsFile,
    ) -> Result<Self, Failure> {
        let base_commit = Commit::named(&root, base).await?;
        let named = match head {
            None => None,
            Some(head) => Some(Commit::named(&root, head).await?),
        };
        let (base_commit, behind) = match trust {
            Trust::Base => (base_commit.clone(), base_commit.ahead_of(named.as_ref()).await?),
            Trust::Own => (base_commit.common_with_disk().await?, 0),
        };
        let merged = match named {
            None if behind > 0 => Some(checked_out(&root, base, behind).await?),
            named => named,
        };
        let head_commit = match &merged {
            None => None,
            Some(merged) => Some(base_commit.merged(merged).await?),
        };
        let before = file.in_commit(&base_commit, base_commit.files().await?).await?;
        let mut after = match &head_commit {
            // A pull request may delete the file: that of the base counts.
            None => file.on_disk(&root, files::read_all(&root)?).or_else(|_| files::read_all(&root))?,
            Some(commit) => file.in_commit(commit, commit.files().await?).await?,
        };
        let name = file.path();
        let settings = (settings_of(&before, name), settings_of(&after, name));
        if trust == Trust::Base {
            let trusted = before.iter().find(|file| file.path == name).cloned();
            let trusted = trusted.ok_or_else(|| no_settings(base, name))?;
            after.retain(|file| file.path != name && file.path != files::SETTINGS);
            after.push(trusted);
            after.sort_by(|left, right| left.path.cmp(&right.path));
        }
        let loaded = |root, files| LoadedFiles::of(root, files, file.clone()).with_trees();
        let (base, head) = (loaded(root.clone(), before), loaded(root, after));
        Ok(Self { base, head, base_commit, head_commit, behind, settings })
    }

    /// The time zone of the settings that apply.
    pub(crate) fn zone(&self) -> Zone {
        self.head.zone()
    }

    /// Checks the head into a workspace that also has the base and the difference to it. Fails on errors in the head.
    pub(crate) fn into_workspace(self, at: Instant, context: &Context) -> Result<Workspace, Failure> {
        let Comparison { base: before, head: checked, mut scope, .. } = self.compare(at);
        let (base, red_lines) = runtime()?.block_on(async {
            let base = self.trusted_files(&checked.settings).await?;
            let red_lines = self.red_lines(&base, &checked.settings).await?;
            Ok::<_, Failure>((base, red_lines))
        })?;
        scope.red_lines.extend(red_lines);
        scope.red_lines.sort();
        scope.behind = self.behind;
        scope.texts = message::text_changes(&self.base.own_texts(), &self.head.own_texts());
        let Self { head, head_commit, .. } = self;
        let mut workspace = head.into_workspace_of(checked, context)?;
        if let Some(commit) = head_commit {
            workspace.commit = Some(commit.short().to_owned());
        }
        workspace.base = Some(base);
        let CheckedRepository { agreements, catalog, .. } = before;
        workspace.pull_request =
            Some(Box::new(PullRequestBase { agreements, everywhere: Arc::default(), catalog, scope }));
        workspace.refuse_empty()
    }

    /// Checks both sides and compares them.
    fn compare(&self, at: Instant) -> Comparison {
        let name = self.base_commit.short().to_owned();
        self.base.check_with(at, Vec::new(), |before, base| {
            self.head.check_with(at, Vec::new(), |after, head| {
                let earlier = CheckedSide { resolved: before, checked: &base };
                let later = CheckedSide { resolved: after, checked: &head };
                let mut scope = Scope::between(name, earlier, later);
                let contacts = red_lines_of_contacts(&base, later, &self.head.sources);
                let Edits { lines, documents } =
                    edits(earlier, later, [&self.base.sources, &self.head.sources]);
                scope.lines = lines;
                scope.edits = documents;
                self.show_in_work_tree(&mut scope);
                scope.red_lines = contacts.into_iter().map(|red| self.in_work_tree(red)).collect();
                let changed_periods = changed_periods(&base.agreements, &head.agreements, after, at);
                Comparison { base, head, scope, changed_periods }
            })
        })
    }

    /// Checks the head, and keeps the diagnostics that concern the pull request: those of files that differ, those of
    /// agreements whose content or meaning differs, and those that the base does not have.
    pub(crate) fn check(&self, at: Instant) -> CheckedPullRequest {
        let Comparison { base: known, head: mut checked, scope, changed_periods } = self.compare(at);
        let (base, head) = (&self.base.sources, &self.head.sources);
        let texts: BTreeMap<Cow<'_, str>, &str> =
            base.iter().map(|(_, source)| (composed(&source.path), source.text.as_str())).collect();
        let is_changed = |file: FileId| {
            !texts
                .get(&composed(head.path(file)))
                .is_some_and(|text| text.lines().eq(head.text(file).lines()))
        };
        let documents = self.head.agreements.iter().filter(|document| {
            let touched = scope.documents.keys().chain(&scope.indirect);
            let mut files = touched.map(|id| file_of(id.as_str()));
            files.any(|id| id == &*document.id)
        });
        let concerned: BTreeSet<FileId> = documents.map(|document| document.file).collect();
        let before: BTreeSet<_> = known
            .diagnostics
            .iter()
            .map(|known| (known.code, composed(base.path(known.place.span.file)), &known.message))
            .collect();
        let has_errors = known.diagnostics.has_errors() || checked.diagnostics.has_errors();
        let found = &mut checked.diagnostics;
        found.retain(|found| {
            found.files().any(|file| is_changed(file) || concerned.contains(&file))
                || !before.contains(&(found.code, composed(head.path(found.place.span.file)), &found.message))
        });
        found.extend(changed_periods);
        found.sort(head);
        CheckedPullRequest { head: checked, base: known, has_errors }
    }

    /// The files of the head.
    pub(crate) fn into_head(self) -> LoadedFiles {
        self.head
    }

    /// Gives the places of edits their paths from the top of the work tree, as a forge shows them.
    fn show_in_work_tree(&self, scope: &mut Scope) {
        let lines = scope.lines.iter_mut().map(|line| &mut line.path);
        let documents = scope.edits.values_mut().flat_map(|edits| {
            let values = edits.values.iter_mut().map(|value| &mut value.path);
            std::iter::once(&mut edits.path).chain(values)
        });
        for path in lines.chain(documents) {
            path.insert_str(0, self.base_commit.prefix());
        }
    }

    /// The red line with its path from the top of the work tree, as a forge shows it.
    fn in_work_tree(&self, red: RedLine) -> RedLine {
        RedLine { path: format!("{}{}", self.base_commit.prefix(), red.path), ..red }
    }

    /// Reads the certificates that the settings name from the base, unless they are outside of the work tree.
    async fn trusted_files(&self, settings: &Settings) -> Result<TrustedFiles, Failure> {
        let mut files =
            TrustedFiles { commit: self.base_commit.short().to_owned(), ..TrustedFiles::default() };
        for named in settings.certificates() {
            if let Some(path) = self.base_commit.path_of(&self.head.root, named) {
                let text = self.base_commit.text(&path).await?;
                files.texts.insert(named.to_owned(), text);
                files.paths.insert(path);
            }
        }
        Ok(files)
    }

    /// The lines by which the pull request would change the target helpdesk, its credentials, how Servanda or git is run,
    /// the texts that clients receive, or what guards hold back.
    async fn red_lines(&self, trusted: &TrustedFiles, in_force: &Settings) -> Result<Vec<RedLine>, Failure> {
        let (before, after) = &self.settings;
        let settings = format!("{}{}", self.base_commit.prefix(), self.head.settings_file.path());
        let mut found: Vec<RedLine> =
            red_line(&settings, before, after, RedLineSubject::Settings).into_iter().collect();
        for changed in self.base_commit.changed(self.head_commit.as_ref()).await? {
            let Some(what) = self.subject(&changed, trusted) else { continue };
            let path = changed.path;
            let before = self.base_commit.text(&path).await?.unwrap_or_default();
            let after = match &self.head_commit {
                None => self.base_commit.text_on_disk(&path),
                Some(commit) => commit.text(&path).await?,
            };
            let line = red_line(&path, &before, &after.unwrap_or_default(), what.clone());
            found.push(line.unwrap_or(RedLine { path, line: 1, what }));
        }
        found.extend(self.acknowledgements().await?);
        let (base, head) = (&self.base, &self.head);
        let slugs = red_lines_of_catalog(&base.catalog, &head.catalog, in_force, &head.sources);
        found.extend(slugs.into_iter().map(|red| self.in_work_tree(red)));
        Ok(found)
    }

    /// The acknowledgements in the messages of the branch's own commits. A forge may take them over into the message of the
    /// merge, and a merge by rebase puts the commits themselves on the first-parent line.
    async fn acknowledgements(&self) -> Result<Vec<RedLine>, Failure> {
        let mut found = Vec::new();
        for (id, message) in
            self.base_commit.messages(self.head_commit.as_ref(), ACKNOWLEDGEMENT_TRAILER).await?
        {
            for (index, line) in message.lines().enumerate() {
                if let Some((key, value)) = line.split_once(':')
                    && key.trim().eq_ignore_ascii_case(ACKNOWLEDGEMENT_TRAILER)
                {
                    let what = RedLineSubject::Acknowledgement(value.trim().to_owned());
                    found.push(RedLine { path: format!("commit {id}"), line: index + 1, what });
                }
            }
        }
        Ok(found)
    }

    /// The reason why a changed file is a red line; `None` if it is not.
    fn subject(&self, changed: &ChangedFile, trusted: &TrustedFiles) -> Option<RedLineSubject> {
        let path = changed.path.as_str();
        let prefix = self.base_commit.prefix();
        let name = path.rsplit('/').next().unwrap_or_default();
        let is_below = |folder: &str, path: &str| {
            path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let own = path.strip_prefix(prefix);
        let is_trusted = |path: &str| TRUSTED_PATHS.iter().any(|folder| is_below(folder, path));
        let is_other_settings =
            own == Some(files::SETTINGS) && self.head.settings_file.path() != files::SETTINGS;
        if GIT_FILES.iter().any(|file| file.eq_ignore_ascii_case(name)) {
            Some(RedLineSubject::Git)
        } else if trusted.paths.contains(path)
            || is_other_settings
            || is_trusted(path)
            || own.is_some_and(is_trusted)
        {
            Some(RedLineSubject::Trusted)
        } else if own.is_some() && changed.is_link {
            Some(RedLineSubject::Link)
        } else {
            own.is_some_and(|own| is_below(files::NOTICES, own)).then_some(RedLineSubject::Notice)
        }
    }
}

/// The commit that is checked out. Fails if files on disk differ from it, since only a commit can be merged.
async fn checked_out(root: &Path, base: &str, behind: usize) -> Result<Commit, Failure> {
    let commit = Commit::named(root, "HEAD").await?;
    let changed = commit.uncommitted().await?;
    // What Servanda itself keeps beside the files is no change of them.
    let is_own = |path: &&String| path.split('/').any(|part| part == files::OWN_FOLDER);
    let Some(first) = changed.iter().find(|path| !is_own(path)) else { return Ok(commit) };
    let commits = if behind == 1 { "commit" } else { "commits" };
    let message = format!(
        "the branch is {behind} {commits} behind `{base}`, and {first} differs from its last commit: a plan of these files would undo what was merged since"
    );
    Err(Failure::new(Exit::Failure, "branch-behind", message).help(
        "commit the changes, so that their merge is planned; or merge the base into the branch; or add `--head HEAD` to plan the last commit without them",
    ))
}

/// The text of the settings file; empty if there is none.
fn settings_of(files: &[File], name: &str) -> String {
    let found = files.iter().find(|file| file.path == name);
    match found.map(|file| &file.content) {
        Some(Content::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        Some(Content::TooLarge(..) | Content::Link | Content::Unreadable(_)) | None => String::new(),
    }
}

fn no_settings(base: &str, name: &str) -> Failure {
    Failure::new(Exit::Failure, "base-without-settings", format!("`{base}` contains no {name}"))
        .help("plan the first pull request, which introduces Servanda, without `--base`")
}
