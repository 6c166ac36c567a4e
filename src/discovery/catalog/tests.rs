use std::collections::BTreeMap;

use litemap::LiteMap;

use super::{CatalogDifference, CatalogList, Difference, Inventory, LiveItem, compare, leave_out_elsewhere};
use crate::agreement::sample::agreement;
use crate::catalog::{Catalog, CatalogEntry, ClientEntry};
use crate::diagnostic::{Sources, Span};
use crate::ident::{ClientSlug, HelpdeskName, LiveId, PriorityName, ProviderSlug, ServiceSlug};
use crate::live::ObjectKind;

fn id(text: &str) -> LiveId {
    LiveId::new(text).expect("an id")
}

fn entry(title: &str, helpdesk: Option<&str>) -> CatalogEntry {
    let span = Span::of_file(Sources::default().add("catalog.yaml", ""));
    CatalogEntry {
        title: title.to_owned(),
        helpdesk: helpdesk.map(id),
        elsewhere: LiteMap::new(),
        email: None,
        span,
    }
}

fn client(slug: &str, title: &str, helpdesk: Option<&str>) -> (ClientSlug, ClientEntry) {
    let client = ClientEntry {
        entry: entry(title, helpdesk),
        contacts: LiteMap::new(),
        departments: LiteMap::new(),
        lives_in: None,
        zone: None,
        language: None,
    };
    (ClientSlug::new(slug).expect("a slug"), client)
}

/// An inventory of objects: kind, id, title, and the unit that they are part of.
fn inventory(items: &[(ObjectKind, &str, &str, Option<&str>)]) -> Inventory {
    let mut inventory = Inventory::default();
    for (kind, uuid, title, within) in items {
        let item =
            LiveItem { title: (*title).to_owned(), code: None, archived: false, within: within.map(id) };
        inventory.items.entry(*kind).or_default().insert(id(uuid), item);
    }
    inventory
}

fn said(findings: &[CatalogDifference]) -> Vec<String> {
    let what = |finding: &CatalogDifference| match &finding.what {
        Difference::New { title, object: Some(object), .. } => format!("new {title} {object}"),
        Difference::New { title, object: None, .. } => format!("new {title}"),
        Difference::Tied { object } => format!("tied {object}"),
        Difference::Renamed { from, to } => format!("{from} is {to}"),
        Difference::Gone { object, archived } => format!("gone {object} {archived}"),
        Difference::NotFound { title } => format!("none of {title}"),
        Difference::Ambiguous { objects } => format!("one of {objects:?}"),
        Difference::Twice { other, object } => format!("{object} is {other}"),
    };
    findings
        .iter()
        .map(|finding| format!("{} {}: {}", finding.list.as_str(), finding.slug, what(finding)))
        .collect()
}

#[test]
fn what_the_catalog_lacks_gets_a_slug_that_is_free() {
    let catalog = Catalog {
        clients: [client("romashka", "ООО «Ромашка»", Some("ou$1"))].into(),
        ..Catalog::default()
    };
    let mut inventory = inventory(&[
        (ObjectKind::Unit, "ou$1", "ООО «Ромашка»", None),
        (ObjectKind::Unit, "ou$2", "ЗАО «Ромашка»", None),
        (ObjectKind::Unit, "ou$3", "Бухгалтерия", Some("ou$1")),
        (ObjectKind::Unit, "ou$4", "Касса", Some("ou$3")),
        (ObjectKind::Unit, "ou$5", "ООО «Акме»", None),
        (ObjectKind::Unit, "ou$6", "Отдел продаж «Акме»", Some("ou$5")),
        (ObjectKind::Unit, "ou$7", "日本", None),
        (ObjectKind::Person, "employee$1", "Ирина Петрова", None),
        (ObjectKind::Person, "employee$2", "Посторонний Человек", None),
        (ObjectKind::Service, "slmService$1", "Почта", None),
        (ObjectKind::Calendar, "servicetime$1", "24x7", None),
    ]);
    inventory.managers.insert(id("employee$1"));
    inventory.providers.insert(id("ou$5"));
    assert_eq!(
        said(&compare(&catalog, &inventory)),
        [
            "clients client-7: new 日本 ou$7",
            "clients romashka-2: new ЗАО «Ромашка» ou$2",
            "clients romashka/bukhgalteriya: new Бухгалтерия ou$3",
            "clients romashka/kassa: new Касса ou$4",
            "services pochta: new Почта slmService$1",
            "managers i.petrova: new Ирина Петрова employee$1",
            "providers akme: new ООО «Акме» ou$5",
            "calendars 24x7: new 24x7 servicetime$1",
        ]
    );
}

