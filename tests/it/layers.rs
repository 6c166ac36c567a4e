//! The order of the house, in both halves: a module uses only those declared above it, no two files use each other, and the
//! core touches nothing impure.
//!
//! The graph is read from the text of the files: `use` declarations and paths in code. What only tests compile does not
//! count. A re-export (`pub use`) of a `mod.rs` counts as no use, and a path through it leads to the file behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::cases::every;

/// Words that a pure core has no use for, with what to do instead.
const IMPURE: [(&str, &str); 14] = [
    ("std::fs", "the shell's workspace/files.rs reads and writes"),
    ("std::net", "the shell's http/ speaks to the network"),
    ("std::env", "the shell's process/context.rs reads the environment"),
    ("std::process", "the shell starts programs"),
    ("std::thread", "the core is a function"),
    ("std::io", "the core prints and reads nothing"),
    ("std::time::Instant", "the instant is an argument"),
    ("std::time::SystemTime", "the instant is an argument"),
    ("std::time::{", "one import a line, so that a clock shows"),
    ("Timestamp::now", "the instant is an argument"),
    ("ZonedDateTime::now", "the instant is an argument"),
    ("TimeZone::system", "the machine's zone decides nothing"),
    ("println!", "text is a value, and the shell prints it"),
    ("HashMap", "the same input gives the same bytes"),
];

/// One half of the program: the file that declares its modules, and all files by their path below its folder.
struct Half {
    /// The text of `lib.rs` or `main.rs`.
    root: String,
    /// The other files that are not tests, by path.
    files: BTreeMap<String, String>,
}

/// The lines of a file without comments and without what only tests compile; skipped lines stay as empty ones.
fn code_of(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut skipped: Option<usize> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let code = line.split("//").next().unwrap_or_default();
        if let Some(at) = skipped {
            let ends = indent == at && (line.trim_end().ends_with('}') || line.trim_end().ends_with(';'));
            if ends {
                skipped = None;
            }
            lines.push("");
        } else if line.trim() == "#[cfg(test)]" {
            skipped = Some(indent);
            lines.push("");
        } else {
            lines.push(code);
        }
    }
    lines
}

/// The module path of a file: `plan/mod.rs` and `plan.rs` are `plan`.
fn module_of(path: &str) -> String {
    let stem = path.trim_end_matches(".rs");
    stem.strip_suffix("/mod").unwrap_or(stem).replace('/', "::")
}

/// The declared children of a module, in order.
fn children(code: &[&str]) -> Vec<String> {
    let declared = code.iter().filter_map(|line| {
        let line = line.trim().strip_suffix(';')?;
        let (before, name) = line.rsplit_once("mod ")?;
        let is_declaration = before.is_empty() || before.starts_with("pub");
        is_declaration.then(|| name.to_owned())
    });
    declared.collect()
}

/// The paths of a tree of imports, such as `a::{b, c::{self, d}}`.
fn expanded(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let name = tree.split(" as ").next().unwrap_or_default().trim();
        return if name.is_empty() { Vec::new() } else { vec![name.to_owned()] };
    };
    let prefix = &tree[..open];
    let inner = tree[open + 1..].trim_end().trim_end_matches('}');
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for letter in inner.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    // A brace that the trim above took from a nested group is given back.
    let whole = parts.into_iter().map(|part| {
        let missing = part.matches('{').count().saturating_sub(part.matches('}').count());
        format!("{part}{}", "}".repeat(missing))
    });
    whole.flat_map(|part| expanded(&part)).map(|part| format!("{prefix}{part}")).collect()
}

/// The uses of a file: each path with its line (from 1), and whether it is a re-export.
fn uses(code: &[&str]) -> Vec<(usize, String, bool)> {
    let mut found = Vec::new();
    let mut declaration: Option<(usize, String, bool)> = None;
    for (index, line) in code.iter().enumerate() {
        let trimmed = line.trim();
        if declaration.is_none() && (trimmed.starts_with("use ") || trimmed.starts_with("pub")) {
            let (visibility, rest) = match trimmed.split_once("use ") {
                Some((before, rest)) if before.is_empty() || before.trim_end().starts_with("pub") => {
                    (before, rest)
                }
                _ => ("", ""),
            };
            if !rest.is_empty() && !visibility.contains("fn ") {
                declaration = Some((index + 1, String::new(), !visibility.is_empty()));
                if let Some((_, text, _)) = &mut declaration {
                    text.push_str(rest);
                }
            }
        } else if let Some((_, text, _)) = &mut declaration {
            text.push(' ');
            text.push_str(trimmed);
        }
        match declaration.take() {
            Some((at, text, is_export)) if text.trim_end().ends_with(';') => {
                let tree = text.trim().trim_end_matches(';').to_owned();
                found.extend(expanded(&tree).into_iter().map(|path| (at, path.replace(' ', ""), is_export)));
            }
            Some(open) => declaration = Some(open),
            None => found.extend(inline_paths(line).into_iter().map(|path| (index + 1, path, false))),
        }
    }
    found
}

