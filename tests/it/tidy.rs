//! The house style that no linter knows: what a file begins with, how long it is, which words are not used.

use std::path::{Path, PathBuf};

/// The longest a source file may be, without its tests.
const FILE_LIMIT: usize = 500;

/// Words that say nothing, with what to think of instead.
const WORDS: [(&str, &str); 5] = [
    ("Manager", "a manager is a person here"),
    ("Handler", "say what it does"),
    ("Helper", "say what it does"),
    ("utils", "name the room after what is in it"),
    ("helpers", "name the room after what is in it"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let relative = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
                found.push((relative, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let mut faults = Vec::new();
    for (path, text) in files_below(&root().join("src"), "rs") {
        let head = text.lines().take_while(|line| line.starts_with("//!")).count();
        if head == 0 && !path.ends_with("tests.rs") {
            faults.push(format!("{path}: begins with no `//!` lines that say what it turns into what"));
        }
    }
    assert_none(&faults);
}

#[test]
fn no_source_file_is_longer_than_one_sitting() {
    let mut faults = Vec::new();
    for (path, text) in files_below(&root().join("src"), "rs") {
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        if lines > FILE_LIMIT && !path.ends_with("tests.rs") {
            faults.push(format!("{path}: {lines} lines, of {FILE_LIMIT}"));
        }
    }
    assert_none(&faults);
}

/// Whether the word ends a longer name (`PlanManager`) or is a name of its own in lower case (`utils`).
fn names_something(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let is_whole = after.is_none_or(|letter| !letter.is_alphanumeric());
        let is_suffix = before.is_some_and(char::is_lowercase);
        let is_lower = word.chars().all(char::is_lowercase);
        is_whole && (is_suffix || (is_lower && before.is_none_or(|letter| !letter.is_alphanumeric())))
    })
}

#[test]
fn the_word_rule_tells_a_person_from_a_doer() {
    assert!(names_something("struct PlanManager;", "Manager"));
    assert!(names_something("mod utils;", "utils"));
    for fine in ["Field::Manager", "ManagerSlug", "let manager = 1;"] {
        assert!(!names_something(fine, "Manager"), "{fine}");
    }
}

#[test]
fn words_that_say_nothing_are_not_used() {
    let mut faults = Vec::new();
    for (path, text) in files_below(&root().join("src"), "rs") {
        for (number, line) in text.lines().enumerate() {
            // The entry of a manager in the catalog is a person too.
            let code = line.split("//").next().unwrap_or_default().replace("CatalogManager", "");
            let used = WORDS.iter().filter(|(word, _)| names_something(&code, word));
            faults.extend(used.map(|(word, why)| format!("{path}:{}: {word}: {why}", number + 1)));
        }
    }
    assert_none(&faults);
}

#[test]
fn every_rule_has_a_page_that_shows_the_fault_and_its_mend() {
    let mut faults = Vec::new();
    for code in servanda::diagnostic::Code::ALL {
        let page = code.page();
        if !page.starts_with(&format!("# {code}: {}\n", code.title())) {
            faults.push(format!("docs/rules/{code}.md: does not begin with `# {code}: {}`", code.title()));
        }
        if page.matches("```").count() < 4 {
            faults.push(format!("docs/rules/{code}.md: shows no fault and its mend"));
        }
    }
    let pages = files_below(&root().join("docs/rules"), "md");
    for (path, _) in pages {
        let stem = path.trim_start_matches("docs/rules/").trim_end_matches(".md");
        if servanda::diagnostic::Code::find(stem).is_none() {
            faults.push(format!("{path}: is the page of no rule"));
        }
    }
    assert_none(&faults);
}
