//! What a pull request brings about: the agreements of which its files say something else than the base's, and the
//! places where it reaches for what says where to and as whom.
//!
//! Both sides come checked. Values are compared, never places: a line that moved, a comment and another order of
//! keys are no change. Which commits the sides are of, whoever read them knows.

use std::collections::{BTreeMap, BTreeSet};

use crate::agreement::Agreement;
use crate::catalog::{Catalog, CatalogEntry, ClientEntry};
use crate::check::CheckedRepository;
use crate::diagnostic::{Sources, Span};
use crate::document::Document;
use crate::document::tree::{self, Node};
use crate::ident::{AgreementId, LiveId};
use crate::plan::Plan;
use crate::template::Resolved;

/// What a pull request brings about.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Scope {
    /// The commit that it is compared with, and that the settings come from.
    pub base: String,
    /// The agreements whose documents, with all that they inherit, differ from those of the base.
    pub documents: BTreeMap<AgreementId, Touched>,
    /// Further agreements that mean something else because of it: through the catalog, through another agreement
    /// that follows them, or through the name of their template.
    pub indirect: BTreeSet<AgreementId>,
    /// Where it reaches for what says where to and as whom, in the order of files and lines.
    pub red_lines: Vec<RedLine>,
}

/// What a pull request does with a document.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Touched {
    /// The base has no such agreement.
    Added,
    /// Both have it, and it says something else.
    Changed,
    /// Only the base has it.
    Removed,
}

/// A line that a reviewer must not overlook: it says where to or as whom.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct RedLine {
    /// The file.
    pub path: String,
    /// The line in the pull request's file, from 1.
    pub line: usize,
    /// What it reaches for.
    pub what: Steered,
}

/// What a red line reaches for.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Steered {
    /// The settings differ. The plan was made with those of the base; a merge puts these in force.
    Settings,
    /// A file differs that the settings name, or that tells how Servanda is run. A merge puts it in force.
    Trusted,
    /// A slug that the base has already is tied to something else, or a client of the base has a new contact.
    Slug {
        /// The keys that lead to it in the catalog, with dots between them: `clients.severny-veter`.
        entry: String,
        /// What the base ties it to; `None` for a new contact.
        before: Option<Tie>,
        /// What the pull request ties it to.
        after: Tie,
    },
}

/// What ties a slug to something.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Tie {
    /// An object of the helpdesk.
    Object(LiveId),
    /// The exact title of an object, where no id is given.
    Title(String),
    /// An address for mail, which is nobody's business here.
    Address,
}

/// One side of the comparison.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// The agreements with all that they inherit.
    pub resolved: &'a [Resolved<'a>],
    /// The same, checked.
    pub checked: &'a CheckedRepository,
}

impl Scope {
    /// Compares what two sides say, the base first.
    pub fn between(base: String, before: Side<'_>, after: Side<'_>) -> Self {
        let documents = documents(before.resolved, after.resolved);
        let mut indirect = indirect(before.checked, after.checked);
        indirect.retain(|id| !documents.contains_key(id));
        Self { base, documents, indirect, red_lines: Vec::new() }
    }

    /// Whether the pull request has anything to do with an agreement.
    pub fn concerns(&self, id: &AgreementId) -> bool {
        self.documents.contains_key(id) || self.indirect.contains(id)
    }

    /// The agreements that a plan changes and that the pull request has nothing to do with, in the plan's order.
    pub fn unexplained<'plan>(&self, plan: &'plan Plan) -> Vec<&'plan AgreementId> {
        let changed = plan.changes.iter().map(|change| &change.id);
        changed.filter(|id| !self.concerns(id)).collect()
    }
}

fn documents(before: &[Resolved<'_>], after: &[Resolved<'_>]) -> BTreeMap<AgreementId, Touched> {
    let by_id = |side: &'_ [Resolved<'_>]| -> BTreeMap<AgreementId, usize> {
        side.iter().enumerate().map(|(index, resolved)| (resolved.id.clone(), index)).collect()
    };
    let (earlier, later) = (by_id(before), by_id(after));
    let removed = earlier.keys().filter(|id| !later.contains_key(*id));
    let removed = removed.map(|id| (id.clone(), Touched::Removed));
    let standing = later.iter().filter_map(|(id, index)| {
        let touched = match earlier.get(id) {
            None => Touched::Added,
            Some(held) if before[*held].tree.same_value(&after[*index].tree) => return None,
            Some(_) => Touched::Changed,
        };
        Some((id.clone(), touched))
    });
    removed.chain(standing).collect()
}

/// The agreements that mean something else, or can be said to mean something on one side alone.
fn indirect(before: &CheckedRepository, after: &CheckedRepository) -> BTreeSet<AgreementId> {
    let by_id = |side: &'_ CheckedRepository| -> BTreeMap<AgreementId, usize> {
        side.agreements.iter().enumerate().map(|(index, found)| (found.id.clone(), index)).collect()
    };
    let (earlier, later) = (by_id(before), by_id(after));
    let means_the_same = |id: &AgreementId| match (earlier.get(id), later.get(id)) {
        (Some(earlier), Some(later)) => {
            let (earlier, later) = (&before.agreements[*earlier], &after.agreements[*later]);
            earlier.says_the_same(later)
                && rests_on(earlier, &before.catalog) == rests_on(later, &after.catalog)
        }
        _ => false,
    };
    earlier.keys().chain(later.keys()).filter(|id| !means_the_same(id)).cloned().collect()
}

