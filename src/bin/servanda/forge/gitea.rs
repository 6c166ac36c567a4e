//! Gitea and Forgejo, whose interface is GitHub's of some years ago.

use reqwest::Method;
use serde_json::Value;
use servanda::render::markdown;

use super::{Comment, Dialect, Question, owner_and_name};
use crate::failure::Failure;

/// A repository on Gitea.
pub(super) struct Gitea {
    base: String,
    repository: String,
}

impl Gitea {
    pub(super) fn new(base: &str, repository: &str) -> Result<Self, Failure> {
        let repository = format!("{base}/repos/{}", owner_and_name(repository)?);
        Ok(Self { base: base.to_owned(), repository })
    }
}

impl Dialect for Gitea {
    fn markdown(&self) -> markdown::Forge {
        markdown::Forge::Gitea
    }

    fn authorise(&self, token: &str) -> (&'static str, String) {
        ("authorization", format!("token {token}"))
    }

    fn myself(&self) -> Question {
        Question { method: Method::GET, url: format!("{}/user", self.base), body: None }
    }

    fn read_myself(&self, answer: &Value) -> Option<u64> {
        answer["id"].as_u64()
    }

    fn thread(&self, number: u64) -> String {
        format!("{}/issues/{number}/comments", self.repository)
    }

    fn page(&self, page: u32) -> (String, usize) {
        (format!("limit=50&page={page}"), 50)
    }

    fn edit(&self, _number: u64, id: u64) -> (Method, String) {
        (Method::PATCH, format!("{}/issues/comments/{id}", self.repository))
    }

    fn read(&self, comment: &Value) -> Option<Comment> {
        Some(Comment {
            id: comment["id"].as_u64()?,
            author: comment["user"]["id"].as_u64()?,
            body: comment["body"].as_str()?.to_owned(),
            node: None,
        })
    }

    fn open(&self) -> String {
        format!("{}/pulls?state=open", self.repository)
    }

    fn pull_request(&self, number: u64) -> String {
        format!("{}/pulls/{number}", self.repository)
    }

    fn read_head(&self, pull_request: &Value) -> Option<(u64, String)> {
        Some((pull_request["number"].as_u64()?, pull_request["head"]["sha"].as_str()?.to_owned()))
    }
}
