//! Turns agreements that people created in the helpdesk into files: each extends the template that makes its file the
//! shortest, and agreements with the same terms get a new template.
//!
//! Every proposed file is checked with the stages that read all agreements, and the result is compared with the object.
//! An object that no file can express, or that its file would change, is skipped with a reason.

mod adoption;
mod slugs;
mod observed;
mod succession;
mod templates;

pub use adoption::{
    AdoptedAgreement, Adoption, AdoptionContext, AdoptionSelection, ProposedFile, ProposedTemplate,
    SkipReason, SkippedObject,
};

use std::collections::BTreeSet;

use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde_json::{Map, Value as Json, json};

use crate::agreement::Agreement;
use crate::author;
use crate::calendar::Term;
use crate::desired::desired;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources};
use crate::document::{DocumentKind, read};
use crate::ident::slug::numbered;
use crate::ident::{AgreementId, LiveId};
use crate::live::{LiveAgreement, Observed, Value};
use crate::mapping::{Field, Mapping};
use crate::template::Library;

use adoption::{DraftFile, path_of, stem};
use observed::{Candidate, ObservedAgreement};
use slugs::SlugIndex;
use templates::{TemplateDrafts, TemplateFile};

/// Proposes files for all objects without an ownership key.
pub fn adopt(context: &AdoptionContext<'_>) -> Adoption {
    let slugs = SlugIndex::of(context.catalog, context.directory);
    let mut adoption = Adoption::default();
    let mut taken = context.taken.clone();
    let mut candidates = Vec::new();
    for (object, observed) in context.unmarked {
        if context.adopted.contains(object) || !context.selection.contains_object(object) {
            continue;
        }
        match observed {
            Observed::Absent => {}
            Observed::Present(live) => match observed::facts(live, &slugs, context) {
                Ok(facts) if context.selection.contains_client(&facts.client) => {
                    let id = free_id(&facts, &mut taken);
                    candidates.push(Candidate { object, live, facts, id });
                }
                Ok(_) => {}
                Err(reason) => {
                    let client = slugs.client_of(live);
                    if client.map_or(!context.selection.names_clients(), |client| {
                        context.selection.contains_client(&client)
                    }) {
                        adoption.skipped.push(skipped(object, live, reason));
                    }
                }
            },
            Observed::Unknown(_) if context.selection.names_clients() => {}
            Observed::Unknown(error) => {
                let reason = SkipReason::Unreadable { error: error.clone() };
                let title = context.titles.get(object).cloned().unwrap_or_else(|| object.to_string());
                adoption.skipped.push(SkippedObject { object: object.clone(), title, reason });
            }
        }
    }
    let drafts = match context.template_from {
        Some(least) => TemplateDrafts::of(&candidates, context, least),
        None => TemplateDrafts::default(),
    };
    let (mut attempts, files) = choose(&candidates, context, &drafts);
    succession::tie(&candidates, &mut attempts);
    adoption.templates = proposed_templates(&files, &attempts);
    for (candidate, attempt) in candidates.iter().zip(attempts) {
        match attempt {
            Ok(attempt) => adoption.agreements.push(adopted(candidate, attempt)),
            Err(reason) => adoption.skipped.push(skipped(candidate.object, candidate.live, reason)),
        }
    }
    adoption.skipped.sort_by(|one, other| one.object.cmp(&other.object));
    adoption
}

fn adopted(candidate: &Candidate<'_>, attempt: DraftFile) -> AdoptedAgreement {
    AdoptedAgreement {
        object: candidate.object.clone(),
        title: candidate.facts.title.clone(),
        id: candidate.id.clone(),
        client: candidate.facts.client.clone(),
        template: attempt.template,
        file: ProposedFile { path: path_of(&candidate.id), text: attempt.text },
        resolved: attempt.resolved,
    }
}

