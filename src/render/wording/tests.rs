use std::collections::BTreeSet;

use super::text::place;
use super::{Text, frame, plan, reasons};
use crate::render::line::Line;
use crate::settings::Language;

fn all() -> impl Iterator<Item = (&'static str, Text)> {
    [plan::ALL, reasons::ALL, frame::ALL].concat().into_iter()
}

/// The names of the places of a text, and the number of forms behind each number.
fn places(text: &'static str) -> (BTreeSet<&'static str>, Vec<usize>) {
    let (mut names, mut forms, mut rest) = (BTreeSet::new(), Vec::new(), text);
    while let Some((_, inside, after)) = place(rest) {
        match inside.split_once('|') {
            Some((name, words)) => {
                names.insert(name);
                forms.push(words.split('|').count());
            }
            None => {
                names.insert(inside);
            }
        }
        rest = after;
    }
    (names, forms)
}

/// The words of a text outside of its places and of code.
fn own_words(text: &str) -> String {
    let mut words = String::new();
    let mut rest = text;
    while let Some((before, inside, after)) = place(rest) {
        words.push_str(before);
        words.extend(inside.split_once('|').map(|(_, forms)| forms));
        rest = after;
    }
    words.push_str(rest);
    words.split('`').step_by(2).collect()
}

#[test]
fn every_text_is_written_in_both_languages() {
    let is_cyrillic = |letter: char| ('\u{400}'..='\u{4ff}').contains(&letter);
    // Names that are the same in Russian.
    let names = ["Servanda", "Git", "git", "Markdown"];
    for (name, text) in all() {
        let (english, russian) = (places(text.english), places(text.russian));
        assert_eq!(english.0, russian.0, "{name}: the places differ");
        assert!(english.1.iter().all(|forms| *forms == 2), "{name}: one and many");
        assert!(russian.1.iter().all(|forms| *forms == 3), "{name}: one, few and many");
        let code = |text: &'static str| -> Vec<&str> { text.split('`').skip(1).step_by(2).collect() };
        assert_eq!(code(text.english).len(), code(text.russian).len(), "{name}: the literals differ");
        let (english, russian) = (own_words(text.english), own_words(text.russian));
        assert!(!english.chars().any(is_cyrillic), "{name}: {english}");
        let foreign = russian.split(|letter: char| !letter.is_ascii_alphabetic());
        let foreign: Vec<&str> = foreign.filter(|word| !word.is_empty() && !names.contains(word)).collect();
        assert!(foreign.is_empty(), "{name}: {foreign:?} in `{russian}`");
        // A text may consist of nothing but places.
        let is_wordless = !russian.chars().any(char::is_alphabetic);
        assert!(is_wordless || russian.chars().any(is_cyrillic), "{name}: not translated");
    }
}

#[test]
fn a_word_follows_its_number() {
    let of = |number: usize| {
        [Language::English, Language::Russian].map(|language| plan::AGREEMENTS.count(language, number))
    };
    assert_eq!(of(1), ["1 agreement", "1 соглашение"]);
    assert_eq!(of(3), ["3 agreements", "3 соглашения"]);
    assert_eq!(of(11), ["11 agreements", "11 соглашений"]);
    assert_eq!(of(21), ["21 agreements", "21 соглашение"]);
}

#[test]
fn a_value_keeps_its_origin() {
    let line = plan::NOT_CORRECTED.line(Language::English, &[("part", Line::new().foreign("x").into())]);
    assert_eq!(line.to_string(), "not corrected: the settings only report drift of x");
    assert!(line.pieces().len() == 2);
}

/// Own words in a rendering come from the texts, so that none is in one language only.
#[test]
fn renderings_of_plans_contain_no_sentence_of_their_own() {
    let files = [
        ("plan/phrases.rs", include_str!("../plan/phrases.rs")),
        ("plan/summary.rs", include_str!("../plan/summary.rs")),
        ("plan/drift.rs", include_str!("../plan/drift.rs")),
        ("plan/text.rs", include_str!("../plan/text.rs")),
        ("value.rs", include_str!("../value.rs")),
        ("scope.rs", include_str!("../scope.rs")),
        ("alike.rs", include_str!("../alike.rs")),
        ("reasons.rs", include_str!("../reasons.rs")),
        ("markdown/mod.rs", include_str!("../markdown/mod.rs")),
        ("markdown/block.rs", include_str!("../markdown/block.rs")),
        ("markdown/risks.rs", include_str!("../markdown/risks.rs")),
        ("html/mod.rs", include_str!("../html/mod.rs")),
        ("html/changes.rs", include_str!("../html/changes.rs")),
        ("comment_state.rs", include_str!("../comment_state.rs")),
    ];
    for (path, source) in files {
        let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or(source);
        for (number, line) in code.lines().enumerate() {
            let line = line.trim_start();
            if line.starts_with("//") || line.contains(".expect(") || line.contains("reason = ") {
                continue;
            }
            // Every second part of a line is a literal, unless a quotation mark is escaped.
            for literal in line.replace("\\\"", "'").split('"').skip(1).step_by(2) {
                let is_markup = literal.contains(['<', '=', '{', '.', '_', '-', '#']);
                let words = literal
                    .split(' ')
                    .filter(|word| word.chars().count() > 1 && word.chars().all(char::is_alphabetic));
                assert!(is_markup || words.count() < 2, "{path}:{}: `{literal}`", number + 1);
            }
        }
    }
}
