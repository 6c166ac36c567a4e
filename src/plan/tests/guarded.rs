//! With any guard stopping anything, every change that the date alone brings about is applied.

use proptest::prelude::*;

use super::{
    agreement, any_agreement, any_mapping, applied, at, catalog, directory, planned, settings, with_targets,
};
use crate::agreement::sample::day;
use crate::agreement::{Agreement, Renewal, Suspension};
use crate::calendar::Term;
use crate::cases::sample_of;
use crate::desired::desired;
use crate::envelope::GuardedPlan;
use crate::ident::AgreementId;
use crate::live::{Live, Observed, Record, Value};
use crate::mapping::{Field, Mapping};
use crate::plan::{Cause, GuardName, LastApplied, Reason, simulate};
use crate::planner::Sides;
use crate::settings::{DeactivationGuard, Guards, Settings};
use crate::status::State;

const THEN: &str = "2026-03-01T09:00:00Z";
const NOW: &str = "2026-09-01T09:00:00Z";

/// Settings whose guards allow nothing.
fn strict(mapping: &Mapping) -> Settings {
    let deactivations = DeactivationGuard { more_than: 0, and_share_percent: 0 };
    let guards = Guards { deactivations, weakened: 0, ended: 0, overwritten: 0, orphans: 0, vanished: 0 };
    Settings { guards, ..settings(mapping) }
}

/// Plans with guards that allow nothing, and applies.
fn run(
    agreements: &[Agreement],
    live: &Live,
    mapping: &Mapping,
    last_applied: &LastApplied,
    instant: &str,
) -> (GuardedPlan, Live) {
    let plan = |live: &Live| planned(agreements, live, &strict(mapping), instant, false, Some(last_applied));
    let (guarded, _): (GuardedPlan, Sides) = plan(live);
    let live = simulate(&guarded.plan, live, mapping);
    (guarded, live)
}

fn record<'a>(live: &'a Live, id: &str) -> &'a Record {
    match &live.agreements[id] {
        Observed::Present(found) => &found.record,
        other => panic!("{other:?}"),
    }
}

fn suspended(mut agreement: Agreement) -> Agreement {
    let until = Some(day("2026-12-20"));
    agreement.suspensions = vec![Suspension { from: day("2026-12-07"), until, reason: None }];
    agreement
}

#[test]
fn a_suspension_is_applied_while_the_targets_wait_and_it_ends_on_its_day() {
    let mapping = Mapping::default();
    let is_on = |hours| suspended(with_targets(agreement("a", "2026-01-01", "2026-12-31"), hours));
    let (live, last_applied) = applied(&[is_on(8)], &mapping, "2026-12-01T09:00:00Z");
    let (guarded, after) = run(&[is_on(12)], &live, &mapping, &last_applied, "2026-12-08T09:00:00Z");
    assert_eq!(guarded.verdict.exit_code, 4);
    assert_eq!(record(&after, "a").state, mapping.states[&State::Suspended]);
    assert_eq!(record(&after, "a").fields[&Field::Targets], record(&live, "a").fields[&Field::Targets]);
    let [waiting] = &guarded.guarded_changes[..] else { panic!("{:?}", guarded.guarded_changes) };
    assert_eq!((waiting.state.is_none(), waiting.fields.len()), (true, 1));
    assert!(!waiting.deactivates() && guarded.plan.changes[0].deactivates());
    // The end of the suspension is a date again.
    let instant = "2026-12-08T10:00:00Z";
    let (rest, sides) = planned(&[is_on(12)], &after, &strict(&mapping), instant, false, Some(&last_applied));
    assert!(rest.plan.is_empty());
    let last_applied = LastApplied::after(
        Some(last_applied),
        &sides.desired,
        &after,
        &rest.open_agreements(),
        rest.guarded_changes.iter(),
        None,
        at(instant),
    );
    let (guarded, resumed) = run(&[is_on(12)], &after, &mapping, &last_applied, "2026-12-21T09:00:00Z");
    assert_eq!(guarded.plan.changes[0].state.as_ref().and_then(|state| state.cause), Some(Cause::Date));
    assert_eq!(record(&resumed, "a").state, mapping.states[&State::Active]);
    assert_eq!(record(&resumed, "a").fields[&Field::Targets], record(&live, "a").fields[&Field::Targets]);
}

/// Somebody shortened the targets in the helpdesk: to lengthen them again weakens what clients have.
#[test]
fn drift_whose_correction_a_guard_stops_stays_and_is_still_reported() {
    let mapping = Mapping::default();
    let file = |hours| with_targets(agreement("a", "2026-01-01", "2026-12-31"), hours);
    let (mut live, last_applied) = applied(&[file(8)], &mapping, THEN);
    let (shorter, _) = applied(&[file(4)], &mapping, THEN);
    let held = record(&shorter, "a").fields[&Field::Targets].clone();
    let Some(Observed::Present(found)) = live.agreements.get_mut("a") else { panic!("it is there") };
    found.record.fields.insert(Field::Targets, held.clone());
    let (guarded, after) = run(&[file(8)], &live, &mapping, &last_applied, NOW);
    assert!(guarded.plan.is_empty());
    assert_eq!(guarded.plan.blocked[0].reason, Reason::Guarded(GuardName::Weakened));
    let [drift] = &guarded.plan.drift[..] else { panic!("{:?}", guarded.plan.drift) };
    assert_eq!(drift.held, held);
    assert_eq!(record(&after, "a").fields[&Field::Targets], held);
}

