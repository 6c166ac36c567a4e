//! Edits values of a YAML text and leaves all other bytes unchanged.
//!
//! Only the bytes of changed values are replaced, so that comments, quotes, order, indentation and line endings stay as
//! they are. Each result is parsed again and compared with the wanted value; if the two differ, the edit fails. This
//! module knows the layout of YAML and no field.
//!
//! ```
//! use serde_json::json;
//! use servanda::edit::Draft;
//!
//! let text = "client: veter   # since 2019\nperiod: { first_day: 2026-02-01 }\n";
//! let mut draft = Draft::read(text)?;
//! draft.set(&["period", "first_day"], json!("2027-02-01"))?;
//! draft.set_after(&["renews"], json!("veter-2026"), &["client"])?;
//! draft.append(&["suspensions"], json!({ "from": "2027-07-01" }))?;
//! assert_eq!(
//!     draft.write()?,
//!     "client: veter   # since 2019\nrenews: veter-2026\nperiod: { first_day: 2027-02-01 }\nsuspensions:\n  - { from: 2027-07-01 }\n",
//! );
//! # Ok::<(), servanda::edit::EditError>(())
//! ```

mod layout;
mod yaml;

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::document::tree::{Node, Tree};
use crate::document::{parse_changed, parse_text};

/// A text and the value that it should have. Nothing is written before [`Draft::write`].
#[derive(Clone, Debug)]
pub struct Draft<'text> {
    text: &'text str,
    root: Cow<'text, Node>,
    wanted: Value,
}

/// The result of an edit.
#[derive(Clone, Debug)]
pub struct EditedText {
    /// The text.
    pub text: String,
    /// Its tree, with positions in no file yet.
    pub root: Node,
}

/// The reason why an edit failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not valid YAML.
    #[error("line {line}, column {column}: {message}")]
    Unreadable {
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// The message of the parser.
        message: String,
    },
    /// A value above the path is neither a map nor absent.
    #[error("`{0}` is not a map, so no key can be set below it")]
    NotAMap(String),
    /// The value to append to is neither a list nor absent.
    #[error("`{0}` is not a list, so no entry can be appended")]
    NotAList(String),
    /// The new text would not have the wanted value, since its layout is not supported.
    #[error("line {line}: this layout cannot be edited automatically; make this change by hand: {path}")]
    UnsupportedLayout {
        /// The line of the value, or of the value that contains it, from 1.
        line: usize,
        /// The path of the value.
        path: String,
    },
}

impl<'text> Draft<'text> {
    /// Parses a text for editing.
    pub fn read(text: &'text str) -> Result<Self, EditError> {
        let root = parse_text(text).map_err(|fault| {
            let before = text.get(..fault.place.span.start as usize).unwrap_or(text);
            let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
            EditError::Unreadable {
                line: before.matches('\n').count() + 1,
                column: before[begin..].chars().count() + 1,
                message: fault.message,
            }
        })?;
        let wanted = Tree::Node(&root).to_json();
        Ok(Self { text, root: Cow::Owned(root), wanted })
    }

    /// Creates a draft of a text whose tree is known, such as that of a document. The positions in `root` must be those of
    /// `text`.
    pub fn of(text: &'text str, root: &'text Node) -> Self {
        Self { text, root: Cow::Borrowed(root), wanted: Tree::Node(root).to_json() }
    }

