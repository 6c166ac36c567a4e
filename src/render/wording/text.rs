//! A text in both languages: with values for its places it becomes a line.
//!
//! A text has places for values (`{day}`), and forms of a word after a number (`[n|change|changes]`): two in English (one,
//! many), three in Russian (one, few, many). The compiler demands both languages, and the tests below compare their places.

use crate::render::line::Line;
use crate::render::locale::form;
use crate::render::style::Tone;
use crate::settings::Language;

/// Declares texts, and in tests the list of all of them.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $english:literal, $russian:literal;)*) => {
        $(
            $(#[$doc])*
            pub(in crate::render) const $name: $crate::render::wording::Text = $crate::render::wording::Text::new($english, $russian);
        )*
        #[cfg(test)]
        pub(super) const ALL: &[(&str, $crate::render::wording::Text)] = &[$((stringify!($name), $name)),*];
    };
}

/// A sentence or a part of one, in both languages.
#[derive(Clone, Copy, Debug)]
pub(in crate::render) struct Text {
    pub(super) english: &'static str,
    pub(super) russian: &'static str,
}

/// A value for a place of a text.
pub(in crate::render) enum Value {
    /// A number, which also selects forms of words.
    Number(usize),
    /// A part of a line, with its own tones and origin.
    Line(Line),
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(number)
    }
}

impl From<Line> for Value {
    fn from(line: Line) -> Self {
        Self::Line(line)
    }
}

impl From<&Line> for Value {
    fn from(line: &Line) -> Self {
        Self::Line(line.clone())
    }
}

/// Words of Servanda's, such as another text or a date.
impl From<&str> for Value {
    fn from(words: &str) -> Self {
        Self::Line(Line::of(words))
    }
}

impl From<String> for Value {
    fn from(words: String) -> Self {
        Self::Line(Line::of(&words))
    }
}

impl Text {
    /// A text in both languages.
    pub(in crate::render) const fn new(english: &'static str, russian: &'static str) -> Self {
        Self { english, russian }
    }

    /// The text in a language, which has no places for values.
    pub(in crate::render) const fn of(&self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::Russian => self.russian,
        }
    }

    /// The text with its only value, the number `n`.
    pub(in crate::render) fn count(&self, language: Language, number: usize) -> String {
        self.words(language, &[("n", number.into())])
    }

    /// The text with its values, as words of Servanda's. Values of foreign origin belong into a [`Text::line`].
    pub(in crate::render) fn words(&self, language: Language, values: &[(&str, Value)]) -> String {
        self.line(language, values).words()
    }

    /// The text with its values as a line.
    pub(in crate::render) fn line(&self, language: Language, values: &[(&str, Value)]) -> Line {
        self.toned(language, Tone::Plain, values)
    }

    /// The text with its values as a line, whose own words have a tone.
    pub(in crate::render) fn toned(&self, language: Language, tone: Tone, values: &[(&str, Value)]) -> Line {
        let value = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
        let (mut line, mut rest) = (Line::new(), self.of(language));
        while let Some((before, inside, after)) = place(rest) {
            line = line.toned(tone, before);
            line = match inside.split_once('|') {
                None => match value(inside) {
                    Some(Value::Line(value)) => line.join(value.clone()),
                    Some(Value::Number(number)) => line.toned(tone, &number.to_string()),
                    None => line,
                },
                Some((name, forms)) => match value(name) {
                    Some(Value::Number(number)) => line.toned(tone, form_of(language, *number, forms)),
                    _ => line,
                },
            };
            rest = after;
        }
        line.toned(tone, rest)
    }
}

/// The first place of a text: what is before it, what is inside, and what is after it.
pub(super) fn place(text: &str) -> Option<(&str, &str, &str)> {
    let begin = text.find(['{', '['])?;
    let end = begin + text[begin..].find(['}', ']'])?;
    Some((&text[..begin], &text[begin + 1..end], &text[end + 1..]))
}

/// The form of a word after a number.
fn form_of(language: Language, number: usize, forms: &'static str) -> &'static str {
    let nth = |index: usize| forms.split('|').nth(index).unwrap_or_default();
    match language {
        Language::English => nth(usize::from(number != 1)),
        Language::Russian => form(i64::try_from(number).unwrap_or(i64::MAX), nth(0), nth(1), nth(2)),
    }
}
