//! The messages of version 1.
//!
//! Servanda ignores keys that it does not know, so that an adapter may say more. Each call is `POST /v1/<call>` with a JSON
//! body.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::calendar::TargetTime;
use crate::ident::LiveId;
use crate::live::ObjectKind;
use crate::mapping::Field;
use crate::status::State;

/// The version of the contract.
pub const VERSION: u32 = 1;

/// A call of an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// The adapter and what it stores.
    Describe,
    /// One page of all agreements.
    Agreements,
    /// One page of the objects that agreements refer to.
    Directory,
    /// One agreement by its id.
    Get,
    /// The agreements with an ownership key.
    Find,
    /// One creation or edit.
    Step,
    /// The changes of agreements, with person and time.
    History,
    /// The mail addresses of people.
    Addresses,
    /// Adds a comment.
    Comment,
    /// Searches a comment.
    FindComment,
}

impl Call {
    /// All calls.
    pub const ALL: [Self; 10] = [
        Self::Describe,
        Self::Agreements,
        Self::Directory,
        Self::Get,
        Self::Find,
        Self::Step,
        Self::History,
        Self::Addresses,
        Self::Comment,
        Self::FindComment,
    ];

    /// The name in its path.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Describe => "describe",
            Self::Agreements => "agreements",
            Self::Directory => "directory",
            Self::Get => "get",
            Self::Find => "find",
            Self::Step => "step",
            Self::History => "history",
            Self::Addresses => "addresses",
            Self::Comment => "comment",
            Self::FindComment => "find_comment",
        }
    }
}

/// The adapter, and what its helpdesk stores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Description {
    /// The versions of this contract that the adapter serves.
    pub versions: BTreeSet<u32>,
    /// The adapter's name and version, for messages. Example: `request-tracker 1.0`.
    pub adapter: String,
    /// The fields that the helpdesk stores. The plan names those that are missing, and leaves them out.
    #[schemars(with = "BTreeSet<Field>")]
    pub fields: BTreeSet<String>,
    /// The helpdesk's own state for each status. Several statuses may share one state.
    pub states: StateCodes,
    /// The kinds of objects that `directory` lists.
    pub kinds: BTreeSet<ObjectKind>,
    /// The optional calls and properties. One that is missing here is never used.
    #[serde(default)]
    pub capabilities: BTreeSet<Capability>,
    /// The length of a business day in seconds, if the helpdesk counts only hours.
    #[serde(default)]
    pub business_day: Option<u32>,
}

/// The helpdesk's own state for each status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateCodes {
    /// Before the first day. A new agreement is created in it.
    pub planned: String,
    /// In force. Only in this state may clients use the services.
    pub active: String,
    /// Suspended.
    pub suspended: String,
    /// Past its agreed last day.
    pub expired: String,
    /// Ended early, or retired.
    pub terminated: String,
}

impl Description {
    /// Whether the adapter has an optional call or property.
    pub fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }
}

impl StateCodes {
    /// The helpdesk's own state for a status.
    pub fn of(&self, state: State) -> &str {
        match state {
            State::Planned => &self.planned,
            State::Active => &self.active,
            State::Suspended => &self.suspended,
            State::Expired => &self.expired,
            State::Terminated => &self.terminated,
        }
    }
}

/// An optional call or property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// `history` works.
    History,
    /// `addresses` works.
    Addresses,
    /// `comment` and `find_comment` work.
    Comments,
    /// Agreements have `offers`.
    Offers,
    /// An agreement has one recipient at most.
    OneRecipient,
    /// Numbers of custom attributes come back as texts.
    NumbersAsText,
    /// The helpdesk has no real clients, so that it may be tested with writes.
    Rehearsal,
    /// Anything else; ignored.
    #[serde(other)]
    Other,
}

/// Asks for one page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PageRequest {
    /// `null` for the first page, else `next` of the page before.
    pub cursor: Option<String>,
    /// The largest number of items. The adapter may send fewer.
    pub limit: usize,
}

