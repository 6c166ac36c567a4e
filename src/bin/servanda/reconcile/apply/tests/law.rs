//! The law "the plan after an apply is empty", over HTTP: the program's own reconciliation against the embedded helpdesk.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use secrecy::SecretString;
use servanda::agreement::{Activation, Agreement, Coverage, Notices, Period, PeriodEnd, Renewal, Target};
use servanda::calendar::{Day, Instant, TargetTime, Zone, read_day, read_instant};
use servanda::catalog::{Catalog, CatalogEntry, ClientEntry};
use servanda::check::Basis;
use servanda::diagnostic::{Sources, Span};
use servanda::guard::Acknowledgements;
use servanda::ident::{
    AgreementId, CalendarSlug, ClientSlug, Language, LiveId, PriorityName, RecipientSlug, ServiceSlug,
};
use servanda::mapping::{Deactivation, Mapping, RecipientSide};
use servanda::settings::{DeactivationGuard, Guards, Pace, Settings};

use crate::cases::sample_of;
use crate::helpdesk::connect::Connection;
use crate::helpdesk::itsm365::Itsm365Transport;
use crate::http::client::Endpoint;
use crate::process::context::AsOf;
use crate::process::failure::Exit;
use crate::reconcile::plan::PlanTerms;
use crate::reconcile::run::Reconciliation;
use crate::reconcile::tests::fixture::TestAudience;
use crate::reconcile::work::Reconciled;
use crate::sandbox::from_catalog::seed;
use crate::sandbox::{ACCESS_KEY, DatabasePath, RunningSandbox, Sandbox, SandboxClock, SandboxOptions};
use crate::workspace::load::Workspace;

const CLIENTS: [&str; 3] = ["dent-mayak", "dent-profi", "portovik"];
const SERVICES: [&str; 3] = ["email", "vpn", "workstations"];

fn at(text: &str) -> Instant {
    read_instant(text).expect("an instant")
}

fn nowhere() -> Span {
    Span::of_file(Sources::default().add("agreements/sample.yaml", ""))
}

fn entry(title: &str, id: &str) -> CatalogEntry {
    CatalogEntry {
        title: title.to_owned(),
        helpdesk: LiveId::new(id),
        elsewhere: litemap::LiteMap::new(),
        email: None,
        span: nowhere(),
    }
}

fn catalog() -> Catalog {
    let client = |(slug, number): (&str, u32)| {
        let client = ClientEntry {
            entry: entry(slug, &format!("ou${number}")),
            contacts: litemap::LiteMap::new(),
            departments: litemap::LiteMap::new(),
            lives_in: None,
            zone: None,
            language: None,
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
        templates: Vec::new().into(),
        title: format!("Соглашение {number}"),
        number: None,
        recipients: [RecipientSlug::of_client(&client)].into(),
        client,
        manager: None,
        provider: None,
        helpdesk: None,
        contacts: litemap::LiteMap::new(),
        zone: Zone::find("Europe/Moscow").expect("a zone"),
        period: Period {
            first_day: Some(first_day),
            end: last_day.map_or(PeriodEnd::Open, PeriodEnd::LastDay),
        },
        language: Language::English,
        activation: Activation::Auto,
        suspensions: Vec::new(),
        termination: None,
        renewal: Renewal::None,
        renews: None,
        is_for_whole_client: true,
        succeeded_on: None,
        services: litemap::LiteMap::new().into(),
        calendar: None,
        targets: litemap::LiteMap::new().into(),
        notices: Notices::default().into(),
        labels: litemap::LiteMap::new(),
        attributes: litemap::LiteMap::new(),
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

/// A helpdesk, and a repository whose agreements come from the test.
struct LawFixture {
    sandbox: Sandbox,
    running: RunningSandbox,
    folder: tempfile::TempDir,
    settings: Settings,
}

impl LawFixture {
    async fn open(mapping: Mapping) -> Self {
        let clock = SandboxClock::fixed(at("2026-03-01T09:00:00Z"));
        let sandbox =
            Sandbox::open(&DatabasePath::Memory, &seed(&catalog()), clock, SandboxOptions::default())
                .expect("it opens");
        let running = sandbox.start().await.expect("it starts");
        let mut settings = Basis::read(None, [], &[]).settings;
        settings.helpdesk.mapping = mapping;
        settings.guards = Guards {
            deactivations: DeactivationGuard { more_than: usize::MAX, and_share_percent: 100 },
            weakened: usize::MAX,
            ended: usize::MAX,
            overwritten: usize::MAX,
            orphans: usize::MAX,
            vanished: usize::MAX,
        };
        Self { sandbox, running, folder: tempfile::tempdir().expect("a folder"), settings }
    }

    /// Runs one reconciliation, as the program does: with lock, guards, causes, journal and ledger.
    async fn reconcile(&self, agreements: &[Agreement], instant: &str) -> Reconciled {
        let workspace = Workspace {
            everywhere: Arc::default(),
            paths: BTreeMap::new(),
            texts: BTreeMap::new(),
            root: self.folder.path().to_owned(),
            commit: None,
            digest: String::new(),
            settings: self.settings.clone(),
            catalog: catalog(),
            agreements: agreements.to_vec(),
            base: None,
            pull_request: None,
        };
        let pace = Pace { concurrency: 4, ..Pace::SANDBOX };
        let transport =
            Itsm365Transport::new(&Endpoint::at(&self.running.url()), SecretString::from(ACCESS_KEY), &pace)
                .expect("a transport");
        let connection = Connection::by(transport, self.settings.helpdesk.mapping.clone(), pace);
        let terms = PlanTerms {
            as_of: AsOf { instant: at(instant), is_asked: true },
            prune: true,
            acknowledged: Acknowledgements::new(),
            selection: servanda::selection::AgreementSelection::default(),
        };
        Reconciliation::new(&workspace, &connection, &terms, instant.to_owned(), &TestAudience)
            .run(None)
            .await
            .expect("reconciled")
    }
}

async fn converges(mapping: Mapping, then: &[Agreement], now: &[Agreement]) -> Result<(), TestCaseError> {
    let fixture = LawFixture::open(mapping).await;
    for (agreements, instant) in [(then, "2026-03-01T09:00:00Z"), (now, "2026-09-01T09:00:00Z")] {
        let first = fixture.reconcile(agreements, instant).await;
        prop_assert!(first.outcome.is_complete(), "{:?}", first.outcome);
        prop_assert_eq!((first.exit, first.outcome.remaining), (Exit::Fine, Some(0)));
        let writes = fixture.sandbox.request_counts().writes();
        let second = fixture.reconcile(agreements, instant).await;
        prop_assert!(second.guarded.plan.is_empty(), "{:#?}", second.guarded.plan.changes);
        prop_assert_eq!((second.exit, second.outcome.remaining), (Exit::Fine, Some(0)));
        prop_assert_eq!(fixture.sandbox.request_counts().writes(), writes);
    }
    fixture.running.stop().await.expect("stopped");
    Ok(())
}

#[test]
fn the_plan_after_an_apply_is_empty_over_http() {
    let config = Config {
        cases: sample_of(12, 40),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Config::with_source_file(file!())
    };
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let estates = (any_mapping(), any_estate(), any_estate());
    let mut runner = TestRunner::new(config);
    let held = runner.run(&estates, |(mapping, then, now)| runtime.block_on(converges(mapping, &then, &now)));
    held.expect("the law holds");
}
