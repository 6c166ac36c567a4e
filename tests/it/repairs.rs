//! `validate --fix`: repairs what needs no decision, shows it as a diff, and leaves the rest to people.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::repository::{Repository, copy};

#[test]
fn findings_that_know_their_repair_are_repaired() {
    let repository = Repository::empty();
    repository
        .file("servanda.yaml", "timezone: Europe/Moscow\nguards:\n\tweakened: 0\n")
        .file("catalog.yaml", "clients: { veter: { title: Veter } }\nservices: { email: { title: Email } }\n")
        .file(
            "templates/support.yaml",
            "titel: 'a'\nservices:\n  e-mail: true\nperiod: { term: 1y }\nlanguage: en\n",
        )
        .file("agreements/a.yml", "extend: suport\nclient:Veter\nperiod: { first_day: 01.02.2026 }\n")
        .file(
            "agreements/b.yaml",
            "extends: support\nclient:\u{a0}veter\nperiod: { start: 2027/3/1 }\nnumber: [x]\n",
        );
    let findings = repository.expect(3, &["validate"]);
    assert!(findings.stderr.contains("--fix"), "{}", findings.stderr);
    let shown = repository.expect(3, &["validate", "--fix", "--dry-run"]);
    assert!(shown.stdout.contains("+extends: support\n"), "{}", shown.stdout);
    assert!(repository.read("agreements/a.yml").starts_with("extend: suport"), "nothing was written");
    let remaining = repository.expect(3, &["validate", "--fix"]);
    assert_eq!(repository.read("servanda.yaml"), "timezone: Europe/Moscow\nguards:\n  weakened: 0\n");
    assert_eq!(
        repository.read("templates/support.yaml"),
        "title: 'a'\nservices:\n  email: true\nperiod: { term: 1y }\nlanguage: en\n"
    );
    assert_eq!(
        repository.read("agreements/a.yaml"),
        "extends: support\nclient: veter\nperiod: { first_day: 2026-02-01 }\n"
    );
    assert_eq!(
        repository.read("agreements/b.yaml"),
        "extends: support\nclient: veter\nperiod: { first_day: 2027-03-01 }\nnumber: [x]\n"
    );
    // A person decides what a list in the place of a number means.
    assert!(remaining.stdout.contains("agreements/b.yaml:4:9"), "{}", remaining.stdout);
    repository.edit("agreements/b.yaml", "[x]", "x");
    repository.expect(0, &["validate"]);
    let again = repository.expect(0, &["validate", "--fix"]);
    assert!(again.stderr.contains("no finding"), "{}", again.stderr);
}

#[test]
fn a_file_is_not_renamed_over_another() {
    let repository = Repository::example();
    repository.file("agreements/2026/uralstal-2026.yml", "client: uralstal\n");
    let found = repository.expect(3, &["validate"]);
    assert!(found.stdout.contains("delete one of the two"), "{}", found.stdout);
    assert!(!found.stderr.contains("--fix"), "{}", found.stderr);
    repository.expect(3, &["validate", "--fix"]);
    assert_eq!(repository.read("agreements/2026/uralstal-2026.yml"), "client: uralstal\n");
}

/// The repair replaces the whole word, of which only a part is wrong.
#[test]
fn the_department_of_a_recipient_is_repaired() {
    let repository = Repository::empty();
    let agreement =
        "client: veter\nservices: { email: true }\nperiod: { first_day: 2026-02-01, open_ended: true }\n";
    repository
        .file("servanda.yaml", "timezone: Europe/Moscow\n")
        .file(
            "catalog.yaml",
            "clients: { veter: { title: Veter, departments: { accounting: { title: A } } } }\nservices: { email: { title: Email } }\n",
        )
        .file("agreements/a.yaml", &format!("{agreement}recipients: [veter/acounting]\n"))
        .file("agreements/b.yaml", &format!("{agreement}recipients: [vetr/accounting]\n"));
    let found = repository.expect(3, &["validate"]);
    assert!(found.stderr.contains("repairs 2 of them"), "{}", found.stderr);
    repository.run(&["validate", "--fix"]);
    for file in ["agreements/a.yaml", "agreements/b.yaml"] {
        assert!(repository.read(file).ends_with("recipients: [veter/accounting]\n"), "{file}");
    }
}

