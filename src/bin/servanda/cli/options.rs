//! The switches that several commands share, and the values that they are parsed into.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use servanda::author::{ActivationStep, EditTarget, EffectiveFrom};
use servanda::calendar::{Instant, Lead, Zone};
use servanda::check::CheckedRepository;
use servanda::guard::Acknowledgement;
use servanda::ident::HelpdeskName;
use servanda::render::markdown::Forge;
use servanda::selection::AgreementSelection;
use servanda::settings::Language;
use servanda::status::State;

use crate::cli::value_parsers;
use crate::process::context::{Context, Terminal};
use crate::process::failure::Failure;
use crate::process::logging::LogOptions;
use crate::process::messages::LogFormat;
use crate::reconcile::plan::PlanTerms;
use crate::workspace::change_set::{EditSession, WriteMode};
use crate::workspace::dropped_texts::load_to_check;
use crate::workspace::git;
use crate::workspace::helpdesks::one_helpdesk;
use crate::workspace::load::Workspace;

/// Switches of every command.
#[derive(Args)]
pub(crate) struct GlobalOptions {
    /// The repository; without it, the nearest folder with a servanda.yaml at or above the current one
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    repository: Option<PathBuf>,
    /// Use the settings of this file of the repository instead of servanda.yaml
    #[arg(long, global = true, value_name = "FILE")]
    settings: Option<String>,
    /// Treat warnings as errors
    #[arg(long, global = true)]
    deny_warnings: bool,
    /// Log more on standard error; twice for every request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Print results, errors and questions only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// The format of standard error; times are in UTC
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
    /// Whether to use colours; `auto` follows the terminal and the environment
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: clap::ColorChoice,
    /// Print long output at once instead of page by page
    #[arg(long, global = true)]
    no_pager: bool,
}

impl GlobalOptions {
    /// The options of the log.
    pub(crate) const fn log_options(&self) -> LogOptions {
        LogOptions { verbose: self.verbose, is_quiet: self.quiet, format: self.log_format }
    }

    /// The context with these switches in it.
    pub(crate) fn applied_to(&self, context: Context) -> Context {
        let shows_progress = !self.quiet && self.log_format == LogFormat::Text;
        let terminal = Terminal {
            shows_progress: context.terminal.shows_progress && shows_progress,
            color: self.color,
            pages: context.terminal.pages && !self.no_pager,
            ..context.terminal
        };
        Context {
            repository: self.repository.clone(),
            deny_warnings: self.deny_warnings,
            settings: self.settings.clone(),
            terminal,
            ..context
        }
    }
}

/// The format of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// The format of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For spreadsheets: cells separated by commas, in UTF-8
    Csv,
}

/// The name of a forge.
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

/// The name of a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LanguageName {
    /// Russian
    Ru,
    /// English
    En,
}

impl From<LanguageName> for Language {
    fn from(name: LanguageName) -> Self {
        match name {
            LanguageName::Ru => Self::Russian,
            LanguageName::En => Self::English,
        }
    }
}

/// Switches of the commands that make a plan.
#[derive(Default, Args)]
pub(crate) struct PlanOptions {
    /// Plan as of another day (YYYY-MM-DD) or instant (RFC 3339) than now
    #[arg(long, value_name = "DAY")]
    pub(crate) as_of: Option<String>,
    /// Retire agreements whose files are gone; without it, they are blocked
    #[arg(long)]
    prune: bool,
    /// Acknowledge the exact number that a guard counted: deactivations=6, weakened=1, orphans=2; of one of several helpdesks,
    /// moscow/deactivations=6
    #[arg(long, value_name = "GUARD=N", value_parser = value_parsers::acknowledgement)]
    accept: Vec<Acknowledgement>,
    #[command(flatten)]
    pub(crate) selection: SelectionOptions,
}

impl PlanOptions {
    /// Options with only an instant, for commands that make no plan of their own.
    pub(crate) fn as_of(as_of: Option<&str>) -> Self {
        Self { as_of: as_of.map(str::to_owned), ..Self::default() }
    }

    /// The same options, restricted to some agreements.
    pub(crate) fn restricted_to(self, selection: &SelectionOptions) -> Self {
        Self { selection: selection.clone(), ..self }
    }

    /// Parses the options, with days in the zone of the settings.
    pub(crate) fn terms(&self, zone: &Zone, context: &Context) -> Result<PlanTerms, Failure> {
        let as_of = context.as_of(self.as_of.as_deref(), zone)?;
        let acknowledged = value_parsers::acknowledgements(&self.accept)?;
        Ok(PlanTerms { as_of, prune: self.prune, acknowledged, selection: self.selection.selection() })
    }

    /// Loads and checks the repository at the instant of `--as-of`.
    pub(crate) fn load(&self, context: &Context) -> Result<(Workspace, PlanTerms), Failure> {
        let loaded = load_to_check(context)?;
        let terms = self.terms(&loaded.zone(), context)?;
        let workspace = loaded.into_workspace(terms.as_of.instant, context)?;
        terms.refuse_unknown(&workspace)?;
        Ok((workspace.refuse_empty()?, terms))
    }
}

