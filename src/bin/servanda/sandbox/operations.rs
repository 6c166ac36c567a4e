//! The operations of the interface, from a parsed request to its response.
//!
//! Each holds the lock on the database only while its SQL runs.

use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::change::{ObjectChange, WriteKind};
use super::database::{self, ObjectHandle};
use super::error::RequestError;
use super::find::{self, FindQuery};
use super::history::{self, HISTORY_CLASS};
use super::model::{ClassAttribute, ObjectClass};
use super::options::Paging;
use super::portal;
use super::read;
use super::request::{ApiRequest, ApiResponse};
use super::seed;
use super::session::{NO_AUTHOR, WriteSession};
use super::state::SandboxState;
use super::wire_format::WireFormat;
use super::write::EditResult;

/// The length of an endless list's page without a limit.
const ENDLESS_PAGE: u32 = 1000;

/// Finds the objects of a class that match a filter.
pub(super) fn find(state: &SandboxState, request: &ApiRequest) -> Result<ApiResponse, RequestError> {
    let options = &state.wire_format.options;
    let limit = request.limit.or(options.default_limit);
    let limit = match (limit, options.greatest_limit) {
        (Some(limit), Some(greatest)) => Some(limit.min(greatest)),
        (limit, greatest) => limit.or(greatest),
    };
    if request.target == HISTORY_CLASS {
        let events = history::find(state, request, limit)?;
        return Ok((200, Value::Array(events)));
    }
    let (class, kind) = parse_fqn(request.target)?;
    let (offset, limit) = match options.paging {
        Paging::Repeating => (0, limit),
        Paging::Ragged => (request.offset, limit.map(|limit| ragged(limit, request.number))),
        Paging::Regular | Paging::Endless => (request.offset, limit),
    };
    let query = FindQuery {
        class,
        kind,
        filter: &request.body,
        offset,
        limit,
        request: request.number,
        hidden: state.hidden_objects(request.number),
    };
    let wanted = wanted_attributes(state, class, request.attrs)?;
    let page = state.read(|connection| -> Result<_, RequestError> {
        let ids = find::find(connection, &state.wire_format, &query)?;
        Ok(read::read(connection, &ids, &wanted)?)
    })?;
    let objects = page.to_json(&wanted, &state.wire_format);
    let mut objects: Vec<Value> = objects.into_iter().map(Value::Object).collect();
    if options.paging == Paging::Endless {
        let missing = limit.unwrap_or(ENDLESS_PAGE).saturating_sub(u32::try_from(objects.len()).unwrap_or(0));
        let first = u64::from(request.offset) + objects.len() as u64;
        let numbers = first..first + u64::from(missing);
        objects.extend(numbers.map(|number| invented(request.target, number)));
    }
    Ok((200, Value::Array(objects)))
}

/// The length of a page between one object and the limit.
fn ragged(limit: u32, request: u64) -> u32 {
    let lengths = [1, limit, limit.div_ceil(2), 1, limit.saturating_sub(1)];
    lengths[usize::try_from(request % 5).unwrap_or(0)].clamp(1, limit.max(1))
}

/// An object of an endless list.
fn invented(class: &str, number: u64) -> Value {
    let class = class.split('$').next().unwrap_or_default();
    json!({ "UUID": format!("{class}${}", 9_000_000_000 + number), "title": format!("#{number}"), "removed": false })
}

/// Returns one object.
pub(super) fn get(state: &SandboxState, request: &ApiRequest) -> Result<ApiResponse, RequestError> {
    state.read(|connection| {
        let handle = existing_object(connection, request.target)?;
        let wanted = wanted_attributes(state, handle.class, request.attrs)?;
        Ok((200, object(connection, handle.id, &wanted, &state.wire_format)?))
    })
}

/// Creates an object.
pub(super) fn create(state: &SandboxState, request: &ApiRequest) -> Result<ApiResponse, RequestError> {
    let (class, mut kind) = parse_fqn(request.target)?;
    if let Some(meta_class) = request.body.get("metaClass") {
        let named = meta_class.as_str().and_then(ObjectClass::parse_fqn);
        match named {
            Some((of, Some(named))) if of == class && kind.is_none_or(|kind| kind == named) => {
                kind = Some(named);
            }
            _ => return Err(RequestError::invalid(format!("Метакласс {meta_class} не подходит"))),
        }
    }
    if !class.creatable || (kind.is_none() && !class.types.is_empty()) {
        let target = request.target;
        return Err(RequestError::invalid(format!("Объект '{target}' не может быть создан: укажите тип")));
    }
    let wanted = wanted_attributes(state, class, request.attrs)?;
    let (id, object) = state.write(request.author, |session| {
        let (connection, wire_format) = (session.connection, session.wire_format);
        let mut change =
            ObjectChange::validate(connection, wire_format, class, &request.body, WriteKind::Create)?;
        if class.name == "serviceCall" {
            portal::accept(session, &mut change)?;
        }
        let id = session.create(kind, &change)?;
        Ok::<_, RequestError>((id, object(connection, id, &wanted, wire_format)?))
    })?;
    state.record_creation(request.number, id);
    Ok((201, object))
}

