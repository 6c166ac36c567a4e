//! The questions that commands ask on a terminal.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::missing::did_not_run;
use crate::repository::Repository;

/// The output on the terminal, and the exit code.
struct TerminalRun {
    shown: String,
    code: i64,
}

/// Runs the program on a pseudo terminal. An error says what the machine lacks for that.
fn run_on_terminal(
    repository: &Repository,
    arguments: &[&str],
    steps: &Value,
) -> Result<TerminalRun, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/terminal.py");
    let mut python = Command::new("python3");
    python.arg(script).arg(steps.to_string()).arg(env!("CARGO_BIN_EXE_servanda")).args(arguments);
    python.current_dir(repository.root()).env("NO_COLOR", "1");
    let output = python.output().map_err(|error| format!("python3 cannot be started: {error}"))?;
    let said: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    Ok(TerminalRun {
        shown: said["shown"].as_str().unwrap().to_owned(),
        code: said["code"].as_i64().unwrap(),
    })
}

#[test]
fn init_asks_and_its_files_can_be_planned() {
    let repository = Repository::empty();
    let steps = json!([
        ["Time zone [", "Europe/Moskow\n"],
        ["Time zone [", "Asia/Almaty\n"],
        ["ru or en [", "ru\n"],
        ["first client [", "ТОО «Алматы & Ко»\n"],
        ["Services", "Почта, VPN\n"],
        ["First day", "2026-02-01\n"],
    ]);
    let run = match run_on_terminal(&repository, &["init"], &steps) {
        Ok(run) => run,
        Err(why) => return did_not_run("questions on a terminal", &why),
    };
    assert_eq!(run.code, 0, "{}", run.shown);
    assert!(run.shown.contains("servanda plan"), "{}", run.shown);
    assert!(repository.read("servanda.yaml").contains("Asia/Almaty"));
    assert!(repository.read("catalog.yaml").contains("ТОО «Алматы & Ко»"));
    repository.expect(0, &["validate", "--deny-warnings"]);
    let plan = repository.expect(0, &["plan", "--as-of", "2026-03-01"]);
    assert!(plan.stdout.contains("1 to create"), "{}", plan.stdout);
}

#[test]
fn an_interrupted_init_writes_nothing() {
    for (leave, code) in [("\u{3}", -2), ("\u{4}", 1)] {
        let repository = Repository::empty();
        let steps = json!([["Time zone [", "\n"], ["ru or en [", leave]]);
        let run = match run_on_terminal(&repository, &["init"], &steps) {
            Ok(run) => run,
            Err(why) => return did_not_run("questions on a terminal", &why),
        };
        assert_eq!(run.code, code, "{}", run.shown);
        assert_eq!(std::fs::read_dir(repository.root()).unwrap().count(), 0, "{}", run.shown);
    }
}

#[test]
fn new_asks_for_missing_values() {
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
    let run = match run_on_terminal(&repository, &["new"], &steps) {
        Ok(run) => run,
        Err(why) => return did_not_run("questions on a terminal", &why),
    };
    assert_eq!(run.code, 0, "{}", run.shown);
    assert!(run.shown.contains("did you mean `support-standard`?"), "{}", run.shown);
    let written = repository.read("agreements/2031/portovik-2031.yaml");
    let expected = "extends: support-standard\nclient: portovik\nnumber: КГ-1\nmanager: i.petrova\nperiod: { first_day: 2031-05-01 }\n";
    assert!(written.ends_with(expected), "{written}");
}

#[test]
fn terminate_asks_about_successors() {
    let repository = Repository::example();
    repository.expect(0, &["renew", "severny-veter-2026"]);
    let steps = json!([["(terminate, keep)", "yes\n"], ["(terminate, keep)", "terminate\n"]]);
    let arguments = ["terminate", "severny-veter-2026", "--on", "2026-12-15"];
    let run = match run_on_terminal(&repository, &arguments, &steps) {
        Ok(run) => run,
        Err(why) => return did_not_run("questions on a terminal", &why),
    };
    assert_eq!(run.code, 0, "{}", run.shown);
    let successor = repository.read("agreements/2027/severny-veter-2027.yaml");
    assert!(successor.contains("termination: { last_day: 2026-12-15 }"), "{successor}");
}
