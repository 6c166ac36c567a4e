//! Carries changes out: objects made, edited and deleted, both sides of a link kept in step, history kept.
//!
//! Runs inside a transaction of the caller. An object's `lastModifiedDate` moves with every real change of it,
//! strictly upwards, however the clock stands; a change that changes nothing leaves no trace.

use std::collections::BTreeSet;

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::change::Change;
use super::database;
use super::dialect::Dialect;
use super::error::Refusal;
use super::history;
use super::model::{Attribute, Class, Kind, Written};
use super::read;

/// Who writes, when, and into what.
pub(crate) struct Hand<'desk> {
    /// The transaction.
    pub(crate) connection: &'desk Connection,
    /// The forms of the wire, in which history is kept.
    pub(crate) dialect: &'desk Dialect,
    /// The employee.
    pub(crate) author: i64,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

/// What came of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edited {
    /// Something is different now.
    Changed,
    /// All was so before.
    Unchanged,
}

impl Hand<'_> {
    /// Makes an object of a type (a catalog's element where there is none) and gives its row.
    pub(crate) fn create(&self, kind: Option<&str>, change: &Change) -> Result<i64, Refusal> {
        let number = database::next_number(self.connection, change.class.name)?;
        let uuid = format!("{}${number}", change.class.name);
        let id = self.insert(&uuid, number, kind, change)?;
        self.link_all(id, change)?;
        if has_history(change.class) {
            history::record(self, id, "create", None)?;
        }
        Ok(id)
    }

    /// Puts the row of an object in place, without its links.
    pub(crate) fn insert(
        &self,
        uuid: &str,
        number: i64,
        kind: Option<&str>,
        change: &Change,
    ) -> Result<i64, Refusal> {
        let class = change.class;
        let mut body = Map::new();
        for attribute in class.attributes() {
            let first = match (attribute.kind, attribute.code, attribute.written) {
                (Kind::State(states), ..) => json!(states[0]),
                (Kind::Count, "number", _) => json!(number),
                (Kind::Moment, "stateStartTime" | "registrationDate", _) => json!(self.now),
                (Kind::Flag, ..) => json!(false),
                _ => continue,
            };
            body.insert(attribute.code.to_owned(), first);
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
        let signed = |attribute: &Attribute| {
            attribute.code == "author"
                && (attribute.written == Written::Never || change.target("author").is_none())
        };
        if class.attributes().any(signed) {
            database::link(self.connection, id, "author", self.author)?;
        }
        Ok(id)
    }

    /// Changes an object.
    pub(crate) fn edit(&self, id: i64, change: &Change) -> Result<Edited, Refusal> {
        let before = self.snapshot(id, &change.written)?;
        self.update(id, change)?;
        self.link_all(id, change)?;
        if let Some(text) = &change.comment {
            self.comment(id, text)?;
        }
        let after = self.snapshot(id, &change.written)?;
        if before == after {
            return Ok(Edited::Unchanged);
        }
        self.touch(id)?;
        if before.get("state") != after.get("state") {
            self.patch(id, &json!({ "stateStartTime": self.now }))?;
        }
        if before.get("removed") != after.get("removed") {
            let archived = after.get("removed") == Some(&json!(true));
            let at = archived.then_some(self.now);
            self.patch(id, &json!({ "removalDate": at }))?;
        }
        if has_history(change.class) {
            let differs = |(code, new): &(&String, &Value)| before.get(*code) != Some(*new);
            for (code, new) in after.iter().filter(differs) {
                let old = before.get(code).unwrap_or(&Value::Null);
                history::record(self, id, "edit", Some((code, old, new)))?;
            }
        }
        Ok(Edited::Changed)
    }

    /// Deletes an object that nothing refers to; its history goes with it.
    pub(crate) fn delete(&self, id: i64, class: &Class) -> Result<(), Refusal> {
        let referred: bool = self
            .connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM link WHERE target = ?1)
                     OR EXISTS (SELECT 1 FROM access WHERE employee = ?1)
                     OR EXISTS (SELECT 1 FROM event WHERE author = ?1)",
            )?
            .query_row([id], |row| row.get(0))?;
        if referred || !class.creatable {
            let reason = "Объект не может быть удалён: на него ссылаются другие объекты";
            return Err(Refusal::invalid(reason));
        }
        for attribute in class.attributes().filter(|own| has_far_side(class, own)) {
            for target in database::targets(self.connection, id, attribute.code)? {
                self.touch(target)?;
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

    fn update(&self, id: i64, change: &Change) -> Result<(), Refusal> {
        if !change.scalars.is_empty() {
            self.patch(id, &Value::Object(change.scalars.clone()))?;
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

    /// Makes the links of an object what the change says, and moves the objects on their far side.
    pub(crate) fn link_all(&self, id: i64, change: &Change) -> Result<(), Refusal> {
        for (attribute, targets) in &change.links {
            let old = database::targets(self.connection, id, attribute.code)?;
            for target in difference(&old, targets) {
                if targets.contains(&target) {
                    database::link(self.connection, id, attribute.code, target)?;
                } else {
                    database::unlink(self.connection, id, attribute.code, target)?;
                }
                if has_far_side(change.class, attribute) {
                    self.touch(target)?;
                }
            }
        }
        for (attribute, owners) in &change.backs {
            let old = database::owners(self.connection, id, attribute)?;
            for owner in difference(&old, owners) {
                self.link_from_afar(owner, attribute, id, owners.contains(&owner))?;
            }
        }
        Ok(())
    }

    /// Puts `target` into the owner's set or takes it off, as a change of the owner.
    fn link_from_afar(
        &self,
        owner: i64,
        attribute: &'static str,
        target: i64,
        linked: bool,
    ) -> Result<(), Refusal> {
        let class = Class::named("agreement").and_then(|class| class.attribute(attribute));
        let set = class.expect("the model's test holds that every back link leads to a set of agreements");
        let before = self.snapshot(owner, &[set])?;
        if linked {
            database::link(self.connection, owner, attribute, target)?;
        } else {
            database::unlink(self.connection, owner, attribute, target)?;
        }
        let after = self.snapshot(owner, &[set])?;
        self.touch(owner)?;
        let values = (attribute, &before[attribute], &after[attribute]);
        history::record(self, owner, "edit", Some(values))
    }

    fn comment(&self, source: i64, text: &str) -> Result<(), Refusal> {
        let class = Class::named("comment").expect("the model has comments");
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

    fn snapshot(&self, id: i64, of: &[&'static Attribute]) -> Result<Map<String, Value>, Refusal> {
        let page = read::read(self.connection, &[id], of)?;
        let objects = page.render(of, self.dialect);
        Ok(objects.into_iter().next().unwrap_or_default())
    }

    /// Each change is strictly later than the one before, even where the clock stands or went back.
    fn touch(&self, id: i64) -> Result<(), Refusal> {
        self.connection
            .prepare_cached("UPDATE object SET modified = max(?2, modified + 1) WHERE id = ?1")?
            .execute((id, self.now))?;
        Ok(())
    }

    fn patch(&self, id: i64, with: &Value) -> Result<(), Refusal> {
        self.connection
            .prepare_cached("UPDATE object SET body = json_patch(body, ?2) WHERE id = ?1")?
            .execute((id, with.to_string()))?;
        Ok(())
    }
}

/// Whether each change of an object is kept with who, when, before and after.
fn has_history(class: &Class) -> bool {
    matches!(class.name, "agreement" | "agreementRule")
}

/// Whether the set shows on its targets too.
fn has_far_side(class: &Class, attribute: &Attribute) -> bool {
    let Kind::Many(far) = attribute.kind else {
        return false;
    };
    let shown = Kind::Back { class: class.name, attribute: attribute.code };
    Class::named(far).is_some_and(|far| far.attributes().any(|own| own.kind == shown))
}

/// What is in one of the two and not in the other.
fn difference(old: &[i64], new: &[i64]) -> Vec<i64> {
    let old: BTreeSet<i64> = old.iter().copied().collect();
    let new: BTreeSet<i64> = new.iter().copied().collect();
    old.symmetric_difference(&new).copied().collect()
}
