//! Reading of a file: its text becomes a tree that was checked against the schema of its kind.

use std::collections::BTreeMap;

use super::deserialize::from_tree;
use super::incremental;
use super::kind::DocumentKind;
use super::parse;
use super::path::{self, id_of};
use super::schema_error;
use super::text::{decode, quoted};
use super::tree::{Node, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, FileId, Sources, Span};

/// A file that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The file.
    pub file: FileId,
    /// What kind of file it is.
    pub kind: DocumentKind,
    /// The stem of its name: the id of an agreement or set, the name of a template.
    pub id: Box<str>,
    /// What it says.
    pub root: Node,
    /// Whether nothing was found wrong with it. What is unsound is used no further, but known by its name.
    pub sound: bool,
}

impl Document {
    /// The value at a path of keys; places in a list are written as numbers from 0.
    pub fn get(&self, path: &[&str]) -> Option<&Node> {
        self.root.get(path)
    }

    /// The document as a tree.
    pub fn tree(&self) -> Tree<'_> {
        Tree::Node(&self.root)
    }

    /// The document as a type, such as [`shape::CatalogDocument`]. Only for sound ones.
    pub fn typed<T: serde::de::DeserializeOwned>(&self) -> Result<T, Diagnostic> {
        from_tree(&self.tree())
    }
}

/// Takes a file in: its text, or the text before the fault where it is no text.
pub fn add_source(sources: &mut Sources, path: &str, bytes: Vec<u8>) -> (FileId, Option<Diagnostic>) {
    let fault = decode(&bytes).err();
    let text = match fault {
        None => String::from_utf8(bytes).unwrap_or_default(),
        Some(fault) => String::from_utf8_lossy(&bytes[..fault.valid]).into_owned(),
    };
    let file = sources.add(path, text);
    (file, fault.map(|fault| fault.diagnostic(file)))
}

/// Reads a file and finds all that is wrong with how it is written.
pub fn read(sources: &Sources, file: FileId, kind: DocumentKind) -> (Document, Diagnostics) {
    judged(sources, file, kind, parse::parse(file, sources.text(file)))
}

/// The same for a file whose text was read already, as [`parse_text`] does it.
pub fn read_parsed(
    sources: &Sources,
    file: FileId,
    kind: DocumentKind,
    mut root: Node,
) -> (Document, Diagnostics) {
    incremental::shift(&mut root, file, 0);
    judged(sources, file, kind, parse::Parsed { root: Some(root), faults: Vec::new(), settled: Vec::new() })
}

fn judged(
    sources: &Sources,
    file: FileId,
    kind: DocumentKind,
    parsed: parse::Parsed,
) -> (Document, Diagnostics) {
    let (path, text) = (sources.path(file), sources.text(file));
    let mut faults = path::faults(kind, path, file);
    faults.extend(parsed.faults);
    if let Some(root) = &parsed.root {
        schema_error::find(kind, root, text, &parsed.settled, &mut faults);
    }
    let document = Document {
        file,
        kind,
        id: id_of(path).into(),
        sound: faults.is_empty(),
        root: parsed.root.unwrap_or_else(|| Node::nothing(file)),
    };
    (document, faults.into_iter().collect())
}

/// A file that could not be read as text, so that those who refer to it by name are not told that it is not there.
pub fn unreadable(sources: &Sources, file: FileId, kind: DocumentKind) -> Document {
    Document { file, kind, id: id_of(sources.path(file)).into(), root: Node::nothing(file), sound: false }
}

/// The tree of a text that stands in no file yet, or the first thing that is wrong with how it is spelled. What its keys
/// mean is not looked at.
pub fn parse_text(text: &str) -> Result<Node, Diagnostic> {
    let nowhere = Sources::default().add("", "");
    let parse::Parsed { root, faults, .. } = parse::parse(nowhere, text);
    match (root, faults.into_iter().next()) {
        (Some(root), None) => Ok(root),
        (_, Some(fault)) => Err(fault),
        (None, None) => Err(Diagnostic::new(Code::E015, Span::of_file(nowhere), "the text holds nothing")),
    }
}

/// The tree of a text that came of another one by a change, which most often leaves most of it as it was. `root` is the
/// tree of the old text. What comes out is what [`parse_text`] gives.
pub fn parse_changed(old: &str, root: &Node, new: &str) -> Result<Node, Diagnostic> {
    let nowhere = Sources::default().add("", "");
    let Some(tree) = incremental::changed(nowhere, old, root, new) else {
        return parse_text(new);
    };
    debug_assert_eq!(
        Ok(&tree),
        parse_text(new).as_ref(),
        "a stretch that was read says what the whole text says"
    );
    Ok(tree)
}

/// Finds agreements of one id in different folders, and templates likewise.
pub fn duplicate_ids<'document>(
    documents: impl IntoIterator<Item = &'document Document>,
    sources: &Sources,
) -> Diagnostics {
    let mut by_id: BTreeMap<(DocumentKind, &str), Vec<&Document>> = BTreeMap::new();
    for document in documents {
        if matches!(document.kind, DocumentKind::Agreement | DocumentKind::Template | DocumentKind::Calendar)
        {
            by_id.entry((document.kind, &document.id)).or_default().push(document);
        }
    }
    let mut faults = Vec::new();
    for ((_, id), mut same) in by_id.into_iter().filter(|(_, same)| same.len() > 1) {
        same.sort_by_key(|document| sources.path(document.file));
        for again in &same[1..] {
            let message = format!("{} is the id of another file too", quoted(id));
            let fault = Diagnostic::new(Code::E102, Span::of_file(again.file), message)
                .label("the second file of this name")
                .related(Span::of_file(same[0].file), "the first")
                .help("rename one of them; the folder is no part of the id");
            faults.push(fault);
        }
    }
    faults.into_iter().collect()
}
