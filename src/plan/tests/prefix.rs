//! Every prefix of an apply is a legal state, however concurrent changes interleave.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{any_agreement, any_mapping, any_repository, empty, plan};
use crate::agreement::{Agreement, PeriodEnd, Suspension};
use crate::calendar::Day;
use crate::cases::sample_of;
use crate::ident::{AgreementId, LiveId};
use crate::live::{Live, LiveAgreement, Observed, Targets, Value};
use crate::mapping::{Deactivation, Field, Mapping};
use crate::plan::{Change, Phase, Plan, apply_step, simulate};
use crate::status::State;

const THEN: &str = "2026-03-01T09:00:00Z";
const NOW: &str = "2026-09-01T09:00:00Z";

/// The number of concurrent changes.
const CONCURRENCY: usize = 4;

pub(super) type Pairs = BTreeSet<(LiveId, LiveId)>;

fn present(live: &Live) -> impl Iterator<Item = (&AgreementId, &LiveAgreement)> {
    live.agreements.iter().filter_map(|(id, observed)| match observed {
        Observed::Present(found) => Some((id, found)),
        Observed::Absent | Observed::Unknown(_) => None,
    })
}

/// Where deactivation withdraws services, the portal offers every agreement that has services.
fn is_active(found: &LiveAgreement, mapping: &Mapping) -> bool {
    if mapping.deactivate == Deactivation::Withdraw {
        return matches!(found.record.fields.get(&Field::Services), Some(Value::References(_)));
    }
    !found.archived && Some(&found.record.state) == mapping.states.get(&State::Active)
}

/// The services that recipients may use, by agreement, judged by the live state only.
pub(super) fn usable(live: &Live, mapping: &Mapping) -> BTreeMap<AgreementId, Pairs> {
    let set = |found: &LiveAgreement, field: Field| match found.record.fields.get(&field) {
        Some(Value::References(set)) => (**set).clone(),
        _ => BTreeSet::new(),
    };
    let active = present(live).filter(|(_, found)| is_active(found, mapping));
    let pairs = active.map(|(id, found)| {
        let units = set(found, Field::Recipients).into_iter();
        let services = set(found, Field::Services);
        let pairs = units.flat_map(|unit| {
            services.iter().map(move |service| (unit.clone(), service.clone())).collect::<Vec<_>>()
        });
        (id.clone(), pairs.collect())
    });
    pairs.collect()
}

fn all(usable: &BTreeMap<AgreementId, Pairs>) -> Pairs {
    usable.values().flatten().cloned().collect()
}

fn targets(found: &LiveAgreement) -> Targets {
    match found.record.fields.get(&Field::Targets) {
        Some(Value::Targets(targets)) => (**targets).clone(),
        _ => Targets::new(),
    }
}

/// The states before and after an apply, and the states that are legal in between.
struct Law<'a> {
    mapping: &'a Mapping,
    before: &'a Live,
    after: Live,
    /// The services that clients of renewed agreements have before and after, and must never lose.
    kept: Pairs,
    usable: Pairs,
}

impl<'a> Law<'a> {
    fn new(plan: &Plan, before: &'a Live, mapping: &'a Mapping, agreements: &[Agreement]) -> Self {
        let after = simulate(plan, before, mapping);
        let (had, will_have) = (usable(before, mapping), usable(&after, mapping));
        let renewals = agreements.iter().filter_map(|agreement| {
            Some((had.get(agreement.renews.as_ref()?)?, will_have.get(&agreement.id)?))
        });
        let kept =
            renewals.flat_map(|(old, new)| old.intersection(new).cloned().collect::<Vec<_>>()).collect();
        let usable = all(&had).union(&all(&will_have)).cloned().collect();
        Self { mapping, before, after, kept, usable }
    }

    fn holds(&self, live: &Live, after: &str) -> Result<(), TestCaseError> {
        let now = all(&usable(live, self.mapping));
        let new: Vec<_> = now.difference(&self.usable).collect();
        prop_assert!(new.is_empty(), "{new:?} is of no agreement, {after}");
        let lost: Vec<_> = self.kept.difference(&now).collect();
        prop_assert!(lost.is_empty(), "{lost:?} is lost in a renewal, {after}");
        for (id, found) in present(live).filter(|(_, found)| is_active(found, self.mapping)) {
            let of =
                |live: &Live| present(live).find(|(other, _)| *other == id).map(|(_, found)| targets(found));
            let was_active =
                present(self.before).any(|(other, found)| other == id && is_active(found, self.mapping));
            let (had, will_have) = (of(self.before).unwrap_or_default(), of(&self.after).unwrap_or_default());
            let has = targets(found);
            for (key, promise) in &has {
                let known = [had.get(key), will_have.get(key)];
                prop_assert!(known.contains(&Some(promise)), "{id} promises {promise:?}, {after}");
            }
            for key in will_have.keys().filter(|key| !was_active || had.contains_key(*key)) {
                prop_assert!(has.contains_key(key), "{id} is active without {key:?}, {after}");
            }
        }
        Ok(())
    }
}

