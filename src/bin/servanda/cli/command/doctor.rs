//! `servanda doctor`: everything that a run needs is looked at, and each thing is well or comes with what to do.
//!
//! Nothing is written and nothing is sent: what only a write could tell is said to be untried.

use servanda::agreement::NoticeEvent;
use servanda::calendar::ZONE_DATA;
use servanda::check::CheckedRepository;
use servanda::diagnostic::{Diagnostic, Severity};
use servanda::mapping::{Deactivation, Mapping, RecipientSide};
use servanda::render;
use servanda::render::doctor::{Found, Health};
use servanda::settings::LedgerPlace;

use crate::cli::{Format, Global};
use crate::helpdesk::connect::{self, Connection};
use crate::helpdesk::{Explorer as _, Reader as _};
use crate::ledger;
use crate::notify::channels::Channels;
use crate::notify::delivery::{Dispatcher, people};
use crate::process::context::{AsOf, Context, clock};
use crate::process::failure::{Exit, Failure, tell};
use crate::reconcile::run::CLOCK_TOLERANCE;
use crate::workspace::files;
use crate::workspace::load::{self, LoadedFiles, Workspace};

const AFTER_HELP: &str = "\
Examples:
  servanda doctor                        a line for each thing that a run needs, and what to do
  servanda doctor --format json          the same for programs

Nothing is written and nothing is sent. Exits with 1 where something fails.";

/// Look at everything a run needs, and say what to do about what fails
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Looks at one thing after the other.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let loaded = load::load(global, context)?;
    let as_of = context.as_of(None, &loaded.zone())?;
    let (mut found, workspace) = settle(loaded, as_of);
    if let Some(workspace) = workspace {
        look_around(&workspace, as_of, &mut found)?;
    }
    match arguments.format {
        Format::Text => tell(&render::doctor::text(&found, context.paint()))?,
        Format::Json => tell(&render::json::pretty(&found))?,
    }
    let fails = found.iter().any(|line| line.health == Health::Fails);
    Ok(if fails { Exit::Failure } else { Exit::Fine })
}

/// All that the settings lead to.
fn look_around(workspace: &Workspace, as_of: AsOf, found: &mut Vec<Found>) -> Result<(), Failure> {
    found.push(zone(workspace, as_of));
    connect::runtime()?.block_on(async {
        match connect::open(workspace, as_of).await {
            Err(failure) => found.push(failing("helpdesk", failure)),
            Ok(connection) => {
                if look_at_the_helpdesk(workspace, &connection, found).await {
                    found.push(addresses(workspace, &connection).await);
                }
                connection.close().await;
            }
        }
        look_at_the_memory(workspace, as_of, found).await;
    });
    Ok(())
}

/// What failed, with what helps; where the failure says nothing of that, its settings are what to look at.
fn failing(subject: &'static str, failure: Failure) -> Found {
    let usual = || format!("look at `{subject}:` in servanda.yaml");
    Found::fails(subject, failure.message, Some(failure.help.unwrap_or_else(usual)))
}

/// The files; what is sound of them is looked at further, whatever is wrong with the rest. By settings with a fault
/// another helpdesk would be looked at than is meant, so that nothing is.
fn settle(loaded: LoadedFiles, as_of: AsOf) -> (Vec<Found>, Option<Workspace>) {
    let checked = loaded.examine(as_of.instant);
    let CheckedRepository { settings, catalog, agreements, diagnostics } = checked;
    let summary = render::diagnostics::summary(&diagnostics, loaded.files());
    let summary = summary.trim_end().trim_end_matches('.').to_owned();
    let found = if diagnostics.has_errors() {
        Found::fails("files", summary, Some("`servanda validate` shows each fault with its place".to_owned()))
    } else if diagnostics.count(Severity::Warning) > 0 {
        Found::known("files", summary, "`servanda validate` shows what about")
    } else {
        Found::well("files", format!("{} agreements in {} files", agreements.len(), loaded.files()))
    };
    let is_of_settings = |fault: &&Diagnostic| {
        fault.severity == Severity::Error && loaded.sources.path(fault.place.span.file) == files::SETTINGS
    };
    if let Some(fault) = diagnostics.iter().find(is_of_settings) {
        let place = loaded.sources.position(fault.place.span);
        let said = format!("{}:{}:{}: {}", place.path, place.line, place.column, fault.message);
        let help = fault.help.clone().unwrap_or_else(|| "`servanda validate` draws it".to_owned());
        return (vec![found, Found::fails("settings", said, Some(help))], None);
    }
    let workspace = Workspace {
        root: loaded.root,
        commit: None,
        digest: String::new(),
        settings,
        catalog,
        agreements,
        base: None,
    };
    (vec![found], Some(workspace))
}

fn zone(workspace: &Workspace, as_of: AsOf) -> Found {
    let zone = &workspace.settings.zone;
    let today = zone.day_of(as_of.instant);
    Found::well("zone", format!("{}, where it is {today}; zone data {ZONE_DATA}", zone.name()))
}

/// The helpdesk; whether it answers, so that more can be asked of it.
async fn look_at_the_helpdesk(
    workspace: &Workspace,
    connection: &Connection,
    found: &mut Vec<Found>,
) -> bool {
    let mapping = &workspace.settings.helpdesk.mapping;
    match connection.explorer().unreadable(mapping).await {
        Err(error) => {
            found.push(failing("helpdesk", Failure::from(error)));
            return false;
        }
        Ok(unreadable) => {
            found.push(Found::well("helpdesk", format!("{} answers, and takes the key", connection.name())));
            found.push(may_plan(&unreadable));
        }
    }
    found.push(may_apply(mapping));
    found.push(clocks(workspace, connection));
    true
}

