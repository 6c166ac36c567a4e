//! The classes of the sandbox and their attributes.
//!
//! Codes follow public material on the product where it exists; the others are from this project's sample mapping.
//! docs/sandbox.md lists which are which.

/// A class of objects, such as `agreement`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ObjectClass {
    /// The part of a UUID before the `$`, such as `ou`.
    pub(super) name: &'static str,
    /// The parts of a metaClass after the `$`, such as `company`; empty for a class without types.
    pub(super) types: &'static [&'static str],
    /// Whether `create-m2m` can create its objects.
    pub(super) creatable: bool,
    /// The codes of attributes that must not be empty.
    pub(super) required: &'static [&'static str],
    common: &'static [ClassAttribute],
    own: &'static [ClassAttribute],
}

/// An attribute of a class.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClassAttribute {
    /// The code on the wire.
    pub(super) code: &'static str,
    /// The type of its value.
    pub(super) kind: AttributeKind,
    /// When a request may write it.
    pub(super) access: WriteAccess,
}

/// The type of an attribute's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AttributeKind {
    /// A value in its own column of the table of objects.
    Column(Column),
    /// A text.
    Text,
    /// A boolean.
    Flag,
    /// An integer.
    Integer,
    /// An instant, stored as seconds since 1970 and written in the server's time zone.
    Instant,
    /// A date and time without a time zone, stored as it was written.
    LocalDate,
    /// A duration.
    Duration,
    /// One of these state codes; the first is the initial state.
    State(&'static [&'static str]),
    /// A reference to an object of one of these classes; of any class if the list is empty.
    Reference(&'static [&'static str]),
    /// A set of references to objects of a class.
    ReferenceSet(&'static str),
    /// The other side of a set: the objects of `class` whose `attribute` contains this one.
    BackReference {
        /// The class that has the set.
        class: &'static str,
        /// The code of the set.
        attribute: &'static str,
    },
}

/// The columns of the table of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// `UUID`.
    Uuid,
    /// `metaClass`.
    MetaClass,
    /// `title`.
    Title,
    /// `removed`.
    Removed,
    /// `creationDate`.
    Created,
    /// `lastModifiedDate`.
    Modified,
}

/// When a request may write an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteAccess {
    /// On creation and on edit.
    Always,
    /// On edit only.
    OnEdit,
    /// Never; the sandbox sets it.
    ReadOnly,
}

const fn read_only(code: &'static str, kind: AttributeKind) -> ClassAttribute {
    ClassAttribute { code, kind, access: WriteAccess::ReadOnly }
}

const fn writable(code: &'static str, kind: AttributeKind) -> ClassAttribute {
    ClassAttribute { code, kind, access: WriteAccess::Always }
}

const COMMON: &[ClassAttribute] = &[
    read_only("UUID", AttributeKind::Column(Column::Uuid)),
    read_only("metaClass", AttributeKind::Column(Column::MetaClass)),
    writable("title", AttributeKind::Column(Column::Title)),
    writable("removed", AttributeKind::Column(Column::Removed)),
    read_only("removalDate", AttributeKind::Instant),
    read_only("creationDate", AttributeKind::Column(Column::Created)),
    read_only("lastModifiedDate", AttributeKind::Column(Column::Modified)),
];

const WITHOUT_TITLE: &[ClassAttribute] = &[
    read_only("UUID", AttributeKind::Column(Column::Uuid)),
    read_only("metaClass", AttributeKind::Column(Column::MetaClass)),
    read_only("creationDate", AttributeKind::Column(Column::Created)),
];

const CATALOG: &[ClassAttribute] = &[writable("code", AttributeKind::Text)];

/// The states of an agreement; the first is the initial state.
pub(super) const AGREEMENT_STATES: &[&str] = &["planned", "active", "inactive"];

