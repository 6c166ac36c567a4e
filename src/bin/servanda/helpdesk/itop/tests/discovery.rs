//! What `discover` proposes, and that the adapter holds with it.

use serde_json::{Value as Json, json};
use servanda::calendar::{Zone, read_instant};
use servanda::catalog::{Catalog, CatalogEntry};
use servanda::diagnostic::{Sources, Span};
use servanda::discovery::{DiscoveredMapping, Evidence};
use servanda::ident::{PriorityName, ProviderSlug};
use servanda::live::Value;
use servanda::mapping::{DayForm, Deactivation, Field, Mapping};
use servanda::render;
use servanda::status::State;

use super::fixture::{Bench, named, read_helpdesk, transport};
use super::raw;
use crate::helpdesk::itop::{ItopExplorer, ItopTransport};
use crate::helpdesk::{Explorer as _, Reader as _, Selection};

pub(super) async fn discover(transport: &ItopTransport) -> DiscoveredMapping {
    discover_beside(transport, &Catalog::default()).await
}

async fn discover_beside(transport: &ItopTransport, catalog: &Catalog) -> DiscoveredMapping {
    let now = read_instant("2026-09-01T09:00:00Z").expect("an instant");
    ItopExplorer::new(transport).discover(catalog, &Zone::UTC, now).await.expect("it can be read")
}

/// The mapping that a proposal gives once it is pasted.
pub(super) fn pasted(proposal: &DiscoveredMapping) -> Mapping {
    let yaml = render::discovery::yaml(proposal);
    let (_, lines) = yaml.split_once("helpdesk:\n").expect("it begins so");
    read_helpdesk(lines).mapping
}

/// Contracts that people made: first and last day, and the state.
async fn populate(bench: &Bench, contracts: &[(&str, &str, &str)]) -> Vec<u64> {
    let mut made = Vec::new();
    for (first, last, status) in contracts {
        let mut fields = json!({ "name": "by hand", "org_id": "2", "provider_id": "1", "start_date": first });
        fields["end_date"] = json!(last);
        fields["contacts_list"] = json!([{ "contact_id": 1 }]);
        fields["services_list"] = json!([{ "service_id": 1, "sla_id": 0 }]);
        fields["description"] = json!("Signed in Perm.");
        let body = json!({ "comment": "by hand", "output_fields": "id", "fields": fields });
        let number = raw(&bench.transport, "core/create", "CustomerContract", body).await;
        // It refuses words that another data model may have.
        set(bench, number, "status", json!(status));
        made.push(number);
    }
    made
}

fn set(bench: &Bench, contract: u64, code: &str, value: Json) {
    let key = ("CustomerContract".to_owned(), contract);
    bench.desk().store().objects.get_mut(&key).expect("it is there").insert(code.to_owned(), value);
}

const ESTATE: [(&str, &str, &str); 4] = [
    ("2026-01-01", "2026-12-31", "production"),
    ("2025-03-01", "2026-02-28", "obsolete"),
    ("2026-10-01", "2027-09-30", "implementation"),
    ("2026-02-10", "", "production"),
];

/// The adapter holds with a mapping: what it writes is what it reads.
async fn holds(bench: &mut Bench, mapping: Mapping) {
    bench.mapping = mapping;
    let object = bench.create("severny-veter-2026").await;
    bench.get(&object).await;
    let active = bench.mapping.states[&State::Active].clone();
    bench.edit(&object, bench.published(30), Some(&active)).await.expect("published");
    let found = bench.get(&object).await;
    assert_eq!(found.record.state, active);
    for (field, value) in bench.fields().into_iter().chain(bench.published(30)) {
        assert_eq!(found.record.fields[&field], value, "{field}");
    }
    let observed = bench.reader().find(&named("severny-veter-2026")).await.expect("an answer");
    assert_eq!(observed, servanda::live::Observed::Present(found));
}

fn evidence<'p>(proposal: &'p DiscoveredMapping, path: &[&str]) -> &'p Evidence {
    let line = proposal.lines.iter().find(|line| line.path == path);
    &line.unwrap_or_else(|| panic!("{path:?} is not proposed")).evidence
}

#[tokio::test]
async fn a_stock_data_model_gets_what_is_usual_with_its_evidence() {
    let mut bench = Bench::open().await;
    populate(&bench, &ESTATE).await;
    let proposal = discover(&bench.transport).await;
    assert!(proposal.unread.is_empty());
    let mapping = pasted(&proposal);
    let expected = Mapping { provider: mapping.provider.clone(), ..bench.mapping.clone() };
    assert_eq!(mapping, expected, "{}", render::discovery::yaml(&proposal));
    assert_eq!(mapping.provider.as_ref().map(|slug| slug.as_str()), Some("akme"));
    assert_eq!(*evidence(&proposal, &["agreement", "key", "attribute"]), Evidence::Shared { held: 4, of: 4 });
    assert_eq!(*evidence(&proposal, &["agreement", "deactivate"]), Evidence::StillOffered { held: 2, of: 2 });
    let spans = Evidence::Spans { whole: 3, of: 3 };
    assert_eq!(*evidence(&proposal, &["agreement", "attributes", "last_day", "as"]), spans);
    holds(&mut bench, mapping).await;
}

