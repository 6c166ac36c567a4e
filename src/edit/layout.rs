//! Finds the bytes of each value in a text, and replaces those of changed values.
//!
//! All splices refer to the original text and do not overlap. They are applied together.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map as JsonMap, Value as Json};

use super::yaml::{self, Quotes, YamlWriter, wants_lines};
use crate::document::tree::{Node, NodeMap, NodeValue};

/// Replaces the values of a text that differ from `wanted`.
pub(super) fn edit(text: &str, root: &Node, wanted: &Json) -> String {
    let writer = YamlWriter { newline: newline_of(text), step: step_of(text, root) };
    let mut layout = LayoutEditor { text, writer, splices: Vec::new() };
    let after = layout.after_marker();
    layout.change(
        root,
        ValuePosition { after, column: 0, container: Container::Nothing, in_flow: false },
        wanted,
    );
    layout.applied()
}

/// A range of bytes and its replacement.
struct Splice {
    range: Range<usize>,
    text: String,
}

/// The collection that contains a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Nothing,
    Map,
    List,
}

/// The position of a value, or of a value to be added.
#[derive(Clone, Copy)]
struct ValuePosition {
    /// The offset right after the colon or the dash.
    after: usize,
    /// The column of the map or list that contains the value.
    column: usize,
    container: Container,
    /// Whether the value is within braces or brackets.
    in_flow: bool,
}

/// An entry of a map or an item of a list. Both are edited in the same way.
struct Member<'tree> {
    /// The start of its key or dash, or of the value within brackets.
    start: usize,
    /// The end of its value.
    end: usize,
    /// The offset right after its colon or dash.
    after: usize,
    node: &'tree Node,
}

/// The changes to the members of a collection.
struct MemberChanges<'json> {
    /// The wanted value of each member; `None` for a member that is removed.
    kept: Vec<Option<&'json Json>>,
    /// The new members: the kept member that each follows, its key in a map, and its value.
    new: Vec<(Option<usize>, Option<&'json str>, &'json Json)>,
}

impl MemberChanges<'_> {
    /// The runs of consecutive members that are removed.
    fn removed(&self) -> Vec<Range<usize>> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for (index, kept) in self.kept.iter().enumerate() {
            match runs.last_mut() {
                _ if kept.is_some() => {}
                Some(run) if run.end == index => run.end += 1,
                _ => runs.push(index..index + 1),
            }
        }
        runs
    }

    fn first_kept(&self) -> usize {
        self.kept.iter().position(Option::is_some).unwrap_or_default()
    }
}

fn of_map<'json>(map: &NodeMap, wanted_members: &'json JsonMap<String, Json>) -> MemberChanges<'json> {
    let mut new = Vec::new();
    let mut after = None;
    let places: BTreeMap<&str, usize> = map.iter().map(|entry| &*entry.key).zip(0..).collect();
    for (key, value) in wanted_members {
        match places.get(key.as_str()) {
            Some(present) => after = Some(*present),
            None => new.push((after, Some(key.as_str()), value)),
        }
    }
    MemberChanges { kept: map.iter().map(|entry| wanted_members.get(&*entry.key)).collect(), new }
}

/// Items of a list are matched by their values: equal items at the start and at the end are kept, and those between are
/// replaced one by one.
fn of_list<'json>(items: &[Node], wanted_members: &'json [Json]) -> MemberChanges<'json> {
    let same = |(item, value): &(&Node, &Json)| item.equals_json(value);
    let front = items.iter().zip(wanted_members).take_while(same).count();
    let end = items[front..].iter().rev().zip(wanted_members[front..].iter().rev()).take_while(same).count();
    let (old, wanted) = (items.len() - front - end, &wanted_members[front..wanted_members.len() - end]);
    let shared = front + old.min(wanted.len());
    let kept = (0..items.len()).map(|index| match index {
        _ if index < shared => Some(&wanted_members[index]),
        _ if index < front + old => None,
        _ => Some(&wanted_members[wanted_members.len() - (items.len() - index)]),
    });
    let surplus = wanted.iter().skip(old);
    MemberChanges {
        kept: kept.collect(),
        new: surplus.map(|value| (shared.checked_sub(1), None, value)).collect(),
    }
}

struct LayoutEditor<'text> {
    text: &'text str,
    writer: YamlWriter<'text>,
    splices: Vec<Splice>,
}

