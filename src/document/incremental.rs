//! Incremental parsing of a changed text: reuses the unchanged entries of the outermost map, with their positions
//! moved, and parses only the section with the changed ones.
//!
//! An edit changes a few lines of a file. The result always equals that of a full parse, position by position, which
//! builds with debug assertions verify. Where that is not certain, nothing is returned and the caller parses it all.

use super::kind::DocumentKind;
use super::parse;
use super::tree::{MapEntry, Node, NodeMap, NodeValue};
use crate::diagnostic::{FileId, Span};

/// The largest size of a text for incremental parsing, in bytes. A text of this size cannot exceed the limit of values.
const SIZE_LIMIT: usize = 32 * 1024;

/// Parses `new`, whose positions are in `file`, with the help of `root`, the tree of `old`. `None` where a full parse is
/// needed.
pub(super) fn reparse(file: FileId, old: &str, root: &Node, new: &str) -> Option<Node> {
    let entries: &[MapEntry] = root.as_map()?.iter().as_slice();
    if new.len() > SIZE_LIMIT
        || old.len() > SIZE_LIMIT
        || !entries.iter().all(|entry| begins_line(old, entry))
    {
        return None;
    }
    let start_of = |index: usize| entries.get(index).map_or(old.len(), |entry| entry.key_span.start as usize);
    let same_front = old.bytes().zip(new.bytes()).take_while(|(old, new)| old == new).count();
    let same_end = old.bytes().rev().zip(new.bytes().rev()).take_while(|(old, new)| old == new).count();
    let longest_end = old.len().min(new.len()) - same_front;
    let changed_to = old.len() - same_end.min(longest_end);
    // The entries from `first` up to `next` are parsed again, with any text before the first entry of the file.
    let first = entries.iter().rposition(|entry| entry.key_span.start as usize <= same_front).unwrap_or(0);
    let next = entries.iter().position(|entry| changed_to <= entry.key_span.start as usize);
    let next = next.unwrap_or(entries.len()).max(first);
    let from = if same_front < start_of(first) { 0 } else { start_of(first) };
    let to = new.len() - (old.len() - start_of(next));
    let section = new.get(from..to)?;
    if !(to == 0 || new[..to].ends_with('\n') || next == entries.len()) || ends_the_document(section) {
        return None;
    }
    let read = if section.is_empty() { Vec::new() } else { entries_of(file, section, from == 0)? };
    // The span of an empty block scalar depends on the text that follows it.
    let before = entries[..first].last();
    if read.iter().chain(before).any(|entry| has_blank_text(&entry.node)) {
        return None;
    }
    let moved = |entry: &MapEntry, by: isize| {
        let mut entry = entry.clone();
        entry.key_span = moved_span(entry.key_span, file, by);
        move_spans(&mut entry.node, file, by);
        entry
    };
    let behind = to.cast_signed() - start_of(next).cast_signed();
    let kept = |entries: &[MapEntry], by| entries.iter().map(|entry| moved(entry, by)).collect::<Vec<_>>();
    let mut all = kept(&entries[..first], 0);
    all.extend(read.iter().map(|entry| moved(entry, from.cast_signed())));
    all.extend(kept(&entries[next..], behind));
    let (begin, end) = (all.first()?.key_span.start, all.last()?);
    let span = Span { file, start: begin, end: end.node.span.end.max(end.key_span.end) };
    let (map, repeated) = NodeMap::new(all);
    repeated.is_empty().then_some(Node { span, value: NodeValue::Map(map) })
}

/// Whether a key is at the beginning of a line, so that the entry before it has ended.
fn begins_line(text: &str, entry: &MapEntry) -> bool {
    let start = entry.key_span.start as usize;
    start == 0 || text.as_bytes().get(start - 1) == Some(&b'\n')
}

/// Whether a line ends the document.
fn ends_the_document(section: &str) -> bool {
    section.starts_with("...") || section.contains("\n...")
}

