//! The memory in a `PostgreSQL` database: one table, one transaction a write, and an advisory lock that ends with its run.
//!
//! For several repositories, or several machines, that share one. The way there is encrypted and the server shows who
//! it is, unless it is this machine. What is read makes no table.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::Verifier;
use secrecy::{ExposeSecret as _, SecretString};
use servanda::settings::is_this_machine;
use tokio::sync::{Mutex, MutexGuard};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Entries, Holder, LedgerError, LedgerStore, Swap, SwapCheck, check_swaps};
use crate::http::client::use_ring;

/// How long it may take to be connected.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long a read or a write may take.
const LIMIT: Duration = Duration::from_mins(1);
/// How often a write is tried again after others wrote in between.
const TRIES: u32 = 100;

/// Whether there is a table, and of which layout: the layout stands in its comment.
const LAYOUT_OF: &str = "SELECT coalesce(obj_description(to_regclass('servanda_entry'), 'pg_class'), 'nothing is said') \
     WHERE to_regclass('servanda_entry') IS NOT NULL";
/// The layout of the table.
const LAYOUT: &str = "Servanda ledger, layout 1";
/// Makes the tables, of several who try it at once by one.
const MAKE: &str = "BEGIN;
    SELECT pg_advisory_xact_lock(8341172915);
    CREATE TABLE IF NOT EXISTS servanda_entry (key text COLLATE \"C\" PRIMARY KEY, value text NOT NULL);
    COMMENT ON TABLE servanda_entry IS 'Servanda ledger, layout 1';
    CREATE TABLE IF NOT EXISTS servanda_holder (pid integer PRIMARY KEY, holder text NOT NULL);
    COMMIT";
/// A transaction that sees what others commit meanwhile, and that is on the disk once it is committed.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED;
    SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'";
/// The number of the lock: that of the table, so that two ledgers in one database have two.
const LOCK: &str = "(('servanda_entry'::regclass::oid::bigint << 8) | 1)";

/// A ledger in a database, connected to when it is first needed.
pub(crate) struct PostgresLedger {
    config: Config,
    tls: MakeRustlsConnect,
    /// Host and database, without user and password.
    name: String,
    session: Mutex<Session>,
}

/// A lock that lasts as long as this connection does.
pub(crate) struct PostgresLock {
    client: Client,
}

#[derive(Default)]
struct Session {
    client: Option<Client>,
    /// Whether the table was seen.
    has_table: bool,
    /// A connection that asked for the lock in vain, and may ask again.
    spare: Option<Client>,
}

impl PostgresLedger {
    /// The ledger at an address; nothing is connected yet. The certificates are trusted besides those of the system.
    pub(crate) fn at(
        address: &SecretString,
        password: Option<&SecretString>,
        certificates: Option<&str>,
    ) -> Result<Self, String> {
        let mut config = parsed(address.expose_secret())?;
        if let Some(password) = password {
            config.password(password.expose_secret());
        }
        let host = match config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(_)) => "localhost".to_owned(),
            None => return Err("its address names no host".to_owned()),
        };
        let is_local = is_local(&config);
        let mode = config.get_ssl_mode();
        if !is_local && mode == SslMode::Disable {
            let why = "its address asks for a connection that is not encrypted; take out `sslmode=disable`";
            return Err(why.to_owned());
        }
        let is_encrypted = !is_local || mode == SslMode::Require;
        config.ssl_mode(if is_encrypted { SslMode::Require } else { SslMode::Disable });
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_LIMIT);
        }
        if config.get_application_name().is_none() {
            config.application_name("servanda");
        }
        let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
        let name = format!("postgres://{host}/{database}");
        Ok(Self { tls: tls(certificates)?, config, name, session: Mutex::default() })
    }

    fn failed(&self, why: impl std::fmt::Display) -> LedgerError {
        LedgerError::Failed(format!("the ledger {}: {why}", self.name))
    }

    async fn connected(&self) -> Result<Client, LedgerError> {
        let connected = within(self.config.connect(self.tls.clone())).await;
        let (client, connection) = connected.map_err(|why| self.failed(why))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("the ledger's connection ended: {}", said(&error));
            }
        });
        Ok(client)
    }

    /// The session, connected.
    async fn session(&self) -> Result<MutexGuard<'_, Session>, LedgerError> {
        let mut session = self.session.lock().await;
        if session.client.as_ref().is_none_or(Client::is_closed) {
            session.client = Some(self.connected().await?);
        }
        if !session.has_table {
            let layout = within(session.client().query_typed(LAYOUT_OF, &[])).await;
            let layout = self.left(&mut session, layout)?;
            let layout = layout.first().map(|row| row.get::<_, String>(0));
            if let Some(other) = layout.as_ref().filter(|layout| *layout != LAYOUT) {
                let why =
                    format!("its table `servanda_entry` says `{other}`, and this release reads `{LAYOUT}`");
                return Err(self.failed(why));
            }
            session.has_table = layout.is_some();
        }
        Ok(session)
    }

    /// The session of somebody who is going to write.
    async fn session_to_write(&self) -> Result<MutexGuard<'_, Session>, LedgerError> {
        let mut session = self.session().await?;
        if !session.has_table {
            let made = within(session.client().batch_execute(MAKE)).await;
            self.left(&mut session, made)?;
            session.has_table = true;
        }
        Ok(session)
    }

    /// What came of some work. A session in which something failed is not used again, whatever state it is in.
    fn left<T>(&self, session: &mut Session, done: Result<T, String>) -> Result<T, LedgerError> {
        done.map_err(|why| {
            session.client = None;
            self.failed(why)
        })
    }

    /// What a query for keys and values gives; nothing where there is no table.
    async fn entries(&self, query: &str, parameter: Parameter<'_>) -> Result<Entries, LedgerError> {
        let mut session = self.session().await?;
        if !session.has_table {
            return Ok(Entries::new());
        }
        let rows = within(entries(session.client(), query, parameter)).await;
        self.left(&mut session, rows)
    }
}

