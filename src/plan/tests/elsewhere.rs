//! Agreements that move between helpdesks: at every prefix of the apply, their clients have them in at least one.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::prefix::{Pairs, usable};
use super::{agreement, any_mapping, any_repository, at, catalog, empty, id, settings};
use crate::agreement::Agreement;
use crate::cases::sample_of;
use crate::desired::desired;
use crate::envelope::GuardedPlan;
use crate::guard::{AwaitingAcknowledgement, read_acknowledgement};
use crate::helpdesks::{
    HelpdeskPlans, Unavailable, are_separate, is_confirmed, is_same_object, split, without_done,
};
use crate::ident::{AgreementId, HelpdeskName, LiveId};
use crate::live::{Live, Observed, Value};
use crate::mapping::Mapping;
use crate::plan::{
    Cause, Change, Drift, DriftPart, Elsewhere, GuardName, LastApplied, Reason, Risk, Verb, apply_step,
};
use crate::planner::{self, Origin, PlannerInput};
use crate::selection::AgreementSelection;

const NOW: &str = "2026-09-01T09:00:00Z";

fn name(text: &str) -> HelpdeskName {
    HelpdeskName::new(text).expect("a name")
}

fn living_in(mut agreement: Agreement, helpdesk: &str) -> Agreement {
    agreement.helpdesk = Some(name(helpdesk));
    agreement
}

/// One of the helpdesks: its mapping and what it holds.
#[derive(Clone)]
struct Helpdesk {
    mapping: Mapping,
    live: Live,
}

impl Helpdesk {
    fn new(mapping: Mapping) -> Self {
        Self { mapping, live: empty() }
    }

    /// The plan of the agreements that live in it.
    fn plan(&self, agreements: &[Agreement], own: &str) -> GuardedPlan {
        self.plan_since(None, NOW, agreements, own)
    }

    /// The same at an instant, with the last-applied state.
    fn plan_since(
        &self,
        last_applied: Option<&LastApplied>,
        now: &str,
        agreements: &[Agreement],
        own: &str,
    ) -> GuardedPlan {
        let is_own = |agreement: &&Agreement| agreement.helpdesk == Some(name(own));
        let here: Vec<Agreement> = agreements.iter().filter(is_own).cloned().collect();
        let input = PlannerInput {
            agreements: &here,
            everywhere: agreements,
            catalog: &catalog(),
            settings: &settings(&self.mapping),
            last_applied,
            instant: at(now),
            prune: false,
            acknowledged: &[(GuardName::Vanished, [1].into())].into(),
            selection: &AgreementSelection::default(),
            origin: Origin { commit: None, files: "", helpdesk: own },
            sent: None,
            base: None,
        };
        planner::plan(&input, self.live.clone()).0
    }

    fn granted(&self) -> BTreeMap<AgreementId, Pairs> {
        usable(&self.live, &self.mapping)
    }
}

type Helpdesks = BTreeMap<HelpdeskName, Helpdesk>;

fn plans(helpdesks: &Helpdesks, agreements: &[Agreement]) -> HelpdeskPlans {
    let plans = helpdesks.iter();
    let plans = plans.map(|(own, helpdesk)| (own.clone(), helpdesk.plan(agreements, own.as_str())));
    HelpdeskPlans::new(plans.collect(), BTreeMap::new())
}

fn granted(helpdesks: &Helpdesks) -> BTreeMap<AgreementId, Pairs> {
    let mut all: BTreeMap<AgreementId, Pairs> = BTreeMap::new();
    for (id, pairs) in helpdesks.values().flat_map(Helpdesk::granted) {
        all.entry(id).or_default().extend(pairs);
    }
    all
}

/// Applies a change, and passes on the state after each step.
fn apply(
    helpdesks: &mut Helpdesks,
    own: &HelpdeskName,
    change: &Change,
    check: &mut impl FnMut(&Helpdesks) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    for step in &change.steps {
        let helpdesk = helpdesks.get_mut(own).expect("a helpdesk");
        apply_step(change, step, &mut helpdesk.live, &helpdesk.mapping);
        check(helpdesks)?;
    }
    Ok(())
}

