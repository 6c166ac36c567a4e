//! Lead times: how long before a day something happens, such as `60d`, `2mo` or `P30D`.

use super::day::Day;
use super::invalid_value::InvalidValue;
use super::term::Term;

/// A lead time in months and days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lead {
    /// Years and months together, in months.
    pub months: i32,
    /// Weeks and days together, in days; 0 without months is the day itself.
    pub days: i32,
}

impl Lead {
    /// Creates a lead time of whole days.
    pub const fn of_days(days: i32) -> Self {
        Self { months: 0, days }
    }

    /// Parses `60d`, `2w`, `2mo`, `1y`, `0d`, sums of them, or ISO 8601 (`P30D`, `P2M`).
    pub fn read(text: &str) -> Result<Self, InvalidValue> {
        if matches!(text, "0d" | "P0D") {
            return Ok(Self::of_days(0));
        }
        let term = Term::read(text).map_err(|_| {
            InvalidValue::new(
                format!("`{text}` is not a lead time"),
                "write a lead time as 60d, 2w or 2mo, or in ISO 8601 as P60D or P2M",
            )
        })?;
        Ok(Self { months: term.months, days: term.days })
    }

    /// Parses a lead time that does not depend on a day: `3d`, `1w` or `P3D`.
    pub fn read_days(text: &str) -> Result<i32, InvalidValue> {
        match Self::read(text) {
            Ok(Self { months: 0, days }) => Ok(days),
            Ok(_) | Err(_) => Err(InvalidValue::new(
                format!("`{text}` is not a number of days"),
                "write it as 3d or 1w, or in ISO 8601 as P3D",
            )),
        }
    }

    /// The day that is this lead time before a day; `None` before the year -9999.
    ///
    /// Where the month does not have the day, it is the last day of that month: one month before 31 December is
    /// 30 November. Months are subtracted first, then days.
    pub fn before(self, day: Day) -> Option<Day> {
        let months = jiff::Span::new().try_months(self.months).ok()?;
        let days = jiff::Span::new().try_days(self.days).ok()?;
        day.checked_sub(months).ok()?.checked_sub(days).ok()
    }

    /// Whether a day is today, or this time before it has begun.
    pub fn reaches(self, day: Day, today: Day) -> bool {
        today <= day && self.before(day).is_none_or(|from| from <= today)
    }

    /// The mean length in 1/4800 days: 4800 months have 146097 days. The months distinguish what has the same length.
    fn mean_length(self) -> (i64, i32) {
        (i64::from(self.months) * 146_097 + i64::from(self.days) * 4_800, self.months)
    }
}

/// Orders lead times by their mean length. Two may have another order before a certain day: `1mo` and `30d`.
impl From<Lead> for String {
    fn from(lead: Lead) -> Self {
        lead.to_string()
    }
}

impl TryFrom<String> for Lead {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::read(&text).map_err(|misread| misread.message)
    }
}

impl Ord for Lead {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.mean_length().cmp(&other.mean_length())
    }
}

impl PartialOrd for Lead {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl std::fmt::Display for Lead {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self { months: 0, days: 0 } => formatter.write_str("0d"),
            Self { months, days } => Term { months: *months, days: *days }.fmt(formatter),
        }
    }
}