/// All classes.
pub(super) const CLASSES: &[ObjectClass] = &[
    ObjectClass {
        name: "agreement",
        types: &["agreement"],
        creatable: true,
        required: &["title"],
        common: COMMON,
        own: &[
            read_only("number", AttributeKind::Integer),
            writable("inventoryNumber", AttributeKind::Text),
            writable("contractNumber", AttributeKind::Text),
            writable("startDate", AttributeKind::LocalDate),
            writable("endDate", AttributeKind::LocalDate),
            writable("responsible", AttributeKind::Reference(&["employee"])),
            ClassAttribute {
                code: "state",
                kind: AttributeKind::State(AGREEMENT_STATES),
                access: WriteAccess::OnEdit,
            },
            read_only("stateStartTime", AttributeKind::Instant),
            writable("services", AttributeKind::ReferenceSet("slmService")),
            writable("recipientsOU", AttributeKind::ReferenceSet("ou")),
            writable("recipientsEmployee", AttributeKind::ReferenceSet("employee")),
            writable("serviceTime", AttributeKind::Reference(&["servicetime"])),
            writable("supplier", AttributeKind::Reference(&["ou"])),
            writable("costCenter", AttributeKind::Text),
            writable("description", AttributeKind::Text),
            read_only("author", AttributeKind::Reference(&["employee"])),
        ],
    },
    ObjectClass {
        name: "agreementRule",
        types: &["agreementRule"],
        creatable: true,
        required: &["agreement"],
        common: COMMON,
        own: &[
            writable("agreement", AttributeKind::Reference(&["agreement"])),
            writable("service", AttributeKind::Reference(&["slmService"])),
            writable("priority", AttributeKind::Reference(&["priority"])),
            writable("serviceTime", AttributeKind::Reference(&["servicetime"])),
            writable("reactionTime", AttributeKind::Duration),
            writable("resolutionTime", AttributeKind::Duration),
        ],
    },
    ObjectClass {
        name: "ou",
        types: &["company", "ou"],
        creatable: true,
        required: &["title"],
        common: COMMON,
        own: &[
            writable("parent", AttributeKind::Reference(&["ou", "root"])),
            writable("idHolder", AttributeKind::Text),
            writable(
                "recipientAgreements",
                AttributeKind::BackReference { class: "agreement", attribute: "recipientsOU" },
            ),
        ],
    },
    ObjectClass {
        name: "employee",
        types: &["employee", "contactPerson"],
        creatable: true,
        required: &["title"],
        common: COMMON,
        own: &[
            writable("email", AttributeKind::Text),
            writable("parent", AttributeKind::Reference(&["ou"])),
            writable(
                "recipientAgreements",
                AttributeKind::BackReference { class: "agreement", attribute: "recipientsEmployee" },
            ),
        ],
    },
    ObjectClass {
        name: "slmService",
        types: &["slmService"],
        creatable: true,
        required: &["title"],
        common: COMMON,
        own: &[writable("inventoryNumber", AttributeKind::Text)],
    },
    ObjectClass {
        name: "servicetime",
        types: &[],
        creatable: false,
        required: &[],
        common: COMMON,
        own: CATALOG,
    },
    ObjectClass {
        name: "priority",
        types: &[],
        creatable: false,
        required: &[],
        common: COMMON,
        own: CATALOG,
    },
    ObjectClass {
        name: "serviceCall",
        types: &["call"],
        creatable: true,
        required: &["shortDescr", "agreement", "service"],
        common: COMMON,
        own: &[
            read_only("number", AttributeKind::Integer),
            ClassAttribute {
                code: "state",
                kind: AttributeKind::State(&[
                    "registered",
                    "inprogress",
                    "waitClientAnswer",
                    "deferred",
                    "resumed",
                    "resolved",
                    "closed",
                ]),
                access: WriteAccess::OnEdit,
            },
            read_only("stateStartTime", AttributeKind::Instant),
            read_only("registrationDate", AttributeKind::Instant),
            writable("shortDescr", AttributeKind::Text),
            writable("descriptionRTF", AttributeKind::Text),
            writable("agreement", AttributeKind::Reference(&["agreement"])),
            writable("service", AttributeKind::Reference(&["slmService"])),
            writable("client", AttributeKind::Reference(&["employee", "ou"])),
            writable("clientEmployee", AttributeKind::Reference(&["employee"])),
            writable("clientOU", AttributeKind::Reference(&["ou"])),
            writable("clientName", AttributeKind::Text),
            writable("clientEmail", AttributeKind::Text),
            writable("clientPhone", AttributeKind::Text),
            writable("priority", AttributeKind::Reference(&["priority"])),
            read_only("author", AttributeKind::Reference(&["employee"])),
        ],
    },
    ObjectClass {
        name: "comment",
        types: &[],
        creatable: true,
        required: &["source", "text"],
        common: WITHOUT_TITLE,
        own: &[
            writable("source", AttributeKind::Reference(&[])),
            writable("text", AttributeKind::Text),
            writable("private", AttributeKind::Flag),
            writable("author", AttributeKind::Reference(&["employee"])),
        ],
    },
    ObjectClass { name: "root", types: &[], creatable: false, required: &[], common: COMMON, own: &[] },
];

