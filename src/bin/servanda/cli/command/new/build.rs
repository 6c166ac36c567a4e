//! Builds the files of new agreements from the arguments, or reports every error in them.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use servanda::agreement::PeriodEnd;
use servanda::author::{self, NewClient, Override, Table, TableRow, TableText};
use servanda::calendar::Day;
use servanda::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use servanda::discovery::catalog_files;
use servanda::document;
use servanda::ident::{ClientSlug, is_slug, nearest};
use servanda::render;
use servanda::template::Library;

use crate::cli::command::new::arguments::{AgreementOptions, Arguments};
use crate::cli::prompt::{Prompt, ask};
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::process::messages::print_message;
use crate::workspace::change_set::{EditSession, Origin, ProposedFile};
use crate::workspace::files;

/// The part that all new agreements share.
struct CommonTerms {
    extends: Vec<String>,
    /// The values before any change: those of the templates, or of the copied agreement.
    inherited: Value,
    /// The changes for all of them.
    overrides: Vec<Override>,
}

/// Builds the files.
pub(crate) fn proposals(
    session: &mut EditSession,
    arguments: &Arguments,
    context: &Context,
) -> Result<Vec<ProposedFile>, Failure> {
    check_slugs(session, &arguments.terms)?;
    let extends = extends(session, arguments, context)?;
    let Table { rows, new_clients } = rows(session, arguments, context)?;
    let new_clients = entries(session, arguments, new_clients)?;
    let common = common_terms(session, arguments, extends, &rows, context)?;
    let mut proposals = if let Some(name) = &arguments.set {
        vec![set(session, arguments, &common, &rows, name)?]
    } else {
        let files = rows.iter().map(|row| single(session, arguments, &common, row));
        files.collect::<Result<_, _>>()?
    };
    refuse_taken(session, &proposals, &rows, context)?;
    proposals.extend(session.client_proposals(new_clients)?);
    Ok(proposals)
}

/// The entries of the catalog for new clients: those of a table, and the one that the switches describe.
fn entries(
    session: &EditSession,
    arguments: &Arguments,
    of_table: Vec<NewClient>,
) -> Result<Vec<(String, Value)>, Failure> {
    let contact = |email: String| ("main".to_owned(), email);
    let entry = |client: NewClient| {
        let contacts: Vec<(String, String)> = client.email.map(contact).into_iter().collect();
        (client.slug, catalog_files::client(&client.title, None, &contacts, &[]))
    };
    let mut entries: Vec<(String, Value)> = of_table.into_iter().map(entry).collect();
    if let (Some(client), Some(title)) = (&arguments.client, &arguments.client_title) {
        if session.checked.catalog.clients.contains_key(client.as_str()) {
            let message = format!("the catalog has a client `{client}`");
            return Err(Failure::usage(message, "omit --client-title, or choose another slug"));
        }
        let (helpdesk, contacts) = (arguments.client_helpdesk.as_deref(), &arguments.client_contact);
        entries.push((client.clone(), catalog_files::client(title, helpdesk, contacts, &[])));
    }
    Ok(entries)
}

/// The templates to extend: those of the arguments, or those of the copied agreement.
fn extends(session: &EditSession, arguments: &Arguments, context: &Context) -> Result<Vec<String>, Failure> {
    if let Some(id) = &arguments.from {
        let subject = session.subject(id)?;
        let named = subject.document.get(&["extends"]);
        let named = named.map(|node| document::Tree::Node(node).to_json());
        return Ok(match named {
            Some(Value::String(name)) => vec![name],
            Some(names) => serde_json::from_value(names).unwrap_or_default(),
            None => Vec::new(),
        });
    }
    let known: Vec<String> =
        session.loaded.templates.iter().map(|template| template.id.to_string()).collect();
    let take = |name: &str| one_of(name, "template", known.iter().map(String::as_str));
    if arguments.template.is_empty() {
        let prompt = Prompt { text: "Template", switch: "--template", choices: &known };
        return ask(&prompt, context, take).map(|name| vec![name]);
    }
    arguments.template.iter().map(|name| take(name).map_err(usage)).collect()
}

