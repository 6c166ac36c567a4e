//! A question for a service as it is typed or sent: names that the catalog knows, instants and pauses, or what is
//! wrong with them. The command and the server read it in the same way.

use std::borrow::Borrow;

use servanda::calendar::{Instant, InvalidValue, Pauses, read_instant};
use servanda::entitlement::{Question, Register};
use servanda::ident::{PriorityName, RecipientSlug, ServiceSlug, nearest};

/// The names of a question.
pub(crate) struct Names {
    recipient: RecipientSlug,
    service: ServiceSlug,
    priority: PriorityName,
}

impl Names {
    /// The question for them, at an instant.
    pub(crate) fn question<'a>(&'a self, at: Instant, pauses: &'a Pauses) -> Question<'a> {
        Question { recipient: &self.recipient, service: &self.service, priority: &self.priority, at, pauses }
    }
}

/// The names, where the catalog knows them. A typing mistake is no question, so it gets no answer.
pub(crate) fn names(
    register: &Register,
    client: &str,
    service: &str,
    priority: &str,
) -> Result<Names, InvalidValue> {
    let catalog = register.catalog();
    let recipient = recipient(register, client)?;
    let service = known("service", service, ServiceSlug::new, catalog.services.keys())?;
    let priority = if catalog.priorities.is_empty() {
        PriorityName::new(priority).ok_or_else(|| unknown("priority", priority, None))?
    } else {
        known("priority", priority, PriorityName::new, catalog.priorities.keys())?
    };
    Ok(Names { recipient, service, priority })
}

/// A client or department, where the catalog knows it.
pub(crate) fn recipient(register: &Register, client: &str) -> Result<RecipientSlug, InvalidValue> {
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
            None => "write a slug of catalog.yaml".to_owned(),
        },
    }
}

/// Reads `FROM/TO`, two instants as RFC 3339 has them.
pub(crate) fn read_pause(text: &str) -> Result<(Instant, Instant), InvalidValue> {
    let misread = |message| {
        InvalidValue {
        message,
        help: "write two instants with a slash between them, such as 2026-09-04T18:00:00+02:00/2026-09-05T10:00:00+02:00"
            .to_owned(),
    }
    };
    let (from, to) =
        text.split_once('/').ok_or_else(|| misread(format!("`{text}` is no stretch of time")))?;
    let (from, to) = (read_instant(from)?, read_instant(to)?);
    if from >= to {
        return Err(misread(format!("`{text}` ends before it begins")));
    }
    Ok((from, to))
}
