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

    /// The width of the longest word that is never broken.
    fn longest_name(&self) -> usize {
        let text: String = self.0.iter().map(|(_, text)| text.as_str()).collect();
        let is_name = |word: &&str| word.chars().all(is_of_name);
        text.split(' ').filter(is_name).map(|word| word.width()).max().unwrap_or(0)
    }

    /// Breaks into rows of at most `first` columns, then of at most `rest`: at spaces, and within words only if a word
    /// is wider than a row. Names, paths and addresses are never broken, so that they can be copied.
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
        PieceKind::Own | PieceKind::Foreign | PieceKind::Title => text.into_owned(),
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

/// Whether ids, paths and addresses contain such a letter, or marks around them do.
fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-._~/:@$#?&=+%,()`“”".contains(letter)
}

/// The end of a row and the begin of the next: around the last space that follows a word, or else at the end of a name, or
/// within a word of a language.
fn cut(letters: &[(char, Tone)], from: usize, fitting: usize) -> (usize, usize) {
    let is_space = |index: &usize| letters[*index].0 == ' ';
    let next_word = |end: usize| (end..letters.len()).find(|index| !is_space(index)).unwrap_or(letters.len());
    let space = (from..=fitting).rev().find(is_space);
    if let Some(last) = space.and_then(|space| (from..space).rev().find(|index| !is_space(index))) {
        return (last + 1, next_word(last + 1));
    }
    let begin = space.map_or(from, |space| space + 1);
    let end = (fitting..letters.len()).find(is_space).unwrap_or(letters.len());
    if begin < end && letters[begin..end].iter().all(|(letter, _)| is_of_name(*letter)) {
        (end, next_word(end))
    } else {
        (fitting, fitting)
    }
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

    /// Writes a table. Columns are as wide as their content; if that is too wide for the page, the widest are broken, but
    /// for the firm ones. If that is still too wide, the first cell of a row stands above the others; and if even these
    /// are too wide, each of them stands beside its heading.
    pub(super) fn table(&mut self, indent: usize, table: &TerminalTable) {
        let rows: Vec<Vec<TerminalRow>> =
            table.rows.iter().map(|cells| cells.iter().map(TerminalRow::of).collect()).collect();
        let room = self.paint.columns().saturating_sub(indent);
        if let Some(widths) = table.widths(&rows, 0, room) {
            for cells in &rows {
                self.cells(indent, cells, &widths, &table.right_from(0));
            }
        } else if let Some(widths) = table.widths(&rows, 1, room.saturating_sub(TerminalTable::GAP)) {
            for (line, cells) in table.rows.iter().zip(&rows) {
                self.line(indent, indent + TerminalTable::GAP, &line[0]);
                self.cells(indent + TerminalTable::GAP, &cells[1..], &widths, &table.right_from(1));
            }
        } else {
            self.records(indent, table);
        }
    }

    /// Writes one row of a table, in as many rows of the page as its highest cell needs.
    fn cells(&mut self, indent: usize, cells: &[TerminalRow], widths: &[usize], right: &[usize]) {
        let broken: Vec<Vec<TerminalRow>> =
            cells.iter().zip(widths).map(|(cell, width)| cell.broken(*width, *width)).collect();
        let height = broken.iter().map(Vec::len).max().unwrap_or(0);
        for level in 0..height {
            let mut row = TerminalRow::default();
            for (column, cell) in broken.iter().enumerate() {
                let wanted: usize = widths[..column].iter().sum::<usize>() + column * TerminalTable::GAP;
                let content = cell.get(level).cloned().unwrap_or_default();
                let lead =
                    if right.contains(&column) { widths[column].saturating_sub(content.width()) } else { 0 };
                if content.width() > 0 {
                    let blanks = (wanted + lead).saturating_sub(row.width());
                    row = row.text(" ".repeat(blanks)).join(content);
                }
            }
            self.row(indent, &row);
        }
    }

    /// Writes the rows of a table one below the other: the first cell, and then each other one beside its heading.
    fn records(&mut self, indent: usize, table: &TerminalTable) {
        let (heading, rows) = table.rows.split_at(usize::from(table.has_heading));
        let (below, gap) = (indent + TerminalTable::GAP, " ".repeat(TerminalTable::GAP));
        let room = self.paint.columns().saturating_sub(below);
        for cells in rows {
            let mut line = Line::new();
            for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
                if column == 0 {
                    self.line(indent, below, cell);
                    continue;
                }
                let heading = heading.first().map(|heading| heading[column].clone().text(" "));
                let pair = heading.unwrap_or_default().join(cell.clone());
                let joined = line.clone().text(&gap).join(pair.clone());
                if !line.is_empty() && TerminalRow::of(&joined).width() > room {
                    self.line(below, below + TerminalTable::GAP, &std::mem::replace(&mut line, pair));
                } else {
                    line = if line.is_empty() { pair } else { joined };
                }
            }
            if !line.is_empty() {
                self.line(below, below + TerminalTable::GAP, &line);
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
    /// Whether the first row is the heading.
    pub(super) has_heading: bool,
    /// The right-aligned columns, in order.
    pub(super) right: Vec<usize>,
    /// The columns that are never broken, for ids and dates.
    pub(super) firm: Vec<usize>,
}

impl TerminalTable {
    /// The space between two cells, in columns.
    const GAP: usize = 2;

    /// The smallest width of a broken column.
    const NARROWEST: usize = 10;

    /// The widths of the columns from `first` on, in so many columns of the page; `None` if they do not fit.
    fn widths(&self, rows: &[Vec<TerminalRow>], first: usize, room: usize) -> Option<Vec<usize>> {
        let count = rows.first().map_or(0, Vec::len);
        let natural = |column: usize| rows.iter().map(move |cells| cells[column].width()).max();
        let mut widths: Vec<usize> = (first..count).map(|column| natural(column).unwrap_or(0)).collect();
        let room = room.checked_sub(widths.len().saturating_sub(1) * Self::GAP)?;
        if widths.iter().sum::<usize>() <= room {
            return Some(widths);
        }
        let floor = |column: usize| match rows.iter().map(move |cells| cells[column].longest_name()).max() {
            Some(longest) if !self.firm.contains(&column) => longest.max(Self::NARROWEST),
            _ => usize::MAX,
        };
        let floors: Vec<usize> = (first..count).map(floor).collect();
        while widths.iter().sum::<usize>() > room {
            let columns = widths.iter_mut().enumerate();
            let breakable = columns.filter(|(column, width)| **width > floors[*column]);
            *breakable.map(|(_, width)| width).max()? -= 1;
        }
        Some(widths)
    }

    /// The right-aligned ones of the columns from `first` on.
    fn right_from(&self, first: usize) -> Vec<usize> {
        self.right.iter().filter_map(|column| column.checked_sub(first)).collect()
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.pieces().iter().try_for_each(|piece| formatter.write_str(&encoded(piece)))
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::{TerminalPage, TerminalTable, is_of_name};
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
                assert!(text.lines().all(|row| row.width() <= width || is_name(row.trim())), "{text}");
                assert!(is_clean(&text));
            }
        }
    }

    /// Whether a row is one name, which is not broken.
    fn is_name(row: &str) -> bool {
        row.chars().all(is_of_name)
    }

    #[test]
    fn names_paths_and_addresses_are_never_broken() {
        let name = "agreements/2026/severny-veter-accounting-of-all-branches-2026.yaml";
        for (text, rows) in [
            (name.to_owned(), vec![format!("  {name}")]),
            (format!("a {name} b"), vec!["  a".to_owned(), format!("    {name}"), "    b".to_owned()]),
            (format!("   {name}"), vec![format!("     {name}")]),
        ] {
            let text = page(40, &Line::of(&text));
            assert_eq!(text.lines().collect::<Vec<_>>(), rows);
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
    fn a_table_that_is_too_wide_puts_its_ids_above_and_then_its_headings_beside() {
        let row = |cells: [&str; 4]| cells.map(Line::of).into();
        let long = "severny-veter-accounting-2026";
        let table = TerminalTable {
            rows: vec![
                row(["ID", "CLIENT", "DAYS", "SINCE"]),
                row([long, "ООО «Северный ветер и партнёры»", "7", "2026-01-01"]),
            ],
            has_heading: true,
            right: vec![2],
            firm: vec![0, 3],
        };
        let text = |width| {
            let mut page = TerminalPage::new(Paint::PLAIN.wide(width));
            page.table(0, &table);
            page.finish()
        };
        for (width, expected) in [
            (
                Paint::UNBOUND,
                "ID                             CLIENT                           DAYS  SINCE\nseverny-veter-accounting-2026  ООО «Северный ветер и партнёры»     7  2026-01-01\n",
            ),
            (
                70,
                "ID                             CLIENT                 DAYS  SINCE\nseverny-veter-accounting-2026  ООО «Северный ветер и     7  2026-01-01\n                               партнёры»\n",
            ),
            (
                51,
                "ID\n  CLIENT                           DAYS  SINCE\nseverny-veter-accounting-2026\n  ООО «Северный ветер и партнёры»     7  2026-01-01\n",
            ),
        ] {
            assert_eq!(text(width), expected, "{width}");
        }
        let mut wide = table.clone();
        wide.rows[0][1] = Line::of("CLIENT");
        wide.firm = vec![0, 1, 3];
        let mut page = TerminalPage::new(Paint::PLAIN.wide(40));
        page.table(0, &wide);
        assert_eq!(
            page.finish(),
            "severny-veter-accounting-2026\n  CLIENT ООО «Северный ветер и партнёры»\n  DAYS 7  SINCE 2026-01-01\n"
        );
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
