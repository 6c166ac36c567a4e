//! `servanda comment`: a saved plan is posted on its pull request, in one comment that stays one.
//!
//! Needs no files and no helpdesk, so that the job that may write on pull requests holds no other key.

use std::path::PathBuf;

use servanda::envelope::GuardedPlan;
use servanda::render::comment_state::{CommentSeverity, MARKER_LIMIT, failed, link, marked};
use servanda::render::markdown::{self, Budget};

use crate::cli::plan_output::ForgeName;
use crate::forge::sticky_comment::{Posted, Text, post};
use crate::forge::{Address, Forge};
use crate::helpdesk::connect::runtime;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, say, tell};
use crate::reconcile::plan_file;

const AFTER_HELP: &str = "\
Examples:
  servanda comment today.plan                     on the pull request that this CI job is about
  servanda comment today.plan --pull-request 17
  servanda comment today.plan --commit $SHA       on the open pull request that proposes just this commit
  servanda comment --failed --pull-request 17     in place of a plan that could not be made
  servanda comment today.plan --dry-run           print it

Of a GitHub, GitLab or Gitea job everything is known from its environment but the token: SERVANDA_FORGE_TOKEN, else
GITHUB_TOKEN, GITLAB_TOKEN or GITEA_TOKEN. It needs to write comments on pull requests and nothing else.

The comment is found again by a hidden line and by its author. It is written over where it stands; where a later plan is graver, a
new comment is posted and the earlier one points to it, since nobody is told of an edit. Where not even the ids of all risks fit into
one comment, further ones go on with them, and go when the plan does.

To Bitbucket nothing is posted: `servanda show PLAN --format markdown --forge bitbucket` writes what fits there.";

/// Post a saved plan as a comment on its pull request
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The plan, as `plan --out` wrote it
    #[arg(required_unless_present = "failed", conflicts_with = "failed")]
    plan: Option<PathBuf>,
    /// Say that the plan could not be made, so that an older one is not taken for it
    #[arg(long)]
    failed: bool,
    /// The number of the pull request; without it, that of the CI job
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pull_request: Option<u64>,
    /// The commit that the plan is of: the pull request must propose just this one, or is found by it
    #[arg(long, value_name = "SHA", value_parser = commit)]
    commit: Option<String>,
    /// The forge; without it, that of the CI job
    #[arg(long, value_enum, value_name = "FORGE")]
    forge: Option<ForgeName>,
    /// The address of the forge's interface, as `https://api.github.com`
    #[arg(long, value_name = "URL")]
    api: Option<String>,
    /// The repository on the forge: owner/name, or GitLab's number of it
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// A name for the helpdesk, where several are planned for on one pull request
    #[arg(long, value_name = "NAME", default_value = "plan", value_parser = key)]
    key: String,
    /// Print the comment and post nothing
    #[arg(long)]
    dry_run: bool,
}

/// A whole commit, in the forge's writing.
fn commit(text: &str) -> Result<String, String> {
    let is_whole =
        matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_whole { Ok(text.to_owned()) } else { Err("write the whole commit, 40 digits".to_owned()) }
}

fn key(text: &str) -> Result<String, String> {
    let is_key = (1..=32).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'-'));
    if is_key {
        Ok(text.to_owned())
    } else {
        Err("write small letters, digits and `-`, at most 32".to_owned())
    }
}

/// What is posted: a plan, or that there is none.
struct Said {
    plan: Option<GuardedPlan>,
    commit: Option<String>,
    /// The link to the job, with a blank line before it.
    link: String,
}

impl Text for Said {
    fn within(&self, budget: Budget) -> Vec<String> {
        let mut texts = match &self.plan {
            Some(plan) => markdown::comments(plan, budget.less(self.link.len())),
            None => vec![failed(self.commit.as_deref())],
        };
        texts[0] = format!("{}{}", texts[0].trim_end(), self.link);
        texts
    }

    fn class(&self) -> Option<CommentSeverity> {
        self.plan.as_ref().map(CommentSeverity::of)
    }
}

