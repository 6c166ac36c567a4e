//! The shape of `helpdesk:` in servanda.yaml: where it is, how it is spoken to, and how our words map to its own.
//!
//! What differs from tenant to tenant is written here and never in code.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::either::{KindOr, TextOr, TwoForms, also, either};
use super::secret::SecretShape;
use super::text::{self, Keyed};

/// The helpdesk: where it is, how it is spoken to, and how our words map to its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelpdeskShape {
    /// `itsm365`, `itop`, or `sandbox`, the helpdesk that is built in. Default: `sandbox`.
    pub kind: Option<HelpdeskKindShape>,
    /// The address, without any key in it. Example: `https://acme.itsm365.com/sd`.
    #[schemars(with = "Option<text::SafeUrl>")]
    pub url: Option<String>,
    /// `true` where the helpdesk stands in a private network. Without it the key is sent to public addresses alone. Default: `false`.
    pub private_network: Option<bool>,
    /// `true` where the host is spelled in Punycode (`xn--…`), since such a name may look like another. Default: `false`.
    pub punycode_host: Option<bool>,
    /// The access key of itsm365, or a token of iTop. Example: `{ env: ITSM365_ACCESS_KEY }`.
    pub access_key: Option<SecretShape>,
    /// The login name for iTop. Example: `{ env: ITOP_USER }`.
    pub user: Option<SecretShape>,
    /// The password for iTop. Example: `{ env: ITOP_PASSWORD }`.
    pub password: Option<SecretShape>,
    /// The provider of agreements that name none, where each must have one, as in iTop: a slug of `providers:` in catalog.yaml.
    #[schemars(with = "Option<text::Provider>")]
    pub provider: Option<String>,
    /// A file in PEM form with the certificates of the authority that signed the server's, where it is a private one. Example: `/etc/ssl/acme.pem`.
    #[schemars(with = "Option<text::Line>")]
    pub ca_file: Option<String>,
    /// The most requests in a second. Default: `5`.
    #[schemars(range(min = 1, max = 1000))]
    pub rate: Option<u32>,
    /// The most requests under way at once. Default: `4`.
    #[schemars(range(min = 1, max = 64))]
    pub concurrency: Option<u32>,
    /// The longest that one answer may take. Default: `30s`.
    #[schemars(with = "Option<text::Wait>")]
    pub timeout: Option<String>,
    /// The longest that the helpdesk's search may not show what was just created. Until it is over, what is not found is not
    /// created again. Default: `10m`, and `0s` for the sandbox.
    #[schemars(with = "Option<text::Wait>")]
    pub search_lag: Option<String>,
    /// `true` for a helpdesk that serves no real client, where other days than today may be lived through. Default: `false`.
    pub rehearsal: Option<bool>,
    /// How an agreement is spelled in the helpdesk.
    pub agreement: Option<AgreementMappingShape>,
    /// How days travel.
    pub dates: Option<DatesShape>,
    /// `off`, or how the helpdesk spells the rules that hold targets. Default: `off`.
    pub sla_rules: Option<SlaRulesShape>,
    /// What happens to what somebody changed in the helpdesk by hand: `correct` or `report`, for all or per field.
    /// `report` names it in the plan and writes nothing. Default: `correct`.
    pub drift: Option<DriftShape>,
    /// Where the helpdesk keeps who changed what, so that plans can tell. Default: nowhere, but for the sandbox.
    pub history: Option<HistoryMappingShape>,
}

/// The class in which the helpdesk keeps who changed what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryMappingShape {
    /// The class. Default: `event`.
    #[schemars(with = "Option<text::Code>")]
    pub class: Option<String>,
    /// The link to the object that was changed. Default: `source`.
    #[schemars(with = "Option<text::Code>")]
    pub object: Option<String>,
    /// The code of the attribute that was changed. Default: `attribute`.
    #[schemars(with = "Option<text::Code>")]
    pub attribute: Option<String>,
    /// The link to the person. Default: `author`.
    #[schemars(with = "Option<text::Code>")]
    pub who: Option<String>,
    /// The instant. Default: `creationDate`.
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
    /// The helpdesk that is built in.
    Sandbox,
}

/// How an agreement is spelled in the helpdesk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementMappingShape {
    /// The class, and the type where there is one. Example: `agreement$agreement`.
    #[schemars(with = "Option<text::Code>")]
    pub class: Option<String>,
    /// The attribute that holds our mark: what bears none of ours is never touched.
    pub key: Option<KeyMappingShape>,
    /// The helpdesk's attribute for each field: `title`, `number`, `first_day`, `last_day`, `manager`, `provider`, `state`,
    /// `services`, `recipients`, and each name that agreements use in `attributes`. Fields that are not named are not carried.
    #[schemars(with = "Option<BTreeMap<String, KindOr<text::Code, AttributeFormShape>>>")]
    pub attributes: Option<BTreeMap<String, AttributeMappingShape>>,
    /// The helpdesk's state for each status of ours; several may share one.
    pub states: Option<StatesShape>,
    /// How the link between an agreement and its recipients is written.
    pub recipients: Option<RecipientMappingShape>,
    /// What makes an agreement useless to the client: its `state`, `detach` (the links to services or recipients go),
    /// or `archive`. Default: `state`, and `detach` for iTop.
    pub deactivate: Option<DeactivateShape>,
    /// `true` where the tenant takes a change of state only in an edit of its own. Default: `false`.
    pub state_in_own_edit: Option<bool>,
}

