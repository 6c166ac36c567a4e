//! Target times: the longest time until a response or a resolution, such as `30m`, `PT4H` or `2 business days`.
//!
//! Hours and minutes count only while the calendar is open. Business days end at the close of the n-th day with opening
//! hours. Plain days are ambiguous and therefore refused (rule E412).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::invalid_value::InvalidValue;
use super::parts::short_parts;

/// The length of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetTime {
    /// Seconds of open time.
    Seconds(u32),
    /// Days with open hours.
    BusinessDays(u32),
}

/// The longest target, in seconds: one year.
const SECONDS_LIMIT: i64 = 366 * 24 * 3600;

impl TargetTime {
    /// The number of plain days in `text` (`1 day`, `2d`, `P1D`), which rule E412 reports.
    pub fn plain_days(text: &str) -> Option<u32> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let iso = text.strip_prefix('P').and_then(|rest| rest.strip_suffix('D'));
        match (iso, text[digits..].trim_start()) {
            (Some(count), _) => count.parse().ok(),
            (None, "d" | "day" | "days") => text[..digits].parse().ok(),
            (None, _) => None,
        }
    }

    /// Parses `30m`, `4h`, `1h30m`, `PT4H` or `2 business days`.
    pub fn read(text: &str) -> Result<Self, InvalidValue> {
        let invalid = || {
            InvalidValue::new(
                format!("`{text}` is not a duration"),
                "write a target as 30m, 4h, 1h30m, PT4H or 2 business days",
            )
        };
        if let Some(days) = Self::plain_days(text) {
            let (hours, business_days) = (u64::from(days) * 24, Self::BusinessDays(days));
            return Err(InvalidValue::new(
                format!("`{text}` is ambiguous: {hours} hours or {business_days}"),
                format!("write `{hours}h`, or `{business_days}`"),
            ));
        }
        if let Some(count) =
            text.strip_suffix(" business days").or_else(|| text.strip_suffix(" business day"))
        {
            let count = count.parse().ok().filter(|count| *count <= 366);
            return count.map(Self::BusinessDays).ok_or_else(invalid);
        }
        let parts = match text.strip_prefix("PT") {
            Some(rest) => short_parts(&rest.to_ascii_lowercase()).map(total_seconds),
            None => short_parts(text).map(total_seconds),
        };
        let seconds = parts.flatten().ok_or_else(invalid)?;
        if seconds > SECONDS_LIMIT {
            let limit = SECONDS_LIMIT / 3600;
            return Err(InvalidValue::new(
                format!("`{text}` is longer than {limit}h, the longest target"),
                "write a shorter target, or leave it out",
            ));
        }
        u32::try_from(seconds).map(Self::Seconds).map_err(|_| invalid())
    }

    /// Whether the target is zero.
    pub fn is_zero(self) -> bool {
        matches!(self, Self::Seconds(0) | Self::BusinessDays(0))
    }

    /// Whether `self` is longer than `other`; `None` where the two cannot be compared without a calendar.
    pub fn is_weaker_than(self, other: Self) -> Option<bool> {
        match (self, other) {
            (Self::Seconds(own), Self::Seconds(others))
            | (Self::BusinessDays(own), Self::BusinessDays(others)) => Some(own > others),
            (Self::Seconds(_), Self::BusinessDays(_)) | (Self::BusinessDays(_), Self::Seconds(_)) => None,
        }
    }
}

impl std::fmt::Display for TargetTime {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::BusinessDays(1) => formatter.write_str("1 business day"),
            Self::BusinessDays(days) => write!(formatter, "{days} business days"),
            Self::Seconds(0) => formatter.write_str("0m"),
            Self::Seconds(seconds) => {
                for (count, unit) in [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")] {
                    if count != 0 {
                        write!(formatter, "{count}{unit}")?;
                    }
                }
                Ok(())
            }
        }
    }
}

fn total_seconds(parts: Vec<(i64, &str)>) -> Option<i64> {
    parts.into_iter().try_fold(0_i64, |total, (count, unit)| {
        let seconds = match unit {
            "h" => 3600,
            "m" => 60,
            "s" => 1,
            _ => return None,
        };
        total.checked_add(count.checked_mul(seconds)?)
    })
}
