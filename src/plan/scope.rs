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
use crate::settings::Settings;
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

/// The red lines of a catalog: slugs of the base that refer to something else in one of the helpdesks of the base's
/// `settings`, and new contacts of its clients. A plain id is that of the default helpdesk.
pub fn red_lines_of_catalog(
    before: &[Document],
    after: &[Document],
    settings: &Settings,
    sources: &Sources,
) -> Vec<RedLine> {
    let default = settings.default_helpdesk.as_ref().map(HelpdeskName::as_str);
    let written = before.iter().chain(after).flat_map(catalog_entries);
    let written = written.flat_map(|(_, node)| node.get(&["helpdesk"]).into_iter().flat_map(entries));
    let named = settings.helpdesks.keys().map(HelpdeskName::as_str).chain(written.map(|id| &*id.key));
    let names: BTreeSet<Option<&str>> = named.map(Some).chain([default]).collect();
    let earlier: BTreeMap<Keys<'_>, Reference<'_>> =
        references(before, &names, default).into_iter().collect();
    let is_known = |keys: &[&str]| {
        let mut from = earlier.range((keys.to_vec(), None)..);
        from.next().is_some_and(|((known, _), _)| known.starts_with(keys))
    };
    let people = earlier.iter().filter(|((keys, _), _)| is_of_person(keys));
    let people: BTreeMap<WrittenReference<'_>, &str> =
        people.map(|((keys, _), held)| (held.written, keys[1])).collect();
    let mut found = Vec::new();
    for (keys, after) in references(after, &names, default) {
        let before = earlier.get(&keys);
        let keys = &keys.0;
        let is_of_another = people.get(&after.written).is_some_and(|owner| *owner != keys[1]);
        let is_reported = is_of_person(keys) && (is_known(&keys[..2]) || is_of_another);
        if before.map_or(!is_reported, |before| before.written == after.written) {
            continue;
        }
        // An id that is gone is shown at the others, under the name that it had.
        let gone = before.filter(|before| before.is_object() && !after.is_object());
        let position = sources.position(gone.and(after.ids).unwrap_or(after.span));
        let entry = gone.unwrap_or(&after).path.join(".");
        let before = before.map(|held| held.written.shown());
        let what = RedLineSubject::Slug { entry, before, after: after.written.shown() };
        found.push(RedLine { path: position.path, line: position.line, what });
    }
    found.sort();
    // A title is written once for all helpdesks that have no id.
    found.dedup();
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

/// The path of a catalog entry, and the helpdesk in which it refers to something; `None` if that has no name.
type Keys<'a> = (Vec<&'a str>, Option<&'a str>);

/// Whether the path is that of an address: of a contact or a manager.
fn is_of_person(keys: &[&str]) -> bool {
    keys.get(2).is_some_and(|key| matches!(*key, "contacts" | "email"))
}

/// A reference to something in one helpdesk.
struct Reference<'a> {
    written: WrittenReference<'a>,
    /// The path under which it is shown.
    path: Vec<&'a str>,
    span: Span,
    /// The place of the ids of the entry, if it has any.
    ids: Option<Span>,
}

impl Reference<'_> {
    const fn is_object(&self) -> bool {
        matches!(self.written, WrittenReference::Object(_))
    }
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

/// The entries of a file of the catalog with their paths, in its order; contacts and departments are entries of their own.
fn catalog_entries(catalog: &Document) -> Vec<(Vec<&str>, &Node)> {
    let mut found = Vec::new();
    for section in entries(&catalog.root) {
        for entry in entries(&section.node) {
            let keys = vec![&*section.key, &*entry.key];
            for part in entries(&entry.node).filter(|part| matches!(&*part.key, "contacts" | "departments")) {
                let within = entries(&part.node);
                found.extend(
                    within.map(|within| ([&keys[..], &[&*part.key, &*within.key]].concat(), &within.node)),
                );
            }
            found.push((keys, &entry.node));
        }
    }
    found
}

/// All references of a catalog to objects and addresses, in each helpdesk.
fn references<'a>(
    catalog: &'a [Document],
    helpdesks: &BTreeSet<Option<&'a str>>,
    default: Option<&'a str>,
) -> Vec<(Keys<'a>, Reference<'a>)> {
    let mut found = Vec::new();
    for (keys, node) in catalog.iter().flat_map(catalog_entries) {
        for helpdesk in helpdesks {
            let held = reference_in(&keys, node, *helpdesk, default);
            found.extend(held.map(|held| ((keys.clone(), *helpdesk), held)));
        }
        if let Some((address, span)) = text_at(node, "email") {
            let path = [&keys[..], &["email"]].concat();
            let written = WrittenReference::Address(address);
            found.push(((path.clone(), default), Reference { written, path, span, ids: None }));
        }
    }
    found
}

fn text_at<'a>(node: &'a Node, key: &str) -> Option<(&'a str, Span)> {
    node.get(&[key]).and_then(|held| Some((held.as_text()?, held.span)))
}

/// The reference of an entry in one helpdesk: its id there, or else the title; or the address that the entry is.
fn reference_in<'a>(
    keys: &[&'a str],
    node: &'a Node,
    helpdesk: Option<&'a str>,
    default: Option<&str>,
) -> Option<Reference<'a>> {
    let ids = node.get(&["helpdesk"]).map(|ids| ids.span);
    let reference = |written, path, span| Reference { written, path, span, ids };
    if let Some(name) = helpdesk
        && let Some(id) = node.get(&["helpdesk", name])
        && let Some(text) = id.as_text()
    {
        let path = [keys, &["helpdesk", name]].concat();
        return Some(reference(WrittenReference::Object(text), path, id.span));
    }
    let plain = text_at(node, "helpdesk").filter(|_| helpdesk == default);
    let object = plain.map(|(id, span)| (WrittenReference::Object(id), span));
    let titled = || text_at(node, "title").map(|(title, span)| (WrittenReference::Title(title), span));
    let bare = || node.as_text().map(|address| (WrittenReference::Address(address), node.span));
    let (written, span) = object.or_else(titled).or_else(bare)?;
    Some(reference(written, keys.to_vec(), span))
}

fn entries(node: &Node) -> impl Iterator<Item = &tree::MapEntry> {
    node.as_map().into_iter().flat_map(|map| map.iter())
}

#[cfg(test)]
mod tests;
