//! The questions of `init`, answered by a text instead of a person.

use std::path::PathBuf;

use servanda::calendar::read_instant;
use servanda::settings::Language;

use super::{Arguments, answers};
use crate::cli::command::init::host::Host;
use crate::cli::command::init::scaffold::Answers;
use crate::cli::prompt::Prompter;
use crate::process::context::{Context, Terminal};
use crate::process::failure::Failure;

fn no_arguments() -> Arguments {
    Arguments {
        folder: None,
        client: None,
        service: Vec::new(),
        timezone: None,
        language: None,
        first_day: None,
        yes: false,
        forge: None,
        owner: Vec::new(),
        check: false,
        add: false,
    }
}

fn context() -> Context {
    Context {
        now: read_instant("2026-03-01T22:30:00Z").expect("an instant"),
        working_directory: PathBuf::from("/"),
        terminal: Terminal::NONE,
        repository: None,
        deny_warnings: false,
        settings: None,
    }
}

/// The answers after these lines of input, and everything that was printed.
fn ask_for(arguments: &Arguments, lines: &str) -> (Result<Answers, Failure>, String) {
    let mut printed = String::new();
    let prompter = Prompter::over(lines.as_bytes(), |text| printed.push_str(text));
    let answers = answers(arguments, Host::None, Some(prompter), &context());
    (answers, printed)
}

#[test]
fn an_empty_answer_means_the_default() {
    let (answers, printed) = ask_for(&no_arguments(), "\n\n\n\n\n");
    let answers = answers.expect("they can be taken");
    assert_eq!(answers.zone.name(), "Europe/Moscow");
    assert_eq!(answers.language, Language::English);
    // In Moscow it is the second of March already.
    assert_eq!(answers.first_day.to_string(), "2026-03-02");
    let shown = format!(
        "Time zone [Europe/Moscow]: Language of messages, ru or en [en]: The first client [{}]: Services, separated by \
         commas [{}]: First day of the first agreement [2026-03-02]: ",
        answers.client,
        answers.services.join(", ")
    );
    assert_eq!(printed, shown);
}

#[test]
fn defaults_follow_the_language() {
    let (answers, printed) =
        ask_for(&no_arguments(), "Asia/Vladivostok\nru\nЗАО «Кит & Ко»\n Почта ,, VPN,\n2027-01-01\n");
    let answers = answers.expect("they can be taken");
    assert_eq!(answers.language, Language::Russian);
    assert_eq!(answers.client, "ЗАО «Кит & Ко»");
    assert_eq!(answers.services, ["Почта", "VPN"]);
    assert_eq!(answers.first_day.to_string(), "2027-01-01");
    assert!(printed.contains("[2026-03-02]"), "{printed}");
    let russian = printed.split_once("The first client [").and_then(|(_, rest)| rest.split_once(']'));
    assert!(russian.is_some_and(|(client, _)| !client.is_ascii()), "{printed}");
}

#[test]
fn a_wrong_answer_is_reported_and_asked_for_again() {
    let lines = "Europe/Moskow\nEurope/Moscow\nde\nen\n\t\n, ,\nEmail\n2026-02-30\ntomorrow\n2026-04-01\n";
    let (answers, printed) = ask_for(&no_arguments(), lines);
    let answers = answers.expect("they can be taken");
    assert_eq!(
        (answers.services, answers.first_day.to_string()),
        (vec!["Email".to_owned()], "2026-04-01".to_owned())
    );
    for (question, times) in
        [("Time zone", 2), ("Language of", 2), ("The first client", 1), ("Services", 2), ("First day", 3)]
    {
        assert_eq!(printed.matches(question).count(), times, "{question}: {printed}");
    }
    for wrong in
        ["Europe/Moscow`", "unknown language `de`", "a name must not be empty", "from 1 to 28", "tomorrow"]
    {
        assert!(printed.contains(wrong), "{wrong} is not in {printed}");
    }
}

#[test]
fn values_of_switches_are_not_asked_for() {
    let typed = Arguments {
        client: Some("Acme".to_owned()),
        service: vec!["VPN".to_owned()],
        timezone: Some("Europe/Berlin".to_owned()),
        ..no_arguments()
    };
    let (answers, printed) = ask_for(&typed, "\n\n");
    assert_eq!(answers.expect("they can be taken").client, "Acme");
    assert_eq!(printed.matches(": ").count(), 2, "{printed}");
    let empty = Arguments { client: Some("  ".to_owned()), ..typed };
    let (answers, _) = ask_for(&empty, "\n\n");
    assert!(answers.is_err_and(|failure| failure.message.contains("a name must not be empty")));
}

#[test]
fn without_a_terminal_nothing_is_asked_and_the_end_of_the_input_is_a_failure() {
    let (answers, _) = ask_for(&no_arguments(), "Europe/Moscow\n");
    assert!(answers.is_err_and(|failure| failure.message.contains("nothing was written")));
    let unattended = super::answers(&no_arguments(), Host::None, None, &context());
    assert!(unattended.is_err_and(|failure| failure.help.is_some_and(|help| help.contains("--yes"))));
    let defaults = Arguments { yes: true, ..no_arguments() };
    assert!(super::answers(&defaults, Host::None, None, &context()).is_ok());
}

