//! A plan that adopts agreements leaves only the others alone.

use super::{agreement, empty, live_id, plan};
use crate::live::{Live, Observed};
use crate::mapping::Mapping;
use crate::plan::{Note, Risk, simulate};

#[test]
fn adopted_agreements_are_not_counted_as_left_alone() {
    let mapping = Mapping::default();
    let instant = "2026-09-01T09:00:00Z";
    let mut agreements: Vec<_> =
        ["a", "b"].into_iter().map(|id| agreement(id, "2026-01-01", "2026-12-31")).collect();
    let filled = simulate(&plan(&agreements, &empty(), &mapping, instant, false), &empty(), &mapping);
    // The same objects, before they had an ownership key, among 109.
    let mut live = Live { unmanaged: 109, ..empty() };
    for (number, observed) in filled.agreements.into_values().enumerate() {
        let object = live_id(&format!("agreement${number}"));
        let Observed::Present(mut found) = observed else { panic!("it was created") };
        found.object = object.clone();
        live.adoptable.insert(object.clone(), Observed::Present(found));
        agreements[number].adopts = Some(object);
    }
    let adopting = plan(&agreements, &live, &mapping, instant, false);
    assert!(adopting.changes.iter().all(|change| change.risks.contains(&Risk::Adopts)));
    assert_eq!((adopting.changes.len(), &adopting.notes[..]), (2, &[Note::Unmanaged(107)][..]));
    // With nothing to adopt, all are left alone.
    agreements.clear();
    let nothing = plan(&agreements, &live, &mapping, instant, false);
    assert_eq!(nothing.notes, [Note::Unmanaged(109)]);
}
