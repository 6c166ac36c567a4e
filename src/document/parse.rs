//! Parses the text of a file into a tree, or into the diagnostics that prevent it.
//!
//! Refuses every part of YAML that can hide the meaning of a file: anchors, aliases, merge keys, tags, several
//! documents, duplicate keys, empty values and ambiguous numbers. Keys have no meaning at this stage.

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle};

mod advice;
mod slips;

pub use slips::conflicts;
pub(super) use slips::missing_space;

use super::kind::DocumentKind;
use super::path::too_large;
use super::scalar::{PlainScalar, resolve};
use super::text::{self, quoted};
use super::tree::{MapEntry, Node, NodeMap, NodeValue};
use crate::diagnostic::{Code, Diagnostic, FileId, Repair, Span};
use crate::ident::composed;

/// The deepest nesting of maps and lists.
const DEPTH_LIMIT: usize = 32;

/// The largest number of diagnostics for one file.
pub(super) const FAULT_LIMIT: usize = 100;

/// The result of parsing a text.
pub(super) struct Parsed {
    /// The tree; `None` where parsing stopped early.
    pub(super) root: Option<Node>,
    /// The diagnostics, in the order of the text.
    pub(super) faults: Vec<Diagnostic>,
    /// The spans of values with a diagnostic, in order. Later stages skip these values.
    pub(super) reported: Vec<Span>,
}

/// Parses the text of a file of this kind.
pub(super) fn parse(file: FileId, kind: DocumentKind, text: &str) -> Parsed {
    let mut builder = TreeBuilder::new(file, kind, text);
    if text.len() > kind.limits().bytes {
        builder.fault(too_large(file, kind, text.len() as u64));
        return builder.stop();
    }
    for faults in [text::invisible(file, text), conflicts(file, text)] {
        if !faults.is_empty() {
            builder.faults = faults;
            return builder.stop();
        }
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
            Ok((event, span)) => {
                builder.count(&event, &span);
                if builder.beyond.is_none() { builder.take(&event, &span) } else { Ok(()) }
            }
            Err(error) => {
                builder.malformed(&error);
                Err(Stop)
            }
        };
        if taken.is_err() {
            return builder.stop();
        }
    }
    builder.finish()
}

/// Whether an event is a key or a value. Of a map or list, its end is.
fn is_node(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Alias(_)
            | Event::UnresolvedAlias(_)
            | Event::Scalar(..)
            | Event::SequenceEnd
            | Event::MappingEnd
    )
}

/// Parsing cannot continue.
struct Stop;

/// A map or list whose end has not been reached.
enum OpenCollection {
    List { span: Span, flow: bool, first: usize },
    Map { span: Span, flow: bool, first: usize, key: Option<(Box<str>, Span)> },
}

impl OpenCollection {
    /// The bracket or brace that opened it, if one did.
    const fn bracket(&self) -> Option<Span> {
        match self {
            Self::List { span, flow: true, .. } | Self::Map { span, flow: true, .. } => Some(*span),
            Self::List { .. } | Self::Map { .. } => None,
        }
    }
}

struct TreeBuilder<'text> {
    file: FileId,
    kind: DocumentKind,
    text: &'text str,
    open: Vec<OpenCollection>,
    /// The items of all open lists, those of the innermost last. Each list is allocated once, with its exact size.
    items: Vec<Node>,
    /// The entries of all open maps, in the same order.
    entries: Vec<MapEntry>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
    /// The first key or value beyond the limit.
    beyond: Option<Span>,
    faults: Vec<Diagnostic>,
    /// The spaces that YAML takes for letters. With one of them the tree does not mean what people see.
    odd_spaces: Vec<Diagnostic>,
    reported: Vec<Span>,
}

impl<'text> TreeBuilder<'text> {
    fn new(file: FileId, kind: DocumentKind, text: &'text str) -> Self {
        Self {
            file,
            kind,
            text,
            open: Vec::new(),
            items: Vec::new(),
            entries: Vec::new(),
            root: None,
            documents: 0,
            nodes: 0,
            beyond: None,
            faults: Vec::new(),
            odd_spaces: Vec::new(),
            reported: Vec::new(),
        }
    }

    fn stop(self) -> Parsed {
        Parsed { root: None, faults: self.faults, reported: self.reported }
    }

    fn finish(mut self) -> Parsed {
        if !self.odd_spaces.is_empty() {
            self.odd_spaces.truncate(FAULT_LIMIT);
            return Parsed { root: None, faults: self.odd_spaces, reported: self.reported };
        }
        if let Some(beyond) = self.beyond {
            let message = format!(
                "the file contains {} keys and values, more than the limit of {} for {}",
                self.nodes,
                self.kind.limits().values,
                self.kind.noun()
            );
            let fault = Diagnostic::new(Code::E006, beyond, message);
            self.fault(fault.help(self.kind.way_out()));
            return self.stop();
        }
        let blank = match &self.root {
            None => true,
            Some(root) => root.value == NodeValue::Null && self.faults.is_empty(),
        };
        if blank {
            let fault = Diagnostic::new(
                Code::E015,
                Span::of_file(self.file),
                "the file is empty or contains only comments",
            );
            self.fault(fault.help(match self.kind {
                DocumentKind::Settings => "write the settings, such as `timezone: Europe/Moscow`",
                _ => "write the document, or delete the file",
            }));
            self.root = None;
        }
        Parsed { root: self.root, faults: self.faults, reported: self.reported }
    }

