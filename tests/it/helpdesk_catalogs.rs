//! The catalog and the import of one of several helpdesks: ids by its name, files that say where they live, and nothing of
//! the other helpdesk touched.

use serde_json::{Value, json};

use crate::helpdesk::Helpdesk;
use crate::helpdesks::{DAY, assert_converged, changes, plans, two_sandboxes};
use crate::repository::Repository;

/// The ids that `catalog pull` adds to an entry that had a plain one, taken away again; quotes are left out.
fn without_moscow(catalog: &str) -> String {
    let own = |line: &str| match (line.split_once("{ berlin: "), line.contains("helpdesk: { moscow: ")) {
        (Some((before, after)), _) => {
            let (ids, after) = after.split_once(" }").expect("the end of the ids");
            Some(format!("{before}{}{after}", ids.split_once(", moscow: ").expect("two ids").0))
        }
        (None, true) if line.trim_start().starts_with("helpdesk:") => None,
        (None, true) => Some(format!("{} }}", line.split_once(", helpdesk: { moscow").unwrap().0)),
        (None, false) => Some(line.to_owned()),
    };
    let lines: Vec<String> = catalog.lines().filter_map(own).collect();
    lines.join("\n").replace('"', "")
}

/// The only object of a class with this title.
fn object(desk: &Helpdesk, class: &str, title: &str) -> String {
    let (_, found) = desk.post(&format!("find/{class}"), &json!({ "title": title }));
    found[0]["UUID"].as_str().unwrap_or_else(|| panic!("{title}: {found}")).to_owned()
}

/// Makes an active agreement by hand for a client, as every helpdesk has one: with the same object in each.
fn make_by_hand(desk: &Helpdesk, client: &str) -> String {
    let attributes = json!({
        "title": format!("{client}: вручную"), "startDate": "2026.03.01 00:00:00", "endDate": "2027.02.28 00:00:00",
        "services": [object(desk, "slmService", "Учётная система")], "recipientsOU": [object(desk, "ou", client)],
        "serviceTime": object(desk, "servicetime", "24x7"), "responsible": object(desk, "employee", "Денис Ким"),
        "supplier": object(desk, "ou", "ООО «Акме»"),
    });
    let (status, made) = desk.post("create-m2m/agreement$agreement", &attributes);
    assert!(status < 300, "{made}");
    let agreement = made["UUID"].as_str().unwrap().to_owned();
    assert!(desk.post(&format!("edit-m2m/{agreement}"), &json!({ "state": "active" })).0 < 300);
    let rule = json!({
        "title": "Правило", "agreement": agreement, "service": null,
        "priority": object(desk, "priority", "Критический"), "serviceTime": attributes["serviceTime"],
        "reactionTime": { "length": 30, "interval": "MINUTE" }, "resolutionTime": { "length": 4, "interval": "HOUR" },
    });
    assert!(desk.post("create-m2m/agreementRule$agreementRule", &rule).0 < 300);
    agreement
}

fn import(repository: &Repository, helpdesk: &str) -> Value {
    let arguments = ["import", "--helpdesk", helpdesk, "--as-of", DAY, "--format", "json"];
    let adopted = repository.json(0, &arguments);
    assert_eq!(adopted["skipped"], json!([]), "{adopted:#}");
    adopted["agreements"].clone()
}

#[test]
fn ids_of_another_helpdesk_are_pulled_beside_those_of_the_default_one() {
    let repository = two_sandboxes();
    let before = repository.read("catalog.yaml");
    let first = plans(&repository);
    let pull = ["catalog", "pull", "--helpdesk", "moscow", "--format", "json"];
    assert_eq!(repository.json(0, &[&pull[..], &["--dry-run"]].concat())["written"], json!([]));
    assert_eq!(repository.read("catalog.yaml"), before);
    let pulled = repository.json(0, &pull);
    let after = repository.read("catalog.yaml");
    let differences = pulled["differences"].as_array().unwrap();
    assert!(differences.len() > 30 && differences.iter().all(|found| found["what"] == "tied"), "{pulled:#}");
    for found in differences {
        let id = found["object"].as_str().unwrap();
        let written = after.matches(&format!("moscow: {id} }}")).count();
        assert_eq!(written, 1, "{found:#}");
    }
    assert!(after.contains("helpdesk: { berlin: ou$7001, moscow: "), "{after}");
    assert_eq!(without_moscow(&after), before.replace('"', "").trim_end());
    assert!(
        changes(&plans(&repository), "berlin") == changes(&first, "berlin"),
        "the default one is untouched"
    );
    repository.expect(0, &["catalog", "check", "--helpdesk", "moscow", "--exit-code"]);
    assert_eq!(repository.json(0, &pull)["written"], json!([]), "a second one has nothing to add");
    for command in [&["catalog", "pull"][..], &["catalog", "check"], &["import"], &["discover"]] {
        repository.expect(1, &[command, &["--helpdesk", "moskau"]].concat());
    }
}

/// Objects of two helpdesks may have one id: each is adopted where it is.
#[test]
fn agreements_of_each_helpdesk_are_imported_into_files_that_say_where_they_live() {
    let repository = two_sandboxes();
    repository.expect(0, &["apply", "--yes", "--as-of", DAY]);
    // Without agreements of its own, the other one numbers its first object as this one does.
    let made = |helpdesk: &str, clients: &[&str]| -> Vec<String> {
        let desk = Helpdesk::serve_with(&repository, &["--helpdesk", helpdesk]);
        clients.iter().map(|client| make_by_hand(&desk, client)).collect()
    };
    let in_moscow = made("moscow", &["Отель «Янтарь»", "Aurora Games"]);
    let in_berlin = made("berlin", &["Brückner Logistik GmbH"]);
    repository.expect(0, &["catalog", "pull", "--helpdesk", "moscow"]);
    for (helpdesk, objects) in [("moscow", &in_moscow), ("berlin", &in_berlin)] {
        let adopted = import(&repository, helpdesk);
        let adopted = adopted.as_array().unwrap();
        assert_eq!(adopted.iter().map(|one| one["object"].as_str().unwrap()).collect::<Vec<_>>(), *objects);
        for one in adopted {
            let text = repository.read(one["file"]["path"].as_str().unwrap());
            assert!(text.contains(&format!("\nhelpdesk: {helpdesk}\n")), "{text}");
            let id = one["object"].as_str().unwrap();
            let adopts = if helpdesk == "berlin" { id.to_owned() } else { format!("{{ moscow: {id} }}") };
            assert!(text.contains(&format!("\nadopts: {adopts}\n")), "{text}");
        }
        assert_eq!(import(&repository, helpdesk), json!([]), "{helpdesk} has no other");
    }
    let planned = plans(&repository);
    for (helpdesk, objects) in [("moscow", &in_moscow), ("berlin", &in_berlin)] {
        let changes = changes(&planned, helpdesk);
        assert_eq!(changes.len(), objects.len(), "{changes:#?}");
        for change in changes {
            assert_eq!((&change["verb"], &change["fields"]), (&json!("update"), &json!([])), "{change:#}");
            assert_eq!((&change["state"], &change["ownership_key"]["after"]), (&json!(null), &change["id"]));
        }
    }
    repository.expect(0, &["apply", "--yes", "--as-of", DAY]);
    assert_converged(&plans(&repository));
    for helpdesk in ["moscow", "berlin"] {
        assert_eq!(import(&repository, helpdesk), json!([]));
    }
}
