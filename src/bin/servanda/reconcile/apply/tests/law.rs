//! The law "plan after apply is empty", through the adapter and the embedded helpdesk, over HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use secrecy::SecretString;
use servanda::agreement::{Activation, Agreement, Coverage, Notices, Period, PeriodEnd, Renewal, Target};
use servanda::calendar::{Day, Instant, TargetTime, ZONE_DATA, Zone, read_day, read_instant};
use servanda::catalog::{Catalog, CatalogEntry, ClientEntry};
use servanda::desired::desired;
use servanda::diagnostic::{Sources, Span};
use servanda::ident::{
    AgreementId, CalendarSlug, ClientSlug, LiveId, PriorityName, RecipientSlug, ServiceSlug,
};
use servanda::mapping::{Deactivation, Mapping, RecipientSide};
use servanda::plan::{Change, DiffContext, Header, Plan, diff};
use servanda::settings::Pace;

use crate::helpdesk::itsm365::{Itsm365Reader, Itsm365Transport, Itsm365Writer};
use crate::helpdesk::{Reader as _, Selection};
use crate::http::client::Endpoint;
use crate::ledger::{Records, SqliteLedger};
use crate::process::shutdown::Stop;
use crate::reconcile::apply::{Progress, Tools, apply};
use crate::reconcile::journal::Journal;
use crate::sandbox::from_catalog::seed;
use crate::sandbox::{ACCESS_KEY, DatabasePath, Sandbox, SandboxClock, SandboxOptions};

const CLIENTS: [&str; 3] = ["dent-mayak", "dent-profi", "portovik"];
const SERVICES: [&str; 3] = ["email", "vpn", "workstations"];

struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _: &Change) {}
    fn end(&mut self, _: &Change, _: &servanda::outcome::ChangeResult) {}
}

fn at(text: &str) -> Instant {
    read_instant(text).expect("an instant")
}

fn nowhere() -> Span {
    Span::of_file(Sources::default().add("agreements/sample.yaml", ""))
}

fn entry(title: &str, id: &str) -> CatalogEntry {
    CatalogEntry { title: title.to_owned(), helpdesk: LiveId::new(id), email: None, span: nowhere() }
}

fn catalog() -> Catalog {
    let client = |(slug, number): (&str, u32)| {
        let client = ClientEntry {
            entry: entry(slug, &format!("ou${number}")),
            contacts: BTreeMap::new(),
            departments: BTreeMap::new(),
            zone: None,
        };
        (ClientSlug::new(slug).expect("a slug"), client)
    };
    let service = |(slug, number): (&str, u32)| {
        (ServiceSlug::new(slug).expect("a slug"), entry(slug, &format!("slmService${number}")))
    };
    Catalog {
        clients: CLIENTS.into_iter().zip(1..).map(client).collect(),
        services: SERVICES.into_iter().zip(1..).map(service).collect(),
        calendars: [(CalendarSlug::new("24x7").expect("a slug"), entry("24x7", "servicetime$1"))].into(),
        priorities: [(PriorityName::new("critical").expect("a slug"), entry("Critical", "priority$1"))]
            .into(),
        ..Catalog::default()
    }
}

fn agreement(number: usize, client: &str, first_day: Day, last_day: Option<Day>) -> Agreement {
    let client = ClientSlug::new(client).expect("a slug");
    Agreement {
        id: AgreementId::new(&format!("a{number}")).expect("an id"),
        formerly: Vec::new(),
        template: None,
        title: format!("Соглашение {number}"),
        number: None,
        recipients: [RecipientSlug::of_client(&client)].into(),
        client,
        manager: None,
        provider: None,
        contacts: BTreeMap::new(),
        zone: Zone::find("Europe/Moscow").expect("a zone"),
        period: Period {
            first_day: Some(first_day),
            end: last_day.map_or(PeriodEnd::Open, PeriodEnd::LastDay),
        },
        activation: Activation::Auto,
        suspensions: Vec::new(),
        termination: None,
        renewal: Renewal::None,
        renews: None,
        succeeded_on: None,
        services: BTreeMap::new(),
        calendar: None,
        targets: BTreeMap::new(),
        notices: Notices::default(),
        labels: BTreeMap::new(),
        attributes: BTreeMap::new(),
        adopts: None,
        span: nowhere(),
    }
}

prop_compose! {
    fn any_agreement(number: usize)(
        client in 0..CLIENTS.len(),
        first in 0_i64..700,
        length in proptest::option::of(1_i64..700),
        services in proptest::collection::btree_map(0..SERVICES.len(), proptest::option::of(1_u32..9), 1..3),
        own_calendar in any::<bool>(),
        hours in proptest::option::of(1_u32..9),
        numbered in proptest::option::of("[a-zа-я ]{0,9}"),
    ) -> Agreement {
        let plus = |days: i64| {
            read_day("2025-06-01").expect("a day").checked_add(jiff::Span::new().days(days)).expect("in range")
        };
        let mut agreement = agreement(number, CLIENTS[client], plus(first), length.map(|length| plus(first + length)));
        let critical = || PriorityName::new("critical").expect("a slug");
        let target = |hours: u32| Target {
            response: Some(TargetTime::Seconds(hours * 600)),
            resolution: Some(TargetTime::BusinessDays(hours)),
        };
        agreement.targets = hours.map(|hours| (critical(), target(hours))).into_iter().collect();
        agreement.number = numbered;
        agreement.services = services.into_iter().map(|(index, hours)| {
            let calendar = own_calendar.then(|| CalendarSlug::new("24x7").expect("a slug"));
            let targets = hours.map(|hours| (critical(), target(hours))).into_iter().collect();
            (ServiceSlug::new(SERVICES[index]).expect("a slug"), Coverage { calendar, targets })
        }).collect();
        agreement
    }
}

