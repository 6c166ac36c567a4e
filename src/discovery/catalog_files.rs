//! Chooses the files of a catalog that edits go to, and edits them.
//!
//! Existing entries stay where they are. A new entry goes to the file of its list, to the file of its first letter or, a
//! client, of its provider where the files are named so, or else to the file of the entry before it. Where that file would grow beyond `GROWN`, new
//! clients go to `catalog/clients/<letter>.yaml`, and other entries to `catalog/<list>.yaml`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::author;
use crate::diagnostic::Sources;
use crate::discovery::catalog::{CatalogEdit, CatalogList};
use crate::document::{self, DocumentKind, Node};
use crate::edit::{Draft, EditError};
use crate::ident::slug::numbered;

/// The size in bytes up to which a file takes new entries. Forges show larger files and their diffs only in part.
const GROWN: usize = 1024 * 1024;
/// The file of a catalog that consists of one.
const SINGLE: &str = "catalog.yaml";

/// One file of a catalog.
#[derive(Clone, Copy, Debug)]
pub struct CatalogFile<'a> {
    /// Its path relative to the repository.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The tree of the text.
    pub root: &'a Node,
}

/// The new text of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogText {
    /// Its path relative to the repository.
    pub path: String,
    /// Whether the file does not exist yet.
    pub is_new: bool,
    /// The text.
    pub text: String,
}

/// The reason why a catalog cannot be edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogRefused {
    /// The layout of a file is not supported.
    #[error("{path}: {error}")]
    Layout {
        /// The file.
        path: String,
        /// The first line that cannot be edited.
        error: EditError,
    },
    /// A file would be invalid.
    #[error("{path} would be invalid: {message}")]
    Invalid {
        /// The file.
        path: String,
        /// The first error in it.
        message: String,
    },
}

/// Edits the files of a catalog. Returns those that change, in the order of their paths; each of them is valid.
pub fn edit(files: &[CatalogFile<'_>], edits: &[CatalogEdit]) -> Result<Vec<CatalogText>, CatalogRefused> {
    let assigned = Placement::of(files, edits);
    let texts = assigned.into_iter().map(|(path, edits)| {
        let file = files.iter().find(|file| file.path == path);
        let text = match file {
            Some(file) => edited(file, &edits)?,
            None => author::file_text(&path, &whole(&edits)),
        };
        let mut sources = Sources::default();
        let id = sources.add(path.as_str(), text.as_str());
        let (_, faults) = document::read(&sources, id, DocumentKind::Catalog);
        match faults.iter().next() {
            None => Ok(CatalogText { path, is_new: file.is_none(), text }),
            Some(fault) => Err(CatalogRefused::Invalid { path, message: fault.message.clone() }),
        }
    });
    texts.collect()
}

/// The values of a client. A contact without an `@` is the id of a person.
pub fn client(
    title: &str,
    helpdesk: Option<&str>,
    contacts: &[(String, String)],
    departments: &[(String, String)],
) -> Json {
    let mut entry = json!({ "title": title });
    if let Some(id) = helpdesk {
        entry["helpdesk"] = json!(id);
    }
    for (name, contact) in contacts {
        let key = if contact.contains('@') { "email" } else { "helpdesk" };
        entry["contacts"][name] = json!({ key: contact });
    }
    for (slug, title) in departments {
        entry["departments"][slug] = json!({ "title": title });
    }
    entry
}

/// The edits of one entry, in their order.
struct EntryEdits<'a> {
    list: &'a str,
    slug: &'a str,
    edits: Vec<&'a CatalogEdit>,
}

impl EntryEdits<'_> {
    /// The number of bytes that they add, roughly.
    fn size(&self) -> usize {
        self.edits.iter().map(|edit| edit.value.to_string().len() + self.slug.len() + 8).sum()
    }

    fn letter(&self) -> &str {
        self.slug.get(..1).unwrap_or(self.slug)
    }

    fn provider(&self) -> Option<&str> {
        self.edits.iter().find_map(|edit| edit.provider.as_deref())
    }
}

/// The files that take edits, and how large they become.
struct Placement<'a> {
    /// The file of each existing entry, by list and slug.
    lists: BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>,
    /// The text before the letter in the paths of those lists whose files are named by letters.
    letters: BTreeMap<&'a str, String>,
    /// The text before the provider in the paths of the clients' files, where these are named by providers.
    providers: Option<String>,
    sizes: BTreeMap<String, usize>,
    assigned: BTreeMap<String, Vec<&'a CatalogEdit>>,
}

