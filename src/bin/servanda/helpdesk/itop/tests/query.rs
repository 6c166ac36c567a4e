//! As much of the query language as the adapter writes: one class, and conditions that must all hold.

use serde_json::Value;

/// A query.
pub(super) struct Query {
    pub(super) class: String,
    conditions: Vec<Condition>,
}

enum Condition {
    Null(String),
    Equal(String, String),
    Like(String, String),
    AtLeast(String, u64),
    Below(String, u64),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
}

impl Query {
    /// Reads a query, or says what it would say.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let wrong = || format!("Query failed to execute: query = {text}");
        let rest = text.strip_prefix("SELECT ").ok_or_else(wrong)?;
        let (class, rest) = rest.split_once(" WHERE ").unwrap_or((rest, ""));
        let mut conditions = Vec::new();
        let mut rest = rest.trim();
        while !rest.is_empty() {
            let (condition, left) = condition(rest).ok_or_else(wrong)?;
            conditions.push(condition);
            rest = left.trim_start();
            rest = if rest.is_empty() {
                rest
            } else {
                rest.strip_prefix("AND ").ok_or_else(wrong)?.trim_start()
            };
        }
        Ok(Self { class: class.to_owned(), conditions })
    }

    pub(super) fn holds(&self, value: &impl Fn(&str) -> Value) -> bool {
        let text = |code: &str| value(code).as_str().map(str::to_owned);
        let number = |code: &str| text(code).and_then(|text| text.parse::<u64>().ok());
        self.conditions.iter().all(|condition| match condition {
            Condition::Null(code) => value(code).is_null(),
            Condition::Equal(code, wanted) => {
                text(code).as_deref() == Some(wanted) || (wanted == "0" && value(code).is_null())
            }
            Condition::Like(code, pattern) => {
                text(code).is_some_and(|text| text.contains(pattern.trim_matches('%')))
            }
            Condition::AtLeast(code, least) => number(code).is_some_and(|number| number >= *least),
            Condition::Below(code, limit) => number(code).is_some_and(|number| number < *limit),
            Condition::In(code, list) => text(code).is_some_and(|text| list.contains(&text)),
            Condition::NotIn(code, list) => text(code).is_some_and(|text| !list.contains(&text)),
        })
    }
}

fn condition(text: &str) -> Option<(Condition, &str)> {
    if let Some(rest) = text.strip_prefix("ISNULL(") {
        let (code, rest) = rest.split_once(')')?;
        return Some((Condition::Null(code.to_owned()), rest));
    }
    let (code, rest) = text.split_once(' ')?;
    let (operator, rest) = rest.split_once(' ')?;
    let code = code.to_owned();
    let (is_excluded, rest) = match (operator, rest.strip_prefix("IN ")) {
        ("NOT", Some(rest)) => (true, rest),
        _ => (false, rest),
    };
    if is_excluded || operator == "IN" {
        let (list, rest) = rest.strip_prefix('(')?.split_once(')')?;
        let list = list.split(',').map(str::to_owned).collect();
        let condition = if is_excluded { Condition::NotIn } else { Condition::In };
        return Some((condition(code, list), rest));
    }
    let (value, rest) = literal(rest)?;
    let condition = match operator {
        "=" => Condition::Equal(code, value),
        "LIKE" => Condition::Like(code, value),
        ">=" => Condition::AtLeast(code, value.parse().ok()?),
        "<" => Condition::Below(code, value.parse().ok()?),
        _ => return None,
    };
    Some((condition, rest))
}

/// A number, or a text in quotes in which nothing but a quote and a backslash may be escaped.
fn literal(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('\'') else {
        let end = text.find(' ').unwrap_or(text.len());
        let (number, rest) = text.split_at(end);
        return number.parse::<u64>().ok().map(|_| (number.to_owned(), rest));
    };
    let mut value = String::new();
    let mut signs = quoted.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\'' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(
                signs.next().map(|(_, escaped)| escaped).filter(|escaped| matches!(escaped, '\'' | '\\'))?,
            ),
            other => value.push(other),
        }
    }
    None
}
