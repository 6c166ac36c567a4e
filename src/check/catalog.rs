//! The files of the catalog as people wrote them become the catalog: every slug well formed, every object under one slug.

use std::collections::BTreeMap;

use litemap::LiteMap;
use serde::de::DeserializeOwned;

use crate::calendar::Zone;
use crate::catalog::{Catalog, CatalogEntry, ClientEntry, Contact};
use crate::check::address::non_ascii_name;
use crate::check::exact_map::exact_map;
use crate::check::reader::unknown_helpdesk;
use crate::check::subject::Places;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::document::shape::TextOr;
use crate::document::{Document, Node, Tree, from_tree, shape};
use crate::ident::{
    CalendarSlug, ClientSlug, HelpdeskName, LiveId, ManagerSlug, PriorityName, ProviderSlug, ServiceSlug,
};
use crate::settings::Settings;

/// A catalog entry of any kind.
struct CatalogItem<'a> {
    title: Option<&'a str>,
    helpdesk: Option<&'a shape::LiveIdShape>,
    email: Option<&'a str>,
}

/// The reference to an object: its kind, its id in a helpdesk or else its title. The helpdesk is that of ids without a name,
/// or another one.
type ObjectReference = (&'static str, Option<Option<HelpdeskName>>, String);

struct CatalogReader<'a> {
    /// The file that is being read.
    places: &'a dyn Places,
    settings: &'a Settings,
    faults: Vec<Diagnostic>,
    /// The entries met so far, by list and slug.
    defined: BTreeMap<(&'static str, String), Span>,
    /// The objects met so far.
    objects: BTreeMap<ObjectReference, (String, Span)>,
}

/// The catalog of these files, with everything in them that can be used, and what is wrong with the rest.
pub(super) fn catalog<'a>(
    files: impl IntoIterator<Item = &'a Document>,
    settings: &Settings,
) -> (Catalog, Vec<Diagnostic>) {
    let mut catalog = Catalog::default();
    let (mut faults, mut defined, mut objects) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    let mut clients = Vec::new();
    for document in files {
        let mut reading = CatalogReader { places: document, settings, faults, defined, objects };
        macro_rules! entries {
            ($list:ident, $slug:ty, $shape:ty $(, $email:ident)?) => {
                for (slug, node) in entries_of(document, stringify!($list)) {
                    let Some(written) = reading.typed::<$shape>(node) else { continue };
                    let path = [stringify!($list), slug];
                    if reading.is_repeated(stringify!($list), slug) {
                        continue;
                    }
                    let named = CatalogItem {
                        title: written.title.as_deref(),
                        helpdesk: written.helpdesk.as_ref(),
                        email: None $(.or(written.$email.as_deref()))?,
                    };
                    let name = reading.slug(&path, slug, <$slug>::new(slug));
                    let entry = reading.entry(stringify!($list), &path, slug, &named);
                    catalog.$list.extend(name.map(|name| (name, entry)));
                }
            };
        }
        clients.extend(reading.clients(document));
        entries!(services, ServiceSlug, shape::CatalogServiceShape);
        entries!(managers, ManagerSlug, shape::CatalogManagerShape, email);
        entries!(providers, ProviderSlug, shape::CatalogProviderShape);
        entries!(calendars, CalendarSlug, shape::CatalogCalendarShape);
        entries!(priorities, PriorityName, shape::CatalogPriorityShape);
        CatalogReader { faults, defined, objects, .. } = reading;
    }
    // A map that is built at once has full nodes; entries that are inserted in order leave them half full.
    catalog.clients = clients.into_iter().collect();
    (catalog, faults)
}

/// The entries of a list in a file, in the order of their slugs. They are deserialized one at a time: the shapes of five
/// thousand clients would be larger than the catalog.
fn entries_of<'a>(document: &'a Document, list: &str) -> Vec<(&'a str, &'a Node)> {
    let map = document.get(&[list]).and_then(Node::as_map);
    let mut entries: Vec<(&str, &Node)> =
        map.into_iter().flatten().map(|entry| (&*entry.key, &entry.node)).collect();
    entries.sort_unstable_by_key(|(slug, _)| *slug);
    entries
}

