//! The templates of a repository, and the resolution of agreements with them.

use std::collections::BTreeSet;

use super::chain;
use super::layer::{Layer, root_values};
use super::lock;
use super::merge::{Merger, RedundantEntry};
use super::resolved::Resolved;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, FileId, Span};
use crate::document::tree::{MapEntry, MergedEntry, MergedMap, Node};
use crate::document::{Document, DocumentKind, Tree, quoted};
use crate::ident::{AgreementId, ClientSlug};

/// The templates of a repository, each with its chain.
pub struct Library<'document> {
    chains: chain::TemplateChains<'document>,
    templates: &'document [Document],
}

impl<'document> Library<'document> {
    /// Resolves the chain of each template, and reports errors in chains, changes of locked values and redundant values.
    pub fn new(templates: &'document [Document]) -> (Self, Diagnostics) {
        let (chains, mut faults) = chain::resolve_all(templates);
        let library = Self { chains, templates };
        let mut found = Vec::new();
        for template in templates.iter().filter(|template| template.sound) {
            lock::unknown_paths(template, &mut found);
            let Some(Some(chain)) = library.chains.get(&*template.id) else {
                continue;
            };
            let layers: Vec<Layer<'_>> = chain.documents.iter().copied().map(Layer::of).collect();
            library.find_changed_locks(&layers, &mut found);
            merge_and_report(&layers, &mut found);
        }
        faults.extend(found.into_iter().collect());
        (library, faults)
    }

