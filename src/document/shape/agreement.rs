//! The shape of an agreement, a set and a template, and of an agreement after all its templates are merged.
//!
//! One struct serves them all, since a template says what an agreement says: the schema of a template is
//! the schema of an agreement without what only one client has. An entry of a set is merged as a value and
//! read after that, so its shape too exists in the schema only.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::either::{BoolOr, FalseOr, KindOr, KindOrMany, OneOrMany, TextOr, TwoForms, also, either};
use super::text::{self, Keyed};

/// An agreement with one client, or a set: the same package for many clients. The id is the file's stem.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementDocument {
    /// The template that this builds on, or a list of them, of which later ones win. Names of files in
    /// `templates/` without `.yaml`; never paths. Example: `support-standard`.
    #[schemars(with = "Option<KindOrMany<text::Template>>")]
    pub extends: Option<OneOrMany>,
    /// What the agreement is called in the helpdesk: one line in which `{{ client.title }}`, `{{ number }}`,
    /// `{{ template }}` and `{{ period.first_day }}` stand for what they name. Default: `{{ client.title }}: {{ template }}`.
    #[schemars(with = "Option<text::Line>")]
    pub title: Option<String>,
    /// The number of the contract on paper. One number belongs to one agreement of a provider; agreements
    /// that renew each other may share it. Example: `ДО-2026/017`.
    #[schemars(with = "Option<text::Line>")]
    pub number: Option<String>,
    /// Whom the agreement is with: a slug of `clients:` in catalog.yaml. Example: `severny-veter`.
    #[schemars(with = "Option<text::Client>")]
    pub client: Option<String>,
    /// In place of `client`, many clients at once: a map from slugs to what differs for each, `true` or `{}`
    /// where nothing does. Each entry becomes an agreement of its own, `<file>/<client>`.
    #[schemars(with = "Option<Keyed<text::Client, bool>>")]
    pub clients: Option<serde::de::IgnoredAny>,
    /// Who may ask for the services: clients or departments of theirs (`severny-veter/accounting`). Default: the client as a whole.
    #[schemars(with = "Option<Vec<text::Recipient>>")]
    pub recipients: Option<Vec<String>>,
    /// The person on our side who answers for the client, a slug of `managers:` in catalog.yaml. Example: `i.petrova`.
    #[schemars(with = "Option<text::Manager>")]
    pub manager: Option<String>,
    /// Which of our own legal entities the agreement is with, a slug of `providers:` in catalog.yaml. Only where there are several.
    #[schemars(with = "Option<text::Provider>")]
    pub provider: Option<String>,
    /// Whom notices to `client` go to, in place of the client's contacts in catalog.yaml: a map from any name to an
    /// address, or to a person of the helpdesk. Example: `main: { helpdesk: "employee$811" }`.
    #[schemars(with = "Option<Keyed<text::Slug, KindOr<text::Email, ContactAddressShape>>>")]
    pub contacts: Option<BTreeMap<String, ContactShape>>,
    /// When the agreement holds. Both days count in.
    pub period: Option<PeriodShape>,
    /// `auto`, the default: active from the first day to the last. Or a list kept by hand, of which the newest
    /// entry that has come decides, for where the days are not known in advance.
    pub activation: Option<ActivationShape>,
    /// Spans of days in which the agreement rests, whatever its activation says.
    pub suspensions: Option<Vec<SuspensionShape>>,
    /// An end ahead of the agreed last day.
    pub termination: Option<TerminationShape>,
    /// What happens when the period runs out.
    pub renewal: Option<RenewalShape>,
    /// The agreement that this one follows on from, by its id. Example: `severny-veter-2025`.
    #[schemars(with = "Option<text::Agreement>")]
    pub renews: Option<String>,
    /// Ids that this agreement had before. With them a renamed file stays the same agreement; without them
    /// a rename would be one agreement gone and another one new.
    #[schemars(with = "Option<Vec<text::Agreement>>")]
    pub formerly: Option<Vec<String>>,
    /// The object of the helpdesk that this agreement takes over when it first meets it. Only while that
    /// object bears no mark of ours. Example: `agreement$605301`.
    #[schemars(with = "Option<text::LiveId>")]
    pub adopts: Option<String>,
    /// What the client may ask for: a map from slugs of `services:` in catalog.yaml to `true`, to `false`
    /// (drops what a template includes), or to what differs for the service. Example: `vpn: { calendar: 24x7 }`.
    #[schemars(with = "Option<Keyed<text::Service, ServiceShape>>")]
    pub services: Option<BTreeMap<String, ServiceShape>>,
    /// How fast we promise to be.
    pub sla: Option<SlaShape>,
    /// Who is told of what, and when.
    pub notices: Option<NoticesShape>,
    /// Names of one's own to pick agreements by (`--label segment=dental`). Servanda itself reads nothing from them.
    #[schemars(with = "Option<Keyed<text::Slug, String>>")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Further attributes of the helpdesk's agreement, by the names that the mapping in servanda.yaml gives them.
    /// Example: `cost_centre: "0049"`.
    pub attributes: Option<BTreeMap<String, AttributeShape>>,
    /// Rules that do not apply here, each with a reason and the day from which they do again.
    /// Example: `W306: { reason: not renewed on purpose, until: 2026-12-01 }`.
    #[schemars(with = "Option<Keyed<text::Rule, AllowanceShape>>")]
    pub allow: Option<BTreeMap<String, AllowanceShape>>,
}