/// The attribute that holds our mark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyMappingShape {
    /// The attribute. Example: `inventoryNumber`.
    #[schemars(with = "Option<text::Code>")]
    pub attribute: Option<String>,
    /// What stands before the agreement's id in it. Default: `sv:`.
    pub prefix: Option<String>,
}

/// An attribute of the helpdesk: its name, or its name and form.
pub type AttributeMappingShape = TextOr<AttributeFormShape>;

/// An attribute and the form of its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeFormShape {
    /// The attribute. Example: `endDate`.
    #[schemars(with = "Option<text::Code>")]
    pub attribute: Option<String>,
    /// Which instant stands for a day, where the attribute holds one: `start_of_day`, `end_of_day` or `next_day`. Default: `start_of_day`.
    #[serde(rename = "as")]
    pub form: Option<DayFormShape>,
}

/// The instant that stands for a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum DayFormShape {
    /// 00:00:00 of the day.
    StartOfDay,
    /// 23:59:59 of the day.
    EndOfDay,
    /// 00:00:00 of the day after.
    NextDay,
}

/// The helpdesk's state for each status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatesShape {
    /// Not of use yet. Example: `planned`.
    #[schemars(with = "Option<text::Code>")]
    pub planned: Option<String>,
    /// In use. Example: `active`.
    #[schemars(with = "Option<text::Code>")]
    pub active: Option<String>,
    /// Resting. Example: `inactive`.
    #[schemars(with = "Option<text::Code>")]
    pub suspended: Option<String>,
    /// Past its agreed last day. Example: `inactive`.
    #[schemars(with = "Option<text::Code>")]
    pub expired: Option<String>,
    /// Ended ahead of time. Example: `inactive`.
    #[schemars(with = "Option<text::Code>")]
    pub terminated: Option<String>,
}

/// How the link to recipients is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecipientMappingShape {
    /// Where the link is written: on the `agreement` or on the `recipient`. Default: `agreement`.
    pub side: Option<LinkSideShape>,
    /// `authoritative`: exactly the recipients of the file. `additive`: those at least. Default: `authoritative`.
    pub mode: Option<LinkModeShape>,
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

/// Whether links that are not ours are taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LinkModeShape {
    /// Exactly ours.
    Authoritative,
    /// Ours at least.
    Additive,
}

/// What makes an agreement useless to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum DeactivateShape {
    /// Its state alone.
    State,
    /// Its links go.
    Detach,
    /// It goes to the archive.
    Archive,
}

/// How days travel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatesShape {
    /// The time zone in which the helpdesk writes its times, which bear none. Example: `Europe/Moscow`.
    #[schemars(with = "Option<text::Timezone>")]
    pub timezone: Option<String>,
    /// How it wants days written: `date_time` (2026.02.01 00:00:00), `iso_date_time` (2026-02-01 00:00:00), or `date`, a day alone.
    /// Default: `date_time`.
    pub form: Option<DateFormShape>,
}

/// The form of a day in the helpdesk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum DateFormShape {
    /// A day alone.
    Date,
    /// A day with a time of day, and dots.
    DateTime,
    /// A day with a time of day, and dashes.
    IsoDateTime,
}

/// Whether the helpdesk holds the targets, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlaRulesShape {
    /// `off`: it does not.
    Off,
    /// It does, in objects of their own.
    On(Box<SlaRulesMappingShape>),
}

/// How the rules that hold targets are spelled in the helpdesk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlaRulesMappingShape {
    /// The class, and the type where there is one. Example: `agreementRule$agreementRule`.
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
    /// For iTop: the time that stands for a business day, since it only counts in minutes and hours. Default: `8h`.
    #[schemars(with = "Option<text::Wait>")]
    pub business_day: Option<String>,
    /// For iTop: which of its priorities 1 to 4 is meant by a name. Default: `critical: 1`, `high: 2`, `medium: 3`, `low: 4`.
    #[schemars(with = "Option<Keyed<text::Priority, Rank>>")]
    pub priorities: Option<BTreeMap<String, u8>>,
    /// How a length of time is written: `object` (length and unit), `milliseconds`, `seconds` or `text`. Default: `object`.
    pub interval: Option<IntervalFormShape>,
}

/// A priority of iTop.
#[derive(schemars::JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "it stands for its schema alone")]
pub(crate) struct Rank(#[schemars(range(min = 1, max = 4))] u8);

/// How the helpdesk writes a length of time.
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

/// What happens to what was changed by hand in the helpdesk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DriftShape {
    /// The same for every field.
    All(DriftPolicyShape),
    /// By field; those that are not named are corrected.
    PerField(BTreeMap<String, DriftPolicyShape>),
}

/// What happens to one field that was changed by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum DriftPolicyShape {
    /// The next apply puts it right.
    Correct,
    /// The plan names it, and nothing is written.
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
