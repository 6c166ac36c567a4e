//! Tries a push to the branch of the ledger, since only a push shows whether a rule of the server refuses it.

use servanda::render::doctor::DoctorCheck;

use crate::ledger::LedgerRecords;
use crate::ledger::{LedgerError, LedgerStore as _};

/// Pushes a commit that changes nothing; `None` if the ledger is on no branch.
pub(super) async fn check(records: &LedgerRecords) -> Option<DoctorCheck> {
    Some(match records.ledger().try_push().await {
        Ok(false) => return None,
        Ok(true) => DoctorCheck::ok("push", "the server takes a push to the branch of the ledger"),
        Err(LedgerError::Failed(why) | LedgerError::Conflict(why)) => DoctorCheck::failed(
            "push",
            why,
            Some(
                "let this user or job push to the branch: give its token the right to write, and exempt the branch from rules that refuse pushes"
                    .to_owned(),
            ),
        ),
    })
}

/// Reports that no push was tried; `None` if the ledger is on no branch.
pub(super) fn untested(is_branch: bool) -> Option<DoctorCheck> {
    is_branch.then(|| {
        DoctorCheck::warning(
            "push",
            "untested, whether the server takes a push to the branch of the ledger",
            "run `servanda doctor` without `--no-push`, which pushes a commit that changes nothing",
        )
    })
}