/// When an agreement holds. One of `last_day`, `term` and `open_ended` says how it ends; the nearest layer
/// that has one of them wins over the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("allOf" = text::only_one_of(&["last_day", "term", "open_ended"])))]
pub struct PeriodShape {
    /// The first day on which the agreement holds. Example: `2026-02-01`.
    #[schemars(with = "Option<text::Day>")]
    pub first_day: Option<String>,
    /// The last day on which it still holds. Example: `2027-01-31`.
    #[schemars(with = "Option<text::Day>")]
    pub last_day: Option<String>,
    /// How long it holds from its first day: `1y`, `6mo`, `2w`, `90d`, or ISO 8601 (`P1Y`). A year from 2026-02-01 ends with 2027-01-31.
    #[schemars(with = "Option<text::Term>")]
    pub term: Option<String>,
    /// `true` where no end is agreed.
    #[schemars(extend("const" = true))]
    pub open_ended: Option<bool>,
    /// The time zone that the days are counted in, by its IANA name. Default: the client's in catalog.yaml, else
    /// that of servanda.yaml. Example: `Asia/Vladivostok`.
    #[schemars(with = "Option<text::Timezone>")]
    pub timezone: Option<String>,
}

/// Whether the days decide, or a list kept by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActivationShape {
    /// `auto`.
    Auto,
    /// The list, in the order written.
    Log(Vec<ActivationEntryShape>),
}

/// One step of a manual activation. One of `on` and `at` says when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("allOf" = text::only_one_of(&["on", "at"])))]
pub struct ActivationEntryShape {
    /// What the agreement becomes: `planned`, `active`, `suspended`, or `ended`, which is final.
    pub status: Option<ManualStatusShape>,
    /// The day from whose beginning this holds. Example: `2026-03-01`.
    #[schemars(with = "Option<text::Day>")]
    pub on: Option<String>,
    /// The instant from which this holds, with its offset. Example: `2026-03-01T12:00:00+03:00`.
    #[schemars(with = "Option<text::Instant>")]
    pub at: Option<String>,
    /// Why, for those who read the list later. Example: `signed original received`.
    pub reason: Option<String>,
    /// Who decided it. Example: `i.petrova`.
    pub by: Option<String>,
}

/// A status that can be set by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ManualStatusShape {
    /// Not of use to the client yet.
    Planned,
    /// In use.
    Active,
    /// Resting; can become active again.
    Suspended,
    /// Over for good.
    Ended,
}

/// A span of days in which the agreement rests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspensionShape {
    /// The first day of rest. Example: `2026-07-01`.
    #[schemars(with = "Option<text::Day>")]
    pub from: Option<String>,
    /// The last day of rest. Without it the agreement rests until somebody writes one. Example: `2026-08-31`.
    #[schemars(with = "Option<text::Day>")]
    pub until: Option<String>,
    /// Why. Example: `unpaid invoice 118`.
    pub reason: Option<String>,
}