/// The templates with the number of files that extend each, and the lines that this saves.
fn proposed_templates(
    files: &[TemplateFile],
    attempts: &[Result<DraftFile, SkipReason>],
) -> Vec<ProposedTemplate> {
    let lines = |text: &str| text.lines().count();
    let templates = files.iter().map(|template| {
        let name = stem(&template.file.path);
        let mut whole = 0;
        let mut written = lines(&template.file.text);
        let of_name = |extended: Option<&str>| extended == Some(name);
        let mut extended_by = 0;
        for draft in attempts.iter().flatten().filter(|draft| of_name(draft.template.as_deref())) {
            extended_by += 1;
            whole += lines(&author::file_text("agreements/a.yaml", &draft.resolved));
            written += lines(&draft.text);
        }
        for other in files.iter().filter(|other| of_name(other.extends.as_deref())) {
            extended_by += 1;
            whole += lines(&other.whole);
            written += lines(&other.file.text);
        }
        ProposedTemplate {
            file: template.file.clone(),
            extended_by,
            lines_saved: whole.saturating_sub(written),
        }
    });
    templates.collect()
}

fn skipped(object: &LiveId, live: &LiveAgreement, reason: SkipReason) -> SkippedObject {
    let title = match live.record.fields.get(&Field::Title) {
        Some(Value::Text(title)) => title.clone(),
        _ => object.to_string(),
    };
    SkippedObject { object: object.clone(), title, reason }
}

/// An unused id: the slug of the client, or of its department, and the year, with a number if that is taken.
fn free_id(facts: &ObservedAgreement, taken: &mut BTreeSet<String>) -> AgreementId {
    let stem = match facts.first_day {
        Some(day) => format!("{}-{}", facts.recipient(), day.year()),
        None => facts.recipient(),
    };
    let mut free = numbered(&stem).filter(|name| !taken.contains(name));
    let name = free.next().expect("there are more numbers than files");
    taken.insert(name.clone());
    AgreementId::new(&name).expect("a slug with a number is an id")
}

/// For each candidate, the shortest file that expresses the object exactly, or the reason why none does; and
/// the new templates that at least two of these files extend.
fn choose(
    candidates: &[Candidate<'_>],
    context: &AdoptionContext<'_>,
    drafts: &TemplateDrafts,
) -> (Vec<Result<DraftFile, SkipReason>>, Vec<TemplateFile>) {
    let mut used = drafts.names();
    loop {
        let files = drafts.files(&used);
        let mut sources = context.sources.following();
        let mut templates = context.templates.to_vec();
        for TemplateFile { file, .. } in &files {
            let id = sources.add(file.path.as_str(), file.text.as_str());
            templates.push(read(&sources, id, DocumentKind::Template).0);
        }
        let (library, _) = Library::new(&templates);
        let inherited = inherited(&library);
        let bases: Vec<Base<'_>> = inherited
            .iter()
            .map(|(template, inherited)| {
                let terms = Terms { services: inherited.get("services"), sla: inherited.get("sla") };
                Base { template: *template, inherited, terms }
            })
            .collect();
        let attempts: Vec<_> = candidates
            .par_iter()
            .map(|candidate| best(candidate, &bases, &library, &sources, context))
            .collect();
        let extended = attempts.iter().flatten().filter_map(|attempt| attempt.template.as_deref());
        let extended: Vec<&str> =
            extended.chain(files.iter().filter_map(|file| file.extends.as_deref())).collect();
        // A template that one file extends saves nothing.
        let is_shared = |name: &&String| extended.iter().filter(|other| *other == name).count() >= 2;
        let kept: BTreeSet<String> = used.iter().filter(is_shared).cloned().collect();
        if kept == used {
            return (attempts, files);
        }
        used = kept;
    }
}

/// The parent of a file: nothing, or a template.
struct Base<'a> {
    template: Option<&'a str>,
    /// The merged values of the template.
    inherited: &'a Json,
    terms: Terms<'a>,
}

/// The merged values of each template, and of none.
fn inherited<'a>(library: &'a Library<'_>) -> Vec<(Option<&'a str>, Json)> {
    let named = library.names().filter_map(|name| Some((Some(name), library.inherited(&[name])?.to_json())));
    std::iter::once((None, Json::Object(Map::new()))).chain(named).collect()
}

