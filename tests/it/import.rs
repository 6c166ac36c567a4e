//! A helpdesk that people filled by hand for years is adopted: from an empty repository to an apply that writes ownership
//! keys and nothing else. `tests/cases/hand_made.json` has one contract of each kind.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::cases::sample_of;
use crate::helpdesk::{Helpdesk, KEY};
use crate::repository::{Repository, Run};

/// The day of the import.
const TODAY: &str = "2026-11-30";
/// The attributes that adoption may change: the ownership key, and the time of the change.
const CHANGED: [&str; 2] = ["inventoryNumber", "lastModifiedDate"];

fn contracts() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/hand_made.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A catalog with everything that the contracts refer to, which seeds the helpdesk. JSON is YAML too.
fn catalog(contracts: &Value) -> String {
    let entry = |item: &Value| json!({ "title": item["title"], "helpdesk": item["id"] });
    let slug = |item: &Value| item["id"].as_str().unwrap().to_lowercase().replace('$', "-");
    let list = |name: &str| -> Map<String, Value> {
        contracts[name].as_array().unwrap().iter().map(|item| (slug(item), entry(item))).collect()
    };
    let mut clients = Map::new();
    for unit in contracts["units"].as_array().unwrap() {
        match unit["parent"].as_str() {
            None => drop(clients.insert(slug(unit), entry(unit))),
            Some(parent) => clients[&parent.replace('$', "-")]["departments"][slug(unit)] = entry(unit),
        }
    }
    json!({
        "clients": clients, "services": list("services"), "managers": list("employees"),
        "calendars": list("calendars"), "priorities": list("priorities"),
    })
    .to_string()
}

fn write(desk: &Helpdesk, path: &str, body: &Value) -> Value {
    let (status, answer) = desk.post(path, body);
    assert!(status < 300, "{path} {body}: {status} {answer}");
    answer
}

/// Writes the contracts as people would; returns what is expected of each object: `None`, or the reason to skip it.
fn fill(desk: &Helpdesk, contracts: &Value) -> BTreeMap<String, Option<String>> {
    for item in ["units", "employees", "services"].iter().flat_map(|name| contracts[name].as_array().unwrap())
    {
        if item["removed"] == true {
            write(desk, &format!("edit-m2m/{}", item["id"].as_str().unwrap()), &json!({ "removed": true }));
        }
    }
    let mut expected = BTreeMap::new();
    for (number, contract) in contracts["agreements"].as_array().unwrap().iter().enumerate() {
        let mut attributes = contracts["usual"].as_object().unwrap().clone();
        attributes.insert("contractNumber".to_owned(), json!(format!("ДО-2026/{number:03}")));
        attributes.extend(contract["set"].as_object().unwrap().clone());
        let later: Map<String, Value> =
            ["state", "removed"].iter().filter_map(|key| attributes.remove_entry(*key)).collect();
        let created = write(desk, "create-m2m/agreement$agreement", &Value::Object(attributes.clone()));
        let object = created["UUID"].as_str().unwrap().to_owned();
        write(desk, &format!("edit-m2m/{object}"), &Value::Object(later));
        for rule in rules(contracts, contract) {
            let interval = |text: &Value| match text.as_str().and_then(|text| text.split_once(' ')) {
                Some((length, unit)) => json!({ "length": length.parse::<u32>().unwrap(), "interval": unit }),
                None => Value::Null,
            };
            let calendar =
                if rule[2].is_null() { attributes["serviceTime"].clone() } else { rule[2].clone() };
            let body = json!({
                "title": "Правило", "agreement": object, "service": rule[0], "priority": rule[1],
                "serviceTime": calendar, "reactionTime": interval(&rule[3]), "resolutionTime": interval(&rule[4]),
            });
            write(desk, "create-m2m/agreementRule$agreementRule", &body);
        }
        expected.insert(object, contract["left"].as_str().map(str::to_owned));
    }
    expected
}

fn rules(contracts: &Value, contract: &Value) -> Vec<Value> {
    let usual = contracts["usual_rules"].as_array().unwrap();
    let Some(own) = contract["rules"].as_array() else {
        return usual.clone();
    };
    let rules = own.iter().flat_map(|rule| if rule == "usual" { usual.clone() } else { vec![rule.clone()] });
    rules.collect()
}

