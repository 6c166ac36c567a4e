//! The switches of the embedded helpdesk: one for each thing that public material leaves open.
//!
//! The default of each is what has been seen, or the likelier of two guesses. A client is right only if it
//! works under every setting. Knows no storage and no HTTP.

use serde::Deserialize;

/// How the helpdesk behaves where nobody outside knows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SandboxOptions {
    /// The status of a successful edit: 200 or 201.
    pub(crate) edit_status: u16,
    /// Whether an edit that changes nothing is answered 304 without a body.
    pub(crate) unchanged_is_not_modified: bool,
    /// Whether recipients can be written on the agreement.
    pub(crate) agreement_recipients: AgreementRecipients,
    /// The status of a refused value: 500 or 400.
    pub(crate) refusal_status: u16,
    /// The status of `get` and `edit` of an object that is not there: 404, 400 or 500.
    pub(crate) absent_status: u16,
    /// Whether `find` gives archived objects when `removed` is not asked for.
    pub(crate) find_gives_archived: bool,
    /// The order of what `find` answers.
    pub(crate) order: Order,
    /// How many objects `find` gives when no limit is asked for.
    pub(crate) default_limit: Option<u32>,
    /// The most objects `find` ever gives at once.
    pub(crate) greatest_limit: Option<u32>,
    /// The IANA name of the zone in which instants are written.
    pub(crate) zone: String,
    /// Whether a date of an agreement is a day alone (`2026.02.01`) in answers and writes.
    pub(crate) day_only: bool,
    /// What stands between year, month and day in writes; answers always have dots.
    pub(crate) date_writes: DateWrites,
    /// The form of a length of time in answers and writes.
    pub(crate) interval: IntervalForm,
    /// Whether an unknown code in `attrs` is refused; else it is left out of the answer.
    pub(crate) unknown_attrs_refused: bool,
    /// For how many requests of any kind after its creation an object is not found by `find`.
    pub(crate) search_lag: u64,
    /// A function of a script module that the tenant has, as `slaNotify.send`: it takes what it is told once by `id`.
    pub(crate) module: Option<String>,
}

/// Whether recipients can be written on the agreement's side of the link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AgreementRecipients {
    /// They can.
    #[default]
    Writable,
    /// The write is refused.
    Refused,
    /// The write is answered as done, and the recipients stay as they were.
    Ignored,
}

/// The order of what `find` answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// The oldest first.
    #[default]
    Stable,
    /// The newest first, so that a creation between two pages makes them overlap.
    Reversed,
    /// The last touched first, so that an edit between two pages moves objects from one to the other.
    Touched,
    /// Any order, the same for the same seed.
    Shuffled(u32),
}

/// What stands between year, month and day in writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DateWrites {
    /// `2026.02.01 00:00:00`.
    #[default]
    Dots,
    /// `2026-02-01 00:00:00`.
    Dashes,
}

/// The form of a length of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IntervalForm {
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

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            edit_status: 200,
            unchanged_is_not_modified: false,
            agreement_recipients: AgreementRecipients::Writable,
            refusal_status: 500,
            absent_status: 404,
            find_gives_archived: true,
            order: Order::Stable,
            default_limit: None,
            greatest_limit: None,
            zone: "UTC".to_owned(),
            day_only: false,
            date_writes: DateWrites::Dots,
            interval: IntervalForm::Object,
            unknown_attrs_refused: false,
            search_lag: 0,
            module: None,
        }
    }
}
