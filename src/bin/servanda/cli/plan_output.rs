//! How a plan is drawn: for people at a terminal, for a pull request or for programs.

use clap::ValueEnum;
use servanda::envelope::GuardedPlan;
use servanda::render;
use servanda::render::markdown::{Budget, Forge};

use crate::process::context::Context;
use crate::process::failure::Failure;

/// The switches that decide how a plan is written; `plan` and `show` take the same.
#[derive(clap::Args)]
pub(crate) struct PlanOutput {
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Whose Markdown and limits to keep to
    #[arg(long, value_enum, default_value_t, value_name = "FORGE")]
    forge: ForgeName,
    /// Which text of a plan with more risks than one comment holds
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    part: u64,
}

/// How a plan is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For a comment on a pull request, within its forge's limit
    Markdown,
    /// For the summary of a GitHub job, within its limit
    Summary,
    /// One page with everything
    Html,
}

/// The forges, as they are typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ForgeName {
    /// GitHub
    #[default]
    Github,
    /// GitLab
    Gitlab,
    /// Gitea and Forgejo
    Gitea,
    /// Bitbucket
    Bitbucket,
}

impl From<ForgeName> for Forge {
    fn from(name: ForgeName) -> Self {
        match name {
            ForgeName::Github => Self::GitHub,
            ForgeName::Gitlab => Self::GitLab,
            ForgeName::Gitea => Self::Gitea,
            ForgeName::Bitbucket => Self::Bitbucket,
        }
    }
}

impl PlanOutput {
    /// The plan as it was asked for.
    pub(crate) fn of(&self, envelope: &GuardedPlan, context: &Context) -> Result<String, Failure> {
        Ok(match self.format {
            Format::Text => render::plan::text(envelope, context.paint()),
            Format::Json => render::json::pretty(envelope),
            Format::Markdown => {
                self.part(render::markdown::comments(envelope, Budget::comment(self.forge.into())))?
            }
            Format::Summary => render::markdown::summary(envelope),
            Format::Html => render::html::page(envelope),
        })
    }

    fn part(&self, texts: Vec<String>) -> Result<String, Failure> {
        let number = texts.len();
        let index = usize::try_from(self.part - 1).unwrap_or(usize::MAX);
        texts.into_iter().nth(index).ok_or_else(|| {
            Failure::usage(format!("there is no part {}", self.part), format!("the plan takes {number}"))
        })
    }
}