/// Applies the plans in the two passes of the program.
fn apply_all(
    helpdesks: &mut Helpdesks,
    agreements: &[Agreement],
    check: &mut impl FnMut(&Helpdesks) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let plans = plans(helpdesks, agreements);
    for (own, guarded) in &plans.helpdesks {
        for change in &split(&guarded.plan).0.changes {
            apply(helpdesks, own, change, check)?;
        }
    }
    for (own, guarded) in &plans.helpdesks {
        for change in &split(&guarded.plan).1.changes {
            if let Some(awaited) = &change.elsewhere {
                let there = &helpdesks[&awaited.helpdesk];
                let latest = there.plan(agreements, awaited.helpdesk.as_str());
                prop_assert!(is_confirmed(&awaited.agreement, &latest, &there.live), "{:?}", awaited);
            }
            apply(helpdesks, own, change, check)?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: sample_of(100, 500), ..ProptestConfig::default() })]

    #[test]
    fn whoever_moves_is_at_no_step_without_service(
        berlin in any_mapping(),
        moscow in any_mapping(),
        agreements in any_repository(),
        moving in proptest::collection::vec(any::<bool>(), 1..20),
    ) {
        let mut helpdesks: Helpdesks =
            [(name("berlin"), Helpdesk::new(berlin)), (name("moscow"), Helpdesk::new(moscow))].into();
        let there: Vec<Agreement> =
            agreements.into_iter().map(|agreement| living_in(agreement, "berlin")).collect();
        apply_all(&mut helpdesks, &there, &mut |_| Ok(()))?;
        let before = granted(&helpdesks);
        let moved: Vec<Agreement> = there.into_iter().zip(moving.into_iter().cycle()).map(|(agreement, moves)| {
            living_in(agreement, if moves { "moscow" } else { "berlin" })
        }).collect();
        let mut after = helpdesks.clone();
        apply_all(&mut after, &moved, &mut |_| Ok(()))?;
        let after = granted(&after);
        let mut check = |now: &Helpdesks| {
            let now = granted(now);
            for (id, pairs) in &before {
                let kept = pairs.iter().filter(|pair| after.get(id).is_some_and(|after| after.contains(*pair)));
                for pair in kept {
                    prop_assert!(now.get(id).is_some_and(|now| now.contains(pair)), "{id} is without {pair:?}");
                }
            }
            Ok(())
        };
        apply_all(&mut helpdesks, &moved, &mut check)?;
        let again = plans(&helpdesks, &moved);
        prop_assert!(again.is_empty(), "{:?}", again.helpdesks);
        for agreement in &moved {
            let other = if agreement.helpdesk == Some(name("berlin")) { "moscow" } else { "berlin" };
            let left = helpdesks[&name(other)].granted().remove(&agreement.id);
            prop_assert!(left.is_none_or(|left| left.is_empty()), "{} is left in {other}", agreement.id);
        }
    }
}

/// The helpdesk with an active agreement, and that agreement in another helpdesk.
fn moving() -> (Helpdesk, Agreement) {
    let agreement = agreement("a", "2026-01-01", "2026-12-31");
    let mut helpdesks: Helpdesks = [(name("berlin"), Helpdesk::new(Mapping::default()))].into();
    let there = living_in(agreement.clone(), "berlin");
    apply_all(&mut helpdesks, &[there], &mut |_| Ok(())).expect("applied");
    let berlin = helpdesks.remove(&name("berlin")).expect("a helpdesk");
    (berlin, living_in(agreement, "moscow"))
}

#[test]
fn a_move_is_no_orphan_and_stays_while_its_new_helpdesk_cannot_confirm_it() {
    let (berlin, moved) = moving();
    let elsewhere = Elsewhere { agreement: id("a"), helpdesk: name("moscow") };
    let guarded = berlin.plan(std::slice::from_ref(&moved), "berlin");
    let [change] = &guarded.plan.changes[..] else { panic!("{:?}", guarded.plan) };
    assert_eq!((change.verb, &change.elsewhere), (Verb::Move, &Some(elsewhere.clone())));
    assert_eq!(change.risks, [Risk::Moves(elsewhere.clone())]);
    assert_eq!((guarded.plan.totals.moves, guarded.plan.totals.retirements), (1, 0));
    let unavailable = Unavailable { exit_code: 6, code: String::new(), message: String::new(), help: None };
    let alone = [(name("berlin"), guarded)];
    let held = HelpdeskPlans::new(alone.into(), [(name("moscow"), unavailable)].into());
    let berlin = &held.helpdesks[&name("berlin")];
    assert!(berlin.plan.is_empty());
    assert_eq!(berlin.plan.blocked[0].reason, Reason::Elsewhere(elsewhere));
    assert_eq!((held.verdict.exit_code, berlin.plan.totals.moves), (6, 0));
}

#[test]
fn a_predecessor_waits_for_its_successor_in_another_helpdesk() {
    let mut berlin = Helpdesk::new(Mapping::default());
    let mut old = living_in(agreement("a-2025", "2025-01-01", "2026-12-31"), "berlin");
    let mut one: Helpdesks = [(name("berlin"), berlin.clone())].into();
    apply_all(&mut one, std::slice::from_ref(&old), &mut |_| Ok(())).expect("applied");
    berlin = one.remove(&name("berlin")).expect("a helpdesk");
    old.period.end = crate::agreement::PeriodEnd::LastDay(crate::agreement::sample::day("2026-08-31"));
    let mut new = living_in(agreement("a-2026", "2026-09-01", "2027-08-31"), "moscow");
    new.renews = Some(id("a-2025"));
    let guarded = berlin.plan(&[old, new], "berlin");
    let awaited = Elsewhere { agreement: id("a-2026"), helpdesk: name("moscow") };
    assert_eq!(guarded.plan.changes[0].elsewhere, Some(awaited));
}

