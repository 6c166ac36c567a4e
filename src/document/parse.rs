//! Text becomes a tree, or the faults that keep it from being one.
//!
//! Everything of YAML that hides what is meant is refused here: anchors, aliases, merge keys, tags, several
//! documents, keys that stand twice, empty values, numbers that look like text. No key has a meaning yet.

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle};

mod advice;

use super::scalar::{Scalar, resolve};
use super::text::{self, SIZE_LIMIT, quoted};
use super::tree::{MapEntry, Node, NodeMap, NodeValue};
use crate::diagnostic::{Code, Diagnostic, FileId, Span};

/// How deep maps and lists may stand in each other.
const DEPTH_LIMIT: usize = 32;

/// How many values a file may hold.
const NODE_LIMIT: usize = 20_000;

/// More faults of one file are not told one by one.
pub(super) const FAULT_LIMIT: usize = 100;

/// What a text was read as.
pub(super) struct Parsed {
    /// The tree, where the text was read to its end.
    pub(super) root: Option<Node>,
    /// The faults, in the order of the text.
    pub(super) faults: Vec<Diagnostic>,
    /// The places of values that a fault was told about, in order: nothing more need be said about them.
    pub(super) settled: Vec<Span>,
}

/// Reads a text.
pub(super) fn parse(file: FileId, text: &str) -> Parsed {
    let mut builder = Builder::new(file, text);
    if text.len() > SIZE_LIMIT {
        let message = format!("the file has {} bytes, and {SIZE_LIMIT} are the most", text.len());
        builder.fault(
            Diagnostic::new(Code::E006, Span::of_file(file), message).help("split it into several files"),
        );
        return builder.stopped();
    }
    let invisible = text::invisible(file, text);
    if !invisible.is_empty() {
        builder.faults = invisible;
        return builder.stopped();
    }
    let options = granit_parser::options! {
        strict_indentation: true,
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        emit_comments: false,
        flow_nesting_limit: DEPTH_LIMIT + 1,
        block_nesting_limit: DEPTH_LIMIT + 1,
    };
    for event in Parser::new_from_str_with_options(text, options) {
        let taken = match event {
            Ok((event, span)) => builder.take(&event, &span),
            Err(error) => {
                builder.malformed(&error);
                Err(Stop)
            }
        };
        if taken.is_err() {
            return builder.stopped();
        }
    }
    builder.finished()
}

/// The text cannot be read on from here.
struct Stop;

/// A map or list whose end has not come.
enum Open {
    List { span: Span, flow: bool, first: usize },
    Map { span: Span, flow: bool, first: usize, key: Option<(Box<str>, Span)> },
}

struct Builder<'text> {
    file: FileId,
    text: &'text str,
    open: Vec<Open>,
    /// The items of all open lists, those of the innermost last, so that each list takes no more room in the end than it needs.
    items: Vec<Node>,
    /// The entries of all open maps, likewise.
    entries: Vec<MapEntry>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
    faults: Vec<Diagnostic>,
    settled: Vec<Span>,
}

impl<'text> Builder<'text> {
    fn new(file: FileId, text: &'text str) -> Self {
        Self {
            file,
            text,
            open: Vec::new(),
            items: Vec::new(),
            entries: Vec::new(),
            root: None,
            documents: 0,
            nodes: 0,
            faults: Vec::new(),
            settled: Vec::new(),
        }
    }

    fn stopped(self) -> Parsed {
        Parsed { root: None, faults: self.faults, settled: self.settled }
    }

    fn finished(mut self) -> Parsed {
        let blank = match &self.root {
            None => true,
            Some(root) => root.value == NodeValue::Null && self.faults.is_empty(),
        };
        if blank {
            let fault = Diagnostic::new(
                Code::E015,
                Span::of_file(self.file),
                "the file holds nothing, or comments only",
            );
            self.fault(fault.help("write the document, or delete the file"));
            self.root = None;
        }
        Parsed { root: self.root, faults: self.faults, settled: self.settled }
    }

    fn fault(&mut self, fault: Diagnostic) {
        if self.faults.len() < FAULT_LIMIT {
            self.faults.push(fault);
        }
    }

    /// Tells a fault of a value, of which nothing more need be said then.
    fn fault_of_value(&mut self, value: Span, fault: Diagnostic) {
        self.settled.push(value);
        self.fault(fault);
    }

