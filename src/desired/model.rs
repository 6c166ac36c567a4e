//! The desired state as a value.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ident::{AgreementId, ClientSlug, LiveId};
use crate::live::Record;
use crate::mapping::Field;
use crate::status::Status;

/// The desired state of all agreements.
#[derive(Clone, Debug, Default)]
pub struct Desired {
    /// The desired state of each agreement.
    pub agreements: BTreeMap<AgreementId, DesiredAgreement>,
    /// The agreements that have no desired state, because these slugs cannot be resolved.
    pub unresolved: BTreeMap<AgreementId, BTreeSet<Unresolved>>,
    /// The successor in force of each agreement that has one, even if the successor is unresolved.
    pub successors: BTreeMap<AgreementId, AgreementId>,
    /// Fields that agreements use and the helpdesk does not carry.
    pub not_carried: BTreeSet<Field>,
    /// Agreements with a service that has hours of its own but no targets to hold them by.
    pub hours_not_carried: BTreeSet<AgreementId>,
    /// Agreements with several recipients, where the helpdesk holds one.
    pub recipients_not_carried: BTreeSet<AgreementId>,
    /// Live objects whose title differs from the catalog's.
    pub other_titles: BTreeSet<OtherTitle>,
    /// The live object of the round-the-clock calendar, where there is one.
    pub round_the_clock: Option<LiveId>,
}

/// A slug that cannot be resolved to a live object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unresolved {
    /// The slug in the catalog.
    pub slug: String,
    /// The title that was searched for, or the id that was not found.
    pub wanted: String,
    /// The number of objects with that title; 0 for none.
    pub found: usize,
}

/// A live object whose title differs from the catalog's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherTitle {
    /// The slug.
    pub slug: String,
    /// The title in the catalog.
    pub catalog: String,
    /// The title in the helpdesk.
    pub helpdesk: String,
}

/// The live objects of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientUnits {
    /// The company.
    pub company: Option<LiveId>,
    /// Its departments in the catalog.
    pub departments: BTreeSet<LiveId>,
}

/// The desired state of one agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredAgreement {
    /// The live objects of its client, as far as they can be resolved.
    pub units: ClientUnits,
    /// Its title.
    pub title: String,
    /// Its client.
    pub client: ClientSlug,
    /// Its status at the instant.
    pub status: Status,
    /// Its normal form.
    pub record: Record,
    /// Whether it is to be archived.
    pub archived: bool,
    /// Former ids, which the live object may still have as its ownership key.
    pub formerly: Vec<AgreementId>,
    /// The unmanaged live object that it adopts.
    pub adopts: Option<LiveId>,
}
