//! Agreements that people made in the helpdesk become files: for each the template that leaves the least to say, and
//! new templates where several share what they promise.
//!
//! Nothing is taken on trust: what a file would mean is made of it by the stages that make every agreement, and is
//! held against the object. What no file can say, or what would change something by being said, is left, with the
//! reason.

mod group;
mod observed;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde_json::{Map, Value as Json};

use crate::agreement::Agreement;
use crate::author;
use crate::calendar::{Instant, Term};
use crate::catalog::Catalog;
use crate::check::AgreementChecker;
use crate::desired::desired;
use crate::diagnostic::Sources;
use crate::document::{Document, DocumentKind, read};
use crate::ident::{AgreementId, LiveId};
use crate::live::{Directory, LiveAgreement, Observed, Value};
use crate::mapping::Field;
use crate::settings::Settings;
use crate::template::Library;

use observed::{ObservedAgreement, SlugIndex};

/// What adoption needs to know of repository and helpdesk.
pub struct AdoptionContext<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The catalog.
    pub catalog: &'a Catalog,
    /// What its slugs may refer to.
    pub directory: &'a Directory,
    /// The objects that bear no mark.
    pub unmarked: &'a BTreeMap<LiveId, Observed<LiveAgreement>>,
    /// What tells what a file means.
    pub judge: &'a AgreementChecker<'a>,
    /// The texts of the repository.
    pub sources: &'a Sources,
    /// The templates of the repository.
    pub templates: &'a [Document],
    /// The names of its files of agreements.
    pub taken: BTreeSet<String>,
    /// The objects that a file wishes to adopt already.
    pub adopted: BTreeSet<LiveId>,
    /// The instant of the run.
    pub at: Instant,
    /// Of how many agreements a new template is made at least; none where nobody wants new templates.
    pub template_from: Option<usize>,
}

/// What is proposed.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Adoption {
    /// New templates.
    pub templates: Vec<NewFile>,
    /// New agreements.
    pub agreements: Vec<AdoptedAgreement>,
    /// What is left where it is.
    pub left: Vec<SkippedObject>,
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NewFile {
    /// Its path, relative to the repository.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// An object with the file that adopts it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct AdoptedAgreement {
    /// The object.
    pub object: LiveId,
    /// The agreement's id.
    pub id: AgreementId,
    /// The template that it extends.
    pub template: Option<String>,
    /// The file.
    pub file: NewFile,
    /// All that it says with what it inherits.
    #[serde(skip)]
    pub resolved: Json,
}

/// An object that is left where it is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SkippedObject {
    /// The object.
    pub object: LiveId,
    /// What the helpdesk calls it.
    pub title: String,
    /// Why.
    pub why: SkipReason,
}

/// Why an object is left.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "because")]
pub enum SkipReason {
    /// It could not be understood, or cannot take our mark; the words are the reader's.
    Unreadable {
        /// What it said.
        said: String,
    },
    /// It is archived.
    Archived,
    /// It has no recipient, so that nobody knows whose it is.
    NoRecipient,
    /// Its recipients belong to several clients.
    SeveralClients,
    /// It covers no service.
    NoService,
    /// The catalog has no slug for something that it names.
    NoSlug {
        /// The object that has none.
        object: LiveId,
        /// What the helpdesk calls it.
        title: String,
    },
    /// Its days and its state contradict each other.
    Contradicts {
        /// The state.
        state: String,
    },
    /// No file can say this of it.
    Unsayable {
        /// The fields.
        fields: Vec<Field>,
    },
    /// Beside the rest of the repository it would be a fault.
    Faulty {
        /// The fault.
        said: String,
    },
}

/// One object on its way to a file.
struct Candidate<'a> {
    object: &'a LiveId,
    live: &'a LiveAgreement,
    facts: ObservedAgreement,
    id: AgreementId,
}

/// A way of writing an agreement, and what comes of it.
struct DraftFile {
    template: Option<String>,
    text: String,
    resolved: Json,
}

