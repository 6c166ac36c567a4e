//! The classes of the embedded helpdesk and their attributes: what may be asked for, what may be written.
//!
//! A table and look-ups in it, nothing else: it knows neither SQL nor HTTP. Codes follow public material on
//! the product where there is any; the rest is this project's sample mapping (docs/sandbox.md says which).

/// A class of objects, such as `agreement`; it matches all its types.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Class {
    /// The part of a UUID before the `$`.
    pub(crate) name: &'static str,
    /// The parts of a metaClass after the `$`; a catalog has none and is its own type.
    pub(crate) types: &'static [&'static str],
    /// Whether its objects can be made over HTTP.
    pub(crate) creatable: bool,
    /// What must be given on creation.
    pub(crate) required: &'static [&'static str],
    common: &'static [Attribute],
    own: &'static [Attribute],
}

/// One attribute of a class.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// The code on the wire.
    pub(crate) code: &'static str,
    /// What it holds.
    pub(crate) kind: Kind,
    /// Who sets it.
    pub(crate) written: Written,
}

/// What an attribute holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A value with a column of its own in the object table.
    Column(Column),
    /// A string or text.
    Text,
    /// True or false.
    Flag,
    /// A whole number.
    Count,
    /// An instant, kept as seconds since 1970 and shown in the server's zone.
    Moment,
    /// A date with a time, kept as the label that was written.
    Day,
    /// A length of time.
    Interval,
    /// A state out of the given codes; the first is the initial one.
    State(&'static [&'static str]),
    /// A reference to an object of one of these classes; of any class where the list is empty.
    One(&'static [&'static str]),
    /// A set of references to objects of a class.
    Many(&'static str),
    /// The other side of a set: the objects of `class` that hold this one in their `attribute`.
    Back {
        /// The class on the far side.
        class: &'static str,
        /// The set attribute over there.
        attribute: &'static str,
    },
}

/// The values that every object has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
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

/// Who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// The caller, at any time.
    Always,
    /// The caller, but not on creation.
    OnEdit,
    /// The helpdesk alone.
    Never,
}

const fn system(code: &'static str, kind: Kind) -> Attribute {
    Attribute { code, kind, written: Written::Never }
}

const fn open(code: &'static str, kind: Kind) -> Attribute {
    Attribute { code, kind, written: Written::Always }
}

const COMMON: &[Attribute] = &[
    system("UUID", Kind::Column(Column::Uuid)),
    system("metaClass", Kind::Column(Column::MetaClass)),
    open("title", Kind::Column(Column::Title)),
    open("removed", Kind::Column(Column::Removed)),
    system("removalDate", Kind::Moment),
    system("creationDate", Kind::Column(Column::Created)),
    system("lastModifiedDate", Kind::Column(Column::Modified)),
];

const BARE: &[Attribute] = &[
    system("UUID", Kind::Column(Column::Uuid)),
    system("metaClass", Kind::Column(Column::MetaClass)),
    system("creationDate", Kind::Column(Column::Created)),
];

const CATALOG: &[Attribute] = &[open("code", Kind::Text)];

/// The states of an agreement; a new one is in the first.
pub(crate) const AGREEMENT_STATES: &[&str] = &["planned", "active", "inactive"];

/// The classes in one order for good.
pub(crate) const CLASSES: &[Class] = &[
    Class {
        name: "agreement",
        types: &["agreement"],
        creatable: true,
        required: &["title"],
        common: COMMON,
        own: &[
            system("number", Kind::Count),
            open("inventoryNumber", Kind::Text),
            open("contractNumber", Kind::Text),
            open("startDate", Kind::Day),
            open("endDate", Kind::Day),
            open("responsible", Kind::One(&["employee"])),
            Attribute { code: "state", kind: Kind::State(AGREEMENT_STATES), written: Written::OnEdit },
            system("stateStartTime", Kind::Moment),
            open("services", Kind::Many("slmService")),
            open("recipientsOU", Kind::Many("ou")),
            open("recipientsEmployee", Kind::Many("employee")),
            open("serviceTime", Kind::One(&["servicetime"])),
            open("supplier", Kind::One(&["ou"])),
            open("costCenter", Kind::Text),
            open("description", Kind::Text),
            system("author", Kind::One(&["employee"])),
        ],
    },
    Class {
        name: "agreementRule",
        types: &["agreementRule"],
        creatable: true,
        required: &["agreement"],
        common: COMMON,
        own: &[
            open("agreement", Kind::One(&["agreement"])),
            open("service", Kind::One(&["slmService"])),
            open("priority", Kind::One(&["priority"])),
            open("serviceTime", Kind::One(&["servicetime"])),
            open("reactionTime", Kind::Interval),
            open("resolutionTime", Kind::Interval),
        ],
    },
    Class {
        name: "ou",
        types: &["company", "ou"],
        creatable: true,
        required: &["title"],
        common: COMMON,
        own: &[
            open("parent", Kind::One(&["ou", "root"])),
            open("idHolder", Kind::Text),
            open("recipientAgreements", Kind::Back { class: "agreement", attribute: "recipientsOU" }),
        ],
    },
    Class {
        name: "employee",
        types: &["employee", "contactPerson"],
        creatable: true,
        required: &["title"],
        common: COMMON,
        own: &[
            open("email", Kind::Text),
            open("parent", Kind::One(&["ou"])),
            open("recipientAgreements", Kind::Back { class: "agreement", attribute: "recipientsEmployee" }),
        ],
    },
    Class {
        name: "slmService",
        types: &["slmService"],
        creatable: true,
        required: &["title"],
        common: COMMON,
        own: &[open("inventoryNumber", Kind::Text)],
    },
    Class { name: "servicetime", types: &[], creatable: false, required: &[], common: COMMON, own: CATALOG },
    Class { name: "priority", types: &[], creatable: false, required: &[], common: COMMON, own: CATALOG },
    Class {
        name: "serviceCall",
        types: &["call"],
        creatable: true,
        required: &["shortDescr", "agreement", "service"],
        common: COMMON,
        own: &[
            system("number", Kind::Count),
            Attribute {
                code: "state",
                kind: Kind::State(&[
                    "registered",
                    "inprogress",
                    "waitClientAnswer",
                    "deferred",
                    "resumed",
                    "resolved",
                    "closed",
                ]),
                written: Written::OnEdit,
            },
            system("stateStartTime", Kind::Moment),
            system("registrationDate", Kind::Moment),
            open("shortDescr", Kind::Text),
            open("descriptionRTF", Kind::Text),
            open("agreement", Kind::One(&["agreement"])),
            open("service", Kind::One(&["slmService"])),
            open("client", Kind::One(&["employee", "ou"])),
            open("clientEmployee", Kind::One(&["employee"])),
            open("clientOU", Kind::One(&["ou"])),
            open("clientName", Kind::Text),
            open("clientEmail", Kind::Text),
            open("clientPhone", Kind::Text),
            open("priority", Kind::One(&["priority"])),
            system("author", Kind::One(&["employee"])),
        ],
    },
    Class {
        name: "comment",
        types: &[],
        creatable: true,
        required: &["source", "text"],
        common: BARE,
        own: &[
            open("source", Kind::One(&[])),
            open("text", Kind::Text),
            open("private", Kind::Flag),
            open("author", Kind::One(&["employee"])),
        ],
    },
    Class { name: "root", types: &[], creatable: false, required: &[], common: COMMON, own: &[] },
];

