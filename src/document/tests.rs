use super::{Document, DocumentKind, DocumentName, add_source, duplicate_ids, parse_text, read};
use crate::diagnostic::{Code, Diagnostics, Sources};

fn path_of(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Agreement => "agreements/a.yaml",
        DocumentKind::Template => "templates/a.yaml",
        DocumentKind::Catalog => "catalog.yaml",
        DocumentKind::Settings => "servanda.yaml",
        DocumentKind::Calendar => "calendars/a.yaml",
    }
}

fn read_as(kind: DocumentKind, text: &str) -> (Sources, Document, Diagnostics) {
    let mut sources = Sources::default();
    let file = sources.add(path_of(kind), text);
    let (document, mut faults) = read(&sources, file, kind);
    faults.sort(&sources);
    (sources, document, faults)
}

/// The diagnostics as `line:column CODE message | help`.
fn reported(kind: DocumentKind, text: &str) -> Vec<String> {
    let (sources, _, faults) = read_as(kind, text);
    let reported = faults.iter().map(|fault| {
        let at = sources.position(fault.place.span);
        let help = fault.help.as_deref().unwrap_or("-");
        format!("{}:{} {} {} | {}", at.line, at.column, fault.code, fault.message, help)
    });
    reported.collect()
}

#[track_caller]
fn one(kind: DocumentKind, text: &str, expected: &str) {
    assert_eq!(reported(kind, text), [expected], "{text}");
}

#[test]
fn a_whole_agreement_is_sound_and_typed() {
    let (_, document, faults) = read_as(
        DocumentKind::Agreement,
        "extends: [support-standard, in-english]\nclient: severny-veter\nnumber: ДО-2026/017\nperiod: { first_day: 2026-02-01 }\n\
         services: { vpn: { calendar: 24x7, targets: { low: false } }, email: false, print: true }\n\
         activation: [{ status: active, on: 2026-02-01, by: me }]\ncontacts: { boss: a@b.example, main: { helpdesk: employee$811 } }\n\
         notices: { at: 09:00, expiring: { before: [60d, 0d], to: [client] }, activated: false }\nattributes: { a: 1, b: 1.5, c: x, d: true }\n\
         allow: { W306: { reason: r, until: 2026-12-01 } }\n",
    );
    assert!(faults.is_empty(), "{faults:?}");
    let typed: super::shape::AgreementDocument = document.typed().expect("schema and type agree");
    assert_eq!(
        typed.extends.map(|names| names.0),
        Some(vec!["support-standard".to_owned(), "in-english".to_owned()])
    );
    assert_eq!(typed.period.and_then(|period| period.first_day).as_deref(), Some("2026-02-01"));
    assert_eq!(typed.services.map(|services| services.len()), Some(3));
}

#[test]
fn unknown_keys_are_reported_with_the_closest_key() {
    for (kind, text, expected) in [
        (
            DocumentKind::Agreement,
            "titel: x\n",
            "1:1 E008 unknown key `titel` in an agreement | did you mean `title`?",
        ),
        (
            DocumentKind::Agreement,
            "period: { start: 2026-01-01 }\n",
            "1:11 E008 unknown key `start` in `period` | did you mean `first_day`?",
        ),
        (
            DocumentKind::Agreement,
            "targets: {}\n",
            "1:1 E008 unknown key `targets` in an agreement | move it below `sla`",
        ),
        (
            DocumentKind::Agreement,
            "locked: []\n",
            "1:1 E008 unknown key `locked` in an agreement | move it to a template; only a template can lock values",
        ),
        (
            DocumentKind::Template,
            "client: x\n",
            "1:1 E008 unknown key `client` in a template | move it to the agreements that extend the template; a template cannot have this key",
        ),
        (
            DocumentKind::Agreement,
            "sla: { qwerty: 1 }\n",
            "1:8 E008 unknown key `qwerty` in `sla` | use one of the keys `calendar`, `targets`",
        ),
        (
            DocumentKind::Agreement,
            "notices: { activated: { before: [1d] } }\n",
            "1:25 E008 unknown key `before` in `notices.activated` | use one of the keys `to`, `at`",
        ),
        (
            DocumentKind::Settings,
            "helpdesk: { ulr: x }\n",
            "1:13 E008 unknown key `ulr` in `helpdesk` | did you mean `url`?",
        ),
    ] {
        one(kind, text, expected);
    }
}

