//! Reads the mapping of a tenant: the keys of servanda.yaml over the defaults of the product.

use std::collections::BTreeMap;

use super::reader::SettingsReader;
use crate::diagnostic::Code;
use crate::document::shape;
use crate::ident::ProviderSlug;
use crate::mapping::{
    DateForm, Dates, DayForm, Deactivation, DepartmentAccess, Field, HistoryClass, IntervalForm, Mapping,
    OwnershipAttribute, RecipientLinks, RecipientMode, RecipientSide, RuleClass,
};
use crate::settings::Product;
use crate::status::State;

/// Reads the mapping of a helpdesk.
pub(super) fn mapping(
    reader: &mut SettingsReader<'_>,
    helpdesk: &shape::HelpdeskShape,
    kind: &Product,
) -> Mapping {
    let is_itop = matches!(kind, Product::Itop { .. });
    let default = match kind {
        Product::Itop { .. } => Mapping::itop(),
        Product::Bridge { .. } => Mapping::bridge(),
        Product::Itsm365 { .. } | Product::Sandbox => Mapping::default(),
    };
    let written = helpdesk.agreement.clone().unwrap_or_default();
    let (mut attributes, last_day) = match &written.attributes {
        Some(attributes) => {
            let read = reader.attributes(attributes);
            // A name that is not known may be meant for one of them.
            if read.0.len() == attributes.len() {
                reader.check_required(&read.0, &default);
            }
            read
        }
        None => (default.attributes.clone(), default.last_day),
    };
    if is_itop {
        // Targets are stored with the services unless `sla_rules` is `off`.
        attributes.remove(&Field::Targets);
        let carries_targets = helpdesk.sla_rules != Some(shape::SlaRulesShape::Off);
        let services = attributes.get(&Field::Services).filter(|_| carries_targets).cloned();
        attributes.extend(services.map(|code| (Field::Targets, code)));
    }
    Mapping {
        class: written.class.unwrap_or(default.class),
        key: key(written.key.unwrap_or_default(), default.key),
        attributes,
        last_day,
        states: states(written.states.unwrap_or_default(), default.states),
        state_in_own_edit: written.state_in_own_edit.unwrap_or(default.state_in_own_edit),
        recipients: recipients(written.recipients.unwrap_or_default(), default.recipients),
        deactivate: match written.deactivate {
            Some(shape::DeactivateShape::State) => Deactivation::State,
            Some(shape::DeactivateShape::Detach) if is_itop => Deactivation::Withdraw,
            Some(shape::DeactivateShape::Detach) => Deactivation::Detach,
            Some(shape::DeactivateShape::Archive) => Deactivation::Archive,
            None => default.deactivate,
        },
        dates: reader.dates(helpdesk.dates.as_ref(), default.dates),
        rules: rules(helpdesk.sla_rules.as_ref(), kind),
        business_day: is_itop.then(|| reader.business_day(helpdesk)),
        numbers_as_text: default.numbers_as_text,
        provider: helpdesk.provider.as_deref().and_then(ProviderSlug::new).filter(|_| is_itop),
        history: history(helpdesk.history.clone(), kind),
    }
}

/// The default depends on the product: the sandbox logs changes, and of a tenant nothing is known.
fn history(written: Option<shape::HistoryMappingShape>, kind: &Product) -> Option<HistoryClass> {
    let default = HistoryClass::default();
    match (written, kind) {
        (None, Product::Sandbox) => Some(default),
        (None, Product::Itsm365 { .. } | Product::Itop { .. }) | (_, Product::Bridge { .. }) => None,
        (Some(written), _) => Some(HistoryClass {
            class: written.class.unwrap_or(default.class),
            object: written.object.unwrap_or(default.object),
            attribute: written.attribute.unwrap_or(default.attribute),
            who: written.who.unwrap_or(default.who),
            when: written.when.unwrap_or(default.when),
        }),
    }
}

fn key(written: shape::KeyMappingShape, default: OwnershipAttribute) -> OwnershipAttribute {
    OwnershipAttribute {
        attribute: written.attribute.unwrap_or(default.attribute),
        prefix: written.prefix.unwrap_or(default.prefix),
    }
}

fn states(written: shape::StatesShape, mut states: BTreeMap<State, String>) -> BTreeMap<State, String> {
    let written = [
        (State::Planned, written.planned),
        (State::Active, written.active),
        (State::Suspended, written.suspended),
        (State::Expired, written.expired),
        (State::Terminated, written.terminated),
    ];
    states.extend(written.into_iter().filter_map(|(state, code)| Some((state, code?))));
    states
}

fn recipients(written: shape::RecipientMappingShape, default: RecipientLinks) -> RecipientLinks {
    RecipientLinks {
        side: match written.side {
            Some(shape::LinkSideShape::Agreement) => RecipientSide::Agreement,
            Some(shape::LinkSideShape::Recipient) => RecipientSide::Recipient,
            None => default.side,
        },
        mode: match written.mode {
            Some(shape::LinkModeShape::Authoritative) => RecipientMode::Authoritative,
            Some(shape::LinkModeShape::Additive) => RecipientMode::Additive,
            None => default.mode,
        },
        recipient_attribute: written.attribute.unwrap_or(default.recipient_attribute),
        is_single: default.is_single,
        departments: match written.departments {
            Some(shape::DepartmentAccessShape::Inherit) => DepartmentAccess::Inherit,
            Some(shape::DepartmentAccessShape::Explicit) => DepartmentAccess::Explicit,
            None => default.departments,
        },
    }
}

