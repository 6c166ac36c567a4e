//! The discovered mapping: proposed lines for `helpdesk` in servanda.yaml, each with its evidence.

use serde::Serialize;
use serde_json::Value as Json;

use crate::discovery::sample::{ClassSample, Samples};
use crate::mapping::Field;

/// The proposed `helpdesk` section of servanda.yaml.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct DiscoveredMapping {
    /// The lines, in the order of the file.
    pub lines: Vec<MappingLine>,
    /// The classes that could not be read.
    pub unread: Vec<UnreadableClass>,
    /// The fields for which no attribute was found.
    pub missing: Vec<Field>,
}

/// One proposed line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct MappingLine {
    /// Its path below `helpdesk`.
    pub path: Vec<&'static str>,
    /// The value: text or a number.
    pub value: Json,
    /// The reason for this value.
    pub evidence: Evidence,
}

/// A class that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct UnreadableClass {
    /// The class.
    pub class: String,
    /// The helpdesk's error message.
    pub error: String,
    /// Whether a plan is impossible without it; otherwise plans only contain less information.
    pub needed: bool,
}

/// Makes a line.
pub(super) fn line(path: &[&'static str], value: impl Into<Json>, evidence: Evidence) -> MappingLine {
    MappingLine { path: path.to_vec(), value: value.into(), evidence }
}

/// Lists the classes that could not be read. A plan is possible without the `optional` ones.
pub(super) fn unread(samples: &Samples, optional: &[&str]) -> Vec<UnreadableClass> {
    let refused = samples.iter().filter_map(|(class, sample)| match sample {
        ClassSample::Objects(_) => None,
        ClassSample::Refused(error) => {
            let needed = !optional.contains(&class.as_str());
            Some(UnreadableClass { class: class.clone(), error: error.clone(), needed })
        }
    });
    refused.collect()
}

/// The reason for a proposed value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Evidence {
    /// The number of objects of this type.
    Typed {
        /// Objects of this type.
        held: usize,
        /// All objects in the sample.
        of: usize,
    },
    /// The attribute contains values of the expected shape.
    Holds {
        /// The shape.
        shape: ValueShape,
        /// Objects with such a value.
        held: usize,
        /// All objects in the sample.
        of: usize,
        /// Whether the attribute has a well-known name; otherwise the values alone are the reason.
        usual_name: bool,
        /// The objects with a value of another shape.
        outliers: Vec<String>,
    },
    /// The attribute has a well-known name, and is empty in every object.
    Empty {
        /// All objects in the sample.
        of: usize,
    },
    /// The attribute can store the ownership key.
    Free {
        /// Objects in which it contains other text, which therefore cannot be adopted.
        taken: usize,
        /// All objects in the sample.
        of: usize,
    },
    /// With this meaning of the last day, periods are whole months.
    Spans {
        /// Periods of whole months.
        whole: usize,
        /// Objects with both days.
        of: usize,
    },
    /// Most last days have this time of day.
    Times {
        /// The time.
        time: String,
        /// Objects with this time.
        held: usize,
        /// Objects with a last day.
        of: usize,
    },
    /// The state occurs, and has a well-known name.
    Named {
        /// Agreements in this state.
        seen: usize,
        /// All objects in the sample.
        of: usize,
    },
    /// The periods of the agreements in this state fit its meaning.
    Dated {
        /// Agreements whose period fits.
        fits: usize,
        /// Agreements in this state.
        of: usize,
    },
    /// Recipients store links to their agreements, and writing the links on this side is known to work.
    Linked {
        /// Recipients with such links.
        held: usize,
        /// All objects in the sample.
        of: usize,
    },
    /// A search for this value in this format found the object.
    Understood {
        /// The value in the search.
        value: String,
    },
    /// The newest time in the sample, compared with the helpdesk's clock in UTC: a lower limit for the zone's offset.
    Clock {
        /// The newest time, as returned by the helpdesk.
        newest: String,
        /// The minutes from the clock in UTC to it; negative if it is earlier.
        minutes: i64,
    },
    /// The attribute keeps what people wrote into it, beside Servanda's lines.
    Shared {
        /// Objects with text by people.
        held: usize,
        /// All objects in the sample.
        of: usize,
    },
    /// No attribute stores it, so it becomes a line in a text attribute.
    OwnLine,
    /// This organisation is the provider of most objects.
    Provides {
        /// Its name.
        title: String,
        /// Objects with this provider.
        held: usize,
        /// All objects in the sample.
        of: usize,
        /// Whether the objects are contracts; otherwise they are services.
        contracts: bool,
        /// Whether the catalog contains it.
        known: bool,
    },
    /// Contracts that are not active still have services.
    StillOffered {
        /// Such contracts.
        held: usize,
        /// All objects in the sample.
        of: usize,
    },
    /// The number of SLTs with this priority.
    Rated {
        /// SLTs with this priority.
        held: usize,
        /// All objects in the sample.
        of: usize,
    },
    /// It needs a class that cannot be read.
    Unreadable {
        /// The class.
        class: String,
    },
    /// It is the configured value.
    Given,
    /// The default: there is no evidence for or against it.
    Default,
    /// The default: the sample contains no object.
    NoObjects,
}

/// The shape of an attribute's values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueShape {
    /// A text.
    Text,
    /// A day, with the time of day if it is always the same.
    Day(Option<String>),
    /// A reference to an object of this class.
    Reference(String),
    /// References to objects of this class.
    Set(String),
    /// A duration.
    Interval,
}
