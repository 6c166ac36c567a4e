//! Lists of a helpdesk that pages in its own way are complete, or an error that says why.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value as Json, json};
use servanda::live::Observed;
use servanda::plan::Step;
use servanda::settings::Pace;

use super::{Desk, fields, id, key, live_id, promise};
use crate::cases::every;
use crate::helpdesk::bounds::ListBounds;
use crate::helpdesk::itsm365::list::Lists;
use crate::helpdesk::itsm365::{Itsm365Reader, Itsm365Transport, Itsm365Writer};
use crate::helpdesk::{Reader as _, Selection, Writer as _};
use crate::http::client::Endpoint;
use crate::process::failure::Failure;
use crate::sandbox::faults::FaultEffect;
use crate::sandbox::options::{FindOrder, Paging};
use crate::sandbox::{ACCESS_KEY, Fault, SandboxOptions};

/// The number of managed agreements in each desk.
const AGREEMENTS: usize = 7;

/// A desk with agreements that behaves so.
async fn desk(options: SandboxOptions) -> (Desk, Itsm365Transport) {
    let desk = Desk::open(options).await;
    let transport = desk.transport(ACCESS_KEY);
    let writer = Itsm365Writer::new(&transport, &desk.mapping);
    for number in 0..AGREEMENTS {
        let create = Step::Create { fields: fields() };
        writer.perform(&id(&format!("a{number}")), None, &create).await.expect("created");
    }
    (desk, transport)
}

