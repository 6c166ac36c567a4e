//! The shape of an agreement, a set and a template, and of an agreement after the merge with its templates.
//!
//! One struct serves all of them: the schema of a template is that of an agreement without the keys that belong to one
//! client. An entry of a set is merged as a tree and deserialized afterwards, so its own shape exists in the schema only.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::either::{BoolOr, FalseOr, KindOr, KindOrMany, OneOrMany, TextOr, TwoForms, also, either};
use super::text::{self, Keyed, LanguageShape};

/// An agreement with one client, or a set: the same package for many clients. The id is the name of the file without `.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementDocument {
    /// The template that this extends, or a list of templates, of which later ones win. Names of files in
    /// `templates/` without `.yaml`; never paths. Example: `support-standard`.
    #[schemars(with = "Option<KindOrMany<text::Template>>")]
    pub extends: Option<OneOrMany>,
    /// The title of the agreement in the helpdesk: one line, with the placeholders `{{ client.title }}`, `{{ number }}`,
    /// `{{ template }}` and `{{ period.first_day }}`. Default: `{{ client.title }}: {{ template }}`.
    #[schemars(with = "Option<text::Line>")]
    pub title: Option<String>,
    /// The number of the contract on paper. A number belongs to one agreement of a provider; agreements
    /// that renew each other may share it. Example: `ДО-2026/017`.
    #[schemars(with = "Option<text::Line>")]
    pub number: Option<String>,
    /// The client of the agreement: a slug of `clients:` in catalog.yaml. Example: `severny-veter`.
    #[schemars(with = "Option<text::Client>")]
    pub client: Option<String>,
    /// Many clients instead of one `client`: a map from slugs to the values that differ for each, or `true` or `{}`
    /// if none do. Each entry becomes an agreement of its own, `<file>/<client>`.
    #[schemars(with = "Option<Keyed<text::Client, bool>>")]
    pub clients: Option<serde::de::IgnoredAny>,
    /// Clients or departments that may request the services (`severny-veter/accounting`). Default: the whole client.
    #[schemars(with = "Option<Vec<text::Recipient>>")]
    pub recipients: Option<Vec<String>>,
    /// The person on the provider's side who is responsible for the client: a slug of `managers:` in catalog.yaml. Example: `i.petrova`.
    #[schemars(with = "Option<text::Manager>")]
    pub manager: Option<String>,
    /// The legal entity of the provider: a slug of `providers:` in catalog.yaml. Only needed if there are several.
    #[schemars(with = "Option<text::Provider>")]
    pub provider: Option<String>,
    /// The helpdesk in which the agreement lives: a name of `helpdesks:` in servanda.yaml. Default: that of the client in
    /// catalog.yaml, else the default one. Example: `berlin`.
    #[schemars(with = "Option<text::Helpdesk>")]
    pub helpdesk: Option<String>,
    /// The recipients of notices to `client`, instead of the client's contacts in catalog.yaml: a map from any name to an
    /// address, or to a person in the helpdesk. Example: `main: { helpdesk: "employee$811" }`.
    #[schemars(with = "Option<Keyed<text::Slug, KindOr<text::Email, ContactAddressShape>>>")]
    pub contacts: Option<BTreeMap<String, ContactShape>>,
    /// The language of messages to the client: `ru` or `en`. Default: that of the client in catalog.yaml, else of servanda.yaml.
    pub language: Option<LanguageShape>,
    /// The days on which the agreement is in force, both inclusive.
    pub period: Option<PeriodShape>,
    /// `auto`, the default: active from the first day to the last. Or a manual list of entries, for days that are not
    /// known in advance: the newest entry that has taken effect decides.
    pub activation: Option<ActivationShape>,
    /// Periods in which the agreement is suspended, regardless of its activation.
    pub suspensions: Option<Vec<SuspensionShape>>,
    /// An end before the agreed last day.
    pub termination: Option<TerminationShape>,
    /// The behaviour at the end of the period.
    pub renewal: Option<RenewalShape>,
    /// The id of the agreement that this one succeeds. Example: `severny-veter-2025`.
    #[schemars(with = "Option<text::Agreement>")]
    pub renews: Option<String>,
    /// Former ids of this agreement. With them a renamed file stays the same agreement; without them a rename
    /// would remove one agreement and create another.
    #[schemars(with = "Option<Vec<text::Agreement>>")]
    pub formerly: Option<Vec<String>>,
    /// The object in the helpdesk that this agreement adopts. Only an object without an ownership key can be
    /// adopted. It is in the default helpdesk; of another one, `{ moscow: "42" }`. Example: `agreement$605301`.
    #[schemars(with = "Option<KindOr<text::LiveId, Keyed<text::Helpdesk, text::LiveId>>>")]
    pub adopts: Option<TextOr<BTreeMap<String, String>>>,
    /// The services of the client: a map from slugs of `services:` in catalog.yaml to `true`, to `false`
    /// (drops an inherited service), or to the terms that differ for the service. Example: `vpn: { calendar: 24x7 }`.
    #[schemars(with = "Option<Keyed<text::Service, ServiceShape>>")]
    pub services: Option<BTreeMap<String, ServiceShape>>,
    /// The targets for response and resolution.
    pub sla: Option<SlaShape>,
    /// The notices that are sent, to whom, and when.
    pub notices: Option<NoticesShape>,
    /// Labels to select agreements by (`--label segment=dental`). They have no other effect.
    #[schemars(with = "Option<Keyed<text::Slug, String>>")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Further attributes of the agreement in the helpdesk, by their names in the mapping of servanda.yaml.
    /// Example: `cost_centre: "0049"`.
    pub attributes: Option<BTreeMap<String, AttributeShape>>,
    /// Rules that are silenced for this agreement, each with a reason and, for a warning, a last day.
    /// Example: `W306: { reason: not renewed on purpose, until: 2026-12-01 }`.
    #[schemars(with = "Option<Keyed<text::Rule, AllowanceShape>>")]
    pub allow: Option<BTreeMap<String, AllowanceShape>>,
}

