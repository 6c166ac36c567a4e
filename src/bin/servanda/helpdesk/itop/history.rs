//! Who changed what since our own last write, out of the history that is kept of every object.

use std::collections::{BTreeMap, BTreeSet};

use servanda::ident::LiveId;
use servanda::live::Touch;
use servanda::mapping::{Field, Mapping};
use servanda::plan::DriftPart;

use super::operation::{self, Object, parts};
use super::wire::{self, STATE};
use super::{ItopTransport, OURS, oql};
use crate::helpdesk::{HistoryEvent, ReadError};

/// Of how many objects the history is asked at once.
const AT_ONCE: usize = 100;
/// The class of changes of an attribute.
const CLASS: &str = "CMDBChangeOpSetAttribute";

/// What others did to these objects after we last wrote the same attribute, the latest last.
pub(super) async fn read(
    transport: &ItopTransport,
    mapping: &Mapping,
    objects: &BTreeSet<LiveId>,
) -> Result<Vec<HistoryEvent>, ReadError> {
    let numbers: Vec<u64> = objects.iter().filter_map(|id| Some(parts(id)?.1)).collect();
    let mut events = Vec::new();
    for some in numbers.chunks(AT_ONCE) {
        let class = oql::text(&mapping.class);
        let query = format!(
            "SELECT {CLASS} WHERE objclass = {class} AND objkey IN {}",
            oql::list(some.iter().copied())
        );
        let fields = "date,userinfo,objclass,objkey,attcode";
        events.extend(operation::get(transport, CLASS, &query, fields, None).await?);
    }
    // Numbers are given in the order of time, which its clock repeats an hour of each autumn.
    events.sort_by_key(|event| event.number);
    Ok(since_ours(&events).into_iter().flat_map(|event| told(event, mapping)).collect())
}

/// The changes of each attribute that came after our own last one.
fn since_ours(events: &[Object]) -> Vec<&Object> {
    let text = |event: &Object, code: &str| wire::text(&event.fields, code).unwrap_or_default().to_owned();
    let about = |event: &Object| (text(event, "objkey"), text(event, "attcode"));
    let is_ours = |event: &&Object| text(event, "userinfo").starts_with(OURS);
    let ours: BTreeMap<_, u64> =
        events.iter().filter(is_ours).map(|event| (about(event), event.number)).collect();
    events.iter().filter(|event| ours.get(&about(event)).is_none_or(|last| event.number > *last)).collect()
}

/// An event for each part of an agreement that the attribute holds.
fn told(event: &Object, mapping: &Mapping) -> Vec<HistoryEvent> {
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
