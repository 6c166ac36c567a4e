//! Changes by others since Servanda's own last write, from the history that iTop keeps of every object.
//!
//! The author of a change is its user: the comment of a change over REST is any text that its sender chose.

use std::collections::{BTreeMap, BTreeSet};

use servanda::ident::LiveId;
use servanda::live::Touch;
use servanda::mapping::{Field, Mapping};
use servanda::plan::{DriftPart, HistoryEvent};

use super::login::ItopTransport;
use super::operation::COMMENT_PREFIX;
use super::operation::{self, Object, parts};
use super::oql;
use super::wire::{self, STATE};
use crate::helpdesk::error::ReadError;
use crate::process::context::is_run_name;

/// The number of objects in one request for their history.
const BATCH: usize = 100;
/// The class of attribute changes.
const CLASS: &str = "CMDBChangeOpSetAttribute";
/// The class of users.
const USER: &str = "User";

/// Reads the changes that others made to an attribute after Servanda last wrote it, oldest first.
pub(super) async fn read(
    transport: &ItopTransport,
    mapping: &Mapping,
    objects: &BTreeSet<LiveId>,
) -> Result<Vec<HistoryEvent>, ReadError> {
    let mut by_class: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (class, number) in objects.iter().filter_map(parts) {
        by_class.entry(class).or_default().push(number);
    }
    let mut events = Vec::new();
    for (class, numbers) in by_class {
        for some in numbers.chunks(BATCH) {
            let query = format!(
                "SELECT {CLASS} WHERE objclass = {} AND objkey IN {}",
                oql::text(class),
                oql::list(some.iter().copied())
            );
            let fields = "date,userinfo,user_id,objclass,objkey,attcode";
            events.extend(operation::matching(transport, CLASS, &query, fields).await?);
        }
    }
    // Sorted by number, which ascends with time: the local clock repeats an hour each autumn.
    events.sort_by_key(|event| event.number);
    let own_user = format!("SELECT {USER} WHERE id = :current_user->id");
    // A login that may not read users still sees what changed when.
    let own_user = operation::get(transport, USER, &own_user, "id", None).await.unwrap_or_default();
    let own_user = own_user.first().map(|user| user.number);
    let foreign = since_own_write(&events, own_user);
    let users = foreign.iter().filter_map(|event| user(event)).collect();
    let names = names(transport, users).await.unwrap_or_default();
    Ok(foreign.into_iter().flat_map(|event| by_part(event, mapping, &names)).collect())
}

/// The user of a change; `None` where iTop does not know it.
fn user(event: &Object) -> Option<u64> {
    wire::link(&event.fields, "user_id").ok().flatten()
}

/// Reads the names of users: those of their people, else their logins.
async fn names(transport: &ItopTransport, users: BTreeSet<u64>) -> Result<BTreeMap<u64, String>, ReadError> {
    if users.is_empty() {
        return Ok(BTreeMap::new());
    }
    let query = format!("SELECT {USER} WHERE id IN {}", oql::list(users));
    let found = operation::matching(transport, USER, &query, "login,contactid_friendlyname").await?;
    let name = |user: &Object| {
        let text = |code| wire::text(&user.fields, code).ok().filter(|text| !text.is_empty());
        text("contactid_friendlyname").or_else(|| text("login")).map(str::to_owned)
    };
    Ok(found.iter().filter_map(|user| Some((user.number, name(user)?))).collect())
}

/// The changes of each attribute after Servanda's own last write.
fn since_own_write(events: &[Object], own_user: Option<u64>) -> Vec<&Object> {
    let text = |event: &Object, code: &str| wire::text(&event.fields, code).unwrap_or_default().to_owned();
    let attribute = |event: &Object| ["objclass", "objkey", "attcode"].map(|code| text(event, code));
    let is_own = |event: &&Object| {
        own_user.is_none_or(|own| user(event) == Some(own)) && is_own_comment(&text(event, "userinfo"))
    };
    let own: BTreeMap<_, u64> =
        events.iter().filter(is_own).map(|event| (attribute(event), event.number)).collect();
    events.iter().filter(|event| own.get(&attribute(event)).is_none_or(|last| event.number > *last)).collect()
}

/// Whether a comment is ours: `servanda 2026-11-25T16:03:02Z-0a1b2c3d`, and not a text that only begins alike.
fn is_own_comment(comment: &str) -> bool {
    comment.strip_prefix(COMMENT_PREFIX).is_some_and(is_run_name)
}

/// Returns an event for each part of an agreement that the attribute contains.
fn by_part(event: &Object, mapping: &Mapping, names: &BTreeMap<u64, String>) -> Vec<HistoryEvent> {
    let text = |code: &str| wire::text(&event.fields, code).unwrap_or_default();
    let (Ok(number), class, code) = (text("objkey").parse(), text("objclass"), text("attcode")) else {
        return Vec::new();
    };
    let user = user(event);
    let touch = Touch {
        who: user.map(|user| operation::id(USER, user)),
        name: user.and_then(|user| names.get(&user).cloned()),
        when: mapping.dates.in_zone(text("date")),
    };
    let event = |part| HistoryEvent { object: operation::id(class, number), part, touch: touch.clone() };
    if class != mapping.class {
        // Of an SLA or SLT, all attributes are about targets.
        return vec![event(None)];
    }
    let fields = mapping
        .attributes
        .iter()
        .filter(|(_, own)| *own == code)
        .map(|(field, _)| DriftPart::Field(Field::clone(field)));
    let parts = (code == STATE).then_some(DriftPart::State).into_iter().chain(fields);
    parts.map(|part| event(Some(part))).collect()
}

#[cfg(test)]
mod tests {
    use super::is_own_comment;

    #[test]
    fn a_comment_that_only_begins_like_ours_is_not_ours() {
        assert!(is_own_comment("servanda 2026-11-25T16:03:02.5Z-0a1b2c3d"));
        for other in
            ["servanda cleanup by T. U.", "servanda 2026-11-25", "servanda tidy-0a1b2c3d", "servanda "]
        {
            assert!(!is_own_comment(other), "{other}");
        }
    }
}
