//! The initial objects: companies, people, services, calendars and priorities.
//!
//! A seed is applied at every start. It only adds objects; existing ones, by id or by exact title, do not change.

use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Map, Value, json};

use super::change::ObjectChange;
use super::database;
use super::error::{RequestError, SandboxError};
use super::model::ObjectClass;
use super::session::WriteSession;

/// The initial objects by class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seed {
    /// Companies and departments: types `company` (without a parent) and `ou` (with one).
    pub(crate) units: Vec<SeedObject>,
    /// People: types `employee` (the default) and `contactPerson`; the parent is a unit.
    pub(crate) employees: Vec<SeedObject>,
    /// Services.
    pub(crate) services: Vec<SeedObject>,
    /// Elements of the catalog of calendars.
    pub(crate) calendars: Vec<SeedObject>,
    /// Elements of the catalog of priorities.
    pub(crate) priorities: Vec<SeedObject>,
    /// Agreements that were created by hand; they have only a title.
    pub(crate) agreements: Vec<SeedObject>,
}

/// An initial object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeedObject {
    /// The UUID, such as `ou$7001`. Without it, the object is identified by its exact title (and by its parent, if it has
    /// one) and gets the next free number.
    pub(crate) id: Option<String>,
    /// The title.
    pub(crate) title: String,
    /// The type, with or without the class: `company` or `ou$company`.
    pub(crate) kind: Option<String>,
    /// The unit to which it belongs: its UUID or exact title.
    pub(crate) parent: Option<String>,
    /// The code of an element of a catalog; its title if absent.
    pub(crate) code: Option<String>,
    /// The e-mail address of a person.
    pub(crate) email: Option<String>,
}

impl SeedObject {
    /// An object with a UUID and a title.
    pub(crate) fn known(id: &str, title: &str) -> Self {
        Self { id: Some(id.to_owned()), ..Self::titled(title) }
    }

    /// An object with only a title.
    pub(crate) fn titled(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }
}

/// Adds the missing objects of a seed.
pub(super) fn apply(session: &WriteSession, seed: &Seed) -> Result<(), SandboxError> {
    add(session, "root", &SeedObject::known("root$101", "Компания"))?;
    // A parent may come after its child in the list, so units are added in rounds, parents first.
    let mut pending: Vec<&SeedObject> = seed.units.iter().collect();
    while !pending.is_empty() {
        let mut left = Vec::new();
        for unit in &pending {
            match parent_of(session.connection, unit)? {
                ParentLookup::Missing => left.push(*unit),
                _ => add(session, "ou", unit)?,
            }
        }
        if left.len() == pending.len() {
            return Err(missing_parent(left[0]));
        }
        pending = left;
    }
    for (class, objects) in [
        ("employee", &seed.employees),
        ("slmService", &seed.services),
        ("servicetime", &seed.calendars),
        ("priority", &seed.priorities),
        ("agreement", &seed.agreements),
    ] {
        for object in objects {
            add(session, class, object)?;
        }
    }
    Ok(())
}

/// Finds the employee with this exact title, or adds one.
pub(super) fn employee(session: &WriteSession, title: &str) -> Result<i64, SandboxError> {
    let person = SeedObject::titled(title);
    if let Some(id) = find_titled(session.connection, "employee", title, None)? {
        return Ok(id);
    }
    add(session, "employee", &person)?;
    let added = find_titled(session.connection, "employee", title, None)?;
    Ok(added.expect("the employee has just been added"))
}

enum ParentLookup {
    None,
    Found(i64),
    Missing,
}

fn parent_of(connection: &Connection, object: &SeedObject) -> Result<ParentLookup, SandboxError> {
    let Some(parent) = &object.parent else {
        return Ok(ParentLookup::None);
    };
    let by_id = database::object(connection, parent)?.map(|handle| handle.id);
    let found = match by_id {
        Some(id) => Some(id),
        None => find_titled(connection, "ou", parent, None)?,
    };
    Ok(found.map_or(ParentLookup::Missing, ParentLookup::Found))
}

