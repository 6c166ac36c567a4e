//! What `servanda snapshot` writes and `plan --live` reads: the helpdesk and what was last applied to it, so that the
//! same plan can be made without a network and without a secret.
//!
//! People have no names in it. What it holds is what a plan is made from, and no more.

use std::path::Path;

use servanda::live::{Live, LiveAgreement, Observed};
use servanda::plan::{AppliedAgreement, LastApplied};

use crate::helpdesk::{HistoryEvent, Reader, Selection};
use crate::process::failure::{Exit, Failure};
use crate::reconcile::plan::history;
use crate::workspace::files;

/// The version of this shape. Another one is no recording.
const FORMAT: u32 = 1;

/// The helpdesk as it was.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Recording {
    format: u32,
    /// What it held.
    pub(crate) live: Live,
    /// What was last applied, as digests.
    pub(crate) last_applied: Option<LastApplied>,
    /// Who changed what by hand since.
    pub(crate) history: Vec<HistoryEvent>,
}

impl Recording {
    /// Reads a helpdesk.
    pub(crate) async fn of(
        reader: &impl Reader,
        wanted: &Selection,
        last_applied: Option<LastApplied>,
    ) -> Result<Self, Failure> {
        let live = reader.read_live(wanted).await?.without_people();
        let moved: Vec<&LiveAgreement> =
            last_applied.iter().flat_map(|last_applied| moved(&live, last_applied)).collect();
        let history = if moved.is_empty() { Vec::new() } else { history(moved.into_iter(), reader).await };
        Ok(Self { format: FORMAT, live, last_applied, history })
    }

    /// As text.
    pub(crate) fn to_json(&self) -> String {
        format!("{}\n", serde_json::to_string(self).expect("a recording is JSON"))
    }

    /// Reads a recording of this version.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let refused = |why: &str| {
            Failure::new(
                Exit::Failure,
                "reconcile-failure",
                format!("{} is no recording: {why}", path.display()),
            )
            .help("make one with `servanda snapshot --out FILE`")
        };
        let recording: Self =
            serde_json::from_str(&files::read_named(path)?).map_err(|error| refused(&error.to_string()))?;
        if recording.format != FORMAT {
            return Err(refused("it is of another version of Servanda"));
        }
        Ok(recording)
    }
}

/// The agreements that are otherwise than they were applied. Whatever the files say, what drifted is among them.
fn moved<'a>(live: &'a Live, last_applied: &'a LastApplied) -> impl Iterator<Item = &'a LiveAgreement> {
    live.agreements.iter().filter_map(|(id, observed)| {
        let Observed::Present(found) = observed else {
            return None;
        };
        let is_as_applied = last_applied
            .agreements
            .get(id)
            .is_some_and(|applied| *applied == AppliedAgreement::of(&found.record, applied.as_of));
        (!is_as_applied).then_some(found)
    })
}
