//! The scope of a pull request: the agreements that differ from its base, and the lines that change the target helpdesk,
//! its credentials or what a slug refers to.
//!
//! Both sides are checked before. Values are compared and never positions: a moved line, a comment or another order of
//! keys is no change.

mod lines;

use std::collections::{BTreeMap, BTreeSet};

use litemap::LiteMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agreement::Agreement;
use crate::catalog::{CatalogEntry, ClientEntry, Contact};
use crate::check::CheckedRepository;
use crate::diagnostic::{Sources, Span};
use crate::document::Document;
use crate::document::tree::{self, Node};
use crate::ident::{AgreementId, HelpdeskName, LiveId};
use crate::plan::{Change, GuardName, OnBase, Risk, on_base};
use crate::template::Resolved;

pub use lines::{ChangedLine, DocumentEdits, EditedValue, Edits, edits};

/// The scope of a pull request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// The base commit, from which the settings come.
    pub base: String,
    /// The number of commits of the base that the branch does not have. They are part of the plan, which is one of the merge.
    #[serde(default)]
    pub behind: usize,
    /// The agreements whose documents, with inherited values, differ from the base.
    pub documents: BTreeMap<AgreementId, DocumentChange>,
    /// Further agreements that change indirectly: through the catalog, through a successor, or through the name of
    /// their template.
    pub indirect: BTreeSet<AgreementId>,
    /// The agreements whose changes, or risks of them, are on the base as well, such as those by the date.
    #[serde(default)]
    pub on_base: BTreeMap<AgreementId, OnBase>,
    /// The guards that stop on the base what they stop here, and nothing else.
    #[serde(default)]
    pub guards_on_base: BTreeSet<GuardName>,
    /// The red lines, in the order of files and lines.
    pub red_lines: Vec<RedLine>,
    /// The lines of templates by which it changes agreements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<ChangedLine>,
    /// The places at which it changes each of the `documents`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub edits: BTreeMap<AgreementId, DocumentEdits>,
    /// The mails that read differently because of changed files in `notices/`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<TextChange>,
}

/// A mail that reads differently, rendered with sample values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TextChange {
    /// Its language, kind and audience.
    pub mail: String,
    /// Its text in the base, after a line with the subject.
    pub before: String,
    /// Its text in the pull request.
    pub after: String,
}

/// The change of a document by a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentChange {
    /// Only the pull request has it.
    Added,
    /// Both have it, with different values.
    Changed,
    /// Only the base has it.
    Removed,
}

/// A line that a reviewer must not overlook: it decides which helpdesk or object is written to, or with which
/// credentials.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedLine {
    /// The file.
    pub path: String,
    /// The line in the pull request's file, counted from 1.
    pub line: usize,
    /// The subject of the line.
    pub what: RedLineSubject,
}

/// The subject of a red line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RedLineSubject {
    /// The settings differ. The plan uses those of the base; a merge puts these into force.
    Settings,
    /// A file differs that the settings name, or that configures how Servanda runs. A merge puts it into force.
    Trusted,
    /// Git reads the file: it selects programs or other repositories, or makes its folder pass as a repository.
    Git,
    /// The file is a symbolic link.
    Link,
    /// A text that clients receive differs.
    Notice,
    /// The message of a commit of the branch acknowledges the number of a guard.
    Acknowledgement(String),
    /// A contact of an agreement is none that its client has in the base.
    Contact {
        /// The agreement and the role: `dent-mayak-2026.main`.
        entry: String,
        /// The contact in the pull request.
        after: CatalogReference,
    },
    /// A slug of the base refers to something else, a client of the base has a new contact, or a new client has a contact
    /// of another one.
    Slug {
        /// The path of the entry in the catalog: `clients.severny-veter`.
        entry: String,
        /// The reference in the base; `None` for a new contact.
        before: Option<CatalogReference>,
        /// The reference in the pull request.
        after: CatalogReference,
    },
}

/// The target of a catalog entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatalogReference {
    /// A live object.
    Object(LiveId),
    /// The exact title of an object, where no id is given.
    Title(String),
    /// A mail address, which is not shown.
    Address,
}

