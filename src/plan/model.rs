//! The plan: the difference between desired and live state as data, versioned, sorted and serialisable.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calendar::Instant;
use crate::desired::{OtherTitle, Unresolved};
use crate::ident::{AgreementId, ClientSlug, Language, LiveId};
use crate::mapping::Field;
use crate::plan::change::{Change, Elsewhere, Verb};
use crate::plan::drift::Drift;
use crate::selection::AgreementSelection;

/// The version of the plan's JSON. A reader refuses any other.
pub const FORMAT: u32 = 1;

/// The changes that make the helpdesk equal to the files, and everything that is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The version of this shape.
    pub format: u32,
    /// The facts that the plan was made from.
    pub header: Header,
    /// The changes in the order of their apply.
    pub changes: Vec<Change>,
    /// The values that somebody changed in the helpdesk by hand since the last apply.
    #[serde(default)]
    pub drift: Vec<Drift>,
    /// The agreements that cannot be planned, with the reason.
    pub blocked: Vec<Blocked>,
    /// Facts worth knowing that require no action.
    pub notes: Vec<Note>,
    /// The number of agreements and of each kind of change.
    pub totals: Totals,
    /// The titles of the live objects that the plan mentions. A manager of the catalog has the slug instead.
    pub names: BTreeMap<LiveId, String>,
    /// The titles of the clients whose agreements change, by their slugs in the catalog.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub clients: BTreeMap<ClientSlug, String>,
}

/// The facts that a plan was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The one instant of the run.
    #[schemars(with = "String")]
    pub as_of: Instant,
    /// The zone of bare dates, in which `as_of` is shown.
    pub zone: String,
    /// The release of the time zone data that turned days into instants.
    pub zone_data: String,
    /// The version of the program.
    pub version: String,
    /// The commit of the files, where they are in a repository.
    pub commit: Option<String>,
    /// The digest of all files that were read.
    pub files: String,
    /// The helpdesk, without any secret.
    pub helpdesk: String,
    /// The beginning of every ownership key of the repository, which tells apart repositories with the same helpdesk.
    pub key_prefix: String,
    /// The language in which people read the plan.
    #[serde(default)]
    pub language: Language,
    /// The agreements that the plan is restricted to; all others are left as they are, and not reported.
    #[serde(default, skip_serializing_if = "AgreementSelection::is_everything")]
    pub selection: AgreementSelection,
}

/// An agreement that was not planned, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Blocked {
    /// The agreement.
    pub id: AgreementId,
    /// The reason.
    pub reason: Reason,
}

/// The reason why an agreement is blocked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reason {
    /// A slug cannot be resolved to a live object.
    Unresolved(Unresolved),
    /// The live object cannot be read.
    Unreadable(String),
    /// Several live objects have the agreement's ownership key.
    SameOwnershipKey(Vec<LiveId>),
    /// The document is gone, and retirement (`--prune`) was not requested.
    Orphan {
        /// The live title.
        title: String,
        /// The live object.
        object: LiveId,
        /// The tenant's state.
        state: String,
    },
    /// It would adopt an object that belongs to another agreement or does not exist.
    CannotAdopt(LiveId),
    /// A guard awaits the acknowledgement of its exact number.
    Guarded(GuardName),
    /// A change that it waits for is blocked itself.
    Waits(AgreementId),
    /// The live object is archived, and deactivation does not archive by the settings.
    Archived(LiveId),
    /// It stays until this agreement is confirmed in another helpdesk, which is not possible now.
    Elsewhere(Elsewhere),
}

/// A guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GuardName {
    /// Limits the agreements that are deactivated.
    Deactivations,
    /// Limits the commitments that are weakened.
    Weakened,
    /// Limits the active agreements that are over at once by an edit.
    Ended,
    /// Limits the texts of people that are overwritten.
    Overwritten,
    /// Limits the orphans that are retired.
    Orphans,
    /// Limits the agreements that were applied once and are no longer in the helpdesk.
    Vanished,
}

impl GuardName {
    /// All guards.
    pub const ALL: [Self; 6] =
        [Self::Deactivations, Self::Weakened, Self::Ended, Self::Overwritten, Self::Orphans, Self::Vanished];

    /// The name as in `--accept`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deactivations => "deactivations",
            Self::Weakened => "weakened",
            Self::Ended => "ended",
            Self::Overwritten => "overwritten",
            Self::Orphans => "orphans",
            Self::Vanished => "vanished",
        }
    }
}

/// A fact worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// The helpdesk does not carry this field, so that both sides leave it out.
    NotCarried(Field),
    /// Services of this agreement have hours of their own but no targets, and the helpdesk holds hours only with
    /// targets.
    HoursNotCarried(AgreementId),
    /// This agreement has several recipients, and the helpdesk holds one.
    RecipientsNotCarried(AgreementId),
    /// The agreement is over and the helpdesk has no such object; nothing is created.
    OverAndAbsent(AgreementId),
    /// The title of a live object differs from the one in the catalog.
    OtherTitle(OtherTitle),
    /// The number of live agreements that Servanda does not manage, and does not read.
    Unmanaged(usize),
    /// The number of notices that are not sent, since the settings name no channel.
    NoticesNotSent(usize),
}

/// The numbers of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Agreements in the files.
    pub agreements: usize,
    /// Agreements that equal their document.
    pub unchanged: usize,
    /// Agreements that are active in the helpdesk now.
    pub live_active: usize,
    /// Creations.
    pub creations: usize,
    /// Updates.
    pub updates: usize,
    /// Retirements.
    pub retirements: usize,
    /// Agreements that live in another helpdesk now.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub moves: usize,
    /// Changes that activate an agreement.
    pub activations: usize,
    /// Changes that deactivate an agreement.
    pub deactivations: usize,
    /// Agreements that were applied once and are no longer in the helpdesk, over or not.
    #[serde(default)]
    pub vanished: usize,
    /// Whether the plan is an excerpt of a saved one, which does not list its unchanged agreements: `agreements` and
    /// `unchanged` are unknown, and 0.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_excerpt: bool,
}

impl Plan {
    /// Whether the plan has no change.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Counts the changes again after some were removed that activate nothing.
    pub(crate) fn count_again(&mut self) {
        let activations = self.totals.activations;
        self.count(None);
        self.totals.activations = activations;
    }

    /// Counts the changes again, after a guard has removed some. `active` is the tenant's state of an active agreement.
    pub(crate) fn count(&mut self, active: Option<&String>) {
        let verb = |verb: Verb| self.changes.iter().filter(|change| change.verb == verb).count();
        let (creations, updates) = (verb(Verb::Create), verb(Verb::Update));
        let (retirements, moves) = (verb(Verb::Retire), verb(Verb::Move));
        let activates =
            |change: &&Change| change.state.as_ref().is_some_and(|state| Some(&state.after) == active);
        let activations = self.changes.iter().filter(activates).count();
        let deactivations = self.changes.iter().filter(|change| change.deactivates()).count();
        let totals = self.totals;
        self.totals = Totals { creations, updates, retirements, moves, activations, deactivations, ..totals };
    }
}

/// Whether a number of the totals is left out, as in the plans of a repository with one helpdesk.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}