    /// The templates.
    pub fn templates(&self) -> &'document [Document] {
        self.templates
    }

    /// The names of the templates.
    pub fn names(&self) -> impl Iterator<Item = &'document str> + '_ {
        self.chains.keys().copied()
    }

    /// The values that an agreement with these templates inherits; `None` where one of them is unknown or has an error.
    pub fn inherited(&self, names: &[&str]) -> Option<Tree<'document>> {
        let mut ancestors = Vec::new();
        for name in names {
            chain::join(&mut ancestors, &self.chains.get(name)?.as_ref()?.documents);
        }
        let layers: Vec<Layer<'_>> = ancestors.into_iter().map(Layer::of).collect();
        Merger::default().documents(&root_values(&layers))
    }

    /// Merges an agreement with its templates. A set gives one agreement for each entry.
    ///
    /// Returns nothing for a document that has errors or extends a template with errors, which are reported elsewhere.
    pub fn resolve(&self, document: &'document Document) -> (Vec<Resolved<'document>>, Diagnostics) {
        let mut faults = Vec::new();
        let resolved = self.resolve_into(document, &mut faults).unwrap_or_default();
        (resolved, faults.into_iter().collect())
    }

    /// Merges one agreement as far as possible, to explain it although it or one of its templates has errors. These are
    /// reported elsewhere.
    pub fn resolve_partly(
        &self,
        document: &'document Document,
        id: &AgreementId,
    ) -> Option<Resolved<'document>> {
        let mut ancestors = Vec::new();
        self.add_parents(document, &mut BTreeSet::new(), &mut ancestors);
        let mut layers: Vec<Layer<'document>> = ancestors.into_iter().map(Layer::of).collect();
        layers.push(Layer::of(document));
        let Some((_, client)) = id.as_str().split_once('/') else {
            let tree = Merger::default().documents(&root_values(&layers))?;
            return Some(Resolved { id: id.clone(), document, entry: None, tree, layers });
        };
        let entry = document.root.get(&["clients"])?.as_map()?.entry(client)?;
        resolve_entry(document, &layers, entry, &mut Vec::new())
    }

    /// Adds the templates that a document extends, each once and after those that it extends itself. They may have a cycle.
    fn add_parents(
        &self,
        document: &'document Document,
        seen: &mut BTreeSet<FileId>,
        found: &mut Vec<&'document Document>,
    ) {
        for (name, _) in chain::parents(document) {
            if let Some(template) = self.templates.iter().find(|known| *known.id == *name)
                && seen.insert(template.file)
            {
                self.add_parents(template, seen, found);
                found.push(template);
            }
        }
    }

    fn resolve_into(
        &self,
        document: &'document Document,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Vec<Resolved<'document>>> {
        // Unknown templates are reported even for a document with errors, so that one run shows all errors.
        let ancestors = chain::ancestors(document, &self.chains, faults)?;
        if !document.sound || document.kind != DocumentKind::Agreement {
            return None;
        }
        let mut layers: Vec<Layer<'document>> = ancestors.into_iter().map(Layer::of).collect();
        layers.push(Layer::of(document));
        self.find_changed_locks(&layers, faults);
        let tree = merge_and_report(&layers, faults);
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

    /// Reports locked values that are changed by the nearest layer, or by a template that does not extend the one with
    /// the lock. A template that does is checked on its own.
    fn find_changed_locks(&self, layers: &[Layer<'document>], faults: &mut Vec<Diagnostic>) {
        for changer in 1..layers.len() {
            let changing = layers[changer].document;
            let nearest = changer + 1 == layers.len();
            let own_chain = self
                .chains
                .get(&*changing.id)
                .and_then(Option::as_ref)
                .filter(|_| changing.kind == DocumentKind::Template);
            let is_reported = |locker: &Document| {
                !nearest
                    && own_chain
                        .is_some_and(|chain| chain.documents.iter().any(|known| known.file == locker.file))
            };
            lock::find_changes(layers, changer, |locker| !is_reported(locker), faults);
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
        lock::find_changes(&layers, layers.len() - 1, |_| true, faults);
    }
    let watched = layers.len() > set.len();
    let tree = if watched {
        merge_and_report(&layers, faults)?
    } else {
        Merger::default().documents(&root_values(&layers))?
    };
    let tree = with_client(&tree, entry);
    Some(Resolved { id, document, entry: Some(entry), tree, layers })
}

fn with_client<'document>(tree: &Tree<'document>, entry: &'document MapEntry) -> Tree<'document> {
    let mut entries = tree.entries();
    entries.insert(0, MergedEntry { key: "client", key_span: entry.key_span, tree: Tree::Key(entry) });
    Tree::Merged(MergedMap { span: tree.span(), entries })
}

/// Merges the layers, and reports the redundant entries of the nearest one.
fn merge_and_report<'document>(
    layers: &[Layer<'document>],
    faults: &mut Vec<Diagnostic>,
) -> Option<Tree<'document>> {
    let watched = (layers.len() > 1).then(|| layers.len() - 1);
    let mut merger = Merger { watched, redundant: Vec::new() };
    let tree = merger.documents(&root_values(layers));
    faults.extend(merger.redundant.iter().map(redundant));
    tree
}

fn redundant(entry: &RedundantEntry) -> Diagnostic {
    let key = quoted(&entry.key);
    match entry.inherited {
        Some(inherited) => {
            Diagnostic::new(Code::W108, entry.key_span, format!("{key} repeats the inherited value"))
                .related(inherited, "inherited value")
                .help("delete it, so that it follows the template")
        }
        None => Diagnostic::new(
            Code::W108,
            entry.key_span,
            format!("{key} is not inherited, so `false` has no effect"),
        )
        .help("delete the line, or check the name"),
    }
}

/// The names of the templates that a document extends itself.
pub fn extended(document: &Document) -> impl Iterator<Item = &str> {
    chain::parents(document).into_iter().map(|(name, _)| name)
}

/// Reports the templates that neither another template nor one of the names of agreements' templates extends. Documents
/// with errors count as well.
pub fn unused<'document>(
    templates: &'document [Document],
    by_agreements: impl IntoIterator<Item = &'document str>,
) -> Diagnostics {
    let named: BTreeSet<&str> = templates.iter().flat_map(extended).chain(by_agreements).collect();
    let unused = templates.iter().filter(|template| !named.contains(&*template.id));
    let faults = unused.map(|template| {
        let message = format!("the template {} is not used", quoted(&template.id));
        Diagnostic::new(Code::W107, Span::of_file(template.file), message).help("delete it, or extend it")
    });
    faults.collect()
}