/// One side of the comparison.
#[derive(Clone, Copy)]
pub struct CheckedSide<'a> {
    /// The agreements with inherited values.
    pub resolved: &'a [Resolved<'a>],
    /// The same, checked.
    pub checked: &'a CheckedRepository,
}

impl Scope {
    /// Compares two sides, the base first.
    pub fn between(base: String, before: CheckedSide<'_>, after: CheckedSide<'_>) -> Self {
        let documents = documents(before.resolved, after.resolved);
        let mut indirect = indirect(before.checked, after.checked);
        indirect.retain(|id| !documents.contains_key(id));
        Self { base, documents, indirect, ..Self::default() }
    }

    /// Whether the base brings about all changes of an agreement, without the pull request.
    pub fn is_on_base(&self, id: &AgreementId) -> bool {
        self.on_base.get(id).is_some_and(|common| common.whole)
    }

    /// Splits the risks of a change into those that the pull request causes and those that are on the base as well.
    pub fn split_risks(&self, change: &Change) -> (Vec<Risk>, Vec<Risk>) {
        on_base::split_risks(change, self.on_base.get(&change.id))
    }
}

fn documents(before: &[Resolved<'_>], after: &[Resolved<'_>]) -> BTreeMap<AgreementId, DocumentChange> {
    let by_id = |side: &'_ [Resolved<'_>]| -> BTreeMap<AgreementId, usize> {
        side.iter().enumerate().map(|(index, resolved)| (resolved.id.clone(), index)).collect()
    };
    let (earlier, later) = (by_id(before), by_id(after));
    let removed = earlier.keys().filter(|id| !later.contains_key(*id));
    let removed = removed.map(|id| (id.clone(), DocumentChange::Removed));
    let standing = later.iter().filter_map(|(id, index)| {
        let touched = match earlier.get(id) {
            None => DocumentChange::Added,
            Some(held) if before[*held].tree.same_value(&after[*index].tree) => return None,
            Some(_) => DocumentChange::Changed,
        };
        Some((id.clone(), touched))
    });
    removed.chain(standing).collect()
}

/// The agreements that have another meaning, or are valid on one side only.
fn indirect(before: &CheckedRepository, after: &CheckedRepository) -> BTreeSet<AgreementId> {
    let by_id = |side: &'_ CheckedRepository| -> BTreeMap<AgreementId, usize> {
        side.agreements.iter().enumerate().map(|(index, found)| (found.id.clone(), index)).collect()
    };
    let (earlier, later) = (by_id(before), by_id(after));
    let is_unchanged = |id: &AgreementId| match (earlier.get(id), later.get(id)) {
        (Some(earlier), Some(later)) => {
            let (earlier, later) = (&before.agreements[*earlier], &after.agreements[*later]);
            earlier.says_the_same(later) && dependencies(earlier, before) == dependencies(later, after)
        }
        _ => false,
    };
    earlier.keys().chain(later.keys()).filter(|id| !is_unchanged(id)).cloned().collect()
}

/// The catalog entries that an agreement depends on: what each slug refers to, and the contacts of its client.
fn dependencies<'a>(agreement: &Agreement, side: &'a CheckedRepository) -> Vec<Option<Dependency<'a>>> {
    let catalog = &side.catalog;
    let client = catalog.clients.get(&agreement.client);
    let contacts = client.into_iter().flat_map(Dependency::contacts);
    let recipients = agreement.recipients.iter().map(|slug| catalog.recipient(slug));
    let links_departments =
        side.settings.helpdesk_of(agreement).mapping.recipients.links_departments_of(agreement);
    let departments = client.filter(|_| links_departments).into_iter();
    let departments = departments.flat_map(|client| client.departments.values().map(Some));
    let manager = agreement.manager.iter().map(|slug| catalog.managers.get(slug));
    let provider = agreement.provider.iter().map(|slug| catalog.providers.get(slug));
    let services = agreement.services.keys().map(|slug| catalog.services.get(slug));
    let own_hours = agreement.services.values().filter_map(|coverage| coverage.calendar.as_ref());
    let calendars = agreement.calendar.iter().chain(own_hours).map(|slug| catalog.calendars.get(slug));
    let own_targets = agreement.services.values().flat_map(|coverage| coverage.targets.keys());
    let priorities = agreement.targets.keys().chain(own_targets).map(|name| catalog.priorities.get(name));
    let entries = recipients
        .chain(departments)
        .chain(manager)
        .chain(provider)
        .chain(services)
        .chain(calendars)
        .chain(priorities);
    entries.map(|entry| entry.map(Dependency::entry)).chain(contacts.map(Some)).collect()
}

