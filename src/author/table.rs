//! Reads a table of clients: the values of each row, and every error, one diagnostic for each row.
//!
//! The first row names the columns: `client` or `client_title`, and any of the others. Empty cells set nothing. Cells are
//! separated by commas, semicolons or tabs, since spreadsheets write any of them.

mod cells;
mod column;
mod day;
mod lookup;
mod text;

use std::collections::BTreeMap;

use serde_json::Value;

use super::overrides::Override;
use crate::calendar::{InvalidValue, Term};
use crate::catalog::{Catalog, Contact};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, FileId, Sources, Span};
use crate::document::quoted;
use crate::ident::is_slug;
use crate::ident::slug::slug_of;

use cells::{TableCell, cells};
use day::table_day;
use lookup::{Lookup, Names, title_key};

pub use text::{NotATable, TableText, table_text};

/// A table that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Its rows.
    pub rows: Vec<TableRow>,
    /// The clients that the catalog does not have yet, in the order of their slugs.
    pub new_clients: Vec<NewClient>,
}

/// The row of one client.
#[derive(Clone, Debug, PartialEq)]
pub struct TableRow {
    /// The position of its client.
    pub place: Span,
    /// The client's slug.
    pub client: String,
    /// The id of the agreement.
    pub id: Option<String>,
    /// Its overrides.
    pub overrides: Vec<Override>,
}

/// A client that a table adds to the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClient {
    /// Its slug.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// The address of its only contact.
    pub email: Option<String>,
}

/// Reads a table. With an error anywhere in it, the diagnostics contain all errors.
pub fn read_table(sources: &Sources, file: FileId, catalog: &Catalog) -> (Table, Diagnostics) {
    let mut table = TableReader {
        catalog,
        names: Names::of(catalog),
        faults: Vec::new(),
        row: None,
        names_clients: false,
        new_clients: BTreeMap::new(),
        new_titles: BTreeMap::new(),
    };
    let (lines, fault) = cells(sources.text(file), file);
    table.faults.extend(fault.map(|fault| (None, fault)));
    let mut lines = lines.into_iter();
    let Some(header) = lines.next() else {
        let help = "put the column names into the first row, including `client`";
        table.fault(Code::E015, Span::of_file(file), "the table is empty", help);
        return (Table::default(), table.diagnostics());
    };
    let columns = table.columns(header, file);
    let rows: Vec<(usize, TableRow)> = lines
        .enumerate()
        .filter_map(|(index, line)| {
            table.row = Some(index);
            Some((index, table.row(&columns, &line)?))
        })
        .collect();
    table.check_repetitions(&rows);
    let new_clients = table.new_clients.values().map(|(client, _)| client.clone()).collect();
    let rows = rows.into_iter().map(|(_, row)| row).collect();
    (Table { rows, new_clients }, table.diagnostics())
}

/// A column: its standard name, `None` where it has no name or an unknown one.
struct Column {
    name: Option<String>,
    is_unnamed: bool,
}

struct TableReader<'a> {
    catalog: &'a Catalog,
    /// The names of the catalog by their kind.
    names: BTreeMap<&'static str, Names>,
    /// The faults with the index of their row.
    faults: Vec<(Option<usize>, Diagnostic)>,
    /// The row that is being read.
    row: Option<usize>,
    /// Whether a column names the clients.
    names_clients: bool,
    /// The clients to create, each with the position of its first row.
    new_clients: BTreeMap<String, (NewClient, Span)>,
    /// Their slugs by the keys of their titles.
    new_titles: BTreeMap<String, String>,
}

