//! Lays lines out on a terminal: each becomes rows that fit the width.
//!
//! Every piece is encoded before it is laid out, so that the result is safe to print. Widths are columns of a terminal,
//! not characters.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::render::encode;
use crate::render::line::{Line, LinePiece, PieceKind};
use crate::render::style::{Paint, Tone};

/// One row of a terminal, encoded.
#[derive(Clone, Debug, Default)]
struct TerminalRow(Vec<(Tone, String)>);

impl TerminalRow {
    /// A whole line as one row of any width.
    fn of(line: &Line) -> Self {
        Self(line.pieces().iter().map(|piece| (piece.tone, encoded(piece))).collect())
    }

    fn text(mut self, text: String) -> Self {
        if !text.is_empty() {
            self.0.push((Tone::Plain, text));
        }
        self
    }

    fn join(mut self, other: TerminalRow) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The width in columns.
    fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.width()).sum()
    }

    /// Breaks into rows of at most `first` columns, then of at most `rest`: at spaces, and within words only if a word
    /// is wider than a row.
    fn broken(&self, first: usize, rest: usize) -> Vec<TerminalRow> {
        let letters: Vec<(char, Tone)> =
            self.0.iter().flat_map(|(tone, text)| text.chars().map(|letter| (letter, *tone))).collect();
        let mut rows = Vec::new();
        let mut from = 0;
        while from < letters.len() {
            let width = if rows.is_empty() { first } else { rest }.max(1);
            let fitting = from + fitting(&letters[from..], width);
            let (to, next) =
                if fitting == letters.len() { (fitting, fitting) } else { cut(&letters, from, fitting) };
            rows.push(TerminalRow::of_letters(&letters[from..to]).guarded());
            from = next;
        }
        if rows.is_empty() {
            rows.push(TerminalRow::default());
        }
        rows
    }

    fn of_letters(letters: &[(char, Tone)]) -> Self {
        let mut pieces: Vec<(Tone, String)> = Vec::new();
        for (letter, tone) in letters {
            match pieces.last_mut() {
                Some((last, text)) if last == tone => text.push(*letter),
                _ => pieces.push((*tone, letter.to_string())),
            }
        }
        Self(pieces)
    }

    /// The row without what the runner of a CI would obey: a cut within a word may put `::` at its begin.
    fn guarded(mut self) -> Self {
        let begin = self.0.iter_mut().find(|(_, text)| !text.trim_start().is_empty());
        if let Some((_, text)) = begin
            && let Some(at) = text.find("::")
            && text[..at].trim_start().is_empty()
        {
            *text = encode::terminal(text).into_owned();
        }
        self
    }

    fn write(&self, colour: bool, into: &mut String) {
        for (tone, text) in &self.0 {
            let style = tone.style();
            if colour && style != anstyle::Style::new() {
                write!(into, "{style}{text}{style:#}").expect("a string takes all that is written");
            } else {
                into.push_str(text);
            }
        }
    }
}

/// Encodes a piece for a terminal.
fn encoded(piece: &LinePiece) -> String {
    let text = encode::terminal(&piece.text);
    match piece.kind {
        PieceKind::Own | PieceKind::Foreign => text.into_owned(),
        PieceKind::Quoted => format!("“{text}”"),
        PieceKind::Code => format!("`{text}`"),
        PieceKind::Deleted => format!("[-{text}-]"),
        PieceKind::Inserted => format!("{{+{text}+}}"),
    }
}

/// The number of letters that fit into `width` columns, at least one.
fn fitting(letters: &[(char, Tone)], width: usize) -> usize {
    let mut taken = 0;
    let too_wide = letters.iter().position(|(letter, _)| {
        taken += letter.width().unwrap_or(0);
        taken > width
    });
    too_wide.map_or(letters.len(), |index| index.max(1))
}

/// The end of a row and the begin of the next: around the last space that follows a word.
fn cut(letters: &[(char, Tone)], from: usize, fitting: usize) -> (usize, usize) {
    let is_space = |index: usize| letters[index].0 == ' ';
    let Some(space) = (from..=fitting).rev().find(|index| is_space(*index)) else {
        return (fitting, fitting);
    };
    let end = (from..space).rev().find(|index| !is_space(*index));
    let Some(end) = end else {
        return (fitting, fitting);
    };
    let next = (space..letters.len()).find(|index| !is_space(*index));
    (end + 1, next.unwrap_or(letters.len()))
}

/// A text for a terminal, line by line.
#[derive(Debug)]
pub(super) struct TerminalPage {
    paint: Paint,
    text: String,
}

impl TerminalPage {
    /// An empty page.
    pub(super) fn new(paint: Paint) -> Self {
        Self { paint, text: String::new() }
    }

    /// Writes a line that begins at column `indent`; its following rows begin at column `hang`.
    pub(super) fn line(&mut self, indent: usize, hang: usize, line: &Line) {
        let columns = self.paint.columns();
        let rows = TerminalRow::of(line).broken(columns.saturating_sub(indent), columns.saturating_sub(hang));
        for (index, row) in rows.iter().enumerate() {
            let blanks = if index == 0 { indent } else { hang };
            self.row(blanks, row);
        }
    }