impl LayoutEditor<'_> {
    /// Replaces the parts of a value that differ from the wanted one.
    fn change(&mut self, node: &Node, position: ValuePosition, wanted: &Json) {
        if node.equals_json(wanted) {
            return;
        }
        let (change, container) = match (&node.value, wanted) {
            (NodeValue::Map(map), Json::Object(wanted_members)) => {
                (of_map(map, wanted_members), Container::Map)
            }
            (NodeValue::List(items), Json::Array(wanted_members)) => {
                (of_list(items, wanted_members), Container::List)
            }
            _ => return self.replace(node, position, wanted),
        };
        let has_brackets = self.text[self.skip(position.after)..].starts_with(['{', '[']);
        // A pair without braces in a list (`[a: b]`) cannot take a second key.
        if (position.in_flow && !has_brackets) || change.kept.iter().all(Option::is_none) {
            return self.replace(node, position, wanted);
        }
        let Some(members) = self.members(node, position, has_brackets) else {
            return;
        };
        let column = self.column(members[0].start);
        for (member, value) in members.iter().zip(&change.kept) {
            if let Some(value) = value {
                let position =
                    ValuePosition { after: member.after, column, container, in_flow: has_brackets };
                self.change(member.node, position, value);
            }
        }
        if has_brackets {
            self.change_in_brackets(&members, &change);
        } else {
            self.change_lines(&members, &change);
        }
    }

    /// The members of a collection in order. `None` if they are not found; then nothing is changed.
    fn members<'tree>(
        &self,
        node: &'tree Node,
        position: ValuePosition,
        in_flow: bool,
    ) -> Option<Vec<Member<'tree>>> {
        let end = |node: &Node| node.span.end as usize;
        match &node.value {
            NodeValue::Map(map) => {
                let members = map.iter().map(|entry| {
                    let colon = self.skip(entry.key_span.end as usize);
                    let found = self.text[colon..].starts_with(':');
                    let start = self.key_start(entry.key_span.start as usize);
                    found.then(|| Member {
                        start,
                        end: end(&entry.node),
                        after: colon + 1,
                        node: &entry.node,
                    })
                });
                members.collect()
            }
            NodeValue::List(items) if in_flow => {
                let members = items.iter().map(|node| {
                    let start = node.span.start as usize;
                    Member { start, end: end(node), after: start, node }
                });
                Some(members.collect())
            }
            NodeValue::List(items) => {
                let mut cursor = position.after;
                let members = items.iter().map(|node| {
                    let dash = self.skip(cursor);
                    cursor = end(node);
                    let found = self.text[dash..].starts_with('-');
                    found.then(|| Member { start: dash, end: end(node), after: dash + 1, node })
                });
                members.collect()
            }
            _ => None,
        }
    }

    /// The start of a key, or of the question mark before it.
    fn key_start(&self, key: usize) -> usize {
        let before = self.text[..key].trim_end_matches([' ', '\t']);
        if before.len() < key && before.ends_with('?') { before.len() - 1 } else { key }
    }

    fn change_in_brackets(&mut self, members: &[Member<'_>], change: &MemberChanges<'_>) {
        for run in change.removed() {
            let (first, last) = (&members[run.start], &members[run.end - 1]);
            let range = match members.get(run.end) {
                Some(next) => first.start..next.start,
                None => self.tail(&members[run.start - 1], first, last),
            };
            self.splice(range, String::new());
        }
        for (after, key, value) in &change.new {
            let text = key.map_or_else(|| yaml::flow(value), |key| yaml::flow_entry(key, value));
            let (at, text) = match after {
                Some(after) => (members[*after].end, format!(", {text}")),
                None => (members[change.first_kept()].start, format!("{text}, ")),
            };
            self.splice(at..at, text);
        }
    }

    /// The bytes of the last members within brackets, with the comma before them. If there is a comment between, the
    /// comma after them instead: then the comma before becomes a trailing one, which is valid.
    fn tail(&self, before: &Member<'_>, first: &Member<'_>, last: &Member<'_>) -> Range<usize> {
        if !self.text[before.end..first.start].contains('#') {
            return before.end..last.end;
        }
        let next = self.skip(last.end);
        let end = if self.text[next..].starts_with(',') { next + 1 } else { last.end };
        first.start..end
    }

    fn change_lines(&mut self, members: &[Member<'_>], change: &MemberChanges<'_>) {
        for run in change.removed() {
            let (first, last) = (&members[run.start], &members[run.end - 1]);
            let range = match members.get(run.end) {
                Some(next) if !self.begins_line(first.start) => first.start..next.start,
                _ => self.whole_lines(first.start, last.end),
            };
            self.splice(range, String::new());
        }
        let column = self.column(members[0].start);
        let neighbour = members.last().map(|member| (member.node, self.skip(member.after)));
        let as_lines = neighbour
            .is_some_and(|(node, start)| node.as_map().is_some() && !self.text[start..].starts_with('{'));
        for (after, key, value) in &change.new {
            let text = match key {
                Some(key) => self.writer.entry(key, value, column),
                None => self.writer.item(value, column, as_lines),
            };
            let line = self.writer.line_at(column);
            let (at, text) = match after {
                Some(after) => (self.line_end(members[*after].end), line + &text),
                None => (members[change.first_kept()].start, text + &line),
            };
            self.splice(at..at, text);
        }
    }

    /// Replaces a value by another one of any type.
    fn replace(&mut self, node: &Node, position: ValuePosition, wanted: &Json) {
        let (start, end) = (self.skip(position.after), node.span.end as usize);
        let is_collection = node.as_map().is_some() || node.as_list().is_some();
        let first = self.text[start..].chars().next().unwrap_or_default();
        let has_lines = if is_collection { !"{[".contains(first) } else { "|>".contains(first) };
        let has_lines = has_lines && !position.in_flow;
        let column = position.column + self.writer.step;
        let wants_lines = position.container == Container::Map
            && !position.in_flow
            && wants_lines(wanted, start - self.line_start(start));
        let lines = || self.writer.line_at(column) + &self.writer.lines(wanted, column);
        let inline = || match wanted {
            Json::String(text) => yaml::text_in(text, quotes_of(node, first)),
            _ => yaml::flow(wanted),
        };
        let key_line_end = self.line_end(position.after);
        match (has_lines, wants_lines) {
            (_, _) if position.container == Container::Nothing => {
                let whole = self.writer.document(wanted);
                self.splice(start..end, whole.trim_end().to_owned());
            }
            (true, _) if key_line_end > start && is_collection => {
                let inline = inline();
                self.splice(start..end, inline);
            }
            (true, true) => {
                let lines = lines();
                self.splice(key_line_end.min(start)..self.line_end(end), lines);
            }
            (true, false) if is_collection => {
                let inline = format!(" {}", inline());
                self.splice(position.after..position.after, inline);
                self.splice(key_line_end..self.line_end(end), String::new());
            }
            (true, false) => {
                let inline = inline();
                self.splice(start..self.line_end(end), inline);
            }
            (false, true) => {
                let lines = lines();
                self.splice(position.after..end, String::new());
                let line_end = self.line_end(end);
                self.splice(line_end..line_end, lines);
            }
            (false, false) => {
                let inline = inline();
                self.splice(start..end, inline);
            }
        }
    }

    fn splice(&mut self, range: Range<usize>, text: String) {
        self.splices.push(Splice { range, text });
    }

    /// Applies all splices.
    fn applied(mut self) -> String {
        // An insertion comes before a removal at the same offset. Otherwise the order of creation is kept.
        self.splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
        let mut edited = String::with_capacity(self.text.len() + 64);
        let mut done = 0;
        for splice in &self.splices {
            edited.push_str(self.text.get(done..splice.range.start).unwrap_or_default());
            edited.push_str(&splice.text);
            done = done.max(splice.range.end);
        }
        edited + &self.text[done..]
    }

    /// The offset of the next byte that is not part of a blank, a line break or a comment.
    fn skip(&self, from: usize) -> usize {
        let mut rest = &self.text[from..];
        loop {
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
            let at = self.text.len() - trimmed.len();
            let is_comment =
                trimmed.starts_with('#') && (at == 0 || self.text[..at].ends_with([' ', '\t', '\n']));
            if !is_comment {
                return at;
            }
            rest = trimmed.find('\n').map_or("", |end| &trimmed[end..]);
        }
    }

    /// The offset after the document marker `---`, or 0.
    fn after_marker(&self) -> usize {
        let start = self.skip(0);
        if self.text[start..].starts_with("---") { start + 3 } else { 0 }
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// The end of the line that contains the end of a value, before the line break. A block scalar includes its line break,
    /// so its line ends before that.
    fn line_end(&self, end: usize) -> usize {
        let newline = match self.text[..end].strip_suffix('\n') {
            Some(line) => line.len(),
            None => self.text[end..].find('\n').map_or(self.text.len(), |newline| end + newline),
        };
        if self.text[..newline].ends_with('\r') && newline < self.text.len() { newline - 1 } else { newline }
    }

    /// The column in characters, from 0.
    fn column(&self, at: usize) -> usize {
        self.text[self.line_start(at)..at].chars().count()
    }

    fn begins_line(&self, at: usize) -> bool {
        self.text[self.line_start(at)..at].bytes().all(|byte| byte == b' ')
    }

    /// The lines from `start` to `end`, with the line break before them, or the one after them for the first lines.
    fn whole_lines(&self, start: usize, end: usize) -> Range<usize> {
        let (first, end) = (self.line_start(start), self.line_end(end));
        if first == 0 {
            let newline = self.text[end..].find('\n').map_or(self.text.len(), |newline| end + newline + 1);
            return 0..newline;
        }
        self.line_end(first)..end
    }
}

/// The quotes of a text.
fn quotes_of(node: &Node, first: char) -> Quotes {
    match first {
        '\'' if node.as_text().is_some() => Quotes::Single,
        '"' if node.as_text().is_some() => Quotes::Double,
        _ => Quotes::Plain,
    }
}

/// The line ending of the first line.
fn newline_of(text: &str) -> &'static str {
    match text.find('\n') {
        Some(newline) if text[..newline].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The indentation step: that of the first block map within another one.
fn step_of(text: &str, root: &Node) -> usize {
    let column = |at: u32| {
        let before = &text[..at as usize];
        before.chars().rev().take_while(|character| *character != '\n').count()
    };
    let entries = root.as_map().into_iter().flatten();
    let steps = entries.filter_map(|entry| {
        let (key, within) = (entry.key_span, entry.node.as_map()?.iter().next()?.key_span);
        let is_below = text[key.end as usize..within.start as usize].contains('\n')
            && !text[entry.node.span.start as usize..].starts_with('{');
        is_below.then(|| column(within.start).saturating_sub(column(key.start)))
    });
    steps.into_iter().find(|step| *step > 0).unwrap_or(2)
}
