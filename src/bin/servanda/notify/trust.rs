//! Decides whether the ledger can be trusted: initialised, complete, of this secret, and not restored from a backup.
//!
//! An empty ledger does not know which notices were sent, so it must not be treated as permission to send them all
//! again.

use servanda::calendar::Instant;
use servanda::notice::PastEvents;
use servanda::settings::LedgerWitness;

use crate::helpdesk::{Reader, Writer};
use crate::ledger::records::Begun;
use crate::ledger::{ChecksumError, LedgerRecords, LedgerSecret, LedgerStore as _};
use crate::process::context::is_run_name;
use crate::process::failure::{Exit, Failure};
use crate::workspace::load::Workspace;

/// The checks of a ledger before notices are sent by it.
pub(crate) struct LedgerTrust<'a> {
    records: &'a LedgerRecords,
    secret: &'a LedgerSecret,
    witness: Option<&'a LedgerWitness>,
}

impl<'a> LedgerTrust<'a> {
    /// The checks that the settings of a workspace require.
    pub(crate) const fn new(
        workspace: &'a Workspace,
        records: &'a LedgerRecords,
        secret: &'a LedgerSecret,
    ) -> Self {
        Self { records, secret, witness: workspace.settings.ledger.witness.as_ref() }
    }

    /// Initialises the ledger. Events that are past by now are never announced.
    pub(crate) async fn initialize(&self, at: Instant, past: &PastEvents) -> Result<(), Failure> {
        let begun = Begun { at, secret: self.secret.fingerprint() };
        self.records.begin(&begun, past).await?;
        self.records.ledger().recompute_checksum().await?;
        Ok(self.records.ledger().accept_history().await?)
    }

    /// Refuses a ledger that may have lost records of sent notices.
    pub(crate) async fn verify(&self) -> Result<(), Failure> {
        const RESTORE: &str = "restore the ledger from a backup, or pass `--init-ledger` to start a new record: events before it are never announced";
        match self.records.ledger().verify().await? {
            Ok(()) => {}
            Err(ChecksumError::Mismatch) => {
                let why = "entries of the ledger were deleted or edited by hand";
                return Err(refusal("ledger-modified", why, RESTORE));
            }
            Err(ChecksumError::Missing) => {
                return Err(refusal(
                    "ledger-checksum-missing",
                    "the checksum of the ledger is missing",
                    RESTORE,
                ));
            }
        }
        match self.records.begun().await? {
            None => Err(refusal(
                "ledger-uninitialised",
                "the ledger is not initialised for this helpdesk, so it is unknown which notices were sent",
                "on the first run, pass `--init-ledger`: events before it are never announced. Otherwise check `ledger.at` in servanda.yaml",
            )),
            Some(begun) if begun.secret != self.secret.fingerprint() => Err(refusal(
                "ledger-secret-mismatch",
                "the ledger was initialised with another secret",
                "set the environment variable that `ledger.secret` names to the secret of this ledger. If that is lost, pass `--init-ledger`: events before it are never announced",
            )),
            Some(_) => Ok(()),
        }?;
        match self.records.ledger().lost_history().await? {
            None => Ok(()),
            Some(commit) => Err(refusal(
                "ledger-outdated",
                &format!("the ledger's branch no longer contains {commit}, which this clone has seen"),
                RESTORE,
            )),
        }
    }

    /// Reads the run that the helpdesk has noted; `None` without a witness. One that cannot be read detects nothing,
    /// so that no notice may be sent.
    pub(crate) async fn read_witness(&self, reader: &impl Reader) -> Result<Option<String>, Failure> {
        let Some(LedgerWitness { object, attribute }) = self.witness else {
            return Ok(None);
        };
        match reader.note(object, attribute).await {
            Ok(noted) if noted.is_empty() || is_run_name(&noted) => Ok(Some(noted)),
            Ok(_) => Err(refusal(
                "ledger-witness-taken",
                &format!(
                    "`{attribute}` of {object}, the witness of the ledger, holds a text that no run wrote"
                ),
                "name a free text attribute under `ledger.witness` in servanda.yaml; a run would overwrite this text",
            )),
            Err(error) if error.is_credentials() => Err(error.into()),
            Err(error) => Err(refusal(
                "ledger-witness-unreadable",
                &format!("the witness of the ledger, `{attribute}` of {object}, cannot be read: {error}"),
                "correct `ledger.witness` in servanda.yaml: it names a text attribute of an object in the helpdesk",
            )),
        }
    }

    /// Refuses a ledger that is older than the last run that the helpdesk noted. Without a witness in the settings, a
    /// ledger that was restored from a backup cannot be detected.
    pub(crate) async fn check_witness(&self, reader: &impl Reader) -> Result<(), Failure> {
        let Some(noted) = self.read_witness(reader).await? else {
            return Ok(());
        };
        if noted.is_empty() || self.records.witnessed().await?.contains(&noted) {
            return Ok(());
        }
        Err(refusal(
            "ledger-outdated",
            &format!("the helpdesk has noted the run {noted}, which the ledger does not contain"),
            "the ledger was restored from an older backup, or is another one: restore the latest, or pass `--init-ledger`",
        ))
    }

    /// Refuses to go on while the helpdesk with the witness is not available.
    pub(crate) fn refuse_without_witness(&self) -> Result<(), Failure> {
        match self.witness {
            None => Ok(()),
            Some(_) => Err(refusal(
                "ledger-witness-unreadable",
                "the helpdesk with the witness of the ledger is not available",
                "make the helpdesk under which the records of notices began available, and do not leave it out by `--helpdesk`",
            )),
        }
    }

    /// Notes a run that changed the ledger, there and in the helpdesk, for [`Self::check_witness`] of the next run.
    pub(crate) async fn note_run(&self, writer: &impl Writer, run: &str) -> Result<(), String> {
        let Some(LedgerWitness { object, attribute }) = self.witness else {
            return Ok(());
        };
        if !self.records.ledger().has_written() {
            return Ok(());
        }
        self.records.witness(run).await.map_err(|error| error.to_string())?;
        let noted = writer.write_note(object, attribute, run).await;
        noted.map_err(|error| format!("the run could not be noted in the helpdesk: {error}"))
    }
}

fn refusal(code: &'static str, why: &str, help: &str) -> Failure {
    Failure::new(Exit::Refused, code, format!("no notices are sent: {why}")).help(help)
}
