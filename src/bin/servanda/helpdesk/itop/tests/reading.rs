//! What is read: whole lists, plain absence, strangers left alone, and nothing taken for more than it says.

use std::time::Duration;

use serde_json::json;
use servanda::catalog::Catalog;
use servanda::discovery::catalog::{CatalogList, compare};
use servanda::ident::LiveId;
use servanda::live::{ObjectKind, Observed, Value};
use servanda::mapping::Field;
use servanda::plan::DriftPart;

use super::fixture::{Bench, named, transport};
use super::raw;
use crate::helpdesk::bounds::ListBounds;
use crate::helpdesk::itop::operation::{all, id};
use crate::helpdesk::itop::{ItopLogin, ItopReader};
use crate::helpdesk::{Reader as _, Selection, Writer as _};
use crate::http::client::{Protocol as _, Request};
use crate::process::failure::Failure;

#[tokio::test]
async fn managed_contracts_are_read_and_others_counted() {
    let bench = Bench::open().await;
    let object = bench.create("severny-veter-2026").await;
    let stranger =
        json!({ "name": "by hand", "org_id": "2", "provider_id": "1", "description": "not sv:ours" });
    let stranger = raw(
        &bench.transport,
        "core/create",
        "CustomerContract",
        json!({ "output_fields": "id", "fields": stranger }),
    )
    .await;
    let wanted = Selection { adopts: [id("CustomerContract", stranger)].into(), ..Selection::default() };
    let live = bench.reader().read_live(&wanted).await.expect("the live state");
    let Observed::Present(found) = &live.agreements[&named("severny-veter-2026")] else { panic!("{live:?}") };
    assert_eq!((&found.object, found.record.state.as_str(), live.unmanaged), (&object, "implementation", 1));
    assert_eq!(found.record.fields[&Field::Number], Value::text("ДО-2026/017"));
    assert_eq!(found.record.fields[&Field::Services], Value::Nothing);
    assert_eq!(found, &bench.get(&object).await);
    assert_eq!(live.adoptable.len(), 1);
    assert_eq!(live.directory.coded(ObjectKind::Unit, "severny-veter"), std::slice::from_ref(&bench.client));
    assert_eq!(
        live.directory.titled(ObjectKind::Person, "Irina Petrova"),
        std::slice::from_ref(&bench.person)
    );
    assert_eq!(live.directory.coded(ObjectKind::Priority, "normal"), [id("Priority", 3)]);
}

#[tokio::test]
async fn a_catalog_is_pulled_from_what_contracts_name() {
    let bench = Bench::open().await;
    bench.create("severny-veter-2026").await;
    let inventory = bench.reader().inventory().await.expect("an inventory");
    assert_eq!(inventory.items[&ObjectKind::Unit].len(), 2);
    assert_eq!(inventory.items[&ObjectKind::Service].keys().cloned().collect::<Vec<_>>(), bench.services);
    assert_eq!(inventory.providers, [bench.provider.clone()].into());
    assert_eq!(inventory.managers, [bench.person.clone()].into());
    let found = compare(&Catalog::default(), &inventory);
    let slugs: Vec<String> =
        found.iter().map(|finding| format!("{}.{}", finding.list.as_str(), finding.slug)).collect();
    assert_eq!(
        slugs,
        [
            "clients.severny-veter",
            "services.e-mail",
            "services.vpn",
            "managers.i.petrova",
            "providers.akme",
            "priorities.critical",
            "priorities.normal",
        ]
    );
}

/// Organisations below a client with a contract are its departments. Others above an organisation are folders, providers, or
/// gone, and no client to list it under.
#[tokio::test]
async fn an_organization_below_a_client_with_a_contract_is_a_department() {
    let bench = Bench::open().await;
    bench.create("severny-veter-2026").await;
    for (name, parent, status) in [
        ("Accounting", 2, "active"),
        ("Payroll", 3, "active"),
        ("Below the provider", 1, "active"),
        ("Folder", 0, "active"),
        ("In a folder", 6, "active"),
        ("Gone", 0, "active"),
        ("Left behind", 8, "active"),
        ("Sold", 2, "inactive"),
    ] {
        let fields = json!({ "name": name, "parent_id": parent, "status": status });
        let made = json!({ "output_fields": "id", "fields": fields });
        raw(&bench.transport, "core/create", "Organization", made).await;
    }
    let contract = json!({ "name": "by hand", "org_id": "8", "provider_id": "1" });
    let made = json!({ "output_fields": "id", "fields": contract });
    raw(&bench.transport, "core/create", "CustomerContract", made).await;
    let gone = json!({ "key": 8, "output_fields": "id", "fields": { "status": "inactive" } });
    raw(&bench.transport, "core/update", "Organization", gone).await;
    let inventory = bench.reader().inventory().await.expect("an inventory");
    let found = compare(&Catalog::default(), &inventory);
    let clients = found.iter().filter(|finding| finding.list == CatalogList::Clients);
    let slugs: Vec<&str> = clients.map(|finding| finding.slug.as_str()).collect();
    assert_eq!(
        slugs,
        [
            "below-the-provider",
            "folder",
            "in-a-folder",
            "left-behind",
            "severny-veter",
            "severny-veter/accounting",
            "severny-veter/payroll",
        ]
    );
}

