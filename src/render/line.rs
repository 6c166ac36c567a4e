//! A line for people, independent of the sink: pieces of text, each with its tone and its origin.
//!
//! Nothing is encoded here. A terminal ([`super::terminal`]), Markdown and HTML write the same pieces, each with its own
//! encoder for foreign text; so the three cannot contain different facts.

use crate::render::style::Tone;

/// One line of any length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line(Vec<LinePiece>);

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LinePiece {
    /// Its role, which determines the colour.
    pub(super) tone: Tone,
    /// Its origin, which determines the encoding.
    pub(super) kind: PieceKind,
    /// The text, not encoded.
    pub(super) text: String,
}

/// The origin of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// A sentence of Servanda.
    Own,
    /// A name, an id or a value from files or the helpdesk.
    Foreign,
    /// The same, in quotation marks.
    Quoted,
    /// A literal: a key, an option, a slug.
    Code,
    /// A deleted part of a long text.
    Deleted,
    /// An inserted part of a long text.
    Inserted,
}

impl Line {
    /// An empty line.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A line of one plain piece of Servanda's.
    pub(super) fn of(text: &str) -> Self {
        Self::new().text(text)
    }

    /// Adds plain text of Servanda's.
    pub(super) fn text(self, text: &str) -> Self {
        self.toned(Tone::Plain, text)
    }

    /// Adds text of Servanda's in a tone.
    pub(super) fn toned(self, tone: Tone, text: &str) -> Self {
        self.piece(tone, PieceKind::Own, text)
    }

    /// Adds plain foreign text.
    pub(super) fn foreign(self, text: &str) -> Self {
        self.foreign_toned(Tone::Plain, text)
    }

    /// Adds foreign text in a tone.
    pub(super) fn foreign_toned(self, tone: Tone, text: &str) -> Self {
        self.piece(tone, PieceKind::Foreign, text)
    }

    /// Adds foreign text in quotation marks.
    pub(super) fn quoted(self, text: &str) -> Self {
        self.piece(Tone::Plain, PieceKind::Quoted, text)
    }

    /// Adds a literal.
    pub(super) fn code(self, text: &str) -> Self {
        self.piece(Tone::Plain, PieceKind::Code, text)
    }

    /// Adds a piece of any kind, unless it is empty.
    pub(super) fn piece(mut self, tone: Tone, kind: PieceKind, text: &str) -> Self {
        if !text.is_empty() {
            self.0.push(LinePiece { tone, kind, text: text.to_owned() });
        }
        self
    }

    /// Appends another line.
    pub(super) fn join(mut self, other: Line) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Joins lines with commas.
    pub(super) fn comma_separated(items: impl IntoIterator<Item = Line>) -> Self {
        items.into_iter().fold(
            Self::new(),
            |line, item| {
                if line.is_empty() { item } else { line.text(", ").join(item) }
            },
        )
    }

    /// Whether it contains no piece.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its pieces in order.
    pub(super) fn pieces(&self) -> &[LinePiece] {
        &self.0
    }
}
