//! A line within HTML. Foreign text is put in an element of its own, so that its writing direction affects nothing else.

use std::fmt::Write as _;

use crate::render::encode;
use crate::render::line::{Line, LinePiece, PieceKind};
use crate::render::style::Tone;

/// A line as HTML.
pub(super) fn inline(line: &Line) -> String {
    line.pieces().iter().fold(String::new(), |mut html, piece| {
        self::piece(&mut html, piece);
        html
    })
}

fn piece(html: &mut String, piece: &LinePiece) {
    let text = encode::html(&piece.text);
    let title = match piece.id.as_str() {
        "" => String::new(),
        id => format!(" title=\"{}\"", encode::html(id)),
    };
    let (open, close) = match piece.kind {
        PieceKind::Own => (String::new(), ""),
        PieceKind::Title => (format!("<bdi{title}>"), "</bdi>"),
        PieceKind::Foreign | PieceKind::Quoted => ("<bdi class=\"value\">".to_owned(), "</bdi>"),
        PieceKind::Code => ("<code>".to_owned(), "</code>"),
        PieceKind::Deleted => ("<del><bdi>".to_owned(), "</bdi></del>"),
        PieceKind::Inserted => ("<ins><bdi>".to_owned(), "</bdi></ins>"),
    };
    let class = match piece.tone {
        _ if matches!(piece.kind, PieceKind::Deleted | PieceKind::Inserted) => "",
        Tone::Plain => "",
        Tone::Strong => "strong",
        Tone::Quiet => "quiet",
        Tone::Gain => "gain",
        Tone::Loss => "loss",
        Tone::Shift => "shift",
        Tone::Alarm => "alarm",
    };
    let written = if class.is_empty() {
        write!(html, "{open}{text}{close}")
    } else {
        write!(html, "<span class=\"{class}\">{open}{text}{close}</span>")
    };
    written.expect("a string takes all that is written");
}
