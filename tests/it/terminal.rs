//! The program on a terminal and without one: questions, colours, widths, and what goes to standard error.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::cases::every;
use crate::missing::did_not_run;
use crate::python::interpreter;
use crate::repository::{Repository, Run};

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
    run_with(repository, arguments, steps, &[("NO_COLOR", "1")])
}

/// The same with these variables in the environment.
fn run_with(
    repository: &Repository,
    arguments: &[&str],
    steps: &Value,
    variables: &[(&str, &str)],
) -> Result<TerminalRun, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/terminal.py");
    let mut python = Command::new(interpreter());
    python.arg(script).arg(steps.to_string()).arg(env!("CARGO_BIN_EXE_servanda")).args(arguments);
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "TERM", "CI"] {
        python.env_remove(variable);
    }
    python.current_dir(repository.root()).envs(variables.iter().copied());
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
    assert!(plan.stdout.contains("создать 1"), "{}", plan.stdout);
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

const DAY: &[&str] = &["--as-of", "2026-09-01"];

fn with_day<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, DAY].concat()
}

#[test]
fn colours_follow_the_option_then_the_variables_then_the_terminal() {
    let repository = Repository::example();
    for (variables, option, is_coloured) in [
        (&[][..], None, false),
        (&[("CLICOLOR_FORCE", "1")], None, true),
        (&[("CLICOLOR_FORCE", "0")], None, false),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], None, false),
        (&[("CLICOLOR_FORCE", "1")], Some("never"), false),
        (&[("NO_COLOR", "1"), ("TERM", "dumb")], Some("always"), true),
        (&[], Some("auto"), false),
    ] {
        let mut arguments = with_day(&["status"]);
        arguments.extend(option.iter().flat_map(|when| ["--color", when]));
        let run = Run::of(repository.program(&arguments).envs(variables.iter().copied()));
        assert_eq!(run.stdout.contains('\u{1b}'), is_coloured, "{variables:?} {option:?}: {}", run.stdout);
    }
    for (variables, is_coloured) in [
        (&[("TERM", "xterm")][..], true),
        (&[("TERM", "dumb")], false),
        (&[("TERM", "xterm"), ("CLICOLOR", "0")], false),
        (&[("TERM", "xterm"), ("NO_COLOR", "1")], false),
        (&[("TERM", "xterm"), ("CLICOLOR_FORCE", "0")], true),
    ] {
        let run = match run_with(&repository, &with_day(&["status"]), &json!([]), variables) {
            Ok(run) => run,
            Err(why) => return did_not_run("colours on a terminal", &why),
        };
        assert_eq!(run.shown.contains('\u{1b}'), is_coloured, "{variables:?}: {}", run.shown);
    }
}

