//! Creates, edits and deletes objects in a transaction, on both sides of a link, and records the history.
//!
//! `lastModifiedDate` increases with every real change of an object, even if the clock stands still or was set back.
//! An edit without effect leaves no trace.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::change::{ObjectChange, WriteKind, is_numbered};
use super::database;
use super::error::RequestError;
use super::history;
use super::model::{AttributeKind, ClassAttribute, ObjectClass, WriteAccess};
use super::options::InventoryNumber;
use super::read;
use super::session::WriteSession;

/// The result of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EditResult {
    /// At least one value is different now.
    Changed,
    /// Every value was the same before.
    Unchanged,
}

impl WriteSession<'_> {
    /// Creates an object of a type, or of a class without types, and returns its row.
    pub(super) fn create(&self, kind: Option<&str>, change: &ObjectChange) -> Result<i64, RequestError> {
        let number = database::next_number(self.connection, change.class.name)?;
        let uuid = format!("{}${number}", change.class.name);
        let id = self.insert(&uuid, number, kind, change)?;
        self.set_links(id, change, WriteKind::Create)?;
        if has_history(change.class) {
            history::record(self, id, "create", None)?;
        }
        Ok(id)
    }

    /// Inserts the row of an object, without its links.
    pub(super) fn insert(
        &self,
        uuid: &str,
        number: i64,
        kind: Option<&str>,
        change: &ObjectChange,
    ) -> Result<i64, RequestError> {
        let class = change.class;
        let mut body = Map::new();
        for attribute in class.attributes() {
            let initial = match (attribute.kind, attribute.code, attribute.access) {
                (AttributeKind::State(states), ..) => json!(states[0]),
                (AttributeKind::Integer, "number", _) => json!(number),
                (_, code, _) if is_numbered(class, code) => match self.wire_format.options.inventory_number {
                    InventoryNumber::Numbered => json!(format!("{number:06}")),
                    _ => continue,
                },
                (AttributeKind::Instant, "stateStartTime" | "registrationDate", _) => json!(self.now),
                (AttributeKind::Flag, ..) => json!(false),
                _ => continue,
            };
            body.insert(attribute.code.to_owned(), initial);
        }
        let given = change.scalars.iter().filter(|(_, value)| !value.is_null());
        body.extend(given.map(|(code, value)| (code.clone(), value.clone())));
        if change.removed == Some(true) {
            body.insert("removalDate".to_owned(), json!(self.now));
        }
        let title = match (&change.title, class.name) {
            (Some(title), _) => Some(title.clone()),
            (None, "serviceCall") => Some(format!("Запрос №{number}")),
            (None, _) => None,
        };
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO object (class, kind, uuid, title, removed, created, modified, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)",
        )?;
        statement.execute((
            class.name,
            class.meta_class(kind),
            uuid,
            title,
            change.removed.unwrap_or(false),
            self.now,
            Value::Object(body).to_string(),
        ))?;
        let id = self.connection.last_insert_rowid();
        let is_set_here = |attribute: &ClassAttribute| {
            attribute.code == "author"
                && (attribute.access == WriteAccess::ReadOnly || change.target("author").is_none())
        };
        if class.attributes().any(is_set_here) {
            database::link(self.connection, id, "author", self.author)?;
        }
        Ok(id)
    }

    /// Edits an object.
    pub(super) fn edit(&self, id: i64, change: &ObjectChange) -> Result<EditResult, RequestError> {
        let before = self.values(id, &change.written)?;
        self.update_row(id, change)?;
        self.set_links(id, change, WriteKind::Edit)?;
        if let Some(text) = &change.comment {
            self.add_comment(id, text)?;
        }
        let after = self.values(id, &change.written)?;
        if before == after {
            return Ok(EditResult::Unchanged);
        }
        self.update_modified(id)?;
        if before.get("state") != after.get("state") {
            self.patch_body(id, &json!({ "stateStartTime": self.now }))?;
        }
        if before.get("removed") != after.get("removed") {
            let archived = after.get("removed") == Some(&json!(true));
            let at = archived.then_some(self.now);
            self.patch_body(id, &json!({ "removalDate": at }))?;
        }
        if has_history(change.class) {
            let differs = |(code, new): &(&String, &Value)| before.get(*code) != Some(*new);
            for (code, new) in after.iter().filter(differs) {
                let old = before.get(code).unwrap_or(&Value::Null);
                history::record(self, id, "edit", Some((code, old, new)))?;
            }
        }
        Ok(EditResult::Changed)
    }

    /// Deletes an object to which nothing refers, with its history.
    pub(super) fn delete(&self, id: i64, class: &ObjectClass) -> Result<(), RequestError> {
        let is_referenced: bool = self
            .connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM link WHERE target = ?1)
                     OR EXISTS (SELECT 1 FROM access WHERE employee = ?1)
                     OR EXISTS (SELECT 1 FROM event WHERE author = ?1)",
            )?
            .query_row([id], |row| row.get(0))?;
        if is_referenced || !class.creatable {
            let reason = "Объект не может быть удалён: на него ссылаются другие объекты";
            return Err(RequestError::invalid(reason));
        }
        for attribute in class.attributes().filter(|own| has_back_reference(class, own)) {
            for target in database::targets(self.connection, id, attribute.code)? {
                self.update_modified(target)?;
            }
        }
        for sql in [
            "DELETE FROM link WHERE owner = ?1",
            "DELETE FROM event WHERE source = ?1",
            "DELETE FROM object WHERE id = ?1",
        ] {
            self.connection.prepare_cached(sql)?.execute([id])?;
        }
        Ok(())
    }

    fn update_row(&self, id: i64, change: &ObjectChange) -> Result<(), RequestError> {
        if !change.scalars.is_empty() {
            self.patch_body(id, &Value::Object(change.scalars.clone()))?;
        }
        if let Some(title) = &change.title {
            self.connection
                .prepare_cached("UPDATE object SET title = ?2 WHERE id = ?1")?
                .execute((id, title))?;
        }
        if let Some(removed) = change.removed {
            self.connection
                .prepare_cached("UPDATE object SET removed = ?2 WHERE id = ?1")?
                .execute((id, removed))?;
        }
        Ok(())
    }

    /// Replaces the links of an object by those of the change, and updates the objects on the other side.
    fn set_links(&self, id: i64, change: &ObjectChange, kind: WriteKind) -> Result<(), RequestError> {
        for (attribute, targets) in &change.links {
            let old = match kind {
                WriteKind::Create => Vec::new(),
                WriteKind::Edit => database::targets(self.connection, id, attribute.code)?,
            };
            for target in difference(&old, targets) {
                if targets.contains(&target) {
                    database::link(self.connection, id, attribute.code, target)?;
                } else {
                    database::unlink(self.connection, id, attribute.code, target)?;
                }
                if has_back_reference(change.class, attribute) {
                    self.update_modified(target)?;
                }
            }
        }
        for (attribute, owners) in &change.back_links {
            let old = database::owners(self.connection, id, attribute)?;
            for owner in difference(&old, owners) {
                self.set_membership(owner, attribute, id, owners.contains(&owner))?;
            }
        }
        Ok(())
    }

    /// Adds `target` to the owner's set or removes it, as a change of the owner.
    fn set_membership(
        &self,
        owner: i64,
        attribute: &'static str,
        target: i64,
        is_member: bool,
    ) -> Result<(), RequestError> {
        let class = ObjectClass::named("agreement").and_then(|class| class.attribute(attribute));
        let set =
            class.expect("a test of the model checks that every back reference names a set of agreements");
        let before = self.values(owner, &[set])?;
        if is_member {
            database::link(self.connection, owner, attribute, target)?;
        } else {
            database::unlink(self.connection, owner, attribute, target)?;
        }
        let after = self.values(owner, &[set])?;
        self.update_modified(owner)?;
        let values = (attribute, &before[attribute], &after[attribute]);
        history::record(self, owner, "edit", Some(values))
    }

    fn add_comment(&self, source: i64, text: &str) -> Result<(), RequestError> {
        let class = ObjectClass::named("comment").expect("the model has the class of comments");
        let number = database::next_number(self.connection, class.name)?;
        let body = json!({ "text": text, "private": false });
        self.connection
            .prepare_cached(
                "INSERT INTO object (class, kind, uuid, created, modified, body)
                 VALUES ('comment', 'comment', ?1, ?2, ?2, ?3)",
            )?
            .execute((format!("comment${number}"), self.now, body.to_string()))?;
        let id = self.connection.last_insert_rowid();
        database::link(self.connection, id, "source", source)?;
        database::link(self.connection, id, "author", self.author)?;
        Ok(())
    }

    fn values(&self, id: i64, of: &[&'static ClassAttribute]) -> Result<Map<String, Value>, RequestError> {
        let page = read::read(self.connection, &[id], of)?;
        let objects = page.to_json(of, self.wire_format);
        Ok(objects.into_iter().next().unwrap_or_default())
    }

    // Every change is later than the one before, even if the clock stands still or was set back.
    fn update_modified(&self, id: i64) -> Result<(), RequestError> {
        self.connection
            .prepare_cached("UPDATE object SET modified = max(?2, modified + 1) WHERE id = ?1")?
            .execute((id, self.now))?;
        Ok(())
    }

    fn patch_body(&self, id: i64, with: &Value) -> Result<(), RequestError> {
        self.connection
            .prepare_cached("UPDATE object SET body = json_patch(body, ?2) WHERE id = ?1")?
            .execute((id, with.to_string()))?;
        Ok(())
    }
}

/// Whether the changes of such objects are recorded.
fn has_history(class: &ObjectClass) -> bool {
    matches!(class.name, "agreement" | "agreementRule")
}

/// Whether the set is also visible on its targets.
fn has_back_reference(class: &ObjectClass, attribute: &ClassAttribute) -> bool {
    let AttributeKind::ReferenceSet(target) = attribute.kind else {
        return false;
    };
    let back = AttributeKind::BackReference { class: class.name, attribute: attribute.code };
    ObjectClass::named(target).is_some_and(|target| target.attributes().any(|own| own.kind == back))
}

/// The rows that are in exactly one of the two lists.
fn difference(old: &[i64], new: &[i64]) -> Vec<i64> {
    let old: BTreeSet<i64> = old.iter().copied().collect();
    let new: BTreeSet<i64> = new.iter().copied().collect();
    old.symmetric_difference(&new).copied().collect()
}