impl CatalogReader<'_> {
    /// An entry as its schema has it. It is not used if it cannot be deserialized, which is reported.
    fn typed<T: DeserializeOwned>(&mut self, node: &Node) -> Option<T> {
        from_tree(&Tree::Node(node)).map_err(|fault| self.faults.push(fault)).ok()
    }

    fn place(&self, path: &[&str]) -> Span {
        self.places.value(path).unwrap_or_else(|| self.places.whole())
    }

    fn fault(&mut self, code: Code, path: &[&str], message: impl Into<String>, help: impl Into<String>) {
        let place = self.place(path);
        self.faults.push(Diagnostic::new(code, place, message).help(help));
    }

    /// E003: whether another file of the catalog has an entry of this slug.
    fn is_repeated(&mut self, list: &'static str, slug: &str) -> bool {
        let path = [list, slug];
        let place = self.places.name(&path).unwrap_or_else(|| self.places.whole());
        let Some(first) = self.defined.insert((list, slug.to_owned()), place) else { return false };
        let message = format!("`{slug}` is defined in two files of the catalog, under `{list}:`");
        let fault = Diagnostic::new(Code::E003, place, message).label("second definition");
        self.faults.push(fault.related(first, "first definition").help("keep one of the two"));
        true
    }

    fn slug<T>(&mut self, path: &[&str], text: &str, slug: Option<T>) -> Option<T> {
        if slug.is_none() {
            let place = self.places.name(path).unwrap_or_else(|| self.places.whole());
            let diagnostic = Diagnostic::new(Code::E009, place, format!("invalid slug `{text}`"));
            self.faults
                .push(diagnostic.help("use a-z, 0-9, `.`, `_` and `-`, starting with a letter or a digit"));
        }
        slug
    }

    fn clients(&mut self, document: &Document) -> Vec<(ClientSlug, ClientEntry)> {
        let mut clients = Vec::new();
        for (slug, node) in entries_of(document, "clients") {
            let Some(written) = self.typed::<shape::CatalogClientShape>(node) else { continue };
            let path = ["clients", slug];
            if self.is_repeated("clients", slug) {
                continue;
            }
            let name = self.slug(&path, slug, ClientSlug::new(slug));
            let named = CatalogItem {
                title: written.title.as_deref(),
                helpdesk: written.helpdesk.as_ref(),
                email: None,
            };
            let entry = self.entry("clients", &path, slug, &named);
            let zone = self.zone(slug, written.timezone.as_deref());
            let language = written.language.map(shape::LanguageShape::language);
            let lives_in = written.lives_in.as_ref();
            let lives_in = lives_in.and_then(|name| self.helpdesk(&["clients", slug, "lives_in"], name));
            let departments = self.departments(slug, &written);
            let contacts = written.contacts.iter().flatten().filter_map(|(role, contact)| {
                let path = ["clients", slug, "contacts", role];
                let contact = read_contact(self.places, &path, contact)
                    .map_err(|fault| self.faults.push(fault))
                    .ok()?;
                self.check_address(&path, Some(&contact));
                Some((role.clone(), contact))
            });
            let contacts = exact_map(contacts);
            if let Some(name) = name {
                clients.push((name, ClientEntry { entry, contacts, departments, lives_in, zone, language }));
            }
        }
        clients
    }

    fn zone(&mut self, slug: &str, name: Option<&str>) -> Option<Zone> {
        match Zone::find(name?) {
            Ok(zone) => Some(zone),
            Err(misread) => {
                self.fault(Code::E203, &["clients", slug, "timezone"], misread.message, misread.help);
                None
            }
        }
    }

    fn departments(
        &mut self,
        client: &str,
        written: &shape::CatalogClientShape,
    ) -> LiteMap<String, CatalogEntry> {
        exact_map(written.departments.iter().flatten().filter_map(|(slug, written)| {
            let path = ["clients", client, "departments", slug];
            let name = self.slug(&path, slug, crate::ident::is_slug(slug).then(|| slug.clone()));
            let named = CatalogItem {
                title: written.title.as_deref(),
                helpdesk: written.helpdesk.as_ref(),
                email: None,
            };
            let entry = self.entry("clients", &path, &format!("{client}/{slug}"), &named);
            Some((name?, entry))
        }))
    }

    /// One object; `kind` is the list that its id may stand in once. One without a title goes by its slug, so
    /// that agreements do not report it as unknown.
    fn entry(
        &mut self,
        kind: &'static str,
        path: &[&str],
        slug: &str,
        named: &CatalogItem<'_>,
    ) -> CatalogEntry {
        let under = |leaf| -> Vec<&str> { path.iter().copied().chain([leaf]).collect() };
        // The schema requires it.
        let title = named.title.map(str::trim).filter(|title| !title.is_empty());
        let ids = named.helpdesk.map_or_else(LiteMap::new, |written| self.ids(&under("helpdesk"), written));
        let mut elsewhere = ids;
        let helpdesk = elsewhere.remove(&self.settings.default_helpdesk.clone());
        // Departments of different companies may well share a title.
        let title_tells = named.helpdesk.is_none() && !slug.contains('/');
        match (&helpdesk, title) {
            (Some(id), _) => self.only_name(&under("helpdesk"), slug, (kind, Some(None), id.to_string())),
            (None, Some(title)) if title_tells => {
                self.only_name(&under("title"), slug, (kind, None, title.to_owned()));
            }
            (None, _) => {}
        }
        let elsewhere = elsewhere.into_iter().filter_map(|(name, id)| Some((name?, id)));
        let elsewhere: LiteMap<HelpdeskName, LiveId> = elsewhere.collect();
        for (name, id) in &elsewhere {
            let path = [&under("helpdesk")[..], &[name.as_str()]].concat();
            self.only_name(&path, slug, (kind, Some(Some(name.clone())), id.to_string()));
        }
        let email = named.email.map(|email| Contact::Email(email.to_owned()));
        self.check_address(&under("email"), email.as_ref());
        CatalogEntry {
            title: title.unwrap_or(slug).to_owned(),
            helpdesk,
            elsewhere,
            email: named.email.map(str::to_owned),
            span: self.place(path),
        }
    }

    /// The ids of an object by helpdesk; `None` stands for the only or default one, if it has no name.
    fn ids(&mut self, path: &[&str], written: &shape::LiveIdShape) -> LiteMap<Option<HelpdeskName>, LiveId> {
        let default = self.settings.default_helpdesk.clone();
        let named: Vec<(Option<&str>, &str)> = match written {
            TextOr::Text(id) => vec![(None, id)],
            TextOr::Set(ids) => ids.iter().map(|(name, id)| (Some(name.as_str()), id.as_str())).collect(),
        };
        let mut ids = LiteMap::new();
        for (name, text) in named {
            let path = [path, name.as_slice()].concat();
            let helpdesk = match name {
                None => Some(default.clone()),
                Some(name) => self.helpdesk(&path, name).map(Some),
            };
            let id = LiveId::new(text);
            if id.is_none() {
                let help = "use the id that the helpdesk shows, such as ou$7001";
                self.fault(Code::E009, &path, format!("invalid object id `{text}`"), help);
            }
            ids.extend(helpdesk.zip(id));
        }
        ids
    }

    /// E101: a helpdesk by its name in the settings.
    fn helpdesk(&mut self, path: &[&str], name: &str) -> Option<HelpdeskName> {
        let known = self.settings.helpdesks.get_key_value(name).map(|(name, _)| name.clone());
        if known.is_none() {
            let place = self.place(path);
            self.faults.push(unknown_helpdesk(place, name, self.settings));
        }
        known
    }

    /// E111: an object has one slug.
    fn only_name(&mut self, path: &[&str], slug: &str, object: ObjectReference) {
        let place = self.place(path);
        let by_id = object.1.is_some();
        if let Some((other, other_place)) = self.objects.get(&object) {
            let message = format!("`{slug}` and `{other}` both refer to `{}`", object.2);
            let diagnostic = Diagnostic::new(Code::E111, place, message)
                .related(*other_place, format!("`{other}` refers to it here"))
                .help(if by_id {
                    "keep one of them, and replace the other wherever it is used"
                } else {
                    "distinguish them by `helpdesk:` ids, or keep one of them"
                });
            self.faults.push(diagnostic);
        } else {
            self.objects.insert(object, (slug.to_owned(), place));
        }
    }

    /// W511, and E508 where the settings do not trust the catalog's addresses.
    fn check_address(&mut self, path: &[&str], contact: Option<&Contact>) {
        if let Some(Contact::Email(address)) = contact {
            self.faults.extend(non_ascii_name(self.places, path, address));
        }
        let Some(allowed) = self.settings.mail.as_ref().filter(|allowed| !allowed.catalog) else {
            return;
        };
        if let Some(Contact::Email(address)) = contact
            && !allowed.covers(address)
        {
            self.fault(
                Code::E508,
                path,
                format!("mail to `{address}` is not allowed"),
                "add its domain to `mail.allow.domains` in servanda.yaml, or set `mail.allow.catalog: true`",
            );
        }
    }
}

/// A contact: an address, or a person of the helpdesk; exactly one of them.
pub(super) fn read_contact(
    places: &dyn Places,
    path: &[&str],
    written: &shape::ContactShape,
) -> Result<Contact, Diagnostic> {
    let fault = |code, message: &str, help: &str| {
        let place = places.value(path).unwrap_or_else(|| places.whole());
        Diagnostic::new(code, place, message).help(help)
    };
    let (email, helpdesk) = match written {
        TextOr::Text(email) => (Some(email), None),
        TextOr::Set(address) => (address.email.as_ref(), address.helpdesk.as_ref()),
    };
    match (email, helpdesk) {
        (Some(email), None) => Ok(Contact::Email(email.clone())),
        (None, Some(person)) => LiveId::new(person).map(Contact::Person).ok_or_else(|| {
            fault(Code::E009, "invalid person id", "use the id that the helpdesk shows, such as employee$811")
        }),
        (Some(_), Some(_)) => {
            Err(fault(Code::E014, "`email` and `helpdesk` exclude each other", "keep one of them"))
        }
        (None, None) => Err(fault(
            Code::E010,
            "the contact has neither `email` nor `helpdesk`",
            "add `email: boss@client.example` or `helpdesk: employee$811`",
        )),
    }
}
