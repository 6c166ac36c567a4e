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
    /// The id of the object that the text is the title of; empty if it is none.
    pub(super) id: String,
}

/// The origin of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// A sentence of Servanda.
    Own,
    /// A name, an id or a value from files or the helpdesk.
    Foreign,
    /// The title of an agreement, client, service or other object, from files or the helpdesk.
    Title,
    /// A foreign text in quotation marks.
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

    /// Adds the title of an agreement or a client.
    pub(super) fn title(self, tone: Tone, text: &str) -> Self {
        self.piece(tone, PieceKind::Title, text)
    }

    /// Adds the title of an object with its id, which outputs may hide.
    pub(super) fn object(mut self, title: &str, id: &str) -> Self {
        let (text, id) = (title.to_owned(), id.to_owned());
        self.0.push(LinePiece { tone: Tone::Plain, kind: PieceKind::Title, text, id });
        self
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
        match self.0.last_mut() {
            // Own words that are composed of several texts are one piece.
            Some(last) if (last.tone, last.kind) == (tone, PieceKind::Own) && kind == PieceKind::Own => {
                last.text.push_str(text);
            }
            _ if text.is_empty() => {}
            _ => self.0.push(LinePiece { tone, kind, text: text.to_owned(), id: String::new() }),
        }
        self
    }

    /// Appends another line.
    pub(super) fn join(self, other: Line) -> Self {
        other.0.into_iter().fold(self, |mut line, piece| {
            if piece.kind == PieceKind::Own {
                return line.toned(piece.tone, &piece.text);
            }
            line.0.push(piece);
            line
        })
    }

    /// The same line, whose plain pieces have a tone.
    pub(super) fn with_tone(mut self, tone: Tone) -> Self {
        for piece in self.0.iter_mut().filter(|piece| piece.tone == Tone::Plain) {
            piece.tone = tone;
        }
        self
    }

    /// The text of all pieces, not encoded.
    pub(super) fn words(&self) -> String {
        self.0.iter().map(|piece| piece.text.as_str()).collect()
    }

    /// The same line, in which objects have their ids beside their titles.
    pub(super) fn with_ids(self) -> Self {
        self.0.into_iter().fold(Self::new(), |mut line, mut piece| {
            let id = std::mem::take(&mut piece.id);
            line.0.push(piece);
            if id.is_empty() { line } else { line.text(" [").foreign(&id).text("]") }
        })
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
