//! A line for people before any sink has it: pieces of text, each with its tone and with who says it.
//!
//! Nothing is encoded in here. A terminal ([`super::terminal`]), Markdown and HTML each write the pieces in their own
//! way, and what is not ours goes through their encoder; so the three cannot say different things.

use crate::render::style::Tone;

/// One line, as long as it may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line(Vec<LinePiece>);

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LinePiece {
    /// How it is drawn.
    pub(super) tone: Tone,
    /// Who says it.
    pub(super) kind: PieceKind,
    /// What it says.
    pub(super) text: String,
}

/// Who says a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// Servanda.
    Own,
    /// Files or the helpdesk: a name, an id, a value.
    Foreign,
    /// The same, where it is to stand in quotation marks.
    Quoted,
    /// Something to type or to look for as it stands: a key, a switch, a slug.
    Code,
    /// A part of a long text that goes.
    Deleted,
    /// A part of a long text that comes.
    Inserted,
}

impl Line {
    /// An empty line.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A line of one plain piece of ours.
    pub(super) fn of(text: &str) -> Self {
        Self::new().text(text)
    }

    /// Adds a plain piece of ours.
    pub(super) fn text(self, text: &str) -> Self {
        self.toned(Tone::Plain, text)
    }

    /// Adds a piece of ours.
    pub(super) fn toned(self, tone: Tone, text: &str) -> Self {
        self.piece(tone, PieceKind::Own, text)
    }

    /// Adds a plain piece of theirs.
    pub(super) fn foreign(self, text: &str) -> Self {
        self.foreign_toned(Tone::Plain, text)
    }

    /// Adds a piece of theirs.
    pub(super) fn foreign_toned(self, tone: Tone, text: &str) -> Self {
        self.piece(tone, PieceKind::Foreign, text)
    }

    /// Adds a piece of theirs in quotation marks.
    pub(super) fn quoted(self, text: &str) -> Self {
        self.piece(Tone::Plain, PieceKind::Quoted, text)
    }

    /// Adds a piece to be typed or looked for as it stands.
    pub(super) fn code(self, text: &str) -> Self {
        self.piece(Tone::Plain, PieceKind::Code, text)
    }

    /// Adds a piece.
    pub(super) fn piece(mut self, tone: Tone, kind: PieceKind, text: &str) -> Self {
        if !text.is_empty() {
            self.0.push(LinePiece { tone, kind, text: text.to_owned() });
        }
        self
    }

    /// Adds another line's pieces.
    pub(super) fn join(mut self, other: Line) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Lines one behind the other, with commas between them.
    pub(super) fn comma_separated(items: impl IntoIterator<Item = Line>) -> Self {
        items.into_iter().fold(
            Self::new(),
            |line, item| {
                if line.is_empty() { item } else { line.text(", ").join(item) }
            },
        )
    }

    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its pieces in order.
    pub(super) fn pieces(&self) -> &[LinePiece] {
        &self.0
    }
}

#[cfg(test)]
impl std::fmt::Display for Line {
    /// As a terminal shows it, for tests.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|piece| formatter.write_str(&super::terminal::written(piece)))
    }
}
