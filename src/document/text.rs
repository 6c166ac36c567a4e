//! Decodes the bytes of a file, finds invisible characters in its text, and quotes text for messages.
//!
//! Characters that an editor or a review does not show (a byte-order mark, control, zero-width and direction
//! characters) are errors: a reviewer must see what the program reads.

use crate::diagnostic::{Code, Diagnostic, FileId, Span};

/// The largest number of characters of a value that a message quotes.
const QUOTE_LIMIT: usize = 60;

/// The largest number of invisible characters that are reported for one file.
const REPORT_LIMIT: usize = 20;

/// Decodes the bytes of a file as UTF-8.
pub fn decode(bytes: &[u8]) -> Result<&str, DecodeError> {
    let other = match bytes {
        [0xff, 0xfe, ..] | [b'a'..=b'z' | b'#' | b'-', 0, ..] => Some("it is UTF-16, little-endian"),
        [0xfe, 0xff, ..] | [0, b'a'..=b'z' | b'#' | b'-', ..] => Some("it is UTF-16, big-endian"),
        _ => None,
    };
    match (other, std::str::from_utf8(bytes)) {
        (Some(found), _) => Err(DecodeError { valid_up_to: 0, found }),
        (None, Ok(text)) => Ok(text),
        (None, Err(error)) => {
            Err(DecodeError { valid_up_to: error.valid_up_to(), found: "a byte here is not UTF-8" })
        }
    }
}

/// The reason why bytes are not UTF-8 text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// The number of valid bytes before the error.
    pub valid_up_to: usize,
    found: &'static str,
}

impl DecodeError {
    /// The diagnostic, at the end of the valid text of the file.
    pub fn diagnostic(self, file: FileId) -> Diagnostic {
        let at = u32::try_from(self.valid_up_to).unwrap_or(u32::MAX);
        let span = Span { file, start: at, end: at };
        Diagnostic::new(Code::E001, span, format!("the file is not UTF-8 text: {}", self.found)).help(
            "save it as UTF-8 without a byte-order mark; most editors offer the encoding under \"Save as\"",
        )
    }
}

/// Finds the invisible characters of a text, up to a limit.
pub(super) fn invisible(file: FileId, text: &str) -> Vec<Diagnostic> {
    // A scan of the bytes rules out nearly every file.
    if !text.bytes().any(|byte| SUSPECT[byte as usize]) {
        return Vec::new();
    }
    let mut characters = text.char_indices().peekable();
    let mut found = Vec::new();
    let mut before = None;
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let lone_return = character == '\r' && next != Some('\n');
        let is_hidden = is_invisible(character) && !is_joiner(before, character, next);
        if (lone_return || is_hidden) && found.len() < REPORT_LIMIT {
            found.push(diagnostic(file, at, character));
        }
        before = Some(character);
    }
    found
}

fn diagnostic(file: FileId, at: usize, character: char) -> Diagnostic {
    let span = span(file, at, at + character.len_utf8());
    let code_point = u32::from(character);
    let (what, help) = match character {
        '\u{feff}' if at == 0 => ("a byte-order mark", "save the file as UTF-8 without a byte-order mark"),
        '\r' => ("a carriage return without a line feed", "end lines with a line feed"),
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => (
            "a character that changes the direction of text",
            "delete it; a reviewer must see what the program reads",
        ),
        '\0'..='\u{9f}' => ("a control character", "delete it"),
        _ => ("a zero-width character", "delete it; it often comes with copied text"),
    };
    Diagnostic::new(Code::E007, span, format!("the text contains {what} (U+{code_point:04X})")).help(help)
}

/// The span of a range of bytes in a file.
pub(crate) fn span(file: FileId, start: usize, end: usize) -> Span {
    let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span { file, start: narrow(start), end: narrow(end) }
}

