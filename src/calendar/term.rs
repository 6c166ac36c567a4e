//! Terms: the length of a period, such as `1y`, `P6M` or `90d`.
//!
//! A term is added to a day, never to an instant. A term that would end on a day that its month does not have ends on
//! the last day of that month (article 192(3) of the Civil Code of Russia, § 188(3) of the German BGB).

use super::day::Day;
use super::invalid_value::InvalidValue;
use super::parts::short_parts;

/// The length of a period in years, months and days. Never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    /// Years and months together, in months.
    pub months: i32,
    /// Weeks and days together, in days.
    pub days: i32,
}

impl Term {
    /// Parses `1y`, `18mo`, `2w`, `90d`, sums of them, or ISO 8601 (`P1Y`, `P6M`, `P90D`).
    pub fn read(text: &str) -> Result<Self, InvalidValue> {
        let invalid = |message: String| {
            InvalidValue::new(message, "write a term as 1y, 6mo, 2w, 90d or in ISO 8601 as P1Y, P6M, P90D")
        };
        let parts = match text.strip_prefix('P') {
            Some(rest) => iso_parts(rest),
            None => short_parts(text),
        };
        let parts = parts.ok_or_else(|| invalid(format!("`{text}` is not a term")))?;
        let (mut months, mut days) = (0_i64, 0_i64);
        for (count, unit) in parts {
            match unit {
                "y" => months += count * 12,
                "mo" => months += count,
                "w" => days += count * 7,
                "d" => days += count,
                "m" => {
                    return Err(InvalidValue::new(
                        "`m` in a term could be minutes or months",
                        format!("write `{count}mo` for months"),
                    ));
                }
                _ => return Err(invalid(format!("`{text}` is not a term"))),
            }
        }
        let narrow = |count: i64| i32::try_from(count).ok().filter(|count| *count <= 36_525);
        match (narrow(months), narrow(days)) {
            (Some(0), Some(0)) => Err(invalid(format!("the term `{text}` is zero"))),
            (Some(months), Some(days)) if months <= 1_200 => Ok(Self { months, days }),
            _ => Err(invalid(format!("`{text}` is longer than 100 years"))),
        }
    }

    /// The first day after `count` periods of this term that begin on `anchor`; `None` after the year 9999.
    ///
    /// All terms are added to the anchor in one step, so that a missing day does not shift later periods. Where the
    /// month does not have the day, the periods end on its last day: 31 January + 1 month is 1 March, + 2 months is
    /// 31 March.
    pub fn after(self, anchor: Day, count: u32) -> Option<Day> {
        let count = i64::from(count);
        let months = jiff::Span::new().try_months(i64::from(self.months) * count).ok()?;
        let days = jiff::Span::new().try_days(i64::from(self.days) * count).ok()?;
        let same_day = anchor.checked_add(months).ok()?;
        let next = if same_day.day() < anchor.day() { same_day.tomorrow().ok()? } else { same_day };
        next.checked_add(days).ok()
    }

    /// The last day of a period of this term: the day before `first_day + term`, or the last day of that month where
    /// `first_day + term` does not exist.
    pub fn last_day(self, first_day: Day) -> Option<Day> {
        self.after(first_day, 1)?.yesterday().ok()
    }
}

impl std::fmt::Display for Term {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (years, months) = (self.months / 12, self.months % 12);
        for (count, unit) in [(years, "y"), (months, "mo"), (self.days, "d")] {
            if count != 0 {
                write!(formatter, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

/// Splits the date part of an ISO 8601 duration, without its `P`.
fn iso_parts(rest: &str) -> Option<Vec<(i64, &'static str)>> {
    let mut parts = Vec::new();
    let mut number = String::new();
    for letter in rest.chars() {
        match letter {
            '0'..='9' if number.len() < 9 => number.push(letter),
            'Y' | 'M' | 'W' | 'D' => {
                let unit = match letter {
                    'Y' => "y",
                    'M' => "mo",
                    'W' => "w",
                    _ => "d",
                };
                parts.push((number.parse().ok()?, unit));
                number.clear();
            }
            _ => return None,
        }
    }
    (number.is_empty() && !parts.is_empty()).then_some(parts)
}
