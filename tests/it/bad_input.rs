//! Every kind of bad input gives exit code 3 and a diagnostic with position, code and help. Hostile input stays small.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::cases::every;
use crate::repository::{Repository, copy};

/// One folder of `tests/cases/bad`.
struct Case {
    name: String,
    folder: PathBuf,
    code: String,
    place: String,
    advice: String,
    is_hostile: bool,
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/bad");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(root).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(expect) = std::fs::read_to_string(folder.join("expect.txt")) else {
            continue;
        };
        let value = |key: &str| {
            let line = expect.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
            line.unwrap_or_default().to_owned()
        };
        cases.push(Case {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            code: value("code"),
            place: value("place"),
            advice: value("advice"),
            is_hostile: value("hostile") == "yes",
            folder,
        });
    }
    cases.sort_by(|left, right| left.name.cmp(&right.name));
    cases
}

/// The repository of a case, with its generated files (see the README of the cases).
fn prepare(case: &Case) -> Repository {
    let repository = Repository::empty();
    copy(&case.folder, &repository.root().to_path_buf());
    repository.remove("expect.txt");
    let Ok(recipes) = std::fs::read_to_string(case.folder.join("make.txt")) else {
        return repository;
    };
    repository.remove("make.txt");
    for recipe in recipes.lines() {
        let (verb, rest) = recipe.split_once(' ').unwrap();
        let (file, rest) = rest.split_once(' ').unwrap();
        let path = repository.root().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        match verb {
            #[cfg(unix)]
            "symlink" => std::os::unix::fs::symlink(rest, path).unwrap(),
            "hex" => append(&path, &bytes(rest)),
            "repeat" | "copy-lines" => append(&path, repeated(verb, rest).as_bytes()),
            _ => panic!("{}: unknown recipe `{recipe}`", case.name),
        }
    }
    repository
}

fn append(path: &Path, bytes: &[u8]) {
    let mut all = std::fs::read(path).unwrap_or_default();
    all.extend(bytes);
    std::fs::write(path, all).unwrap();
}

fn bytes(digits: &str) -> Vec<u8> {
    assert!(digits.len().is_multiple_of(2), "half a byte: {digits}");
    let pairs = (0..digits.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// A text repeated; for `copy-lines` with its number in each copy.
fn repeated(verb: &str, rest: &str) -> String {
    let (count, text) = rest.split_once(' ').unwrap();
    let text = text.replace("\\n", "\n").replace("\\s", " ");
    let count: usize = count.parse().unwrap();
    if verb == "repeat" {
        return text.repeat(count);
    }
    (0..count).map(|number| text.replace("{n}", &number.to_string())).collect()
}

/// The differences between the result of a case and `expect.txt`.
fn faults(case: &Case) -> String {
    let repository = prepare(case);
    let run = repository.run(&["validate", "--format", "json"]);
    let mut faults = String::new();
    let mut fault = |text: String| writeln!(faults, "{}: {text}", case.name).unwrap();
    if run.code != 3 {
        fault(format!("exit {} instead of 3: {}{}", run.code, run.stdout, run.stderr));
        return faults;
    }
    let answer: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let found = answer["diagnostics"].as_array().unwrap();
    let place = |found: &serde_json::Value| {
        let place = &found["place"];
        format!("{}:{}:{}", place["path"].as_str().unwrap(), place["line"], place["column"])
    };
    let described: Vec<String> = found
        .iter()
        .map(|found| format!("{} {} {} | {}", place(found), found["code"], found["message"], found["help"]))
        .collect();
    let of_code: Vec<_> = found.iter().filter(|found| found["code"] == case.code.as_str()).collect();
    if of_code.is_empty() {
        fault(format!("no {}: {described:#?}", case.code));
    } else if case.place != "?" && !of_code.iter().any(|found| place(found) == case.place) {
        fault(format!("not at {}: {described:#?}", case.place));
    } else if !of_code.iter().any(|found| found["help"].to_string().contains(&case.advice)) {
        fault(format!("no advice with `{}`: {described:#?}", case.advice));
    }
    for text in [&run.stdout, &run.stderr] {
        if text.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\0']) {
            fault("the output contains an invisible character".to_owned());
        }
    }
    faults
}

#[test]
fn bad_input_gives_a_position_a_code_and_help() {
    let faults: String = cases().iter().map(faults).collect();
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn there_are_enough_cases_and_enough_hostile_ones() {
    let cases = cases();
    assert!(cases.len() >= 40, "{}", cases.len());
    assert!(cases.iter().filter(|case| case.is_hostile).count() >= 30);
}

/// The limit applies to the data segment, since address space does not measure memory use.
#[test]
#[cfg(target_os = "linux")]
fn hostile_input_stays_small() {
    let mut faults = String::new();
    for case in every(3, cases().iter().filter(|case| case.is_hostile)) {
        let repository = prepare(case);
        let program = env!("CARGO_BIN_EXE_servanda");
        let limited = format!("ulimit -d 65536; exec '{program}' validate");
        let run = std::process::Command::new("sh")
            .args(["-c", &limited])
            .current_dir(repository.root())
            .output()
            .unwrap();
        if run.status.code() != Some(3) {
            writeln!(faults, "{}: {:?} {}", case.name, run.status, String::from_utf8_lossy(&run.stderr))
                .unwrap();
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_file_ends_the_command_at_once() {
    // Each would wait for a writer for ever; `timeout` ends it with 124.
    let cases: [(&str, &[&str], i32); 7] = [
        ("catalog.yaml", &["validate"], 3),
        ("agreements/pipe.yaml", &["validate"], 3),
        (".gitignore", &["validate"], 1),
        ("agreements/.ignore", &["validate"], 1),
        ("saved", &["show", "saved"], 1),
        ("saved", &["plan", "--snapshot", "saved", "--as-of", "2026-09-01"], 1),
        (".servanda/ledger.sqlite", &["ledger", "show"], 1),
    ];
    std::thread::scope(|scope| {
        for (path, command, code) in cases {
            scope.spawn(move || {
                let repository = Repository::example();
                let pipe = repository.root().join(path);
                std::fs::create_dir_all(pipe.parent().unwrap()).unwrap();
                // Only one of them was a file before.
                let _ = std::fs::remove_file(&pipe);
                assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
                let mut program = std::process::Command::new("timeout");
                program.arg("60").arg(env!("CARGO_BIN_EXE_servanda")).args(command);
                let output = program.current_dir(repository.root()).output().unwrap();
                let said = [output.stdout, output.stderr].concat();
                let said = String::from_utf8_lossy(&said);
                assert_eq!(output.status.code(), Some(code), "{path}: {said}");
                assert!(said.contains("error["), "{path}: {said}");
            });
        }
    });
}
