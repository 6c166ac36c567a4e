//! Renders a plan for a terminal, a pull request or a program.

use clap::ValueEnum;
use servanda::envelope::GuardedPlan;
use servanda::helpdesks::HelpdeskPlans;
use servanda::render;
use servanda::render::helpdesks;
use servanda::render::markdown::Budget;
use servanda::settings::Language;

use crate::cli::options::{ForgeName, LanguageName};
use crate::forge::ci_job::CiJob;
use crate::process::context::Context;
use crate::process::failure::Failure;

/// The switches of `plan` and `show` that select the output.
#[derive(clap::Args)]
pub(crate) struct PlanOutput {
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: PlanFormat,
    /// The forge whose Markdown and limits apply
    #[arg(long, value_enum, default_value_t, value_name = "FORGE")]
    forge: ForgeName,
    /// Show each change by itself, also where many are alike
    #[arg(long)]
    expand: bool,
    /// The part to print, of a plan with more risks than one comment holds
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    part: u64,
    /// The language of text, Markdown and page; without it, that of servanda.yaml
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    language: Option<LanguageName>,
}

/// The output format of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum PlanFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For a comment on a pull request, within the limit of the forge
    Markdown,
    /// For the summary of a GitHub job, within its limit
    Summary,
    /// One page with everything
    Html,
}

impl PlanOutput {
    /// Renders the plan in the selected format.
    pub(crate) fn render(&self, envelope: &GuardedPlan, context: &Context) -> Result<String, Failure> {
        if let Some(language) = self.language.map(Language::from)
            && language != envelope.plan.header.language
            && self.format != PlanFormat::Json
        {
            let mut translated = envelope.clone();
            translated.plan.header.language = language;
            return self.render(&translated, context);
        }
        let links = CiJob::of_environment().links(None);
        Ok(match self.format {
            PlanFormat::Text if self.expand => render::plan::expanded(envelope, context.paint()),
            PlanFormat::Text => render::plan::text(envelope, context.paint()),
            PlanFormat::Json => render::json::pretty(envelope),
            PlanFormat::Markdown => {
                self.part(render::markdown::comments(envelope, Budget::comment(self.forge.into()), &links))?
            }
            PlanFormat::Summary => render::markdown::summary(envelope, &links),
            PlanFormat::Html => render::html::page(envelope, &links),
        })
    }

    /// Renders the plans of several helpdesks in the selected format.
    pub(crate) fn render_all(&self, plans: &HelpdeskPlans, context: &Context) -> Result<String, Failure> {
        let translated = self.language.map(|language| helpdesks::translated(plans, language.into()));
        let plans = translated.as_ref().filter(|_| self.format != PlanFormat::Json).unwrap_or(plans);
        let (links, paint) = (CiJob::of_environment().links(None), context.paint());
        Ok(match self.format {
            PlanFormat::Text if self.expand => helpdesks::text(plans, paint, render::plan::expanded),
            PlanFormat::Text => helpdesks::text(plans, paint, render::plan::text),
            PlanFormat::Json => render::json::pretty(plans),
            PlanFormat::Markdown => {
                self.part(helpdesks::comments(plans, Budget::comment(self.forge.into()), &links))?
            }
            PlanFormat::Summary => helpdesks::comments(plans, Budget::summary(), &links).concat(),
            PlanFormat::Html => helpdesks::page(plans, &links),
        })
    }

    fn part(&self, texts: Vec<String>) -> Result<String, Failure> {
        let number = texts.len();
        let index = usize::try_from(self.part - 1).unwrap_or(usize::MAX);
        texts.into_iter().nth(index).ok_or_else(|| {
            Failure::usage(
                format!("part {} does not exist", self.part),
                format!("pass a number up to {number}"),
            )
        })
    }
}
