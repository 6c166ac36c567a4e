//! What one tenant's helpdesk calls our words: attribute codes, states, the forms of dates.
//!
//! What differs between tenants is a value of these types, never code. `desired` and `live` speak in
//! [`Field`]s; only the adapter in the shell turns them into attribute codes and back.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::calendar::Zone;
use crate::ident::ProviderSlug;
use crate::status::State;

/// A part of an agreement that a helpdesk can hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The title that people read.
    Title,
    /// The contract's number.
    Number,
    /// The first day on which it holds.
    FirstDay,
    /// The last day on which it holds; nothing where it is open-ended.
    LastDay,
    /// The person who answers for it.
    Manager,
    /// The provider's own legal entity.
    Provider,
    /// The hours in which it is served, unless a service has its own.
    Calendar,
    /// What may be asked for.
    Services,
    /// Who may ask.
    Recipients,
    /// The people of the helpdesk who are named with it: who answers for it, and who is told.
    Contacts,
    /// By when one is answered and helped, per service and priority.
    Targets,
    /// A tenant's own extra, passed through under its name in `attributes`.
    Attribute(Box<str>),
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
                None => return Err(format!("no field is called `{other}`")),
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
            "description": "A part of an agreement: title, number, first_day, last_day, manager, provider, \
                            calendar, services, recipients, contacts, targets, or attributes.<name>.",
        })
    }
}

/// How one tenant's helpdesk holds an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The type of managed agreements, such as `agreement$agreement`.
    pub class: String,
    /// Where ownership is written on the live object.
    pub key: OwnershipAttribute,
    /// The attribute code of each field that the helpdesk carries. What is absent is not carried.
    pub attributes: BTreeMap<Field, String>,
    /// What the helpdesk's last-day attribute means.
    pub last_day: DayForm,
    /// The tenant's own state for each of ours; several of ours may share one.
    pub states: BTreeMap<State, String>,
    /// Whether a change of state needs an edit of its own.
    pub state_in_own_edit: bool,
    /// How recipients are written.
    pub recipients: RecipientLinks,
    /// What makes an agreement of no use to its clients.
    pub deactivate: Deactivation,
    /// The zone and form of dates on the wire.
    pub dates: Dates,
    /// How targets are held in objects of their own, or `None` where they are not. Where `attributes` has
    /// [`Field::Targets`] the agreement's own object holds them, with each of its services.
    pub rules: Option<RuleClass>,
    /// How many seconds stand for a business day, where the helpdesk only knows hours.
    pub business_day: Option<u32>,
    /// Whether the helpdesk gives every number of a tenant's own back as a text.
    pub numbers_as_text: bool,
    /// The provider of agreements that name none, where each must have one.
    pub provider: Option<ProviderSlug>,
    /// Where the helpdesk keeps who changed what, or `None` where that cannot be read.
    pub history: Option<HistoryClass>,
}

/// The mark of ownership: an attribute that holds the agreement's id behind a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnershipAttribute {
    /// The attribute's code.
    pub attribute: String,
    /// What stands before the id, such as `sv:`.
    pub prefix: String,
}

/// What a day attribute of the helpdesk means, for a last day that is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayForm {
    /// 00:00 of the day itself.
    StartOfDay,
    /// 23:59:59 of the day itself.
    EndOfDay,
    /// 00:00 of the day after.
    NextDay,
}

/// On which side the link between agreement and recipient is written, and how much of it is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientLinks {
    /// Where the link is written.
    pub side: RecipientSide,
    /// Whether recipients that we did not name are taken off.
    pub mode: RecipientMode,
    /// The attribute on the recipient, where the link is written there.
    pub recipient_attribute: String,
    /// Whether an agreement of the helpdesk can have one recipient alone.
    pub is_single: bool,
}

/// The object that a link to a recipient is written on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecipientSide {
    /// On the agreement.
    Agreement,
    /// On the recipient.
    Recipient,
}

/// How a set that others may write too is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecipientMode {
    /// The set is exactly what the agreement says.
    Authoritative,
    /// What others added stays.
    Additive,
}

/// What makes an agreement of no use to its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deactivation {
    /// Its state alone.
    State,
    /// Its state, and its recipients are taken off.
    Detach,
    /// Its state, and its services are taken off with their targets.
    Withdraw,
    /// Its state, and it is archived.
    Archive,
}

/// How the helpdesk writes dates, which carry no zone of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dates {
    /// The zone of times such as `lastModifiedDate`. A first or last day is a label and is never converted.
    pub zone: Zone,
    /// The form in which a day is written.
    pub form: DateForm,
}

