//! An agreement that moved to another file without `formerly:` would be active twice.

use super::{agreement, empty, id, plan};
use crate::agreement::Agreement;
use crate::ident::ServiceSlug;
use crate::mapping::Mapping;
use crate::plan::{Risk, Verb, simulate};

/// The risks of the creations after `moved` took the place of an entry of a set.
fn risks(moved: Agreement) -> Vec<Risk> {
    let (mapping, now) = (Mapping::default(), "2026-09-01T09:00:00Z");
    let old = agreement("pack/dent-mayak", "2026-01-01", "2026-12-31");
    let live = simulate(&plan(&[old], &empty(), &mapping, now, false), &empty(), &mapping);
    let changes = plan(&[moved], &live, &mapping, now, false).changes;
    changes.into_iter().filter(|change| change.verb == Verb::Create).flat_map(|change| change.risks).collect()
}

#[test]
fn an_entry_moved_out_of_its_set_is_a_risk_unless_it_is_named_under_formerly() {
    let moved = agreement("dent-mayak-2026", "2026-01-01", "2026-12-31");
    assert_eq!(risks(moved.clone()), [Risk::Duplicates(id("pack/dent-mayak"))]);
    let mut named = moved.clone();
    named.formerly = vec![id("pack/dent-mayak")];
    assert_eq!(risks(named), []);
    // Other services, or a later first day, are another agreement.
    let mut other = moved;
    other.services.insert(ServiceSlug::new("vpn").expect("a slug"), crate::agreement::Coverage::default());
    assert_eq!(risks(other), []);
    assert_eq!(risks(agreement("dent-mayak-2027", "2027-01-01", "2027-12-31")), []);
}
