mod helpdesks;

use std::borrow::Cow;
use std::collections::BTreeSet;

use proptest::prelude::{Just, ProptestConfig, Strategy, prop, prop_assert_eq, proptest};

use crate::calendar::{Pauses, TargetTime, due};
use crate::cases::sample_of;
use crate::check::{Basis, CheckInput, CheckedRepository, FilesInput, check, check_files};
use crate::diagnostic::{Code, Severity, Sources};
use crate::document::{Document, DocumentKind, DocumentName, duplicate_ids, kind_of, read};
use crate::template::{Library, Resolved, extended, unused};

/// The default surroundings of an agreement in a test.
const SETTINGS: &str =
    "timezone: Europe/Moscow\nmail: { allow: { domains: [acme.example], catalog: true } }\n";
const CATALOG: &str = r#"
clients:
  dent-mayak:
    title: Стоматология «Маяк»
    timezone: Asia/Vladivostok
    contacts: { main: { email: mayak@dent.example } }
    departments: { x-ray: { title: Рентген } }
  dent-profi: { title: Дент-Профи, contacts: { main: { helpdesk: "employee$811" } } }
  silent: { title: Тихая }
services: { email: { title: Электронная почта }, vpn: { title: VPN } }
managers: { i.petrova: { title: Ирина Петрова } }
calendars: { office-9x5: { title: 8x5 } }
priorities: { critical: { title: Критический }, normal: { title: Обычный } }
"#;

/// Files with their paths; a line `# agreements/a.yaml` begins a file, and what stands before the first such
/// line is an agreement.
fn files_of(text: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let path = line.strip_prefix("# ").filter(|path| kind_of(path).is_some());
        match (path, files.last_mut()) {
            (Some(path), _) => files.push((path.to_owned(), String::new())),
            (None, Some((_, text))) => text.extend([line, "\n"]),
            (None, None) => files.push(("agreements/example.yaml".to_owned(), format!("{line}\n"))),
        }
    }
    for (path, text) in [("servanda.yaml", SETTINGS), ("catalog.yaml", CATALOG)] {
        if files.iter().all(|(other, _)| other != path) {
            files.push((path.to_owned(), text.to_owned()));
        }
    }
    files
}

/// Checks files as they stand on 1 March 2026.
fn checked(files: &[(String, String)]) -> (Sources, CheckedRepository) {
    let mut sources = Sources::default();
    let mut documents: Vec<Document> = Vec::new();
    for (path, text) in files {
        let file = sources.add(path.clone(), text.clone());
        let (document, faults) = read(&sources, file, kind_of(path).expect("a file of ours"));
        assert!(faults.is_empty(), "{path}: {faults:?}");
        documents.push(document);
    }
    let checked = checked_documents(&documents, &sources);
    assert_same_from_texts(&documents, &sources, &checked);
    (sources, checked)
}

