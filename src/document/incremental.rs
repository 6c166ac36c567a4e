//! A text that differs from one whose tree is known in a stretch of it: what stands still is taken over with its places
//! moved, and only the entries of the outermost map that the stretch touches are read.
//!
//! Ten thousand files that are renewed differ from the old ones in three lines each. Whatever is not plain to see here
//! is read as a whole instead: what comes out is what reading it all gives, place by place, and every run with debug
//! assertions holds the two against each other.

use super::parse;
use super::tree::{MapEntry, Node, NodeMap, NodeValue};
use crate::diagnostic::{FileId, Span};

/// Longer texts are read as a whole: they may hold more values than a file can have, and are few.
const LONGEST: usize = 32 * 1024;

/// The tree of `new`, whose places are in `file`, out of what `old` was read as; `None` where it is to be read as a whole.
pub(super) fn changed(file: FileId, old: &str, root: &Node, new: &str) -> Option<Node> {
    let entries: &[MapEntry] = root.as_map()?.iter().as_slice();
    if new.len() > LONGEST || old.len() > LONGEST || !entries.iter().all(|entry| begins_line(old, entry)) {
        return None;
    }
    let start_of = |index: usize| entries.get(index).map_or(old.len(), |entry| entry.key_span.start as usize);
    let same_front = old.bytes().zip(new.bytes()).take_while(|(old, new)| old == new).count();
    let same_end = old.bytes().rev().zip(new.bytes().rev()).take_while(|(old, new)| old == new).count();
    let longest_end = old.len().min(new.len()) - same_front;
    let changed_to = old.len() - same_end.min(longest_end);
    // The entries from `first` to before `next` are read anew, with what stands before them where they are the first.
    let first = entries.iter().rposition(|entry| entry.key_span.start as usize <= same_front).unwrap_or(0);
    let next = entries.iter().position(|entry| changed_to <= entry.key_span.start as usize);
    let next = next.unwrap_or(entries.len()).max(first);
    let from = if same_front < start_of(first) { 0 } else { start_of(first) };
    let to = new.len() - (old.len() - start_of(next));
    let stretch = new.get(from..to)?;
    if !(to == 0 || new[..to].ends_with('\n') || next == entries.len()) || ends_the_document(stretch) {
        return None;
    }
    let read = if stretch.is_empty() { Vec::new() } else { entries_of(file, stretch, from == 0)? };
    let moved = |entry: &MapEntry, by: isize| {
        let mut entry = entry.clone();
        entry.key_span = shifted(entry.key_span, file, by);
        shift(&mut entry.node, file, by);
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

/// Whether a key stands where a line begins, so that what stands before it is over.
fn begins_line(text: &str, entry: &MapEntry) -> bool {
    let start = entry.key_span.start as usize;
    start == 0 || text.as_bytes().get(start - 1) == Some(&b'\n')
}

/// Whether a line says that the document is over, so that what stands behind is no part of it.
fn ends_the_document(stretch: &str) -> bool {
    stretch.starts_with("...") || stretch.contains("\n...")
}

/// The entries of a stretch that is a map of its own, each at the beginning of a line. What does not begin with a key
/// could belong to the value before it, so that nothing comes out.
fn entries_of(file: FileId, stretch: &str, is_first: bool) -> Option<Vec<MapEntry>> {
    let parse::Parsed { root, faults, .. } = parse::parse(file, stretch);
    let NodeValue::Map(map) = root.filter(|_| faults.is_empty())?.value else {
        return None;
    };
    let entries: Vec<MapEntry> = map.iter().cloned().collect();
    let begins = is_first || entries.first().is_some_and(|entry| entry.key_span.start == 0);
    (begins && entries.iter().all(|entry| begins_line(stretch, entry))).then_some(entries)
}

fn shifted(span: Span, file: FileId, by: isize) -> Span {
    let moved = |at: u32| {
        let at = usize::try_from(at).ok().and_then(|at| at.checked_add_signed(by));
        at.and_then(|at| u32::try_from(at).ok()).expect("a place within a short text")
    };
    Span { file, start: moved(span.start), end: moved(span.end) }
}

/// Moves a value and all that stands in it.
pub(super) fn shift(node: &mut Node, file: FileId, by: isize) {
    node.span = shifted(node.span, file, by);
    match &mut node.value {
        NodeValue::List(items) => items.iter_mut().for_each(|item| shift(item, file, by)),
        NodeValue::Map(map) => {
            for entry in map.entries_mut() {
                entry.key_span = shifted(entry.key_span, file, by);
                shift(&mut entry.node, file, by);
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
    use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};

    use super::changed;
    use crate::diagnostic::Sources;
    use crate::document::parse_text;

    /// What comes of reading the stretch, and of reading it all.
    fn both(old: &str, new: &str) -> (Option<super::Node>, Option<super::Node>) {
        let nowhere = Sources::default().add("", "");
        let Ok(root) = parse_text(old) else { return (None, None) };
        (changed(nowhere, old, &root, new), parse_text(new).ok())
    }

    #[test]
    fn a_stretch_in_the_middle_is_read_and_the_rest_is_moved() {
        let old = "# c\na: 1\nb: { x: y }   # z\nlist:\n- 1\n- k: v\nd: |+\n  text\n\ne: 'f'\n";
        for new in [
            "# c\na: 12\nb: { x: y }   # z\nlist:\n- 1\n- k: v\nd: |+\n  text\n\ne: 'f'\n",
            "# c\na: 1\nnew: {}\nb: { x: y }   # z\nlist:\n- 1\n- k: v\nd: |+\n  text\n\ne: 'f'\n",
            "# c\na: 1\nb: { x: y }   # z\nd: |+\n  text\n\ne: 'f'\n",
            "# c\na: 1\nb: { x: y }   # z\nlist:\n- 1\n- k: v\nd: |+\n  text\n\ne: 'f'\ng: 1",
            "# c\na: 1\nb: { x: y }   # z\nlist:\n- 1\n- k: v\nd: |+\n  text\n\n",
            "b: { x: y }   # z\nlist:\n- 1\n- k: v\nd: |+\n  text\n\ne: 'f'\n",
        ] {
            let (stretch, whole) = both(old, new);
            assert!(stretch.is_some(), "{new} is read as a whole");
            assert_eq!(stretch, whole, "{new}");
        }
    }

    #[test]
    fn what_could_belong_to_its_neighbour_is_read_as_a_whole() {
        let old = "a:\n  x: 1\nb: 2\nc: |+\n  text\nd: 3\n";
        for new in [
            "a:\n  x: 1\n  y: 2\nb: 2\nb: 2\nc: |+\n  text\nd: 3\n",
            "a:\n  x: 1\n\n  b: 2\nc: |+\n  text\nd: 3\n",
            "a:\n  x: 1\nb: 2\nc: |+\n  text\n\n\nd: 3\n",
            "a:\n  x: 1\nb: 2 c: |+\n  text\nd: 3\n",
            "a:\n  x: 1\n---\nc: |+\n  text\nd: 3\n",
            "a:\n  x: 1\nb: 2\n...\nc: |+\n  text\nd: 3\n",
            "a:\n  x: 1\nb: [\nc: |+\n  text\nd: 3\n",
            "",
        ] {
            let (stretch, whole) = both(old, new);
            assert!(stretch.is_none() || stretch == whole, "{new}: {stretch:?}");
        }
    }

    /// Lines of many kinds; most texts of them are no YAML, and many are.
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

    #[expect(clippy::disallowed_methods, reason = "a switch of the tests alone")]
    fn cases() -> ProptestConfig {
        let is_full = std::env::var_os("SERVANDA_FULL").is_some();
        ProptestConfig::with_cases(if is_full { 400_000 } else { 4096 })
    }

    proptest! {
        #![proptest_config(cases())]

        /// Whatever is cut out and put in, a tree that comes out is the one that reading it all gives.
        #[test]
        fn a_stretch_says_what_the_whole_says(
            old in text(), put in text(), from in 0_usize..80, gone in 0_usize..30, is_end_cut in proptest::bool::ANY,
        ) {
            let at = |place: usize| (0..=place.min(old.len())).rev().find(|place| old.is_char_boundary(*place));
            let (from, to) = (at(from).unwrap_or(0), at(from + gone).unwrap_or(0));
            let put = if is_end_cut { put.trim_end() } else { &put };
            let new = format!("{}{put}{}", &old[..from], &old[to.max(from)..]);
            let (stretch, whole) = both(&old, &new);
            if stretch.is_some() {
                prop_assert_eq!(stretch, whole, "{:?} became {:?}", old, new);
            }
        }
    }
}
