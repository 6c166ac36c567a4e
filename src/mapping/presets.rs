//! The default mappings: ITSM 365 (also the sandbox) and the stock data model of iTop, side by side.

use super::{
    DateForm, Dates, DayForm, Deactivation, DepartmentAccess, Field, HistoryClass, IntervalForm, Mapping,
    OwnershipAttribute, RecipientLinks, RecipientMode, RecipientSide, RuleClass,
};
use crate::status::State;

/// The length of a business day in an iTop, which counts only minutes and hours.
pub const ITOP_BUSINESS_DAY: u32 = 8 * 3600;

/// The prefix of ownership keys.
const KEY_PREFIX: &str = "sv:";

/// The attribute code of each field in ITSM 365 and in iTop.
const ATTRIBUTES: [(Field, Option<&str>, Option<&str>); 11] = [
    (Field::Title, Some("title"), Some("name")),
    (Field::Number, Some("contractNumber"), Some("description")),
    (Field::FirstDay, Some("startDate"), Some("start_date")),
    (Field::LastDay, Some("endDate"), Some("end_date")),
    (Field::Manager, Some("responsible"), None),
    (Field::Provider, Some("supplier"), Some("provider_id")),
    (Field::Calendar, Some("serviceTime"), None),
    (Field::Services, Some("services"), Some("services_list")),
    (Field::Recipients, Some("recipientsOU"), Some("org_id")),
    (Field::Contacts, None, Some("contacts_list")),
    (Field::Targets, None, Some("services_list")),
];

/// The state code of each status in ITSM 365 and in iTop.
const STATES: [(State, &str, &str); 5] = [
    (State::Planned, "planned", "implementation"),
    (State::Active, "active", "production"),
    (State::Suspended, "inactive", "obsolete"),
    (State::Expired, "inactive", "obsolete"),
    (State::Terminated, "inactive", "obsolete"),
];

impl Mapping {
    /// The stock data model of an iTop for service providers. Deactivation removes the services, because the
    /// portal of iTop shows all services of a contract, in any state.
    pub fn itop() -> Self {
        let attributes =
            ATTRIBUTES.into_iter().filter_map(|(field, _, code)| Some((field, code?.to_owned())));
        Self {
            class: "CustomerContract".to_owned(),
            key: OwnershipAttribute { attribute: "description".to_owned(), prefix: KEY_PREFIX.to_owned() },
            attributes: attributes.collect(),
            last_day: DayForm::StartOfDay,
            states: STATES.map(|(state, _, code)| (state, code.to_owned())).into(),
            state_in_own_edit: false,
            recipients: RecipientLinks {
                side: RecipientSide::Agreement,
                mode: RecipientMode::Authoritative,
                recipient_attribute: String::new(),
                is_single: true,
                departments: DepartmentAccess::Explicit,
            },
            deactivate: Deactivation::Withdraw,
            dates: Dates { zone: None, form: DateForm::Date },
            rules: None,
            business_day: Some(ITOP_BUSINESS_DAY),
            numbers_as_text: true,
            provider: None,
            history: None,
        }
    }
}

impl Mapping {
    /// All that an adapter may store. Once it is known what the helpdesk stores, the mapping is limited to that.
    pub fn bridge() -> Self {
        let fields = ATTRIBUTES.into_iter().map(|(field, ..)| (field.clone(), field.to_string()));
        Self {
            class: "agreement".to_owned(),
            key: OwnershipAttribute { attribute: "key".to_owned(), prefix: KEY_PREFIX.to_owned() },
            attributes: fields.collect(),
            states: State::ALL.map(|state| (state, state.as_str().to_owned())).into(),
            dates: Dates { zone: None, form: DateForm::IsoDate },
            rules: None,
            history: None,
            ..Self::default()
        }
    }
}

/// The mapping of the sandbox, and the default of a tenant of ITSM 365.
impl Default for Mapping {
    fn default() -> Self {
        let attributes =
            ATTRIBUTES.into_iter().filter_map(|(field, code, _)| Some((field, code?.to_owned())));
        Self {
            class: "agreement$agreement".to_owned(),
            key: OwnershipAttribute {
                attribute: "inventoryNumber".to_owned(),
                prefix: KEY_PREFIX.to_owned(),
            },
            attributes: attributes.collect(),
            last_day: DayForm::StartOfDay,
            states: STATES.map(|(state, code, _)| (state, code.to_owned())).into(),
            state_in_own_edit: false,
            recipients: RecipientLinks {
                side: RecipientSide::Agreement,
                mode: RecipientMode::Authoritative,
                recipient_attribute: "recipientAgreements".to_owned(),
                is_single: false,
                departments: DepartmentAccess::Explicit,
            },
            deactivate: Deactivation::State,
            dates: Dates { zone: None, form: DateForm::DateTime },
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
            are_created_together: false,
        }
    }
}
