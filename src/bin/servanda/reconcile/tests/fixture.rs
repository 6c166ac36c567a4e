//! A repository and a helpdesk: the files of spring were applied, and those of autumn are pending.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use servanda::calendar::read_instant;
use servanda::envelope::GuardedPlan;
use servanda::helpdesks::HelpdeskPlans;
use servanda::ident::AgreementId;
use servanda::outcome::Outcome;
use servanda::plan::{Change, Plan};
use servanda::settings::Pace;

use crate::helpdesk::connect::Connection;
use crate::helpdesk::itsm365::Itsm365Transport;
use crate::http::client::Endpoint;
use crate::http::transport::{RetryPolicy, WallClock};
use crate::ledger;
use crate::process::context::{AsOf, Context, Terminal, clock};
use crate::process::failure::{Exit, Failure};
use crate::process::shutdown::Stop;
use crate::reconcile::apply::Progress;
use crate::reconcile::audience::Audience;
use crate::reconcile::plan::PlanTerms;
use crate::reconcile::run::Reconciliation;
use crate::reconcile::work::Reconciled;
use crate::sandbox::from_catalog;
use crate::sandbox::{ACCESS_KEY, RunningSandbox, Sandbox, SandboxClock, SandboxOptions};
use crate::workspace::files::{self, Content};
use crate::workspace::load::{self, Workspace};

const SPRING: &str = "2026-03-01T09:00:00Z";
const AUTUMN: &str = "2026-09-01T09:00:00Z";

const SETTINGS: &str = "timezone: Europe/Moscow
guards: { deactivations: { more_than: 100 }, weakened: 100, ended: 100, orphans: 100 }
";