/// Asserts that files of agreements give the same whether they are parsed before the check or one by one during it.
fn assert_same_from_texts(documents: &[Document], sources: &Sources, checked: &CheckedRepository) {
    let of_kind = |kind| documents.iter().filter(move |document| document.kind == kind);
    let cloned = |kind| -> Vec<Document> { of_kind(kind).cloned().collect() };
    let (templates, agreements) = (cloned(DocumentKind::Template), cloned(DocumentKind::Agreement));
    let (library, diagnostics) = Library::new(&templates);
    let (settings, catalog) = (of_kind(DocumentKind::Settings).next(), of_kind(DocumentKind::Catalog));
    let text = |document: &Document| (document.file, Cow::Borrowed(sources.text(document.file)));
    let files = agreements.iter().map(text).collect();
    let basis = Basis::read(settings, catalog, &cloned(DocumentKind::Calendar));
    let see = &|_: &[Resolved<'_>], _: &str, _: &Sources| {};
    let input = FilesInput { basis, library: &library, files, unreadable: &[], diagnostics, see };
    let (from_texts, kept) =
        check_files(input, sources, "2026-03-01T12:00:00+03:00".parse().expect("an instant"));
    // The caller of `check` finds these two by itself.
    let mut expected = checked.diagnostics.clone();
    expected.extend(duplicate_ids(agreements.iter().map(DocumentName::of), sources));
    expected.extend(unused(&templates, agreements.iter().flat_map(extended)));
    expected.sort(sources);
    assert_eq!(from_texts.diagnostics, expected);
    assert_eq!(from_texts.agreements, checked.agreements);
    assert!(kept.iter().all(|(file, text)| text == sources.text(*file)));
}

fn checked_documents(documents: &[Document], sources: &Sources) -> CheckedRepository {
    let of_kind = |kind| documents.iter().filter(move |document| document.kind == kind);
    let templates: Vec<Document> = of_kind(DocumentKind::Template).cloned().collect();
    let (library, mut diagnostics) = Library::new(&templates);
    let mut agreements = Vec::new();
    let mut unread = BTreeSet::new();
    for document in of_kind(DocumentKind::Agreement) {
        let (resolved, faults) = library.resolve(document);
        diagnostics.extend(faults);
        if resolved.is_empty() {
            unread.insert(&*document.id);
        }
        agreements.extend(resolved);
    }
    let (settings, catalog) = (of_kind(DocumentKind::Settings).next(), of_kind(DocumentKind::Catalog));
    let at = "2026-03-01T12:00:00+03:00".parse().expect("an instant");
    let calendars: Vec<Document> = of_kind(DocumentKind::Calendar).cloned().collect();
    check(
        CheckInput {
            basis: Basis::read(settings, catalog, &calendars),
            agreements: &agreements,
            unread,
            diagnostics,
            judged: Vec::new(),
        },
        sources,
        at,
    )
}

/// The diagnostics of files as lines.
pub(super) fn reported(text: &str) -> Vec<String> {
    let (sources, checked) = checked(&files_of(text));
    let lines = checked.diagnostics.iter().map(|diagnostic| {
        let at = sources.position(diagnostic.place.span);
        format!("{}:{}:{} {}", at.path, at.line, at.column, diagnostic.code)
    });
    lines.collect()
}

#[test]
fn every_page_shows_a_fault_and_its_fix() {
    for code in Code::ALL.iter().copied().filter(|code| is_reported_here(*code)) {
        let fences: Vec<&str> =
            code.page().split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        let [bad, good] = fences[..] else { panic!("docs/rules/{code}.md needs two examples in YAML") };
        let found = |example: &str| -> Vec<(Code, Severity)> {
            let (_, checked) = checked(&files_of(example));
            checked.diagnostics.iter().map(|diagnostic| (diagnostic.code, diagnostic.severity)).collect()
        };
        let faults = found(bad);
        assert!(
            faults.iter().any(|(found, _)| *found == code),
            "the first example of docs/rules/{code}.md does not break the rule; it breaks {faults:?}"
        );
        assert!(
            faults.iter().all(|(found, severity)| *found == code || *severity != Severity::Error),
            "the first example of docs/rules/{code}.md breaks other rules too: {faults:?}"
        );
        let left = found(good);
        assert!(
            left.iter().all(|(found, severity)| *found != code && *severity != Severity::Error),
            "the second example of docs/rules/{code}.md still breaks {left:?}"
        );
    }
}

/// Whether this stage reports the rule and the page shows all of its files.
fn is_reported_here(code: Code) -> bool {
    // Own texts of notices are checked by `render::message`.
    let is_text = matches!(code, Code::E509 | Code::E510);
    // A page of an edit shows the files before and after it.
    (code >= Code::E201 && !is_text && code != Code::W213)
        || matches!(code, Code::E103 | Code::E106 | Code::E109 | Code::W110 | Code::E111)
}

/// Cases: files, and the lines that they tell. W502 is left out, for most cases say nothing of notices.
fn assert_reported(text: &str, expected: &[&str]) {
    let mut lines = reported(text);
    lines.retain(|line| !line.ends_with("W502"));
    assert_eq!(lines, expected, "\n{text}");
}

const SOUND: &str = "client: dent-mayak\nservices: { email: true }\nperiod: { first_day: 2026-01-01, last_day: 2026-12-31 }\n";

/// One agreement that is sound but for what is added.
fn with(added: &str) -> String {
    format!("{SOUND}{added}")
}

#[test]
fn unknown_slugs_are_reported_at_their_places() {
    assert_reported(
        "client: dent-mayk\nservices: { emial: true, vpn: { calendar: ofice-9x5, targets: { urgent: { response: 1h } } } }\nmanager: petrova\nprovider: acme\nperiod: { first_day: 2026-01-01, last_day: 2026-12-31 }",
        &[
            "agreements/example.yaml:1:9 E101",
            "agreements/example.yaml:2:13 E101",
            "agreements/example.yaml:2:43 E101",
            "agreements/example.yaml:2:65 E101",
            "agreements/example.yaml:3:10 E101",
            "agreements/example.yaml:4:11 E101",
            "agreements/example.yaml:1:1 W404",
        ],
    );
    assert_reported(
        &with("recipients: [dent-mayak/xray, dent-maya, dent-mayak]"),
        &["agreements/example.yaml:4:14 E101", "agreements/example.yaml:4:31 E101"],
    );
    assert_reported(&with("renews: no-one"), &["agreements/example.yaml:4:9 E101"]);
    assert_reported(
        &with("allow: { W999: { reason: x, until: 2026-12-31 } }"),
        &["agreements/example.yaml:4:10 E101"],
    );
}

#[test]
fn a_near_miss_is_offered() {
    let (_, checked) = checked(&files_of(
        "client: dent-mayk\nservices: { email: true }\nperiod: { first_day: 2026-01-01, term: 1y }",
    ));
    let help = checked
        .diagnostics
        .iter()
        .find(|diagnostic| diagnostic.code == Code::E101)
        .and_then(|diagnostic| diagnostic.help.clone());
    assert_eq!(help.as_deref(), Some("did you mean `dent-mayak`?"));
}

#[test]
fn what_is_missing_is_reported_all_at_once() {
    assert_reported(
        "number: x",
        &[
            "agreements/example.yaml:1:1 E109",
            "agreements/example.yaml:1:1 E109",
            "agreements/example.yaml:1:1 E202",
        ],
    );
    assert_reported(&with("suspensions: [ { until: 2026-02-01 } ]"), &["agreements/example.yaml:4:16 E109"]);
    assert_reported(
        &with("activation: [ { on: 2026-02-01 }, { status: active } ]"),
        &["agreements/example.yaml:4:15 E109", "agreements/example.yaml:4:35 E109"],
    );
    assert_reported(&with("renewal: { mode: auto }"), &["agreements/example.yaml:4:10 E109"]);
    assert_reported(&with("notices: { expiring: { to: [client] } }"), &["agreements/example.yaml:4:22 E109"]);
    assert_reported(
        &with("sla: { targets: { critical: {}, normal: { response: 1h } } }"),
        &["agreements/example.yaml:4:29 E109"],
    );
}

#[test]
fn days_zones_and_hours_have_to_exist() {
    assert_reported(
        &with(
            "suspensions: [ { from: 2026-02-29 } ]\nnotices: { at: \"24:00\", expiring: { to: [client], before: [1d], at: \"09:60\" } }",
        ),
        &[
            "agreements/example.yaml:4:24 E203",
            "agreements/example.yaml:5:16 E203",
            "agreements/example.yaml:5:69 E203",
        ],
    );
    assert_reported(
        "client: dent-mayak\nservices: { email: true }\nperiod: { first_day: 2026-01-01, term: 1y, timezone: Europe/Moskow }",
        &["agreements/example.yaml:3:54 E203"],
    );
    assert_reported(
        &with("activation: [ { status: active, at: 2026-02-30T10:00:00Z } ]"),
        &["agreements/example.yaml:4:37 E203"],
    );
}

#[test]
fn the_manual_log_keeps_its_order() {
    assert_reported(
        &with(
            "activation:\n  - { status: active, on: 2026-02-01 }\n  - { status: suspended, at: 2026-02-01T00:00:00+10:00 }\n  - { status: ended, on: 2026-03-01 }\n  - { status: active, on: 2026-04-01 }",
        ),
        &["agreements/example.yaml:6:5 E206", "agreements/example.yaml:8:5 E206"],
    );
}

#[test]
fn suspensions_lie_within_the_period() {
    assert_reported(
        &with(
            "suspensions:\n  - { from: 2025-11-01, until: 2025-11-30 }\n  - { from: 2026-05-01, until: 2026-04-01 }\n  - { from: 2027-01-01 }",
        ),
        &[
            "agreements/example.yaml:5:5 E209",
            "agreements/example.yaml:6:32 E209",
            "agreements/example.yaml:7:5 E209",
        ],
    );
    assert_reported(&with("suspensions: [ { from: 2026-12-31 } ]"), &[]);
}

#[test]
fn a_termination_lies_within_the_period() {
    assert_reported(&with("termination: { last_day: 2026-12-31 }"), &[]);
    assert_reported(&with("termination: { last_day: 2027-01-01 }"), &["agreements/example.yaml:4:26 E210"]);
    assert_reported(
        &with("termination: { at: 2025-12-31T12:00:00Z }"),
        &["agreements/example.yaml:4:20 E210"],
    );
    assert_reported(&with("renewal: { mode: auto, term: 1y }\ntermination: { last_day: 2031-05-31 }"), &[]);
}

#[test]
fn a_fault_of_a_template_is_reported_once_and_a_clash_with_it_at_the_agreement() {
    let files = "# templates/standard.yaml\nperiod: { term: 1y }\nservices: { email: true, printing: true }\nsla: { targets: { critical: { response: 1 day }, normal: { response: 4h } } }\n# agreements/a.yaml\nextends: standard\nclient: dent-mayak\nperiod: { first_day: 2026-01-01 }\nsla: { targets: { normal: { resolution: 2h } } }\n# agreements/b.yaml\nextends: standard\nclient: dent-profi\nperiod: { first_day: 2026-01-01 }";
    assert_reported(
        files,
        &[
            "agreements/a.yaml:1:1 E401",
            "templates/standard.yaml:2:26 E101",
            "templates/standard.yaml:3:41 E412",
        ],
    );
    let (sources, checked) = checked(&files_of(files));
    let clash =
        checked.diagnostics.iter().find(|diagnostic| diagnostic.code == Code::E401).expect("the clash");
    let places: Vec<String> = clash
        .related
        .iter()
        .map(|label| format!("{}:{}", sources.position(label.span).path, sources.position(label.span).line))
        .collect();
    assert_eq!(places, ["templates/standard.yaml:3", "agreements/a.yaml:4"]);
}

#[test]
fn the_nearest_zone_counts() {
    let zone_of = |text: &str| checked(&files_of(text)).1.agreements[0].zone.name().to_owned();
    let template = "# templates/t.yaml\nperiod: { term: 1y, timezone: Asia/Omsk }\nservices: { email: true }\n# agreements/a.yaml\nextends: t\n";
    assert_eq!(
        zone_of(&format!(
            "{template}client: dent-mayak\nperiod: {{ first_day: 2026-01-01, timezone: Asia/Tomsk }}"
        )),
        "Asia/Tomsk"
    );
    assert_eq!(
        zone_of(&format!("{template}client: dent-mayak\nperiod: {{ first_day: 2026-01-01 }}")),
        "Asia/Vladivostok"
    );
    assert_eq!(
        zone_of(&format!("{template}client: dent-profi\nperiod: {{ first_day: 2026-01-01 }}")),
        "Asia/Omsk"
    );
    assert_eq!(
        zone_of("client: dent-profi\nservices: { email: true }\nperiod: { first_day: 2026-01-01, term: 1y }"),
        "Europe/Moscow"
    );
}

#[test]
fn who_asks_before_a_change_of_hours_keeps_the_hours_of_then() {
    let files = files_of(
        "# calendars/base.yaml
timezone: Europe/Moscow
week: { mon-fri: 09:00-18:00 }
effective_from:
  2026-07-01: { week: { mon-fri: 08:00-17:00 } }
  2026-09-01: { week: { fri: closed } }
# calendars/office.yaml
extends: base
exceptions: { 2026-07-02: closed }
effective_from: { 2026-08-01: { exceptions: { 2026-08-03: 10:00-12:00 } } }
# calendars/fixed.yaml
extends: base
week: { mon-fri: 12:00-13:00 }
",
    );
    let (_, checked) = checked(&files);
    assert_eq!(checked.diagnostics.iter().count(), 0);
    for (calendar, asked, expected) in [
        // Asked on the eve, counted on the old hours through the day of the change.
        ("office", "2026-06-30T17:30:00+03:00", "2026-07-01T09:30:00+03:00"),
        ("office", "2026-07-01T00:00:00+03:00", "2026-07-01T09:00:00+03:00"),
        ("office", "2026-07-01T16:30:00+03:00", "2026-07-03T08:30:00+03:00"),
        ("office", "2026-07-31T16:30:00+03:00", "2026-08-03T08:30:00+03:00"),
        ("office", "2026-08-01T16:30:00+03:00", "2026-08-03T11:00:00+03:00"),
        ("office", "2026-09-03T16:30:00+03:00", "2026-09-07T08:30:00+03:00"),
        // What the nearest calendar says of a day, no change of a farther one undoes.
        ("fixed", "2026-07-01T11:00:00+03:00", "2026-07-01T13:00:00+03:00"),
        ("fixed", "2026-09-04T11:00:00+03:00", "2026-09-04T13:00:00+03:00"),
    ] {
        let calendar = &checked.catalog.hours[calendar];
        let asked = asked.parse().expect("an instant");
        let hours = calendar.in_force_at(asked);
        let due = due(Some(hours), asked, TargetTime::Seconds(3600), &Pauses::default()).expect("due");
        assert_eq!(hours.zone().write(due), expected, "{asked}");
    }
}

#[test]
fn a_fault_of_a_change_of_hours_is_reported_once_and_at_its_place() {
    assert_reported(
        "# calendars/office.yaml
week: { mon-fri: 09:00-18:00, sun: 22:00-06:00 }
effective_from:
  2026-02-30: { week: { mon: 09:00-18:00 } }
# calendars/shop.yaml
week: { mon-fri: 09:00-18:00 }
effective_from:
  2026-07-01: { week: { mon: [09:00-18:00, 17:00-19:00] } }
  2026-08-01: { week: { sat: 10:00-12:00 } }
# calendars/corner.yaml
extends: shop
# calendars/twice.yaml
effective_from:
  2026-08-01: { week: { sun: usual }, exceptions: { 2026-08-01: usual, 2026-08-01/2026-08-02: closed } }
",
        &[
            "calendars/office.yaml:3:15 E203",
            "calendars/shop.yaml:3:25 E407",
            "calendars/twice.yaml:2:30 E009",
            "calendars/twice.yaml:2:72 E407",
        ],
    );
}

#[test]
fn titles_are_made_and_broken_ones_reported() {
    let title_of = |text: &str| checked(&files_of(text)).1.agreements[0].title.clone();
    assert_eq!(title_of(SOUND), "Стоматология «Маяк»: example");
    assert_eq!(
        title_of(
            &with("number: 17\ntitle: \"{{ number }} для {{ client.slug }} до {{ period.last_day }}\"")
                .replace("17", "N-17")
        ),
        "N-17 для dent-mayak до 2026-12-31"
    );
    assert_reported(&with("title: \"{{ number }}\""), &["agreements/example.yaml:4:8 E009"]);
    assert_reported(&with("title: \"{{ client.titel }}\""), &["agreements/example.yaml:4:8 E009"]);
    assert_reported(&with("title: \"{{ client.title\""), &["agreements/example.yaml:4:8 E009"]);
    // What the engine prints for a map is no title.
    assert_reported(&with("title: \"{{ client }} {{ id }}\""), &["agreements/example.yaml:4:8 E009"]);
    assert_reported(&with("title: \"{{ labels }}\""), &["agreements/example.yaml:4:8 E009"]);
    assert_reported(
        &with("title: \"{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}\""),
        &["agreements/example.yaml:4:8 E009"],
    );
    assert_reported(&with("title: '{{ \"a\\nb\" }}'"), &["agreements/example.yaml:4:8 E009"]);
}

#[test]
fn chains_may_share_a_number_and_may_not_turn_in_a_circle() {
    let chain = "# agreements/a.yaml\nnumber: N\nclient: dent-mayak\nservices: { email: true }\nperiod: { first_day: 2024-01-01, last_day: 2024-12-31 }\n# agreements/b.yaml\nnumber: N\nrenews: a\nclient: dent-mayak\nservices: { email: true }\nperiod: { first_day: 2025-01-01, last_day: 2025-12-31 }\n# agreements/c.yaml\nnumber: N\nrenews: b\nclient: dent-mayak\nservices: { email: true }\nperiod: { first_day: 2026-01-01, last_day: 2026-12-31 }\n";
    assert_reported(chain, &[]);
    let (_, agreements) = checked(&files_of(chain));
    assert_eq!(agreements.agreements[0].succeeded_on, Some(crate::agreement::sample::day("2025-01-01")));
    assert_reported(
        &chain.replace("renews: b\n", "renews: a\n"),
        &["agreements/c.yaml:2:9 E302", "agreements/c.yaml:5:22 W304"],
    );
    assert_reported(
        &chain.replacen("number: N\n", "number: N\nrenews: c\n", 1),
        &["agreements/a.yaml:2:9 E302"],
    );
}

#[test]
fn only_known_clients_are_other_clients_in_a_chain() {
    let chain = |earlier: &str, later: &str| {
        format!(
            "# agreements/a.yaml\nclient: {earlier}\nservices: {{ email: true }}\nperiod: {{ first_day: 2025-01-01, last_day: 2025-12-31 }}\n# agreements/b.yaml\nrenews: a\nclient: {later}\nservices: {{ email: true }}\nperiod: {{ first_day: 2026-01-01, last_day: 2026-12-31 }}\n"
        )
    };
    assert_reported(&chain("dent-profi", "dent-mayak"), &["agreements/b.yaml:1:9 W305"]);
    assert_reported(&chain("dent-mayak", "dent-mayac"), &["agreements/b.yaml:2:9 E101"]);
    assert_reported(&chain("dent-mayac", "dent-mayak"), &["agreements/a.yaml:1:9 E101"]);
}

#[test]
fn a_successor_of_a_file_that_cannot_be_read_is_not_reported_that_it_is_unknown() {
    let files = "# agreements/a.yaml\nextends: nowhere\n# agreements/b.yaml\nrenews: a\nclient: dent-mayak\nservices: { email: true }\nperiod: { first_day: 2026-01-01, last_day: 2026-12-31 }";
    assert_reported(files, &["agreements/a.yaml:1:10 E101"]);
}

#[test]
fn a_former_name_leads_to_one_agreement() {
    let two = |first: &str, second: &str| {
        format!(
            "# agreements/a.yaml\n{SOUND}{first}\n# agreements/b.yaml\nclient: dent-profi\nservices: {{ email: true }}\nperiod: {{ first_day: 2026-01-01, last_day: 2026-12-31 }}\n{second}"
        )
    };
    assert_reported(&two("formerly: [b]", ""), &["agreements/a.yaml:4:12 E102"]);
    assert_reported(&two("formerly: [old]", "formerly: [old]"), &["agreements/b.yaml:4:12 E102"]);
    assert_reported(&two("formerly: [old]", "renews: old"), &["agreements/b.yaml:4:9 E101"]);
}

#[test]
fn a_warning_is_silent_until_its_day_and_an_error_never() {
    let short = |allow: &str| {
        format!(
            "client: dent-mayak\nservices: {{ email: true }}\nperiod: {{ first_day: 2026-12-01, last_day: 2026-12-03 }}\nallow: {allow}"
        )
    };
    assert_reported(&short("{ W208: { reason: trial, until: 2026-03-01 } }"), &[]);
    assert_reported(
        &short("{ W208: { reason: trial, until: 2026-02-28 } }"),
        &["agreements/example.yaml:3:44 W208", "agreements/example.yaml:4:40 W110"],
    );
    assert_reported(&short("{ W208: { until: 2026-03-01 } }"), &["agreements/example.yaml:4:16 E109"]);
    assert_reported(
        &with("allow: { E301: { reason: x, until: 2026-12-31 } }"),
        &["agreements/example.yaml:4:10 E009"],
    );
}

/// Two agreements of one client under one number, and more lines for the second.
fn two_packages(more: &str) -> String {
    format!(
        "# agreements/a.yaml\nnumber: N\nclient: dent-mayak\nservices: {{ email: true }}\nperiod: {{ first_day: 2026-01-01, last_day: 2026-12-31 }}\n# agreements/b.yaml\nnumber: N\nclient: dent-mayak\nservices: {{ vpn: true }}\nperiod: {{ first_day: 2026-01-01, last_day: 2026-12-31 }}\n{more}"
    )
}

#[test]
fn one_number_on_two_packages_of_one_client_can_be_allowed() {
    let files = two_packages("allow: { E103: { reason: one contract } }\n");
    assert_reported(&two_packages(""), &["agreements/b.yaml:1:9 E103"]);
    assert_reported(&files, &[]);
    assert_eq!(checked(&files_of(&files)).1.agreements.len(), 2);
    assert_reported(&files.replace("contract }", "contract, until: 2026-03-01 }"), &[]);
    assert_reported(
        &files.replace("contract }", "contract, until: 2026-02-28 }"),
        &["agreements/b.yaml:1:9 E103", "agreements/b.yaml:5:47 W110"],
    );
    assert_reported(
        &two_packages("allow: { E103: { until: 2026-12-31 } }\n"),
        &["agreements/b.yaml:5:16 E109"],
    );
    let successor = "# agreements/c.yaml\nrenews: b\nnumber: N\nclient: dent-mayak\nservices: { vpn: true }\nperiod: { first_day: 2027-01-01, last_day: 2027-12-31 }\n";
    assert_reported(&format!("{files}{successor}"), &[]);
    let (first, second) = files.split_at(files.find("# agreements/b").expect("the second"));
    let other = format!("{first}{}", second.replace("dent-mayak", "dent-profi"));
    assert_reported(&other, &["agreements/b.yaml:1:9 E103", "agreements/b.yaml:5:10 W110"]);
}

#[test]
fn a_successor_of_a_terminated_agreement_is_an_error_until_confirmed() {
    let one = |id: &str, year: i32, more: &str| {
        format!(
            "# agreements/{id}.yaml\nclient: dent-mayak\nservices: {{ email: true }}\nperiod: {{ first_day: {year}-01-01, last_day: {year}-12-31 }}\n{more}\n"
        )
    };
    let ended = one("a", 2026, "termination: { last_day: 2026-12-15 }");
    let two = |more: &str| format!("{ended}{}", one("b", 2027, &format!("renews: a\n{more}")));
    assert_reported(&two(""), &["agreements/b.yaml:4:9 E309"]);
    assert_reported(&two("allow: { E309: { reason: back in January } }"), &[]);
    assert_reported(&two("termination: { last_day: 2026-12-15 }"), &[]);
    assert_reported(&two("").replace("2027-01-01", "2026-12-16"), &[]);
    // What never begins ends the chain as well.
    let three = |more: &str| two("termination: { last_day: 2026-12-15 }") + &one("c", 2028, more);
    assert_reported(&three("renews: b"), &["agreements/c.yaml:4:9 E309"]);
    assert_reported(&three("renews: b\ntermination: { last_day: 2026-12-15 }"), &[]);
    // So does an end by hand, and an end as agreed leaves a gap.
    let by_hand =
        "activation:\n  - { status: active, on: 2026-01-01 }\n  - { status: ended, on: 2026-12-16 }";
    let follower = one("b", 2027, "renews: a");
    assert_reported(&format!("{}{follower}", one("a", 2026, by_hand)), &["agreements/b.yaml:4:9 E309"]);
    let gap = one("a", 2026, "").replace("2026-12-31", "2026-12-15");
    assert_reported(&format!("{gap}{follower}"), &["agreements/b.yaml:3:22 W304"]);
}

#[test]
fn what_is_terminated_before_it_begins_is_never_active() {
    use crate::status::{State, changes, period_at};
    let files = "# agreements/a.yaml\nclient: dent-mayak\nservices: { email: true }\nperiod: { first_day: 2026-01-01, last_day: 2026-12-31 }\ntermination: { last_day: 2026-12-15 }\n# agreements/b.yaml\nclient: dent-mayak\nrenews: a\nservices: { email: true }\nperiod: { first_day: 2027-01-01, last_day: 2027-12-31 }\ntermination: { last_day: 2026-12-15 }\n";
    let successor = &checked(&files_of(files)).1.agreements[1];
    let states: Vec<State> = changes(successor).into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, [State::Terminated]);
    let period = period_at(successor, crate::calendar::Instant::MIN);
    assert_eq!(period.last_day, Some(crate::agreement::sample::day("2027-12-31")));
}