/// A catalog entry or contact, without its position.
#[derive(PartialEq, Eq)]
enum Dependency<'a> {
    Entry(&'a str, Option<&'a LiveId>, &'a LiteMap<HelpdeskName, LiveId>, Option<&'a str>),
    Contact(&'a str, &'a Contact),
}

impl<'a> Dependency<'a> {
    fn entry(entry: &'a CatalogEntry) -> Self {
        Self::Entry(&entry.title, entry.helpdesk.as_ref(), &entry.elsewhere, entry.email.as_deref())
    }

    fn contacts(client: &'a ClientEntry) -> impl Iterator<Item = Self> {
        client.contacts.iter().map(|(role, contact)| Self::Contact(role, contact))
    }
}

/// The red line of a file whose text differs from the base: its first differing line. Line ends make no difference.
pub fn red_line(path: &str, before: &str, after: &str, what: RedLineSubject) -> Option<RedLine> {
    if before.lines().eq(after.lines()) {
        return None;
    }
    let same = before.lines().zip(after.lines()).take_while(|(before, after)| before == after).count();
    Some(RedLine { path: path.to_owned(), line: same + 1, what })
}

/// The red lines of a catalog: slugs of the base that refer to something else, and new contacts of its clients.
pub fn red_lines_of_catalog(before: &[Document], after: &[Document], sources: &Sources) -> Vec<RedLine> {
    let earlier: BTreeMap<Keys<'_>, WrittenReference<'_>> =
        before.iter().flat_map(references).map(|(keys, held, _)| (keys, held)).collect();
    let is_known = |keys: &[&str]| {
        let mut from = earlier.range(keys.to_vec()..);
        from.next().is_some_and(|(known, _)| known.starts_with(keys))
    };
    let people: BTreeMap<WrittenReference<'_>, &str> =
        earlier.iter().filter(|(keys, _)| is_of_person(keys)).map(|(keys, held)| (*held, keys[1])).collect();
    let mut found = Vec::new();
    for (keys, after, span) in after.iter().flat_map(references) {
        let before = earlier.get(&keys);
        let is_of_another = people.get(&after).is_some_and(|owner| *owner != keys[1]);
        let is_reported = (is_of_person(&keys) && (is_known(&keys[..2]) || is_of_another))
            || (is_of_another_helpdesk(&keys) && is_known(&keys[..2]));
        if before == Some(&after) || (before.is_none() && !is_reported) {
            continue;
        }
        let position = sources.position(span);
        let before = before.map(|held| held.shown());
        let what = RedLineSubject::Slug { entry: keys.join("."), before, after: after.shown() };
        found.push(RedLine { path: position.path, line: position.line, what });
    }
    found.sort();
    found
}

