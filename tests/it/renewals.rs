//! Many agreements renewed in one go: each new file is the old one, but for the lines that must be different.
//!
//!     cargo test --test it renewals                                   a sample
//!     SERVANDA_FULL=1 cargo test --release --test it renewals         ten thousand files
//!
//! The files come from a writer of its own, which knows of each line what is to become of it. How long it takes is
//! measured by benches/compare.py.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::cases::sample_of;
use crate::random::Random;
use crate::repository::Repository;

const SAMPLE: usize = 120;
const FULL: usize = 10_000;
/// How many clients one catalog holds.
const CLIENTS: usize = 2_000;
const DAY: &str = "2026-06-01";

/// A line of a file, and what it is in the file that follows on from it.
enum Line {
    Stays(String),
    Becomes(String, String),
    /// What happened to the old agreement alone.
    Goes(String),
    Comes(String),
}

/// An agreement that runs for a year from some day of 2026 on.
fn agreement(number: usize, random: &mut Random) -> Vec<Line> {
    let stays = |text: &str| Line::Stays(text.to_owned());
    let (month, day) = (1 + random.below(5), 1 + random.below(28));
    let first = |year: usize| format!("{year}-{month:02}-{day:02}");
    let (old, new) = (first(2026), first(2027));
    let last = |year: usize| match (month, day) {
        (1, 1) => format!("{}-12-31", year - 1),
        (3, 1) => format!("{year}-02-{}", if year.is_multiple_of(4) { 29 } else { 28 }),
        (5, 1) => format!("{year}-04-30"),
        (_, 1) => format!("{year}-{:02}-31", month - 1),
        _ => format!("{year}-{month:02}-{:02}", day - 1),
    };
    let comment = random.pick(&["", "   # см. письмо", "  # a: b, [c"]);
    let mut lines = vec![
        stays(random.pick(&["# Договор — как подписан", "# yaml-language-server: $schema=x.json", "---"])),
        stays("extends: support"),
        Line::Stays(format!("client: client-{:04}{comment}", number % CLIENTS)),
        Line::Stays(format!("number: {}{number}{}", random.pick(&["\"ДО-", "\"2026/"]), "\"")),
        stays(random.pick(&["manager: i.petrova", "manager: 'i.petrova'   # до отпуска"])),
        Line::Comes(format!("renews: a{number:05}-2026")),
    ];
    match random.below(4) {
        0 => lines.push(Line::Becomes(
            format!("period: {{ first_day: {old} }}{comment}"),
            format!("period: {{ first_day: {new} }}{comment}"),
        )),
        1 => lines.push(Line::Becomes(
            format!("period: {{first_day: \"{old}\", last_day: '{}'}}", last(2027)),
            format!("period: {{first_day: \"{new}\", last_day: '{}'}}", last(2028)),
        )),
        2 => lines.extend([
            stays("period:"),
            Line::Becomes(format!("    first_day: {old}"), format!("    first_day: {new}")),
            stays("    # год, как всегда"),
            stays("    term: 1y"),
        ]),
        _ => lines.extend([
            stays("\"period\":"),
            Line::Becomes(
                format!("  last_day: {}{comment}", last(2027)),
                format!("  last_day: {}{comment}", last(2028)),
            ),
            Line::Becomes(format!("  first_day: {old}"), format!("  first_day: {new}")),
        ]),
    }
    if random.below(4) == 0 {
        lines.extend([
            Line::Goes("suspensions:".to_owned()),
            Line::Goes(format!(
                "  - {{ from: 2026-07-{:02}, until: 2026-08-01, reason: 'переезд' }}",
                1 + random.below(20)
            )),
        ]);
    }
    if random.below(6) == 0 {
        lines.push(Line::Goes(format!("formerly: [ old-{number} ]")));
    }
    let service = number / CLIENTS;
    if random.below(2) == 0 {
        let hours = format!("  s{service}: {{ calendar: 24x7 }}     # круглосуточно");
        lines.extend([stays("services:"), Line::Stays(hours)]);
    } else {
        lines.push(Line::Stays(format!("services: {{ s{service}: true }}")));
    }
    lines.push(stays(
        random.pick(&["labels: { segment: медицина, a: 'it''s' }", "labels:\n    x: \"y: z\"\n"]),
    ));
    lines
}