/// All that the helpdesk holds, without what adoption may change.
fn dump(desk: &Helpdesk) -> BTreeMap<String, Value> {
    let classes = ["agreement", "agreementRule", "ou", "employee", "slmService", "servicetime", "priority"];
    let objects = classes.into_iter().flat_map(|class| {
        let (_, found) = desk.post(&format!("find/{class}"), &json!({}));
        found.as_array().unwrap().clone()
    });
    let without_changed = |mut object: Value| {
        for key in CHANGED {
            object.as_object_mut().unwrap().remove(key);
        }
        (object["UUID"].as_str().unwrap().to_owned(), object)
    };
    objects.map(without_changed).collect()
}

/// A repository whose helpdesk is a served one.
struct Tenant {
    repository: Repository,
}

impl Tenant {
    fn run(&self, code: i32, arguments: &[&str]) -> Run {
        let mut program = self.repository.program(arguments);
        let run = Run::of(program.env("ITSM365_ACCESS_KEY", KEY));
        assert_eq!(run.code, code, "{arguments:?}\n{}\n{}", run.stdout, run.stderr);
        run
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(0, &[arguments, &["--format", "json"]].concat()).stdout).unwrap()
    }
}

/// An empty repository for a helpdesk, with the mapping that `discover` proposes and two attributes of the tenant's own.
fn discovered(desk: &Helpdesk) -> Tenant {
    let repository = Repository::empty();
    let tenant = Tenant { repository };
    let reached = format!(
        "  kind: itsm365\n  url: {}\n  access_key: {{ env: ITSM365_ACCESS_KEY }}\n  rate: 1000\n",
        desk.url()
    );
    tenant.repository.file("servanda.yaml", &format!("timezone: Europe/Moscow\nhelpdesk:\n{reached}"));
    let proposed = tenant.run(0, &["discover"]).stdout;
    let own =
        "    attributes:\n      attributes.remark: description\n      attributes.cost_center: costCenter\n";
    let settings = proposed
        .replacen("helpdesk:\n", "helpdesk:\n  rehearsal: true\n  rate: 1000\n", 1)
        .replacen("    attributes:\n", own, 1);
    tenant.repository.file("servanda.yaml", &format!("timezone: Europe/Moscow\n{settings}"));
    tenant
}

fn codes(adoption: &Value) -> BTreeMap<String, Option<String>> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let adopted =
        adoption["agreements"].as_array().unwrap().iter().map(|adopted| (text(&adopted["object"]), None));
    let skipped = adoption["skipped"].as_array().unwrap().iter();
    let skipped = skipped.map(|left| (text(&left["object"]), Some(text(&left["reason"]["code"]))));
    adopted.chain(skipped).collect()
}

