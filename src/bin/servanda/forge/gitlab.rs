//! GitLab, in the cloud or self-hosted. A pull request is called a merge request there, and a comment a note.

use reqwest::Method;
use serde_json::Value;
use servanda::render::markdown;

use super::dialect::{ApiRequest, Comment, Dialect};

/// A project on GitLab.
pub(super) struct GitLab {
    base: String,
    project: String,
}

impl GitLab {
    /// A project by its id or by its path, which is encoded as one segment of the address.
    pub(super) fn new(base: &str, project: &str) -> Self {
        let encoded: String = project
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
                other => format!("%{other:02X}"),
            })
            .collect();
        Self { base: base.to_owned(), project: format!("{base}/projects/{encoded}") }
    }
}

impl Dialect for GitLab {
    fn markdown(&self) -> markdown::Forge {
        markdown::Forge::GitLab
    }

    fn authorise(&self, token: &str) -> (&'static str, String) {
        ("private-token", token.to_owned())
    }

    fn repository(&self) -> &str {
        &self.project
    }

    fn myself(&self) -> ApiRequest {
        ApiRequest { method: Method::GET, url: format!("{}/user", self.base), body: None }
    }

    fn read_myself(&self, answer: &Value) -> Option<u64> {
        answer["id"].as_u64()
    }

    fn thread(&self, number: u64) -> String {
        format!("{}/merge_requests/{number}/notes", self.project)
    }

    fn edit(&self, number: u64, id: u64) -> (Method, String) {
        (Method::PUT, format!("{}/{id}", self.thread(number)))
    }

    fn read(&self, note: &Value) -> Option<Comment> {
        let is_system_note = note["system"].as_bool().unwrap_or(false);
        (!is_system_note).then_some(())?;
        Some(Comment {
            id: note["id"].as_u64()?,
            author: note["author"]["id"].as_u64()?,
            body: note["body"].as_str()?.to_owned(),
            node: None,
        })
    }

    fn open(&self) -> String {
        format!("{}/merge_requests?state=opened", self.project)
    }

    fn pull_request(&self, number: u64) -> String {
        format!("{}/merge_requests/{number}", self.project)
    }

    fn read_head(&self, merge_request: &Value) -> Option<(u64, String)> {
        Some((merge_request["iid"].as_u64()?, merge_request["sha"].as_str()?.to_owned()))
    }
}