#[test]
fn a_value_of_the_wrong_type_is_quoted_as_written_with_a_fix() {
    for (text, expected) in [
        (
            "number: 17\n",
            "1:9 E009 `number` takes a text of one line, not the number `17` | write '17' in quotes",
        ),
        (
            "number: 0049\n",
            "1:9 E009 `0049` could be a text or a number | write '0049' in quotes if it is a text, or 49 if it is a number",
        ),
        (
            "attributes: { version: 1.10 }\n",
            "1:24 E009 `1.10` could be a text or a number | write '1.10' in quotes if it is a text, or 1.1 if it is a number",
        ),
        (
            "renewal: { max_terms: 012 }\n",
            "1:23 E009 `012` could be a text or a number | write '012' in quotes if it is a text, or 12 if it is a number",
        ),
        (
            "services: { email: no }\n",
            "1:20 E009 `services.email` takes `true`, `false` or a map, not the text `no` | write `false`",
        ),
        (
            "recipients: { severny-veter: true, a/b: true }\n",
            "1:13 E009 `recipients` takes a list, not a map | write a list: `[severny-veter, a/b]`",
        ),
        (
            "recipients: 1\n",
            "1:13 E009 `recipients` takes a list, not the number `1` | write a list in brackets",
        ),
        (
            "services: { vpn: { targets: [critical] } }\n",
            "1:29 E009 `services.vpn.targets` takes a map, not a list | write a map: `{ critical: { … } }`",
        ),
        (
            "suspensions: 2026-05-01/2026-05-10\n",
            "1:14 E009 `suspensions` takes a list, not the text `2026-05-01/2026-05-10` | write a list, such as `[{ from: …, until: … }]`",
        ),
        (
            "renewal: { mode: true }\n",
            "1:18 E009 `renewal.mode` takes one of `none`, `manual`, `auto`, not `true` | write one of `none`, `manual`, `auto`",
        ),
        (
            "language: [ru, en]\n",
            "1:11 E009 `language` takes one of `en`, `ru`, not a list | write one of `en`, `ru`",
        ),
        ("recipients: a\n", "1:13 E009 `recipients` takes a list, not the text `a` | write a list: `[a]`"),
        (
            "client: Severny Veter\n",
            "1:9 E009 `Severny Veter` is not the slug of a client | write `severny-veter`",
        ),
        (
            "services: { Печать: true }\n",
            "1:13 E009 `Печать` is not the slug of a service | write it as lower-case letters, digits, dots, hyphens and underscores, beginning with a letter or digit",
        ),
    ] {
        one(DocumentKind::Agreement, text, expected);
    }
}

#[test]
fn an_invalid_text_or_boolean_is_reported_with_the_valid_ones() {
    for (text, expected) in [
        ("period: { first_day: 1.2.2026 }\n", "1:22 E009 `1.2.2026` is not a day | write 2026-02-01"),
        (
            "period: { term: 6m }\n",
            "1:17 E009 `m` in a term could be minutes or months | write `6mo` for months",
        ),
        (
            "period: { open_ended: false }\n",
            "1:23 E009 `false` has no effect here | write `true`, or delete the key",
        ),
        (
            "sla: { targets: { low: true } }\n",
            "1:24 E009 `true` has no effect at `sla.targets.low` | write `false` or a map",
        ),
        ("clients: { a: false }\n", "1:15 E009 `false` has no effect at `clients.a` | write `true` or a map"),
        (
            "renewal: { mode: automatic }\n",
            "1:18 E009 `renewal.mode` takes one of `none`, `manual`, `auto`, not `automatic` | write one of `none`, `manual`, `auto`",
        ),
        (
            "activation: manual\n",
            "1:13 E009 `activation` takes `auto` or a list, not `manual` | write it as `auto`, or as a list of steps with `status` and `on`",
        ),
        ("renewal: { max_terms: 0 }\n", "1:23 E009 `0` is too small | write 1 or more"),
        (
            "title: \"a\\nb\"\n",
            "1:8 E009 `a\\nb` is not a text of one line | write it as one line that is not empty",
        ),
        (
            "[a]\n",
            "1:1 E009 the file takes a map, not a list | write a map with some of the keys `extends`, `title`, `number`, `client`, `clients`, `recipients`, `manager`, `provider`, `helpdesk`, `contacts`, `language`, `period`, `activation`, `suspensions`, `termination`, `renewal`, `renews`, `formerly`, `adopts`, `services`, `sla`, `notices`, `labels`, `attributes`, `allow`",
        ),
    ] {
        one(DocumentKind::Agreement, text, expected);
    }
}

