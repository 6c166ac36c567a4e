//! The house style that no linter knows: how files and functions begin and how long they are, which words are not used, and
//! that what the documents cite exists.

use std::path::{Path, PathBuf};

/// The longest a source file may be, without its tests.
const FILE_LIMIT: usize = 500;

/// The longest a function may be, from its signature to its closing brace.
const FUNCTION_LIMIT: usize = 70;

/// Words that docs/glossary.md replaces, with the word to write.
const REPLACED: [(&str, &str); 28] = [
    ("nobody", "name who or what does it: `unknown key`"),
    ("lest", "so that … not"),
    ("whatever", "name it"),
    ("wish", "desired, request"),
    ("wishes", "desired, requests"),
    ("wished", "desired, requested"),
    ("mend", "fix"),
    ("mends", "fixes"),
    ("mended", "fixed"),
    ("told", "sent, reported"),
    ("carry out", "apply"),
    ("carries out", "applies"),
    ("carried out", "applied"),
    ("look around", "read"),
    ("looks around", "reads"),
    ("our mark", "the ownership key"),
    ("the memory", "the ledger"),
    ("withheld", "blocked, or awaiting acknowledgement"),
    ("baseline", "last-applied state"),
    ("gist", "summary"),
    ("fate", "result"),
    ("fates", "results"),
    ("make it so", "reconcile"),
    ("what became of", "the outcome of"),
    ("survey", "read, plan"),
    ("surveys", "reads, plans"),
    ("kin", "succession"),
    ("knobs", "options"),
];

/// The pages of which each claim names the test that holds it.
const CLAIMING: [&str; 2] = ["docs/security.md", "docs/when-things-break.md"];

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

/// The files that people read and write, without those that are data.
fn texts() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in
        ["src", "tests", "benches", "examples", "docs", "schemas", "agreements", "templates", ".github", "ci"]
    {
        for extension in ["rs", "md", "js", "cjs", "py", "html", "json", "txt", "yml", "yaml"] {
            found.extend(files_below(&root().join(folder), extension));
        }
    }
    for name in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "Cargo.toml", "action.yml", "servanda.yaml"]
    {
        found.push((name.to_owned(), std::fs::read_to_string(root().join(name)).unwrap()));
    }
    // The glossary and this file name the words, `nobody` is the system's user who runs a database.
    let exempt = ["docs/glossary.md", "tests/it/tidy.rs", "tests/it/postgres.rs"];
    found.retain(|(path, _)| !exempt.contains(&path.as_str()));
    found
}

/// Whether a phrase stands in a line of lower case as whole words.
fn has_phrase(line: &str, phrase: &str) -> bool {
    let is_within = |letter: char| letter.is_alphanumeric();
    line.match_indices(phrase).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + phrase.len()..].chars().next();
        !before.is_some_and(is_within) && !after.is_some_and(is_within)
    })
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
            let code = line
                .split("//")
                .next()
                .unwrap_or_default()
                .replace("CatalogManager", "")
                .replace("NoManager", "");
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

#[test]
fn words_that_the_glossary_replaces_are_not_used() {
    assert!(has_phrase("it was told twice", "told") && has_phrase("is_told", "told"));
    assert!(!has_phrase("untold stories", "told") && !has_phrase("kind", "kin"));
    let mut faults = Vec::new();
    for (path, text) in texts() {
        for (number, line) in text.lines().enumerate() {
            let line = line.to_lowercase();
            let used = REPLACED.iter().filter(|(word, _)| has_phrase(&line, word));
            faults.extend(used.map(|(word, instead)| format!("{path}:{}: {word}: {instead}", number + 1)));
        }
    }
    assert_none(&faults);
}

/// The functions of a formatted file that are longer than the limit, with their first line and length.
fn long_functions(text: &str, limit: usize) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (first, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let words = code.split('(').next().unwrap_or_default();
        let is_function = words.split_whitespace().any(|word| word == "fn") && !code.starts_with("//");
        if !is_function {
            continue;
        }
        let is_end = |line: &&str| line.trim_end().len() == indent + 1 && line.trim_start() == "}";
        if let Some(length) = lines[first..].iter().position(is_end).filter(|length| length + 1 > limit) {
            found.push((first + 1, length + 1));
        }
    }
    found
}