/// The number of agreements that a reader finds, or the code of its failure.
async fn read(reader: &Itsm365Reader<'_>) -> Result<usize, &'static str> {
    let live = reader.read_live(&Selection::default()).await;
    live.map(|live| live.agreements.len()).map_err(|error| Failure::from(error).code)
}

#[tokio::test]
async fn short_pages_leave_no_object_out() {
    for greatest_limit in [None, Some(1), Some(2), Some(3), Some(7), Some(8)] {
        for paging in [Paging::Regular, Paging::Ragged] {
            let options = SandboxOptions { greatest_limit, paging, ..SandboxOptions::default() };
            let what = format!("{greatest_limit:?} {paging:?}");
            let (desk, transport) = desk(options).await;
            for page_size in every(2, [1, 2, 3, 8, 9, 1000]) {
                let reader = Itsm365Reader::new(&transport, &desk.mapping, page_size);
                assert_eq!(read(&reader).await, Ok(AGREEMENTS), "{what}, pages of {page_size}");
            }
        }
    }
}

#[tokio::test]
async fn few_requests_at_a_time_are_enough_for_lists_of_any_number_of_pages() {
    let (desk, transport) = desk(SandboxOptions::default()).await;
    let writer = Itsm365Writer::new(&transport, &desk.mapping);
    let all = Itsm365Reader::new(&transport, &desk.mapping, 1000);
    for object in all.read_live(&Selection::default()).await.expect("read").agreements.values() {
        let Observed::Present(found) = object else { panic!("{object:?}") };
        let put = Step::PutRule { rule: None, key: key(None), target: promise(1, None) };
        writer.perform(&id("a0"), Some(&found.object), &put).await.expect("written");
    }
    for concurrency in [1, 2, 3] {
        let pace = Pace { concurrency, ..Pace::SANDBOX };
        let endpoint = desk.running.url();
        let transport =
            Itsm365Transport::new(&Endpoint::at(&endpoint), SecretString::from(ACCESS_KEY), &pace)
                .expect("a transport");
        for page_size in [1, 2, 3, 7, 8] {
            let reader = Itsm365Reader::new(&transport, &desk.mapping, page_size);
            let read = tokio::time::timeout(Duration::from_mins(1), read(&reader)).await;
            assert_eq!(read, Ok(Ok(AGREEMENTS)), "{concurrency} at a time, pages of {page_size}");
        }
    }
}

#[tokio::test]
async fn only_the_oldest_target_stays_where_pages_are_short() {
    for greatest_limit in [None, Some(1), Some(2)] {
        let options = SandboxOptions { greatest_limit, ..SandboxOptions::default() };
        let (desk, transport) = desk(options).await;
        let writer = Itsm365Writer::new(&transport, &desk.mapping);
        let object = desk.sandbox.find("agreement", &json!({ "title": "Ромашка 2026" })).expect("a list");
        let object = live_id(object[0]["UUID"].as_str().expect("an id"));
        for minutes in 1..=4 {
            let put = Step::PutRule { rule: None, key: key(None), target: promise(minutes, None) };
            writer.perform(&id("a0"), Some(&object), &put).await.expect("written");
        }
        writer.keep_oldest_targets(&object, &[key(None)].into()).await.expect("archived");
        let kept = desk.sandbox.find("agreementRule", &json!({ "removed": false })).expect("a list");
        assert_eq!(kept.len(), 1, "{greatest_limit:?}: {kept:?}");
    }
}

#[tokio::test]
async fn an_endless_list_is_given_up_at_each_of_its_bounds() {
    let options = SandboxOptions { paging: Paging::Endless, ..SandboxOptions::default() };
    let (desk, transport) = desk(options).await;
    let wide = ListBounds { objects: 1_000_000, requests: 1_000_000, time: Duration::from_hours(1) };
    for (bounds, most) in [
        (ListBounds { objects: 500, ..wide }, 20),
        (ListBounds { requests: 5, ..wide }, 20),
        (ListBounds { time: Duration::ZERO, ..wide }, 20),
    ] {
        let before = desk.sandbox.request_counts().total();
        let reader = Itsm365Reader::new(&transport, &desk.mapping, 50).within(bounds);
        assert_eq!(read(&reader).await, Err("helpdesk-list-endless"), "{bounds:?}");
        let requests = desk.sandbox.request_counts().total() - before;
        assert!(requests <= 2 * most, "{bounds:?}: {requests} requests");
    }
}

#[tokio::test]
async fn a_page_that_repeats_is_no_progress() {
    let options = SandboxOptions { paging: Paging::Repeating, ..SandboxOptions::default() };
    let (desk, transport) = desk(options).await;
    for page_size in [1, 2, 7, 8, 9, 1000] {
        let reader = Itsm365Reader::new(&transport, &desk.mapping, page_size);
        assert_eq!(read(&reader).await, Err("helpdesk-list-unstable"), "pages of {page_size}");
    }
}

#[tokio::test]
async fn an_order_that_changes_between_pages_hides_no_object() {
    let options = SandboxOptions { order: FindOrder::Changing, ..SandboxOptions::default() };
    let (desk, transport) = desk(options).await;
    let mut results = Vec::new();
    for page_size in [2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6, 7] {
        let reader = Itsm365Reader::new(&transport, &desk.mapping, page_size);
        results.push(read(&reader).await);
    }
    let expected = [Ok(AGREEMENTS), Err("helpdesk-list-unstable")];
    assert!(results.iter().all(|result| expected.contains(result)), "{results:?}");
    assert!(results.contains(&expected[1]), "{results:?}");
}

#[tokio::test]
async fn a_page_that_was_asked_ahead_and_does_not_follow_is_asked_again() {
    let (desk, transport) = desk(SandboxOptions::default()).await;
    let all = desk.sandbox.find("agreement", &json!({})).expect("a list");
    // The second page is shorter than its limit, so that the third one begins earlier than it was asked for.
    let short = FaultEffect::json(&json!(all[3..6]).to_string());
    desk.sandbox.set_faults(vec![Fault::new(short).containing("offset=3&limit=5").for_good()]);
    let lists = Lists::new(&transport, 4);
    let before = desk.sandbox.request_counts().find;
    let found = lists.read("agreement", "UUID", &json!({})).await.expect("a list that holds together");
    let ids = |objects: Vec<Json>| objects.iter().map(|object| object["UUID"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(found.into_iter().map(Json::Object).collect()), ids(all));
    let requests = desk.sandbox.request_counts().find - before;
    assert!(requests <= 12, "the list is read once: {requests} requests");
}

#[tokio::test]
async fn two_objects_with_one_ownership_key_are_seen_through_pages_of_one() {
    let options = SandboxOptions { greatest_limit: Some(1), ..SandboxOptions::default() };
    let (desk, transport) = desk(options).await;
    let reader = Itsm365Reader::new(&transport, &desk.mapping, 1000);
    assert!(matches!(reader.find(&id("a1")).await, Ok(Observed::Present(_))));
    let same = json!({ "inventoryNumber": desk.mapping.ownership_key(&id("a1")) });
    desk.sandbox.hand_edit("agreement$7", &same, "Анна").expect("edited");
    assert!(matches!(reader.find(&id("a1")).await, Ok(Observed::Unknown(_))));
    let live = reader.read_live(&Selection::default()).await.expect("read");
    assert_eq!(live.same_ownership_key.len(), 1);
}
