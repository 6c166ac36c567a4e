//! Groups agreements with the same terms and drafts a template for each group: first by all terms, then the rest by
//! targets. What several of these templates have in common becomes one more template, which they extend.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::adoption::{AdoptionContext, ProposedFile};
use super::observed::{Candidate, ObservedAgreement};
use crate::author;
use crate::calendar::Term;
use crate::diagnostic::Sources;
use crate::document::{Document, DocumentKind, read};
use crate::ident::TemplateName;
use crate::ident::slug::{numbered, slug_of};
use crate::template::Library;

/// The fields that agreements of a service package have in common.
const PACKAGE: [&str; 3] = ["services", "sla", "provider"];
/// The fields that agreements over different services with the same targets have in common.
const TARGETS: [&str; 2] = ["sla", "provider"];
/// The fields that templates may have in common.
const COMMON: [&str; 5] = ["title", "provider", "manager", "period", "sla"];
/// The name of the template of what templates have in common.
const BASE: &str = "common";
/// The longest name that is made for a template.
const LONGEST: usize = 40;

/// The drafts of new templates.
#[derive(Default)]
pub(super) struct TemplateDrafts {
    base: Option<TemplateDraft>,
    packages: Vec<TemplateDraft>,
}

/// A template with everything that agreements inherit from it.
struct TemplateDraft {
    name: String,
    fields: Map<String, Json>,
}

/// The file of a new template.
pub(super) struct TemplateFile {
    pub(super) file: ProposedFile,
    /// The new template that it extends.
    pub(super) extends: Option<String>,
    /// The text that it would have if it extended none.
    pub(super) whole: String,
}

impl TemplateDrafts {
    /// Drafts templates for groups of at least `least` agreements, largest first.
    pub(super) fn of(candidates: &[Candidate<'_>], context: &AdoptionContext<'_>, least: usize) -> Self {
        let mut names = TemplateNames {
            taken: context.templates.iter().map(|template| template.id.to_string()).collect(),
            services: BTreeSet::new(),
        };
        let mut waiting: Vec<&ObservedAgreement> =
            candidates.iter().map(|candidate| &candidate.facts).collect();
        let mut packages = Vec::new();
        for shared in [&PACKAGE[..], &TARGETS[..]] {
            let mut groups: BTreeMap<String, Vec<&ObservedAgreement>> = BTreeMap::new();
            for facts in waiting.drain(..) {
                groups.entry(signature(facts, shared)).or_default().push(facts);
            }
            let mut groups: Vec<Vec<&ObservedAgreement>> = groups.into_values().collect();
            groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
            for group in groups {
                let says_enough = shared == PACKAGE || !group[0].field(&["sla", "targets"]).is_null();
                if group.len() >= least.max(2) && says_enough {
                    packages.push(draft(&group, shared, &mut names));
                } else {
                    waiting.extend(group);
                }
            }
        }
        let mut drafts = Self { base: None, packages };
        drafts.choose_base(&names.free(&[BASE.to_owned()]));
        drafts
    }

    /// Takes the base with which the templates are the shortest, of all choices of fields, or none. A template that lacks a
    /// field of the base cannot extend it, so that fewer fields may serve more templates.
    fn choose_base(&mut self, name: &str) {
        let mut least = self.size();
        for choice in 1..1_usize << COMMON.len() {
            let chosen = COMMON.iter().enumerate().filter(|(index, _)| choice & 1 << index != 0);
            let Some(fields) = base(&self.packages, chosen.map(|(_, key)| *key)) else {
                continue;
            };
            let replaced = self.base.replace(TemplateDraft { name: name.to_owned(), fields });
            let size = self.size();
            if size < least {
                least = size;
            } else {
                self.base = replaced;
            }
        }
    }

    /// The bytes of all files.
    fn size(&self) -> usize {
        self.files(&self.names()).iter().map(|template| template.file.text.len()).sum()
    }

    /// The names of all drafts.
    pub(super) fn names(&self) -> BTreeSet<String> {
        self.base.iter().chain(&self.packages).map(|draft| draft.name.clone()).collect()
    }

    /// The files of the drafts with these names.
    pub(super) fn files(&self, used: &BTreeSet<String>) -> Vec<TemplateFile> {
        let is_used = |draft: &&TemplateDraft| used.contains(&draft.name);
        let base = self.base.as_ref().filter(is_used).map(|draft| (draft, draft.file(draft.fields.clone())));
        let mut sources = Sources::default();
        let parsed = base.iter().map(|(_, file)| {
            let id = sources.add(file.path.as_str(), file.text.as_str());
            read(&sources, id, DocumentKind::Template).0
        });
        let documents: Vec<Document> = parsed.collect();
        let (library, _) = Library::new(&documents);
        let packages = self.packages.iter().filter(is_used).map(|draft| {
            let whole = draft.file(draft.fields.clone());
            let own = base.as_ref().and_then(|(base, _)| {
                Some((draft.file(draft.beyond(&base.name, &library)?), Some(base.name.clone())))
            });
            let shortest = own.filter(|(own, _)| own.text.len() < whole.text.len());
            let (file, extends) = shortest.unwrap_or_else(|| (whole.clone(), None));
            TemplateFile { file, extends, whole: whole.text }
        });
        let packages: Vec<TemplateFile> = packages.collect();
        let of_base = base.map(|(_, file)| TemplateFile { whole: file.text.clone(), file, extends: None });
        of_base.into_iter().chain(packages).collect()
    }
}

impl TemplateDraft {
    fn file(&self, fields: Map<String, Json>) -> ProposedFile {
        let path = format!("templates/{}.yaml", self.name);
        let text = author::file_text(&path, &author::in_field_order(fields));
        ProposedFile { path, text }
    }

