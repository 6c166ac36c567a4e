//! A year of agreements through the same pipeline as in every run: files, plan, apply, and an empty plan after it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value as Json;
use servanda::bridge::{Call, Capability, Description, DirectoryItem};
use servanda::calendar::read_instant;
use servanda::diagnostic::Severity;
use servanda::envelope::GuardedPlan;
use servanda::guard::Acknowledgements;
use servanda::helpdesks::HelpdeskPlans;
use servanda::live::ObjectKind;
use servanda::outcome::ChangeResult;
use servanda::plan::{Change, Plan};
use servanda::selection::AgreementSelection;

use super::probe::{Flaw, Probe, Subject};
use super::reads::walk;
use super::sample::Sample;
use super::table::{DAYS, ROWS, Row, on};
use crate::helpdesk::connect;
use crate::process::context::{AsOf, Context};
use crate::process::failure::{Exit, Failure};
use crate::process::shutdown::{self, Stop};
use crate::reconcile::apply::Progress;
use crate::reconcile::audience::Audience;
use crate::reconcile::plan::PlanTerms;
use crate::reconcile::run::Reconciliation;
use crate::workspace::files::{self, Content, File};
use crate::workspace::load::LoadedFiles;
use crate::workspace::settings_file::SettingsFile;

const TEMPLATE: &str = "provider: acme
services: { email: true, vpn: true }
sla: { targets: { critical: { response: 30m, resolution: 4h }, normal: { response: 4h, resolution: 16h } } }
manager: petrova
";

/// The repository of the table, in memory but for the ledger.
struct Estate<'a> {
    subject: &'a Subject<'a>,
    description: &'a Description,
    sample: &'a Sample,
    context: &'a Context,
    rows: Vec<&'static Row>,
    prefix: String,
    root: PathBuf,
}

/// The rows that are tried: all, or every fifth.
pub(super) fn rows(is_quick: bool) -> Vec<&'static Row> {
    let rows = ROWS.iter().enumerate().filter(|(number, row)| {
        // A renewal needs the agreement that it renews.
        !is_quick || number % 5 == 0 || row.id.starts_with("renew")
    });
    rows.map(|(_, row)| row).collect()
}

/// Reconciles on each day of the year, and compares every row with the table.
pub(super) async fn live_through(
    subject: &Subject<'_>,
    description: &Description,
    sample: &Sample,
    context: &Context,
) -> Result<(), Flaw> {
    let name = context.run_name();
    let unique: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let estate = Estate {
        subject,
        description,
        sample,
        context,
        rows: rows(subject.is_quick),
        prefix: format!("c{}:", &unique[unique.len() - 8..]),
        root: std::env::temp_dir().join(format!("servanda-conformance-{unique}")),
    };
    let probe = Probe::new(subject.url, subject.token.clone(), name)
        .map_err(|error| Flaw::without_exchange(error.to_string()))?;
    std::fs::create_dir(&estate.root)
        .map_err(|error| Flaw::without_exchange(Failure::file(&estate.root, &error).message))?;
    let mut result = Ok(());
    for day in DAYS {
        result = Box::pin(estate.live(day, &probe)).await;
        if result.is_err() {
            break;
        }
    }
    if let Err(error) = std::fs::remove_dir_all(&estate.root) {
        tracing::warn!("cannot remove {}: {error}", estate.root.display());
    }
    result
}

fn of_run(failure: Failure) -> Flaw {
    Flaw { why: failure.message, exchange: failure.help }
}

