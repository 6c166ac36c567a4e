//! The JSON Schemas (draft 7): generated from the shapes, adapted for editors, and compiled for validation.
//!
//! Editors, `ajv` and Servanda use the same schemas, those in `schemas/`. Each property has a description, and texts have
//! patterns. With a catalog, its slugs are listed, so that editors complete them.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use jsonschema::Validator;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use serde_json::{Map, Value, json};

use super::json::TreeJson;
use super::kind::DocumentKind;
use super::part::compiled;
use super::shape::text::{KIND, only_one_of};
use super::shape::{
    AgreementDocument, CalendarDocument, CatalogDocument, ENTRY_LACKS, SettingsDocument, TEMPLATE_LACKS,
    TemplateOnly,
};
use super::tree::Node;

/// The names in a repository, for `servanda schema --catalog`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownSlugs {
    /// Clients of the catalog.
    pub clients: BTreeSet<String>,
    /// Clients and their departments.
    pub recipients: BTreeSet<String>,
    /// Services of the catalog.
    pub services: BTreeSet<String>,
    /// Managers of the catalog.
    pub managers: BTreeSet<String>,
    /// Providers of the catalog.
    pub providers: BTreeSet<String>,
    /// Calendars of the catalog.
    pub calendars: BTreeSet<String>,
    /// Priorities of the catalog.
    pub priorities: BTreeSet<String>,
    /// Names of the templates.
    pub templates: BTreeSet<String>,
    /// Ids of the agreements.
    pub agreements: BTreeSet<String>,
}

impl KnownSlugs {
    fn of_kind(&self, kind: &str) -> Option<&BTreeSet<String>> {
        let slugs = match kind {
            "client" => &self.clients,
            "recipient" => &self.recipients,
            "service" => &self.services,
            "manager" => &self.managers,
            "provider" => &self.providers,
            "calendar" => &self.calendars,
            "priority" => &self.priorities,
            "template" => &self.templates,
            "agreement" => &self.agreements,
            _ => return None,
        };
        (!slugs.is_empty()).then_some(slugs)
    }
}

/// The schema of a kind of file as it is published; with `slugs`, for one repository's editors.
pub fn schema(kind: DocumentKind, slugs: Option<&KnownSlugs>) -> Value {
    let mut schema = with_kinds(kind);
    // The catalog defines the slugs, so its own schema does not list them.
    let slugs = slugs.filter(|_| kind != DocumentKind::Catalog);
    each_schema(&mut schema, &|keywords| publish(keywords, slugs));
    match kind {
        DocumentKind::Agreement => refer_to_own_keys(&mut schema),
        DocumentKind::Settings => refer_to_helpdesk(&mut schema),
        DocumentKind::Template | DocumentKind::Catalog | DocumentKind::Calendar => {}
    }
    // With the slugs of a repository it is another schema, without an address.
    if slugs.is_none() {
        identify(&mut schema, kind);
    }
    schema
}

/// The address of a published schema.
pub fn schema_address(name: &str) -> String {
    format!("https://raw.githubusercontent.com/servanda/servanda/main/schemas/{name}.json")
}

/// Adds the address and a title, as editors and the JSON Schema Store show them.
fn identify(schema: &mut Value, kind: DocumentKind) {
    let name = kind.schema_file().trim_end_matches(".json");
    let Value::Object(keywords) = schema else { return };
    let mut published = Map::new();
    published.insert("$schema".to_owned(), keywords.shift_remove("$schema").unwrap_or_default());
    published.insert("$id".to_owned(), schema_address(name).into());
    published.insert("title".to_owned(), format!("Servanda: {name}").into());
    published.append(keywords);
    *keywords = published;
}

/// Replaces the properties that an entry of a set shares with an agreement by references, so that they are compiled once.
fn refer_to_own_keys(schema: &mut Value) {
    let own = schema["properties"].clone();
    let of_entry = &mut schema["properties"]["clients"]["additionalProperties"]["properties"];
    for (key, below) in of_entry.as_object_mut().into_iter().flatten() {
        if own[key] == *below {
            *below = json!({ "$ref": format!("#/properties/{key}") });
        }
    }
}

/// Replaces the schema of each of several helpdesks by a reference to that of one, so that it is compiled once.
fn refer_to_helpdesk(schema: &mut Value) {
    schema["properties"]["helpdesks"]["additionalProperties"] = json!({ "$ref": "#/properties/helpdesk" });
}

/// The published schemas by file name, as in `schemas/`.
pub fn published_schemas() -> Vec<(&'static str, String)> {
    let files = DocumentKind::ALL.iter().map(|kind| {
        let mut text = serde_json::to_string_pretty(&schema(*kind, None)).expect("a schema is plain JSON");
        text.push('\n');
        (kind.schema_file(), text)
    });
    files.collect()
}

/// Whether a path with dots between the keys leads to a field of an agreement. Slugs may contain dots as well.
pub fn is_field_path(path: &str) -> bool {
    let whole = kept(DocumentKind::Agreement);
    is_path_within(whole, whole, path)
}

