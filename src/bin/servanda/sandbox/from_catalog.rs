//! The sandbox of a repository: seeded from its catalog, stored in its folder `.servanda/`.

use std::path::{Path, PathBuf};

use servanda::agreement::Agreement;
use servanda::catalog::{Catalog, CatalogEntry, ClientEntry, Contact};
use servanda::ident::{HelpdeskName, LiveId};

use super::clock::SandboxClock;
use super::database::DatabasePath;
use super::error::SandboxError;
use super::options::SandboxOptions;
use super::seed::{Seed, SeedObject};
use super::server::Sandbox;
use crate::process::failure::{Exit, Failure};
use crate::workspace::files;

/// The database file of a repository's sandbox; of several, of the one with this name.
pub(crate) fn database_file(root: &Path, name: Option<&HelpdeskName>) -> Result<PathBuf, Failure> {
    match name {
        None => files::own_file(root, "sandbox.db"),
        Some(name) => files::own_file(root, &format!("sandbox-{name}.db")),
    }
}

/// Opens the sandbox and adds the missing entries of the catalog and contacts of the agreements.
pub(crate) fn open(
    file: PathBuf,
    catalog: &Catalog,
    agreements: &[Agreement],
    clock: SandboxClock,
    options: SandboxOptions,
) -> Result<Sandbox, Failure> {
    let mut seed = seed(catalog);
    for agreement in agreements {
        let client = catalog.clients.get(agreement.client.as_str());
        add_people(&mut seed, client, &agreement.contacts);
    }
    Ok(Sandbox::open(&DatabasePath::File(file), &seed, clock, options)?)
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Self {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Self::new(Exit::Failure, error.code(), format!("{error}{cause}")).help(error.help())
    }
}

/// The entries of the catalog as initial objects.
pub(crate) fn seed(catalog: &Catalog) -> Seed {
    let mut seed = Seed::default();
    for provider in catalog.providers.values() {
        seed.units.push(object(provider, Some("company")));
    }
    for client in catalog.clients.values() {
        add_client(&mut seed, client);
    }
    let entries =
        |entries: &mut dyn Iterator<Item = &CatalogEntry>| entries.map(|entry| object(entry, None)).collect();
    seed.employees.extend(catalog.managers.values().map(|manager| SeedObject {
        email: manager.helpdesk.as_ref().map(example_address),
        ..object(manager, None)
    }));
    seed.services = entries(&mut catalog.services.values());
    seed.calendars = entries(&mut catalog.calendars.values());
    seed.priorities = entries(&mut catalog.priorities.values());
    seed
}

/// Adds a company, its departments, and its contacts that are people of the helpdesk.
fn add_client(seed: &mut Seed, client: &ClientEntry) {
    seed.units.push(object(&client.entry, Some("company")));
    let parent = client.entry.helpdesk.as_ref().map_or(client.entry.title.as_str(), LiveId::as_str);
    let within = |mut object: SeedObject| {
        object.parent = Some(parent.to_owned());
        object
    };
    seed.units.extend(client.departments.values().map(|department| within(object(department, Some("ou")))));
    add_people(seed, Some(client), &client.contacts);
}

/// Adds the contacts that are people of the helpdesk, each once.
fn add_people<'a>(
    seed: &mut Seed,
    client: Option<&ClientEntry>,
    contacts: impl IntoIterator<Item = (&'a String, &'a Contact)>,
) {
    for (role, contact) in contacts {
        let Contact::Person(id) = contact else {
            continue;
        };
        if seed.employees.iter().any(|employee| employee.id.as_deref() == Some(id.as_str())) {
            continue;
        }
        let company = client.map_or("", |client| client.entry.title.as_str());
        let mut person = SeedObject::known(id.as_str(), &format!("{company}: {role}"));
        person.kind = Some("contactPerson".to_owned());
        person.email = Some(example_address(id));
        person.parent = client.map(|client| {
            client.entry.helpdesk.as_ref().map_or(client.entry.title.clone(), ToString::to_string)
        });
        seed.employees.push(person);
    }
}

/// An address at a reserved domain (RFC 2606), since the sandbox does not need the real one.
fn example_address(id: &LiveId) -> String {
    format!("{}@sandbox.example", id.as_str().replace('$', "-"))
}

fn object(entry: &CatalogEntry, kind: Option<&str>) -> SeedObject {
    SeedObject {
        id: entry.helpdesk.as_ref().map(ToString::to_string),
        title: entry.title.clone(),
        kind: kind.map(str::to_owned),
        email: entry.email.clone(),
        ..SeedObject::default()
    }
}