/// Reads the plan and posts it.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let job = Job::of_environment();
    let forge = arguments.forge.or(job.forge);
    let plan = arguments.plan.as_deref().map(plan_file::read).transpose()?;
    let link = job.page.as_deref().and_then(link).map_or_else(String::new, |link| format!("\n\n{link}"));
    let said = Said { plan, commit: arguments.commit.clone(), link };
    if arguments.dry_run {
        let budget = Budget::comment(forge.unwrap_or_default().into()).less(MARKER_LIMIT);
        let class = said.class().unwrap_or(CommentSeverity::Harmless);
        tell(&marked(&said.within(budget), &arguments.key, class).join("\n"))?;
        return Ok(Exit::Fine);
    }
    let missing = |what: &str, switch: &str| {
        Failure::usage(
            format!("{what} is not known"),
            format!("name it with `{switch}`, or run this in a CI job of it"),
        )
    };
    let forge = forge.ok_or_else(|| missing("the forge", "--forge"))?;
    let address = Address {
        forge,
        api: arguments.api.clone().or(job.api).ok_or_else(|| missing("the forge's address", "--api"))?,
        repository: arguments
            .project
            .clone()
            .or(job.repository)
            .ok_or_else(|| missing("the repository", "--project"))?,
    };
    let token = TOKENS.iter().find_map(|variable| Context::secret(variable)).ok_or_else(|| {
        Failure::new(Exit::Credentials, "cli-credentials", "no variable holds a token for the forge").help(
            "put one into SERVANDA_FORGE_TOKEN; it needs to write comments on pull requests and nothing else",
        )
    })?;
    let forge = Forge::new(&address, &token)?;
    let number = arguments.pull_request.or(job.pull_request);
    runtime()?.block_on(async {
        let numbers = addressed(&forge, number, arguments.commit.as_deref()).await?;
        for number in numbers {
            let posted = post(&forge, number, &arguments.key, &said).await?;
            say(&format!("#{number}: {}\n", outcome(posted)));
        }
        Ok(Exit::Fine)
    })
}

/// The variables that may hold a token, the first that does.
const TOKENS: [&str; 4] = ["SERVANDA_FORGE_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN", "GITEA_TOKEN"];

fn outcome(posted: Posted) -> &'static str {
    match posted {
        Posted::New => "a new comment",
        Posted::Edited => "the comment was written over",
        Posted::Unchanged => "the comment says just that already",
        Posted::Risen => "a new comment, since the plan is graver than before",
    }
}

/// The pull requests to speak on. A plan of a commit that is proposed no more is nobody's.
async fn addressed(forge: &Forge, number: Option<u64>, commit: Option<&str>) -> Result<Vec<u64>, Failure> {
    match (number, commit) {
        (Some(number), None) => Ok(vec![number]),
        (Some(number), Some(commit)) => {
            let head = forge.head(number).await?;
            if head == commit {
                return Ok(vec![number]);
            }
            Err(Failure::new(
                Exit::Stale,
                "cli-stale",
                format!("#{number} proposes {head} now, and the plan is of {commit}"),
            ))
        }
        (None, Some(commit)) => {
            let found = forge.proposing(commit).await?;
            if found.is_empty() {
                say(&format!("no open pull request proposes {commit}; nothing is posted\n"));
            }
            Ok(found)
        }
        (None, None) => Err(Failure::usage(
            "the pull request is not known",
            "name it with `--pull-request N` or by its `--commit SHA`",
        )),
    }
}

/// What a CI job says of itself.
#[derive(Default)]
struct Job {
    forge: Option<ForgeName>,
    api: Option<String>,
    repository: Option<String>,
    pull_request: Option<u64>,
    /// The page of the job, for people.
    page: Option<String>,
}

impl Job {
    fn of_environment() -> Self {
        let variable = Context::variable;
        let is_set = |name: &str| variable(name).is_some();
        if is_set("GITLAB_CI") {
            return Self {
                forge: Some(ForgeName::Gitlab),
                api: variable("CI_API_V4_URL"),
                repository: variable("CI_PROJECT_ID"),
                pull_request: variable("CI_MERGE_REQUEST_IID").and_then(|number| number.parse().ok()),
                page: variable("CI_JOB_URL"),
            };
        }
        if !is_set("GITHUB_ACTIONS") && !is_set("GITEA_ACTIONS") && !is_set("FORGEJO_ACTIONS") {
            return Self::default();
        }
        let is_gitea = is_set("GITEA_ACTIONS") || is_set("FORGEJO_ACTIONS");
        let (server, repository, run) =
            (variable("GITHUB_SERVER_URL"), variable("GITHUB_REPOSITORY"), variable("GITHUB_RUN_ID"));
        let page = server.zip(repository.clone()).zip(run);
        let number = variable("GITHUB_REF")
            .and_then(|reference| reference.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok());
        Self {
            forge: Some(if is_gitea { ForgeName::Gitea } else { ForgeName::Github }),
            api: variable("GITHUB_API_URL"),
            repository,
            pull_request: number,
            page: page.map(|((server, repository), run)| format!("{server}/{repository}/actions/runs/{run}")),
        }
    }
}