/// A name for another helpdesk must not withdraw the very object that it awaits.
#[test]
fn one_object_under_two_names_is_known() {
    let (berlin, moved) = moving();
    let guarded = berlin.plan(std::slice::from_ref(&moved), "berlin");
    let change = &guarded.plan.changes[0];
    let awaited = change.elsewhere.as_ref().expect("it awaits the other helpdesk");
    assert!(is_same_object(change, awaited, &berlin.live));
    assert!(!is_same_object(change, awaited, &empty()));
    assert!(!are_separate(&berlin.live, &berlin.live));
}

/// Two helpdesks may number their objects alike.
#[test]
fn a_difference_between_two_states_shows_that_they_are_of_two_helpdesks() {
    let (berlin, _) = moving();
    let observed = berlin.live.agreements[&id("a")].clone();
    let Observed::Present(mut renumbered) = observed.clone() else { panic!("{observed:?}") };
    renumbered.object = LiveId::new("other").expect("an id");
    let state = |agreements: &[(&str, &Observed<_>)]| {
        let agreements = agreements.iter().map(|(key, observed)| (id(key), (*observed).clone()));
        Live { agreements: agreements.collect(), ..Live::default() }
    };
    let unreadable = Observed::Unknown(String::new());
    let twice = Live { same_ownership_key: [(id("a"), Vec::new())].into(), ..Live::default() };
    for (other, expected) in [
        (state(&[("a", &observed)]), false),
        (state(&[("a", &unreadable)]), false),
        (state(&[("a", &observed), ("b", &unreadable)]), false),
        (twice, false),
        (state(&[]), true),
        (state(&[("a", &Observed::Absent)]), true),
        (state(&[("a", &Observed::Present(renumbered))]), true),
        (state(&[("a", &observed), ("b", &observed)]), true),
    ] {
        assert_eq!(are_separate(&berlin.live, &other), expected, "{other:?}");
        assert_eq!(are_separate(&other, &berlin.live), expected, "{other:?}");
    }
}

/// Drift that the settings only report leaves the new object as somebody made it, which is not what the files say.
#[test]
fn an_object_with_reported_drift_confirms_nothing() {
    let (berlin, moved) = moving();
    let here = living_in(moved, "berlin");
    let mut guarded = berlin.plan(std::slice::from_ref(&here), "berlin");
    assert!(is_confirmed(&here.id, &guarded, &berlin.live));
    guarded.plan.drift.push(Drift {
        id: here.id.clone(),
        title: String::new(),
        object: super::live_id("x$1"),
        part: DriftPart::State,
        held: Value::text("inactive"),
        wanted: Value::text("active"),
        is_corrected: false,
        touch: None,
    });
    assert!(!is_confirmed(&here.id, &guarded, &berlin.live));
}

/// The object of an agreement that moved while its new helpdesk was down, and then ended, was ended by the date alone; one that
/// an edit ended was not. Before its end it is the edit that moves it.
#[test]
fn the_date_ends_what_moved_and_an_edit_moves_it() {
    let (berlin, moved) = moving();
    let here = living_in(moved.clone(), "berlin");
    let applied =
        desired(std::slice::from_ref(&here), &catalog(), &berlin.mapping, &berlin.live.directory, at(NOW));
    let (open, none) = (BTreeSet::new(), std::iter::empty());
    let applied = LastApplied::after(None, &applied, &berlin.live, &open, none, None, at(NOW));
    let cause = |moved: &Agreement, now: &str| {
        let guarded = berlin.plan_since(Some(&applied), now, std::slice::from_ref(moved), "berlin");
        let changes = guarded
            .all_changes()
            .map(|change| (change.verb, change.state.as_ref().and_then(|state| state.cause)));
        changes.collect::<Vec<_>>()
    };
    assert_eq!(cause(&moved, "2027-01-01T09:00:00Z"), [(Verb::Move, Some(Cause::Date))]);
    assert_eq!(cause(&moved, "2026-10-01T09:00:00Z"), [(Verb::Move, Some(Cause::Edit))]);
    let mut ended = moved;
    ended.period.end = crate::agreement::PeriodEnd::LastDay(crate::agreement::sample::day("2026-08-01"));
    assert_eq!(cause(&ended, "2026-10-01T09:00:00Z"), [(Verb::Move, Some(Cause::Edit))]);
}

