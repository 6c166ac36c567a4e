use super::{DEPTH_LIMIT, FAULT_LIMIT};
use crate::diagnostic::Sources;
use crate::document::{DocumentKind, Tree};

/// Parses an agreement.
fn parse(file: crate::diagnostic::FileId, text: &str) -> super::Parsed {
    super::parse(file, DocumentKind::Agreement, text)
}

/// The diagnostics of a text as `line:column CODE`, in the order of the text.
fn faults(text: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let file = sources.add("a.yaml", text);
    let mut found = parse(file, text).faults;
    found.sort_by_key(|fault| fault.place.span);
    let reported = found.iter().map(|fault| {
        let at = sources.position(fault.place.span);
        format!("{}:{} {}", at.line, at.column, fault.code)
    });
    reported.collect()
}

fn json(text: &str) -> serde_json::Value {
    let file = Sources::default().add("a.yaml", text);
    let parsed = parse(file, text);
    assert!(parsed.faults.is_empty(), "{:?}", parsed.faults);
    Tree::Node(&parsed.root.expect("a tree")).to_json()
}

#[test]
fn values_are_those_of_yaml_1_2() {
    assert_eq!(
        json(
            "a: yes\nb: 2026-01-01\nc: 09:00\nd: [1, -2, 1.5, true, 'x', \"y\\n\"]\ne: |\n  one\n  two\n24x7: {}\n1: x\n"
        ),
        serde_json::json!({
            "a": "yes", "b": "2026-01-01", "c": "09:00", "d": [1, -2, 1.5, true, "x", "y\n"],
            "e": "one\ntwo\n", "24x7": {}, "1": "x",
        })
    );
}

#[test]
fn the_order_of_the_text_is_kept() {
    let keys = |text| json(text).as_object().map(|map| map.keys().cloned().collect::<String>());
    assert_eq!(keys("b: 1\na: 2\nc: 3\n").as_deref(), Some("bac"));
    assert_eq!(keys("---\nb: 1\na: 2\n...\n").as_deref(), Some("ba"));
}

#[test]
fn syntax_that_hides_the_meaning_is_refused_with_its_position() {
    for (text, expected) in [
        ("a: &x 1\nb: *x\n", vec!["1:4 E004", "2:4 E004"]),
        ("a: *unknown\n", vec!["1:4 E004"]),
        ("<<: { a: 1 }\n", vec!["1:1 E004"]),
        ("a: !!str 1\nb: !own x\n", vec!["1:4 E004", "2:4 E004"]),
        ("a: 1\n---\nb: 2\n", vec!["2:1 E005"]),
        ("%YAML 1.1\n---\na: 1\n", vec!["1:1 E002"]),
        ("a: 1\nb:\n  c: 2\n  c: 3\na: 4\n", vec!["4:3 E003", "5:1 E003"]),
        ("a:\nb: ~\nc: null\nd: [x, ]\ne: [ , y]\n", vec!["1:1 E010", "2:1 E010", "3:1 E010", "5:6 E002"]),
        ("- \n- a\n", vec!["1:3 E010"]),
        ("a: 0049\nb: 1.10\nc: 12e3\nd: 0x1F\n", vec!["1:4 E009", "2:4 E009", "3:4 E009", "4:4 E009"]),
        ("? [a]\n: b\n", vec!["1:3 E002"]),
        (": b\n", vec!["1:1 E010"]),
        ("a: \"\\u202e\"\n", vec!["1:4 E007"]),
        ("a: b\u{200b}\n", vec!["1:5 E007"]),
        ("\u{feff}a: b\n", vec!["1:1 E007"]),
        ("", vec!["1:1 E015"]),
        ("# nothing\n", vec!["1:1 E015"]),
        ("---\n", vec!["1:1 E015"]),
    ] {
        assert_eq!(faults(text), expected, "{text:?}");
    }
}

