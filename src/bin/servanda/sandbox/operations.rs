//! The verbs of the interface, from a request that has been read to its answer.
//!
//! Each locks the database for its SQL alone. Knows no HTTP beyond a status; who asks has been settled.

use serde_json::{Map, Value, json};

use rusqlite::TransactionBehavior;

use super::change::{Change, Occasion};
use super::database::{self, Handle};
use super::error::Refusal;
use super::find::{self, Question};
use super::history;
use super::model::{Attribute, Class};
use super::portal;
use super::read;
use super::server::Inner;
use super::write::{Edited, Hand};

/// A request as far as it has been read.
#[derive(Debug)]
pub(crate) struct Call<'request> {
    /// The number of the request, from one; nought, to which nothing is hidden, where none was made.
    pub(crate) number: u64,
    /// The class or the UUID in the path.
    pub(crate) target: &'request str,
    /// The attributes asked for.
    pub(crate) attrs: Option<&'request str>,
    /// How many objects to pass over.
    pub(crate) offset: u32,
    /// How many objects to give.
    pub(crate) limit: Option<u32>,
    /// The body.
    pub(crate) body: Map<String, Value>,
    /// The employee who asks.
    pub(crate) author: i64,
}

/// A status and the JSON under it.
pub(crate) type Answer = (u16, Value);

/// Objects of a class that match a filter.
pub(crate) fn find(inner: &Inner, call: &Call) -> Result<Answer, Refusal> {
    let options = &inner.dialect.options;
    let limit = call.limit.or(options.default_limit);
    let limit = match (limit, options.greatest_limit) {
        (Some(limit), Some(greatest)) => Some(limit.min(greatest)),
        (limit, greatest) => limit.or(greatest),
    };
    if call.target == history::CLASS {
        let events = history::find(inner, call, limit)?;
        return Ok((200, Value::Array(events)));
    }
    let (class, kind) = class_of(call.target)?;
    let question = Question {
        class,
        kind,
        filter: &call.body,
        offset: call.offset,
        limit,
        hidden: inner.hidden(call.number),
    };
    let wanted = wanted(inner, class, call.attrs)?;
    let page = {
        let connection = inner.connection();
        let ids = find::find(&connection, &inner.dialect, &question)?;
        read::read(&connection, &ids, &wanted)?
    };
    let objects = page.render(&wanted, &inner.dialect);
    let objects = objects.into_iter().map(Value::Object);
    Ok((200, Value::Array(objects.collect())))
}

/// One object.
pub(crate) fn get(inner: &Inner, call: &Call) -> Result<Answer, Refusal> {
    let handle = present(inner, call.target)?;
    object(inner, &handle, call.attrs).map(|object| (200, object))
}

/// A new object.
pub(crate) fn create(inner: &Inner, call: &Call) -> Result<Answer, Refusal> {
    let (class, mut kind) = class_of(call.target)?;
    if let Some(meta) = call.body.get("metaClass") {
        let named = meta.as_str().and_then(Class::qualified);
        match named {
            Some((of, Some(named))) if of == class && kind.is_none_or(|kind| kind == named) => {
                kind = Some(named);
            }
            _ => return Err(Refusal::invalid(format!("Метакласс {meta} не подходит"))),
        }
    }
    if !class.creatable || (kind.is_none() && !class.types.is_empty()) {
        let target = call.target;
        return Err(Refusal::invalid(format!("Объект '{target}' не может быть создан: укажите тип")));
    }
    wanted(inner, class, call.attrs)?;
    let id = inner.write(call.author, |hand| {
        let (connection, dialect) = (hand.connection, hand.dialect);
        let mut change = Change::read(connection, dialect, class, &call.body, Occasion::Create)?;
        if class.name == "serviceCall" {
            portal::admit(hand, &mut change)?;
        }
        hand.create(kind, &change)
    })?;
    inner.made(call.number, id);
    let kind = class.meta_class(kind);
    let handle = Handle { id, class, kind };
    object(inner, &handle, call.attrs).map(|object| (201, object))
}