#[test]
fn what_is_over_is_withdrawn_without_waiting() {
    let (berlin, mut moved) = moving();
    moved.period.end = crate::agreement::PeriodEnd::LastDay(crate::agreement::sample::day("2026-08-31"));
    let guarded = berlin.plan(&[moved], "berlin");
    let [change] = &guarded.plan.changes[..] else { panic!("{:?}", guarded.plan) };
    assert_eq!((change.verb, &change.elsewhere), (Verb::Move, &None));
}

#[test]
fn two_objects_with_the_key_of_a_moved_agreement_are_shown() {
    let (mut berlin, moved) = moving();
    let objects = vec![super::live_id("x$1"), super::live_id("x$2")];
    berlin.live.agreements.clear();
    berlin.live.same_ownership_key.insert(id("a"), objects.clone());
    let guarded = berlin.plan(&[moved], "berlin");
    assert_eq!(guarded.plan.blocked[0].reason, Reason::SameOwnershipKey(objects));
}

#[test]
fn a_guard_is_acknowledged_under_the_name_of_its_helpdesk() {
    let (berlin, moved) = moving();
    let mut guarded = berlin.plan(std::slice::from_ref(&moved), "berlin");
    let held = AwaitingAcknowledgement {
        helpdesk: None,
        guard: GuardName::Deactivations,
        count: 1,
        limit: 0,
        acknowledged: None,
    };
    guarded.awaiting.push(held.clone());
    assert_eq!(held.written(), "deactivations=1");
    let plans = HelpdeskPlans::new([(name("berlin"), guarded)].into(), BTreeMap::new());
    let written = plans.helpdesks[&name("berlin")].awaiting[0].written();
    assert_eq!(written, "berlin/deactivations=1");
    let read = read_acknowledgement(&written).expect("it is read as it is written");
    assert_eq!((read.helpdesk, read.guard, read.count), (Some(name("berlin")), held.guard, 1));
}

/// A move out of berlin that cannot be confirmed holds back what waits for it there, and so what awaits that in turn.
#[test]
fn what_is_held_back_in_one_helpdesk_is_impossible_for_others() {
    let (berlin, moved) = moving();
    let guarded = berlin.plan(std::slice::from_ref(&moved), "berlin");
    let [change] = &guarded.plan.changes[..] else { panic!("{:?}", guarded.plan) };
    let awaits = |id: &str, helpdesk: &str| Elsewhere { agreement: super::id(id), helpdesk: name(helpdesk) };
    let with = |changes: Vec<Change>| {
        let mut guarded = guarded.clone();
        guarded.plan.changes = changes;
        guarded
    };
    let named = |id: &str, after: &[&str], elsewhere| Change {
        id: super::id(id),
        after: after.iter().map(|id| super::id(id)).collect(),
        elsewhere,
        ..change.clone()
    };
    let plans = [
        (name("amsterdam"), with(vec![named("c", &[], Some(awaits("b", "berlin")))])),
        (name("berlin"), with(vec![named("a", &[], Some(awaits("a", "moscow"))), named("b", &["a"], None)])),
    ];
    let held = HelpdeskPlans::new(plans.into(), BTreeMap::new());
    assert_eq!(held.changes(), 0, "{held:?}");
    assert_eq!(
        held.helpdesks[&name("amsterdam")].plan.blocked[0].reason,
        Reason::Elsewhere(awaits("b", "berlin"))
    );
}

/// Each pass applies a part of the plan. What the other part has is no reason not to begin.
#[test]
fn passes_keep_the_order_of_a_plan() {
    let (berlin, moved) = moving();
    let mut guarded = berlin.plan(std::slice::from_ref(&moved), "berlin");
    let change = guarded.plan.changes.remove(0);
    let named = |id: &str, after: &[&str], elsewhere: Option<Elsewhere>| Change {
        id: super::id(id),
        after: after.iter().map(|id| super::id(id)).collect(),
        elsewhere,
        ..change.clone()
    };
    guarded.plan.changes = vec![
        named("first", &[], None),
        named("moves", &["first"], change.elsewhere.clone()),
        named("follows", &["moves"], None),
        named("last", &["follows"], None),
    ];
    let (first, last) = split(&guarded.plan);
    let ids = |plan: &crate::plan::Plan| {
        plan.changes.iter().map(|change| change.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        (ids(&first), ids(&last)),
        (vec!["first".to_owned()], ["moves", "follows", "last"].map(str::to_owned).to_vec())
    );
    let done = [id("first")].into();
    let open =
        |plan: &crate::plan::Plan| plan.changes.iter().map(|change| change.after.len()).collect::<Vec<_>>();
    assert_eq!(open(&without_done(last.clone(), &done)), [0, 1, 1]);
    assert_eq!(open(&without_done(last, &BTreeSet::new())), [1, 1, 1]);
}
