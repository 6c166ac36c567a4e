//! Groups agreements with the same terms and proposes a template for each group: first by all terms, then the rest by
//! targets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::adoption::{AdoptionContext, ProposedFile};
use super::observed::{Candidate, ObservedAgreement};
use crate::author;
use crate::calendar::Term;
use crate::ident::TemplateName;

/// The fields that agreements of a service package have in common.
const PACKAGE: [&str; 3] = ["services", "sla", "provider"];
/// The fields that agreements over different services with the same targets have in common.
const TARGETS: [&str; 2] = ["sla", "provider"];

/// Proposes templates for groups of at least `least` agreements, largest first.
pub(super) fn templates(
    candidates: &[Candidate<'_>],
    context: &AdoptionContext<'_>,
    least: usize,
) -> Vec<ProposedFile> {
    let mut names: BTreeSet<String> =
        context.templates.iter().map(|template| template.id.to_string()).collect();
    let mut waiting: Vec<&ObservedAgreement> = candidates.iter().map(|candidate| &candidate.facts).collect();
    let mut files = Vec::new();
    for shared in [&PACKAGE[..], &TARGETS[..]] {
        let mut groups: BTreeMap<String, Vec<&ObservedAgreement>> = BTreeMap::new();
        for facts in waiting.drain(..) {
            groups.entry(signature(facts, shared)).or_default().push(facts);
        }
        let mut groups: Vec<Vec<&ObservedAgreement>> = groups.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
        for group in groups {
            if group.len() >= least.max(2) && shared.iter().any(|field| group[0].fields.contains_key(*field))
            {
                files.push(template(&group, shared, &mut names));
            } else {
                waiting.extend(group);
            }
        }
    }
    files
}

fn signature(facts: &ObservedAgreement, shared: &[&str]) -> String {
    let values: Vec<Option<&Json>> = shared.iter().map(|field| facts.fields.get(*field)).collect();
    json!(values).to_string()
}

fn template(group: &[&ObservedAgreement], shared: &[&str], names: &mut BTreeSet<String>) -> ProposedFile {
    let mut fields = Map::new();
    let first = group[0];
    for field in shared {
        fields.extend(first.fields.get(*field).map(|value| ((*field).to_owned(), value.clone())));
    }
    // Fields outside the signature take the most common value.
    let manager =
        |facts: &&ObservedAgreement| facts.fields.get("manager").and_then(Json::as_str).map(str::to_owned);
    if group.iter().all(|facts| facts.fields.contains_key("manager"))
        && let Some(manager) = common(group.iter().map(manager))
    {
        fields.insert("manager".to_owned(), manager.into());
    }
    if let Some(term) = common(group.iter().map(|facts| term(facts))) {
        fields.insert("period".to_owned(), json!({ "term": term }));
    }
    if let Some(title) = common(group.iter().map(|facts| pattern(facts))) {
        fields.insert("title".to_owned(), title.into());
    }
    let path = format!("templates/{}.yaml", name(first, shared, names));
    let text = author::file_text(&path, &author::in_field_order(fields));
    ProposedFile { path, text }
}

/// The most common value, if at least two have it. Agreements that differ override it, at no extra cost.
fn common(values: impl Iterator<Item = Option<String>>) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for value in values.flatten() {
        *counts.entry(value).or_default() += 1;
    }
    let (value, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (count >= 2).then_some(value)
}

/// The time it runs, where that is whole years or months.
fn term(facts: &ObservedAgreement) -> Option<String> {
    let (first, last) = facts.first_day.zip(facts.last_day)?;
    let years = [1, 2, 3, 5].map(|count| (count * 12, format!("{count}y")));
    let months = [1, 2, 3, 4, 6, 9, 18].map(|count| (count, format!("{count}mo")));
    let fits = |(months, _): &(i32, String)| Term { months: *months, days: 0 }.last_day(first) == Some(last);
    years.into_iter().chain(months).find(fits).map(|(_, term)| term)
}

/// The title with what belongs to one agreement alone taken out of it; nothing where nothing does.
fn pattern(facts: &ObservedAgreement) -> Option<String> {
    if facts.title.contains(['{', '}'])
        || !facts.title.contains(&facts.client_title)
        || facts.client_title.is_empty()
    {
        return None;
    }
    let mut pattern = facts.title.replacen(&facts.client_title, "{{ client.title }}", 1);
    if let Some(number) = facts.fields.get("number").and_then(Json::as_str).filter(|number| number.len() > 1)
    {
        pattern = pattern.replacen(number, "{{ number }}", 1);
    }
    Some(pattern)
}

/// A name that says what the template is about, and is free.
fn name(facts: &ObservedAgreement, shared: &[&str], names: &mut BTreeSet<String>) -> String {
    let services =
        facts.fields.get("services").and_then(Json::as_object).filter(|_| shared.contains(&"services"));
    let words: Vec<&str> = services.into_iter().flat_map(Map::keys).map(String::as_str).take(3).collect();
    let calendar = facts.fields.get("sla").and_then(|sla| sla["calendar"].as_str());
    let stem = match (&words[..], calendar) {
        ([], None) => "shared-targets".to_owned(),
        ([], Some(calendar)) => format!("targets-{calendar}"),
        (words, _) => words.join("-"),
    };
    let stem: String = stem.chars().take(60).collect();
    let stem = if TemplateName::new(&stem).is_some() { stem } else { "shared".to_owned() };
    let numbered = std::iter::once(stem.clone()).chain((2..).map(|count| format!("{stem}-{count}")));
    let mut free = numbered.filter(|name| !names.contains(name));
    let name = free.next().expect("there are more numbers than templates");
    names.insert(name.clone());
    name
}
