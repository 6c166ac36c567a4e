//! Every kind of bad input ends with exit code 3, a place, the rule's code and advice; hostile ones fast and small.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

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

/// The repository of a case: what is written and what is made, as the README beside the cases says.
fn made(case: &Case) -> Repository {
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
            "repeat" | "copy-lines" => append(&path, many(verb, rest).as_bytes()),
            _ => panic!("{}: nobody knows the recipe `{recipe}`", case.name),
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

/// A text many times over; with its number in it where the recipe counts.
fn many(verb: &str, rest: &str) -> String {
    let (count, text) = rest.split_once(' ').unwrap();
    let text = text.replace("\\n", "\n").replace("\\s", " ");
    let count: usize = count.parse().unwrap();
    if verb == "repeat" {
        return text.repeat(count);
    }
    (0..count).map(|number| text.replace("{n}", &number.to_string())).collect()
}

/// What is wrong with how a case ended.
fn faults(case: &Case) -> String {
    let repository = made(case);
    let run = repository.run(&["validate", "--format", "json"]);
    let mut faults = String::new();
    let mut fault = |text: String| writeln!(faults, "{}: {text}", case.name).unwrap();
    if run.code != 3 {
        fault(format!("exit {} in place of 3: {}{}", run.code, run.stdout, run.stderr));
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
            fault("a character that cannot be seen came through".to_owned());
        }
    }
    faults
}

#[test]
fn bad_input_ends_with_a_place_a_code_and_advice() {
    let faults: String = cases().iter().map(faults).collect();
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn there_are_enough_cases_and_enough_hostile_ones() {
    let cases = cases();
    assert!(cases.len() >= 40, "{}", cases.len());
    assert!(cases.iter().filter(|case| case.is_hostile).count() >= 30);
}

/// Address space is no measure of what a process uses, so the limit is on data, where the system has one.
#[test]
#[cfg(target_os = "linux")]
fn hostile_input_stays_small() {
    let mut faults = String::new();
    for case in cases().iter().filter(|case| case.is_hostile) {
        let repository = made(case);
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
