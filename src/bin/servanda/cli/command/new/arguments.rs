//! The arguments of `servanda new`.

use std::path::PathBuf;

use servanda::author::Override;
use servanda::calendar::{Day, Term};

use crate::cli::options::WriteOptions;
use crate::cli::value_parsers;
use crate::process::failure::Failure;

const AFTER_HELP: &str = "\
Examples:
  servanda new                          ask for the values, on a terminal
  servanda new --template support-standard --client severny-veter \\
      --first-day 2027-02-01 --number ДО-2027/003
  servanda new --template support-standard --client uralstal \\
      --first-day 2027-01-01 --last-day 2027-12-31 --manager a.sokolov \\
      --service vpn=24x7 --service printing --without email
  servanda new --template support-standard --first-day 2027-02-01 \\
      --client dent-novy --client-title 'ООО «Новый дент»' \\
      --client-contact main=office@novy.example   adds the client to the catalog
  servanda new --from severny-veter-2026 --client portovik \\
      --first-day 2027-05-01            with the same services, period and SLA
  servanda new --template dental-package --clients dent-art,dent-line \\
      --first-day 2027-01-01 --set dental-2027
  servanda new --template support-standard --first-day 2027-01-01 \\
      --csv clients.csv --dry-run

The table of --csv names its columns in the first row: client, client_title, client_email, id, number, manager, provider, \
title, first_day, last_day, term, open_ended, service.<name> (yes, no, or a calendar), label.<name>, attribute.<name>, or \
their Russian names. It may be saved by Excel in any form of CSV, with days such as 01.02.2027 and exact titles in place of \
slugs. A client of which only client_title is known is added to catalog.yaml. The values of a row override the switches. \
With an error in any row nothing is written, and each row shows all that is wrong in it.

Exit codes: 0 written, 1 refused, 3 the table or the resulting files would be invalid, and nothing was written.";

/// Write a new agreement, for one client or many
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The template to extend; repeat it for several, of which later ones win
    #[arg(long, value_name = "NAME", conflicts_with = "from")]
    pub(super) template: Vec<String>,
    /// The agreement to copy: what it extends and all its values, except client, number and days
    #[arg(long, value_name = "ID")]
    pub(super) from: Option<String>,
    /// The client
    #[arg(long, value_name = "SLUG", conflicts_with_all = ["clients", "csv"])]
    pub(super) client: Option<String>,
    /// The exact name of a new client in the helpdesk, which is added to the catalog as `--client`
    #[arg(long, value_name = "TITLE", requires = "client")]
    pub(super) client_title: Option<String>,
    /// The id of the new client in the helpdesk; without it, the client is found by its title
    #[arg(long, value_name = "OBJECT", requires = "client_title")]
    pub(super) client_helpdesk: Option<String>,
    /// A contact of the new client, by an address or by the id of a person in the helpdesk: main=office@client.example
    #[arg(long, value_name = "NAME=ADDRESS", requires = "client_title", value_parser = value_parsers::pair)]
    pub(super) client_contact: Vec<(String, String)>,
    /// Several clients, separated by commas
    #[arg(long, value_name = "SLUGS", value_delimiter = ',', conflicts_with = "csv")]
    pub(super) clients: Vec<String>,
    /// A table of clients
    #[arg(long, value_name = "FILE")]
    pub(super) csv: Option<PathBuf>,
    /// Write one set of this name instead of one file for each client
    #[arg(long, value_name = "NAME")]
    pub(super) set: Option<String>,
    /// The id of the agreement; without it, the client and the year
    #[arg(long, value_name = "NAME", conflicts_with_all = ["clients", "csv", "set"])]
    pub(super) id: Option<String>,
    /// The folder below agreements/; without it, that of the year if there are such folders
    #[arg(long, value_name = "DIR")]
    pub(super) folder: Option<String>,
    #[command(flatten)]
    pub(super) terms: AgreementOptions,
    #[command(flatten)]
    pub(super) write: WriteOptions,
}

