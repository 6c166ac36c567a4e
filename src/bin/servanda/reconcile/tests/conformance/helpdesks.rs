//! The helpdesks on which the table is tested, each with a repository of its own.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use servanda::calendar::read_instant;
use servanda::ident::AgreementId;
use servanda::live::Observed;
use servanda::settings::{Pace, Product};
use servanda::status::State;

use super::Seen;
use crate::conformance::table::{ROWS, Row, on};
use crate::helpdesk::connect::Connection;
use crate::helpdesk::itop::tests::{PASSWORD, Road, SmallItop, raw};
use crate::helpdesk::itop::{ItopLogin, ItopTransport};
use crate::helpdesk::itsm365::Itsm365Transport;
use crate::helpdesk::{Reader as _, Selection};
use crate::http::client::Endpoint;
use crate::http::transport::Transport;
use crate::process::context::AsOf;
use crate::process::failure::Exit;
use crate::reconcile::plan::PlanTerms;
use crate::reconcile::run::Reconciliation;
use crate::reconcile::tests::fixture::{TestAudience, workspace_as, write};
use crate::reconcile::work::Reconciled;
use crate::sandbox::from_catalog;
use crate::sandbox::{ACCESS_KEY, RunningSandbox, Sandbox, SandboxClock, SandboxOptions};
use crate::workspace::files;
use crate::workspace::load::Workspace;

const TEMPLATE: &str = "provider: acme
services: { email: true, vpn: true }
sla: { targets: { critical: { response: 30m, resolution: 4h }, normal: { response: 4h, resolution: 16h } } }
manager: petrova
";

const SERVICES: [(&str, &str); 3] = [("email", "E-mail"), ("printing", "Printing"), ("vpn", "VPN")];

/// A helpdesk and the repository that it is reconciled with.
pub(crate) struct TestHelpdesk {
    folder: tempfile::TempDir,
    /// A prefix of the titles of its objects, so that one helpdesk can be tested many times.
    name: String,
    way: Way,
    /// The responses of the portal of the embedded helpdesk, by request.
    portal_cache: RefCell<BTreeMap<String, BTreeSet<String>>>,
    pub(crate) road: Option<Arc<Road>>,
}

enum Way {
    Embedded { sandbox: Sandbox, running: RunningSandbox },
    Itop { url: String, user: String, password: String },
}

impl TestHelpdesk {
    fn new(way: impl FnOnce(&str) -> Way, settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let name = folder
            .path()
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name")
            .trim_start_matches('.')
            .to_owned();
        files::own_folder(folder.path()).expect("a folder");
        write(folder.path(), "servanda.yaml", &settings.replace("@NAME@", &name));
        write(folder.path(), "templates/standard.yaml", TEMPLATE);
        write(folder.path(), "catalog.yaml", &catalog(&name));
        let way = way(&name);
        Self { folder, name, way, portal_cache: RefCell::default(), road: None }
    }