#[test]
fn settings_of_another_name_are_repaired_round_by_round() {
    let repository = Repository::example();
    // The key is known only after the tab is repaired.
    repository.file("staging.yaml", "timezone: Europe/Moscow\nguard:\n\tweakened: 0\n");
    let shown = repository.expect(3, &["validate", "--fix", "--dry-run", "--settings", "staging.yaml"]);
    assert!(shown.stdout.contains("+guards:\n"), "{}", shown.stdout);
    repository.expect(0, &["validate", "--fix", "--settings", "staging.yaml"]);
    assert_eq!(repository.read("staging.yaml"), "timezone: Europe/Moscow\nguards:\n  weakened: 0\n");
}

/// The offset of a line and a column of SARIF, which counts from 1, and columns in units of UTF-16.
fn offset(text: &str, line: &Value, column: &Value) -> usize {
    let [line, column] = [line, column].map(|number| usize::try_from(number.as_u64().unwrap()).unwrap() - 1);
    let begin: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let mut units = 0;
    let letters = text[begin..].chars().take_while(|letter| {
        units += letter.len_utf16();
        units <= column
    });
    begin + letters.map(char::len_utf8).sum::<usize>()
}

/// The files that the fixes of a SARIF log change, as they are after all of them.
fn fixed(log: &Value, read: impl Fn(&str) -> String) -> BTreeMap<String, String> {
    let mut edits: BTreeMap<String, Vec<(usize, usize, String)>> = BTreeMap::new();
    let results = log["runs"][0]["results"].as_array().unwrap().iter();
    for fix in results.filter_map(|result| result["fixes"].as_array()) {
        assert!(
            fix.len() == 1 && fix[0]["description"]["text"].as_str().is_some_and(|text| !text.is_empty())
        );
        let change = &fix[0]["artifactChanges"][0];
        let path = change["artifactLocation"]["uri"].as_str().unwrap();
        let text = read(path);
        for replacement in change["replacements"].as_array().unwrap() {
            let region = &replacement["deletedRegion"];
            let from = offset(&text, &region["startLine"], &region["startColumn"]);
            let to = offset(&text, &region["endLine"], &region["endColumn"]);
            let new = replacement["insertedContent"]["text"].as_str().unwrap();
            edits.entry(path.to_owned()).or_default().push((from, to, new.to_owned()));
        }
    }
    let apply = |(path, mut edits): (String, Vec<(usize, usize, String)>)| {
        let mut text = read(&path);
        edits.sort();
        for (from, to, new) in edits.into_iter().rev() {
            text.replace_range(from..to, &new);
        }
        (path, text)
    };
    edits.into_iter().map(apply).collect()
}

#[test]
fn a_fix_in_sarif_replaces_the_bytes_that_the_command_replaces() {
    let repository = Repository::empty();
    repository
        .file("servanda.yaml", "timezone: Europe/Moscow\n")
        .file("catalog.yaml", "clients: { veter: { title: Ветер } }\nservices: { email: { title: Почта }, vpn: { title: VPN } }\n")
        .file("templates/tabs.yaml", "services:\n\temail: true # 🏦\nperiod:\r\n\tterm: 1y\n")
        .file(
            "agreements/a.yaml",
            "# 🏦 банк\r\n{ number: \"🏦 ё/1\", clint: 'veeter', titel: \"🏦\",\r\n  services: { \"e-mail\": true, vnp: true },\r\n  period: { first_day: 01.02.2026, term: 1y } }\r\n",
        )
        .file("agreements/b.yaml", "client: veter\nperiod: { first_day: 2027/3/1, term: 1y }\nservices: { vpn: true }\n");
    let by_hand = Repository::empty();
    copy(repository.root(), &by_hand.root().to_owned());
    repository.run(&["validate", "--fix"]);
    // Some findings appear only when others are repaired.
    let mut all = 0;
    loop {
        let log = by_hand.run(&["validate", "--format", "sarif"]).stdout;
        let files = fixed(&serde_json::from_str(&log).unwrap(), |path| by_hand.read(path));
        if files.is_empty() {
            break;
        }
        all += files.len();
        for (path, text) in files {
            by_hand.file(&path, &text);
        }
    }
    assert!(all > 3, "{all}");
    for path in ["templates/tabs.yaml", "agreements/a.yaml", "agreements/b.yaml"] {
        assert_eq!(by_hand.read(path), repository.read(path), "{path}");
    }
    assert!(repository.read("agreements/a.yaml").contains("client: 'veter', title: \"🏦\",\r\n"));
}