/// The days on which an agreement is in force. One of `last_day`, `term` and `open_ended` defines the end; the nearest
/// layer with one of them wins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("allOf" = text::only_one_of(&["last_day", "term", "open_ended"])))]
pub struct PeriodShape {
    /// The first day on which the agreement is in force. Example: `2026-02-01`.
    #[schemars(with = "Option<text::Day>")]
    pub first_day: Option<String>,
    /// The last day on which it is in force. Example: `2027-01-31`.
    #[schemars(with = "Option<text::Day>")]
    pub last_day: Option<String>,
    /// The length of the period from its first day: `1y`, `6mo`, `2w`, `90d`, or ISO 8601 (`P1Y`). A year from 2026-02-01 ends with 2027-01-31.
    #[schemars(with = "Option<text::Term>")]
    pub term: Option<String>,
    /// `true` if no end is agreed.
    #[schemars(extend("const" = true))]
    pub open_ended: Option<bool>,
    /// The time zone of the days, by its IANA name. Default: that of the client in catalog.yaml, else
    /// that of servanda.yaml. Example: `Asia/Vladivostok`.
    #[schemars(with = "Option<text::Timezone>")]
    pub timezone: Option<String>,
}

/// Automatic or manual activation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActivationShape {
    /// `auto`.
    Auto,
    /// The list, in the order written.
    Log(Vec<ActivationEntryShape>),
}

/// One entry of a manual activation. Either `on` or `at` defines when it takes effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("allOf" = text::only_one_of(&["on", "at"])))]
pub struct ActivationEntryShape {
    /// The new status: `planned`, `active`, `suspended`, or `ended`, which is final.
    pub status: Option<ManualStatusShape>,
    /// The day from whose beginning the status applies. Example: `2026-03-01`.
    #[schemars(with = "Option<text::Day>")]
    pub on: Option<String>,
    /// The instant from which the status applies, with its offset. Example: `2026-03-01T12:00:00+03:00`.
    #[schemars(with = "Option<text::Instant>")]
    pub at: Option<String>,
    /// The reason, for later readers. Example: `signed original received`.
    pub reason: Option<String>,
    /// The person who decided it. Example: `i.petrova`.
    pub by: Option<String>,
}