/// What an agreement takes from the catalog: of each slug what it is tied to, and where its client is reached.
fn rests_on<'a>(agreement: &Agreement, catalog: &'a Catalog) -> Vec<Option<Taken<'a>>> {
    let client = catalog.clients.get(&agreement.client);
    let contacts = client.into_iter().flat_map(Taken::contacts);
    let recipients = agreement.recipients.iter().map(|slug| catalog.recipient(slug));
    let manager = agreement.manager.iter().map(|slug| catalog.managers.get(slug));
    let provider = agreement.provider.iter().map(|slug| catalog.providers.get(slug));
    let services = agreement.services.keys().map(|slug| catalog.services.get(slug));
    let own_hours = agreement.services.values().filter_map(|coverage| coverage.calendar.as_ref());
    let calendars = agreement.calendar.iter().chain(own_hours).map(|slug| catalog.calendars.get(slug));
    let own_targets = agreement.services.values().flat_map(|coverage| coverage.targets.keys());
    let priorities = agreement.targets.keys().chain(own_targets).map(|name| catalog.priorities.get(name));
    let entries =
        recipients.chain(manager).chain(provider).chain(services).chain(calendars).chain(priorities);
    entries.map(|entry| entry.map(Taken::entry)).chain(contacts.map(Some)).collect()
}

/// One thing of the catalog without its place.
#[derive(PartialEq, Eq)]
enum Taken<'a> {
    Entry(&'a str, Option<&'a LiveId>, Option<&'a str>),
    Contact(&'a str, &'a crate::catalog::Contact),
}

impl<'a> Taken<'a> {
    fn entry(entry: &'a CatalogEntry) -> Self {
        Self::Entry(&entry.title, entry.helpdesk.as_ref(), entry.email.as_deref())
    }

    fn contacts(client: &'a ClientEntry) -> impl Iterator<Item = Self> {
        client.contacts.iter().map(|(role, contact)| Self::Contact(role, contact))
    }
}

/// The red line of a file of which the pull request's text is another than the base's: its first differing line.
pub fn red_line(path: &str, before: &str, after: &str, what: Steered) -> Option<RedLine> {
    if before == after {
        return None;
    }
    let same = before.lines().zip(after.lines()).take_while(|(before, after)| before == after).count();
    Some(RedLine { path: path.to_owned(), line: same + 1, what })
}

/// The red lines of a catalog: slugs of the base that are tied to something else, and new contacts of its clients.
pub fn red_lines_of_catalog(before: &Document, after: &Document, sources: &Sources) -> Vec<RedLine> {
    let earlier: BTreeMap<Keys<'_>, Held<'_>> =
        ties(before).into_iter().map(|(keys, held, _)| (keys, held)).collect();
    let is_known = |keys: &[&str]| earlier.keys().any(|known| known.starts_with(keys));
    let mut found = Vec::new();
    for (keys, after, span) in ties(after) {
        let before = earlier.get(&keys);
        let is_new = before.is_none() && !(is_of_person(&keys) && is_known(&keys[..2]));
        if before == Some(&after) || is_new {
            continue;
        }
        let position = sources.position(span);
        let before = before.map(|held| held.shown());
        let what = Steered::Slug { entry: keys.join("."), before, after: after.shown() };
        found.push(RedLine { path: position.path, line: position.line, what });
    }
    found.sort();
    found
}

/// The keys that lead to a tie.
type Keys<'a> = Vec<&'a str>;

/// Whether it is where somebody is reached: a contact, or the address of a manager.
fn is_of_person(keys: &[&str]) -> bool {
    keys.get(2).is_some_and(|key| matches!(*key, "contacts" | "email"))
}

/// A tie as written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held<'a> {
    Object(&'a str),
    Title(&'a str),
    Address(&'a str),
}

impl Held<'_> {
    fn shown(&self) -> Tie {
        match self {
            Self::Object(id) => LiveId::new(id).map_or_else(|| Tie::Title((*id).to_owned()), Tie::Object),
            Self::Title(title) => Tie::Title((*title).to_owned()),
            Self::Address(_) => Tie::Address,
        }
    }
}

/// Everything that a catalog ties to an object or an address, in the order of the file.
fn ties(catalog: &Document) -> Vec<(Keys<'_>, Held<'_>, Span)> {
    let mut found = Vec::new();
    for section in entries(&catalog.root) {
        for entry in entries(&section.node) {
            let keys = vec![&*section.key, &*entry.key];
            tie(&keys, &entry.node, &mut found);
            for part in entries(&entry.node).filter(|part| matches!(&*part.key, "contacts" | "departments")) {
                for within in entries(&part.node) {
                    tie(&[&keys[..], &[&*part.key, &*within.key]].concat(), &within.node, &mut found);
                }
            }
        }
    }
    found
}

fn entries(node: &Node) -> impl Iterator<Item = &tree::MapEntry> {
    node.as_map().into_iter().flat_map(|map| map.iter())
}

/// What one entry is tied to: an id before a title; and its address, which may stand beside.
fn tie<'a>(keys: &[&'a str], node: &'a Node, found: &mut Vec<(Keys<'a>, Held<'a>, Span)>) {
    let text = |key: &str| node.get(&[key]).and_then(|held| Some((held.as_text()?, held.span)));
    let object = text("helpdesk").map(|(id, span)| (Held::Object(id), span));
    let titled = || text("title").map(|(title, span)| (Held::Title(title), span));
    let bare = || node.as_text().map(|address| (Held::Address(address), node.span));
    if let Some((held, span)) = object.or_else(titled).or_else(bare) {
        found.push((keys.to_vec(), held, span));
    }
    if let Some((address, span)) = text("email") {
        found.push(([keys, &["email"]].concat(), Held::Address(address), span));
    }
}

#[cfg(test)]
mod tests;