/// Otherwise its agreements have no client, and no command adds one.
#[test]
fn a_department_of_an_archived_company_is_a_client_of_its_own() {
    let mut inventory = inventory(&[
        (ObjectKind::Unit, "ou$1", "Old", None),
        (ObjectKind::Unit, "ou$2", "Accounts", Some("ou$1")),
        (ObjectKind::Unit, "ou$3", "Cash", Some("ou$2")),
        (ObjectKind::Unit, "ou$4", "One", Some("ou$5")),
        (ObjectKind::Unit, "ou$5", "Other", Some("ou$4")),
        (ObjectKind::Unit, "ou$6", "Hidden above", Some("ou$9")),
    ]);
    let units = inventory.items.get_mut(&ObjectKind::Unit).expect("units");
    units.get_mut("ou$1").expect("it is there").archived = true;
    let expected = [
        "clients accounts: new Accounts ou$2",
        "clients accounts/cash: new Cash ou$3",
        "clients hidden-above: new Hidden above ou$6",
        "clients one: new One ou$4",
        "clients other: new Other ou$5",
    ];
    assert_eq!(said(&compare(&Catalog::default(), &inventory)), expected);
    let catalog = Catalog { clients: [client("old", "Old", Some("ou$1"))].into(), ..Catalog::default() };
    let found = said(&compare(&catalog, &inventory));
    assert_eq!(found[2..4], ["clients old/accounts: new Accounts ou$2", "clients old/cash: new Cash ou$3"]);
}

/// A provider may serve its own staff. Its departments are listed where it is a client, and only there.
#[test]
fn a_provider_with_an_agreement_is_a_client_too() {
    let mut inventory = inventory(&[
        (ObjectKind::Unit, "ou$1", "Acme", None),
        (ObjectKind::Unit, "ou$2", "Sales", Some("ou$1")),
        (ObjectKind::Unit, "ou$3", "Other", None),
        (ObjectKind::Unit, "ou$4", "Client", None),
    ]);
    inventory.add_provider(Some(id("ou$1")), [id("ou$1"), id("ou$4")].into());
    inventory.add_provider(Some(id("ou$3")), [id("ou$4")].into());
    let expected = [
        "clients acme: new Acme ou$1",
        "clients acme/sales: new Sales ou$2",
        "clients client: new Client ou$4",
        "providers acme: new Acme ou$1",
        "providers other: new Other ou$3",
    ];
    let found = compare(&Catalog::default(), &inventory);
    assert_eq!(said(&found), expected);
    let mut catalog = Catalog::default();
    catalog.providers.insert(ProviderSlug::new("us").expect("a slug"), entry("Acme", Some("ou$1")));
    let found = said(&compare(&catalog, &inventory));
    assert_eq!(found[..4], [expected[0], expected[1], expected[2], expected[4]]);
    catalog.clients.extend([client("own", "Acme", Some("ou$1"))]);
    assert_eq!(said(&compare(&catalog, &inventory))[1], "clients own/sales: new Sales ou$2");
}