/// Proposes files for everything that bears no mark.
pub fn adopt(ground: &AdoptionContext<'_>) -> Adoption {
    let slugs = SlugIndex::of(ground.catalog, ground.directory);
    let mut adoption = Adoption::default();
    let mut taken = ground.taken.clone();
    let mut candidates = Vec::new();
    for (object, observed) in ground.unmarked {
        if ground.adopted.contains(object) {
            continue;
        }
        let live = match observed {
            Observed::Present(live) => live,
            Observed::Absent => continue,
            Observed::Unknown(said) => {
                let why = SkipReason::Unreadable { said: said.clone() };
                adoption.left.push(SkippedObject { object: object.clone(), title: object.to_string(), why });
                continue;
            }
        };
        match observed::facts(live, &slugs, ground) {
            Ok(facts) => {
                let id = free_id(&facts, &mut taken);
                candidates.push(Candidate { object, live, facts, id });
            }
            Err(why) => adoption.left.push(left(object, live, why)),
        }
    }
    let proposed = match ground.template_from {
        Some(least) => group::templates(&candidates, ground, least),
        None => Vec::new(),
    };
    let (attempts, used) = choose(&candidates, ground, &proposed);
    adoption.templates = proposed.into_iter().filter(|file| used.contains(stem(&file.path))).collect();
    for (candidate, attempt) in candidates.iter().zip(attempts) {
        match attempt {
            Ok(attempt) => adoption.agreements.push(AdoptedAgreement {
                object: candidate.object.clone(),
                id: candidate.id.clone(),
                template: attempt.template,
                file: NewFile { path: path_of(&candidate.id), text: attempt.text },
                resolved: attempt.resolved,
            }),
            Err(fields) => {
                let why = SkipReason::Unsayable { fields };
                adoption.left.push(left(candidate.object, candidate.live, why));
            }
        }
    }
    adoption.left.sort_by(|one, other| one.object.cmp(&other.object));
    adoption
}

impl Adoption {
    /// Leaves an object that was to be adopted, since beside the rest of the repository it would be a fault.
    pub fn leave(&mut self, id: &str, said: &str) {
        let Some(index) = self.agreements.iter().position(|taken| taken.id.as_str() == id) else {
            return;
        };
        let taken = self.agreements.remove(index);
        let title = taken.resolved["title"].as_str().unwrap_or(taken.object.as_str()).to_owned();
        let why = SkipReason::Faulty { said: said.to_owned() };
        self.left.push(SkippedObject { object: taken.object, title, why });
        let used: BTreeSet<&String> =
            self.agreements.iter().filter_map(|taken| taken.template.as_ref()).collect();
        self.templates.retain(|file| used.iter().any(|name| *name == stem(&file.path)));
    }

    /// Every file to write.
    pub fn files(&self) -> impl Iterator<Item = &NewFile> {
        self.templates.iter().chain(self.agreements.iter().map(|taken| &taken.file))
    }
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".yaml").unwrap_or(name)
}

fn path_of(id: &AgreementId) -> String {
    format!("agreements/{id}.yaml")
}

fn left(object: &LiveId, live: &LiveAgreement, why: SkipReason) -> SkippedObject {
    let title = match live.record.fields.get(&Field::Title) {
        Some(Value::Text(title)) => title.clone(),
        _ => object.to_string(),
    };
    SkippedObject { object: object.clone(), title, why }
}

/// The client's slug and the year, with a number behind it where that is taken.
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

