//! The shape of `helpdesk:` in servanda.yaml: the connection, and the mapping of fields to attributes.
//!
//! Everything that differs between tenants is in the mapping and not in code.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::either::{KindOr, TextOr, TwoForms, also, either};
use super::secret::SecretShape;
use super::text::{self, Keyed};

/// The helpdesk: the connection, and the mapping of fields to attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelpdeskShape {
    /// `true` for the helpdesk of agreements that name none; for one below `helpdesks:`, if there are several.
    #[schemars(extend("const" = true))]
    pub default: Option<bool>,
    /// `itsm365`, `itop`, `http` (an adapter: a program that serves any other helpdesk), or `sandbox`, the built-in helpdesk.
    /// Default: `sandbox`.
    pub kind: Option<HelpdeskKindShape>,
    /// The URL, without a key in it. Example: `https://acme.itsm365.com/sd`.
    #[schemars(with = "Option<text::SafeUrl>")]
    pub url: Option<String>,
    /// `true` if the helpdesk is in a private network. Otherwise the key is only sent to public addresses. Default: `false`.
    pub private_network: Option<bool>,
    /// `true` to allow a host name in Punycode (`xn--…`), which may look like another name. Default: `false`.
    pub punycode_host: Option<bool>,
    /// The access key of itsm365, a token of iTop, or the token of an adapter. Example: `{ env: ITSM365_ACCESS_KEY }`.
    pub access_key: Option<SecretShape>,
    /// The login name for iTop. Example: `{ env: ITOP_USER }`.
    pub user: Option<SecretShape>,
    /// The password for iTop. Example: `{ env: ITOP_PASSWORD }`.
    pub password: Option<SecretShape>,
    /// The provider of agreements without one, for helpdesks such as iTop in which each agreement must have one: a slug of
    /// `providers:` in catalog.yaml.
    #[schemars(with = "Option<text::Provider>")]
    pub provider: Option<String>,
    /// A PEM file with the certificates of the private authority that signed the certificate of the server. Example: `/etc/ssl/acme.pem`.
    #[schemars(with = "Option<text::Line>")]
    pub ca_file: Option<String>,
    /// The largest number of requests per second. Default: `5`; `50` for iTop, none for http, none for the sandbox.
    #[schemars(range(min = 1, max = 1000))]
    pub rate: Option<u32>,
    /// The largest number of concurrent requests. Default: `4`; `8` for iTop, `32` for the sandbox.
    #[schemars(range(min = 1, max = 64))]
    pub concurrency: Option<u32>,
    /// The timeout of a request. Default: `30s`.
    #[schemars(with = "Option<text::Wait>")]
    pub timeout: Option<String>,
    /// The longest time until the helpdesk's search shows a new object. During this time, an object that is not found is
    /// not created again. Default: `1m`; `30s` for iTop, `30s` for http, `0s` for the sandbox.
    #[schemars(with = "Option<text::Wait>")]
    pub search_lag: Option<String>,
    /// `true` for a helpdesk without real clients, in which runs for other days than today are allowed. Default: `false`; `true` for the sandbox.
    pub rehearsal: Option<bool>,
    /// The mapping of agreements.
    pub agreement: Option<AgreementMappingShape>,
    /// The format of days.
    pub dates: Option<DatesShape>,
    /// `off`, or the mapping of the rules that store targets. For itsm365 they are off by default.
    pub sla_rules: Option<SlaRulesShape>,
    /// The policy for drift, that is for manual changes in the helpdesk: `correct` or `report`, for all fields or per field.
    /// `report` shows the drift in the plan and does not change it. Default: `correct`.
    pub drift: Option<DriftShape>,
    /// The class with the history of changes, so that plans show who changed a field. Default: none, except for the sandbox.
    pub history: Option<HistoryMappingShape>,
}

/// The class with the history of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryMappingShape {
    /// The class. Default: `event`.
    #[schemars(with = "Option<text::Code>")]
    pub class: Option<String>,
    /// The link to the changed object. Default: `source`.
    #[schemars(with = "Option<text::Code>")]
    pub object: Option<String>,
    /// The code of the changed attribute. Default: `attribute`.
    #[schemars(with = "Option<text::Code>")]
    pub attribute: Option<String>,
    /// The link to the person who changed it. Default: `author`.
    #[schemars(with = "Option<text::Code>")]
    pub who: Option<String>,
    /// The instant of the change. Default: `creationDate`.
    #[schemars(with = "Option<text::Code>")]
    pub when: Option<String>,
}

/// A kind of helpdesk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum HelpdeskKindShape {
    /// ITSM 365 and other tenants of Naumen SMP.
    Itsm365,
    /// Combodo iTop.
    Itop,
    /// A program of yours that serves the helpdesk over HTTP.
    Http,
    /// The built-in helpdesk.
    Sandbox,
}

