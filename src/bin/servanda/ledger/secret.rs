//! The secret of the ledger, and what a plan needs of its notices.

use secrecy::SecretString;
use servanda::notice::NoticeRecords;
use servanda::settings::LedgerPlace;

use super::{LedgerRecords, NoticeLedger, of_notices};
use crate::http::signature::hmac_sha256;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::load::Workspace;

/// The secret of a ledger in a local file, whose addresses need no protection from other readers.
const LOCAL_SECRET: &str = "servanda";
/// The length of a hidden address, in hexadecimal digits.
const HIDDEN_LENGTH: usize = 24;

/// The secret with which addresses in the ledger are hidden.
pub(crate) struct LedgerSecret(SecretString);

impl LedgerSecret {
    /// Reads the secret from the environment variable in the settings.
    pub(crate) fn of(workspace: &Workspace) -> Result<Self, Failure> {
        let ledger = &workspace.settings.ledger;
        let secret = match (&ledger.secret_variable, &ledger.place) {
            (Some(name), _) => Context::secret(name).ok_or_else(|| {
                let message = format!("the environment variable {name} is not set");
                Failure::new(Exit::Failure, "ledger-secret-unset", message)
                    .help("set it to the ledger's secret; servanda.yaml names it under `ledger.secret`")
            }),
            (None, LedgerPlace::File(_)) => Ok(SecretString::from(LOCAL_SECRET)),
            (None, LedgerPlace::Git { .. } | LedgerPlace::Postgres(_) | LedgerPlace::Variable(_)) => {
                Err(Failure::new(Exit::Failure, "ledger-secret-missing", "`ledger.secret` is missing")
                    .help("add `secret: { env: SERVANDA_LEDGER_SECRET }` under `ledger:`"))
            }
        };
        secret.map(Self)
    }

    /// A digest of a text that cannot be reversed without the secret.
    pub(crate) fn hide(&self, text: &str) -> String {
        let mut digest = hmac_sha256(&self.0, text);
        digest.truncate(HIDDEN_LENGTH);
        digest
    }

    /// Identifies the secret without revealing it.
    pub(crate) fn fingerprint(&self) -> String {
        self.hide("the secret of this ledger")
    }
}

/// The records of notices, and the secret with which their addresses are hidden.
pub(crate) struct RecordedNotices {
    pub(crate) records: NoticeRecords,
    pub(crate) secret: LedgerSecret,
}

impl RecordedNotices {
    /// Reads the records of the repository, given those of any of its helpdesks; `None` if the ledger is not initialised. Fails
    /// if it cannot be read or has another secret.
    pub(crate) async fn read(
        workspace: &Workspace,
        records: &LedgerRecords,
    ) -> Result<Option<Self>, Failure> {
        let secret = LedgerSecret::of(workspace)?;
        let NoticeLedger { records, begun, .. } = of_notices(records, &workspace.settings).await?;
        let Some(begun) = begun else { return Ok(None) };
        if begun.secret != secret.fingerprint() {
            let message = "the ledger was initialised with another secret";
            return Err(Failure::new(Exit::Refused, "ledger-secret-mismatch", message));
        }
        let records = records.memory().await?;
        Ok(Some(Self { records, secret }))
    }
}
