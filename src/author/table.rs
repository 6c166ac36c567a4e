//! A table of clients becomes what is to be written for each, or every fault of every row with its line and column.
//!
//! The first row names the columns: `client`, and any of those below. Cells that are empty say nothing. Commas, semicolons
//! or tabs part cells, since spreadsheets write either.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use super::overrides::Override;
use crate::calendar::{InvalidValue, Term, read_day};
use crate::catalog::Catalog;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, FileId, Sources, Span};
use crate::document::quoted;
use crate::ident::{is_slug, nearest};

/// The columns that a table may have, beside `service.<slug>`, `label.<name>` and `attribute.<name>`.
const COLUMNS: [&str; 10] =
    ["client", "id", "number", "manager", "provider", "title", "first_day", "last_day", "term", "open_ended"];

/// The row of one client.
#[derive(Clone, Debug, PartialEq)]
pub struct TableRow {
    /// Where its client stands.
    pub place: Span,
    /// The client's slug.
    pub client: String,
    /// The id of the agreement.
    pub id: Option<String>,
    /// Its overrides.
    pub overrides: Vec<Override>,
}

/// Reads a table. Where anything is wrong with it the faults say all of it.
pub fn read_table(sources: &Sources, file: FileId, catalog: &Catalog) -> (Vec<TableRow>, Diagnostics) {
    let text = sources.text(file);
    let mut table = TableReader { file, catalog, faults: Vec::new() };
    let mut lines = cells(text, file, &mut table.faults).into_iter();
    let Some(header) = lines.next() else {
        let fault = Diagnostic::new(Code::E015, Span::of_file(file), "the table is empty");
        table.faults.push(fault.help("put the column names into the first row, including `client`"));
        return (Vec::new(), table.faults.into_iter().collect());
    };
    table.check_header(&header);
    let rows: Vec<TableRow> = lines.filter_map(|line| table.row(&header, &line)).collect();
    table.check_repetitions(&rows);
    (rows, table.faults.into_iter().collect())
}

/// A cell: its text, and where it stands.
struct TableCell {
    text: String,
    span: Span,
}

/// The cells of each row.
fn cells(text: &str, file: FileId, faults: &mut Vec<Diagnostic>) -> Vec<Vec<TableCell>> {
    // Spreadsheets mark their UTF-8 with a byte-order mark.
    let mut begin = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let first = text[begin..].lines().next().unwrap_or_default();
    let count = |mark: &u8| first.bytes().filter(|byte| byte == mark).count();
    // Of marks that come equally often the last counts, which is the comma.
    let mut delimiter = [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',');
    // Some write into a line of its own by what cells are parted.
    if let Some([mark]) = first.strip_prefix("sep=").map(str::as_bytes) {
        delimiter = *mark;
        begin += text[begin..].find('\n').map_or(first.len(), |newline| newline + 1);
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
            Ok(false) => return rows,
            Ok(true) => {
                let end = usize::try_from(reader.position().byte()).unwrap_or(body.len());
                let spans = spans(&body[start..end], char::from(delimiter), begin + start);
                let cell = |(text, range): (&str, Range<usize>)| TableCell {
                    text: text.trim().to_owned(),
                    span: span(file, &range),
                };
                rows.push(record.iter().zip(spans).map(cell).collect());
            }
            Err(error) => {
                let fault = Diagnostic::new(
                    Code::E002,
                    span(file, &(begin + start..begin + start)),
                    format!("invalid CSV: {error}"),
                );
                faults.push(fault.help("check the quotes of this row"));
                return rows;
            }
        }
    }
}

fn span(file: FileId, range: &Range<usize>) -> Span {
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { file, start: narrow(range.start), end: narrow(range.end) }
}

/// Where the cells of one row stand, without the blanks around them.
fn spans(row: &str, delimiter: char, offset: usize) -> Vec<Range<usize>> {
    // What was left of the line before belongs to no cell.
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

struct TableReader<'a> {
    file: FileId,
    catalog: &'a Catalog,
    faults: Vec<Diagnostic>,
}

