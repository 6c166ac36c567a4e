//! Reading one merged agreement: where its texts are, what its slugs may name, and the faults found so far.
//!
//! A fault of one value alone is shown where that value stands, be it in a template, so that a hundred
//! agreements that inherit it repeat one and the same diagnostic, which is printed once.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::{Day, Instant, InvalidValue, read_day, read_instant};
use crate::catalog::Catalog;
use crate::check::subject::{Places, fault_at};
use crate::check::suggestion::nearest_of;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::settings::{HelpdeskConfig, Settings};

/// The inputs for reading one agreement, and the faults found so far.
pub(super) struct AgreementReader<'a> {
    pub(super) places: &'a dyn Places,
    /// The helpdesk in which the agreement lives.
    pub(super) helpdesk: &'a HelpdeskConfig,
    pub(super) catalog: &'a Catalog,
    pub(super) settings: &'a Settings,
    pub(super) addresses: &'a BTreeSet<&'a str>,
    pub(super) faults: Vec<Diagnostic>,
}

/// A kind of slug, in words: what it is called, and where it is listed.
#[derive(Clone, Copy)]
pub(super) struct SlugKind {
    /// `service`.
    pub(super) noun: &'static str,
    /// `services`.
    pub(super) list: &'static str,
}

impl AgreementReader<'_> {
    /// A fault of the value at `path` alone.
    pub(super) fn value_fault(
        &mut self,
        code: Code,
        path: &[&str],
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let place = self.places.value(path).unwrap_or_else(|| self.places.whole());
        self.faults.push(Diagnostic::new(code, place, message).help(help));
    }

    /// A fault of this agreement, reported at `path`.
    pub(super) fn fault(
        &mut self,
        code: Code,
        path: &[&str],
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let diagnostic = fault_at(self.places, code, path, message.into()).help(help);
        self.faults.push(diagnostic);
    }

    /// The value where it can be read, else a fault at its place.
    pub(super) fn taken<T>(&mut self, code: Code, path: &[&str], read: Result<T, InvalidValue>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(misread) => {
                self.value_fault(code, path, misread.message, misread.help);
                None
            }
        }
    }

    /// A day.
    pub(super) fn day(&mut self, path: &[&str], text: Option<&str>) -> Option<Day> {
        self.taken(Code::E203, path, read_day(text?))
    }

    /// An instant.
    pub(super) fn instant(&mut self, path: &[&str], text: Option<&str>) -> Option<Instant> {
        self.taken(Code::E203, path, read_instant(text?))
    }

    /// The slug at a path as one of those that are known, else E101 at its place.
    pub(super) fn known<K: Borrow<str> + Ord + Clone, V>(
        &mut self,
        kind: SlugKind,
        path: &[&str],
        slug: &str,
        known: &BTreeMap<K, V>,
    ) -> Option<K> {
        self.known_at(kind, |places| places.value(path), slug, known)
    }

    /// The same for a slug that is the last key of the path.
    pub(super) fn known_key<K: Borrow<str> + Ord + Clone, V>(
        &mut self,
        kind: SlugKind,
        path: &[&str],
        slug: &str,
        known: &BTreeMap<K, V>,
    ) -> Option<K> {
        self.known_at(kind, |places| places.name(path), slug, known)
    }

    fn known_at<K: Borrow<str> + Ord + Clone, V>(
        &mut self,
        kind: SlugKind,
        place: impl FnOnce(&dyn Places) -> Option<Span>,
        slug: &str,
        known: &BTreeMap<K, V>,
    ) -> Option<K> {
        if let Some((name, _)) = known.get_key_value(slug) {
            return Some(name.clone());
        }
        let place = place(self.places).unwrap_or_else(|| self.places.whole());
        self.faults.push(unknown(kind, place, slug, known));
        None
    }
}

/// The largest number of known names that a help lists.
const SHORT_LIST: usize = 6;

/// E101: nothing of this kind goes by the slug.
pub(super) fn unknown<K: Borrow<str> + Ord, V>(
    kind: SlugKind,
    place: Span,
    slug: &str,
    known: &BTreeMap<K, V>,
) -> Diagnostic {
    let SlugKind { noun, list } = kind;
    let is_calendar = list == CALENDAR.list;
    let label =
        if is_calendar { "neither a file in `calendars/` nor in the catalog" } else { "not in the catalog" };
    let diagnostic = Diagnostic::new(Code::E101, place, format!("unknown {noun} `{slug}`")).label(label);
    if let Some(near) = nearest_of(slug, known) {
        return diagnostic.help(format!("did you mean `{near}`?")).meant(place, slug, near);
    }
    let add = if is_calendar {
        format!("add `calendars/{slug}.yaml`")
    } else {
        format!("add it under `{list}:` in catalog.yaml")
    };
    let names: Vec<String> =
        known.keys().take(SHORT_LIST + 1).map(|name| format!("`{}`", name.borrow())).collect();
    diagnostic.help(match &names[..] {
        [] => add,
        [only] => format!("use {only}, or {add}"),
        names if names.len() <= SHORT_LIST => format!("use one of {}, or {add}", names.join(", ")),
        _ => add,
    })
}

/// E101: no helpdesk has this name.
pub(super) fn unknown_helpdesk(place: Span, name: &str, settings: &Settings) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::E101, place, format!("unknown helpdesk `{name}`"));
    let known: Vec<String> = settings.helpdesks.keys().map(|name| format!("`{name}`")).collect();
    if known.is_empty() {
        let help = "name the helpdesks under `helpdesks:` in servanda.yaml, or delete the key: there is one helpdesk";
        return diagnostic.help(help);
    }
    match nearest_of(name, &settings.helpdesks) {
        Some(near) => {
            let help = format!("did you mean `{near}`? servanda.yaml has {}", known.join(", "));
            diagnostic.help(help).meant(place, name, near)
        }
        None => diagnostic.help(format!("use a helpdesk of servanda.yaml: {}", known.join(", "))),
    }
}

pub(super) const CLIENT: SlugKind = SlugKind { noun: "client", list: "clients" };
pub(super) const SERVICE: SlugKind = SlugKind { noun: "service", list: "services" };
pub(super) const MANAGER: SlugKind = SlugKind { noun: "manager", list: "managers" };
pub(super) const PROVIDER: SlugKind = SlugKind { noun: "provider", list: "providers" };
pub(super) const CALENDAR: SlugKind = SlugKind { noun: "calendar", list: "calendars" };
pub(super) const PRIORITY: SlugKind = SlugKind { noun: "priority", list: "priorities" };
