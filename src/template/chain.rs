//! What `extends` names: each template's line of ancestors, the farthest first, or why it has none.
//!
//! Names only, never paths. A template that is reached in several ways is applied once, before all that
//! extend it, so that what one of them says is not undone by what another merely inherits.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::document::tree::{Node, NodeValue};
use crate::document::{Document, quoted};
use crate::ident::{is_slug, nearest};

/// How many templates may stand in one line.
const DEPTH_LIMIT: usize = 8;

/// The line of a template: itself last.
#[derive(Clone, Debug)]
pub(super) struct Line<'document> {
    /// The templates, the farthest first.
    pub(super) documents: Vec<&'document Document>,
    /// The templates on the longest way, the farthest first, for the limit and its message.
    longest: Vec<&'document str>,
}

/// All lines by the template's name; `None` where a fault was told already.
pub(super) type Lines<'document> = BTreeMap<&'document str, Option<Line<'document>>>;

/// The names after `extends` and their places.
pub(super) fn parents(document: &Document) -> Vec<(&str, Span)> {
    match document.root.get(&["extends"]) {
        Some(Node { span, value: NodeValue::Text(name) }) => vec![(name, *span)],
        Some(Node { value: NodeValue::List(names), .. }) => {
            names.iter().filter_map(|name| Some((name.as_text()?, name.span))).collect()
        }
        _ => Vec::new(),
    }
}

/// Finds the line of every template.
pub(super) fn lines(templates: &[Document]) -> (Lines<'_>, Diagnostics) {
    let mut search = Search {
        templates: templates.iter().rev().map(|template| (&*template.id, template)).collect(),
        lines: Lines::new(),
        way: Vec::new(),
        faults: Vec::new(),
    };
    for template in templates {
        search.visit(&template.id);
    }
    (search.lines, search.faults.into_iter().collect())
}

/// The line that a list of names gives: theirs one after the other, each template once.
/// `None` where one of them has none, or a name is unknown, which is told.
pub(super) fn line_of<'document>(
    document: &Document,
    lines: &Lines<'document>,
    faults: &mut Vec<Diagnostic>,
) -> Option<Vec<&'document Document>> {
    let mut joined = Vec::new();
    let mut whole = true;
    for (name, span) in parents(document) {
        match lines.get(name) {
            None => {
                faults.extend(unknown(name, span, lines.keys().copied()));
                whole = false;
            }
            Some(None) => whole = false,
            Some(Some(line)) => join(&mut joined, &line.documents),
        }
    }
    whole.then_some(joined)
}

/// Adds a line to others, each template once.
pub(super) fn join<'document>(joined: &mut Vec<&'document Document>, line: &[&'document Document]) {
    for document in line {
        if !joined.iter().any(|present| present.file == document.file) {
            joined.push(document);
        }
    }
}

/// `None` where the name could not be one, which was told when the document was read.
fn unknown<'name>(name: &str, span: Span, known: impl Iterator<Item = &'name str>) -> Option<Diagnostic> {
    if !is_slug(name) {
        return None;
    }
    let known: Vec<&str> = known.collect();
    let fault = Diagnostic::new(Code::E101, span, format!("there is no template {}", quoted(name)));
    Some(match nearest(name, known.iter().copied()) {
        Some(near) => fault.help(format!("write {}", quoted(near))),
        None if known.is_empty() => fault.help("there is no file in `templates/` yet"),
        None => {
            let known: Vec<String> = known.into_iter().take(20).map(quoted).collect();
            fault.help(format!("the templates are {}", known.join(", ")))
        }
    })
}

struct Search<'document> {
    templates: BTreeMap<&'document str, &'document Document>,
    lines: Lines<'document>,
    /// The templates that are being looked at, each extending the next, with the place that names the next.
    way: Vec<(&'document str, Span)>,
    faults: Vec<Diagnostic>,
}

impl<'document> Search<'document> {
    fn visit(&mut self, name: &'document str) {
        if self.lines.contains_key(name) {
            return;
        }
        let Some(template) = self.templates.get(name).copied() else {
            return;
        };
        let parents = parents(template);
        let mut line = Line { documents: Vec::new(), longest: Vec::new() };
        let mut whole = template.sound;
        for (parent, span) in &parents {
            whole &= self.parent(name, parent, *span, &mut line);
        }
        line.documents.push(template);
        line.longest.push(name);
        if whole && line.longest.len() > DEPTH_LIMIT {
            let span = parents.first().map_or(template.root.span, |(_, span)| *span);
            self.faults.push(too_deep(span, &line.longest));
            whole = false;
        }
        self.lines.insert(name, whole.then_some(line));
    }

    /// Takes one parent into the line; whether it has one to give.
    fn parent(
        &mut self,
        name: &'document str,
        parent: &'document str,
        span: Span,
        line: &mut Line<'document>,
    ) -> bool {
        if !self.templates.contains_key(parent) {
            let fault = unknown(parent, span, self.templates.keys().copied());
            self.faults.extend(fault);
            return false;
        }
        self.way.push((name, span));
        if let Some(begin) = self.way.iter().position(|(passed, _)| *passed == parent) {
            let fault = circle(&self.way[begin..]);
            self.faults.push(fault);
            self.way.pop();
            return false;
        }
        if self.way.len() <= 4 * DEPTH_LIMIT {
            self.visit(parent);
        } else if !self.lines.contains_key(parent) {
            // So long a way is a fault whatever follows, and is not walked on, which would be a deep recursion.
            let longest: Vec<&str> = self.way.iter().rev().map(|(passed, _)| *passed).collect();
            self.faults.push(too_deep(span, &longest));
        }
        self.way.pop();
        match self.lines.get(parent) {
            Some(Some(found)) => {
                join(&mut line.documents, &found.documents);
                if found.longest.len() > line.longest.len() {
                    line.longest.clone_from(&found.longest);
                }
                true
            }
            Some(None) | None => false,
        }
    }
}

fn circle(hops: &[(&str, Span)]) -> Diagnostic {
    let mut names: Vec<String> = hops.iter().map(|(name, _)| quoted(name)).collect();
    names.push(names[0].clone());
    let (last, span) = hops[hops.len() - 1];
    let message = match hops {
        [_] => format!("{} extends itself", quoted(last)),
        _ => format!("the templates extend each other in a circle: {}", names.join(" → ")),
    };
    let fault = Diagnostic::new(Code::E104, span, message).label("here the circle closes");
    let fault = hops[..hops.len() - 1]
        .iter()
        .fold(fault, |fault, (name, span)| fault.related(*span, format!("what {} extends", quoted(name))));
    fault.help("let one of them extend nothing of the others")
}

fn too_deep(span: Span, longest: &[&str]) -> Diagnostic {
    let names: Vec<String> = longest.iter().rev().map(|name| quoted(name)).collect();
    let message = format!("more than {DEPTH_LIMIT} templates extend one another: {}", names.join(" → "));
    Diagnostic::new(Code::E104, span, message)
        .help("bring together templates that are used only through each other")
}