    /// The fields that it needs if it extends a base; `None` if the base has what it cannot drop.
    fn beyond(&self, base: &str, library: &Library<'_>) -> Option<Map<String, Json>> {
        let own = author::minimize(library, &[base], &Json::Object(self.fields.clone())).ok()?;
        own.as_object().cloned()
    }
}

/// The commonest value of each of these fields, if at least two templates have it.
fn base<'k>(packages: &[TemplateDraft], keys: impl Iterator<Item = &'k str>) -> Option<Map<String, Json>> {
    keys.map(|key| {
        let values = packages.iter().map(|draft| draft.fields.get(key).cloned());
        commonest(values).map(|value| (key.to_owned(), value))
    })
    .collect()
}

fn signature(facts: &ObservedAgreement, shared: &[&str]) -> String {
    let values: Vec<Option<&Json>> = shared.iter().map(|field| facts.fields.get(*field)).collect();
    json!(values).to_string()
}

fn draft(group: &[&ObservedAgreement], shared: &[&str], names: &mut TemplateNames) -> TemplateDraft {
    let mut fields = Map::new();
    let first = group[0];
    for field in shared {
        fields.extend(first.fields.get(*field).map(|value| ((*field).to_owned(), value.clone())));
    }
    // Fields outside the signature take the most common value.
    if group.iter().all(|facts| facts.fields.contains_key("manager"))
        && let Some(manager) = commonest(group.iter().map(|facts| facts.fields.get("manager").cloned()))
    {
        fields.insert("manager".to_owned(), manager);
    }
    if let Some(term) = commonest(group.iter().map(|facts| term(facts).map(Json::from))) {
        fields.insert("period".to_owned(), json!({ "term": term }));
    }
    if let Some(title) = commonest(group.iter().map(|facts| pattern(facts).map(Json::from))) {
        fields.insert("title".to_owned(), title);
    }
    TemplateDraft { name: names.of(&fields, shared), fields }
}

/// The most common value, if at least two have it. Agreements that differ override it, at no extra cost.
fn commonest(values: impl Iterator<Item = Option<Json>>) -> Option<Json> {
    let mut counts: BTreeMap<String, (usize, Json)> = BTreeMap::new();
    for value in values.flatten() {
        counts.entry(value.to_string()).or_insert((0, value)).0 += 1;
    }
    let (count, value) = counts.into_values().max_by_key(|(count, _)| *count)?;
    (count >= 2).then_some(value)
}

