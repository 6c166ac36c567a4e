//! Numbers become a repository of any size, for benches and for trying things out: the same numbers write
//! the same bytes on every machine.
//!
//! `cargo run --release --example generate -- --agreements 10000 DIR`
//!
//! What it writes has no fault, and shows every status around 2026-09-01. It knows no clock and no schema.
#![expect(clippy::disallowed_methods, reason = "an example that writes a repository to disk")]

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser as _;

/// Write a repository of agreements, the same for the same numbers
#[derive(clap::Parser)]
struct Arguments {
    /// How many agreements, one a file
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    agreements: u64,
    /// Another seed writes another repository
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many clients share them; by default one for every four agreements, and at most 2,500
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    clients: Option<u64>,
    /// How many contacts each client has in the catalog
    #[arg(long, default_value_t = 0)]
    contacts: u64,
    /// How many departments each client has in the catalog
    #[arg(long, default_value_t = 0)]
    departments: u64,
    /// How many agreements follow each other, where the client has services enough
    #[arg(long, default_value_t = CHAIN, value_parser = clap::value_parser!(u64).range(1..))]
    chain: u64,
    /// Only agreements that end by their days, so that each can be renewed; one a chain is what fits to it
    #[arg(long)]
    ending: bool,
    /// The folder to write to, which must be empty or absent
    folder: PathBuf,
}

/// How many clients one file of the catalog holds.
const CLIENTS_SHELF: u64 = 2_500;
/// How many files a folder holds.
const SHELF: u64 = 500;
/// How many agreements follow each other by default.
const CHAIN: u64 = 3;
/// How many agreements one client can have before chains of them would reach back by centuries.
const SHARE_LIMIT: u64 = 800;