/// The clients, each with its own changes: from the switches, a table, or an answer on the terminal.
fn rows(session: &mut EditSession, arguments: &Arguments, context: &Context) -> Result<Table, Failure> {
    if let Some(path) = &arguments.csv {
        return table(session, path, context);
    }
    let clients = &session.checked.catalog.clients;
    let is_new = arguments.client_title.is_some();
    let take = |name: &str| {
        if is_new {
            slug(name).map_err(|failure| failure.message)
        } else {
            one_of(name, "client", clients.keys().map(ClientSlug::as_str))
        }
    };
    let named: Vec<&String> = arguments.client.iter().chain(&arguments.clients).collect();
    let names = if named.is_empty() {
        let few: Vec<String> = clients.keys().take(21).map(ToString::to_string).collect();
        let choices = if few.len() > 20 { &[][..] } else { &few };
        vec![ask(&Prompt { text: "Client", switch: "--client", choices }, context, take)?]
    } else {
        named.into_iter().map(|name| take(name.trim()).map_err(usage)).collect::<Result<_, _>>()?
    };
    let mut seen = BTreeSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(Failure::usage(format!("client `{twice}` is named twice"), "name each client once"));
    }
    let command_line = session.loaded.sources.add("the command line", "");
    let row = |client| TableRow {
        place: Span::of_file(command_line),
        client,
        id: arguments.id.clone(),
        overrides: Vec::new(),
    };
    Ok(Table { rows: names.into_iter().map(row).collect(), new_clients: Vec::new() })
}

/// Reads the rows of a table. With an error in any of them, shows all errors and fails.
fn table(session: &mut EditSession, path: &Path, context: &Context) -> Result<Table, Failure> {
    let bytes = files::read_bytes(&context.working_directory.join(path))?;
    let name = path.display().to_string();
    let TableText { text, encoding } = author::table_text(&bytes).map_err(|not| {
        Failure::new(Exit::Invalid, "table-unreadable", format!("{name}: {}", not.message)).help(not.help)
    })?;
    if let Some(encoding) = encoding {
        print_message(&format!(
            "{}\n",
            render::encode::terminal(&format!("note: {name} is read as {encoding}"))
        ));
    }
    let sources = &mut session.loaded.sources;
    let file = sources.add(name, text);
    let (table, mut faults) = author::read_table(sources, file, &session.checked.catalog);
    if faults.is_empty() && table.rows.is_empty() {
        return Err(Failure::new(
            Exit::Invalid,
            "table-empty",
            format!("{} names no client", path.display()),
        )
        .help("add a row for each client"));
    }
    faults.sort(sources);
    refuse_errors(session, &faults, context)?;
    Ok(table)
}

fn refuse_errors(session: &EditSession, faults: &Diagnostics, context: &Context) -> Result<(), Failure> {
    if !faults.has_errors() {
        return Ok(());
    }
    print_message(&render::diagnostics::text(faults, &session.loaded.sources, context.paint_errors()));
    let summary = render::diagnostics::summary(faults, 1);
    Err(Failure::new(Exit::Invalid, "input-invalid", summary).help("nothing was written"))
}

