//! What servanda.yaml says of an iTop: how it is reached, what is usual there, and what it has no setting for.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::TargetTime;
use crate::check::settings::SettingsReader;
use crate::diagnostic::Code;
use crate::document::shape;
use crate::ident::ProviderSlug;
use crate::mapping::{
    DateForm, Dates, DayForm, Deactivation, Field, Mapping, OwnershipAttribute, RecipientLinks,
    RecipientMode, RecipientSide,
};
use crate::settings::{Login, Pace, Priorities, Product};
use crate::status::State;

/// What its four priorities are called where nobody says otherwise.
pub(crate) const PRIORITIES: [(&str, u8); 4] = [("critical", 1), ("high", 2), ("medium", 3), ("low", 4)];
/// The hours that stand for a business day, since it counts in minutes and hours alone.
const BUSINESS_DAY: u32 = 8 * 3600;
/// How hard one's own server may be asked.
pub(super) const PACE: Pace = Pace { per_second: Some(50), page_size: 5000, ..Pace::SANDBOX };
/// A request whose answer was lost may be at work for as long as PHP lets it.
pub(super) const SEARCH_LAG: std::time::Duration = std::time::Duration::from_secs(30);

/// The stock data model for service providers. What ends loses its services, since its portal looks at nothing else.
pub(crate) fn usual_mapping() -> Mapping {
    let attributes = [
        (Field::Title, "name"),
        (Field::Number, "description"),
        (Field::FirstDay, "start_date"),
        (Field::LastDay, "end_date"),
        (Field::Provider, "provider_id"),
        (Field::Services, "services_list"),
        (Field::Recipients, "org_id"),
        (Field::Contacts, "contacts_list"),
        (Field::Targets, "services_list"),
    ];
    let states = [
        (State::Planned, "implementation"),
        (State::Active, "production"),
        (State::Suspended, "obsolete"),
        (State::Expired, "obsolete"),
        (State::Terminated, "obsolete"),
    ];
    Mapping {
        class: "CustomerContract".to_owned(),
        key: OwnershipAttribute { attribute: "description".to_owned(), prefix: "sv:".to_owned() },
        attributes: attributes.map(|(field, code)| (field, code.to_owned())).into(),
        last_day: DayForm::StartOfDay,
        states: states.map(|(state, code)| (state, code.to_owned())).into(),
        state_in_own_edit: false,
        recipients: RecipientLinks {
            side: RecipientSide::Agreement,
            mode: RecipientMode::Authoritative,
            recipient_attribute: String::new(),
            is_single: true,
        },
        deactivate: Deactivation::Withdraw,
        dates: Dates { form: DateForm::Date, ..Mapping::default().dates },
        rules: None,
        business_day: Some(BUSINESS_DAY),
        numbers_as_text: true,
        provider: None,
        history: None,
    }
}

