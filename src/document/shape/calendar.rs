//! The shape of calendars/*.yaml: opening hours.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::either::{KindOrMany, OneOrMany};
use super::text::{self, Keyed};

/// Opening hours of services. The name of the file is the slug of the calendar in agreements and in the catalog;
/// `24x7` is built in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarDocument {
    /// The calendar that this one extends, or a list of calendars, of which later ones win, day by day. Example: `office-9x5`.
    #[schemars(with = "Option<KindOrMany<text::Calendar>>")]
    pub extends: Option<OneOrMany>,
    /// The exact name in the helpdesk, if the catalog does not contain the calendar. Default: the name of the file.
    #[schemars(with = "Option<text::Line>")]
    pub title: Option<String>,
    /// The time zone of the hours. Default: that of servanda.yaml. Example: `Europe/Moscow`.
    #[schemars(with = "Option<text::Timezone>")]
    pub timezone: Option<String>,
    /// The hours of each day of the week; a day without an entry is closed. Write several windows as a list. A window
    /// may continue until the next morning. Example: `{ mon-fri: [09:00-13:00, 14:00-18:00], sat: 10:00-15:00 }`.
    #[schemars(with = "Option<Keyed<text::Weekday, KindOrMany<text::Hours>>>")]
    pub week: Option<BTreeMap<String, OneOrMany>>,
    /// Days that differ from the week, as single days or as ranges with both days included: `closed`, hours, or
    /// `usual` to cancel an inherited exception. Example: `{ 2026-04-30: 09:00-17:00, 2027-01-01/2027-01-08: closed }`.
    #[schemars(with = "Option<Keyed<text::Days, KindOrMany<text::Hours>>>")]
    pub exceptions: Option<BTreeMap<String, OneOrMany>>,
    /// Hours that replace these for requests from a day on; earlier requests keep the earlier hours. Each entry contains
    /// the changes, in the same form as the document. Example: `{ 2026-07-01: { week: { mon-fri: 08:00-17:00 } } }`.
    #[schemars(with = "Option<Keyed<text::Day, HoursChangeShape>>")]
    pub effective_from: Option<BTreeMap<String, HoursChangeShape>>,
    /// The last day for which the exceptions are known. Agreements that last longer get a warning (W411). Example: `2026-12-31`.
    #[schemars(with = "Option<text::Day>")]
    pub known_through: Option<String>,
}

/// The changes of a calendar from a day on. Everything else stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursChangeShape {
    /// The days of the week whose hours change.
    #[schemars(with = "Option<Keyed<text::Weekday, KindOrMany<text::Hours>>>")]
    pub week: Option<BTreeMap<String, OneOrMany>>,
    /// Days that differ from the week, as above.
    #[schemars(with = "Option<Keyed<text::Days, KindOrMany<text::Hours>>>")]
    pub exceptions: Option<BTreeMap<String, OneOrMany>>,
}
