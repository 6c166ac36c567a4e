//! How a tenant's helpdesk stores an agreement: classes, attribute codes, states, date formats.
//!
//! Differences between tenants are values of these types, never code. `desired` and `live` use [`Field`]s;
//! only the adapters in the shell translate them into attribute codes and back.

mod presets;

pub use presets::ITOP_BUSINESS_DAY;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::agreement::Agreement;
use crate::calendar::Zone;
use crate::ident::{ProviderSlug, RecipientSlug};
use crate::status::State;

/// A field of an agreement that a helpdesk can store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The title.
    Title,
    /// The contract's number.
    Number,
    /// The first day of the period.
    FirstDay,
    /// The last day of the period; empty if it is open-ended.
    LastDay,
    /// The person responsible for it.
    Manager,
    /// The provider's own legal entity.
    Provider,
    /// The calendar of services that have no calendar of their own.
    Calendar,
    /// The services that it covers.
    Services,
    /// The units that may use it.
    Recipients,
    /// The people of the helpdesk who are linked to it: its manager, and who receives notices.
    Contacts,
    /// Response and resolution targets, by service and priority.
    Targets,
    /// A custom attribute of the tenant, by its name under `attributes`.
    Attribute(Box<str>),
}

impl Field {
    /// Whether the field is a text, in which people may write as well.
    pub const fn is_text(&self) -> bool {
        matches!(self, Self::Title | Self::Number | Self::Attribute(_))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Title => "title",
            Self::Number => "number",
            Self::FirstDay => "first_day",
            Self::LastDay => "last_day",
            Self::Manager => "manager",
            Self::Provider => "provider",
            Self::Calendar => "calendar",
            Self::Services => "services",
            Self::Recipients => "recipients",
            Self::Contacts => "contacts",
            Self::Targets => "targets",
            Self::Attribute(name) => return write!(formatter, "attributes.{name}"),
        })
    }
}

impl FromStr for Field {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "title" => Self::Title,
            "number" => Self::Number,
            "first_day" => Self::FirstDay,
            "last_day" => Self::LastDay,
            "manager" => Self::Manager,
            "provider" => Self::Provider,
            "calendar" => Self::Calendar,
            "services" => Self::Services,
            "recipients" => Self::Recipients,
            "contacts" => Self::Contacts,
            "targets" => Self::Targets,
            other => match other.strip_prefix("attributes.") {
                Some(name) => Self::Attribute(name.into()),
                None => return Err(format!("unknown field `{other}`")),
            },
        })
    }
}

impl serde::Serialize for Field {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Field {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Field {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Field".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A field of an agreement: title, number, first_day, last_day, manager, provider, \
                            calendar, services, recipients, contacts, targets, or attributes.<name>.",
        })
    }
}

/// The way a tenant's helpdesk stores an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The type of managed agreements, such as `agreement$agreement`.
    pub class: String,
    /// The attribute that marks an object as managed.
    pub key: OwnershipAttribute,
    /// The attribute code of each field that the helpdesk stores. Fields without a code are not stored.
    pub attributes: BTreeMap<Field, String>,
    /// The meaning of the last-day attribute.
    pub last_day: DayForm,
    /// The tenant's state code for each status; several statuses may share one code.
    pub states: BTreeMap<State, String>,
    /// Whether a change of state needs a request of its own.
    pub state_in_own_edit: bool,
    /// The way links to recipients are written.
    pub recipients: RecipientLinks,
    /// The way an agreement is deactivated.
    pub deactivate: Deactivation,
    /// The time zone and format of dates in requests and responses.
    pub dates: Dates,
    /// The way targets are stored as objects of their own; `None` if they are not. If `attributes` has
    /// [`Field::Targets`], they are stored on the agreement itself, with each of its services.
    pub rules: Option<RuleClass>,
    /// The length of a business day in seconds, if the helpdesk knows only hours.
    pub business_day: Option<u32>,
    /// Whether the helpdesk returns the numbers of custom attributes as text.
    pub numbers_as_text: bool,
    /// The provider of agreements that name none, if the helpdesk requires one.
    pub provider: Option<ProviderSlug>,
    /// Where the helpdesk logs changes; `None` if that log cannot be read.
    pub history: Option<HistoryClass>,
}

/// The attribute that stores the ownership key: the agreement's id behind a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnershipAttribute {
    /// The attribute's code.
    pub attribute: String,
    /// The text before the id, such as `sv:`.
    pub prefix: String,
}

/// The time of day that the helpdesk stores for a last day, which is inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayForm {
    /// 00:00 of the day itself.
    StartOfDay,
    /// 23:59:59 of the day itself.
    EndOfDay,
    /// 00:00 of the day after.
    NextDay,
}

/// The way the links between an agreement and its recipients are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientLinks {
    /// The object that stores the link.
    pub side: RecipientSide,
    /// The policy for recipients that the agreement does not name.
    pub mode: RecipientMode,
    /// The attribute on the recipient, if the link is stored there.
    pub recipient_attribute: String,
    /// Whether an agreement can have only one recipient.
    pub is_single: bool,
    /// The departments' use of the agreements of their company.
    pub departments: DepartmentAccess,
}

/// The way departments get the use of the agreements of their company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DepartmentAccess {
    /// The helpdesk passes them on.
    Inherit,
    /// Each department needs a link of its own.
    Explicit,
}

