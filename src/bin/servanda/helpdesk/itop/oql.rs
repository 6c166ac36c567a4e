//! Values inside its query language. Nothing from outside gets into a query but through here.

/// A text in quotes.
pub(super) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A text that holds this one. What would stand for any sign stands for more than itself here, so that the
/// objects found are to be looked at.
pub(super) fn holding(part: &str) -> String {
    text(&format!("%{part}%"))
}

/// Numbers in a list.
pub(super) fn list(numbers: impl IntoIterator<Item = u64>) -> String {
    let numbers: Vec<String> = numbers.into_iter().map(|number| number.to_string()).collect();
    format!("({})", numbers.join(","))
}

/// A query for an object by its number, with what else must hold.
pub(super) fn one(class: &str, number: u64, conditions: &[String]) -> String {
    let mut query = format!("SELECT {class} WHERE id = {number}");
    for condition in conditions {
        query.push_str(" AND ");
        query.push_str(condition);
    }
    query
}