/// Switches that restrict a command to some agreements.
#[derive(Clone, Default, Args)]
#[command(next_help_heading = "Selection")]
pub(crate) struct SelectionOptions {
    /// Only these agreements; `*` stands for any characters, in all switches of this group
    #[arg(long, value_name = "ID")]
    id: Vec<String>,
    /// Only agreements of this helpdesk, a name of `helpdesks:` in servanda.yaml
    #[arg(long, value_name = "NAME")]
    helpdesk: Vec<String>,
    /// Only agreements of this client
    #[arg(long, value_name = "SLUG")]
    client: Vec<String>,
    /// Only agreements that extend this template, directly or not
    #[arg(long, value_name = "NAME")]
    template: Vec<String>,
    /// Only agreements with this service
    #[arg(long, value_name = "SLUG")]
    service: Vec<String>,
    /// Only agreements of this manager
    #[arg(long, value_name = "SLUG")]
    manager: Vec<String>,
    /// Only agreements of this status: planned, active, suspended, expired, terminated
    #[arg(long, value_name = "STATUS", value_parser = value_parsers::state)]
    status: Vec<State>,
    /// Only agreements with this label
    #[arg(long, value_name = "NAME=TEXT", value_parser = value_parsers::pair)]
    label: Vec<(String, String)>,
    /// Only agreements that end within this time: 60d, 2w, 2mo
    #[arg(long, value_name = "TIME", value_parser = value_parsers::lead)]
    pub(crate) ending_within: Option<Lead>,
}

impl SelectionOptions {
    /// The ids of these switches.
    pub(crate) const IDS: [&'static str; 9] =
        ["id", "helpdesk", "client", "template", "service", "manager", "status", "label", "ending_within"];

    /// The query.
    pub(crate) fn selection(&self) -> AgreementSelection {
        AgreementSelection {
            ids: self.id.clone(),
            helpdesks: self.helpdesk.clone(),
            clients: self.client.clone(),
            templates: self.template.clone(),
            services: self.service.clone(),
            managers: self.manager.clone(),
            statuses: self.status.clone(),
            labels: self.label.iter().cloned().collect(),
            ending_within: self.ending_within,
        }
    }
}

/// The switch of the commands that take the lock.
#[derive(Args)]
pub(crate) struct LockOptions {
    /// The way long to wait for another run to end: 30s, 10m
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = value_parsers::waiting_time)]
    pub(crate) wait_lock: Duration,
}

/// Switches of the commands that send notices.
#[derive(Args)]
pub(crate) struct NotifyOptions {
    /// Create the ledger; notices of earlier events are not sent
    #[arg(long)]
    pub(crate) init_ledger: bool,
    /// Acknowledge the exact number of messages that an edit, and no date, made due
    #[arg(long, value_name = "N")]
    pub(crate) accept_messages: Option<usize>,
    #[command(flatten)]
    pub(crate) lock: LockOptions,
}

/// The switch of the commands that are about one helpdesk.
#[derive(Args)]
pub(crate) struct HelpdeskOption {
    /// The helpdesk, a name of `helpdesks:` in servanda.yaml; needed if there are several
    #[arg(long, value_name = "NAME")]
    pub(crate) helpdesk: Option<String>,
}

impl HelpdeskOption {
    /// The part of a repository in that helpdesk, and its name; `None` if the only one has no name.
    pub(crate) fn part_of(
        &self,
        checked: CheckedRepository,
    ) -> Result<(CheckedRepository, Option<HelpdeskName>), Failure> {
        let name = one_helpdesk(&checked.settings, self.helpdesk.as_deref())?;
        Ok(match name {
            None => (checked, None),
            Some(name) => (checked.in_helpdesk(&name), Some(name)),
        })
    }
}

/// The switch of the commands that write files.
#[derive(Args)]
pub(crate) struct WriteOptions {
    /// Show what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl WriteOptions {
    /// Whether files are written.
    pub(crate) fn mode(&self) -> WriteMode {
        if self.dry_run { WriteMode::DryRun } else { WriteMode::Write }
    }
}

/// The arguments of the commands that change one agreement.
#[derive(Args)]
pub(crate) struct ChangeOptions {
    /// The agreement
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) write: WriteOptions,
}

/// Switches of the commands that append an entry to the `activation` list of an agreement.
#[derive(Args)]
pub(crate) struct EntryOptions {
    /// The day or instant from which the entry holds; without it, today in the agreement's zone
    #[arg(long, value_name = "DAY", value_parser = value_parsers::moment)]
    on: Option<EffectiveFrom>,
    /// The reason, for people who read the file later
    #[arg(long)]
    reason: Option<String>,
    /// Name of the person who decided it [default: the user name of the Git configuration]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl EntryOptions {
    /// The person who decided it: the name that was typed, or that of the Git configuration.
    pub(crate) fn decider(&self, session: &EditSession) -> Option<String> {
        self.by.clone().or_else(|| git::user(&session.loaded.root))
    }

    /// The entry. It holds from today if no day was typed.
    pub(crate) fn entry<'a>(
        &'a self,
        subject: &EditTarget<'_>,
        now: Instant,
        by: Option<&'a str>,
    ) -> ActivationStep<'a> {
        let today = || EffectiveFrom::Day(subject.agreement.zone.day_of(now));
        ActivationStep { on: self.on.unwrap_or_else(today), reason: self.reason.as_deref(), by }
    }
}