impl TableReader<'_> {
    fn fault(&mut self, code: Code, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.push(Diagnostic::new(code, span, message).help(help));
    }

    fn push(&mut self, fault: Diagnostic) {
        self.faults.push((self.row, fault));
    }

    fn diagnostics(self) -> Diagnostics {
        let mut by_row: BTreeMap<usize, Vec<Diagnostic>> = BTreeMap::new();
        let mut all = Vec::new();
        for (row, fault) in self.faults {
            match row {
                Some(row) => by_row.entry(row).or_default().push(fault),
                None => all.push(fault),
            }
        }
        all.extend(by_row.into_values().map(united));
        all.into_iter().collect()
    }

    /// Reads the column names.
    fn columns(&mut self, mut header: Vec<TableCell>, file: FileId) -> Vec<Column> {
        while header.last().is_some_and(|cell| cell.text.is_empty()) {
            header.pop();
        }
        let mut columns: Vec<Column> = Vec::with_capacity(header.len());
        for TableCell { text, span } in header {
            let mut name = column::standard(&text);
            if name.is_none() && !text.is_empty() {
                self.fault(
                    Code::E008,
                    span,
                    format!("unknown column {}", quoted(&text)),
                    column::advice(&text),
                );
            } else if name.is_some() && columns.iter().any(|other| other.name == name) {
                self.fault(
                    Code::E003,
                    span,
                    format!("duplicate column {}", quoted(&text)),
                    "keep one of them",
                );
            }
            if let Some(service) = name.as_deref().and_then(|name| name.strip_prefix("service.")) {
                name = self.known("service", service, span).map(|slug| format!("service.{slug}"));
            }
            columns.push(Column { name, is_unnamed: text.is_empty() });
        }
        let has = |wanted: &str| columns.iter().any(|column| column.name.as_deref() == Some(wanted));
        self.names_clients = has("client") || has("client_title");
        if !self.names_clients {
            let help = format!("the first row must contain column names: {}", column::names());
            let at = Span::of_file(file);
            self.faults.insert(
                0,
                (None, Diagnostic::new(Code::E010, at, "the column `client` is missing").help(help)),
            );
        }
        columns
    }

    /// The slug that a slug or an exact title stands for; reports any other text.
    fn known(&mut self, kind: &str, text: &str, at: Span) -> Option<String> {
        let names = &self.names[kind];
        let help = match names.find(text) {
            Lookup::Found(slug) => return Some(slug),
            Lookup::Ambiguous(slugs) => {
                let message = format!("{} {kind}s are called {}", slugs.len(), quoted(text));
                let slugs: Vec<String> = slugs.iter().map(|slug| format!("`{slug}`")).collect();
                self.fault(Code::E101, at, message, format!("write the slug: {}", slugs.join(" or ")));
                return None;
            }
            Lookup::Unknown => match names.nearest(text) {
                Some(near) => format!("did you mean `{near}`?"),
                None if kind == "client" => {
                    "add it under `clients:` in catalog.yaml, or its title in a column `client_title`"
                        .to_owned()
                }
                None => format!("add it under `{kind}s:` in catalog.yaml"),
            },
        };
        self.fault(Code::E101, at, format!("unknown {kind} {}", quoted(text)), help);
        None
    }

    fn row(&mut self, columns: &[Column], cells: &[TableCell]) -> Option<TableRow> {
        let first = cells.first().filter(|_| cells.iter().any(|cell| !cell.text.is_empty()))?;
        let mut row = TableRow { place: first.span, client: String::new(), id: None, overrides: Vec::new() };
        let mut end: Option<&str> = None;
        let mut client = ClientCells::default();
        for (index, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.text.is_empty()) {
            let Some(column) = columns.get(index).filter(|column| !column.is_unnamed) else {
                let message = format!("column {} has no name in the first row", index + 1);
                self.fault(
                    Code::E009,
                    cell.span,
                    message,
                    "name the column, or quote texts that contain the separator",
                );
                continue;
            };
            let Some(name) = column.name.as_deref() else { continue };
            if matches!(name, "last_day" | "term" | "open_ended") {
                if let Some(other) = end {
                    let message = format!("`{other}` and `{name}` exclude each other");
                    self.fault(Code::E014, cell.span, message, "keep one of them");
                    continue;
                }
                end = Some(name);
            }
            match name {
                "client" => client.slug = Some(cell),
                "client_title" => client.title = Some(cell),
                "client_email" => client.email = Some(cell),
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
        row.place = client.slug.or(client.title).map_or(row.place, |cell| cell.span);
        row.client = self.client(&client, row.place)?;
        Some(row)
    }

    /// The client of a row, which is created if only its title is known.
    fn client(&mut self, cells: &ClientCells<'_>, place: Span) -> Option<String> {
        let find = |text: &str| self.names["client"].find(text);
        let by_title = cells.title.map(|title| (title, find(&title.text)));
        let slug = match (cells.slug, by_title) {
            (None, None) if !self.names_clients => return None,
            (None, None) => {
                self.fault(
                    Code::E010,
                    place,
                    "`client` is missing",
                    "add the slug or the title of a client, or delete the row",
                );
                return None;
            }
            (Some(cell), None) => self.known("client", &cell.text, cell.span)?,
            (None, Some((title, Lookup::Unknown))) => {
                let slug = self.free_slug(title)?;
                return self.create(slug, title, cells);
            }
            (None, Some((title, _))) => self.known("client", &title.text, title.span)?,
            (Some(cell), Some((title, found))) => match (find(&cell.text), found) {
                (Lookup::Unknown, Lookup::Unknown) if is_slug(&cell.text) => {
                    return self.create(cell.text.clone(), title, cells);
                }
                (Lookup::Unknown, Lookup::Found(other)) => {
                    let message = format!("the catalog has {} as `{other}`", quoted(&title.text));
                    self.fault(Code::E111, title.span, message, format!("write `{other}` as the client"));
                    return None;
                }
                _ => {
                    let slug = self.known("client", &cell.text, cell.span)?;
                    self.check_title(&slug, title);
                    slug
                }
            },
        };
        if let Some(email) = cells.email {
            self.check_email(&slug, email);
        }
        Some(slug)
    }

    /// Refuses another title than that of the catalog.
    fn check_title(&mut self, slug: &str, title: &TableCell) {
        let known = self.names["client"].title(slug);
        if let Some(known) = known.filter(|known| title_key(known) != title_key(&title.text)) {
            let message = format!("the title of `{slug}` is {} in the catalog", quoted(known));
            self.fault(Code::E009, title.span, message, "leave the cell empty, or change the catalog first");
        }
    }

    /// Refuses an address that the catalog does not have for a client that it has.
    fn check_email(&mut self, slug: &str, email: &TableCell) {
        let Some(client) = self.catalog.clients.get(slug) else { return };
        let is_known = client.contacts.values().any(
            |contact| matches!(contact, Contact::Email(known) if known.eq_ignore_ascii_case(&email.text)),
        );
        if !is_known {
            let message = format!("`{slug}` is in the catalog without the address {}", quoted(&email.text));
            let help =
                format!("add it under `clients.{slug}.contacts` in catalog.yaml, or leave the cell empty");
            self.fault(Code::E009, email.span, message, help);
        }
    }

    /// The slug for a new client, or that of an earlier row with the same title.
    fn free_slug(&mut self, title: &TableCell) -> Option<String> {
        if let Some(slug) = self.new_titles.get(&title_key(&title.text)) {
            return Some(slug.clone());
        }
        let slug = slug_of(&title.text);
        if slug.is_empty() {
            let message = format!("no slug can be made of {}", quoted(&title.text));
            self.fault(Code::E012, title.span, message, "add a column `client` with a slug in Latin letters");
            return None;
        }
        let is_free = |slug: &String| {
            !self.catalog.clients.contains_key(slug.as_str()) && !self.new_clients.contains_key(slug)
        };
        let mut candidates =
            std::iter::once(slug.clone()).chain((2_u32..).map(|number| format!("{slug}-{number}")));
        candidates.find(is_free)
    }

    /// Adds a client to those that are created.
    fn create(&mut self, slug: String, title: &TableCell, cells: &ClientCells<'_>) -> Option<String> {
        let email = cells.email.map(|cell| cell.text.clone());
        if let Some(cell) = cells.email.filter(|cell| !is_address(&cell.text)) {
            let message = format!("{} is not an e-mail address", quoted(&cell.text));
            self.fault(Code::E009, cell.span, message, "write one address, as name@domain");
            return None;
        }
        let Some((known, first)) = self.new_clients.get_mut(&slug) else {
            let client = NewClient { slug: slug.clone(), title: title.text.clone(), email };
            self.new_clients.insert(slug.clone(), (client, title.span));
            self.new_titles.insert(title_key(&title.text), slug.clone());
            return Some(slug);
        };
        if title_key(&known.title) == title_key(&title.text)
            && (email.is_none() || known.email.is_none() || known.email == email)
        {
            known.email = known.email.take().or(email);
            return Some(slug);
        }
        let fault = Diagnostic::new(
            Code::E111,
            title.span,
            format!("two rows describe the new client `{slug}` differently"),
        );
        let fault = fault
            .related(*first, "the first row")
            .help("write the same title and address in both, or use two slugs");
        self.push(fault);
        None
    }

    /// The override of a cell that is not empty.
    fn override_of(&mut self, column: &str, cell: &TableCell) -> Option<Override> {
        let text = cell.text.as_str();
        let invalid = |table: &mut Self, code: Code, invalid: InvalidValue| {
            table.fault(code, cell.span, invalid.message, invalid.help);
            None
        };
        match column {
            "number" | "title" => Some(Override::set(&[column], text)),
            "manager" | "provider" => {
                self.known(column, text, cell.span).map(|slug| Override::set(&[column], slug))
            }
            "first_day" | "last_day" => match table_day(text) {
                Ok(day) => Some(Override::set(&["period", column], day.to_string())),
                Err(fault) => invalid(self, Code::E203, fault),
            },
            "term" => match Term::read(text) {
                Ok(_) => Some(Override::set(&["period", "term"], text)),
                Err(fault) => invalid(self, Code::E009, fault),
            },
            "open_ended" => match flag(text) {
                Some(true) => Some(Override::set(&["period", "open_ended"], true)),
                Some(false) => None,
                None => {
                    let message = format!("invalid value {}", quoted(text));
                    self.fault(Code::E009, cell.span, message, "use yes or no, or leave the cell empty");
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
                let calendar = self.known("calendar", text, cell.span)?;
                Some(Override::set(&["services", name, "calendar"], calendar))
            }
            ("label", _) => Some(Override::set(&["labels", name], text)),
            ("attribute", _) => Some(Override::set(&["attributes", name], text)),
            _ => None,
        }
    }

    /// Reports clients and numbers that two rows have.
    fn check_repetitions(&mut self, rows: &[(usize, TableRow)]) {
        let mut clients: BTreeMap<&str, Span> = BTreeMap::new();
        let mut numbers: BTreeMap<&str, Span> = BTreeMap::new();
        for (index, row) in rows {
            self.row = Some(*index);
            let name = row.id.as_deref().unwrap_or(&row.client);
            if let Some(first) = clients.insert(name, row.place) {
                let fault = Diagnostic::new(Code::E102, row.place, format!("two rows for {}", quoted(name)));
                self.push(
                    fault.related(first, "the first row").help("delete one of them, or give each an `id`"),
                );
            }
            let number = row.overrides.iter().find(|entry| entry.path == ["number"]);
            if let Some(Some(Value::String(number))) = number.map(|entry| &entry.value)
                && let Some(first) = numbers.insert(number, row.place)
            {
                let message = format!("two rows with the number {}", quoted(number));
                let fault = Diagnostic::new(Code::E103, row.place, message);
                self.push(fault.related(first, "the first row").help("a number belongs to one agreement"));
            }
        }
    }
}

/// The cells of a row about its client.
#[derive(Clone, Copy, Default)]
struct ClientCells<'a> {
    slug: Option<&'a TableCell>,
    title: Option<&'a TableCell>,
    email: Option<&'a TableCell>,
}

/// The faults of one row as one: at the first of them, with the others beside it.
fn united(mut faults: Vec<Diagnostic>) -> Diagnostic {
    faults.sort_by_key(|fault| fault.place.span.start);
    let count = faults.len();
    let mut faults = faults.into_iter();
    let first = faults.next().expect("a row is listed for its faults");
    if count == 1 {
        return first;
    }
    let mut helps: Vec<Box<str>> = first.help.clone().into_iter().collect();
    let mut all = Diagnostic::new(first.code, first.place.span, format!("{count} errors in this row"))
        .label(first.message);
    all.related = first.related;
    for fault in faults {
        all = all.related(fault.place.span, fault.message);
        all.related.extend(fault.related);
        helps.extend(fault.help.filter(|help| !helps.contains(help)));
    }
    all.help(helps.join("; "))
}

/// Whether a text is one address, as far as its shape tells.
fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty()
            && domain.contains('.')
            && !text.contains([' ', ',', ';', '<', '>'])
            && !domain.contains('@')
    })
}

/// `yes` and `no`, as people and spreadsheets write them.
fn flag(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "1" | "+" | "x" | "да" | "истина" => Some(true),
        "no" | "false" | "0" | "-" | "нет" | "ложь" => Some(false),
        _ => None,
    }
}