impl TableReader<'_> {
    fn fault(&mut self, code: Code, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.faults.push(Diagnostic::new(code, span, message).help(help));
    }

    fn check_header(&mut self, header: &[TableCell]) {
        if !header.iter().any(|cell| cell.text == "client") {
            let help = format!("the first row must contain column names: {}", COLUMNS.join(", "));
            self.fault(Code::E010, span(self.file, &(0..0)), "the column `client` is missing", help);
        }
        for (index, cell) in header.iter().enumerate() {
            let name = cell.text.as_str();
            let is_known = COLUMNS.contains(&name)
                || name.split_once('.').is_some_and(|(kind, rest)| {
                    matches!(kind, "service" | "label" | "attribute") && !rest.is_empty()
                });
            if !is_known {
                let help = match nearest(name, COLUMNS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!(
                        "the columns are {}, service.<slug>, label.<name> and attribute.<name>",
                        COLUMNS.join(", ")
                    ),
                };
                self.fault(Code::E008, cell.span, format!("unknown column {}", quoted(name)), help);
            } else if header[..index].iter().any(|other| other.text == name) {
                self.fault(
                    Code::E003,
                    cell.span,
                    format!("duplicate column {}", quoted(name)),
                    "keep one of them",
                );
            }
            if let Some(slug) = name.strip_prefix("service.") {
                self.known("service", slug, cell.span);
            }
        }
    }

    /// The names that the catalog has of a kind.
    fn catalog_of(&self, kind: &str) -> Vec<String> {
        fn names<K: Borrow<str>, V>(map: &BTreeMap<K, V>) -> Vec<String> {
            map.keys().map(|key| key.borrow().to_owned()).collect()
        }
        match kind {
            "client" => names(&self.catalog.clients),
            "manager" => names(&self.catalog.managers),
            "provider" => names(&self.catalog.providers),
            "service" => names(&self.catalog.services),
            _ => names(&self.catalog.calendars).into_iter().chain(["24x7".to_owned()]).collect(),
        }
    }

    /// Whether the catalog knows a slug; else that is reported.
    fn known(&mut self, kind: &str, slug: &str, at: Span) -> bool {
        let known = self.catalog_of(kind);
        if known.iter().any(|name| name == slug) {
            return true;
        }
        let mut clients = self.catalog.clients.iter().filter(|_| kind == "client");
        let titled = clients.find(|(_, client)| client.entry.title == slug).map(|(slug, _)| slug);
        let help = match (titled, nearest(slug, known.iter().map(String::as_str))) {
            (Some(titled), _) => format!("use its slug, `{titled}`"),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => format!("add it under `{kind}s:` in catalog.yaml"),
        };
        self.fault(Code::E101, at, format!("unknown {kind} {}", quoted(slug)), help);
        false
    }

    fn row(&mut self, header: &[TableCell], cells: &[TableCell]) -> Option<TableRow> {
        let first = cells.first()?;
        if let Some(beyond) = cells.get(header.len()) {
            let message =
                format!("the row has {} cells, but the first row has {}", cells.len(), header.len());
            self.fault(Code::E009, beyond.span, message, "quote texts that contain the separator");
            return None;
        }
        let mut row = TableRow { place: first.span, client: String::new(), id: None, overrides: Vec::new() };
        let mut end: Option<&str> = None;
        for (column, cell) in header.iter().zip(cells).filter(|(_, cell)| !cell.text.is_empty()) {
            let name = column.text.as_str();
            if matches!(name, "last_day" | "term" | "open_ended") {
                if let Some(other) = end {
                    self.fault(
                        Code::E014,
                        cell.span,
                        format!("`{other}` and `{name}` exclude each other"),
                        "keep one of them",
                    );
                    continue;
                }
                end = Some(name);
            }
            match name {
                "client" => {
                    row.place = cell.span;
                    row.client.clone_from(&cell.text);
                    self.known("client", &cell.text, cell.span);
                }
                "id" if is_slug(&cell.text) => row.id = Some(cell.text.clone()),
                "id" => self.fault(
                    Code::E012,
                    cell.span,
                    format!("invalid id {}", quoted(&cell.text)),
                    "use lower-case letters, digits, dots, hyphens and underscores",
                ),
                _ => row.overrides.extend(self.override_of(name, cell)),
            }
        }
        if row.client.is_empty() {
            let is_blank = cells.iter().all(|cell| cell.text.is_empty());
            if !is_blank && header.iter().any(|cell| cell.text == "client") {
                self.fault(
                    Code::E010,
                    row.place,
                    "`client` is missing",
                    "add the slug of a client, or delete the row",
                );
            }
            return None;
        }
        Some(row)
    }

    /// The override of a cell that is not empty.
    fn override_of(&mut self, column: &str, cell: &TableCell) -> Option<Override> {
        let text = cell.text.as_str();
        let misread = |table: &mut Self, code: Code, misread: InvalidValue| {
            table.fault(code, cell.span, misread.message, misread.help);
            None
        };
        match column {
            "number" | "title" => Some(Override::set(&[column], text)),
            "manager" | "provider" => {
                self.known(column, text, cell.span).then(|| Override::set(&[column], text))
            }
            "first_day" | "last_day" => match read_day(text) {
                Ok(_) => Some(Override::set(&["period", column], text)),
                Err(fault) => misread(self, Code::E203, fault),
            },
            "term" => match Term::read(text) {
                Ok(_) => Some(Override::set(&["period", "term"], text)),
                Err(fault) => misread(self, Code::E009, fault),
            },
            "open_ended" => match flag(text) {
                Some(true) => Some(Override::set(&["period", "open_ended"], true)),
                Some(false) => None,
                None => {
                    self.fault(
                        Code::E009,
                        cell.span,
                        format!("invalid value {}", quoted(text)),
                        "use yes or no, or leave the cell empty",
                    );
                    None
                }
            },
            _ => self.named_override(column, cell),
        }
    }

    /// The override of a cell below the name in its column: of a service, a label, an attribute.
    fn named_override(&mut self, column: &str, cell: &TableCell) -> Option<Override> {
        let (kind, name) = column.split_once('.')?;
        let text = cell.text.as_str();
        match (kind, flag(text)) {
            ("service", Some(true)) => Some(Override::set(&["services", name], true)),
            ("service", Some(false)) => Some(Override::dropped(&["services", name])),
            ("service", None) => {
                let is_known = self.known("calendar", text, cell.span);
                is_known.then(|| Override::set(&["services", name, "calendar"], text))
            }
            ("label", _) => Some(Override::set(&["labels", name], text)),
            ("attribute", _) => Some(Override::set(&["attributes", name], text)),
            _ => None,
        }
    }

    /// Tells of clients and numbers that stand in two rows.
    fn check_repetitions(&mut self, rows: &[TableRow]) {
        let mut clients: BTreeMap<&str, Span> = BTreeMap::new();
        let mut numbers: BTreeMap<&str, Span> = BTreeMap::new();
        for row in rows {
            let name = row.id.as_deref().unwrap_or(&row.client);
            if let Some(first) = clients.insert(name, row.place) {
                let fault = Diagnostic::new(Code::E102, row.place, format!("two rows for {}", quoted(name)));
                self.faults.push(
                    fault.related(first, "the first row").help("delete one of them, or give each an `id`"),
                );
            }
            let number = row.overrides.iter().find(|entry| entry.path == ["number"]);
            if let Some(Some(Value::String(number))) = number.map(|entry| &entry.value)
                && let Some(first) = numbers.insert(number, row.place)
            {
                let fault = Diagnostic::new(
                    Code::E103,
                    row.place,
                    format!("two rows with the number {}", quoted(number)),
                );
                self.faults
                    .push(fault.related(first, "the first row").help("a number belongs to one agreement"));
            }
        }
    }
}

/// `yes` and `no`, as people and spreadsheets write them.
fn flag(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "1" | "+" | "x" | "да" | "истина" => Some(true),
        "no" | "false" | "0" | "-" | "нет" | "ложь" => Some(false),
        _ => None,
    }
}