    pub(crate) async fn embedded() -> Self {
        let settings = format!("timezone: Europe/Moscow\n{GUARDS}");
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "servanda.yaml", &settings);
        write(folder.path(), "templates/standard.yaml", TEMPLATE);
        write(folder.path(), "catalog.yaml", &catalog("t"));
        let workspace = workspace_as(folder.path(), "2027-01-01T09:00:00Z", false);
        let clock = SandboxClock::fixed(read_instant("2027-01-01T09:00:00Z").expect("an instant"));
        let file = from_catalog::database_file(folder.path(), None).expect("a place");
        let sandbox = from_catalog::open(file, &workspace.catalog, &[], clock, SandboxOptions::default())
            .expect("it opens");
        let running = sandbox.start().await.expect("it starts");
        Self {
            folder,
            name: "t".to_owned(),
            way: Way::Embedded { sandbox, running },
            portal_cache: RefCell::default(),
            road: None,
        }
    }

    /// A small iTop of the tests, behind a proxy that can lose responses.
    pub(crate) async fn small_itop() -> Self {
        let small = SmallItop::start().await;
        Self::itop(small.url(), "admin", PASSWORD).await
    }

    /// The real iTop that the environment names.
    #[expect(clippy::disallowed_methods, reason = "the environment names the real helpdesk")]
    pub(crate) async fn real_itop() -> Self {
        let variable = |name: &str| {
            let value = std::env::var(name).ok().filter(|value| !value.is_empty());
            value.unwrap_or_else(|| panic!("needs a real iTop: {name} is not set"))
        };
        let [url, user, password] =
            ["SERVANDA_ITOP_URL", "SERVANDA_ITOP_USER", "SERVANDA_ITOP_PASSWORD"].map(variable);
        Self::itop(&url, &user, &password).await
    }

    async fn itop(url: &str, user: &str, password: &str) -> Self {
        let road = Arc::new(Road::to(url));
        let open = road.open().await;
        let settings = format!(
            "timezone: Europe/Moscow\n{GUARDS}helpdesk: {{ kind: itop, url: \"{open}\", user: {{ env: U }}, password: {{ env: P }}, provider: acme, rehearsal: true, search_lag: 1s, agreement: {{ key: {{ attribute: description, prefix: \"@NAME@:\" }} }}, sla_rules: {{ business_day: 8h, priorities: {{ critical: 1, normal: 3 }} }} }}\n",
        );
        let (user, password) = (user.to_owned(), password.to_owned());
        let mut desk = Self::new(|_| Way::Itop { url: open, user, password }, &settings);
        desk.road = Some(road);
        desk.furnish().await;
        desk
    }

    /// Creates the companies, people and services of the catalog.
    async fn furnish(&self) {
        let transport = self.transport();
        let make = async |class: &str, fields: Value| {
            raw(
                &transport,
                "core/create",
                class,
                json!({ "comment": "furnished", "output_fields": "id", "fields": fields }),
            )
            .await
        };
        let provider =
            make("Organization", json!({ "name": titled(&self.name, "acme"), "status": "active" })).await;
        for row in &ROWS {
            make("Organization", json!({ "name": titled(&self.name, row.id), "status": "active" })).await;
        }
        for (_, title) in SERVICES {
            make(
                "Service",
                json!({ "name": titled(&self.name, title), "org_id": provider, "status": "production" }),
            )
            .await;
        }
        for person in ["Petrova", "Sokolov"] {
            make(
                "Person",
                json!({ "name": person, "first_name": self.name, "org_id": provider, "status": "active" }),
            )
            .await;
        }
    }

    pub(crate) fn transport(&self) -> ItopTransport {
        let Way::Itop { url, user, password } = &self.way else { panic!("this is no iTop") };
        let login =
            ItopLogin::Password { user: user.clone(), password: SecretString::from(password.as_str()) };
        let pace = Pace { deadline: Duration::from_secs(30), ..Pace::SANDBOX };
        Transport::to(&Endpoint::at(url), login, &pace).expect("a transport")
    }

    /// The title of a catalog entry in this helpdesk.
    pub(crate) fn titled(&self, title: &str) -> String {
        titled(&self.name, title)
    }

    /// The prefix of its ownership keys.
    pub(crate) fn prefix(&self) -> String {
        format!("{}:", self.name)
    }

    /// Writes the files of a day.
    pub(crate) fn write_files(&self, day: &str) {
        for row in &ROWS {
            let path = format!("agreements/{}.yaml", row.id);
            match on(row.files, day).flatten() {
                Some(text) => {
                    let client = if text.starts_with("client:") {
                        String::new()
                    } else {
                        format!("client: {}\n", row.id)
                    };
                    write(self.folder.path(), &path, &format!("extends: standard\n{client}{text}\n"));
                }
                None => remove(&self.folder.path().join(path)),
            }
        }
    }

    fn workspace(&self, day: &str) -> Workspace {
        workspace_as(self.folder.path(), &noon(day), false)
    }

    fn connection(&self, workspace: &Workspace) -> Connection {
        let mapping = workspace.settings.helpdesk.mapping.clone();
        match (&self.way, &workspace.settings.helpdesk.kind) {
            (Way::Embedded { running, .. }, _) => {
                let transport = Itsm365Transport::new(
                    &Endpoint::at(&running.url()),
                    SecretString::from(ACCESS_KEY),
                    &Pace::SANDBOX,
                );
                Connection::by(transport.expect("a transport"), mapping, Pace::SANDBOX)
            }
            (Way::Itop { .. }, Product::Itop { priorities, .. }) => Connection::by_itop(
                self.transport(),
                priorities.clone(),
                mapping,
                workspace.settings.helpdesk.pace,
            ),
            _ => panic!("the settings are about another helpdesk"),
        }
    }

    /// Reconciles, with any end.
    pub(crate) async fn try_reconcile(&self, day: &str) -> Reconciled {
        let workspace = self.workspace(day);
        let connection = self.connection(&workspace);
        let terms = PlanTerms {
            as_of: AsOf { instant: read_instant(&noon(day)).expect("an instant"), is_asked: true },
            prune: false,
            acknowledged: servanda::guard::Acknowledgements::new(),
            selection: servanda::selection::AgreementSelection::default(),
        };
        Reconciliation::new(&workspace, &connection, &terms, "conformance".to_owned(), &TestAudience)
            .run(None)
            .await
            .expect("reconciled")
    }

    /// Reconciles, and expects that everything is applied.
    pub(crate) async fn reconcile(&self, day: &str) -> Reconciled {
        let concluded = self.try_reconcile(day).await;
        assert_eq!(concluded.exit, Exit::Fine, "{day}: {:#?}", concluded.outcome);
        concluded
    }

    pub(crate) async fn assert_nothing_is_left(&self, day: &str) {
        let again = self.reconcile(day).await;
        assert!(again.guarded.plan.is_empty(), "{day}: {:#?}", again.guarded.plan.changes);
    }

    /// The tenant's name of a state.
    pub(crate) fn word(&self, state: State) -> String {
        self.workspace("2027-01-01").settings.helpdesk.mapping.states[&state].clone()
    }

    /// The state of each row, and the services that its client can request.
    pub(crate) async fn observe(&self, day: &str) -> Seen {
        let workspace = self.workspace(day);
        let connection = self.connection(&workspace);
        let reader = connection.reader();
        let live = reader.read_live(&Selection::default()).await.expect("the live state");
        let offered = self.offered().await;
        let look = |row: &Row| {
            let held = match live.agreements.get(&AgreementId::new(row.id).expect("an id")) {
                Some(Observed::Present(found)) => {
                    let own = offered.get(found.object.as_str()).cloned().unwrap_or_default();
                    Some((found.record.state.clone(), own))
                }
                None | Some(Observed::Absent) => None,
                Some(Observed::Unknown(why)) => panic!("{}: {why}", row.id),
            };
            (row.id, held)
        };
        ROWS.iter().map(look).collect()
    }

    /// The services that the portal offers, by the agreement that offers them.
    async fn offered(&self) -> BTreeMap<String, BTreeSet<String>> {
        let slug = |title: &str| {
            let known = SERVICES.iter().find(|(_, own)| titled(&self.name, own) == title);
            known.map_or_else(|| title.to_owned(), |(slug, _)| (*slug).to_owned())
        };
        let mut offered: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        match &self.way {
            Way::Embedded { sandbox, running } => {
                let services = sandbox.find("slmService", &json!({})).expect("a list");
                for agreement in sandbox.find("agreement", &json!({})).expect("a list") {
                    let id = agreement["UUID"].as_str().expect("an id");
                    // The portal depends on these attributes only.
                    let shape = format!(
                        "{id} {} {} {}",
                        agreement["state"], agreement["services"], agreement["recipientsOU"]
                    );
                    let known = self.portal_cache.borrow().get(&shape).cloned();
                    let taken = match known {
                        Some(taken) => taken,
                        None => taken(running, &agreement, &services)
                            .await
                            .iter()
                            .map(|title| slug(title))
                            .collect(),
                    };
                    self.portal_cache.borrow_mut().insert(shape, taken.clone());
                    offered.insert(id.to_owned(), taken);
                }
            }
            // The portal asks for rows and services, and never for states and days.
            Way::Itop { .. } => {
                let transport = self.transport();
                for (contract, service) in crate::helpdesk::itop::tests::offered(&transport).await {
                    offered.entry(contract).or_default().insert(slug(&service));
                }
            }
        }
        offered
    }
}