/// The ids of the agreements of the example that a status names.
fn ids(repository: &Repository) -> BTreeSet<String> {
    let status = repository.json(0, &with_day(&["status", "--format", "json"]));
    let agreements = status["agreements"].as_array().unwrap();
    agreements.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn ids_are_whole_and_rows_fit_at_every_width() {
    let repository = Repository::example();
    let ids = ids(&repository);
    let commands: [&[&str]; 4] = [&["status"], &["plan"], &["forecast"], &["notify", "--preview"]];
    for command in commands {
        let unbound = repository.run(&with_day(command)).stdout;
        let named: Vec<&String> = ids.iter().filter(|id| unbound.contains(*id)).collect();
        assert!(named.len() >= 3, "{command:?} names {named:?}");
        for columns in every(2, ["40", "60", "80", "100"]) {
            let variables = [("COLUMNS", columns), ("NO_COLOR", "1"), ("TERM", "xterm")];
            let run = match run_with(&repository, &[command, DAY, &["-q"]].concat(), &json!([]), &variables) {
                Ok(run) => run,
                Err(why) => return did_not_run("widths of a terminal", &why),
            };
            let broken: Vec<_> = named.iter().filter(|id| !run.shown.contains(id.as_str())).collect();
            assert!(broken.is_empty(), "{command:?} at {columns} columns breaks {broken:?}: {}", run.shown);
            let width: usize = columns.parse().unwrap();
            let is_name = |row: &str| !row.trim().contains(' ');
            // Mails and the days of a forecast have lines of their own.
            let is_laid_out = ["status", "plan"].contains(&command[0]);
            let wide = run.shown.lines().find(|row| row.chars().count() > width && !is_name(row));
            assert!(!is_laid_out || wide.is_none(), "{command:?} at {columns} columns: {wide:?}");
        }
    }
}

#[test]
fn without_a_terminal_no_line_is_wrapped() {
    let repository = Repository::example();
    let status = repository.expect(0, &with_day(&["status"])).stdout;
    for id in ids(&repository) {
        let row = status.lines().find(|row| row.starts_with(&id)).unwrap();
        let states = ["active", "planned", "suspended", "expired"];
        assert!(states.iter().any(|state| row.contains(state)), "its status is in the same line: {row}");
    }
}

#[test]
fn a_quiet_run_prints_results_and_errors_only() {
    let repository = Repository::example();
    for command in [&["status"][..], &["validate"], &["plan"], &["run", "--init-ledger"]] {
        let arguments = [command, DAY, &["--quiet"]].concat();
        let run = repository.run(&arguments);
        assert_eq!(run.stderr, "", "{arguments:?}");
    }
    let run = repository.expect(1, &["-q", "explain", "nothing"]);
    assert!(run.stderr.starts_with("error["), "{}", run.stderr);
    assert!(repository.run(&["-q", "-v", "status"]).stderr.contains("cannot be used with"));
}

/// The lines of a log in JSON.
#[track_caller]
fn json_lines(text: &str) -> Vec<Value> {
    let lines = text.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let time = line["timestamp"].as_str().unwrap().to_owned();
        assert!(time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(), "{time}");
        assert!(line["level"].is_string() && line["fields"]["message"].is_string(), "{line}");
        line
    });
    lines.collect()
}

#[test]
fn with_a_log_in_json_standard_error_has_nothing_else() {
    let repository = Repository::example();
    let json = ["--log-format", "json"];
    let run = repository.expect(0, &[&["run", "--init-ledger", "-vv"][..], DAY, &json].concat());
    let levels: BTreeSet<String> =
        json_lines(&run.stderr).iter().map(|line| line["level"].to_string()).collect();
    assert!(levels.contains("\"DEBUG\"") && levels.contains("\"INFO\""), "{levels:?}");
    repository.file("agreements/broken.yaml", "client: [\n");
    let run = repository.expect(3, &[&["plan"][..], &json].concat());
    let lines = json_lines(&run.stderr);
    let error = lines.iter().find(|line| line["level"] == "ERROR").unwrap();
    assert_eq!(error["fields"]["code"], "files-invalid");
    assert!(lines.iter().any(|line| line["fields"]["message"].as_str().unwrap().contains("broken.yaml")));
}

#[test]
fn the_log_follows_its_filter_and_has_times_where_no_terminal_shows_it() {
    let repository = Repository::example();
    let logged =
        |filter: &str| Run::of(repository.program(&with_day(&["plan"])).env("SERVANDA_LOG", filter)).stderr;
    let is_request = |line: &&str| line.contains("DEBUG") && line.contains("request path=");
    let lines = logged("servanda::http=debug");
    let request = lines.lines().find(is_request).unwrap();
    let (time, _) = request.split_once(' ').unwrap();
    assert!(time.parse::<jiff::Timestamp>().is_ok(), "{request}");
    assert!(!logged("servanda::ledger=debug").lines().any(|line| is_request(&line)));
    assert!(!logged("").lines().any(|line| is_request(&line)));
    let run = Run::of(repository.program(&["plan"]).env("SERVANDA_LOG", "servanda=loud"));
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("error[usage]: SERVANDA_LOG"), "{}", run.stderr);
}

#[test]
fn the_log_of_a_server_has_times() {
    let repository = Repository::example();
    for (format, is_json) in [("text", false), ("json", true)] {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--log-format", format];
        let mut server = repository.program(&arguments);
        let mut server = server.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("serving ")).unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
        if is_json {
            json_lines(&line);
        } else {
            let time = line.split_once(' ').map(|(time, _)| time.parse::<jiff::Timestamp>());
            assert!(matches!(time, Some(Ok(_))), "{line}");
        }
    }
}
