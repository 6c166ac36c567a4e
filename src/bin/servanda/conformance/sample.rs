//! The objects of the helpdesk that the tests refer to, and values for each field.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use servanda::bridge::{Description, DirectoryItem};
use servanda::live::ObjectKind;

/// The number of objects that the table needs, by kind; of units it is that besides one for each row.
const NEEDED: [(ObjectKind, &str, &[&str], usize); 4] = [
    (ObjectKind::Unit, "units", &["recipients"], 1),
    (ObjectKind::Service, "services", &["services"], 3),
    (ObjectKind::Person, "people", &["manager", "contacts"], 2),
    (ObjectKind::Priority, "priorities", &["targets"], 2),
];

/// Objects of the helpdesk, by kind, in the order of its directory.
pub(super) struct Sample {
    items: BTreeMap<ObjectKind, Vec<DirectoryItem>>,
}

impl Sample {
    /// Chooses objects that are not archived, for this number of rows. An error says which are missing.
    pub(super) fn of(
        directory: &[DirectoryItem],
        description: &Description,
        rows: usize,
    ) -> Result<Self, String> {
        let mut items: BTreeMap<ObjectKind, Vec<DirectoryItem>> = BTreeMap::new();
        // Departments would share the agreements of their company.
        for item in directory.iter().filter(|item| !item.archived && item.within.is_none()) {
            items.entry(item.kind).or_default().push(item.clone());
        }
        let sample = Self { items };
        for (kind, noun, fields, needed) in NEEDED {
            let needed = if kind == ObjectKind::Unit { needed + rows } else { needed };
            let found = sample.of_kind(kind).len();
            if found < needed && fields.iter().any(|field| description.fields.contains(*field)) {
                return Err(format!("the table needs {needed} {noun}, and the directory has {found}"));
            }
        }
        Ok(sample)
    }

    /// The objects of a kind.
    pub(super) fn of_kind(&self, kind: ObjectKind) -> &[DirectoryItem] {
        self.items.get(&kind).map_or(&[], Vec::as_slice)
    }

    fn id(&self, kind: ObjectKind, at: usize) -> Option<&str> {
        self.of_kind(kind).get(at).map(|item| item.id.as_str())
    }

    /// Values for the fields of a description.
    pub(super) fn fields(&self, description: &Description) -> Map<String, Json> {
        let set = |ids: [Option<&str>; 2]| json!(ids.into_iter().flatten().collect::<Vec<_>>());
        let value = |field: &str| match field {
            "title" => json!("Support «ё» & <care>"),
            "number" => json!("№ 7/2027"),
            "first_day" => json!("2027-01-01"),
            "last_day" => json!("2027-12-31"),
            "manager" => json!(self.id(ObjectKind::Person, 0)),
            "provider" => json!(self.id(ObjectKind::Unit, 0)),
            "calendar" => json!(self.id(ObjectKind::Calendar, 0)),
            "services" => set([self.id(ObjectKind::Service, 0), self.id(ObjectKind::Service, 1)]),
            "recipients" => set([self.id(ObjectKind::Unit, 1), None]),
            "contacts" => set([self.id(ObjectKind::Person, 0), None]),
            "targets" => match (self.id(ObjectKind::Service, 0), self.id(ObjectKind::Priority, 0)) {
                (Some(service), Some(priority)) => json!([{
                    "service": service, "priority": priority, "response": { "seconds": 1800 },
                    "resolution": { "seconds": 14400 }, "calendar": null,
                }]),
                _ => json!([]),
            },
            _ => json!("4711"),
        };
        description.fields.iter().map(|field| (field.clone(), value(field))).collect()
    }
}