fn is_path_within(whole: &Value, schema: &Value, path: &str) -> bool {
    let referred =
        schema.get("$ref").and_then(Value::as_str).and_then(|pointer| whole.pointer(&pointer[1..]));
    let schema = referred.unwrap_or(schema);
    let known = schema["properties"].as_object().into_iter().flatten();
    let known = known.filter_map(|(key, below)| Some((path.strip_prefix(key.as_str())?, below)));
    let named = schema.get("additionalProperties").filter(|below| below.is_object());
    let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
    let named = named.into_iter().flat_map(|below| ends.clone().map(move |end| (&path[end..], below)));
    known.chain(named).any(|(rest, below)| match rest.strip_prefix('.') {
        Some(rest) => is_path_within(whole, below, rest),
        None => rest.is_empty(),
    })
}

/// The schema of a kind with the internal keyword for kinds of text, to explain errors. Generated when the first error
/// occurs.
pub(super) fn derived(kind: DocumentKind) -> &'static Value {
    static DERIVED: [OnceLock<Value>; DocumentKind::ALL.len()] =
        [const { OnceLock::new() }; DocumentKind::ALL.len()];
    DERIVED[kind as usize].get_or_init(|| with_kinds(kind))
}

/// Whether a part of a schema allows a JSON type.
pub(super) fn takes(part: &Value, name: &str) -> bool {
    match &part["type"] {
        Value::String(only) => only == name,
        Value::Array(names) => names.iter().any(|one| one == name),
        _ => false,
    }
}

/// The published schema of a kind without descriptions. It validates exactly as the generated one.
pub(super) fn kept(kind: DocumentKind) -> &'static Value {
    static KEPT: [OnceLock<Value>; DocumentKind::ALL.len()] =
        [const { OnceLock::new() }; DocumentKind::ALL.len()];
    KEPT[kind as usize].get_or_init(|| serde_json::from_str(kept_text(kind)).expect("a schema is JSON"))
}

/// The validator that finds all errors of a kind, compiled once.
pub(super) fn validator(kind: DocumentKind) -> &'static Validator<TreeJson> {
    static COMPILED: [OnceLock<Validator<TreeJson>>; DocumentKind::ALL.len()] =
        [const { OnceLock::new() }; DocumentKind::ALL.len()];
    COMPILED[kind as usize].get_or_init(|| compiled(kept(kind)))
}

/// Whether the schema of a kind allows a document. Compiles only what the document has, and equal properties of several
/// kinds once.
pub(super) fn is_valid(kind: DocumentKind, root: &Node) -> bool {
    cut_validator(kind).is_valid(root)
}

fn cut_validator(kind: DocumentKind) -> &'static Validator<TreeJson> {
    static COMPILED: [OnceLock<Validator<TreeJson>>; DocumentKind::ALL.len()] =
        [const { OnceLock::new() }; DocumentKind::ALL.len()];
    COMPILED[kind as usize]
        .get_or_init(|| compiled(&serde_json::from_str(cut_text(kind)).expect("build.rs writes JSON")))
}

/// Compiles the validators of all kinds in parallel. Otherwise the first [`read`](super::read()) of each kind compiles it.
pub fn compile_validators() {
    DocumentKind::ALL.into_par_iter().for_each(|kind| _ = cut_validator(kind));
}

/// The schema of a kind with numbers in place of its larger properties (see `build.rs`).
pub(super) const fn cut_text(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Agreement => include_str!(concat!(env!("OUT_DIR"), "/cut-agreement.json")),
        DocumentKind::Template => include_str!(concat!(env!("OUT_DIR"), "/cut-template.json")),
        DocumentKind::Catalog => include_str!(concat!(env!("OUT_DIR"), "/cut-catalog.json")),
        DocumentKind::Settings => include_str!(concat!(env!("OUT_DIR"), "/cut-settings.json")),
        DocumentKind::Calendar => include_str!(concat!(env!("OUT_DIR"), "/cut-calendar.json")),
    }
}

/// The schema file without descriptions (see `build.rs`). A test compares the file with the generated schema.
const fn kept_text(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Agreement => include_str!(concat!(env!("OUT_DIR"), "/agreement.json")),
        DocumentKind::Template => include_str!(concat!(env!("OUT_DIR"), "/template.json")),
        DocumentKind::Catalog => include_str!(concat!(env!("OUT_DIR"), "/catalog.json")),
        DocumentKind::Settings => include_str!(concat!(env!("OUT_DIR"), "/settings.json")),
        DocumentKind::Calendar => include_str!(concat!(env!("OUT_DIR"), "/calendar.json")),
    }
}

