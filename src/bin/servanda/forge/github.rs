//! GitHub, in the cloud or self-hosted.

use reqwest::Method;
use serde_json::{Value, json};
use servanda::render::markdown;

use super::dialect::{ApiRequest, Comment, Dialect, owner_and_name};
use crate::process::failure::Failure;

/// A repository on GitHub.
pub(super) struct GitHub {
    repository: String,
    graphql: String,
}

impl GitHub {
    pub(super) fn new(base: &str, repository: &str) -> Result<Self, Failure> {
        let repository = format!("{base}/repos/{}", owner_and_name(repository)?);
        // A self-hosted GitHub has its REST API at /api/v3 and GraphQL at /api/graphql.
        let graphql = format!("{}/graphql", base.strip_suffix("/v3").unwrap_or(base));
        Ok(Self { repository, graphql })
    }

    fn query(&self, query: &str, variables: &Value) -> ApiRequest {
        let body = Some(json!({ "query": query, "variables": variables }));
        ApiRequest { method: Method::POST, url: self.graphql.clone(), body }
    }
}

impl Dialect for GitHub {
    fn markdown(&self) -> markdown::Forge {
        markdown::Forge::GitHub
    }

    fn authorise(&self, token: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {token}"))
    }

    fn repository(&self) -> &str {
        &self.repository
    }

    /// The token of a CI job may not use `GET /user`.
    fn myself(&self) -> ApiRequest {
        self.query("query { viewer { databaseId } }", &json!({}))
    }

    fn read_myself(&self, answer: &Value) -> Option<u64> {
        answer["data"]["viewer"]["databaseId"].as_u64()
    }

    fn fold(&self, comment: &Comment) -> Option<ApiRequest> {
        let mutation = "mutation($id: ID!) { minimizeComment(input: { subjectId: $id, classifier: OUTDATED }) \
                        { minimizedComment { isMinimized } } }";
        Some(self.query(mutation, &json!({ "id": comment.node.as_ref()? })))
    }
}