#[test]
fn a_successor_that_never_begins_leaves_its_place_to_another() {
    let one = |id: &str, year: i32, more: &str| {
        format!(
            "# agreements/{id}.yaml\nnumber: N\nclient: dent-mayak\nservices: {{ email: true }}\nperiod: {{ first_day: {year}-04-01, last_day: {}-03-31 }}\n{more}\n",
            year + 1
        )
    };
    let never = one("b", 2026, "renews: a\ntermination: { last_day: 2026-03-31 }");
    let renewed = format!("{}{never}", one("a", 2025, ""));
    assert_reported(&renewed, &["agreements/a.yaml:4:44 W306"]);
    let another = one("c", 2026, "renews: a");
    assert_reported(&format!("{renewed}{another}"), &[]);
    let begins = renewed.replace("{ last_day: 2026-03-31 }", "{ last_day: 2026-04-01 }");
    assert_reported(&begins, &[]);
    assert!(reported(&format!("{begins}{another}")).contains(&"agreements/c.yaml:5:9 E302".to_owned()));
}

#[test]
fn a_termination_stands_in_the_entry_or_in_the_set() {
    let set = "# agreements/set.yaml\nservices: { email: true }\nperiod: { first_day: 2026-01-01, last_day: 2026-12-31 }\ntermination: { last_day: 2026-10-31, reason: moves }\nclients:\n  dent-mayak: { termination: { reason: closes } }\n  dent-profi: { termination: { last_day: 2026-09-30 } }\n";
    let agreements = checked(&files_of(set)).1.agreements;
    let of_entry = agreements.iter().map(|agreement| {
        agreement.termination.as_ref().map(|termination| termination.is_of_entry).expect("it is terminated")
    });
    assert_eq!(of_entry.collect::<Vec<_>>(), [false, true]);
}