/// The mapping of agreements.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementMappingShape {
    /// The class, with the type if there is one. Default: `agreement$agreement`; `CustomerContract` for iTop.
    #[schemars(with = "Option<text::Code>")]
    pub class: Option<String>,
    /// The attribute with the ownership key. Objects without an ownership key are never modified.
    pub key: Option<KeyMappingShape>,
    /// The helpdesk's attribute for each field: `title`, `number`, `first_day`, `last_day`, `manager`, `provider`, `state`,
    /// `services`, `recipients`, and each name that agreements use in `attributes`. Other fields are not written.
    #[schemars(with = "Option<BTreeMap<String, KindOr<text::Code, AttributeFormShape>>>")]
    pub attributes: Option<BTreeMap<String, AttributeMappingShape>>,
    /// The state in the helpdesk for each status. Several statuses may share one state.
    pub states: Option<StatesShape>,
    /// The link between an agreement and its recipients.
    pub recipients: Option<RecipientMappingShape>,
    /// The way an agreement is deactivated: by its `state`, by `detach` (removes the links to services or recipients),
    /// or by `archive`. Default: `state`; `detach` for iTop.
    pub deactivate: Option<DeactivateShape>,
    /// `true` if the tenant accepts a change of state only in a separate edit. Default: `false`.
    pub state_in_own_edit: Option<bool>,
}

/// The attribute with the ownership key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyMappingShape {
    /// The attribute. Default: `inventoryNumber`; `description` for iTop.
    #[schemars(with = "Option<text::Code>")]
    pub attribute: Option<String>,
    /// The prefix before the agreement's id. Default: `sv:`.
    pub prefix: Option<String>,
}

/// An attribute of the helpdesk: its name, or its name and format.
pub type AttributeMappingShape = TextOr<AttributeFormShape>;

/// An attribute and the format of its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeFormShape {
    /// The attribute. Example: `endDate`.
    #[schemars(with = "Option<text::Code>")]
    pub attribute: Option<String>,
    /// The instant that represents a day, if the attribute stores instants: `start_of_day`, `end_of_day` or `next_day`. Default: `start_of_day`.
    #[serde(rename = "as")]
    pub form: Option<DayFormShape>,
}

/// The instant that represents a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum DayFormShape {
    /// 00:00:00 of the day.
    StartOfDay,
    /// 23:59:59 of the day.
    EndOfDay,
    /// 00:00:00 of the next day.
    NextDay,
}

/// The state in the helpdesk for each status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatesShape {
    /// The state before the first day. Example: `planned`.
    #[schemars(with = "Option<text::Code>")]
    pub planned: Option<String>,
    /// The state of an active agreement. Example: `active`.
    #[schemars(with = "Option<text::Code>")]
    pub active: Option<String>,
    /// The state of a suspended agreement. Example: `inactive`.
    #[schemars(with = "Option<text::Code>")]
    pub suspended: Option<String>,
    /// The state after the agreed last day. Example: `inactive`.
    #[schemars(with = "Option<text::Code>")]
    pub expired: Option<String>,
    /// The state after an early end. Example: `inactive`.
    #[schemars(with = "Option<text::Code>")]
    pub terminated: Option<String>,
}

/// The link between an agreement and its recipients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecipientMappingShape {
    /// The side on which the link is written: on the `agreement` or on the `recipient`. Default: `agreement`.
    pub side: Option<LinkSideShape>,
    /// `authoritative`: exactly the recipients of the file. `additive`: at least these. Default: `authoritative`.
    pub mode: Option<LinkModeShape>,
    /// `inherit` if the helpdesk gives departments the agreements of their company. `explicit` if it does not: an agreement
    /// without `recipients` is then linked to every department of its client in catalog.yaml. Default: `explicit`.
    pub departments: Option<DepartmentAccessShape>,
    /// The attribute on the recipient's side. Example: `recipientAgreements`.
    #[schemars(with = "Option<text::Code>")]
    pub attribute: Option<String>,
}

/// The side on which a link is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LinkSideShape {
    /// On the agreement.
    Agreement,
    /// On the client or department.
    Recipient,
}

/// Whether departments have the agreements of their company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum DepartmentAccessShape {
    /// The helpdesk passes them on.
    Inherit,
    /// Each department needs its own link.
    Explicit,
}

/// Whether other links are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LinkModeShape {
    /// Other links are removed.
    Authoritative,
    /// Other links are kept.
    Additive,
}

/// The way an agreement is deactivated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum DeactivateShape {
    /// By its state.
    State,
    /// By removing its links.
    Detach,
    /// By archiving it.
    Archive,
}

/// The format of days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatesShape {
    /// The time zone of the times in the helpdesk, which have no offset. Plans name it beside the time of a manual change.
    /// Example: `Europe/Moscow`.
    #[schemars(with = "Option<text::Timezone>")]
    pub timezone: Option<String>,
    /// The format of a day: `date_time` (2026.02.01 00:00:00), `iso_date_time` (2026-02-01 00:00:00), or without a time `date`
    /// (2026.02.01) or `iso_date` (2026-02-01).
    /// Default: `date_time`.
    pub form: Option<DateFormShape>,
}