/// A change of an object.
pub(crate) fn edit(inner: &Inner, call: &Call) -> Result<Answer, Refusal> {
    let handle = present(inner, call.target)?;
    wanted(inner, handle.class, call.attrs)?;
    let edited = edit_object(inner, &handle, &call.body, call.author)?;
    if edited == Edited::Unchanged {
        inner.desk().tally.idle += 1;
    }
    if edited == Edited::Unchanged && inner.dialect.options.unchanged_is_not_modified {
        return Err(Refusal::NotModified);
    }
    let status = inner.dialect.options.edit_status;
    object(inner, &handle, call.attrs).map(|object| (status, object))
}

/// The end of an object.
pub(crate) fn delete(inner: &Inner, call: &Call) -> Result<Answer, Refusal> {
    let handle = present(inner, call.target)?;
    inner.write(call.author, |hand| hand.delete(handle.id, handle.class))?;
    Ok((200, Value::Null))
}

/// A tenant's script module: the one that the switches name, which takes each `id` once and says whether it is new.
pub(crate) fn exec(
    inner: &Inner,
    function: Option<&str>,
    parameters: Option<&str>,
    body: &Map<String, Value>,
) -> Result<Answer, Refusal> {
    let function = function.unwrap_or_default();
    let name = function.strip_prefix("modules.").unwrap_or(function);
    if inner.dialect.options.module.as_deref() == Some(name) {
        let id = body.get("id").and_then(Value::as_str);
        let id = id.ok_or_else(|| Refusal::invalid("Нет id".to_owned()))?;
        let is_new = inner.desk().told.insert(id.to_owned());
        tracing::info!(id, is_new, "the module was called");
        return Ok((200, json!({ "sent": u8::from(is_new) })));
    }
    let given = parameters.unwrap_or_default().split(',');
    let count = given.filter(|parameter| !parameter.is_empty()).count();
    Err(Refusal::NoModule(format!("{name}({count} args)")))
}

/// Changes an object in the name of an employee.
pub(crate) fn edit_object(
    inner: &Inner,
    handle: &Handle,
    body: &Map<String, Value>,
    author: i64,
) -> Result<Edited, Refusal> {
    inner.write(author, |hand| {
        let (connection, dialect) = (hand.connection, hand.dialect);
        let change = Change::read(connection, dialect, handle.class, body, Occasion::Edit)?;
        hand.edit(handle.id, &change)
    })
}

/// The object of a UUID, or the refusal that says there is none.
pub(crate) fn present(inner: &Inner, uuid: &str) -> Result<Handle, Refusal> {
    let found = database::object(&inner.connection(), uuid)?;
    found.ok_or_else(|| Refusal::Absent(uuid.to_owned()))
}

fn object(inner: &Inner, handle: &Handle, attrs: Option<&str>) -> Result<Value, Refusal> {
    let wanted = wanted(inner, handle.class, attrs)?;
    let page = read::read(&inner.connection(), &[handle.id], &wanted)?;
    let found = page.render(&wanted, &inner.dialect).into_iter().next();
    Ok(found.map_or_else(|| json!({}), Value::Object))
}

fn wanted(
    inner: &Inner,
    class: &'static Class,
    attrs: Option<&str>,
) -> Result<Vec<&'static Attribute>, Refusal> {
    let (wanted, unknown) = read::wanted(class, attrs);
    match unknown.first() {
        Some(code) if inner.dialect.options.unknown_attrs_refused => {
            let class = class.name;
            Err(Refusal::invalid(format!("Атрибут '{code}' не найден в метаклассе '{class}'")))
        }
        _ => Ok(wanted),
    }
}

fn class_of(fqn: &str) -> Result<(&'static Class, Option<&'static str>), Refusal> {
    Class::qualified(fqn).ok_or_else(|| Refusal::invalid(format!("Метакласс '{fqn}' не найден")))
}

impl Inner {
    /// Carries a write out in one transaction; a refusal leaves nothing behind.
    pub(crate) fn write<T>(
        &self,
        author: i64,
        work: impl FnOnce(&Hand) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let hand =
            Hand { connection: &transaction, dialect: &self.dialect, author, now: self.clock.second() };
        let done = work(&hand)?;
        transaction.commit()?;
        Ok(done)
    }
}