impl<'a> Placement<'a> {
    fn of(files: &[CatalogFile<'a>], edits: &'a [CatalogEdit]) -> BTreeMap<String, Vec<&'a CatalogEdit>> {
        let mut lists: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
        for file in files {
            for list in file.root.as_map().into_iter().flatten() {
                let slugs = list.node.as_map().into_iter().flatten();
                lists.entry(&*list.key).or_default().extend(slugs.map(|entry| (&*entry.key, file.path)));
            }
        }
        let letters =
            lists.iter().filter_map(|(list, entries)| Some((*list, letters(list, entries)?))).collect();
        let sizes = files.iter().map(|file| (file.path.to_owned(), file.text.len())).collect();
        let providers = named_by_provider(&lists, edits);
        let mut placement = Self { lists, letters, providers, sizes, assigned: BTreeMap::new() };
        let mut homeless: BTreeMap<String, Vec<EntryEdits<'a>>> = BTreeMap::new();
        for entry in by_entry(edits) {
            let path = placement.lists.get(entry.list).and_then(|entries| entries.get(entry.slug)).copied();
            match path {
                Some(path) => placement.assign(path.to_owned(), entry),
                None => homeless.entry(placement.home(&entry)).or_default().push(entry),
            }
        }
        for (home, entries) in homeless {
            let size = placement.size(&home) + entries.iter().map(EntryEdits::size).sum::<usize>();
            for entry in entries {
                let path = if size <= GROWN { home.clone() } else { placement.split(&entry) };
                placement.assign(path, entry);
            }
        }
        placement.assigned
    }

    fn size(&self, path: &str) -> usize {
        self.sizes.get(path).copied().unwrap_or(0)
    }

    fn assign(&mut self, path: String, entry: EntryEdits<'a>) {
        *self.sizes.entry(path.clone()).or_default() += entry.size();
        self.assigned.entry(path).or_default().extend(entry.edits);
    }

    /// The stem of the file of a new client, where the files are named by providers.
    fn of_provider(&self, entry: &EntryEdits<'_>) -> Option<String> {
        let is_client = entry.list == CatalogList::Clients.as_str();
        let prefix = self.providers.as_ref().filter(|_| is_client)?;
        Some(format!("{prefix}{}", entry.provider()?))
    }

    /// The file of a new entry, however large it is.
    fn home(&self, entry: &EntryEdits<'_>) -> String {
        if let Some(stem) = self.of_provider(entry) {
            return format!("{stem}.yaml");
        }
        if let Some(prefix) = self.letters.get(entry.list) {
            return format!("{prefix}{}.yaml", entry.letter());
        }
        let before = self.lists.get(entry.list).and_then(|entries| {
            entries.range(..entry.slug).next_back().or_else(|| entries.first_key_value())
        });
        if let Some((_, path)) = before {
            return (*path).to_owned();
        }
        let is_single = self.sizes.keys().all(|path| path == SINGLE);
        if is_single { SINGLE.to_owned() } else { format!("catalog/{}.yaml", entry.list) }
    }

    /// The file of a new entry where its home is full: the first one of its letter, or else of its list, with room.
    fn split(&self, entry: &EntryEdits<'_>) -> String {
        let stem = if let Some(stem) = self.of_provider(entry) {
            stem
        } else if entry.list == CatalogList::Clients.as_str() {
            let usual = || format!("catalog/{}/", entry.list);
            let prefix = self.letters.get(entry.list).cloned().unwrap_or_else(usual);
            format!("{prefix}{}", entry.letter())
        } else {
            format!("catalog/{}", entry.list)
        };
        let mut candidates = numbered(&stem).map(|stem| format!("{stem}.yaml"));
        let free = candidates.find(|path| match self.size(path) {
            0 => true,
            size => size + entry.size() <= GROWN,
        });
        free.expect("one of endlessly many files is new")
    }
}

/// Groups edits by the entry that they concern, in the order of its first edit.
fn by_entry(edits: &[CatalogEdit]) -> Vec<EntryEdits<'_>> {
    let mut index: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut entries: Vec<EntryEdits<'_>> = Vec::new();
    for edit in edits {
        let [list, slug, ..] = &edit.path[..] else { continue };
        let at = *index.entry((list, slug)).or_insert(entries.len());
        if at == entries.len() {
            entries.push(EntryEdits { list, slug, edits: Vec::new() });
        }
        entries[at].edits.push(edit);
    }
    entries
}

/// The text before the letter in the paths of a list's files, where each is named by the first letter of its entries, such
/// as `catalog/clients/` or `catalog/clients-`. The single file may hold entries beside them.
fn letters(list: &str, entries: &BTreeMap<&str, &str>) -> Option<String> {
    let mut prefixes = BTreeSet::new();
    for (slug, path) in entries.iter().filter(|(_, path)| **path != SINGLE) {
        prefixes.insert(prefix(list, path, slug.get(..1)?)?);
    }
    let first = prefixes.pop_first();
    first.filter(|_| prefixes.is_empty())
}

