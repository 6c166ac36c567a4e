//! The options of the sandbox: one for each behaviour of the product that public material leaves open.
//!
//! Each default is the observed or the more likely behaviour. A client is correct only if it works with every setting.

use serde::Deserialize;
use servanda::mapping::{DepartmentAccess, RecipientLinks};

/// The behaviour of the sandbox where that of the product is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SandboxOptions {
    /// The status of a successful edit: 200 or 201.
    pub(crate) edit_status: u16,
    /// Whether an edit without effect is answered with 304 and no body.
    pub(crate) unchanged_is_not_modified: bool,
    /// Whether the recipients can be written on the agreement.
    pub(crate) agreement_recipients: AgreementRecipients,
    /// The status for a rejected value: 500 or 400.
    pub(crate) refusal_status: u16,
    /// The status of `get` and `edit` for a missing object: 404, 400 or 500.
    pub(crate) absent_status: u16,
    /// Whether `find` returns archived objects if the filter does not contain `removed`.
    pub(crate) find_gives_archived: bool,
    /// The order of the objects that `find` returns.
    pub(crate) order: FindOrder,
    /// The way many objects `find` returns without a `limit`.
    pub(crate) default_limit: Option<u32>,
    /// The way many objects `find` returns at most.
    pub(crate) greatest_limit: Option<u32>,
    /// The behaviour of the pages of a list.
    pub(crate) paging: Paging,
    /// The IANA name of the time zone in which instants are written.
    pub(crate) zone: String,
    /// Whether the dates of an agreement have no time (`2026.02.01`) in responses and writes.
    pub(crate) day_only: bool,
    /// The separator of year, month and day in writes; responses always have dots.
    pub(crate) date_writes: DateWrites,
    /// The form of a duration in responses and writes.
    pub(crate) interval: IntervalEncoding,
    /// Whether an unknown code in `attrs` is an error; otherwise it is ignored.
    pub(crate) unknown_attrs_refused: bool,
    /// For how many requests after its creation `find` does not return an object.
    pub(crate) search_lag: u64,
    /// The way the inventory number of an agreement is stored.
    pub(crate) inventory_number: InventoryNumber,
    /// Whether departments have the agreements of their company; set by the mapping of the repository.
    #[serde(skip)]
    pub(crate) departments_inherit: bool,
    /// A function of the tenant's script module, such as `slaNotify.send`, which accepts each notice `id` once.
    pub(crate) module: Option<String>,
}

/// The way the inventory number of an agreement is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum InventoryNumber {
    /// As it is written.
    #[default]
    Kept,
    /// The tenant numbers its agreements itself.
    Numbered,
    /// Only this many characters are stored.
    Cut(usize),
    /// A write has no effect.
    Ignored,
}

/// Whether the recipients can be written on the agreement's side of the link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AgreementRecipients {
    /// The write succeeds.
    #[default]
    Writable,
    /// The write is refused.
    Refused,
    /// The response reports success, but the recipients do not change.
    Ignored,
}

/// The order of the objects that `find` returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FindOrder {
    /// The oldest first.
    #[default]
    Stable,
    /// The newest first: a creation between two pages makes them overlap.
    Reversed,
    /// The last modified first: an edit between two pages moves objects from one to the other.
    Touched,
    /// A pseudorandom order, the same for the same seed.
    Shuffled(u32),
    /// A pseudorandom order that is another one in each request.
    Changing,
}

/// The behaviour of the pages of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Paging {
    /// A page has as many objects as the limit, or as there are left.
    #[default]
    Regular,
    /// A page has between one object and the limit, by the number of the request.
    Ragged,
    /// The offset is ignored: every page is the first one.
    Repeating,
    /// The list never ends: invented objects follow the last one.
    Endless,
}

/// The separator of year, month and day in writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DateWrites {
    /// `2026.02.01 00:00:00`.
    #[default]
    Dots,
    /// `2026-02-01 00:00:00`.
    Dashes,
}

/// The form of a duration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IntervalEncoding {
    /// `{"length":8,"interval":"HOUR"}`.
    #[default]
    Object,
    /// A number of milliseconds.
    Milliseconds,
    /// A number of seconds.
    Seconds,
    /// `8 HOUR`.
    Text,
}

impl SandboxOptions {
    /// Gives departments what the mapping of a repository says that they have.
    pub(crate) fn follow(&mut self, links: &RecipientLinks) {
        self.departments_inherit = links.departments == DepartmentAccess::Inherit;
    }
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            edit_status: 200,
            unchanged_is_not_modified: false,
            agreement_recipients: AgreementRecipients::Writable,
            refusal_status: 500,
            absent_status: 404,
            find_gives_archived: true,
            order: FindOrder::Stable,
            default_limit: None,
            greatest_limit: None,
            paging: Paging::Regular,
            zone: "UTC".to_owned(),
            day_only: false,
            date_writes: DateWrites::Dots,
            interval: IntervalEncoding::Object,
            unknown_attrs_refused: false,
            search_lag: 0,
            inventory_number: InventoryNumber::Kept,
            departments_inherit: false,
            module: None,
        }
    }
}