#[test]
fn a_duration_in_plain_days_is_left_to_another_rule() {
    for text in ["1 day", "2d", "3 days", "P1D"] {
        let text = format!("sla: {{ targets: {{ low: {{ response: {text} }} }} }}\n");
        assert_eq!(reported(DocumentKind::Agreement, &text), [""; 0], "{text}");
    }
}

#[test]
fn keys_that_exclude_each_other_are_reported() {
    for (text, places) in [
        ("client: a\nclients: { b: true }\n", vec!["2:1 E014"]),
        ("period: { last_day: 2026-01-01, term: 1y }\n", vec!["1:33 E014"]),
        ("period: { open_ended: true, term: 1y }\n", vec!["1:29 E014"]),
        ("termination: { at: 2026-01-01T00:00Z, last_day: 2026-01-01 }\n", vec!["1:39 E014"]),
        ("contacts: { a: { email: a@b, helpdesk: c } }\n", vec!["1:30 E014"]),
        ("activation: [{ on: 2026-01-01, at: 2026-01-01T00:00Z }]\n", vec!["1:32 E014"]),
        ("clients: { a: { period: { last_day: 2026-01-01, term: 1y } } }\n", vec!["1:49 E014"]),
    ] {
        let reported: Vec<String> =
            reported(DocumentKind::Agreement, text).iter().map(|line| line[..9].trim().to_owned()).collect();
        assert_eq!(reported, places, "{text}");
    }
}

#[test]
fn an_address_in_place_of_a_map_is_put_under_the_key_that_takes_it() {
    for (text, key) in [
        ("ledger: git:origin#servanda-ledger\n", "{ at: … }"),
        ("ledger: sqlite:x.db\n", "{ at: … }"),
        ("mail: smtp://localhost:1025\n", "{ url: … }"),
        ("helpdesk: https://acme.itsm365.com/sd\n", "{ url: … }"),
    ] {
        let reported = reported(DocumentKind::Settings, text);
        assert!(
            reported.len() == 1 && reported[0].contains("E009") && reported[0].contains(key),
            "{reported:?}"
        );
    }
    let slipped = reported(DocumentKind::Settings, "ledger: at:x\n");
    assert!(slipped.len() == 1 && slipped[0].contains("E017"), "{slipped:?}");
}

#[test]
fn a_secret_in_clear_text_is_reported_and_never_quoted() {
    for text in [
        "helpdesk: { access_key: hunter2-hunter2 }\n",
        "helpdesk: { access_key: 0042hunter2 }\n",
        "helpdesk: { password: 00123456 }\n",
        "helpdesk: { url: 'https://desk.example/sd?accessKey=hunter2' }\n",
        "helpdesk: { url: 'https://me:hunter2@desk.example/sd' }\n",
        "ledger: { at: 'postgres://me:hunter2@host/db' }\n",
        "ledger: { secret: hunter2 }\n",
        "mail: { url: 'smtps://me:hunter2@host' }\n",
        "webhook: { url: 'https://hooks.example/x?token=hunter2' }\n",
    ] {
        let reported = reported(DocumentKind::Settings, text);
        assert!(reported.len() == 1 && reported[0].contains("E013"), "{reported:?}");
        assert!(!reported[0].contains("hunter2") && !reported[0].contains("123456"), "{reported:?}");
    }
    for text in [
        "helpdesk: { access_key: { env: ITSM365_ACCESS_KEY }, url: 'https://acme.itsm365.com/sd' }\n",
        "ledger: { at: 'git:origin#servanda-ledger', secret: { env: S } }\n",
        "ledger: { at: 'sqlite:.servanda/ledger.db' }\n",
        "ledger: { at: 'postgres://me@host/db' }\n",
        "mail: { url: 'smtp://localhost:1025' }\n",
    ] {
        assert_eq!(reported(DocumentKind::Settings, text), [""; 0], "{text}");
    }
}