/// An end ahead of time. One of `last_day` and `at` says when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("allOf" = text::only_one_of(&["last_day", "at"])))]
pub struct TerminationShape {
    /// The last day on which the agreement still holds. Example: `2026-09-30`.
    #[schemars(with = "Option<text::Day>")]
    pub last_day: Option<String>,
    /// The instant of the end, with its offset, where a day is not exact enough. Example: `2026-09-30T18:00:00+03:00`.
    #[schemars(with = "Option<text::Instant>")]
    pub at: Option<String>,
    /// Why. Example: `notice by the client of 2026-08-14`.
    pub reason: Option<String>,
}

/// What happens when the period runs out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewalShape {
    /// `none`: it ends. `manual`: somebody is reminded to renew it, else it ends. `auto`: the next period begins by
    /// itself until it is terminated. Default: `none`.
    pub mode: Option<RenewalModeShape>,
    /// How long each further period runs. Default: the term of the period. Example: `1y`.
    #[schemars(with = "Option<text::Term>")]
    pub term: Option<String>,
    /// How many days before the last day notice must be given. Example: `30d`.
    #[schemars(with = "Option<text::Lead>")]
    pub notice_period: Option<String>,
    /// How often it may renew itself. Default: without limit. Example: `3`.
    #[schemars(range(min = 1))]
    pub max_terms: Option<u32>,
}

/// How an agreement goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum RenewalModeShape {
    /// It ends with its last day.
    None,
    /// Somebody is reminded.
    Manual,
    /// The next period begins by itself.
    Auto,
}

/// A person or address to be told. `{ email: .. }` and a bare address mean the same.
pub type ContactShape = TextOr<ContactAddressShape>;

/// Where a contact is reached. One of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("allOf" = text::only_one_of(&["helpdesk", "email"])))]
pub struct ContactAddressShape {
    /// A person of the helpdesk, whose address is read when a message is sent, so that none need stand in Git. Example: `employee$811`.
    #[schemars(with = "Option<text::LiveId>")]
    pub helpdesk: Option<String>,
    /// An address of e-mail. Example: `boss@veter.example`.
    #[schemars(with = "Option<text::Email>")]
    pub email: Option<String>,
}

/// A service: included (`true`), dropped (`false`), or included with what differs for it.
pub type ServiceShape = BoolOr<ServiceTermsShape>;

/// What differs for one service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceTermsShape {
    /// The hours in which this service is given, a slug of `calendars:` in catalog.yaml. Default: `sla.calendar`. Example: `24x7`.
    #[schemars(with = "Option<text::Calendar>")]
    pub calendar: Option<String>,
    /// Targets of this service by priority. Priorities that are not named here keep those of `sla.targets`.
    #[schemars(with = "Option<Keyed<text::Priority, TargetShape>>")]
    pub targets: Option<BTreeMap<String, TargetShape>>,
}

/// How fast we promise to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlaShape {
    /// The hours in which the services are given and targets run, a slug of `calendars:` in catalog.yaml. Example: `office-9x5`.
    #[schemars(with = "Option<text::Calendar>")]
    pub calendar: Option<String>,
    /// Targets by priority. `false` drops an inherited one. Example: `critical: { response: 30m, resolution: 4h }`.
    #[schemars(with = "Option<Keyed<text::Priority, TargetShape>>")]
    pub targets: Option<BTreeMap<String, TargetShape>>,
}

/// The targets of one priority; `false` drops those that are inherited.
pub type TargetShape = FalseOr<TargetTimesShape>;

/// How long a response and a resolution may take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetTimesShape {
    /// The time until somebody answers: hours and minutes of the calendar (`30m`, `4h`, `1h30m`, `PT4H`) or `2 business days`.
    #[schemars(with = "Option<text::TargetTime>")]
    pub response: Option<String>,
    /// The time until it is solved: `4h`, `PT4H` or `2 business days`.
    #[schemars(with = "Option<text::TargetTime>")]
    pub resolution: Option<String>,
}

/// Who is told of what. `false` drops an inherited notice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticesShape {
    /// The time of day at which notices go out, in the agreement's zone. Default: that of servanda.yaml, else `09:00`.
    #[schemars(with = "Option<text::Clock>")]
    pub at: Option<String>,
    /// The agreement became active, at its beginning or after a suspension.
    pub activated: Option<FalseOr<NoticeShape>>,
    /// The agreement is suspended, has run out, or was terminated.
    pub deactivated: Option<FalseOr<NoticeShape>>,
    /// The last day comes near.
    pub expiring: Option<FalseOr<LeadNoticeShape>>,
    /// The last day to give notice comes near (`renewal.notice_period`).
    pub notice_deadline: Option<FalseOr<LeadNoticeShape>>,
    /// A day changed that somebody was told already.
    pub amended: Option<FalseOr<NoticeShape>>,
    /// A successor, or the next period, follows without a gap.
    pub renewed: Option<FalseOr<NoticeShape>>,
}

