//! Turns agreements that people created in the helpdesk into files: each extends the template that makes its file the
//! shortest, and agreements with the same terms get a new template.
//!
//! Every proposed file is checked with the stages that read all agreements, and the result is compared with the object.
//! An object that no file can express, or that its file would change, is skipped with a reason.

mod adoption;
mod observed;
mod templates;

pub use adoption::{AdoptedAgreement, Adoption, AdoptionContext, ProposedFile, SkipReason, SkippedObject};

use std::collections::BTreeSet;

use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde_json::{Map, Value as Json};

use crate::agreement::Agreement;
use crate::author;
use crate::calendar::Term;
use crate::desired::desired;
use crate::diagnostic::Sources;
use crate::document::{DocumentKind, read};
use crate::ident::{AgreementId, LiveId};
use crate::live::{LiveAgreement, Observed, Value};
use crate::mapping::Field;
use crate::template::Library;

use adoption::stem;
use observed::{Candidate, ObservedAgreement, SlugIndex};

/// A possible file of an agreement.
struct DraftFile {
    template: Option<String>,
    text: String,
    resolved: Json,
}

/// Proposes files for all objects without an ownership key.
pub fn adopt(context: &AdoptionContext<'_>) -> Adoption {
    let slugs = SlugIndex::of(context.catalog, context.directory);
    let mut adoption = Adoption::default();
    let mut taken = context.taken.clone();
    let mut candidates = Vec::new();
    for (object, observed) in context.unmarked {
        if context.adopted.contains(object) {
            continue;
        }
        let live = match observed {
            Observed::Present(live) => live,
            Observed::Absent => continue,
            Observed::Unknown(error) => {
                let reason = SkipReason::Unreadable { error: error.clone() };
                adoption.skipped.push(SkippedObject {
                    object: object.clone(),
                    title: object.to_string(),
                    reason,
                });
                continue;
            }
        };
        match observed::facts(live, &slugs, context) {
            Ok(facts) => {
                let id = free_id(&facts, &mut taken);
                candidates.push(Candidate { object, live, facts, id });
            }
            Err(reason) => adoption.skipped.push(skipped(object, live, reason)),
        }
    }
    let proposed = match context.template_from {
        Some(least) => templates::templates(&candidates, context, least),
        None => Vec::new(),
    };
    let (attempts, used) = choose(&candidates, context, &proposed);
    adoption.templates = proposed.into_iter().filter(|file| used.contains(stem(&file.path))).collect();
    for (candidate, attempt) in candidates.iter().zip(attempts) {
        match attempt {
            Ok(attempt) => adoption.agreements.push(AdoptedAgreement {
                object: candidate.object.clone(),
                id: candidate.id.clone(),
                template: attempt.template,
                file: ProposedFile { path: path_of(&candidate.id), text: attempt.text },
                resolved: attempt.resolved,
            }),
            Err(fields) => {
                let reason = SkipReason::NotExpressible { fields };
                adoption.skipped.push(skipped(candidate.object, candidate.live, reason));
            }
        }
    }
    adoption.skipped.sort_by(|one, other| one.object.cmp(&other.object));
    adoption
}

fn path_of(id: &AgreementId) -> String {
    format!("agreements/{id}.yaml")
}

fn skipped(object: &LiveId, live: &LiveAgreement, reason: SkipReason) -> SkippedObject {
    let title = match live.record.fields.get(&Field::Title) {
        Some(Value::Text(title)) => title.clone(),
        _ => object.to_string(),
    };
    SkippedObject { object: object.clone(), title, reason }
}

/// An unused id: the client's slug and the year, with a number if that is taken.
fn free_id(facts: &ObservedAgreement, taken: &mut BTreeSet<String>) -> AgreementId {
    let stem = match facts.first_day {
        Some(day) => format!("{}-{}", facts.client, day.year()),
        None => facts.client.to_string(),
    };
    let names = std::iter::once(stem.clone()).chain((2..).map(|count| format!("{stem}-{count}")));
    let mut free = names.filter(|name| !taken.contains(name));
    let name = free.next().expect("there are more numbers than files");
    taken.insert(name.clone());
    AgreementId::new(&name).expect("a slug with a number is an id")
}

