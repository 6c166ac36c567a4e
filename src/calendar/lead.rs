//! How far ahead of a day something is told or due: `60d`, `2w`, `P30D`; a text becomes days.

use super::invalid_value::InvalidValue;
use super::term::Term;

/// A whole number of days ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lead {
    /// Days; 0 is the day itself.
    pub days: i32,
}

impl Lead {
    /// Reads `60d`, `2w`, `0d` or `P30D`.
    pub fn read(text: &str) -> Result<Self, InvalidValue> {
        if matches!(text, "0d" | "P0D") {
            return Ok(Self { days: 0 });
        }
        let misread = || {
            InvalidValue::new(
                format!("`{text}` is no number of days"),
                "write a lead as 60d or 2w, or in ISO 8601 as P60D",
            )
        };
        match Term::read(text) {
            Ok(term) if term.months == 0 => Ok(Self { days: term.days }),
            Ok(_) | Err(_) => Err(misread()),
        }
    }
}

impl std::fmt::Display for Lead {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}d", self.days)
    }
}
