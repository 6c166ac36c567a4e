//! The ledger in a `PostgreSQL` database: one table, a transaction for each write, and an advisory lock that
//! ends with its run.
//!
//! For several repositories or machines that share a ledger. The connection is encrypted and the server
//! authenticated, unless it is this machine. Reading does not create the table.

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

use super::store::{Entries, Holder, LedgerError, LedgerStore, Swap, SwapCheck, check_swaps};
use crate::http::client::use_ring;
use crate::http::redact;

/// The timeout for establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The timeout of a read or a write.
const TIMEOUT: Duration = Duration::from_mins(1);
/// The number of attempts of a write while other runs write at the same time.
const TRIES: u32 = 100;

/// Reads the format of the table, which its comment contains; no row if there is no table.
const READ_FORMAT: &str = "SELECT coalesce(obj_description(to_regclass('servanda_entry'), 'pg_class'), 'none') \
     WHERE to_regclass('servanda_entry') IS NOT NULL";
/// The format of the table, stored as its comment.
const FORMAT: &str = "Servanda ledger, format 1";
/// Creates the tables. The lock serialises runs that do so at the same time.
const CREATE_TABLES: &str = "BEGIN;
    SELECT pg_advisory_xact_lock(8341172915);
    CREATE TABLE IF NOT EXISTS servanda_entry (key text COLLATE \"C\" PRIMARY KEY, value text NOT NULL);
    COMMENT ON TABLE servanda_entry IS 'Servanda ledger, format 1';
    CREATE TABLE IF NOT EXISTS servanda_holder (pid integer PRIMARY KEY, holder text NOT NULL);
    COMMIT";
/// Begins a transaction that sees concurrent commits and is durable once committed.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED;
    SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'";
/// The number of the advisory lock, derived from the table, so that two ledgers in one database have
/// different locks.
const LOCK: &str = "(('servanda_entry'::regclass::oid::bigint << 8) | 1)";

/// Whether a row `l` of the database's locks is the lock of a ledger; the number of the lock follows.
const IS_LOCK: &str = "l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
     AND ((l.classid::bigint << 32) | l.objid::bigint)";

/// A ledger in a database, which is connected on first use.
pub(crate) struct PostgresLedger {
    config: Config,
    tls: MakeRustlsConnect,
    /// Host and database, without user and password.
    name: String,
    session: Mutex<Session>,
}

/// A lock that lasts as long as this connection.
pub(crate) struct PostgresLock {
    client: Client,
}

#[derive(Default)]
struct Session {
    client: Option<Client>,
    /// Whether the table is known to exist.
    has_table: bool,
    /// A connection that did not get the lock, for the next attempt.
    spare: Option<Client>,
}

impl PostgresLedger {
    /// The ledger at an address. `certificates`, as PEM, are trusted in addition to those of the system.
    pub(crate) fn at(
        address: &SecretString,
        password: Option<&SecretString>,
        certificates: Option<&str>,
    ) -> Result<Self, String> {
        let mut config = parsed(address.expose_secret())?;
        if let Some(password) = password {
            config.password(password.expose_secret());
        }
        if let Some(password) = config.get_password() {
            let password = SecretString::from(String::from_utf8_lossy(password).into_owned());
            redact::register_login(config.get_user().unwrap_or_default(), &password);
        }
        let host = match config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(_)) => "localhost".to_owned(),
            None => return Err("its address does not name a host".to_owned()),
        };
        let is_local = is_local(&config);
        let mode = config.get_ssl_mode();
        if !is_local && mode == SslMode::Disable {
            let why = "its address disables encryption; remove `sslmode=disable`";
            return Err(why.to_owned());
        }
        let is_encrypted = !is_local || mode == SslMode::Require;
        config.ssl_mode(if is_encrypted { SslMode::Require } else { SslMode::Disable });
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
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
                tracing::debug!("the ledger's connection ended: {}", error_text(&error));
            }
        });
        Ok(client)
    }

    /// Connects if necessary, and returns the session.
    async fn session(&self) -> Result<MutexGuard<'_, Session>, LedgerError> {
        let mut session = self.session.lock().await;
        if session.client.as_ref().is_none_or(Client::is_closed) {
            session.client = Some(self.connected().await?);
        }
        if !session.has_table {
            let format = within(session.client().query_typed(READ_FORMAT, &[])).await;
            let format = self.check(&mut session, format)?;
            let format = format.first().map(|row| row.get::<_, String>(0));
            if let Some(other) = format.as_ref().filter(|format| *format != FORMAT) {
                let why = format!(
                    "its table `servanda_entry` has the format `{other}`, but this release reads `{FORMAT}`"
                );
                return Err(self.failed(why));
            }
            session.has_table = format.is_some();
        }
        Ok(session)
    }

    /// The same, and creates the table if necessary.
    async fn session_to_write(&self) -> Result<MutexGuard<'_, Session>, LedgerError> {
        let mut session = self.session().await?;
        if !session.has_table {
            let made = within(session.client().batch_execute(CREATE_TABLES)).await;
            self.check(&mut session, made)?;
            session.has_table = true;
        }
        Ok(session)
    }

    /// Discards a session in which something failed, since its state is unknown.
    fn check<T>(&self, session: &mut Session, result: Result<T, String>) -> Result<T, LedgerError> {
        result.map_err(|why| {
            session.client = None;
            self.failed(why)
        })
    }

    /// Runs a query for keys and values; there are none without a table.
    async fn entries(&self, query: &str, parameter: Parameter<'_>) -> Result<Entries, LedgerError> {
        let mut session = self.session().await?;
        if !session.has_table {
            return Ok(Entries::new());
        }
        let rows = within(entries(session.client(), query, parameter)).await;
        self.check(&mut session, rows)
    }
}

