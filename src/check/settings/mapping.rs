//! The mapping of a tenant: what servanda.yaml says of it, over what is usual.

use std::collections::BTreeMap;

use crate::check::settings::SettingsReader;
use crate::check::settings::itop;
use crate::diagnostic::{Code, Diagnostic};
use crate::document::shape;
use crate::mapping::{
    DateForm, Dates, DayForm, Deactivation, Field, HistoryClass, IntervalForm, Mapping, OwnershipAttribute,
    RecipientLinks, RecipientMode, RecipientSide, RuleClass,
};
use crate::settings::Product;
use crate::status::State;

/// The fields by the names that the mapping uses; a tenant's own are `attributes.<name>`.
const FIELDS: [&str; 10] = [
    "title",
    "number",
    "first_day",
    "last_day",
    "manager",
    "provider",
    "calendar",
    "services",
    "recipients",
    "contacts",
];

/// The mapping that a helpdesk's settings ask for.
pub(super) fn mapping(
    reading: &mut SettingsReader<'_>,
    helpdesk: &shape::HelpdeskShape,
    kind: &Product,
) -> Mapping {
    let is_itop = matches!(kind, Product::Itop { .. });
    let usual = if is_itop { itop::usual_mapping() } else { Mapping::default() };
    let written = helpdesk.agreement.clone().unwrap_or_default();
    let (mut attributes, last_day) = match &written.attributes {
        Some(attributes) => reading.attributes(attributes),
        None => (usual.attributes.clone(), usual.last_day),
    };
    if is_itop {
        // Its links have one name each, and whether targets go with the services is said under `sla_rules`.
        attributes.remove(&Field::Targets);
        let carries_targets = helpdesk.sla_rules != Some(shape::SlaRulesShape::Off);
        let services = attributes.get(&Field::Services).filter(|_| carries_targets).cloned();
        attributes.extend(services.map(|code| (Field::Targets, code)));
    }
    Mapping {
        class: written.class.unwrap_or(usual.class),
        key: key(written.key.unwrap_or_default(), usual.key),
        attributes,
        last_day,
        states: states(written.states.unwrap_or_default(), usual.states),
        state_in_own_edit: written.state_in_own_edit.unwrap_or(usual.state_in_own_edit),
        recipients: recipients(written.recipients.unwrap_or_default(), usual.recipients),
        deactivate: match written.deactivate {
            Some(shape::DeactivateShape::State) => Deactivation::State,
            Some(shape::DeactivateShape::Detach) if is_itop => Deactivation::Withdraw,
            Some(shape::DeactivateShape::Detach) => Deactivation::Detach,
            Some(shape::DeactivateShape::Archive) => Deactivation::Archive,
            None => usual.deactivate,
        },
        dates: reading.dates(helpdesk.dates.as_ref(), usual.dates),
        rules: rules(helpdesk.sla_rules.as_ref(), kind),
        business_day: is_itop.then(|| reading.business_day(helpdesk)),
        numbers_as_text: usual.numbers_as_text,
        provider: if is_itop { reading.usual_provider(helpdesk) } else { None },
        history: history(helpdesk.history.clone(), kind),
    }
}

/// The sandbox keeps a history; of a tenant's nothing is known unless it is written.
fn history(written: Option<shape::HistoryMappingShape>, kind: &Product) -> Option<HistoryClass> {
    let usual = HistoryClass::default();
    match (written, kind) {
        (None, Product::Sandbox) => Some(usual),
        (None, Product::Itsm365 { .. } | Product::Itop { .. }) => None,
        (Some(written), _) => Some(HistoryClass {
            class: written.class.unwrap_or(usual.class),
            object: written.object.unwrap_or(usual.object),
            attribute: written.attribute.unwrap_or(usual.attribute),
            who: written.who.unwrap_or(usual.who),
            when: written.when.unwrap_or(usual.when),
        }),
    }
}

