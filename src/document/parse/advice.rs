//! What to do about a text that cannot be read: the faults that people make most, in words for them.

use granit_parser::{ErrorKind, ScanError};

use super::super::scalar::Ambiguous;
use super::super::text::is_invisible;
use super::super::tree::NodeValue;

/// The value of a number that was not written plainly, and how to write it.
pub(super) fn quoted_or_plain(text: &str, plain: Ambiguous) -> (NodeValue, String) {
    let quoted = match text.len() {
        0..=40 => format!("write '{text}' in quotes if it is a text"),
        _ => "write it in quotes if it is a text".to_owned(),
    };
    match plain {
        Ambiguous::Integer(number) => {
            (NodeValue::Integer(number), format!("{quoted}, or {number} if it is a number"))
        }
        Ambiguous::Float(number) => {
            (NodeValue::Float(number), format!("{quoted}, or {number} if it is a number"))
        }
        Ambiguous::Unfit => (NodeValue::Text(text.into()), quoted),
    }
}

/// What the parser found, and what to do about it.
pub(super) fn explain(error: &ScanError, rest: &str) -> (String, Option<&'static str>) {
    let first = rest.chars().next();
    let help = match error.kind() {
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
            Some("indent with spaces")
        }
        ErrorKind::DirectiveDisallowed => Some("delete the line that begins with a percent sign"),
        ErrorKind::MappingValueNotAllowed => Some("put a text with a colon and a space in it into quotes"),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => Some("close the quotes"),
        ErrorKind::UnclosedFlowCollection { .. } => Some("close the bracket or brace"),
        ErrorKind::InvalidIndentation => Some("indent the keys of one map alike"),
        ErrorKind::UnexpectedCharacter { .. } => {
            Some("put a text that begins with this character into quotes")
        }
        ErrorKind::UnknownQuotedScalarEscape => Some("use single quotes where a backslash is meant"),
        _ if first == Some('\t') => Some("indent with spaces"),
        _ => None,
    };
    // The parser's own sentence ends with a place, which the diagnostic has already.
    let sentence = error.info();
    let sentence: String =
        sentence.chars().map(|character| if is_invisible(character) { ' ' } else { character }).collect();
    (format!("this is not YAML: {sentence}"), help)
}
