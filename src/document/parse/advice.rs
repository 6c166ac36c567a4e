//! Explains parser errors: the most common mistakes, each with the way to fix it.

use granit_parser::{ErrorKind, ScanError};

use crate::document::kind::DocumentKind;
use crate::document::scalar::AmbiguousNumber;
use crate::document::text::is_invisible;
use crate::document::tree::NodeValue;
use crate::ident::is_slug;

/// The value of an ambiguous number, and the two ways to write it.
pub(super) fn quoted_or_plain(text: &str, plain: AmbiguousNumber) -> (NodeValue, String) {
    let quoted = match text.len() {
        0..=40 => format!("write '{text}' in quotes if it is a text"),
        _ => "write it in quotes if it is a text".to_owned(),
    };
    match plain {
        AmbiguousNumber::Integer(number) => {
            (NodeValue::Integer(number), format!("{quoted}, or {number} if it is a number"))
        }
        AmbiguousNumber::Float(number) => {
            (NodeValue::Float(number), format!("{quoted}, or {number} if it is a number"))
        }
        AmbiguousNumber::Unfit => (NodeValue::Text(text.into()), quoted),
    }
}

/// The help about anchors, aliases and merge keys.
pub(super) const fn instead_of_anchors(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Agreement | DocumentKind::Template => {
            "write the value in each place, or move what is shared into a template and name it under `extends`"
        }
        DocumentKind::Catalog | DocumentKind::Settings | DocumentKind::Calendar => {
            "write the value in each place"
        }
    }
}

/// Whether the text after a key is a comment in place of a value, such as `: #17`.
pub(super) fn is_comment(after: &str) -> bool {
    let after = after.trim_start_matches(['"', '\'']);
    let value = after.strip_prefix(':').map(|value| value.trim_start_matches([' ', '\t']));
    value.and_then(|value| value.strip_prefix('#')).is_some_and(|rest| !rest.starts_with(char::is_whitespace))
}

/// The help about tabs.
pub(super) const TABS: &str = "indent with spaces";

/// Whether a text ends in a key that is indented deeper than a line above it which has a value already.
fn is_indented_key(text: &str) -> bool {
    let mut lines = text.lines().rev().filter(|line| !line.trim().is_empty());
    let (Some(line), Some(above)) = (lines.next(), lines.next()) else {
        return false;
    };
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_key = line.trim().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_key && indent(line) > indent(above) && above.contains(": ")
}

/// Whether the line with the second colon of a text has a key before each of them, as `services: vpn: true`.
fn has_second_key(before: &str) -> bool {
    let line = before.lines().last().unwrap_or_default();
    let mut parts = line.trim().trim_start_matches("- ").splitn(2, ": ");
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    [first, second.trim_end_matches([':', ' '])].into_iter().all(is_slug)
}

/// The message of a parser error after the text before it, and the help for it where there is one.
pub(super) fn explain(error: &ScanError, before: &str, rest: &str) -> (String, Option<&'static str>) {
    let first = rest.chars().next();
    let help = match error.kind() {
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
            Some(TABS)
        }
        ErrorKind::DirectiveDisallowed => Some("delete the line that begins with a percent sign"),
        ErrorKind::MappingValueNotAllowed if is_indented_key(before) => {
            Some("indent the key as the line above it")
        }
        ErrorKind::MappingValueNotAllowed if has_second_key(before) => Some(
            "indent the second key on a line of its own, or write braces, as in `services: { vpn: true }`; put a text in quotes",
        ),
        ErrorKind::MappingValueNotAllowed => {
            Some("put the text in quotes, since it contains a colon followed by a space")
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => Some("close the quotes"),
        ErrorKind::UnclosedFlowCollection { .. } => Some("close the bracket or brace"),
        ErrorKind::InvalidIndentation => Some("indent all keys of a map equally"),
        ErrorKind::UnexpectedCharacter { .. } => {
            Some("put the text in quotes, since it begins with this character")
        }
        ErrorKind::UnknownQuotedScalarEscape => Some("use single quotes around a text with a backslash"),
        _ if first == Some('\t') => Some(TABS),
        _ => None,
    };
    // The full display of the error repeats the position, which the diagnostic already has.
    let sentence = error.info();
    let sentence: String =
        sentence.chars().map(|character| if is_invisible(character) { ' ' } else { character }).collect();
    (format!("invalid YAML: {sentence}"), help)
}
