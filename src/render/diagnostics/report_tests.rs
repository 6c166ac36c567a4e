use super::fingerprint::{fingerprints, keys};
use super::{github, gitlab, junit, sarif, short, text};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, FileId, Severity, Sources, Span};
use crate::document::{self, DocumentKind};
use crate::render::Paint;
use crate::render::encode::corpus::{is_clean, is_obeyed, odd_markup, payloads};
use serde_json::Value;

fn span(sources: &Sources, file: FileId, wanted: &str) -> Span {
    let start = sources.text(file).find(wanted).expect("the text is there");
    let narrow = |offset: usize| u32::try_from(offset).expect("short");
    Span { file, start: narrow(start), end: narrow(start + wanted.len()) }
}

const TEXT: &str = "extends: standard\ntitle: 🏦 Банк\nmanager: i.petrowa\n\
                    services:\n  email: { calendar: 25x7 }\nrecipients: [a, б]\n";

fn found() -> (Diagnostics, Sources) {
    let mut sources = Sources::default();
    let file = sources.add("agreements/a b.yaml", TEXT);
    let at = |wanted| span(&sources, file, wanted);
    let manager = Diagnostic::new(Code::E101, at("i.petrowa"), "no manager is called `i.petrowa`")
        .help("did you mean `i.petrova`?")
        .related(at("standard"), "extends this");
    let hours = Diagnostic::new(Code::E101, at("25x7"), "no calendar is called `25x7`");
    let title = Diagnostic::new(Code::W107, at("Банк"), "100% odd, they say: x");
    let recipient = Diagnostic::new(Code::E101, at("б"), "no recipient is called `б`");
    ([manager, hours, title, recipient].into_iter().collect(), sources)
}

fn many(errors: usize, warnings: usize) -> (Diagnostics, Sources) {
    let mut sources = Sources::default();
    let file = sources.add("a.yaml", TEXT);
    let one =
        |code, number: usize| Diagnostic::new(code, span(&sources, file, "standard"), number.to_string());
    let warnings = (0..warnings).map(|number| one(Code::W107, number));
    let found = warnings.chain((0..errors).map(|number| one(Code::E101, number))).collect();
    (found, sources)
}

#[test]
fn annotations_have_their_lines() {
    let (found, sources) = found();
    let lines = github(&found, &sources);
    assert_eq!(
        lines.lines().next(),
        Some(
            "::error file=agreements/a b.yaml,line=3,endLine=3,col=10,endColumn=19,\
             title=E101%3A unknown name::no manager is called `i.petrowa`%0Ahelp: did you mean `i.petrova`?"
        )
    );
    // Errors come first, and columns are those of UTF-16.
    let last = lines.lines().last().unwrap_or_default();
    assert!(last.starts_with("::warning file=agreements/a b.yaml,line=2,endLine=2,col=11,"), "{last}");
    assert!(last.ends_with("::100%25 odd, they say: x"), "{last}");
}

#[test]
fn no_more_annotations_are_made_than_are_kept_and_the_rest_is_counted() {
    for errors in [0, 1, 9, 10, 11, 12, 500, 30_000] {
        for warnings in [0, 10, 11] {
            let (found, sources) = many(errors, warnings);
            let lines = github(&found, &sources);
            for (command, all) in [("::error ", errors), ("::warning ", warnings)] {
                let made: Vec<&str> = lines.lines().filter(|line| line.starts_with(command)).collect();
                assert!(made.len() <= 10);
                let more: usize = made
                    .last()
                    .and_then(|line| line.split("::and ").nth(1)?.split(' ').next()?.parse().ok())
                    .unwrap_or(0);
                let named = made.len() - usize::from(more > 0);
                assert_eq!(named + more, all, "{command} of {errors} and {warnings}");
            }
        }
    }
}

#[test]
fn sarif_keeps_what_is_shown_and_counts_the_rest() {
    let (found, sources) = many(6_000, 10);
    let log: Value = serde_json::from_str(&sarif(&found, &sources, "0.1.0")).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("a list");
    assert_eq!(results.len(), 5_000);
    assert!(results.iter().all(|result| result["level"] == "error"));
    let text = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert!(text.as_str().is_some_and(|text| text.starts_with("and 1010 more findings")), "{text}");
}

#[test]
fn sarif_names_rules_and_places() {
    let (found, sources) = found();
    let log: Value = serde_json::from_str(&sarif(&found, &sources, "0.1.0")).expect("JSON");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    let result = &run["results"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "E101");
    assert_eq!(result["ruleIndex"], 0);
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "agreements/a%20b.yaml");
    assert_eq!(
        place["region"],
        serde_json::json!({ "startLine": 3, "startColumn": 10, "endLine": 3, "endColumn": 19 })
    );
    assert_eq!(result["relatedLocations"][0]["message"]["text"], "extends this");
}

#[test]
fn a_place_is_named_by_the_keys_that_lead_to_it() {
    let mut sources = Sources::default();
    let file = sources.add("agreements/a.yaml", TEXT);
    let (document, _) = document::read(&sources, file, DocumentKind::Agreement);
    for (wanted, path) in [
        ("standard", "extends"),
        ("i.petrowa", "manager"),
        ("manager", "manager"),
        ("25x7", "services.email.calendar"),
        ("calendar", "services.email.calendar"),
        ("б", "recipients.б"),
    ] {
        assert_eq!(keys(&document.root, span(&sources, file, wanted).start), path);
    }
}