fn any_estate() -> impl Strategy<Value = Vec<Agreement>> {
    (0_usize..5).prop_flat_map(|count| (0..count).map(any_agreement).collect::<Vec<_>>())
}

fn any_mapping() -> impl Strategy<Value = Mapping> {
    (0..3_usize, any::<bool>(), any::<bool>()).prop_map(|(deactivate, own_edit, on_recipient)| {
        let strategies = [Deactivation::State, Deactivation::Detach, Deactivation::Archive];
        let mut mapping =
            Mapping { deactivate: strategies[deactivate], state_in_own_edit: own_edit, ..Mapping::default() };
        mapping.recipients.side =
            if on_recipient { RecipientSide::Recipient } else { RecipientSide::Agreement };
        mapping
    })
}

/// A helpdesk with what it takes to plan and apply against it.
struct Desk {
    sandbox: Sandbox,
    transport: Itsm365Transport,
    mapping: Mapping,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn open(mapping: Mapping) -> Self {
        let clock = SandboxClock::fixed(at("2026-03-01T09:00:00Z"));
        let sandbox =
            Sandbox::open(&DatabasePath::Memory, &seed(&catalog()), clock, SandboxOptions::default())
                .expect("it opens");
        let url = sandbox.start().await.expect("it starts");
        let transport =
            Itsm365Transport::new(&Endpoint::at(&url.url()), SecretString::from(ACCESS_KEY), &Pace::SANDBOX);
        // It is served until the test's runtime ends.
        std::mem::forget(url);
        let folder = tempfile::tempdir().expect("a folder");
        Self { sandbox, transport: transport.expect("a transport"), mapping, folder }
    }

    async fn plan(&self, agreements: &[Agreement], instant: &str) -> Plan {
        let reader = Itsm365Reader::new(&self.transport, &self.mapping, 2);
        let live = reader.read_live(&Selection::of(agreements)).await.expect("it can be read");
        let desired = desired(agreements, &catalog(), &self.mapping, &live.directory, at(instant));
        let header = Header {
            as_of: at(instant),
            zone: "Europe/Moscow".to_owned(),
            zone_data: ZONE_DATA.to_owned(),
            version: String::new(),
            commit: None,
            files: String::new(),
            helpdesk: String::new(),
        };
        diff(&desired, &live, DiffContext { header, mapping: &self.mapping, prune: true })
    }

    async fn apply(&self, plan: &Plan) {
        let reader = Itsm365Reader::new(&self.transport, &self.mapping, 2);
        let writer = Itsm365Writer::new(&self.transport, &self.mapping);
        let journal = Journal::open(self.folder.path(), plan, "test").expect("a journal");
        let book = Records::new(SqliteLedger::at(self.folder.path().join("ledger.sqlite")), "test");
        book.pending().await.expect("read");
        let (_sender, stop) = tokio::sync::watch::channel(None);
        let tools = Tools {
            reader: &reader,
            writer: &writer,
            book: Some(&book),
            journal: &journal,
            stop: &Stop::by(stop),
            run: "test",
            concurrency: 4,
            search_lag: Duration::ZERO,
        };
        let outcome = apply(plan, &tools, &mut Silent).await.outcome;
        assert!(outcome.is_complete(), "{outcome:?}");
    }
}

async fn hold(mapping: Mapping, then: &[Agreement], now: &[Agreement]) -> Result<(), TestCaseError> {
    let desk = Desk::open(mapping).await;
    for (agreements, instant) in [(then, "2026-03-01T09:00:00Z"), (now, "2026-09-01T09:00:00Z")] {
        let plan = desk.plan(agreements, instant).await;
        desk.apply(&plan).await;
        let again = desk.plan(agreements, instant).await;
        prop_assert!(again.is_empty(), "{:#?}", again.changes);
        let writes = desk.sandbox.request_counts().writes();
        desk.apply(&again).await;
        prop_assert_eq!(desk.sandbox.request_counts().writes(), writes);
    }
    Ok(())
}

#[test]
fn the_plan_after_an_apply_is_empty_over_http() {
    let config = Config { cases: 100, failure_persistence: None, ..Config::default() };
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let estates = (any_mapping(), any_estate(), any_estate());
    let mut runner = TestRunner::new(config);
    let held = runner.run(&estates, |(mapping, then, now)| runtime.block_on(hold(mapping, &then, &now)));
    held.expect("the law holds");
}