#[tokio::test]
async fn a_long_list_is_read_completely_and_once_for_any_numbers() {
    let bench = Bench::open().await;
    for number in 0..23 {
        let made = json!({ "output_fields": "id", "fields": { "name": format!("Company {number}"), "status": "active" } });
        raw(&bench.transport, "core/create", "Organization", made).await;
    }
    bench
        .desk()
        .store()
        .objects
        .retain(|(class, number), _| class != "Organization" || *number < 3 || *number > 9);
    for page_size in [1, 2, 3, 5, 18, 19, 100] {
        let found = all(&bench.transport, "Organization", "name", page_size, ListBounds::default())
            .await
            .expect("a list");
        let mut numbers: Vec<u64> = found.iter().map(|object| object.number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..3).chain(10..26).collect::<Vec<_>>(), "pages of {page_size}");
    }
}

/// The numbers of all organizations, or the code of the failure.
async fn organizations(
    bench: &Bench,
    page_size: usize,
    bounds: ListBounds,
) -> Result<Vec<u64>, &'static str> {
    let found = all(&bench.transport, "Organization", "name", page_size, bounds).await;
    let mut numbers: Vec<u64> = match found {
        Ok(found) => found.iter().map(|object| object.number).collect(),
        Err(error) => return Err(Failure::from(error).code),
    };
    numbers.sort_unstable();
    Ok(numbers)
}

#[tokio::test]
async fn a_server_that_cuts_its_responses_leaves_no_object_out() {
    let bench = Bench::open().await;
    for number in 0..9 {
        let made = json!({ "output_fields": "id", "fields": { "name": format!("Company {number}"), "status": "active" } });
        raw(&bench.transport, "core/create", "Organization", made).await;
    }
    // The key of one agreement is contained in that of another, which comes first.
    for name in ["a-b", "a-b-c", "a"] {
        bench.create(name).await;
    }
    for cap in [1, 2, 3, 10, 11, 12] {
        bench.desk().store().cap = Some(cap);
        for page_size in [1, 2, 5, 11, 100] {
            let numbers = organizations(&bench, page_size, ListBounds::default()).await;
            assert_eq!(numbers, Ok((1..12).collect()), "cut to {cap}, pages of {page_size}");
        }
        assert!(matches!(bench.reader().find(&named("a")).await, Ok(Observed::Present(_))), "cut to {cap}");
        let live = bench.reader().read_live(&Selection::default()).await.expect("the live state");
        assert_eq!(live.agreements.len(), 3, "cut to {cap}");
    }
}

#[tokio::test]
async fn an_endless_list_and_one_without_progress_are_given_up() {
    let bench = Bench::open().await;
    bench.desk().store().is_repeating = true;
    assert_eq!(
        organizations(&bench, 1, ListBounds::default()).await,
        Err("helpdesk-list-unstable"),
        "a response that ignores what the query excludes"
    );
    bench.desk().store().is_repeating = false;
    bench.desk().store().is_endless = true;
    for bounds in [
        ListBounds { objects: 1000, ..ListBounds::default() },
        ListBounds { requests: 20, ..ListBounds::default() },
        ListBounds { time: Duration::ZERO, ..ListBounds::default() },
    ] {
        let before = bench.transport.requests();
        assert_eq!(organizations(&bench, 50, bounds).await, Err("helpdesk-list-endless"), "{bounds:?}");
        let requests = bench.transport.requests() - before;
        assert!(requests < 100, "{bounds:?}: {requests} requests");
    }
}

