//! Formats days and numbers in Russian and English.

use crate::calendar::Day;
use crate::settings::Language;

/// Formats a day, such as `31 декабря 2026 г.` or `31 December 2026`.
pub(super) fn date(language: Language, day: Day) -> String {
    const MONTHS: [(&str, &str); 12] = [
        ("января", "January"),
        ("февраля", "February"),
        ("марта", "March"),
        ("апреля", "April"),
        ("мая", "May"),
        ("июня", "June"),
        ("июля", "July"),
        ("августа", "August"),
        ("сентября", "September"),
        ("октября", "October"),
        ("ноября", "November"),
        ("декабря", "December"),
    ];
    let (russian, english) = MONTHS[usize::from(day.month().unsigned_abs()) - 1];
    match language {
        Language::Russian => format!("{}\u{a0}{russian} {}\u{a0}г.", day.day(), day.year()),
        Language::English => format!("{}\u{a0}{english} {}", day.day(), day.year()),
    }
}

/// Formats a day in figures: `2026-12-31`, as files have it, or `31.12.2026`.
pub(super) fn short_date(language: Language, day: Day) -> String {
    match language {
        Language::English => day.to_string(),
        Language::Russian => format!("{:02}.{:02}.{}", day.day(), day.month(), day.year()),
    }
}

/// Formats a duration of hours, minutes and seconds, such as `1 ч 30 мин` or `1h30m`.
pub(super) fn duration(language: Language, seconds: u32) -> String {
    match language {
        Language::Russian => in_units(seconds, ["ч", "мин", "с"], "\u{a0}", "\u{a0}"),
        Language::English => in_units(seconds, ["h", "m", "s"], "", ""),
    }
}

/// Formats a duration for clients, such as `1 ч 30 мин` or `1 h 30 min`.
pub(super) fn duration_in_words(language: Language, seconds: u32) -> String {
    let units = match language {
        Language::Russian => ["ч", "мин", "с"],
        Language::English => ["h", "min", "s"],
    };
    in_units(seconds, units, "\u{a0}", " ")
}

/// The parts of a duration that are not 0, with `inner` before their units and `outer` between them.
fn in_units(seconds: u32, units: [&str; 3], inner: &str, outer: &str) -> String {
    let parts = [seconds / 3600, seconds / 60 % 60, seconds % 60].into_iter().zip(units);
    let parts: Vec<String> = parts
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number}{inner}{unit}"))
        .collect();
    if parts.is_empty() { format!("0{inner}{}", units[1]) } else { parts.join(outer) }
}

/// A last day as it is written in files, or that there is none.
pub(super) fn day_or_open(language: Language, day: Day) -> String {
    match language {
        _ if day != Day::MAX => day.to_string(),
        Language::Russian => "бессрочно".to_owned(),
        Language::English => "no end date".to_owned(),
    }
}

/// Selects the form of a Russian noun after a number: 1 день, 2 дня, 5 дней, 11 дней, 21 день.
pub(super) const fn form<'a>(count: i64, one: &'a str, few: &'a str, many: &'a str) -> &'a str {
    let (tens, units) = (count.abs() % 100, count.abs() % 10);
    match (tens, units) {
        (11..=14, _) => many,
        (_, 1) => one,
        (_, 2..=4) => few,
        _ => many,
    }
}

/// Formats a number of days, such as `21 день` or `21 days`.
pub(super) fn days(language: Language, count: i64) -> String {
    match language {
        Language::Russian => format!("{count}\u{a0}{}", form(count, "день", "дня", "дней")),
        Language::English => format!("{count}\u{a0}{}", if count == 1 { "day" } else { "days" }),
    }
}