/// Applies a plan as the program does, with concurrent changes interleaved by the choices.
fn apply_interleaved(
    plan: &Plan,
    live: &mut Live,
    choices: &[usize],
    law: &Law,
) -> Result<(), TestCaseError> {
    let mut choices = choices.iter().copied().cycle();
    let mut done: BTreeSet<AgreementId> = BTreeSet::new();
    for phase in [Phase::Gain, Phase::Loss] {
        let mut waiting: Vec<&Change> = plan.changes.iter().filter(|change| change.phase == phase).collect();
        let mut running: Vec<(&Change, usize)> = Vec::new();
        loop {
            while running.len() < CONCURRENCY
                && let Some(at) =
                    waiting.iter().position(|change| change.after.iter().all(|id| done.contains(id)))
            {
                running.push((waiting.remove(at), 0));
            }
            if running.is_empty() {
                break;
            }
            let at = choices.next().unwrap_or_default() % running.len();
            let (change, step) = &mut running[at];
            apply_step(change, &change.steps[*step], live, law.mapping);
            law.holds(live, &format!("after {:?} of {}", change.steps[*step], change.id))?;
            *step += 1;
            if *step == change.steps.len() {
                done.insert(change.id.clone());
                running.remove(at);
            }
        }
        prop_assert!(waiting.is_empty(), "{} wait for ever", waiting.len());
    }
    Ok(())
}

fn day_after(text: &str, days: i64) -> Day {
    crate::agreement::sample::day(text).checked_add(jiff::Span::new().days(days)).expect("in range")
}

prop_compose! {
    /// An agreement that ends between the two runs, and the one that renews it, with services of its own or the same.
    fn any_renewal(number: usize)(
        mut old in any_agreement(number),
        other in any_agreement(number),
        last in 1_i64..180,
        is_same in any::<bool>(),
    ) -> (Agreement, Agreement) {
        old.id = AgreementId::new(&format!("old{number}")).expect("an id");
        old.period.first_day = Some(day_after("2025-06-01", 0));
        old.period.end = PeriodEnd::LastDay(day_after("2026-03-02", last));
        let mut new = if is_same { old.clone() } else { Agreement { client: old.client.clone(), recipients: old.recipients.clone(), ..other } };
        new.id = AgreementId::new(&format!("new{number}")).expect("an id");
        new.period.first_day = Some(day_after("2026-03-03", last));
        new.period.end = PeriodEnd::Open;
        new.renews = Some(old.id.clone());
        (old, new)
    }
}

fn any_renewals() -> impl Strategy<Value = Vec<(Agreement, Agreement)>> {
    (0_usize..3).prop_flat_map(|count| (0..count).map(any_renewal).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: sample_of(300, 2000), ..ProptestConfig::default() })]

    /// After any single step no client sees a service without an active agreement or loses one in a renewal, and no
    /// agreement is active without its targets.
    #[test]
    fn every_prefix_of_an_apply_is_a_legal_state(
        mapping in any_mapping(),
        mut then in any_repository(),
        mut now in any_repository(),
        renewals in any_renewals(),
        suspended in any::<bool>(),
        choices in proptest::collection::vec(0_usize..1000, 1..40),
    ) {
        for (old, new) in renewals {
            then.push(old.clone());
            now.extend([old, new]);
        }
        if suspended && let Some(first) = now.first_mut() {
            first.suspensions.push(Suspension { from: day_after("2026-08-01", 0), until: None, reason: None });
        }
        let first = plan(&then, &empty(), &mapping, THEN, true);
        let before = simulate(&first, &empty(), &mapping);
        let second = plan(&now, &before, &mapping, NOW, true);
        let law = Law::new(&second, &before, &mapping, &now);
        let mut live = before.clone();
        apply_interleaved(&second, &mut live, &choices, &law)?;
        prop_assert_eq!(live, law.after);
    }
}
