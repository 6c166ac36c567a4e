//! Writes a repository of any size, always the same for the same numbers: for benches, and to try things on.
//!
//! `cargo run --release --example generate -- --agreements 10000 DIR`
#![expect(clippy::disallowed_methods, reason = "an example that writes files")]

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser as _;

/// Write a seeded repository of agreements
#[derive(clap::Parser)]
struct Arguments {
    /// How many agreements, one a file
    #[arg(long, default_value_t = 1000)]
    agreements: u64,
    /// Another seed writes another repository
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder, which must be empty or absent
    folder: PathBuf,
}

const SERVICES: [&str; 12] = [
    "workstations",
    "servers",
    "network",
    "printing",
    "email",
    "vpn",
    "telephony",
    "accounting",
    "backup",
    "video",
    "wiki",
    "storage",
];
const MANAGERS: u64 = 8;
/// The files of one folder.
const SHELF: u64 = 500;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match write_all(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err((path, error)) => {
            // The path is what helps most, so it comes first.
            let _ = io::Write::write_all(
                &mut io::stderr(),
                format!("{}: {error}\n", path.display()).as_bytes(),
            );
            ExitCode::FAILURE
        }
    }
}

type Failed = (PathBuf, io::Error);

fn write_all(arguments: &Arguments) -> Result<(), Failed> {
    let root = &arguments.folder;
    let occupied = fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some());
    if occupied {
        let error = io::Error::new(io::ErrorKind::AlreadyExists, "the folder is not empty");
        return Err((root.clone(), error));
    }
    write(
        &root.join("servanda.yaml"),
        "timezone: Europe/Moscow\nlanguage: en\n",
    )?;
    write(&root.join("catalog.yaml"), &catalog(arguments.agreements))?;
    for (name, text) in templates() {
        write(&root.join("templates").join(format!("{name}.yaml")), &text)?;
    }
    let mut random = Random(arguments.seed);
    for number in 0..arguments.agreements {
        let shelf = format!("{:03}", number / SHELF);
        let path = root
            .join("agreements")
            .join(shelf)
            .join(format!("client-{number:06}.yaml"));
        write(&path, &agreement(number, &mut random))?;
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

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and the same everywhere.
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
}

/// One client an agreement, so that none overlap.
fn catalog(clients: u64) -> String {
    let mut text = String::from("clients:\n");
    for number in 0..clients {
        writeln!(
            text,
            "  client-{number:06}: {{ title: Client {number:06} Ltd, helpdesk: ou${}, contacts: {{ main: {{ email: it@client{number}.example }} }} }}",
            10_000 + number
        )
        .expect("a string takes all that is written");
    }
    let mut list = |name: &str, entries: Vec<String>| {
        writeln!(text, "{name}:").expect("a string takes all that is written");
        entries.iter().for_each(|entry| text.push_str(entry));
    };
    let entry = |slug: &str, title: &str, class: &str, number: u64| {
        format!("  {slug}: {{ title: {title}, helpdesk: {class}${number} }}\n")
    };
    let services = SERVICES.iter().zip(605_000..);
    list(
        "services",
        services
            .map(|(slug, number)| entry(slug, slug, "slmService", number))
            .collect(),
    );
    let manager = |number| {
        format!(
            "  manager-{number}: {{ title: Manager {number}, helpdesk: employee${}, email: m{number}@acme.example }}\n",
            100 + number
        )
    };
    list("managers", (0..MANAGERS).map(manager).collect());
    let calendars = ["office-9x5", "extended-12x6", "24x7"]
        .into_iter()
        .zip(37_001..);
    list(
        "calendars",
        calendars
            .map(|(slug, number)| entry(slug, slug, "servicetime", number))
            .collect(),
    );
    let priorities = ["critical", "high", "normal", "low"].into_iter().zip(1..);
    list(
        "priorities",
        priorities
            .map(|(slug, number)| entry(slug, slug, "priority", number))
            .collect(),
    );
    text
}

fn templates() -> [(&'static str, String); 3] {
    let base = "\
renewal: { mode: manual, notice_period: 30d }
notices:
  activated: { to: [client, manager] }
  deactivated: { to: [client, manager] }
  expiring: { before: [60d, 30d, 7d, 1d], to: [client, manager] }
";
    let standard = "\
extends: base
services: { workstations: true, email: true, vpn: true }
sla:
  calendar: office-9x5
  targets:
    critical: { response: 30m, resolution: 4h }
    high: { response: 1h, resolution: 8h }
    normal: { response: 4h, resolution: 2 business days }
    low: { response: 8h, resolution: 5 business days }
";
    let premium = "\
extends: standard
services: { servers: { calendar: 24x7 }, network: true }
sla:
  calendar: extended-12x6
  targets:
    critical: { response: 15m, resolution: 2h }
";
    [
        ("base", base.to_owned()),
        ("standard", standard.to_owned()),
        ("premium", premium.to_owned()),
    ]
}

/// About forty lines and eight hundred bytes, as agreements are that say much for themselves.
fn agreement(number: u64, random: &mut Random) -> String {
    let template = ["standard", "premium"][usize::from(random.below(3) == 0)];
    let zone = [
        "Europe/Moscow",
        "Asia/Yekaterinburg",
        "Asia/Vladivostok",
        "Europe/Berlin",
    ];
    let zone = zone[usize::try_from(random.below(4)).expect("small")];
    let (year, month, day) = (
        2024 + random.below(4),
        1 + random.below(12),
        1 + random.below(28),
    );
    let end = match random.below(8) {
        0 => "open_ended: true",
        1 => "term: 2y",
        2 => "term: 6mo",
        _ => "term: 1y",
    };
    let mut text = format!(
        "# Client {number:06}, written from the order of {year}.\nextends: {template}\nclient: client-{number:06}\n\
         number: \"A-{year}/{number:06}\"\nmanager: manager-{}\nperiod:\n  first_day: {year}-{month:02}-{day:02}\n  {end}\n  \
         timezone: {zone}\nservices:\n",
        random.below(MANAGERS)
    );
    let mut line = |added: &str| {
        text.push_str(added);
        text.push('\n');
    };
    for service in &SERVICES[3..] {
        match random.below(5) {
            0 => line(&format!("  {service}: {{ calendar: 24x7 }}")),
            1 if *service == "email" => line("  email: false"),
            1 | 2 => line(&format!("  {service}: true")),
            _ => {}
        }
    }
    line("  storage:");
    line("    calendar: extended-12x6        # nightly copies");
    line("    targets:");
    line(&format!(
        "      critical: {{ response: {}m, resolution: {}h }}",
        10 + random.below(20),
        2 + random.below(6)
    ));
    if random.below(6) == 0 {
        line("suspensions:");
        line(&format!(
            "  - {{ from: {year}-{month:02}-28, until: {}-01-31, reason: moving }}",
            year + 1
        ));
    }
    if end != "open_ended: true" && random.below(12) == 0 {
        line("renewal:");
        line("  mode: auto");
        line("  term: 1y");
        line("  max_terms: 3");
    }
    line("contacts:");
    line(&format!(
        "  main: {{ email: \"head@client{number}.example\" }}"
    ));
    line(&format!(
        "  deputy: {{ email: \"deputy@client{number}.example\" }}"
    ));
    line("labels:");
    line(&format!("  region: r{}", random.below(20)));
    line(&format!("  segment: s{}", random.below(9)));
    line("  source: order");
    line(&format!(
        "  note: agreed by telephone on {year}-{month:02}-{day:02}, paper copy in folder {}",
        number / 40
    ));
    text
}
