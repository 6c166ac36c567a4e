//! The cells of a table, each with its position.

use std::ops::Range;

use crate::diagnostic::{Code, Diagnostic, FileId, Span};
use crate::document::span;

/// A cell: its text, and its position.
pub(super) struct TableCell {
    pub(super) text: String,
    pub(super) span: Span,
}

/// Reads the cells of each row, up to the first row that is not CSV.
pub(super) fn cells(text: &str, file: FileId) -> (Vec<Vec<TableCell>>, Option<Diagnostic>) {
    let mut begin = 0;
    let first = text.lines().next().unwrap_or_default();
    let count = |mark: &u8| first.bytes().filter(|byte| byte == mark).count();
    // Of marks that come equally often the last counts, which is the comma.
    let mut delimiter = [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',');
    // Some spreadsheets write the separator into a line of its own.
    if let Some([mark]) = first.strip_prefix("sep=").map(str::as_bytes) {
        delimiter = *mark;
        begin = text.find('\n').map_or(first.len(), |newline| newline + 1);
    }
    let body = &text[begin..];
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(body.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut rows = Vec::new();
    loop {
        let start = usize::try_from(reader.position().byte()).unwrap_or(body.len());
        match reader.read_record(&mut record) {
            Ok(false) => return (rows, None),
            Ok(true) => {
                let end = usize::try_from(reader.position().byte()).unwrap_or(body.len());
                let spans = spans(&body[start..end], char::from(delimiter), begin + start);
                let cell = |(text, range): (&str, Range<usize>)| TableCell {
                    text: text.trim().to_owned(),
                    span: span(file, range.start, range.end),
                };
                rows.push(record.iter().zip(spans).map(cell).collect());
            }
            Err(error) => {
                let place = span(file, begin + start, begin + start);
                let fault = Diagnostic::new(Code::E002, place, format!("invalid CSV: {error}"));
                return (rows, Some(fault.help("check the quotes of this row")));
            }
        }
    }
}

/// The positions of the cells of one row, without the blanks around them.
fn spans(row: &str, delimiter: char, offset: usize) -> Vec<Range<usize>> {
    // The rest of the line before belongs to no cell.
    let blank = row.len() - row.trim_start_matches(['\r', '\n']).len();
    let row_end = row.trim_end_matches(['\r', '\n']).len().max(blank);
    let mut bounds = vec![blank];
    let mut is_quoted = false;
    for (at, character) in row[blank..row_end].char_indices() {
        match character {
            '"' => is_quoted = !is_quoted,
            found if found == delimiter && !is_quoted => bounds.extend([blank + at, blank + at + 1]),
            _ => {}
        }
    }
    bounds.push(row_end);
    let trimmed = |pair: &[usize]| {
        let cell = &row[pair[0]..pair[1]];
        let start = pair[0] + cell.len() - cell.trim_start().len();
        let end = start + cell.trim().len();
        offset + start..offset + end
    };
    bounds.chunks(2).map(trimmed).collect()
}
