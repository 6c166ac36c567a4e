//! No object is created twice, whichever response is lost after the helpdesk has performed the request.

use super::helpdesks::Desk;
use crate::helpdesk::itop::tests::{Loss, raw_get};
use crate::process::failure::Exit;

/// The calls of a run that write.
const CALLS: [&str; 4] =
    ["core/create CustomerContract", "core/create SLT", "core/create SLA", "core/update CustomerContract"];

const DAY: &str = "2027-04-01";

async fn lose(desk: &Desk) {
    let road = desk.road.as_ref().expect("there is a road");
    desk.write_files(DAY);
    // Each kind of call loses an answer that was given, and a request that never got there.
    let losses =
        CALLS.iter().flat_map(|call| [true, false].map(|arrives| Loss { call: (*call).to_owned(), arrives }));
    road.lose(losses.collect());
    let mut passes = 0;
    while desk.try_pass(DAY).await.exit != Exit::Fine {
        passes += 1;
        assert!(passes < 8, "{} answers are still to be lost", road.left_to_lose());
    }
    desk.assert_nothing_is_left(DAY).await;
    let transport = desk.transport();
    for (class, name) in [("CustomerContract", "description"), ("SLA", "org_id,name"), ("SLT", "name")] {
        let mut marks = raw_get(&transport, class, name).await;
        marks.retain(|mark| mark.starts_with(&desk.prefix()) || mark.starts_with("Servanda "));
        let count = marks.len();
        marks.sort_unstable();
        marks.dedup();
        assert!(count > 0 && marks.len() == count, "{class}: {} of {count} are there once", marks.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_leaves_nothing_twice_in_a_small_itop() {
    let desk = Desk::small_itop().await;
    lose(&desk).await;
    assert_eq!(desk.road.as_ref().expect("a road").left_to_lose(), 0, "each was lost once");
}

#[ignore = "needs a real iTop: set SERVANDA_ITOP_URL, SERVANDA_ITOP_USER and SERVANDA_ITOP_PASSWORD"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_leaves_nothing_twice_in_a_real_itop() {
    lose(&Desk::real_itop().await).await;
}