#[test]
fn what_differs_is_said_and_nothing_is_taken_out() {
    let mut catalog = Catalog {
        clients: [
            client("a", "Один", Some("ou$1")),
            client("b", "Два", None),
            client("c", "Три", Some("ou$9")),
            client("d", "Двойник", None),
            client("e", "Нет такого", None),
            client("f", "Один", Some("ou$1")),
        ]
        .into(),
        ..Catalog::default()
    };
    catalog.services.insert(ServiceSlug::new("mail").expect("a slug"), entry("Почта", Some("slmService$1")));
    let mut inventory = inventory(&[
        (ObjectKind::Unit, "ou$1", "Первый", None),
        (ObjectKind::Unit, "ou$2", "Два", None),
        (ObjectKind::Unit, "ou$3", "Двойник", None),
        (ObjectKind::Unit, "ou$4", "Двойник", None),
        (ObjectKind::Service, "slmService$1", "Почта", None),
    ]);
    inventory
        .items
        .get_mut(&ObjectKind::Service)
        .and_then(|items| items.get_mut("slmService$1"))
        .expect("it is there")
        .archived = true;
    let found = compare(&catalog, &inventory);
    assert_eq!(
        said(&found),
        [
            "clients a: Один is Первый",
            "clients b: tied ou$2",
            "clients c: gone ou$9 false",
            "clients d: one of [\"ou$3\", \"ou$4\"]",
            "clients e: none of Нет такого",
            "clients f: ou$1 is a",
            "services mail: gone slmService$1 true",
        ]
    );
    let edits: Vec<String> = found
        .iter()
        .filter_map(|found| found.edit(None))
        .map(|edit| format!("{} = {}", edit.path.join("."), edit.value))
        .collect();
    assert_eq!(edits, ["clients.a.title = \"Первый\"", "clients.b.helpdesk = \"ou$2\""]);
}

#[test]
fn once_written_nothing_is_left_to_say() {
    let inventory = inventory(&[(ObjectKind::Unit, "ou$1", "ООО «Ромашка»", None)]);
    let found = compare(&Catalog::default(), &inventory);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].list, CatalogList::Clients);
    let written = Catalog {
        clients: [client(&found[0].slug, "ООО «Ромашка»", Some("ou$1"))].into(),
        ..Catalog::default()
    };
    assert_eq!(said(&compare(&written, &inventory)), [""; 0]);
}

#[test]
fn a_code_that_is_the_slug_ties_and_of_what_is_not_kept_nothing_is_said() {
    let catalog = Catalog {
        clients: [client("romashka", "Цветы", None)].into(),
        priorities: [(PriorityName::new("high").expect("a name"), entry("Высокий", Some("priority$1")))]
            .into(),
        ..Catalog::default()
    };
    let mut inventory = inventory(&[(ObjectKind::Unit, "ou$1", "ООО «Ромашка»", None)]);
    for item in inventory.items.values_mut().flat_map(BTreeMap::values_mut) {
        item.code = Some("romashka".to_owned());
    }
    inventory.unkept = [ObjectKind::Priority].into();
    assert_eq!(
        said(&compare(&catalog, &inventory)),
        ["clients romashka: tied ou$1", "clients romashka: Цветы is ООО «Ромашка»"]
    );
}

#[test]
fn an_entry_found_by_its_code_gets_its_id_and_its_title_in_one_run() {
    let catalog =
        Catalog { clients: [client("dent-mayak", "Старое имя", None)].into(), ..Catalog::default() };
    let mut inventory = inventory(&[(ObjectKind::Unit, "ou$1", "Маяк", None)]);
    let unit = inventory.items.get_mut(&ObjectKind::Unit).and_then(|items| items.get_mut("ou$1"));
    unit.expect("it is there").code = Some("dent-mayak".to_owned());
    let found = compare(&catalog, &inventory);
    assert_eq!(said(&found), ["clients dent-mayak: tied ou$1", "clients dent-mayak: Старое имя is Маяк"]);
    assert_eq!(found.iter().filter_map(|found| found.edit(None)).count(), 2);
}

