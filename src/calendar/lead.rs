//! Lead times: the number of days before an event, such as `60d`, `2w` or `P30D`.

use super::invalid_value::InvalidValue;
use super::term::Term;

/// A lead time in whole days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lead {
    /// The number of days; 0 is the day of the event.
    pub days: i32,
}

impl Lead {
    /// Parses `60d`, `2w`, `0d` or `P30D`.
    pub fn read(text: &str) -> Result<Self, InvalidValue> {
        if matches!(text, "0d" | "P0D") {
            return Ok(Self { days: 0 });
        }
        let invalid = || {
            InvalidValue::new(
                format!("`{text}` is not a number of days"),
                "write a lead time as 60d or 2w, or in ISO 8601 as P60D",
            )
        };
        match Term::read(text) {
            Ok(term) if term.months == 0 => Ok(Self { days: term.days }),
            Ok(_) | Err(_) => Err(invalid()),
        }
    }
}

impl std::fmt::Display for Lead {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}d", self.days)
    }
}