impl Class {
    /// The class of this name, if there is one.
    pub(crate) fn named(name: &str) -> Option<&'static Class> {
        CLASSES.iter().find(|class| class.name == name)
    }

    /// What a fully qualified name stands for: a class with all its types, or one type of it.
    pub(crate) fn qualified(fqn: &str) -> Option<(&'static Class, Option<&'static str>)> {
        let Some((name, kind)) = fqn.split_once('$') else {
            return Some((Self::named(fqn)?, None));
        };
        let class = Self::named(name)?;
        let kind = class.types.iter().find(|known| **known == kind)?;
        Some((class, Some(kind)))
    }

    /// The metaClass values of the class, or of one type of it.
    pub(crate) fn meta_classes(&self, kind: Option<&str>) -> Vec<String> {
        match kind {
            Some(kind) => vec![self.meta_class(Some(kind))],
            None if self.types.is_empty() => vec![self.meta_class(None)],
            None => {
                let all = self.types.iter();
                all.map(|kind| self.meta_class(Some(kind))).collect()
            }
        }
    }

    /// The metaClass of one type.
    pub(crate) fn meta_class(&self, kind: Option<&str>) -> String {
        match kind {
            Some(kind) => format!("{}${kind}", self.name),
            None => self.name.to_owned(),
        }
    }

    /// All attributes, those that every object has first.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &'static Attribute> {
        self.common.iter().chain(self.own)
    }

    /// The attribute of this code, if the class has it.
    pub(crate) fn attribute(&self, code: &str) -> Option<&'static Attribute> {
        self.attributes().find(|attribute| attribute.code == code)
    }

    /// Whether its elements are those of a catalog and carry a code.
    pub(crate) fn is_catalog(&self) -> bool {
        self.own == CATALOG
    }
}

#[cfg(test)]
mod tests {
    use super::{CLASSES, Class, Kind};

    #[test]
    fn a_class_matches_all_its_types_and_a_type_only_itself() {
        let (class, kind) = Class::qualified("ou").expect("ou is a class");
        assert_eq!(class.meta_classes(kind), ["ou$company", "ou$ou"]);
        let (class, kind) = Class::qualified("ou$company").expect("a type of ou");
        assert_eq!(class.meta_classes(kind), ["ou$company"]);
        assert!(Class::qualified("ou$branch").is_none());
        assert!(Class::qualified("team$team").is_none());
    }

    #[test]
    fn a_catalog_is_its_own_type() {
        let (class, kind) = Class::qualified("servicetime").expect("a catalog");
        assert_eq!(class.meta_classes(kind), ["servicetime"]);
        assert!(class.is_catalog());
    }

    #[test]
    fn references_lead_to_classes_that_exist_and_back_links_to_sets() {
        for class in CLASSES {
            for attribute in class.attributes() {
                match attribute.kind {
                    Kind::One(classes) => {
                        assert!(classes.iter().all(|name| Class::named(name).is_some()));
                    }
                    Kind::Many(name) => assert!(Class::named(name).is_some()),
                    Kind::Back { class: far, attribute } => {
                        let set = Class::named(far).and_then(|far| far.attribute(attribute));
                        assert_eq!(set.map(|set| set.kind), Some(Kind::Many(class.name)));
                    }
                    _ => {}
                }
            }
        }
    }
}