/// What clients ask for, three by three; each bundle is a template of its own.
const BUNDLES: [[&str; 3]; 8] = [
    ["workstations", "email", "vpn"],
    ["servers", "network", "storage"],
    ["printing", "telephony", "video"],
    ["accounting", "payroll", "archive"],
    ["website", "shop", "domains"],
    ["backup", "monitoring", "security"],
    ["wiki", "tracker", "builds"],
    ["tills", "cameras", "access-cards"],
];
const ZONES: [&str; 4] = ["Europe/Moscow", "Asia/Vladivostok", "Asia/Almaty", "Europe/Berlin"];
/// The hours in which they are helped.
const CALENDARS: [(&str, &str); 3] = [
    ("office-9x5", "mon-fri: [09:00-13:00, 14:00-18:00]"),
    ("office-8x5", "mon-fri: 09:00-17:00"),
    ("extended-12x6", "mon-sat: 08:00-20:00"),
];
const MANAGERS: [&str; 4] = ["i.petrova", "a.sokolov", "d.kim", "m.weber"];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match write_all(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err((path, error)) => {
            // Where even this cannot be written, the exit code is all that is left to say.
            let _ = writeln!(io::stderr(), "{}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}

/// A file or folder, and what went wrong with it.
type Failed = (PathBuf, io::Error);

fn write_all(arguments: &Arguments) -> Result<(), Failed> {
    let root = &arguments.folder;
    match fs::read_dir(root).map(|mut entries| entries.next()) {
        Ok(Some(_)) => return Err((root.clone(), io::Error::other("the folder is not empty"))),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err((root.clone(), error)),
        Ok(None) | Err(_) => {}
    }
    let usual = (arguments.agreements / 4).clamp(1, CLIENTS_SHELF);
    let clients = arguments.clients.unwrap_or(usual).min(arguments.agreements);
    if arguments.agreements > clients * SHARE_LIMIT {
        let message =
            format!("a client cannot have more than {SHARE_LIMIT} agreements; ask for more --clients");
        return Err((root.clone(), io::Error::other(message)));
    }
    write(
        &root.join("servanda.yaml"),
        "timezone: Europe/Moscow\nlanguage: en\nnotices: { at: \"09:00\" }\n",
    )?;
    for (path, text) in catalog(clients, arguments) {
        write(&root.join(path), &text)?;
    }
    for (name, text) in templates() {
        write(&root.join("templates").join(format!("{name}.yaml")), &text)?;
    }
    for (name, week) in CALENDARS {
        let text = format!(
            "week: {{ {week} }}\nexceptions: {{ 2026-05-01: closed, 2027-01-01/2027-01-08: closed }}\n"
        );
        write(&root.join("calendars").join(format!("{name}.yaml")), &text)?;
    }
    let mut random = Random(arguments.seed);
    let mut bundles: Vec<(u64, [&str; 3])> = (0..).zip(BUNDLES).collect();
    let mut written = 0;
    for (client, zone) in (0..clients).zip(ZONES.into_iter().cycle()) {
        let share = arguments.agreements / clients + u64::from(client < arguments.agreements % clients);
        let chains = share.div_ceil(arguments.chain).min(BUNDLES.len() as u64);
        // Clients begin with different bundles, so that none is left over.
        bundles.rotate_left(1);
        for (number, &(bundle, services)) in (0..chains).zip(&bundles) {
            let length = share / chains + u64::from(number < share % chains);
            let place = Place { client, bundle, zone, services };
            for mut agreement in chain(&place, length, &mut random) {
                if arguments.ending && agreement.result != ChangeResult::Suspended {
                    agreement.result = ChangeResult::Plain;
                }
                let path = format!("agreements/{:04}/{}.yaml", written / SHELF, agreement.id());
                write(&root.join(path), &agreement.text(&mut random))?;
                written += 1;
            }
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failed> {
    let failed = |error| (path.to_path_buf(), error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}

/// `SplitMix64` of Steele, Lea and Flood (2014): a few lines, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// A place in a list of this length.
    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("below the length of a list")
    }

    fn pick<'list>(&mut self, list: &[&'list str]) -> &'list str {
        list[self.index(list.len())]
    }
}

/// A day of a month that every month has, so that terms add up without a clamp.
#[derive(Clone, Copy)]
struct Day {
    /// Months since the year 0.
    month: u64,
    /// From 1 to 28.
    day: u64,
}

impl Day {
    fn after_months(self, months: u64) -> Self {
        Self { month: self.month + months, ..self }
    }

    /// The day before, as text.
    fn eve(self) -> String {
        if self.day > 1 {
            return Self { day: self.day - 1, ..self }.to_string();
        }
        let month = self.month - 1;
        let year = month / 12;
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month % 12 {
            1 => 28 + u64::from(leap),
            3 | 5 | 8 | 10 => 30,
            _ => 31,
        };
        Self { month, day: days }.to_string()
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.month / 12, self.month % 12 + 1, self.day)
    }
}

/// September 2026, around which every status is to be seen.
const MIDDLE: u64 = 2026 * 12 + 8;

/// Where a chain of agreements belongs: one client, one bundle of services. Chains have no service in common.
struct Place {
    client: u64,
    bundle: u64,
    /// One zone a client, so that its agreements follow each other without a gap.
    zone: &'static str,
    services: [&'static str; 3],
}

/// One agreement of a chain.
struct Agreement<'chain> {
    place: &'chain Place,
    /// How many come before it.
    position: u64,
    first_day: Day,
    /// How many months it runs.
    months: u64,
    result: ChangeResult,
    /// Whether it says which agreement it follows.
    renews: bool,
}

/// What happens to an agreement beside its days.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ChangeResult {
    /// Nothing.
    Plain,
    /// It rests for a month.
    Suspended,
    /// It rests until somebody says otherwise.
    Resting,
    /// It ends before its time.
    Terminated,
    /// It is switched on, and perhaps off, by hand.
    ByHand,
    /// It rolls on by itself.
    Rolling,
    /// It has no end.
    Open,
}

/// Agreements that follow each other without a gap, of which most often one holds in the middle of it all.
fn chain<'chain>(place: &'chain Place, length: u64, random: &mut Random) -> Vec<Agreement<'chain>> {
    let terms: Vec<u64> = (0..length).map(|_| [6, 12, 12, 24][random.index(4)]).collect();
    // Some chains are over by then, and some have not begun.
    let passed = 1 + random.below(terms.iter().sum::<u64>() + 6);
    let mut first_day = Day { month: MIDDLE + 3 - passed, day: 1 + random.below(28) };
    let mut agreements: Vec<Agreement<'chain>> = Vec::new();
    for (months, position) in terms.into_iter().zip(0..) {
        let is_last = position + 1 == length;
        let result = match random.below(24) {
            0..=3 => ChangeResult::Suspended,
            4 | 5 => ChangeResult::Terminated,
            6 | 7 => ChangeResult::ByHand,
            // What goes on without an end leaves no room for a successor.
            8..=10 if is_last => ChangeResult::Rolling,
            11 if is_last => ChangeResult::Open,
            12 if is_last => ChangeResult::Resting,
            _ => ChangeResult::Plain,
        };
        let keeps_days = |result| !matches!(result, ChangeResult::Terminated | ChangeResult::ByHand);
        let renews = agreements.last().is_some_and(|last| keeps_days(last.result) && keeps_days(result));
        agreements.push(Agreement { place, position, first_day, months, result, renews });
        first_day = first_day.after_months(months);
    }
    agreements
}

