//! The pages of the documentation: no link is dead, no page is an orphan, and the lists of exit codes and of variables are
//! complete.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use servanda::diagnostic::Sources;
use servanda::document::{DocumentKind, keys, read};

use crate::repository::Repository;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All pages in Markdown, by their path from the root.
fn pages() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![PathBuf::new(), "docs".into()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                waiting.extend(path.starts_with("docs").then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.insert(path.display().to_string(), std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    found
}

/// The text without blocks of code and without code spans, which contain no links.
fn without_code(text: &str) -> String {
    let blocks = text.split("\n```").step_by(2);
    let spans = blocks.map(|block| block.split('`').step_by(2).collect::<Vec<_>>().join(""));
    spans.collect::<Vec<_>>().join("\n")
}

/// The targets of the links of a page.
fn links(text: &str) -> Vec<String> {
    let text = without_code(text);
    let inline = text.match_indices("](").filter_map(|(at, _)| text[at + 2..].split(')').next());
    inline.filter(|target| !target.contains("://")).map(str::to_owned).collect()
}

/// The anchors that a forge makes of the headings of a page.
fn anchors(text: &str) -> BTreeSet<String> {
    let outside = text.split("\n```").step_by(2).collect::<Vec<_>>().join("\n");
    let headings = outside.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            title.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
        })
        .collect()
}

/// The page or file that a link leads to, from the root.
fn target(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." | "" => {}
            ".." => _ = parts.pop(),
            other => parts.push(other),
        }
    }
    parts.join("/")
}

#[test]
fn no_link_is_dead() {
    let pages = pages();
    let mut dead = Vec::new();
    for (page, text) in &pages {
        for link in links(text) {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let to = if path.is_empty() { page.clone() } else { target(page, path) };
            let is_alive = match pages.get(&to) {
                Some(text) => anchor.is_empty() || anchors(text).contains(anchor),
                None => root().join(&to).exists(),
            };
            if !is_alive {
                dead.push(format!("{page}: {link}"));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
    assert_eq!(links("[a](b.md#c) `[no](x)` and [d](https://e.example)"), ["b.md#c"]);
    assert_eq!(target("docs/rules/E001.md", "../adopt.md"), "docs/adopt.md");
    assert!(anchors("# a\n## Who may do `what`?\n").contains("who-may-do-what"));
}

#[test]
fn every_page_is_reached_from_the_index() {
    let pages = pages();
    let mut waiting = vec!["docs/README.md".to_owned()];
    let mut reached = BTreeSet::new();
    while let Some(page) = waiting.pop() {
        let Some(text) = pages.get(&page).filter(|_| reached.insert(page.clone())) else {
            continue;
        };
        let to =
            links(text).into_iter().map(|link| target(&page, link.split('#').next().unwrap_or_default()));
        waiting.extend(to);
    }
    let orphans: Vec<&String> =
        pages.keys().filter(|page| page.starts_with("docs/") && !reached.contains(*page)).collect();
    assert!(orphans.is_empty(), "{orphans:?}");
    let index = links(&pages["docs/README.md"]);
    let linked: BTreeSet<String> = index.iter().map(|link| target("docs/README.md", link)).collect();
    let unlisted: Vec<&String> = pages
        .keys()
        .filter(|page| Path::new(page).parent() == Some(Path::new("docs")) && *page != "docs/README.md")
        .filter(|page| !linked.contains(*page))
        .collect();
    assert!(unlisted.is_empty(), "the index does not list {unlisted:?}");
}

/// `docs/pictures/take.cjs` takes them.
#[test]
fn the_pictures_are_small() {
    let entries = std::fs::read_dir(root().join("docs/pictures")).unwrap().map(Result::unwrap);
    let pictures = entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "png"));
    let sizes: Vec<u64> = pictures.map(|entry| entry.metadata().unwrap().len()).collect();
    assert!(sizes.len() >= 2 && sizes.iter().sum::<u64>() <= 300 * 1024, "{sizes:?}");
}

/// Every path of keys in a schema, with `<>` for names of one's own. The entries of a set repeat the keys of an agreement.
fn key_paths(schema: &Value, root: &Value, path: &str, found: &mut BTreeSet<String>) {
    if path == "clients.<>" && root["title"].as_str().is_some_and(|title| !title.contains("catalog")) {
        return;
    }
    if let Some(reference) = schema["$ref"].as_str() {
        key_paths(root.pointer(reference.trim_start_matches('#')).unwrap(), root, path, found);
    }
    for (name, below) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}").trim_start_matches('.').to_owned();
        key_paths(below, root, &path, found);
        found.insert(path);
    }
    for (keyword, step) in [("items", "[]"), ("additionalProperties", ".<>")] {
        if schema[keyword].is_object() {
            key_paths(&schema[keyword], root, &format!("{path}{step}"), found);
        }
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        for below in schema[keyword].as_array().into_iter().flatten() {
            key_paths(below, root, path, found);
        }
    }
}

#[test]
fn every_key_of_the_published_schemas_has_a_row() {
    let mut all = 0;
    for kind in ["agreement", "template", "catalog", "calendar", "settings"] {
        let text = std::fs::read_to_string(root().join(format!("schemas/{kind}.json"))).unwrap();
        let schema = serde_json::from_str(&text).unwrap();
        let mut published = BTreeSet::new();
        key_paths(&schema, &schema, "", &mut published);
        let page = &pages()[&format!("docs/reference/{kind}.md")];
        let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split('`').nth(1));
        // `<name>` stands for any name.
        let path = |row: &str| -> String {
            row.split_inclusive('<')
                .map(|part| part.split_once('>').map_or(part.to_owned(), |(_, rest)| format!(">{rest}")))
                .collect()
        };
        let rows: BTreeSet<String> = rows.map(path).collect();
        assert_eq!(rows, published, "{kind}");
        all += published.len();
    }
    assert!(all > 200, "{all}");
}

