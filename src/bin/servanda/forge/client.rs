//! A forge as far as a comment on a pull request needs it: who we are, what was said there, and saying something.
//!
//! What differs between forges is an address and the name of a field ([`Dialect`]); how requests are made ([`api`])
//! and how one comment stays one comment ([`post`]) does not.

use std::collections::BTreeSet;

use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use servanda::render::markdown;

use super::api::{self, Api};
use super::{gitea, github, gitlab};
use crate::process::failure::{Exit, Failure};

/// More pages than this are not read; a thread of so many comments is none.
const PAGES: u32 = 100;

/// What went wrong with a forge. No variant holds the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ForgeError {
    /// The token is missing, wrong, or may not do this.
    #[error("the forge does not let the token do this: {0}")]
    Credentials(String),
    /// The text is refused, as one that is too long is.
    #[error("the forge refuses the text: {0}")]
    Refused(String),
    /// There is no such thing.
    #[error("the forge knows no such thing: {0}")]
    NotFound(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl From<ForgeError> for Failure {
    fn from(error: ForgeError) -> Self {
        let text = error.to_string();
        match error {
            ForgeError::Credentials(_) => Self::new(Exit::Credentials, "forge-credentials", text)
                .help("the job needs the right to write on pull requests, and nothing else"),
            _ => Self::new(Exit::Failure, "forge-failure", text),
        }
    }
}

/// One comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comment {
    /// Its number; later ones have larger ones.
    pub(crate) id: u64,
    /// The number of whoever wrote it.
    pub(crate) author: u64,
    /// What it says.
    pub(crate) body: String,
    /// Its name in GitHub's other interface.
    pub(crate) node: Option<String>,
}

/// A request of a dialect.
pub(crate) struct Question {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) body: Option<Value>,
}

/// What differs between forges. Where a method has a body it is as GitHub has it, and Gitea after it.
pub(crate) trait Dialect: Send + Sync {
    /// Whose Markdown it is.
    fn markdown(&self) -> markdown::Forge;
    /// The header that carries the token.
    fn authorise(&self, token: &str) -> (&'static str, String);
    /// The address of the repository.
    fn repository(&self) -> &str;
    /// How it is asked whose the token is.
    fn myself(&self) -> Question;
    /// The number of whoever the answer to that names.
    fn read_myself(&self, answer: &Value) -> Option<u64>;
    /// What is asked for behind the address of a list, and how many are on a page at most.
    fn page(&self, page: u32) -> (String, usize);
    /// How a comment is folded away, where that can be done.
    fn fold(&self, _comment: &Comment) -> Option<Question> {
        None
    }
    /// Where the comments of a pull request are.
    fn thread(&self, number: u64) -> String {
        format!("{}/issues/{number}/comments", self.repository())
    }
    /// How one comment is written over.
    fn edit(&self, _number: u64, id: u64) -> (Method, String) {
        (Method::PATCH, format!("{}/issues/comments/{id}", self.repository()))
    }
    /// A comment as it is told; nothing where it is none of a person or program.
    fn read(&self, comment: &Value) -> Option<Comment> {
        Some(Comment {
            id: comment["id"].as_u64()?,
            author: comment["user"]["id"].as_u64()?,
            body: comment["body"].as_str()?.to_owned(),
            node: comment["node_id"].as_str().map(str::to_owned),
        })
    }
    /// Where the open pull requests are.
    fn open(&self) -> String {
        format!("{}/pulls?state=open", self.repository())
    }
    /// Where one pull request is.
    fn pull_request(&self, number: u64) -> String {
        format!("{}/pulls/{number}", self.repository())
    }
    /// A pull request's number and the commit it proposes.
    fn read_head(&self, pull_request: &Value) -> Option<(u64, String)> {
        Some((pull_request["number"].as_u64()?, pull_request["head"]["sha"].as_str()?.to_owned()))
    }
}

/// A repository on a forge.
pub(crate) struct Forge {
    api: Api,
    dialect: Box<dyn Dialect>,
}

/// Where a repository is.
pub(crate) struct Address {
    /// Which product it is.
    pub(crate) forge: markdown::Forge,
    /// The address of its interface.
    pub(crate) api: String,
    /// The repository: `owner/name`, or GitLab's number of it.
    pub(crate) repository: String,
}

impl Forge {
    /// A repository that is spoken to with this token.
    pub(crate) fn new(address: &Address, token: &SecretString) -> Result<Self, Failure> {
        let base = api::safe_base(&address.api)?;
        let repository = address.repository.as_str();
        let dialect: Box<dyn Dialect> = match address.forge {
            markdown::Forge::GitHub => Box::new(github::GitHub::new(&base, repository)?),
            markdown::Forge::GitLab => Box::new(gitlab::GitLab::new(&base, repository)),
            markdown::Forge::Gitea => Box::new(gitea::Gitea::new(&base, repository)?),
            markdown::Forge::Bitbucket => {
                return Err(Failure::usage(
                    "comments on Bitbucket are not posted",
                    "write one with `servanda show PLAN --format markdown --forge bitbucket`, and post it in your own way",
                ));
            }
        };
        Ok(Self { api: Api::new(token, |token| dialect.authorise(token))?, dialect })
    }

