//! Changes by others since Servanda's own last write, from the history that iTop keeps of every object.

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

/// The number of objects in one request for their history.
const BATCH: usize = 100;
/// The class of attribute changes.
const CLASS: &str = "CMDBChangeOpSetAttribute";

/// Reads the changes that others made to an attribute after Servanda last wrote it, oldest first.
pub(super) async fn read(
    transport: &ItopTransport,
    mapping: &Mapping,
    objects: &BTreeSet<LiveId>,
) -> Result<Vec<HistoryEvent>, ReadError> {
    let numbers: Vec<u64> = objects.iter().filter_map(|id| Some(parts(id)?.1)).collect();
    let mut events = Vec::new();
    for some in numbers.chunks(BATCH) {
        let class = oql::text(&mapping.class);
        let query = format!(
            "SELECT {CLASS} WHERE objclass = {class} AND objkey IN {}",
            oql::list(some.iter().copied())
        );
        let fields = "date,userinfo,objclass,objkey,attcode";
        events.extend(operation::matching(transport, CLASS, &query, fields).await?);
    }
    // Sorted by number, which ascends with time: the local clock repeats an hour each autumn.
    events.sort_by_key(|event| event.number);
    Ok(since_own_write(&events).into_iter().flat_map(|event| by_part(event, mapping)).collect())
}

/// The changes of each attribute after Servanda's own last write.
fn since_own_write(events: &[Object]) -> Vec<&Object> {
    let text = |event: &Object, code: &str| wire::text(&event.fields, code).unwrap_or_default().to_owned();
    let attribute = |event: &Object| (text(event, "objkey"), text(event, "attcode"));
    let is_own = |event: &&Object| text(event, "userinfo").starts_with(COMMENT_PREFIX);
    let own: BTreeMap<_, u64> =
        events.iter().filter(is_own).map(|event| (attribute(event), event.number)).collect();
    events.iter().filter(|event| own.get(&attribute(event)).is_none_or(|last| event.number > *last)).collect()
}

/// Returns an event for each part of an agreement that the attribute contains.
fn by_part(event: &Object, mapping: &Mapping) -> Vec<HistoryEvent> {
    let text = |code: &str| wire::text(&event.fields, code).unwrap_or_default();
    let (Ok(number), code) = (text("objkey").parse(), text("attcode")) else {
        return Vec::new();
    };
    let name = Some(text("userinfo").to_owned()).filter(|name| !name.is_empty());
    let touch = Touch { who: None, name, when: text("date").to_owned() };
    let fields = mapping
        .attributes
        .iter()
        .filter(|(_, own)| *own == code)
        .map(|(field, _)| DriftPart::Field(Field::clone(field)));
    let parts = (code == STATE).then_some(DriftPart::State).into_iter().chain(fields);
    let event = |part| HistoryEvent {
        object: operation::id(&mapping.class, number),
        part: Some(part),
        touch: touch.clone(),
    };
    parts.map(event).collect()
}
