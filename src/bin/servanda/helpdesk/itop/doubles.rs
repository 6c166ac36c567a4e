//! Finds SLAs and SLTs of Servanda that exist twice. Runs without a common ledger can leave them, and which of the two
//! agreements are to use cannot be decided for people.

use std::collections::BTreeMap;

use super::login::ItopTransport;
use super::operation::Object;
use super::targets::{SLA, SLT, own_objects};
use super::wire;
use crate::helpdesk::error::ReadError;

/// All SLAs and SLTs with names of Servanda.
#[derive(Default)]
pub(super) struct OwnObjects {
    slas: Vec<Object>,
    slts: Vec<Object>,
}

impl OwnObjects {
    /// Reads them.
    pub(super) async fn read(transport: &ItopTransport) -> Result<Self, ReadError> {
        let (slas, slts) = tokio::try_join!(
            own_objects(transport, SLA, "name,org_id"),
            own_objects(transport, SLT, "name")
        )?;
        Ok(Self { slas, slts })
    }

    /// The SLAs that exist twice or contain an SLT that does, with the reason for people, given the rows between both.
    pub(super) fn doubled(&self, rows: &[Object]) -> BTreeMap<u64, String> {
        let mut doubled = BTreeMap::new();
        for same in several(&self.slas, &["org_id", "name"]) {
            doubled.extend(same.iter().map(|sla| (sla.number, reason(&same))));
        }
        for same in several(&self.slts, &["name"]) {
            let name = text(same[0], "name");
            let linked = rows.iter().filter(|row| text(row, "slt_name") == name);
            let linked = linked.filter_map(|row| wire::link(&row.fields, "sla_id").ok().flatten());
            doubled.extend(linked.map(|sla| (sla, reason(&same))));
        }
        doubled
    }
}

fn text<'a>(object: &'a Object, code: &str) -> &'a str {
    wire::text(&object.fields, code).unwrap_or_default()
}

/// The objects that agree in these attributes with another one.
fn several<'a>(objects: &'a [Object], codes: &[&str]) -> Vec<Vec<&'a Object>> {
    let mut by_value: BTreeMap<Vec<&str>, Vec<&Object>> = BTreeMap::new();
    for object in objects {
        by_value.entry(codes.iter().map(|code| text(object, code)).collect()).or_default().push(object);
    }
    by_value.into_values().filter(|same| same.len() > 1).collect()
}

fn reason(same: &[&Object]) -> String {
    let ids: Vec<String> = same.iter().map(|object| object.id().to_string()).collect();
    let name = same.first().map_or("", |object| text(object, "name"));
    format!(
        "{} have the same name, `{name}`, as runs with different ledgers can leave them; rename or delete the one that nothing uses",
        ids.join(" and ")
    )
}
