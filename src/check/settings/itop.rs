//! Reads the settings of an iTop: login, provider, business day, priorities; rejects settings that it does not have.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::SettingsReader;
use crate::calendar::TargetTime;
use crate::diagnostic::Code;
use crate::document::shape;
use crate::mapping::ITOP_BUSINESS_DAY;
use crate::settings::{ITOP_PRIORITIES, Login, Pace, Priorities, Product};

/// The default request limits of an iTop, which usually runs on a server of its own.
pub(super) const PACE: Pace = Pace { concurrency: 8, per_second: Some(50), page_size: 5000, ..Pace::SANDBOX };
/// PHP stops a request after 30 seconds at most; until then a write whose response was lost may still succeed.
pub(super) const SEARCH_LAG: std::time::Duration = std::time::Duration::from_secs(30);

impl SettingsReader<'_> {
    /// Reads the address, the login and the priorities.
    pub(super) fn itop(&mut self, written: &shape::HelpdeskShape) -> Product {
        let (url, policy) = self.address(written, "https://itop.acme.example");
        self.reject_unsupported(written);
        let variable = |secret: &Option<shape::SecretShape>| secret.as_ref().map(|secret| secret.env.clone());
        let login = match (
            variable(&written.access_key),
            variable(&written.user),
            variable(&written.password),
        ) {
            (Some(token), None, None) => Login::Token(token),
            (None, Some(user), Some(password)) => Login::Password { user, password },
            (Some(_), user, password) if user.is_some() || password.is_some() => {
                let message = "the iTop has two logins: `access_key`, and `user` or `password`";
                let help = "keep either `access_key`, or both `user` and `password`";
                self.fault(Code::E014, &["helpdesk"], message, help);
                Login::Token(String::new())
            }
            _ => {
                let help = "set either `access_key: { env: ITOP_TOKEN }`, or both `user: { env: ITOP_USER }` and `password: { env: ITOP_PASSWORD }`";
                self.fault(Code::E010, &["helpdesk"], "the login of the iTop is missing or incomplete", help);
                Login::Token(String::new())
            }
        };
        Product::Itop {
            url,
            address_policy: policy,
            login,
            ca_file: written.ca_file.clone(),
            priorities: self.priorities(written),
        }
    }

    /// Rejects notices by comment or function: contracts of iTop have no comments, and iTop has no functions.
    pub(super) fn reject_helpdesk_notices(&mut self, written: &shape::NoticeSettingsShape) {
        let ways = [("comment", written.comment.is_some()), ("module", written.module.is_some())];
        for (way, _) in ways.into_iter().filter(|(_, is_written)| *is_written) {
            let message = format!("an iTop cannot send notices by {way}");
            let help = "delete the key, and use `mail:` or `webhook:` for notices";
            self.fault(Code::E009, &["notices", way], message, help);
        }
    }

    /// Reads the length of a business day, in seconds.
    pub(super) fn business_day(&mut self, written: &shape::HelpdeskShape) -> u32 {
        let Some(text) = rules(written).and_then(|rules| rules.business_day.as_deref()) else {
            return ITOP_BUSINESS_DAY;
        };
        match TargetTime::read(text) {
            Ok(TargetTime::Seconds(seconds)) if seconds > 0 && seconds % 60 == 0 => seconds,
            _ => {
                let path = ["helpdesk", "sla_rules", "business_day"];
                let message = format!("invalid length of a business day: `{text}`");
                self.fault(Code::E009, &path, message, "use whole minutes or hours, such as 8h");
                ITOP_BUSINESS_DAY
            }
        }
    }

    fn priorities(&mut self, written: &shape::HelpdeskShape) -> Priorities {
        let path = ["helpdesk", "sla_rules", "priorities"];
        let Some(written) = rules(written).and_then(|rules| rules.priorities.as_ref()) else {
            return ITOP_PRIORITIES.map(|(name, number)| (name.to_owned(), number)).into();
        };
        let mut numbers = BTreeSet::new();
        let mut priorities = BTreeMap::new();
        for (name, number) in written {
            if numbers.insert(*number) {
                priorities.insert(name.clone(), *number);
            } else {
                let message = format!("priority {number} has two names");
                self.fault(Code::E009, &path, message, "give each of the priorities 1 to 4 one name");
            }
        }
        priorities
    }

    /// Rejects settings of other helpdesks, which would have no effect here.
    fn reject_unsupported(&mut self, written: &shape::HelpdeskShape) {
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
        let unsupported: [(&[&str], &str, bool); 7] = [
            (
                &["helpdesk", "agreement", "recipients"],
                "`recipients` with other keys than `departments`",
                agreement.recipients.as_ref().is_some_and(|links| {
                    links.side.is_some() || links.mode.is_some() || links.attribute.is_some()
                }),
            ),
            (
                &["helpdesk", "agreement", "state_in_own_edit"],
                "`state_in_own_edit`",
                agreement.state_in_own_edit.is_some(),
            ),
            (
                &["helpdesk", "agreement", "deactivate"],
                "`deactivate: archive`",
                agreement.deactivate == Some(shape::DeactivateShape::Archive),
            ),
            (
                &["helpdesk", "dates", "form"],
                "`form`",
                written.dates.as_ref().is_some_and(|dates| dates.form.is_some()),
            ),
            (&["helpdesk", "history"], "`history`", written.history.is_some()),
            (
                &["helpdesk", "sla_rules"],
                "the class and the attribute codes of `sla_rules`",
                codes.iter().any(|code| code.is_some())
                    || rules.interval.is_some()
                    || rules.together.is_some(),
            ),
            (
                &["helpdesk", "agreement", "attributes", "calendar"],
                "`calendar`",
                maps(&agreement, "calendar"),
            ),
        ];
        for (path, setting, is_written) in unsupported {
            if is_written {
                let message = format!("not a setting of an iTop: {setting}");
                self.fault(
                    Code::E009,
                    path,
                    message,
                    "delete it; docs/itop.md lists the settings of an iTop",
                );
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
