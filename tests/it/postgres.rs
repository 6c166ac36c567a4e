//! A `PostgreSQL` server of the tests' own, not of our making: in a folder that is gone afterwards, reached by a socket in it.
//!
//! Shared by the tests of the program and those of its ledger.
#![expect(clippy::disallowed_methods, reason = "starts programs and reads files")]
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each of the two who share this file uses a part of it"
)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where Debian puts the programs of each release.
const RELEASES: &str = "/usr/lib/postgresql";
/// Who the server runs as where the tests run as root, which it refuses.
const UNPRIVILEGED: &str = "65534";

/// A server that ends with the test.
pub(crate) struct Server {
    process: Child,
    folder: tempfile::TempDir,
    programs: PathBuf,
    /// The port on this machine, where it is reached by one as well.
    port: Option<u16>,
}

impl Server {
    /// Starts one; an error says what is missing.
    pub(crate) fn start() -> Result<Self, String> {
        Self::start_with(None)
    }

    /// One that is also reached by a port, encrypted, and shows a certificate for this name.
    pub(crate) fn start_encrypted(name: &str) -> Result<Self, String> {
        Self::start_with(Some(name))
    }

    fn start_with(name: Option<&str>) -> Result<Self, String> {
        if cfg!(not(feature = "postgres")) {
            return Err("the feature `postgres` is off".to_owned());
        }
        let programs = programs().ok_or("PostgreSQL is missing: apt-get install postgresql")?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = folder.path();
        let port = name.map(|name| certify(path, name)).transpose()?;
        if is_root() {
            done(Command::new("chown").args(["-R", UNPRIVILEGED]).arg(path))?;
        }
        let make = ["-D", "data", "-U", "servanda", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
        done(as_unprivileged(&programs.join("initdb")).args(make).current_dir(path))?;
        let reached = port.map_or_else(
            || "listen_addresses = ''\n".to_owned(),
            |port| {
                let files = "ssl_cert_file = '../certificate.pem'\nssl_key_file = '../key.pem'\n";
                format!("listen_addresses = '127.0.0.1'\nport = {port}\nssl = on\n{files}")
            },
        );
        let settings = path.join("data/postgresql.conf");
        std::fs::write(&settings, format!("fsync = off\nmax_connections = 60\n{reached}"))
            .map_err(|error| error.to_string())?;
        let mut server = as_unprivileged(&programs.join("postgres"));
        server.args(["-D", "data", "-k"]).arg(path).current_dir(path).stderr(Stdio::piped());
        let mut process = server.spawn().map_err(|error| format!("PostgreSQL cannot be started: {error}"))?;
        let mut says = BufReader::new(process.stderr.take().ok_or("it says nothing")?).lines();
        let is_ready =
            |line: std::io::Result<String>| line.is_ok_and(|line| line.contains("ready to accept"));
        let has_started = says.by_ref().any(is_ready);
        // What it says later is read, so that it never waits for somebody to do so.
        std::thread::spawn(move || says.for_each(drop));
        let server = Self { process, folder, programs, port };
        if has_started { Ok(server) } else { Err("PostgreSQL ended before it was ready".to_owned()) }
    }

    /// The address of a new database of this name.
    pub(crate) fn database(&self, name: &str) -> String {
        self.database_like(name, "template1")
    }

    /// The address of a new database that begins as a copy of another, which has no connections.
    pub(crate) fn database_like(&self, name: &str, other: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {other}"));
        format!("postgres://servanda@localhost/{name}?host={}{}", self.socket(), self.port_as("&"))
    }

    /// The address of a database by the port, under a name that is not this machine's.
    pub(crate) fn address_of(&self, database: &str, host: &str) -> String {
        let port = self.port.unwrap_or_default();
        format!("postgres://servanda@{host}:{port}/{database}?hostaddr=127.0.0.1")
    }

    /// The certificate that it shows.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// What the server's own client says to a statement.
    pub(crate) fn sql(&self, database: &str, statement: &str) -> String {
        let mut client = Command::new(self.programs.join("psql"));
        client.args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.socket()]);
        client.args(self.port.iter().flat_map(|port| ["-p".to_owned(), port.to_string()]));
        client.args(["-U", "servanda", "-d", database, "-c", statement]);
        done(&mut client).unwrap_or_else(|why| panic!("{statement}: {why}"))
    }

    fn socket(&self) -> &str {
        self.folder.path().to_str().expect("a temporary folder has a plain name")
    }

    fn port_as(&self, sign: &str) -> String {
        self.port.map_or_else(String::new, |port| format!("{sign}port={port}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends at once, and its children with it. One that is already gone is what is wanted.
        let _ = Command::new("kill").args(["-QUIT", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}

/// The programs of the newest release that is there.
fn programs() -> Option<PathBuf> {
    let releases = std::fs::read_dir(RELEASES).ok()?.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    releases.filter(|folder| folder.join("initdb").exists()).max()
}

fn is_root() -> bool {
    done(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn as_unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", UNPRIVILEGED, "--clear-groups", "--"]).arg(program);
    command
}

/// Makes a certificate for a name, and finds a port.
fn certify(folder: &Path, name: &str) -> Result<u16, String> {
    let subject = format!("subjectAltName=DNS:{name}");
    let new = ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=ledger", "-newkey", "ec"];
    let of = ["-pkeyopt", "ec_paramgen_curve:prime256v1", "-addext", "basicConstraints=critical,CA:FALSE"];
    let to = ["-addext", &subject, "-keyout", "key.pem", "-out", "certificate.pem"];
    done(Command::new("openssl").args(new).args(of).args(to).current_dir(folder))?;
    free_port()
}

fn free_port() -> Result<u16, String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}

/// What a program said, or why it did not do its work.
fn done(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
