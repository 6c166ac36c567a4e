//! The same table of states on every helpdesk: the embedded one and a small iTop of the tests, and a real iTop.
//!
//! Tests on a real iTop are ignored unless they are asked for (`cargo test -- --ignored`). `SERVANDA_ITOP_URL`,
//! `SERVANDA_ITOP_USER` and `SERVANDA_ITOP_PASSWORD` name it. The tests write to it and do not clean up.

mod helpdesks;
mod loss;
mod shared;

use std::collections::{BTreeMap, BTreeSet};

use servanda::status::State;

use crate::cases::every;
use crate::conformance::table::{DAYS, ROWS, on};
use helpdesks::TestHelpdesk;

/// The live state of each row, and the services that the portal offers to its client.
type Seen = BTreeMap<&'static str, Option<(String, BTreeSet<String>)>>;

/// Reconciles on each day of the table, in a sample on every third one, and compares every row with the table.
async fn live_through(desk: &mut TestHelpdesk) {
    let mut wrong = Vec::new();
    let days: Vec<&str> = every(3, DAYS).collect();
    for day in &days {
        desk.write_files(day);
        desk.reconcile(day).await;
        desk.assert_nothing_is_left(day).await;
        let seen = desk.observe(day).await;
        for row in &ROWS {
            let expected = on(row.holds, day).flatten().map(|(state, offered)| {
                let state = desk.word(state);
                (state, offered.iter().map(|service| (*service).to_owned()).collect::<BTreeSet<String>>())
            });
            if seen[row.id] != expected {
                wrong.push(format!("{day} {}: {:?}, and {:?} was expected", row.id, seen[row.id], expected));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} looks\n{}", wrong.len(), days.len() * ROWS.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_helpdesk_holds_the_table() {
    live_through(&mut TestHelpdesk::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_itop_holds_the_table() {
    live_through(&mut TestHelpdesk::small_itop().await).await;
}

#[ignore = "needs a real iTop: set SERVANDA_ITOP_URL, SERVANDA_ITOP_USER and SERVANDA_ITOP_PASSWORD"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_itop_holds_the_table() {
    live_through(&mut TestHelpdesk::real_itop().await).await;
}

#[test]
fn the_table_covers_every_state() {
    let states: BTreeSet<Option<State>> =
        ROWS.iter().flat_map(|row| row.holds).map(|(_, held)| held.map(|(state, _)| state)).collect();
    assert_eq!(states.len(), 6, "five states and none: {states:?}");
    assert!(ROWS.len() >= 30);
}
