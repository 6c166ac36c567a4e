//! From the JSON of a write to a change that can be carried out, or to the reason why it can not.
//!
//! Every attribute is checked before anything is written. Looks references up; writes nothing.

use std::collections::BTreeSet;

use rusqlite::Connection;
use serde_json::{Map, Value};

use super::database;
use super::dialect::Dialect;
use super::error::Refusal;
use super::model::{Attribute, Class, Column, Kind, Written};
use super::options::AgreementRecipients;

/// The longest title that is taken, in characters.
const LONGEST_TITLE: usize = 255;

/// What is to be written on one object, in stored forms.
#[derive(Debug)]
pub(crate) struct Change {
    /// The class of the object.
    pub(crate) class: &'static Class,
    /// Attributes of the body.
    pub(crate) scalars: Map<String, Value>,
    /// The title, where it is written; an emptied one is the empty text.
    pub(crate) title: Option<String>,
    /// Whether the object is archived, where that is written.
    pub(crate) removed: Option<bool>,
    /// References and sets, each with all its targets.
    pub(crate) links: Vec<(&'static Attribute, Vec<i64>)>,
    /// Far sets that this object shall be in: the attribute over there, and all their owners.
    pub(crate) backs: Vec<(&'static str, Vec<i64>)>,
    /// A comment to be left beside the change.
    pub(crate) comment: Option<String>,
    /// The attributes that are written.
    pub(crate) written: Vec<&'static Attribute>,
}

/// Whether an object is being made or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// It is being made.
    Create,
    /// It is there.
    Edit,
}

impl Change {
    /// Reads the body of a write.
    pub(crate) fn read(
        connection: &Connection,
        dialect: &Dialect,
        class: &'static Class,
        body: &Map<String, Value>,
        occasion: Occasion,
    ) -> Result<Self, Refusal> {
        let mut change = Self {
            class,
            scalars: Map::new(),
            title: None,
            removed: None,
            links: Vec::new(),
            backs: Vec::new(),
            comment: None,
            written: Vec::new(),
        };
        for (code, value) in body {
            match code.as_str() {
                "metaClass" if occasion == Occasion::Create => {}
                "@comment" if occasion == Occasion::Edit => change.comment = Some(comment(value)?),
                _ => {
                    let attribute = writable(class, code, occasion)?;
                    change.set(connection, dialect, attribute, value)?;
                }
            }
        }
        change.require(body, occasion)?;
        Ok(change)
    }

    /// The single target of a reference that is written.
    pub(crate) fn target(&self, code: &str) -> Option<i64> {
        let link = self.links.iter().find(|(own, _)| own.code == code)?;
        link.1.first().copied()
    }

    /// Writes a reference that the caller left to the helpdesk.
    pub(crate) fn point(&mut self, code: &str, target: i64) {
        if let Some(attribute) = self.class.attribute(code) {
            self.links.retain(|(own, _)| own.code != code);
            self.links.push((attribute, vec![target]));
        }
    }

    fn set(
        &mut self,
        connection: &Connection,
        dialect: &Dialect,
        attribute: &'static Attribute,
        value: &Value,
    ) -> Result<(), Refusal> {
        let code = attribute.code;
        let wrong = || Refusal::invalid(format!("Недопустимое значение атрибута '{code}'"));
        let to_recipient = matches!(attribute.kind, Kind::Many("ou" | "employee"));
        match dialect.options.agreement_recipients {
            AgreementRecipients::Ignored if to_recipient => return Ok(()),
            AgreementRecipients::Refused if to_recipient => return Err(closed(code)),
            _ => {}
        }
        match attribute.kind {
            Kind::Column(Column::Removed) => {
                self.removed = Some(value.as_bool().ok_or_else(wrong)?);
            }
            Kind::Column(_) => self.title = Some(text(code, value)?.unwrap_or_default()),
            Kind::One(classes) => {
                let targets = match value {
                    Value::Null => Vec::new(),
                    Value::String(uuid) => vec![refer(connection, code, uuid, classes)?],
                    _ => return Err(wrong()),
                };
                self.links.push((attribute, targets));
            }
            Kind::Many(class) => {
                let targets = refer_all(connection, code, value, class)?;
                self.links.push((attribute, targets));
            }
            Kind::Back { class, attribute } => {
                let owners = refer_all(connection, code, value, class)?;
                self.backs.push((attribute, owners));
            }
            kind => {
                let stored = scalar(code, kind, value, dialect)?;
                self.scalars.insert(code.to_owned(), stored);
            }
        }
        self.written.push(attribute);
        Ok(())
    }