/// The same, where each file of clients is named by a provider of the catalog.
fn named_by_provider(lists: &BTreeMap<&str, BTreeMap<&str, &str>>, edits: &[CatalogEdit]) -> Option<String> {
    let known = lists.get(CatalogList::Providers.as_str()).into_iter().flat_map(BTreeMap::keys).copied();
    let known: BTreeSet<&str> =
        known.chain(edits.iter().filter_map(|edit| edit.provider.as_deref())).collect();
    let list = CatalogList::Clients.as_str();
    let files: BTreeSet<&str> = lists.get(list)?.values().copied().filter(|path| *path != SINGLE).collect();
    let prefix_of = |path: &&str| known.iter().find_map(|provider| prefix(list, path, provider));
    let mut prefixes: BTreeSet<String> = files.iter().map(prefix_of).collect::<Option<_>>()?;
    let first = prefixes.pop_first();
    first.filter(|_| prefixes.is_empty())
}

/// The text before a name in the path of a list's file, such as `catalog/clients/a.yaml` or `catalog/clients-a-2.yaml`.
fn prefix(list: &str, path: &str, name: &str) -> Option<String> {
    let stem = path.strip_suffix(".yaml")?;
    let without_number = match stem.rsplit_once('-') {
        Some((stem, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => stem,
        _ => stem,
    };
    let prefix = stem.strip_suffix(name).or_else(|| without_number.strip_suffix(name))?;
    let is_separated = prefix.ends_with('/') || prefix.ends_with(&format!("{list}-"));
    is_separated.then(|| prefix.to_owned())
}

/// The text of a file with these edits, and otherwise unchanged.
fn edited(file: &CatalogFile<'_>, edits: &[&CatalogEdit]) -> Result<String, CatalogRefused> {
    let text = |edits: &[&CatalogEdit]| {
        let mut draft = Draft::of(file.text, file.root);
        for CatalogEdit { path, value, .. } in edits {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            draft.set(&path, value.clone())?;
        }
        draft.write()
    };
    let mut found = text(edits);
    // The error names the first edit, and not the one that fails: halve them until one is left.
    let mut suspects = edits;
    while found.is_err() && suspects.len() > 1 {
        let (front, back) = suspects.split_at(suspects.len() / 2);
        let (in_front, in_back) = (text(front), text(back));
        (suspects, found) = match (&in_front, &in_back) {
            (Err(_), _) => (front, in_front),
            (Ok(_), Err(_)) => (back, in_back),
            (Ok(_), Ok(_)) => break,
        };
    }
    found.map_err(|error| CatalogRefused::Layout { path: file.path.to_owned(), error })
}

/// The document of a new file.
fn whole(edits: &[&CatalogEdit]) -> Json {
    let mut document = Json::Object(Map::new());
    for CatalogEdit { path, value, .. } in edits {
        let mut place = &mut document;
        for key in path {
            place = &mut place[key.as_str()];
        }
        *place = value.clone();
    }
    document
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{CatalogFile, CatalogRefused, GROWN, edit};
    use crate::discovery::catalog::CatalogEdit;
    use crate::document::parse_text;

    fn added(path: &str, title: &str) -> CatalogEdit {
        let path = path.split('.').map(str::to_owned).collect();
        CatalogEdit { path, value: json!({ "title": title }), provider: None }
    }

    /// The texts after these edits of files, as `path: text`.
    fn texts(files: &[(&str, &str)], edits: &[CatalogEdit]) -> Result<Vec<(String, String)>, CatalogRefused> {
        let roots: Vec<_> = files.iter().map(|(_, text)| parse_text(text).expect("a valid file")).collect();
        let files = files.iter().zip(&roots).map(|((path, text), root)| CatalogFile { path, text, root });
        let files: Vec<_> = files.collect();
        Ok(edit(&files, edits)?.into_iter().map(|written| (written.path, written.text)).collect())
    }

    /// The paths that these edits go to.
    fn paths(files: &[(&str, &str)], edits: &[CatalogEdit]) -> Vec<String> {
        texts(files, edits).expect("edited").into_iter().map(|(path, _)| path).collect()
    }

    #[test]
    fn a_new_catalog_is_one_file() {
        let edits = [added("clients.veter", "Ветер"), added("clients.veter.departments.buh", "Бухгалтерия")];
        let text = "# yaml-language-server: $schema=schemas/catalog.json\nclients:\n  veter:\n    title: Ветер\n    departments: { buh: { title: Бухгалтерия } }\n";
        assert_eq!(texts(&[], &edits), Ok(vec![("catalog.yaml".to_owned(), text.to_owned())]));
    }

    #[test]
    fn a_new_entry_goes_where_its_list_is() {
        let single = ("catalog.yaml", "clients:\n  a: { title: A }\n");
        let new = [added("clients.m", "M"), added("services.vpn", "VPN")];
        assert_eq!(paths(&[single], &new), ["catalog.yaml"]);
        let services = ("catalog/services.yaml", "services: { email: { title: Почта } }\n");
        assert_eq!(paths(&[single, services], &new), ["catalog.yaml", "catalog/services.yaml"]);
        assert_eq!(paths(&[single, services], &[added("managers.x", "X")]), ["catalog/managers.yaml"]);
        let north = ("catalog/north.yaml", "clients: { b: { title: B }, n: { title: N } }\n");
        let south = ("catalog/south.yaml", "clients: { p: { title: P } }\n");
        assert_eq!(paths(&[north, south], &[added("clients.o", "O")]), ["catalog/north.yaml"]);
        assert_eq!(paths(&[north, south], &[added("clients.q", "Q")]), ["catalog/south.yaml"]);
        assert_eq!(paths(&[north, south], &[added("clients.a", "A")]), ["catalog/north.yaml"]);
    }

    #[test]
    fn files_of_letters_stay_files_of_letters() {
        for prefix in ["catalog/clients/", "catalog/clients-", "catalog/2026/clients-"] {
            let (a, b) = (format!("{prefix}a.yaml"), format!("{prefix}b-2.yaml"));
            let files = [
                (a.as_str(), "clients: { a1: { title: A1 } }\n"),
                (b.as_str(), "clients: { b1: { title: B1 } }\n"),
                ("catalog.yaml", "clients: { z: { title: Z } }\n"),
            ];
            let new =
                [added("clients.a2", "A2"), added("clients.c", "C"), added("clients.z.departments.x", "X")];
            assert_eq!(
                paths(&files, &new),
                ["catalog.yaml".to_owned(), a.clone(), format!("{prefix}c.yaml")]
            );
        }
    }

    #[test]
    fn files_of_providers_stay_files_of_providers() {
        let files = [
            ("catalog.yaml", "providers: { acme: { title: Acme }, baltic-2: { title: Baltic } }\n"),
            ("catalog/clients/acme.yaml", "clients: { b: { title: B } }\n"),
        ];
        let of = |slug: &str, provider: &str| {
            let edit = added(&format!("clients.{slug}"), "X");
            CatalogEdit { provider: Some(provider.to_owned()), ..edit }
        };
        let new = [of("a", "acme"), of("c", "baltic-2"), added("clients.d", "D"), of("e", "new")];
        let expected =
            ["catalog/clients/acme.yaml", "catalog/clients/baltic-2.yaml", "catalog/clients/new.yaml"];
        assert_eq!(paths(&files, &new), expected);
        // A file that no provider is named by leaves the choice to the neighbours.
        let north = [files[0], ("catalog/clients/north.yaml", "clients: { b: { title: B } }\n")];
        assert_eq!(paths(&north, &[of("a", "acme")]), ["catalog/clients/north.yaml"]);
    }

    #[test]
    fn a_file_that_would_grow_is_split_by_kind_and_letter() {
        let title = "x".repeat(1000);
        let slug = |number: usize| format!("{}{number:04}", ["a", "b"][number % 2]);
        let mut edits: Vec<CatalogEdit> =
            (0..3000).map(|number| added(&format!("clients.{}", slug(number)), &title)).collect();
        edits.push(added("services.vpn", "VPN"));
        let expected = [
            "catalog/clients/a-2.yaml",
            "catalog/clients/a.yaml",
            "catalog/clients/b-2.yaml",
            "catalog/clients/b.yaml",
            "catalog/services.yaml",
        ];
        let written = texts(&[], &edits).expect("written");
        assert_eq!(written.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), expected);
        assert!(written.iter().all(|(_, text)| text.len() < GROWN + GROWN / 10), "near the limit");
        let large = format!("# {}\nclients: {{ m: {{ title: M }} }}\n", "x".repeat(GROWN));
        let renamed = CatalogEdit { value: json!("N"), ..added("clients.m.title", "") };
        let found = paths(&[("catalog.yaml", &large)], &[renamed, added("clients.a", "A")]);
        assert_eq!(found, ["catalog.yaml", "catalog/clients/a.yaml"]);
    }

    #[test]
    fn the_line_that_cannot_be_edited_is_named() {
        let text = "clients:\n  a: { title: A }\n  b:\n    title: B\n";
        let bell = CatalogEdit { value: json!("\u{7}"), ..added("clients.b.title", "") };
        let refused =
            texts(&[("catalog/x.yaml", text)], &[added("clients.c", "C"), bell, added("clients.d", "D")]);
        assert_eq!(
            refused.expect_err("a bell cannot be written").to_string(),
            "catalog/x.yaml: line 4: this layout cannot be edited automatically; make this change by hand: clients.b.title"
        );
    }
}