fn with_kinds(kind: DocumentKind) -> Value {
    let mut schema = match kind {
        DocumentKind::Agreement => agreement(),
        DocumentKind::Template => template(),
        DocumentKind::Catalog => generate::<CatalogDocument>(),
        DocumentKind::Settings => generate::<SettingsDocument>(),
        DocumentKind::Calendar => generate::<CalendarDocument>(),
    };
    let head = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": kind.title(),
    });
    let (Value::Object(mut whole), Some(body)) = (head, schema.as_object_mut()) else {
        return schema;
    };
    whole.append(body);
    Value::Object(whole)
}

fn agreement() -> Value {
    let mut agreement = generate::<AgreementDocument>();
    let mut entry = agreement.clone();
    remove_properties(&mut entry, &ENTRY_LACKS);
    entry["description"] = json!("The values that differ for this client; `true` or `{}` if none do.");
    entry["type"] = json!(["boolean", "object"]);
    entry["not"] = json!({ "const": false });
    agreement["properties"]["clients"]["additionalProperties"] = entry;
    agreement["allOf"] = only_one_of(&["client", "clients"]);
    agreement
}

fn template() -> Value {
    let mut template = generate::<AgreementDocument>();
    remove_properties(&mut template, &TEMPLATE_LACKS);
    template["properties"]["locked"] = generate::<TemplateOnly>()["properties"]["locked"].take();
    template["description"] = json!("The common values of the agreements that extend this template.");
    template
}

fn remove_properties(schema: &mut Value, names: &[&str]) {
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.retain(|name, _| !names.contains(&name.as_str()));
    }
}

fn generate<T: schemars::JsonSchema>() -> Value {
    let settings = schemars::generate::SchemaSettings::draft07().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    each_schema(&mut schema, &tidy);
    schema
}

/// Applies a change to a schema and to all schemas within it, but not to maps that only contain schemas by name.
fn each_schema(schema: &mut Value, change: &dyn Fn(&mut Map<String, Value>)) {
    let Value::Object(keywords) = schema else {
        return;
    };
    change(keywords);
    for (keyword, value) in keywords.iter_mut() {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(named)) => {
                for within in named.values_mut() {
                    each_schema(within, change);
                }
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(several)) => {
                for within in several {
                    each_schema(within, change);
                }
            }
            ("items" | "additionalProperties" | "propertyNames" | "not" | "then", within) => {
                each_schema(within, change);
            }
            _ => {}
        }
    }
}

/// Simplifies a generated schema for editors: removes `null` for optional keys, formats specific to Rust and line breaks in
/// descriptions, and replaces an `oneOf` of words by an `enum`.
fn tidy(keywords: &mut Map<String, Value>) {
    keywords.shift_remove("format");
    keywords.shift_remove("title");
    if let Some(Value::String(page)) = keywords.get_mut("description") {
        *page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    drop_null(keywords);
    words(keywords);
}

fn drop_null(keywords: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = keywords.get_mut("type") {
        types.retain(|name| name != "null");
        if types.len() == 1 {
            let only = types.remove(0);
            keywords.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(words)) = keywords.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    if let Some(Value::Array(choices)) = keywords.get_mut("anyOf") {
        choices.retain(|choice| choice["type"] != "null");
        if choices.len() == 1
            && let Some(Value::Object(only)) = choices.pop()
        {
            keywords.shift_remove("anyOf");
            for (keyword, value) in only {
                keywords.entry(keyword).or_insert(value);
            }
        }
    }
}

fn words(keywords: &mut Map<String, Value>) {
    let words = match keywords.get("oneOf") {
        Some(Value::Array(choices)) => choices.iter().map(|choice| choice.get("const").cloned()).collect(),
        _ => None,
    };
    if let Some(words) = words {
        let words: Vec<Value> = words;
        keywords.shift_remove("oneOf");
        keywords.insert("type".to_owned(), json!("string"));
        keywords.insert("enum".to_owned(), words.into());
    }
}

/// Removes the internal keyword, and adds the slugs if there are any.
fn publish(keywords: &mut Map<String, Value>, slugs: Option<&KnownSlugs>) {
    let kind = keywords.shift_remove(KIND);
    let named = kind.as_ref().and_then(Value::as_str).zip(slugs);
    if let Some(slugs) = named.and_then(|(kind, slugs)| slugs.of_kind(kind)) {
        list_slugs(keywords, slugs);
    }
    // The description and the type come first for readers of the file.
    for first in ["type", "description", "title", "$schema"] {
        if let Some(value) = keywords.shift_remove(first) {
            keywords.shift_insert(0, first.to_owned(), value);
        }
    }
}

fn list_slugs(keywords: &mut Map<String, Value>, slugs: &BTreeSet<String>) {
    if keywords.get("type") == Some(&json!("string")) {
        keywords.insert("enum".to_owned(), json!(slugs));
    } else {
        // A text or a list of texts. The items of the list have their own `enum`. Editors complete from alternatives, and
        // not from conditions, which an empty value does not meet.
        keywords.insert("anyOf".to_owned(), json!([{ "enum": slugs }, { "type": "array" }]));
    }
}
