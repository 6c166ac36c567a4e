//! The commands that write agreements.

use std::fmt::Write as _;

use crate::repository::Repository;

/// A repository with this number of clients, and one template.
fn repository_with(clients: usize) -> Repository {
    let repository = Repository::empty();
    let mut catalog = String::from("clients:\n");
    for client in 0..clients {
        writeln!(
            catalog,
            "  client-{client:03}: {{ title: Клиент {client}, helpdesk: ou${} }}",
            9000 + client
        )
        .unwrap();
    }
    catalog += "services: { email: { title: Почта, helpdesk: slmService$605005 }, vpn: { title: VPN, helpdesk: slmService$605006 } }\n";
    catalog += "managers: { i.petrova: { title: Ирина, helpdesk: employee$12 } }\n";
    catalog += "calendars: { 24x7: { title: 24x7, helpdesk: servicetime$37003 } }\n";
    repository.file("servanda.yaml", "timezone: Europe/Moscow\n").file("catalog.yaml", &catalog).file(
        "templates/support.yaml",
        "period: { term: 1y }\nservices: { email: true, vpn: true }\nrenewal: { mode: manual }\n",
    );
    repository
}

fn agreements(repository: &Repository) -> usize {
    std::fs::read_dir(repository.root().join("agreements")).map_or(0, Iterator::count)
}

#[test]
fn a_table_of_two_hundred_clients_is_written_whole_or_not_at_all() {
    let repository = repository_with(200);
    let mut rows = vec!["client;number;manager;first_day;term;service.vpn;title".to_owned()];
    for client in 0..200 {
        rows.push(format!("client-{client:03};\"Д-{client}; № 1\";i.petrova;2027-01-01;;24x7;"));
    }
    let good = rows.join("\r\n");
    let mut bad = |row: usize, from: &str, to: &str| {
        assert!(rows[row].contains(from), "{}", rows[row]);
        rows[row] = rows[row].replace(from, to);
    };
    bad(3, "client-002", "client-00x");
    bad(20, "i.petrova", "i.petrowa");
    bad(40, "2027-01-01", "2027-02-30");
    bad(60, ";;24x7", ";1m;24x7");
    bad(80, "24x7", "24x8");
    bad(100, "client-099", "");
    bad(199, "client-198", "client-197");
    repository.file("clients.csv", &rows.join("\r\n"));
    let new = ["new", "--template", "support", "--csv", "clients.csv"];
    let run = repository.expect(3, &new);
    let places: Vec<&str> =
        run.stderr.lines().filter_map(|line| line.trim().strip_prefix("--> clients.csv:")).collect();
    assert_eq!(places, ["4:1", "21:24", "41:34", "61:45", "81:46", "101:1", "200:1"], "{}", run.stderr);
    assert_eq!(run.stderr.matches("error[E").count(), 7, "{}", run.stderr);
    for said in [
        "unknown client `client-00x`",
        "did you mean `i.petrova`?",
        "write a day from 1 to 28",
        "write `1mo` for months",
        "did you mean `24x7`?",
        "`client` is missing",
        "two rows for `client-197`",
    ] {
        assert!(run.stderr.contains(said), "{said} is not in\n{}", run.stderr);
    }
    assert_eq!(agreements(&repository), 0);

    repository.file("clients.csv", &good);
    let run = repository.expect(0, &new);
    assert!(run.stderr.contains("200 files written."), "{}", run.stderr);
    assert_eq!(agreements(&repository), 200);
    assert_eq!(
        repository.read("agreements/client-007-2027.yaml"),
        "# yaml-language-server: $schema=../schemas/agreement.json\nextends: support\nclient: client-007\nnumber: Д-7; № 1\nmanager: i.petrova\nperiod: { first_day: 2027-01-01 }\nservices: { vpn: { calendar: 24x7 } }\n",
    );
    let plan = repository.expect(0, &["plan", "--as-of", "2027-02-01"]);
    assert!(plan.stdout.contains("200 to create"), "{}", plan.stdout);

    // A second run overwrites nothing.
    let run = repository.expect(3, &new);
    assert_eq!(run.stderr.matches("error[E102]").count(), 200, "{}", run.stderr);
}

