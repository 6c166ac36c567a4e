//! `validate --fix`: repairs what needs no decision, shows it as a diff, and leaves the rest to people.

use crate::repository::Repository;

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
    let refused = repository.expect(1, &["validate", "--fix"]);
    assert!(refused.stderr.contains("error[file-exists]"), "{}", refused.stderr);
    assert_eq!(repository.read("agreements/2026/uralstal-2026.yml"), "client: uralstal\n");
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
