//! A server in a process of its own, whose first line is its address.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// A server that ends with the test.
pub(crate) struct ServerProcess {
    process: Child,
    pub(crate) url: String,
}

impl ServerProcess {
    /// Starts a server, and waits for its address. Fails if the program is missing.
    pub(crate) fn start(program: &mut Command) -> std::io::Result<Self> {
        let mut process = program.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Ok(Self { process, url: url.trim().to_owned() })
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
