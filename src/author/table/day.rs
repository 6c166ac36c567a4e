//! Days as spreadsheets write them.

use crate::calendar::{Day, InvalidValue, read_day};

/// Parses a day such as `2026-02-01` or `01.02.2026`, also with a midnight behind it.
pub(super) fn table_day(text: &str) -> Result<Day, InvalidValue> {
    let text = text.split_once([' ', 'T']).filter(|(_, time)| is_midnight(time)).map_or(text, |(day, _)| day);
    let parts = |mark: char| -> Option<[&str; 3]> { text.split(mark).collect::<Vec<_>>().try_into().ok() };
    let is_number =
        |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(dotted) = parts('.').filter(|parts| parts.iter().all(is_number)) {
        let [day, month, year] = dotted;
        if year.len() == 4 && day.len() <= 2 && month.len() <= 2 {
            return read_day(&format!("{year}-{month:0>2}-{day:0>2}"));
        }
        return Err(InvalidValue::new(
            format!("the year of `{text}` does not have four digits"),
            "write the day as 01.02.2026 or 2026-02-01",
        ));
    }
    if let Some([first, second, year]) = parts('/').filter(|parts| parts.iter().all(is_number)) {
        return Err(InvalidValue::new(
            format!("`{text}` could be day {first} of month {second}, or day {second} of month {first}"),
            format!("write the day as {year}-{first:0>2}-{second:0>2} or {year}-{second:0>2}-{first:0>2}"),
        ));
    }
    if let Some(day) = spreadsheet_day(text) {
        return Err(InvalidValue::new(
            format!("`{text}` is the number that a spreadsheet has for a day"),
            format!("format the column as a date; if it is {day}, write that"),
        ));
    }
    read_day(text).map_err(|error| InvalidValue {
        help: error.help.replace("YYYY-MM-DD, such as 2026-02-01", "2026-02-01 or 01.02.2026"),
        ..error
    })
}

fn is_midnight(time: &str) -> bool {
    matches!(time.trim(), "0:00" | "00:00" | "0:00:00" | "00:00:00")
}

/// The day that Excel counts by this number, from 30 December 1899, of the years 2000 to 2099.
fn spreadsheet_day(text: &str) -> Option<Day> {
    let number: i32 = text.parse().ok().filter(|number| (36_526..73_051).contains(number))?;
    Day::constant(1899, 12, 30).checked_add(jiff::Span::new().days(number)).ok()
}

#[cfg(test)]
mod tests {
    use super::table_day;

    #[test]
    fn days_of_spreadsheets_are_read_or_explained() {
        for text in ["2026-02-01", "01.02.2026", "1.2.2026", "01.02.2026 0:00:00", "2026-02-01 00:00:00"] {
            assert_eq!(table_day(text).map(|day| day.to_string()), Ok("2026-02-01".to_owned()), "{text}");
        }
        for (text, message) in [
            ("30.02.2026", "the day 2026-02-30 does not exist"),
            ("01.02.26", "the year of `01.02.26` does not have four digits"),
            ("01/02/2026", "`01/02/2026` could be day 01 of month 02, or day 02 of month 01"),
            ("46054", "`46054` is the number that a spreadsheet has for a day"),
            ("tomorrow", "`tomorrow` is not a day"),
            ("2026-02-01 09:30", "`2026-02-01 09:30` is not a day"),
        ] {
            assert_eq!(table_day(text).map_err(|error| error.message), Err(message.to_owned()), "{text}");
        }
        let help = table_day("46054").expect_err("a number").help;
        assert!(help.contains("2026-02-01"), "{help}");
    }
}
