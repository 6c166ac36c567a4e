//! Checkouts as runners and people make them: shallow, partial, with other line ends, in a subfolder, with submodules, of
//! another user.

use std::process::Command;

use serde_json::{Value, json};

use crate::doctor::line_of;
use crate::missing::did_not_run;
use crate::repository::{Repository, Run, copy};

const DAY: &str = "2026-09-01";
const EDITED: &str = "agreements/2026/portovik-2026.yaml";

/// Clones a repository with these options.
fn clone(of: &Repository, options: &[&str]) -> Repository {
    let clone = Repository::empty();
    let url = format!("file://{}", of.root().display());
    clone.git(&[&["clone", "-q"], options, &[&url, "."]].concat());
    clone
}

fn plan(repository: &Repository, more: &[&str]) -> Run {
    repository.run(&[&["plan", "--as-of", DAY, "--format", "json"], more].concat())
}

#[track_caller]
fn planned(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr))
}

/// The status and the help of a check of `doctor`.
fn checked(repository: &Repository, check: &str) -> (String, String) {
    let found: Value = serde_json::from_str(&repository.run(&["doctor", "--format", "json"]).stdout).unwrap();
    let line = line_of(&found, check);
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    (text("status"), text("help"))
}

#[test]
fn a_checkout_of_another_user_is_explained_in_the_words_of_git() {
    let repository = Repository::example();
    repository.commit();
    assert_eq!(checked(&repository, "git").0, "ok");
    let owned = Command::new("chown").args(["-R", "65534"]).arg(repository.root()).output().unwrap();
    if !owned.status.success() {
        return did_not_run("checkouts of another user", "only root can give files to another user");
    }
    let run = plan(&repository, &["--base", "HEAD"]);
    assert_eq!(run.code, 1);
    for part in ["dubious ownership", "safe.directory"] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    let (status, help) = checked(&repository, "git");
    assert!(status == "failed" && help.contains("safe.directory"), "{status}: {help}");
}

#[test]
fn a_shallow_clone_is_explained() {
    let origin = Repository::example();
    let base = origin.commit();
    origin.edit(EDITED, "number: ", "number: X-");
    origin.commit();
    let shallow = clone(&origin, &["--depth", "1"]);
    let run = plan(&shallow, &["--base", &base]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("error[commit-unknown]") && run.stderr.contains("fetch-depth: 0"),
        "{}",
        run.stderr
    );
    let (status, help) = checked(&shallow, "git");
    assert!(status == "warning" && help.contains("fetch-depth: 0"), "{status}: {help}");
    // Two histories without a common commit.
    let orphan = clone(&origin, &["--depth", "1"]);
    orphan.git(&["checkout", "-q", "--orphan", "other"]);
    let head = orphan.commit();
    let run = plan(&orphan, &["--base", "main", "--head", &head]);
    assert!(run.code == 1 && run.stderr.contains("unrelated histories"), "{}", run.stderr);
    assert!(run.stderr.contains("fetch-depth: 0"), "{}", run.stderr);
}

#[test]
fn a_partial_clone_asks_once_for_all_missing_files() {
    let origin = Repository::example();
    origin.git(&["init", "-q"]);
    for key in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
        origin.git(&["config", key, "true"]);
    }
    let base = origin.commit();
    for name in
        ["portovik-2026", "severny-veter-2026", "uralstal-2026", "vostok-log-2026", "aurora-games-2026"]
    {
        let path = format!("agreements/2026/{name}.yaml");
        origin.file(
            &path,
            &(origin.read(&path) + "labels: { renumbered: \"yes\" }\n")
                .replace("labels: { segment", "# { segment"),
        );
    }
    origin.commit();
    let partial = clone(&origin, &["--filter=blob:none"]);
    let trace = partial.root().join("trace");
    let mut program = partial.program(&["plan", "--as-of", DAY, "--format", "json", "--base", &base]);
    let run = Run::of(program.env("GIT_TRACE", &trace));
    assert_eq!(planned(&run)["scope"]["documents"].as_object().unwrap().len(), 5, "{}", run.stderr);
    let trace = std::fs::read_to_string(trace).unwrap();
    let fetches = trace.lines().filter(|line| line.contains("built-in: git upload-pack")).count();
    assert_eq!(fetches, 1, "{trace}");
}