#[test]
fn all_errors_of_a_file_are_reported_at_once_and_each_value_once() {
    let reported = reported(
        DocumentKind::Agreement,
        "client:\nnumber: 017\nperiod: { first_day: soon, begin: x }\nservices: { a: [] }\n",
    );
    let codes: Vec<&str> = reported.iter().filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(codes, ["E010", "E009", "E009", "E008", "E009"], "{reported:?}");
}

#[test]
fn the_number_of_errors_reported_for_a_file_is_limited() {
    let keys = |of: &dyn Fn(usize) -> String| (0..4_000).map(of).collect::<Vec<_>>().concat();
    for text in [
        keys(&|key| format!("unknown{key}: x\n")),
        format!("services:\n{}", keys(&|key| format!("  Bad Key {key}: x\n"))),
        format!("services:\n{}", keys(&|key| format!("  good{key}: x\n"))),
        format!("recipients:\n{}", keys(&|key| format!("  - Bad {key}\n"))),
        format!("clients:\n{}", keys(&|key| format!("  c{key}: {{ x: 1 }}\n"))),
        format!("activation: [{}]\n", "{ x: 1 }, ".repeat(4_000)),
        keys(&|key| format!("number: {key}\n")),
    ] {
        let reported = reported(DocumentKind::Agreement, &text);
        assert!(reported.len() >= 100 && reported.len() <= 101, "{}", reported.len());
    }
}

#[test]
fn the_name_of_a_file_is_its_id() {
    for (path, codes) in [
        ("agreements/2026/a.1_x-y.yaml", vec![]),
        ("agreements/Severny Veter.yaml", vec!["E012"]),
        ("agreements/ветер.yaml", vec!["E012"]),
        ("agreements/a.yml", vec!["E011"]),
        ("agreements/A.YML", vec!["E011", "E012"]),
    ] {
        let mut sources = Sources::default();
        let file = sources.add(path, "client: a\n");
        let (_, faults) = read(&sources, file, DocumentKind::Agreement);
        let found: Vec<&str> = faults.iter().map(|fault| fault.code.as_str()).collect();
        assert_eq!(found, codes, "{path}");
    }
}

#[test]
fn one_name_in_two_folders_is_reported_with_both_positions() {
    let mut sources = Sources::default();
    let mut documents = Vec::new();
    for path in ["agreements/2026/a.yaml", "agreements/2025/a.yaml", "agreements/b.yaml", "templates/a.yaml"]
    {
        let file = sources.add(path, "labels: { a: b }\n");
        let kind = super::kind_of(path).expect("one of ours");
        documents.push(read(&sources, file, kind).0);
    }
    let faults: Vec<String> = duplicate_ids(documents.iter().map(DocumentName::of), &sources)
        .iter()
        .map(|fault| {
            let places =
                [fault.place.span, fault.related[0].span].map(|span| sources.path(span.file).to_owned());
            format!("{} {}", fault.code, places.join(" "))
        })
        .collect();
    assert_eq!(faults, ["E102 agreements/2026/a.yaml agreements/2025/a.yaml"]);
}

#[test]
fn names_that_differ_only_in_the_form_of_their_letters_are_one_id() {
    let mut sources = Sources::default();
    let paths = ["agreements/\u{439}ога.yaml", "agreements/и\u{306}ога.yaml"];
    let documents = paths.map(|path| {
        let file = sources.add(path, "client: a\n");
        read(&sources, file, DocumentKind::Agreement).0
    });
    assert_eq!(documents[0].id, documents[1].id);
    let faults = duplicate_ids(documents.iter().map(DocumentName::of), &sources);
    let fault = faults.iter().next().expect("two files");
    let mut named = [fault.place.span, fault.related[0].span].map(|span| sources.path(span.file));
    named.sort_unstable_by_key(|path| path.len());
    assert_eq!((fault.code, named), (Code::E102, paths));
    assert!(fault.message.contains("decomposed"), "{}", fault.message);
    let found = reported(DocumentKind::Agreement, "client: a\nattributes: { \u{439}: x, и\u{306}: y }\n");
    assert!(found.iter().any(|line| line.starts_with("2:21 E003 duplicate key `\u{439}`")), "{found:?}");
}

