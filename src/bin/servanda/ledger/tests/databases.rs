//! A ledger in a database, on a server that is not of our making.

use secrecy::SecretString;

use super::missing::did_not_run;
use super::server::Server;
use super::{conforms, entries, holder, swap};
use crate::ledger::checksum::{ChecksumError, Checksummed};
use crate::ledger::postgres::PostgresLedger;
use crate::ledger::store::{Entries, LedgerError, LedgerStore as _};

fn at(address: &str) -> PostgresLedger {
    PostgresLedger::at(&SecretString::from(address), None, None).expect("an address")
}

fn refused(address: &str) -> String {
    PostgresLedger::at(&SecretString::from(address), None, None).err().expect("it is of no use")
}

#[tokio::test]
async fn a_database_keeps_a_ledger() {
    let server = match Server::start() {
        Ok(server) => server,
        Err(why) => return did_not_run("a ledger in a database", &why),
    };
    let place = server.database("plain");
    assert_eq!(at(&place).read("").await, Ok(Entries::new()));
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'servanda%'";
    assert_eq!(server.sql("plain", tables).trim(), "0", "reading makes no table");
    conforms(|| at(&place)).await;
    let summed = server.database("summed");
    conforms(|| Checksummed::over(at(&summed))).await;

    let ledger = Checksummed::over(at(&summed));
    assert_eq!(ledger.verify().await, Ok(Ok(())));
    server.sql("summed", "UPDATE servanda_entry SET value = 'other' WHERE key = 'b'");
    assert_eq!(ledger.verify().await, Ok(Err(ChecksumError::Mismatch)));
    server.sql("summed", "COMMENT ON TABLE servanda_entry IS 'Servanda ledger, format 2'");
    let said = at(&summed).read("").await.expect_err("a later release made it");
    assert!(said.to_string().contains("format 2"), "{said}");

    a_lock_ends_with_its_connection(&server).await;
    a_connection_that_was_cut_is_made_anew(&server).await;
    let writers = (0..8).map(|number| {
        let ledger = at(&place);
        tokio::spawn(async move { ledger.write(&[swap("one", None, Some(&number.to_string()))]).await })
    });
    let mut won = 0;
    for writer in writers.collect::<Vec<_>>() {
        won += usize::from(writer.await.expect("it ends").is_ok());
    }
    assert_eq!(won, 1, "of many writers of one key one wins");
}

/// Whoever had it is gone without a word, as a run that was killed.
async fn a_lock_ends_with_its_connection(server: &Server) {
    let place = server.database("locks");
    let (one, other) = (at(&place), at(&place));
    let held = one.lock(&holder("first")).await.expect("asked").expect("it is free");
    // While it is held, its run goes on writing, and the other may ask as often as it likes.
    one.write(&[swap("a", None, Some("1"))]).await.expect("written");
    for _ in 0..3 {
        assert_eq!(other.lock(&holder("second")).await.expect("asked").err(), Some(Some(holder("first"))));
    }
    let ends = "SELECT pg_terminate_backend(pid, 10000) FROM servanda_holder";
    assert_eq!(server.sql("locks", ends).trim(), "t");
    let second = other.lock(&holder("second")).await.expect("asked").expect("a dead run holds nothing");
    assert_eq!(one.lock(&holder("third")).await.expect("asked").err(), Some(Some(holder("second"))));
    one.unlock(held).await;
    other.unlock(second).await;
    assert_eq!(one.read("").await, Ok(entries(&[("a", "1")])), "what is kept are entries alone");
}

async fn a_connection_that_was_cut_is_made_anew(server: &Server) {
    let ledger = at(&server.database("cut"));
    ledger.write(&[swap("a", None, Some("1"))]).await.expect("written");
    let cut =
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'servanda'";
    server.sql("cut", cut);
    let mut read = ledger.read("").await;
    if matches!(read, Err(LedgerError::Failed(_))) {
        read = ledger.read("").await;
    }
    assert_eq!(read, Ok(entries(&[("a", "1")])));
}

#[tokio::test]
async fn the_way_to_a_database_elsewhere_is_encrypted_and_it_shows_who_it_is() {
    let server = match Server::start_encrypted("ledger.acme.example") {
        Ok(server) => server,
        Err(why) => return did_not_run("an encrypted way to a database", &why),
    };
    server.database("safe");
    let certificate = crate::workspace::files::read_named(&server.certificate()).expect("it has one");
    let read = async |host: &str, trusts: bool| {
        let address = SecretString::from(server.address_of("safe", host));
        let trusted = trusts.then_some(certificate.as_str());
        let ledger = PostgresLedger::at(&address, None, trusted).expect("an address");
        ledger.read("").await.map_err(|error| error.to_string())
    };
    assert_eq!(read("ledger.acme.example", true).await, Ok(Entries::new()));
    let unknown = read("ledger.acme.example", false).await.expect_err("its certificate is not trusted");
    assert!(unknown.contains("certificate"), "{unknown}");
    let other = read("other.acme.example", true).await.expect_err("it is somebody else's");
    assert!(other.contains("certificate"), "{other}");
    assert_eq!(read("localhost", false).await, Ok(Entries::new()), "this machine needs no certificate");

    server.sql("postgres", "ALTER SYSTEM SET ssl = off");
    server.sql("postgres", "SELECT pg_reload_conf()");
    let is_off = |_| server.sql("postgres", "SHOW ssl").trim() == "off";
    assert!((0..500).any(is_off), "it reads its settings anew");
    let open = read("ledger.acme.example", true).await.expect_err("it does not encrypt");
    assert!(open.contains("TLS"), "{open}");
}

#[test]
fn an_address_that_would_give_secrets_away_is_of_no_use() {
    assert!(refused("postgres://me@db.acme.example/x?sslmode=disable").contains("disables encryption"));
    assert!(
        refused("postgres://me@localhost/x?hostaddr=10.0.0.1&sslmode=disable")
            .contains("disables encryption")
    );
    assert!(refused("postgres://me@db.acme.example/x?sslrootcert=ca.pem").contains("ca_file"));
    assert!(refused("mysql://me@db.acme.example/x").contains("postgres://"));
    for secret in ["postgres://me:hunter2@db.acme.example:port/x", "postgres://me:hunter2@[/x", "hunter2"] {
        assert!(!refused(secret).contains("hunter2"), "{}", refused(secret));
    }
    at("postgres://me:hunter2@db.acme.example/x?sslmode=verify-full");
}
