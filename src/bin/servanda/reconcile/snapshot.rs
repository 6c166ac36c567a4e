//! A snapshot: the live and the last-applied state in a file, so that `plan --snapshot` needs no network and no secret.
//!
//! It contains what a plan is made from and no names of people. The file has one JSON value a line. A name that ends in `.gz`
//! is written compressed, and such a file is written and read without its text in memory. The same state gives the same
//! bytes.

mod lines;

pub(crate) use lines::Snapshot;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::SignedDuration;
use servanda::bridge::carried;
use servanda::calendar::Instant;
use servanda::envelope::GuardedPlan;
use servanda::ident::HelpdeskName;
use servanda::live::{Live, LiveAgreement, Observed};
use servanda::plan::{LastApplied, attribute_drift};

use crate::helpdesk::connect::Connection;
use crate::helpdesk::{Reader as _, Selection};
use crate::process::failure::{Exit, Failure};
use crate::reconcile::plan::{FromLedger, PlanTerms, history, make_from};
use crate::workspace::files;
use crate::workspace::helpdesks::HelpdeskWorkspaces;
use crate::workspace::load::Workspace;

/// The age up to which a snapshot stands for a later one that differs in the instant of the last apply alone.
const STANDS_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Whether a snapshot was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saved {
    Written,
    /// The file has the same state already.
    Unchanged,
}

impl Snapshot {
    /// Reads the state of a helpdesk.
    pub(crate) async fn take(
        connection: &Connection,
        selection: &Selection,
        last_applied: Option<LastApplied>,
    ) -> Result<Self, Failure> {
        let reader = &connection.reader();
        let live = reader.read_live(selection).await?.without_people();
        let changed: Vec<&LiveAgreement> =
            last_applied.iter().flat_map(|last_applied| changed_since(last_applied, &live)).collect();
        let history =
            if changed.is_empty() { Vec::new() } else { history(changed.into_iter(), reader).await };
        let adapter = connection.adapter().cloned();
        Ok(Self { live, last_applied, history, adapter })
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        lines::write(self, &mut text).expect("memory takes all bytes, and a snapshot is JSON");
        text
    }

    /// Writes the file, unless it has the same state already.
    ///
    /// A file of less than a day ago also stands for a state that differs in nothing but the instant of the last apply: a
    /// run without changes moves that instant only.
    pub(crate) fn save(&self, path: &Path) -> Result<Saved, Failure> {
        let is_compressed = path.extension().is_some_and(|extension| extension == "gz");
        if path.exists() && self.is_held_by(path, is_compressed) {
            return Ok(Saved::Unchanged);
        }
        if !is_compressed {
            files::write_whole(path, &self.text())?;
            return Ok(Saved::Written);
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let written = lines::write(self, &mut encoder).and_then(|()| encoder.finish());
        files::write_whole(path, &written.map_err(|error| Failure::file(path, &error))?)?;
        Ok(Saved::Written)
    }

    /// Reads a snapshot of the current format, compressed or not; any other is refused.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        lines::read(&files::read_bytes(path)?, lines::LINE_LIMIT).map_err(|refused| {
            let message = format!("{} is not a snapshot: {}", path.display(), refused.why);
            Failure::new(Exit::Failure, refused.code, message)
                .help("make one with `servanda snapshot --out FILE`")
        })
    }

    /// Whether a file has this state, at most a day earlier, and is compressed or not as it is to be.
    fn is_held_by(&self, path: &Path, is_compressed: bool) -> bool {
        let Ok(bytes) = files::read_bytes(path) else { return false };
        let Ok(earlier) = lines::read(&bytes, lines::LINE_LIMIT) else { return false };
        let (digest, instants) = (lines::digest_but_for_instants(&earlier), earlier.instants());
        drop(earlier);
        let is_soon = |(earlier, later): (Instant, Instant)| {
            (SignedDuration::ZERO..STANDS_FOR).contains(&later.duration_since(earlier))
        };
        lines::is_compressed(&bytes) == is_compressed
            && lines::digest_but_for_instants(self) == digest
            && instants.into_iter().zip(self.instants()).all(is_soon)
    }

    /// The instants of the last apply, in the order of the agreements.
    fn instants(&self) -> Vec<Instant> {
        let applied = self.last_applied.iter().flat_map(|state| state.agreements.values());
        applied.map(|applied| applied.as_of).collect()
    }
}

/// Makes the plan of a workspace against a snapshot in a file.
pub(crate) fn against_snapshot(
    workspace: &mut Workspace,
    terms: &PlanTerms,
    path: &Path,
) -> Result<GuardedPlan, Failure> {
    let Snapshot { live, last_applied, history, adapter, .. } = Snapshot::read(path)?;
    if let Some(adapter) = adapter {
        let mapping = &mut workspace.settings.helpdesk.mapping;
        *mapping =
            carried(&adapter, mapping).map_err(|why| Failure::new(Exit::Failure, "snapshot-invalid", why))?;
    }
    let ledger = FromLedger { last_applied: last_applied.as_ref(), notices: None };
    let (mut envelope, sides) = make_from(workspace, live, terms, ledger, "a snapshot");
    attribute_drift(&mut envelope.plan.drift, &sides.live, &history);
    Ok(envelope)
}

/// The file of one of several helpdesks beside the one that was named: `live.json` is `live-berlin.json` for `berlin`.
pub(crate) fn file_of(path: &Path, name: &HelpdeskName) -> PathBuf {
    let file = path.file_name().map_or_else(String::new, |file| file.to_string_lossy().into_owned());
    let (stem, ending) = file.split_once('.').unwrap_or((&file, ""));
    let ending = if ending.is_empty() { String::new() } else { format!(".{ending}") };
    path.with_file_name(format!("{stem}-{name}{ending}"))
}

/// Makes the plan of each of several helpdesks against its snapshot. One that cannot be read holds back its own helpdesk.
pub(crate) fn against_snapshots(
    workspaces: &mut HelpdeskWorkspaces,
    terms: &PlanTerms,
    path: &Path,
) -> (BTreeMap<HelpdeskName, GuardedPlan>, BTreeMap<HelpdeskName, Failure>) {
    let (mut plans, mut failures) = (BTreeMap::new(), BTreeMap::new());
    for workspace in &mut workspaces.helpdesks {
        let Some(name) = workspace.settings.helpdesk.name.clone() else { continue };
        match against_snapshot(workspace, terms, &file_of(path, &name)) {
            Ok(guarded) => _ = plans.insert(name, guarded),
            Err(failure) => _ = failures.insert(name, failure),
        }
    }
    (plans, failures)
}

/// The agreements that differ from their last-applied state: all that may have drifted, independent of the files.
fn changed_since<'a>(
    last_applied: &'a LastApplied,
    live: &'a Live,
) -> impl Iterator<Item = &'a LiveAgreement> {
    live.agreements.iter().filter_map(|(id, observed)| {
        let Observed::Present(found) = observed else {
            return None;
        };
        let is_as_applied =
            last_applied.agreements.get(id).is_some_and(|applied| applied.is_held(&found.record));
        (!is_as_applied).then_some(found)
    })
}

#[cfg(test)]
mod tests;