/// Parses a section that is a map with each key at the beginning of a line. `None` for any other section: text before
/// the first key could belong to the value before the section.
fn entries_of(file: FileId, section: &str, is_first: bool) -> Option<Vec<MapEntry>> {
    let parse::Parsed { root, faults, .. } = parse::parse(file, DocumentKind::LARGEST, section);
    let NodeValue::Map(map) = root.filter(|_| faults.is_empty())?.value else {
        return None;
    };
    let entries: Vec<MapEntry> = map.iter().cloned().collect();
    let begins = is_first || entries.first().is_some_and(|entry| entry.key_span.start == 0);
    (begins && entries.iter().all(|entry| begins_line(section, entry))).then_some(entries)
}

/// Whether a value contains a text without any characters but line breaks, such as an empty block scalar.
fn has_blank_text(node: &Node) -> bool {
    match &node.value {
        NodeValue::Text(text) => text.bytes().all(|byte| byte == b'\n'),
        NodeValue::List(items) => items.iter().any(has_blank_text),
        NodeValue::Map(map) => map.iter().any(|entry| has_blank_text(&entry.node)),
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Integer(_) | NodeValue::Float(_) => false,
    }
}

fn moved_span(span: Span, file: FileId, by: isize) -> Span {
    let moved = |at: u32| {
        let at = usize::try_from(at).ok().and_then(|at| at.checked_add_signed(by));
        at.and_then(|at| u32::try_from(at).ok()).expect("a position within a short text")
    };
    Span { file, start: moved(span.start), end: moved(span.end) }
}