#[test]
fn an_object_of_two_lists_is_reported_once() {
    let mut catalog =
        Catalog { clients: [client("acme", "Акме", Some("ou$1"))].into(), ..Catalog::default() };
    catalog.providers.insert(ProviderSlug::new("acme").expect("a slug"), entry("Акме", Some("ou$1")));
    assert_eq!(said(&compare(&catalog, &inventory(&[]))), ["providers acme: gone ou$1 false"]);
    let found = inventory(&[
        (ObjectKind::Unit, "ou$1", "Акме", None),
        (ObjectKind::Unit, "ou$2", "Отдел", Some("ou$1")),
    ]);
    assert_eq!(said(&compare(&catalog, &found)), ["clients acme/otdel: new Отдел ou$2"]);
}

#[test]
fn priorities_that_the_settings_number_are_written_without_an_id() {
    let mut inventory = inventory(&[(ObjectKind::Priority, "Priority::1", "critical", None)]);
    inventory.by_title.insert(ObjectKind::Priority);
    let found = compare(&Catalog::default(), &inventory);
    assert_eq!(said(&found), ["priorities critical: new critical"]);
    let mut catalog = Catalog::default();
    catalog.priorities.insert(PriorityName::new("critical").expect("a name"), entry("critical", None));
    assert_eq!(said(&compare(&catalog, &inventory)), Vec::<String>::new());
}

#[test]
fn a_new_client_knows_the_provider_of_all_its_agreements() {
    let mut inventory = inventory(&[
        (ObjectKind::Unit, "ou$1", "One", None),
        (ObjectKind::Unit, "ou$2", "Two", None),
        (ObjectKind::Unit, "ou$8", "Acme", None),
        (ObjectKind::Unit, "ou$9", "Baltic", None),
    ]);
    inventory.add_provider(Some(id("ou$8")), [id("ou$1"), id("ou$2")].into());
    inventory.add_provider(Some(id("ou$9")), [id("ou$2")].into());
    let found = compare(&Catalog::default(), &inventory);
    let providers =
        found.iter().filter_map(|finding| Some((finding.slug.as_str(), finding.edit(None)?.provider)));
    let providers: Vec<_> = providers.collect();
    let expected = [("one", Some("acme")), ("two", None), ("acme", None), ("baltic", None)];
    assert_eq!(providers, expected.map(|(slug, provider)| (slug, provider.map(str::to_owned))));
}

/// A helpdesk need not have what belongs to others: by an agreement, by an id, or by the client.
#[test]
fn what_another_helpdesk_has_is_not_missing_here() {
    let name = |text: &str| HelpdeskName::new(text).expect("a name");
    let service = |slug: &str| (ServiceSlug::new(slug).expect("a slug"), entry(slug, None));
    let mut catalog = Catalog {
        clients: [
            client("here", "Here", None),
            client("there", "There", None),
            client("lives", "Lives", None),
        ]
        .into(),
        services: ["both", "elsewhere", "unused", "tied"].map(service).into(),
        ..Catalog::default()
    };
    catalog.clients.get_mut("lives").expect("a client").lives_in = Some(name("moscow"));
    let tied = catalog.services.get_mut("tied").expect("a service");
    tied.elsewhere.insert(name("moscow"), id("slmService$1"));
    let using = |client: &str, helpdesk: &str, services: &[&str]| {
        let mut agreement = agreement(client, "2026-01-01", "2026-12-31");
        agreement.client = ClientSlug::new(client).expect("a slug");
        agreement.helpdesk = Some(name(helpdesk));
        let covered = agreement.services.values().next().expect("a service").clone();
        let services = services.iter().map(|slug| (ServiceSlug::new(slug).expect("a slug"), covered.clone()));
        agreement.services = services.collect();
        agreement
    };
    let agreements = [using("here", "berlin", &["both"]), using("there", "moscow", &["both", "elsewhere"])];
    let mut found = compare(&catalog, &Inventory::default());
    assert_eq!(found.len(), 7, "{found:?}");
    leave_out_elsewhere(&mut found, &catalog, &agreements, &name("berlin"));
    let missing: Vec<&str> = found.iter().map(|found| found.slug.as_str()).collect();
    assert_eq!(missing, ["here", "both", "unused"]);
}