    /// The wanted value at a path of keys. An item of a list is addressed by its index.
    pub fn value(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.wanted, |value, step| match value {
            Value::Object(map) => map.get(*step),
            Value::Array(list) => list.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Sets the value at a path. Maps above it that are absent or `true` are created. A new key goes to the end of its
    /// map.
    pub fn set(&mut self, path: &[&str], value: Value) -> Result<(), EditError> {
        self.set_at(path, value, |map| map.len())
    }

    /// Sets the value at a path. A new key goes after the last of these siblings that is present, or to the front.
    pub fn set_after(&mut self, path: &[&str], value: Value, siblings: &[&str]) -> Result<(), EditError> {
        self.set_at(path, value, |map| {
            map.keys().rposition(|key| siblings.contains(&key.as_str())).map_or(0, |index| index + 1)
        })
    }

    fn set_at(
        &mut self,
        path: &[&str],
        value: Value,
        index: impl Fn(&Map<String, Value>) -> usize,
    ) -> Result<(), EditError> {
        let Some((last, above)) = path.split_last() else {
            self.wanted = value;
            return Ok(());
        };
        match self.reach(above)? {
            Value::Object(map) => {
                let present = map.keys().position(|key| key == last);
                let index = present.unwrap_or_else(|| index(map));
                map.shift_insert(index, (*last).to_owned(), value);
            }
            Value::Array(list) => match last.parse::<usize>().ok().and_then(|index| list.get_mut(index)) {
                Some(present) => *present = value,
                None => return Err(EditError::NotAMap(above.join("."))),
            },
            _ => return Err(EditError::NotAMap(above.join("."))),
        }
        Ok(())
    }

    /// Appends an entry to the list at a path. An absent list is created.
    pub fn append(&mut self, path: &[&str], entry: Value) -> Result<(), EditError> {
        match self.reach(path)? {
            Value::Array(list) => list.push(entry),
            // An absent value was created as an empty map by `reach`.
            Value::Object(map) if map.is_empty() => self.set(path, Value::Array(vec![entry]))?,
            _ => return Err(EditError::NotAList(path.join("."))),
        }
        Ok(())
    }

    /// Removes the value at a path, with its key. Returns whether there was one.
    pub fn remove(&mut self, path: &[&str]) -> bool {
        let Some((last, above)) = path.split_last() else {
            return false;
        };
        if self.value(path).is_none() {
            return false;
        }
        match self.reach(above) {
            Ok(Value::Object(map)) => map.shift_remove(*last).is_some(),
            Ok(Value::Array(list)) => last.parse().map(|index: usize| list.remove(index)).is_ok(),
            Ok(_) | Err(_) => false,
        }
    }

    /// The value at a path. Creates the maps above it.
    fn reach(&mut self, path: &[&str]) -> Result<&mut Value, EditError> {
        let mut value = &mut self.wanted;
        for (index, step) in path.iter().enumerate() {
            let not_a_map = || EditError::NotAMap(path[..index].join("."));
            if value.is_null() || *value == Value::Bool(true) {
                *value = Value::Object(Map::new());
            }
            value = match value {
                Value::Object(map) => {
                    map.entry((*step).to_owned()).or_insert_with(|| Value::Object(Map::new()))
                }
                Value::Array(list) => {
                    let entry = step.parse::<usize>().ok().and_then(|place| list.get_mut(place));
                    entry.ok_or_else(not_a_map)?
                }
                _ => return Err(not_a_map()),
            };
        }
        if *value == Value::Bool(true) {
            *value = Value::Object(Map::new());
        }
        Ok(value)
    }

    /// The error for a text that cannot have the wanted value, at the first difference.
    fn unsupported(&self) -> EditError {
        let path = first_difference(&self.root, &self.wanted);
        let steps: Vec<&str> = path.iter().map(String::as_str).collect();
        let nearest = (0..=steps.len()).rev().find_map(|length| self.root.get(&steps[..length]));
        let at = nearest.map_or(0, |node| node.span.start as usize);
        let line = self.text.get(..at).unwrap_or(self.text).matches('\n').count() + 1;
        EditError::UnsupportedLayout { line, path: path.join(".") }
    }

    /// The new text. Fails if it would not have the wanted value.
    pub fn write(&self) -> Result<String, EditError> {
        self.edited().map(|edited| edited.text)
    }

    /// The new text with its tree, so that the caller does not need to parse it again.
    pub fn edited(&self) -> Result<EditedText, EditError> {
        let text = layout::edit(self.text, &self.root, &self.wanted);
        match parse_changed(self.text, &self.root, &text) {
            Ok(root) if root.equals_json(&self.wanted) => Ok(EditedText { text, root }),
            Ok(_) | Err(_) => Err(self.unsupported()),
        }
    }
}

/// Formats a value as a YAML document in the style of this project: a value that fits on one line is written on one.
///
/// ```
/// # use serde_json::json;
/// let text = servanda::edit::document(&json!({
///     "extends": "support",
///     "period": { "first_day": "2026-02-01" },
///     "services": { "vpn": { "calendar": "24x7" }, "email": false },
/// }));
/// assert_eq!(text, "extends: support\nperiod: { first_day: 2026-02-01 }\nservices:\n  vpn: { calendar: 24x7 }\n  email: false\n");
/// ```
pub fn document(value: &Value) -> String {
    yaml::YamlWriter { newline: "\n", step: 2 }.document(value)
}

/// The path at which a text differs from the wanted value.
fn first_difference(node: &Node, wanted: &Value) -> Vec<String> {
    let mut path = Vec::new();
    let (mut current, mut wanted) = (Tree::Node(node).to_json(), wanted.clone());
    while let (Value::Object(own), Value::Object(others)) = (&current, &wanted) {
        let differs = |key: &&String| own.get(*key) != others.get(*key);
        let Some(key) = own.keys().chain(others.keys()).find(differs).cloned() else {
            break;
        };
        let below = (own.get(&key).cloned(), others.get(&key).cloned());
        path.push(key);
        let (Some(own), Some(others)) = below else {
            break;
        };
        (current, wanted) = (own, others);
    }
    path
}

#[cfg(test)]
mod tests;
