//! Finds the slug that a text stands for: a slug, or an exact title that only one entry of the catalog has.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use crate::catalog::{Catalog, CatalogEntry, ROUND_THE_CLOCK};
use crate::ident::{composed, nearest};

/// The slugs and titles of one kind in the catalog.
#[derive(Default)]
pub(super) struct Names {
    /// The titles by slug.
    titles: BTreeMap<String, String>,
    /// The slugs by [`title_key`].
    slugs: BTreeMap<String, Vec<String>>,
}

/// The result of a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// The one slug.
    Found(String),
    /// The slugs of several entries with this title.
    Ambiguous(Vec<String>),
    /// No entry.
    Unknown,
}

impl Names {
    /// The names of each kind.
    pub(super) fn of(catalog: &Catalog) -> BTreeMap<&'static str, Self> {
        fn listed<K: Borrow<str>>(map: &BTreeMap<K, CatalogEntry>) -> Names {
            map.iter().map(|(slug, entry)| (slug.borrow(), entry.title.as_str())).collect()
        }
        let clients =
            catalog.clients.iter().map(|(slug, client)| (slug.as_str(), client.entry.title.as_str()));
        let calendars = catalog.calendars.iter().map(|(slug, entry)| (slug.as_str(), entry.title.as_str()));
        BTreeMap::from([
            ("client", clients.collect()),
            ("manager", listed(&catalog.managers)),
            ("provider", listed(&catalog.providers)),
            ("service", listed(&catalog.services)),
            ("calendar", calendars.chain([(ROUND_THE_CLOCK, ROUND_THE_CLOCK)]).collect()),
        ])
    }

    /// Looks a text up, first among the slugs and then among the titles.
    pub(super) fn find(&self, text: &str) -> Lookup {
        if self.titles.contains_key(text) {
            return Lookup::Found(text.to_owned());
        }
        match self.slugs.get(&title_key(text)).map(Vec::as_slice) {
            None => Lookup::Unknown,
            Some([slug]) => Lookup::Found(slug.clone()),
            Some(slugs) => Lookup::Ambiguous(slugs.to_vec()),
        }
    }

    /// The nearest slug or title.
    pub(super) fn nearest(&self, text: &str) -> Option<&str> {
        nearest(text, self.titles.iter().flat_map(|(slug, title)| [slug.as_str(), title.as_str()]))
    }

    /// The title of a slug.
    pub(super) fn title(&self, slug: &str) -> Option<&str> {
        self.titles.get(slug).map(String::as_str)
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Names {
    fn from_iter<T: IntoIterator<Item = (&'a str, &'a str)>>(entries: T) -> Self {
        let mut names = Self::default();
        for (slug, title) in entries {
            names.titles.insert(slug.to_owned(), title.to_owned());
            names.slugs.entry(title_key(title)).or_default().push(slug.to_owned());
        }
        names
    }
}

/// A title as a key: spaces of any kind are equal, and so are composed and decomposed letters.
pub(super) fn title_key(title: &str) -> String {
    composed(title).split_whitespace().collect::<Vec<_>>().join(" ")
}
