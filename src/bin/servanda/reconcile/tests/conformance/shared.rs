//! An SLA that many agreements share and somebody edited is made whole for all of them by one run.

use serde_json::json;

use super::helpdesks::Desk;
use crate::helpdesk::itop::tests::{raw, raw_get};

const DAY: &str = "2027-04-01";

/// Takes all promises but one out of the SLAs of the desk's own provider, as a hand would.
async fn weaken(desk: &Desk) -> usize {
    let transport = desk.transport();
    let provider = desk.titled("acme");
    let organisations = raw_get(&transport, "Organization", "id,name").await;
    let number = organisations.iter().find_map(|told| told.strip_prefix(&format!("{provider} of ")));
    let number = number.expect("the provider is there");
    let slas = raw_get(&transport, "SLA", "org_id,name").await;
    let own: Vec<&str> = slas.iter().filter_map(|told| told.strip_suffix(&format!(" of {number}"))).collect();
    for name in &own {
        let key = format!("SELECT SLA WHERE name = '{name}' AND org_id = {number}");
        let body = json!({ "comment": "Anna Kim", "key": key, "output_fields": "id", "fields": { "slts_list": [] } });
        raw(&transport, "core/update", "SLA", body).await;
    }
    own.len()
}

async fn mend(desk: &Desk) {
    desk.write_files(DAY);
    desk.pass(DAY).await;
    desk.assert_nothing_is_left(DAY).await;
    assert!(weaken(desk).await > 1);
    let mended = desk.pass(DAY).await;
    assert!(mended.outcome.results.len() > 5, "many share one: {:?}", mended.outcome.results);
    assert_eq!(mended.outcome.remaining, Some(0));
    desk.assert_nothing_is_left(DAY).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_sla_is_mended_at_once_in_a_small_itop() {
    mend(&Desk::small_itop().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_sla_is_mended_at_once_in_a_real_itop() {
    let Some(desk) = Desk::real_itop("a shared SLA that somebody edited").await else { return };
    mend(&desk).await;
    println!("mended at once on {}", desk.name());
}
