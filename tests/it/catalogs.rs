//! Catalogs of several files.

use serde_json::{Value, json};

use crate::repository::Repository;

const NORTH: &str = "# the clients of the north\nclients:\n  acme: { title: Акме }\n";
const SOUTH: &str = "clients:\n  beta:\n    title: Бета\n    departments: { buh: { title: Бухгалтерия } }\n";

/// A repository whose catalog is a file and a folder.
fn repository() -> Repository {
    let repository = Repository::empty();
    repository
        .file("servanda.yaml", "timezone: Europe/Moscow\n")
        .file("catalog.yaml", "services: { email: { title: Почта } }\n")
        .file("catalog/clients-a.yaml", NORTH)
        .file("catalog/south/clients-b.yaml", SOUTH)
        .file("templates/std.yaml", "period: { term: 1y }\nservices: { email: true }\n")
        .file("agreements/acme-2026.yaml", "extends: std\nclient: acme\nperiod: { first_day: 2026-02-01 }\n");
    repository
}

#[test]
fn the_files_of_a_catalog_are_merged_on_disk_and_in_a_commit() {
    let repository = repository();
    repository.expect(0, &["validate"]);
    let commit = repository.commit();
    repository.file(
        "agreements/beta-2026.yaml",
        "extends: std\nclient: beta\nrecipients: [beta/buh]\nperiod: { first_day: 2026-02-01 }\n",
    );
    repository.edit("catalog/clients-a.yaml", "Акме", "Акмэ");
    let plan = repository.json(0, &["plan", "--base", &commit, "--as-of", "2026-03-01", "--format", "json"]);
    assert_eq!(plan["scope"]["documents"], json!({ "beta-2026": "added" }), "{plan}");
    let red = plan["scope"]["red_lines"].to_string();
    assert!(red.contains("catalog/clients-a.yaml") && red.contains("clients.acme"), "{red}");
}

#[test]
fn a_slug_in_two_files_is_an_error_that_shows_both() {
    let repository = repository();
    repository.file("catalog/z.yaml", "clients: { acme: { title: Акме } }\n");
    let found = repository.expect(3, &["validate"]).stdout;
    assert!(found.contains("error[E003]"), "{found}");
    assert!(found.contains("catalog/z.yaml:1:12") && found.contains("catalog/clients-a.yaml:3:3"), "{found}");
    assert!(!found.contains("E111") && !found.contains("E101"), "{found}");
}

#[test]
fn an_answer_about_a_client_needs_no_entries_of_other_clients() {
    let repository = repository();
    let set = "extends: std\nclients: { acme: {}, beta: {} }\nperiod: { first_day: 2027-02-01 }\n";
    repository.file("agreements/both-2026.yaml", set);
    repository.file("catalog/more.yaml", "clients:\n  gamma: { title: Гамма }\n");
    let status = |code, more: &[&str]| {
        let command = ["status", "--as-of", "2026-04-01", "--format", "json"];
        repository.json(code, &[&command, more].concat())["agreements"].clone()
    };
    let all = status(0, &[]);
    let of = |client: &str| -> Vec<Value> {
        all.as_array().unwrap().iter().filter(|row| row["client"] == client).cloned().collect()
    };
    assert_eq!((status(0, &["--client", "acme"]), of("acme").len()), (json!(of("acme")), 2));
    assert_eq!((status(0, &["--client", "beta"]), of("beta").len()), (json!(of("beta")), 1));
    let refused = repository.expect(1, &["status", "--client", "gamm"]).stderr;
    assert!(refused.contains("--client gamma"), "{refused}");
    repository.file("catalog/more.yaml", "clients:\n  gamma: { titel: Гамма }\n");
    assert_eq!(status(0, &["--client", "acme"]), json!(of("acme")));
    repository.expect(3, &["status"]);
    repository.expect(3, &["status", "--client", "gamma"]);
    repository.remove("catalog/more.yaml");
    // What is offered in place of an unknown name is found in the whole catalog.
    repository.edit("agreements/both-2026.yaml", "beta: {}", "bet: {}");
    let refused =
        repository.expect(3, &["entitled", "--client", "acme", "--service", "email", "--priority", "x"]);
    assert!(refused.stderr.contains("`beta`"), "{}", refused.stderr);
}

#[test]
fn new_clients_go_to_the_file_of_their_neighbours() {
    let repository = repository();
    repository.expect(
        0,
        &[
            "catalog",
            "add",
            "client",
            "avia",
            "--title",
            "Авиа",
            "--contact",
            "main=a@avia.example",
            "--department",
            "hq=Офис",
        ],
    );
    assert_eq!(
        repository.read("catalog/clients-a.yaml"),
        format!(
            "{NORTH}  avia:\n    title: Авиа\n    contacts: {{ main: {{ email: a@avia.example }} }}\n    departments: {{ hq: {{ title: Офис }} }}\n"
        )
    );
    let new =
        ["new", "--template", "std", "--first-day", "2027-01-01", "--client", "bor", "--client-title", "Бор"];
    repository.expect(0, &new);
    assert!(repository.read("catalog/south/clients-b.yaml").ends_with("  bor: { title: Бор }\n"));
    assert!(repository.read("agreements/bor-2027.yaml").contains("client: bor\n"));
    let failed = repository.expect(1, &["catalog", "add", "client", "beta", "--title", "Бета"]).stderr;
    assert!(failed.contains("error[client-exists]"), "{failed}");
    let invalid = repository.expect(1, &["catalog", "add", "client", "b b", "--title", "Бета"]).stderr;
    assert!(invalid.contains("error[catalog-invalid]"), "{invalid}");
}

#[test]
fn a_pull_writes_into_the_files_that_have_the_entries() {
    let repository = repository();
    repository.expect(0, &["catalog", "pull"]);
    assert!(
        repository
            .read("catalog/clients-a.yaml")
            .starts_with("# the clients of the north\nclients:\n  acme: ")
    );
    assert!(repository.read("catalog/clients-a.yaml").contains("helpdesk: ou$"));
    let south = repository.read("catalog/south/clients-b.yaml");
    assert_eq!(south.matches("helpdesk: ou$").count(), 2, "{south}");
    assert!(!repository.read("catalog.yaml").contains("clients:"));
    let checked = repository.expect(0, &["catalog", "check", "--exit-code"]).stdout;
    assert!(checked.contains("The catalog matches"), "{checked}");
}