impl Session {
    fn client(&self) -> &Client {
        self.client.as_ref().expect("a session is connected before it is used")
    }
}

/// A parameter of a query with its type. A connection pool in between may not support prepared statements.
type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// Parses an address. Encryption always includes authentication of the server, so that all modes with TLS are
/// equivalent.
fn parsed(address: &str) -> Result<Config, String> {
    let address = address.replace("sslmode=verify-full", "sslmode=require");
    let address = address.replace("sslmode=verify-ca", "sslmode=require");
    if address.contains("sslrootcert=") {
        return Err("its address contains `sslrootcert`; set `ledger.ca_file` instead".to_owned());
    }
    let is_url = address.starts_with("postgres://") || address.starts_with("postgresql://");
    if !is_url {
        return Err("its address does not begin with postgres://".to_owned());
    }
    Config::from_str(&address).map_err(|error| format!("its address is invalid: {}", error_text(&error)))
}

/// Whether all hosts are this machine.
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
    let verifier = verifier.map_err(|error| format!("its certificates cannot be used: {error}"))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        // The platform's certificate verification, with the certificates of the settings in addition.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Limits how long a call of the database may take.
async fn within<T>(work: impl Future<Output = Result<T, Error>> + Send) -> Result<T, String> {
    match tokio::time::timeout(TIMEOUT, work).await {
        Ok(result) => result.map_err(|error| error_text(&error)),
        Err(_) => Err(format!("no response within {} s", TIMEOUT.as_secs())),
    }
}

/// The message of the database, or why it could not be reached.
fn error_text(error: &Error) -> String {
    if let Some(error) = error.as_db_error() {
        return redact::text(error.message());
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    redact::text(&text)
}

async fn entries(client: &Client, query: &str, parameter: Parameter<'_>) -> Result<Entries, Error> {
    let rows = client.query_typed(query, &[parameter]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Performs swaps in one transaction. Concurrent writes are detected: existing rows are locked, in the order
/// of their keys, and only one transaction can insert a new row.
async fn swap(client: &Client, swaps: &[Swap]) -> Result<SwapCheck, Error> {
    let keys: Vec<&str> = swaps.iter().map(|swap| swap.key.as_str()).collect();
    let query = "SELECT key, value FROM servanda_entry WHERE key = ANY($1) ORDER BY key FOR UPDATE";
    let mut tried = 0;
    loop {
        tried += 1;
        client.batch_execute(BEGIN).await?;
        let found = entries(client, query, (&keys, Type::TEXT_ARRAY)).await;
        let made = match found.map(|found| check_swaps(swaps, &found)) {
            Ok(SwapCheck::Ready) => write(client, swaps).await,
            Ok(check) => {
                client.batch_execute("ROLLBACK").await?;
                return Ok(check);
            }
            Err(error) => Err(error),
        };
        match made {
            Ok(true) => {
                client.batch_execute("COMMIT").await?;
                return Ok(SwapCheck::Ready);
            }
            Ok(false) if tried < TRIES => client.batch_execute("ROLLBACK").await?,
            Err(error) if tried < TRIES && is_transient(&error) => client.batch_execute("ROLLBACK").await?,
            Ok(false) => {
                client.batch_execute("ROLLBACK").await?;
                return Ok(SwapCheck::Conflict(keys.first().copied().unwrap_or_default().to_owned()));
            }
            Err(error) => return Err(error),
        }
    }
}

/// Writes the swaps. Returns false if another transaction has inserted one of the rows.
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

/// The keys and new values of the swaps whose expected value meets a condition.
fn with_values(swaps: &[Swap], condition: impl Fn(&Option<String>) -> bool) -> (Vec<&str>, Vec<&str>) {
    let selected = swaps.iter().filter(|swap| condition(&swap.expected));
    selected.filter_map(|swap| Some((swap.key.as_str(), swap.value.as_deref()?))).unzip()
}

/// Runs a statement that takes keys and values, and returns the number of rows it wrote.
async fn put(client: &Client, statement: &str, keys: &[&str], values: &[&str]) -> Result<u64, Error> {
    if keys.is_empty() {
        return Ok(0);
    }
    client.execute_typed(statement, &[(&keys, Type::TEXT_ARRAY), (&values, Type::TEXT_ARRAY)]).await
}

/// Whether the same transaction may succeed on the next attempt.
fn is_transient(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code)
    })
}

