//! Reads a file: parses its text and validates the tree with the schema of its kind.

use super::deserialize::from_tree;
use super::incremental;
use super::kind::DocumentKind;
use super::parse;
use super::path::{self, id_of};
use super::schema_error;
use super::secret;
use super::text::{decode, quoted};
use super::tree::{Node, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, FileId, Sources, Span};
use crate::ident::composed;

/// The name of a document, by which others refer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentName {
    /// The file.
    pub file: FileId,
    /// The kind of the file.
    pub kind: DocumentKind,
    /// The stem of the file name: the id of an agreement or set, the name of a template.
    pub id: Box<str>,
}

/// A file after reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The file.
    pub file: FileId,
    /// The kind of the file.
    pub kind: DocumentKind,
    /// The stem of the file name: the id of an agreement or set, the name of a template.
    pub id: Box<str>,
    /// The content; null where the text could not be parsed.
    pub root: Node,
    /// Whether reading found no error. A document with errors is not used further, but its name stays known.
    pub sound: bool,
}

impl DocumentName {
    /// The name of a document.
    pub fn of(document: &Document) -> Self {
        Self { file: document.file, kind: document.kind, id: document.id.clone() }
    }
}

impl Document {
    /// The value at a path of keys. An item of a list is addressed by its index.
    pub fn get(&self, path: &[&str]) -> Option<&Node> {
        self.root.get(path)
    }

    /// The document as a tree.
    pub fn tree(&self) -> Tree<'_> {
        Tree::Node(&self.root)
    }

    /// Deserializes the document into a type such as [`CatalogDocument`](super::shape::CatalogDocument). For sound documents only.
    pub fn typed<T: serde::de::DeserializeOwned>(&self) -> Result<T, Diagnostic> {
        from_tree(&self.tree())
    }
}

/// Adds a file to the sources. If its bytes are not UTF-8, only the valid text before the error is kept.
pub fn add_source(sources: &mut Sources, path: &str, bytes: Vec<u8>) -> (FileId, Option<Diagnostic>) {
    let fault = decode(&bytes).err();
    let mut text = match fault {
        None => String::from_utf8(bytes).unwrap_or_default(),
        Some(fault) => String::from_utf8_lossy(&bytes[..fault.valid_up_to]).into_owned(),
    };
    // The texts of all files are kept, and reading makes room for more than there is.
    text.shrink_to_fit();
    let file = sources.add(path, text);
    (file, fault.map(|fault| fault.diagnostic(file)))
}

/// Parses a file and validates it with the schema of its kind.
pub fn read(sources: &Sources, file: FileId, kind: DocumentKind) -> (Document, Diagnostics) {
    read_text(sources.path(file), sources.text(file), file, kind)
}

/// Parses and validates the text of a file at a path.
pub fn read_text(path: &str, text: &str, file: FileId, kind: DocumentKind) -> (Document, Diagnostics) {
    validate(path, text, file, kind, parse::parse(file, kind, text))
}

/// Validates a file whose tree is known already, as [`parse_text`] gives it.
pub fn read_parsed(
    sources: &Sources,
    file: FileId,
    kind: DocumentKind,
    mut root: Node,
) -> (Document, Diagnostics) {
    // Only a text of many bytes can exceed a limit, which the parser reports.
    if sources.text(file).len() > kind.limits().values {
        return read(sources, file, kind);
    }
    incremental::move_spans(&mut root, file, 0);
    validate(
        sources.path(file),
        sources.text(file),
        file,
        kind,
        parse::Parsed { root: Some(root), faults: Vec::new(), reported: Vec::new() },
    )
}

fn validate(
    path: &str,
    text: &str,
    file: FileId,
    kind: DocumentKind,
    parsed: parse::Parsed,
) -> (Document, Diagnostics) {
    let mut faults = path::faults(kind, path, file);
    faults.extend(parsed.faults);
    if let Some(root) = &parsed.root {
        schema_error::find(kind, root, text, &parsed.reported, &mut faults);
    }
    hide_secrets(kind, file, text, parsed.root.as_ref(), &mut faults);
    let document = Document {
        file,
        kind,
        id: composed(id_of(path)).into(),
        sound: faults.is_empty(),
        root: parsed.root.unwrap_or_else(|| Node::null(file)),
    };
    (document, faults.into_iter().collect())
}