#[test]
fn rows_without_a_value_that_others_set_are_reported() {
    let repository = repository_with(4);
    let table =
        "client\tfirst_day\nclient-000\t2027-01-01\nclient-001\nclient-002\t\nКлиент 33\t2027-01-01\n";
    repository.file("excel.txt", table);
    let new = ["new", "--template", "support", "--csv", "excel.txt"];
    let run = repository.expect(3, &new);
    assert!(run.stderr.contains("--> excel.txt:5:1"), "{}", run.stderr);
    assert!(run.stderr.contains("did you mean `Клиент 3`?"), "{}", run.stderr);
    repository.edit("excel.txt", "Клиент 33", "Клиент 3");
    let run = repository.expect(3, &new);
    for (line, client) in [(3, "client-001"), (4, "client-002")] {
        assert!(run.stderr.contains(&format!("--> excel.txt:{line}:1")), "{}", run.stderr);
        assert!(run.stderr.contains(&format!("the `first_day` of `{client}`")), "{}", run.stderr);
    }
    assert_eq!(agreements(&repository), 0);
    repository.expect(0, &[&new[..], &["--first-day", "2027-02-01"]].concat());
    assert_eq!(agreements(&repository), 4);
    assert!(repository.read("agreements/client-000-2027.yaml").contains("first_day: 2027-01-01"));
    assert!(repository.read("agreements/client-001-2027.yaml").contains("first_day: 2027-02-01"));
}

#[test]
fn a_set_is_one_file_for_many() {
    let repository = repository_with(3);
    repository
        .file("table.csv", "client,number,service.email\nclient-000,1,\nclient-001,,no\nclient-002,,\n");
    repository.expect(
        0,
        &[
            "new",
            "--template",
            "support",
            "--csv",
            "table.csv",
            "--first-day",
            "2027-01-01",
            "--set",
            "pack-2027",
        ],
    );
    assert_eq!(
        repository.read("agreements/pack-2027.yaml"),
        "# yaml-language-server: $schema=../schemas/agreement.json\nextends: support\nperiod: { first_day: 2027-01-01 }\nclients:\n  client-000: { number: \"1\" }\n  client-001: { services: { email: false } }\n  client-002: true\n",
    );
    let run = repository.expect(
        1,
        &["new", "--template", "support", "--clients", "client-000,client-000", "--first-day", "2027-01-01"],
    );
    assert!(run.stderr.contains("named twice"), "{}", run.stderr);
}

#[test]
fn missing_and_misspelled_values_are_reported() {
    let repository = repository_with(3);
    for (arguments, said) in [
        (&["new"][..], "`--template` is missing"),
        (&["new", "--template", "suport"], "did you mean `support`?"),
        (&["new", "--template", "support"], "`--client` is missing"),
        (&["new", "--template", "support", "--client", "client-00"], "did you mean `client-00"),
        (&["new", "--template", "support", "--client", "client-000"], "`--first-day` is missing"),
        (
            &["new", "--template", "support", "--client", "client-000", "--first-day", "2027-02-30"],
            "the day 2027-02-30 does not exist",
        ),
        (
            &["new", "--template", "support", "--client", "client-000", "--service", "wpn"],
            "did you mean `vpn`?",
        ),
        (&["extend", "pack", "--by", "1y"], "no agreement is called `pack`"),
        (&["renew"], "required"),
    ] {
        let run = repository.expect(1, arguments);
        assert!(run.stderr.contains(said), "{arguments:?}: {}", run.stderr);
    }
    assert_eq!(agreements(&repository), 0);
}

