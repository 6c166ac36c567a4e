//! `servanda discover`: looks at a helpdesk, read-only, and proposes how servanda.yaml describes it.

use servanda::check::CheckedRepository;
use servanda::discovery::{DiscoveredMapping, Evidence, Line};
use servanda::render;
use servanda::settings::{HelpdeskConfig, Login, Product};

use crate::cli::{Format, Global};
use crate::helpdesk::Explorer as _;
use crate::helpdesk::connect::{self, Connection};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, tell};
use crate::workspace::files;
use crate::workspace::load;

const AFTER_HELP: &str = "\
Examples:
  servanda discover                      what to write under `helpdesk:`, with the evidence for each line
  servanda discover > helpdesk.yaml      keep it in a file, to compare and paste
  servanda discover --format json        the same for programs

Before: write `kind`, `url` and the login (`access_key`, or `user` and `password`) under `helpdesk:` in servanda.yaml. Nothing is written to the helpdesk.
Agreements made by hand with all their attributes filled tell the most.";

/// Propose how servanda.yaml describes the helpdesk, from a look at it
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// How to write it: `text` is YAML to paste
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Looks around and prints the proposal. Faults of other files do not matter here.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let loaded = load::load(global, context)?;
    let as_of = context.as_of(None, &loaded.zone())?;
    let checked = loaded.examine(as_of.instant);
    // By settings with a fault another helpdesk would be looked at than is meant.
    loaded.refuse_faults_of(&[files::SETTINGS], &checked.diagnostics, context)?;
    let CheckedRepository { settings, catalog, .. } = &checked;
    let look = async |connection: &Connection| {
        Ok(connection.explorer().discover(catalog, &settings.zone, as_of.instant).await?)
    };
    let mut proposal = connect::look(&loaded.root, &checked, as_of, look)?;
    lead_with(&mut proposal, &settings.helpdesk);
    match arguments.format {
        Format::Text => tell(&render::discovery::yaml(&proposal))?,
        Format::Json => tell(&render::json::pretty(&proposal))?,
    }
    Ok(Exit::Fine)
}

/// Puts in front how the helpdesk was reached, so that all of `helpdesk:` can be pasted.
fn lead_with(proposal: &mut DiscoveredMapping, helpdesk: &HelpdeskConfig) {
    let line = |path: &[&'static str], value: &str| Line {
        path: path.to_vec(),
        value: value.into(),
        evidence: Evidence::Given,
    };
    let given = match &helpdesk.kind {
        Product::Sandbox => vec![line(&["kind"], "sandbox")],
        Product::Itop { url, login, .. } => {
            let mut given = vec![line(&["kind"], "itop"), line(&["url"], url)];
            match login {
                Login::Token(token) => given.push(line(&["access_key", "env"], token)),
                Login::Password { user, password } => {
                    given.extend([line(&["user", "env"], user), line(&["password", "env"], password)]);
                }
            }
            given
        }
        Product::Itsm365 { url, access_key_variable, .. } => vec![
            line(&["kind"], "itsm365"),
            line(&["url"], url),
            line(&["access_key", "env"], access_key_variable),
        ],
    };
    proposal.lines.splice(0..0, given);
}