/// A file and the one that follows on from it.
fn texts(lines: &[Line], random: &mut Random) -> (String, String) {
    let newline = random.pick(&["\n", "\n", "\r\n"]);
    let joined = |side: fn(&Line) -> Option<&String>| {
        let texts: Vec<&str> = lines.iter().filter_map(side).map(String::as_str).collect();
        texts.join("\n").replace('\n', newline)
    };
    let end = random.pick(&["", newline]);
    let before = joined(|line| match line {
        Line::Stays(text) | Line::Becomes(text, _) | Line::Goes(text) => Some(text),
        Line::Comes(_) => None,
    });
    let after = joined(|line| match line {
        Line::Stays(text) | Line::Becomes(_, text) | Line::Comes(text) => Some(text),
        Line::Goes(_) => None,
    });
    (before + end, after + end)
}

/// A repository of so many agreements, and the text that is to follow on from each.
fn estate(count: usize) -> (Repository, BTreeMap<String, (String, String)>) {
    let mut random = Random(7);
    let repository = Repository::empty();
    let mut catalog = String::from("clients:\n");
    for client in 0..count.min(CLIENTS) {
        writeln!(
            catalog,
            "  client-{client:04}: {{ title: Клиент {client}, helpdesk: ou${} }}",
            9000 + client
        )
        .unwrap();
    }
    // Several agreements of one client stand beside each other where each has a service of its own.
    for service in 0..count.div_ceil(CLIENTS) {
        let head = if service == 0 { "services:\n" } else { "" };
        writeln!(catalog, "{head}  s{service}: {{ title: Услуга {service} }}").unwrap();
    }
    catalog += "managers: { i.petrova: { title: Ирина } }\ncalendars: { 24x7: { title: 24x7 } }\n";
    repository.file("servanda.yaml", "timezone: Europe/Moscow\n").file("catalog.yaml", &catalog).file(
        "templates/support.yaml",
        "period: { term: 1y }\nrenewal: { mode: manual }\n\
         sla: { calendar: 24x7 }\n",
    );
    let mut expected = BTreeMap::new();
    for number in 0..count {
        let (before, after) = texts(&agreement(number, &mut random), &mut random);
        repository.file(&format!("agreements/{}/a{number:05}-2026.yaml", number / 500), &before);
        expected.insert(format!("agreements/{}/a{number:05}-2027.yaml", number / 500), (before, after));
    }
    (repository, expected)
}

/// What was put in and what was taken out, line by line and in order, as a diff says it of one file.
fn changed(diff: &str) -> (Vec<&str>, Vec<&str>) {
    let side = |sign: char| diff.lines().filter_map(move |line| line.strip_prefix(sign)).collect();
    (side('-'), side('+'))
}

#[test]
fn of_many_files_only_the_lines_change_that_must() {
    let count = sample_of(SAMPLE, FULL);
    let (repository, expected) = estate(count);
    repository.expect(0, &["validate"]);
    let renew = ["renew", "--ending-within", "400d", "--as-of", DAY];
    let dry = repository.expect(0, &[&renew[..], &["--dry-run"]].concat());
    assert!(!repository.root().join(expected.keys().next().unwrap()).exists());
    let run = repository.expect(0, &renew);
    assert_eq!(dry.stdout, run.stdout);
    assert!(run.stderr.ends_with(&format!("{count} files written.\n")), "{}", run.stderr);
    let mut reported: BTreeMap<&str, &str> = BTreeMap::new();
    for of_file in run.stdout.split("--- ").skip(1) {
        let (head, diff) = of_file.split_once("\n@@").unwrap();
        reported.insert(head.split_once("+++ ").unwrap().1, diff);
    }
    for (path, (before, after)) in &expected {
        assert_eq!(repository.read(path), *after, "{path} came of\n{before}");
        assert_eq!(repository.read(&path.replace("-2027", "-2026")), *before, "the old one stays");
        let lines = |text: &str, other: &str| -> Vec<String> {
            let theirs: Vec<&str> = other.lines().collect();
            text.lines().filter(|line| !theirs.contains(line)).map(str::to_owned).collect()
        };
        let (gone, new) = changed(reported[path.as_str()]);
        assert_eq!(gone, lines(before, after), "{path}");
        assert_eq!(new, lines(after, before), "{path}");
    }
    repository.expect(0, &["validate"]);
    let again = repository.expect(0, &renew);
    assert!(again.stderr.contains("Nothing is to be renewed."), "{}", again.stderr);
}
