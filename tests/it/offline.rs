//! A plan from a snapshot, without network and secrets, equals the plan that had both.

use std::process::Command;

use serde_json::{Value, json};

use crate::helpdesk::Helpdesk;
use crate::missing::did_not_run;
use crate::processes::{Served, point};
use crate::repository::Repository;

/// The subject of the tests, for the message that they did not run.
const TESTED: &str = "plans without a network";

const DAY: &str = "2026-09-01";
const LATER: &str = "2026-11-01";
const ID: &str = "severny-veter-2026";

/// Runs the program without a network, and with only this environment.
fn cut_off(
    repository: &Repository,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Result<String, String> {
    let inner = repository.program(arguments);
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "--"]).arg(inner.get_program()).args(inner.get_args());
    command.current_dir(repository.root()).env_clear().envs(environment.iter().copied());
    let output = command.output().map_err(|error| format!("unshare cannot be started: {error}"))?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    if errors.starts_with("unshare: ") {
        return Err(errors);
    }
    assert!(output.status.success(), "{arguments:?}: {errors}");
    Ok(String::from_utf8(output.stdout).unwrap())
}

/// The bytes of a plan but for its header.
fn without_header(plan: &str) -> String {
    let (before, rest) = plan.split_once("\"header\": {").unwrap();
    let (_, after) = rest.split_once("\n    }").unwrap();
    assert!(after.contains("\"changes\""), "only the header is cut out");
    format!("{before}{after}")
}

/// The example two months after its first apply, with something changed by hand and a branch that edits.
fn repository() -> (Repository, String) {
    let repository = Repository::example();
    let base = repository.commit();
    repository.expect(0, &["apply", "--yes", "--as-of", DAY]);
    let helpdesk = Helpdesk::serve(&repository);
    helpdesk.edit(ID, &json!({ "contractNumber": "by hand" }));
    drop(helpdesk);
    repository.expect(0, &["snapshot", "--out", "live.json"]);
    repository.edit("templates/support-premium.yaml", "resolution: 4h", "resolution: 3h");
    (repository, base)
}

#[test]
fn a_plan_from_a_snapshot_differs_only_in_its_header() {
    let (repository, base) = repository();
    let path = std::env::var("PATH").unwrap();
    let mut sizes = Vec::new();
    for more in [&[][..], &["--base", &base]] {
        let plan = [&["plan", "--as-of", LATER, "--format", "json"][..], more].concat();
        let trusted = repository.run(&plan).stdout;
        let offline = [&plan[..], &["--snapshot", "live.json"]].concat();
        // Git is looked for by the path, and is only needed to read a base.
        let environment: &[(&str, &str)] = if more.is_empty() { &[] } else { &[("PATH", &path)] };
        let offline = match cut_off(&repository, &offline, environment) {
            Ok(offline) => offline,
            Err(why) => return did_not_run(TESTED, &why),
        };
        assert_eq!(without_header(&offline), without_header(&trusted), "{more:?}");
        let plan: Value = serde_json::from_str(&offline).unwrap();
        let drift = plan["plan"]["drift"].as_array().unwrap();
        assert!(
            drift.iter().any(|drift| drift["touch"]["name"] == "S."),
            "who did it is reported: {drift:?}"
        );
        sizes.push(plan["plan"]["changes"].as_array().unwrap().len());
    }
    assert!(sizes.iter().all(|size| *size > 3), "{sizes:?}");
}

