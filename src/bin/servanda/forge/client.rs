//! A client for one repository on a forge.

use std::collections::BTreeSet;

use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use servanda::render::markdown;

use super::api::{self, Api};
use super::dialect::{ApiRequest, Comment, Dialect};
use super::error::ForgeError;
use super::gitea::Gitea;
use super::github::GitHub;
use super::gitlab::GitLab;
use crate::process::failure::{Exit, Failure};

/// The maximum number of pages of a list that are read.
const PAGES: u32 = 100;

/// A client for one repository.
pub(crate) struct ForgeClient {
    api: Api,
    dialect: Box<dyn Dialect>,
}

/// The address of a repository.
pub(crate) struct ForgeAddress {
    /// The product.
    pub(crate) forge: markdown::Forge,
    /// The URL of the API.
    pub(crate) api: String,
    /// The repository: `owner/name`, or the project id on GitLab.
    pub(crate) repository: String,
}

impl ForgeClient {
    /// Checks the address, and creates a client that uses this token.
    pub(crate) fn new(address: &ForgeAddress, token: &SecretString) -> Result<Self, Failure> {
        let base = api::safe_base(&address.api)?;
        let repository = address.repository.as_str();
        let dialect: Box<dyn Dialect> = match address.forge {
            markdown::Forge::GitHub => Box::new(GitHub::new(&base, repository)?),
            markdown::Forge::GitLab => Box::new(GitLab::new(&base, repository)),
            markdown::Forge::Gitea => Box::new(Gitea::new(&base, repository)?),
            markdown::Forge::Bitbucket => {
                let help = "write the comment with `servanda show PLAN --format markdown --forge bitbucket`, and post it yourself";
                let what = "posting comments to Bitbucket is not supported";
                return Err(Failure::new(Exit::Failure, "forge-unsupported", what).help(help));
            }
        };
        Ok(Self { api: Api::new(&base, token, |token| dialect.authorise(token))?, dialect })
    }

    /// The Markdown dialect of the forge.
    pub(crate) fn markdown(&self) -> markdown::Forge {
        self.dialect.markdown()
    }

    /// Reads the number of the token's owner.
    pub(crate) async fn myself(&self) -> Result<u64, ForgeError> {
        let response = self.api.send(&self.dialect.myself()).await?;
        let found = self.dialect.read_myself(&response);
        found.ok_or_else(|| {
            ForgeError::Credentials("the response does not name the owner of the token".to_owned())
        })
    }

    /// Reads all comments of a pull request.
    pub(crate) async fn comments(&self, number: u64) -> Result<Vec<Comment>, ForgeError> {
        let all = self.list(&self.dialect.thread(number)).await?;
        Ok(all.iter().filter_map(|comment| self.dialect.read(comment)).collect())
    }

    /// Posts a comment.
    pub(crate) async fn post(&self, number: u64, body: &str) -> Result<Comment, ForgeError> {
        let url = self.dialect.thread(number);
        let body = Some(json!({ "body": body }));
        let response = self.api.send(&ApiRequest { method: Method::POST, url, body }).await?;
        let comment = self.dialect.read(&response);
        comment.ok_or_else(|| ForgeError::Other("the response of the forge is not a comment".to_owned()))
    }

    /// Replaces the text of a comment.
    pub(crate) async fn edit(&self, number: u64, id: u64, body: &str) -> Result<(), ForgeError> {
        let (method, url) = self.dialect.edit(number, id);
        let body = Some(json!({ "body": body }));
        self.api.send(&ApiRequest { method, url, body }).await.map(drop)
    }

    /// Deletes a comment. A comment that does not exist counts as deleted.
    pub(crate) async fn delete(&self, number: u64, id: u64) -> Result<(), ForgeError> {
        let (_, url) = self.dialect.edit(number, id);
        match self.api.send(&ApiRequest { method: Method::DELETE, url, body: None }).await {
            Ok(_) | Err(ForgeError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Collapses a comment, if the forge supports that. A failure is not important, and only logged.
    pub(crate) async fn fold(&self, comment: &Comment) {
        if let Some(request) = self.dialect.fold(comment)
            && let Err(error) = self.api.send(&request).await
        {
            tracing::info!("the earlier comment was not collapsed: {error}");
        }
    }

    /// Finds the open pull requests with this head commit.
    pub(crate) async fn with_head(&self, commit: &str) -> Result<Vec<u64>, ForgeError> {
        let all = self.list(&self.dialect.open()).await?;
        let heads = all.iter().filter_map(|pull_request| self.dialect.read_head(pull_request));
        Ok(heads.filter(|(_, head)| head == commit).map(|(number, _)| number).collect())
    }

    /// Reads the current head commit of a pull request.
    pub(crate) async fn head(&self, number: u64) -> Result<String, ForgeError> {
        let request = ApiRequest { method: Method::GET, url: self.dialect.pull_request(number), body: None };
        let response = self.api.send(&request).await?;
        let head = self.dialect.read_head(&response);
        head.map(|(_, head)| head).ok_or_else(|| {
            ForgeError::Other("the response of the forge does not name a head commit".to_owned())
        })
    }

    /// Reads all entries of a list, each once. Only an empty page is the end, since a forge may return fewer entries than a
    /// page can hold.
    async fn list(&self, url: &str) -> Result<Vec<Value>, ForgeError> {
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        for page in 1..=PAGES {
            let query = self.dialect.page(page);
            let separator = if url.contains('?') { '&' } else { '?' };
            let request =
                ApiRequest { method: Method::GET, url: format!("{url}{separator}{query}"), body: None };
            let response = self.api.send(&request).await?;
            let Value::Array(entries) = response else {
                return Err(ForgeError::Other("the response of the forge is not a list".to_owned()));
            };
            let is_end = entries.is_empty();
            let fresh: Vec<Value> =
                entries.into_iter().filter(|entry| seen.insert(entry["id"].to_string())).collect();
            if is_end || (fresh.is_empty() && self.dialect.has_lists_without_pages()) {
                return Ok(all);
            }
            if fresh.is_empty() {
                return Err(ForgeError::Other(format!("page {page} of the list repeats earlier ones")));
            }
            all.extend(fresh);
        }
        Err(ForgeError::Other(format!("the list has more than {PAGES} pages")))
    }
}