fn key(written: shape::KeyMappingShape, usual: OwnershipAttribute) -> OwnershipAttribute {
    OwnershipAttribute {
        attribute: written.attribute.unwrap_or(usual.attribute),
        prefix: written.prefix.unwrap_or(usual.prefix),
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

fn recipients(written: shape::RecipientMappingShape, usual: RecipientLinks) -> RecipientLinks {
    RecipientLinks {
        side: match written.side {
            Some(shape::LinkSideShape::Agreement) => RecipientSide::Agreement,
            Some(shape::LinkSideShape::Recipient) => RecipientSide::Recipient,
            None => usual.side,
        },
        mode: match written.mode {
            Some(shape::LinkModeShape::Authoritative) => RecipientMode::Authoritative,
            Some(shape::LinkModeShape::Additive) => RecipientMode::Additive,
            None => usual.mode,
        },
        recipient_attribute: written.attribute.unwrap_or(usual.recipient_attribute),
        is_single: usual.is_single,
    }
}

/// Without a word, the sandbox carries targets, and a tenant does not.
fn rules(written: Option<&shape::SlaRulesShape>, kind: &Product) -> Option<RuleClass> {
    let usual = RuleClass::default();
    match (written, kind) {
        (Some(shape::SlaRulesShape::Off), _)
        | (None, Product::Itsm365 { .. })
        | (_, Product::Itop { .. }) => None,
        (None, Product::Sandbox) => Some(usual),
        (Some(shape::SlaRulesShape::On(written)), _) => {
            let written = (**written).clone();
            Some(RuleClass {
                class: written.class.unwrap_or(usual.class),
                agreement: written.agreement.unwrap_or(usual.agreement),
                service: written.service.unwrap_or(usual.service),
                priority: written.priority.unwrap_or(usual.priority),
                calendar: written.calendar.unwrap_or(usual.calendar),
                response: written.response.unwrap_or(usual.response),
                resolution: written.resolution.unwrap_or(usual.resolution),
                interval: match written.interval {
                    Some(shape::IntervalFormShape::Object) => IntervalForm::Object,
                    Some(shape::IntervalFormShape::Milliseconds) => IntervalForm::Milliseconds,
                    Some(shape::IntervalFormShape::Seconds) => IntervalForm::Seconds,
                    Some(shape::IntervalFormShape::Text) => IntervalForm::Text,
                    None => usual.interval,
                },
            })
        }
    }
}

impl SettingsReader<'_> {
    /// The field of a name.
    pub(super) fn field(&mut self, path: &[&str], name: &str) -> Option<Field> {
        let field = name.parse().ok();
        if field.is_none() {
            let help = match crate::ident::nearest(name, FIELDS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "write one of {}, or `attributes.{name}` for an attribute of your own",
                    FIELDS.join(", ")
                ),
            };
            let place = self.places.name(path).unwrap_or_else(|| self.places.whole());
            let message = format!("no field is called `{name}`");
            self.faults.push(Diagnostic::new(Code::E101, place, message).help(help));
        }
        field
    }

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
                        let help = "write `attribute: endDate`";
                        self.fault(Code::E010, &path, "the attribute's name is missing", help);
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
                        "only `last_day` can be written in another form",
                        "take `as:` out",
                    );
                }
            }
            attributes.insert(field, code);
        }
        (attributes, last_day)
    }

    fn dates(&mut self, written: Option<&shape::DatesShape>, usual: Dates) -> Dates {
        let Some(written) = written else { return usual };
        Dates {
            zone: self
                .zone(&["helpdesk", "dates", "timezone"], written.timezone.as_deref())
                .unwrap_or(usual.zone),
            form: match written.form {
                Some(shape::DateFormShape::Date) => DateForm::Date,
                Some(shape::DateFormShape::DateTime) => DateForm::DateTime,
                Some(shape::DateFormShape::IsoDateTime) => DateForm::IsoDateTime,
                None => usual.form,
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