/// Collects what all new agreements have in common, and asks for what is missing.
fn common_terms(
    session: &EditSession,
    arguments: &Arguments,
    extends: Vec<String>,
    rows: &[TableRow],
    context: &Context,
) -> Result<CommonTerms, Failure> {
    let (library, _) = Library::new(&session.loaded.templates);
    let mut runs_for = None;
    let inherited = if let Some(id) = &arguments.from {
        let subject = session.subject(id)?;
        let (resolved, _) = library.resolve(subject.document);
        let found = resolved.iter().find(|resolved| resolved.id.as_str() == id);
        let found = found.expect("an agreement that was checked was resolved before");
        if matches!(subject.agreement.period.end, PeriodEnd::LastDay(_)) {
            runs_for = author::agreed_length(subject.agreement);
        }
        author::reusable_fields(&found.tree.to_json())
    } else {
        let names: Vec<&str> = extends.iter().map(String::as_str).collect();
        let inherited = library.inherited(&names).ok_or_else(|| {
            let message = format!("cannot extend `{}`", names.join(", "));
            Failure::new(Exit::Invalid, "template-invalid", message)
                .help("run `servanda validate` to see the errors of the templates")
        })?;
        inherited.to_json()
    };
    let mut common = CommonTerms { extends, inherited, overrides: arguments.terms.overrides()? };
    let first_day = first_day(&mut common, session, arguments, rows, context)?;
    if context.is_attended() && rows.len() == 1 && arguments.csv.is_none() {
        ask_for_optional(&mut common, session, context)?;
    }
    let ends = ["last_day", "term", "open_ended"];
    if !ends.iter().any(|end| common.has(&["period", end], &[]))
        && !rows.iter().all(|row| ends.iter().any(|end| row_sets(row, &["period", end])))
    {
        let last_day = runs_for.zip(first_day).and_then(|(term, day)| term.last_day(day));
        let entry = if let Some(last_day) = last_day {
            Override::set(&["period", "last_day"], last_day.to_string())
        } else {
            let prompt = Prompt { text: "How long (1y, 6mo)", switch: "--term", choices: &[] };
            Override::set(&["period", "term"], ask(&prompt, context, value_parsers::term)?.to_string())
        };
        common.overrides.push(entry);
    }
    Ok(common)
}

/// Asks for the values that most agreements have and none needs.
fn ask_for_optional(
    common: &mut CommonTerms,
    session: &EditSession,
    context: &Context,
) -> Result<(), Failure> {
    let managers: Vec<String> = session.checked.catalog.managers.keys().map(ToString::to_string).collect();
    for (field, text, choices) in
        [("number", "Number of the contract, if any", &[][..]), ("manager", "Manager, if any", &managers)]
    {
        if common.has(&[field], &[]) {
            continue;
        }
        let prompt = Prompt { text, switch: field, choices };
        let answer = ask(&prompt, context, |answer| match answer {
            "" => Ok(String::new()),
            _ if field == "manager" => one_of(answer, field, choices.iter().map(String::as_str)),
            _ => Ok(answer.to_owned()),
        })?;
        if !answer.is_empty() {
            common.overrides.push(Override::set(&[field], answer));
        }
    }
    Ok(())
}

/// The first day that all have in common, if any. Asks for it if neither the switches, the templates nor the rows set it.
fn first_day(
    common: &mut CommonTerms,
    session: &EditSession,
    arguments: &Arguments,
    rows: &[TableRow],
    context: &Context,
) -> Result<Option<Day>, Failure> {
    let path = ["period", "first_day"];
    if arguments.terms.by_hand || common.has(&path, rows) {
        return Ok(arguments.terms.first_day);
    }
    refuse_rows_without(&path, "first_day", session, rows, context)?;
    let prompt = Prompt { text: "First day (YYYY-MM-DD)", switch: "--first-day", choices: &[] };
    let day = ask(&prompt, context, value_parsers::day)?;
    common.overrides.push(Override::set(&path, day.to_string()));
    Ok(Some(day))
}

/// Refuses a table that sets a value for some clients only, and shows the row of each other client.
fn refuse_rows_without(
    path: &[&str],
    column: &str,
    session: &EditSession,
    rows: &[TableRow],
    context: &Context,
) -> Result<(), Failure> {
    let (set, unset): (Vec<&TableRow>, Vec<&TableRow>) = rows.iter().partition(|row| row_sets(row, path));
    let mut faults = Diagnostics::default();
    for row in unset.into_iter().filter(|_| !set.is_empty()) {
        let message = format!("the `{column}` of `{}` is missing", row.client);
        let help = format!("fill the cell, or pass `--{}` for all", column.replace('_', "-"));
        faults.push(Diagnostic::new(Code::E010, row.place, message).help(help));
    }
    refuse_errors(session, &faults, context)
}

