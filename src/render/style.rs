//! Whether and how a rendered text is coloured, and how wide it is. The shell decides both; nothing in here
//! looks at a terminal. Colour never carries a meaning alone: a mark or a word always says the same.

use anstyle::{AnsiColor, Style};

/// How a text for a terminal is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    /// Whether colours are on.
    pub colour: bool,
    /// How many columns a line may take. Fewer than [`Paint::NARROWEST`] count as that many.
    pub width: usize,
}

impl Paint {
    /// The width where nobody says another.
    pub const WIDTH: usize = 100;
    /// Below this nothing can be laid out.
    pub const NARROWEST: usize = 40;

    /// Without colours, at the usual width.
    pub const PLAIN: Paint = Paint { colour: false, width: Self::WIDTH };

    /// With colours, at the usual width.
    pub const COLOURED: Paint = Paint { colour: true, width: Self::WIDTH };

    /// At the usual width, with colours where they are wanted.
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

/// What a piece of text is, of which its colour follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing in particular.
    #[default]
    Plain,
    /// A name or a total.
    Strong,
    /// Less important than the rest.
    Quiet,
    /// Something that comes.
    Gain,
    /// Something that goes.
    Loss,
    /// Something that becomes another.
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