/// The red lines of contacts that agreements have of their own: those that are no contact of the client in the base.
/// Everyone of a client that the base does not have is new, so that only contacts of another client count there.
pub fn red_lines_of_contacts(
    before: &CheckedRepository,
    after: CheckedSide<'_>,
    sources: &Sources,
) -> Vec<RedLine> {
    let listed = before.catalog.clients.iter();
    let listed =
        listed.flat_map(|(slug, client)| client.contacts.values().map(move |held| (slug.as_str(), held)));
    let own = before.agreements.iter();
    let own = own.flat_map(|found| found.contacts.values().map(move |held| (found.client.as_str(), held)));
    let known: BTreeSet<(&str, &Contact)> = listed.chain(own).collect();
    let everyone: BTreeSet<&Contact> = known.iter().map(|(_, contact)| *contact).collect();
    let resolved: BTreeMap<&AgreementId, _> =
        after.resolved.iter().map(|resolved| (&resolved.id, resolved)).collect();
    let mut found = BTreeMap::new();
    for agreement in &after.checked.agreements {
        let client = agreement.client.as_str();
        let is_known = before.catalog.clients.contains_key(client);
        for (role, contact) in &agreement.contacts {
            if known.contains(&(client, contact)) || !(is_known || everyone.contains(contact)) {
                continue;
            }
            let Some(span) =
                resolved.get(&agreement.id).map(|resolved| resolved.place_of(&["contacts", role]))
            else {
                continue;
            };
            let after = match contact {
                Contact::Person(id) => CatalogReference::Object(id.clone()),
                Contact::Email(_) => CatalogReference::Address,
            };
            let position = sources.position(span);
            let what = RedLineSubject::Contact { entry: format!("{}.{role}", agreement.id), after };
            // One line of a template may give many agreements the contact.
            found.entry((position.path, position.line)).or_insert(what);
        }
    }
    found.into_iter().map(|((path, line), what)| RedLine { path, line, what }).collect()
}

/// The path of a catalog entry.
type Keys<'a> = Vec<&'a str>;

/// Whether the path is that of an address: of a contact or a manager.
fn is_of_person(keys: &[&str]) -> bool {
    keys.get(2).is_some_and(|key| matches!(*key, "contacts" | "email"))
}

/// Whether the path is that of an id in one of several helpdesks.
fn is_of_another_helpdesk(keys: &[&str]) -> bool {
    keys.len() > 3 && keys[keys.len() - 2] == "helpdesk"
}

/// A reference as written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum WrittenReference<'a> {
    Object(&'a str),
    Title(&'a str),
    Address(&'a str),
}

impl WrittenReference<'_> {
    fn shown(&self) -> CatalogReference {
        match self {
            Self::Object(id) => LiveId::new(id)
                .map_or_else(|| CatalogReference::Title((*id).to_owned()), CatalogReference::Object),
            Self::Title(title) => CatalogReference::Title((*title).to_owned()),
            Self::Address(_) => CatalogReference::Address,
        }
    }
}

/// All references of a file of the catalog to objects and addresses, in its order.
fn references(catalog: &Document) -> Vec<(Keys<'_>, WrittenReference<'_>, Span)> {
    let mut found = Vec::new();
    for section in entries(&catalog.root) {
        for entry in entries(&section.node) {
            let keys = vec![&*section.key, &*entry.key];
            add_references(&keys, &entry.node, &mut found);
            for part in entries(&entry.node).filter(|part| matches!(&*part.key, "contacts" | "departments")) {
                for within in entries(&part.node) {
                    add_references(
                        &[&keys[..], &[&*part.key, &*within.key]].concat(),
                        &within.node,
                        &mut found,
                    );
                }
            }
        }
    }
    found
}

fn entries(node: &Node) -> impl Iterator<Item = &tree::MapEntry> {
    node.as_map().into_iter().flat_map(|map| map.iter())
}

/// Adds the references of one entry: the id, or else the title; and the address, if it has one.
fn add_references<'a>(
    keys: &[&'a str],
    node: &'a Node,
    found: &mut Vec<(Keys<'a>, WrittenReference<'a>, Span)>,
) {
    let text = |key: &str| node.get(&[key]).and_then(|held| Some((held.as_text()?, held.span)));
    for id in node.get(&["helpdesk"]).into_iter().flat_map(entries) {
        let object = id.node.as_text().map(WrittenReference::Object);
        found.extend(object.map(|object| ([keys, &["helpdesk", &*id.key]].concat(), object, id.node.span)));
    }
    let object = text("helpdesk").map(|(id, span)| (WrittenReference::Object(id), span));
    let titled = || text("title").map(|(title, span)| (WrittenReference::Title(title), span));
    let bare = || node.as_text().map(|address| (WrittenReference::Address(address), node.span));
    if let Some((held, span)) = object.or_else(titled).or_else(bare) {
        found.push((keys.to_vec(), held, span));
    }
    if let Some((address, span)) = text("email") {
        found.push(([keys, &["email"]].concat(), WrittenReference::Address(address), span));
    }
}

#[cfg(test)]
mod tests;
