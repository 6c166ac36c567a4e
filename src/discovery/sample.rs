//! Samples: a few objects of each class, as the helpdesk returned them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

/// An object as the helpdesk returned it.
pub type RawObject = Map<String, Json>;

/// The sample of one class.
#[derive(Clone, Debug, PartialEq)]
pub enum ClassSample {
    /// Some of its objects, with all attributes that the key may read.
    Objects(Vec<RawObject>),
    /// The helpdesk's error message: the class cannot be read.
    Refused(String),
}

impl ClassSample {
    /// The objects; none if the class cannot be read.
    pub fn objects(&self) -> &[RawObject] {
        match self {
            Self::Objects(objects) => objects,
            Self::Refused(_) => &[],
        }
    }
}

/// The samples, by class.
pub type Samples = BTreeMap<String, ClassSample>;
