//! Watches the files and replaces the served workspace, or rejects newer files and keeps it.
//!
//! A folder is polled. Changed files are loaded only after two polls in a row found the same state, and only accepted if
//! it was still the same after loading. So a half-written change is not served unless its author pauses longer between
//! two files. A branch of Git needs no such care, since it moves from commit to commit atomically.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use servanda::calendar::Instant;
use servanda::diagnostic::Severity;
use servanda::entitlement::Register;
use servanda::render;
use servanda::report::FactsCollector;

use super::state::{ServedWorkspace, ServerState};
use crate::process::failure::{Exit, Failure};
use crate::process::messages::{log, log_warning};
use crate::process::shutdown::Stop;
use crate::workspace::git_tree::Commit;
use crate::workspace::load::LoadedFiles;
use crate::workspace::settings_file::SettingsFile;
use crate::workspace::stamps::{Stamps, stamps};

/// The number of times a revision of Git is polled.
const REVISION_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The source of the served workspace.
pub(crate) enum WorkspaceSource {
    /// A folder, whose files must not change for the duration `settle`.
    Folder { root: PathBuf, settings: SettingsFile, settle: Duration },
    /// A revision of Git, such as `origin/main`.
    Revision { root: PathBuf, settings: SettingsFile, name: String },
}

/// Identifies a state of the source.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum SourceVersion {
    Folder(Stamps),
    Commit(String),
}

impl WorkspaceSource {
    fn poll_interval(&self) -> Duration {
        match self {
            Self::Folder { settle, .. } => *settle,
            Self::Revision { .. } => REVISION_POLL_INTERVAL,
        }
    }

    async fn version(&self) -> Result<SourceVersion, Failure> {
        match self {
            Self::Folder { root, settings, .. } => Ok(SourceVersion::Folder(stamps(root, settings.path())?)),
            Self::Revision { root, name, .. } => {
                Ok(SourceVersion::Commit(Commit::resolved(root, name).await?.id))
            }
        }
    }

    /// Loads the workspace with its version; `None` if the files changed meanwhile. Fails if it is invalid.
    pub(crate) async fn load(
        &self,
        now: Instant,
    ) -> Result<Option<(SourceVersion, ServedWorkspace)>, Failure> {
        let (version, loaded, commit) = match self {
            Self::Folder { root, settings, .. } => {
                let before = stamps(root, settings.path())?;
                let loaded = LoadedFiles::to_check(root.clone(), settings.clone())?;
                if stamps(root, settings.path())? != before {
                    return Ok(None);
                }
                (SourceVersion::Folder(before), loaded, None)
            }
            Self::Revision { root, settings, name } => {
                let commit = Commit::named(root, name).await?;
                let files = settings.in_commit(&commit, commit.files().await?).await?;
                let loaded = LoadedFiles::of(root.clone(), files, settings.clone());
                (SourceVersion::Commit(commit.id.clone()), loaded, Some(commit.short().to_owned()))
            }
        };
        Ok(Some((version, validate(loaded, commit, now)?)))
    }
}

/// Validates loaded files as a workspace to serve.
fn validate(
    mut loaded: LoadedFiles,
    commit: Option<String>,
    now: Instant,
) -> Result<ServedWorkspace, Failure> {
    loaded.digest();
    let facts = FactsCollector::default();
    let checked = loaded.check_and_see(now, &|resolved, text, sources| facts.add(resolved, text, sources));
    let facts = facts.finish(&checked.agreements, now);
    let first = checked.diagnostics.iter().find(|found| found.severity == Severity::Error);
    if let Some(first) = first {
        let at = loaded.sources.position(first.place.span);
        let summary = render::diagnostics::summary(&checked.diagnostics, loaded.files());
        let message =
            format!("{}:{}:{}: {}: {}; {summary}", at.path, at.line, at.column, first.code, first.message);
        return Err(Failure::new(Exit::Invalid, "files-invalid", message)
            .help("run `servanda validate` to see all errors"));
    }
    if checked.agreements.is_empty() {
        return Err(Failure::new(Exit::Refused, "no-agreements", "there are no agreements to serve").help(
            "add files under agreements/; an empty folder is refused, because it would end every agreement",
        ));
    }
    let mut rest = loaded.workspace(checked);
    let (agreements, catalog) = (std::mem::take(&mut rest.agreements), std::mem::take(&mut rest.catalog));
    let digest = &rest.digest;
    Ok(ServedWorkspace {
        register: Register::of(agreements, catalog, &rest.settings),
        digest: digest.get(..12).unwrap_or(digest).to_owned(),
        rest,
        facts,
        commit,
        since: now,
    })
}

/// Polls the source and keeps the server's state equal to it.
pub(crate) struct Watcher {
    source: WorkspaceSource,
    state: Arc<ServerState>,
    /// The version that is served.
    served: SourceVersion,
    /// A newer version that one poll found.
    pending: Option<SourceVersion>,
    /// A newer version that was rejected.
    rejected: Option<SourceVersion>,
}

impl Watcher {
    /// A watcher over a workspace that is already served.
    pub(crate) fn new(source: WorkspaceSource, served: SourceVersion, state: Arc<ServerState>) -> Self {
        Self { source, state, served, pending: None, rejected: None }
    }

    /// Polls until a stop is requested.
    pub(crate) async fn watch(mut self, stop: Stop) {
        loop {
            tokio::select! {
                () = stop.wait() => return,
                () = tokio::time::sleep(self.source.poll_interval()) => {}
            }
            self.poll().await;
        }
    }

    /// Polls once. A newer version is loaded if two polls in a row found it.
    pub(super) async fn poll(&mut self) {
        let newest = match self.source.version().await {
            Ok(version) => version,
            Err(failure) => return reject(&self.state, &failure),
        };
        if newest == self.served {
            (self.pending, self.rejected) = (None, None);
            return self.state.clear_rejection();
        }
        if self.rejected.as_ref() == Some(&newest) {
            return;
        }
        // A commit does not change, so it needs no second poll.
        if matches!(newest, SourceVersion::Folder(_)) && self.pending.as_ref() != Some(&newest) {
            self.pending = Some(newest);
            return;
        }
        self.pending = None;
        match self.source.load(self.state.now()).await {
            Ok(Some((version, workspace))) if version == newest => {
                let count = workspace.register.agreements().len();
                log(&format!("serving {} ({count} agreements)\n", workspace.digest));
                self.state.replace(workspace);
                (self.served, self.rejected) = (version, None);
            }
            // The source changed while it was loaded; the next poll finds the newer version.
            Ok(_) => {}
            Err(failure) => {
                reject(&self.state, &failure);
                // Invalid files stay invalid until they change; a failure of the disk or of Git may pass.
                self.rejected = (failure.exit != Exit::Failure).then_some(newest);
            }
        }
    }
}

fn reject(state: &ServerState, failure: &Failure) {
    let is_known = state.current().rejected.is_some_and(|rejected| rejected.reason == failure.message);
    if !is_known {
        log_warning(&format!(
            "newer files rejected, still serving the old ones: {}\n",
            render::encode::terminal(&failure.message)
        ));
        state.reject(failure.message.clone());
    }
}
