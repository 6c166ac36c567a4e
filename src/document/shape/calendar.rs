//! The shape of calendars/*.yaml: the hours in which a service is given.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::either::{KindOrMany, OneOrMany};
use super::text::{self, Keyed};

/// The hours in which a service is given. The name of the file is the slug by which agreements and the catalog
/// know the calendar; `24x7` is built in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarDocument {
    /// A calendar that this one builds on, or a list of them (later wins), day by day. Example: `office-9x5`.
    #[schemars(with = "Option<KindOrMany<text::Calendar>>")]
    pub extends: Option<OneOrMany>,
    /// The name in the helpdesk, exactly, where the catalog does not list the calendar. Default: the name of the file.
    #[schemars(with = "Option<text::Line>")]
    pub title: Option<String>,
    /// The time zone that the hours are in. Default: that of servanda.yaml. Example: `Europe/Moscow`.
    #[schemars(with = "Option<text::Timezone>")]
    pub timezone: Option<String>,
    /// The hours of each day of the week; a day that is not named is closed. Several windows stand in a list, and
    /// a window may run into the morning after. Example: `{ mon-fri: [09:00-13:00, 14:00-18:00], sat: 10:00-15:00 }`.
    #[schemars(with = "Option<Keyed<text::Weekday, KindOrMany<text::Hours>>>")]
    pub week: Option<BTreeMap<String, OneOrMany>>,
    /// Days that differ from the week, one by one or from a first to a last day, both counted in: `closed`, hours, or
    /// `usual` where an inherited exception shall not hold. Example: `{ 2026-04-30: 09:00-17:00, 2027-01-01/2027-01-08: closed }`.
    #[schemars(with = "Option<Keyed<text::Days, KindOrMany<text::Hours>>>")]
    pub exceptions: Option<BTreeMap<String, OneOrMany>>,
    /// Hours that take the place of these for all who ask from a day on; what was asked before keeps the hours of then.
    /// Each says what changes, as the document does. Example: `{ 2026-07-01: { week: { mon-fri: 08:00-17:00 } } }`.
    #[schemars(with = "Option<Keyed<text::Day, HoursChangeShape>>")]
    pub effective_from: Option<BTreeMap<String, HoursChangeShape>>,
    /// The last day for which the exceptions are known. An agreement that lasts longer is told (W411). Example: `2026-12-31`.
    #[schemars(with = "Option<text::Day>")]
    pub known_through: Option<String>,
}

/// What changes in a calendar from a day on; what is not named stays as it was.
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
