//! Whoever may ask for a service before an apply and may not after it is named as a risk, and no other is.
//!
//! The oracle only reads the live state before and after the simulated apply.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{any_mapping, any_repository, empty, plan};
use crate::cases::sample_of;
use crate::ident::{AgreementId, LiveId};
use crate::live::{Live, Observed, Value};
use crate::mapping::{Field, Mapping};
use crate::plan::{Change, Risk, Verb, Weakened, simulate};
use crate::status::State;

const THEN: &str = "2026-03-01T09:00:00Z";
const NOW: &str = "2026-09-01T09:00:00Z";

/// The units and services that may be asked for under an agreement.
fn access(live: &Live, id: &AgreementId, mapping: &Mapping) -> BTreeSet<(LiveId, LiveId)> {
    let Some(Observed::Present(found)) = live.agreements.get(id) else {
        return BTreeSet::new();
    };
    if found.archived || found.record.state != mapping.states[&State::Active] {
        return BTreeSet::new();
    }
    let set = |field: Field| match found.record.fields.get(&field) {
        Some(Value::References(set)) => (**set).clone(),
        _ => BTreeSet::new(),
    };
    let services = set(Field::Services);
    let pair =
        |unit: &LiveId| services.iter().map(|service| (unit.clone(), service.clone())).collect::<Vec<_>>();
    set(Field::Recipients).iter().flat_map(pair).collect()
}

/// The units and the services that a change names as lost; whether it names all.
fn named(change: &Change) -> (BTreeSet<LiveId>, BTreeSet<LiveId>, bool) {
    let (mut units, mut services) = (BTreeSet::new(), BTreeSet::new());
    for weakened in change.weakened() {
        match weakened {
            Weakened::Service(service) => services.insert(service.clone()),
            Weakened::Recipient(unit) | Weakened::Client { before: unit, .. } => units.insert(unit.clone()),
            Weakened::Target { .. } | Weakened::Calendar(_) => false,
        };
    }
    (units, services, change.risks.contains(&Risk::Deactivates))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: sample_of(200, 1000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whoever_loses_access_is_named_as_a_risk_and_no_other(
        mapping in any_mapping(),
        then in any_repository(),
        now in any_repository(),
        prune in any::<bool>(),
    ) {
        let live = simulate(&plan(&then, &empty(), &mapping, THEN, prune), &empty(), &mapping);
        let plan = plan(&now, &live, &mapping, NOW, prune);
        let after = simulate(&plan, &live, &mapping);
        for id in live.agreements.keys() {
            let (had, has) = (access(&live, id, &mapping), access(&after, id, &mapping));
            let lost: BTreeSet<_> = had.difference(&has).collect();
            let change = plan.changes.iter().find(|change| change.id == *id);
            let (units, services, all) = change.map(named).unwrap_or_default();
            for (unit, service) in &lost {
                prop_assert!(all || units.contains(unit) || services.contains(service), "{} loses {} for {}", id, service, unit);
            }
            // What was not in use may be named too, such as a service of a planned agreement.
            if had.is_empty() || change.is_none_or(|change| change.verb != Verb::Update) {
                continue;
            }
            prop_assert_eq!(all, has.is_empty());
            for unit in &units {
                prop_assert!(lost.iter().any(|(of, _)| of == unit), "{} keeps {}", id, unit);
            }
            for service in &services {
                prop_assert!(lost.iter().any(|(_, of)| of == service), "{} keeps {}", id, service);
            }
        }
    }
}
