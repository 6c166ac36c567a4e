//! Opens the ledger that the settings name, and takes its lock.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use servanda::ident::HelpdeskName;
use servanda::plan::LastApplied;
use servanda::settings::{HelpdeskConfig, LedgerPlace, Settings};

use super::LedgerRecords;
use super::checksum::Checksummed;
use super::dispatch::{AnyLedger, UnusableLedger};
use super::git::GitLedger;
use super::postgres::PostgresLedger;
use super::records::Begun;
use super::records::Records;
use super::sqlite::SqliteLedger;
use super::store::{Holder, LedgerStore};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::process::messages::inform;
use crate::workspace::load::{TrustedFiles, Workspace};
use crate::workspace::{below, files};

/// The interval between two attempts to take a lock that is held.
const LOCK_RETRY_INTERVAL: Duration = Duration::from_millis(200);

/// Opens the ledger of a repository. Repositories that share a ledger and a helpdesk are distinguished by the
/// prefix of their ownership keys.
///
/// A ledger that cannot be opened fails on its first use, since not every command needs it.
pub(crate) fn open(workspace: &Workspace) -> LedgerRecords {
    let ledger = store(workspace).unwrap_or_else(|why| AnyLedger::Unusable(UnusableLedger(why)));
    Records::new(Checksummed::over(ledger), &name_of(&workspace.settings.helpdesk))
}

/// Opens the records of another helpdesk of the same repository.
pub(crate) fn beside(records: &LedgerRecords, helpdesk: &HelpdeskConfig) -> LedgerRecords {
    records.beside(&name_of(helpdesk))
}

/// The records of the notices of a repository.
pub(crate) struct NoticeLedger {
    pub(crate) records: LedgerRecords,
    /// The name of the helpdesk under which they are, which also has the witness of the ledger.
    pub(crate) helpdesk: Option<HelpdeskName>,
    /// Their beginning; `None` if the ledger is not initialised.
    pub(crate) begun: Option<Begun>,
}

/// The records of the notices of a repository: those of the helpdesk under which they began; of the default one, if none did.
/// Fails if several did, since neither knows what was sent by the other.
pub(crate) async fn of_notices(
    records: &LedgerRecords,
    settings: &Settings,
) -> Result<NoticeLedger, Failure> {
    let default = settings.default_helpdesk();
    let others = settings.helpdesks.values().filter(|helpdesk| helpdesk.name != default.name);
    let mut ledgers = Vec::new();
    for helpdesk in std::iter::once(default).chain(others) {
        let records = beside(records, helpdesk);
        let begun = records.begun().await?;
        ledgers.push(NoticeLedger { records, helpdesk: helpdesk.name.clone(), begun });
    }
    let (mut begun, mut others): (Vec<NoticeLedger>, Vec<NoticeLedger>) =
        ledgers.into_iter().partition(|ledger| ledger.begun.is_some());
    if begun.len() > 1 {
        let names: Vec<&str> =
            begun.iter().flat_map(|found| &found.helpdesk).map(HelpdeskName::as_str).collect();
        let message = format!(
            "the ledger has records of notices of several helpdesks, {}: by those of one, what the others sent would be sent again",
            names.join(" and ")
        );
        return Err(Failure::new(Exit::Refused, "ledger-begun-twice", message).help(
            "name another place under `ledger.at` in servanda.yaml while no run is under way, and pass `--init-ledger`: events before it are never announced",
        ));
    }
    Ok(begun.pop().unwrap_or_else(|| others.swap_remove(0)))
}

/// The name of a helpdesk in a ledger.
fn name_of(helpdesk: &HelpdeskConfig) -> String {
    let place = match (helpdesk.kind.url(), &helpdesk.name) {
        (Some(url), _) => url.to_owned(),
        (None, None) => "sandbox".to_owned(),
        (None, Some(name)) => format!("sandbox {name}"),
    };
    format!("{place} {}", helpdesk.mapping.key.prefix)
}

/// The store that the settings name, or why it cannot be used.
fn store(workspace: &Workspace) -> Result<AnyLedger, String> {
    let settings = &workspace.settings.ledger;
    let place = match &settings.place {
        LedgerPlace::Variable(name) => LedgerPlace::read(variable(name)?.expose_secret())
            .ok_or_else(|| format!("the variable {name} does not contain a valid place for a ledger"))?,
        place => place.clone(),
    };
    Ok(match place {
        LedgerPlace::File(path) => {
            let path = path.unwrap_or_else(|| format!("{}/ledger.sqlite", files::OWN_FOLDER));
            let path = workspace.root.join(path);
            below::refuse_links(&workspace.root, &path)
                .map_err(|failure| format!("the ledger: {}", failure.message))?;
            AnyLedger::Sqlite(SqliteLedger::at(path))
        }
        LedgerPlace::Git { remote, branch } => {
            AnyLedger::Git(Box::new(GitLedger::at(&workspace.root, &remote, &branch)))
        }
        LedgerPlace::Postgres(address) | LedgerPlace::Variable(address) => {
            let address = SecretString::from(address);
            let password = settings.password_variable.as_deref().map(variable).transpose()?;
            let trusted = |file: &String| TrustedFiles::text(workspace.base.as_ref(), &workspace.root, file);
            let certificates = settings.ca_file.as_ref().map(trusted);
            let certificates = certificates.transpose().map_err(|failure| failure.message)?;
            let ledger = PostgresLedger::at(&address, password.as_ref(), certificates.as_deref());
            AnyLedger::Postgres(Box::new(ledger.map_err(|why| format!("the ledger: {why}"))?))
        }
    })
}

fn variable(name: &str) -> Result<SecretString, String> {
    Context::secret(name).ok_or_else(|| format!("the variable {name}, which `ledger:` names, is empty"))
}

/// Takes the lock, and waits for it until the timeout. `print` is called once if it must wait.
pub(crate) async fn take_lock<L: LedgerStore>(
    records: &Records<L>,
    holder: &Holder,
    timeout: Duration,
    print: impl Fn(&str),
) -> Result<L::Lock, Failure> {
    let start = tokio::time::Instant::now();
    let mut is_waiting = false;
    loop {
        let other = match records.lock(holder).await? {
            Ok(lock) => return Ok(lock),
            Err(other) => other,
        };
        let name = other.map_or_else(String::new, |other| format!(" ({}, since {})", other.run, other.since));
        if start.elapsed() >= timeout {
            return Err(Failure::new(Exit::Locked, "lock-held", format!("another run holds the lock{name}"))
                .help("wait for it to end, or set how long to wait for the lock: `--wait-lock 10m`"));
        }
        if !is_waiting {
            print(&format!("waiting for another run to release the lock{name}"));
            is_waiting = true;
        }
        tokio::time::sleep(LOCK_RETRY_INTERVAL).await;
    }
}

/// Reads the last-applied state. If the ledger cannot be read, prints a warning and returns `None`.
pub(crate) async fn read_last_applied(records: &LedgerRecords) -> Option<LastApplied> {
    records.last_applied().await.unwrap_or_else(|error| {
        inform(&format!("causes of changes are unavailable: cannot read the ledger: {error}\n"));
        None
    })
}
