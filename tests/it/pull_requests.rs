//! Plans for pull requests: what a branch changes, what it cannot influence, and what is reported about it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::cases::sample_of;
use crate::repository::Repository;

const DAY: &str = "2026-09-01";

/// Numbers that look random and are the same every time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % sides
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

const SERVICES: [&str; 4] = ["email", "vpn", "print", "phone"];
const CLIENTS: [&str; 6] = ["ash", "birch", "cedar", "elm", "fir", "oak"];

/// A value for each property that a commit may change. It determines all files.
#[derive(Clone)]
struct State(BTreeMap<&'static str, usize>);

impl State {
    const THINGS: [&'static str; 13] = [
        "base.term",
        "base.services",
        "base.target",
        "extra.services",
        "extra.hours",
        "single.ash",
        "single.birch",
        "single.cedar",
        "single.elm",
        "set.own",
        "set.clients",
        "catalog.title",
        "shape",
    ];

    fn changed(&self, dice: &mut Dice) -> Self {
        let mut next = self.clone();
        for _ in 0..=dice.roll(3) {
            let thing = Self::THINGS[dice.roll(Self::THINGS.len())];
            next.0.insert(thing, dice.roll(4));
        }
        next
    }

    fn of(&self, thing: &str) -> usize {
        self.0.get(thing).copied().unwrap_or(0)
    }

    /// Writes the files. `shape` moves and reorders them without changing their meaning.
    fn write(&self, repository: &Repository) {
        for folder in ["agreements", "templates"] {
            let _ = std::fs::remove_dir_all(repository.root().join(folder));
        }
        let shape = self.of("shape");
        let comment = "# a comment\n".repeat(shape);
        let services = |number: usize| {
            let named = SERVICES.iter().enumerate().filter(|(at, _)| number == 3 || at % 4 <= number);
            named.map(|(_, name)| format!("  {name}: true\n")).collect::<Vec<_>>().concat()
        };
        let (term, target) = (self.of("base.term") + 1, self.of("base.target") + 1);
        let parts = [
            format!("period: {{ term: {term}y }}\n"),
            format!("services:\n{}", services(self.of("base.services"))),
            format!("sla:\n  calendar: office\n  targets: {{ normal: {{ response: {target}h }} }}\n"),
        ];
        let order: Vec<&String> =
            if shape.is_multiple_of(2) { parts.iter().collect() } else { parts.iter().rev().collect() };
        let text: String = order.into_iter().map(String::as_str).collect();
        repository.file("templates/base.yaml", &format!("{comment}{text}"));
        let hours =
            ["", "sla: { calendar: 24x7 }\n", "sla: { calendar: 'office' }\n", ""][self.of("extra.hours")];
        let extra = format!("extends: base\nservices:\n{}{hours}", services(self.of("extra.services")));
        repository.file("templates/extra.yaml", &extra);
        for (thing, client, parent) in [
            ("single.ash", "ash", "base"),
            ("single.birch", "birch", "base"),
            ("single.cedar", "cedar", "extra"),
            ("single.elm", "elm", "extra"),
        ] {
            let number = self.of(thing);
            if number == 3 {
                continue;
            }
            let own = [String::new(), "services: { vpn: false }\n".to_owned(), format!("number: {client}\n")];
            let own = &own[number];
            let folder = ["agreements", "agreements/deep", "agreements/a/b", "agreements"][shape];
            let text = format!(
                "{comment}extends: {parent}\nclient: {client}\nperiod: {{ first_day: 2026-01-01 }}\n{own}"
            );
            repository.file(&format!("{folder}/{client}.yaml"), &text);
        }
        let own = ["", "number: S-1\n", "number: 'S-1'\n", "services: { email: { calendar: 24x7 } }\n"]
            [self.of("set.own")];
        let clients = [
            "fir: {}, oak: {}",
            "fir: {}",
            "oak: { number: O-1 }, fir: true",
            "fir: { suspensions: [{ from: 2026-05-01, until: 2026-05-09 }] }",
        ][self.of("set.clients")];
        let set =
            format!("extends: base\nclients: {{ {clients} }}\nperiod: {{ first_day: 2026-02-01 }}\n{own}");
        repository.file("agreements/trees.yaml", &set);
        let title = self.of("catalog.title");
        let listed = CLIENTS.map(|client| format!("  {client}: {{ title: {client} {title} }}\n")).concat();
        let named = |slugs: &[&str]| {
            slugs.iter().map(|slug| format!("  {slug}: {{ title: {slug} }}\n")).collect::<Vec<_>>().concat()
        };
        let catalog = format!(
            "clients:\n{listed}services:\n{}calendars:\n{}priorities:\n{}",
            named(&SERVICES),
            named(&["office", "'24x7'"]),
            named(&["normal"]),
        );
        repository.file("catalog.yaml", &catalog).file("servanda.yaml", "timezone: Europe/Moscow\n");
    }
}

/// The resolved values of every agreement by their paths, as `explain` shows them.
fn resolved_values(repository: &Repository) -> BTreeMap<String, BTreeSet<String>> {
    let status = repository.json(0, &["status", "--as-of", DAY, "--format", "json"]);
    let ids =
        status["agreements"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned());
    let values = |id: &str| {
        let explained = repository.json(0, &["explain", id, "--format", "json"]);
        let values = explained["values"].as_array().unwrap().iter();
        values.map(|value| format!("{} = {}", value["path"], value["value"])).collect()
    };
    ids.map(|id| (id.clone(), values(&id))).collect()
}

/// The expected difference of two states: added, removed and changed agreements.
fn expected(
    before: &BTreeMap<String, BTreeSet<String>>,
    after: &BTreeMap<String, BTreeSet<String>>,
) -> Value {
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let touched = ids.into_iter().filter_map(|id| match (before.get(id), after.get(id)) {
        (None, _) => Some((id.clone(), json!("added"))),
        (_, None) => Some((id.clone(), json!("removed"))),
        (before, after) => (before != after).then(|| (id.clone(), json!("changed"))),
    });
    Value::Object(touched.collect())
}

/// `SERVANDA_FULL=1` plays all 300.
#[test]
fn a_plan_marks_just_the_agreements_whose_documents_differ() {
    let pairs = sample_of(10, 300);
    let mut dice = Dice(0x5eed_cafe);
    let repository = Repository::empty();
    let mut state = State(BTreeMap::new());
    let mut commits = Vec::new();
    for _ in 0..pairs.min(40) / 2 {
        state.write(&repository);
        commits.push((repository.commit(), resolved_values(&repository)));
        state = state.changed(&mut dice);
    }
    repository.expect(0, &["snapshot", "--out", "live.json"]);
    let mut marked = 0;
    for number in 0..pairs {
        let (earlier, later) = (dice.roll(commits.len()), dice.roll(commits.len()));
        let ((base, before), (head, after)) = (&commits[earlier], &commits[later]);
        let expected = expected(before, after);
        marked += expected.as_object().unwrap().len();
        let on_disk = number % 2 == 0 || earlier > later;
        let more: &[&str] = if on_disk { &[] } else { &["--head", head] };
        // A branch whose files are those of an older commit, and which has all commits of its base.
        let tree = format!("{head}^{{tree}}");
        let branch = repository.git(&["commit-tree", "-m", "x", "-p", base, &tree]);
        repository.check_out(if on_disk { &branch } else { dice.one(&[base, head]) });
        let plan = ["plan", "--snapshot", "live.json", "--as-of", DAY, "--format", "json", "--base", base];
        let plan = repository.run(&[&plan[..], more].concat());
        let plan: Value = serde_json::from_str(&plan.stdout).unwrap_or_else(|_| panic!("{}", plan.stderr));
        assert_eq!(plan["scope"]["documents"], expected, "{base} {head} {more:?}");
        // The helpdesk is empty, so that everything is created, whether the branch changes it or not.
        let named = |list: &Value| {
            list.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
        };
        let indirect: BTreeSet<String> = named(&plan["scope"]["indirect"]);
        assert!(
            indirect.iter().all(|id| expected.get(id).is_none() && after.contains_key(id)),
            "{indirect:?}"
        );
    }
    assert!(marked > pairs, "{marked}: most pairs differ");
}

#[test]
fn changes_that_a_branch_does_not_cause_are_counted_apart() {
    let repository = Repository::example();
    let base = repository.commit();
    let file = "agreements/2026/severny-veter-2026.yaml";
    repository.file(file, &(repository.read(file) + "title: Another\n"));
    let run = repository.expect(0, &["plan", "--as-of", DAY, "--base", &base]);
    assert!(run.stderr.contains("1 document changed"), "{}", run.stderr);
    assert!(run.stderr.contains("19 changes are on the base as well"), "{}", run.stderr);
    assert!(!run.stderr.contains("red line"), "{}", run.stderr);
    repository.expect(0, &["apply", "--yes", "--as-of", DAY]);
    repository.file(file, &repository.read(file).replace("title: Another", "title: Again"));
    let run = repository.expect(0, &["plan", "--as-of", DAY, "--base", &base]);
    assert!(!run.stderr.contains("on the base as well"), "{}", run.stderr);
}

/// One branch, three dates: two agreements end and one begins on the day, on the base as well.
#[test]
fn a_pull_request_is_not_blamed_for_what_the_date_does_on_its_base() {
    let repository = Repository::example();
    let base = repository.commit();
    repository.expect(0, &["apply", "--yes", "--as-of", DAY]);
    repository.edit("templates/support-premium.yaml", "resolution: 4h", "resolution: 5h");
    let plan = ["plan", "--as-of", "2027-01-01", "--base", &base];
    let found = repository.json(4, &[&plan[..], &["--format", "json"]].concat());
    let on_base = found["scope"]["on_base"].as_object().unwrap();
    let of_kind = |risk: &str| {
        let has = |common: &&Value| common["risks"].as_array().unwrap().contains(&json!(risk));
        on_base.values().filter(has).count()
    };
    assert!(of_kind("deactivates") > 0 && found["scope"]["guards_on_base"] == json!([]), "{found}");
    let own = found["scope"]["documents"].as_object().unwrap().len();
    let weakened = found["guarded_changes"].as_array().unwrap().len();
    let markdown = repository.expect(4, &[&plan[..], &["--format", "markdown"]].concat()).stdout;
    let verdict = markdown.lines().next().unwrap();
    assert!(verdict.contains("weakened") && !verdict.contains("deactivated"), "{verdict}");
    let totals = markdown.lines().nth(2).unwrap();
    let more = format!(
        "{} more on the base as well, by the date ({} deactivated)",
        on_base.values().filter(|common| common["whole"] == true).count(),
        of_kind("deactivates")
    );
    assert!(totals.contains(&more) && totals.contains(&format!("{weakened} awaiting")), "{totals}");
    let html = repository.expect(4, &[&plan[..], &["--format", "html"]].concat()).stdout;
    let text = repository.expect(4, &plan).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = format!("The pull request changes {own} agreements; {more}.");
    assert!(html.contains(&more) && text.contains(&sentence), "{text}");
    // Without a difference, there is nothing to acknowledge.
    repository.git(&["checkout", "-q", "."]);
    let run = repository.expect(0, &[&plan[..], &["--exit-code", "--format", "markdown"]].concat());
    assert!(run.stdout.starts_with("### Plan: no changes by this pull request\n"), "{}", run.stdout);
}

#[test]
fn a_commit_is_planned_without_being_checked_out_and_merged_in_memory() {
    let repository = Repository::example();
    let start = repository.commit();
    let (mine, theirs) = ("agreements/2026/severny-veter-2026.yaml", "agreements/2026/portovik-2026.yaml");
    repository.file(mine, &(repository.read(mine) + "title: Mine\n"));
    let branch = repository.commit();
    repository.check_out(&start);
    repository.file(theirs, &(repository.read(theirs) + "title: Theirs\n"));
    let main = repository.commit();
    let before = repository.git(&["status", "--porcelain"]);
    let plan = ["plan", "--as-of", DAY, "--format", "json", "--base", &main, "--head", &branch];
    let plan = repository.json(0, &plan);
    assert_eq!(plan["scope"]["documents"], json!({ "severny-veter-2026": "changed" }));
    assert_eq!(plan["plan"]["header"]["commit"], branch[..12]);
    let titles: BTreeSet<&str> = plan["plan"]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["title"].as_str().unwrap())
        .collect();
    assert!(titles.contains("Mine") && titles.contains("Theirs"), "{titles:?}");
    assert_eq!(repository.git(&["status", "--porcelain"]), before);
    // A merge conflict gives no plan.
    repository.file(mine, &(repository.read(mine) + "title: Other\n"));
    let other = repository.commit();
    let run = repository.expect(1, &["plan", "--base", &other, "--head", &branch]);
    assert!(run.stderr.contains(mine) && run.stderr.contains("up to date"), "{}", run.stderr);
    let run = repository.expect(1, &["plan", "--base", "no-such-branch"]);
    assert!(run.stderr.contains("fetch-depth: 0"), "{}", run.stderr);
    repository.expect(1, &["plan", "--base", "--output=/tmp/x"]);
}

