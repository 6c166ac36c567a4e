//! The sources of diagnostics: converts byte spans to path, line and column. Reads no file.

use std::num::NonZeroU32;

/// A file of this run, by its number in [`Sources`], from 1: an absent file or span takes no further memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(NonZeroU32);

/// A half-open range of bytes in a file. `start == end` is a position between two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A position by line and column, both from 1; columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
pub struct Position {
    /// The path relative to the repository.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// A file: its path relative to the repository, and its text (empty if it could not be decoded).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path relative to the repository, with `/` between its parts.
    pub path: String,
    /// The text.
    pub text: String,
}

/// All files of a run.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
    /// The number of files before the first one.
    before: u32,
}

impl Span {
    /// The span for a diagnostic about a whole file.
    pub fn of_file(file: FileId) -> Self {
        Self { file, start: 0, end: 0 }
    }
}

impl Sources {
    /// Adds a file.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = FileId(
            NonZeroU32::MIN.checked_add(self.count()).expect("a repository has fewer than 2^32 files"),
        );
        self.files.push(Source { path: path.into(), text: text.into() });
        id
    }

    /// Makes room for more files.
    pub fn reserve(&mut self, files: usize) {
        self.files.reserve_exact(files);
    }

    /// The number of files so far, with those before the first one.
    fn count(&self) -> u32 {
        let own = u32::try_from(self.files.len()).ok();
        own.and_then(|own| self.before.checked_add(own)).expect("a repository has fewer than 2^32 files")
    }

    fn index(&self, file: FileId) -> usize {
        (file.0.get() - 1 - self.before) as usize
    }

    fn file(&self, file: FileId) -> &Source {
        &self.files[self.index(file)]
    }

    /// The same files below a folder, whose path ends with `/`, or is empty.
    #[must_use]
    pub fn below(&self, folder: &str) -> Self {
        let below =
            |source: &Source| Source { path: format!("{folder}{}", source.path), text: source.text.clone() };
        Self { files: self.files.iter().map(below).collect(), before: self.before }
    }

    /// Sources without these files, to which files with other ids than theirs can be added.
    #[must_use]
    pub fn following(&self) -> Self {
        Self { files: Vec::new(), before: self.count() }
    }

    /// The file's path.
    pub fn path(&self, file: FileId) -> &str {
        &self.file(file).path
    }

    /// Takes the text of a file, which is empty until [`Self::put_text`] puts it back.
    pub fn take_text(&mut self, file: FileId) -> String {
        let index = self.index(file);
        std::mem::take(&mut self.files[index].text)
    }

    /// Puts the text of a file back.
    pub fn put_text(&mut self, file: FileId, text: String) {
        let index = self.index(file);
        self.files[index].text = text;
    }

    /// The file's text.
    pub fn text(&self, file: FileId) -> &str {
        &self.file(file).text
    }

    /// The text of a span; empty if the span is outside the text.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file).get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The position of the first byte of a span.
    pub fn position(&self, span: Span) -> Position {
        let text = self.text(span.file);
        let before = text.get(..span.start as usize).unwrap_or(text);
        let line_begin = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            path: self.path(span.file).to_owned(),
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_begin..].chars().count() + 1,
        }
    }

    /// A copy with the text of some spans replaced by asterisks, to show lines that contain secrets.
    #[must_use]
    pub fn redacted(&self, spans: impl IntoIterator<Item = Span>) -> Self {
        let mut copy = self.clone();
        for span in spans {
            let text = &mut copy.files[self.index(span.file)].text;
            let (start, end) = (span.start as usize, span.end as usize);
            if let Some(hidden) = text.get(start..end) {
                let asterisks: String =
                    hidden.bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }).collect();
                text.replace_range(start..end, &asterisks);
            }
        }
        copy
    }

    /// Every file with its id, in the order added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        (self.before + 1..).filter_map(NonZeroU32::new).map(FileId).zip(&self.files)
    }
}

#[cfg(test)]
mod tests {
    use super::{Sources, Span};

    #[test]
    fn columns_count_characters() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "title: x\nтема: y\n");
        let start = u32::try_from("title: x\nтема: ".len()).expect("short");
        let position = sources.position(Span { file, start, end: start + 1 });
        assert_eq!((position.line, position.column), (2, 7));
        assert_eq!(sources.slice(Span { file, start, end: start + 1 }), "y");
    }
}