#[tokio::test]
async fn absence_is_what_an_empty_answer_says_and_two_with_one_mark_are_neither() {
    let bench = Bench::open().await;
    assert_eq!(bench.reader().find(&named("a")).await.expect("an answer"), Observed::Absent);
    assert_eq!(bench.reader().get(&id("CustomerContract", 99)).await.expect("an answer"), Observed::Absent);
    assert!(matches!(
        bench.reader().get(&LiveId::new("ou$1").expect("an id")).await,
        Ok(Observed::Unknown(_))
    ));
    // A mark that begins like another one is another one, and a sign that stands for any sign is itself.
    bench.create("a_b").await;
    bench.create("axb-2").await;
    assert_eq!(bench.reader().find(&named("a")).await.expect("an answer"), Observed::Absent);
    assert!(matches!(bench.reader().find(&named("a_b")).await, Ok(Observed::Present(_))));
    bench.create("a_b").await;
    assert!(matches!(bench.reader().find(&named("a_b")).await, Ok(Observed::Unknown(_))));
    assert_eq!(
        bench
            .reader()
            .read_live(&Selection::default())
            .await
            .expect("the live state")
            .same_ownership_key
            .len(),
        1
    );
}

#[tokio::test]
async fn an_attribute_that_is_not_there_makes_the_agreement_unreadable_and_no_other() {
    let mut bench = Bench::open().await;
    bench.create("a").await;
    bench.mapping.attributes.insert(Field::LastDay, "provider_id".to_owned());
    let live = bench.reader().read_live(&Selection::default()).await.expect("the live state");
    let Observed::Unknown(why) = &live.agreements[&named("a")] else { panic!("{live:?}") };
    assert!(why.contains("`1` is not a date"), "{why}");
}

#[tokio::test]
async fn a_wrong_password_is_said_three_times_and_no_more() {
    let bench = Bench::open().await;
    let wrong = transport(bench.desk().url(), "admin", "wrong-password");
    let reader = ItopReader::new(&wrong, &bench.mapping, &bench.priorities, 5000, &bench.cache);
    for _ in 0..5 {
        let error = reader.find(&named("a")).await.expect_err("it is wrong");
        assert!(error.is_credentials() && !error.to_string().contains("wrong-password"), "{error}");
    }
    assert!(reader.is_locked_out() && reader.requests() == 3);
}

/// The code decides, and messages of the database are not shown.
#[test]
fn the_code_in_the_body_decides() {
    let login = ItopLogin::Token(secrecy::SecretString::from("a-token-of-ours"));
    let said = |body| login.check_body(body).map_err(|error| error.to_string());
    let statement =
        json!({ "code": 1292, "message": "Error: query = INSERT INTO contract VALUES ('ООО Тайна')" });
    assert_eq!(
        said(statement),
        Err("the server answered with code 1292: the database of iTop refused a value".to_owned())
    );
    assert!(
        said(json!({ "code": 1, "message": "Error: Invalid login" }))
            .is_err_and(|text| text.contains("does not accept"))
    );
    assert!(said(json!({ "objects": null })).is_err_and(|text| text.contains("not JSON")));
    assert!(said(json!({ "code": 0, "objects": null })).is_ok());
    let request = Request { path: "core/get X", query: &[], body: &json!({}) };
    assert_eq!(
        login.address("https://itop.acme.example", &request),
        "https://itop.acme.example/webservices/rest.php"
    );
}

#[tokio::test]
async fn changes_since_the_last_own_write_are_reported() {
    let bench = Bench::open().await;
    let object = bench.create("a").await;
    bench.hand_edit(&object, json!({ "end_date": "2027-06-30" })).await;
    bench.get(&object).await;
    let day = Value::Day(servanda::calendar::read_day("2027-01-31").expect("a day"));
    bench.edit(&object, [(Field::LastDay, day)].into(), None).await.expect("put back");
    bench
        .hand_edit(&object, json!({ "status": "production", "services_list": [{ "service_id": "1" }] }))
        .await;
    let events = bench.reader().history(&[object.clone()].into()).await.expect("a history");
    let changes: Vec<_> = events.iter().map(|event| (event.part.clone(), event.touch.name.clone())).collect();
    let by = Some("Person of anna".to_owned());
    let part = |field| Some(DriftPart::Field(field));
    for expected in [
        (Some(DriftPart::State), by.clone()),
        (part(Field::Services), by.clone()),
        (part(Field::Targets), by),
    ] {
        assert!(changes.contains(&expected), "{changes:?}");
    }
    assert!(
        changes.iter().all(|(part, _)| *part != Some(DriftPart::Field(Field::LastDay))),
        "what Servanda restored since: {changes:?}"
    );
}

#[tokio::test]
async fn people_have_addresses_and_objects_have_notes() {
    let bench = Bench::open().await;
    let addresses = bench.reader().addresses(&[bench.person.clone()].into()).await.expect("addresses");
    assert_eq!(addresses[&bench.person], "i.petrova@acme.example");
    bench.writer().write_note(&bench.client, "phone", "noted").await.expect("noted");
    assert_eq!(bench.reader().note(&bench.client, "phone").await.expect("a note"), "noted");
    assert!(bench.reader().note(&id("Organization", 99), "phone").await.is_err());
}