/// The merge of others is no change of the branch, and the branch does not undo it.
#[test]
fn a_branch_behind_its_base_is_planned_as_its_merge() {
    let repository = Repository::example();
    let start = repository.commit();
    let (mine, theirs) = ("agreements/2026/severny-veter-2026.yaml", "agreements/2026/portovik-2026.yaml");
    repository.file(theirs, &(repository.read(theirs) + "title: Theirs\n")).commit();
    repository.file("agreements/2026/invalid.yaml", "client: no-one\n");
    repository.commit();
    repository.remove("agreements/2026/invalid.yaml");
    let main = repository.commit();
    repository.expect(0, &["apply", "--yes", "--as-of", DAY]);
    repository.check_out(&start);
    repository.file(mine, &(repository.read(mine) + "title: Mine\n"));
    let branch = repository.commit();
    let plan = ["plan", "--as-of", DAY, "--format", "json", "--base", &main];
    // What the recipes leave beside the files is no change of them.
    repository.file("live.json", "{}\n");
    let found = repository.json(0, &plan);
    assert_eq!(found["scope"]["behind"], 3);
    assert_eq!(found["scope"]["documents"], json!({ "severny-veter-2026": "changed" }));
    let changed: Vec<&Value> =
        found["plan"]["changes"].as_array().unwrap().iter().map(|change| &change["id"]).collect();
    assert_eq!(changed, ["severny-veter-2026"]);
    assert_eq!(found["plan"]["header"]["commit"], branch[..12]);
    assert_eq!(found, repository.json(0, &[&plan[..], &["--head", "HEAD"]].concat()));
    // The files of a check are those on disk, and what others merged is none of its business.
    let since = ["validate", "--as-of", DAY, "--short", "--changed-since", &main];
    assert_eq!(repository.expect(0, &since).stdout, "");
    // Files that are not committed cannot be merged.
    for (path, text) in [
        (mine, repository.read(mine).replace("title: Mine", "title: Other")),
        ("agreements/new.yaml", "a: b\n".to_owned()),
    ] {
        repository.file(path, &text);
        let run = repository.expect(1, &plan);
        assert!(run.stderr.contains("error[branch-behind]"), "{}", run.stderr);
        assert!(run.stderr.contains("3 commits behind") && run.stderr.contains(path), "{}", run.stderr);
        assert_eq!(run.stdout, "");
        assert_eq!(repository.json(0, &[&plan[..], &["--head", "HEAD"]].concat()), found);
        repository.git(&["checkout", "-q", "."]);
    }
    // A branch that has all of its base is planned with files that are not committed.
    repository.file(mine, &repository.read(mine).replace("title: Mine", "title: Other"));
    repository.remove("agreements/new.yaml");
    let found = repository.json(0, &["plan", "--as-of", DAY, "--format", "json", "--base", &start]);
    assert_eq!(found["scope"]["behind"], 0);
    assert_eq!(found["scope"]["documents"], json!({ "severny-veter-2026": "changed" }));
}

