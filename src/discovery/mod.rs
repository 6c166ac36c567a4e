//! What lives in a helpdesk already becomes proposals for files: the mapping of a tenant nobody has described
//! yet, the slugs of a catalog.
//!
//! Objects come in as the helpdesk wrote them; what goes out is data with the evidence for each line, for a
//! person to judge. Knows no network, and writes no text.

pub mod agreements;
pub mod catalog;
pub mod itop;
pub mod itsm365;
mod profile;
pub mod slug;
mod term;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

/// An object as the helpdesk wrote it.
pub type RawObject = Map<String, Json>;

/// What a look at a class gave.
#[derive(Clone, Debug, PartialEq)]
pub enum ClassSample {
    /// Some of its objects, each with all that the key may read of it.
    Objects(Vec<RawObject>),
    /// The helpdesk refused; the words are its own.
    Refused(String),
}

impl ClassSample {
    /// The objects; none where they were refused.
    pub fn objects(&self) -> &[RawObject] {
        match self {
            Self::Objects(objects) => objects,
            Self::Refused(_) => &[],
        }
    }
}

/// The samples, by the class that was asked for.
pub type Samples = BTreeMap<String, ClassSample>;

/// What is proposed for `helpdesk:` in servanda.yaml.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct DiscoveredMapping {
    /// The lines, in the order in which they are written.
    pub lines: Vec<MappingLine>,
    /// What the key may not read, and what follows.
    pub unread: Vec<UnreadableClass>,
}

/// One line of a proposal.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct MappingLine {
    /// The keys that lead to it, below `helpdesk`.
    pub path: Vec<&'static str>,
    /// The value: a text, or a number.
    pub value: Json,
    /// Why this value.
    pub evidence: Evidence,
}

/// A class that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct UnreadableClass {
    /// The class.
    pub class: String,
    /// What the helpdesk said, in its own words.
    pub said: String,
    /// Whether no plan can be made without it; otherwise plans only tell less.
    pub needed: bool,
}

fn line(path: &[&'static str], value: impl Into<Json>, evidence: Evidence) -> MappingLine {
    MappingLine { path: path.to_vec(), value: value.into(), evidence }
}

/// What of the samples could not be read. Plans go on without those of the spare classes.
fn unread(samples: &Samples, spare: &[&str]) -> Vec<UnreadableClass> {
    let refused = samples.iter().filter_map(|(class, sample)| match sample {
        ClassSample::Objects(_) => None,
        ClassSample::Refused(said) => {
            let needed = !spare.contains(&class.as_str());
            Some(UnreadableClass { class: class.clone(), said: said.clone(), needed })
        }
    });
    refused.collect()
}

/// Why a value is proposed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "because")]
pub enum Evidence {
    /// So many of the objects are of this type.
    Typed {
        /// How many are.
        held: usize,
        /// Of how many.
        of: usize,
    },
    /// The attribute holds values of the right shape.
    Holds {
        /// The shape.
        shape: ValueShape,
        /// How many objects hold one.
        held: usize,
        /// Of how many.
        of: usize,
        /// Whether the attribute is called as it usually is; else the values alone speak for it.
        usual_name: bool,
    },
    /// The attribute is called as it usually is, and empty wherever one looked.
    Empty {
        /// In how many objects.
        of: usize,
    },
    /// The attribute can take our mark.
    Free {
        /// How many objects hold somebody else's text in it, and cannot be adopted.
        taken: usize,
        /// Of how many.
        of: usize,
    },
    /// The spans from first to last day are whole months if the last day is read so.
    Spans {
        /// How many are.
        whole: usize,
        /// Of how many that have both days.
        of: usize,
    },
    /// All last days bear this time of day.
    Times {
        /// The time.
        time: String,
        /// How many.
        of: usize,
    },
    /// The state was seen, and is called as it usually is.
    Named {
        /// How many agreements are in it.
        seen: usize,
        /// Of how many.
        of: usize,
    },
    /// The days of the agreements in this state tell what it means.
    Dated {
        /// How many fit.
        fits: usize,
        /// Of how many in this state.
        of: usize,
    },
    /// So many recipients list their agreements on their own side, where writes are known to be taken.
    Linked {
        /// How many list any.
        held: usize,
        /// Of how many.
        of: usize,
    },
    /// Asked for this value in this form, the helpdesk understood.
    Understood {
        /// The value as it was asked for.
        asked: String,
    },
    /// The newest time that was seen, beside the helpdesk's clock in UTC: the zone is at least so far ahead.
    Clock {
        /// The newest time, as it was written.
        newest: String,
        /// How many minutes it is ahead of the clock in UTC; negative where it is behind.
        minutes: i64,
    },
    /// What people wrote into it stays, beside what is ours.
    Shared {
        /// How many objects hold words of people.
        held: usize,
        /// Of how many.
        of: usize,
    },
    /// No attribute holds it, so that it is a line of its own in a text.
    OwnLine,
    /// This organisation stands behind most of what was seen.
    Provides {
        /// What it is called.
        title: String,
        /// How many.
        held: usize,
        /// Of how many.
        of: usize,
        /// Whether these are contracts; otherwise services.
        contracts: bool,
        /// Whether the catalog has it.
        known: bool,
    },
    /// So many that are over still offer their services.
    StillOffered {
        /// How many do.
        held: usize,
        /// Of how many.
        of: usize,
    },
    /// So many promises are about this priority.
    Rated {
        /// How many are.
        held: usize,
        /// Of how many.
        of: usize,
    },
    /// It cannot be had without a class that may not be read.
    Unreadable {
        /// The class.
        class: String,
    },
    /// It is how the helpdesk was reached.
    Given,
    /// Nothing speaks for it or against it: it is what is usual.
    Usual,
    /// There is no object to look at.
    NothingToSee,
}

/// What an attribute holds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueShape {
    /// A text.
    Text,
    /// A day, with this time of day where it is always the same.
    Day(Option<String>),
    /// One object of this class.
    Reference(String),
    /// Objects of this class.
    Set(String),
    /// A length of time.
    Interval,
}