/// The paths that a line of code names in place.
fn inline_paths(line: &str) -> Vec<String> {
    let is_path = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    let paths = line.split(|letter: char| !is_path(letter)).filter(|word| word.contains("::"));
    paths.map(|word| word.trim_end_matches(':').to_owned()).collect()
}

/// Every fault of one half: upward uses, grouped imports of the crate, circles of files.
fn order_faults(half: &Half) -> Vec<String> {
    let order = children(&code_of(&half.root));
    let mut graph = Graph::of(&half.files);
    let mut faults = Vec::new();
    for (path, text) in &half.files {
        let module = module_of(path);
        let room = module.split("::").next().unwrap_or_default().to_owned();
        let Some(own) = order.iter().position(|name| *name == room) else {
            faults.push(format!("{path}: no module of the root file declares it"));
            continue;
        };
        let code = code_of(text);
        let grouped = code.iter().enumerate().filter(|(_, line)| line.contains("crate::{"));
        faults.extend(grouped.map(|(index, _)| {
            format!("{path}:{}: import one path a line, so that the order shows", index + 1)
        }));
        for (line, used, is_export) in uses(&code) {
            let place = format!("{path}:{line}");
            let Some(target) = graph.resolve(&module, &used) else { continue };
            let other = target.split("::").next().unwrap_or_default();
            if order.iter().position(|name| name == other).is_some_and(|other| other > own) {
                faults.push(format!("{place}: {room} must not use {other}, which comes later"));
            }
            if !is_export && target != module {
                graph.arrows.entry(module.clone()).or_default().insert(target);
            }
        }
    }
    faults.extend(graph.circles().into_iter().map(|circle| format!("a circle: {}", circle.join(" -> "))));
    faults
}

/// Which module uses which, by module path.
struct Graph {
    modules: BTreeSet<String>,
    /// What a module hands on: name to the path behind it.
    exports: BTreeMap<String, BTreeMap<String, String>>,
    children: BTreeMap<String, BTreeSet<String>>,
    arrows: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn of(files: &BTreeMap<String, String>) -> Self {
        let modules: BTreeSet<String> = files.keys().map(|path| module_of(path)).collect();
        let mut graph =
            Self { modules, exports: BTreeMap::new(), children: BTreeMap::new(), arrows: BTreeMap::new() };
        for (path, text) in files {
            let (module, code) = (module_of(path), code_of(text));
            graph.children.insert(module.clone(), children(&code).into_iter().collect());
            let exports = uses(&code).into_iter().filter(|(_, _, is_export)| *is_export);
            let exports =
                exports.map(|(_, path, _)| (path.rsplit("::").next().unwrap_or_default().to_owned(), path));
            graph.exports.insert(module, exports.collect());
        }
        graph
    }

    /// The module behind a path as `module` writes it; nothing where the path leads out of the crate.
    fn resolve(&self, module: &str, path: &str) -> Option<String> {
        let mut parts: Vec<&str> = path.split("::").collect();
        let mut at: Vec<&str> = match parts[0] {
            "crate" => {
                parts.remove(0);
                Vec::new()
            }
            "self" => {
                parts.remove(0);
                module.split("::").collect()
            }
            "super" => {
                let mut at: Vec<&str> = module.split("::").collect();
                while parts.first() == Some(&"super") {
                    parts.remove(0);
                    at.pop();
                }
                at
            }
            child if self.children.get(module).is_some_and(|known| known.contains(child)) => {
                module.split("::").collect()
            }
            _ => return None,
        };
        let mut rest = parts.into_iter();
        for part in rest.by_ref() {
            at.push(part);
            if !self.modules.contains(&at.join("::")) {
                at.pop();
                // The name is defined here, or handed on from a file behind.
                let here = at.join("::");
                if let Some(behind) = self.exports.get(&here).and_then(|exports| exports.get(part))
                    && let Some(target) = self.resolve(&here, behind)
                {
                    return Some(target);
                }
                break;
            }
        }
        let target = at.join("::");
        self.modules.contains(&target).then_some(target)
    }

    /// The circles of files, each as the files on the way around.
    fn circles(&self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        let mut in_circle: BTreeSet<&str> = BTreeSet::new();
        for start in self.arrows.keys() {
            if in_circle.contains(start.as_str()) {
                continue;
            }
            if let Some(way) = self.way_back(start) {
                in_circle.extend(way.iter().filter_map(|name| self.modules.get(name)).map(String::as_str));
                found.push(way);
            }
        }
        found
    }

