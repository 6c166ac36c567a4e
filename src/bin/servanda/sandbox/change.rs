//! Validates the JSON of a write and resolves its references, before anything is written.

use std::collections::BTreeSet;

use rusqlite::Connection;
use serde_json::{Map, Value};

use super::database;
use super::error::RequestError;
use super::model::{AttributeKind, ClassAttribute, Column, ObjectClass, WriteAccess};
use super::options::{AgreementRecipients, InventoryNumber};
use super::wire_format::WireFormat;

/// The longest accepted title, in characters.
const TITLE_LIMIT: usize = 255;

/// A validated write to one object, in stored forms.
#[derive(Debug)]
pub(super) struct ObjectChange {
    /// The class of the object.
    pub(super) class: &'static ObjectClass,
    /// Attributes without a column or a link of their own.
    pub(super) scalars: Map<String, Value>,
    /// The title, if written; null becomes the empty text.
    pub(super) title: Option<String>,
    /// Whether the object is archived, if written.
    pub(super) removed: Option<bool>,
    /// References and sets, each with all its targets.
    pub(super) links: Vec<(&'static ClassAttribute, Vec<i64>)>,
    /// Back references: the code of the set, and all owners whose set shall contain this object.
    pub(super) back_links: Vec<(&'static str, Vec<i64>)>,
    /// A comment to add to the object.
    pub(super) comment: Option<String>,
    /// The written attributes.
    pub(super) written: Vec<&'static ClassAttribute>,
}

/// The kind of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteKind {
    /// The object is created.
    Create,
    /// The object exists.
    Edit,
}

impl ObjectChange {
    /// Validates the body of a write.
    pub(super) fn validate(
        connection: &Connection,
        wire_format: &WireFormat,
        class: &'static ObjectClass,
        body: &Map<String, Value>,
        kind: WriteKind,
    ) -> Result<Self, RequestError> {
        let mut change = Self {
            class,
            scalars: Map::new(),
            title: None,
            removed: None,
            links: Vec::new(),
            back_links: Vec::new(),
            comment: None,
            written: Vec::new(),
        };
        for (code, value) in body {
            match code.as_str() {
                "metaClass" if kind == WriteKind::Create => {}
                "@comment" if kind == WriteKind::Edit => change.comment = Some(comment(value)?),
                _ => {
                    let attribute = writable(class, code, kind)?;
                    change.set(connection, wire_format, attribute, value)?;
                }
            }
        }
        change.require(body, kind)?;
        Ok(change)
    }

    /// The target of a written reference.
    pub(super) fn target(&self, code: &str) -> Option<i64> {
        let link = self.links.iter().find(|(own, _)| own.code == code)?;
        link.1.first().copied()
    }

    /// Sets a reference in place of the written one.
    pub(super) fn set_target(&mut self, code: &str, target: i64) {
        if let Some(attribute) = self.class.attribute(code) {
            self.links.retain(|(own, _)| own.code != code);
            self.links.push((attribute, vec![target]));
        }
    }

    fn set(
        &mut self,
        connection: &Connection,
        wire_format: &WireFormat,
        attribute: &'static ClassAttribute,
        value: &Value,
    ) -> Result<(), RequestError> {
        let code = attribute.code;
        let wrong = || RequestError::invalid_value(code);
        let is_recipients = matches!(attribute.kind, AttributeKind::ReferenceSet("ou" | "employee"));
        match wire_format.options.agreement_recipients {
            AgreementRecipients::Ignored if is_recipients => return Ok(()),
            AgreementRecipients::Refused if is_recipients => return Err(read_only(code)),
            _ => {}
        }
        let cut = match wire_format.options.inventory_number {
            InventoryNumber::Numbered | InventoryNumber::Ignored if is_numbered(self.class, code) => {
                return Ok(());
            }
            InventoryNumber::Cut(length) if is_numbered(self.class, code) => Some(first(value, length)),
            _ => None,
        };
        let value = cut.as_ref().unwrap_or(value);
        match attribute.kind {
            AttributeKind::Column(Column::Removed) => {
                self.removed = Some(value.as_bool().ok_or_else(wrong)?);
            }
            AttributeKind::Column(_) => self.title = Some(text(code, value)?.unwrap_or_default()),
            AttributeKind::Reference(classes) => {
                let targets = match value {
                    Value::Null => Vec::new(),
                    Value::String(uuid) => vec![resolve(connection, code, uuid, classes)?],
                    _ => return Err(wrong()),
                };
                self.links.push((attribute, targets));
            }
            AttributeKind::ReferenceSet(class) => {
                let targets = resolve_set(connection, code, value, class)?;
                self.links.push((attribute, targets));
            }
            AttributeKind::BackReference { class, attribute } => {
                let owners = resolve_set(connection, code, value, class)?;
                self.back_links.push((attribute, owners));
            }
            kind => {
                let stored = scalar(code, kind, value, wire_format)?;
                self.scalars.insert(code.to_owned(), stored);
            }
        }
        self.written.push(attribute);
        Ok(())
    }

