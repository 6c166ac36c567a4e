//! The texts that diagnostics point into: byte spans become a path, a line and a column.
//!
//! This module gets texts and gives places; it reads no file.

/// A file of this run, by its place in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A run of bytes in one file, half-open. `start == end` names a place between two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// What people call a place: lines and columns from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Position {
    /// The path as given, relative to the repository.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// One file: its path relative to the repository, and its text (empty where it could not be read as text).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path relative to the repository, with `/` between its parts.
    pub path: String,
    /// The text.
    pub text: String,
}

/// All files of a run.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Span {
    /// The whole file, or a fault that has no place within it.
    pub fn of_file(file: FileId) -> Self {
        Self { file, start: 0, end: 0 }
    }
}

impl Sources {
    /// Takes in a file.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = FileId(u32::try_from(self.0.len()).expect("a repository has fewer than 2^32 files"));
        self.0.push(Source { path: path.into(), text: text.into() });
        id
    }

    /// Empty places for all of these files, so that what is added to them has an id that none of these has.
    #[must_use]
    pub fn placeholders(&self) -> Self {
        Self(self.0.iter().map(|_| Source { path: String::new(), text: String::new() }).collect())
    }

    /// The file's path.
    pub fn path(&self, file: FileId) -> &str {
        &self.0[file.0 as usize].path
    }

    /// The file's text.
    pub fn text(&self, file: FileId) -> &str {
        &self.0[file.0 as usize].text
    }

    /// The text that a span covers; empty where the span lies outside of the text.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file).get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Line and column of a span's first byte.
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

    /// A copy in which the text of some spans is blotted out, at the same places: for showing lines that hold secrets.
    #[must_use]
    pub fn redacted(&self, spans: impl IntoIterator<Item = Span>) -> Self {
        let mut copy = self.clone();
        for span in spans {
            let text = &mut copy.0[span.file.0 as usize].text;
            let (start, end) = (span.start as usize, span.end as usize);
            if let Some(hidden) = text.get(start..end) {
                let blot: String =
                    hidden.bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }).collect();
                text.replace_range(start..end, &blot);
            }
        }
        copy
    }

    /// Every file with its id, in the order taken in.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        (0..).map(FileId).zip(&self.0)
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