const CATALOG: &str = "clients:
  mayak: { title: Маяк, helpdesk: ou$1, contacts: { main: { helpdesk: \"employee$11\" } } }
  veter: { title: Ветер, helpdesk: ou$2, contacts: { main: { helpdesk: \"employee$12\" } } }
  port: { title: Порт, helpdesk: ou$3, contacts: { main: { helpdesk: \"employee$13\" } } }
  stal: { title: Сталь, helpdesk: ou$4, contacts: { main: { helpdesk: \"employee$14\" } } }
services:
  email: { title: Почта, helpdesk: slmService$1 }
  vpn: { title: VPN, helpdesk: slmService$2 }
  servers: { title: Серверы, helpdesk: slmService$3 }
  print: { title: Печать, helpdesk: slmService$4 }
managers:
  petrova: { title: Ирина Петрова, helpdesk: \"employee$1\" }
calendars:
  office: { title: 9x5, helpdesk: servicetime$1 }
  always: { title: 24x7, helpdesk: servicetime$2 }
priorities:
  critical: { title: Критический, helpdesk: priority$1 }
  normal: { title: Обычный, helpdesk: priority$2 }
";

const TEMPLATE: &str = "services: { email: true, vpn: true }
sla:
  calendar: office
  targets: { critical: { response: 30m, resolution: 4h }, normal: { response: 4h, resolution: 2 business days } }
notices: { expiring: { before: [30d], to: [client, manager] } }
";

fn agreement(rest: &str) -> String {
    format!("extends: standard\nmanager: petrova\n{rest}")
}

/// The agreements of spring.
fn spring() -> Vec<(&'static str, String)> {
    vec![
        (
            "mayak-2025",
            agreement(
                "client: mayak\nnumber: '1'\nperiod: { first_day: 2025-09-01, last_day: 2026-08-31 }\n",
            ),
        ),
        (
            "veter-2026",
            agreement(
                "client: veter\nnumber: '2'\nperiod: { first_day: 2026-01-01, last_day: 2026-12-31 }\n",
            ),
        ),
        (
            "port-2026",
            agreement("client: port\nnumber: '3'\nperiod: { first_day: 2026-01-01, last_day: 2026-08-15 }\n"),
        ),
        (
            "stal-2026",
            agreement("client: stal\nnumber: '4'\nperiod: { first_day: 2026-06-01, open_ended: true }\n"),
        ),
        (
            "stal-night",
            agreement(
                "client: stal\nnumber: '5'\nperiod: { first_day: 2026-01-01, open_ended: true }\nservices: { email: false, vpn: false, servers: { calendar: always } }\n",
            ),
        ),
    ]
}

/// The changes until autumn: a renewal, a termination, a service less, own targets, new clients.
fn autumn() -> Vec<(&'static str, String)> {
    vec![
        ("mayak-2026", agreement("client: mayak\nnumber: '1'\nrenews: mayak-2025\nperiod: { first_day: 2026-09-01, last_day: 2027-08-31 }\n")),
        ("veter-2026", agreement("client: veter\nnumber: '2'\nperiod: { first_day: 2026-01-01, last_day: 2026-12-31 }\nservices: { vpn: false, servers: { calendar: always } }\n")),
        ("port-autumn", agreement("client: port\nnumber: '6'\nperiod: { first_day: 2026-08-16, last_day: 2026-12-31 }\n")),
        ("stal-night", agreement("client: stal\nnumber: '5'\nperiod: { first_day: 2026-01-01, open_ended: true }\nservices: { email: false, vpn: false, servers: { calendar: always } }\ntermination: { last_day: 2026-07-31, reason: moved }\n")),
        ("stal-plan", agreement("client: stal\nnumber: '7'\nperiod: { first_day: 2026-12-01, open_ended: true }\nservices: { vpn: false, email: false, servers: true }\n")),
        ("veter-servers", agreement("client: veter\nnumber: '8'\nperiod: { first_day: 2026-08-01, open_ended: true }\nservices: { vpn: false, email: false }\n").replace("services: { vpn: false, email: false }\n", "services: { vpn: { targets: { critical: { response: 10m, resolution: 1h } } }, email: false }\n")),
        ("port-night", agreement("client: port\nnumber: '9'\nperiod: { first_day: 2026-07-01, open_ended: true }\nservices: { vpn: false, email: false, servers: { calendar: always, targets: { critical: { response: 5m, resolution: 1h } } } }\n")),
        ("veter-project", agreement("client: veter\nnumber: '11'\nperiod: { first_day: 2026-08-20, last_day: 2026-11-20 }\nservices: { vpn: false, email: false, print: { calendar: always } }\n")),
        ("mayak-servers", agreement("client: mayak\nnumber: '10'\nperiod: { first_day: 2026-07-01, open_ended: true }\nservices: { vpn: false, email: false, servers: true }\n")),
    ]
}

pub(crate) fn write(root: &Path, path: &str, text: &str) {
    files::write_whole(&root.join(path), text).expect("written");
}

fn write_agreements(root: &Path, agreements: &[(&str, String)]) {
    for (id, text) in agreements {
        write(root, &format!("agreements/{id}.yaml"), text);
    }
}

/// A helpdesk in the state of spring, with the files of autumn.
pub(crate) struct ReconcileFixture {
    folder: tempfile::TempDir,
    concurrency: usize,
    /// The deadline of a request. It exceeds what a slow machine needs, unless a fault lets a request wait for it.
    pub(crate) deadline: Duration,
    pub(crate) sandbox: Sandbox,
    running: RunningSandbox,
}

/// An audience that prints nothing, confirms everything and never stops the run.
pub(crate) struct TestAudience;

impl Progress for TestAudience {
    fn begin(&mut self, _: &Change) {}
    fn wait(&mut self, _: &Change, _: servanda::calendar::Instant) {}
    fn end(&mut self, _: &Change, _: &servanda::outcome::ChangeResult) {}
}

impl Audience for TestAudience {
    fn show(&self, _: &GuardedPlan) -> Result<(), Failure> {
        Ok(())
    }
    fn show_all(&self, _: &HelpdeskPlans) -> Result<(), Failure> {
        Ok(())
    }

    fn confirm_all(&self, _: &HelpdeskPlans) -> Result<(), Failure> {
        Ok(())
    }

    fn confirm(&self, _: &Plan) -> Result<(), Failure> {
        Ok(())
    }
    /// The ledger is always available here.
    fn inform(&self, text: &str) {
        assert!(!text.contains("remembered") && !text.contains("memory"), "{text}");
    }
    /// A child process of another test (git) may inherit the lock file and hold it a moment longer.
    fn lock_timeout(&self) -> Duration {
        Duration::from_secs(10)
    }
    fn progress(&self, _: usize) -> impl Progress {
        TestAudience
    }
    fn listen(&self) -> Stop {
        let (sender, receiver) = tokio::sync::watch::channel(None);
        // No signal ever arrives.
        std::mem::forget(sender);
        Stop::by(receiver)
    }
}

impl ReconcileFixture {
    /// Copies the state of spring, which is made once.
    pub(crate) async fn of_autumn(spring: &Path, concurrency: usize) -> Self {
        Self::of_autumn_with(spring, concurrency, SandboxOptions::default()).await
    }

    /// The same with options of the sandbox.
    pub(crate) async fn of_autumn_with(spring: &Path, concurrency: usize, options: SandboxOptions) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        copy(spring, folder.path());
        write_agreements(folder.path(), &autumn());
        Self::open(folder, concurrency, options).await
    }

    /// The files of spring, of which nothing was applied yet.
    pub(crate) async fn of_spring(concurrency: usize, options: SandboxOptions) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "servanda.yaml", SETTINGS);
        write(folder.path(), "catalog.yaml", CATALOG);
        write(folder.path(), "templates/standard.yaml", TEMPLATE);
        write_agreements(folder.path(), &spring());
        Self::open(folder, concurrency, options).await
    }

    /// Applies the files of spring in a folder, and returns the folder.
    pub(crate) async fn spring() -> tempfile::TempDir {
        let fixture = Self::of_spring(8, SandboxOptions::default()).await;
        let concluded = fixture.reconcile_in_spring().await.expect("applied");
        assert_eq!(
            (concluded.exit, concluded.outcome.results.len()),
            (Exit::Fine, 5),
            "{:?}",
            concluded.outcome
        );
        fixture.running.stop().await.expect("stopped");
        fixture.folder
    }

    async fn open(folder: tempfile::TempDir, concurrency: usize, options: SandboxOptions) -> Self {
        let workspace = workspace(folder.path(), AUTUMN);
        let clock = SandboxClock::fixed(read_instant(AUTUMN).expect("an instant"));
        let file = from_catalog::database_file(folder.path(), None).expect("a place");
        let sandbox = from_catalog::open(file, &workspace.catalog, &workspace.agreements, clock, options);
        let sandbox = sandbox.expect("it opens");
        let running = sandbox.start().await.expect("it starts");
        Self { folder, concurrency, deadline: Duration::from_mins(2), sandbox, running }
    }

    /// Reconciles in autumn.
    pub(crate) async fn reconcile(&self) -> Result<Reconciled, Failure> {
        self.reconcile_by(&clock).await
    }

    /// Reconciles in spring.
    pub(crate) async fn reconcile_in_spring(&self) -> Result<Reconciled, Failure> {
        self.reconcile_in(self.folder.path(), SPRING, &clock, None).await
    }

    /// Reconciles in autumn by another wall clock.
    pub(crate) async fn reconcile_by(&self, clock: WallClock<'_>) -> Result<Reconciled, Failure> {
        self.reconcile_in(self.folder.path(), AUTUMN, clock, None).await
    }

    /// Reconciles in autumn on another machine, which has a ledger of its own.
    pub(crate) async fn reconcile_at_another(
        &self,
        root: &Path,
        clock: WallClock<'_>,
    ) -> Result<Reconciled, Failure> {
        self.reconcile_in(root, AUTUMN, clock, None).await
    }

    /// Copies the repository with its ledger to another machine.
    pub(crate) fn other_machine(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        copy(self.folder.path(), folder.path());
        folder
    }

    /// Makes a plan in autumn.
    pub(crate) async fn plan(&self) -> GuardedPlan {
        let workspace = workspace(self.folder.path(), AUTUMN);
        let (connection, terms) = self.connection(&workspace, AUTUMN);
        let mut reconciliation =
            Reconciliation::new(&workspace, &connection, &terms, "test".to_owned(), &TestAudience);
        reconciliation.plan_only().await.expect("a plan")
    }

    /// Applies a plan in autumn, as it is.
    pub(crate) async fn apply(&self, plan: GuardedPlan) -> Reconciled {
        self.reconcile_in(self.folder.path(), AUTUMN, &clock, Some(plan)).await.expect("applied")
    }

    /// Adds lines to servanda.yaml.
    pub(crate) fn add_settings(&self, lines: &str) {
        write(self.folder.path(), "servanda.yaml", &format!("{SETTINGS}{lines}"));
    }

    /// Writes an agreement.
    pub(crate) fn add_agreement(&self, id: &str, text: &str) {
        write(self.folder.path(), &format!("agreements/{id}.yaml"), text);
    }

    /// Makes the ledger unusable.
    #[expect(clippy::disallowed_methods, reason = "a person puts a folder in the place of the ledger")]
    pub(crate) fn break_ledger(&self) {
        let ledger = self.folder.path().join(".servanda/ledger.sqlite");
        std::fs::remove_file(&ledger).expect("there is a ledger");
        std::fs::create_dir(&ledger).expect("a folder in its place");
    }

    /// The agreements whose creation is recorded in the ledger.
    pub(crate) async fn pending(&self) -> Vec<AgreementId> {
        let records = ledger::open(&workspace(self.folder.path(), AUTUMN));
        records.pending().await.expect("read").into_keys().collect()
    }

    /// Creates an agreement as a person does, and returns its UUID.
    pub(crate) async fn create_by_hand(&self, title: &str) -> String {
        let (transport, query) = (self.transport(&Pace::SANDBOX), [("attrs", "UUID".to_owned())]);
        let path = "create-m2m/agreement$agreement";
        let created = transport.post(path, &query, &json!({ "title": title }), RetryPolicy::Write).await;
        created.expect("created").body["UUID"].as_str().expect("an id").to_owned()
    }

    fn transport(&self, pace: &Pace) -> Itsm365Transport {
        let key = SecretString::from(ACCESS_KEY);
        Itsm365Transport::new(&Endpoint::at(&self.running.url()), key, pace).expect("a transport")
    }

    fn connection(&self, workspace: &Workspace, instant: &str) -> (Connection, PlanTerms) {
        let (concurrency, deadline) = (self.concurrency, self.deadline);
        let pace = Pace { concurrency, deadline, ..Pace::SANDBOX };
        let mapping = workspace.settings.helpdesk.mapping.clone();
        let connection = Connection::by(self.transport(&pace), mapping, pace);
        let instant = read_instant(instant).expect("an instant");
        let terms = PlanTerms {
            as_of: AsOf { instant, is_asked: true },
            prune: false,
            acknowledged: servanda::guard::Acknowledgements::new(),
            selection: servanda::selection::AgreementSelection::default(),
        };
        (connection, terms)
    }

    async fn reconcile_in(
        &self,
        root: &Path,
        instant: &str,
        clock: WallClock<'_>,
        saved: Option<GuardedPlan>,
    ) -> Result<Reconciled, Failure> {
        let workspace = workspace(root, instant);
        let (connection, terms) = self.connection(&workspace, instant);
        let mut reconciliation =
            Reconciliation::new(&workspace, &connection, &terms, "test".to_owned(), &TestAudience)
                .with_clock(clock);
        match saved {
            None => reconciliation.run(None).await,
            Some(plan) => reconciliation.run_as_it_is(plan).await,
        }
    }

    /// The number of requests so far.
    pub(crate) fn requests(&self) -> u64 {
        self.sandbox.request_counts().total()
    }

    /// Asserts that one reconciliation without faults applies everything.
    pub(crate) async fn assert_converges(&self, what: &str) {
        self.sandbox.set_faults(Vec::new());
        let next = self.reconcile().await.unwrap_or_else(|failure| panic!("{what}: {failure:?}"));
        assert_eq!(next.exit, Exit::Fine, "{what}");
        self.assert_converged(what).await;
    }

    /// Asserts that nothing remains to be done, and that no object exists twice.
    pub(crate) async fn assert_converged(&self, what: &str) {
        self.sandbox.set_faults(Vec::new());
        let before = self.sandbox.request_counts();
        let last = self.reconcile().await.unwrap_or_else(|failure| panic!("{what}: {failure:?}"));
        let blocked = &last.guarded.plan.blocked;
        assert_eq!(last.exit, Exit::Fine, "{what}: {blocked:?} {:?}", last.outcome);
        assert!(last.guarded.plan.is_empty(), "{what}: {:#?}", last.guarded.plan.changes);
        let after = self.sandbox.request_counts();
        assert_eq!(after.writes(), before.writes(), "{what}: nothing is written");
        assert_eq!(after.unchanged_edits, 0, "{what}: no edit without effect was sent");
        let agreements = self.sandbox.find("agreement", &json!({})).expect("a list");
        let mut keys: Vec<&str> =
            agreements.iter().filter_map(|found| found["inventoryNumber"].as_str()).collect();
        keys.sort_unstable();
        let count = keys.len();
        keys.dedup();
        assert_eq!((keys.len(), count), (12, 12), "{what}: no agreement exists twice");
        let rules = self.sandbox.find("agreementRule", &json!({ "removed": false })).expect("a list");
        let mut keys: Vec<String> = rules.iter().map(key).collect();
        keys.sort_unstable();
        let count = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), count, "{what}: no rule exists twice");
    }
}

fn key(rule: &Value) -> String {
    [&rule["agreement"]["UUID"], &rule["service"]["UUID"], &rule["priority"]["UUID"]]
        .map(Value::to_string)
        .join(" ")
}

/// Whether the reconciliation reports that nothing remains.
pub(crate) fn is_done(concluded: &Result<Reconciled, Failure>) -> bool {
    matches!(concluded, Ok(Reconciled { exit: Exit::Fine, outcome: Outcome { remaining: Some(0), .. }, .. }))
}

/// The workspace of a folder at an instant. Equal files are checked once, since hundreds of fixtures have the same.
fn workspace(root: &Path, instant: &str) -> Workspace {
    type Texts = Vec<(String, Vec<u8>)>;
    static CHECKED: Mutex<BTreeMap<(String, Texts), Arc<Workspace>>> = Mutex::new(BTreeMap::new());

    let files = files::read_all(root).expect("they can be read");
    let texts = files.into_iter().map(|file| match file.content {
        Content::Bytes(bytes) => (file.path, bytes),
        _ => panic!("{} cannot be read", file.path),
    });
    let key = (instant.to_owned(), texts.collect());
    let known = CHECKED.lock().expect("no test failed meanwhile").get(&key).cloned();
    let checked = known.unwrap_or_else(|| {
        let checked = Arc::new(workspace_as(root, instant, true));
        CHECKED.lock().expect("no test failed meanwhile").insert(key, Arc::clone(&checked));
        checked
    });
    assert!(checked.commit.is_none() && checked.base.is_none(), "no repository of Git");
    Workspace {
        root: root.to_owned(),
        commit: None,
        digest: checked.digest.clone(),
        settings: checked.settings.clone(),
        catalog: checked.catalog.clone(),
        agreements: checked.agreements.clone(),
        everywhere: Arc::clone(&checked.everywhere),
        paths: checked.paths.clone(),
        texts: checked.texts.clone(),
        base: None,
        pull_request: None,
    }
}

/// The workspace of a folder at an instant. A table of unusual cases may have warnings.
pub(crate) fn workspace_as(root: &Path, instant: &str, deny_warnings: bool) -> Workspace {
    let instant = read_instant(instant).expect("an instant");
    let context = Context {
        now: instant,
        working_directory: root.to_owned(),
        terminal: Terminal::NONE,
        repository: Some(root.to_owned()),
        deny_warnings,
        settings: None,
    };
    let loaded = load::load(&context).expect("it can be read");
    loaded.into_workspace(instant, &context).expect("it is valid")
}

#[expect(clippy::disallowed_methods, reason = "a folder is copied as it is, the database in it too")]
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).expect("made");
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("copied");
        }
    }
}
