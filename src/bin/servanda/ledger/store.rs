//! The memory between runs: keys with values, written all or none where nobody came in between, and a lock.
//!
//! What the entries mean is in [`book`]; how they are kept is the affair of each place that keeps them. The
//! lock saves work and keeps runs apart. What is right never hangs on it alone, for every write of a key
//! names what it expects to find.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use servanda::calendar::Instant;
use servanda::plan::LastApplied;
use servanda::settings::{LedgerPlace, Product};

use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, print_message};
use crate::workspace::files;
use crate::workspace::load::Workspace;

use super::{AnyLedger, Checksummed, GitLedger, PostgresLedger, Records, SqliteLedger};

/// Keys with their values.
pub(crate) type Entries = BTreeMap<String, String>;

/// One key that is to change, and what it must hold for that. `None` is a key that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Swap {
    /// The key, its parts apart by `/`.
    pub(crate) key: String,
    /// What it holds now.
    pub(crate) expected: Option<String>,
    /// What it shall hold.
    pub(crate) value: Option<String>,
}

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Holder {
    /// The run, by a name that no other has.
    pub(crate) run: String,
    /// Since when.
    pub(crate) since: Instant,
}

/// Why the memory could not be asked or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LedgerError {
    /// A key holds something else than was expected; nothing was written.
    #[error("`{0}` was changed by another run")]
    Conflict(String),
    /// It cannot be reached, read or written.
    #[error("{0}")]
    Failed(String),
}

/// A place that keeps entries.
pub(crate) trait LedgerStore: Send + Sync {
    /// What is held as long as the lock is.
    type Lock: Send;

    /// The entries of these keys, as far as there are any.
    fn get(&self, keys: &[&str]) -> impl Future<Output = Result<Entries, LedgerError>> + Send;

    /// What these keys held when they were last looked at, for one who is about to write: a write refuses what is old.
    fn glance(&self, keys: &[&str]) -> impl Future<Output = Result<Entries, LedgerError>> + Send {
        self.get(keys)
    }

    /// The entries whose key begins so.
    fn read(&self, under: &str) -> impl Future<Output = Result<Entries, LedgerError>> + Send;

    /// Writes all or none of these; what is written outlives a loss of power.
    fn write(&self, swaps: &[Swap]) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Takes the lock, or says who holds it as far as that is known.
    fn lock(
        &self,
        holder: &Holder,
    ) -> impl Future<Output = Result<Result<Self::Lock, Option<Holder>>, LedgerError>> + Send;

    /// Gives the lock back. One that is not given back ends with the process, or with its lease.
    fn unlock(&self, lock: Self::Lock) -> impl Future<Output = ()> + Send;
}

/// Whether swaps can be made on what is there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SwapCheck {
    /// They can.
    Ready,
    /// Everything is as it shall be: they were made, and the answer was lost.
    AlreadyDone,
    /// Somebody else changed this key.
    Conflict(String),
}

/// Judges swaps by what is there.
pub(crate) fn check_swaps(swaps: &[Swap], found: &Entries) -> SwapCheck {
    if swaps.iter().all(|swap| found.get(&swap.key) == swap.value.as_ref()) {
        return SwapCheck::AlreadyDone;
    }
    let moved = swaps.iter().find(|swap| found.get(&swap.key) != swap.expected.as_ref());
    moved.map_or(SwapCheck::Ready, |swap| SwapCheck::Conflict(swap.key.clone()))
}

/// The memory of a repository about its helpdesk. Several repositories that share a ledger and a helpdesk are told apart
/// by the mark that each puts on what is its own.
pub(crate) fn open(workspace: &Workspace) -> Records<Checksummed<AnyLedger>> {
    let ledger = at(workspace).unwrap_or_else(AnyLedger::Unusable);
    let helpdesk = &workspace.settings.helpdesk;
    let name = match &helpdesk.kind {
        Product::Sandbox => "sandbox",
        Product::Itsm365 { url, .. } | Product::Itop { url, .. } => url,
    };
    Records::new(Checksummed::over(ledger), &format!("{name} {}", helpdesk.mapping.key.prefix))
}

/// The place that the settings name, or why it is of no use.
fn at(workspace: &Workspace) -> Result<AnyLedger, String> {
    let settings = &workspace.settings.ledger;
    let place = match &settings.place {
        LedgerPlace::Variable(name) => LedgerPlace::read(variable(name)?.expose_secret())
            .ok_or_else(|| format!("the variable {name} names no place for a ledger"))?,
        place => place.clone(),
    };
    Ok(match place {
        LedgerPlace::File(path) => {
            let usual = || workspace.root.join(files::OWN_FOLDER).join("ledger.sqlite");
            AnyLedger::Sqlite(SqliteLedger::at(path.map_or_else(usual, |path| workspace.root.join(path))))
        }
        LedgerPlace::Git { remote, branch } => {
            AnyLedger::Git(GitLedger::at(&workspace.root, &remote, &branch))
        }
        LedgerPlace::Postgres(address) | LedgerPlace::Variable(address) => {
            let address = SecretString::from(address);
            let password = settings.password_variable.as_deref().map(variable).transpose()?;
            let certificates =
                settings.ca_file.as_ref().map(|file| files::read_named(&workspace.root.join(file)));
            let certificates = certificates.transpose().map_err(|failure| failure.message)?;
            let ledger = PostgresLedger::at(&address, password.as_ref(), certificates.as_deref());
            AnyLedger::Postgres(Box::new(ledger.map_err(|why| format!("the ledger: {why}"))?))
        }
    })
}

fn variable(name: &str) -> Result<SecretString, String> {
    Context::secret(name).ok_or_else(|| format!("the ledger's variable {name} holds nothing"))
}

/// How often a lock that is held is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// Takes the lock, waiting for it as long as that; whoever holds it longer is named.
pub(crate) async fn take_lock<L: LedgerStore>(
    book: &Records<L>,
    holder: &Holder,
    patience: Duration,
    say: impl Fn(&str),
) -> Result<L::Lock, Failure> {
    let begun = tokio::time::Instant::now();
    let mut has_said = false;
    loop {
        let other = match book.lock(holder).await? {
            Ok(lock) => return Ok(lock),
            Err(other) => other,
        };
        let name = other.map_or_else(String::new, |other| format!(" ({}, since {})", other.run, other.since));
        if begun.elapsed() >= patience {
            return Err(Failure::new(
                Exit::Locked,
                "ledger-locked",
                format!("another run holds the lock{name}"),
            )
            .help("wait for it to end, or say how long to wait: `--wait-lock 10m`"));
        }
        if !has_said {
            say(&format!("waiting for another run to end{name}"));
            has_said = true;
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::new(Exit::Failure, "ledger-failure", error.to_string())
    }
}

/// What was last applied; where the memory cannot be asked, nobody claims to know.
pub(crate) async fn remembered(workspace: &Workspace) -> Option<LastApplied> {
    open(workspace).last_applied().await.unwrap_or_else(|error| {
        print_message(&format!("no cause is told, since the memory cannot be read: {error}\n"));
        None
    })
}
