//! `servanda discover`: reads the helpdesk and proposes the mapping of servanda.yaml.

use servanda::discovery::{DiscoveredMapping, Evidence, MappingLine};
use servanda::render;
use servanda::settings::{HelpdeskConfig, Login, Product};

use crate::cli::options::{Format, HelpdeskOption};
use crate::helpdesk::Explorer as _;
use crate::helpdesk::connect::{self, Connection};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, print_data};
use crate::workspace::load;

const AFTER_HELP: &str = "\
Examples:
  servanda discover                      print the mapping, with evidence
  servanda discover > helpdesk.yaml      the same in a file
  servanda discover --format json        the same for programs

First write `kind`, `url` and the login (`access_key`, or `user` and `password`) under `helpdesk:` in servanda.yaml. \
Nothing is written to the helpdesk. The proposal is best if the helpdesk contains agreements with all attributes filled.";

/// Propose the mapping of servanda.yaml from the helpdesk
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    helpdesk: HelpdeskOption,
    /// The output format: `text` is YAML to paste
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Reads the helpdesk and prints the proposal. Errors in files other than the settings are ignored.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let loaded = load::load(context)?;
    let as_of = context.as_of(None, &loaded.zone())?;
    let mut checked = loaded.check(as_of.instant);
    // Settings with an error could lead to another helpdesk than intended.
    loaded.refuse_errors_in(|path| path == loaded.settings_file.path(), &checked.diagnostics, context)?;
    (checked, _) = arguments.helpdesk.part_of(checked)?;
    let (catalog, zone) = (checked.catalog.clone(), checked.settings.zone.clone());
    let look = async |connection: &Connection| {
        Ok(connection.explorer().discover(&catalog, &zone, as_of.instant).await?)
    };
    let mut proposal = connect::look(&loaded.root, &mut checked, as_of, look)?;
    lead_with(&mut proposal, &checked.settings.helpdesk);
    match arguments.format {
        Format::Text => print_data(&render::discovery::yaml(&proposal))?,
        Format::Json => print_data(&render::json::pretty(&render::json::Versioned::new(&proposal)))?,
    }
    Ok(Exit::Fine)
}

/// Puts in front how the helpdesk was reached, so that all of `helpdesk:` can be pasted.
fn lead_with(proposal: &mut DiscoveredMapping, helpdesk: &HelpdeskConfig) {
    let line = |path: &[&'static str], value: &str| MappingLine {
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
        Product::Bridge { url, token_variable, .. } => {
            let token = token_variable.iter().map(|token| line(&["access_key", "env"], token));
            [line(&["kind"], "http"), line(&["url"], url)].into_iter().chain(token).collect()
        }
    };
    proposal.lines.splice(0..0, given);
}