    fn span(&self, span: &granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or_default();
        text::span(self.file, range.start, range.end)
    }

    fn take(&mut self, event: &Event<'_>, place: &granit_parser::Span) -> Result<(), Stop> {
        let span = self.span(place);
        if let Some(tag) = place.tag_span() {
            let tag = self.span(&tag);
            self.refuse(tag, "a tag", "delete it; text that looks like a number is written in quotes");
        }
        match event {
            Event::DocumentStart(..) => self.begin_document(span),
            Event::Anchor(..) => {
                self.refuse(
                    span,
                    "an anchor",
                    "what several agreements share goes into a template, which they extend",
                );
                Ok(())
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.refuse(
                    span,
                    "an alias",
                    "write the value out, or put what is shared into a template and extend it",
                );
                self.settled.push(span);
                self.place(Node { span, value: NodeValue::Null })
            }
            Event::Scalar(text, style, ..) => self.scalar(text, *style, span),
            Event::SequenceStart(style, ..) => {
                let flow = *style == StructureStyle::Flow;
                self.begin(Open::List { span, flow, first: self.items.len() }, span)
            }
            Event::MappingStart(style, ..) => {
                let flow = *style == StructureStyle::Flow;
                self.begin(Open::Map { span, flow, first: self.entries.len(), key: None }, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            _ => Ok(()),
        }
    }

    fn begin_document(&mut self, span: Span) -> Result<(), Stop> {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        let fault = Diagnostic::new(Code::E005, span, "here begins a second document");
        self.fault(fault.help("delete the line `---`, or move what follows into a file of its own"));
        Err(Stop)
    }

    fn refuse(&mut self, span: Span, what: &str, help: &str) {
        self.fault(Diagnostic::new(Code::E004, span, format!("{what} is not used here")).help(help));
    }

    fn begin(&mut self, open: Open, span: Span) -> Result<(), Stop> {
        if self.awaits_key() {
            let fault = Diagnostic::new(Code::E002, span, "a map or a list stands where a key is expected");
            self.fault(fault.help("a key is a text; quote one that begins with a bracket or a brace"));
            return Err(Stop);
        }
        if self.open.len() >= DEPTH_LIMIT {
            self.too_deep(span);
            return Err(Stop);
        }
        self.open.push(open);
        Ok(())
    }

    fn too_deep(&mut self, span: Span) {
        let message = format!("maps and lists stand more than {DEPTH_LIMIT} deep in each other");
        self.fault(
            Diagnostic::new(Code::E006, span, message)
                .help("no document needs more than a few levels; check the brackets"),
        );
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Map { key: None, .. }))
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span) -> Result<(), Stop> {
        // Only escapes in double quotes can bring in what the text of the file does not show.
        if style == ScalarStyle::DoubleQuoted
            && let Some(character) = text.chars().find(|character| text::is_invisible(*character))
        {
            let message = format!(
                "an escape stands for a character that cannot be seen (U+{:04X})",
                u32::from(character)
            );
            self.fault_of_value(span, Diagnostic::new(Code::E007, span, message).help("delete it"));
        }
        if self.awaits_key() {
            return self.key(text, style, span);
        }
        let value =
            if style == ScalarStyle::Plain { self.plain(text, span) } else { NodeValue::Text(text.into()) };
        self.place(Node { span, value })
    }

    fn key(&mut self, text: &str, style: ScalarStyle, span: Span) -> Result<(), Stop> {
        if style == ScalarStyle::Plain && text == "<<" {
            self.refuse(
                span,
                "a merge key",
                "put what is shared into a template, and name it under `extends`",
            );
        }
        if style == ScalarStyle::Plain && span.start == span.end {
            self.fault(
                Diagnostic::new(Code::E010, span, "a key is missing before the colon")
                    .help("write the key, or delete the line"),
            );
        }
        if let Some(Open::Map { key, .. }) = self.open.last_mut() {
            *key = Some((text.into(), span));
        }
        self.count(span)
    }

