//! `servanda comment`: posts a saved plan on its pull request, in one comment that later plans update.
//!
//! Needs no files and no helpdesk, so that the job that may write comments needs no other key.

use std::path::PathBuf;

use servanda::render::comment_state::{CommentSeverity, MARKER_LIMIT, failed, marked};
use servanda::render::helpdesks;
use servanda::render::link::Links;
use servanda::render::markdown::{self, Budget, Forge};
use servanda::settings::Language;

use crate::cli::options::{ForgeName, LanguageName};
use crate::forge::ci_job::CiJob;
use crate::forge::sticky_comment::{CommentOutcome, CommentText, post};
use crate::forge::{ForgeAddress, ForgeClient};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, print_data};
use crate::process::messages::inform;
use crate::process::runtime::runtime;
use crate::reconcile::plan_file::{self, SavedPlan};

const AFTER_HELP: &str = "\
Examples:
  servanda comment today.plan                    in a CI job of the pull request
  servanda comment today.plan --pull-request 17
  servanda comment today.plan --commit $SHA      find it by its head commit
  servanda comment --failed --pull-request 17    report that the plan failed
  servanda comment today.plan --dry-run          print the comment

A job on GitHub, GitLab or Gitea needs only a token: in SERVANDA_FORGE_TOKEN, else in GITHUB_TOKEN, GITLAB_TOKEN or \
GITEA_TOKEN. The token must be allowed to write comments on pull requests, and nothing else.

The comment is found again by a hidden line and by its author, and edited. If a later plan is more severe, a new comment \
is posted and the earlier one links to it, because forges do not notify about edits. If the ids of all risks do not fit \
into one comment, more comments follow.

The comment links the job, and the lines of the files that cause each change. It also links the whole plan if its address is \
known by --plan-url or SERVANDA_PLAN_URL.

Nothing is posted to Bitbucket: `servanda show PLAN --format markdown --forge bitbucket` writes a comment that fits there.";

/// Post a saved plan as a comment on its pull request
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The plan that `plan --out` wrote
    #[arg(required_unless_present = "failed", conflicts_with = "failed")]
    plan: Option<PathBuf>,
    /// Report that the plan failed, so that an older plan is not mistaken for it
    #[arg(long)]
    failed: bool,
    /// The number of the pull request; without it, that of the CI job
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pull_request: Option<u64>,
    /// The commit of the plan: it must be the head of the pull request, which is found by it otherwise
    #[arg(long, value_name = "SHA", value_parser = commit)]
    commit: Option<String>,
    /// The forge; without it, that of the CI job
    #[arg(long, value_enum, value_name = "FORGE")]
    forge: Option<ForgeName>,
    /// The URL of the forge's API, such as `https://api.github.com`
    #[arg(long, value_name = "URL")]
    api: Option<String>,
    /// The repository: owner/name, or the project id on GitLab
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// A name for the helpdesk, if one pull request has plans for several
    #[arg(long, value_name = "NAME", default_value = "plan", value_parser = key)]
    key: String,
    /// The address of the whole plan, such as a page among the artifacts of the job; without it, `SERVANDA_PLAN_URL`
    #[arg(long, value_name = "URL")]
    plan_url: Option<String>,
    /// The language; without it, that of servanda.yaml when the plan was made
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    language: Option<LanguageName>,
    /// Print the comment and post nothing
    #[arg(long)]
    dry_run: bool,
}

/// Parses a full commit hash.
fn commit(text: &str) -> Result<String, String> {
    let is_whole =
        matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_whole { Ok(text.to_owned()) } else { Err("write the full hash, 40 digits".to_owned()) }
}

fn key(text: &str) -> Result<String, String> {
    let is_key = (1..=32).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'-'));
    if is_key {
        Ok(text.to_owned())
    } else {
        Err("use at most 32 lower-case letters, digits and `-`".to_owned())
    }
}

/// The comment: a plan, or the report that it failed.
struct PlanComment {
    plan: Option<SavedPlan>,
    commit: Option<String>,
    links: Links,
    language: Language,
}

impl CommentText for PlanComment {
    fn within(&self, budget: Budget) -> Vec<String> {
        match &self.plan {
            Some(SavedPlan::One(plan)) => markdown::comments(plan, budget, &self.links),
            Some(SavedPlan::Several(plans)) => helpdesks::comments(plans, budget, &self.links),
            None => vec![failed(self.commit.as_deref(), &self.links, self.language)],
        }
    }