/// Who is told of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeShape {
    /// The roles `client` and `manager`, or addresses within the domains that servanda.yaml allows. Example: `[client, manager]`.
    #[schemars(with = "Option<Vec<text::To>>")]
    pub to: Option<Vec<String>>,
    /// The time of day, where it differs for this notice. Example: `09:00`.
    #[schemars(with = "Option<text::Clock>")]
    pub at: Option<String>,
}

/// Who is told ahead of a day, and how far ahead.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadNoticeShape {
    /// The roles `client` and `manager`, or addresses within the domains that servanda.yaml allows. Example: `[client, manager]`.
    #[schemars(with = "Option<Vec<text::To>>")]
    pub to: Option<Vec<String>>,
    /// How many days ahead; one message each. `0d` is the day itself. Example: `[60d, 30d, 7d, 1d]`.
    #[schemars(with = "Option<Vec<text::Lead>>")]
    pub before: Option<Vec<String>>,
    /// The time of day, where it differs for this notice. Example: `09:00`.
    #[schemars(with = "Option<text::Clock>")]
    pub at: Option<String>,
}

/// A value of an attribute that only the tenant knows.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeShape {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// `true` or `false`.
    Flag(bool),
}

/// Why a rule does not apply, and until when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllowanceShape {
    /// Why. Example: `the client leaves, agreed by phone`.
    #[schemars(with = "Option<text::Line>")]
    pub reason: Option<String>,
    /// The last day on which the rule is silent. Example: `2026-12-01`.
    #[schemars(with = "Option<text::Day>")]
    pub until: Option<String>,
}

impl TwoForms for ActivationShape {
    type Long = Vec<ActivationEntryShape>;
    const EXPECTED: &'static str = "auto or a list";

    fn from_text(text: &str) -> Option<Self> {
        (text == "auto").then_some(Self::Auto)
    }

    fn from_long(log: Vec<ActivationEntryShape>) -> Self {
        Self::Log(log)
    }
}

impl<'de> Deserialize<'de> for ActivationShape {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        either(deserializer)
    }
}

impl schemars::JsonSchema for ActivationShape {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Activation".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let log = Vec::<ActivationEntryShape>::json_schema(generator);
        also(log, serde_json::json!({ "type": "string", "pattern": "^auto$", text::KIND: "auto" }))
    }
}

impl<'de> Deserialize<'de> for AttributeShape {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = AttributeShape;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a text, a number, true or false")
            }

            fn visit_str<E>(self, text: &str) -> Result<AttributeShape, E> {
                Ok(AttributeShape::Text(text.to_owned()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<AttributeShape, E> {
                Ok(AttributeShape::Integer(number))
            }

            fn visit_f64<E>(self, number: f64) -> Result<AttributeShape, E> {
                Ok(AttributeShape::Number(number))
            }

            fn visit_bool<E>(self, flag: bool) -> Result<AttributeShape, E> {
                Ok(AttributeShape::Flag(flag))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl schemars::JsonSchema for AttributeShape {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Attribute".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

/// What an entry of a set cannot have: it is one client's already, and its layers are the file's.
pub(crate) const ENTRY_LACKS: [&str; 3] = ["extends", "client", "clients"];

/// What a template cannot have: it belongs to one client, or happened to one agreement.
pub(crate) const TEMPLATE_LACKS: [&str; 12] = [
    "client",
    "clients",
    "number",
    "recipients",
    "contacts",
    "activation",
    "suspensions",
    "termination",
    "renews",
    "formerly",
    "adopts",
    "allow",
];

/// What a template has beyond an agreement.
#[derive(schemars::JsonSchema)]
pub(crate) struct TemplateOnly {
    /// What those who extend this template may not change: paths of fields with dots between their parts.
    /// Whatever lies below a path is locked with it. Example: `[sla.targets, notices.deactivated]`.
    #[expect(dead_code, reason = "a shape for the schema; the merge reads the values")]
    #[schemars(with = "Option<Vec<text::FieldPath>>")]
    locked: (),
}