impl Agreement<'_> {
    fn id(&self) -> String {
        self.id_at(self.position)
    }

    fn id_at(&self, position: u64) -> String {
        format!("client-{:04}-{:02}-{position:02}", self.place.client, self.place.bundle)
    }

    fn text(&self, random: &mut Random) -> String {
        let (Place { client, bundle, .. }, position) = (self.place, self.position);
        let year = self.first_day.month / 12;
        let level = random.pick(&["standard", "standard", "premium"]);
        let mut lines = vec![
            format!("# Contract of {year} with client {client:04}, as signed; changes go by pull request."),
            format!("extends: [{level}, bundle-{bundle:02}]"),
            format!("client: client-{client:04}"),
            format!("number: \"{year}/{client:04}.{bundle:02}.{position:02}\""),
            format!("manager: {}", random.pick(&MANAGERS)),
        ];
        if self.renews {
            lines.push(format!("renews: {}", self.id_at(position - 1)));
        }
        lines.extend(self.period(random));
        lines.extend(self.result(random));
        lines.extend(self.services(random));
        lines.extend([
            "contacts:".to_owned(),
            format!("  main: {{ email: \"head@client{client}.example\" }}"),
            format!("  deputy: {{ email: \"deputy@client{client}.example\" }}"),
            format!("labels: {{ region: r{}, segment: s{} }}", random.below(9), random.below(9)),
        ]);
        lines.join("\n") + "\n"
    }

    fn period(&self, random: &mut Random) -> Vec<String> {
        let end = self.first_day.after_months(self.months);
        vec![
            "period:".to_owned(),
            format!("  first_day: {}", self.first_day),
            match self.result {
                ChangeResult::Open => "  open_ended: true".to_owned(),
                _ if random.below(3) == 0 => {
                    format!("  last_day: {}         # as in the contract", end.eve())
                }
                _ => format!("  term: {}mo", self.months),
            },
            format!("  timezone: {}", self.place.zone),
        ]
    }

    fn result(&self, random: &mut Random) -> Vec<String> {
        let half = self.months / 2;
        // A day in the later half, at least a month before the end.
        let later = self.first_day.after_months(half + random.below(half));
        let text = match self.result {
            ChangeResult::Plain | ChangeResult::Open => return Vec::new(),
            ChangeResult::Suspended => format!(
                "suspensions:\n  - from: {later}\n    until: {}\n    reason: \"moving to another office\"",
                later.after_months(1).eve()
            ),
            ChangeResult::Resting => {
                format!("suspensions:\n  - from: {later}\n    reason: \"invoice not paid\"")
            }
            ChangeResult::Terminated => {
                format!("termination:\n  last_day: {later}\n  reason: \"notice by the client\"")
            }
            ChangeResult::Rolling => "renewal:\n  mode: auto\n  term: 1y\n  max_terms: 3".to_owned(),
            ChangeResult::ByHand => {
                let by = random.pick(&MANAGERS);
                let step =
                    |status: &str, on: Day| format!("\n  - {{ status: {status}, on: {on}, by: {by} }}");
                let last = match random.below(4) {
                    0 => step("suspended", later),
                    1 => step("ended", later),
                    _ => String::new(),
                };
                let first = step("planned", self.first_day) + &step("active", self.first_day.after_months(1));
                format!("activation:{first}{last}")
            }
        };
        vec![text]
    }

    /// Something of its own for each service of the bundle; one may be left out, all along the chain.
    fn services(&self, random: &mut Random) -> Vec<String> {
        let [first, second, third] = self.place.services;
        let is_dropped = (self.place.client + self.place.bundle).is_multiple_of(3);
        let second_terms = if is_dropped { "false               # not wanted" } else { "{ calendar: 24x7 }" };
        let third_hours = random.pick(&["office-8x5", "extended-12x6"]);
        let minutes = random.pick(&["10m", "20m", "25m", "40m"]);
        let hours = random.pick(&["3h", "5h", "6h", "7h"]);
        let days = 3 + random.below(2);
        vec![
            "services:".to_owned(),
            format!("  {first}:"),
            "    calendar: extended-12x6".to_owned(),
            "    targets:".to_owned(),
            format!("      critical: {{ response: {minutes}, resolution: {hours} }}"),
            format!("      high: {{ response: 50m, resolution: {days} business days }}"),
            format!("  {second}: {second_terms}"),
            format!("  {third}:"),
            format!("    calendar: {third_hours}"),
            "sla:".to_owned(),
            "  targets:".to_owned(),
            "    normal:".to_owned(),
            format!("      response: {hours}"),
            format!("      resolution: {days} business days"),
        ]
    }
}