#[test]
fn the_help_suits_the_kind_of_file_and_the_place() {
    let (agreement, settings) = (DocumentKind::Agreement, DocumentKind::Settings);
    let drops = "write `false`";
    for (kind, text, help, is_there) in [
        (agreement, "a: &x 1\n", "template", true),
        (settings, "a: &x 1\n", "write the value in each place", true),
        (settings, "<<: { a: 1 }\n", "template", false),
        (agreement, "# nothing\n", "delete the file", true),
        (settings, "# nothing\n", "delete the file", false),
        (agreement, "services: { vpn: ~ }\n", drops, true),
        (agreement, "sla:\n  targets:\n    low:\n", drops, true),
        (agreement, "manager: ~\n", drops, false),
        (settings, "services: { vpn: ~ }\n", drops, false),
        (agreement, "number: #17\n", "`#` begins a comment", true),
        (agreement, "\"number\":  #17\n", "`#` begins a comment", true),
        (agreement, "number: # to do\n", "`#` begins a comment", false),
        (agreement, "title: {{ client.title }}\n", "put the whole text in quotes", true),
        (agreement, "title: { { a: 1 }: 2 }\n", "write a text as the key", true),
        (agreement, "services: vpn: { calendar: 24x7 }\n", "indent the second key", true),
        (agreement, "period: first_day: 2026-02-01\n", "indent the second key", true),
        (agreement, "title: Support: basic\n", "indent the second key", false),
    ] {
        let file = Sources::default().add("a.yaml", text);
        let help_of = super::parse(file, kind, text).faults.remove(0).help.unwrap_or_default();
        assert_eq!(help_of.contains(help), is_there, "{text:?}: {help_of}");
    }
}

#[test]
fn invalid_yaml_is_reported_with_its_position_and_help() {
    for (text, place, help) in [
        ("a: b: c\n", "1:5 E002", "quotes"),
        ("a:\n\tb: 1\n", "2:2 E002", "spaces"),
        ("a: [1, 2\nb: 3\n", "2:1 E002", "close the bracket"),
        ("a: { b: 1\nc: 3\n", "2:1 E002", "close the bracket"),
        ("a:\n  b: 1\n   c: 2\n", "3:5 E002", "line above"),
        ("a:\n  b: c\n  d: e: f\n", "3:7 E002", "quotes"),
        ("a: 'x\n", "2:1 E002", "close the quotes"),
        ("a: @x\n", "1:4 E002", "quotes"),
        ("a: \"\\q\"\n", "1:4 E002", "single quotes"),
    ] {
        assert_eq!(faults(text), [place], "{text:?}");
        let file = Sources::default().add("a.yaml", text);
        let reported = parse(file, text).faults.remove(0).help.unwrap_or_default();
        assert!(reported.contains(help), "{text:?}: {reported}");
    }
}

#[test]
fn all_errors_of_a_file_are_reported_together() {
    assert_eq!(
        faults("a: &x\nb: 01\nc:\nd: 1\nd: 2\n"),
        ["1:1 E010", "1:4 E004", "2:4 E009", "3:1 E010", "5:1 E003"]
    );
}

#[test]
fn each_limit_is_reported_once_with_its_code() {
    let deep = |levels: usize| format!("a: {}{}\n", "[".repeat(levels), "]".repeat(levels));
    assert!(faults(&deep(DEPTH_LIMIT - 1)).is_empty());
    let dashes =
        (0..100_000).fold(String::new(), |text, level| text + &" ".repeat(level % 1000) + "- ") + "\n";
    for (text, expected) in [
        (deep(DEPTH_LIMIT), "E006"),
        ("[".repeat(100_000), "E006"),
        ("{".repeat(100_000), "E006"),
        (format!("a: [{}]\n", "1, ".repeat(DocumentKind::Agreement.limits().values)), "E006"),
        (format!("a: {}\n", "x".repeat(DocumentKind::Agreement.limits().bytes)), "E006"),
        (dashes, "E006"),
    ] {
        let found = faults(&text);
        let codes: Vec<&str> = found.iter().filter_map(|fault| fault.split(' ').nth(1)).collect();
        assert_eq!(codes, [expected], "{found:?}");
    }
}

#[test]
fn a_limit_is_named_with_the_size_and_the_way_out() {
    let said = |kind, text: &str| {
        let found = super::parse(Sources::default().add("a.yaml", text), kind, text).faults;
        let found: Vec<String> = found
            .iter()
            .map(|fault| format!("{} {}; {}", fault.code, fault.message, fault.help.as_deref().unwrap_or("")))
            .collect();
        found.join("\n")
    };
    let many = |values: usize| format!("[{}]\n", vec!["1"; values - 1].join(","));
    assert_eq!(said(DocumentKind::Catalog, &many(400_000)), "");
    assert_eq!(
        said(DocumentKind::Catalog, &many(412_345)),
        "E006 the file contains 412345 keys and values, more than the limit of 400000 for the catalog; \
         move some of its entries to another file, such as catalog/clients-a.yaml"
    );
    assert_eq!(
        said(DocumentKind::Agreement, &("#".repeat(1024 * 1024 - 4) + "\na: b\n")),
        "E006 the file has 1048578 bytes, more than the limit of 1048576 for an agreement; \
         split the set into several files"
    );
}

