//! Compares the live state with the desired state, since a notice is sent only after its fact is confirmed.

use std::collections::{BTreeMap, BTreeSet};

use crate::agreement::Agreement;
use crate::desired::Desired;
use crate::ident::{AgreementId, LiveId};
use crate::live::{Live, LiveAgreement, Observed};
use crate::mapping::Field;
use crate::plan::Change;

/// The fields that notices speak of.
const ANNOUNCED: [Field; 4] = [Field::FirstDay, Field::LastDay, Field::Services, Field::Recipients];

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

/// Compares everything that a notice says of each agreement: its state, days, services and recipients. `open` are the
/// changes that the helpdesk still needs.
pub fn confirmations<'a>(
    desired: &Desired,
    live: &Live,
    open: impl IntoIterator<Item = &'a Change>,
) -> BTreeMap<AgreementId, Confirmation> {
    let open = open.into_iter().filter(|change| is_announced(change));
    let open: BTreeSet<&AgreementId> = open.map(|change| &change.id).collect();
    let confirmations = desired.agreements.iter().map(|(id, desired)| {
        let is_as_desired = |found: &LiveAgreement| {
            let is_same = found.archived == desired.archived && found.record.state == desired.record.state;
            is_same && !open.contains(id)
        };
        let confirmation = match live.agreements.get(id) {
            Some(Observed::Present(found)) if is_as_desired(found) => Confirmation::AsDesired,
            // Several objects with its ownership key are not in the list, and are no proof of absence.
            None if live.same_ownership_key.contains_key(id) => Confirmation::Unconfirmed,
            Some(Observed::Absent) | None => Confirmation::Absent,
            Some(Observed::Present(_) | Observed::Unknown(_)) => Confirmation::Unconfirmed,
        };
        (id.clone(), confirmation)
    });
    confirmations.collect()
}

/// Whether a change is about something that notices speak of.
pub(super) fn is_announced(change: &Change) -> bool {
    change.state.is_some() || change.fields.iter().any(|field| ANNOUNCED.contains(&field.field))
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

#[cfg(test)]
mod tests {
    use super::{Confirmation, confirmations};
    use crate::desired::{ClientUnits, Desired, DesiredAgreement};
    use crate::ident::{AgreementId, ClientSlug, LiveId};
    use crate::live::{Live, LiveAgreement, Observed, Record, Rules, Value};
    use crate::mapping::Field;
    use crate::plan::{Change, FieldChange, Verb};
    use crate::render::plan::sample;
    use crate::status::{State, Status, StatusReason};

    fn id() -> AgreementId {
        AgreementId::new("a").expect("an id")
    }

    fn object(name: &str) -> LiveId {
        LiveId::new(name).expect("a live id")
    }

    /// Compares a live state and open changes with an agreement that should be active.
    fn confirmation(live: &Live, open: &[Change]) -> Confirmation {
        let because = StatusReason::WithinPeriod;
        let agreement = DesiredAgreement {
            title: "title".to_owned(),
            client: ClientSlug::new("acme").expect("a slug"),
            status: Status { state: State::Active, since: None, next_change: None, because },
            units: ClientUnits::default(),
            record: Record { state: "active".to_owned(), ..Record::default() },
            archived: false,
            formerly: Vec::new(),
            adopts: None,
        };
        let desired = Desired { agreements: [(id(), agreement)].into(), ..Desired::default() };
        confirmations(&desired, live, open)[&id()]
    }

    fn present(state: &str) -> Live {
        let found = LiveAgreement {
            object: object("agreement$1"),
            owner: None,
            record: Record { state: state.to_owned(), ..Record::default() },
            rules: Rules::new(),
            archived: false,
            modified: None,
        };
        Live { agreements: [(id(), Observed::Present(found))].into(), ..Live::default() }
    }

    #[test]
    fn a_fact_is_confirmed_only_with_everything_that_its_notice_says() {
        assert_eq!(confirmation(&present("active"), &[]), Confirmation::AsDesired);
        assert_eq!(confirmation(&present("planned"), &[]), Confirmation::Unconfirmed);
        for (field, expected) in [
            (Field::FirstDay, Confirmation::Unconfirmed),
            (Field::LastDay, Confirmation::Unconfirmed),
            (Field::Services, Confirmation::Unconfirmed),
            (Field::Recipients, Confirmation::Unconfirmed),
            (Field::Title, Confirmation::AsDesired),
            (Field::Targets, Confirmation::AsDesired),
        ] {
            let mut change =
                sample::change("a", Verb::Update, "T", State::Active, StatusReason::WithinPeriod);
            change.state = None;
            let (before, after) = (Value::Nothing, Value::text("what the files say"));
            change.fields = vec![FieldChange { field: field.clone(), before, after, cause: None }];
            assert_eq!(confirmation(&present("active"), &[change.clone()]), expected, "{field}");
            change.id = AgreementId::new("another").expect("an id");
            assert_eq!(confirmation(&present("active"), &[change]), Confirmation::AsDesired, "{field}");
        }
    }

    #[test]
    fn several_objects_with_the_ownership_key_are_no_proof_of_absence() {
        assert_eq!(confirmation(&Live::default(), &[]), Confirmation::Absent);
        let objects = vec![object("agreement$1"), object("agreement$2")];
        let live = Live { same_ownership_key: [(id(), objects)].into(), ..Live::default() };
        assert_eq!(confirmation(&live, &[]), Confirmation::Unconfirmed);
    }
}
