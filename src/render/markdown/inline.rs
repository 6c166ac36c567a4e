//! A line within Markdown: foreign text in code spans, Servanda's text as plain words.
//!
//! A word of Servanda's that a forge could interpret becomes a code span too, so that a mistake has no effect. So does such
//! a word of a title; its other words are plain, since titles are read, not compared.

use std::fmt::Write as _;

use crate::render::encode;
use crate::render::line::{Line, LinePiece, PieceKind};
use crate::render::style::Tone;

/// The emphasis of a piece.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Markup {
    None,
    Strong,
    Struck,
}

impl Markup {
    fn of(piece: &LinePiece) -> Self {
        match (piece.kind, piece.tone) {
            (PieceKind::Deleted, _) => Self::Struck,
            (PieceKind::Inserted, _) | (_, Tone::Strong | Tone::Alarm) => Self::Strong,
            _ => Self::None,
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Strong => "**",
            Self::Struck => "~~",
        }
    }
}

/// A line as Markdown, on one line.
pub(super) fn inline(line: &Line) -> String {
    let mut written = String::new();
    let mut pieces = line.pieces().iter().peekable();
    while let Some(piece) = pieces.next() {
        let markup = Markup::of(piece);
        let mut text = piece.text.clone();
        if matches!(piece.kind, PieceKind::Own | PieceKind::Title) {
            emphasised(&mut written, markup, &text, plain);
            continue;
        }
        // Adjacent code spans would be parsed as one fence.
        while let Some(next) = pieces.next_if(|next| is_code(next.kind) && Markup::of(next) == markup) {
            text.push_str(&next.text);
        }
        emphasised(&mut written, markup, &text, encode::markdown);
    }
    written
}

const fn is_code(kind: PieceKind) -> bool {
    !matches!(kind, PieceKind::Own | PieceKind::Title)
}

/// A link with a text that is Markdown already. The title, which forges show on hover, is an id.
pub(super) fn link(text: &str, address: &str, title: &str) -> String {
    let is_id = |letter: char| letter.is_ascii_alphanumeric() || "-._/".contains(letter);
    if title.is_empty() || !title.chars().all(is_id) {
        format!("[{text}]({address})")
    } else {
        format!("[{text}]({address} \"{title}\")")
    }
}

/// A difference in a code block that nothing in it can end.
pub(super) fn fenced(diff: &str) -> String {
    let longest = diff.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}diff\n{diff}{fence}\n\n")
}

/// Writes a text within its markup, which must touch it; spaces stay outside.
fn emphasised(written: &mut String, markup: Markup, text: &str, write: fn(&str) -> String) {
    let core = text.trim_matches(' ');
    let lead = text.len() - text.trim_start_matches(' ').len();
    let trail = if core.is_empty() { 0 } else { text.len() - text.trim_end_matches(' ').len() };
    written.push_str(&" ".repeat(lead));
    if !core.is_empty() {
        let sign = markup.sign();
        let core = write(core);
        // An adjacent code span would lengthen the fence.
        if written.ends_with('`') && sign.is_empty() && core.starts_with('`') {
            written.push(' ');
        }
        write!(written, "{sign}{core}{sign}").expect("a string takes all that is written");
    }
    written.push_str(&" ".repeat(trail));
}

/// Servanda's words as Markdown.
pub(super) fn plain(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for piece in text.split_inclusive([' ', '\u{a0}']) {
        let core = piece.trim_end_matches([' ', '\u{a0}']);
        written.push_str(&word(core));
        written.push_str(&piece[core.len()..]);
    }
    written
}

fn word(word: &str) -> String {
    if word.is_empty() || is_inert(word) {
        return word.to_owned();
    }
    if word.chars().all(|sign| !sign.is_alphanumeric() && !encode::is_unseen(sign) && sign != '|') {
        let means_something = |sign: char| sign.is_ascii_punctuation() && !",.:;()/".contains(sign);
        return word.chars().fold(String::new(), |mut escaped, sign| {
            if means_something(sign) {
                escaped.push('\\');
            }
            escaped.push(sign);
            escaped
        });
    }
    encode::markdown(word)
}

/// Whether no forge interprets a word, and all of it is seen: no address, link, issue number, commit, emoji or markup, and
/// no filler, which is a letter to Unicode.
fn is_inert(word: &str) -> bool {
    let core = word.trim_start_matches(['(', '“', '«']).trim_end_matches(|sign| "),.;:!?”»…".contains(sign));
    let is_number = core.chars().all(|letter| letter.is_ascii_digit() || "-.:%".contains(letter));
    let is_words = core.chars().all(|letter| letter.is_alphabetic() || "'’-–—".contains(letter));
    let is_short = core.chars().count() <= 4 && core.chars().all(char::is_alphanumeric);
    let may_be_commit = core.len() >= 7 && core.bytes().all(|byte| byte.is_ascii_hexdigit());
    // At the beginning of a line, this would begin a list.
    let may_be_item = core.bytes().all(|byte| byte.is_ascii_digit()) && word.ends_with(['.', ')']);
    core.chars().next().is_some_and(char::is_alphanumeric)
        && (is_number || is_words || is_short)
        && !may_be_commit
        && !may_be_item
        && !word.chars().any(encode::is_unseen)
        && word.matches(':').count() < 2
}

#[cfg(test)]
mod tests {
    use super::{inline, plain};
    use crate::render::line::Line;
    use crate::render::style::Tone;

    #[test]
    fn own_words_stay_words() {
        for text in [
            "will be created with status active: its first day 2026-09-01 has been reached",
            "3 service levels would be weakened; the limit is 0",
            "cannot read the helpdesk's data",
            "response 30m → 1h (edit)",
        ] {
            assert_eq!(plain(text), text);
        }
        assert_eq!(plain("[ ] ~ +"), "\\[ \\] \\~ \\+");
    }

    #[test]
    fn words_that_a_forge_could_interpret_become_code() {
        for word in [
            "@somebody",
            "a@b.example",
            "www.evil.example",
            "https://evil.example",
            "evil.example",
            "#17",
            "GH-17",
            "owner/repo#17",
            "deadbeef",
            "a\u{115f}b",
            "a\u{1160}b",
            "a\u{3164}b",
            "a\u{ffa0}b",
            "1234567",
            ":smile:",
            "*b*",
            "<b>",
            "&amp;",
            "a_b",
            "$x$",
            "JIRA-12",
            "!17",
            "~label",
            "x`y",
        ] {
            assert!(plain(word).starts_with('`'), "{word} became {}", plain(word));
        }
    }

    #[test]
    fn adjacent_code_spans_are_separated() {
        assert_eq!(inline(&Line::new().foreign("a`b").text(":3:")), "``a`b`` `:3:`");
    }

    #[test]
    fn adjacent_pieces_are_merged_or_separated() {
        let line = Line::new()
            .foreign_toned(Tone::Strong, "a`b")
            .foreign("c")
            .foreign("d ")
            .text("and ")
            .toned(Tone::Alarm, "weakens")
            .text(": ")
            .quoted("x|y");
        assert_eq!(inline(&line), "**``a`b``**`cd` and **weakens**: `x`&#124;`y`");
    }
}