fn may_plan(unreadable: &[(String, String)]) -> Found {
    if unreadable.is_empty() {
        return Found::well("plan", "the key may read all that a plan is made from");
    }
    let missing: Vec<String> = unreadable.iter().map(|(class, why)| format!("`{class}`: {why}")).collect();
    let help = "give the employee behind the key the right to read it, or mend the mapping; `servanda discover` proposes one";
    Found::fails("plan", missing.join("; "), Some(help.to_owned()))
}

/// What an apply needs cannot be tried without writing, so that it is listed.
fn may_apply(mapping: &Mapping) -> Found {
    let mut needs = vec![format!("create and edit `{}`", mapping.class)];
    needs.extend(
        mapping.holds_targets_with_services().then(|| "create and edit what holds its targets".to_owned()),
    );
    needs.extend(mapping.rules.as_ref().map(|rules| format!("create, edit and archive `{}`", rules.class)));
    if mapping.recipients.side == RecipientSide::Recipient {
        needs.push(format!("edit `{}` of recipients", mapping.recipients.recipient_attribute));
    }
    if mapping.deactivate == Deactivation::Archive {
        needs.push("archive agreements".to_owned());
    }
    Found::known(
        "apply",
        format!("untried, since only writing would tell; an apply must {}", needs.join(", ")),
        "compare this with the rights of the employee behind the key; a key that only reads is enough for plans",
    )
}

fn clocks(workspace: &Workspace, connection: &Connection) -> Found {
    if workspace.settings.helpdesk.rehearsal {
        return Found::well("clock", "the helpdesk is for rehearsals, where any day may be lived through");
    }
    let Some(theirs) = connection.server_clock() else {
        return Found::known(
            "clock",
            "the helpdesk tells no time",
            "see to it that this machine keeps its clock by NTP",
        );
    };
    let apart = theirs.duration_since(clock());
    if apart.abs() <= CLOCK_TOLERANCE {
        return Found::well(
            "clock",
            format!("this machine and the helpdesk are {} s apart", apart.as_secs().abs()),
        );
    }
    let said = format!("this machine and the helpdesk are {} min apart", apart.as_secs().abs() / 60);
    Found::fails("clock", said, Some("set the clock; by one that is wrong nothing is written".to_owned()))
}

/// The ledger, its witness, and the ways to people.
async fn look_at_the_memory(workspace: &Workspace, as_of: AsOf, found: &mut Vec<Found>) {
    match Channels::open(&workspace.settings, &workspace.root) {
        Err(failure) => found.push(failing("mail", failure)),
        Ok(channels) => {
            found.push(ledger_is_trusted(workspace, &channels, as_of).await);
            found.push(mail(&channels).await);
        }
    }
    if workspace.settings.ledger.witness.is_none() && has_notices(workspace) {
        found.push(Found::known(
            "witness",
            "a ledger that is put back to an older state would not be noticed, and notices would come twice",
            "name a text attribute of the helpdesk under `ledger.witness`, in which each run is noted",
        ));
    }
}

fn has_notices(workspace: &Workspace) -> bool {
    workspace.agreements.iter().any(|agreement| !agreement.notices.events.is_empty())
}

async fn ledger_is_trusted(workspace: &Workspace, channels: &Channels, as_of: AsOf) -> Found {
    let place = match &workspace.settings.ledger.place {
        LedgerPlace::Git { remote, branch } => format!("the branch {branch} of {remote}"),
        LedgerPlace::File(_) => "a file of this machine".to_owned(),
        LedgerPlace::Postgres(_) => "a database".to_owned(),
        LedgerPlace::Variable(name) => format!("what {name} says"),
    };
    let book = ledger::open(workspace);
    match book.begun().await {
        Err(error) => failing("ledger", Failure::from(error)),
        Ok(None) => Found::known(
            "ledger",
            format!("{place} can be read, and has no beginning yet"),
            "the first run says `servanda run --init-ledger`: what is past by then is not told",
        ),
        Ok(Some(_)) => {
            let trusted = match Dispatcher::new(workspace, channels, as_of.instant) {
                Ok(bulletin) => bulletin.trust(&book).await,
                Err(failure) => Err(failure),
            };
            match trusted {
                Ok(()) => Found::well("ledger", format!("{place} is whole, and of this secret")),
                Err(failure) => failing("ledger", failure),
            }
        }
    }
}

async fn mail(channels: &Channels) -> Found {
    match channels.try_mail().await {
        None => Found::known("mail", "no mail goes out", "write `mail:` in servanda.yaml, where people are to be told"),
        Some(Ok(place)) => Found::well("mail", format!("{place} takes mail; none was sent")),
        Some(Err(why)) => Found::fails(
            "mail",
            why,
            Some("look at `mail.url` and the variable that it names, and whether this machine may reach the server".to_owned()),
        ),
    }
}

/// Whether everybody of the helpdesk who may be told has an address there.
async fn addresses(workspace: &Workspace, connection: &Connection) -> Found {
    if !has_notices(workspace) {
        return Found::known(
            "notices",
            "nobody is told of anything",
            format!(
                "write `notices:` in a template; there are {}",
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
        let said = match people.len() {
            0 => "everybody who is told has an address in the files".to_owned(),
            1 => "the one person of the helpdesk who is told has an address there".to_owned(),
            people => format!("all {people} people of the helpdesk who are told have an address there"),
        };
        return Found::well("notices", said);
    }
    Found::fails(
        "notices",
        format!("these people have no address in the helpdesk: {}", without.join(", ")),
        Some("give them one there, or write `email:` in catalog.yaml".to_owned()),
    )
}
