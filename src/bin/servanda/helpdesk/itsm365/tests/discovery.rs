//! What `discover` proposes, of an workspace that people made by hand: the adapter's suite holds with it,
//! however the tenant behaves in ways that are not documented.

use std::collections::BTreeMap;

use serde_json::json;
use servanda::calendar::{Zone, read_day, read_instant};
use servanda::catalog::Catalog;
use servanda::check;
use servanda::diagnostic::Sources;
use servanda::discovery::{DiscoveredMapping, Evidence};
use servanda::document::{self, DocumentKind};
use servanda::live::Value;
use servanda::mapping::{Field, Mapping, RecipientSide};
use servanda::plan::Step;
use servanda::render;

use super::matrix::{Row, candidates, open, pairwise, suite};
use super::{Desk, fields, id, key, live_id, promise};
use crate::cases::sample_of;
use crate::helpdesk::itsm365::{Itsm365Explorer, Itsm365Writer};
use crate::helpdesk::{Explorer as _, Writer as _};
use crate::sandbox::faults::FaultEffect;
use crate::sandbox::options::FindOrder;
use crate::sandbox::{ACCESS_KEY, Fault, Operation, SandboxOptions};

/// First and last day, and the state, of the agreements of the workspace.
const ESTATE: [(&str, Option<&str>, &str); 6] = [
    ("2026-01-01", Some("2026-12-31"), "active"),
    ("2025-03-01", Some("2026-02-28"), "inactive"),
    ("2026-07-01", Some("2027-06-30"), "active"),
    ("2026-02-10", None, "active"),
    ("2026-10-01", Some("2027-03-31"), "planned"),
    ("2026-05-05", Some("2026-11-04"), "active"),
];

/// Unmanaged agreements with two rules each.
async fn populate(desk: &Desk, row: Row) {
    let transport = desk.transport(ACCESS_KEY);
    let writer = Itsm365Writer::new(&transport, &desk.mapping);
    for (number, (first, last, state)) in ESTATE.into_iter().enumerate() {
        let name = id(&format!("a{number}"));
        let mut fields = fields();
        fields.insert(Field::FirstDay, Value::Day(read_day(first).expect("a day")));
        let last = last.map_or(Value::Nothing, |last| Value::Day(read_day(last).expect("a day")));
        fields.insert(Field::LastDay, last);
        let links_apart = desk.mapping.recipients.side == RecipientSide::Recipient;
        if links_apart {
            fields.remove(&Field::Recipients);
        }
        let object = writer.perform(&name, None, &Step::Create { fields }).await.expect("created").object;
        let mut steps =
            vec![Step::Edit { fields: BTreeMap::new(), state: Some(state.to_owned()), ownership_key: None }];
        for (service, hours) in [(None, 1), (Some("slmService$1"), 2)] {
            let calendar = service.map(|_| "servicetime$2");
            let mut promise = promise(hours, calendar);
            // Seconds and milliseconds hold no business days.
            promise.resolution =
                promise.resolution.filter(|_| ![1, 2].contains(&row[11])).or(promise.response);
            steps.push(Step::PutRule { rule: None, key: key(service), target: promise });
        }
        steps.extend(links_apart.then(|| Step::Link { unit: live_id("ou$1") }));
        for step in steps {
            writer.perform(&name, Some(&object), &step).await.expect("written");
        }
        let unmark = json!({ "inventoryNumber": null });
        desk.sandbox.hand_edit(object.as_str(), &unmark, "Анна").expect("edited");
    }
}

async fn discover(desk: &Desk) -> DiscoveredMapping {
    let transport = desk.transport(ACCESS_KEY);
    let now = read_instant("2026-09-01T09:00:00Z").expect("an instant");
    Itsm365Explorer::new(&transport, 4)
        .discover(&Catalog::default(), &Zone::UTC, now)
        .await
        .expect("it can be read")
}

/// The mapping that a proposal gives once it is pasted.
fn pasted(proposal: &DiscoveredMapping) -> Mapping {
    let yaml = format!("timezone: Europe/Moscow\n{}", render::discovery::yaml(proposal));
    let mut sources = Sources::default();
    let file = sources.add("servanda.yaml", yaml.clone());
    let (document, faults) = document::read(&sources, file, DocumentKind::Settings);
    let (settings, more) = check::read_settings(&document);
    assert!(!faults.has_errors() && !more.has_errors(), "{faults:?} {more:?}\n{yaml}");
    settings.helpdesk.mapping
}

async fn hold(row: Row) {
    let desk = open(row).await;
    populate(&desk, row).await;
    let proposal = discover(&desk).await;
    let mapping = pasted(&proposal);
    // What a write on the agreement's side would do cannot be read, so that the other is proposed.
    let mut expected = desk.mapping.clone();
    expected.recipients.side = RecipientSide::Recipient;
    expected.dates.zone = Some(Zone::UTC);
    // The settings are those of a sandbox.
    expected.rules.iter_mut().for_each(|rules| rules.are_created_together = true);
    assert_eq!(mapping, expected, "{row:?}\n{}", render::discovery::yaml(&proposal));
    let fresh = Desk { mapping, ..open(row).await };
    suite(row, fresh).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_suite_holds_with_what_is_discovered_under_every_switch() {
    let mut running = tokio::task::JoinSet::new();
    for row in pairwise().into_iter().chain(candidates(2, sample_of(4, 1000))) {
        if running.len() >= 8 {
            running.join_next().await.expect("one is running").expect("it holds");
        }
        running.spawn(hold(row));
    }
    while let Some(row) = running.join_next().await {
        row.expect("it holds");
    }
}

/// Looking changes nothing: no request but `find` goes out.
#[tokio::test]
async fn a_look_only_reads() {
    let desk = open(Row::default()).await;
    populate(&desk, Row::default()).await;
    let before = desk.sandbox.request_counts();
    discover(&desk).await;
    let after = desk.sandbox.request_counts();
    assert!(after.find > before.find);
    assert_eq!(after.total() - after.find, before.total() - before.find);
}

#[tokio::test]
async fn what_the_key_may_not_read_is_said_and_the_rest_is_proposed() {
    let desk = open(Row::default()).await;
    populate(&desk, Row::default()).await;
    let refused = FaultEffect::Answer(
        serde_json::from_value(json!({ "status": 403, "body": "нет прав" })).expect("an answer"),
    );
    let faults = ["agreementRule", "employee", "priority", "slmService"]
        .map(|class| Fault { times: None, ..Fault::new(refused.clone()).on(Operation::Find).of(class) });
    desk.sandbox.set_faults(faults.into());
    let proposal = discover(&desk).await;
    let unread: Vec<&str> = proposal.unread.iter().map(|unread| unread.class.as_str()).collect();
    assert_eq!(unread, ["agreementRule", "employee", "priority", "slmService"]);
    let mapping = pasted(&proposal);
    assert_eq!(mapping.rules, None, "what cannot be read cannot be kept equal");
    assert_eq!(mapping.attributes, Mapping::default().attributes);
}

#[tokio::test]
async fn a_tenant_without_agreements_gets_a_hint() {
    let desk = Desk::open(SandboxOptions { order: FindOrder::Reversed, ..SandboxOptions::default() }).await;
    desk.sandbox.set_faults(Vec::new());
    let proposal = discover(&desk).await;
    // The one agreement of the seed has a title and nothing else.
    let last_day = proposal.lines.iter().find(|line| line.path.ends_with(&["last_day", "attribute"]));
    assert_eq!(last_day.map(|line| &line.evidence), Some(&Evidence::Empty { of: 1 }));
}
