//! Templates and agreements become one value each: what a client is promised, wherever it is written.
//!
//! Values are merged and not types, so that each keeps the place where it stands. This stage knows the rule
//! of merging and the few fields it speaks of; it judges no value.

mod chain;
mod history;
mod lock;
mod merge;

use std::collections::BTreeSet;

pub use history::{Effect, Explained, Step};

pub(crate) use merge::Place;

use merge::{Idle, Merger, Piece};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::document::shape::AgreementDocument;
use crate::document::tree::{Entry, Joined, JoinedEntry, Look, Node};
use crate::document::{Document, Kind, Tree, from_tree, show};
use crate::ident::{AgreementId, ClientSlug};

/// The templates of a repository, each with the line of those it builds on.
pub struct Library<'document> {
    lines: chain::Lines<'document>,
}

/// An agreement with all that it inherits: values that still know their places.
#[derive(Clone, Debug)]
pub struct Resolved<'document> {
    /// The id: of the file, or `<file>/<client>` for an entry of a set.
    pub id: AgreementId,
    /// The file that the agreement stands in.
    pub document: &'document Document,
    /// The entry of the set, where it is one.
    pub entry: Option<&'document Entry>,
    /// The merged value, without `extends`, `clients` and `locked`; an entry of a set has its `client`.
    pub tree: Tree<'document>,
    /// The templates that it extends, the farthest first, then the file, then the entry.
    layers: Vec<Layer<'document>>,
}

/// One of the values that are merged.
#[derive(Clone, Copy, Debug)]
struct Layer<'document> {
    document: &'document Document,
    root: &'document Node,
    key_span: Span,
}

impl<'document> Layer<'document> {
    fn of(document: &'document Document) -> Self {
        Self { document, root: &document.root, key_span: document.root.span }
    }
}

fn pieces<'document>(layers: &[Layer<'document>]) -> Vec<Piece<'document>> {
    let numbered = layers.iter().enumerate();
    numbered.map(|(layer, of)| Piece { layer, key_span: of.key_span, node: of.root }).collect()
}

impl<'document> Library<'document> {
    /// Takes the templates in: finds the line of each, and what is wrong with lines, locks and repeated values.
    pub fn new(templates: &'document [Document]) -> (Self, Diagnostics) {
        let (lines, mut faults) = chain::lines(templates);
        let library = Self { lines };
        let mut found = Vec::new();
        for template in templates.iter().filter(|template| template.sound) {
            lock::unknown_paths(template, &mut found);
            let Some(Some(line)) = library.lines.get(&*template.id) else {
                continue;
            };
            let layers: Vec<Layer<'_>> = line.documents.iter().copied().map(Layer::of).collect();
            library.find_changed_locks(&layers, &mut found);
            merge_and_find_idle(&layers, &mut found);
        }
        faults.extend(found.into_iter().collect());
        (library, faults)
    }

    /// The names of the templates.
    pub fn names(&self) -> impl Iterator<Item = &'document str> + '_ {
        self.lines.keys().copied()
    }

    /// What an agreement that extends these templates inherits; `None` where one of them is not there, or has a fault.
    pub fn inherited(&self, names: &[&str]) -> Option<Tree<'document>> {
        let mut line = Vec::new();
        for name in names {
            chain::join(&mut line, &self.lines.get(name)?.as_ref()?.documents);
        }
        let layers: Vec<Layer<'_>> = line.into_iter().map(Layer::of).collect();
        Merger::default().documents(&pieces(&layers))
    }

    /// Merges an agreement with what it extends; a set becomes one agreement for each entry.
    ///
    /// Nothing comes of a document that is unsound or extends one that is: what is wrong there was told.
    pub fn resolve(&self, document: &'document Document) -> (Vec<Resolved<'document>>, Diagnostics) {
        let mut faults = Vec::new();
        let resolved = self.resolve_into(document, &mut faults).unwrap_or_default();
        (resolved, faults.into_iter().collect())
    }

    fn resolve_into(
        &self,
        document: &'document Document,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Vec<Resolved<'document>>> {
        // What it extends is told of even where nothing can come of it, so that one run shows all.
        let line = chain::line_of(document, &self.lines, faults)?;
        if !document.sound || document.kind != Kind::Agreement {
            return None;
        }
        let mut layers: Vec<Layer<'document>> = line.into_iter().map(Layer::of).collect();
        layers.push(Layer::of(document));
        self.find_changed_locks(&layers, faults);
        let tree = merge_and_find_idle(&layers, faults);
        match document.root.get(&["clients"]).and_then(Node::as_map) {
            None => {
                let id = AgreementId::new(&document.id)?;
                Some(vec![Resolved { id, document, entry: None, tree: tree?, layers }])
            }
            Some(clients) => {
                let entries =
                    clients.iter().filter_map(|entry| resolve_entry(document, &layers, entry, faults));
                Some(entries.collect())
            }
        }
    }

    /// Tells of locked values that are changed by the nearest layer, or by a template that does not itself build on
    /// the one that locks.
    fn find_changed_locks(&self, layers: &[Layer<'document>], faults: &mut Vec<Diagnostic>) {
        for changer in 1..layers.len() {
            let changing = layers[changer].document;
            let nearest = changer + 1 == layers.len();
            let own_line = self
                .lines
                .get(&*changing.id)
                .and_then(Option::as_ref)
                .filter(|_| changing.kind == Kind::Template);
            let told_already = |locker: &Document| {
                !nearest
                    && own_line
                        .is_some_and(|line| line.documents.iter().any(|known| known.file == locker.file))
            };
            lock::find(layers, changer, |locker| !told_already(locker), faults);
        }
    }
}

fn resolve_entry<'document>(
    document: &'document Document,
    set: &[Layer<'document>],
    entry: &'document Entry,
    faults: &mut Vec<Diagnostic>,
) -> Option<Resolved<'document>> {
    let id = AgreementId::of_entry(&document.id, &ClientSlug::new(&entry.key)?)?;
    let mut layers = set.to_vec();
    if entry.node.as_map().is_some() {
        layers.push(Layer { document, root: &entry.node, key_span: entry.key_span });
        lock::find(&layers, layers.len() - 1, |_| true, faults);
    }
    let watched = layers.len() > set.len();
    let tree = if watched {
        merge_and_find_idle(&layers, faults)?
    } else {
        Merger::default().documents(&pieces(&layers))?
    };
    let tree = with_client(&tree, entry);
    Some(Resolved { id, document, entry: Some(entry), tree, layers })
}