/// The terms by which an agreement finds its templates.
struct Terms<'a> {
    services: Option<&'a Json>,
    /// Hours and targets.
    sla: Option<&'a Json>,
}

impl Terms<'_> {
    /// The measure of what both have in common: highest if services, hours and targets are the same, 0 if nothing is.
    fn overlap(&self, other: &Self) -> u8 {
        let same = |one: Option<&Json>, other: Option<&Json>| u8::from(one.is_some() && one == other);
        let names = |services: Option<&Json>| -> BTreeSet<String> {
            services.and_then(Json::as_object).into_iter().flat_map(Map::keys).cloned().collect()
        };
        let same_names = self.services.is_some() && names(self.services) == names(other.services);
        2 * same(self.services, other.services) + 2 * same(self.sla, other.sla) + u8::from(same_names)
    }
}

/// The shortest file over the templates that have most of its terms (or no template), with and without a title of its own.
/// The shortest ones are verified first, since a verification costs more than all that is written.
fn best(
    candidate: &Candidate<'_>,
    bases: &[Base<'_>],
    library: &Library<'_>,
    sources: &Sources,
    context: &AdoptionContext<'_>,
) -> Result<DraftFile, SkipReason> {
    let fields = &candidate.facts.fields;
    let terms = Terms { services: fields.get("services"), sla: fields.get("sla") };
    let overlaps: Vec<u8> = bases.iter().map(|base| base.terms.overlap(&terms)).collect();
    let most = overlaps.iter().copied().max();
    let tried = bases
        .iter()
        .zip(overlaps)
        .filter(|(base, overlap)| base.template.is_none() || Some(*overlap) == most);
    let ways = tried.flat_map(|(base, _)| [(base, false), (base, true)]);
    let drafts = ways.filter_map(|(base, has_title)| {
        let own = written(candidate, base, context, has_title)?;
        let text = author::file_text(&path_of(&candidate.id), &own);
        Some((base.template, has_title, own, text))
    });
    let mut drafts: Vec<_> = drafts.collect();
    drafts.sort_by_key(|(_, _, _, text)| text.len());
    let mut without_template = SkipReason::NotExpressible { fields: Vec::new() };
    for (template, has_title, own, text) in drafts {
        match verified(candidate, library, sources, context, &text) {
            Ok(resolved) => {
                return Ok(DraftFile { template: template.map(str::to_owned), text, own, resolved });
            }
            Err(reason) if template.is_none() && has_title => without_template = reason,
            Err(_) => {}
        }
    }
    Err(without_template)
}

/// The file of the object, if it extends the base.
fn written(
    candidate: &Candidate<'_>,
    base: &Base<'_>,
    context: &AdoptionContext<'_>,
    has_title: bool,
) -> Option<Json> {
    let extends: Vec<&str> = base.template.into_iter().collect();
    let mapping = &context.settings.helpdesk.mapping;
    let target = merged(&candidate.facts, base.inherited, has_title, mapping);
    let mut own = author::minimize_from(&extends, base.inherited, &target).ok()?;
    let settings = context.settings;
    let object: Json = candidate.object.as_str().into();
    let adopts = match &settings.helpdesk.name {
        Some(name) if settings.helpdesk.name != settings.default_helpdesk => json!({ name.as_str(): object }),
        _ => object,
    };
    own.as_object_mut()?.insert("adopts".to_owned(), adopts);
    if let Some(name) = &settings.helpdesk.name {
        own.as_object_mut()?.insert("helpdesk".to_owned(), name.as_str().into());
    }
    Some(author::in_field_order(own.as_object()?.clone()))
}

/// The merged agreement that a file must result in: the observed fields, and the template's for the rest.
fn merged(facts: &ObservedAgreement, inherited: &Json, has_title: bool, mapping: &Mapping) -> Json {
    let mut merged = inherited.as_object().cloned().unwrap_or_default();
    for (key, field) in observed::SEEN {
        if field.is_none_or(|field| mapping.carries(&field)) {
            merged.shift_remove(key);
        }
    }
    merged.extend(facts.fields.clone());
    if has_title {
        merged.insert("title".to_owned(), literal_title(&facts.title).into());
    } else if let Some(title) = inherited.get("title") {
        merged.insert("title".to_owned(), title.clone());
    }
    let mut period = inherited.get("period").and_then(Json::as_object).cloned().unwrap_or_default();
    let term = period.get("term").and_then(Json::as_str).map(str::to_owned);
    for key in ["first_day", "last_day", "term", "open_ended"] {
        period.shift_remove(key);
    }
    if let Some(day) = facts.first_day {
        period.insert("first_day".to_owned(), day.to_string().into());
    }
    let by_term = term.filter(|term| {
        let last_day = facts.first_day.and_then(|first| Term::read(term).ok()?.last_day(first));
        last_day.is_some() && last_day == facts.last_day
    });
    match (by_term, facts.last_day) {
        (Some(term), _) => period.insert("term".to_owned(), term.into()),
        (None, Some(day)) => period.insert("last_day".to_owned(), day.to_string().into()),
        (None, None) => period.insert("open_ended".to_owned(), true.into()),
    };
    merged.insert("period".to_owned(), period.into());
    Json::Object(merged)
}

/// A title that renders as it is: braces that would begin an expression are written as one.
fn literal_title(title: &str) -> String {
    let mut literal = String::new();
    let mut letters = title.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '{' if letters.peek().is_some_and(|next| "{%#".contains(*next)) => literal.push_str("{{ '{' }}"),
            letter => literal.push(letter),
        }
    }
    literal
}