impl Estate<'_> {
    async fn live(&self, day: &str, probe: &Probe) -> Result<(), Flaw> {
        Box::pin(self.reconcile(day)).await?;
        let again = Box::pin(self.reconcile(day)).await?;
        if let Some(change) = again.changes.first() {
            let why = format!("{day}: the plan after the apply is not empty: {}", change.id);
            let exchange = change.fields.iter().map(|field| {
                format!("`{}` is {:?}, and {:?} was written", field.field, field.before, field.after)
            });
            let exchange = exchange.collect::<Vec<_>>().join("; ");
            return Err(Flaw { why, exchange: Some(exchange) });
        }
        let seen = self.seen(probe).await?;
        for row in &self.rows {
            let expected = on(row.holds, day).flatten();
            let expected = expected.map(|(state, offered)| {
                (self.description.states.of(state).to_owned(), self.offered(offered))
            });
            let found = seen.get(&format!("{}{}", self.prefix, row.id)).cloned();
            if found != expected {
                let why = format!("{day} {}: {found:?} is found, and {expected:?} was expected", row.id);
                return Err(probe.flaw(why));
            }
        }
        Ok(())
    }

    fn has_offers(&self) -> bool {
        self.description.can(Capability::Offers)
    }

    fn offered(&self, slugs: &[&str]) -> BTreeSet<String> {
        let slugs = ["email", "printing", "vpn"]
            .into_iter()
            .zip(self.sample.of_kind(ObjectKind::Service))
            .filter(|(slug, _)| slugs.contains(slug));
        if self.has_offers() { slugs.map(|(_, item)| item.id.clone()).collect() } else { BTreeSet::new() }
    }

    /// The state of each agreement, and the services that it offers, by its ownership key.
    async fn seen(&self, probe: &Probe) -> Result<BTreeMap<String, (String, BTreeSet<String>)>, Flaw> {
        let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
        let seen = walk(probe, Call::Agreements, 500).await?.into_iter().map(|agreement| {
            let offers = agreement["offers"].as_array().into_iter().flatten().filter(|_| self.has_offers());
            (text(&agreement["key"]), (text(&agreement["state"]), offers.map(text).collect()))
        });
        Ok(seen.collect())
    }

    fn files(&self, day: &str) -> Vec<File> {
        let file = |path: &str, text: String| File {
            path: path.to_owned(),
            content: Content::Bytes(text.into_bytes()),
        };
        let token = self.subject.token_variable;
        let token = token.map_or_else(String::new, |name| format!(", access_key: {{ env: {name} }}"));
        let settings = format!(
            "timezone: Europe/Moscow\nguards: {{ deactivations: {{ more_than: 100 }}, weakened: 100, ended: 100, orphans: 100 }}\n\
             helpdesk: {{ kind: http, url: \"{}\", private_network: true, rehearsal: true, search_lag: 1s, agreement: {{ key: {{ prefix: \"{}\" }} }}{token} }}\n",
            self.subject.url, self.prefix,
        );
        let mut all = vec![
            file(files::SETTINGS, settings),
            file("templates/standard.yaml", TEMPLATE.to_owned()),
            file("catalog.yaml", self.catalog()),
        ];
        for row in &self.rows {
            if let Some(text) = on(row.files, day).flatten() {
                let client =
                    if text.starts_with("client:") { String::new() } else { format!("client: {}\n", row.id) };
                let text = format!("extends: standard\n{client}{text}\n");
                all.push(file(&format!("agreements/{}.yaml", row.id), text));
            }
        }
        all
    }

    /// Slugs for objects of the helpdesk.
    fn catalog(&self) -> String {
        let mut text = String::new();
        let slugs: Vec<&str> = self.rows.iter().map(|row| row.id).collect();
        let mut list = |list: &str, slugs: &[&str], kind: ObjectKind| {
            let none = DirectoryItem {
                kind,
                id: String::new(),
                title: String::new(),
                code: None,
                archived: false,
                within: None,
            };
            let items = self.sample.of_kind(kind).iter().chain(std::iter::repeat(&none));
            writeln!(text, "{list}:").expect("a string takes all that is written");
            for (slug, item) in slugs.iter().zip(items) {
                let id = if item.id.is_empty() {
                    String::new()
                } else {
                    format!(", helpdesk: {}", Json::from(item.id.as_str()))
                };
                let title = Json::from(if item.id.is_empty() { *slug } else { item.title.as_str() });
                writeln!(text, "  {slug}: {{ title: {title}{id} }}")
                    .expect("a string takes all that is written");
            }
        };
        list("clients", &slugs, ObjectKind::Unit);
        list("services", &["email", "printing", "vpn"], ObjectKind::Service);
        list("managers", &["petrova", "sokolov"], ObjectKind::Person);
        list("providers", &["acme"], ObjectKind::Unit);
        list("priorities", &["critical", "normal"], ObjectKind::Priority);
        text
    }

    async fn reconcile(&self, day: &str) -> Result<Plan, Flaw> {
        let noon = format!("{day}T09:00:00Z");
        let as_of = AsOf { instant: read_instant(&noon).expect("a day of the table"), is_asked: true };
        let loaded = LoadedFiles::of(self.root.clone(), self.files(day), SettingsFile::default());
        let checked = loaded.check(as_of.instant);
        if let Some(fault) = checked.diagnostics.iter().find(|fault| fault.severity == Severity::Error) {
            return Err(Flaw::without_exchange(format!(
                "{day}: the files of the table are wrong: {}",
                fault.message
            )));
        }
        let mut workspace = loaded.workspace(checked);
        let connection = connect::open(&mut workspace, as_of).await.map_err(of_run)?;
        let terms = PlanTerms {
            as_of,
            prune: false,
            acknowledged: Acknowledgements::new(),
            selection: AgreementSelection::default(),
        };
        let mut reconciliation =
            Reconciliation::new(&workspace, &connection, &terms, self.context.run_name(), &Unattended);
        let reconciled = reconciliation.run(None).await.map_err(of_run)?;
        if reconciled.exit == Exit::Fine {
            return Ok(reconciled.guarded.plan);
        }
        let is_wrong = |result: &&(_, &ChangeResult)| !matches!(result.1, ChangeResult::Done { .. });
        let results: Vec<_> = reconciled.outcome.results.iter().collect();
        let wrong = results.iter().find(is_wrong).map(|(id, result)| format!("{id}: {result:?}"));
        let wrong = wrong.or_else(|| Some(format!("{:?}", reconciled.guarded.plan.blocked.first()?)));
        Err(Flaw { why: format!("{day}: not everything is applied"), exchange: wrong })
    }
}

/// Confirms everything and prints nothing.
struct Unattended;

impl Progress for Unattended {
    fn begin(&mut self, _: &Change) {}
    fn wait(&mut self, _: &Change, _: servanda::calendar::Instant) {}
    fn end(&mut self, _: &Change, _: &ChangeResult) {}
}

impl Audience for Unattended {
    fn show(&self, _: &GuardedPlan) -> Result<(), Failure> {
        Ok(())
    }

    fn show_all(&self, _: &HelpdeskPlans) -> Result<(), Failure> {
        Ok(())
    }

    fn confirm_all(&self, _: &HelpdeskPlans) -> Result<(), Failure> {
        Ok(())
    }

    fn confirm(&self, _: &Plan) -> Result<(), Failure> {
        Ok(())
    }

    fn inform(&self, text: &str) {
        tracing::info!("{text}");
    }

    fn lock_timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn progress(&self, _: usize) -> impl Progress {
        Self
    }

    fn listen(&self) -> Stop {
        shutdown::listen()
    }
}
