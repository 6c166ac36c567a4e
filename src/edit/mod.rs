//! A YAML text becomes another that says something else, byte for byte the same wherever nothing else is said.
//!
//! Only the bytes of what changes are replaced, so that comments, quotes, order, indentation and line ends stay as
//! their author left them. Whatever comes out was read again and compared with what it is meant to say; where the
//! two differ nothing comes out. This room knows how YAML is laid out, and no field.
//!
//! ```
//! use serde_json::json;
//! use servanda::edit::Draft;
//!
//! let text = "client: veter   # since 2019\nperiod: { first_day: 2026-02-01 }\n";
//! let mut draft = Draft::read(text)?;
//! draft.set(&["period", "first_day"], json!("2027-02-01"))?;
//! draft.set_behind(&["renews"], json!("veter-2026"), &["client"])?;
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

/// A text, and what it is to say in the end. Nothing is written before [`Draft::write`].
#[derive(Clone, Debug)]
pub struct Draft<'text> {
    text: &'text str,
    root: Cow<'text, Node>,
    meant: Value,
}

/// A text that came of a change.
#[derive(Clone, Debug)]
pub struct EditedText {
    /// The text.
    pub text: String,
    /// Its tree, with places in no file yet.
    pub root: Node,
}

/// Why a text was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It is not sound YAML, as a whole document.
    #[error("line {line}, column {column}: {message}")]
    Unreadable {
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// Something on the way to a value is neither a map nor absent.
    #[error("`{0}` is no map, so nothing can be written below it")]
    NotAMap(String),
    /// A value that was to be added to is neither a list nor absent.
    #[error("`{0}` is no list, so nothing can be added to it")]
    NotAList(String),
    /// The new text would not say what it is meant to: its layout is one that is not understood.
    #[error("the text is laid out in a way that is not edited by machine; make this change by hand: {0}")]
    UnsupportedLayout(String),
}

impl<'text> Draft<'text> {
    /// Takes a text as it stands.
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
        let meant = Tree::Node(&root).to_json();
        Ok(Self { text, root: Cow::Owned(root), meant })
    }

    /// Takes a text whose tree is known already, such as that of a document. The places of `root` must be those of
    /// `text`.
    pub fn of(text: &'text str, root: &'text Node) -> Self {
        Self { text, root: Cow::Borrowed(root), meant: Tree::Node(root).to_json() }
    }

    /// What is meant to stand at a path of keys; places in a list are written as numbers from 0.
    pub fn value(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.meant, |value, step| match value {
            Value::Object(map) => map.get(*step),
            Value::Array(list) => list.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Sets the value at a path. Maps on the way that are not there, or only `true`, are made; a new key goes to the end
    /// of its map.
    pub fn set(&mut self, path: &[&str], value: Value) -> Result<(), EditError> {
        self.set_before(path, value, |map| map.len())
    }

    /// The same, but a new key goes right behind the last of these siblings that is there, or to the front.
    pub fn set_behind(&mut self, path: &[&str], value: Value, siblings: &[&str]) -> Result<(), EditError> {
        self.set_before(path, value, |map| {
            map.keys().rposition(|key| siblings.contains(&key.as_str())).map_or(0, |index| index + 1)
        })
    }

    fn set_before(
        &mut self,
        path: &[&str],
        value: Value,
        index: impl Fn(&Map<String, Value>) -> usize,
    ) -> Result<(), EditError> {
        let Some((last, above)) = path.split_last() else {
            self.meant = value;
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

    /// Adds an entry to the end of the list at a path. A list that is not there is made.
    pub fn append(&mut self, path: &[&str], entry: Value) -> Result<(), EditError> {
        match self.reach(path)? {
            Value::Array(list) => list.push(entry),
            // What was not there was made as an empty map on the way.
            Value::Object(map) if map.is_empty() => self.set(path, Value::Array(vec![entry]))?,
            _ => return Err(EditError::NotAList(path.join("."))),
        }
        Ok(())
    }

    /// Takes the value at a path away, with its key. Whether there was one.
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

    /// The value at a path, with maps made on the way.
    fn reach(&mut self, path: &[&str]) -> Result<&mut Value, EditError> {
        let mut value = &mut self.meant;
        for (index, step) in path.iter().enumerate() {
            let no_map = || EditError::NotAMap(path[..index].join("."));
            if value.is_null() || *value == Value::Bool(true) {
                *value = Value::Object(Map::new());
            }
            value = match value {
                Value::Object(map) => {
                    map.entry((*step).to_owned()).or_insert_with(|| Value::Object(Map::new()))
                }
                Value::Array(list) => {
                    let entry = step.parse::<usize>().ok().and_then(|place| list.get_mut(place));
                    entry.ok_or_else(no_map)?
                }
                _ => return Err(no_map()),
            };
        }
        if *value == Value::Bool(true) {
            *value = Value::Object(Map::new());
        }
        Ok(value)
    }

    /// The new text. It says what is meant, or there is none.
    pub fn write(&self) -> Result<String, EditError> {
        self.written().map(|written| written.text)
    }

    /// The new text with what it was read as, for whoever would read it next.
    pub fn written(&self) -> Result<EditedText, EditError> {
        let text = layout::changed(self.text, &self.root, &self.meant);
        match parse_changed(self.text, &self.root, &text) {
            Ok(root) if root.equals_json(&self.meant) => Ok(EditedText { text, root }),
            Ok(_) | Err(_) => Err(EditError::UnsupportedLayout(first_difference(&self.root, &self.meant))),
        }
    }
}

/// A value as a YAML document of its own, in the style of this project: what fits on a line stands on one.
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
    yaml::Writer { newline: "\n", step: 2 }.document(value)
}

/// The path at which a text and what it is meant to say part, for a person who makes the change by hand.
fn first_difference(node: &Node, meant: &Value) -> String {
    let mut way = Vec::new();
    let (mut said, mut meant) = (Tree::Node(node).to_json(), meant.clone());
    while let (Value::Object(own), Value::Object(others)) = (&said, &meant) {
        let differs = |key: &&String| own.get(*key) != others.get(*key);
        let Some(key) = own.keys().chain(others.keys()).find(differs).cloned() else {
            break;
        };
        let below = (own.get(&key).cloned(), others.get(&key).cloned());
        way.push(key);
        let (Some(own), Some(others)) = below else {
            break;
        };
        (said, meant) = (own, others);
    }
    way.join(".")
}

#[cfg(test)]
mod tests;