    fn plain(&mut self, text: &str, span: Span) -> NodeValue {
        // The parser shows a value that is not there as `~` without a width.
        let text = if span.start == span.end { "" } else { text };
        match resolve(text) {
            Scalar::Text => NodeValue::Text(text.into()),
            Scalar::Bool(flag) => NodeValue::Bool(flag),
            Scalar::Integer(number) => NodeValue::Integer(number),
            Scalar::Float(number) => NodeValue::Float(number),
            Scalar::Null => {
                self.missing(text, span);
                NodeValue::Null
            }
            Scalar::Ambiguous(plain) => {
                let (value, help) = advice::quoted_or_plain(text, plain);
                let message = format!("{} could be a text or a number", quoted(text));
                self.fault_of_value(span, Diagnostic::new(Code::E009, span, message).help(help));
                value
            }
        }
    }

    fn missing(&mut self, text: &str, span: Span) {
        let (key, place) = match self.open.last() {
            Some(Open::Map { key: Some((key, key_span)), .. }) => (Some(key), *key_span),
            Some(Open::List { .. }) => (None, span),
            // The document as a whole is nothing, which is told at its end.
            Some(Open::Map { key: None, .. }) | None => return,
        };
        let message = match key {
            Some(key) if text.is_empty() => format!("{} has no value", quoted(key)),
            Some(key) => format!("{} has the value {}, which says nothing", quoted(key), quoted(text)),
            None => "an entry of the list is empty".to_owned(),
        };
        let help = match key {
            Some(_) => {
                "write the value, or delete the line; an inherited service, target or notice is dropped with `false`"
            }
            None => "write the entry, or delete the line",
        };
        self.fault_of_value(span, Diagnostic::new(Code::E010, place, message).help(help));
    }

    /// Puts a finished value where it belongs.
    fn place(&mut self, node: Node) -> Result<(), Stop> {
        let span = node.span;
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { .. }) => self.items.push(node),
            Some(Open::Map { key, .. }) => {
                let Some((key, key_span)) = key.take() else {
                    let fault = Diagnostic::new(Code::E002, span, "a key is expected here");
                    self.fault(fault.help("a key is a text"));
                    return Err(Stop);
                };
                self.entries.push(MapEntry { key, key_span, node });
            }
        }
        self.count(span)
    }

    fn count(&mut self, span: Span) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes <= NODE_LIMIT {
            return Ok(());
        }
        let message = format!("the file holds more than {NODE_LIMIT} keys and values");
        self.fault(Diagnostic::new(Code::E006, span, message).help("split it into several files"));
        Err(Stop)
    }

    fn end(&mut self, last: Span) -> Result<(), Stop> {
        let node = match self.open.pop() {
            None => return Ok(()),
            // The end of a block comes with the next token, beyond blank lines and comments.
            Some(Open::List { span, flow, first }) => {
                let items: Box<[Node]> = self.items.drain(first..).collect();
                let end = match items.last() {
                    Some(item) if !flow => item.span.end,
                    _ => last.end,
                };
                Node { span: Span { end, ..span }, value: NodeValue::List(items) }
            }
            Some(Open::Map { span, flow, first, .. }) => {
                let entries: Vec<MapEntry> = self.entries.drain(first..).collect();
                let end = match entries.last() {
                    Some(entry) if !flow => entry.node.span.end.max(entry.key_span.end),
                    _ => last.end,
                };
                let (map, repeated) = NodeMap::new(entries);
                for (entry, first) in repeated {
                    self.repeated(&entry, first);
                }
                Node { span: Span { end, ..span }, value: NodeValue::Map(map) }
            }
        };
        self.place(node)
    }

    fn repeated(&mut self, entry: &MapEntry, first: Span) {
        let fault = Diagnostic::new(
            Code::E003,
            entry.key_span,
            format!("{} stands twice in this map", quoted(&entry.key)),
        );
        self.fault(fault.label("here again").related(first, "here first").help("keep one of the two"));
    }

    fn malformed(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or_default();
        let next = self.text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let span = text::span(self.file, at, at + next);
        if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
            self.too_deep(span);
            return;
        }
        let (message, help) = advice::explain(error, self.text.get(at..).unwrap_or_default());
        let fault = Diagnostic::new(Code::E002, span, message);
        let usual = "look at the quotes, the brackets and the indentation at this place and just above it";
        self.fault(fault.help(help.unwrap_or(usual)));
    }
}

#[cfg(test)]
mod tests;