    fn fault(&mut self, fault: Diagnostic) {
        if self.faults.len() < FAULT_LIMIT {
            self.faults.push(fault);
        }
    }

    /// Reports a diagnostic about a value and marks the value as reported.
    fn report_value(&mut self, value: Span, fault: Diagnostic) {
        self.reported.push(value);
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
            self.refuse(tag, "tags", "delete it, and quote a text that looks like a number");
        }
        match event {
            Event::DocumentStart(..) => self.begin_document(span),
            Event::Anchor(..) => {
                self.refuse(span, "anchors", advice::instead_of_anchors(self.kind));
                Ok(())
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.refuse(span, "aliases", advice::instead_of_anchors(self.kind));
                self.reported.push(span);
                self.place(Node { span, value: NodeValue::Null })
            }
            Event::Scalar(text, style, ..) => self.scalar(text, *style, span),
            Event::SequenceStart(style, ..) => {
                let flow = *style == StructureStyle::Flow;
                self.begin(OpenCollection::List { span, flow, first: self.items.len() }, span)
            }
            Event::MappingStart(style, ..) => {
                let flow = *style == StructureStyle::Flow;
                self.begin(OpenCollection::Map { span, flow, first: self.entries.len(), key: None }, span)
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
        let fault = Diagnostic::new(Code::E005, span, "a second document begins here");
        self.fault(fault.help("delete the line `---`, or move what follows into a file of its own"));
        Err(Stop)
    }

    fn refuse(&mut self, span: Span, what: &str, help: &str) {
        self.fault(Diagnostic::new(Code::E004, span, format!("{what} are not supported")).help(help));
    }

    fn begin(&mut self, open: OpenCollection, span: Span) -> Result<(), Stop> {
        if self.awaits_key() {
            let fault = Diagnostic::new(Code::E002, span, "expected a key, found a map or a list");
            let start = span.start as usize;
            let is_placeholder = self.text.get(..=start).is_some_and(|before| before.ends_with("{{"));
            self.fault(fault.help(if is_placeholder {
                "put the whole text in quotes, since it begins with a brace"
            } else {
                "write a text as the key, and quote it if it begins with a bracket or a brace"
            }));
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
        let message = format!("maps and lists are nested more than {DEPTH_LIMIT} levels deep");
        self.fault(
            Diagnostic::new(Code::E006, span, message)
                .help("check the brackets; a document needs only a few levels"),
        );
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(OpenCollection::Map { key: None, .. }))
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span) -> Result<(), Stop> {
        // Only an escape in double quotes can add a character that the text of the file does not show.
        if style == ScalarStyle::DoubleQuoted
            && let Some(character) = text.chars().find(|character| text::is_invisible(*character))
        {
            let message =
                format!("an escape stands for an invisible character (U+{:04X})", u32::from(character));
            self.report_value(span, Diagnostic::new(Code::E007, span, message).help("delete it"));
        }
        if style == ScalarStyle::Plain && !text.is_ascii() {
            self.odd_spaces.extend(slips::odd_space(self.text, span));
        }
        if self.awaits_key() {
            self.key(text, style, span);
            return Ok(());
        }
        let value =
            if style == ScalarStyle::Plain { self.plain(text, span) } else { NodeValue::Text(text.into()) };
        self.place(Node { span, value })
    }

    fn key(&mut self, text: &str, style: ScalarStyle, span: Span) {
        if style == ScalarStyle::Plain && text == "<<" {
            self.refuse(span, "merge keys", advice::instead_of_anchors(self.kind));
        }
        if style == ScalarStyle::Plain && span.start == span.end {
            self.fault(
                Diagnostic::new(Code::E010, span, "a key is missing before the colon")
                    .help("write the key, or delete the line"),
            );
        }
        if let Some(OpenCollection::Map { key, .. }) = self.open.last_mut() {
            *key = Some((composed(text).into(), span));
        }
    }

    fn plain(&mut self, text: &str, span: Span) -> NodeValue {
        // The parser yields a missing value as `~` of zero width.
        let text = if span.start == span.end { "" } else { text };
        match resolve(text) {
            PlainScalar::Text => NodeValue::Text(text.into()),
            PlainScalar::Bool(flag) => NodeValue::Bool(flag),
            PlainScalar::Integer(number) => NodeValue::Integer(number),
            PlainScalar::Float(number) => NodeValue::Float(number),
            PlainScalar::Null => {
                self.missing(text, span);
                NodeValue::Null
            }
            PlainScalar::Ambiguous(plain) => {
                let (value, help) = advice::quoted_or_plain(text, plain);
                let message = format!("{} could be a text or a number", quoted(text));
                self.report_value(span, Diagnostic::new(Code::E009, span, message).help(help));
                value
            }
        }
    }

    fn missing(&mut self, text: &str, span: Span) {
        let (key, place) = match self.open.last() {
            Some(OpenCollection::Map { key: Some((key, key_span)), .. }) => (Some(key), *key_span),
            Some(OpenCollection::List { .. }) => (None, span),
            // An empty document is reported at its end.
            Some(OpenCollection::Map { key: None, .. }) | None => return,
        };
        if let Some(key) = key
            && let Some(fault) = missing_space(self.file, place.start as usize, key)
        {
            return self.report_value(span, fault);
        }
        let message = match key {
            Some(key) if text.is_empty() => format!("{} has no value", quoted(key)),
            Some(key) => format!("{} has the empty value {}", quoted(key), quoted(text)),
            None => "the list has an empty entry".to_owned(),
        };
        let help = match key {
            Some(_) if advice::is_comment(self.text.get(place.end as usize..).unwrap_or_default()) => {
                "`#` begins a comment; put a text that begins with it in quotes"
            }
            Some(_) if self.can_drop() => {
                "write the value, or delete the line; to drop an inherited one, write `false`"
            }
            Some(_) => "write the value, or delete the line",
            None => "write the entry, or delete the line",
        };
        self.report_value(span, Diagnostic::new(Code::E010, place, message).help(help));
    }

    /// Whether `false` in place of the current value drops an inherited one.
    fn can_drop(&self) -> bool {
        let keys = self.open.iter().filter_map(|open| match open {
            OpenCollection::Map { key: Some((key, _)), .. } => Some(&**key),
            OpenCollection::Map { key: None, .. } | OpenCollection::List { .. } => None,
        });
        matches!(self.kind, DocumentKind::Agreement | DocumentKind::Template)
            && matches!(keys.rev().nth(1), Some("services" | "targets" | "notices"))
    }

    /// Adds a finished value to the collection that contains it.
    fn place(&mut self, node: Node) -> Result<(), Stop> {
        let span = node.span;
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(OpenCollection::List { .. }) => self.items.push(node),
            Some(OpenCollection::Map { key, .. }) => {
                let Some((key, key_span)) = key.take() else {
                    let fault = Diagnostic::new(Code::E002, span, "expected a key");
                    self.fault(fault.help("write a text as the key"));
                    return Err(Stop);
                };
                self.entries.push(MapEntry { key, key_span, node });
            }
        }
        Ok(())
    }