/// The switches for the values of an agreement.
#[derive(clap::Args)]
pub(super) struct AgreementOptions {
    /// The first day
    #[arg(long, value_name = "DAY", value_parser = value_parsers::day)]
    pub(super) first_day: Option<Day>,
    /// The last day, inclusive
    #[arg(long, value_name = "DAY", value_parser = value_parsers::day, conflicts_with_all = ["term", "open_ended"])]
    last_day: Option<Day>,
    /// The length of the period: 1y, 6mo, 90d
    #[arg(long, value_parser = value_parsers::term, conflicts_with = "open_ended")]
    term: Option<Term>,
    /// No last day
    #[arg(long)]
    open_ended: bool,
    /// No days yet: `servanda activate` activates the agreement
    #[arg(long, conflicts_with = "first_day")]
    pub(super) by_hand: bool,
    /// The number of the contract
    #[arg(long)]
    number: Option<String>,
    /// The account manager
    #[arg(long, value_name = "SLUG")]
    pub(super) manager: Option<String>,
    /// The legal entity of the service provider
    #[arg(long, value_name = "SLUG")]
    pub(super) provider: Option<String>,
    /// The title in the helpdesk
    #[arg(long)]
    title: Option<String>,
    /// A service to include, optionally with its own calendar: vpn, vpn=24x7
    #[arg(long, value_name = "SLUG[=CALENDAR]")]
    pub(super) service: Vec<String>,
    /// A service of the template to exclude
    #[arg(long, value_name = "SLUG")]
    pub(super) without: Vec<String>,
    /// The calendar of all services that have none of their own
    #[arg(long, value_name = "SLUG")]
    pub(super) calendar: Option<String>,
    /// The targets of a priority, or of a priority of one service: critical=30m/4h, vpn.critical=15m/2h
    #[arg(long, value_name = "PRIORITY=RESPONSE/RESOLUTION")]
    target: Vec<String>,
    /// A label: segment=dental
    #[arg(long, value_name = "NAME=TEXT")]
    label: Vec<String>,
    /// An attribute of the helpdesk, by its name in servanda.yaml: costCenter=0049
    #[arg(long, value_name = "NAME=TEXT")]
    attribute: Vec<String>,
}

impl AgreementOptions {
    /// The values that were set, in the order of the fields.
    pub(super) fn overrides(&self) -> Result<Vec<Override>, Failure> {
        let mut overrides = Vec::new();
        let text = |field: &'static str, value: &Option<String>| {
            value.as_ref().map(|value| Override::set(&[field], value.as_str()))
        };
        overrides.extend(text("title", &self.title));
        overrides.extend(text("provider", &self.provider));
        overrides.extend(text("number", &self.number));
        overrides.extend(text("manager", &self.manager));
        overrides.extend(self.first_day.map(|day| Override::set(&["period", "first_day"], day.to_string())));
        overrides.extend(self.last_day.map(|day| Override::set(&["period", "last_day"], day.to_string())));
        overrides.extend(self.term.map(|term| Override::set(&["period", "term"], term.to_string())));
        overrides.extend(self.open_ended.then(|| Override::set(&["period", "open_ended"], true)));
        overrides.extend(self.by_hand.then(|| Override::set(&["activation"], Vec::<String>::new())));
        for service in &self.service {
            overrides.push(match service.split_once('=') {
                Some((slug, calendar)) => Override::set(&["services", slug, "calendar"], calendar),
                None => Override::set(&["services", service], true),
            });
        }
        overrides.extend(self.without.iter().map(|slug| Override::dropped(&["services", slug])));
        overrides
            .extend(self.calendar.as_ref().map(|slug| Override::set(&["sla", "calendar"], slug.as_str())));
        for target in &self.target {
            overrides.extend(targets(target)?);
        }
        for (field, pairs) in [("labels", &self.label), ("attributes", &self.attribute)] {
            for pair in pairs {
                let (name, text) = pair
                    .split_once('=')
                    .ok_or_else(|| Failure::usage(format!("no `=` in `{pair}`"), "write NAME=TEXT"))?;
                overrides.push(Override::set(&[field, name], text));
            }
        }
        Ok(overrides)
    }
}

/// Parses `critical=30m/4h`, or `vpn.critical=15m/2h` for one service. One of the two times may be omitted.
fn targets(text: &str) -> Result<Vec<Override>, Failure> {
    let misread = || {
        Failure::usage(
            format!("`{text}` is not a target"),
            "write PRIORITY=RESPONSE/RESOLUTION, such as critical=30m/4h or vpn.critical=15m/2h",
        )
    };
    let (whose, times) = text.split_once('=').ok_or_else(misread)?;
    let (response, resolution) = times.split_once('/').ok_or_else(misread)?;
    let path = |leaf: &'static str| match whose.split_once('.') {
        Some((service, priority)) => vec!["services", service, "targets", priority, leaf],
        None => vec!["sla", "targets", whose, leaf],
    };
    let times = [("response", response.trim()), ("resolution", resolution.trim())];
    Ok(times
        .iter()
        .filter(|(_, time)| !time.is_empty())
        .map(|(leaf, time)| Override::set(&path(leaf), *time))
        .collect())
}