    /// Checks that no required attribute is empty after the write.
    fn require(&self, body: &Map<String, Value>, kind: WriteKind) -> Result<(), RequestError> {
        for code in self.class.required {
            let is_empty = match body.get(*code) {
                None => kind == WriteKind::Create,
                Some(Value::Null) => true,
                Some(Value::String(text)) => text.trim().is_empty(),
                Some(_) => false,
            };
            if is_empty {
                return Err(RequestError::invalid(format!("Не заполнен обязательный атрибут '{code}'")));
            }
        }
        Ok(())
    }
}

/// Whether the attribute is the inventory number of an agreement.
pub(super) fn is_numbered(class: &ObjectClass, code: &str) -> bool {
    (class.name, code) == ("agreement", "inventoryNumber")
}

/// The first characters of a text.
fn first(value: &Value, length: usize) -> Value {
    value.as_str().map_or(Value::Null, |text| text.chars().take(length).collect::<String>().into())
}

fn writable(
    class: &'static ObjectClass,
    code: &str,
    kind: WriteKind,
) -> Result<&'static ClassAttribute, RequestError> {
    let attribute = class.attribute(code).ok_or_else(|| RequestError::unknown_attribute(code, class.name))?;
    match (attribute.access, kind) {
        (WriteAccess::Always, _) | (WriteAccess::OnEdit, WriteKind::Edit) => Ok(attribute),
        (WriteAccess::OnEdit, WriteKind::Create) => {
            Err(RequestError::invalid(format!("Атрибут '{code}' не может быть задан при создании объекта")))
        }
        (WriteAccess::ReadOnly, _) => Err(read_only(code)),
    }
}

fn read_only(code: &str) -> RequestError {
    RequestError::invalid(format!("Атрибут '{code}' недоступен для редактирования"))
}

fn comment(value: &Value) -> Result<String, RequestError> {
    let text = value.as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| RequestError::invalid_value("@comment"))
}

fn text(code: &str, value: &Value) -> Result<Option<String>, RequestError> {
    let limited = matches!(code, "title" | "shortDescr");
    match value {
        Value::Null => Ok(None),
        Value::String(text) if limited && text.chars().count() > TITLE_LIMIT => {
            Err(RequestError::invalid(format!("Значение атрибута '{code}' длиннее {TITLE_LIMIT} символов")))
        }
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(RequestError::invalid_value(code)),
    }
}

fn scalar(
    code: &str,
    kind: AttributeKind,
    value: &Value,
    wire_format: &WireFormat,
) -> Result<Value, RequestError> {
    let wrong = || RequestError::invalid_value(code);
    Ok(match kind {
        AttributeKind::State(states) => {
            let state = value.as_str().filter(|state| states.contains(state));
            let refused = || RequestError::invalid(format!("Переход в статус {value} невозможен"));
            Value::from(state.ok_or_else(refused)?)
        }
        AttributeKind::Text => text(code, value)?.map_or(Value::Null, Value::from),
        _ if value.is_null() => Value::Null,
        AttributeKind::Flag => Value::from(value.as_bool().ok_or_else(wrong)?),
        AttributeKind::LocalDate => {
            let parsed = value.as_str().and_then(|text| wire_format.parse_local_date(text));
            Value::from(parsed.ok_or_else(wrong)?)
        }
        AttributeKind::Duration => wire_format.parse_duration(value).ok_or_else(wrong)?,
        _ => return Err(wrong()),
    })
}

fn resolve(connection: &Connection, code: &str, uuid: &str, classes: &[&str]) -> Result<i64, RequestError> {
    let found = database::object(connection, uuid)?;
    let fits = |name: &str| classes.is_empty() || classes.contains(&name);
    match found {
        Some(handle) if fits(handle.class.name) => Ok(handle.id),
        Some(_) => Err(RequestError::invalid(format!("Объект '{uuid}' не подходит для атрибута '{code}'"))),
        None => {
            Err(RequestError::invalid(format!("Объект '{uuid}', указанный в атрибуте '{code}', не найден")))
        }
    }
}

/// Resolves a set, which is written as an array of all its UUIDs. Duplicates count once.
fn resolve_set(
    connection: &Connection,
    code: &str,
    value: &Value,
    class: &str,
) -> Result<Vec<i64>, RequestError> {
    let wrong = || RequestError::invalid_value(code);
    let mut targets = BTreeSet::new();
    for uuid in value.as_array().ok_or_else(wrong)? {
        let uuid = uuid.as_str().ok_or_else(wrong)?;
        targets.insert(resolve(connection, code, uuid, &[class])?);
    }
    Ok(targets.into_iter().collect())
}
