//! Resolves `extends`: the chain of ancestors of each template, the farthest first.
//!
//! `extends` takes names, never paths. A template that is reached in several ways is applied once, before all templates
//! that extend it. So an inherited value never replaces one that another template sets.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::document::tree::{Node, NodeValue};
use crate::document::{Document, quoted};
use crate::ident::{is_slug, nearest};

/// The largest number of templates in a chain.
const DEPTH_LIMIT: usize = 8;

/// The chain of a template, with the template itself as the last.
#[derive(Clone, Debug)]
pub(super) struct TemplateChain<'document> {
    /// The templates, the farthest first.
    pub(super) documents: Vec<&'document Document>,
    /// The names on the longest path of `extends`, the farthest first. The depth limit applies to them.
    longest: Vec<&'document str>,
}

/// The chains by the name of the template; `None` for a template with an error that is reported already.
pub(super) type TemplateChains<'document> = BTreeMap<&'document str, Option<TemplateChain<'document>>>;

/// The names in `extends`, with their positions.
pub(super) fn parents(document: &Document) -> Vec<(&str, Span)> {
    match document.root.get(&["extends"]) {
        Some(Node { span, value: NodeValue::Text(name) }) => vec![(name, *span)],
        Some(Node { value: NodeValue::List(names), .. }) => {
            names.iter().filter_map(|name| Some((name.as_text()?, name.span))).collect()
        }
        _ => Vec::new(),
    }
}

/// Resolves the chain of every template.
pub(super) fn resolve_all(templates: &[Document]) -> (TemplateChains<'_>, Diagnostics) {
    let mut search = ChainSearch {
        templates: templates.iter().rev().map(|template| (&*template.id, template)).collect(),
        chains: TemplateChains::new(),
        path: Vec::new(),
        faults: Vec::new(),
    };
    for template in templates {
        search.visit(&template.id);
    }
    (search.chains, search.faults.into_iter().collect())
}

/// The templates that a document extends: their chains one after the other, each template once. `None` where one of them
/// has no chain, or is unknown, which is reported.
pub(super) fn ancestors<'document>(
    document: &Document,
    chains: &TemplateChains<'document>,
    faults: &mut Vec<Diagnostic>,
) -> Option<Vec<&'document Document>> {
    let mut joined = Vec::new();
    let mut whole = true;
    for (name, span) in parents(document) {
        match chains.get(name) {
            None => {
                faults.extend(unknown(name, span, chains.keys().copied()));
                whole = false;
            }
            Some(None) => whole = false,
            Some(Some(chain)) => join(&mut joined, &chain.documents),
        }
    }
    whole.then_some(joined)
}

/// Appends a chain to others, each template once.
pub(super) fn join<'document>(joined: &mut Vec<&'document Document>, chain: &[&'document Document]) {
    for document in chain {
        if !joined.iter().any(|present| present.file == document.file) {
            joined.push(document);
        }
    }
}

/// The diagnostic for an unknown template. `None` where the name is not a slug, which the schema reports.
fn unknown<'name>(name: &str, span: Span, known: impl Iterator<Item = &'name str>) -> Option<Diagnostic> {
    if !is_slug(name) {
        return None;
    }
    let known: Vec<&str> = known.collect();
    let fault = Diagnostic::new(Code::E101, span, format!("unknown template {}", quoted(name)));
    Some(match nearest(name, known.iter().copied()) {
        Some(near) => fault.help(format!("did you mean {}?", quoted(near))).meant(span, name, near),
        None if known.is_empty() => fault.help("create the file in `templates/`; there is no template yet"),
        None => {
            let known: Vec<String> = known.into_iter().take(20).map(quoted).collect();
            fault.help(format!("use one of the templates {}", known.join(", ")))
        }
    })
}

/// A depth-first search along `extends`.
struct ChainSearch<'document> {
    templates: BTreeMap<&'document str, &'document Document>,
    chains: TemplateChains<'document>,
    /// The current path: templates that extend each other, with the position at which each names the next.
    path: Vec<(&'document str, Span)>,
    faults: Vec<Diagnostic>,
}

impl<'document> ChainSearch<'document> {
    fn visit(&mut self, name: &'document str) {
        if self.chains.contains_key(name) {
            return;
        }
        let Some(template) = self.templates.get(name).copied() else {
            return;
        };
        let parents = parents(template);
        let mut chain = TemplateChain { documents: Vec::new(), longest: Vec::new() };
        let mut whole = template.sound;
        for (parent, span) in &parents {
            whole &= self.add_parent(name, parent, *span, &mut chain);
        }
        chain.documents.push(template);
        chain.longest.push(name);
        if whole && chain.longest.len() > DEPTH_LIMIT {
            let span = parents.first().map_or(template.root.span, |(_, span)| *span);
            self.faults.push(too_deep(span, &chain.longest));
            whole = false;
        }
        self.chains.insert(name, whole.then_some(chain));
    }

    /// Adds the chain of a parent to a chain. Returns whether the parent has one.
    fn add_parent(
        &mut self,
        name: &'document str,
        parent: &'document str,
        span: Span,
        chain: &mut TemplateChain<'document>,
    ) -> bool {
        if !self.templates.contains_key(parent) {
            let fault = unknown(parent, span, self.templates.keys().copied());
            self.faults.extend(fault);
            return false;
        }
        self.path.push((name, span));
        if let Some(begin) = self.path.iter().position(|(passed, _)| *passed == parent) {
            let fault = cycle(&self.path[begin..]);
            self.faults.push(fault);
            self.path.pop();
            return false;
        }
        if self.path.len() <= 4 * DEPTH_LIMIT {
            self.visit(parent);
        } else if !self.chains.contains_key(parent) {
            // A path of this length is an error in any case. Stop here to limit the recursion.
            let longest: Vec<&str> = self.path.iter().rev().map(|(passed, _)| *passed).collect();
            self.faults.push(too_deep(span, &longest));
        }
        self.path.pop();
        match self.chains.get(parent) {
            Some(Some(found)) => {
                join(&mut chain.documents, &found.documents);
                if found.longest.len() > chain.longest.len() {
                    chain.longest.clone_from(&found.longest);
                }
                true
            }
            Some(None) | None => false,
        }
    }
}

fn cycle(hops: &[(&str, Span)]) -> Diagnostic {
    let mut names: Vec<String> = hops.iter().map(|(name, _)| quoted(name)).collect();
    names.push(names[0].clone());
    let (last, span) = hops[hops.len() - 1];
    let message = match hops {
        [_] => format!("the template {} extends itself", quoted(last)),
        _ => format!("templates extend each other in a cycle: {}", names.join(" → ")),
    };
    let fault = Diagnostic::new(Code::E104, span, message).label("closes the cycle");
    let fault = hops[..hops.len() - 1]
        .iter()
        .fold(fault, |fault, (name, span)| fault.related(*span, format!("extended by {}", quoted(name))));
    fault.help("remove one of the `extends`")
}

fn too_deep(span: Span, longest: &[&str]) -> Diagnostic {
    let names: Vec<String> = longest.iter().rev().map(|name| quoted(name)).collect();
    let message = format!("a chain of more than {DEPTH_LIMIT} templates: {}", names.join(" → "));
    Diagnostic::new(Code::E104, span, message).help("merge templates that are only used through each other")
}