/// The form in which a day is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateForm {
    /// `2026.02.01 00:00:00`.
    DateTime,
    /// `2026-02-01 00:00:00`.
    IsoDateTime,
    /// `2026.02.01`.
    Date,
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
    /// The link to the calendar the time is counted on.
    pub calendar: String,
    /// The time to respond.
    pub response: String,
    /// The time to resolve.
    pub resolution: String,
    /// How a length of time is written.
    pub interval: IntervalForm,
}

/// The class in which the helpdesk keeps who changed what, and the codes of its attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryClass {
    /// The class, such as `event`.
    pub class: String,
    /// The link to the object that was changed.
    pub object: String,
    /// The code of the attribute that was changed.
    pub attribute: String,
    /// The link to the person.
    pub who: String,
    /// The instant.
    pub when: String,
}

/// How a length of time is written on the wire.
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
    /// The key attribute's value for an agreement.
    pub fn mark(&self, id: &crate::ident::AgreementId) -> String {
        format!("{}{id}", self.key.prefix)
    }

    /// The agreement that a key attribute's value names, if it bears our mark.
    pub fn marked(&self, value: &str) -> Option<crate::ident::AgreementId> {
        crate::ident::AgreementId::new(value.strip_prefix(&self.key.prefix)?)
    }

    /// Whether the helpdesk carries the field.
    pub fn carries(&self, field: &Field) -> bool {
        match field {
            Field::Targets => self.rules.is_some() || self.holds_targets_with_services(),
            Field::Manager => {
                [field, &Field::Contacts].iter().any(|field| self.attributes.contains_key(field))
            }
            other => self.attributes.contains_key(other),
        }
    }

    /// Whether the agreement's own object says of each of its services what is promised.
    pub fn holds_targets_with_services(&self) -> bool {
        self.attributes.contains_key(&Field::Targets)
    }

    /// Whether an agreement in this state has services in the helpdesk; where it has none, nobody can ask.
    pub fn publishes(&self, state: State) -> bool {
        self.deactivate != Deactivation::Withdraw || state == State::Active
    }

    /// The fields that the agreement's clients see at once, so that they are written last and together.
    pub fn is_published(&self, field: &Field) -> bool {
        self.deactivate == Deactivation::Withdraw && matches!(field, Field::Services | Field::Targets)
    }
}

/// The mapping of the embedded helpdesk, and the proposal for a tenant with nothing settled yet.
impl Default for Mapping {
    fn default() -> Self {
        let attributes = [
            (Field::Title, "title"),
            (Field::Number, "contractNumber"),
            (Field::FirstDay, "startDate"),
            (Field::LastDay, "endDate"),
            (Field::Manager, "responsible"),
            (Field::Provider, "supplier"),
            (Field::Calendar, "serviceTime"),
            (Field::Services, "services"),
            (Field::Recipients, "recipientsOU"),
        ];
        let states = [
            (State::Planned, "planned"),
            (State::Active, "active"),
            (State::Suspended, "inactive"),
            (State::Expired, "inactive"),
            (State::Terminated, "inactive"),
        ];
        Self {
            class: "agreement$agreement".to_owned(),
            key: OwnershipAttribute { attribute: "inventoryNumber".to_owned(), prefix: "sv:".to_owned() },
            attributes: attributes.map(|(field, code)| (field, code.to_owned())).into(),
            last_day: DayForm::StartOfDay,
            states: states.map(|(state, code)| (state, code.to_owned())).into(),
            state_in_own_edit: false,
            recipients: RecipientLinks {
                side: RecipientSide::Agreement,
                mode: RecipientMode::Authoritative,
                recipient_attribute: "recipientAgreements".to_owned(),
                is_single: false,
            },
            deactivate: Deactivation::State,
            dates: Dates { zone: Zone::UTC, form: DateForm::DateTime },
            rules: Some(RuleClass::default()),
            business_day: None,
            numbers_as_text: false,
            provider: None,
            history: Some(HistoryClass::default()),
        }
    }
}

impl Default for HistoryClass {
    fn default() -> Self {
        Self {
            class: "event".to_owned(),
            object: "source".to_owned(),
            attribute: "attribute".to_owned(),
            who: "author".to_owned(),
            when: "creationDate".to_owned(),
        }
    }
}

impl Default for RuleClass {
    fn default() -> Self {
        Self {
            class: "agreementRule$agreementRule".to_owned(),
            agreement: "agreement".to_owned(),
            service: "service".to_owned(),
            priority: "priority".to_owned(),
            calendar: "serviceTime".to_owned(),
            response: "reactionTime".to_owned(),
            resolution: "resolutionTime".to_owned(),
            interval: IntervalForm::Object,
        }
    }
}