#[test]
fn invalid_bytes_are_kept_up_to_the_error() {
    let mut sources = Sources::default();
    let (file, fault) = add_source(&mut sources, "agreements/a.yaml", b"client: a\ntitle: \xd2\n".to_vec());
    let fault = fault.expect("not UTF-8");
    assert_eq!((fault.code.as_str(), sources.position(fault.place.span).line), ("E001", 2));
    assert_eq!(sources.text(file), "client: a\ntitle: ");
}

/// The blocks of YAML on the page of a rule.
fn blocks(code: Code) -> Vec<&'static str> {
    let page = code.page().split("```yaml\n").skip(1);
    page.filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_page_of_a_rule_shows_an_error_and_its_fix() {
    for (code, kind) in [
        (Code::E002, DocumentKind::Agreement),
        (Code::E003, DocumentKind::Agreement),
        (Code::E004, DocumentKind::Agreement),
        (Code::E005, DocumentKind::Agreement),
        (Code::E006, DocumentKind::Agreement),
        (Code::E007, DocumentKind::Agreement),
        (Code::E008, DocumentKind::Agreement),
        (Code::E009, DocumentKind::Agreement),
        (Code::E010, DocumentKind::Agreement),
        (Code::E013, DocumentKind::Settings),
        (Code::E014, DocumentKind::Agreement),
        (Code::E015, DocumentKind::Agreement),
        (Code::E016, DocumentKind::Agreement),
        (Code::E017, DocumentKind::Agreement),
    ] {
        let [bad, good] = blocks(code)[..] else { panic!("{code}: two blocks of YAML") };
        let (_, _, faults) = read_as(kind, bad);
        assert!(!faults.is_empty() && faults.iter().all(|fault| fault.code == code), "{code}: {faults:?}");
        assert_eq!(reported(kind, good), [""; 0], "{code}");
    }
}

#[test]
fn every_key_of_a_long_map_is_found_and_no_other() {
    let keys: Vec<String> = (0..40).map(|number| format!("k{:02}", number * 7 % 40)).collect();
    let text = keys.iter().map(|key| format!("{key}: of-{key}\n")).collect::<Vec<_>>().concat();
    let root = parse_text(&text).expect("a map");
    let map = root.as_map().expect("a map");
    assert_eq!(map.iter().map(|entry| &*entry.key).collect::<Vec<_>>(), keys, "as written");
    for key in &keys {
        assert_eq!(map.get(key).and_then(|node| node.as_text()), Some(&*format!("of-{key}")));
    }
    for key in ["", "k", "k000", "k40", "л"] {
        assert_eq!(map.get(key), None, "{key}");
    }
}

#[test]
fn a_value_that_breaks_a_pattern_and_a_limit_is_reported_once_also_in_a_set() {
    let long = "A".repeat(130);
    let shown = format!("{}…", "A".repeat(60));
    let expected = format!("E009 `{shown}` is not the slug of a client |");
    for (text, at) in [
        (format!("client: {long}\n"), "1:9"),
        (format!("recipients: [a]\nclient: {}\n", "a".repeat(130)), "2:9"),
    ] {
        let reported = reported(DocumentKind::Agreement, &text);
        assert_eq!(reported.len(), 1, "{reported:?}");
        assert!(
            reported[0].starts_with(at) && reported[0].contains("is not the slug of a client"),
            "{reported:?}"
        );
    }
    assert!(reported(DocumentKind::Agreement, &format!("client: {long}\n"))[0].contains(&expected));
    // Each part of a path has the limit, and each part of a zone something in it.
    let (fits, exceeds) = ("a".repeat(100), "a".repeat(101));
    assert_eq!(reported(DocumentKind::Agreement, &format!("recipients: [{fits}/{fits}]\n")), [""; 0]);
    for text in [
        format!("recipients: [{exceeds}]\n"),
        format!("recipients: [{exceeds}/b]\n"),
        format!("recipients: [a/{exceeds}]\n"),
        "period: { timezone: Europe//Moscow }\n".to_owned(),
    ] {
        assert_eq!(reported(DocumentKind::Agreement, &text).len(), 1, "{text}");
    }
    one(
        DocumentKind::Agreement,
        "clients: { a: { services: { email: { targets: { normal: { response: 4 hours } } } } } }\n",
        "1:69 E009 `4 hours` is not a duration | write a target as 30m, 4h, 1h30m, PT4H or 2 business days",
    );
}
