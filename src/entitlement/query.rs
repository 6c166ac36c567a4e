//! Parses a question about a service as a person typed it or a program sent it: names that the catalog knows, and pauses.
//! The command `entitled` and the server parse it in the same way.

use std::borrow::Borrow;

use super::{EntitlementQuery, Register};
use crate::calendar::{Instant, InvalidValue, Pauses, read_instant};
use crate::ident::{PriorityName, RecipientSlug, ServiceSlug, nearest};

/// The recipient, service and priority of a query. The catalog knows every name.
#[derive(Clone, Debug)]
pub struct ServiceQuery {
    recipient: RecipientSlug,
    service: ServiceSlug,
    priority: PriorityName,
}

impl ServiceQuery {
    /// Parses the three names. Fails if the catalog does not know one of them: a typing mistake must not be answered with
    /// "not entitled". Any priority is accepted if the catalog lists none.
    pub fn parse(
        register: &Register,
        client: &str,
        service: &str,
        priority: &str,
    ) -> Result<Self, InvalidValue> {
        let catalog = register.catalog();
        let recipient = parse_recipient(register, client)?;
        let service = known("service", service, ServiceSlug::new, catalog.services.keys())?;
        let priority = if catalog.priorities.is_empty() {
            PriorityName::new(priority).ok_or_else(|| unknown("priority", priority, None))?
        } else {
            known("priority", priority, PriorityName::new, catalog.priorities.keys())?
        };
        Ok(Self { recipient, service, priority })
    }

    /// The question at an instant, with the pauses of the resolution clock.
    pub fn question<'a>(&'a self, at: Instant, pauses: &'a Pauses) -> EntitlementQuery<'a> {
        EntitlementQuery {
            recipient: &self.recipient,
            service: &self.service,
            priority: &self.priority,
            at,
            pauses,
        }
    }
}

/// Parses a client or department (`client/department`) that the catalog knows.
pub fn parse_recipient(register: &Register, client: &str) -> Result<RecipientSlug, InvalidValue> {
    let catalog = register.catalog();
    let recipient = RecipientSlug::new(client).filter(|recipient| catalog.recipient(recipient).is_some());
    recipient.ok_or_else(|| {
        let departments = catalog.clients.iter().flat_map(|(client, known)| {
            known.departments.keys().map(move |department| format!("{client}/{department}"))
        });
        let all: Vec<String> = catalog.clients.keys().map(ToString::to_string).chain(departments).collect();
        unknown("client", client, nearest(client, all.iter().map(String::as_str)))
    })
}

/// Parses a pause `FROM/TO`, two RFC 3339 instants of which the first is earlier.
pub fn parse_pause(text: &str) -> Result<(Instant, Instant), InvalidValue> {
    let misread = |message| {
        InvalidValue {
        message,
        help: "write two instants with a slash between them, such as 2026-09-04T18:00:00+02:00/2026-09-05T10:00:00+02:00"
            .to_owned(),
    }
    };
    let (from, to) = text
        .split_once('/')
        .ok_or_else(|| misread(format!("`{text}` is not a pause of the form FROM/TO")))?;
    let (from, to) = (read_instant(from)?, read_instant(to)?);
    if from >= to {
        return Err(misread(format!("`{text}` ends before it begins")));
    }
    Ok((from, to))
}

fn known<'a, N: Borrow<str> + PartialEq + 'a>(
    noun: &str,
    written: &str,
    new: fn(&str) -> Option<N>,
    mut names: impl Iterator<Item = &'a N> + Clone,
) -> Result<N, InvalidValue> {
    let name = new(written).filter(|name| names.clone().any(|known| known == name));
    name.ok_or_else(|| unknown(noun, written, nearest(written, names.by_ref().map(Borrow::borrow))))
}

fn unknown(noun: &str, written: &str, near: Option<&str>) -> InvalidValue {
    InvalidValue {
        message: format!("no {noun} is called `{written}`"),
        help: match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "use a slug of catalog.yaml".to_owned(),
        },
    }
}
