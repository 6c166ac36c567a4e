//! `servanda doctor`: checks everything that a run needs, with a help for each thing that fails.
//!
//! Nothing is written to the helpdesk and nothing is sent: what only a write could show is reported as untested. On the
//! branch of a ledger, one commit is pushed that changes nothing.

mod checkout;
mod proxy;
mod push;
mod mail;

use std::collections::BTreeMap;

use servanda::agreement::NoticeEvent;
use servanda::calendar::ZONE_DATA;
use servanda::check::CheckedRepository;
use servanda::diagnostic::{Diagnostic, Severity};
use servanda::ident::HelpdeskName;
use servanda::mapping::{Deactivation, Mapping, RecipientSide};
use servanda::render;
use servanda::render::doctor::{CheckStatus, DoctorCheck};
use servanda::selection::AgreementSelection;
use servanda::settings::{LedgerPlace, LedgerWitness, Product};

use crate::cli::options::Format;
use crate::helpdesk::connect::{self, Connection};
use crate::helpdesk::{Explorer as _, Reader as _};
use crate::ledger::records::{KeyRecord, MissingKey};
use crate::ledger::{self, LedgerRecords, NoticeLedger};
use crate::notify::channels::Channels;
use crate::notify::delivery::{Dispatcher, people};
use crate::process::context::{AsOf, CLOCK_TOLERANCE, Context, clock};
use crate::process::failure::{Exit, Failure, print_data};
use crate::process::runtime::runtime;
use crate::reconcile::apply::key_settings;
use crate::workspace::load::{self, LoadedFiles, Workspace};

const AFTER_HELP: &str = "\
Examples:
  servanda doctor                        check files, helpdesk, ledger and mail
  servanda doctor --format json          the same for programs
  servanda doctor --no-push              push nothing to the ledger

Nothing is written to the helpdesk and nothing is sent. If the ledger is on a Git branch, one commit that changes nothing \
is pushed to it, since only a push shows whether a rule of the server refuses pushes.

Exit codes: 0 no check failed, 1 a check failed.";

/// Check everything that a run needs
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Push nothing to the branch of the ledger
    #[arg(long)]
    no_push: bool,
    /// Only this helpdesk, a name of `helpdesks:` in servanda.yaml
    #[arg(long, value_name = "NAME")]
    helpdesk: Vec<String>,
}

/// Checks one thing after the other.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let loaded = load::load(context)?;
    let as_of = context.as_of(None, &loaded.zone())?;
    let (mut found, workspace) = check_files(loaded, as_of);
    if let Some(workspace) = workspace {
        let helpdesks = arguments.helpdesk.clone();
        let selection = AgreementSelection { helpdesks, ..AgreementSelection::default() };
        check_surroundings(workspace, &selection, as_of, !arguments.no_push, &mut found)?;
    }
    match arguments.format {
        Format::Text => print_data(&render::doctor::text(&found, context.paint()))?,
        Format::Json => print_data(&render::json::pretty(&render::doctor::json(&found)))?,
    }
    let fails = found.iter().any(|line| line.status == CheckStatus::Failed);
    Ok(if fails { Exit::Failure } else { Exit::Fine })
}

/// Checks everything that the settings name: each helpdesk, then what all of them share.
fn check_surroundings(
    workspace: Workspace,
    selection: &AgreementSelection,
    as_of: AsOf,
    may_push: bool,
    found: &mut Vec<DoctorCheck>,
) -> Result<(), Failure> {
    found.push(zone(&workspace, as_of));
    let mut workspaces = workspace.by_helpdesk(selection)?;
    runtime()?.block_on(async {
        let named = |workspace: &Workspace, own: Vec<DoctorCheck>| {
            let name = workspace.settings.helpdesk.name.clone();
            let named = own.into_iter().map(move |check| match &name {
                Some(name) => check.of_helpdesk(name),
                None => check,
            });
            named.collect::<Vec<_>>()
        };
        let of_settings = workspaces.helpdesks.iter();
        found.extend(of_settings.flat_map(|workspace| named(workspace, settings(workspace).collect())));
        found.extend(checkout::check(&workspaces.whole().root).await);
        let mut connections = Vec::new();
        for workspace in &mut workspaces.helpdesks {
            let name = workspace.settings.helpdesk.name.clone();
            let mut own = Vec::new();
            own.extend(proxy::check(&workspace.settings.helpdesk.kind).await);
            let connection = connected(workspace, as_of, &mut own).await;
            found.extend(named(workspace, own));
            connections.extend(connection.map(|connection| (name, connection)));
        }
        check_ledger_and_mail(workspaces.whole(), as_of, may_push, &connections, found).await;
        for (_, connection) in connections {
            connection.close().await;
        }
    });
    Ok(())
}