/// The merged agreement of a file, if it equals the object; otherwise the reason why it does not.
fn verified(
    candidate: &Candidate<'_>,
    library: &Library<'_>,
    sources: &Sources,
    context: &AdoptionContext<'_>,
    text: &str,
) -> Result<Json, SkipReason> {
    let mut own = sources.following();
    let file = own.add(path_of(&candidate.id), text);
    let invalid = |faults: Option<Diagnostic>| {
        let error = faults.map_or_else(|| "it cannot be written as a file".to_owned(), |fault| fault.message);
        SkipReason::Invalid { error }
    };
    let first_error =
        |faults: Diagnostics| faults.iter().find(|fault| fault.severity == Severity::Error).cloned();
    let (document, faults) = read(&own, file, DocumentKind::Agreement);
    if let Some(fault) = first_error(faults) {
        return Err(invalid(Some(fault)));
    }
    let (resolved, faults) = library.resolve(&document);
    let [resolved] = &resolved[..] else {
        return Err(invalid(first_error(faults)));
    };
    let agreement = context.checker.agreement(resolved, context.at).map_err(invalid)?;
    let fields = differences(&agreement, candidate.live, context)?;
    if fields.is_empty() { Ok(resolved.tree.to_json()) } else { Err(SkipReason::NotExpressible { fields }) }
}

/// The fields in which an agreement differs from an object. A state that differs is reported as both days.
fn differences(
    agreement: &Agreement,
    live: &LiveAgreement,
    context: &AdoptionContext<'_>,
) -> Result<Vec<Field>, SkipReason> {
    let mapping = &context.settings.helpdesk.mapping;
    let desired =
        desired(std::slice::from_ref(agreement), context.catalog, mapping, context.directory, context.at);
    let Some(projected) = desired.agreements.get(&agreement.id) else {
        let unresolved =
            desired.unresolved.values().flatten().map(|unresolved| format!("`{}`", unresolved.slug));
        let slugs = unresolved.collect::<Vec<_>>().join(", ");
        return Err(SkipReason::Invalid {
            error: format!("no single object of the helpdesk belongs to {slugs}"),
        });
    };
    if projected.record.state != live.record.state || projected.archived != live.archived {
        return Ok(vec![Field::FirstDay, Field::LastDay]);
    }
    let held = |field: &Field| live.record.fields.get(field).unwrap_or(&Value::Nothing);
    let differs = projected.record.fields.iter().filter(|(field, value)| *value != held(field));
    Ok(differs.map(|(field, _)| field.clone()).collect())
}
