//! The `SQLite` file behind the embedded helpdesk: its schema, how it is opened, and its smallest questions.
//!
//! Objects are rows with a JSON body for what only some classes have; every reference, single or in a set,
//! is a row of `link`, kept once and read from both sides. Knows neither the wire nor the rules.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use super::model::Class;

/// Where the objects are kept.
#[derive(Clone, Debug)]
pub(crate) enum DatabasePath {
    /// In memory, gone with the sandbox.
    Memory,
    /// In a file, which outlives it.
    File(std::path::PathBuf),
}

/// The first number that the helpdesk gives by itself; seeds bring lower ones of their own.
const FIRST_OWN_NUMBER: i64 = 900_001;

/// The layout of the tables, as `user_version` of the file.
pub(crate) const LAYOUT: i64 = 1;

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
CREATE INDEX object_title ON object (title);
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

/// Opens the database and lays the tables where there are none; gives the layout that it found or made.
pub(crate) fn open(path: &DatabasePath) -> rusqlite::Result<(Connection, i64)> {
    let mut connection = match path {
        DatabasePath::Memory => Connection::open_in_memory()?,
        DatabasePath::File(path) => open_file(path)?,
    };
    connection.set_prepared_statement_cache_capacity(64);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut layout: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if layout == 0 {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "user_version", LAYOUT)?;
        layout = LAYOUT;
    }
    transaction.commit()?;
    Ok((connection, layout))
}

/// A log of its own beside the file makes a commit one append; a power cut may lose the last commits but
/// never tears one, which is enough for a helpdesk to rehearse on.
fn open_file(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 8000)?;
    connection.pragma_update(None, "cache_size", -65536)?;
    Ok(connection)
}

/// What an object is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Handle {
    /// The row.
    pub(crate) id: i64,
    /// Its class.
    pub(crate) class: &'static Class,
    /// Its metaClass.
    pub(crate) kind: String,
}

/// The object of this UUID, if there is one.
pub(crate) fn object(connection: &Connection, uuid: &str) -> rusqlite::Result<Option<Handle>> {
    let mut statement = connection.prepare_cached("SELECT id, class, kind FROM object WHERE uuid = ?1")?;
    let found = statement
        .query_row([uuid], |row| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?)))
        .optional()?;
    Ok(found.and_then(|(id, class, kind)| {
        let class = Class::named(&class)?;
        Some(Handle { id, class, kind })
    }))
}

/// Takes the next number of a class that no object bears.
pub(crate) fn next_number(connection: &Connection, class: &str) -> rusqlite::Result<i64> {
    let mut take = connection.prepare_cached(
        "INSERT INTO counter (class, next) VALUES (?1, ?2 + 1)
         ON CONFLICT (class) DO UPDATE SET next = next + 1 RETURNING next - 1",
    )?;
    loop {
        let number: i64 = take.query_row((class, FIRST_OWN_NUMBER), |row| row.get(0))?;
        if object(connection, &format!("{class}${number}"))?.is_none() {
            return Ok(number);
        }
    }
}

/// The employee whose access key this is.
pub(crate) fn key_holder(connection: &Connection, key: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT employee FROM access WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}

/// Gives an employee an access key.
pub(crate) fn give_key(connection: &Connection, key: &str, employee: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO access (key, employee) VALUES (?1, ?2)")?
        .execute((key, employee))
        .map(|_| ())
}

/// The objects that the owner links to under an attribute, in the order of their rows.
pub(crate) fn targets(connection: &Connection, owner: i64, attribute: &str) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached("SELECT target FROM link WHERE owner = ?1 AND attribute = ?2")?
        .query_map((owner, attribute), |row| row.get(0))?
        .collect()
}

/// The objects that link to the target under an attribute, in the order of their rows.
pub(crate) fn owners(connection: &Connection, target: i64, attribute: &str) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached("SELECT owner FROM link WHERE target = ?1 AND attribute = ?2 ORDER BY owner")?
        .query_map((target, attribute), |row| row.get(0))?
        .collect()
}

/// Adds a link, if it is not there yet.
pub(crate) fn link(
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

/// Takes a link away.
pub(crate) fn unlink(
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

/// Rows as the JSON list that `json_each` takes, so that one statement serves any number of them.
pub(crate) fn list(ids: &[i64]) -> String {
    serde_json::to_string(ids).expect("a list of numbers is always JSON")
}

#[cfg(test)]
mod tests {
    use super::{DatabasePath, LAYOUT, next_number, open};

    #[test]
    fn numbers_are_given_once_and_never_one_that_a_seed_took() {
        let (connection, _) = open(&DatabasePath::Memory).expect("opens");
        let seeded = "INSERT INTO object (class, kind, uuid, created, modified, body)
                      VALUES ('ou', 'ou$ou', 'ou$900002', 0, 0, '{}')";
        connection.execute_batch(seeded).expect("inserts");
        let numbers: Vec<_> = (0..3).map(|_| next_number(&connection, "ou").expect("counts")).collect();
        assert_eq!(numbers, [900_001, 900_003, 900_004]);
        assert_eq!(next_number(&connection, "agreement").expect("counts"), 900_001);
    }

    #[test]
    fn a_file_is_laid_once_and_opened_again_by_a_second_hand() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = DatabasePath::File(folder.path().join("desk.db"));
        let (first, layout) = open(&path).expect("opens");
        assert_eq!(layout, LAYOUT);
        next_number(&first, "ou").expect("counts");
        let (second, layout) = open(&path).expect("opens again");
        assert_eq!(layout, LAYOUT);
        assert_eq!(next_number(&second, "ou").expect("counts"), 900_002);
    }
}
