//! The same table of states on every helpdesk: the embedded one and a small iTop in the suite, and a real iTop where
//! `ITOP_URL`, `ITOP_USER` and `ITOP_PASSWORD` say where one is. That one may be written to, and is left with what
//! was made there.

mod helpdesks;
mod loss;
mod shared;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use servanda::status::State;

use helpdesks::Desk;
use table::{DAYS, ROWS, on};

/// What a helpdesk holds for each row: the state, and what its portal offers to the row's client.
type Seen = BTreeMap<&'static str, Option<(String, BTreeSet<String>)>>;

/// Lives through the year and holds every row against what each day shows.
async fn live_through(desk: &mut Desk) {
    let mut wrong = Vec::new();
    for day in DAYS {
        desk.write_files(day);
        desk.pass(day).await;
        desk.assert_nothing_is_left(day).await;
        let seen = desk.look(day).await;
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
    assert!(wrong.is_empty(), "{} of {} looks\n{}", wrong.len(), DAYS.len() * ROWS.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_helpdesk_holds_the_table() {
    live_through(&mut Desk::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_itop_holds_the_table() {
    live_through(&mut Desk::small_itop().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_itop_holds_the_table() {
    let Some(mut desk) = Desk::real_itop("the table of states").await else { return };
    live_through(&mut desk).await;
    println!("{} rows on {} days held on {}", ROWS.len(), DAYS.len(), desk.name());
}

#[test]
fn the_table_is_about_every_state() {
    let states: BTreeSet<Option<State>> =
        ROWS.iter().flat_map(|row| row.holds).map(|(_, held)| held.map(|(state, _)| state)).collect();
    assert_eq!(states.len(), 6, "five states and none: {states:?}");
    assert!(ROWS.len() >= 30);
}