#[test]
fn an_allowance_of_a_set_is_used_where_one_entry_uses_it() {
    let set = "# agreements/set.yaml\nservices: { email: true }\nperiod: { first_day: 2026-01-01, last_day: 2026-12-31 }\nclients:\n  dent-mayak: true\n  dent-profi: { period: { last_day: 2026-01-03 } }\nallow: { W208: { reason: trial, until: 2026-12-31 } }\n";
    assert_reported(set, &[]);
    assert_reported(&set.replace("2026-01-03", "2026-12-30"), &["agreements/set.yaml:6:10 W110"]);
}

#[test]
fn a_repeated_value_may_be_allowed() {
    let files = "# templates/t.yaml\nservices: { email: true }\nperiod: { last_day: 2026-12-31 }\n# agreements/a.yaml\nextends: t\nclient: dent-mayak\nservices: { email: true }\nperiod: { first_day: 2026-01-01 }\n";
    assert_reported(files, &["agreements/a.yaml:3:1 W108"]);
    assert_reported(
        &format!("{files}allow: {{ W108: {{ reason: fixed on paper, until: 2026-12-31 }} }}"),
        &[],
    );
}

#[test]
fn a_catalog_that_cannot_be_read_makes_no_noise() {
    let mut sources = Sources::default();
    let files = [
        ("catalog.yaml", "clients: ["),
        (
            "agreements/a.yaml",
            "client: x\nservices: { y: true }\nperiod: { first_day: 2026-02-30, term: 1y }",
        ),
    ];
    let documents: Vec<Document> = files
        .iter()
        .map(|(path, text)| {
            let file = sources.add(*path, *text);
            read(&sources, file, kind_of(path).expect("a file of ours")).0
        })
        .collect();
    let codes: Vec<Code> = checked_documents(&documents, &sources)
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect();
    assert_eq!(codes, [Code::E203]);
}

