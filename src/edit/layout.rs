//! Where in a text each value of its tree stands, and which bytes to replace so that it says something else.
//!
//! All splices refer to the text as it was and are laid out so that none overlaps another; they are applied at once.

use std::ops::Range;

use serde_json::{Map as Wishes, Value as Wish};

use super::yaml::{self, Quotes, Writer, wants_lines};
use crate::document::tree::{Node, NodeMap, NodeValue};

/// The text with what differs from `meant` replaced.
pub(super) fn changed(text: &str, root: &Node, meant: &Wish) -> String {
    let writer = Writer { newline: newline_of(text), step: step_of(text, root) };
    let mut layout = Layout { text, writer, splices: Vec::new() };
    let after = layout.after_marker();
    layout.change(root, Slot { after, column: 0, within: Within::Nothing, in_flow: false }, meant);
    layout.applied()
}

/// Some bytes of the text, and what comes in their place.
struct Splice {
    range: Range<usize>,
    text: String,
}

/// What a value belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    Map,
    List,
}

/// Where a value stands or may stand.
#[derive(Clone, Copy)]
struct Slot {
    /// Right behind the colon or the dash.
    after: usize,
    /// The column of the map or list that the value belongs to.
    column: usize,
    within: Within,
    /// Whether it stands within braces or brackets.
    in_flow: bool,
}

/// An entry of a map or a list; both are edited alike.
struct Member<'tree> {
    /// Its key, its dash, or within brackets the value itself.
    start: usize,
    /// Behind its value.
    end: usize,
    /// Right behind its colon or dash.
    after: usize,
    node: &'tree Node,
}

/// What becomes of the members of a collection.
struct Change<'wish> {
    /// For each member what it is to be; `None` where it goes.
    kept: Vec<Option<&'wish Wish>>,
    /// New members, each with its key where it has one, and behind which of the kept ones it comes.
    new: Vec<(Option<usize>, Option<&'wish str>, &'wish Wish)>,
}

impl Change<'_> {
    /// The runs of members that go.
    fn gone(&self) -> Vec<Range<usize>> {
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

fn of_map<'wish>(map: &NodeMap, wishes: &'wish Wishes<String, Wish>) -> Change<'wish> {
    let mut new = Vec::new();
    let mut behind = None;
    for (key, wish) in wishes {
        match map.iter().position(|entry| *entry.key == **key) {
            Some(present) => behind = Some(present),
            None => new.push((behind, Some(key.as_str()), wish)),
        }
    }
    Change { kept: map.iter().map(|entry| wishes.get(&*entry.key)).collect(), new }
}

/// Entries of a list are told apart by what they say: those that are the same at its front and at its end stay, and
/// the others become each other as far as they go.
fn of_list<'wish>(items: &[Node], wishes: &'wish [Wish]) -> Change<'wish> {
    let same = |(item, wish): &(&Node, &Wish)| item.equals_json(wish);
    let front = items.iter().zip(wishes).take_while(same).count();
    let end = items[front..].iter().rev().zip(wishes[front..].iter().rev()).take_while(same).count();
    let (old, wanted) = (items.len() - front - end, &wishes[front..wishes.len() - end]);
    let shared = front + old.min(wanted.len());
    let kept = (0..items.len()).map(|index| match index {
        _ if index < shared => Some(&wishes[index]),
        _ if index < front + old => None,
        _ => Some(&wishes[wishes.len() - (items.len() - index)]),
    });
    let surplus = wanted.iter().skip(old);
    Change { kept: kept.collect(), new: surplus.map(|wish| (shared.checked_sub(1), None, wish)).collect() }
}

struct Layout<'text> {
    text: &'text str,
    writer: Writer<'text>,
    splices: Vec<Splice>,
}

