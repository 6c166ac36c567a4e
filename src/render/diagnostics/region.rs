//! The region of a diagnostic for other programs: lines and columns from 1, columns in UTF-16 units, with an exclusive end.

use crate::diagnostic::{Sources, Span};

/// A region of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
}

impl Region {
    pub(super) fn of(span: Span, sources: &Sources) -> Self {
        let (line, column) = at(span.start, sources.text(span.file));
        let (end_line, end_column) = at(span.end.max(span.start), sources.text(span.file));
        Self { line, column, end_line, end_column }
    }
}

fn at(offset: u32, text: &str) -> (usize, usize) {
    let before = text.get(..offset as usize).unwrap_or(text);
    let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before[begin..].encode_utf16().count() + 1)
}