#[test]
fn settings_say_where_to_and_as_whom() {
    let settings = |text: &str| format!("# servanda.yaml\ntimezone: Europe/Moscow\n{text}");
    let tenant = |url: &str| {
        settings(&format!("helpdesk: {{ kind: itsm365, url: {url}, access_key: {{ env: KEY }} }}"))
    };
    assert_reported(&tenant("https://acme.itsm365.com/sd"), &[]);
    assert_reported(&tenant("http://127.0.0.1:8080/sd"), &[]);
    assert_reported(&tenant("http://localhost/sd"), &[]);
    assert_reported(&tenant("http://acme.itsm365.com/sd"), &["servanda.yaml:2:33 E009"]);
    assert_reported(&tenant("http://127.0.0.1.acme.example/sd"), &["servanda.yaml:2:33 E009"]);
    assert_reported(&tenant("http://localhost.acme.example/sd"), &["servanda.yaml:2:33 E009"]);
    assert_reported(
        &settings("helpdesk: { kind: itsm365 }"),
        &["servanda.yaml:2:11 E010", "servanda.yaml:2:11 E010"],
    );
    assert_reported("# servanda.yaml\nlanguage: ru", &["servanda.yaml:1:1 E010"]);
    assert_reported(&settings("helpdesk: { drift: correct }"), &[]);
    assert_reported(&settings("helpdesk: { drift: report }"), &[]);
    assert_reported(&settings("helpdesk: { drift: { title: report, state: report } }"), &[]);
    assert_reported(&settings("helpdesk: { drift: { titel: report } }"), &["servanda.yaml:2:22 E101"]);
    assert_reported("# servanda.yaml\ntimezone: Europe/Moskow", &["servanda.yaml:1:11 E203"]);
    assert_reported(
        &settings("guards: { deactivations: { and_share: 120% } }"),
        &["servanda.yaml:2:39 E009"],
    );
    assert_reported(
        &settings(
            "helpdesk: { agreement: { attributes: { titel: title, first_day: { attribute: a, as: next_day } } } }",
        ),
        &["servanda.yaml:2:40 E101", "servanda.yaml:2:85 E009"],
    );
}