/// Moves the spans of a value and of everything within it.
pub(super) fn move_spans(node: &mut Node, file: FileId, by: isize) {
    node.span = moved_span(node.span, file, by);
    match &mut node.value {
        NodeValue::List(items) => items.iter_mut().for_each(|item| move_spans(item, file, by)),
        NodeValue::Map(map) => {
            for entry in map.entries_mut() {
                entry.key_span = moved_span(entry.key_span, file, by);
                move_spans(&mut entry.node, file, by);
            }
        }
        NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Integer(_)
        | NodeValue::Float(_)
        | NodeValue::Text(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof};
    use proptest::test_runner::TestRunner;

    use super::reparse;
    use crate::cases::sample_of;
    use crate::diagnostic::Sources;
    use crate::document::parse_text;

    /// The results of incremental and of full parsing.
    fn both(old: &str, new: &str) -> (Option<super::Node>, Option<super::Node>) {
        let nowhere = Sources::default().add("", "");
        let Ok(root) = parse_text(old) else { return (None, None) };
        (reparse(nowhere, old, &root, new), parse_text(new).ok())
    }

    #[test]
    fn a_changed_section_is_parsed_and_the_rest_is_moved() {
        let old = "# c\na: 1\nb: { x: y }   # z\nlist:\n- 1\n- k: v\nd: |+\n  text\n\ne: 'f'\n";
        for new in [
            "# c\na: 12\nb: { x: y }   # z\nlist:\n- 1\n- k: v\nd: |+\n  text\n\ne: 'f'\n",
            "# c\na: 1\nnew: {}\nb: { x: y }   # z\nlist:\n- 1\n- k: v\nd: |+\n  text\n\ne: 'f'\n",
            "# c\na: 1\nb: { x: y }   # z\nd: |+\n  text\n\ne: 'f'\n",
            "# c\na: 1\nb: { x: y }   # z\nlist:\n- 1\n- k: v\nd: |+\n  text\n\ne: 'f'\ng: 1",
            "# c\na: 1\nb: { x: y }   # z\nlist:\n- 1\n- k: v\nd: |+\n  text\n\n",
            "b: { x: y }   # z\nlist:\n- 1\n- k: v\nd: |+\n  text\n\ne: 'f'\n",
        ] {
            let (incremental, full) = both(old, new);
            assert!(incremental.is_some(), "{new} is parsed in full");
            assert_eq!(incremental, full, "{new}");
        }
    }

    #[test]
    fn a_section_that_could_belong_to_its_neighbour_is_parsed_in_full() {
        let old = "a:\n  x: 1\nb: 2\nc: |+\n  text\nd: 3\n";
        for (new, is_incremental) in [
            ("a:\n  x: 1\n  y: 2\nb: 2\nb: 2\nc: |+\n  text\nd: 3\n", false),
            ("a:\n  x: 1\n\n  b: 2\nc: |+\n  text\nd: 3\n", false),
            ("a:\n  x: 1\nb: 2\nc: |+\n  text\n\n\nd: 3\n", false),
            ("a:\n  x: 1\nb: 2 c: |+\n  text\nd: 3\n", false),
            ("a:\n  x: 1\n---\nc: |+\n  text\nd: 3\n", false),
            ("a:\n  x: 1\nb: 2\n...\nc: |+\n  text\nd: 3\n", false),
            ("a:\n  x: 1\nb: [\nc: |+\n  text\nd: 3\n", false),
            ("", false),
        ] {
            let (incremental, full) = both(old, new);
            assert_eq!(incremental.is_some(), is_incremental, "{new}: {incremental:?}");
            if is_incremental {
                assert_eq!(incremental, full, "{new}");
            }
        }
    }

    #[test]
    fn an_empty_block_scalar_is_parsed_in_full() {
        for (old, new) in [
            ("e: |+\n  one\na: x\n", "e: |+\n\na: x\n"),
            ("e: |\n\na: x\n", "e: |\n\n"),
            ("e:\n- k: |+\n\na: x\n", "e:\n- k: |+\n\nb: x\n"),
        ] {
            assert_eq!(both(old, new).0, None, "{old:?} became {new:?}");
        }
    }

    /// Lines of many kinds. Most texts of such lines are invalid YAML, and many are valid.
    fn text() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            4 => "[abc]: [xyz1]{1,2}\n",
            1 => Just("d:\n".to_owned()),
            1 => Just("- 1\n".to_owned()),
            1 => Just("  k: v\n".to_owned()),
            1 => Just("  - w\n".to_owned()),
            1 => Just("e: |+\n  one\n".to_owned()),
            1 => Just("f: { g: [1,\n  2] }  # h\n".to_owned()),
            1 => Just("i: \"j\n  k\"\n".to_owned()),
            1 => Just("# l\n".to_owned()),
            1 => Just("\n".to_owned()),
            1 => Just("---\n".to_owned()),
            1 => Just("...\n".to_owned()),
            1 => Just("'m': n\r\n".to_owned()),
            1 => Just("? o\n: p\n".to_owned()),
            1 => Just("  и дальше\n".to_owned()),
        ];
        proptest::collection::vec(line, 1..9).prop_map(|lines| lines.concat())
    }

    fn cases() -> ProptestConfig {
        ProptestConfig { source_file: Some(file!()), ..ProptestConfig::with_cases(sample_of(1024, 400_000)) }
    }

    /// A change of a random text: the text before and after it.
    fn change() -> impl Strategy<Value = (String, String)> {
        let parts = (text(), text(), 0_usize..80, 0_usize..30, any::<bool>());
        parts.prop_map(|(old, inserted, from, removed, is_end_cut)| {
            let at =
                |place: usize| (0..=place.min(old.len())).rev().find(|place| old.is_char_boundary(*place));
            let (from, to) = (at(from).unwrap_or(0), at(from + removed).unwrap_or(0));
            let inserted = if is_end_cut { inserted.trim_end() } else { &inserted };
            let new = format!("{}{inserted}{}", &old[..from], &old[to.max(from)..]);
            (old, new)
        })
    }

    /// Counts the texts for which incremental parsing succeeds: a version that always gives up must not pass.
    #[test]
    fn incremental_parsing_gives_the_same_tree_as_a_full_parse() {
        let mut runner = TestRunner::new(cases());
        let (hits, valid) = (Cell::new(0_u32), Cell::new(0_u32));
        let result = runner.run(&change(), |(old, new)| {
            let (incremental, full) = both(&old, &new);
            valid.set(valid.get() + u32::from(full.is_some()));
            if incremental.is_some() {
                hits.set(hits.get() + 1);
                prop_assert_eq!(incremental, full, "{:?} became {:?}", old, new);
            }
            Ok(())
        });
        result.unwrap_or_else(|failure| panic!("{failure}"));
        assert!(
            hits.get() * 3 > valid.get(),
            "{} of {} valid texts are parsed incrementally",
            hits.get(),
            valid.get()
        );
    }
}