    fn language(&self) -> Language {
        self.language
    }

    fn severity(&self) -> Option<CommentSeverity> {
        self.plan.as_ref().map(|plan| match plan {
            SavedPlan::One(plan) => CommentSeverity::of(plan),
            SavedPlan::Several(plans) => CommentSeverity::of_several(plans),
        })
    }
}

/// Reads the plan and posts it.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let job = CiJob::of_environment();
    let forge = arguments.forge.map(Forge::from).or(job.forge);
    let plan = arguments.plan.as_deref().map(plan_file::read).transpose()?;
    let plan = plan.map(|plan| match arguments.language {
        Some(language) => plan.translated(language.into()),
        None => plan,
    });
    let of_plan = plan.as_ref().map_or_else(Language::default, SavedPlan::language);
    let comment = PlanComment {
        plan,
        commit: arguments.commit.clone(),
        links: job.links(arguments.plan_url.as_deref()),
        language: arguments.language.map_or(of_plan, Language::from),
    };
    if arguments.dry_run {
        let budget = Budget::comment(forge.unwrap_or(Forge::GitHub)).less(MARKER_LIMIT);
        let class = comment.severity().unwrap_or(CommentSeverity::Harmless);
        print_data(&marked(&comment.within(budget), &arguments.key, class).join("\n"))?;
        return Ok(Exit::Fine);
    }
    let missing = |what: &str, switch: &str| {
        Failure::usage(
            format!("{what} is unknown"),
            format!("pass `{switch}`, or run this in a CI job of the pull request"),
        )
    };
    let forge = forge.ok_or_else(|| missing("the forge", "--forge"))?;
    let address = ForgeAddress {
        forge,
        api: arguments.api.clone().or(job.api).ok_or_else(|| missing("the URL of the forge", "--api"))?,
        repository: arguments
            .project
            .clone()
            .or(job.repository)
            .ok_or_else(|| missing("the repository", "--project"))?,
    };
    let token = TOKENS.iter().find_map(|variable| Context::secret(variable)).ok_or_else(|| {
        Failure::new(Exit::Credentials, "token-missing", "no token for the forge")
            .help("put a token that may write comments on pull requests into SERVANDA_FORGE_TOKEN")
    })?;
    let forge = ForgeClient::new(&address, &token)?;
    let number = arguments.pull_request.or(job.pull_request);
    runtime()?.block_on(async {
        let numbers = addressed(&forge, number, arguments.commit.as_deref()).await?;
        for number in numbers {
            let posted = post(&forge, number, &arguments.key, &comment).await?;
            inform(&format!("#{number}: {}\n", outcome(posted)));
        }
        Ok(Exit::Fine)
    })
}

/// The variables that may hold a token; the first one set wins.
const TOKENS: [&str; 4] = ["SERVANDA_FORGE_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN", "GITEA_TOKEN"];

fn outcome(posted: CommentOutcome) -> &'static str {
    match posted {
        CommentOutcome::Created => "a new comment",
        CommentOutcome::Updated => "the comment was updated",
        CommentOutcome::Unchanged => "the comment is up to date",
        CommentOutcome::Escalated => "a new comment, since the plan is more severe than before",
    }
}

/// The pull requests to comment on. Fails if the commit is no longer the head of the pull request.
async fn addressed(
    forge: &ForgeClient,
    number: Option<u64>,
    commit: Option<&str>,
) -> Result<Vec<u64>, Failure> {
    match (number, commit) {
        (Some(number), None) => Ok(vec![number]),
        (Some(number), Some(commit)) => {
            let head = forge.head(number).await?;
            if head == commit {
                return Ok(vec![number]);
            }
            Err(Failure::new(
                Exit::Stale,
                "plan-of-another-commit",
                format!("the head of #{number} is {head}, and the plan is of {commit}"),
            )
            .help("plan the current head"))
        }
        (None, Some(commit)) => {
            let found = forge.with_head(commit).await?;
            if found.is_empty() {
                inform(&format!("no open pull request has the head {commit}; nothing is posted\n"));
            }
            Ok(found)
        }
        (None, None) => {
            Err(Failure::usage("the pull request is unknown", "pass `--pull-request N` or `--commit SHA`"))
        }
    }
}
