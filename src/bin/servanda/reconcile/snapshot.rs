//! A snapshot: the live and the last-applied state in a file, so that `plan --snapshot` needs no network and no secret.
//!
//! It contains what a plan is made from and no names of people.

use std::path::Path;

use serde::{Deserialize, Serialize};
use servanda::bridge::{Description, carried};
use servanda::envelope::GuardedPlan;
use servanda::live::{Live, LiveAgreement, Observed};
use servanda::plan::{HistoryEvent, LastApplied, attribute_drift};

use crate::helpdesk::connect::Connection;
use crate::helpdesk::{Reader as _, Selection};
use crate::process::failure::{Exit, Failure};
use crate::reconcile::plan::{FromLedger, PlanTerms, history, make_from};
use crate::workspace::files;
use crate::workspace::load::Workspace;

/// The version of this shape. A reader refuses any other.
const FORMAT: u32 = 1;

/// The state of a helpdesk at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    format: u32,
    /// The live state.
    pub(crate) live: Live,
    /// The last-applied state.
    pub(crate) last_applied: Option<LastApplied>,
    /// The history of agreements that changed since the last apply.
    pub(crate) history: Vec<HistoryEvent>,
    /// The description of an adapter, since a plan depends on what it stores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) adapter: Option<Description>,
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
        Ok(Self { format: FORMAT, live, last_applied, history, adapter })
    }

    /// The text of the file.
    pub(crate) fn to_json(&self) -> String {
        format!("{}\n", serde_json::to_string(self).expect("a snapshot is JSON"))
    }

    /// Reads a snapshot of the current format; any other is refused.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let refused = |code: &'static str, why: &str| {
            Failure::new(Exit::Failure, code, format!("{} is not a snapshot: {why}", path.display()))
                .help("make one with `servanda snapshot --out FILE`")
        };
        let snapshot: Self = serde_json::from_str(&files::read_named(path)?)
            .map_err(|error| refused("snapshot-invalid", &error.to_string()))?;
        if snapshot.format != FORMAT {
            let why =
                format!("its format is {}, and this version of Servanda reads {FORMAT}", snapshot.format);
            return Err(refused("snapshot-format", &why));
        }
        Ok(snapshot)
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
