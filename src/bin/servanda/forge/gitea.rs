//! Gitea and Forgejo, whose API follows an earlier version of GitHub's.

use reqwest::Method;
use serde_json::Value;
use servanda::render::markdown;

use super::dialect::{ApiRequest, Dialect, owner_and_name};
use crate::process::failure::Failure;

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

    fn repository(&self) -> &str {
        &self.repository
    }

    fn myself(&self) -> ApiRequest {
        ApiRequest { method: Method::GET, url: format!("{}/user", self.base), body: None }
    }

    fn read_myself(&self, answer: &Value) -> Option<u64> {
        answer["id"].as_u64()
    }

    fn page(&self, page: u32) -> String {
        format!("limit=50&page={page}")
    }

    /// The comments of an issue have no pages.
    fn has_lists_without_pages(&self) -> bool {
        true
    }
}