#[test]
fn what_the_settings_leave_out_is_usual() {
    let settings_of = |text: &str| {
        checked(&files_of(&format!("# servanda.yaml\ntimezone: Europe/Moscow\n{text}"))).1.settings
    };
    let usual = settings_of("");
    assert!(matches!(usual.helpdesk.kind, crate::settings::Product::Sandbox) && usual.helpdesk.rehearsal);
    let is_together = |settings: &crate::settings::Settings| {
        settings.helpdesk.mapping.rules.as_ref().is_some_and(|rules| rules.are_created_together)
    };
    assert!(is_together(&usual) && is_together(&settings_of("helpdesk: { sla_rules: { class: a } }\n")));
    assert!(!is_together(&settings_of("helpdesk: { sla_rules: { together: false } }\n")));
    let mapped = "helpdesk:\n  kind: itsm365\n  url: https://acme.itsm365.com/sd\n  access_key: { env: KEY }\n  sla_rules: { class: a";
    assert!(!is_together(&settings_of(&format!("{mapped} }}\n"))));
    assert!(is_together(&settings_of(&format!("{mapped}, together: true }}\n"))));
    let tenant = settings_of(
        "helpdesk:\n  kind: itsm365\n  url: https://acme.itsm365.com/sd/\n  access_key: { env: KEY }\n  agreement: { attributes: { title: t, last_day: { attribute: end, as: next_day } }, states: { expired: over } }\nguards: { deactivations: { and_share: 25% } }\n",
    );
    let mapping = &tenant.helpdesk.mapping;
    assert!(mapping.rules.is_none() && !tenant.helpdesk.rehearsal);
    assert_eq!(mapping.attributes.len(), 2);
    assert_eq!(mapping.last_day, crate::mapping::DayForm::NextDay);
    assert_eq!(
        mapping.states.values().collect::<Vec<_>>(),
        ["planned", "active", "inactive", "over", "inactive"]
    );
    assert_eq!(
        (tenant.guards.deactivations.more_than, tenant.guards.deactivations.and_share_percent),
        (5, 25)
    );
    assert!(
        matches!(tenant.helpdesk.kind, crate::settings::Product::Itsm365 { url, .. } if url == "https://acme.itsm365.com/sd")
    );
}

#[test]
fn an_adapter_decides_all_but_the_connection() {
    let adapter = |url: &str, rest: &str| {
        format!("# servanda.yaml\ntimezone: Europe/Moscow\nhelpdesk:\n  kind: http\n  url: \"{url}\"\n{rest}")
    };
    let here = |rest: &str| adapter("http://127.0.0.1:8788", rest);
    assert_reported(&here(""), &[]);
    assert_reported(
        &here("  access_key: { env: TOKEN }\n  rate: 5\n  drift: report\n  rehearsal: true\n"),
        &[],
    );
    assert_reported(&here("  agreement: { key: { prefix: \"x:\" }, recipients: { mode: additive } }\n"), &[]);
    assert_reported(&adapter("https://adapter.acme.example", ""), &["servanda.yaml:3:3 E010"]);
    assert_reported(&adapter("http://adapter.acme.example", ""), &["servanda.yaml:4:8 E009"]);
    assert_reported(&here("  user: { env: U }\n"), &["servanda.yaml:5:9 E009"]);
    assert_reported(&here("  sla_rules: off\n"), &["servanda.yaml:5:14 E009"]);
    assert_reported(&here("  agreement: { states: { active: x } }\n"), &["servanda.yaml:5:24 E009"]);
    let settings = checked(&files_of(&here(""))).1.settings;
    let usual = &settings.helpdesk;
    assert!(!usual.rehearsal && usual.mapping.rules.is_none() && usual.mapping.holds_targets_with_services());
    assert_eq!(usual.mapping.attributes.len(), 11);
    assert_eq!(usual.kind.url(), Some("http://127.0.0.1:8788"));
    assert_reported(
        &format!("{}notices: {{ module: {{ call: a.b }} }}\n", here("")),
        &["servanda.yaml:5:20 E009"],
    );
}

