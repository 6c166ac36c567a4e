//! Finds the texts of people that a change would overwrite: what a text field holds beyond what Servanda wrote into it.

use crate::live::{Digest, Value};
use crate::mapping::Field;
use crate::plan::{AppliedAgreement, Change, Risk, Verb};

/// The risk that a change overwrites texts of people; `None` if it overwrites none. Without the last-applied state only a text
/// of several lines is taken for one of people, since no field is written as such.
pub(super) fn risk(change: &Change, applied: Option<&AppliedAgreement>) -> Option<Risk> {
    let is_adopted = change.ownership_key.as_ref().is_some_and(|key| key.before.is_none());
    let is_lost = |field: &Field, before: &Value, after: &Value| {
        let Value::Text(held) = before else { return false };
        let written = match after {
            Value::Text(text) => text.as_str(),
            _ => "",
        };
        match applied {
            _ if is_adopted => !written.contains(held.as_str()),
            Some(applied) if applied.field(field) == Digest::of(before) => false,
            Some(_) => held.contains('\n') || has_more(held, written),
            None => held.contains('\n'),
        }
    };
    let fields = change.fields.iter().filter(|field| field.field.is_text());
    let lost = fields.filter(|field| is_lost(&field.field, &field.before, &field.after));
    let lost: Vec<Field> = lost.map(|field| field.field.clone()).collect();
    (change.verb == Verb::Update && !lost.is_empty()).then_some(Risk::Overwrites(lost))
}

/// Whether a text holds another one as whole words, and more.
fn has_more(held: &str, written: &str) -> bool {
    let is_cut = |before: Option<char>| before.is_none_or(|letter| !letter.is_alphanumeric());
    held.match_indices(written).any(|(at, _)| {
        is_cut(held[..at].chars().next_back()) && is_cut(held[at + written.len()..].chars().next())
    }) || written.is_empty()
}

#[cfg(test)]
mod tests {
    use super::has_more;

    #[test]
    fn a_text_holds_more_where_whole_words_are_added() {
        assert!(has_more("ДО-17 (ask Anna)", "ДО-17") && has_more("VIP: Support", "Support"));
        assert!(has_more("15", "") && !has_more("15", "5") && !has_more("Supporters", "Support"));
        assert!(!has_more("ДО-18", "ДО-17"));
    }
}
