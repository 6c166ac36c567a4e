//! Edits of texts in many layouts, each result compared byte by byte.

use serde_json::{Value, json};

use super::{Draft, EditError, document};

#[track_caller]
fn check(text: &str, change: impl Fn(&mut Draft<'_>), expected: &str) {
    for newline in ["\n", "\r\n"] {
        // A text without line breaks is tested once.
        let newline = if text.contains('\n') { newline } else { "\n" };
        let (text, expected) = (text.replace('\n', newline), expected.replace('\n', newline));
        let mut draft = Draft::read(&text).expect("a sound text");
        change(&mut draft);
        assert_eq!(draft.write().as_deref(), Ok(expected.as_str()), "of {text:?}");
    }
}

fn set(path: &'static [&'static str], value: Value) -> impl Fn(&mut Draft<'_>) {
    move |draft| draft.set(path, value.clone()).expect("a place for it")
}

fn append(path: &'static [&'static str], value: Value) -> impl Fn(&mut Draft<'_>) {
    move |draft| draft.append(path, value.clone()).expect("a list")
}

fn remove(path: &'static [&'static str]) -> impl Fn(&mut Draft<'_>) {
    move |draft| assert!(draft.remove(path), "{path:?} is there")
}

#[test]
fn a_value_changes_and_keeps_its_quotes() {
    for (text, expected) in [
        ("a: x # c\n", "a: w # c\n"),
        ("a: 'x' # c\n", "a: 'w' # c\n"),
        ("a: \"x\"", "a: \"w\""),
        ("a:   # c\n  x\nb: 1\n", "a:   # c\n  w\nb: 1\n"),
        ("a: x\n  and more\nb: 1\n", "a: w\nb: 1\n"),
        ("{a: x, b: 1}", "{a: w, b: 1}"),
        ("---\na: x\n...\n", "---\na: w\n...\n"),
        ("a: |  # c\n  x\n  z\nb: 1\n", "a: w\nb: 1\n"),
        ("a: >-\n  x\n\nb: 1\n", "a: w\nb: 1\n"),
        ("a: [x, z] # c\n", "a: w # c\n"),
        ("a: # c\n  b: x # d\nc: 1\n", "a: w # c\nc: 1\n"),
        ("a:\n- x\n- z\nc: 1\n", "a: w\nc: 1\n"),
        ("? a\n: x\n? b\n: 1\n", "? a\n: w\n? b\n: 1\n"),
    ] {
        check(text, set(&["a"], json!("w")), expected);
    }
}

#[test]
fn a_text_is_quoted_where_it_must_be() {
    for (text, written) in [
        ("ООО «Ветер», № 5", "\"ООО «Ветер», № 5\""),
        ("ДО-2026/017", "ДО-2026/017"),
        ("2026-01-01", "2026-01-01"),
        ("0049", "\"0049\""),
        ("1.10", "\"1.10\""),
        ("true", "\"true\""),
        ("null", "\"null\""),
        ("no", "\"no\""),
        ("09:00", "\"09:00\""),
        ("a: b", "\"a: b\""),
        ("a #b", "\"a #b\""),
        ("a#b:c", "a#b:c"),
        ("- a", "\"- a\""),
        ("", "\"\""),
        (" a", "\" a\""),
        ("a\nb", "\"a\\nb\""),
        ("it's \"so\" \\", "it's \"so\" \\"),
        ("'a'", "\"'a'\""),
        ("@a", "\"@a\""),
        ("...", "\"...\""),
        ("employee$811", "employee$811"),
    ] {
        check("a: x\n", set(&["a"], json!(text)), &format!("a: {written}\n"));
        check("[a: x]\n", set(&["0"], json!(text)), &format!("[{written}]\n"));
    }
    check("a: 'x'\n", set(&["a"], json!("it's")), "a: 'it''s'\n");
    check("a: \"x\"\n", set(&["a"], json!("say \"so\"")), "a: \"say \\\"so\\\"\"\n");
}

