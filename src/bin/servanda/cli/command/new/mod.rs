//! `servanda new`: agreements for one client or many, from a template or from an agreement that exists. What is written
//! is the least that says what differs.

mod build;

use std::path::PathBuf;

use servanda::author::Override;
use servanda::calendar::{Day, Term};

use crate::cli::Global;
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::{EditSession, WriteOptions};

const AFTER_HELP: &str = "\
Examples:
  servanda new                                                     asks for what it needs, on a terminal
  servanda new --template support-standard --client severny-veter --first-day 2027-02-01 --number ДО-2027/003
  servanda new --template support-standard --client uralstal --first-day 2027-01-01 --last-day 2027-12-31 \\
      --service vpn=24x7 --service printing --without email --manager a.sokolov
  servanda new --from severny-veter-2026 --client portovik --first-day 2027-05-01   the same services, period and SLA
  servanda new --template dental-package --clients dent-art,dent-line --first-day 2027-01-01 --set dental-2027
  servanda new --template support-standard --first-day 2027-01-01 --csv clients.csv --dry-run

The table of --csv names its columns in the first row: client, id, number, manager, provider, title, first_day, last_day,
term, open_ended, service.<slug> (yes, no, or a calendar), label.<name>, attribute.<name>. What a row says goes before
what is said here. With a fault in any row nothing is written, and all of them are shown.

Exit codes: 0 written, 1 not possible, 3 the table or the files would be invalid and nothing was written.";

/// Write a new agreement, for one client or many
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The template to extend; several are named one by one, and later ones win
    #[arg(long, value_name = "NAME", conflicts_with = "from")]
    pub(crate) template: Vec<String>,
    /// An agreement to begin from: what it extends, and all that it says beside its client, number and days
    #[arg(long, value_name = "ID")]
    pub(crate) from: Option<String>,
    /// The client
    #[arg(long, value_name = "SLUG", conflicts_with_all = ["clients", "csv"])]
    pub(crate) client: Option<String>,
    /// Several clients, with commas between them
    #[arg(long, value_name = "SLUGS", value_delimiter = ',', conflicts_with = "csv")]
    pub(crate) clients: Vec<String>,
    /// A table of clients
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Write one set of this name in place of a file for each client
    #[arg(long, value_name = "NAME")]
    pub(crate) set: Option<String>,
    /// What the agreement is called; without it by its client and year
    #[arg(long, value_name = "NAME", conflicts_with_all = ["clients", "csv", "set"])]
    pub(crate) id: Option<String>,
    /// The folder below agreements/; without it that of the year, where there are such folders
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<String>,
    #[command(flatten)]
    pub(crate) terms: Terms,
    #[command(flatten)]
    pub(crate) writing: WriteOptions,
}

/// What the agreement says.
#[derive(clap::Args)]
pub(crate) struct Terms {
    /// The first day on which it holds
    #[arg(long, value_name = "DAY", value_parser = value_parsers::day)]
    pub(crate) first_day: Option<Day>,
    /// The last day on which it still holds
    #[arg(long, value_name = "DAY", value_parser = value_parsers::day, conflicts_with_all = ["term", "open_ended"])]
    pub(crate) last_day: Option<Day>,
    /// How long it holds: 1y, 6mo, 90d
    #[arg(long, value_parser = value_parsers::term, conflicts_with = "open_ended")]
    pub(crate) term: Option<Term>,
    /// No end is agreed
    #[arg(long)]
    pub(crate) open_ended: bool,
    /// Its days are not known yet: it is switched on with `servanda activate`
    #[arg(long, conflicts_with = "first_day")]
    by_hand: bool,
    /// The number of the contract
    #[arg(long)]
    number: Option<String>,
    /// Who answers for it, by slug
    #[arg(long, value_name = "SLUG")]
    pub(crate) manager: Option<String>,
    /// Which of our own legal entities it is with, by slug
    #[arg(long, value_name = "SLUG")]
    pub(crate) provider: Option<String>,
    /// What it is called in the helpdesk
    #[arg(long)]
    title: Option<String>,
    /// A service to include, perhaps with hours of its own: vpn, vpn=24x7
    #[arg(long, value_name = "SLUG[=CALENDAR]")]
    pub(crate) service: Vec<String>,
    /// A service of the template to leave out
    #[arg(long, value_name = "SLUG")]
    pub(crate) without: Vec<String>,
    /// The hours of all services that have none of their own
    #[arg(long, value_name = "SLUG")]
    pub(crate) calendar: Option<String>,
    /// Times for a priority, or for a priority of one service: critical=30m/4h, vpn.critical=15m/2h
    #[arg(long, value_name = "PRIORITY=RESPONSE/RESOLUTION")]
    pub(crate) target: Vec<String>,
    /// A label of your own: segment=dental
    #[arg(long, value_name = "NAME=TEXT")]
    label: Vec<String>,
    /// An attribute of the helpdesk, by the name that servanda.yaml gives it: costCenter=0049
    #[arg(long, value_name = "NAME=TEXT")]
    attribute: Vec<String>,
}

