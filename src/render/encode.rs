//! One encoder for each sink: a text of unknown origin becomes one that can do nothing but be read.
//!
//! Files and helpdesks are written by people we do not know. Whoever renders puts their text through the
//! encoder of the sink, and nothing else.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::document::is_joiner;

/// A text as one line in which everything can be seen: what would move the cursor, change the direction or not be seen
/// at all stands there as an escape (`\u{1b}`). Letters, marks and joiners of every script stay as they are.
///
/// The runners of CI systems obey `##[` and `##vso[` anywhere in a line of their log, so the second `#` is an escape too.
pub fn visible(text: &str) -> Cow<'_, str> {
    let text = match without_marks(text, "\\u{23}") {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => return Cow::Owned(visible(&text).into_owned()),
    };
    if !text.chars().any(is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() + 16);
    let mut before = None;
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            '\n' => encoded.push_str("\\n"),
            '\r' => encoded.push_str("\\r"),
            '\t' => encoded.push_str("\\t"),
            unseen if is_unseen(unseen) && !is_joiner(before, unseen, rest.clone().next()) => {
                write!(encoded, "\\u{{{:x}}}", u32::from(unseen))
                    .expect("a string takes all that is written");
            }
            seen => encoded.push(seen),
        }
        before = Some(character);
    }
    Cow::Owned(encoded)
}

/// A text for a terminal: as [`visible`]. The log of a CI is a terminal too, and GitHub obeys a line that begins with
/// `::` and a word. Lines break at spaces, so that is an escape at the begin of the text and after a space, and nowhere
/// else.
pub fn terminal(text: &str) -> Cow<'_, str> {
    without_commands(visible(text), ":\\u{3a}")
}

/// A text without the marks such as `##[` that runners obey: with `instead` in place of the second `#`.
fn without_marks<'a>(text: &'a str, instead: &str) -> Cow<'a, str> {
    let is_mark = |at: usize| {
        let rest = text[at + 1..].trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
        text[..at].ends_with('#') && rest.starts_with('[')
    };
    let marks = text.match_indices('#').map(|(at, _)| at).filter(|at| is_mark(*at));
    replaced(Cow::Borrowed(text), marks.collect(), 1, instead)
}

/// A text without what GitHub would obey where a line begins: with `instead` in place of `::` before a word.
fn without_commands<'a>(text: Cow<'a, str>, instead: &str) -> Cow<'a, str> {
    let may_begin_a_line = |at: usize| text[..at].chars().next_back().is_none_or(char::is_whitespace);
    let is_command = |at: usize| {
        may_begin_a_line(at) && text[at + 2..].starts_with(|letter: char| letter.is_ascii_alphabetic())
    };
    let found = text.match_indices("::").map(|(at, _)| at).filter(|at| is_command(*at)).collect();
    replaced(text, found, 2, instead)
}

/// Replaces `length` bytes at each of these places.
fn replaced<'a>(text: Cow<'a, str>, places: Vec<usize>, length: usize, instead: &str) -> Cow<'a, str> {
    if places.is_empty() {
        return text;
    }
    let mut text = text.into_owned();
    for at in places.into_iter().rev() {
        text.replace_range(at..at + length, instead);
    }
    Cow::Owned(text)
}

/// A text for Markdown: a code span, within which no forge knows a mention, a link, an image, an issue, a commit, an
/// emoji or HTML. It is one line, its fence is longer than any run of backticks in it, and a bar stands between two
/// spans as an entity, since a cell of a table would end at it.
pub fn markdown(text: &str) -> String {
    let text = visible(text);
    let spans: Vec<String> =
        text.split('|').map(|span| if span.is_empty() { String::new() } else { code_span(span) }).collect();
    if text.is_empty() { "` `".to_owned() } else { spans.join("&#124;") }
}

fn code_span(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A space at both ends is taken off by whoever reads it.
    let is_padded = text.starts_with('`')
        || text.ends_with('`')
        || (text.starts_with(' ') && text.ends_with(' ') && text.contains(|letter| letter != ' '));
    let pad = if is_padded { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A text within HTML, or XML, or an attribute in quotation marks: as [`visible`], without anything that means
/// something there. What a runner would obey in the log is an entity, which readers do not see.
pub fn html(text: &str) -> Cow<'_, str> {
    let text = visible(text);
    if !text.contains(['&', '<', '>', '"', '\'', ':']) {
        return text;
    }
    let mut encoded = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '&' => encoded.push_str("&amp;"),
            '<' => encoded.push_str("&lt;"),
            '>' => encoded.push_str("&gt;"),
            '"' => encoded.push_str("&quot;"),
            '\'' => encoded.push_str("&#39;"),
            other => encoded.push(other),
        }
    }
    without_commands(Cow::Owned(encoded), "&#58;:")
}