impl RecipientLinks {
    /// Whether the departments of the client are linked beside the recipients of an agreement.
    pub fn links_departments_of(&self, agreement: &Agreement) -> bool {
        self.links_departments() && agreement.is_for_whole_client
    }

    /// Whether an agreement for a whole client is linked to its departments.
    pub fn links_departments(&self) -> bool {
        self.departments == DepartmentAccess::Explicit && !self.is_single
    }

    /// Whether the helpdesk links an agreement to one of its recipients: where it can have only one, to its main one.
    pub fn links_to(&self, agreement: &Agreement, recipient: &RecipientSlug) -> bool {
        !self.is_single || agreement.main_recipient() == Some(recipient)
    }

    /// Whether a department may use an agreement whose recipient is its company.
    pub fn passes_on(&self, agreement: &Agreement) -> bool {
        self.departments == DepartmentAccess::Inherit || self.links_departments_of(agreement)
    }
}

/// The object that stores the link to a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecipientSide {
    /// On the agreement.
    Agreement,
    /// On the recipient.
    Recipient,
}

/// The policy for recipients that somebody else added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecipientMode {
    /// They are removed.
    Authoritative,
    /// They are kept.
    Additive,
}

/// The way an agreement is deactivated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deactivation {
    /// Only its state changes.
    State,
    /// Its state, and its recipients are removed.
    Detach,
    /// Its state, and its services are removed with their targets.
    Withdraw,
    /// Its state, and the object is archived.
    Archive,
}

/// The way the helpdesk writes dates, which have no UTC offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dates {
    /// The zone of times such as `lastModifiedDate`; `None` if unknown. First and last days are calendar days and are
    /// never converted.
    pub zone: Option<Zone>,
    /// The format of a day.
    pub form: DateForm,
}

impl Dates {
    /// A time of the helpdesk with its zone, for people.
    pub fn in_zone(&self, time: &str) -> String {
        match &self.zone {
            Some(zone) => format!("{time} {}", zone.name()),
            None => format!("{time} by the clock of the helpdesk"),
        }
    }
}

/// The format of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateForm {
    /// `2026.02.01 00:00:00`.
    DateTime,
    /// `2026-02-01 00:00:00`.
    IsoDateTime,
    /// `2026.02.01`.
    Date,
    /// `2026-02-01`.
    IsoDate,
}

/// The class of SLA rules and the codes of its attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleClass {
    /// The type, such as `agreementRule$agreementRule`.
    pub class: String,
    /// The link to the agreement.
    pub agreement: String,
    /// The link to the service; empty for all services.
    pub service: String,
    /// The link to the priority.
    pub priority: String,
    /// The link to the calendar that the time is counted on.
    pub calendar: String,
    /// The time to respond.
    pub response: String,
    /// The time to resolve.
    pub resolution: String,
    /// The format of durations.
    pub interval: IntervalForm,
    /// Whether the rules of a new agreement are created by one request.
    pub are_created_together: bool,
}

/// The class in which the helpdesk logs changes, and the codes of its attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryClass {
    /// The class, such as `event`.
    pub class: String,
    /// The link to the changed object.
    pub object: String,
    /// The code of the changed attribute.
    pub attribute: String,
    /// The link to the person.
    pub who: String,
    /// The instant.
    pub when: String,
}

/// The format of a duration in requests and responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervalForm {
    /// `{"length":8,"interval":"HOUR"}`.
    Object,
    /// A number of milliseconds.
    Milliseconds,
    /// A number of seconds.
    Seconds,
    /// `8 HOUR`.
    Text,
}

impl Mapping {
    /// Returns the ownership key of an agreement: the value of the key attribute.
    pub fn ownership_key(&self, id: &crate::ident::AgreementId) -> String {
        format!("{}{id}", self.key.prefix)
    }

    /// Returns the agreement that an ownership key names; `None` if the value is not an ownership key.
    pub fn managed_by_key(&self, value: &str) -> Option<crate::ident::AgreementId> {
        crate::ident::AgreementId::new(value.strip_prefix(&self.key.prefix)?)
    }

    /// Whether the helpdesk stores the field.
    pub fn carries(&self, field: &Field) -> bool {
        match field {
            Field::Targets => self.rules.is_some() || self.holds_targets_with_services(),
            Field::Manager => {
                [field, &Field::Contacts].iter().any(|field| self.attributes.contains_key(field))
            }
            other => self.attributes.contains_key(other),
        }
    }

    /// Whether targets are stored on the agreement, with each of its services.
    pub fn holds_targets_with_services(&self) -> bool {
        self.attributes.contains_key(&Field::Targets)
    }

    /// Whether an agreement in this state has services in the helpdesk.
    pub fn publishes(&self, state: State) -> bool {
        self.deactivate != Deactivation::Withdraw || state == State::Active
    }

    /// Whether an agreement in this state has no recipients in the helpdesk.
    pub fn detaches(&self, state: State) -> bool {
        self.deactivate == Deactivation::Detach && state != State::Active
    }

    /// Whether clients see a change of the field at once; such fields are written last and together.
    pub fn is_published(&self, field: &Field) -> bool {
        self.deactivate == Deactivation::Withdraw && matches!(field, Field::Services | Field::Targets)
    }
}