fn with_client<'document>(tree: &Tree<'document>, entry: &'document Entry) -> Tree<'document> {
    let mut entries = tree.entries();
    entries.insert(0, JoinedEntry { key: "client", key_span: entry.key_span, tree: Tree::Key(entry) });
    Tree::Joined(Joined { span: tree.span(), entries })
}

/// Merges, and tells of what the nearest layer says in vain.
fn merge_and_find_idle<'document>(
    layers: &[Layer<'document>],
    faults: &mut Vec<Diagnostic>,
) -> Option<Tree<'document>> {
    let watched = (layers.len() > 1).then(|| layers.len() - 1);
    let mut merger = Merger { watched, idle: Vec::new() };
    let tree = merger.documents(&pieces(layers));
    faults.extend(merger.idle.iter().map(idle));
    tree
}

fn idle(idle: &Idle) -> Diagnostic {
    let key = show(&idle.key);
    match idle.inherited {
        Some(inherited) => Diagnostic::new(
            Code::W108,
            idle.key_span,
            format!("{key} is inherited with the same value anyway"),
        )
        .related(inherited, "inherited from here")
        .help("delete it, so that it follows the template"),
        None => Diagnostic::new(
            Code::W108,
            idle.key_span,
            format!("nothing called {key} is inherited, so `false` drops nothing"),
        )
        .help("delete the line, or check the name"),
    }
}

/// Tells of the templates that nobody extends. Every document counts, sound or not.
pub fn unused<'document>(
    templates: &'document [Document],
    agreements: impl IntoIterator<Item = &'document Document>,
) -> Diagnostics {
    let named: BTreeSet<&str> =
        templates.iter().chain(agreements).flat_map(chain::parents).map(|(name, _)| name).collect();
    let unused = templates.iter().filter(|template| !named.contains(&*template.id));
    let faults = unused.map(|template| {
        let message = format!("nobody extends the template {}", show(&template.id));
        Diagnostic::new(Code::W107, Span::of_file(template.file), message).help("delete it, or extend it")
    });
    faults.collect()
}

impl<'document> Resolved<'document> {
    /// The client: that of the file, or of the entry.
    pub fn client(&self) -> Option<&'document str> {
        match self.tree.get(&["client"])?.look() {
            Look::Text(slug) => Some(slug),
            _ => None,
        }
    }

    /// The agreement as a type.
    pub fn typed(&self) -> Result<AgreementDocument, Diagnostic> {
        from_tree(&self.tree)
    }

    /// Where the value at a path of keys stands; places in a list are written as numbers from 0.
    pub fn span_of(&self, path: &[&str]) -> Option<Span> {
        self.tree.span_of(path)
    }

    /// Where the last key of a path stands.
    pub fn key_span_of(&self, path: &[&str]) -> Option<Span> {
        self.tree.key_span_of(path)
    }

    /// The place to point at for a fault at a path: the value, else the nearest place above it that is written, at
    /// last the agreement as a whole.
    pub fn place_of(&self, path: &[&str]) -> Span {
        let above = (1..=path.len()).rev().find_map(|length| self.tree.span_of(&path[..length]));
        above.unwrap_or_else(|| self.place())
    }

    /// The place of the agreement as a whole: its file, or its entry's key.
    pub fn place(&self) -> Span {
        self.entry.map_or_else(|| Span::of_file(self.document.file), |entry| entry.key_span)
    }

    /// Whether a value stands in the agreement's own file, and not in a template.
    pub fn is_own(&self, span: Span) -> bool {
        span.file == self.document.file
    }

    /// The names of the templates it builds on, the farthest first.
    pub fn templates(&self) -> impl DoubleEndedIterator<Item = &'document str> + '_ {
        let templates = self.layers.iter().filter(|layer| layer.document.kind == Kind::Template);
        templates.map(|layer| &*layer.document.id)
    }
}

#[cfg(test)]
mod tests;