#[test]
fn files_skipped_in_a_folder_are_skipped_in_a_commit() {
    let repository = Repository::example();
    let broken = "no: yaml: here\n";
    repository.file("agreements/.hidden.yaml", broken).file("agreements/.old/a.yaml", broken);
    repository
        .file("agreements/drafts/.gitignore", "*.yaml\n!kept.yaml\n")
        .file("agreements/drafts/a.yaml", broken);
    repository.file("agreements/.ignore", "later/\n").file("agreements/later/deep/b.yaml", broken);
    repository.file("agreements/notes.txt", broken);
    let head = repository.commit();
    repository.expect(0, &["validate"]);
    repository.expect(0, &["plan", "--as-of", DAY, "--base", &head, "--head", &head]);
    repository.file("agreements/drafts/kept.yaml", broken);
    let kept = repository.commit();
    repository.expect(3, &["validate"]);
    repository.expect(3, &["plan", "--as-of", DAY, "--base", &head, "--head", &kept]);
}

/// A job on another machine does not have the user's global ignore file, so it must not matter.
#[test]
fn the_global_ignore_file_of_the_user_is_not_read() {
    let repository = Repository::example();
    repository
        .file("home/git/ignore", "*.yaml\n")
        .file("home/.gitconfig", "[core]\nexcludesFile = ~/git/ignore\n");
    let home = repository.root().join("home");
    let list = |program: &mut std::process::Command| -> String {
        let ran = program.env("XDG_CONFIG_HOME", &home).env("HOME", &home).output().expect("it runs");
        String::from_utf8(ran.stdout).expect("a text")
    };
    let usual = repository.expect(0, &["status", "--as-of", DAY]).stdout;
    assert!(usual.contains("portovik-2026"), "{usual}");
    assert_eq!(list(&mut repository.program(&["status", "--as-of", DAY])), usual);
}

