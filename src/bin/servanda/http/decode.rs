//! Decodes what servers and proxies write in escapes: percent-encoding, the escapes of JSON and HTML, Base64 and
//! hexadecimal digits. Each decoded byte knows its place in the original.

use std::borrow::Cow;
use std::ops::Range;

/// The number of layers of escapes that are decoded, one within the other.
const LAYERS: usize = 6;

/// The length from which a line of Base64 may go on in the next line.
const WRAPPED: usize = 60;
/// The smallest number of hexadecimal digits that are read as bytes.
const HEX_DIGITS: usize = 12;

/// The names of the HTML entities for signs of ASCII.
const ENTITIES: [(&str, u8); 43] = [
    ("Tab", b'\t'),
    ("NewLine", b'\n'),
    ("nbsp", b' '),
    ("excl", b'!'),
    ("quot", b'"'),
    ("QUOT", b'"'),
    ("num", b'#'),
    ("dollar", b'$'),
    ("percnt", b'%'),
    ("amp", b'&'),
    ("AMP", b'&'),
    ("apos", b'\''),
    ("lpar", b'('),
    ("rpar", b')'),
    ("ast", b'*'),
    ("midast", b'*'),
    ("plus", b'+'),
    ("comma", b','),
    ("hyphen", b'-'),
    ("period", b'.'),
    ("sol", b'/'),
    ("colon", b':'),
    ("semi", b';'),
    ("lt", b'<'),
    ("LT", b'<'),
    ("equals", b'='),
    ("gt", b'>'),
    ("GT", b'>'),
    ("quest", b'?'),
    ("commat", b'@'),
    ("lsqb", b'['),
    ("lbrack", b'['),
    ("bsol", b'\\'),
    ("rsqb", b']'),
    ("rbrack", b']'),
    ("Hat", b'^'),
    ("lowbar", b'_'),
    ("grave", b'`'),
    ("lcub", b'{'),
    ("lbrace", b'{'),
    ("vert", b'|'),
    ("rcub", b'}'),
    ("rbrace", b'}'),
];

/// A text whose escapes are decoded layer by layer.
pub(super) struct Decoded<'a> {
    bytes: Cow<'a, [u8]>,
    /// The place of each byte in the original, and of the end; `None` while nothing was decoded.
    places: Option<Vec<u32>>,
}

impl<'a> Decoded<'a> {
    /// A text as it is. Texts of more than 4 GiB are cut.
    pub(super) fn new(text: &'a [u8]) -> Self {
        let length = text.len().min(u32::MAX as usize);
        Self { bytes: Cow::Borrowed(&text[..length]), places: None }
    }

    /// The text as far as it is decoded.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The part of the original from which a part of the text was decoded.
    pub(super) fn original(&self, part: Range<usize>) -> Range<usize> {
        let place = |at: usize| self.places.as_ref().map_or(at, |places| places[at] as usize);
        place(part.start)..place(part.end)
    }

    /// Decodes one layer. Returns false if there is no escape.
    pub(super) fn peel(&mut self) -> bool {
        let mut starts = memchr::memchr3_iter(b'%', b'\\', b'&', &self.bytes);
        if !starts.any(|at| escape(&self.bytes[at..]).is_some()) {
            return false;
        }
        let length = self.bytes.len();
        let end = u32::try_from(length).unwrap_or(u32::MAX);
        let places = self.places.get_or_insert_with(|| (0..=end).collect());
        let bytes = self.bytes.to_mut();
        // An escape is never shorter than what it stands for.
        let (mut read, mut written) = (0, 0);
        while read < length {
            let place = places[read];
            let (consumed, sign) = escape(&bytes[read..]).unwrap_or((1, Sign::byte(bytes[read])));
            for byte in sign.bytes() {
                (bytes[written], places[written]) = (*byte, place);
                written += 1;
            }
            read += consumed;
        }
        places[written] = places[length];
        bytes.truncate(written);
        places.truncate(written + 1);
        true
    }

    /// The ranges that may be Base64 or hexadecimal digits of at least this length. Long lines may be wrapped.
    pub(super) fn runs(&self, shortest: usize) -> impl Iterator<Item = Range<usize>> {
        let bytes = &self.bytes;
        let mut at = 0;
        std::iter::from_fn(move || {
            loop {
                let start = at + bytes[at..].iter().position(|byte| sextet(*byte).is_some())?;
                let mut line = start;
                at = start;
                while let Some(byte) = bytes.get(at) {
                    match byte {
                        b'\r' | b'\n' if at - line >= WRAPPED => line = at + 1,
                        b'\r' | b'\n' if at == line && line > start => line = at + 1,
                        b'=' => {}
                        _ if sextet(*byte).is_some() => {}
                        _ => break,
                    }
                    at += 1;
                }
                if at - start >= shortest {
                    return Some(start..at);
                }
            }
        })
    }
}

/// Decodes all layers of a text.
pub(super) fn fully(text: &[u8]) -> Vec<u8> {
    each_layer(text, |_| {}).bytes.into_owned()
}