const GUARDS: &str =
    "guards: { deactivations: { more_than: 100 }, weakened: 100, ended: 100, orphans: 100 }\n";

fn catalog(name: &str) -> String {
    let clients = ROWS.iter().map(|row| format!("  {}: {{ title: \"{}\" }}\n", row.id, titled(name, row.id)));
    let services =
        SERVICES.iter().map(|(slug, title)| format!("  {slug}: {{ title: \"{}\" }}\n", titled(name, title)));
    format!(
        "clients:\n{}services:\n{}managers:\n  petrova: {{ title: {name} Petrova }}\n  sokolov: {{ title: {name} Sokolov }}\nproviders:\n  acme: {{ title: \"{}\" }}\npriorities:\n  critical: {{ title: Critical }}\n  normal: {{ title: Normal }}\n",
        clients.collect::<String>(),
        services.collect::<String>(),
        titled(name, "acme"),
    )
}

fn titled(name: &str, title: &str) -> String {
    format!("{title} ({name})")
}

fn noon(day: &str) -> String {
    format!("{day}T09:00:00Z")
}

#[expect(clippy::disallowed_methods, reason = "a file of the test's own folder goes")]
fn remove(path: &std::path::Path) {
    drop(std::fs::remove_file(path));
}

/// The services for which the portal of the embedded helpdesk takes a request.
async fn taken(running: &RunningSandbox, agreement: &Value, services: &[Value]) -> Vec<String> {
    let client = agreement["recipientsOU"][0]["UUID"].clone();
    let url = format!("{}/services/rest/create-m2m/serviceCall$call?accessKey={ACCESS_KEY}", running.url());
    let http = crate::http::client::test_client();
    let mut taken = Vec::new();
    for service in services {
        let body = json!({ "agreement": agreement["UUID"], "service": service["UUID"], "client": client, "shortDescr": "It prints nothing" });
        if http.post(&url).json(&body).send().await.expect("an answer").status().is_success() {
            taken.push(service["title"].as_str().expect("a title").to_owned());
        }
    }
    taken
}