#[test]
fn a_key_is_put_in() {
    let value = json!({ "y": 1 });
    for (text, expected) in [
        ("a: x # c\n", "a: x # c\nz: { y: 1 }\n"),
        ("a: x", "a: x\nz: { y: 1 }"),
        ("a: x\n# the end\n", "a: x\nz: { y: 1 }\n# the end\n"),
        ("a: x\n...\n", "a: x\nz: { y: 1 }\n...\n"),
        ("a: |\n  x\n\n# the end\n", "a: |\n  x\n\nz: { y: 1 }\n# the end\n"),
        ("a: |+\n  x\n\n", "a: |+\n  x\n\nz: { y: 1 }\n"),
        ("a:\n- x\n", "a:\n- x\nz: { y: 1 }\n"),
        ("{}\n", "z: { y: 1 }\n"),
        ("{a: x}\n", "{a: x, z: { y: 1 }}\n"),
        ("{ a: x, } # c\n", "{ a: x, z: { y: 1 }, } # c\n"),
        ("{\n  a: x # c\n}\n", "{\n  a: x, z: { y: 1 } # c\n}\n"),
    ] {
        check(text, set(&["z"], value.clone()), expected);
    }
    check("a:\n    b: 1\n", set(&["a", "c"], json!(2)), "a:\n    b: 1\n    c: 2\n");
    check(
        "a:\n    b: 1\n",
        set(&["c", "d", "e"], json!([[1]])),
        "a:\n    b: 1\nc:\n    d:\n        e:\n            - [1]\n",
    );
    check("a: true # c\n", set(&["a", "b"], json!(1)), "a: { b: 1 } # c\n");
    check("a: {} # c\n", set(&["a", "b", "c"], json!(1)), "a: { b: { c: 1 } } # c\n");
    check("- a: 1\n  b: 2\n- c\n", set(&["0", "z"], json!(3)), "- a: 1\n  b: 2\n  z: 3\n- c\n");
}

#[test]
fn a_key_is_put_where_it_belongs() {
    let behind = |siblings: &'static [&'static str]| {
        move |draft: &mut Draft<'_>| draft.set_after(&["m", "z"], json!(1), siblings).expect("a map")
    };
    for (text, siblings, expected) in [
        ("m:\n  a: x # c\n  b: y\n", &["a", "q"][..], "m:\n  a: x # c\n  z: 1\n  b: y\n"),
        ("m:\n  # about a\n  a: x\n", &[], "m:\n  # about a\n  z: 1\n  a: x\n"),
        ("m: {a: x, b: y}\n", &["a"], "m: {a: x, z: 1, b: y}\n"),
        ("m: { a: x, b: y }\n", &[], "m: { z: 1, a: x, b: y }\n"),
        ("m:\n  a:\n    k: v\n  b: y\n", &["a"], "m:\n  a:\n    k: v\n  z: 1\n  b: y\n"),
    ] {
        check(text, behind(siblings), expected);
    }
}

#[test]
fn a_key_is_taken_out() {
    for (text, expected) in [
        ("m: 1 # c\na: 2\n", "a: 2\n"),
        ("# top\na: 1\nm: 2 # c\n", "# top\na: 1\n"),
        ("a: 1\nm: 2", "a: 1"),
        ("a: 1\nm:\n  # c\n  k: v # d\n  l:\n    - x # e\nb: 2\n", "a: 1\nb: 2\n"),
        ("a: 1\nm: |\n  x\n\nb: 2\n", "a: 1\nb: 2\n"),
        ("{m: 1, a: 2}", "{a: 2}"),
        ("{ a: 2, m: 1 }", "{ a: 2 }"),
        ("{ a: 2, m: 1, }", "{ a: 2, }"),
        ("{ a: 2, # about a\n  m: 1,\n}", "{ a: 2, # about a\n  \n}"),
        ("{ m: 1, # about m\n  a: 2 }", "{ a: 2 }"),
        ("? m\n: 1\n? a\n: 2\n", "? a\n: 2\n"),
    ] {
        check(text, remove(&["m"]), expected);
    }
    check("a:\n  m: 1\nb: 2\n", remove(&["a", "m"]), "a: {}\nb: 2\n");
    check("a: # c\n  # d\n  m: 1 # e\nb: 2\n", remove(&["a", "m"]), "a: {} # c\nb: 2\n");
    check("a: { m: 1 }\n", remove(&["a", "m"]), "a: {}\n");
    check("- m: 1\n  a: 2\n- b\n", remove(&["0", "m"]), "- a: 2\n- b\n");
    check("a:\n  - x # c\n  - y\n", remove(&["a", "0"]), "a:\n  - y\n");
    check("a: [x, y]\n", remove(&["a", "1"]), "a: [x]\n");
    check("a:\n  - x\nb: 1\n", remove(&["a", "0"]), "a: []\nb: 1\n");
}

