//! Colour and width of a rendered text, which the shell chooses. A colour never carries information alone: a sign or
//! a word always has the same meaning.

use anstyle::{AnsiColor, Style};

/// Colour and width of a text for a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    /// Whether colours are on.
    pub colour: bool,
    /// The width in columns, at least [`Paint::NARROWEST`].
    pub width: usize,
}

impl Paint {
    /// The default width, in columns.
    pub const WIDTH: usize = 100;
    /// The width where nothing is wrapped, in columns.
    pub const UNBOUND: usize = usize::MAX;
    /// The smallest width that a page can be laid out in, in columns.
    pub const NARROWEST: usize = 40;

    /// Without colours, at the default width.
    pub const PLAIN: Paint = Paint { colour: false, width: Self::WIDTH };

    /// With colours, at the default width.
    pub const COLOURED: Paint = Paint { colour: true, width: Self::WIDTH };

    /// At the default width, with or without colours.
    pub fn of(colour: bool) -> Self {
        Self { colour, ..Self::PLAIN }
    }

    /// The same at another width.
    #[must_use]
    pub fn wide(self, width: usize) -> Self {
        Self { width, ..self }
    }

    pub(super) fn columns(self) -> usize {
        self.width.max(Self::NARROWEST)
    }
}

/// The role of a piece of text, which determines its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    /// Ordinary text.
    #[default]
    Plain,
    /// A name or a total.
    Strong,
    /// Less important than the rest.
    Quiet,
    /// Something that is added.
    Gain,
    /// Something that is removed.
    Loss,
    /// Something that changes.
    Shift,
    /// Something that must not be overlooked.
    Alarm,
}

impl Tone {
    pub(super) fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Quiet => Style::new().dimmed(),
            Self::Gain => AnsiColor::Green.on_default(),
            Self::Loss => AnsiColor::Red.on_default(),
            Self::Shift => AnsiColor::Yellow.on_default(),
            Self::Alarm => AnsiColor::Red.on_default().bold(),
        }
    }
}
