//! The `SQLite` database of the sandbox: its schema, how it is opened, and basic queries.
//!
//! Objects are rows with a JSON body for the attributes of their class. Each reference, single or in a set, is one row
//! of `link`, which is read from both sides.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use super::model::ObjectClass;

/// The place of the database.
#[derive(Clone, Debug)]
pub(crate) enum DatabasePath {
    /// In memory, until the sandbox is dropped.
    #[cfg(test)]
    Memory,
    /// In a file.
    File(std::path::PathBuf),
}

/// The first number that the sandbox assigns itself; the ids in seeds are lower.
const FIRST_ASSIGNED_NUMBER: i64 = 900_001;

/// The version of the schema, stored as `user_version` of the file.
pub(super) const SCHEMA_VERSION: i64 = 1;

const SCHEMA: &str = "
CREATE TABLE object (
  id INTEGER PRIMARY KEY,
  class TEXT NOT NULL,
  kind TEXT NOT NULL,
  uuid TEXT NOT NULL UNIQUE,
  title TEXT,
  removed INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX object_kind ON object (kind, removed);
CREATE INDEX object_title ON object (title) WHERE title IS NOT NULL;
CREATE INDEX object_inventory ON object (json_extract(body, '$.inventoryNumber'))
  WHERE json_extract(body, '$.inventoryNumber') IS NOT NULL;
CREATE INDEX object_holder ON object (json_extract(body, '$.idHolder'))
  WHERE json_extract(body, '$.idHolder') IS NOT NULL;
CREATE TABLE link (
  owner INTEGER NOT NULL,
  attribute TEXT NOT NULL,
  target INTEGER NOT NULL,
  PRIMARY KEY (owner, attribute, target)
) WITHOUT ROWID;
CREATE INDEX link_target ON link (target, attribute);
CREATE TABLE counter (class TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE access (key TEXT PRIMARY KEY, employee INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL,
  author INTEGER NOT NULL,
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  attribute TEXT,
  before TEXT,
  after TEXT
);
CREATE INDEX event_source ON event (source);
";

/// Opens the database, creates the tables in an empty one, and returns the version of the schema.
pub(super) fn open(path: &DatabasePath) -> rusqlite::Result<(Connection, i64)> {
    let mut connection = match path {
        #[cfg(test)]
        DatabasePath::Memory => Connection::open_in_memory()?,
        DatabasePath::File(path) => open_file(path)?,
    };
    connection.set_prepared_statement_cache_capacity(64);
    // Otherwise the planner may look at the values, and prepare a statement again for each new one.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 0 {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        version = SCHEMA_VERSION;
    }
    transaction.commit()?;
    Ok((connection, version))
}

/// Opens a file with a write-ahead log, so that a commit is one append. A power failure may lose the last commits but
/// does not corrupt the file, which is enough for a sandbox.
fn open_file(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 8000)?;
    connection.pragma_update(None, "cache_size", -16384)?;
    Ok(connection)
}

/// The row, class and type of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ObjectHandle {
    /// The row.
    pub(super) id: i64,
    /// The class.
    pub(super) class: &'static ObjectClass,
    /// The metaClass, such as `ou$company`.
    pub(super) meta_class: String,
}

/// Finds an object by its UUID.
pub(super) fn object(connection: &Connection, uuid: &str) -> rusqlite::Result<Option<ObjectHandle>> {
    let mut statement = connection.prepare_cached("SELECT id, class, kind FROM object WHERE uuid = ?1")?;
    let found = statement
        .query_row([uuid], |row| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?)))
        .optional()?;
    Ok(found.and_then(|(id, class, meta_class)| {
        let class = ObjectClass::named(&class)?;
        Some(ObjectHandle { id, class, meta_class })
    }))
}

/// Assigns the next number of a class that no object has.
pub(super) fn next_number(connection: &Connection, class: &str) -> rusqlite::Result<i64> {
    let mut take = connection.prepare_cached(
        "INSERT INTO counter (class, next) VALUES (?1, ?2 + 1)
         ON CONFLICT (class) DO UPDATE SET next = next + 1 RETURNING next - 1",
    )?;
    loop {
        let number: i64 = take.query_row((class, FIRST_ASSIGNED_NUMBER), |row| row.get(0))?;
        if object(connection, &format!("{class}${number}"))?.is_none() {
            return Ok(number);
        }
    }
}

/// Finds the employee to whom an access key belongs.
pub(super) fn employee_of_key(connection: &Connection, key: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT employee FROM access WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}

/// Adds an access key of an employee.
pub(super) fn add_key(connection: &Connection, key: &str, employee: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO access (key, employee) VALUES (?1, ?2)")?
        .execute((key, employee))
        .map(|_| ())
}

/// The objects to which an attribute of the owner refers, in the order of their rows.
pub(super) fn targets(connection: &Connection, owner: i64, attribute: &str) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached("SELECT target FROM link WHERE owner = ?1 AND attribute = ?2")?
        .query_map((owner, attribute), |row| row.get(0))?
        .collect()
}

/// The objects whose attribute refers to the target, in the order of their rows.
pub(super) fn owners(connection: &Connection, target: i64, attribute: &str) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached("SELECT owner FROM link WHERE target = ?1 AND attribute = ?2 ORDER BY owner")?
        .query_map((target, attribute), |row| row.get(0))?
        .collect()
}

/// Adds a link unless it exists.
pub(super) fn link(
    connection: &Connection,
    owner: i64,
    attribute: &str,
    target: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO link (owner, attribute, target) VALUES (?1, ?2, ?3)")?
        .execute((owner, attribute, target))
        .map(|_| ())
}

/// Removes a link.
pub(super) fn unlink(
    connection: &Connection,
    owner: i64,
    attribute: &str,
    target: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM link WHERE owner = ?1 AND attribute = ?2 AND target = ?3")?
        .execute((owner, attribute, target))
        .map(|_| ())
}

/// Encodes rows as a JSON array for `json_each`, so that one statement serves any number of them.
pub(super) fn json_list(ids: &[i64]) -> String {
    serde_json::to_string(ids).expect("a list of numbers is always JSON")
}

#[cfg(test)]
mod tests {
    use super::{DatabasePath, SCHEMA_VERSION, next_number, open};

    #[test]
    fn numbers_are_assigned_once_and_skip_those_of_seeds() {
        let (connection, _) = open(&DatabasePath::Memory).expect("opens");
        let seeded = "INSERT INTO object (class, kind, uuid, created, modified, body)
                      VALUES ('ou', 'ou$ou', 'ou$900002', 0, 0, '{}')";
        connection.execute_batch(seeded).expect("inserts");
        let numbers: Vec<_> = (0..3).map(|_| next_number(&connection, "ou").expect("counts")).collect();
        assert_eq!(numbers, [900_001, 900_003, 900_004]);
        assert_eq!(next_number(&connection, "agreement").expect("counts"), 900_001);
    }

    #[test]
    fn a_file_gets_its_schema_once_and_can_be_opened_twice() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = DatabasePath::File(folder.path().join("sandbox.db"));
        let (first, version) = open(&path).expect("opens");
        assert_eq!(version, SCHEMA_VERSION);
        next_number(&first, "ou").expect("counts");
        let (second, version) = open(&path).expect("opens again");
        assert_eq!(version, SCHEMA_VERSION);
        assert_eq!(next_number(&second, "ou").expect("counts"), 900_002);
    }
}
