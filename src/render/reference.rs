//! The reference in Markdown: the keys of each kind of file, and the list of rules.

use std::fmt::Write as _;

use crate::diagnostic::Code;
use crate::document::{DocumentKind, Key, description, keys};

/// The kinds of file with the name of their page and its title.
pub const FILES: [(DocumentKind, &str, &str); 5] = [
    (DocumentKind::Agreement, "agreement.md", "Keys of an agreement: `agreements/**/*.yaml`"),
    (DocumentKind::Template, "template.md", "Keys of a template: `templates/*.yaml`"),
    (DocumentKind::Catalog, "catalog.md", "Keys of the catalog: `catalog.yaml`"),
    (DocumentKind::Calendar, "calendar.md", "Keys of a calendar: `calendars/*.yaml`"),
    (DocumentKind::Settings, "settings.md", "Keys of the settings: `servanda.yaml`"),
];

const ABOUT_KEYS: &str = "This page is generated from the JSON Schemas in [schemas](../../schemas). All keys exist since 0.1.0.
`<name>` stands for a name of your choice, `[]` for each item of a list. What is wrong with the syntax, with an unknown key or with
the type of a value is the same for every key: [E001](../rules/E001.md) to [E017](../rules/E017.md).";

/// The head of a table of keys.
const HEAD: &str = "| key | value | default | example | meaning | rules |\n|---|---|---|---|---|---|\n";

/// The page of a kind of file: a table of the keys at its top, and a section for each of them that contains keys.
pub fn file_page(kind: DocumentKind, title: &str) -> String {
    let keys = keys(kind);
    let mut page = format!("# {title}\n\n{}\n\n{ABOUT_KEYS}\n\n{HEAD}", description(kind));
    let (top, below): (Vec<&Key>, Vec<&Key>) = keys.iter().partition(|key| top_of(key) == key.path);
    let has_section = |name: &str| below.iter().any(|key| top_of(key) == name);
    for key in &top {
        let name = if has_section(&key.path) {
            format!("[`{0}`](#{0})", key.path)
        } else {
            format!("`{}`", key.path)
        };
        page += &row(key, &name);
    }
    for key in top.iter().filter(|key| has_section(&key.path)) {
        put(&mut page, format_args!("\n## `{}`\n\n{HEAD}", key.path));
        for key in below.iter().filter(|below| top_of(below) == key.path) {
            page += &row(key, &format!("`{}`", key.path));
        }
    }
    page
}

fn top_of(key: &Key) -> &str {
    key.path.split(['.', '[']).next().unwrap_or_default()
}

fn row(key: &Key, name: &str) -> String {
    let or_none = |text: &Option<String>| cell(text.as_deref().unwrap_or("–"));
    let rules = Code::ALL.iter().filter(|code| code.keys().any(|named| named == key.path));
    let rules: Vec<String> = rules.map(|code| format!("[{code}](../rules/{code}.md)")).collect();
    format!(
        "| {name} | {} | {} | {} | {} | {} |\n",
        cell(&key.value),
        or_none(&key.default),
        or_none(&key.example),
        cell(&key.description),
        if rules.is_empty() { "–".to_owned() } else { rules.join(", ") },
    )
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The page of all rules, one line each.
pub fn rules_page() -> String {
    let mut page = "# Rules\n\nEach rule has a permanent code and a page, which `servanda explain CODE` prints. This list is \
                    generated from the program. The exit code of `servanda validate` is 3 after an error, and 0 after \
                    warnings alone unless `--deny-warnings` is given. A warning is allowed in an agreement with \
                    `allow: { CODE: { reason: … } }`.\n\n| code | severity | rule | keys |\n|---|---|---|---|\n"
        .to_owned();
    for code in Code::ALL {
        let severity = super::json::severity(code.severity());
        let keys: Vec<String> = code.keys().map(|key| format!("`{key}`")).collect();
        let keys = if keys.is_empty() { "–".to_owned() } else { keys.join(", ") };
        put(
            &mut page,
            format_args!("| [{code}](../rules/{code}.md) | {severity} | {} | {keys} |\n", cell(code.title())),
        );
    }
    page
}

fn put(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("a string takes all that is written");
}
