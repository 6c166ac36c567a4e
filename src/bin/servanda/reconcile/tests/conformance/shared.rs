//! One run repairs an SLA that many agreements share and that somebody edited.

use serde_json::json;

use super::helpdesks::TestHelpdesk;
use crate::helpdesk::itop::tests::{raw, raw_get};

const DAY: &str = "2027-04-01";

/// Removes the SLTs from the SLAs of the desk's provider, as somebody could do by hand.
async fn weaken(desk: &TestHelpdesk) -> usize {
    let transport = desk.transport();
    let provider = desk.titled("acme");
    let organisations = raw_get(&transport, "Organization", "id,name").await;
    let number = organisations.iter().find_map(|text| text.strip_prefix(&format!("{provider} of ")));
    let number = number.expect("the provider is there");
    let slas = raw_get(&transport, "SLA", "org_id,name").await;
    let own: Vec<&str> = slas.iter().filter_map(|text| text.strip_suffix(&format!(" of {number}"))).collect();
    for name in &own {
        let key = format!("SELECT SLA WHERE name = '{name}' AND org_id = {number}");
        let body = json!({ "comment": "Anna Kim", "key": key, "output_fields": "id", "fields": { "slts_list": [] } });
        raw(&transport, "core/update", "SLA", body).await;
    }
    own.len()
}

async fn repair(desk: &TestHelpdesk) {
    desk.write_files(DAY);
    desk.reconcile(DAY).await;
    desk.assert_nothing_is_left(DAY).await;
    assert!(weaken(desk).await > 1);
    let repaired = desk.reconcile(DAY).await;
    assert!(repaired.outcome.results.len() > 5, "many share one: {:?}", repaired.outcome.results);
    assert_eq!(repaired.outcome.remaining, Some(0));
    desk.assert_nothing_is_left(DAY).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_sla_is_repaired_at_once_in_a_small_itop() {
    repair(&TestHelpdesk::small_itop().await).await;
}

#[ignore = "needs a real iTop: set SERVANDA_ITOP_URL, SERVANDA_ITOP_USER and SERVANDA_ITOP_PASSWORD"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_sla_is_repaired_at_once_in_a_real_itop() {
    repair(&TestHelpdesk::real_itop().await).await;
}