/// Ways to change a text without changing what is wrong with it.
fn unrelated(number: usize) -> String {
    let lines: Vec<&str> = TEXT.lines().collect();
    let mut text = "# a line that was not there\n".repeat(number % 7);
    let order: Vec<usize> = match number % 3 {
        0 => vec![0, 1, 2, 3, 4, 5],
        1 => vec![3, 4, 0, 1, 5, 2],
        _ => vec![5, 0, 2, 1, 3, 4],
    };
    for index in order {
        text.push_str(lines[index]);
        text.push_str(&" ".repeat(number % 5));
        text.push_str(&"\n".repeat(1 + number % 2));
        if index == 0 && number.is_multiple_of(4) {
            text = text + "number: N-" + &number.to_string() + "\n";
        }
    }
    text
}

#[test]
fn a_fingerprint_stays_when_other_lines_change_and_goes_with_the_problem() {
    let names = |text: &str| -> Vec<String> {
        let mut sources = Sources::default();
        let file = sources.add("agreements/a.yaml", text);
        let at = |wanted| Diagnostic::new(Code::E101, span(&sources, file, wanted), "odd");
        let mut all = [at("i.petrowa"), at("25x7"), at("б")];
        all[2].code = Code::W107;
        fingerprints(&all, &sources)
    };
    let first = names(TEXT);
    for number in 0..1_000 {
        assert_eq!(names(&unrelated(number)), first, "{}", unrelated(number));
    }
    let others = [
        TEXT.replace("manager", "provider"),
        TEXT.replace("email", "vpn"),
        TEXT.replace("calendar", "hours"),
    ];
    for other in others {
        assert_ne!(names(&other), first, "{other}");
    }
    let all: std::collections::BTreeSet<&String> = first.iter().collect();
    assert_eq!(all.len(), first.len());
}

#[test]
fn a_report_of_gitlab_has_its_five_keys() {
    let (found, sources) = found();
    let report: Value = serde_json::from_str(&gitlab(&found, &sources)).expect("JSON");
    let issue = &report[0];
    assert_eq!(issue["description"], "E101: no manager is called `i.petrowa`");
    assert_eq!(issue["severity"], "major");
    assert_eq!(issue["location"]["path"], "agreements/a b.yaml");
    assert_eq!(issue["location"]["lines"]["begin"], 3);
    assert_eq!(issue["fingerprint"].as_str().map(str::len), Some(32));
}

#[test]
fn a_report_of_junit_counts_its_cases() {
    let (found, sources) = found();
    let report = junit(&found, &sources, 24);
    assert!(report.contains("tests=\"5\" failures=\"3\""), "{report}");
    assert_eq!(report.matches("<testcase ").count(), 5);
    assert_eq!(report.matches("<failure ").count(), 3);
    let nothing = junit(&Diagnostics::default(), &sources, 1);
    assert!(nothing.contains("tests=\"1\" failures=\"0\"") && nothing.contains("1 file was read"));
}

#[test]
fn no_text_of_a_file_is_interpreted_in_any_report() {
    for payload in payloads() {
        let mut sources = Sources::default();
        let path = format!("agreements/{payload}.yaml");
        let file = sources.add(path.clone(), format!("# {payload}\nkey: {payload} x\n"));
        let mut diagnostic = Diagnostic::new(Code::E007, span(&sources, file, " x"), payload.clone())
            .label(payload.clone())
            .related(span(&sources, file, "# "), payload.clone())
            .help(payload.clone());
        let error = diagnostic.clone();
        diagnostic.severity = Severity::Warning;
        let found: Diagnostics = [error, diagnostic].into_iter().collect();

        let commands = github(&found, &sources);
        assert!(is_clean(&commands) && !commands.contains("##["), "{commands}");
        let lines: Vec<&str> = commands.lines().collect();
        assert!(lines[0].starts_with("::error file=agreements/"), "{commands}");
        assert!(lines[1].starts_with("::warning file=agreements/"), "{commands}");
        assert_eq!(lines.len(), 2);
        // The head of a command ends at the second pair of colons. It contains only our own text.
        let head = lines[0][2..].split("::").next().unwrap_or_default();
        assert!(head.ends_with("the text contains an invisible character"), "{head}");

        for report in [sarif(&found, &sources, "0.1.0"), gitlab(&found, &sources)] {
            assert!(is_clean(&report) && !is_obeyed(&report), "{report}");
            serde_json::from_str::<Value>(&report).expect("JSON");
        }
        let log: Value = serde_json::from_str(&sarif(&found, &sources, "0.1.0")).expect("JSON");
        let message = log["runs"][0]["results"][0]["message"]["text"].as_str().unwrap_or_default();
        assert!(!message.contains("](") || message.contains("\\]("), "{message}");

        let report = junit(&found, &sources, 1);
        assert!(is_clean(&report) && !is_obeyed(&report), "{report}");
        let known = ["testsuites", "testsuite", "testcase", "failure", "system-out"];
        let attributes = [
            "name",
            "tests",
            "failures",
            "errors",
            "skipped",
            "classname",
            "file",
            "line",
            "type",
            "message",
        ];
        let body = report.split_once('\n').map_or("", |(_, body)| body);
        let odd = odd_markup(body, &known, &attributes);
        assert!(odd.is_empty(), "{odd:?}\n{report}");

        let drawn = text(&found, &sources, Paint::PLAIN) + &short(&found, &sources);
        assert!(is_clean(&drawn) && !is_obeyed(&drawn), "{drawn}");
    }
}
