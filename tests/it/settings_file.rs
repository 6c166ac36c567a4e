//! `--settings`: the same agreements against another helpdesk, with settings that are trusted like servanda.yaml.

use crate::repository::Repository;

const DAY: &str = "2026-09-01";
const OTHER: &str = "try/helpdesk.yaml";

/// The example with a second file of settings, whose ownership keys have a prefix of their own.
fn repository() -> Repository {
    let repository = Repository::example();
    repository.file(OTHER, &with_prefix("try:"));
    repository
}

fn with_prefix(prefix: &str) -> String {
    format!(
        "timezone: Europe/Moscow\nlanguage: ru\nhelpdesk: {{ agreement: {{ key: {{ prefix: \"{prefix}\" }} }} }}\n"
    )
}

#[test]
fn a_run_uses_the_settings_of_the_file_that_it_names() {
    let repository = repository();
    let plan =
        |more: &[&str]| repository.json(0, &[&["plan", "--as-of", DAY, "--format", "json"], more].concat());
    assert_eq!(plan(&["--settings", OTHER])["plan"]["header"]["key_prefix"], "try:");
    assert_eq!(plan(&[])["plan"]["header"]["key_prefix"], "sv:");
    assert_eq!(plan(&["--settings", "servanda.yaml"])["plan"]["header"]["key_prefix"], "sv:");
    let errors = repository
        .file(OTHER, "timezone: Europe/Moscow\nhelpdesc: {}\n")
        .expect(3, &["validate", "--settings", OTHER]);
    assert!(
        format!("{}{}", errors.stdout, errors.stderr).contains("try/helpdesk.yaml:2:1"),
        "{}",
        errors.stderr
    );
    repository.expect(0, &["validate"]);
}

#[test]
fn a_file_that_is_elsewhere_or_of_another_kind_is_refused() {
    let repository = repository();
    for name in
        ["../settings.yaml", "/etc/settings.yaml", "settings.json", "catalog.yaml", "agreements/a.yaml", ""]
    {
        let run = repository.expect(1, &["plan", "--settings", name]);
        assert!(run.stderr.contains("error[usage]"), "{name}: {}", run.stderr);
    }
    let run = repository.expect(1, &["plan", "--settings", "try/none.yaml"]);
    assert!(run.stderr.contains("error[settings-missing]"), "{}", run.stderr);
}

#[test]
fn a_pull_request_cannot_change_the_file() {
    let repository = repository();
    let base = repository.commit();
    repository.file(OTHER, &with_prefix("evil:"));
    let arguments = ["plan", "--as-of", DAY, "--format", "json", "--settings", OTHER, "--base", &base];
    let plan = repository.json(0, &arguments);
    assert_eq!(plan["plan"]["header"]["key_prefix"], "try:");
    assert!(plan["scope"]["red_lines"].to_string().contains("try/helpdesk.yaml"), "{}", plan["scope"]);
    repository.remove(OTHER);
    assert_eq!(repository.json(0, &arguments)["plan"]["header"]["key_prefix"], "try:");
}
