//! The order of the house: a core module uses only those declared above it, and touches nothing impure.

use std::collections::BTreeMap;
use std::path::Path;

/// Words that a pure core has no use for, with what to do instead.
const IMPURE: [(&str, &str); 17] = [
    ("std::fs", "the shell's files.rs reads and writes"),
    ("std::net", "the shell's helpdesk/ speaks to the network"),
    ("std::env", "the shell's context.rs reads the environment"),
    ("std::process", "the shell starts programs"),
    ("std::thread", "the core is a function"),
    ("std::io", "the core prints and reads nothing"),
    ("std::time::Instant", "the instant is an argument"),
    ("std::time::SystemTime", "the instant is an argument"),
    ("std::time::{", "one import a line, so that a clock shows"),
    ("Timestamp::now", "the instant is an argument"),
    ("ZonedDateTime::now", "the instant is an argument"),
    ("TimeZone::system", "the machine's zone decides nothing"),
    ("tokio::", "the core waits for nothing"),
    ("reqwest::", "the core knows no network"),
    ("rusqlite::", "the core knows no database"),
    ("println!", "text is a value, and the shell prints it"),
    ("HashMap", "the same input gives the same bytes"),
];

/// Every fault of a set of core files: upward imports, grouped imports of the crate, impurities.
fn faults(library: &str, files: &BTreeMap<String, String>) -> Vec<String> {
    let declared = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let order: Vec<&str> = declared.collect();
    let mut faults = Vec::new();
    for (path, text) in files {
        let module = path.split(['/', '.']).next().unwrap_or_default();
        let Some(own) = order.iter().position(|name| *name == module) else {
            faults.push(format!("{path}: no module of lib.rs"));
            continue;
        };
        let code = code_of(text);
        for (number, line) in code.iter().enumerate() {
            let place = format!("{path}:{}", number + 1);
            if line.contains("crate::{") {
                faults.push(format!("{place}: import one path a line, so that order can be seen"));
            }
            for used in line.split("crate::").skip(1) {
                let name: String =
                    used.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
                if order.iter().position(|other| *other == name).is_some_and(|other| other > own) {
                    faults.push(format!(
                        "{place}: {module} must not use {name}, which comes later in the flow"
                    ));
                }
            }
            let impure = IMPURE.iter().filter(|(word, _)| line.contains(word));
            faults.extend(impure.map(|(word, instead)| format!("{place}: {word}: {instead}")));
        }
    }
    faults
}

/// The lines without comments, and without what only tests compile.
fn code_of(text: &str) -> Vec<&str> {
    let end = text.lines().position(|line| line == "#[cfg(test)]").unwrap_or(usize::MAX);
    text.lines().take(end).map(|line| line.split("//").next().unwrap_or_default()).collect()
}

fn core_files() -> BTreeMap<String, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = BTreeMap::new();
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let relative = path.strip_prefix(&source).unwrap().to_string_lossy().replace('\\', "/");
            if path.is_dir() && relative != "bin" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && relative != "lib.rs"
                && !relative.ends_with("tests.rs")
            {
                files.insert(relative, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn the_core_flows_one_way_and_is_pure() {
    let library = include_str!("../../src/lib.rs");
    let faults = faults(library, &core_files());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn an_upward_import_a_clock_a_file_and_a_network_are_caught() {
    let library = "pub mod ident;\npub mod status;\npub mod plan;\n";
    for (path, text, expected) in [
        (
            "status.rs",
            "use crate::plan::Plan;",
            "status.rs:1: status must not use plan, which comes later in the flow",
        ),
        ("ident.rs", "fn f() {}\nlet x = crate::status::f();", "ident.rs:2: ident must not use status"),
        ("plan/mod.rs", "use crate::{ident, status};", "plan/mod.rs:1: import one path a line"),
        (
            "status.rs",
            "let now = jiff::Timestamp::now();",
            "status.rs:1: Timestamp::now: the instant is an argument",
        ),
        ("status.rs", "let t = std::fs::read(p);", "status.rs:1: std::fs: the shell's files.rs"),
        ("plan/x.rs", "reqwest::Client::new()", "plan/x.rs:1: reqwest::: the core knows no network"),
        ("other.rs", "", "other.rs: no module of lib.rs"),
    ] {
        let files = [(path.to_owned(), text.to_owned())].into();
        let found = faults(library, &files);
        assert!(found.iter().any(|fault| fault.starts_with(expected)), "{path}: {found:?}");
    }
    for (path, text) in [
        ("plan.rs", "use crate::status::State;"),
        ("status.rs", "// crate::plan comes later\n#[cfg(test)]\nuse crate::plan::Plan;"),
    ] {
        assert_eq!(faults(library, &[(path.to_owned(), text.to_owned())].into()), Vec::<String>::new());
    }
}
