//! The questions that are asked where somebody sits at a terminal.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::missing::did_not_run;
use crate::repository::Repository;

/// What a terminal showed while these steps were taken on it, and how the program ended.
struct Sitting {
    shown: String,
    code: i64,
}

/// Runs the program on a pseudo terminal; an error says what is missing for that.
fn sit(repository: &Repository, arguments: &[&str], steps: &Value) -> Result<Sitting, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/terminal.py");
    let mut python = Command::new("python3");
    python.arg(script).arg(steps.to_string()).arg(env!("CARGO_BIN_EXE_servanda")).args(arguments);
    python.current_dir(repository.root()).env("NO_COLOR", "1");
    let output = python.output().map_err(|error| format!("python3 cannot be started: {error}"))?;
    let said: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    Ok(Sitting { shown: said["shown"].as_str().unwrap().to_owned(), code: said["code"].as_i64().unwrap() })
}

#[test]
fn init_asks_and_what_was_answered_can_be_planned() {
    let repository = Repository::empty();
    let steps = json!([
        ["Time zone [", "Europe/Moskow\n"],
        ["Time zone [", "Asia/Almaty\n"],
        ["ru or en [", "ru\n"],
        ["first client [", "ТОО «Алматы & Ко»\n"],
        ["Services", "Почта, VPN\n"],
        ["First day", "2026-02-01\n"],
    ]);
    let sitting = match sit(&repository, &["init"], &steps) {
        Ok(sitting) => sitting,
        Err(why) => return did_not_run("questions on a terminal", &why),
    };
    assert_eq!(sitting.code, 0, "{}", sitting.shown);
    assert!(sitting.shown.contains("servanda plan"), "{}", sitting.shown);
    assert!(repository.read("servanda.yaml").contains("Asia/Almaty"));
    assert!(repository.read("catalog.yaml").contains("ТОО «Алматы & Ко»"));
    repository.expect(0, &["validate", "--deny-warnings"]);
    let plan = repository.expect(0, &["plan", "--as-of", "2026-03-01"]);
    assert!(plan.stdout.contains("1 to create"), "{}", plan.stdout);
}

#[test]
fn whoever_leaves_amid_the_questions_has_written_nothing() {
    for (leave, code) in [("\u{3}", -2), ("\u{4}", 1)] {
        let repository = Repository::empty();
        let steps = json!([["Time zone [", "\n"], ["ru or en [", leave]]);
        let sitting = match sit(&repository, &["init"], &steps) {
            Ok(sitting) => sitting,
            Err(why) => return did_not_run("questions on a terminal", &why),
        };
        assert_eq!(sitting.code, code, "{}", sitting.shown);
        assert_eq!(std::fs::read_dir(repository.root()).unwrap().count(), 0, "{}", sitting.shown);
    }
}

#[test]
fn new_asks_for_what_was_not_typed() {
    let repository = Repository::example();
    let steps = json!([
        ["Template (", "suport-standard\n"],
        ["Template (", "support-standard\n"],
        ["Client", "portovik\n"],
        ["First day", "1 May\n"],
        ["First day", "2031-05-01\n"],
        ["Number", "КГ-1\n"],
        ["Manager", "i.petrova\n"],
    ]);
    let sitting = match sit(&repository, &["new"], &steps) {
        Ok(sitting) => sitting,
        Err(why) => return did_not_run("questions on a terminal", &why),
    };
    assert_eq!(sitting.code, 0, "{}", sitting.shown);
    assert!(sitting.shown.contains("did you mean `support-standard`?"), "{}", sitting.shown);
    let written = repository.read("agreements/2031/portovik-2031.yaml");
    let expected = "extends: support-standard\nclient: portovik\nnumber: КГ-1\nmanager: i.petrova\nperiod: { first_day: 2031-05-01 }\n";
    assert!(written.ends_with(expected), "{written}");
}
