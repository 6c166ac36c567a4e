//! Bytes become text, or the reason why not; and text that people wrote becomes fit to be shown in a message.
//!
//! What cannot be seen in an editor or a review (a byte-order mark, control, zero-width and direction
//! characters) is a fault: a reviewer must see what the machine reads.

use crate::diagnostic::{Code, Diagnostic, FileId, Span};

/// The largest file that is read, in bytes.
pub const SIZE_LIMIT: usize = 1024 * 1024;

/// How many characters of a value a message quotes.
const QUOTE_LIMIT: usize = 60;

/// More of them in one file are not told one by one.
const TOLD_LIMIT: usize = 20;

/// The text of a file's bytes, or what they are instead and up to which byte they are text.
pub fn decode(bytes: &[u8]) -> Result<&str, DecodeError> {
    let other = match bytes {
        [0xff, 0xfe, ..] | [b'a'..=b'z' | b'#' | b'-', 0, ..] => Some("it is UTF-16, little-endian"),
        [0xfe, 0xff, ..] | [0, b'a'..=b'z' | b'#' | b'-', ..] => Some("it is UTF-16, big-endian"),
        _ => None,
    };
    match (other, std::str::from_utf8(bytes)) {
        (Some(found), _) => Err(DecodeError { valid: 0, found }),
        (None, Ok(text)) => Ok(text),
        (None, Err(error)) => {
            Err(DecodeError { valid: error.valid_up_to(), found: "a byte here is not UTF-8" })
        }
    }
}

/// Why bytes are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// How many bytes are text before the fault.
    pub valid: usize,
    found: &'static str,
}

impl DecodeError {
    /// The fault, for a file that was taken in with the text before it.
    pub fn diagnostic(self, file: FileId) -> Diagnostic {
        let at = u32::try_from(self.valid).unwrap_or(u32::MAX);
        let span = Span { file, start: at, end: at };
        Diagnostic::new(Code::E001, span, format!("the file is not UTF-8 text: {}", self.found))
            .help("save it as UTF-8 without a byte-order mark; most editors ask in \"Save as\"")
    }
}

/// Finds every character that cannot be seen, up to a limit.
pub(super) fn invisible(file: FileId, text: &str) -> Vec<Diagnostic> {
    // Nearly every file passes by this one look at each byte.
    if !text.bytes().any(|byte| SUSPECT[byte as usize]) {
        return Vec::new();
    }
    let mut characters = text.char_indices().peekable();
    let mut found = Vec::new();
    while let Some((at, character)) = characters.next() {
        let lone_return = character == '\r' && characters.peek().is_none_or(|(_, next)| *next != '\n');
        if (lone_return || is_invisible(character)) && found.len() < TOLD_LIMIT {
            found.push(diagnostic(file, at, character));
        }
    }
    found
}

fn diagnostic(file: FileId, at: usize, character: char) -> Diagnostic {
    let span = span(file, at, at + character.len_utf8());
    let code_point = u32::from(character);
    let (what, help) = match character {
        '\u{feff}' if at == 0 => ("a byte-order mark", "save the file as UTF-8 without a byte-order mark"),
        '\r' => ("a carriage return without a line feed", "end lines with a line feed"),
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            ("a character that turns the direction of text", "delete it; what is shown must be what is read")
        }
        '\0'..='\u{9f}' => ("a control character", "delete it"),
        _ => ("a character without a width", "delete it; copied text often brings it along"),
    };
    Diagnostic::new(Code::E007, span, format!("here stands {what} (U+{code_point:04X})")).help(help)
}

/// A run of bytes of a file.
pub(super) fn span(file: FileId, start: usize, end: usize) -> Span {
    let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span { file, start: narrow(start), end: narrow(end) }
}

/// Whether a character is not to be seen, or turns what is.
pub(super) fn is_invisible(character: char) -> bool {
    matches!(character,
        '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Bytes with which an invisible character can begin.
const SUSPECT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte, 0..=0x8 | 0xb..=0x1f | 0x7f | 0xc2 | 0xd8 | 0xe1 | 0xe2 | 0xef | 0xf3);
        byte += 1;
    }
    table
};

/// Text from a file as a message may quote it: short, in backquotes, with nothing in it that a terminal obeys.
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
    fn what_is_not_utf_8_is_named() {
        assert_eq!(decode("тема: x\n".as_bytes()), Ok("тема: x\n"));
        assert_eq!(decode(b"title: \xd2\xe5\xec\xe0").map_err(|fault| fault.valid), Err(7));
        let utf16: Vec<u8> = "client: a".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "");
        let fault = decode(&utf16).expect_err("not UTF-8").diagnostic(file);
        assert!(fault.message.contains("UTF-16"), "{}", fault.message);
    }

    #[test]
    fn what_cannot_be_seen_is_found_and_what_can_is_not() {
        let mut sources = Sources::default();
        for (text, found) in [
            ("a: b\n", 0),
            ("a: b\r\nc: d\r\n", 0),
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
    fn no_invisible_character_slips_past_the_first_look() {
        for character in
            (0..=0x0010_ffff_u32).filter_map(char::from_u32).filter(|character| is_invisible(*character))
        {
            let mut buffer = [0; 4];
            let first = character.encode_utf8(&mut buffer).as_bytes()[0];
            assert!(super::SUSPECT[first as usize], "U+{:04X}", u32::from(character));
        }
    }

    #[test]
    fn a_message_never_carries_what_a_terminal_obeys() {
        assert_eq!(quoted("a\u{1b}[31mb\n\u{202e}"), "`a\\u{1b}[31mb\\n\\u{202e}`");
        assert_eq!(quoted(&"x".repeat(500)).chars().count(), 63);
    }
}
