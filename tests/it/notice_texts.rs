//! The files in `notices/`: each is checked before a run needs it, and a pull request shows what it changes.

use crate::repository::Repository;

#[test]
fn a_broken_text_is_an_error_with_its_line_before_any_run() {
    for (file, text, code, place, help) in [
        ("ru.subject.txt", "{{ foo", "E510", "notices/ru.subject.txt:1:", "docs/notices.md"),
        ("ru.client.txt", "\n\n{{ notice.dya }}", "E510", "notices/ru.client.txt:3:", "docs/notices.md"),
        // A value that an open-ended agreement does not have.
        (
            "en.manager.txt",
            "{{ notice.last_day | date }}",
            "E510",
            "notices/en.manager.txt:1:",
            "docs/notices.md",
        ),
        ("ru.chat.slack", "\n{% endif %}", "E510", "notices/ru.chat.slack:2:", "docs/notices.md"),
        ("ru.bodi.txt", "x", "E509", "notices/ru.bodi.txt:1:", "`ru.body.txt`"),
    ] {
        let repository = Repository::example();
        repository.file(&format!("notices/{file}"), text);
        let run = repository.expect(3, &["validate", "--short"]);
        let expected = format!("error[{code}]");
        assert!(run.stdout.contains(&expected) && run.stdout.contains(place), "{file}: {}", run.stdout);
        let run = repository.expect(3, &["validate"]);
        assert!(run.stdout.contains(help), "{file}: {}", run.stdout);
        for command in [&["plan", "--as-of", "2026-09-01"][..], &["run", "--as-of", "2026-09-01"]] {
            let run = repository.expect(3, command);
            assert!(run.stderr.contains(&expected), "{file}: {}", run.stderr);
        }
        let doctor = repository.json(1, &["doctor", "--format", "json"]);
        let failed = doctor["checks"].as_array().unwrap().iter().find(|line| line["status"] == "failed");
        assert_eq!(failed.unwrap()["check"], "files");
    }
}

#[test]
fn a_valid_text_is_used_and_its_change_is_shown_in_a_pull_request() {
    let repository = Repository::example();
    repository.commit();
    let plan = |repository: &Repository| {
        repository.json(0, &["plan", "--base", "HEAD", "--as-of", "2026-09-01", "--format", "json"])
    };
    assert!(plan(&repository)["scope"]["texts"].is_null());
    repository.file("notices/ru.client.txt", "До {{ notice.day | date }}.");
    repository.expect(0, &["validate"]);
    let shown = plan(&repository);
    let texts = shown["scope"]["texts"].as_array().unwrap();
    assert_eq!(texts.len(), 13, "each kind of text for clients: {texts:?}");
    assert!(texts[0]["after"].as_str().unwrap().contains("До 31\u{a0}декабря 2026\u{a0}г.\n"));
    assert!(!texts[0]["before"].as_str().unwrap().contains("До 31"));
    let arguments = ["plan", "--base", "HEAD", "--as-of", "2026-09-01", "--format", "markdown"];
    let comment = repository.expect(0, &arguments).stdout;
    assert!(comment.contains("+До 31\u{a0}декабря 2026\u{a0}г.\n"), "{comment}");
}
