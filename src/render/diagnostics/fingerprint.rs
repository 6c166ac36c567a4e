//! Fingerprints of diagnostics that are stable when lines move: made of the rule, the file and the path of keys.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, FileId, Sources};
use crate::document::tree::{Node, NodeValue};
use crate::document::{self, Document};
use crate::live::digest;

/// The fingerprints of diagnostics, in their order. Those that are equal in all of this are numbered.
pub(super) fn fingerprints<'a>(
    found: impl IntoIterator<Item = &'a Diagnostic>,
    sources: &Sources,
) -> Vec<String> {
    let mut trees: BTreeMap<FileId, Option<Document>> = BTreeMap::new();
    let mut seen: BTreeMap<(&str, String, String), usize> = BTreeMap::new();
    let one = |diagnostic: &'a Diagnostic| {
        let span = diagnostic.place.span;
        let path = sources.path(span.file);
        let document = trees
            .entry(span.file)
            .or_insert_with(|| Some(document::read(sources, span.file, document::kind_of(path)?).0));
        let keys = document.as_ref().map_or_else(String::new, |document| keys(&document.root, span.start));
        let number = seen.entry((diagnostic.code.as_str(), path.to_owned(), keys.clone())).or_default();
        *number += 1;
        digest(&(diagnostic.code.as_str(), path, &keys, *number))
    };
    found.into_iter().map(one).collect()
}

/// The path of keys to a position, with dots between them. An item of a list is identified by its value, since its index
/// changes with its neighbours.
pub(super) fn keys(root: &Node, offset: u32) -> String {
    let mut keys: Vec<String> = Vec::new();
    let mut node = root;
    loop {
        match &node.value {
            NodeValue::Map(map) => {
                let Some(entry) = map.iter().rfind(|entry| entry.key_span.start <= offset) else {
                    break;
                };
                keys.push(entry.key.to_string());
                if offset < entry.key_span.end {
                    break;
                }
                node = &entry.node;
            }
            NodeValue::List(list) => {
                let Some(index) = list.iter().rposition(|item| item.span.start <= offset) else {
                    break;
                };
                node = &list[index];
                keys.push(node.as_text().map_or_else(|| index.to_string(), str::to_owned));
            }
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Integer(_)
            | NodeValue::Float(_)
            | NodeValue::Text(_) => break,
        }
    }
    keys.join(".")
}
