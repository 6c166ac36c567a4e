//! Builds queries in OQL, iTop's query language. All values are quoted here, against injection.

/// A quoted text.
pub(super) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A `LIKE` pattern for texts that contain `part`. Wildcards in `part` are not escaped, so that the caller
/// must check the objects found.
pub(super) fn containing(part: &str) -> String {
    text(&format!("%{part}%"))
}

/// A list of numbers.
pub(super) fn list(numbers: impl IntoIterator<Item = u64>) -> String {
    let numbers: Vec<String> = numbers.into_iter().map(|number| number.to_string()).collect();
    format!("({})", numbers.join(","))
}

/// A query for an object by its number, with further conditions.
pub(super) fn one(class: &str, number: u64, conditions: &[String]) -> String {
    let mut query = format!("SELECT {class} WHERE id = {number}");
    for condition in conditions {
        query.push_str(" AND ");
        query.push_str(condition);
    }
    query
}