#[test]
fn aliases_are_refused_and_never_expanded() {
    let found = faults(&billion_laughs());
    assert_eq!(found.len(), FAULT_LIMIT);
    assert!(found.iter().all(|fault| fault.ends_with("E004")), "{found:?}");
}

fn billion_laughs() -> String {
    let mut text = String::from("a0: &a0 [lol, lol]\n");
    for level in 1..30 {
        let before = level - 1;
        let line = format!("a{level}: &a{level} [*a{before}, *a{before}, *a{before}]\n");
        text += &line;
    }
    text
}

#[test]
fn a_duplicate_of_a_key_is_found_in_a_map_of_thousands() {
    let lines: Vec<String> = (0..9_000).map(|key| format!("key{key}: x\n")).collect();
    let mut text = lines.concat();
    assert!(faults(&text).is_empty());
    text += "key17: y\n";
    assert_eq!(faults(&text), ["9001:1 E003"]);
}

#[test]
fn the_first_of_two_equal_keys_is_kept() {
    let text = "a: 1\nb: 2\na: 3\na: 4\n";
    let file = Sources::default().add("a.yaml", text);
    let parsed = parse(file, text);
    assert_eq!(Tree::Node(&parsed.root.expect("a tree")).to_json(), serde_json::json!({"a": 1, "b": 2}));
    let firsts: Vec<u32> = parsed.faults.iter().map(|fault| fault.related[0].span.start).collect();
    assert_eq!(firsts, [0, 0]);
}

#[test]
fn every_value_has_its_position() {
    let text = "период: { first_day: 2026-02-01 } # c\nlist:\n  - 'a b'\n  - c\n\nlast: |\n  text\n";
    let mut sources = Sources::default();
    let file = sources.add("a.yaml", text);
    let root = parse(file, text).root.expect("a tree");
    for (path, slice) in [
        (&["период"][..], "{ first_day: 2026-02-01 }"),
        (&["период", "first_day"], "2026-02-01"),
        (&["list"], "- 'a b'\n  - c"),
        (&["list", "0"], "'a b'"),
        (&["last"], "text\n"),
    ] {
        let node = root.get(path).expect("a value");
        assert_eq!(sources.slice(node.span), slice);
    }
}

mod properties {
    use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_oneof, proptest};

    use crate::diagnostic::Sources;
    use crate::document::{DocumentKind, add_source, read};

    /// Fragments of YAML, so that the parser reads more than the first line of most texts.
    fn yaml() -> impl Strategy<Value = String> {
        let bit = prop_oneof![
            prop::sample::select(vec![
                "a: ",
                "client: ",
                "services: ",
                "period: ",
                "- ",
                "\n",
                "\n  ",
                "\n    ",
                "[",
                "]",
                "{",
                "}",
                ", ",
                "'",
                "\"",
                "&a ",
                "*a",
                "!t ",
                "---\n",
                "...\n",
                "# c\n",
                "|\n",
                ">-\n",
                "~",
                "0049",
                "1.10",
                "true",
                "?",
                ": ",
                "<<: ",
                "\t",
                "\r\n",
                "%YAML 1.2\n",
                "2026-02-30",
                "\\u0000",
                "я",
            ])
            .prop_map(str::to_owned),
            any::<char>().prop_map(String::from),
            Just("x".to_owned()),
        ];
        prop::collection::vec(bit, 0..60).prop_map(|bits| bits.concat())
    }

    proptest! {
        #[test]
        fn no_bytes_and_no_text_make_reading_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            text in yaml(),
            kind in prop::sample::select(DocumentKind::ALL.to_vec()),
        ) {
            for bytes in [bytes, text.into_bytes()] {
                let mut sources = Sources::default();
                let (file, fault) = add_source(&mut sources, "agreements/a.yaml", bytes);
                let (document, faults) = read(&sources, file, kind);
                prop_assert!(document.sound == faults.is_empty());
                for fault in faults.iter().chain(&fault) {
                    prop_assert!(!fault.message.chars().any(char::is_control), "{:?}", fault.message);
                    prop_assert!(sources.text(file).get(..fault.place.span.end as usize).is_some());
                }
            }
        }
    }
}
