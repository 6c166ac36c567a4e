//! The generated pages of docs/reference are up to date: the keys of the files, the rules, and the commands.
//!
//! `SERVANDA_UPDATE=1 cargo test --bin servanda reference` writes them.
#![expect(clippy::disallowed_methods, reason = "a test that reads and writes the pages of the repository")]

use std::collections::BTreeSet;
use std::path::Path;

use servanda::diagnostic::Code;
use servanda::document::keys;
use servanda::render::outputs;
use servanda::render::reference::{FILES, file_page, rules_page};

use super::described;

/// The pages by the names of their files.
fn pages() -> Vec<(&'static str, String)> {
    let mut pages: Vec<(&str, String)> =
        FILES.iter().map(|(kind, file, title)| (*file, file_page(*kind, title))).collect();
    pages.push(("rules.md", rules_page()));
    pages.push(("json.md", outputs::page()));
    pages.push(("cli.md", commands_page()));
    pages
}

/// The help of all commands.
fn commands_page() -> String {
    let mut page =
        "# Commands\n\nThe output of `--help` of each command. This page is generated from the program; \
                    `servanda man DIR` writes the same as manual pages.\n"
            .to_owned();
    let mut waiting = vec![("servanda".to_owned(), described().term_width(100))];
    while let Some((name, mut command)) = waiting.pop() {
        let help = command.render_long_help().to_string();
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        super::put(
            &mut page,
            format_args!("\n## `{name}`\n\n```text\n{}\n```\n", help.join("\n").trim_end()),
        );
        let below = command.get_subcommands().filter(|below| below.get_name() != "help");
        let below =
            below.map(|below| (format!("{name} {}", below.get_name()), below.clone().term_width(100)));
        waiting.extend(below.collect::<Vec<_>>().into_iter().rev());
    }
    page
}

#[test]
fn the_reference_is_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
    let mut stale = Vec::new();
    for (file, page) in pages() {
        let path = folder.join(file);
        if std::env::var_os("SERVANDA_UPDATE").is_some() {
            std::fs::write(&path, &page).expect("the folder exists");
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != page {
            stale.push(file);
        }
    }
    assert!(stale.is_empty(), "run `SERVANDA_UPDATE=1 cargo test --bin servanda reference`: {stale:?}");
}

#[test]
fn every_key_that_a_rule_names_exists() {
    let known: BTreeSet<String> =
        FILES.iter().flat_map(|(kind, ..)| keys(*kind)).map(|key| key.path).collect();
    let unknown: Vec<(Code, &str)> = Code::ALL
        .iter()
        .flat_map(|code| code.keys().map(|key| (*code, key)))
        .filter(|(_, key)| !known.contains(*key))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn every_flag_of_every_command_is_in_its_section() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/cli.md");
    let page = std::fs::read_to_string(page).expect("the page exists");
    let sections: Vec<(&str, &str)> =
        page.split("\n## `").skip(1).filter_map(|section| section.split_once('`')).collect();
    let mut waiting = vec![("servanda".to_owned(), described())];
    let (mut flags, mut missing) = (0, Vec::new());
    while let Some((name, command)) = waiting.pop() {
        let section = sections.iter().find(|(of, _)| *of == name).map_or("", |(_, section)| *section);
        for flag in command.get_arguments().filter(|flag| !flag.is_hide_set()) {
            let Some(long) = flag.get_long() else { continue };
            flags += 1;
            // A flag that counts is followed by three dots.
            let mut words = section.split([' ', '\n', ',', '=']).map(|word| word.trim_end_matches('.'));
            if !words.any(|word| word.strip_prefix("--") == Some(long)) {
                missing.push(format!("{name} --{long}"));
            }
        }
        let below = command.get_subcommands().filter(|below| below.get_name() != "help");
        waiting.extend(below.map(|below| (format!("{name} {}", below.get_name()), below.clone())));
    }
    assert!(flags > 200, "{flags} flags");
    assert!(missing.is_empty(), "{missing:?}");
}