/// A text within a command of a CI (`::error file=…::text`): as [`visible`], so that it is one line, with what the
/// runner would take for more than text written as the runner writes it.
pub fn command(text: &str) -> String {
    visible(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The same for a property of a command.
pub fn command_property(text: &str) -> String {
    command(text).replace(':', "%3A").replace(',', "%2C")
}

/// A path as a relative URI.
pub fn path(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string takes all that is written");
        }
    }
    encoded
}

/// JSON as serde writes it, with what cannot be seen as escapes too: JSON is printed to terminals as well, and
/// whoever reads it back gets the very same text.
pub fn json(written: &str) -> Cow<'_, str> {
    // Line feeds between values are serde's own; within a text they are escapes already.
    let is_raw = |character: char| is_unseen(character) && character != '\n';
    // A runner would obey it, wherever on a line of its log it stands.
    let written = match without_marks(written, "\\u0023") {
        Cow::Borrowed(written) => written,
        Cow::Owned(written) => return Cow::Owned(json(&written).into_owned()),
    };
    if !written.chars().any(is_raw) {
        return Cow::Borrowed(written);
    }
    let mut encoded = String::with_capacity(written.len() + 16);
    for character in written.chars() {
        if is_raw(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(encoded, "\\u{unit:04x}").expect("a string takes all that is written");
            }
        } else {
            encoded.push(character);
        }
    }
    Cow::Owned(encoded)
}

/// A text as a YAML scalar: plain where it can be nothing but a text, else in double quotes as JSON has it.
pub fn yaml(text: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_$./-".contains(letter);
    let is_word =
        matches!(text, "true" | "false" | "null" | "True" | "False" | "Null" | "TRUE" | "FALSE" | "NULL");
    if text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.chars().all(is_plain) && !is_word {
        return Cow::Borrowed(text);
    }
    let quoted = serde_json::to_string(text).expect("a text is JSON");
    Cow::Owned(json(&quoted).into_owned())
}

/// JSON within a page's `<script>`: as [`json`], and nothing in it can end the element or begin a comment.
pub fn script_json(written: &str) -> Cow<'_, str> {
    let encoded = json(written);
    if !encoded.contains(['<', '>', '&']) {
        return encoded;
    }
    Cow::Owned(encoded.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"))
}

/// Writes lines of cells as CSV, each cell as [`cell`] writes it.
pub fn csv_lines(lines: &[Vec<String>], separator: &str) -> String {
    // The byte order mark tells spreadsheets that this is UTF-8.
    lines.iter().fold("\u{feff}".to_owned(), |text, line| {
        let cells: Vec<String> = line.iter().map(|text| cell(text)).collect();
        text + &cells.join(separator) + "\r\n"
    })
}

/// A text for a cell of CSV, always in quotation marks. What cannot be seen is gone, what a runner would obey has a space in
/// it, and a text that a spreadsheet would take for a formula begins with an apostrophe.
pub fn cell(text: &str) -> String {
    let seen = without_marks(text, " #");
    let seen = seen.chars().map(|character| if is_unseen(character) { ' ' } else { character });
    let seen: String = seen.collect::<String>().trim().replace('"', "\"\"");
    let is_formula = seen.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    format!("\"{}{seen}\"", if is_formula { "'" } else { "" })
}

/// A text for a value of iCalendar, whose lines are folded anywhere: what a runner would obey has a space in it.
pub(super) fn folded_text(text: &str) -> String {
    without_marks(text, " #").replace("::", ": :")
}

/// A text as a part of an address or of its query.
pub fn address(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~$".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string takes all that is written");
        }
    }
    encoded
}

/// Lines of a file for a terminal: as [`terminal`], but one character for each, so that columns and marks
/// below the line stay where they are. Line feeds and tabs stay.
pub fn excerpt(text: &str) -> Cow<'_, str> {
    let text = match without_marks(text, "\u{fffd}") {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => return Cow::Owned(excerpt(&text).into_owned()),
    };
    if !text.chars().any(is_unseen_in_excerpt) {
        return Cow::Borrowed(text);
    }
    let stand_in = |character: char| match u32::from(character) {
        _ if !is_unseen_in_excerpt(character) => character,
        // The pictures of the control characters follow the order of those characters.
        code @ 0x00..=0x1f => char::from_u32(0x2400 + code).unwrap_or('\u{fffd}'),
        0x7f => '\u{2421}',
        _ => '\u{fffd}',
    };
    Cow::Owned(text.chars().map(stand_in).collect())
}

/// One line of a file for a terminal: as [`excerpt`], also where nothing stands before it that keeps a runner from
/// obeying it.
pub fn excerpt_line(text: &str) -> Cow<'_, str> {
    without_commands(excerpt(text), ":\u{fffd}")
}

/// Whether a character cannot be seen, or changes how those around it are seen. Combining marks are not among
/// them, since they show; neither are plain and no-break spaces.
pub fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

fn is_unseen_in_excerpt(character: char) -> bool {
    is_unseen(character) && !matches!(character, '\n' | '\t')
}