/// For each candidate the shortest file that means the object and nothing else, or the fields that none can say; and
/// the new templates that are worth it.
fn choose(
    candidates: &[Candidate<'_>],
    ground: &AdoptionContext<'_>,
    proposed: &[NewFile],
) -> (Vec<Result<DraftFile, Vec<Field>>>, BTreeSet<String>) {
    let mut used: BTreeSet<String> = proposed.iter().map(|file| stem(&file.path).to_owned()).collect();
    loop {
        let mut sources = ground.sources.clone();
        let mut templates = ground.templates.to_vec();
        for file in proposed.iter().filter(|file| used.contains(stem(&file.path))) {
            let id = sources.add(file.path.as_str(), file.text.as_str());
            templates.push(read(&sources, id, DocumentKind::Template).0);
        }
        let (library, _) = Library::new(&templates);
        let attempts: Vec<_> =
            candidates.par_iter().map(|candidate| best(candidate, &library, &sources, ground)).collect();
        let count = |name: &str| {
            attempts.iter().flatten().filter(|attempt| attempt.template.as_deref() == Some(name)).count()
        };
        // A template of one agreement says what the agreement could say itself.
        let kept: BTreeSet<String> = used.iter().filter(|name| count(name) >= 2).cloned().collect();
        if kept == used {
            return (attempts, kept);
        }
        used = kept;
    }
}

/// The shortest file, of all templates and of none, with a title of its own and without.
fn best(
    candidate: &Candidate<'_>,
    library: &Library<'_>,
    sources: &Sources,
    ground: &AdoptionContext<'_>,
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
            match meant(candidate, library, sources, ground, &text) {
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

/// The text that says the object beside a template.
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
    let wished = wished(&candidate.facts, &inherited, has_title);
    let mut least = author::minimize(library, &extends, &wished).ok()?;
    // In the order of the house, the object comes after what the agreement is.
    least.as_object_mut()?.insert("adopts".to_owned(), candidate.object.as_str().into());
    let ordered = author::in_field_order(least.as_object()?.clone());
    Some(author::file_text(&path_of(&candidate.id), &ordered))
}

/// The merged agreement that is wished: what was seen in the helpdesk, and of the rest what the template says.
fn wished(facts: &ObservedAgreement, inherited: &Json, has_title: bool) -> Json {
    let mut wished = inherited.as_object().cloned().unwrap_or_default();
    for field in observed::SEEN {
        wished.shift_remove(field);
    }
    wished.extend(facts.fields.clone());
    if has_title {
        wished.insert("title".to_owned(), facts.title.clone().into());
    } else if let Some(title) = inherited.get("title") {
        wished.insert("title".to_owned(), title.clone());
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
    wished.insert("period".to_owned(), period.into());
    Json::Object(wished)
}

/// What a text means, if it is the object and nothing else; else the fields in which it differs.
fn meant(
    candidate: &Candidate<'_>,
    library: &Library<'_>,
    sources: &Sources,
    ground: &AdoptionContext<'_>,
    text: &str,
) -> Result<Json, Vec<Field>> {
    let mut own = sources.placeholders();
    let file = own.add(path_of(&candidate.id), text);
    let document = read(&own, file, DocumentKind::Agreement).0;
    let (resolved, _) = library.resolve(&document);
    let [resolved] = &resolved[..] else {
        return Err(Vec::new());
    };
    let Some(agreement) = ground.judge.agreement(resolved, ground.at) else {
        return Err(Vec::new());
    };
    let differs = differences(&agreement, candidate.live, ground);
    if differs.is_empty() { Ok(resolved.tree.to_json()) } else { Err(differs) }
}

/// The fields in which an agreement differs from an object; a state that differs is told by no field at all.
fn differences(agreement: &Agreement, live: &LiveAgreement, ground: &AdoptionContext<'_>) -> Vec<Field> {
    let mapping = &ground.settings.helpdesk.mapping;
    let desired =
        desired(std::slice::from_ref(agreement), ground.catalog, mapping, ground.directory, ground.at);
    let Some(wish) = desired.agreements.get(&agreement.id) else {
        return vec![Field::Title];
    };
    if wish.record.state != live.record.state || wish.archived != live.archived {
        return vec![Field::FirstDay, Field::LastDay];
    }
    let held = |field: &Field| live.record.fields.get(field).unwrap_or(&Value::Nothing);
    let differs = wish.record.fields.iter().filter(|(field, value)| *value != held(field));
    differs.map(|(field, _)| field.clone()).collect()
}