#[test]
fn validate_reports_only_what_concerns_the_branch() {
    let repository = Repository::example();
    // An error that exists in the base.
    repository.file("agreements/old.yaml", "client: no-one\n");
    let base = repository.commit();
    let since = ["validate", "--as-of", DAY, "--short", "--changed-since", &base];
    assert_eq!(repository.expect(0, &since).stdout, "");
    repository.expect(3, &["validate", "--as-of", DAY]);
    // An error in a changed file.
    repository.file("agreements/new.yaml", "client: severny-veter\nperiod: { first_day: 2026-02-30 }\n");
    let run = repository.expect(3, &since);
    assert!(run.stdout.lines().all(|line| line.contains("agreements/new.yaml")), "{}", run.stdout);
    repository.remove("agreements/new.yaml");
    // A change of a template makes unchanged files invalid.
    repository.edit("templates/support-standard.yaml", "term: 1y", "term: 2y");
    let run = repository.expect(3, &since);
    assert!(run.stdout.contains("agreements/2026/portovik-2026.yaml:8:22: error[E303]"), "{}", run.stdout);
    assert!(!run.stdout.contains("old.yaml"), "{}", run.stdout);
    repository.git(&["checkout", "-q", "."]);
    // The catalog loses a slug.
    repository.edit("catalog.yaml", "  i.petrova:", "  i.petrova-2:");
    let run = repository.expect(3, &since);
    assert!(run.stdout.contains("error[E101]") && !run.stdout.contains("old.yaml"), "{}", run.stdout);
    repository.git(&["checkout", "-q", "."]);
    // A template has no users.
    repository.file("templates/lonely.yaml", "period: { term: 1y }\n");
    let run = repository.expect(0, &since);
    assert!(run.stdout.contains("templates/lonely.yaml:1:1: warning[W107]"), "{}", run.stdout);
}

