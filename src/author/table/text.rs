//! The bytes of a table become its text: spreadsheets write UTF-8 with a mark, UTF-16, or the encoding of their language.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1251, WINDOWS_1252};

use crate::document::decode;

/// The text of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableText {
    /// The text, without a byte-order mark.
    pub text: String,
    /// The encoding, where it is not UTF-8.
    pub encoding: Option<&'static str>,
}

/// The reason why bytes are not the text of a table, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotATable {
    /// The message.
    pub message: &'static str,
    /// The help.
    pub help: &'static str,
}

const AS_UTF_8: &str = "in Excel, choose “Save as” and “CSV UTF-8”";

/// Decodes a table. Without a byte-order mark, what is not UTF-8 is Windows-1251 if that makes Cyrillic words of it, else
/// Windows-1252.
pub fn table_text(bytes: &[u8]) -> Result<TableText, NotATable> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(NotATable {
            message: "the file is a workbook of a spreadsheet, not CSV",
            help: AS_UTF_8,
        });
    }
    let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let marked = marked.filter(|encoding| [UTF_16LE, UTF_16BE].contains(encoding));
    if marked.is_none()
        && let Ok(text) = decode(bytes)
    {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        return Ok(TableText { text, encoding: None });
    }
    let decoded = |encoding: &'static Encoding| {
        let (text, has_faults) = encoding.decode_with_bom_removal(bytes);
        let is_control = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t');
        let is_text = !has_faults && !text.contains(is_control);
        is_text.then(|| TableText { text: text.into_owned(), encoding: Some(encoding.name()) })
    };
    let found = match marked {
        Some(encoding) => decoded(encoding),
        None => {
            decoded(WINDOWS_1251).filter(|table| is_cyrillic(&table.text)).or_else(|| decoded(WINDOWS_1252))
        }
    };
    found.ok_or(NotATable { message: "the encoding of the file is not known", help: AS_UTF_8 })
}

/// Whether a text has more Cyrillic words than words with Cyrillic letters among others, as from another encoding.
fn is_cyrillic(text: &str) -> bool {
    let is_cyrillic = |letter: char| matches!(letter, '\u{400}'..='\u{4ff}');
    let words = text.split(|letter: char| !letter.is_alphabetic()).filter(|word| word.contains(is_cyrillic));
    let (mut whole, mut mixed) = (0, 0);
    for word in words {
        if word.chars().all(is_cyrillic) && word.chars().count() > 1 {
            whole += 1;
        } else {
            mixed += 1;
        }
    }
    whole > mixed
}

#[cfg(test)]
mod tests {
    use super::{TableText, table_text};

    fn read(bytes: &[u8]) -> Result<(String, Option<&'static str>), &'static str> {
        table_text(bytes).map(|TableText { text, encoding }| (text, encoding)).map_err(|not| not.message)
    }

    #[test]
    fn each_encoding_of_a_spreadsheet_is_read_or_named() {
        let text = "клиент;номер\r\nООО «Бета»;№ 1\r\n";
        let (russian, _, _) = encoding_rs::WINDOWS_1251.encode(text);
        let (german, _, _) = encoding_rs::WINDOWS_1252.encode("client;title\r\na;Brückner für Käse\r\n");
        let utf_16: Vec<u8> = "\u{feff}клиент".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(text.as_bytes()), Ok((text.to_owned(), None)));
        assert_eq!(read(format!("\u{feff}{text}").as_bytes()), Ok((text.to_owned(), None)));
        assert_eq!(read(&russian), Ok((text.to_owned(), Some("windows-1251"))));
        assert_eq!(
            read(&german),
            Ok(("client;title\r\na;Brückner für Käse\r\n".to_owned(), Some("windows-1252")))
        );
        assert_eq!(read(&utf_16), Ok(("клиент".to_owned(), Some("UTF-16LE"))));
        assert_eq!(read(b"PK\x03\x04\x14\0"), Err("the file is a workbook of a spreadsheet, not CSV"));
        assert_eq!(read(b"a;\xff\xfe\x01b\n"), Err("the encoding of the file is not known"));
    }
}