/// Whether a character is invisible or changes the direction of text.
pub(super) fn is_invisible(character: char) -> bool {
    matches!(character,
        '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character without a width shows in what its neighbours look like, as in Persian, Hindi and emoji. Elsewhere
/// it only makes two names differ that look the same.
pub(crate) fn is_joiner(before: Option<char>, character: char, after: Option<char>) -> bool {
    // Arabic to Syriac, the scripts of India, Khmer and Mongolian.
    let joins = |letter: Option<char>| {
        letter.is_some_and(|letter| {
            matches!(letter, '\u{620}'..='\u{74f}' | '\u{750}'..='\u{8ff}' | '\u{900}'..='\u{dff}'
                | '\u{1780}'..='\u{18af}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
        })
    };
    let is_picture = |letter: Option<char>| {
        letter.is_some_and(
            |letter| matches!(letter, '\u{2190}'..='\u{2bff}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}'),
        )
    };
    match character {
        '\u{200c}' => joins(before) && joins(after),
        '\u{200d}' => (joins(before) && joins(after)) || (is_picture(before) && is_picture(after)),
        '\u{fe0e}' | '\u{fe0f}' => is_picture(before),
        '\u{180b}'..='\u{180d}' | '\u{180f}' => joins(before),
        _ => false,
    }
}

/// The bytes with which an invisible character can begin.
const SUSPECT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte, 0..=0x8 | 0xb..=0x1f | 0x7f | 0xc2 | 0xd8 | 0xe1 | 0xe2 | 0xef | 0xf3);
        byte += 1;
    }
    table
};

/// Quotes text from a file for a message: shortened, in backquotes, without characters that a terminal interprets.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown = String::from("`");
    for (index, character) in text.chars().enumerate() {
        if index == QUOTE_LIMIT {
            shown.push('…');
            break;
        }
        match character {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            _ if is_invisible(character) => shown.extend(character.escape_unicode()),
            _ => shown.push(character),
        }
    }
    shown.push('`');
    shown
}

#[cfg(test)]
mod tests {
    use super::{decode, invisible, is_invisible, quoted};
    use crate::diagnostic::Sources;

    #[test]
    fn text_that_is_not_utf_8_is_named() {
        assert_eq!(decode("тема: x\n".as_bytes()), Ok("тема: x\n"));
        assert_eq!(decode(b"title: \xd2\xe5\xec\xe0").map_err(|fault| fault.valid_up_to), Err(7));
        let utf16: Vec<u8> = "client: a".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "");
        let fault = decode(&utf16).expect_err("not UTF-8").diagnostic(file);
        assert!(fault.message.contains("UTF-16"), "{}", fault.message);
    }

    #[test]
    fn invisible_characters_are_found_and_visible_ones_are_not() {
        let mut sources = Sources::default();
        for (text, found) in [
            ("a: b\n", 0),
            ("a: b\r\nc: d\r\n", 0),
            ("title: می\u{200c}خواهم 👩\u{200d}💻\n", 0),
            ("a: b\u{200d}c\n", 1),
            ("title: ООО «Ромашка» — «№ 1», 5 €, naïve 漢字 🙂\n", 0),
            ("\u{feff}a: b\n", 1),
            ("a: \u{202e}b\u{202c}\n", 2),
            ("a: b\u{200b}\n", 1),
            ("a: \u{0}b\u{1b}[31m\u{9b}\n", 3),
            ("a: b\rc: d\n", 1),
            ("\u{ad}\u{e0041}\u{2028}", 3),
        ] {
            let file = sources.add("a.yaml", text);
            assert_eq!(invisible(file, text).len(), found, "{text:?}");
        }
    }

    #[test]
    fn every_invisible_character_begins_with_a_suspect_byte() {
        for character in
            (0..=0x0010_ffff_u32).filter_map(char::from_u32).filter(|character| is_invisible(*character))
        {
            let mut buffer = [0; 4];
            let first = character.encode_utf8(&mut buffer).as_bytes()[0];
            assert!(super::SUSPECT[first as usize], "U+{:04X}", u32::from(character));
        }
    }

    #[test]
    fn a_message_never_contains_a_terminal_escape() {
        assert_eq!(quoted("a\u{1b}[31mb\n\u{202e}"), "`a\\u{1b}[31mb\\n\\u{202e}`");
        assert_eq!(quoted(&"x".repeat(500)).chars().count(), 63);
    }
}