impl ObjectClass {
    /// Finds a class by its name.
    pub(super) fn named(name: &str) -> Option<&'static ObjectClass> {
        CLASSES.iter().find(|class| class.name == name)
    }

    /// Parses a fully qualified name: a class with all its types, such as `ou`, or one type, such as `ou$company`.
    pub(super) fn parse_fqn(fqn: &str) -> Option<(&'static ObjectClass, Option<&'static str>)> {
        let Some((name, kind)) = fqn.split_once('$') else {
            return Some((Self::named(fqn)?, None));
        };
        let class = Self::named(name)?;
        let kind = class.types.iter().find(|known| **known == kind)?;
        Some((class, Some(kind)))
    }

    /// The metaClass values of the class, or of one type.
    pub(super) fn meta_classes(&self, kind: Option<&str>) -> Vec<String> {
        match kind {
            Some(kind) => vec![self.meta_class(Some(kind))],
            None if self.types.is_empty() => vec![self.meta_class(None)],
            None => {
                let all = self.types.iter();
                all.map(|kind| self.meta_class(Some(kind))).collect()
            }
        }
    }

    /// The metaClass of one type, or of a class without types.
    pub(super) fn meta_class(&self, kind: Option<&str>) -> String {
        match kind {
            Some(kind) => format!("{}${kind}", self.name),
            None => self.name.to_owned(),
        }
    }

    /// All attributes, the common ones first.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &'static ClassAttribute> {
        self.common.iter().chain(self.own)
    }

    /// Finds an attribute by its code.
    pub(super) fn attribute(&self, code: &str) -> Option<&'static ClassAttribute> {
        self.attributes().find(|attribute| attribute.code == code)
    }

    /// Whether the class is a catalog, whose elements have a code.
    pub(super) fn is_catalog(&self) -> bool {
        self.own == CATALOG
    }
}

#[cfg(test)]
mod tests {
    use super::{AttributeKind, CLASSES, ObjectClass};

    #[test]
    fn a_class_matches_all_its_types_and_a_type_only_itself() {
        let (class, kind) = ObjectClass::parse_fqn("ou").expect("ou is a class");
        assert_eq!(class.meta_classes(kind), ["ou$company", "ou$ou"]);
        let (class, kind) = ObjectClass::parse_fqn("ou$company").expect("a type of ou");
        assert_eq!(class.meta_classes(kind), ["ou$company"]);
        assert!(ObjectClass::parse_fqn("ou$branch").is_none());
        assert!(ObjectClass::parse_fqn("team$team").is_none());
    }

    #[test]
    fn a_catalog_has_no_types() {
        let (class, kind) = ObjectClass::parse_fqn("servicetime").expect("a catalog");
        assert_eq!(class.meta_classes(kind), ["servicetime"]);
        assert!(class.is_catalog());
    }

    #[test]
    fn references_name_existing_classes_and_back_references_name_sets() {
        for class in CLASSES {
            for attribute in class.attributes() {
                match attribute.kind {
                    AttributeKind::Reference(classes) => {
                        assert!(classes.iter().all(|name| ObjectClass::named(name).is_some()));
                    }
                    AttributeKind::ReferenceSet(name) => assert!(ObjectClass::named(name).is_some()),
                    AttributeKind::BackReference { class: owner, attribute } => {
                        let set = ObjectClass::named(owner).and_then(|owner| owner.attribute(attribute));
                        assert_eq!(set.map(|set| set.kind), Some(AttributeKind::ReferenceSet(class.name)));
                    }
                    _ => {}
                }
            }
        }
    }
}