/// The term of the period, if that is whole years or months.
fn term(facts: &ObservedAgreement) -> Option<String> {
    let (first, last) = facts.first_day.zip(facts.last_day)?;
    let years = [1, 2, 3, 5].map(|count| (count * 12, format!("{count}y")));
    let months = [1, 2, 3, 4, 6, 9, 18].map(|count| (count, format!("{count}mo")));
    let fits = |(months, _): &(i32, String)| Term { months: *months, days: 0 }.last_day(first) == Some(last);
    years.into_iter().chain(months).find(fits).map(|(_, term)| term)
}

/// The title with variables for the client's title and the number; `None` if it does not contain the client's title.
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

/// The names of templates that are taken, and the services that named one.
struct TemplateNames {
    taken: BTreeSet<String>,
    services: BTreeSet<String>,
}

impl TemplateNames {
    /// A free name that says what the template is about: the words of its title, the first service that no other
    /// template is named for, its services, its calendar.
    fn of(&mut self, fields: &Map<String, Json>, shared: &[&str]) -> String {
        let calendar = fields.get("sla").and_then(|sla| sla["calendar"].as_str()).unwrap_or_default();
        if shared != PACKAGE {
            let targets = fields.get("sla").and_then(|sla| sla["targets"].as_object());
            let first = targets.and_then(|targets| targets.values().next());
            let texts = ["response", "resolution"].map(|kind| first.and_then(|target| target[kind].as_str()));
            let first = slug_of(&texts.into_iter().flatten().collect::<Vec<_>>().join(" "));
            return self.free(&[
                joined("targets", calendar),
                joined("targets", &first),
                "targets".to_owned(),
            ]);
        }
        let title = fields.get("title").and_then(Json::as_str).unwrap_or_default();
        let words = slug_of(&without_variables(title));
        let services: Vec<String> = fields
            .get("services")
            .and_then(Json::as_object)
            .into_iter()
            .flat_map(Map::keys)
            .cloned()
            .collect();
        let own =
            services.iter().find(|service| !self.services.contains(*service)).cloned().unwrap_or_default();
        let all = services.join("-");
        self.services.extend(services);
        self.free(&[words.clone(), joined(&words, &own), own, all, joined(&words, calendar)])
    }

    /// The first of these names that is free and not too long, or one of them with a number.
    fn free<const COUNT: usize>(&mut self, names: &[String; COUNT]) -> String {
        let is_name = |name: &&String| name.len() <= LONGEST && TemplateName::new(name).is_some();
        let names: Vec<&String> = names.iter().filter(is_name).collect();
        let stem = names.first().map_or("package", |name| name.as_str());
        let all = names.iter().map(|name| (*name).clone()).chain(numbered(stem));
        let name = all
            .into_iter()
            .find(|name| !self.taken.contains(name))
            .expect("there are more numbers than templates");
        self.taken.insert(name.clone());
        name
    }
}

/// Two words with a hyphen between; nothing if one is missing.
fn joined(one: &str, other: &str) -> String {
    if one.is_empty() || other.is_empty() { String::new() } else { format!("{one}-{other}") }
}

/// A title without its variables.
fn without_variables(title: &str) -> String {
    let parts = title.split("{{").map(|part| part.split_once("}}").map_or(part, |(_, after)| after));
    parts.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{TemplateDraft, TemplateDrafts};

    #[test]
    fn what_all_templates_share_is_written_once_although_only_some_share_more() {
        let targets =
            json!({ "critical": { "response": "30m", "resolution": "4h" }, "low": { "response": "1h" } });
        let draft = |name: &str, title: Option<&str>| {
            let mut fields = json!({ "services": { name: true }, "sla": { "targets": targets } });
            if let Some(title) = title {
                fields["title"] = title.into();
            }
            let fields = fields.as_object().cloned().expect("a map");
            TemplateDraft { name: name.to_owned(), fields }
        };
        let title = Some("{{ client.title }}: support");
        let packages = vec![draft("a", title), draft("b", title), draft("c", None), draft("d", None)];
        let mut drafts = TemplateDrafts { base: None, packages };
        drafts.choose_base("common");
        let files = drafts.files(&drafts.names());
        let with_targets = files.iter().filter(|template| template.file.text.contains("30m"));
        assert_eq!(with_targets.count(), 1);
        assert_eq!(files.iter().filter(|template| template.extends.is_some()).count(), 4);
    }
}