/// Writes new agreements.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let mut session = EditSession::survey(None, global, context)?;
    let proposals = build::proposals(&mut session, arguments, context)?;
    session.conclude(proposals, &arguments.writing, context)
}

impl Terms {
    /// What is wished beside the client, in the order of the fields.
    pub(crate) fn wishes(&self) -> Result<Vec<Override>, Failure> {
        let mut wishes = Vec::new();
        let text = |field: &'static str, value: &Option<String>| {
            value.as_ref().map(|value| Override::set(&[field], value.as_str()))
        };
        wishes.extend(text("title", &self.title));
        wishes.extend(text("provider", &self.provider));
        wishes.extend(text("number", &self.number));
        wishes.extend(text("manager", &self.manager));
        wishes.extend(self.first_day.map(|day| Override::set(&["period", "first_day"], day.to_string())));
        wishes.extend(self.last_day.map(|day| Override::set(&["period", "last_day"], day.to_string())));
        wishes.extend(self.term.map(|term| Override::set(&["period", "term"], term.to_string())));
        wishes.extend(self.open_ended.then(|| Override::set(&["period", "open_ended"], true)));
        wishes.extend(self.by_hand.then(|| Override::set(&["activation"], Vec::<String>::new())));
        for service in &self.service {
            wishes.push(match service.split_once('=') {
                Some((slug, calendar)) => Override::set(&["services", slug, "calendar"], calendar),
                None => Override::set(&["services", service], true),
            });
        }
        wishes.extend(self.without.iter().map(|slug| Override::dropped(&["services", slug])));
        wishes.extend(self.calendar.as_ref().map(|slug| Override::set(&["sla", "calendar"], slug.as_str())));
        for target in &self.target {
            wishes.extend(times(target)?);
        }
        for (field, pairs) in [("labels", &self.label), ("attributes", &self.attribute)] {
            for pair in pairs {
                let (name, text) = pair
                    .split_once('=')
                    .ok_or_else(|| Failure::usage(format!("`{pair}` has no `=` in it"), "write NAME=TEXT"))?;
                wishes.push(Override::set(&[field, name], text));
            }
        }
        Ok(wishes)
    }

    /// Whether the agreement is switched on by hand, so that it needs no first day.
    pub(crate) fn is_by_hand(&self) -> bool {
        self.by_hand
    }
}

/// `critical=30m/4h`, or `vpn.critical=15m/2h` for one service. One of the two times may be left out.
fn times(target: &str) -> Result<Vec<Override>, Failure> {
    let misread = || {
        Failure::usage(
            format!("`{target}` is no target"),
            "write PRIORITY=RESPONSE/RESOLUTION, such as critical=30m/4h or vpn.critical=15m/2h",
        )
    };
    let (whose, times) = target.split_once('=').ok_or_else(misread)?;
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
