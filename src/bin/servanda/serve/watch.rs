//! Newer files become a new workspace once they stand still, or are refused while the old one is served on.
//!
//! A folder is looked at again and again. What changed is read when nothing moved for a while, and taken in only if
//! nothing moved while it was read either, so that no half of a change is served as long as its files are written
//! without a longer rest between them. A branch of Git needs no such care: it moves from commit to commit at once.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use servanda::calendar::Instant;
use servanda::diagnostic::Severity;
use servanda::entitlement::Register;
use servanda::render;

use super::state::{Served, ServerState};
use crate::process::failure::{Exit, Failure, print_message};
use crate::process::shutdown::Stop;
use crate::workspace::files::{self, Stamps};
use crate::workspace::git_tree::Commit;
use crate::workspace::load::LoadedFiles;

/// Where estates come from.
pub(crate) enum Source {
    /// A folder, whose files have to stand still for so long.
    Folder { root: PathBuf, settle: Duration },
    /// What a name of Git stands for.
    Revision { root: PathBuf, name: String },
}

/// By what a state of the source is known.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum State {
    Folder(Stamps),
    Commit(String),
}

impl Source {
    /// How long to wait between two looks.
    fn pause(&self) -> Duration {
        match self {
            Self::Folder { settle, .. } => *settle,
            Self::Revision { .. } => Duration::from_secs(1),
        }
    }

    async fn look(&self) -> Result<State, Failure> {
        match self {
            Self::Folder { root, .. } => Ok(State::Folder(files::stamps(root)?)),
            Self::Revision { root, name } => Ok(State::Commit(Commit::named(root, name).await?.id)),
        }
    }

    /// The workspace as it stands, and the state that it is of; `None` where files moved while they were read.
    pub(crate) async fn read(&self, now: Instant) -> Result<Option<(State, Served)>, Failure> {
        let (state, loaded, commit) = match self {
            Self::Folder { root, .. } => {
                let before = files::stamps(root)?;
                let loaded = LoadedFiles::of(root.clone(), files::read_all(root)?);
                if files::stamps(root)? != before {
                    return Ok(None);
                }
                (State::Folder(before), loaded, None)
            }
            Self::Revision { root, name } => {
                let commit = Commit::named(root, name).await?;
                let loaded = LoadedFiles::of(root.clone(), commit.files().await?);
                (State::Commit(commit.id.clone()), loaded, Some(commit.short().to_owned()))
            }
        };
        Ok(Some((state, served(&loaded, commit, now)?)))
    }
}

/// What files say, where nothing is wrong with them.
fn served(loaded: &LoadedFiles, commit: Option<String>, now: Instant) -> Result<Served, Failure> {
    let checked = loaded.check(now);
    let first = checked.diagnostics.iter().find(|found| found.severity == Severity::Error);
    if let Some(first) = first {
        let at = loaded.sources.position(first.place.span);
        let summary = render::diagnostics::summary(&checked.diagnostics, loaded.files());
        let why =
            format!("{}:{}:{}: {}: {}; {summary}", at.path, at.line, at.column, first.code, first.message);
        return Err(Failure::new(Exit::Invalid, "serve-invalid", why)
            .help("`servanda validate` shows all that is wrong"));
    }
    if checked.agreements.is_empty() {
        return Err(Failure::new(Exit::Refused, "serve-refused", "there is no agreement at all")
            .help("agreements stand in agreements/**/*.yaml; an empty folder is no wish to end everything"));
    }
    let digest = loaded.digest();
    Ok(Served {
        register: Register::new(checked.agreements, checked.catalog),
        digest: digest.get(..12).unwrap_or(&digest).to_owned(),
        commit,
        since: now,
    })
}

/// Keeps a desk equal to its source, one look after the other.
pub(crate) struct Watcher {
    source: Source,
    desk: Arc<ServerState>,
    /// The state that is served.
    taken: State,
    /// A newer state that was seen once.
    moving: Option<State>,
    /// A newer state that was refused.
    judged: Option<State>,
}

impl Watcher {
    pub(crate) fn new(source: Source, taken: State, desk: Arc<ServerState>) -> Self {
        Self { source, desk, taken, moving: None, judged: None }
    }

    /// Looks until somebody asks to stop.
    pub(crate) async fn watch(mut self, stop: Stop) {
        loop {
            tokio::select! {
                () = stop.wait() => return,
                () = tokio::time::sleep(self.source.pause()) => {}
            }
            self.look().await;
        }
    }

    /// Looks once. What differs is read when two looks in a row saw the same, so that it stood still between them.
    pub(super) async fn look(&mut self) {
        let now = match self.source.look().await {
            Ok(now) => now,
            Err(failure) => return refuse(&self.desk, &failure),
        };
        if now == self.taken {
            (self.moving, self.judged) = (None, None);
            return self.desk.settle();
        }
        if self.judged.as_ref() == Some(&now) {
            return;
        }
        // A commit never moves.
        if matches!(now, State::Folder(_)) && self.moving.as_ref() != Some(&now) {
            self.moving = Some(now);
            return;
        }
        self.moving = None;
        match self.source.read(self.desk.now()).await {
            Ok(Some((state, served))) if state == now => {
                let count = served.register.agreements().len();
                print_message(&format!("serving {} ({count} agreements)\n", served.digest));
                self.desk.replace(served);
                (self.taken, self.judged) = (state, None);
            }
            // It moved on, and is looked at again.
            Ok(_) => {}
            Err(failure) => {
                refuse(&self.desk, &failure);
                // What is wrong with the files stays wrong until they change; what the disk or Git says may pass.
                self.judged = (failure.exit != Exit::Failure).then_some(now);
            }
        }
    }
}

fn refuse(desk: &ServerState, failure: &Failure) {
    let known = desk.standing().refused.is_some_and(|refused| refused.why == failure.message);
    if !known {
        print_message(&format!(
            "the newer files are refused, and the old answers stand: {}\n",
            render::encode::terminal(&failure.message)
        ));
        desk.refuse(failure.message.clone());
    }
}
