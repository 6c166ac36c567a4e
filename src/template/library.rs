//! The templates of a repository, and what an agreement becomes with those that it extends.

use std::collections::BTreeSet;

use super::chain;
use super::layer::{Layer, pieces};
use super::lock;
use super::merge::{Idle, Merger};
use super::resolved::Resolved;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::document::tree::{MapEntry, MergedEntry, MergedMap, Node};
use crate::document::{Document, DocumentKind, Tree, quoted};
use crate::ident::{AgreementId, ClientSlug};

/// The templates of a repository, each with the line of those it builds on.
pub struct Library<'document> {
    lines: chain::Lines<'document>,
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
        if !document.sound || document.kind != DocumentKind::Agreement {
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
                .filter(|_| changing.kind == DocumentKind::Template);
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
    entry: &'document MapEntry,
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

fn with_client<'document>(tree: &Tree<'document>, entry: &'document MapEntry) -> Tree<'document> {
    let mut entries = tree.entries();
    entries.insert(0, MergedEntry { key: "client", key_span: entry.key_span, tree: Tree::Key(entry) });
    Tree::Merged(MergedMap { span: tree.span(), entries })
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
    let key = quoted(&idle.key);
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
        let message = format!("nobody extends the template {}", quoted(&template.id));
        Diagnostic::new(Code::W107, Span::of_file(template.file), message).help("delete it, or extend it")
    });
    faults.collect()
}
