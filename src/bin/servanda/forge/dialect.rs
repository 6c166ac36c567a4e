//! The differences between forges, and the requests and comments that they have in common.

use reqwest::Method;
use serde_json::Value;
use servanda::render::markdown;

use crate::process::failure::{Exit, Failure};

/// One comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comment {
    /// Its number, which ascends with time.
    pub(crate) id: u64,
    /// The number of its author.
    pub(crate) author: u64,
    /// Its text.
    pub(crate) body: String,
    /// Its id in GitHub's GraphQL API.
    pub(crate) node: Option<String>,
}

/// A request to the API of a forge.
pub(crate) struct ApiRequest {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) body: Option<Value>,
}

/// The differences between forges. Default methods are for GitHub, whose API Gitea follows.
pub(crate) trait Dialect: Send + Sync {
    /// The Markdown dialect of the forge.
    fn markdown(&self) -> markdown::Forge;
    /// The header that contains the token.
    fn authorise(&self, token: &str) -> (&'static str, String);
    /// The address of the repository.
    fn repository(&self) -> &str;
    /// The request for the owner of the token.
    fn myself(&self) -> ApiRequest;
    /// Reads the number of the owner from the response to [`Self::myself`].
    fn read_myself(&self, answer: &Value) -> Option<u64>;
    /// The query for a page of a list.
    fn page(&self, page: u32) -> String {
        format!("per_page=100&page={page}")
    }
    /// Whether the forge may return a whole list in answer to every page of it.
    fn has_lists_without_pages(&self) -> bool {
        false
    }
    /// The request that collapses a comment, if the forge supports that.
    fn fold(&self, _comment: &Comment) -> Option<ApiRequest> {
        None
    }
    /// The address of the comments of a pull request.
    fn thread(&self, number: u64) -> String {
        format!("{}/issues/{number}/comments", self.repository())
    }
    /// The method and address for editing a comment.
    fn edit(&self, _number: u64, id: u64) -> (Method, String) {
        (Method::PATCH, format!("{}/issues/comments/{id}", self.repository()))
    }
    /// Reads a comment; `None` for events that the forge lists among comments.
    fn read(&self, comment: &Value) -> Option<Comment> {
        Some(Comment {
            id: comment["id"].as_u64()?,
            author: comment["user"]["id"].as_u64()?,
            body: comment["body"].as_str()?.to_owned(),
            node: comment["node_id"].as_str().map(str::to_owned),
        })
    }
    /// The address of the open pull requests.
    fn open(&self) -> String {
        format!("{}/pulls?state=open", self.repository())
    }
    /// The address of a pull request.
    fn pull_request(&self, number: u64) -> String {
        format!("{}/pulls/{number}", self.repository())
    }
    /// Reads the number and the head commit of a pull request.
    fn read_head(&self, pull_request: &Value) -> Option<(u64, String)> {
        Some((pull_request["number"].as_u64()?, pull_request["head"]["sha"].as_str()?.to_owned()))
    }
}

/// Checks that a repository is written as `owner/name`, so that it cannot change the path of an address.
pub(super) fn owner_and_name(repository: &str) -> Result<&str, Failure> {
    let is_part = |part: &str| {
        !part.is_empty()
            && !matches!(part, "." | "..")
            && part.chars().all(|sign| sign.is_ascii_alphanumeric() || "-._".contains(sign))
    };
    let is_valid = repository.split_once('/').is_some_and(|(owner, name)| is_part(owner) && is_part(name));
    if is_valid {
        Ok(repository)
    } else {
        Err(Failure::new(Exit::Failure, "repository-invalid", format!("invalid repository `{repository}`"))
            .help("write it as owner/name"))
    }
}