#[test]
fn nothing_is_written_in_a_dry_run_or_where_it_would_bring_an_error() {
    let repository = Repository::example();
    let path = "agreements/2026/severny-veter-2026.yaml";
    let before = repository.read(path);
    let run = repository.expect(0, &["extend", "severny-veter-2026", "--to", "2027-03-31", "--dry-run"]);
    assert!(
        run.stdout.contains("+period: { first_day: 2026-02-01, last_day: 2027-03-31 }"),
        "{}",
        run.stdout
    );
    assert!(run.stderr.contains("nothing was"), "{}", run.stderr);
    let run = repository.expect(1, &["terminate", "severny-veter-2026", "--on", "2028-01-01"]);
    assert!(run.stderr.contains("servanda extend severny-veter-2026"), "{}", run.stderr);
    assert_eq!(repository.read(path), before);

    repository.expect(0, &["renew", "severny-veter-2026"]);
    let run = repository.expect(1, &["renew", "severny-veter-2026"]);
    assert!(run.stderr.contains("is renewed by `severny-veter-2027` already"), "{}", run.stderr);
    let run = repository.expect(3, &["extend", "severny-veter-2026", "--by", "1mo"]);
    assert!(run.stderr.contains("error[E303]"), "{}", run.stderr);
    assert_eq!(repository.read(path), before);
    assert_eq!(
        repository.read("agreements/2027/severny-veter-2027.yaml"),
        before
            .replace("manager: i.petrova\n", "manager: i.petrova\nrenews: severny-veter-2026\n")
            .replace("first_day: 2026-02-01", "first_day: 2027-02-01"),
    );
    repository.expect(0, &["validate"]);
}

#[test]
fn all_that_end_soon_are_renewed_in_one_go() {
    let repository = Repository::example();
    let run = repository.expect(0, &["renew", "--ending-within", "60d", "--as-of", "2026-12-01"]);
    // A set is renewed as a set, without its terminated entries.
    let set = repository.read("agreements/dental-2027.yaml");
    assert!(
        !set.contains("dent-profi") && set.contains("dent-ulybka: { renews: dental-2026/dent-ulybka }"),
        "{set}"
    );
    assert!(
        repository
            .read("agreements/2027/uralstal-2027.yaml")
            .contains("first_day: 2027-01-01, last_day: 2027-12-31")
    );
    assert_eq!(run.stdout.matches("\n+++ ").count() + 1, 4, "{}", run.stdout);
    repository.expect(0, &["validate"]);
    let run = repository.expect(0, &["renew", "--ending-within", "60d", "--as-of", "2026-12-01"]);
    assert!(run.stderr.contains("Nothing is to be renewed."), "{}", run.stderr);
}

#[test]
fn manual_activations_are_appended_one_by_one() {
    let repository = Repository::example();
    let id = "brueckner-rollout";
    repository.expect(
        0,
        &["activate", id, "--on", "2026-11-02", "--reason", "acceptance signed", "--by", "m.weber"],
    );
    let run = repository.expect(1, &["activate", id, "--on", "2026-11-20"]);
    assert!(run.stderr.contains("is already active then"), "{}", run.stderr);
    repository.expect(0, &["deactivate", id, "--on", "2026-11-20T12:00:00+01:00"]);
    repository.expect(0, &["activate", id, "--on", "2026-12-01"]);
    repository.expect(0, &["deactivate", id, "--final", "--on", "2026-12-24"]);
    let text = repository.read("agreements/projects/brueckner-rollout.yaml");
    assert!(text.contains("  - { status: active, on: 2026-11-02, reason: acceptance signed, by: m.weber }\n  - { status: suspended, at: 2026-11-20T12:00:00+01:00 }\n"), "{text}");
    let status = repository.expect(0, &["status", "--as-of", "2026-12-30"]);
    assert!(
        status.stdout.lines().any(|line| line.contains(id) && line.contains("terminated")),
        "{}",
        status.stdout
    );
    let run = repository.expect(1, &["activate", id, "--on", "2027-01-01"]);
    assert!(run.stderr.contains("has ended by then"), "{}", run.stderr);
}

/// Three agreements of one client that renew each other: `a` of 2026, `b` of 2027 and `c` of 2028.
fn chain() -> Repository {
    let repository = repository_with(1);
    for (id, year, renews) in [("a", 2026, ""), ("b", 2027, "renews: a\n"), ("c", 2028, "renews: b\n")] {
        let text = format!(
            "extends: support\nclient: client-000\n{renews}period: {{ first_day: {year}-01-01, last_day: {year}-12-31 }}\n"
        );
        repository.file(&format!("agreements/{id}.yaml"), &text);
    }
    repository
}

