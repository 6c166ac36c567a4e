//! Restricts a plan to selected agreements. What is outside is left as it is, and not reported.

use std::collections::BTreeSet;

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
        std::mem::take(&mut plan.changes).into_iter().partition(|change| is_selected(&change.id));
    let mut gone: BTreeSet<AgreementId> = outside.into_iter().map(|change| change.id).collect();
    plan.blocked.retain(|blocked| is_selected(&blocked.id));
    while let Some(at) = changes.iter().position(|change| change.after.iter().any(|id| gone.contains(id))) {
        let waiting = changes.remove(at);
        let awaited = waiting.after.iter().find(|id| gone.contains(*id)).cloned();
        plan.blocked.extend(awaited.map(|id| Blocked { id: waiting.id.clone(), reason: Reason::Waits(id) }));
        gone.insert(waiting.id);
    }
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
