//! The embedded helpdesk in its own process, and edits by hand.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::repository::Repository;
use crate::server_process::ServerProcess;

/// The key that the embedded helpdesk accepts.
pub(crate) const KEY: &str = "5e7a9da0-0000-4000-8000-000000000001";

/// A served helpdesk; dropping it stops the server.
pub(crate) struct Helpdesk {
    _process: ServerProcess,
    address: String,
}

impl Helpdesk {
    /// Serves the embedded helpdesk of a repository.
    pub(crate) fn serve(repository: &Repository) -> Self {
        Self::serve_with(repository, &[])
    }

    /// Serves it with these options of the command.
    pub(crate) fn serve_with(repository: &Repository, options: &[&str]) -> Self {
        let mut command = repository.program(&[&["sandbox", "serve"], options].concat());
        let process = ServerProcess::start(&mut command).unwrap();
        let url = process.url.strip_prefix("http://");
        let address = url.and_then(|url| url.strip_suffix("/sd")).unwrap().to_owned();
        Self { _process: process, address }
    }

    /// The address for servanda.yaml.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/sd", self.address)
    }

    /// Sends a request of the interface.
    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let mut stream = TcpStream::connect(&self.address).unwrap();
        // In one piece: small ones would wait for each other's acknowledgement.
        let request = format!(
            "POST /sd/services/rest/{path}?accessKey={KEY} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len(),
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        (status, serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned())))
    }

    /// The live agreement with the ownership key of this id.
    pub(crate) fn agreement(&self, id: &str) -> Value {
        let filter = serde_json::json!({ "inventoryNumber": format!("sv:{id}") });
        let (_, found) = self.post("find/agreement", &filter);
        found
            .as_array()
            .and_then(|found| found.first().cloned())
            .unwrap_or_else(|| panic!("no {id}: {found}"))
    }

    /// Edits an agreement by hand.
    pub(crate) fn edit(&self, id: &str, attributes: &Value) {
        let uuid = self.agreement(id)["UUID"].as_str().unwrap().to_owned();
        let (status, answer) = self.post(&format!("edit-m2m/{uuid}"), attributes);
        assert!(status < 300, "{status}: {answer}");
    }
}
