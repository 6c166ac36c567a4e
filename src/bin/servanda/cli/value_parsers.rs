//! What is typed as a day, an instant or a length of time becomes one, or a sentence that says how to write it.

use servanda::author::EffectiveFrom;
use servanda::calendar::{Day, InvalidValue, Lead, Term, read_day, read_instant};

/// A day.
pub(crate) fn day(text: &str) -> Result<Day, String> {
    read_day(text).map_err(|misread| said(&misread))
}

/// A length of a period.
pub(crate) fn term(text: &str) -> Result<Term, String> {
    Term::read(text).map_err(|misread| said(&misread))
}

/// A number of days.
pub(crate) fn lead(text: &str) -> Result<Lead, String> {
    Lead::read(text).map_err(|misread| said(&misread))
}

/// A day, or an instant.
pub(crate) fn moment(text: &str) -> Result<EffectiveFrom, String> {
    if text.contains('T') {
        read_instant(text).map(EffectiveFrom::Instant)
    } else {
        read_day(text).map(EffectiveFrom::Day)
    }
    .map_err(|misread| said(&misread))
}

/// What is wrong and what to do, in one line.
pub(crate) fn said(misread: &InvalidValue) -> String {
    format!("{}; {}", misread.message, misread.help)
}