impl CommonTerms {
    /// Whether every agreement has a value: set, inherited, or set by each of these rows.
    fn has(&self, path: &[&str], rows: &[TableRow]) -> bool {
        let is_set = self.overrides.iter().any(|entry| entry.path == path);
        let is_inherited = path.iter().try_fold(&self.inherited, |value, key| value.get(key)).is_some();
        is_set || is_inherited || (!rows.is_empty() && rows.iter().all(|row| row_sets(row, path)))
    }
}

fn row_sets(row: &TableRow, path: &[&str]) -> bool {
    row.overrides.iter().any(|entry| entry.path == path)
}

/// The file of one agreement.
fn single(
    session: &EditSession,
    arguments: &Arguments,
    common: &CommonTerms,
    row: &TableRow,
) -> Result<ProposedFile, Failure> {
    let client = Override::set(&["client"], row.client.as_str());
    let overrides: Vec<Override> =
        common.overrides.iter().chain(&row.overrides).chain([&client]).cloned().collect();
    let desired = author::with_overrides(&common.inherited, &overrides);
    let year = year_of(&desired);
    let id = match (&row.id, &year) {
        (Some(id), _) => slug(id)?,
        (None, Some(year)) => format!("{}-{year}", row.client),
        (None, None) => row.client.clone(),
    };
    let path = format!("{}/{id}.yaml", folder(session, arguments, year.as_deref())?);
    let text = author::file_text(&path, &least(session, common, &desired)?);
    Ok(ProposedFile { path, from: Origin::New, text, root: None })
}

/// The file of a set.
fn set(
    session: &EditSession,
    arguments: &Arguments,
    common: &CommonTerms,
    rows: &[TableRow],
    name: &str,
) -> Result<ProposedFile, Failure> {
    if let Some(row) = rows.iter().find(|row| row.id.is_some()) {
        return Err(Failure::usage(
            format!("client `{}` has an id of its own", row.client),
            "omit the column `id`: the id of an entry of a set is its client",
        ));
    }
    let desired = author::with_overrides(&common.inherited, &common.overrides);
    let mut content = least(session, common, &desired)?;
    let entries = rows.iter().map(|row| (row.client.clone(), author::override_layer(&row.overrides)));
    content["clients"] = Value::Object(entries.collect());
    let folder = arguments
        .folder
        .as_ref()
        .map_or(Ok("agreements".to_owned()), |_| folder(session, arguments, None))?;
    let path = format!("{folder}/{}.yaml", slug(name)?);
    Ok(ProposedFile { text: author::file_text(&path, &content), path, from: Origin::New, root: None })
}

/// The values that differ from what the templates already give.
fn least(session: &EditSession, common: &CommonTerms, desired: &Value) -> Result<Value, Failure> {
    let (library, _) = Library::new(&session.loaded.templates);
    let extends: Vec<&str> = common.extends.iter().map(String::as_str).collect();
    author::minimize(&library, &extends, desired).map_err(|not_said| {
        Failure::new(Exit::Failure, "value-not-removable", not_said.to_string())
            .help("extend another template, or keep the value")
    })
}

fn year_of(agreement: &Value) -> Option<String> {
    Some(agreement["period"]["first_day"].as_str()?.get(..4)?.to_owned())
}