#[test]
fn an_itop_has_settings_of_its_own() {
    let settings = |text: &str| format!("# servanda.yaml\ntimezone: Europe/Moscow\n{text}");
    let made = |text: &str| checked(&files_of(text)).1;
    let itop = |rest: &str| {
        settings(&format!(
            "helpdesk: {{ kind: itop, url: \"https://itop.acme.example\", user: {{ env: U }}, password: {{ env: P }}, provider: acme{rest} }}"
        ))
    };
    let itop =
        |rest: &str| format!("{}\n# catalog.yaml\nproviders: {{ acme: {{ title: Акме }} }}\n", itop(rest));
    assert_reported(&itop(""), &[]);
    assert_reported(&settings("helpdesk: { kind: itop }"), &["servanda.yaml:2:11 E010"; 2]);
    assert_reported(&itop(", access_key: { env: K }"), &["servanda.yaml:2:11 E014"]);
    // A provider is needed by agreements alone, and the settings' own is one of the catalog.
    let reached = "kind: itop, url: \"https://itop.acme.example\", user: { env: U }, password: { env: P }";
    assert_reported(&settings(&format!("helpdesk: {{ {reached} }}")), &[]);
    let agreement = "# agreements/a.yaml\nclient: silent\nservices: { email: true }\nperiod: { open_ended: true, first_day: 2026-01-01 }\nallow: { W404: { reason: none } }\n";
    let found = made(&format!("{}\n{agreement}", settings(&format!("helpdesk: {{ {reached} }}"))));
    assert!(found.diagnostics.iter().any(|fault| fault.code == Code::E010), "{:?}", found.diagnostics);
    let known = "# catalog.yaml\nproviders: { acme: { title: Акме }, other: { title: Other } }\n";
    let unknown =
        made(&format!("{}\n{known}", settings(&format!("helpdesk: {{ {reached}, provider: akme }}"))));
    let fault = unknown.diagnostics.iter().find(|fault| fault.code == Code::E101).expect("it is unknown");
    let help = fault.help.as_deref().unwrap_or_default();
    assert!(help.contains("`acme`") && help.contains("`other`"), "{help}");
    for wrong in [
        ", history: { class: event }",
        ", agreement: { deactivate: archive }",
        ", sla_rules: { interval: object }",
        ", sla_rules: { together: true }",
        ", sla_rules: { business_day: 0h }",
        ", sla_rules: { priorities: { critical: 1, high: 1 } }",
    ] {
        assert_eq!(made(&itop(wrong)).diagnostics.iter().count(), 1, "{wrong}");
    }
    let mapping = made(&itop(", sla_rules: off")).settings.helpdesk.mapping;
    assert!(!mapping.carries(&crate::mapping::Field::Targets));
    let mapping = made(&itop("")).settings.helpdesk.mapping;
    assert!(mapping.holds_targets_with_services() && mapping.recipients.is_single);
    assert_eq!(mapping.deactivate, crate::mapping::Deactivation::Withdraw);
}

#[test]
fn the_catalog_names_each_object_once() {
    assert_reported(
        "# catalog.yaml\nservices:\n  a: { title: A }\n  b: { title: A }",
        &["catalog.yaml:3:15 E111"],
    );
    assert_reported(
        "# catalog.yaml\nclients: { a: { title: A, timezone: Mars/Base, contacts: { main: {} } } }",
        &["catalog.yaml:1:37 E203", "catalog.yaml:1:66 E010"],
    );
}

#[test]
fn notices_reach_somebody() {
    assert_reported(
        &with("notices: { activated: { to: [client] } }").replace("dent-mayak", "silent"),
        &["agreements/example.yaml:4:29 E501"],
    );
    assert_reported(&with("notices: { activated: {} }"), &["agreements/example.yaml:4:23 E501"]);
    assert_reported(
        &with("contacts: { boss: a@b.example }\nnotices: { activated: { to: [client] } }"),
        &["agreements/example.yaml:4:19 E508"],
    );
    assert_reported(&with("notices: { activated: { to: [mayak@dent.example] } }"), &[]);
}

/// Parts of an agreement, sound and not; every one of them has the shape that the schema wants.
const PARTS: [&[&str]; 12] = [
    &["client: dent-mayak", "client: dent-profi", "client: no-one", "extends: t"],
    &[
        "services: { email: true }",
        "services: { email: { targets: { critical: { response: 20 business days } } }, vpn: true }",
        "services: { email: false }",
        "",
    ],
    &[
        "period: { first_day: 2026-01-01, last_day: 2026-12-31 }",
        "period: { first_day: 2026-01-31, term: 1mo }",
        "period: { first_day: 9999-12-31, term: 100y }",
        "period: { first_day: 0000-01-01, last_day: 9999-12-31 }",
        "period: { first_day: 2026-06-30, last_day: 2026-06-01, timezone: Africa/Cairo }",
        "period: { open_ended: true }",
        "period: { last_day: 2026-02-30 }",
        "",
    ],
    &[
        "activation: [ { status: active, on: 2026-02-01 }, { status: ended, at: 2026-02-01T00:00:00Z } ]",
        "activation: [ { status: active, on: 0000-01-01 }, { status: suspended, on: 9999-12-31 } ]",
        "activation: [ ]",
        "",
    ],
    &[
        "suspensions: [ { from: 9999-12-31 }, { from: 0000-01-01, until: 9999-12-31 } ]",
        "suspensions: [ { from: 2026-03-01 } ]",
        "",
    ],
    &[
        "termination: { last_day: 9999-12-31 }",
        "termination: { last_day: 0000-01-01 }",
        "termination: { at: 2026-05-05T05:05:05Z }",
        "",
    ],
    &[
        "renewal: { mode: auto, term: 1d }",
        "renewal: { mode: auto, term: 100y, max_terms: 4000000000 }",
        "renewal: { mode: manual, notice_period: 99w }",
        "",
    ],
    &["renews: a", "renews: b", "renews: c", "", ""],
    &["number: N", "number: M", ""],
    &["formerly: [a, z]", "formerly: [b]", ""],
    &[
        "recipients: [dent-mayak, dent-mayak/x-ray]",
        "recipients: [dent-mayak/x-ray]",
        "recipients: [dent-profi]",
        "",
        "",
    ],
    &[
        "notices: { expiring: { to: [client, manager, a@b.example], before: [999999999d, 0d, 1w, 7d] }, activated: { to: [] } }",
        "title: '{{ manager.title }} {{ labels.x }}'",
        "allow: { W208: { reason: x, until: 2026-12-31 }, W306: { reason: x, until: 9999-12-31 }, E201: { reason: x, until: 2026-01-01 } }",
        "sla: { calendar: 24x7, targets: { critical: { response: 0m, resolution: 1 day }, other: { response: 366 business days } } }",
        "",
    ],
];