/// The agreement is in its second period.
#[test]
fn validate_warns_of_an_edit_that_takes_back_a_period_that_has_begun() {
    let repository = Repository::empty();
    let (path, template) = ("agreements/a.yaml", "templates/rolling.yaml");
    let rolling = "renewal: { mode: auto, term: 1y, notice_period: 30d }\n";
    repository
        .file("servanda.yaml", "timezone: Europe/Moscow\n")
        .file("catalog.yaml", "clients: { ash: { title: Ash } }\nservices: { email: { title: Email } }\n")
        .file(template, rolling)
        .file(path, "extends: rolling\nclient: ash\nservices: { email: true }\nperiod: { first_day: 2025-01-01, term: 1y }\n");
    let base = repository.commit();
    let since = ["validate", "--as-of", DAY, "--short", "--changed-since", &base];
    let warned = |path: &str, from: &str, to: &str| {
        repository.edit(path, from, to);
        let run = repository.expect(0, &since);
        repository.git(&["checkout", "-q", "."]);
        run.stdout
            .lines()
            .filter(|line| line.contains("warning[W213]"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for (path, from, to) in [
        (template, "mode: auto, term: 1y, notice_period: 30d", "mode: none"),
        (template, "term: 1y", "term: 6mo"),
        (path, "term: 1y", "term: 2y"),
        (path, "client: ash", "client: ash\nrenewal: { mode: none }"),
    ] {
        let found = warned(path, from, to);
        assert!(found.len() == 1 && found[0].starts_with("agreements/a.yaml:"), "{to}: {found:?}");
    }
    for (path, from, to) in [
        (template, "term: 1y", "term: 1y, max_terms: 1"),
        (template, "30d", "60d"),
        (path, "client: ash", "client: ash\ntermination: { last_day: 2026-12-31 }"),
        (path, "client: ash", "client: ash\nnumber: A-1"),
        (
            path,
            "client: ash",
            "client: ash\nrenewal: { mode: none }\nallow: { W213: { reason: agreed, until: 2026-12-31 } }",
        ),
    ] {
        assert_eq!(warned(path, from, to), Vec::<String>::new(), "{to}");
    }
}
