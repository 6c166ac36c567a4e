//! A restricted plan is the whole plan without the rows of other agreements, and its apply touches no other object.

use proptest::prelude::*;

use super::{any_mapping, any_repository, applied, at, catalog, id, planned, renewed, settings, simulate};
use crate::agreement::Agreement;
use crate::cases::sample_of;
use crate::envelope::GuardedPlan;
use crate::live::Live;
use crate::mapping::Mapping;
use crate::plan::{LastApplied, Note, Plan, Reason};
use crate::planner::{self, Origin, PlannerInput};
use crate::selection::AgreementSelection;

const NOW: &str = "2026-09-01T09:00:00Z";

fn restricted(
    agreements: &[Agreement],
    live: &Live,
    mapping: &Mapping,
    last_applied: Option<&LastApplied>,
    selection: &AgreementSelection,
) -> GuardedPlan {
    let acknowledged = [(crate::plan::GuardName::Vanished, [1].into())].into();
    let input = PlannerInput {
        everywhere: &[],
        agreements,
        catalog: &catalog(),
        settings: &settings(mapping),
        last_applied,
        instant: at(NOW),
        prune: true,
        acknowledged: &acknowledged,
        selection,
        origin: Origin { commit: None, files: "", helpdesk: "sandbox" },
        sent: None,
        base: None,
    };
    planner::plan(&input, live.clone()).0
}

fn clients(patterns: &[&str]) -> AgreementSelection {
    let clients = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    AgreementSelection { clients, ..AgreementSelection::default() }
}

fn ids(patterns: &[&str]) -> AgreementSelection {
    let ids = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    AgreementSelection { ids, ..AgreementSelection::default() }
}

/// The rows of a plan about the selected agreements, as JSON.
fn rows(plan: &Plan, agreements: &[Agreement], selection: &AgreementSelection) -> serde_json::Value {
    let scope = selection.scope(agreements, at(NOW));
    let mut plan = plan.clone();
    plan.changes.retain(|change| scope.contains(&change.id));
    plan.blocked.retain(|blocked| scope.contains(&blocked.id));
    plan.drift.retain(|drift| scope.contains(&drift.id));
    plan.notes.retain(|note| match note {
        Note::NotCarried(_) | Note::NoticesNotSent(_) => true,
        Note::HoursNotCarried(id) | Note::RecipientsNotCarried(id) | Note::OverAndAbsent(id) => {
            scope.contains(id)
        }
        Note::OtherTitle(_) | Note::Unmanaged(_) => false,
    });
    serde_json::json!([plan.changes, plan.blocked, plan.drift, plan.notes])
}

fn any_selection() -> impl Strategy<Value = AgreementSelection> {
    prop_oneof![
        Just(clients(&["dent-*"])),
        Just(clients(&["portovik", "severny-veter"])),
        Just(ids(&["a0", "a[34]", "a5"])),
        Just(ids(&["a?"])),
        Just(clients(&["no-one"])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: sample_of(100, 500), ..ProptestConfig::default() })]

    #[test]
    fn a_restricted_plan_is_the_whole_plan_without_the_other_rows(
        mapping in any_mapping(),
        then in any_repository(),
        now in any_repository(),
        selection in any_selection(),
    ) {
        let (live, last_applied) = applied(&then, &mapping, "2026-03-01T09:00:00Z");
        let whole = planned(&now, &live, &settings(&mapping), NOW, true, Some(&last_applied)).0.plan;
        let part = restricted(&now, &live, &mapping, Some(&last_applied), &selection).plan;
        prop_assert_eq!(rows(&whole, &now, &selection), rows(&part, &now, &selection));
        prop_assert_eq!(rows(&part, &now, &AgreementSelection::default()), rows(&part, &now, &selection));
        let scope = selection.scope(&now, at(NOW));
        prop_assert_eq!(part.totals.agreements, now.iter().filter(|one| scope.contains(&one.id)).count());
        let (before, after) = (live.clone(), simulate(&part, &live, &mapping));
        for (id, observed) in before.agreements.iter().filter(|(id, _)| !scope.contains(id)) {
            prop_assert_eq!(Some(observed), after.agreements.get(id), "{} is outside", id);
        }
        prop_assert!(restricted(&now, &after, &mapping, Some(&last_applied), &selection).plan.is_empty());
    }
}

#[test]
fn an_agreement_does_not_end_while_its_successor_is_outside() {
    let mapping = Mapping::default();
    let (live, renewed) = renewed(&mapping);
    let part = restricted(&renewed, &live, &mapping, None, &ids(&["a-2025"])).plan;
    assert!(part.is_empty());
    assert_eq!(part.blocked.len(), 1);
    assert_eq!(part.blocked[0].reason, Reason::Waits(id("a-2026")));
}