/// Checks one helpdesk, and returns the connection if it answers.
async fn connected(
    workspace: &mut Workspace,
    as_of: AsOf,
    found: &mut Vec<DoctorCheck>,
) -> Option<Connection> {
    let connection = match connect::open(workspace, as_of).await {
        Err(failure) => {
            found.push(failing("helpdesk", failure));
            return None;
        }
        Ok(connection) => connection,
    };
    if check_helpdesk(workspace, &connection, found).await {
        found.push(addresses(workspace, &connection).await);
        return Some(connection);
    }
    connection.close().await;
    None
}

/// The line of a failure. Without a help of its own, it refers to the settings.
fn failing(subject: &'static str, failure: Failure) -> DoctorCheck {
    let settings = || format!("check `{subject}:` in servanda.yaml");
    DoctorCheck::failed(subject, failure.message, Some(failure.help.unwrap_or_else(settings)))
}

/// Checks the files. Errors in them do not stop the other checks, except errors in the settings: these could lead to
/// another helpdesk than intended.
fn check_files(loaded: LoadedFiles, as_of: AsOf) -> (Vec<DoctorCheck>, Option<Workspace>) {
    let checked = loaded.check(as_of.instant);
    let CheckedRepository { settings, catalog, agreements, diagnostics } = checked;
    let summary = render::diagnostics::summary(&diagnostics, loaded.files());
    let summary = summary.trim_end().trim_end_matches('.').to_owned();
    let found = if diagnostics.has_errors() {
        DoctorCheck::failed(
            "files",
            summary,
            Some("run `servanda validate` to see each error with its position".to_owned()),
        )
    } else if diagnostics.count(Severity::Warning) > 0 {
        DoctorCheck::warning("files", summary, "run `servanda validate` to see the warnings")
    } else {
        DoctorCheck::ok("files", format!("{} agreements in {} files", agreements.len(), loaded.files()))
    };
    let is_of_settings = |fault: &&Diagnostic| {
        fault.severity == Severity::Error
            && loaded.sources.path(fault.place.span.file) == loaded.settings_file.path()
            && !loaded.awaits_the_catalog(fault)
    };
    if let Some(fault) = diagnostics.iter().find(is_of_settings) {
        let place = loaded.sources.position(fault.place.span);
        let message = format!("{}:{}:{}: {}", place.path, place.line, place.column, fault.message);
        let help = fault.help.as_deref().unwrap_or("run `servanda validate` to see it").to_owned();
        return (vec![found, DoctorCheck::failed("settings", message, Some(help))], None);
    }
    let workspace = loaded.workspace(CheckedRepository { settings, catalog, agreements, diagnostics });
    (vec![found], Some(workspace))
}

fn zone(workspace: &Workspace, as_of: AsOf) -> DoctorCheck {
    let zone = &workspace.settings.zone;
    let today = zone.day_of(as_of.instant);
    DoctorCheck::ok("zone", format!("{}, where today is {today}; time zone data {ZONE_DATA}", zone.name()))
}

/// Lists the settings in effect that differ from one kind of helpdesk to another, in a line for each map.
fn settings(workspace: &Workspace) -> impl Iterator<Item = DoctorCheck> {
    let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (key, value) in workspace.settings.helpdesk.described() {
        let (map, key) = key.split_once('.').unwrap_or(("settings", key));
        lines.entry(map).or_default().push(format!("{key}: {value}"));
    }
    lines.into_iter().map(|(map, settings)| DoctorCheck::ok(map, settings.join("; ")))
}

/// Checks the helpdesk. Returns whether it answers, so that more can be checked.
async fn check_helpdesk(
    workspace: &Workspace,
    connection: &Connection,
    found: &mut Vec<DoctorCheck>,
) -> bool {
    let mapping = &workspace.settings.helpdesk.mapping;
    match connection.explorer().unreadable(mapping).await {
        Err(error) => {
            found.push(failing("helpdesk", Failure::from(error)));
            return false;
        }
        Ok(unreadable) => {
            found.push(DoctorCheck::ok(
                "helpdesk",
                format!("{} answers, and accepts the credentials", connection.name()),
            ));
            found.push(may_plan(&unreadable));
        }
    }
    found.push(may_apply(mapping));
    found.push(clocks(workspace, connection));
    true
}

fn may_plan(unreadable: &[(String, String)]) -> DoctorCheck {
    if unreadable.is_empty() {
        return DoctorCheck::ok("plan", "the credentials may read everything that a plan needs");
    }
    let missing: Vec<String> = unreadable.iter().map(|(class, why)| format!("`{class}`: {why}")).collect();
    let help = "give the employee behind the key the right to read it, or correct the mapping; `servanda discover` proposes one";
    DoctorCheck::failed("plan", missing.join("; "), Some(help.to_owned()))
}