#[test]
fn a_termination_decides_about_the_successors() {
    let repository = chain();
    let files = ["agreements/a.yaml", "agreements/b.yaml", "agreements/c.yaml"];
    let before = files.map(|path| repository.read(path));
    let terminate = ["terminate", "a", "--on", "2026-12-15"];
    let run = repository.expect(1, &terminate);
    assert!(run.stderr.contains("error[has-successors]"), "{}", run.stderr);
    assert_eq!(files.map(|path| repository.read(path)), before);

    repository.expect(0, &[&terminate[..], &["--with-successors", "--reason", "moves"]].concat());
    let termination = "termination: { last_day: 2026-12-15, reason: moves }\n";
    for path in files {
        assert!(repository.read(path).ends_with(termination), "{path}: {}", repository.read(path));
    }
    repository.expect(0, &["validate"]);
    for day in ["2027-01-01", "2028-06-01"] {
        let status = repository.json(0, &["status", "--as-of", day, "--format", "json"]);
        assert!(!status.to_string().contains("\"active\""), "{status}");
    }

    let repository = chain();
    repository.expect(0, &[&terminate[..], &["--keep-successors", "--reason", "back in January"]].concat());
    let kept = format!("{}allow: {{ E309: {{ reason: back in January }} }}\n", before[1]);
    assert_eq!((repository.read(files[1]), repository.read(files[2])), (kept, before[2].clone()));
    repository.expect(0, &["validate"]);
    // What is confirmed is not asked again.
    repository.expect(0, &["terminate", "a", "--on", "2026-12-10"]);

    // Written by hand, it is an error; a successor on the next day replaces the agreement.
    let repository = chain();
    repository.file(files[0], &format!("{}termination: {{ last_day: 2026-12-15 }}\n", before[0]));
    let run = repository.expect(3, &["validate"]);
    assert_eq!((run.stdout + &run.stderr).matches("error[E309]").count(), 1);
    let repository = chain();
    repository.expect(0, &["terminate", "a", "--on", "2026-12-31"]);
}

#[test]
fn a_final_deactivation_decides_about_the_successors_too() {
    let repository = chain();
    let end =
        ["deactivate", "a", "--on", "2026-12-16", "--final", "--reason", "handed over", "--by", "d.kim"];
    let run = repository.expect(1, &end);
    assert!(run.stderr.contains("error[has-successors]"), "{}", run.stderr);
    repository.expect(0, &[&end[..], &["--with-successors"]].concat());
    // It is in force until the day before the entry, and so is what renews it.
    let termination = "termination: { last_day: 2026-12-15, reason: handed over }\n";
    for path in ["agreements/b.yaml", "agreements/c.yaml"] {
        assert!(repository.read(path).ends_with(termination), "{path}: {}", repository.read(path));
    }
    repository.expect(0, &["validate"]);
    let repository = chain();
    repository.expect(0, &[&end[..], &["--keep-successors"]].concat());
    repository.expect(0, &["validate"]);
    // A suspension by hand leaves them alone.
    repository.expect(1, &["deactivate", "b", "--on", "2027-03-01", "--with-successors"]);
}

#[test]
fn a_termination_after_the_present_end_is_refused() {
    let repository = repository_with(1);
    let path = "agreements/a.yaml";
    let with = |more: &str| {
        let text = format!(
            "extends: support\nclient: client-000\nperiod: {{ first_day: 2026-01-01, last_day: 2026-12-31 }}\n{more}"
        );
        repository.file(path, &text);
        text
    };
    for (more, day, code) in [
        ("", "2027-01-01", 1),
        ("", "2027-01-01T00:00:01+03:00", 1),
        ("", "2026-12-31", 0),
        ("termination: { last_day: 2026-06-30 }\n", "2026-07-01", 1),
        ("termination: { last_day: 2026-06-30 }\n", "2026-06-29", 0),
        ("renewal: { mode: auto, term: 1y, max_terms: 1 }\n", "2028-01-01", 1),
        ("renewal: { mode: auto, term: 1y, max_terms: 1 }\n", "2027-12-30", 0),
    ] {
        let before = with(more);
        let run = repository.expect(code, &["terminate", "a", "--on", day]);
        assert_eq!(run.stderr.contains("error[edit-refused]"), code == 1, "{more}{day}: {}", run.stderr);
        assert_eq!(run.stderr.contains("servanda extend a"), code == 1, "{more}{day}: {}", run.stderr);
        assert_eq!(repository.read(path) == before, code == 1, "{more}{day}");
    }
}