impl SettingsReader<'_> {
    /// What it takes to reach it.
    pub(super) fn itop(&mut self, written: &shape::HelpdeskShape) -> Product {
        let (url, reach) = self.target(written, "https://itop.acme.example");
        self.refuse_what_it_lacks(written);
        let variable = |secret: &Option<shape::SecretShape>| secret.as_ref().map(|secret| secret.env.clone());
        let login = match (
            variable(&written.access_key),
            variable(&written.user),
            variable(&written.password),
        ) {
            (Some(token), None, None) => Login::Token(token),
            (None, Some(user), Some(password)) => Login::Password { user, password },
            _ => {
                let help = "write `user: { env: ITOP_USER }` and `password: { env: ITOP_PASSWORD }`, or `access_key: { env: ITOP_TOKEN }`";
                self.fault(
                    Code::E010,
                    &["helpdesk"],
                    "the helpdesk needs a login: a user with a password, or a token",
                    help,
                );
                Login::Token(String::new())
            }
        };
        Product::Itop {
            url,
            reach,
            login,
            ca_file: written.ca_file.clone(),
            priorities: self.priorities(written),
        }
    }

    /// Its contracts have no comments, and it has no functions that could be called.
    pub(super) fn refuse_desk_notices(&mut self, written: &shape::NoticeSettingsShape) {
        let ways = [("comment", written.comment.is_some()), ("module", written.module.is_some())];
        for (way, _) in ways.into_iter().filter(|(_, is_written)| *is_written) {
            let message = format!("an iTop has no {way}s by which people could be told");
            let help = "take it out; write `mail:` or `webhook:` to tell people of notices";
            self.fault(Code::E009, &["notices", way], message, help);
        }
    }

    /// The provider of agreements that name none: each contract must have one.
    pub(super) fn usual_provider(&mut self, written: &shape::HelpdeskShape) -> Option<ProviderSlug> {
        let provider = written.provider.as_deref().and_then(ProviderSlug::new);
        if provider.is_none() {
            let help = "write `provider: acme`, the slug of one of the `providers:` of catalog.yaml";
            self.fault(
                Code::E010,
                &["helpdesk"],
                "a contract of iTop has a provider, and none is named",
                help,
            );
        }
        provider
    }

    /// The seconds that stand for a business day.
    pub(super) fn business_day(&mut self, written: &shape::HelpdeskShape) -> u32 {
        let Some(text) = rules(written).and_then(|rules| rules.business_day.as_deref()) else {
            return BUSINESS_DAY;
        };
        match TargetTime::read(text) {
            Ok(TargetTime::Seconds(seconds)) if seconds > 0 && seconds % 60 == 0 => seconds,
            _ => {
                let path = ["helpdesk", "sla_rules", "business_day"];
                self.fault(Code::E009, &path, format!("`{text}` is no length of a day"), "write 8h");
                BUSINESS_DAY
            }
        }
    }

    fn priorities(&mut self, written: &shape::HelpdeskShape) -> Priorities {
        let path = ["helpdesk", "sla_rules", "priorities"];
        let Some(written) = rules(written).and_then(|rules| rules.priorities.as_ref()) else {
            return PRIORITIES.map(|(name, number)| (name.to_owned(), number)).into();
        };
        let mut numbers = BTreeSet::new();
        let mut priorities = BTreeMap::new();
        for (name, number) in written {
            if numbers.insert(*number) {
                priorities.insert(name.clone(), *number);
            } else {
                let message = format!("two names stand for priority {number}");
                self.fault(Code::E009, &path, message, "give each of 1 to 4 one name");
            }
        }
        priorities
    }

    /// What is a setting of others is no setting here, and to pass over it in silence would promise what is not kept.
    fn refuse_what_it_lacks(&mut self, written: &shape::HelpdeskShape) {
        let agreement = written.agreement.clone().unwrap_or_default();
        let rules = rules(written).cloned().unwrap_or_default();
        let codes = [
            &rules.class,
            &rules.agreement,
            &rules.service,
            &rules.priority,
            &rules.response,
            &rules.resolution,
            &rules.calendar,
        ];
        let lacking: [(&[&str], bool); 7] = [
            (&["helpdesk", "agreement", "recipients"], agreement.recipients.is_some()),
            (&["helpdesk", "agreement", "state_in_own_edit"], agreement.state_in_own_edit.is_some()),
            (
                &["helpdesk", "agreement", "deactivate"],
                agreement.deactivate == Some(shape::DeactivateShape::Archive),
            ),
            (
                &["helpdesk", "dates", "form"],
                written.dates.as_ref().is_some_and(|dates| dates.form.is_some()),
            ),
            (&["helpdesk", "history"], written.history.is_some()),
            (&["helpdesk", "sla_rules"], codes.iter().any(|code| code.is_some()) || rules.interval.is_some()),
            (&["helpdesk", "agreement", "attributes", "calendar"], maps(&agreement, "calendar")),
        ];
        for (path, is_written) in lacking {
            if is_written {
                let help = "take it out; docs/itop.md tells what there is to set";
                self.fault(Code::E009, path, "this is no setting of an iTop", help);
            }
        }
    }
}

fn maps(agreement: &shape::AgreementMappingShape, field: &str) -> bool {
    agreement.attributes.as_ref().is_some_and(|attributes| attributes.contains_key(field))
}

fn rules(written: &shape::HelpdeskShape) -> Option<&shape::SlaRulesMappingShape> {
    match written.sla_rules.as_ref()? {
        shape::SlaRulesShape::On(rules) => Some(rules),
        shape::SlaRulesShape::Off => None,
    }
}
