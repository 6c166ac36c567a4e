//! Slips of the keyboard and the clipboard that give a file another meaning, or none: marks of merge conflicts, spaces
//! that YAML takes for letters, and colons without a space behind them.

use crate::diagnostic::{Code, Diagnostic, FileId, Span};
use crate::document::text::{quoted, span};

/// The largest number of conflicts that are reported for one file.
const REPORT_LIMIT: usize = 20;

/// Finds the marks of merge conflicts, which git writes at the begin of lines.
pub fn conflicts(file: FileId, text: &str) -> Vec<Diagnostic> {
    if !text.contains("<<<<<<<") && !text.contains(">>>>>>>") {
        return Vec::new();
    }
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut open = false;
    for (at, line) in lines(text) {
        let place = span(file, at, at + line.len());
        let (is_begin, is_end) = (is_mark(line, '<'), is_mark(line, '>'));
        if is_end && open {
            open = false;
            if let Some(conflict) = found.pop() {
                found.push(conflict.related(place, "it ends here"));
            }
        } else if is_begin || is_end {
            open = is_begin;
            let what = if is_begin { "a merge conflict begins here" } else { "a merge conflict ends here" };
            found.push(Diagnostic::new(Code::E016, place, what).help(
                "keep the lines of one side, or write what both mean, and delete the lines `<<<<<<<`, `=======` and `>>>>>>>`",
            ));
        }
        if found.len() == REPORT_LIMIT && !open {
            break;
        }
    }
    found
}

/// Whether a line is a mark of git: seven times the letter, and a space or nothing behind them.
fn is_mark(line: &str, letter: char) -> bool {
    let rest = line.trim_start_matches(letter);
    line.len() - rest.len() == 7 && (rest.is_empty() || rest.starts_with(' '))
}

/// Finds in a text that is not YAML the likely reason: spaces that are none, else a colon without a space on the line of
/// the parser's error or the one above it.
pub(super) fn in_malformed(file: FileId, text: &str, at: usize) -> Vec<Diagnostic> {
    let odd = lines(text).filter_map(|(begin, line)| odd_space_of_line(file, begin, line));
    let odd: Vec<Diagnostic> = odd.take(REPORT_LIMIT).collect();
    if !odd.is_empty() {
        return odd;
    }
    let before: Vec<(usize, &str)> = lines(text)
        .take_while(|(begin, _)| *begin <= at)
        .filter(|(_, line)| !line.trim().is_empty())
        .collect();
    let found = before.iter().rev().take(2).find_map(|(begin, line)| {
        let entry = line.trim_start_matches([' ', '-']);
        missing_space(file, begin + line.len() - entry.len(), entry)
    });
    found.into_iter().collect()
}

/// The diagnostic for a text that begins with a key and a colon but lacks the space behind it, such as `client:acme`.
/// `at` is the place of the text in its file.
pub(in crate::document) fn missing_space(file: FileId, at: usize, text: &str) -> Option<Diagnostic> {
    let (key, value) = key_and_rest(text)?;
    if value.starts_with(|first: char| first.is_whitespace() || matches!(first, '/' | ':' | '\\')) {
        return None;
    }
    let value = value.split([' ', '\n', ',', '}', ']']).next().filter(|value| !value.is_empty())?;
    let place = span(file, at, at + key.len() + 1 + value.len());
    let message = format!("a space is missing after the colon of {}", quoted(key));
    Some(
        Diagnostic::new(Code::E017, place, message)
            .help(format!("write {}", quoted(&format!("{key}: {value}"))))
            .meant(place, format!("{key}:{value}"), format!("{key}: {value}")),
    )
}

/// The diagnostic for a plain text of YAML that begins or ends with a space which is none, or that would be a key and a
/// value if it had a real one. `source` is the text of the file, `place` that of the plain text.
pub(super) fn odd_space(source: &str, place: Span) -> Option<Diagnostic> {
    let (start, end) = (place.start as usize, place.end as usize);
    let written = source.get(start..end)?;
    let line = source[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let is_first = source[line..start].chars().all(|before| matches!(before, ' ' | '-'));
    let edge = |index: usize, what: &'static str| {
        let character = written[index..].chars().next().filter(|character| is_odd_space(*character))?;
        Some((index, character, what))
    };
    let last = written.char_indices().next_back()?.0;
    // A text such as a title may contain a colon and a no-break space behind it.
    let may_be_key = is_first || source[..start].trim_end().ends_with(['{', ',']);
    let (index, character, what) =
        edge(0, if is_first { "in the indentation" } else { "at the edge of a value" })
            .or_else(|| structural(written).filter(|_| may_be_key))
            .or_else(|| edge(last, "at the edge of a value"))?;
    Some(odd(place.file, start + index, character, what))
}

/// The odd space of a line where only the structure of YAML can stand.
fn odd_space_of_line(file: FileId, begin: usize, line: &str) -> Option<Diagnostic> {
    let entry = line.trim_start();
    let indent = &line[..line.len() - entry.len()];
    if entry.is_empty() || entry.starts_with('#') {
        return None;
    }
    if let Some((at, character)) = indent.char_indices().find(|(_, character)| is_odd_space(*character)) {
        return Some(odd(file, begin + at, character, "in the indentation"));
    }
    let (at, character, what) = structural(entry)?;
    Some(odd(file, begin + indent.len() + at, character, what))
}

/// The odd space after the dash of a list or after the colon of a key at the begin of a text.
fn structural(text: &str) -> Option<(usize, char, &'static str)> {
    let first = |rest: &str| rest.chars().next().filter(|character| is_odd_space(*character));
    if let Some(character) = text.strip_prefix('-').and_then(first) {
        return Some((1, character, "after a dash"));
    }
    let entry = text.trim_start_matches("- ");
    let (key, rest) = key_and_rest(entry)?;
    let skipped = text.len() - entry.len();
    first(rest).map(|character| (skipped + key.len() + 1, character, "after a colon"))
}

/// The key that a text begins with, and what follows its colon.
fn key_and_rest(text: &str) -> Option<(&str, &str)> {
    let (key, rest) = text.split_once(':')?;
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/');
    (key.starts_with(|first: char| first.is_ascii_alphabetic()) && key.chars().all(is_plain))
        .then_some((key, rest))
}

/// Whether a character looks like a space, and is a letter to YAML.
fn is_odd_space(character: char) -> bool {
    character.is_whitespace() && !character.is_ascii()
}

fn odd(file: FileId, at: usize, character: char, what: &str) -> Diagnostic {
    let name = match character {
        '\u{a0}' | '\u{2007}' | '\u{202f}' => "a no-break space",
        _ => "a space of another width",
    };
    let message =
        format!("{name} (U+{:04X}) stands {what}, where YAML needs an ordinary space", u32::from(character));
    let place = span(file, at, at + character.len_utf8());
    Diagnostic::new(Code::E007, place, message)
        .help("replace it by a space of the space bar; it often comes with copied text")
        .meant(place, character, " ")
}

/// The lines of a text with their offsets, without line ends.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let begin = at;
        at += line.len();
        (begin, line.trim_end_matches(['\r', '\n']))
    })
}

#[cfg(test)]
#[path = "slips_tests.rs"]
mod tests;