/// Lists the rights that an apply needs: they cannot be tested without writing.
fn may_apply(mapping: &Mapping) -> DoctorCheck {
    let mut needs = vec![format!("create and edit `{}`", mapping.class)];
    needs.extend(
        mapping
            .holds_targets_with_services()
            .then(|| "create and edit the objects of its targets".to_owned()),
    );
    needs.extend(mapping.rules.as_ref().map(|rules| format!("create, edit and archive `{}`", rules.class)));
    if mapping.recipients.side == RecipientSide::Recipient {
        needs.push(format!("edit `{}` of recipients", mapping.recipients.recipient_attribute));
    }
    if mapping.deactivate == Deactivation::Archive {
        needs.push("archive agreements".to_owned());
    }
    DoctorCheck::warning(
        "apply",
        format!("untested, as it would write; an apply must {}", needs.join(", ")),
        "compare this with the rights of the employee behind the key; for plans, a read-only key suffices",
    )
}

fn clocks(workspace: &Workspace, connection: &Connection) -> DoctorCheck {
    if workspace.settings.helpdesk.rehearsal {
        return DoctorCheck::ok("clock", "not compared, since the helpdesk is a rehearsal");
    }
    let Some(theirs) = connection.server_clock() else {
        return DoctorCheck::warning(
            "clock",
            "the helpdesk does not report its time",
            "synchronise the clock of this machine by NTP",
        );
    };
    let apart = theirs.duration_since(clock());
    if apart.abs() <= CLOCK_TOLERANCE {
        return DoctorCheck::ok(
            "clock",
            format!("this machine and the helpdesk are {} s apart", apart.as_secs().abs()),
        );
    }
    let message = format!("this machine and the helpdesk are {} min apart", apart.as_secs().abs() / 60);
    DoctorCheck::failed(
        "clock",
        message,
        Some("set the clock; nothing is written while it is wrong".to_owned()),
    )
}

/// Checks the ledger, its witness, and the mail server.
async fn check_ledger_and_mail(
    workspace: &Workspace,
    as_of: AsOf,
    may_push: bool,
    connections: &[(Option<HelpdeskName>, Connection)],
    found: &mut Vec<DoctorCheck>,
) {
    match Channels::open(&workspace.settings, &workspace.root) {
        Err(failure) => found.push(failing("mail", failure)),
        Ok(channels) => {
            let records = ledger::open(workspace);
            let (of_notices, helpdesk, ledger) = match ledger::of_notices(&records, &workspace.settings).await
            {
                Ok(NoticeLedger { records, helpdesk, .. }) => {
                    let ledger = ledger_is_trusted(workspace, &channels, &records, as_of).await;
                    (records, helpdesk, ledger)
                }
                Err(failure) => {
                    let default = workspace.settings.default_helpdesk.clone();
                    (ledger::open(workspace), default, failing("ledger", failure))
                }
            };
            let connection = connections.iter().find(|(name, _)| *name == helpdesk);
            let connection = connection.map(|(_, connection)| connection);
            let is_readable = ledger.status != CheckStatus::Failed;
            found.push(ledger);
            if is_readable {
                let is_branch = matches!(workspace.settings.ledger.place, LedgerPlace::Git { .. });
                found.extend(if may_push { push::check(&records).await } else { push::untested(is_branch) });
            }
            found.extend(ownership_key(workspace, &records).await);
            found.extend(machines(workspace));
            found.extend(witness(workspace, &channels, &of_notices, as_of, connection).await);
            found.push(mail::check(workspace, &channels).await);
        }
    }
}

/// Warns about a ledger that other machines do not see. The embedded helpdesk is on this machine as well.
fn machines(workspace: &Workspace) -> Option<DoctorCheck> {
    let is_local = matches!(workspace.settings.ledger.place, LedgerPlace::File(_));
    let is_shared = !matches!(workspace.settings.helpdesk.kind, Product::Sandbox);
    (is_local && is_shared).then(|| {
        DoctorCheck::warning(
            "machines",
            "the ledger is a file of this machine: another machine sees neither its lock nor its notices, and would create and send everything once more",
            "run on this machine only, or set `ledger.at` to a branch or a database that all machines share",
        )
    })
}

/// Reads the witness of the ledger, if the settings name one.
async fn witness(
    workspace: &Workspace,
    channels: &Channels,
    records: &LedgerRecords,
    as_of: AsOf,
    connection: Option<&Connection>,
) -> Option<DoctorCheck> {
    let Some(LedgerWitness { object, attribute }) = &workspace.settings.ledger.witness else {
        return has_notices(workspace).then(|| {
            DoctorCheck::warning(
                "witness",
                "a ledger restored from a backup would not be detected, and notices could be sent twice",
                "name a text attribute of the helpdesk under `ledger.witness`, in which runs record their names",
            )
        });
    };
    let connection = connection?;
    let checked = match Dispatcher::new(workspace, channels, as_of.instant) {
        Ok(dispatcher) => dispatcher.check_witness(records, connection).await,
        Err(failure) => Err(failure),
    };
    Some(match checked {
        Ok(()) => DoctorCheck::ok(
            "witness",
            format!("`{attribute}` of {object} names a run of this ledger, or none"),
        ),
        Err(failure) => failing("witness", failure),
    })
}