fn find_titled(
    connection: &Connection,
    class: &str,
    title: &str,
    parent: Option<i64>,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT id FROM object WHERE class = ?1 AND title = ?2 AND (?3 IS NULL OR EXISTS (
               SELECT 1 FROM link WHERE owner = object.id AND attribute = 'parent' AND target = ?3))
             ORDER BY id LIMIT 1",
        )?
        .query_row((class, title, parent), |row| row.get(0))
        .optional()
}

fn add(session: &WriteSession, class: &'static str, object: &SeedObject) -> Result<(), SandboxError> {
    let connection = session.connection;
    let parent = match parent_of(connection, object)? {
        ParentLookup::None => None,
        ParentLookup::Found(id) => Some(id),
        ParentLookup::Missing => return Err(missing_parent(object)),
    };
    let exists = match &object.id {
        Some(id) => database::object(connection, id)?.is_some(),
        None => find_titled(connection, class, &object.title, parent)?.is_some(),
    };
    if exists {
        return Ok(());
    }
    let seed_failure = |error: RequestError| match error {
        RequestError::Database(error) => SandboxError::Database(error),
        other => seed_error(object, other.text()),
    };
    let class = ObjectClass::named(class).expect("seeds only use classes of the model");
    let kind = type_of(class, object, parent)?;
    let (uuid, number) = number_of(connection, class, object)?;
    let change = object_change(class, object);
    let id = session.insert(&uuid, number, kind, &change).map_err(seed_failure)?;
    if let Some(parent) = parent {
        database::link(connection, id, "parent", parent)?;
    }
    Ok(())
}

fn object_change(class: &'static ObjectClass, object: &SeedObject) -> ObjectChange {
    let mut scalars = Map::new();
    if class.is_catalog() {
        let code = object.code.as_ref().unwrap_or(&object.title);
        scalars.insert("code".to_owned(), json!(code));
    }
    if let Some(email) = object.email.as_ref().filter(|_| class.name == "employee") {
        scalars.insert("email".to_owned(), Value::from(email.as_str()));
    }
    ObjectChange {
        class,
        scalars,
        title: Some(object.title.clone()),
        removed: None,
        links: Vec::new(),
        back_links: Vec::new(),
        comment: None,
        written: Vec::new(),
    }
}

fn type_of(
    class: &'static ObjectClass,
    object: &SeedObject,
    parent: Option<i64>,
) -> Result<Option<&'static str>, SandboxError> {
    let Some(kind) = &object.kind else {
        let at = usize::from(class.name == "ou" && parent.is_some());
        return Ok(class.types.get(at).copied());
    };
    let prefix = format!("{}$", class.name);
    let kind = kind.strip_prefix(&prefix).unwrap_or(kind);
    match class.types.iter().find(|known| **known == kind) {
        Some(known) => Ok(Some(known)),
        None => Err(seed_error(object, format!("class `{}` has no type `{kind}`", class.name))),
    }
}

fn number_of(
    connection: &Connection,
    class: &ObjectClass,
    object: &SeedObject,
) -> Result<(String, i64), SandboxError> {
    let Some(id) = &object.id else {
        let number = database::next_number(connection, class.name)?;
        return Ok((format!("{}${number}", class.name), number));
    };
    let prefix = format!("{}$", class.name);
    let number = id.strip_prefix(&prefix).and_then(|number| number.parse().ok());
    let reason = || format!("`{id}` is not an id of class `{}`", class.name);
    let number = number.ok_or_else(|| seed_error(object, reason()))?;
    Ok((id.clone(), number))
}

fn missing_parent(object: &SeedObject) -> SandboxError {
    let parent = object.parent.as_deref().unwrap_or_default();
    seed_error(object, format!("parent `{parent}` does not exist"))
}

fn seed_error(object: &SeedObject, reason: String) -> SandboxError {
    SandboxError::Seed { title: object.title.clone(), reason }
}
