//! One bad file among many: commands that only show leave it out; those that write, send or decide refuse.

use crate::repository::Repository;

const DAY: &str = "2026-09-01";

/// The example with an unknown manager in one file, and with a file that cannot be read.
fn broken() -> Repository {
    let repository = Repository::example();
    repository.edit("agreements/2026/severny-veter-2026.yaml", "manager: i.petrova", "manager: i.petrowa");
    repository.file("agreements/2026/unread.yaml", "client: [\n");
    repository
}

#[test]
fn commands_that_show_leave_out_what_has_errors() {
    let repository = broken();
    for command in [&["status"][..], &["forecast", "--days", "365"]] {
        let shown = repository.json(3, &[command, &["--as-of", DAY, "--format", "json"]].concat());
        let left_out = shown["left_out"].as_array().unwrap();
        let left_out: Vec<_> = left_out.iter().map(|left| [&left["id"], &left["code"]]).collect();
        assert_eq!(left_out, [["severny-veter-2026", "E101"], ["unread", "E002"]], "{command:?}");
        let rest = shown.to_string();
        assert!(rest.contains("uralstal-2026"), "{command:?}: {rest}");
    }
    let run = repository.expect(3, &["report", "--as-of", DAY, "--out", "r.html", "--csv", "r.csv"]);
    for id in ["severny-veter-2026", "unread"] {
        assert!(
            run.stderr.contains(&format!("left out: {id} (agreements/2026/{id}.yaml:")),
            "{}",
            run.stderr
        );
        assert!(repository.read("r.html").contains(id) && !repository.read("r.csv").contains(id), "{id}");
    }
    assert!(repository.read("r.csv").contains("uralstal-2026"));
}

#[test]
fn a_page_for_a_client_is_complete_or_not_written() {
    let repository = broken();
    for arguments in [&["--client", "severny-veter", "--out", "x.html"][..], &["--clients", "x.html"]] {
        let run = repository.expect(3, &[&["report", "--as-of", DAY], arguments].concat());
        assert!(run.stderr.contains("left out: severny-veter-2026 "), "{}", run.stderr);
        assert!(!repository.root().join("x.html").exists(), "{arguments:?}");
    }
    let sound = Repository::example();
    let part = ["report", "--client", "severny-veter", "--manager", "i.petrova", "--out", "x.html"];
    let run = sound.expect(1, &part);
    assert!(
        run.stderr.contains("error[usage]") && run.stderr.contains("`--manager i.petrova`"),
        "{}",
        run.stderr
    );
    assert!(!sound.root().join("x.html").exists());
}

#[test]
fn a_template_with_errors_leaves_out_what_extends_it() {
    let repository = Repository::example();
    repository.file("templates/other.yaml", "period: { first_day:2026-01-01 }\n");
    repository.file("agreements/2026/other.yaml", "extends: other\nclient: portovik\n");
    let shown = repository.json(3, &["status", "--as-of", DAY, "--format", "json"]);
    let left_out = &shown["left_out"];
    assert_eq!(left_out.as_array().unwrap().len(), 1, "{left_out}");
    assert_eq!(left_out[0]["place"]["path"], "templates/other.yaml", "{left_out}");
}

#[test]
fn commands_that_write_send_or_decide_refuse_any_error() {
    let repository = broken();
    for command in [
        &["plan"][..],
        &["apply", "--yes"],
        &["run"],
        &["notify"],
        &["snapshot"],
        &["entitled", "--client", "severny-veter", "--service", "vpn", "--priority", "critical"],
    ] {
        let run = repository.expect(3, command);
        assert!(run.stderr.contains("error[files-invalid]"), "{command:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{command:?}");
    }
}

#[test]
fn nothing_is_shown_with_settings_that_have_errors() {
    let repository = Repository::example();
    repository.file("servanda.yaml", "timezone: Europe/Moskow\n");
    for command in ["status", "forecast", "report"] {
        assert_eq!(repository.expect(3, &[command]).stdout, "", "{command}");
    }
}

/// An example of which one file of the catalog, that of the client `veter`, lacks a brace.
fn with_an_error_in_the_catalog() -> Repository {
    let repository = Repository::example();
    repository.file("catalog/all.yaml", &repository.read("catalog.yaml"));
    repository.remove("catalog.yaml");
    repository.file("catalog/veter.yaml", "clients: { veter: { title: Ветер }\n");
    repository
}

/// The names in a file that cannot be read are not unknown.
#[test]
fn an_error_in_the_catalog_leaves_out_the_agreements_of_its_clients() {
    let repository = with_an_error_in_the_catalog();
    repository.file("agreements/2026/veter-2026.yaml", "extends: support-standard\nclient: veter\n");
    for command in [
        &["status", "--as-of", DAY][..],
        &["forecast", "--as-of", DAY],
        &["report", "--as-of", DAY, "--csv", "all.csv"],
        &["report", "--as-of", DAY, "--out", "veter.html"],
    ] {
        let run = repository.expect(3, &[command, &["--client", "veter"]].concat());
        assert!(run.stderr.contains("left out: veter-2026 "), "{command:?}: {}", run.stderr);
    }
    assert!(!repository.root().join("veter.html").exists());
    for command in [&["validate"][..], &["explain", "sla"]] {
        repository.expect(3, &[command, &["--client", "veter"]].concat());
    }
}

/// No page of all clients is written as that of one whose file cannot be read.
#[test]
fn no_page_is_written_for_a_client_that_cannot_be_read() {
    let repository = with_an_error_in_the_catalog();
    repository.expect(3, &["report", "--as-of", DAY, "--client", "veter", "--out", "veter.html"]);
    assert!(!repository.root().join("veter.html").exists());
}