/// The helpdesk still has the last day of the first period, and so do the edited files.
#[test]
fn an_edit_that_ends_a_period_that_began_since_the_last_run_awaits_an_acknowledgement() {
    let mapping = Mapping::default();
    let renewal = Renewal::Auto { notice_period: None, term: Term { months: 12, days: 0 }, max_terms: None };
    let renewed = Agreement { renewal, ..agreement("a", "2026-01-01", "2026-12-31") };
    let ended = agreement("a", "2026-01-01", "2026-12-31");
    let (live, last_applied) = applied(std::slice::from_ref(&renewed), &mapping, "2026-12-30T09:00:00Z");
    let on = "2027-01-02T09:00:00Z";
    let (guarded, after) = run(std::slice::from_ref(&ended), &live, &mapping, &last_applied, on);
    let names: Vec<GuardName> = guarded.awaiting.iter().map(|held| held.guard).collect();
    assert_eq!(names, [GuardName::Deactivations, GuardName::Ended]);
    assert_eq!(record(&after, "a").state, mapping.states[&State::Active]);
    // Without the edit the next period begins, and an agreement that was never renewed ends by the date.
    let (guarded, _) = run(&[renewed], &live, &mapping, &last_applied, on);
    assert!(guarded.awaiting.is_empty() && guarded.plan.changes[0].state.is_none());
    let (live, last_applied) = applied(std::slice::from_ref(&ended), &mapping, "2026-12-30T09:00:00Z");
    let (guarded, _) = run(&[ended], &live, &mapping, &last_applied, on);
    assert!(guarded.awaiting.is_empty() && guarded.plan.changes[0].deactivates());
}

/// By the files of then and of now the agreement was active at the last run.
#[test]
fn a_suspension_that_was_written_after_it_began_is_an_edit() {
    let mapping = Mapping::default();
    let before = agreement("a", "2026-01-01", "2026-12-31");
    let (live, last_applied) = applied(std::slice::from_ref(&before), &mapping, "2026-12-01T09:00:00Z");
    let (guarded, _) = run(&[suspended(before)], &live, &mapping, &last_applied, "2026-12-08T09:00:00Z");
    let [waiting] = &guarded.guarded_changes[..] else { panic!("{:?}", guarded.plan) };
    assert_eq!(waiting.state.as_ref().and_then(|state| state.cause), Some(Cause::Edit));
}

/// An agreement and its edited version, of which some parts may be the same.
fn any_edit(number: usize) -> impl Strategy<Value = (Agreement, Agreement)> {
    let edits = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let resting = proptest::option::of(0_i64..400);
    (any_agreement(number), any_agreement(number), edits, resting).prop_map(
        |(mut before, other, (services, period, recipients, title), resting)| {
            if let Some(days) = resting {
                let from = day("2026-01-01").checked_add(jiff::Span::new().days(days)).expect("in range");
                before.suspensions = vec![Suspension { from, until: None, reason: None }];
            }
            let mut after = before.clone();
            if services {
                after.services = other.services;
                after.targets = other.targets;
                after.calendar = other.calendar;
            }
            if period {
                after.period = other.period;
            }
            if recipients {
                after.recipients = other.recipients;
            }
            if title {
                after.title = "another title".to_owned();
            }
            (before, after)
        },
    )
}

/// The record of an agreement at an instant.
fn at_instant(agreement: &Agreement, mapping: &Mapping, instant: &str) -> Option<Record> {
    let made = desired(std::slice::from_ref(agreement), &catalog(), mapping, &directory(), at(instant));
    made.agreements.get(&agreement.id).map(|made| made.record.clone())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: sample_of(100, 400), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn with_any_guard_all_that_the_date_brings_about_is_applied(
        mapping in any_mapping(),
        edits in (1_usize..5).prop_flat_map(|count| (0..count).map(any_edit).collect::<Vec<_>>()),
    ) {
        let (before, after): (Vec<Agreement>, Vec<Agreement>) = edits.into_iter().unzip();
        let (live, last_applied) = applied(&before, &mapping, THEN);
        let (guarded, applied) = run(&after, &live, &mapping, &last_applied, NOW);
        for (before, after) in before.iter().zip(&after) {
            let id: &AgreementId = &before.id;
            let waits = |reason: &Reason| matches!(reason, Reason::Waits(_) | Reason::Archived(_));
            if !live.agreements.contains_key(id)
                || guarded.plan.blocked.iter().any(|blocked| blocked.id == *id && waits(&blocked.reason))
            {
                continue;
            }
            let side = |agreement, instant| at_instant(agreement, &mapping, instant).expect("it is resolved");
            let (was, would_be) = (side(before, THEN), side(before, NOW));
            let (edited_then, edited) = (side(after, THEN), side(after, NOW));
            let found = record(&applied, id.as_str());
            // The state first: unedited, and moved by the date.
            let is_unedited = was.state == edited_then.state && would_be.state == edited.state;
            if is_unedited {
                prop_assert_eq!(&found.state, &would_be.state, "{} of {:?}", id, guarded.plan.blocked);
            }
            for (field, value) in &would_be.fields {
                let of = |record: &Record| record.fields.get(field).cloned().unwrap_or(Value::Nothing);
                let is_unedited_field = of(&was) == of(&edited_then) && *value == of(&edited);
                if is_unedited && is_unedited_field && of(&was) != *value {
                    prop_assert_eq!(&of(found), value, "{} of {}", field, id);
                }
            }
        }
    }
}
