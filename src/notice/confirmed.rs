//! Compares the live state with the desired state, since a notice is sent only after its fact is confirmed.

use std::collections::BTreeMap;

use crate::agreement::Agreement;
use crate::desired::Desired;
use crate::ident::{AgreementId, LiveId};
use crate::live::{Live, LiveAgreement, Observed};

/// The confirmed state of an agreement in the helpdesk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Confirmation {
    /// As the agreement should be at this instant: what a notice says is true for the client.
    AsDesired,
    /// Not there.
    Absent,
    /// Different, or unknown.
    Unconfirmed,
}

/// Compares each agreement. If the state alone activates an agreement (`is_by_state`), other fields are ignored.
pub fn confirmations(
    desired: &Desired,
    live: &Live,
    is_by_state: bool,
) -> BTreeMap<AgreementId, Confirmation> {
    let confirmations = desired.agreements.iter().map(|(id, desired)| {
        let is_as_desired = |found: &LiveAgreement| {
            let is_same = found.archived == desired.archived && found.record.state == desired.record.state;
            is_same && (is_by_state || found.record == desired.record)
        };
        let confirmation = match live.agreements.get(id) {
            Some(Observed::Present(found)) if is_as_desired(found) => Confirmation::AsDesired,
            Some(Observed::Absent) | None => Confirmation::Absent,
            Some(Observed::Present(_) | Observed::Unknown(_)) => Confirmation::Unconfirmed,
        };
        (id.clone(), confirmation)
    });
    confirmations.collect()
}

/// The live objects of agreements, by their current and former ids.
pub fn objects(live: &Live, agreements: &[Agreement]) -> BTreeMap<AgreementId, LiveId> {
    let present = live.agreements.iter().filter_map(|(id, observed)| match observed {
        Observed::Present(found) => Some((id.clone(), found.object.clone())),
        Observed::Absent | Observed::Unknown(_) => None,
    });
    let mut objects: BTreeMap<AgreementId, LiveId> = present.collect();
    for agreement in agreements {
        if let Some(object) = objects.get(&agreement.id).cloned() {
            objects.extend(agreement.formerly.iter().map(|name| (name.clone(), object.clone())));
        }
    }
    objects
}
