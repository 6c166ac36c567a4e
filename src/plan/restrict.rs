//! Restricts a plan to selected agreements. What is outside is left as it is, and not reported.

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::Desired;
use crate::ident::AgreementId;
use crate::live::Live;
use crate::plan::diff::names;
use crate::plan::{Blocked, Change, Note, Plan, Reason};

/// Takes the rows of all other agreements out of a plan that was made from these sides. A change that waits for one
/// outside is blocked, since no run applies what it waits for. The limits of guards that are shares, and the count of
/// vanished agreements, stay those of the whole plan. `active` is the tenant's state of an active agreement.
pub fn restrict(
    plan: &mut Plan,
    desired: &Desired,
    live: &Live,
    is_selected: impl Fn(&AgreementId) -> bool,
    active: Option<&String>,
) {
    let (mut changes, outside): (Vec<Change>, Vec<Change>) =
        std::mem::take(&mut plan.changes).into_iter().partition(|change| {
            let awaited = change.elsewhere.as_ref().map(|elsewhere| &elsewhere.agreement);
            is_selected(&change.id) && awaited.is_none_or(&is_selected)
        });
    let gone = outside.into_iter().map(|change| change.id).collect();
    plan.blocked.retain(|blocked| is_selected(&blocked.id));
    let waiting = dependents(&changes, gone);
    changes.retain(|change| !waiting.contains_key(&change.id));
    let waiting = waiting.into_iter();
    plan.blocked.extend(waiting.map(|(id, awaited)| Blocked { id, reason: Reason::Waits(awaited) }));
    plan.blocked.sort();
    plan.drift.retain(|drift| is_selected(&drift.id));
    plan.notes.retain(|note| match note {
        Note::NotCarried(_) | Note::NoticesNotSent(_) => true,
        Note::HoursNotCarried(id) | Note::RecipientsNotCarried(id) | Note::OverAndAbsent(id) => {
            is_selected(id)
        }
        Note::OtherTitle(_) | Note::Unmanaged(_) => false,
    });
    plan.names = names(&changes, live);
    plan.changes = changes;
    let wanted = desired.agreements.keys().filter(|id| is_selected(id));
    let unresolved = desired.unresolved.keys().filter(|id| is_selected(id)).count();
    let absent = plan.notes.iter().filter_map(|note| match note {
        Note::OverAndAbsent(id) => Some(id),
        _ => None,
    });
    let open =
        plan.changes.iter().map(|change| &change.id).chain(plan.blocked.iter().map(|blocked| &blocked.id));
    let open: BTreeSet<&AgreementId> = open.chain(absent).collect();
    let (mut agreements, mut unchanged) = (0, 0);
    for id in wanted {
        agreements += 1;
        unchanged += usize::from(!open.contains(id));
    }
    plan.totals.agreements = agreements + unresolved;
    plan.totals.unchanged = unchanged;
    plan.count(active);
}

/// The changes that wait for one of `gone`, directly or not, each with the first that it waits for.
pub fn dependents(changes: &[Change], mut gone: BTreeSet<AgreementId>) -> BTreeMap<AgreementId, AgreementId> {
    let mut waiting = BTreeMap::new();
    while let Some((id, awaited)) =
        changes.iter().filter(|change| !gone.contains(&change.id)).find_map(|change| {
            let awaited = change.after.iter().find(|id| gone.contains(*id))?;
            Some((change.id.clone(), awaited.clone()))
        })
    {
        gone.insert(id.clone());
        waiting.insert(id, awaited);
    }
    waiting
}