impl Session {
    fn client(&self) -> &Client {
        self.client.as_ref().expect("a session that is handed out is connected")
    }
}

/// A value for a query, with its type, so that nothing has to be prepared: between here and the server may be a pool.
type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// The address as the client reads it. To encrypt is to check whom one speaks to, so that two words more mean the same.
fn parsed(address: &str) -> Result<Config, String> {
    let address = address.replace("sslmode=verify-full", "sslmode=require");
    let address = address.replace("sslmode=verify-ca", "sslmode=require");
    if address.contains("sslrootcert=") {
        return Err("its address names certificates; write them as `ca_file:` under `ledger:`".to_owned());
    }
    let is_url = address.starts_with("postgres://") || address.starts_with("postgresql://");
    if !is_url {
        return Err("its address does not begin with postgres://".to_owned());
    }
    Config::from_str(&address).map_err(|error| format!("its address cannot be read: {}", said(&error)))
}

/// Whether it is this machine alone that is spoken to.
fn is_local(config: &Config) -> bool {
    let is_local = |host: &Host| match host {
        Host::Tcp(host) => is_this_machine(host),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    config.get_hosts().iter().all(is_local)
        && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
}

fn tls(certificates: Option<&str>) -> Result<MakeRustlsConnect, String> {
    use_ring();
    let more =
        certificates.map(|pem| CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>());
    let more = more.transpose().map_err(|error| format!("its certificates cannot be read: {error}"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new_with_extra_roots(more.unwrap_or_default(), Arc::clone(&provider));
    let verifier = verifier.map_err(|error| format!("its certificates are of no use: {error}"))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        // The platform's own check of certificates, with those of the settings besides.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Waits for the database, but not for ever.
async fn within<T>(work: impl Future<Output = Result<T, Error>> + Send) -> Result<T, String> {
    match tokio::time::timeout(LIMIT, work).await {
        Ok(done) => done.map_err(|error| said(&error)),
        Err(_) => Err(format!("nothing came within {} s", LIMIT.as_secs())),
    }
}

/// What the database says, or why it could not be asked.
fn said(error: &Error) -> String {
    if let Some(said) = error.as_db_error() {
        return said.message().to_owned();
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

async fn entries(client: &Client, query: &str, parameter: Parameter<'_>) -> Result<Entries, Error> {
    let rows = client.query_typed(query, &[parameter]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Makes the swaps in one transaction, or says why they cannot be made. Whoever comes in between is seen: rows that
/// are there are locked, in the order of their keys, and rows that are not can be made by one alone.
async fn swapped(client: &Client, swaps: &[Swap]) -> Result<SwapCheck, Error> {
    let keys: Vec<&str> = swaps.iter().map(|swap| swap.key.as_str()).collect();
    let query = "SELECT key, value FROM servanda_entry WHERE key = ANY($1) ORDER BY key FOR UPDATE";
    let mut tried = 0;
    loop {
        tried += 1;
        client.batch_execute(BEGIN).await?;
        let found = entries(client, query, (&keys, Type::TEXT_ARRAY)).await;
        let made = match found.map(|found| check_swaps(swaps, &found)) {
            Ok(SwapCheck::Ready) => write(client, swaps).await,
            Ok(judged) => {
                client.batch_execute("ROLLBACK").await?;
                return Ok(judged);
            }
            Err(error) => Err(error),
        };
        match made {
            Ok(true) => {
                client.batch_execute("COMMIT").await?;
                return Ok(SwapCheck::Ready);
            }
            Ok(false) if tried < TRIES => client.batch_execute("ROLLBACK").await?,
            Err(error) if tried < TRIES && is_passing(&error) => client.batch_execute("ROLLBACK").await?,
            Ok(false) => {
                client.batch_execute("ROLLBACK").await?;
                return Ok(SwapCheck::Conflict(keys.first().copied().unwrap_or_default().to_owned()));
            }
            Err(error) => return Err(error),
        }
    }
}

/// Whether all could be written: a row that somebody else made meanwhile is theirs.
async fn write(client: &Client, swaps: &[Swap]) -> Result<bool, Error> {
    let insert = "INSERT INTO servanda_entry SELECT * FROM unnest($1::text[], $2::text[]) AS n(key, value) \
                  ORDER BY n.key COLLATE \"C\" ON CONFLICT (key) DO NOTHING";
    let (keys, values) = with_values(swaps, |expected| expected.is_none());
    if put(client, insert, &keys, &values).await? < keys.len() as u64 {
        return Ok(false);
    }
    let update = "UPDATE servanda_entry AS e SET value = n.value \
                  FROM unnest($1::text[], $2::text[]) AS n(key, value) WHERE e.key = n.key";
    let (keys, values) = with_values(swaps, Option::is_some);
    put(client, update, &keys, &values).await?;
    let gone = swaps.iter().filter(|swap| swap.value.is_none()).map(|swap| swap.key.as_str());
    let gone: Vec<&str> = gone.collect();
    if !gone.is_empty() {
        let delete = "DELETE FROM servanda_entry WHERE key = ANY($1)";
        client.execute_typed(delete, &[(&gone, Type::TEXT_ARRAY)]).await?;
    }
    Ok(true)
}

/// The keys that get a value, with it, where what they hold now is such.
fn with_values(swaps: &[Swap], is_such: impl Fn(&Option<String>) -> bool) -> (Vec<&str>, Vec<&str>) {
    let such = swaps.iter().filter(|swap| is_such(&swap.expected));
    such.filter_map(|swap| Some((swap.key.as_str(), swap.value.as_deref()?))).unzip()
}

/// How many rows a statement wrote that takes keys and values.
async fn put(client: &Client, statement: &str, keys: &[&str], values: &[&str]) -> Result<u64, Error> {
    if keys.is_empty() {
        return Ok(0);
    }
    client.execute_typed(statement, &[(&keys, Type::TEXT_ARRAY), (&values, Type::TEXT_ARRAY)]).await
}

/// Whether the very same may go well at the next try.
fn is_passing(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code)
    })
}

/// Takes the lock for as long as a transaction of this connection lasts; the number of the process that has it then.
async fn locked(client: &Client) -> Result<Option<i32>, Error> {
    client.batch_execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0").await?;
    let query = format!("SELECT pg_backend_pid() WHERE pg_try_advisory_xact_lock({LOCK})");
    let taken = client.query_typed(&query, &[]).await?;
    let Some(row) = taken.first() else {
        client.batch_execute("ROLLBACK").await?;
        return Ok(None);
    };
    row.try_get(0).map(Some)
}

/// Notes who has the lock. Whoever noted something before has it no more.
async fn noted(client: &Client, process: i32, holder: &str) -> Result<(), Error> {
    client.execute_typed("DELETE FROM servanda_holder", &[]).await?;
    let insert = "INSERT INTO servanda_holder (pid, holder) VALUES ($1, $2)";
    client.execute_typed(insert, &[(&process, Type::INT4), (&holder, Type::TEXT)]).await.map(drop)
}

/// Who noted that they have the lock, and still has it.
async fn holder(client: &Client) -> Result<Option<Holder>, Error> {
    let query = format!(
        "SELECT h.holder FROM servanda_holder AS h JOIN pg_locks AS l ON l.pid = h.pid \
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND ((l.classid::bigint << 32) | l.objid::bigint) = {LOCK}"
    );
    let rows = client.query_typed(&query, &[]).await?;
    Ok(rows.first().and_then(|row| serde_json::from_str(row.get(0)).ok()))
}

impl LedgerStore for PostgresLedger {
    type Lock = PostgresLock;

    async fn get(&self, keys: &[&str]) -> Result<Entries, LedgerError> {
        let query = "SELECT key, value FROM servanda_entry WHERE key = ANY($1)";
        self.entries(query, (&keys, Type::TEXT_ARRAY)).await
    }

    async fn read(&self, under: &str) -> Result<Entries, LedgerError> {
        let query = "SELECT key, value FROM servanda_entry WHERE starts_with(key, $1)";
        self.entries(query, (&under, Type::TEXT)).await
    }

    async fn write(&self, swaps: &[Swap]) -> Result<(), LedgerError> {
        if swaps.is_empty() {
            return Ok(());
        }
        let mut session = self.session_to_write().await?;
        let judged = within(swapped(session.client(), swaps)).await;
        match self.left(&mut session, judged)? {
            SwapCheck::Ready | SwapCheck::AlreadyDone => Ok(()),
            SwapCheck::Conflict(key) => Err(LedgerError::Conflict(key)),
        }
    }

    async fn lock(&self, wishes: &Holder) -> Result<Result<PostgresLock, Option<Holder>>, LedgerError> {
        let mut session = self.session_to_write().await?;
        let client = match session.spare.take() {
            Some(client) => client,
            None => self.connected().await?,
        };
        let taken = within(locked(&client)).await.map_err(|why| self.failed(why))?;
        let Some(process) = taken else {
            session.spare = Some(client);
            let other = within(holder(session.client())).await;
            return self.left(&mut session, other).map(Err);
        };
        let says = serde_json::to_string(wishes).expect("a holder is JSON");
        let noted = within(noted(session.client(), process, &says)).await;
        self.left(&mut session, noted)?;
        Ok(Ok(PostgresLock { client }))
    }

    /// The transaction ends, and with it the lock. One that cannot be ended ends with its connection.
    async fn unlock(&self, lock: PostgresLock) {
        if let Err(why) = within(lock.client.batch_execute("ROLLBACK")).await {
            tracing::debug!("the lock ends with its connection: {why}");
        }
    }
}