/// Sentences quote values such as `renewal: { mode: auto }`, which no other test runs.
#[test]
fn a_value_that_a_sentence_quotes_is_one_that_a_file_takes() {
    let kinds = [DocumentKind::Agreement, DocumentKind::Template, DocumentKind::Settings];
    let known = kinds.map(|kind| keys(kind).into_iter().map(|key| key.path).collect::<BTreeSet<_>>());
    let is_taken = |kind, text: &str| {
        let mut sources = Sources::default();
        let before = if kind == DocumentKind::Settings { "timezone: UTC\n" } else { "" };
        let file = sources.add("a.yaml", format!("{before}{text}\n"));
        read(&sources, file, kind).1.is_empty()
    };
    let (mut seen, mut wrong) = (0, Vec::new());
    for (page, text) in pages() {
        let lines = text.split("\n```").step_by(2).flat_map(str::lines);
        for span in lines.flat_map(|line| line.split('`').skip(1).step_by(2)) {
            let Some((key, value)) = span.split_once(": ") else { continue };
            let takes: Vec<DocumentKind> = kinds
                .into_iter()
                .zip(&known)
                .filter(|(_, keys)| keys.contains(key))
                .map(|(kind, _)| kind)
                .collect();
            if takes.is_empty()
                || !value.starts_with(['{', '['])
                || value.contains(['…', '@'])
                || value.contains("..")
            {
                continue;
            }
            seen += 1;
            if !takes.iter().any(|kind| is_taken(*kind, span)) {
                wrong.push(format!("{page}: {span}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 15, "{seen}");
    assert!(!is_taken(DocumentKind::Agreement, "renewal: { mode: tacit }"));
}

/// The numbers at the beginning of the rows of a table.
fn numbers(page: &str) -> BTreeSet<u8> {
    page.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok()).collect()
}

#[test]
fn every_exit_code_is_on_the_page() {
    let help = Repository::empty().run(&["--help"]).stdout;
    let listed = help.split_once("Exit codes: ").unwrap().1.replace(['\n', '.'], " ");
    let listed: BTreeSet<u8> = listed.split([' ', ',']).filter_map(|word| word.parse().ok()).collect();
    assert!(listed.len() >= 12, "{listed:?}");
    let source = std::fs::read_to_string(root().join("src/bin/servanda/process/failure.rs")).unwrap();
    let source = source.split_once("enum Exit {").unwrap().1.split('}').next().unwrap().to_owned();
    let defined: BTreeSet<u8> = source
        .lines()
        .filter_map(|line| line.split_once(" = ")?.1.trim_end_matches(',').parse().ok())
        .collect();
    assert!(defined.is_superset(&listed));
    assert_eq!(numbers(&pages()["docs/reference/exit-codes.md"]), defined);
}

#[test]
fn every_variable_that_the_program_reads_is_on_the_page() {
    let page = &pages()["docs/reference/environment.md"];
    let mut waiting = vec![root().join("src/bin/servanda")];
    let mut read = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        if path.components().any(|part| part.as_os_str() == "tests") || text.starts_with("#![cfg(test)]") {
            continue;
        }
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        // What is read under a literal name, or has a name of ours, of a forge, or of a proxy.
        let is_read = |before: &str| {
            ["variable(", "secret(", "env::var(", "VARIABLE: &str = "]
                .iter()
                .any(|call| before.ends_with(call))
        };
        let is_known = |name: &str| {
            [
                "SERVANDA_",
                "GITHUB_",
                "GITLAB_",
                "GITEA_",
                "FORGEJO_",
                "CI_",
                "CLICOLOR",
                "NO_",
                "HTTP",
                "ALL_",
                "SSL_CERT",
            ]
            .iter()
            .any(|prefix| name.starts_with(prefix) && name.contains('_'))
        };
        let parts: Vec<&str> = code.split('"').collect();
        for pair in parts.windows(2) {
            let [before, name] = [pair[0], pair[1]];
            let is_name = name.len() > 2
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
            if is_name && (is_read(before) || is_known(name)) {
                read.insert(name.to_owned());
            }
        }
    }
    let missing: Vec<&String> = read.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(read.len() >= 25 && read.contains("PAGER") && read.contains("HTTPS_PROXY"), "{read:?}");
}

/// The levels of the headings, and the blocks of code, which a translation has in common with its original.
fn skeleton(text: &str) -> (Vec<usize>, Vec<&str>) {
    let outside = text.split("\n```").step_by(2).flat_map(str::lines);
    let levels =
        outside.filter(|line| line.starts_with('#')).map(|line| line.split(' ').next().unwrap().len());
    (levels.collect(), text.split("\n```").skip(1).step_by(2).collect())
}

#[test]
fn a_translation_has_the_headings_and_the_code_of_its_original() {
    let pages = pages();
    let mut differ = Vec::new();
    for (page, text) in pages.iter().filter(|(page, _)| page.starts_with("docs/ru/")) {
        let original = page.replace("docs/ru/", "docs/");
        if pages.get(&original).is_none_or(|original| skeleton(original) != skeleton(text)) {
            differ.push(page);
        }
    }
    assert!(differ.is_empty(), "{differ:?}");
    assert_ne!(skeleton("# a\n```\nx\n```\n"), skeleton("# a\n```\ny\n```\n"));
    assert_ne!(skeleton("# a\n## b\n"), skeleton("# a\n### b\n"));
}