/// Creates objects, of which each names its type, by itself: one that is refused comes back with the error. The body of the
/// request has values that replace those of each.
pub(super) fn create_together(
    state: &SandboxState,
    request: &ApiRequest,
    objects: Vec<Map<String, Value>>,
) -> ApiResponse {
    let one = |mut body: Map<String, Value>| {
        body.extend(request.body.clone());
        let target = body.get("metaClass").and_then(Value::as_str).unwrap_or_default().to_owned();
        let single = ApiRequest { target: &target, body, ..*request };
        create(state, &single).map_or_else(
            |error| {
                let mut refused = single.body.clone();
                refused.insert("error".to_owned(), Value::from(error.text()));
                Value::Object(refused)
            },
            |(_, created)| created,
        )
    };
    (201, objects.into_iter().map(one).collect())
}

/// The type of the first of several objects in a body; empty if there is none.
pub(super) fn first_class(body: &[u8]) -> String {
    #[derive(Default, Deserialize)]
    struct Typed {
        #[serde(default, rename = "metaClass")]
        meta_class: String,
    }
    let typed: Vec<Typed> = serde_json::from_slice(body).unwrap_or_default();
    typed.into_iter().next().unwrap_or_default().meta_class
}

/// Edits an object.
pub(super) fn edit(state: &SandboxState, request: &ApiRequest) -> Result<ApiResponse, RequestError> {
    let (result, object) = state.write(request.author, |session| {
        let handle = existing_object(session.connection, request.target)?;
        let wanted = wanted_attributes(state, handle.class, request.attrs)?;
        let result = edit_object(session, &handle, &request.body)?;
        let object = object(session.connection, handle.id, &wanted, session.wire_format)?;
        Ok::<_, RequestError>((result, object))
    })?;
    let options = &state.wire_format.options;
    if result == EditResult::Unchanged {
        state.request_log().counts.unchanged_edits += 1;
        if options.unchanged_is_not_modified {
            return Err(RequestError::NotModified);
        }
    }
    Ok((options.edit_status, object))
}

/// Deletes an object.
pub(super) fn delete(state: &SandboxState, request: &ApiRequest) -> Result<ApiResponse, RequestError> {
    state.write(request.author, |session| {
        let handle = existing_object(session.connection, request.target)?;
        session.delete(handle.id, handle.class)
    })?;
    Ok((200, Value::Null))
}

/// Calls the tenant's script module. The one that the options name accepts each `id` once.
pub(super) fn exec(
    state: &SandboxState,
    function: Option<&str>,
    parameters: Option<&str>,
    body: &Map<String, Value>,
) -> Result<ApiResponse, RequestError> {
    let function = function.unwrap_or_default();
    let name = function.strip_prefix("modules.").unwrap_or(function);
    if state.wire_format.options.module.as_deref() == Some(name) {
        let id = body.get("id").and_then(Value::as_str);
        let id = id.ok_or_else(|| RequestError::invalid("Нет id"))?;
        let is_new = state.request_log().accepted_notices.insert(id.to_owned());
        tracing::info!(id, is_new, "the script module was called");
        return Ok((200, json!({ "sent": u8::from(is_new) })));
    }
    let given = parameters.unwrap_or_default().split(',');
    let count = given.filter(|parameter| !parameter.is_empty()).count();
    Err(RequestError::UnknownModule(format!("{name}({count} args)")))
}

/// Edits an object in the name of a person, who is added if needed.
pub(super) fn hand_edit(
    state: &SandboxState,
    uuid: &str,
    attributes: &Map<String, Value>,
    who: &str,
) -> Result<EditResult, RequestError> {
    let author = person(state, who)?;
    state.write(author, |session| {
        let handle = existing_object(session.connection, uuid)?;
        edit_object(session, &handle, attributes)
    })
}

/// Finds the employee with this exact name, or adds one.
pub(super) fn person(state: &SandboxState, name: &str) -> Result<i64, RequestError> {
    let employee = state.write(NO_AUTHOR, |session| seed::employee(session, name));
    employee.map_err(|error| RequestError::invalid(error.to_string()))
}

fn edit_object(
    session: &WriteSession<'_>,
    handle: &ObjectHandle,
    body: &Map<String, Value>,
) -> Result<EditResult, RequestError> {
    let (connection, wire_format) = (session.connection, session.wire_format);
    let change = ObjectChange::validate(connection, wire_format, handle.class, body, WriteKind::Edit)?;
    session.edit(handle.id, &change)
}

/// Finds an object by its UUID; a missing object is an error.
pub(super) fn existing_object(connection: &Connection, uuid: &str) -> Result<ObjectHandle, RequestError> {
    let found = database::object(connection, uuid)?;
    found.ok_or_else(|| RequestError::NotFound(uuid.to_owned()))
}

fn object(
    connection: &Connection,
    id: i64,
    wanted: &[&'static ClassAttribute],
    wire_format: &WireFormat,
) -> Result<Value, RequestError> {
    let page = read::read(connection, &[id], wanted)?;
    let found = page.to_json(wanted, wire_format).into_iter().next();
    Ok(found.map_or_else(|| json!({}), Value::Object))
}

fn wanted_attributes(
    state: &SandboxState,
    class: &'static ObjectClass,
    attrs: Option<&str>,
) -> Result<Vec<&'static ClassAttribute>, RequestError> {
    let (wanted, unknown) = read::wanted_attributes(class, attrs);
    match unknown.first() {
        Some(code) if state.wire_format.options.unknown_attrs_refused => {
            Err(RequestError::unknown_attribute(code, class.name))
        }
        _ => Ok(wanted),
    }
}

fn parse_fqn(fqn: &str) -> Result<(&'static ObjectClass, Option<&'static str>), RequestError> {
    ObjectClass::parse_fqn(fqn).ok_or_else(|| RequestError::invalid(format!("Метакласс '{fqn}' не найден")))
}