    /// Writes an empty line, unless the page or its last line is empty.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Writes a table. Columns are as wide as their content; if that is too wide for the page, the widest are broken.
    pub(super) fn table(&mut self, indent: usize, table: &TerminalTable) {
        let rows: Vec<Vec<TerminalRow>> =
            table.rows.iter().map(|cells| cells.iter().map(TerminalRow::of).collect()).collect();
        let widths = table.widths(&rows, self.paint.columns().saturating_sub(indent));
        for cells in &rows {
            let broken: Vec<Vec<TerminalRow>> =
                cells.iter().zip(&widths).map(|(cell, width)| cell.broken(*width, *width)).collect();
            let height = broken.iter().map(Vec::len).max().unwrap_or(0);
            for level in 0..height {
                let mut row = TerminalRow::default();
                for (column, cell) in broken.iter().enumerate() {
                    let wanted: usize = widths[..column].iter().sum::<usize>() + column * TerminalTable::GAP;
                    let content = cell.get(level).cloned().unwrap_or_default();
                    let lead = if table.right.contains(&column) {
                        widths[column].saturating_sub(content.width())
                    } else {
                        0
                    };
                    if content.width() > 0 {
                        let blanks = (wanted + lead).saturating_sub(row.width());
                        row = row.text(" ".repeat(blanks)).join(content);
                    }
                }
                self.row(indent, &row);
            }
        }
    }

    fn row(&mut self, blanks: usize, row: &TerminalRow) {
        if row.width() > 0 {
            self.text.push_str(&" ".repeat(blanks));
            row.write(self.paint.colour, &mut self.text);
        }
        self.text.push('\n');
    }

    /// The text, each line with its end.
    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// A table on a terminal.
#[derive(Clone, Debug, Default)]
pub(super) struct TerminalTable {
    /// The rows, of equal length.
    pub(super) rows: Vec<Vec<Line>>,
    /// The right-aligned columns.
    pub(super) right: Vec<usize>,
    /// The columns that are broken last, for ids and dates.
    pub(super) firm: Vec<usize>,
}

impl TerminalTable {
    /// The space between two cells, in columns.
    const GAP: usize = 2;

    /// The smallest width of a broken column.
    const NARROWEST: usize = 10;

    fn widths(&self, rows: &[Vec<TerminalRow>], columns: usize) -> Vec<usize> {
        let count = rows.first().map_or(0, Vec::len);
        let natural = |column: usize| rows.iter().map(move |cells| cells[column].width()).max();
        let mut widths: Vec<usize> = (0..count).map(|column| natural(column).unwrap_or(0)).collect();
        let room = columns.saturating_sub(count.saturating_sub(1) * Self::GAP);
        for is_last_resort in [false, true] {
            while widths.iter().sum::<usize>() > room {
                let breakable = widths
                    .iter_mut()
                    .enumerate()
                    .filter(|(column, _)| is_last_resort || !self.firm.contains(column))
                    .map(|(_, width)| width);
                match breakable.max() {
                    Some(width) if *width > Self::NARROWEST => *width -= 1,
                    _ => break,
                }
            }
        }
        widths
    }
}

#[cfg(test)]
impl std::fmt::Display for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.pieces().iter().try_for_each(|piece| formatter.write_str(&encoded(piece)))
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::{TerminalPage, TerminalTable};
    use crate::render::encode::corpus::{HOSTILE, is_clean};
    use crate::render::line::Line;
    use crate::render::style::{Paint, Tone};

    fn page(width: usize, line: &Line) -> String {
        let mut page = TerminalPage::new(Paint::PLAIN.wide(width));
        page.line(2, 4, line);
        page.finish()
    }

    #[test]
    fn lines_break_at_spaces_and_hang() {
        let line = Line::of("Электронная почта и рабочие места для ООО «Северный ветер» и партнёров");
        assert_eq!(
            page(40, &line),
            "  Электронная почта и рабочие места для\n    ООО «Северный ветер» и партнёров\n"
        );
    }

    #[test]
    fn no_row_is_wider_than_the_page() {
        let long = "слово".repeat(40);
        let texts = ["日本語の長い題名".repeat(9), long, "a b ".repeat(60), "  ".repeat(50)];
        for text in texts.iter().map(String::as_str).chain(HOSTILE.iter().copied()) {
            for width in [40, 80, 100] {
                let text = page(width, &Line::new().toned(Tone::Gain, text).text(" x"));
                assert!(text.lines().all(|row| row.width() <= width), "{text}");
                assert!(is_clean(&text));
            }
        }
    }

    #[test]
    fn colour_is_off_unless_asked_for_and_ends_where_it_began() {
        let line = Line::new().toned(Tone::Gain, "+").text(" x");
        assert_eq!(page(80, &line), "  + x\n");
        let mut coloured = TerminalPage::new(Paint::COLOURED);
        coloured.line(0, 0, &line);
        assert_eq!(coloured.finish(), "\u{1b}[32m+\u{1b}[0m x\n");
    }

    #[test]
    fn columns_of_a_table_line_up() {
        let row = |left: &str, right: &str| vec![Line::of(left), Line::of(right), Line::of("z")];
        let table = TerminalTable {
            rows: vec![row("сервис", "7"), row("日本", "120")],
            right: vec![1],
            ..TerminalTable::default()
        };
        let mut page = TerminalPage::new(Paint::PLAIN);
        page.table(0, &table);
        assert_eq!(page.finish(), "сервис    7  z\n日本    120  z\n");
    }

    #[test]
    fn a_wide_table_breaks_its_widest_column() {
        let table = TerminalTable {
            rows: vec![vec![Line::of("id"), Line::of(&"слово ".repeat(20)), Line::of("конец")]],
            ..TerminalTable::default()
        };
        let mut page = TerminalPage::new(Paint::PLAIN.wide(50));
        page.table(2, &table);
        let text = page.finish();
        assert!(text.lines().all(|row| row.width() <= 50), "{text}");
        assert_eq!(text.lines().filter(|row| row.contains("конец")).count(), 1);
    }
}