fn any_agreement() -> impl Strategy<Value = String> {
    let parts = PARTS.iter().map(|choices| prop::sample::select(*choices)).collect::<Vec<_>>();
    parts.prop_map(|parts| {
        parts.into_iter().filter(|part| !part.is_empty()).flat_map(|part| [part, "\n"]).collect()
    })
}

fn any_files() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(any_agreement(), 1..6).prop_map(|texts| {
        let mut files: Vec<(String, String)> = texts
            .into_iter()
            .zip(["a", "b", "c", "d", "e", "f"])
            .map(|(text, id)| (format!("agreements/{id}.yaml"), text))
            .collect();
        files.push((
            "templates/t.yaml".to_owned(),
            "services: { email: true }\nnotices: { activated: { to: [client] } }\n".to_owned(),
        ));
        files.push(("servanda.yaml".to_owned(), SETTINGS.to_owned()));
        files.push(("catalog.yaml".to_owned(), CATALOG.to_owned()));
        files
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: sample_of(64, 256), ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_files_changes_nothing(
        (files, shuffled) in any_files().prop_flat_map(|files| (Just(files.clone()), Just(files).prop_shuffle())),
    ) {
        let shown = |files: &[(String, String)]| -> Vec<String> {
            let (sources, checked) = checked(files);
            let faults = checked.diagnostics.iter().map(|fault| {
                let related: Vec<_> = fault.related.iter().map(|label| (sources.position(label.span), &label.text)).collect();
                format!("{:?} {} {} {:?} {related:?}", sources.position(fault.place.span), fault.code, fault.message, fault.help)
            });
            let made = checked.agreements.iter().map(|agreement| format!("{} {} {:?}", agreement.id, agreement.title, agreement.succeeded_on));
            faults.chain(made).collect()
        };
        prop_assert_eq!(shown(&files), shown(&shuffled));
    }

    #[test]
    fn what_is_made_without_an_error_can_be_asked_for_its_status(files in any_files()) {
        let (_, checked) = checked(&files);
        for agreement in &checked.agreements {
            let at = "2026-03-01T12:00:00Z".parse().expect("an instant");
            let _ = crate::status::status(agreement, at);
        }
    }
}

#[test]
fn an_unknown_slug_hides_no_other_fault_and_makes_no_agreement() {
    let text = "client: no-one\nmanager: none\nservices: { fax: true }\nperiod: { first_day: 2026-02-01, last_day: 2026-01-31 }\nnotices: { activated: { to: [client, manager] } }";
    assert_reported(
        text,
        &[
            "agreements/example.yaml:1:9 E101",
            "agreements/example.yaml:2:10 E101",
            "agreements/example.yaml:3:13 E101",
            "agreements/example.yaml:4:44 E201",
        ],
    );
    assert!(checked(&files_of(text)).1.agreements.is_empty());
}

/// Schema, pages and code state one default for each kind of helpdesk.
#[test]
fn the_schema_and_the_pages_state_the_defaults_of_every_kind() {
    let described = |kind: &str| {
        let login = match kind {
            "itop" => ", url: \"https://itop.acme.example\", user: { env: U }, password: { env: P }",
            "itsm365" => ", url: \"https://acme.itsm365.com/sd\", access_key: { env: KEY }",
            "http" => ", url: \"http://127.0.0.1:8788\"",
            _ => "",
        };
        let text = format!("# servanda.yaml\ntimezone: UTC\nhelpdesk: {{ kind: {kind}{login} }}");
        checked(&files_of(&text)).1.settings.helpdesk.described()
    };
    let kinds = ["itsm365", "itop", "http", "sandbox"].map(|kind| (kind, described(kind)));
    let schema = include_str!("../../schemas/settings.json");
    let code = |value: &str| if value == "none" { value.to_owned() } else { format!("`{value}`") };
    for key in kinds.iter().flat_map(|(_, settings)| settings).map(|(key, _)| *key).collect::<BTreeSet<_>>() {
        let value = |settings: &[(&str, String)]| {
            settings.iter().find(|(own, _)| *own == key).map(|(_, value)| code(value))
        };
        let values = kinds.iter().filter_map(|(kind, settings)| Some((*kind, value(settings)?)));
        let values: Vec<(&str, String)> = values.collect();
        let (_, usual) = &values[0];
        let others = values[1..].iter().filter(|(_, value)| value != usual);
        let others: Vec<String> = others
            .map(|(kind, value)| match *kind {
                "itop" => format!("{value} for iTop"),
                "sandbox" => format!("{value} for the sandbox"),
                other => format!("{value} for {other}"),
            })
            .collect();
        let rest = if others.is_empty() { String::new() } else { format!("; {}", others.join(", ")) };
        let sentence = format!("Default: {usual}{rest}.");
        assert!(schema.contains(&sentence), "{key}: no description in schemas/settings.json says {sentence}");
    }
    let pages = [
        include_str!("../../docs/itsm365.md"),
        include_str!("../../docs/itop.md"),
        include_str!("../../docs/adapters.md"),
    ];
    for (page, (_, settings)) in pages.into_iter().zip(&kinds) {
        for (key, value) in settings {
            let row = format!("| `{key}` | {} |", code(value));
            assert!(page.contains(&row), "no row of the page is {row}");
        }
    }
}