/// A status that can be set manually.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ManualStatusShape {
    /// Not in force yet.
    Planned,
    /// In force.
    Active,
    /// Not in force at present; can become active again.
    Suspended,
    /// Ended for good.
    Ended,
}

/// A period in which the agreement is suspended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspensionShape {
    /// The first day of the suspension. Example: `2026-07-01`.
    #[schemars(with = "Option<text::Day>")]
    pub from: Option<String>,
    /// The last day of the suspension. Without it the agreement is suspended until one is added. Example: `2026-08-31`.
    #[schemars(with = "Option<text::Day>")]
    pub until: Option<String>,
    /// The reason. Example: `unpaid invoice 118`.
    pub reason: Option<String>,
}

/// An early end. Either `last_day` or `at` defines it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("allOf" = text::only_one_of(&["last_day", "at"])))]
pub struct TerminationShape {
    /// The last day on which the agreement is in force. Example: `2026-09-30`.
    #[schemars(with = "Option<text::Day>")]
    pub last_day: Option<String>,
    /// The instant of the end, with its offset, if a day is not exact enough. Example: `2026-09-30T18:00:00+03:00`.
    #[schemars(with = "Option<text::Instant>")]
    pub at: Option<String>,
    /// The reason. Example: `notice by the client of 2026-08-14`.
    pub reason: Option<String>,
}

/// The behaviour at the end of the period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewalShape {
    /// `none`: the agreement ends. `manual`: it ends unless it is renewed, and reminders are sent. `auto`: tacit renewal;
    /// the next period begins automatically until the agreement is terminated. Default: `none`.
    pub mode: Option<RenewalModeShape>,
    /// The length of each further period. Default: the term of the period. Example: `1y`.
    #[schemars(with = "Option<text::Term>")]
    pub term: Option<String>,
    /// The time before the last day by which notice must be given. Months are counted back from the last day: one month
    /// before 31 December is 30 November. Example: `2mo`.
    #[schemars(with = "Option<text::Lead>")]
    pub notice_period: Option<String>,
    /// The largest number of tacit renewals. Default: no limit. Example: `3`.
    #[schemars(range(min = 1))]
    pub max_terms: Option<u32>,
}

/// The kind of renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum RenewalModeShape {
    /// The agreement ends with its last day.
    None,
    /// Reminders to renew it are sent.
    Manual,
    /// The next period begins automatically.
    Auto,
}

/// A recipient of notices. `{ email: .. }` and a bare address mean the same.
pub type ContactShape = TextOr<ContactAddressShape>;

/// The address of a contact: one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("allOf" = text::only_one_of(&["helpdesk", "email"])))]
pub struct ContactAddressShape {
    /// A person in the helpdesk, whose address is read when a message is sent, so that Git need not contain it. Example: `employee$811`.
    #[schemars(with = "Option<text::LiveId>")]
    pub helpdesk: Option<String>,
    /// An e-mail address. Example: `boss@veter.example`.
    #[schemars(with = "Option<text::Email>")]
    pub email: Option<String>,
}

/// A service: included (`true`), dropped (`false`), or included with terms that differ.
pub type ServiceShape = BoolOr<ServiceTermsShape>;

/// The terms that differ for one service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceTermsShape {
    /// The opening hours of this service: a slug of `calendars:` in catalog.yaml. Default: `sla.calendar`. Example: `24x7`.
    #[schemars(with = "Option<text::Calendar>")]
    pub calendar: Option<String>,
    /// The targets of this service by priority. Other priorities keep the targets of `sla.targets`.
    #[schemars(with = "Option<Keyed<text::Priority, TargetShape>>")]
    pub targets: Option<BTreeMap<String, TargetShape>>,
}

/// The targets for response and resolution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlaShape {
    /// The opening hours of the services, in which targets are counted: a slug of `calendars:` in catalog.yaml. Example: `office-9x5`.
    #[schemars(with = "Option<text::Calendar>")]
    pub calendar: Option<String>,
    /// The targets by priority. `false` drops an inherited one. Example: `critical: { response: 30m, resolution: 4h }`.
    #[schemars(with = "Option<Keyed<text::Priority, TargetShape>>")]
    pub targets: Option<BTreeMap<String, TargetShape>>,
}

