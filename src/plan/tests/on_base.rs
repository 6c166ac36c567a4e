//! What a pull request causes is separated from what its base brings about, such as what the date does.

use proptest::prelude::*;

use super::{agreement, any_mapping, any_repository, at, catalog, empty, plan, settings, with_targets};
use crate::agreement::Agreement;
use crate::envelope::GuardedPlan;
use crate::guard::Acknowledged;
use crate::live::Live;
use crate::mapping::Mapping;
use crate::plan::scope::Scope;
use crate::plan::{ChangeSeverity, GuardName, OnBase, Risk, simulate};
use crate::planner::{self, Base, Origin, PlannerInput};
use crate::settings::Settings;

const THEN: &str = "2026-03-01T09:00:00Z";
const NOW: &str = "2026-09-01T09:00:00Z";

/// The plan of a pull request.
fn planned(base: &[Agreement], head: &[Agreement], live: &Live, settings: &Settings) -> GuardedPlan {
    let catalog = catalog();
    let input = PlannerInput {
        everywhere: &[],
        agreements: head,
        catalog: &catalog,
        settings,
        last_applied: None,
        instant: at(NOW),
        prune: false,
        acknowledged: &Acknowledged::new(),
        selection: &crate::selection::AgreementSelection::default(),
        origin: Origin { commit: None, files: "", helpdesk: "sandbox" },
        sent: None,
        base: Some(Base { agreements: base, everywhere: &[], catalog: &catalog, scope: &Scope::default() }),
    };
    planner::plan(&input, live.clone()).0
}

fn live_of(agreements: &[Agreement], mapping: &Mapping) -> Live {
    simulate(&plan(agreements, &empty(), mapping, THEN, false), &empty(), mapping)
}

/// The ids of what the pull request causes.
fn own(guarded: &GuardedPlan) -> Vec<&str> {
    guarded.own_agreements().into_iter().map(|id| id.as_str()).collect()
}

#[test]
fn what_the_date_does_on_the_base_as_well_is_no_risk_of_the_pull_request() {
    let mapping = Mapping::default();
    let ending = |id| with_targets(agreement(id, "2026-01-01", "2026-08-31"), 4);
    let running = |id, hours| with_targets(agreement(id, "2026-01-01", "2026-12-31"), hours);
    let base = [ending("ends"), running("weakened", 4)];
    let live = live_of(&base, &mapping);
    // Shorter than on the base, whose date ends it too.
    let head = [with_targets(agreement("ends", "2026-01-01", "2026-08-30"), 4), running("weakened", 8)];
    for (head, ends_by) in [([ending("ends"), running("weakened", 8)], None), (head, Some("ends"))] {
        let guarded = planned(&base, &head, &live, &settings(&mapping));
        let scope = guarded.scope.as_ref().expect("the scope");
        let common = OnBase { whole: ends_by.is_none(), risks: vec![Risk::Deactivates] };
        assert_eq!(scope.on_base, [(super::id("ends"), common)].into());
        assert_eq!(own(&guarded), ends_by.into_iter().chain(["weakened"]).collect::<Vec<_>>());
        // A deactivation is the most severe, and the branch does not cause it.
        assert_eq!(guarded.most_severe(), Some(ChangeSeverity::Weakens));
    }
}

#[test]
fn a_guard_that_stops_the_same_on_the_base_is_no_refusal_of_the_pull_request() {
    let mapping = Mapping::default();
    let strict = {
        let mut settings = settings(&mapping);
        settings.guards.weakened = 0;
        settings
    };
    let estate = |first, second| {
        let year = |id, hours| with_targets(agreement(id, "2026-01-01", "2026-12-31"), hours);
        vec![year("a", first), year("b", second)]
    };
    let live = live_of(&estate(4, 4), &mapping);
    for (base, head, is_refused) in [
        (estate(8, 4), estate(8, 4), false),
        (estate(8, 4), estate(8, 8), true),
        (estate(8, 4), estate(4, 8), true),
        // The same agreement and number, and another target.
        (estate(8, 4), estate(12, 4), true),
        (estate(8, 4), estate(4, 4), false),
        (estate(4, 4), estate(8, 4), true),
    ] {
        let guarded = planned(&base, &head, &live, &strict);
        assert_eq!(guarded.is_refused(), is_refused, "{:?}", own(&guarded));
        // The exact number counts both, since the apply after the merge does.
        let weakened = head.iter().zip(estate(4, 4)).filter(|(head, live)| **head != *live).count();
        assert_eq!(guarded.awaiting.first().map_or(0, |held| held.count), weakened);
        assert_eq!(guarded.is_guard_on_base(GuardName::Weakened), weakened > 0 && !is_refused);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pull_request_without_a_difference_causes_nothing(
        mapping in any_mapping(),
        then in any_repository(),
        now in any_repository(),
    ) {
        let live = live_of(&then, &mapping);
        let mut strict = settings(&mapping);
        strict.guards.weakened = 0;
        strict.guards.deactivations.more_than = 0;
        strict.guards.deactivations.and_share_percent = 0;
        let guarded = planned(&now, &now, &live, &strict);
        prop_assert_eq!(own(&guarded), Vec::<&str>::new());
        prop_assert_eq!(guarded.most_severe(), None);
        prop_assert!(!guarded.is_refused());
    }

    #[test]
    fn each_risk_is_either_caused_or_on_the_base_as_well(
        mapping in any_mapping(),
        then in any_repository(),
        base in any_repository(),
        head in any_repository(),
    ) {
        let live = live_of(&then, &mapping);
        let guarded = planned(&base, &head, &live, &settings(&mapping));
        for change in guarded.all_changes() {
            let (own, common) = guarded.split_risks(change);
            let number = |risks: &[Risk]| -> usize {
                risks.iter().map(|risk| match risk {
                    Risk::Weakens(weakened) => weakened.len(),
                    _ => 1,
                }).sum()
            };
            prop_assert_eq!(number(&own) + number(&common), number(&change.risks));
            prop_assert!(own.is_empty() || !guarded.is_on_base(&change.id));
        }
    }
}