/// Requires a property of a schema that may be `null`, but not missing.
fn requiring(name: &'static str) -> impl FnMut(&mut Schema) {
    move |schema| {
        if let Some(Json::Object(property)) = schema.pointer_mut(&format!("/properties/{name}")) {
            property.remove("default");
        }
        let required = schema.ensure_object().entry("required").or_insert_with(|| Json::Array(Vec::new()));
        if let Json::Array(required) = required {
            required.push(Json::from(name));
        }
    }
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Page_of_{T}", transform = requiring("next"))]
pub struct PageAnswer<T> {
    /// The items, in an order that stays the same from page to page.
    pub items: Vec<T>,
    /// The cursor of the next page; `null` only on the last page.
    pub next: Option<String>,
    /// The number of items on all pages.
    pub total: usize,
}

/// An agreement as the helpdesk stores it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = requiring("key"))]
pub struct AgreementMessage {
    /// Its id in the helpdesk: 1 to 200 characters, assigned once and never reused.
    pub id: String,
    /// Its ownership key as it was written; `null` or empty for an agreement that Servanda does not manage.
    #[serde(default)]
    pub key: Option<String>,
    /// Its own state.
    #[serde(default)]
    pub state: String,
    /// A value for each field of the description.
    #[serde(default)]
    #[schemars(with = "FieldsSchema")]
    pub fields: BTreeMap<String, Json>,
    /// Whether it is archived. An archived agreement is listed as well.
    #[serde(default)]
    pub archived: bool,
    /// The time of its last change, for people.
    #[serde(default)]
    pub modified: Option<String>,
    /// Text that changes with every write, such as an `ETag`. Servanda only hands it back.
    #[serde(default)]
    pub version: Option<String>,
    /// The services that clients may use under it at this moment, with the capability `offers`.
    #[serde(default)]
    pub offers: Option<BTreeSet<String>>,
    /// The reason why it cannot be read; the other keys but `id` and `key` then count for nothing.
    #[serde(default)]
    pub unreadable: Option<String>,
}

/// The values of fields, by the names of the description. Empty is `null`, or `[]`.
#[derive(JsonSchema)]
#[schemars(rename = "Fields")]
#[expect(dead_code, reason = "only used to generate the schema")]
struct FieldsSchema {
    /// The title.
    title: Option<String>,
    /// The contract's number.
    number: Option<String>,
    /// The first day: `2027-01-31`. A label that no time zone shifts.
    first_day: Option<String>,
    /// The last day, which is part of the period; `null` if it is open-ended.
    last_day: Option<String>,
    /// The person who answers for it.
    manager: Option<LiveId>,
    /// The provider's own legal entity.
    provider: Option<LiveId>,
    /// The calendar of services without their own.
    calendar: Option<LiveId>,
    /// The services.
    services: Option<BTreeSet<LiveId>>,
    /// The companies and departments that may use them.
    recipients: Option<BTreeSet<LiveId>>,
    /// The people who are linked to it.
    contacts: Option<BTreeSet<LiveId>>,
    /// Response and resolution targets.
    targets: Option<Vec<TargetMessage>>,
    /// `attributes.<name>`: a text, a whole number, a boolean, or `null`.
    #[schemars(rename = "attributes.<name>")]
    attribute: Option<Json>,
}

/// The targets of a service and a priority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TargetMessage {
    /// The service; `null` for all services without a target of their own.
    #[serde(default)]
    pub service: Option<String>,
    /// The priority.
    pub priority: String,
    /// The response target.
    #[serde(default)]
    pub response: Option<TargetTime>,
    /// The resolution target.
    #[serde(default)]
    pub resolution: Option<TargetTime>,
    /// The calendar of their hours; `null` for the agreement's.
    #[serde(default)]
    pub calendar: Option<String>,
}

/// An object that agreements refer to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DirectoryItem {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// A short code that also identifies it.
    #[serde(default)]
    pub code: Option<String>,
    /// Whether it is archived; nothing new may refer to it.
    #[serde(default)]
    pub archived: bool,
    /// The unit that it is part of, for departments.
    #[serde(default)]
    pub within: Option<String>,
}

/// Asks for an agreement by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GetRequest {
    /// The id.
    pub id: String,
}

/// The agreement with an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GetAnswer {
    /// The agreement; `null` only if the helpdesk confirms that there is none.
    pub agreement: Option<AgreementMessage>,
}

/// Asks for agreements by their ownership key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindRequest {
    /// The whole key, compared sign by sign.
    pub key: String,
}

/// The agreements with an ownership key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindAnswer {
    /// All of them, archived ones too; empty only if the helpdesk confirms that there is none.
    pub agreements: Vec<AgreementMessage>,
}

/// One creation or edit. It is performed whole or not at all; within it, services are withdrawn first and published last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepRequest {
    /// The name of the run, for the helpdesk's own log.
    pub run: String,
    /// The agreement to edit; `null` to create one.
    pub object: Option<String>,
    /// The ownership key to write; empty to remove it, `null` to leave it.
    pub key: Option<String>,
    /// The state to change to; `null` to leave it.
    pub state: Option<String>,
    /// The fields to write; others stay.
    #[schemars(with = "FieldsSchema")]
    pub fields: BTreeMap<String, Json>,
    /// The agreement as it was last read. If it is not so any more, nothing is written and the answer is `moved`.
    pub expected: Option<AgreementMessage>,
}

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// It is stored.
    Done,
    /// The helpdesk refused it, and nothing was written.
    Refused,
    /// The agreement is not as expected, or its key exists already; nothing was written.
    Moved,
    /// It was sent, and may have been stored.
    Unknown,
}

/// The answer to a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepAnswer {
    /// The outcome.
    pub outcome: StepOutcome,
    /// The agreement as it was read after the write; required if it is done.
    #[serde(default)]
    pub agreement: Option<AgreementMessage>,
    /// The reason, for people.
    #[serde(default)]
    pub message: Option<String>,
}

/// Asks for the history of agreements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryRequest {
    /// The agreements, at most 100.
    pub objects: BTreeSet<LiveId>,
}

/// The history of agreements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryAnswer {
    /// The events, oldest first.
    pub events: Vec<HistoryMessage>,
}

/// One event of the helpdesk's own history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryMessage {
    /// The agreement.
    pub object: String,
    /// `state`, a field of the description, or `null` for anything else.
    #[serde(default)]
    pub part: Option<String>,
    /// The person's id.
    #[serde(default)]
    pub who: Option<String>,
    /// The person's name.
    #[serde(default)]
    pub name: Option<String>,
    /// The time with its UTC offset: `2027-01-31T09:00:00Z`.
    pub when: String,
}

/// Asks for the mail addresses of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct People {
    /// The people, at most 100.
    pub people: BTreeSet<LiveId>,
}

/// The mail addresses of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PeopleAnswer {
    /// The address of each; people without one are left out.
    pub addresses: BTreeMap<String, String>,
}

/// Adds a comment to an agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommentRequest {
    /// The agreement.
    pub object: String,
    /// The text as HTML.
    pub html: String,
    /// Whether it is hidden from clients.
    pub private: bool,
}

/// The new comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommentAnswer {
    /// Its id.
    pub comment: String,
}

/// Searches a comment on an agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindCommentRequest {
    /// The agreement.
    pub object: String,
    /// A text that the comment contains.
    pub text: String,
}

/// A comment that was searched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindCommentAnswer {
    /// Its id; `null` only if the helpdesk confirms that there is none.
    pub comment: Option<String>,
}