/// Passes each layer of a text on, the original first, and returns the innermost.
pub(super) fn each_layer<'a>(text: &'a [u8], mut take: impl FnMut(&Decoded<'a>)) -> Decoded<'a> {
    let mut decoded = Decoded::new(text);
    take(&decoded);
    for _ in 0..LAYERS {
        if !decoded.peel() {
            break;
        }
        take(&decoded);
    }
    decoded
}

/// All readings of a run: as Base64 from each offset, and its hexadecimal digits from each offset.
pub(super) fn unpacked(run: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let base64: Vec<u8> = run.iter().filter_map(|byte| sextet(*byte)).collect();
    let base64 = (0..4.min(base64.len())).map(move |skipped| joined(&base64[skipped..], 6));
    let hex = run.split(|byte| !byte.is_ascii_hexdigit()).filter(|digits| digits.len() >= HEX_DIGITS);
    let hex = hex.flat_map(|digits| {
        let nibbles: Vec<u8> = digits.iter().filter_map(|byte| nibble(*byte)).collect();
        (0..2).map(move |skipped| joined(&nibbles[skipped..], 4))
    });
    base64.chain(hex)
}

/// Joins groups of bits to bytes; the bits that are left over at the end are dropped.
fn joined(groups: &[u8], width: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(groups.len());
    let (mut bits, mut count) = (0_u32, 0);
    for group in groups {
        bits = (bits << width) | u32::from(*group);
        count += width;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count).to_le_bytes()[0]);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

/// The value of a sign of Base64, in either alphabet.
fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The UTF-8 of one decoded sign.
struct Sign {
    bytes: [u8; 4],
    length: usize,
}

impl Sign {
    fn byte(byte: u8) -> Self {
        Self { bytes: [byte, 0, 0, 0], length: 1 }
    }

    fn of(code: u32) -> Option<Self> {
        let mut bytes = [0; 4];
        let length = char::from_u32(code)?.encode_utf8(&mut bytes).len();
        Some(Self { bytes, length })
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The length of the escape that a text begins with, and the sign that it stands for.
fn escape(text: &[u8]) -> Option<(usize, Sign)> {
    match text {
        [b'%', rest @ ..] | [b'\\', b'x', rest @ ..] => {
            let value = number(rest.get(..2)?, 16)?;
            Some((text.len() - rest.len() + 2, Sign::byte(value.to_le_bytes()[0])))
        }
        [b'\\', b'u', b'{', rest @ ..] => {
            let length = rest.iter().take(7).position(|byte| *byte == b'}')?;
            Some((length + 4, Sign::of(number(&rest[..length], 16)?)?))
        }
        [b'\\', b'u', rest @ ..] => {
            let unit = number(rest.get(..4)?, 16)?;
            if let 0xD800..=0xDBFF = unit
                && let [b'\\', b'u', low @ ..] = &rest[4..]
                && let low @ 0xDC00..=0xDFFF = number(low.get(..4)?, 16)?
            {
                return Some((12, Sign::of(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))?));
            }
            Some((6, Sign::of(unit)?))
        }
        [b'\\', sign, ..] => {
            let byte = match sign {
                b'"' | b'\'' | b'\\' | b'/' => *sign,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'b' => 8,
                b'f' => 12,
                _ => return None,
            };
            Some((2, Sign::byte(byte)))
        }
        [b'&', b'#', b'x' | b'X', rest @ ..] => numeric_entity(rest, 3, 16),
        [b'&', b'#', rest @ ..] => numeric_entity(rest, 2, 10),
        [b'&', rest @ ..] => {
            let length = rest.iter().take(8).position(|byte| *byte == b';')?;
            let name = &rest[..length];
            let (_, byte) = ENTITIES.iter().find(|(known, _)| known.as_bytes() == name)?;
            Some((length + 2, Sign::byte(*byte)))
        }
        _ => None,
    }
}

/// An entity by its number; browsers accept it without the semicolon and with zeros before it.
fn numeric_entity(digits: &[u8], before: usize, radix: u32) -> Option<(usize, Sign)> {
    let is_digit = |byte: &u8| char::from(*byte).is_digit(radix);
    let length = digits.iter().take(12).position(|byte| !is_digit(byte)).unwrap_or(digits.len().min(12));
    let sign = Sign::of(number(&digits[..length], radix)?)?;
    let semicolon = usize::from(digits.get(length) == Some(&b';'));
    // One digit without a semicolon may be shorter than the sign that it stands for.
    (before + length + semicolon >= sign.length).then_some((before + length + semicolon, sign))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let is_plain = digits.iter().all(|byte| char::from(*byte).is_digit(radix));
    is_plain.then(|| u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()).flatten()
}

/// Decodes percent-encoding alone, as it stands in addresses.
pub(crate) fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let value = (*first == b'%').then(|| number(after.get(..2)?, 16)).flatten();
        bytes.push(value.map_or(*first, |value| value.to_le_bytes()[0]));
        rest = value.map_or(after, |_| &after[2..]);
    }
    bytes
}