#[test]
fn the_forge_is_found_by_the_address_of_the_remote() {
    for (remote, host) in [
        ("https://github.com/acme/sla.git", Some(Host::Github)),
        ("git@gitlab.acme.example:service/sla.git", Some(Host::Gitlab)),
        ("ssh://git@codeberg.org:2222/acme/sla", Some(Host::Gitea)),
        ("https://user:github@git.acme.example/gitlab/sla", None),
        ("/srv/git/sla.git", None),
    ] {
        assert_eq!(Host::of(remote), host, "{remote}");
    }
}

/// The text of a file that `init` writes.
fn text(host: Host, path: &str) -> String {
    let files = host.files("trunk", &["@acme/service".to_owned()]);
    files.into_iter().find(|(name, _)| name == path).unwrap_or_else(|| panic!("{path}")).1
}

#[test]
fn the_jobs_install_this_version_and_name_the_default_branch() {
    let version = format!("VERSION: {}\n", env!("CARGO_PKG_VERSION"));
    for (host, folder) in [(Host::Github, ".github"), (Host::Gitea, ".gitea")] {
        for name in ["validate", "plan", "apply", "schedule"] {
            let text = text(host, &format!("{folder}/workflows/{name}.yml"));
            assert!(text.contains(&version) && !text.contains("uses: ./"), "{text}");
            assert!(!text.contains('@') || !text.contains("@VERSION@"), "{text}");
            let of_gitea = text.contains("upload-artifact") || text.contains("    environment:");
            assert!(host == Host::Github || !of_gitea, "{text}");
        }
        assert!(text(host, &format!("{folder}/workflows/apply.yml")).contains("branches: [trunk]"));
        assert!(text(host, "CODEOWNERS").contains(" @acme/service\n"));
    }
    let image = format!("servanda/servanda:{}\n", env!("CARGO_PKG_VERSION"));
    assert!(text(Host::Gitlab, "ci/gitlab.yml").contains(&image));
    assert!(
        text(Host::None, ".pre-commit-config.yaml")
            .contains(&format!("servanda=={}]", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn every_list_of_paths_holds_every_folder_that_is_read() {
    let hooks = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/.pre-commit-hooks.yaml"));
    let lists = [
        text(Host::Github, ".github/workflows/apply.yml"),
        text(Host::Gitea, ".gitea/workflows/apply.yml"),
        text(Host::Gitlab, "ci/gitlab.yml"),
        text(Host::None, ".pre-commit-config.yaml"),
        hooks.to_owned(),
    ];
    for text in &lists {
        let keys = ["paths: [servanda", "changes: [servanda", "files: ^("];
        let list = text.lines().find(|line| keys.iter().any(|key| line.contains(key)));
        let list = list.unwrap_or_else(|| panic!("no list in {text}"));
        for folder in crate::workspace::files::FOLDERS {
            assert!(list.contains(folder), "{folder} is not in {list}");
        }
    }
    // The hook of this repository and that of a new one are one.
    let files = |text: &str| {
        text.lines()
            .filter(|line| line.trim().starts_with("files:"))
            .map(str::trim)
            .map(str::to_owned)
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(files(hooks), files(&lists[3]));
}

#[test]
fn the_texts_of_the_documentation_are_those_that_are_written() {
    let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/github.md"));
    let hook = text(Host::None, ".pre-commit-config.yaml");
    assert!(page.contains(&hook), "docs/github.md shows another hook than {hook}");
}

/// Lists what a repository of GitHub lacks after one of its files was edited.
fn lacks_after(path: &str, edit: impl Fn(&str) -> Option<String>) -> Vec<(String, bool)> {
    let mut expected = super::scaffold::surroundings();
    expected.extend(Host::Github.files("main", &["@acme/service".to_owned()]));
    let read = |name: &str| {
        let (_, text) = expected.iter().find(|(path, _)| path == name).expect("it is expected");
        if name == path { edit(text) } else { Some(text.clone()) }
    };
    let lacks = super::lacks::of_files(&expected, read);
    lacks.into_iter().map(|lack| (format!("{}: {}", lack.path, lack.message), lack.is_missing)).collect()
}

#[test]
fn a_check_names_what_is_missing_and_what_makes_a_difference() {
    assert!(lacks_after("", |_| None).is_empty());
    let apply = ".github/workflows/apply.yml";
    let missing = lacks_after(apply, |_| None);
    assert!(missing[0].0.starts_with(apply) && missing[0].1, "{missing:?}");
    let replaced = |from: &'static str, to: &'static str| move |text: &str| Some(text.replace(from, to));
    for (path, from, to, word) in [
        (apply, ", \"calendars/**\"", "", "calendars"),
        (apply, concat!("VERSION: ", env!("CARGO_PKG_VERSION")), "VERSION: 0.0.9", "0.0.9"),
        (".pre-commit-config.yaml", "|notices/.*", "", "notices"),
        (".gitignore", ".servanda/", "target/", ".servanda"),
        (".vscode/settings.json", "yaml.schemas", "yaml.format", "yaml.schemas"),
        ("CODEOWNERS", "/servanda", "# /servanda", "owner"),
        ("schemas/catalog.json", "clients", "customers", "schema"),
    ] {
        let found = lacks_after(path, replaced(from, to));
        assert_eq!(found.len(), 1, "{path}: {found:?}");
        assert!(found[0].0.contains(word) && !found[0].1, "{found:?}");
    }
    // Another change by its owner is no lack.
    assert!(lacks_after(apply, replaced("timeout-minutes: 60", "timeout-minutes: 5")).is_empty());
}
