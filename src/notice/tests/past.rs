//! What was live before it was managed is past, and a rename moves the records.

use super::fixture::{Fixture, notifying};
use crate::agreement::Suspension;
use crate::agreement::sample::day;
use crate::ident::{AgreementId, LiveId};
use crate::notice::PastEvents;

fn id(text: &str) -> AgreementId {
    AgreementId::new(text).expect("an id")
}

/// A ledger that began on the first of November, before the agreement `a` was known.
fn begun() -> Fixture {
    let mut fixture = Fixture::new([]);
    fixture.begin("2026-11-01");
    fixture
}

#[test]
fn an_adopted_agreement_announces_nothing_that_came_before_it() {
    let mut fixture = begun();
    let mut adopted = notifying("a", "2026-01-01", "2026-12-31");
    adopted.adopts = LiveId::new("agreement$123");
    fixture.agreements.insert(id("a"), adopted);
    fixture.run_daily("2026-11-16", "2027-01-10");
    // The reminder 60 days ahead was planned before the adoption.
    assert_eq!(
        fixture.sent(),
        [
            "2026-12-01  a expiring 2026-12-31 30d client.main",
            "2026-12-24  a expiring 2026-12-31 7d client.main",
            "2026-12-30  a expiring 2026-12-31 1d client.main",
            "2027-01-01  a deactivated 2027-01-01 - client.main",
        ]
    );
}

#[test]
fn an_adopted_agreement_that_begins_later_is_announced() {
    for from in ["2026-11-16", "2026-12-01"] {
        let mut fixture = begun();
        let mut adopted = notifying("a", "2026-12-01", "2027-12-31");
        adopted.adopts = LiveId::new("agreement$123");
        fixture.agreements.insert(id("a"), adopted);
        // Also after days without a run, and if the ledger is initialised after the adoption.
        fixture.run(from);
        fixture.run("2026-12-02");
        assert_eq!(fixture.sent().len(), 1, "adopted on {from}");
    }
    let mut adopted = notifying("a", "2026-12-01", "2027-12-31");
    adopted.adopts = LiveId::new("agreement$123");
    let mut fixture = Fixture::new([adopted]);
    fixture.begin("2026-11-01");
    fixture.run("2026-12-02");
    assert_eq!(fixture.sent().len(), 1);
}

#[test]
fn a_renamed_agreement_announces_nothing_again_once_formerly_is_removed() {
    let mut suspended = notifying("old", "2026-01-01", "2026-12-31");
    let until = Some(day("2026-05-10"));
    suspended.suspensions.push(Suspension { from: day("2026-05-01"), until, reason: None });
    let mut fixture = Fixture::new([suspended.clone()]);
    fixture.begin("2026-04-01");
    fixture.run_daily("2026-04-02", "2026-11-05");
    assert_eq!(fixture.sent().len(), 3);
    let renamed = crate::agreement::Agreement { id: id("new"), formerly: vec![id("old")], ..suspended };
    fixture.agreements = [(id("new"), renamed)].into();
    fixture.run("2026-11-06");
    fixture.agreement("new").formerly.clear();
    fixture.run_daily("2026-11-07", "2026-11-20");
    assert_eq!(fixture.sent(), Vec::<String>::new());
    // A moved last day is still corrected, since the records of what was sent moved too.
    fixture.agreement("new").period.end = crate::agreement::PeriodEnd::LastDay(day("2027-01-31"));
    fixture.run("2026-11-21");
    assert_eq!(fixture.sent(), ["2026-11-21  new amended 2027-01-31 r1 client.main"]);
}

#[test]
fn a_past_of_a_former_id_is_that_of_the_new_one() {
    let old = notifying("old", "2026-01-01", "2026-12-31");
    let mut fixture = Fixture::new([old.clone()]);
    fixture.begin("2026-11-16");
    let renamed = crate::agreement::Agreement { id: id("new"), formerly: vec![id("old")], ..old };
    fixture.agreements = [(id("new"), renamed)].into();
    fixture.run("2026-11-17");
    fixture.agreement("new").formerly.clear();
    fixture.run("2026-11-18");
    assert_eq!(fixture.sent(), Vec::<String>::new());
    assert_eq!(fixture.records.past.by_agreement[&id("new")], fixture.records.past.by_agreement[&id("old")]);
    assert_ne!(fixture.records.past, PastEvents::default());
}
