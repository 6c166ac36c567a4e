//! How a plan is drawn: for people at a terminal, for a pull request or for programs.

use clap::ValueEnum;
use servanda::render;
use servanda::render::json::PlanEnvelope;
use servanda::render::markdown::{Budget, Forge};

use crate::context::Context;

/// The switches that decide how a plan is written; `plan` and `show` take the same.
#[derive(clap::Args)]
pub(crate) struct Drawing {
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Whose Markdown and limits to keep to
    #[arg(long, value_enum, default_value_t, value_name = "FORGE")]
    forge: ForgeName,
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

impl Drawing {
    /// The plan as it was asked for.
    pub(crate) fn of(&self, envelope: &PlanEnvelope, context: &Context) -> String {
        match self.format {
            Format::Text => render::plan::text(envelope, context.paint()),
            Format::Json => render::json::pretty(envelope),
            Format::Markdown => render::markdown::comment(envelope, Budget::comment(self.forge.into())),
            Format::Summary => render::markdown::comment(envelope, Budget::summary()),
            Format::Html => render::html::page(envelope),
        }
    }
}
