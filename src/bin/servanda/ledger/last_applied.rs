//! The last-applied state as entries of a ledger: a head, and one entry for each agreement.

use serde::{Deserialize, Serialize};
use servanda::calendar::Instant;
use servanda::ident::AgreementId;
use servanda::plan::{AppliedAgreement, LAST_APPLIED_FORMAT, LastApplied};

use super::store::Entries;

/// The part of the last-applied state that all agreements share.
#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    commit: Option<String>,
    as_of: Instant,
}

/// The last-applied state of one agreement. The instant is that of the head unless it is given.
#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    as_of: Option<Instant>,
    applied: serde_json::Value,
}

/// Parses the last-applied state below a key; `None` if there is none of this format.
pub(super) fn last_applied_of(entries: &Entries, key: &str) -> Option<LastApplied> {
    let head: Head = serde_json::from_str(entries.get(key)?).ok()?;
    if head.format != LAST_APPLIED_FORMAT {
        return None;
    }
    let under = format!("{key}/");
    let agreements = entries.iter().filter_map(|(key, value)| {
        let id = AgreementId::new(key.strip_prefix(&under)?)?;
        let Entry { as_of, mut applied } = serde_json::from_str(value).ok()?;
        applied["as_of"] = serde_json::json!(as_of.unwrap_or(head.as_of));
        let applied: AppliedAgreement = serde_json::from_value(applied).ok()?;
        Some((id, applied))
    });
    Some(LastApplied { format: head.format, commit: head.commit, agreements: agreements.collect() })
}

/// The entries of a last-applied state. The instant that most agreements share is stored in the head only, so
/// that a run without changes updates one entry.
pub(super) fn entries_of(last_applied: &LastApplied, key: &str) -> Entries {
    let Some(as_of) = last_applied.agreements.values().map(|applied| applied.as_of).max() else {
        return Entries::new();
    };
    let head = Head { format: last_applied.format, commit: last_applied.commit.clone(), as_of };
    let json =
        |value: &dyn Fn() -> serde_json::Result<String>| value().expect("the last-applied state is JSON");
    let entry = |(id, applied): (&AgreementId, &AppliedAgreement)| {
        let own = (applied.as_of != as_of).then_some(applied.as_of);
        let mut applied = serde_json::to_value(applied).expect("the last-applied state is JSON");
        applied.as_object_mut().and_then(|applied| applied.shift_remove("as_of"));
        let entry = Entry { as_of: own, applied };
        (format!("{key}/{id}"), json(&|| serde_json::to_string(&entry)))
    };
    let head = (key.to_owned(), json(&|| serde_json::to_string(&head)));
    last_applied.agreements.iter().map(entry).chain([head]).collect()
}