/// Objects that the repository has slugs for outweigh others in the same helpdesk.
#[tokio::test]
async fn slugs_that_the_catalog_has_are_kept() {
    let bench = Bench::open().await;
    let contracts = populate(&bench, &ESTATE).await;
    for contract in &contracts[1..] {
        set(&bench, *contract, "provider_id", json!("2"));
    }
    let span = Span::of_file(Sources::default().add("catalog.yaml", ""));
    let entry = |title: &str| CatalogEntry {
        title: title.to_owned(),
        helpdesk: None,
        elsewhere: litemap::LiteMap::new(),
        email: None,
        span,
    };
    let acme = (ProviderSlug::new("acme").expect("a slug"), entry("ООО «Акме»"));
    let normal = (PriorityName::new("normal").expect("a name"), entry("Normal"));
    let catalog = Catalog { providers: [acme].into(), priorities: [normal].into(), ..Catalog::default() };
    let proposal = discover_beside(&bench.transport, &catalog).await;
    assert_eq!(pasted(&proposal).provider.as_ref().map(|slug| slug.as_str()), Some("acme"));
    let title = "ООО «Акме»".to_owned();
    let provides = Evidence::Provides { title, held: 1, of: 4, contracts: true, known: true };
    assert_eq!(*evidence(&proposal, &["provider"]), provides);
    evidence(&proposal, &["sla_rules", "priorities", "normal"]);
}

#[tokio::test]
async fn what_a_tenant_added_is_found_by_its_name_or_its_values() {
    let mut bench = Bench::open().await;
    // The last day is the day after, as the spans tell, and the states have other words.
    let contracts = populate(
        &bench,
        &[
            ("2026-01-01", "2027-01-01", "running"),
            ("2025-03-01", "2026-03-01", "over"),
            ("2026-10-01", "2027-10-01", "to_come"),
        ],
    )
    .await;
    for contract in contracts {
        set(&bench, contract, "external_id", json!(""));
        set(&bench, contract, "contract_number", json!(format!("№ {contract}")));
        set(&bench, contract, "account_manager_id", json!("1"));
        set(&bench, contract, "site_id", json!("1"));
    }
    let proposal = discover(&bench.transport).await;
    let mapping = pasted(&proposal);
    assert_eq!(mapping.key.attribute, "external_id");
    assert_eq!(mapping.attributes[&Field::Number], "contract_number");
    assert_eq!(mapping.attributes[&Field::Manager], "account_manager_id", "a site is no person");
    assert_eq!(mapping.last_day, DayForm::NextDay);
    let words = [State::Planned, State::Active, State::Expired].map(|state| mapping.states[&state].as_str());
    assert_eq!(words, ["to_come", "running", "over"]);
    assert_eq!(mapping.deactivate, Deactivation::Withdraw);
    let sites = Mapping { states: bench.mapping.states.clone(), ..mapping };
    holds(&mut bench, sites).await;
}

#[tokio::test]
async fn an_empty_one_gets_what_is_usual() {
    let mut bench = Bench::open().await;
    let proposal = discover(&bench.transport).await;
    let mapping = pasted(&proposal);
    let offers = evidence(&proposal, &["provider"]);
    assert!(matches!(offers, Evidence::Provides { contracts: false, known: false, .. }), "{offers:?}");
    assert_eq!(mapping, Mapping { provider: mapping.provider.clone(), ..bench.mapping.clone() });
    holds(&mut bench, mapping).await;
}

/// Discovery writes nothing, and reports what a login with few rights may not read.
#[tokio::test]
async fn a_look_only_reads_and_says_what_it_may_not() {
    let bench = Bench::open().await;
    populate(&bench, &ESTATE).await;
    bench.desk().store().closed = vec!["SLT", "SLA", "CMDBChangeOpSetAttribute", "Person", "lnkSLAToSLT"];
    let before = bench.desk().calls().len();
    let proposal = discover(&bench.transport).await;
    let calls = bench.desk().calls().split_off(before);
    assert!(
        calls.iter().all(|call| call.starts_with("core/get ") || call == "list_operations "),
        "{calls:?}"
    );
    let unread: Vec<(&str, bool)> =
        proposal.unread.iter().map(|unread| (unread.class.as_str(), unread.needed)).collect();
    let expected = ["CMDBChangeOpSetAttribute", "Person", "SLA", "SLT", "lnkSLAToSLT"];
    assert_eq!(unread, expected.map(|class| (class, class != "CMDBChangeOpSetAttribute")));
    let mapping = pasted(&proposal);
    assert!(!mapping.carries(&Field::Targets), "what cannot be read cannot be kept equal");
    let missing = ItopExplorer::new(&bench.transport).unreadable(&mapping).await.expect("an answer");
    assert_eq!(missing.iter().map(|(class, _)| class.as_str()).collect::<Vec<_>>(), ["Person"]);
}

/// Without targets the classes that hold them are let be.
#[tokio::test]
async fn without_targets_a_plan_needs_no_way_to_them() {
    let mut bench = Bench::open().await;
    bench.mapping = read_helpdesk("  provider: acme\n  sla_rules: off\n").mapping;
    bench.desk().store().closed = vec!["SLT", "SLA", "lnkSLAToSLT"];
    let object = bench.create("a").await;
    let services = [(Field::Services, bench.published(30)[&Field::Services].clone())];
    bench.edit(&object, services.into(), Some("production")).await.expect("published");
    let live = bench.reader().read_live(&Selection::default()).await.expect("the live state");
    assert_eq!(live.agreements.len(), 1);
    assert_ne!(bench.get(&object).await.record.fields[&Field::Services], Value::Nothing);
}

#[tokio::test]
async fn a_wrong_password_is_no_finding() {
    let bench = Bench::open().await;
    let wrong = transport(bench.desk().url(), "admin", "wrong-password");
    let now = read_instant("2026-09-01T09:00:00Z").expect("an instant");
    let found = ItopExplorer::new(&wrong).discover(&Catalog::default(), &Zone::UTC, now).await;
    assert!(found.expect_err("it is wrong").is_credentials());
}