    /// Counts an event. Beyond the limit, the rest of the file is only counted.
    fn count(&mut self, event: &Event<'_>, place: &granit_parser::Span) {
        self.nodes += usize::from(is_node(event));
        if self.beyond.is_none() && self.nodes > self.kind.limits().values {
            self.beyond = Some(self.span(place));
        }
    }

    fn end(&mut self, last: Span) -> Result<(), Stop> {
        let node = match self.open.pop() {
            None => return Ok(()),
            // The parser ends a block at the next token, after blank lines and comments.
            Some(OpenCollection::List { span, flow, first }) => {
                let items: Box<[Node]> = self.items.drain(first..).collect();
                let end = match items.last() {
                    Some(item) if !flow => item.span.end,
                    _ => last.end,
                };
                Node { span: Span { end, ..span }, value: NodeValue::List(items) }
            }
            Some(OpenCollection::Map { span, flow, first, .. }) => {
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
            format!("duplicate key {} in this map", quoted(&entry.key)),
        );
        self.fault(
            fault.label("second occurrence").related(first, "first occurrence").help("keep one of the two"),
        );
    }

    fn malformed(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or_default();
        let next = self.text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let span = text::span(self.file, at, at + next);
        if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
            self.too_deep(span);
            return;
        }
        let slips = slips::in_malformed(self.file, self.text, at);
        if !slips.is_empty() {
            self.faults = slips;
            return;
        }
        let (before, rest) = self.text.split_at_checked(at).unwrap_or_default();
        let (message, help) = advice::explain(error, before, rest);
        let fault = Diagnostic::new(Code::E002, span, message);
        let usual = "check the quotes, brackets and indentation here and just above";
        let fault = match self.open.last().and_then(OpenCollection::bracket) {
            Some(open) if matches!(error.kind(), ErrorKind::InvalidIndentation) => {
                fault.related(open, "not closed").help("close the bracket or brace that is open here")
            }
            _ => fault.help(help.unwrap_or(usual)),
        };
        self.fault(if help == Some(advice::TABS) {
            fault.repaired_by(Repair::Tabs(self.file))
        } else {
            fault
        });
    }
}

#[cfg(test)]
mod tests;