/// The format of a day in the helpdesk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum DateFormShape {
    /// A date with dots and without a time.
    Date,
    /// A date with dots and a time.
    DateTime,
    /// A date with dashes and a time.
    IsoDateTime,
    /// A date with dashes and without a time.
    IsoDate,
}

/// Whether the helpdesk stores the targets, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlaRulesShape {
    /// `off`: it does not.
    Off,
    /// In separate objects.
    On(Box<SlaRulesMappingShape>),
}

/// The mapping of the rules that store targets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlaRulesMappingShape {
    /// The class, with the type if there is one. Example: `agreementRule$agreementRule`.
    #[schemars(with = "Option<text::Code>")]
    pub class: Option<String>,
    /// The rule's attribute that names its agreement. Example: `agreement`.
    #[schemars(with = "Option<text::Code>")]
    pub agreement: Option<String>,
    /// The rule's attribute for the service. Example: `service`.
    #[schemars(with = "Option<text::Code>")]
    pub service: Option<String>,
    /// The rule's attribute for the priority. Example: `priority`.
    #[schemars(with = "Option<text::Code>")]
    pub priority: Option<String>,
    /// The rule's attribute for the response target. Example: `reactionTime`.
    #[schemars(with = "Option<text::Code>")]
    pub response: Option<String>,
    /// The rule's attribute for the resolution target. Example: `resolutionTime`.
    #[schemars(with = "Option<text::Code>")]
    pub resolution: Option<String>,
    /// The rule's attribute for the calendar. Example: `serviceTime`.
    #[schemars(with = "Option<text::Code>")]
    pub calendar: Option<String>,
    /// For iTop: the length of a business day, since iTop only has minutes and hours. Default: `8h`.
    #[schemars(with = "Option<text::Wait>")]
    pub business_day: Option<String>,
    /// For iTop: the number from 1 to 4 of each priority. Default: `critical: 1, high: 2, normal: 3, low: 4`.
    #[schemars(with = "Option<Keyed<text::Priority, Rank>>")]
    pub priorities: Option<BTreeMap<String, u8>>,
    /// The format of a duration: `object` (length and unit), `milliseconds`, `seconds` or `text`. Default: `object`.
    pub interval: Option<IntervalFormShape>,
    /// `true` if the rules of a new agreement are created by one request, `create-m2m-multiple`. Default: `false`; `true`
    /// for the sandbox.
    pub together: Option<bool>,
}

/// A priority of iTop.
#[derive(schemars::JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "only used to generate the schema")]
pub(crate) struct Rank(#[schemars(range(min = 1, max = 4))] u8);

/// The format of a duration in the helpdesk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum IntervalFormShape {
    /// `{ "length": 8, "interval": "HOUR" }`.
    Object,
    /// A number of milliseconds.
    Milliseconds,
    /// A number of seconds.
    Seconds,
    /// A text such as `8 HOUR`.
    Text,
}

/// The policy for manual changes in the helpdesk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DriftShape {
    /// The same for every field.
    All(DriftPolicyShape),
    /// Per field; other fields are corrected.
    PerField(BTreeMap<String, DriftPolicyShape>),
}

/// The policy for a manual change of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum DriftPolicyShape {
    /// The next apply corrects it.
    Correct,
    /// The plan shows it, and nothing is written.
    Report,
}

impl TwoForms for SlaRulesShape {
    type Long = SlaRulesMappingShape;
    const EXPECTED: &'static str = "off or a map";

    fn from_text(text: &str) -> Option<Self> {
        (text == "off").then_some(Self::Off)
    }

    fn from_long(mapping: SlaRulesMappingShape) -> Self {
        Self::On(Box::new(mapping))
    }
}

impl TwoForms for DriftShape {
    type Long = BTreeMap<String, DriftPolicyShape>;
    const EXPECTED: &'static str = "correct, report or a map from fields to these";

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "correct" => Some(Self::All(DriftPolicyShape::Correct)),
            "report" => Some(Self::All(DriftPolicyShape::Report)),
            _ => None,
        }
    }

    fn from_long(fields: BTreeMap<String, DriftPolicyShape>) -> Self {
        Self::PerField(fields)
    }
}

impl<'de> Deserialize<'de> for SlaRulesShape {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        either(deserializer)
    }
}

impl<'de> Deserialize<'de> for DriftShape {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        either(deserializer)
    }
}

impl schemars::JsonSchema for SlaRulesShape {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "SlaRules".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let off = serde_json::json!({ "type": "string", "pattern": "^off$", text::KIND: "off" });
        also(SlaRulesMappingShape::json_schema(generator), off)
    }
}

impl schemars::JsonSchema for DriftShape {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Drift".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let policy =
            serde_json::json!({ "type": "string", "pattern": "^(correct|report)$", text::KIND: "drift" });
        also(Keyed::<text::FieldPath, DriftPolicyShape>::json_schema(generator), policy)
    }
}