#[test]
fn an_entry_is_added_to_a_list() {
    let entry = json!({ "from": "2026-07-01", "reason": "ремонт" });
    for (text, expected) in [
        (
            "a:\n  - { from: x } # c\nb: 1\n",
            "a:\n  - { from: x } # c\n  - { from: 2026-07-01, reason: ремонт }\nb: 1\n",
        ),
        ("a:\n- from: x\n  reason: y", "a:\n- from: x\n  reason: y\n- from: 2026-07-01\n  reason: ремонт"),
        ("a:\n- |\n  x\n- [y]\n", "a:\n- |\n  x\n- [y]\n- { from: 2026-07-01, reason: ремонт }\n"),
        ("a: [x]\n", "a: [x, { from: 2026-07-01, reason: ремонт }]\n"),
        ("a: [] # c\n", "a: # c\n  - { from: 2026-07-01, reason: ремонт }\n"),
        ("a: [\n  x, # c\n  ]\n", "a: [\n  x, { from: 2026-07-01, reason: ремонт }, # c\n  ]\n"),
        (
            "a:\n  -\n    from: x\n  # the end\n",
            "a:\n  -\n    from: x\n  - from: 2026-07-01\n    reason: ремонт\n  # the end\n",
        ),
    ] {
        check(text, append(&["a"], entry.clone()), expected);
    }
    check(
        "b: 1 # c\n",
        append(&["a"], entry.clone()),
        "b: 1 # c\na:\n  - { from: 2026-07-01, reason: ремонт }\n",
    );
    let becomes =
        |draft: &mut Draft<'_>| draft.set(&["a"], json!([{ "on": "2026-07-01" }])).expect("a place");
    check("a: auto   # c\nb: 1\n", becomes, "a:   # c\n  - { on: 2026-07-01 }\nb: 1\n");
}

#[test]
fn changes_side_by_side_do_not_touch() {
    let several = |draft: &mut Draft<'_>| {
        assert!(draft.remove(&["s", "m"]));
        assert!(draft.remove(&["t"]));
        draft.set(&["s", "a"], json!("new")).expect("a place");
        draft.set(&["s", "n"], json!(1)).expect("a place");
        draft.set_after(&["q"], json!(2), &["s"]).expect("a place");
    };
    check("s:\n  a: old # c\n  m: 1\nt: 1\nu: 2\n", several, "s:\n  a: new # c\n  n: 1\nq: 2\nu: 2\n");
    check("u: 2\ns:\n  a: old\n  m: 1\nt: 1", several, "u: 2\ns:\n  a: new\n  n: 1\nq: 2");
    check("t: 1\ns: {m: 1, a: old}\nu: 2", several, "s: {a: new, n: 1}\nq: 2\nu: 2");
    check("{t: 1, s: {a: old, m: 1}}", several, "{s: {a: new, n: 1}, q: 2}");
}

#[test]
fn nothing_changes_where_the_same_is_said() {
    check("a: 'x' # c\nb: [1, 2]", set(&["a"], json!("x")), "a: 'x' # c\nb: [1, 2]");
}

#[test]
fn what_cannot_be_is_refused() {
    let mut draft = Draft::read("a: 5\nb: x\n").expect("a sound text");
    assert_eq!(draft.set(&["a", "c"], json!(1)), Err(EditError::NotAMap("a".to_owned())));
    assert_eq!(draft.append(&["b"], json!(1)), Err(EditError::NotAList("b".to_owned())));
    assert!(!draft.remove(&["c"]));
    let unreadable =
        EditError::Unreadable { line: 2, column: 4, message: "tags are not supported".to_owned() };
    assert_eq!(Draft::read("a: 1\nb: !x y\n").err(), Some(unreadable));
    // A bell cannot be written, since the parser refuses it.
    draft.set(&["b"], json!("\u{7}")).expect("a place");
    assert_eq!(draft.write(), Err(EditError::UnsupportedLayout { line: 2, path: "b".to_owned() }));
}

#[test]
fn a_document_is_written_in_the_style_of_the_house() {
    let value = json!({
        "extends": ["support-standard", "in-english"],
        "period": { "first_day": "2026-02-01" },
        "services": { "vpn": { "calendar": "24x7" }, "email": false, "servers": { "targets": { "critical": { "response": "10m" } } } },
        "suspensions": [{ "from": "2026-06-01", "reason": "long" }],
        "empty": {},
        "none": [],
    });
    let expected = "\
extends: [support-standard, in-english]
period: { first_day: 2026-02-01 }
services:
  vpn: { calendar: 24x7 }
  email: false
  servers:
    targets: { critical: { response: 10m } }
suspensions:
  - { from: 2026-06-01, reason: long }
empty: {}
none: []
";
    assert_eq!(document(&value), expected);
    assert_eq!(Draft::read(expected).expect("it is sound").value(&[]), Some(&value));
}