/// For each candidate, the shortest file that expresses the object exactly, or the fields that no file can express; and
/// the new templates that at least two of these files extend.
fn choose(
    candidates: &[Candidate<'_>],
    context: &AdoptionContext<'_>,
    proposed: &[ProposedFile],
) -> (Vec<Result<DraftFile, Vec<Field>>>, BTreeSet<String>) {
    let mut used: BTreeSet<String> = proposed.iter().map(|file| stem(&file.path).to_owned()).collect();
    loop {
        let mut sources = context.sources.clone();
        let mut templates = context.templates.to_vec();
        for file in proposed.iter().filter(|file| used.contains(stem(&file.path))) {
            let id = sources.add(file.path.as_str(), file.text.as_str());
            templates.push(read(&sources, id, DocumentKind::Template).0);
        }
        let (library, _) = Library::new(&templates);
        let attempts: Vec<_> =
            candidates.par_iter().map(|candidate| best(candidate, &library, &sources, context)).collect();
        let count = |name: &str| {
            attempts.iter().flatten().filter(|attempt| attempt.template.as_deref() == Some(name)).count()
        };
        // A template that one agreement extends saves nothing.
        let kept: BTreeSet<String> = used.iter().filter(|name| count(name) >= 2).cloned().collect();
        if kept == used {
            return (attempts, kept);
        }
        used = kept;
    }
}

/// The shortest file over all templates (or none), with and without a title of its own.
fn best(
    candidate: &Candidate<'_>,
    library: &Library<'_>,
    sources: &Sources,
    context: &AdoptionContext<'_>,
) -> Result<DraftFile, Vec<Field>> {
    let mut best: Option<DraftFile> = None;
    let mut differs = Vec::new();
    for template in std::iter::once(None).chain(library.names().map(Some)) {
        for has_title in [false, true] {
            let Some(text) = written(candidate, library, template, has_title) else {
                continue;
            };
            if best.as_ref().is_some_and(|best| best.text.len() <= text.len()) {
                continue;
            }
            match verified(candidate, library, sources, context, &text) {
                Ok(resolved) => {
                    best = Some(DraftFile { template: template.map(str::to_owned), text, resolved });
                }
                Err(fields) if template.is_none() && has_title => differs = fields,
                Err(_) => {}
            }
        }
    }
    best.ok_or(differs)
}

/// The file of the object, if it extends the template.
fn written(
    candidate: &Candidate<'_>,
    library: &Library<'_>,
    template: Option<&str>,
    has_title: bool,
) -> Option<String> {
    let extends: Vec<&str> = template.into_iter().collect();
    let inherited = match template {
        None => Json::Object(Map::new()),
        Some(_) => library.inherited(&extends)?.to_json(),
    };
    let target = merged(&candidate.facts, &inherited, has_title);
    let mut own = author::minimize(library, &extends, &target).ok()?;
    own.as_object_mut()?.insert("adopts".to_owned(), candidate.object.as_str().into());
    let ordered = author::in_field_order(own.as_object()?.clone());
    Some(author::file_text(&path_of(&candidate.id), &ordered))
}

/// The merged agreement that a file must result in: the observed fields, and the template's for the rest.
fn merged(facts: &ObservedAgreement, inherited: &Json, has_title: bool) -> Json {
    let mut merged = inherited.as_object().cloned().unwrap_or_default();
    for field in observed::SEEN {
        merged.shift_remove(field);
    }
    merged.extend(facts.fields.clone());
    if has_title {
        merged.insert("title".to_owned(), facts.title.clone().into());
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

/// The merged agreement of a file, if it equals the object; otherwise the fields that differ.
fn verified(
    candidate: &Candidate<'_>,
    library: &Library<'_>,
    sources: &Sources,
    context: &AdoptionContext<'_>,
    text: &str,
) -> Result<Json, Vec<Field>> {
    let mut own = sources.placeholders();
    let file = own.add(path_of(&candidate.id), text);
    let document = read(&own, file, DocumentKind::Agreement).0;
    let (resolved, _) = library.resolve(&document);
    let [resolved] = &resolved[..] else {
        return Err(Vec::new());
    };
    let Some(agreement) = context.checker.agreement(resolved, context.at) else {
        return Err(Vec::new());
    };
    let differs = differences(&agreement, candidate.live, context);
    if differs.is_empty() { Ok(resolved.tree.to_json()) } else { Err(differs) }
}

/// The fields in which an agreement differs from an object. A state that differs is reported as both days.
fn differences(agreement: &Agreement, live: &LiveAgreement, context: &AdoptionContext<'_>) -> Vec<Field> {
    let mapping = &context.settings.helpdesk.mapping;
    let desired =
        desired(std::slice::from_ref(agreement), context.catalog, mapping, context.directory, context.at);
    let Some(desired) = desired.agreements.get(&agreement.id) else {
        return vec![Field::Title];
    };
    if desired.record.state != live.record.state || desired.archived != live.archived {
        return vec![Field::FirstDay, Field::LastDay];
    }
    let held = |field: &Field| live.record.fields.get(field).unwrap_or(&Value::Nothing);
    let differs = desired.record.fields.iter().filter(|(field, value)| *value != held(field));
    differs.map(|(field, _)| field.clone()).collect()
}