impl Layout<'_> {
    /// Makes a value what it is meant to be.
    fn change(&mut self, node: &Node, slot: Slot, meant: &Wish) {
        if node.equals_json(meant) {
            return;
        }
        let (change, within) = match (&node.value, meant) {
            (NodeValue::Map(map), Wish::Object(wishes)) => (of_map(map, wishes), Within::Map),
            (NodeValue::List(items), Wish::Array(wishes)) => (of_list(items, wishes), Within::List),
            _ => return self.replace(node, slot, meant),
        };
        let has_brackets = self.text[self.skip(slot.after)..].starts_with(['{', '[']);
        // A pair without braces in a list (`[a: b]`) has no room for another.
        if (slot.in_flow && !has_brackets) || change.kept.iter().all(Option::is_none) {
            return self.replace(node, slot, meant);
        }
        let Some(members) = self.members(node, slot, has_brackets) else {
            return;
        };
        let column = self.column(members[0].start);
        for (member, wish) in members.iter().zip(&change.kept) {
            if let Some(wish) = wish {
                let slot = Slot { after: member.after, column, within, in_flow: has_brackets };
                self.change(member.node, slot, wish);
            }
        }
        if has_brackets {
            self.change_in_brackets(&members, &change);
        } else {
            self.change_lines(&members, &change);
        }
    }

    /// The members of a collection in order; `None` where they are not found, and so nothing is changed.
    fn members<'tree>(&self, node: &'tree Node, slot: Slot, in_flow: bool) -> Option<Vec<Member<'tree>>> {
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
                let mut cursor = slot.after;
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

    /// Where a key begins, with the question mark that may stand before it.
    fn key_start(&self, key: usize) -> usize {
        let before = self.text[..key].trim_end_matches([' ', '\t']);
        if before.len() < key && before.ends_with('?') { before.len() - 1 } else { key }
    }

    fn change_in_brackets(&mut self, members: &[Member<'_>], change: &Change<'_>) {
        for run in change.gone() {
            let (first, last) = (&members[run.start], &members[run.end - 1]);
            let range = match members.get(run.end) {
                Some(next) => first.start..next.start,
                None => self.tail(&members[run.start - 1], first, last),
            };
            self.splice(range, String::new());
        }
        for (behind, key, wish) in &change.new {
            let text = key.map_or_else(|| yaml::flow(wish), |key| yaml::flow_entry(key, wish));
            let (at, text) = match behind {
                Some(behind) => (members[*behind].end, format!(", {text}")),
                None => (members[change.first_kept()].start, format!("{text}, ")),
            };
            self.splice(at..at, text);
        }
    }

    /// The bytes of the last members within brackets, with the comma before them, or where a comment stands between
    /// with the comma behind them: the one before then ends the list, which is as good.
    fn tail(&self, before: &Member<'_>, first: &Member<'_>, last: &Member<'_>) -> Range<usize> {
        if !self.text[before.end..first.start].contains('#') {
            return before.end..last.end;
        }
        let next = self.skip(last.end);
        let end = if self.text[next..].starts_with(',') { next + 1 } else { last.end };
        first.start..end
    }

    fn change_lines(&mut self, members: &[Member<'_>], change: &Change<'_>) {
        for run in change.gone() {
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
        for (behind, key, wish) in &change.new {
            let text = match key {
                Some(key) => self.writer.entry(key, wish, column),
                None => self.writer.item(wish, column, as_lines),
            };
            let line = self.writer.line_at(column);
            let (at, text) = match behind {
                Some(behind) => (self.line_end(members[*behind].end), line + &text),
                None => (members[change.first_kept()].start, text + &line),
            };
            self.splice(at..at, text);
        }
    }

    /// Puts another value in the place of one, whatever either is.
    fn replace(&mut self, node: &Node, slot: Slot, meant: &Wish) {
        let (start, end) = (self.skip(slot.after), node.span.end as usize);
        let is_collection = node.as_map().is_some() || node.as_list().is_some();
        let first = self.text[start..].chars().next().unwrap_or_default();
        let has_lines = if is_collection { !"{[".contains(first) } else { "|>".contains(first) };
        let has_lines = has_lines && !slot.in_flow;
        let column = slot.column + self.writer.step;
        let wants_lines =
            slot.within == Within::Map && !slot.in_flow && wants_lines(meant, start - self.line_start(start));
        let lines = || self.writer.line_at(column) + &self.writer.lines(meant, column);
        let inline = || match meant {
            Wish::String(text) => yaml::text_in(text, quotes_of(node, first)),
            _ => yaml::flow(meant),
        };
        let key_line_end = self.line_end(slot.after);
        match (has_lines, wants_lines) {
            (_, _) if slot.within == Within::Nothing => {
                let whole = self.writer.document(meant);
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
                self.splice(slot.after..slot.after, inline);
                self.splice(key_line_end..self.line_end(end), String::new());
            }
            (true, false) => {
                let inline = inline();
                self.splice(start..self.line_end(end), inline);
            }
            (false, true) => {
                let lines = lines();
                self.splice(slot.after..end, String::new());
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

    /// The text with all splices in their places.
    fn applied(mut self) -> String {
        // What is put in comes before what is taken out at the same place; otherwise the order of making holds.
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

    /// The first byte that belongs neither to a blank, nor to a line end, nor to a comment.
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

    /// The place behind the marker with which a document may begin.
    fn after_marker(&self) -> usize {
        let start = self.skip(0);
        if self.text[start..].starts_with("---") { start + 3 } else { 0 }
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// The end of the line in which something ends, before its line break. What ends with its line break, as a block of
    /// text does, ends before it.
    fn line_end(&self, end: usize) -> usize {
        let newline = match self.text[..end].strip_suffix('\n') {
            Some(line) => line.len(),
            None => self.text[end..].find('\n').map_or(self.text.len(), |newline| end + newline),
        };
        if self.text[..newline].ends_with('\r') && newline < self.text.len() { newline - 1 } else { newline }
    }

    /// In characters, from 0.
    fn column(&self, at: usize) -> usize {
        self.text[self.line_start(at)..at].chars().count()
    }

    fn begins_line(&self, at: usize) -> bool {
        self.text[self.line_start(at)..at].bytes().all(|byte| byte == b' ')
    }

    /// The lines from one place to another, with the line break before them, or the one behind where they are the first.
    fn whole_lines(&self, start: usize, end: usize) -> Range<usize> {
        let (first, end) = (self.line_start(start), self.line_end(end));
        if first == 0 {
            let newline = self.text[end..].find('\n').map_or(self.text.len(), |newline| end + newline + 1);
            return 0..newline;
        }
        self.line_end(first)..end
    }
}

/// The quotes that a text stands in.
fn quotes_of(node: &Node, first: char) -> Quotes {
    match first {
        '\'' if node.as_text().is_some() => Quotes::Single,
        '"' if node.as_text().is_some() => Quotes::Double,
        _ => Quotes::Plain,
    }
}

/// How the first line ends.
fn newline_of(text: &str) -> &'static str {
    match text.find('\n') {
        Some(newline) if text[..newline].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// How much further right the first map of lines within the document stands than its key.
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