fn has_notices(workspace: &Workspace) -> bool {
    workspace.agreements.iter().any(|agreement| !agreement.notices.events.is_empty())
}

async fn ledger_is_trusted(
    workspace: &Workspace,
    channels: &Channels,
    records: &LedgerRecords,
    as_of: AsOf,
) -> DoctorCheck {
    let place = match &workspace.settings.ledger.place {
        LedgerPlace::Git { remote, branch } => format!("the branch {branch} of {remote}"),
        LedgerPlace::File(_) => "a file of this machine".to_owned(),
        LedgerPlace::Postgres(_) => "a database".to_owned(),
        LedgerPlace::Variable(name) => format!("the database of {name}"),
    };
    match records.begun().await {
        Err(error) => failing("ledger", Failure::from(error)),
        Ok(None) => DoctorCheck::warning(
            "ledger",
            format!("{place} can be read, and does not exist yet"),
            "make the first run with `servanda run --init-ledger`; notices of earlier events are not sent",
        ),
        Ok(Some(_)) => {
            let trusted = match Dispatcher::new(workspace, channels, as_of.instant) {
                Ok(dispatcher) => dispatcher.verify(records).await,
                Err(failure) => Err(failure),
            };
            match trusted {
                Ok(()) => {
                    DoctorCheck::ok("ledger", format!("{place} is intact, and signed with this secret"))
                }
                Err(failure) => failing("ledger", failure),
            }
        }
    }
}

/// Reports what the creation of an object has shown about the ownership key, as the ledger remembers it.
async fn ownership_key(workspace: &Workspace, records: &LedgerRecords) -> Option<DoctorCheck> {
    let mapping = &workspace.settings.helpdesk.mapping;
    let attribute = &mapping.key.attribute;
    // The check of the ledger reports an error.
    let record = records.key_record().await.ok()?;
    let record = record.filter(|record| record.settings == key_settings(mapping));
    Some(match record {
        None => DoctorCheck::warning(
            "key",
            format!("untested, whether the helpdesk keeps ownership keys in `{attribute}`"),
            "nothing to do: the next apply creates one object alone, and no other if its key is not kept",
        ),
        Some(KeyRecord { missing: None, at, .. }) => {
            DoctorCheck::ok("key", format!("the helpdesk kept the ownership key in `{attribute}` at {at}"))
        }
        Some(KeyRecord { missing: Some(missing), .. }) => {
            let MissingKey { agreement, object, stored } = missing;
            let key = mapping.ownership_key(&agreement);
            let help = format!(
                "name a free text attribute under `helpdesk.agreement.key` in servanda.yaml; or, if the helpdesk was \
                 corrected, write `{key}` into `{attribute}` of {object} by hand: the next apply sees it"
            );
            let message = format!(
                "key-not-kept: {object} stores `{stored}` in `{attribute}` in place of `{key}`; nothing is created"
            );
            DoctorCheck::failed("key", message, Some(help))
        }
    })
}

/// Checks that everybody in the helpdesk who receives notices has an address there.
async fn addresses(workspace: &Workspace, connection: &Connection) -> DoctorCheck {
    if !has_notices(workspace) {
        return DoctorCheck::warning(
            "notices",
            "no agreement has notices",
            format!(
                "write `notices:` in a template; the events are {}",
                NoticeEvent::ALL.map(NoticeEvent::as_str).join(", ")
            ),
        );
    }
    let people = people(workspace);
    let known = match connection.reader().addresses(&people).await {
        Ok(known) => known,
        Err(error) => return failing("notices", Failure::from(error)),
    };
    let without: Vec<&str> =
        people.iter().filter(|person| !known.contains_key(*person)).map(|person| person.as_str()).collect();
    if without.is_empty() {
        let message = match people.len() {
            0 => "all recipients have an address in the files".to_owned(),
            1 => "the one recipient in the helpdesk has an address there".to_owned(),
            people => format!("all {people} recipients in the helpdesk have an address there"),
        };
        return DoctorCheck::ok("notices", message);
    }
    DoctorCheck::failed(
        "notices",
        format!("recipients without an address in the helpdesk: {}", without.join(", ")),
        Some("give them one there, or write `email:` in catalog.yaml".to_owned()),
    )
}