#[test]
fn line_ends_of_a_checkout_change_nothing() {
    let origin = Repository::example();
    origin.commit();
    let (plain, windows) = (clone(&origin, &[]), clone(&origin, &["-c", "core.autocrlf=true"]));
    assert!(windows.read("servanda.yaml").contains("\r\n") && !plain.read("servanda.yaml").contains('\r'));
    let (left, right) =
        (planned(&plan(&plain, &["--base", "HEAD"])), planned(&plan(&windows, &["--base", "HEAD"])));
    assert_eq!(right["scope"]["red_lines"], json!([]));
    assert_eq!(right["scope"]["documents"], json!({}));
    assert_eq!(left["plan"]["header"]["files"], right["plan"]["header"]["files"]);
    assert_eq!(left["plan"]["header"]["commit"], right["plan"]["header"]["commit"]);
    let (status, _) = checked(&windows, "line-ends");
    assert_eq!(status, "ok", "doctor says that they change nothing");
    // Findings of files that differ in their line ends only do not concern a branch.
    for repository in [&plain, &windows] {
        let since = ["validate", "--as-of", DAY, "--short", "--changed-since", "HEAD"];
        assert_eq!(repository.expect(0, &since).stdout, "");
    }
}

#[test]
fn findings_name_files_from_the_top_of_the_work_tree() {
    let (tree, example) = (Repository::empty(), Repository::example());
    copy(example.root(), &tree.root().join("estate"));
    tree.commit();
    let path = format!("estate/{EDITED}");
    tree.edit(&path, "client: portovik", "client: portovic");
    for format in ["github", "sarif", "gitlab", "junit"] {
        let found = tree.expect(3, &["-C", "estate", "validate", "--as-of", DAY, "--format", format]).stdout;
        assert_eq!(found.matches(EDITED).count(), found.matches(&path).count(), "{format}: {found}");
        assert!(found.contains(&path), "{format}: {found}");
    }
    let found = tree.expect(3, &["-C", "estate", "validate", "--as-of", DAY, "--short"]).stdout;
    assert!(found.contains(EDITED) && !found.contains("estate/"), "people are in the folder: {found}");
}

#[test]
fn agreements_in_a_submodule_are_compared_by_content() {
    let (shared, tree) = (Repository::empty(), Repository::example());
    shared.file("portovik-2026.yaml", &tree.read(EDITED));
    shared.file("severny-veter-2026.yaml", &tree.read("agreements/2026/severny-veter-2026.yaml"));
    shared.commit();
    for name in ["portovik-2026", "severny-veter-2026"] {
        tree.remove(&format!("agreements/2026/{name}.yaml"));
    }
    tree.git(&["init", "-q"]);
    let url = shared.root().to_str().unwrap();
    tree.git(&["-c", "protocol.file.allow=always", "submodule", "add", "-q", url, "agreements/shared"]);
    let base = tree.commit();
    let unchanged = planned(&plan(&tree, &["--base", &base]));
    assert_eq!(unchanged["scope"]["documents"], json!({}));
    let path = "agreements/shared/portovik-2026.yaml";
    tree.file(path, &(tree.read(path) + "title: Another\n"));
    tree.git(&["-C", "agreements/shared", "commit", "-q", "-a", "-m", "x"]);
    tree.git(&["commit", "-q", "-a", "-m", "x"]);
    let head = tree.git(&["rev-parse", "HEAD"]);
    for more in [&["--base", base.as_str()][..], &["--base", &base, "--head", &head]] {
        let changed = planned(&plan(&tree, more));
        assert_eq!(changed["scope"]["documents"], json!({ "portovik-2026": "changed" }), "{more:?}");
    }
}

#[test]
fn every_spelling_of_another_extension_is_an_error() {
    for name in ["YAML", "Yaml", "yml", "Yml", "YML"] {
        for stem in
            ["agreements/2026/another", "templates/another", "calendars/another", "catalog", "servanda"]
        {
            let repository = Repository::example();
            let path = format!("{stem}.{name}");
            repository.file(&path, "client: portovik\n");
            let found = repository.expect(3, &["validate", "--as-of", DAY, "--short"]).stdout;
            assert!(found.contains(&format!("{path}:1:1: error[E011]")), "{path}: {found}");
        }
    }
}

/// Some systems decompose the letters of file names when they check out, others compose them.
#[test]
#[cfg(target_os = "linux")]
fn composed_and_decomposed_names_of_one_file_are_the_same() {
    let (composed, decomposed) =
        ("agreements/\u{439}од/portovik-2026.yaml", "agreements/и\u{306}од/portovik-2026.yaml");
    let (left, right) = (Repository::example(), Repository::example());
    for (repository, path) in [(&left, composed), (&right, decomposed)] {
        repository.file(path, &repository.read(EDITED)).remove(EDITED);
    }
    left.commit();
    let files = |repository: &Repository| planned(&plan(repository, &[]))["plan"]["header"]["files"].clone();
    assert_eq!(files(&left), files(&right));
    left.file(decomposed, &left.read(composed)).remove(composed);
    let since = ["validate", "--as-of", DAY, "--short", "--changed-since", "HEAD"];
    assert_eq!(left.expect(0, &since).stdout, "");
    // An edit writes to the name on disk.
    left.expect(0, &["suspend", "portovik-2026", "--from", "2027-01-11", "--until", "2027-01-24"]);
    assert!(left.read(decomposed).contains("2027-01-11"));
}