/// By default the sandbox stores targets, and a tenant does not.
fn rules(written: Option<&shape::SlaRulesShape>, kind: &Product) -> Option<RuleClass> {
    // Only one public program sends the request for several objects, so that a tenant must switch it on; the sandbox has it.
    let default =
        RuleClass { are_created_together: matches!(kind, Product::Sandbox), ..RuleClass::default() };
    match (written, kind) {
        (Some(shape::SlaRulesShape::Off), _)
        | (None, Product::Itsm365 { .. })
        | (_, Product::Itop { .. } | Product::Bridge { .. }) => None,
        (None, Product::Sandbox) => Some(default),
        (Some(shape::SlaRulesShape::On(written)), _) => {
            let written = (**written).clone();
            Some(RuleClass {
                class: written.class.unwrap_or(default.class),
                agreement: written.agreement.unwrap_or(default.agreement),
                service: written.service.unwrap_or(default.service),
                priority: written.priority.unwrap_or(default.priority),
                calendar: written.calendar.unwrap_or(default.calendar),
                response: written.response.unwrap_or(default.response),
                resolution: written.resolution.unwrap_or(default.resolution),
                interval: match written.interval {
                    Some(shape::IntervalFormShape::Object) => IntervalForm::Object,
                    Some(shape::IntervalFormShape::Milliseconds) => IntervalForm::Milliseconds,
                    Some(shape::IntervalFormShape::Seconds) => IntervalForm::Seconds,
                    Some(shape::IntervalFormShape::Text) => IntervalForm::Text,
                    None => default.interval,
                },
                are_created_together: written.together.unwrap_or(default.are_created_together),
            })
        }
    }
}

impl SettingsReader<'_> {
    fn attributes(
        &mut self,
        written: &BTreeMap<String, shape::AttributeMappingShape>,
    ) -> (BTreeMap<Field, String>, DayForm) {
        let mut attributes = BTreeMap::new();
        let mut last_day = Mapping::default().last_day;
        for (name, written) in written {
            let path = ["helpdesk", "agreement", "attributes", name];
            let Some(field) = self.field(&path, name) else {
                continue;
            };
            let (code, form) = match written {
                shape::TextOr::Text(code) => (code.clone(), None),
                shape::TextOr::Set(form) => {
                    let Some(code) = &form.attribute else {
                        let help = "add `attribute: endDate`";
                        self.fault(Code::E010, &path, format!("`{name}.attribute` is missing"), help);
                        continue;
                    };
                    (code.clone(), form.form)
                }
            };
            match (form, &field) {
                (None, _) => {}
                (Some(form), Field::LastDay) => last_day = day_form(form),
                (Some(_), _) => {
                    let path = ["helpdesk", "agreement", "attributes", name, "as"];
                    self.fault(
                        Code::E009,
                        &path,
                        format!("`as` is not allowed for `{name}`, only for `last_day`"),
                        "delete `as`",
                    );
                }
            }
            attributes.insert(field, code);
        }
        (attributes, last_day)
    }

    /// Reports the fields without which the helpdesk creates no agreement. `attributes` replaces all defaults, so that each
    /// has to be there.
    fn check_required(&mut self, attributes: &BTreeMap<Field, String>, default: &Mapping) {
        let organisation = default.recipients.is_single.then_some(Field::Recipients);
        for field in std::iter::once(Field::Title).chain(organisation) {
            if !attributes.contains_key(&field) {
                let code = default.attributes.get(&field).map_or("…", String::as_str);
                self.fault(
                    Code::E010,
                    &["helpdesk", "agreement", "attributes"],
                    format!("`attributes.{field}` is missing: the helpdesk creates no agreement without it"),
                    format!("add `{field}: {code}`, with the code of that attribute in your helpdesk"),
                );
            }
        }
    }

    fn dates(&mut self, written: Option<&shape::DatesShape>, default: Dates) -> Dates {
        let Some(written) = written else { return default };
        Dates {
            zone: self.zone(&["helpdesk", "dates", "timezone"], written.timezone.as_deref()).or(default.zone),
            form: match written.form {
                Some(shape::DateFormShape::Date) => DateForm::Date,
                Some(shape::DateFormShape::IsoDate) => DateForm::IsoDate,
                Some(shape::DateFormShape::DateTime) => DateForm::DateTime,
                Some(shape::DateFormShape::IsoDateTime) => DateForm::IsoDateTime,
                None => default.form,
            },
        }
    }
}

fn day_form(form: shape::DayFormShape) -> DayForm {
    match form {
        shape::DayFormShape::StartOfDay => DayForm::StartOfDay,
        shape::DayFormShape::EndOfDay => DayForm::EndOfDay,
        shape::DayFormShape::NextDay => DayForm::NextDay,
    }
}
