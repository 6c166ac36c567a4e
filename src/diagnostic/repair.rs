//! Repairs of findings that need no decision, such as the nearest known name in place of an unknown one.

use super::source::{FileId, Sources, Span};

/// The spaces in place of a tab of an indentation.
const TAB: &str = "  ";

/// A repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Another text in place of a word, which may be written in quotes.
    Word {
        /// The position of the word.
        span: Span,
        /// The word as it is.
        wrong: String,
        /// The word as it should be.
        right: String,
    },
    /// Spaces in place of the tabs that lines of a file are indented with.
    Tabs(FileId),
    /// Another name of the file in its folder.
    Rename(FileId, String),
}

impl Repair {
    /// The span whose text is replaced, and the new text. `None` for a new name, and where the file does not contain the
    /// word at its position.
    pub fn edit(&self, sources: &Sources) -> Option<(Span, String)> {
        match self {
            Self::Word { span, wrong, right } => {
                let written = sources.slice(*span);
                let quotes = ["", "'", "\""];
                let quote = quotes.iter().find(|quote| written == format!("{quote}{wrong}{quote}"))?;
                Some((*span, format!("{quote}{right}{quote}")))
            }
            Self::Tabs(file) => {
                let text = sources.text(*file);
                let lines = text.split_inclusive('\n').map(|line| {
                    let entry = line.trim_start_matches([' ', '\t']);
                    let indent = &line[..line.len() - entry.len()];
                    indent.replace('\t', TAB) + entry
                });
                let end = u32::try_from(text.len()).ok()?;
                Some((Span { file: *file, start: 0, end }, lines.collect()))
            }
            Self::Rename(..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Repair;
    use crate::diagnostic::{Sources, Span};

    #[test]
    fn a_word_keeps_its_quotes_and_another_word_is_left_alone() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "a: 'x'\nb: x y\n\tc: d\t\n");
        let word = |start, end| {
            let span = Span { file, start, end };
            Repair::Word { span, wrong: "x".to_owned(), right: "z".to_owned() }
        };
        assert_eq!(word(3, 6).edit(&sources).map(|(_, text)| text), Some("'z'".to_owned()));
        assert_eq!(word(10, 11).edit(&sources).map(|(_, text)| text), Some("z".to_owned()));
        assert_eq!(word(10, 13).edit(&sources), None);
        let tabs = Repair::Tabs(file).edit(&sources).map(|(_, text)| text);
        assert_eq!(tabs.as_deref(), Some("a: 'x'\nb: x y\n  c: d\t\n"));
    }
}