/// Tries to take the lock for the duration of a transaction. Returns the process id of the connection that
/// holds it then.
async fn try_lock(client: &Client) -> Result<Option<i32>, Error> {
    client.batch_execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0").await?;
    let query = format!("SELECT pg_backend_pid() WHERE pg_try_advisory_xact_lock({LOCK})");
    let taken = client.query_typed(&query, &[]).await?;
    let Some(row) = taken.first() else {
        client.batch_execute("ROLLBACK").await?;
        return Ok(None);
    };
    row.try_get(0).map(Some)
}

/// Stores the holder of the lock. An earlier entry is stale.
async fn store_holder(client: &Client, process: i32, holder: &str) -> Result<(), Error> {
    client.execute_typed("DELETE FROM servanda_holder", &[]).await?;
    let insert = "INSERT INTO servanda_holder (pid, holder) VALUES ($1, $2)";
    client.execute_typed(insert, &[(&process, Type::INT4), (&holder, Type::TEXT)]).await.map(drop)
}

/// Reads the holder of the lock, if its connection still holds it.
async fn read_holder(client: &Client) -> Result<Option<Holder>, Error> {
    let query = format!(
        "SELECT h.holder FROM servanda_holder AS h JOIN pg_locks AS l ON l.pid = h.pid WHERE {IS_LOCK} = {LOCK}"
    );
    let rows = client.query_typed(&query, &[]).await?;
    Ok(rows.first().and_then(|row| serde_json::from_str(row.get(0)).ok()))
}

/// Ends the connection that holds the lock, and returns whether there was one.
async fn end_holder(client: &Client) -> Result<bool, Error> {
    let query =
        format!("SELECT pg_terminate_backend(l.pid, 5000) FROM pg_locks AS l WHERE {IS_LOCK} = {LOCK}");
    Ok(!client.query_typed(&query, &[]).await?.is_empty())
}

impl LedgerStore for PostgresLedger {
    type Lock = PostgresLock;

    async fn get(&self, keys: &[&str]) -> Result<Entries, LedgerError> {
        let query = "SELECT key, value FROM servanda_entry WHERE key = ANY($1)";
        self.entries(query, (&keys, Type::TEXT_ARRAY)).await
    }

    async fn read(&self, prefix: &str) -> Result<Entries, LedgerError> {
        let query = "SELECT key, value FROM servanda_entry WHERE starts_with(key, $1)";
        self.entries(query, (&prefix, Type::TEXT)).await
    }

    async fn write(&self, swaps: &[Swap]) -> Result<(), LedgerError> {
        if swaps.is_empty() {
            return Ok(());
        }
        let mut session = self.session_to_write().await?;
        let check = within(swap(session.client(), swaps)).await;
        match self.check(&mut session, check)? {
            SwapCheck::Ready | SwapCheck::AlreadyDone => Ok(()),
            SwapCheck::Conflict(key) => Err(LedgerError::Conflict(key)),
        }
    }

    async fn lock(&self, holder: &Holder) -> Result<Result<PostgresLock, Option<Holder>>, LedgerError> {
        let mut session = self.session_to_write().await?;
        let client = match session.spare.take() {
            Some(client) => client,
            None => self.connected().await?,
        };
        let taken = within(try_lock(&client)).await.map_err(|why| self.failed(why))?;
        let Some(process) = taken else {
            session.spare = Some(client);
            let other = within(read_holder(session.client())).await;
            return self.check(&mut session, other).map(Err);
        };
        let text = serde_json::to_string(holder).expect("a holder is JSON");
        let stored = within(store_holder(session.client(), process, &text)).await;
        self.check(&mut session, stored)?;
        Ok(Ok(PostgresLock { client }))
    }

    /// Ends the transaction and thereby the lock. If that fails, the lock ends with the connection.
    async fn unlock(&self, lock: PostgresLock) {
        if let Err(why) = within(lock.client.batch_execute("ROLLBACK")).await {
            tracing::debug!("the lock ends with its connection: {why}");
        }
    }

    async fn break_lock(&self) -> Result<Option<Holder>, LedgerError> {
        let mut session = self.session().await?;
        if !session.has_table {
            return Ok(None);
        }
        let holder = within(read_holder(session.client())).await;
        let holder = self.check(&mut session, holder)?;
        let ended = within(end_holder(session.client())).await;
        let is_ended = self.check(&mut session, ended)?;
        Ok(is_ended.then(|| holder.unwrap_or_else(Holder::unknown)))
    }
}