/// The snapshot was made before any file adopted an object.
#[test]
fn adoptions_of_a_branch_are_planned_from_a_snapshot_too() {
    let repository = Repository::example_after(&["apply", "--yes", "--as-of", DAY]);
    let helpdesk = Helpdesk::serve(&repository);
    let made = |attributes: Value| {
        let (status, made) = helpdesk.post("create-m2m/agreement$agreement", &attributes);
        assert!(status < 300, "{made}");
        made["UUID"].as_str().unwrap().to_owned()
    };
    let by_hand = json!({
        "title": "Договор с гимназией", "contractNumber": "7", "startDate": "2026.03.01 00:00:00",
        "endDate": "2027.02.28 00:00:00", "responsible": "employee$12", "services": ["slmService$605004"],
        "recipientsOU": ["ou$7070"],
    });
    let free = made(by_hand.clone());
    let foreign = made(json!({ "title": "Чужой", "inventoryNumber": "B001" }));
    drop(helpdesk);
    repository.expect(0, &["snapshot", "--out", "live.json"]);
    let names = ["free", "foreign", "gone"];
    for (name, object) in names.iter().zip([&free, &foreign, "agreement$99999"]) {
        let first_day = if *name == "free" { "2026-03-01" } else { "2030-03-01" };
        repository.file(
            &format!("agreements/taken-{name}.yaml"),
            &format!(
                "client: gimnaziya-5\nadopts: {object}\nperiod: {{ first_day: {first_day}, term: 1y }}\n\
                 services: {{ {}: true }}\n",
                match *name {
                    "free" => "printing",
                    "foreign" => "vpn",
                    _ => "email",
                },
            ),
        );
    }
    // The adoption overwrites the title and the number that a person wrote.
    let plan = ["plan", "--as-of", DAY, "--format", "json", "--accept", "overwritten=2"];
    let trusted = repository.run(&plan);
    let offline = repository.run(&[&plan[..], &["--snapshot", "live.json"]].concat());
    assert_eq!((trusted.code, &trusted.stderr), (offline.code, &offline.stderr));
    assert_eq!(without_header(&offline.stdout), without_header(&trusted.stdout));
    let plan: Value = serde_json::from_str(&offline.stdout).unwrap_or_else(|_| panic!("{}", offline.stderr));
    let of = |list: &str, name: &str| {
        let id = format!("taken-{name}");
        plan["plan"][list].as_array().unwrap().iter().find(|entry| entry["id"] == *id).cloned()
    };
    let taken = of("changes", "free").unwrap_or_else(|| panic!("{plan}"));
    assert_eq!((&taken["object"], &taken["verb"]), (&json!(free), &json!("update")));
    for name in ["foreign", "gone"] {
        assert!(of("blocked", name).is_some() && of("changes", name).is_none(), "{name}: {plan}");
    }
}

#[test]
fn there_is_no_network_where_it_is_cut_off() {
    let repository = Repository::example();
    let served = Served::accepting(&repository, "a-key-of-some-length", &json!([]));
    point(&repository, &served.url, "");
    let inner = repository.program(&["plan", "--as-of", DAY]);
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "--"]).arg(inner.get_program()).args(inner.get_args());
    let output = command.current_dir(repository.root()).env("KEY", "a-key-of-some-length").output();
    let said = match output {
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => return did_not_run(TESTED, &error.to_string()),
    };
    if said.starts_with("unshare: ") {
        return did_not_run(TESTED, &said);
    }
    assert!(said.contains("could not be reached"), "{said}");
}

#[test]
fn a_snapshot_contains_no_names_and_people_are_found_by_id() {
    let (repository, _) = repository();
    let recording = repository.read("live.json");
    let catalog = repository.read("catalog.yaml");
    let managers = catalog.split_once("\nmanagers:").unwrap().1;
    let names: Vec<&str> = managers
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with(' ') || line.is_empty())
        .filter_map(|line| line.split_once("title: ")?.1.split([',', '}']).next())
        .map(str::trim)
        .collect();
    assert!(names.len() > 1, "{names:?}");
    for name in &names {
        assert!(!recording.contains(name), "{name}");
        // A patronymic or a family name alone is a name too.
        assert!(name.split_whitespace().all(|word| !recording.contains(word)), "{name}");
    }
    // None of them is unresolved: the catalog has their ids.
    let offline = ["plan", "--snapshot", "live.json", "--as-of", LATER, "--format", "json"];
    let plan = repository.json(0, &offline);
    assert_eq!(plan["plan"]["blocked"], json!([]));
    let shown = plan.to_string();
    assert!(names.iter().all(|name| !shown.contains(name)), "{shown}");
}

#[test]
fn a_snapshot_of_another_format_is_refused() {
    let (repository, _) = repository();
    for (file, text) in [
        ("other.json", repository.read("live.json").replacen("\"format\":1", "\"format\":2", 1)),
        ("none.json", "{}".to_owned()),
    ] {
        repository.file(file, &text);
        let run = repository.expect(1, &["plan", "--snapshot", file]);
        assert!(run.stderr.contains("servanda snapshot"), "{}", run.stderr);
    }
}