/// Hides secrets in the faults of settings, the only files that refer to secrets.
fn hide_secrets(
    kind: DocumentKind,
    file: FileId,
    text: &str,
    root: Option<&Node>,
    faults: &mut Vec<Diagnostic>,
) {
    if kind == DocumentKind::Settings && !faults.is_empty() {
        secret::hide(file, text, root, faults);
    }
}

/// The document of a file that could not be decoded, with the reason as [`add_source`] gives it. With the document,
/// references to the file are not reported as unknown.
pub fn unreadable(
    sources: &Sources,
    file: FileId,
    kind: DocumentKind,
    reason: Diagnostic,
) -> (Document, Diagnostics) {
    let mut faults = vec![reason];
    hide_secrets(kind, file, sources.text(file), None, &mut faults);
    let (id, root) = (composed(id_of(sources.path(file))).into(), Node::null(file));
    (Document { file, kind, id, root, sound: false }, faults.into_iter().collect())
}

/// Parses a text that is not in a file yet, without validating its keys. Fails with the first error.
pub fn parse_text(text: &str) -> Result<Node, Diagnostic> {
    let nowhere = Sources::default().add("", "");
    let parse::Parsed { root, faults, .. } = parse::parse(nowhere, DocumentKind::LARGEST, text);
    match (root, faults.into_iter().next()) {
        (Some(root), None) => Ok(root),
        (_, Some(fault)) => Err(fault),
        (None, None) => Err(Diagnostic::new(Code::E015, Span::of_file(nowhere), "the text is empty")),
    }
}

/// Parses `new`, a changed copy of `old`, and reuses the unchanged entries of `root`, the tree of `old`. The result
/// equals that of [`parse_text`].
pub fn parse_changed(old: &str, root: &Node, new: &str) -> Result<Node, Diagnostic> {
    let nowhere = Sources::default().add("", "");
    let Some(tree) = incremental::reparse(nowhere, old, root, new) else {
        return parse_text(new);
    };
    debug_assert_eq!(
        Ok(&tree),
        parse_text(new).as_ref(),
        "incremental parsing gives the same tree as a full parse"
    );
    Ok(tree)
}

/// Reports documents of one kind that have the same id in different folders.
pub fn duplicate_ids(documents: impl IntoIterator<Item = DocumentName>, sources: &Sources) -> Diagnostics {
    let is_named = |document: &DocumentName| {
        matches!(document.kind, DocumentKind::Agreement | DocumentKind::Template | DocumentKind::Calendar)
    };
    let mut named: Vec<DocumentName> = documents.into_iter().filter(is_named).collect();
    named.sort_by(|left, right| {
        let path = |document: &DocumentName| sources.path(document.file);
        (left.kind, &left.id, path(left)).cmp(&(right.kind, &right.id, path(right)))
    });
    let mut faults = Vec::new();
    for same in named.chunk_by(|left, right| left.kind == right.kind && left.id == right.id) {
        for duplicate in &same[1..] {
            let (id, stem) = (&same[0].id, |document: &DocumentName| id_of(sources.path(document.file)));
            let (form, help) = if stem(duplicate) == stem(&same[0]) {
                ("", "rename one of them; the folder is not part of the id")
            } else {
                (
                    ", whose letters are composed in one name and decomposed in the other",
                    "delete one of them; `git ls-files -z | od -c` tells them apart",
                )
            };
            let message = format!("two files have the id {}{form}", quoted(id));
            let fault = Diagnostic::new(Code::E102, Span::of_file(duplicate.file), message)
                .label("second file")
                .related(Span::of_file(same[0].file), "first file")
                .help(help);
            faults.push(fault);
        }
    }
    faults.into_iter().collect()
}
