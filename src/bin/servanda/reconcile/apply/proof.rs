//! Proves that an object belongs to its agreement: that the helpdesk stored the ownership key as it was written, and that
//! no other object has it.

use servanda::ident::{AgreementId, LiveId};
use servanda::outcome::Withdrawn;
use servanda::plan::Step;

use crate::helpdesk::{ReadError, Reader, Writer, creation_order};

/// The proof by an object that an ownership key was written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyProof {
    /// It has the whole key.
    Kept,
    /// It has this value instead.
    NotKept(String),
}

/// Whether a step writes an ownership key.
pub(super) const fn writes_key(step: &Step) -> bool {
    matches!(step, Step::Create { .. } | Step::Edit { ownership_key: Some(_), .. })
}

/// Reads the ownership key of an object that it was just written to. The response to the write is no proof, since it may
/// name another object.
pub(super) async fn prove(
    reader: &impl Reader,
    id: &AgreementId,
    object: &LiveId,
) -> Result<KeyProof, ReadError> {
    let key = reader.stored_key(object).await?;
    Ok(if key.owner.as_ref() == Some(id) { KeyProof::Kept } else { KeyProof::NotKept(key.text) })
}

/// Searches other objects of the agreement after a creation, and withdraws the new object if another one is older.
/// Two runs that see both objects agree on which one that is.
pub(super) async fn withdraw_if_later(
    reader: &impl Reader,
    writer: &impl Writer,
    id: &AgreementId,
    object: &LiveId,
) -> Result<Option<Withdrawn>, ReadError> {
    let bearers = reader.bearers(id).await?;
    let older = bearers.into_iter().filter(|other| creation_order(other) < creation_order(object));
    let Some(kept) = older.min_by(|left, right| creation_order(left).cmp(&creation_order(right))) else {
        return Ok(None);
    };
    let failure = writer.withdraw(object).await.err().map(|error| error.to_string());
    Ok(Some(Withdrawn { object: object.clone(), kept, failure }))
}