#[test]
fn no_function_is_longer_than_a_screen() {
    let short = "fn f() {\n    g();\n}\n";
    assert_eq!(long_functions(short, 3), []);
    assert_eq!(long_functions(short, 2), [(1, 3)]);
    let mut faults = Vec::new();
    for (path, text) in files_below(&root().join("src"), "rs") {
        let long = long_functions(&text, FUNCTION_LIMIT);
        faults.extend(long.iter().map(|(line, length)| format!("{path}:{line}: {length} lines")));
    }
    assert_none(&faults);
}

#[test]
fn the_architecture_fits_a_few_screens() {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    assert!(page.lines().count() <= 120, "{} lines", page.lines().count());
    let long: Vec<&str> = page.lines().filter(|line| line.chars().count() > 120).collect();
    assert!(long.is_empty(), "{long:?}");
}

/// What a page cites in code spans outside of its fenced blocks, with the line.
fn cited(page: &str) -> Vec<(usize, &str)> {
    let mut inside = false;
    let mut found = Vec::new();
    for (number, line) in page.lines().enumerate() {
        inside ^= line.starts_with("```");
        if !inside && !line.starts_with("```") {
            found.extend(line.split('`').skip(1).step_by(2).map(|span| (number + 1, span)));
        }
    }
    found
}

/// Whether a path of modules, such as `plan::tests::a_law`, names a function in one of the files that can hold it.
fn is_test(path: &str, sources: &[(String, String)]) -> bool {
    let mut modules: Vec<&str> = path.split("::").collect();
    let name = format!("fn {}(", modules.pop().unwrap_or_default());
    let way = modules.join("/");
    let holds = |(file, text): &&(String, String)| {
        let stem = file.trim_end_matches(".rs").trim_end_matches("/mod");
        let is_there = stem.ends_with(&way) || stem.ends_with(way.trim_end_matches("/tests"));
        is_there && text.contains(&name)
    };
    sources.iter().any(|source| holds(&source))
}

#[test]
fn what_the_architecture_and_the_decisions_cite_exists() {
    let sources: Vec<(String, String)> = ["src", "tests", "benches"]
        .iter()
        .flat_map(|folder| files_below(&root().join(folder), "rs"))
        .collect();
    let mut pages = files_below(&root().join("docs/decisions"), "md");
    pages.extend(
        ["ARCHITECTURE.md", CLAIMING[0], CLAIMING[1]]
            .map(|page| (page.to_owned(), std::fs::read_to_string(root().join(page)).unwrap())),
    );
    let mut faults = Vec::new();
    let mut seen = 0;
    for (path, page) in &pages {
        for (line, span) in cited(page) {
            let is_path = ["src/", "tests/", "docs/", "benches/", "schemas/", "examples/", ".github/"]
                .iter()
                .any(|folder| span.starts_with(folder));
            let is_name = span.contains("::")
                && span.chars().all(|letter| letter.is_ascii_lowercase() || "_:0123456789".contains(letter))
                && span.rsplit("::").next().is_some_and(|name| name.matches('_').count() >= 2);
            seen += usize::from(is_path || is_name);
            if (is_path && !root().join(span).exists()) || (is_name && !is_test(span, &sources)) {
                faults.push(format!("{path}:{line}: `{span}` is not there"));
            }
        }
    }
    assert!(seen > 60, "only {seen} citations were found");
    assert_none(&faults);
}