/// The folder of a new file: the one of the switch, that of its year if there are such folders, else `agreements`.
fn folder(session: &EditSession, arguments: &Arguments, year: Option<&str>) -> Result<String, Failure> {
    if let Some(folder) = &arguments.folder {
        let folder = folder.trim_matches('/');
        let folder = folder.strip_prefix("agreements/").unwrap_or(folder);
        let is_plain =
            folder.split('/').all(|part| !part.starts_with('.') && !part.is_empty() && !part.contains('\\'));
        if !is_plain {
            return Err(Failure::usage(
                format!("`{folder}` is not a folder below agreements/"),
                "name a folder such as `2027`",
            ));
        }
        return Ok(format!("agreements/{folder}"));
    }
    let is_of_a_year = |path: &str| {
        let folder = path.strip_prefix("agreements/").and_then(|rest| rest.split_once('/'));
        folder
            .is_some_and(|(folder, _)| folder.len() == 4 && folder.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut paths =
        session.loaded.agreements.iter().map(|document| session.loaded.sources.path(document.file));
    Ok(match year {
        Some(year) if paths.any(is_of_a_year) => format!("agreements/{year}"),
        _ => "agreements".to_owned(),
    })
}

/// Refuses ids that exist already, each at its row.
fn refuse_taken(
    session: &EditSession,
    proposals: &[ProposedFile],
    rows: &[TableRow],
    context: &Context,
) -> Result<(), Failure> {
    let taken: BTreeMap<&str, &str> = session
        .loaded
        .agreements
        .iter()
        .map(|document| (&*document.id, session.loaded.sources.path(document.file)))
        .collect();
    let mut faults = Diagnostics::default();
    for (index, proposal) in proposals.iter().enumerate() {
        let id = document::id_of(&proposal.path);
        let Some(path) = taken.get(id) else { continue };
        let place = rows.get(index).filter(|_| proposals.len() == rows.len()).map(|row| row.place);
        let message = format!("`{id}` exists already, in {path}");
        match place.filter(|place| !session.loaded.sources.text(place.file).is_empty()) {
            Some(place) => {
                faults.push(Diagnostic::new(Code::E102, place, message).help("give it an `id` of its own"));
            }
            None => {
                return Err(Failure::new(Exit::Failure, "agreement-exists", message)
                    .help("pass another `--id`, or change the existing agreement"));
            }
        }
    }
    refuse_errors(session, &faults, context)
}

/// Refuses slugs that the catalog does not know.
fn check_slugs(session: &EditSession, terms: &AgreementOptions) -> Result<(), Failure> {
    fn names<K: Borrow<str>, V>(map: &BTreeMap<K, V>) -> Vec<&str> {
        map.keys().map(Borrow::borrow).collect()
    }
    let catalog = &session.checked.catalog;
    let (services, mut calendars) = (names(&catalog.services), names(&catalog.calendars));
    calendars.push("24x7");
    let known = |slug: &str, kind: &str, names: &[&str]| {
        one_of(slug, kind, names.iter().copied()).map(drop).map_err(usage)
    };
    if let Some(slug) = &terms.manager {
        known(slug, "manager", &names(&catalog.managers))?;
    }
    if let Some(slug) = &terms.provider {
        known(slug, "provider", &names(&catalog.providers))?;
    }
    if let Some(slug) = &terms.calendar {
        known(slug, "calendar", &calendars)?;
    }
    for service in terms.service.iter().chain(&terms.without) {
        let (slug, calendar) = service
            .split_once('=')
            .map_or((service.as_str(), None), |(slug, calendar)| (slug, Some(calendar)));
        known(slug, "service", &services)?;
        if let Some(calendar) = calendar {
            known(calendar, "calendar", &calendars)?;
        }
    }
    Ok(())
}

fn one_of<'a>(
    name: &str,
    kind: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Result<String, String> {
    if known.clone().any(|known| known == name) {
        return Ok(name.to_owned());
    }
    Err(match nearest(name, known) {
        Some(near) => format!("no {kind} is called `{name}`; did you mean `{near}`?"),
        None if kind == "template" => {
            format!("no template is called `{name}`; write templates/{name}.yaml first")
        }
        None => format!("no {kind} is called `{name}`; add it under `{kind}s:` in catalog.yaml"),
    })
}

fn slug(text: &str) -> Result<String, Failure> {
    if is_slug(text) {
        return Ok(text.to_owned());
    }
    Err(Failure::usage(
        format!("`{text}` is not a valid id"),
        "use lower-case letters, digits, dots, hyphens and underscores",
    ))
}

/// The failure of a `message; help`.
fn usage(text: String) -> Failure {
    match text.split_once("; ") {
        Some((message, help)) => Failure::usage(message, help),
        None => Failure::new(Exit::Failure, "usage", text),
    }
}
