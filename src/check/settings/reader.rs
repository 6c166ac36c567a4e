//! The state of reading servanda.yaml: where its values are written, and the errors found so far.

use std::time::Duration;

use crate::calendar::{InvalidValue, TargetTime, Zone};
use crate::check::subject::Places;
use crate::diagnostic::{Code, Diagnostic};
use crate::mapping::Field;

/// The fields of a mapping, except for custom attributes (`attributes.<name>`).
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

/// Reads the settings and collects every error.
pub(super) struct SettingsReader<'a> {
    pub(super) places: &'a dyn Places,
    pub(super) faults: Vec<Diagnostic>,
}

impl SettingsReader<'_> {
    /// Reports an error at a path of the settings.
    pub(super) fn fault(
        &mut self,
        code: Code,
        path: &[&str],
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let place = self.places.value(path).unwrap_or_else(|| self.places.whole());
        self.faults.push(Diagnostic::new(code, place, message).help(help));
    }

    /// Reads a time zone; E203 if there is no such zone.
    pub(super) fn zone(&mut self, path: &[&str], name: Option<&str>) -> Option<Zone> {
        match Zone::find(name?) {
            Ok(zone) => Some(zone),
            Err(InvalidValue { message, help }) => {
                self.fault(Code::E203, path, message, help);
                None
            }
        }
    }

    /// Reads the name of a field; E101 if there is no such field.
    pub(super) fn field(&mut self, path: &[&str], name: &str) -> Option<Field> {
        let field = name.parse().ok();
        if field.is_none() {
            let near = crate::ident::nearest(name, FIELDS);
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    format!("use one of {}, or `attributes.{name}` for a custom attribute", FIELDS.join(", "))
                }
            };
            let place = self.places.name(path).unwrap_or_else(|| self.places.whole());
            let message = format!("unknown field `{name}`");
            let fault = Diagnostic::new(Code::E101, place, message).help(help);
            self.faults.push(fault.maybe_meant(place, name, near));
        }
        field
    }

    /// Reads a duration under `helpdesk`. Returns `default` for business days, which the schema rejects.
    pub(super) fn duration(&mut self, key: &str, written: Option<&String>, default: Duration) -> Duration {
        match written.map(|text| TargetTime::read(text)) {
            None | Some(Ok(TargetTime::BusinessDays(_))) => default,
            Some(Ok(TargetTime::Seconds(seconds))) => Duration::from_secs(seconds.into()),
            Some(Err(invalid)) => {
                self.fault(
                    Code::E009,
                    &["helpdesk", key],
                    invalid.message,
                    "use a duration such as 30s or 10m",
                );
                default
            }
        }
    }
}