#[test]
fn contracts_made_by_hand_of_every_kind_are_adopted_and_nothing_else_changes() {
    let contracts = contracts();
    let seed = Repository::empty();
    seed.file("servanda.yaml", "timezone: Europe/Moscow\n").file("catalog.yaml", &catalog(&contracts));
    let desk = Helpdesk::serve(&seed);
    let expected = fill(&desk, &contracts);
    let tenant = discovered(&desk);
    tenant.run(0, &["catalog", "pull"]);
    tenant.run(0, &["catalog", "check", "--exit-code"]);
    let as_of = ["--as-of", TODAY];
    let with_day = |arguments: &[&'static str]| [arguments, &as_of].concat();

    let proposed = tenant.json(&with_day(&["import", "--dry-run"]));
    assert_eq!(codes(&proposed), expected, "{proposed:#}");
    assert!(!tenant.repository.root().join("agreements").exists());
    let of_one = tenant.json(&with_day(&["import", "--dry-run", "--client", "delta"]));
    assert_eq!(of_one["agreements"].as_array().unwrap().len(), 1, "{of_one:#}");

    let object = proposed["agreements"][0]["object"].as_str().unwrap();
    let only = tenant.json(&["import", "--dry-run", "--as-of", TODAY, "--only", object]);
    assert_eq!(only["agreements"].as_array().unwrap().len(), 1, "{only:#}");
    assert_eq!((&only["agreements"][0]["object"], &only["skipped"]), (&object.into(), &json!([])));
    tenant.run(1, &["import", "--dry-run", "--only", "agreement$1"]);

    let before = dump(&desk);
    let adopted = tenant.json(&with_day(&["import"]));
    assert_eq!(adopted, proposed);
    let plan = tenant.json(&with_day(&["plan"]))["plan"].clone();
    for change in plan["changes"].as_array().unwrap() {
        assert_eq!(change["verb"], "update", "{change:#}");
        assert_eq!(change["fields"], json!([]), "{change:#}");
        assert_eq!(change["state"], Value::Null, "{change:#}");
        assert_eq!(change["ownership_key"]["before"], Value::Null, "{change:#}");
    }
    let count = expected.values().filter(|left| left.is_none()).count();
    assert_eq!(plan["changes"].as_array().unwrap().len(), count);
    tenant.run(0, &with_day(&["apply", "--yes"]));
    assert_eq!(dump(&desk), before);
    let rest = tenant.json(&with_day(&["import"]));
    assert_eq!(rest["agreements"], json!([]));
    tenant.run(0, &with_day(&["plan", "--exit-code"]));
    without_a_channel_run_and_preview_agree(&tenant);
    the_id_of_a_live_key_is_not_free(&desk, &contracts, &tenant, &adopted["agreements"][0]);
}

/// Both name the reason why no notice is sent, in the same words.
fn without_a_channel_run_and_preview_agree(tenant: &Tenant) {
    let reason = |arguments: &[&str]| {
        let mut program = tenant.repository.program(arguments);
        let run = Run::of(program.env("ITSM365_ACCESS_KEY", KEY));
        let said = format!("{}{}", run.stdout, run.stderr);
        let line = said.lines().find(|line| line.starts_with("Notices: ")).map(str::to_owned);
        line.unwrap_or_else(|| panic!("{arguments:?}: {said}"))
    };
    let run = reason(&["run", "--init-ledger", "--as-of", TODAY]);
    assert_eq!(reason(&["notify", "--preview", "--as-of", TODAY]), run);
}

/// The file of an adopted agreement is gone, and its key is not: another contract of that client gets another id.
fn the_id_of_a_live_key_is_not_free(desk: &Helpdesk, contracts: &Value, tenant: &Tenant, gone: &Value) {
    std::fs::remove_file(tenant.repository.root().join(gone["file"]["path"].as_str().unwrap())).unwrap();
    let mut attributes = contracts["usual"].as_object().unwrap().clone();
    attributes.extend(contracts["agreements"][0]["set"].as_object().unwrap().clone());
    attributes.insert("services".to_owned(), json!(["slmService$7"]));
    attributes.remove("state");
    let created = write(desk, "create-m2m/agreement$agreement", &Value::Object(attributes));
    let object = created["UUID"].as_str().unwrap();
    write(desk, &format!("edit-m2m/{object}"), &json!({ "state": "active" }));
    let again = tenant.json(&["import", "--as-of", TODAY, "--only", object]);
    let (one, other) = (&again["agreements"][0], gone);
    assert_eq!(one["client"], other["client"], "{again:#}");
    assert_ne!(one["id"], other["id"]);
}

/// The values of each option of the sandbox, in place of the default.
fn options() -> Vec<(&'static str, Vec<Value>)> {
    let values = |text: &str| serde_json::from_str::<Vec<Value>>(text).unwrap();
    vec![
        ("edit_status", values("[200, 201]")),
        ("unchanged_is_not_modified", values("[false, true]")),
        ("agreement_recipients", values(r#"["writable", "refused", "ignored"]"#)),
        ("refusal_status", values("[500, 400]")),
        ("absent_status", values("[404, 400, 500]")),
        ("find_gives_archived", values("[true, false]")),
        ("order", values(r#"["stable", "reversed", "touched", {"shuffled": 7}]"#)),
        ("default_limit", values("[null, 1]")),
        ("greatest_limit", values("[null, 3, 1]")),
        ("paging", values(r#"["regular", "ragged"]"#)),
        ("zone", values(r#"["UTC", "Asia/Vladivostok", "America/New_York"]"#)),
        ("day_only", values("[false, true]")),
        ("date_writes", values(r#"["dots", "dashes"]"#)),
        ("interval", values(r#"["object", "milliseconds", "seconds", "text"]"#)),
        ("unknown_attrs_refused", values("[false, true]")),
        ("search_lag", values("[0, 3]")),
    ]
}

/// Rows in which every pair of values of any two options occurs: each row takes the values that add most pairs.
fn pairwise(options: &[(&'static str, Vec<Value>)]) -> Vec<Vec<usize>> {
    let mut open = std::collections::BTreeSet::new();
    for (one, (_, values)) in options.iter().enumerate() {
        for (other, (_, others)) in options.iter().enumerate().skip(one + 1) {
            open.extend((0..values.len()).flat_map(|a| (0..others.len()).map(move |b| (one, a, other, b))));
        }
    }
    let mut rows = Vec::new();
    while let Some((one, a, other, b)) = open.first().copied() {
        let mut row: Vec<Option<usize>> = vec![None; options.len()];
        (row[one], row[other]) = (Some(a), Some(b));
        for (option, (_, values)) in options.iter().enumerate() {
            let pairs = |value: usize| {
                let known = row.iter().enumerate().filter_map(|(other, chosen)| Some((other, (*chosen)?)));
                known
                    .filter(|(other, chosen)| open.contains(&pair((option, value), (*other, *chosen))))
                    .count()
            };
            row[option] = row[option].or_else(|| (0..values.len()).max_by_key(|value| pairs(*value)));
        }
        let row: Vec<usize> = row.into_iter().flatten().collect();
        for one in 0..row.len() {
            for other in one + 1..row.len() {
                open.remove(&(one, row[one], other, row[other]));
            }
        }
        rows.push(row);
    }
    rows
}

fn pair(one: (usize, usize), other: (usize, usize)) -> (usize, usize, usize, usize) {
    let (first, second) = if one.0 < other.0 { (one, other) } else { (other, one) };
    (first.0, first.1, second.0, second.1)
}

/// Nine edits of the file of one adopted agreement.
const EDITS: [(&str, &str); 9] = [
    ("number: ДО-2026/000", "number: ДО-2026/000-а"),
    ("client:", "title: Другое название\nclient:"),
    ("period: { first_day: 2026-01-01 }", "period: { first_day: 2026-01-02, last_day: 2026-12-30 }"),
    ("title: Другое название\n", ""),
    ("client:", "manager: i.ivanov\nclient:"),
    ("period:", "services: { servery: true, udalenny-dostup-vpn: false }\nperiod:"),
    ("period:", "sla: { targets: { kritichesky: { response: 15m, resolution: 3h } } }\nperiod:"),
    ("manager: i.ivanov\n", ""),
    ("period:", "suspensions: [{ from: 2026-11-01, reason: unpaid }]\nperiod:"),
];

/// Adopts some contracts in a helpdesk with these options, and edits one of them nine times: each plan is empty after its
/// apply.
fn hold(row: &[usize]) {
    let mut contracts = contracts();
    contracts["usual_rules"] = json!([[null, "priority$1", null, "30 MINUTE", "4 HOUR"]]);
    let agreements = contracts["agreements"].as_array_mut().unwrap();
    agreements.truncate(4);
    let managed = json!({ "kind": "of another manager", "set": { "title": "Договор", "recipientsOU": ["ou$30"], "responsible": "employee$4" } });
    agreements.push(managed);
    let seed = Repository::empty();
    let chosen: Map<String, Value> = options()
        .into_iter()
        .zip(row)
        .map(|((name, values), value)| (name.to_owned(), values[*value].clone()))
        .collect();
    seed.file("servanda.yaml", "timezone: Europe/Moscow\n").file("catalog.yaml", &catalog(&contracts));
    // People fill the helpdesk in its own interface, which has no options.
    let desk = Helpdesk::serve(&seed);
    fill(&desk, &contracts);
    drop(desk);
    seed.file("options.json", &Value::Object(chosen.clone()).to_string());
    let desk = Helpdesk::serve_with(&seed, &["--options", "options.json"]);
    let tenant = discovered(&desk);
    let guards = "guards: { weakened: 99, ended: 99, deactivations: { more_than: 99, and_share: 100% } }\n";
    let settings = tenant.repository.read("servanda.yaml");
    tenant.repository.file("servanda.yaml", &format!("{settings}{guards}"));
    let as_of = ["--as-of", TODAY];
    let with_day = |arguments: &[&'static str]| [arguments, &as_of].concat();
    tenant.run(0, &["catalog", "pull"]);
    let adopted = tenant.json(&with_day(&["import"]));
    assert_eq!(adopted["agreements"].as_array().unwrap().len(), 5, "{chosen:?} {adopted:#}");
    let path = adopted["agreements"][0]["file"]["path"].as_str().unwrap().to_owned();
    tenant.run(0, &with_day(&["apply", "--yes"]));
    tenant.run(0, &with_day(&["plan", "--exit-code"]));
    for (from, to) in EDITS.into_iter().take(sample_of(2, EDITS.len())) {
        tenant.repository.edit(&path, from, to);
        tenant.run(0, &with_day(&["apply", "--yes"]));
        tenant.run(0, &with_day(&["plan", "--exit-code"]));
    }
}

#[test]
fn with_any_pair_of_options_adoption_and_nine_edits_end_in_an_empty_plan() {
    let rows = pairwise(&options());
    let count = sample_of(1, rows.len());
    // The last row of the sample has the least in common with the default.
    for row in rows.iter().rev().take(count) {
        hold(row);
    }
}