    /// Whose Markdown it is.
    pub(crate) fn markdown(&self) -> markdown::Forge {
        self.dialect.markdown()
    }

    /// The number of whoever the token is.
    pub(crate) async fn myself(&self) -> Result<u64, ForgeError> {
        let answer = self.api.ask(&self.dialect.myself()).await?;
        let found = self.dialect.read_myself(&answer);
        found.ok_or_else(|| ForgeError::Credentials("it does not say whose the token is".to_owned()))
    }

    /// All comments of a pull request.
    pub(crate) async fn comments(&self, number: u64) -> Result<Vec<Comment>, ForgeError> {
        let all = self.list(&self.dialect.thread(number)).await?;
        Ok(all.iter().filter_map(|comment| self.dialect.read(comment)).collect())
    }

    /// Says something.
    pub(crate) async fn post(&self, number: u64, body: &str) -> Result<Comment, ForgeError> {
        let url = self.dialect.thread(number);
        let body = Some(json!({ "body": body }));
        let answer = self.api.ask(&Question { method: Method::POST, url, body }).await?;
        let said = self.dialect.read(&answer);
        said.ok_or_else(|| ForgeError::Other("the forge's answer is no comment".to_owned()))
    }

    /// Writes a comment over.
    pub(crate) async fn edit(&self, number: u64, id: u64, body: &str) -> Result<(), ForgeError> {
        let (method, url) = self.dialect.edit(number, id);
        let body = Some(json!({ "body": body }));
        self.api.ask(&Question { method, url, body }).await.map(drop)
    }

    /// Takes a comment away. One that is gone is what was wanted.
    pub(crate) async fn delete(&self, number: u64, id: u64) -> Result<(), ForgeError> {
        let (_, url) = self.dialect.edit(number, id);
        match self.api.ask(&Question { method: Method::DELETE, url, body: None }).await {
            Ok(_) | Err(ForgeError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Folds a comment away, where the forge can; it is none the worse for it where not.
    pub(crate) async fn fold(&self, comment: &Comment) {
        if let Some(question) = self.dialect.fold(comment)
            && let Err(error) = self.api.ask(&question).await
        {
            tracing::info!("the earlier comment is not folded away: {error}");
        }
    }

    /// The open pull requests that propose just this commit.
    pub(crate) async fn proposing(&self, commit: &str) -> Result<Vec<u64>, ForgeError> {
        let all = self.list(&self.dialect.open()).await?;
        let heads = all.iter().filter_map(|pull_request| self.dialect.read_head(pull_request));
        Ok(heads.filter(|(_, head)| head == commit).map(|(number, _)| number).collect())
    }

    /// The commit that a pull request proposes now.
    pub(crate) async fn head(&self, number: u64) -> Result<String, ForgeError> {
        let question = Question { method: Method::GET, url: self.dialect.pull_request(number), body: None };
        let answer = self.api.ask(&question).await?;
        let head = self.dialect.read_head(&answer);
        head.map(|(_, head)| head).ok_or_else(|| ForgeError::Other("the forge names no commit".to_owned()))
    }

    /// Every entry of a list, each once.
    async fn list(&self, url: &str) -> Result<Vec<Value>, ForgeError> {
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        for page in 1..=PAGES {
            let (query, size) = self.dialect.page(page);
            let joint = if url.contains('?') { '&' } else { '?' };
            let question = Question { method: Method::GET, url: format!("{url}{joint}{query}"), body: None };
            let answer = self.api.ask(&question).await?;
            let Value::Array(entries) = answer else {
                return Err(ForgeError::Other("the forge's answer is no list".to_owned()));
            };
            let is_last = entries.len() < size;
            let fresh: Vec<Value> =
                entries.into_iter().filter(|entry| seen.insert(entry["id"].to_string())).collect();
            // A forge that knows no pages gives the same one again.
            let nothing_new = fresh.is_empty();
            all.extend(fresh);
            if is_last || nothing_new {
                return Ok(all);
            }
        }
        Err(ForgeError::Other(format!("there are more than {PAGES} pages")))
    }
}

/// `owner/name`, and nothing that could lead elsewhere.
pub(crate) fn owner_and_name(repository: &str) -> Result<&str, Failure> {
    let is_part = |part: &str| {
        !part.is_empty()
            && !matches!(part, "." | "..")
            && part.chars().all(|sign| sign.is_ascii_alphanumeric() || "-._".contains(sign))
    };
    let is_sound = repository.split_once('/').is_some_and(|(owner, name)| is_part(owner) && is_part(name));
    if is_sound {
        Ok(repository)
    } else {
        Err(Failure::usage(format!("`{repository}` is no repository"), "write it as owner/name"))
    }
}