    /// What must be there is there after the write.
    fn require(&self, body: &Map<String, Value>, occasion: Occasion) -> Result<(), Refusal> {
        for code in self.class.required {
            let lacks = match body.get(*code) {
                None => occasion == Occasion::Create,
                Some(Value::Null) => true,
                Some(Value::String(text)) => text.trim().is_empty(),
                Some(_) => false,
            };
            if lacks {
                return Err(Refusal::invalid(format!("Не заполнен обязательный атрибут '{code}'")));
            }
        }
        Ok(())
    }
}

fn writable(class: &'static Class, code: &str, occasion: Occasion) -> Result<&'static Attribute, Refusal> {
    let attribute = class.attribute(code).ok_or_else(|| {
        let class = class.name;
        Refusal::invalid(format!("Атрибут '{code}' не найден в метаклассе '{class}'"))
    })?;
    match (attribute.written, occasion) {
        (Written::Always, _) | (Written::OnEdit, Occasion::Edit) => Ok(attribute),
        (Written::OnEdit, Occasion::Create) => {
            Err(Refusal::invalid(format!("Атрибут '{code}' не может быть задан при создании объекта")))
        }
        (Written::Never, _) => Err(closed(code)),
    }
}

fn closed(code: &str) -> Refusal {
    Refusal::invalid(format!("Атрибут '{code}' недоступен для редактирования"))
}

fn comment(value: &Value) -> Result<String, Refusal> {
    let text = value.as_str().filter(|text| !text.is_empty());
    let refused = || Refusal::invalid("Недопустимое значение атрибута '@comment'");
    text.map(str::to_owned).ok_or_else(refused)
}

fn text(code: &str, value: &Value) -> Result<Option<String>, Refusal> {
    let limited = matches!(code, "title" | "shortDescr");
    match value {
        Value::Null => Ok(None),
        Value::String(text) if limited && text.chars().count() > LONGEST_TITLE => {
            Err(Refusal::invalid(format!("Значение атрибута '{code}' длиннее {LONGEST_TITLE} символов")))
        }
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(Refusal::invalid(format!("Недопустимое значение атрибута '{code}'"))),
    }
}

fn scalar(code: &str, kind: Kind, value: &Value, dialect: &Dialect) -> Result<Value, Refusal> {
    let wrong = || Refusal::invalid(format!("Недопустимое значение атрибута '{code}'"));
    Ok(match kind {
        Kind::State(states) => {
            let state = value.as_str().filter(|state| states.contains(state));
            let refused = || Refusal::invalid(format!("Переход в статус {value} невозможен"));
            Value::from(state.ok_or_else(refused)?)
        }
        Kind::Text => text(code, value)?.map_or(Value::Null, Value::from),
        _ if value.is_null() => Value::Null,
        Kind::Flag => Value::from(value.as_bool().ok_or_else(wrong)?),
        Kind::Day => {
            let read = value.as_str().and_then(|text| dialect.read_day(text));
            Value::from(read.ok_or_else(wrong)?)
        }
        Kind::Interval => dialect.read_interval(value).ok_or_else(wrong)?,
        _ => return Err(wrong()),
    })
}

fn refer(connection: &Connection, code: &str, uuid: &str, classes: &[&str]) -> Result<i64, Refusal> {
    let found = database::object(connection, uuid)?;
    let fits = |name: &str| classes.is_empty() || classes.contains(&name);
    match found {
        Some(handle) if fits(handle.class.name) => Ok(handle.id),
        Some(_) => Err(Refusal::invalid(format!("Объект '{uuid}' не подходит для атрибута '{code}'"))),
        None => Err(Refusal::invalid(format!("Объект '{uuid}', указанный в атрибуте '{code}', не найден"))),
    }
}

/// A set is written whole, as an array of UUIDs; what stands in it twice counts once.
fn refer_all(connection: &Connection, code: &str, value: &Value, class: &str) -> Result<Vec<i64>, Refusal> {
    let wrong = || Refusal::invalid(format!("Недопустимое значение атрибута '{code}'"));
    let mut targets = BTreeSet::new();
    for uuid in value.as_array().ok_or_else(wrong)? {
        let uuid = uuid.as_str().ok_or_else(wrong)?;
        targets.insert(refer(connection, code, uuid, &[class])?);
    }
    Ok(targets.into_iter().collect())
}
