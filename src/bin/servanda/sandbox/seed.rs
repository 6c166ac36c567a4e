//! What the helpdesk holds before anybody writes to it: companies, people, services, calendars, priorities.
//!
//! Applied at every start, and only ever adding: what is there, under its id or its exact title, stays as it
//! is. Knows no catalog file; the shell turns one into a [`Seed`].

use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Map, Value, json};

use super::change::Change;
use super::database;
use super::error::Refusal;
use super::model::Class;
use super::server::SandboxError;
use super::write::Hand;

/// The objects that the helpdesk begins with.
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
    /// Agreements that somebody made by hand; a title is all they have.
    pub(crate) agreements: Vec<SeedObject>,
}

/// One object to begin with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeedObject {
    /// Its UUID, such as `ou$7001`; without it the object is known by its exact title (among those of the same
    /// parent, where it has one) and gets the next free number.
    pub(crate) id: Option<String>,
    /// Its title.
    pub(crate) title: String,
    /// Its type, with or without the class: `company` or `ou$company`.
    pub(crate) kind: Option<String>,
    /// What it belongs to: a UUID, or the exact title of a unit.
    pub(crate) parent: Option<String>,
    /// The code of a catalog's element; its title where there is none.
    pub(crate) code: Option<String>,
    /// The address of a person.
    pub(crate) email: Option<String>,
}

impl SeedObject {
    /// An object of a UUID and a title.
    pub(crate) fn known(id: &str, title: &str) -> Self {
        Self { id: Some(id.to_owned()), ..Self::titled(title) }
    }

    /// An object of a title alone.
    pub(crate) fn titled(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }

    /// The same under a parent, which is a UUID or the exact title of a unit.
    pub(crate) fn within(mut self, parent: &str) -> Self {
        self.parent = Some(parent.to_owned());
        self
    }
}

impl Seed {
    /// The base content that tenants of the product share, as far as it is public.
    pub(crate) fn stock() -> Self {
        Self {
            services: vec![SeedObject::known("slmService$605005", "Почта")],
            calendars: vec![SeedObject::known("servicetime$37001", "8x5")],
            agreements: vec![SeedObject::known("agreement$605301", "IT (8x5)")],
            ..Self::default()
        }
    }
}

/// Adds what is missing.
pub(crate) fn apply(hand: &Hand, seed: &Seed) -> Result<(), SandboxError> {
    add(hand, "root", &SeedObject::known("root$101", "Компания"))?;
    // A parent may stand after its child in the list: those whose parent is there go first, round by round.
    let mut waiting: Vec<&SeedObject> = seed.units.iter().collect();
    while !waiting.is_empty() {
        let mut left = Vec::new();
        for unit in &waiting {
            match parent_of(hand.connection, unit)? {
                Parent::Missing => left.push(*unit),
                _ => add(hand, "ou", unit)?,
            }
        }
        if left.len() == waiting.len() {
            return Err(no_parent(left[0]));
        }
        waiting = left;
    }
    for (class, objects) in [
        ("employee", &seed.employees),
        ("slmService", &seed.services),
        ("servicetime", &seed.calendars),
        ("priority", &seed.priorities),
        ("agreement", &seed.agreements),
    ] {
        for object in objects {
            add(hand, class, object)?;
        }
    }
    Ok(())
}

/// The employee of this exact title, made where there is none.
pub(crate) fn employee(hand: &Hand, title: &str) -> Result<i64, SandboxError> {
    let person = SeedObject::titled(title);
    if let Some(id) = titled(hand.connection, "employee", title, None)? {
        return Ok(id);
    }
    add(hand, "employee", &person)?;
    let made = titled(hand.connection, "employee", title, None)?;
    Ok(made.expect("the employee was added just now"))
}

enum Parent {
    None,
    Found(i64),
    Missing,
}

fn parent_of(connection: &Connection, object: &SeedObject) -> Result<Parent, SandboxError> {
    let Some(parent) = &object.parent else {
        return Ok(Parent::None);
    };
    let by_id = database::object(connection, parent)?.map(|handle| handle.id);
    let found = match by_id {
        Some(id) => Some(id),
        None => titled(connection, "ou", parent, None)?,
    };
    Ok(found.map_or(Parent::Missing, Parent::Found))
}

fn titled(
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

fn add(hand: &Hand, class: &'static str, object: &SeedObject) -> Result<(), SandboxError> {
    let connection = hand.connection;
    let parent = match parent_of(connection, object)? {
        Parent::None => None,
        Parent::Found(id) => Some(id),
        Parent::Missing => return Err(no_parent(object)),
    };
    let known = match &object.id {
        Some(id) => database::object(connection, id)?.is_some(),
        None => titled(connection, class, &object.title, parent)?.is_some(),
    };
    if known {
        return Ok(());
    }
    let refused = |refusal: Refusal| match refusal {
        Refusal::Broken(error) => SandboxError::Database(error),
        other => seed_error(object, other.text()),
    };
    let class = Class::named(class).expect("the seed names classes of the model");
    let kind = kind_of(class, object, parent)?;
    let (uuid, number) = number_of(connection, class, object)?;
    let change = change(class, object);
    let id = hand.insert(&uuid, number, kind, &change).map_err(refused)?;
    if let Some(parent) = parent {
        database::link(connection, id, "parent", parent)?;
    }
    Ok(())
}

fn change(class: &'static Class, object: &SeedObject) -> Change {
    let mut scalars = Map::new();
    if class.is_catalog() {
        let code = object.code.as_ref().unwrap_or(&object.title);
        scalars.insert("code".to_owned(), json!(code));
    }
    if let Some(email) = object.email.as_ref().filter(|_| class.name == "employee") {
        scalars.insert("email".to_owned(), Value::from(email.as_str()));
    }
    Change {
        class,
        scalars,
        title: Some(object.title.clone()),
        removed: None,
        links: Vec::new(),
        backs: Vec::new(),
        comment: None,
        written: Vec::new(),
    }
}

fn kind_of(
    class: &'static Class,
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
        None => Err(seed_error(object, format!("`{}` has no type `{kind}`", class.name))),
    }
}

fn number_of(
    connection: &Connection,
    class: &Class,
    object: &SeedObject,
) -> Result<(String, i64), SandboxError> {
    let Some(id) = &object.id else {
        let number = database::next_number(connection, class.name)?;
        return Ok((format!("{}${number}", class.name), number));
    };
    let prefix = format!("{}$", class.name);
    let number = id.strip_prefix(&prefix).and_then(|number| number.parse().ok());
    let reason = || format!("`{id}` is no id of a `{}`", class.name);
    let number = number.ok_or_else(|| seed_error(object, reason()))?;
    Ok((id.clone(), number))
}

fn no_parent(object: &SeedObject) -> SandboxError {
    let parent = object.parent.as_deref().unwrap_or_default();
    seed_error(object, format!("nothing is called `{parent}`"))
}

fn seed_error(object: &SeedObject, reason: String) -> SandboxError {
    SandboxError::Seed { title: object.title.clone(), reason }
}
