//! How the next agreement of a chain is called, and where its file stands.

use crate::calendar::Day;
use crate::ident::AgreementId;

/// The id of the file that follows on from one: the next year where its name ends in a year, else a number behind it.
///
/// ```
/// use servanda::author::next_id;
/// let day = jiff::civil::date(2027, 2, 1);
/// assert_eq!(next_id("severny-veter-2026", day, |_| false), "severny-veter-2027");
/// assert_eq!(next_id("severny-veter-2026", day, |id| id == "severny-veter-2027"), "severny-veter-2027-2");
/// assert_eq!(next_id("yantar-hotel", day, |_| false), "yantar-hotel-2");
/// assert_eq!(next_id("yantar-hotel-2", day, |_| false), "yantar-hotel-3");
/// ```
pub fn next_id(stem: &str, first_day: Day, is_taken: impl Fn(&str) -> bool) -> String {
    let base = match split_year(stem) {
        // Contracts of three years skip two names, and those of half a year share one.
        Some((head, year)) => format!("{head}{}", i32::from(first_day.year()).max(year + 1)),
        None => split_number(stem)
            .map_or_else(|| format!("{stem}-2"), |(head, number)| format!("{head}{}", number + 1)),
    };
    let (head, number) = split_number(&base).unwrap_or((&base, 1));
    let separator = if head.len() == base.len() { "-" } else { "" };
    let others = (number + 1..).map(|number| format!("{head}{separator}{number}"));
    std::iter::once(base.clone()).chain(others).find(|id| !is_taken(id)).unwrap_or_else(|| base.clone())
}

/// The path of a file that follows on from one at `path`: in the same folder, or in the next year's where the folder is
/// called by the year that its name ends in.
pub fn next_path(path: &str, id: &str) -> String {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let years = split_year(stem).map(|(_, year)| year.to_string()).zip(year_of(id));
    let parts = folder.split('/').map(|part| match &years {
        Some((old, new)) if part == old => new.as_str(),
        _ => part,
    });
    let folder: Vec<&str> = parts.collect();
    if folder == [""] { format!("{id}.yaml") } else { format!("{}/{id}.yaml", folder.join("/")) }
}

/// The year that the name of an agreement ends in, before a number that tells several of one year apart.
fn year_of(id: &str) -> Option<String> {
    let id = AgreementId::new(id)?;
    let stem = id.as_str();
    let year = split_year(stem).or_else(|| split_year(split_number(stem)?.0.trim_end_matches('-')));
    year.map(|(_, year)| year.to_string())
}

/// The part before a year at the end of a name, and the year.
fn split_year(stem: &str) -> Option<(&str, i32)> {
    let at = stem.len().checked_sub(4).filter(|at| stem.is_char_boundary(*at))?;
    let (head, year) = stem.split_at(at);
    let is_year = year.starts_with("19") || year.starts_with("20");
    let stands_alone = head.is_empty() || head.ends_with(['-', '_', '.']);
    (is_year && stands_alone).then(|| year.parse().ok()).flatten().map(|year| (head, year))
}

/// The part before a small number at the end of a name, with its hyphen, and the number.
fn split_number(stem: &str) -> Option<(&str, u32)> {
    let head = stem.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let digits = &stem[head.len()..];
    let is_small = (1..=2).contains(&digits.len()) && !digits.starts_with('0') && head.ends_with('-');
    is_small.then(|| digits.parse().ok()).flatten().map(|number| (head, number))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{next_id, next_path};

    #[test]
    fn a_year_is_followed_by_the_one_that_the_agreement_begins_in() {
        for (stem, year, expected) in [
            ("kofe-zerno-2025", 2026, "kofe-zerno-2026"),
            ("kofe-zerno-2026", 2026, "kofe-zerno-2027"),
            ("warranty-2026", 2029, "warranty-2029"),
            ("2026", 2027, "2027"),
            ("client-0001-02-00", 2027, "client-0001-02-00-2"),
            ("dent-9", 2027, "dent-10"),
            ("a1999", 2027, "a1999-2"),
        ] {
            assert_eq!(next_id(stem, date(year, 1, 1), |_| false), expected);
        }
        let taken = ["a-2027", "a-2027-2", "b-2"];
        assert_eq!(next_id("a-2026", date(2027, 1, 1), |id| taken.contains(&id)), "a-2027-3");
        assert_eq!(next_id("b", date(2027, 1, 1), |id| taken.contains(&id)), "b-3");
    }

    #[test]
    fn a_folder_of_a_year_is_left_for_the_next() {
        for (path, id, expected) in [
            ("agreements/2026/a-2026.yaml", "a-2027", "agreements/2027/a-2027.yaml"),
            ("agreements/2026/a-2026.yaml", "a-2027-2", "agreements/2027/a-2027-2.yaml"),
            ("agreements/2025/a-2026.yaml", "a-2027", "agreements/2025/a-2027.yaml"),
            ("agreements/a.yaml", "a-2", "agreements/a-2.yaml"),
        ] {
            assert_eq!(next_path(path, id), expected);
        }
    }
}