/// The targets of one priority. `false` drops the inherited ones.
pub type TargetShape = FalseOr<TargetTimesShape>;

/// The longest times until a response and a resolution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetTimesShape {
    /// The time until the first response: hours and minutes of the calendar (`30m`, `4h`, `1h30m`, `PT4H`) or `2 business days`.
    #[schemars(with = "Option<text::TargetTime>")]
    pub response: Option<String>,
    /// The time until the request is resolved: `4h`, `PT4H` or `2 business days`.
    #[schemars(with = "Option<text::TargetTime>")]
    pub resolution: Option<String>,
}

/// The notices and their recipients. `false` drops an inherited notice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticesShape {
    /// The time of day at which notices are sent, in the agreement's zone. Default: that of servanda.yaml, else `09:00`.
    #[schemars(with = "Option<text::Clock>")]
    pub at: Option<String>,
    /// Sent when the agreement becomes active, at its beginning or after a suspension.
    pub activated: Option<FalseOr<NoticeShape>>,
    /// Sent when the agreement is suspended, expires or is terminated.
    pub deactivated: Option<FalseOr<NoticeShape>>,
    /// Sent before the last day.
    pub expiring: Option<FalseOr<LeadNoticeShape>>,
    /// Sent before the last day to give notice (`renewal.notice_period`).
    pub notice_deadline: Option<FalseOr<LeadNoticeShape>>,
    /// Sent when a day changes that an earlier notice contained.
    pub amended: Option<FalseOr<NoticeShape>>,
    /// Sent when a successor or the next period follows without a gap.
    pub renewed: Option<FalseOr<NoticeShape>>,
}

/// The recipients of a notice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeShape {
    /// The roles `client` and `manager`, or addresses within the domains that servanda.yaml allows. Example: `[client, manager]`.
    #[schemars(with = "Option<Vec<text::To>>")]
    pub to: Option<Vec<String>>,
    /// The time of day, if it differs for this notice. Example: `09:00`.
    #[schemars(with = "Option<text::Clock>")]
    pub at: Option<String>,
}

/// The recipients and lead times of a reminder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadNoticeShape {
    /// The roles `client` and `manager`, or addresses within the domains that servanda.yaml allows. Example: `[client, manager]`.
    #[schemars(with = "Option<Vec<text::To>>")]
    pub to: Option<Vec<String>>,
    /// The lead times; one message is sent for each. `0d` is the day itself. Example: `[2mo, 30d, 7d, 1d]`.
    #[schemars(with = "Option<Vec<text::Lead>>")]
    pub before: Option<Vec<String>>,
    /// The time of day, if it differs for this notice. Example: `09:00`.
    #[schemars(with = "Option<text::Clock>")]
    pub at: Option<String>,
}

/// The value of an attribute that is specific to a tenant.
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

/// The reason why a rule is silenced, and until when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllowanceShape {
    /// The reason. Example: `the client leaves, agreed by phone`.
    #[schemars(with = "Option<text::Line>")]
    pub reason: Option<String>,
    /// The last day on which the rule is silenced; an error (E103, E309) needs none. Example: `2026-12-01`.
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

/// The keys that an entry of a set cannot have: it has one client, and the layers of its file.
pub(crate) const ENTRY_LACKS: [&str; 3] = ["extends", "client", "clients"];

/// The keys that a template cannot have: they belong to one client or one agreement.
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

/// The keys that only a template has.
#[derive(schemars::JsonSchema)]
pub(crate) struct TemplateOnly {
    /// The fields that documents extending this template must not change: paths with dots between the keys.
    /// Everything below a path is locked as well. Example: `[sla.targets, notices.deactivated]`.
    #[expect(dead_code, reason = "only used to generate the schema; the merge reads the values")]
    #[schemars(with = "Option<Vec<text::FieldPath>>")]
    locked: (),
}
