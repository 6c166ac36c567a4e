//! Decides whether a run may create objects: not without the ledger, and not where the helpdesk does not keep ownership
//! keys, since such a run would create everything once more.
//!
//! Until one new object of this run has shown its key, creations are sent one by one.

use servanda::live::digest;
use servanda::mapping::Mapping;
use servanda::outcome::{ChangeResult, NoCreation, StepFailure, WithoutKey};
use servanda::plan::{Change, Step, creates};

use super::tools::Tools;
use crate::helpdesk::Reader;
use crate::ledger::LedgerStore;
use crate::ledger::records::{KeyRecord, MissingKey};

/// Whether objects may be created, and what the ledger remembers about it.
#[derive(Debug)]
pub(super) struct CreationGate {
    state: GateState,
    /// Whether the ledger has it that the helpdesk keeps ownership keys.
    is_recorded: bool,
}

/// Whether objects may be created.
#[derive(Debug)]
enum GateState {
    /// The helpdesk keeps ownership keys.
    Open,
    /// It is unknown whether it does. The next creation shows it.
    Unproven,
    /// That creation is on its way.
    Probing,
    /// Nothing is created.
    Closed(NoCreation),
}

/// Whether a change may start as far as the gate is concerned.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Admitted,
    Later,
    Refused(NoCreation),
}

/// The digest of the settings on which it depends whether a helpdesk keeps ownership keys.
pub(crate) fn key_settings(mapping: &Mapping) -> String {
    digest(&(&mapping.class, &mapping.key.attribute, &mapping.key.prefix))
}

/// Whether a change creates an agreement's object.
fn is_new(change: &Change) -> bool {
    change.steps.iter().any(|step| matches!(step, Step::Create { .. }))
}

impl CreationGate {
    /// The gate at the start of an apply, by what the ledger remembers. After a failure the object is searched by its key:
    /// where it has the key now, the helpdesk was corrected.
    pub(super) async fn open<R: Reader, W, L: LedgerStore>(tools: &Tools<'_, R, W, L>) -> Self {
        let new = |state, is_recorded| Self { state, is_recorded };
        let closed = |why| new(GateState::Closed(why), false);
        let Some(records) = tools.records else {
            return closed(NoCreation::NoLedger);
        };
        let record = match records.key_record().await {
            Ok(record) => record.filter(|record| record.settings == tools.key_settings),
            Err(error) => {
                tracing::warn!("nothing is created: {error}");
                return closed(NoCreation::NoLedger);
            }
        };
        let missing = match record {
            None => return new(GateState::Unproven, false),
            Some(KeyRecord { missing: None, .. }) => return new(GateState::Unproven, true),
            Some(KeyRecord { missing: Some(missing), .. }) => missing,
        };
        match tools.reader.bearers(&missing.agreement).await {
            Ok(bearers) if !bearers.is_empty() => new(GateState::Unproven, false),
            _ => closed(NoCreation::KeyNotKept(missing.object)),
        }
    }

    /// Whether a change may start. The first creation of a run starts alone.
    pub(super) fn admit(&mut self, change: &Change) -> Admission {
        match &self.state {
            GateState::Closed(NoCreation::NoLedger) if change.steps.iter().any(creates) => {
                Admission::Refused(NoCreation::NoLedger)
            }
            GateState::Closed(why @ NoCreation::KeyNotKept(_)) if is_new(change) => {
                Admission::Refused(why.clone())
            }
            GateState::Probing if is_new(change) => Admission::Later,
            GateState::Unproven if is_new(change) => {
                self.state = GateState::Probing;
                Admission::Admitted
            }
            _ => Admission::Admitted,
        }
    }

    /// Takes over what the result of a change shows. Returns what the ledger is to remember.
    pub(super) fn learn<R, W, L>(
        &mut self,
        change: &Change,
        result: &ChangeResult,
        tools: &Tools<'_, R, W, L>,
    ) -> Option<KeyRecord> {
        let missing = match (result, &self.state) {
            (ChangeResult::WithoutKey(WithoutKey { object, stored: Some(stored), .. }), _) => {
                self.state = GateState::Closed(NoCreation::KeyNotKept(object.clone()));
                let (agreement, object, stored) = (change.id.clone(), object.clone(), stored.clone());
                Some(MissingKey { agreement, object, stored })
            }
            (_, GateState::Probing) if is_new(change) => {
                let is_kept = shows_key(change, result);
                self.state = if is_kept { GateState::Open } else { GateState::Unproven };
                if !is_kept || self.is_recorded {
                    return None;
                }
                None
            }
            _ => return None,
        };
        let (settings, run) = (tools.key_settings.clone(), tools.run_name.to_owned());
        Some(KeyRecord { settings, run, at: (tools.clock)(), missing })
    }
}

/// Whether the new object of a change has shown its ownership key, without which no step after the creation is begun.
fn shows_key(change: &Change, result: &ChangeResult) -> bool {
    let creation = change.steps.iter().position(|step| matches!(step, Step::Create { .. }));
    match result {
        ChangeResult::Done { .. } | ChangeResult::Withdrawn(_) => true,
        ChangeResult::Failed(StepFailure { step, .. })
        | ChangeResult::Unknown(StepFailure { step, .. })
        | ChangeResult::Stopped { step } => creation.is_some_and(|creation| *step > creation),
        _ => false,
    }
}