/// The blocks of a page that say something: paragraphs, items of a list and rows of a table, with the line of each.
/// Headings, fenced blocks and the heads of tables are none.
fn blocks(page: &str) -> Vec<(usize, String)> {
    let mut blocks: Vec<(usize, String)> = Vec::new();
    let (mut is_fenced, mut is_open) = (false, false);
    let lines: Vec<&str> = page.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        is_fenced ^= line.starts_with("```");
        let is_rule_below = lines.get(number + 1).is_some_and(|next| next.starts_with("|---"));
        if is_fenced
            || line.is_empty()
            || ["#", "```", "|---"].iter().any(|start| line.starts_with(start))
            || is_rule_below
        {
            is_open = false;
        } else if is_open && !line.starts_with("- ") && !line.starts_with('|') {
            let (_, block) = blocks.last_mut().expect("an open block is the last one");
            block.push('\n');
            block.push_str(line);
        } else {
            blocks.push((number + 1, (*line).to_owned()));
            is_open = true;
        }
    }
    blocks
}

#[test]
fn every_claim_about_trust_and_faults_names_its_test() {
    let page = "# a\n\nb\nc:\n- d\n  e\n\n| f | g |\n|---|---|\n| h | i |\n```\nj\n```\n";
    let starts: Vec<usize> = blocks(page).iter().map(|(line, _)| *line).collect();
    assert_eq!(starts, [3, 5, 10]);
    let mut faults = Vec::new();
    for page in CLAIMING {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        let blocks = blocks(&text);
        for (index, (line, block)) in blocks.iter().enumerate() {
            // A paragraph that begins with its tests names them for the table above it.
            let below = blocks[index..].iter().find(|(_, below)| !below.starts_with('|'));
            let is_covered =
                block.starts_with('|') && below.is_some_and(|(_, below)| below.starts_with("(test"));
            let is_named =
                ["(test: `", "(test:\n", "(tests: `", "(tests:\n"].iter().any(|start| block.contains(start));
            // A sentence that only leads to a list or a block of code claims nothing by itself.
            if !is_named && !is_covered && !block.ends_with(':') {
                faults.push(format!("{page}:{line}: names no test: {block}"));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn a_citation_of_what_is_not_there_is_caught() {
    let sources = [("src/plan/tests.rs".to_owned(), "fn a_law_of_plans() {".to_owned())];
    assert!(is_test("plan::tests::a_law_of_plans", &sources));
    assert!(!is_test("plan::tests::another_law_of_plans", &sources));
    assert!(!is_test("status::tests::a_law_of_plans", &sources));
    assert_eq!(cited("a `b/c.rs`\n```\n`d`\n```\n`e`"), [(1, "b/c.rs"), (5, "e")]);
}

/// The codes of failures in a text: the second argument of every `Failure::new`.
fn failure_codes(text: &str) -> Vec<String> {
    let calls = text.split("Failure::new(").skip(1);
    let codes = calls.filter_map(|call| {
        let (_, rest) = call.split_once(',')?;
        rest.trim_start().strip_prefix('"')?.split_once('"').map(|(code, _)| code.to_owned())
    });
    codes.collect()
}

#[test]
fn every_failure_has_a_code_of_words_and_hyphens() {
    let mut faults = Vec::new();
    let mut seen = 0;
    for (path, text) in files_below(&root().join("src/bin/servanda"), "rs") {
        for code in failure_codes(&text) {
            seen += 1;
            let is_kebab = code.split('-').all(|word| {
                !word.is_empty()
                    && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
            });
            if !is_kebab {
                faults.push(format!("{path}: `{code}`"));
            }
        }
    }
    assert!(seen > 50, "only {seen} failures were found");
    assert_none(&faults);
}

#[test]
fn comments_on_items_begin_with_a_verb_or_a_noun_phrase() {
    let mut faults = Vec::new();
    for (path, text) in files_below(&root().join("src"), "rs") {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (number, line) in lines.iter().enumerate() {
            let begins = number == 0 || !lines[number - 1].starts_with("///");
            if begins
                && ["/// What ", "/// How ", "/// Who ", "/// Why "].iter().any(|word| line.starts_with(word))
            {
                faults.push(format!("{path}:{}: {line}", number + 1));
            }
        }
    }
    assert_none(&faults);
}