/// The files of the catalog: one, or further ones where there are many clients.
fn catalog(clients: u64, arguments: &Arguments) -> Vec<(String, String)> {
    let client = |number| client(number, arguments.contacts, arguments.departments);
    let of = |clients: std::ops::Range<u64>| -> Vec<String> {
        std::iter::once("clients:".to_owned()).chain(clients.map(client)).collect()
    };
    let mut lines = if clients <= CLIENTS_SHELF { of(0..clients) } else { Vec::new() };
    let mut list = |name: &str, class: &str, first: u64, slugs: &[&str]| {
        lines.push(format!("{name}:"));
        let entry = |(slug, number): (&&str, u64)| {
            format!("  {slug}: {{ title: \"{slug}\", helpdesk: {class}${number} }}")
        };
        lines.extend(slugs.iter().zip(first..).map(entry));
    };
    list("services", "slmService", 605_001, BUNDLES.as_flattened());
    list("managers", "employee", 101, &MANAGERS);
    list("calendars", "servicetime", 37_001, &["office-9x5", "office-8x5", "extended-12x6", "24x7"]);
    list("priorities", "priority", 1, &["critical", "high", "normal", "low"]);
    let mut files = vec![("catalog.yaml".to_owned(), lines.join("\n") + "\n")];
    let shelves = if clients <= CLIENTS_SHELF { 0 } else { clients.div_ceil(CLIENTS_SHELF) };
    files.extend((0..shelves).map(|shelf| {
        let first = shelf * CLIENTS_SHELF;
        let text = of(first..clients.min(first + CLIENTS_SHELF)).join("\n") + "\n";
        (format!("catalog/clients/{shelf:02}.yaml"), text)
    }));
    files
}

/// The entry of a client.
fn client(number: u64, contacts: u64, departments: u64) -> String {
    let mut line =
        format!("  client-{number:04}: {{ title: \"Клиент № {number:04}\", helpdesk: ou${}", 10_000 + number);
    let mut list = |name: &str, count: u64, entry: &dyn Fn(u64) -> String| {
        let entries: Vec<String> = (1..=count).map(entry).collect();
        if !entries.is_empty() {
            write!(line, ", {name}: {{ {} }}", entries.join(", "))
                .expect("a string takes all that is written");
        }
    };
    list("contacts", contacts, &|contact| {
        format!("contact-{contact}: {{ email: \"person{contact}@client{number}.example\" }}")
    });
    list("departments", departments, &|department| {
        let object = 1_000_000 + number * departments + department;
        format!("department-{department}: {{ title: \"Отдел {department}\", helpdesk: ou${object} }}")
    });
    line + " }"
}

/// Templates by name. A level extends another; a bundle only names services, so that each agreement extends one of either.
fn templates() -> Vec<(String, String)> {
    let base = "\
renewal: { mode: manual, notice_period: 30d }
notices:
  activated: { to: [client, manager] }
  deactivated: { to: [client, manager] }
  expiring: { before: [60d, 30d, 7d, 1d], to: [client, manager] }
";
    let standard = "\
extends: base
sla:
  calendar: office-9x5
  targets:
    critical: { response: 30m, resolution: 4h }
    high: { response: 1h, resolution: 8h }
    normal: { response: 4h, resolution: 2 business days }
    low: { response: 8h, resolution: 5 business days }
locked: [sla.targets.low]
";
    let premium = "\
extends: standard
sla:
  targets:
    critical: { response: 15m, resolution: 2h }
    high: { response: 30m, resolution: 4h }
";
    let levels = [("base", base), ("standard", standard), ("premium", premium)];
    let levels = levels.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let bundles = BUNDLES.iter().zip(0..).map(|(services, bundle)| {
        let all = services.map(|service| format!("{service}: true")).join(", ");
        (format!("bundle-{bundle:02}"), format!("services: {{ {all} }}\n"))
    });
    levels.into_iter().chain(bundles).collect()
}