    /// The shortest way from a module back to itself.
    fn way_back(&self, start: &str) -> Option<Vec<String>> {
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = std::collections::VecDeque::from([start]);
        while let Some(module) = queue.pop_front() {
            for next in self.arrows.get(module).into_iter().flatten() {
                if next == start {
                    let mut way = vec![start.to_owned()];
                    let mut at = module;
                    while at != start {
                        way.push(at.to_owned());
                        at = came_from[at];
                    }
                    way.push(start.to_owned());
                    way.reverse();
                    return Some(way);
                }
                if !came_from.contains_key(next.as_str()) {
                    came_from.insert(next, module);
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

/// The crates that Cargo.toml lists for the shell alone, as code names them.
fn shell_crates(manifest: &str) -> Vec<String> {
    let section = manifest.split("# the shell").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('[')).skip(1);
    let names = lines.filter_map(|line| line.split_once(" = ").map(|(name, _)| name));
    names.map(|name| format!("{}::", name.replace('-', "_"))).collect()
}

/// Every impurity of the core: words of the standard library, and crates of the shell.
fn impurities(files: &BTreeMap<String, String>, crates: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, text) in files {
        for (number, line) in code_of(text).iter().enumerate() {
            let place = format!("{path}:{}", number + 1);
            let words = IMPURE.iter().filter(|(word, _)| line.contains(word));
            faults.extend(words.map(|(word, instead)| format!("{place}: {word}: {instead}")));
            let paths = inline_paths(line);
            let named = crates.iter().filter(|name| {
                paths.iter().any(|path| path.starts_with(name.as_str()))
                    || line.trim().strip_prefix("use ").is_some_and(|used| used.starts_with(name.as_str()))
            });
            faults.extend(named.map(|name| format!("{place}: {name} is a crate of the shell")));
        }
    }
    faults
}

/// The files of one half: `src` without `bin`, or the folder of the shell.
fn half(folder: &str, root: &str) -> Half {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.clone()];
    while let Some(below) = folders.pop() {
        for entry in std::fs::read_dir(below).unwrap() {
            let path = entry.unwrap().path();
            let relative = path.strip_prefix(&folder).unwrap().to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                if relative != "bin" && !relative.ends_with("/tests") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && relative != root
                && !relative.ends_with("tests.rs")
            {
                files.insert(relative, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    Half { root: std::fs::read_to_string(folder.join(root)).unwrap(), files }
}

fn core() -> Half {
    half("src", "lib.rs")
}

fn shell() -> Half {
    half("src/bin/servanda", "main.rs")
}

fn manifest_crates() -> Vec<String> {
    shell_crates(include_str!("../../Cargo.toml"))
}

#[test]
fn the_core_flows_one_way_without_circles() {
    let faults = order_faults(&core());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_shell_flows_one_way_without_circles() {
    let faults = order_faults(&shell());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_core_is_pure() {
    let faults = impurities(&core().files, &manifest_crates());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_reader_of_paths_sees_the_real_tree() {
    for (half, least) in [(core(), 150), (shell(), 100)] {
        let mut graph = Graph::of(&half.files);
        for (path, text) in &half.files {
            let module = module_of(path);
            for (_, used, _) in uses(&code_of(text)) {
                if let Some(target) = graph.resolve(&module, &used).filter(|target| *target != module) {
                    graph.arrows.entry(module.clone()).or_default().insert(target);
                }
            }
        }
        let arrows: usize = graph.arrows.values().map(BTreeSet::len).sum();
        assert!(arrows > least, "only {arrows} uses were read");
    }
}

/// A real half with one more line in one of its files.
fn planted(mut half: Half, path: &str, line: &str) -> Half {
    let text = half.files.get_mut(path).unwrap_or_else(|| panic!("{path} is gone"));
    let at = text.find("\nuse ").map_or(0, |at| at + 1);
    text.insert_str(at, &format!("{line}\n"));
    half
}

#[test]
fn planted_in_the_real_tree_an_upward_use_a_circle_and_a_crate_of_the_shell_are_caught() {
    let upward = [
        (planted(core(), "status/mod.rs", "use crate::plan::Plan;"), "status must not use plan"),
        (planted(shell(), "workspace/files.rs", "use crate::cli::parse;"), "workspace must not use cli"),
        (planted(shell(), "http/client.rs", "use crate::helpdesk::Reader;"), "http must not use helpdesk"),
    ];
    for (half, expected) in every(2, upward) {
        let faults = order_faults(&half);
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{expected}: {faults:?}");
    }
    let circles = [
        (planted(core(), "guard/mod.rs", "use crate::plan::Plan;"), None),
        (planted(core(), "calendar/term.rs", "use crate::calendar::hours::Hours;"), None),
        (
            planted(shell(), "workspace/files.rs", "use crate::workspace::load::load;"),
            Some("workspace::files"),
        ),
    ];
    for (half, expected) in circles {
        let circles: Vec<String> =
            order_faults(&half).into_iter().filter(|fault| fault.starts_with("a circle")).collect();
        match expected {
            Some(name) => assert!(circles.iter().any(|circle| circle.contains(name)), "{circles:?}"),
            None => assert_eq!(circles, Vec::<String>::new()),
        }
    }
    let crates = manifest_crates();
    let uses =
        ["use reqwest::Client;", "use tokio::time::sleep;", "use rusqlite::Connection;", "use hmac::Hmac;"];
    for name in every(2, uses) {
        let half = planted(core(), "status/mod.rs", name);
        assert_eq!(impurities(&half.files, &crates).len(), 1, "{name}");
    }
}

fn small(root: &str, files: &[(&str, &str)]) -> Vec<String> {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    order_faults(&Half { root: root.to_owned(), files })
}

#[test]
fn each_way_to_write_an_upward_use_is_caught() {
    let root = "pub mod ident;\npub mod status;\nmod plan;\n";
    for (path, text, expected) in [
        ("status.rs", "use crate::plan::Plan;", "status.rs:1: status must not use plan"),
        ("ident.rs", "fn f() {}\nlet x = crate::status::f();", "ident.rs:2: ident must not use status"),
        ("ident.rs", "use crate::{status};", "ident.rs:1: import one path a line"),
        ("ident.rs", "use crate::status::{\n    A,\n    b::C,\n};", "ident.rs:1: ident must not use status"),
        ("ident.rs", "#[cfg(test)]\nfn f() {\n}\nuse super::plan::X;", "ident.rs:4: ident must not use plan"),
        ("other.rs", "", "other.rs: no module of the root file declares it"),
    ] {
        let mut files = vec![("ident.rs", ""), ("status.rs", ""), ("plan.rs", "")];
        files.retain(|(known, _)| *known != path);
        files.push((path, text));
        let found = small(root, &files);
        assert!(found.iter().any(|fault| fault.starts_with(expected)), "{path}: {found:?}");
    }
    let fine = "// crate::plan comes later\n#[cfg(test)]\nuse crate::plan::Plan;\n#[cfg(test)]\nmod tests {\n    use crate::plan;\n}\n";
    assert_eq!(
        small(root, &[("status.rs", fine), ("plan.rs", "use crate::status::A;")]),
        Vec::<String>::new()
    );
}

#[test]
fn a_circle_is_caught_through_a_re_export_and_within_a_room_and_a_re_export_alone_is_none() {
    let root = "mod room;\n";
    let declared = "mod a;\nmod b;\npub(crate) use a::A;\npub(crate) use b::B;\n";
    let circle = small(
        root,
        &[("room/mod.rs", declared), ("room/a.rs", "use crate::room::B;"), ("room/b.rs", "use super::A;")],
    );
    assert_eq!(circle, ["a circle: room::a -> room::b -> room::a"]);
    let one_way =
        small(root, &[("room/mod.rs", declared), ("room/a.rs", "use crate::room::B;"), ("room/b.rs", "")]);
    assert_eq!(one_way, Vec::<String>::new());
    let parent = small(
        root,
        &[
            ("room/mod.rs", "mod a;\nstruct Inner;\nfn f() {\n    a::g();\n}\n"),
            ("room/a.rs", "use super::Inner;"),
        ],
    );
    assert_eq!(parent, ["a circle: room -> room::a -> room"]);
}

#[test]
fn each_impurity_is_caught() {
    let crates = vec!["reqwest::".to_owned()];
    for (text, expected) in [
        ("let now = jiff::Timestamp::now();", "status.rs:1: Timestamp::now: the instant is an argument"),
        ("let t = std::fs::read(p);", "status.rs:1: std::fs: the shell's workspace/files.rs"),
        ("reqwest::Client::new()", "status.rs:1: reqwest:: is a crate of the shell"),
    ] {
        let files = [("status.rs".to_owned(), text.to_owned())].into();
        let found = impurities(&files, &crates);
        assert!(found.iter().any(|fault| fault.starts_with(expected)), "{text}: {found:?}");
    }
    assert_eq!(
        shell_crates("# the shell\na-b = \"1\"\nc = { version = \"1\" }\n\n[x]\nd = 1\n"),
        ["a_b::", "c::"]
    );
}