#[cfg(test)]
#[path = "encode/corpus_tests.rs"]
pub(super) mod corpus;
#[cfg(test)]
mod tests {
    use super::corpus::{HOSTILE, all_payloads, is_clean, is_obeyed};
    use super::{command, command_property, excerpt, excerpt_line, html, json, markdown, path, terminal};

    #[test]
    fn nothing_hostile_reaches_a_terminal() {
        for text in HOSTILE {
            let encoded = terminal(text);
            assert!(is_clean(&encoded) && !encoded.contains('\n'), "{encoded}");
            assert!(is_clean(&excerpt(text).replace('\t', " ")), "{text:?}");
        }
    }

    #[test]
    fn no_payload_is_obeyed_by_a_runner_of_a_ci() {
        assert!(all_payloads().len() >= 500);
        for payload in all_payloads() {
            for encoded in [terminal(&payload), json(&serde_json::json!(&payload).to_string())] {
                assert!(is_clean(&encoded), "{encoded}");
                assert!(!is_obeyed(&encoded), "{encoded}");
            }
            assert!(!is_obeyed(&excerpt_line(&payload.replace('\n', " "))), "{payload:?}");
            let read: String =
                serde_json::from_str(&json(&serde_json::json!(&payload).to_string())).expect("JSON");
            assert_eq!(read, payload);
        }
    }

    #[test]
    fn markdown_is_one_code_span_for_any_text() {
        assert_eq!(markdown("a`b"), "``a`b``");
        assert_eq!(markdown("`a"), "`` `a ``");
        assert_eq!(markdown("a|b"), "`a`&#124;`b`");
        assert_eq!(markdown(""), "` `");
        assert_eq!(command_property("a:b,c%\n"), "a%3Ab%2Cc%25\\n");
        assert_eq!(path("agreements/а b.yaml"), "agreements/%D0%B0%20b.yaml");
    }

    #[test]
    fn what_is_unseen_is_named() {
        assert_eq!(terminal("a\u{1b}[2Jb\nc\u{202e}"), "a\\u{1b}[2Jb\\nc\\u{202e}");
    }

    #[test]
    fn ordinary_texts_stay_as_they_are() {
        for text in [
            "ООО «Северный ветер»",
            "и\u{306}",
            "a\u{a0}b",
            "日本",
            "50 %",
            "a: b",
            "# [x]",
            "Person::3",
            "Услуги::Почта",
            "[::1]:2526",
            "::1",
            "::Почта",
            "a :: b",
            "std::vec::Vec",
            ":::",
            "## x [y]",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "👩\u{200d}💻 ❤\u{fe0f}",
        ] {
            assert_eq!(terminal(text), text);
            assert_eq!(markdown(text), format!("`{text}`"));
            assert_eq!(html(text), text);
            assert_eq!(command(text), text.replace('%', "%25"));
        }
    }

    #[test]
    fn what_a_runner_would_obey_is_encoded_by_each_sink_and_only_there() {
        for (text, shown) in [
            ("::error::x", ":\\u{3a}error::x"),
            ("a ::set-output name=x::y", "a :\\u{3a}set-output name=x::y"),
            ("a\u{a0}::add-mask::y", "a\u{a0}:\\u{3a}add-mask::y"),
        ] {
            assert_eq!(terminal(text), shown);
            assert_eq!(markdown(text), format!("`{text}`"), "a code span begins with a backtick");
            assert_eq!(command(text), text, "the runner reads the text of a command once");
            assert_eq!(html(text), text.replacen("::", "&#58;:", 1));
            assert_eq!(excerpt(text), text, "an excerpt has the number of its line before it");
            assert_eq!(excerpt_line(text), text.replacen("::", ":\u{fffd}", 1));
        }
        for mark in ["##[error]x", "##vso[task.setvariable variable=a]b", "a ###teamcity[x]"] {
            let at = mark.rfind('#').expect("a mark");
            let shown = format!("{}\\u{{23}}{}", &mark[..at], &mark[at + 1..]);
            assert_eq!(terminal(mark), shown);
            assert_eq!(command(mark), shown);
            assert!(!is_obeyed(&excerpt(mark)) && !is_obeyed(&json(mark)), "{mark}");
        }
    }

    #[test]
    fn an_excerpt_keeps_its_columns() {
        for text in HOSTILE {
            assert_eq!(excerpt(text).chars().count(), text.chars().count());
        }
        assert_eq!(excerpt("a\u{1b}b\tc\n"), "a␛b\tc\n");
    }

    #[test]
    fn no_runner_obeys_a_cell_or_a_line_of_a_calendar() {
        for text in HOSTILE.iter().copied().chain(["x::error file=a::b", "##vso[task.setvariable]z"]) {
            for written in [super::cell(text), format!("SUMMARY:{}", super::folded_text(text))] {
                assert!(!is_obeyed(&written), "{written}");
            }
            assert!(!super::folded_text(text).contains("::"), "a line may be folded before it");
        }
    }
}
