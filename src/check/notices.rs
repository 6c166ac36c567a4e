//! E501 to W507: whether anybody can be reported, and in time. What only the helpdesk knows is left to the plan.

use std::collections::BTreeSet;

use litemap::LiteMap;

use crate::agreement::{Agreement, NoticeEvent, NoticeRule, Notices, PeriodEnd, Renewal};
use crate::calendar::{Day, Instant, Lead, TimeOfDay, read_time_of_day};
use crate::catalog::{Catalog, Contact};
use crate::check::address::non_ascii_name;
use crate::check::reader::AgreementReader;
use crate::check::subject::Subject;
use crate::diagnostic::{Code, Diagnostic};
use crate::document::shape;
use crate::status::bound;

/// One notice as written: to whom, how long before, at what time of day.
struct WrittenNotice<'a> {
    to: Option<&'a Vec<String>>,
    before: Option<&'a Vec<String>>,
    at: Option<&'a str>,
    has_leads: bool,
}

impl AgreementReader<'_> {
    /// The recipients of each notice.
    pub(super) fn read_notices(&mut self, written: &shape::NoticesShape) -> Notices {
        let general = written
            .at
            .as_deref()
            .and_then(|text| self.taken(Code::E203, &["notices", "at"], read_time_of_day(text)));
        let mut events = LiteMap::new();
        for (event, notice) in [
            (NoticeEvent::Activated, kept(written.activated.as_ref())),
            (NoticeEvent::Deactivated, kept(written.deactivated.as_ref())),
            (NoticeEvent::Amended, kept(written.amended.as_ref())),
            (NoticeEvent::Renewed, kept(written.renewed.as_ref())),
        ] {
            let Some(notice) = notice else { continue };
            let written = WrittenNotice {
                to: notice.to.as_ref(),
                before: None,
                at: notice.at.as_deref(),
                has_leads: false,
            };
            events.insert(event, self.notice(event, &written, general));
        }
        for (event, notice) in [
            (NoticeEvent::Expiring, kept(written.expiring.as_ref())),
            (NoticeEvent::NoticeDeadline, kept(written.notice_deadline.as_ref())),
        ] {
            let Some(notice) = notice else { continue };
            let written = WrittenNotice {
                to: notice.to.as_ref(),
                before: notice.before.as_ref(),
                at: notice.at.as_deref(),
                has_leads: true,
            };
            events.insert(event, self.notice(event, &written, general));
        }
        Notices { events }
    }

    fn notice(
        &mut self,
        event: NoticeEvent,
        written: &WrittenNotice<'_>,
        general: Option<TimeOfDay>,
    ) -> NoticeRule {
        let own = written.at.and_then(|text| {
            self.taken(Code::E203, &["notices", event.as_str(), "at"], read_time_of_day(text))
        });
        let to = written.to.cloned().unwrap_or_default();
        for (index, name) in to.iter().enumerate() {
            if !matches!(name.as_str(), "client" | "manager") {
                self.allowed_address(&["notices", event.as_str(), "to", &index.to_string()], name);
            }
        }
        if written.has_leads && written.before.is_none_or(Vec::is_empty) {
            self.fault(
                Code::E109,
                &["notices", event.as_str()],
                format!("`before` of the notice `{}` is missing", event.as_str()),
                "add `before: [60d, 30d, 7d]`",
            );
        }
        let mut before = Vec::new();
        for (index, text) in written.before.into_iter().flatten().enumerate() {
            let index = index.to_string();
            let path = ["notices", event.as_str(), "before", index.as_str()];
            let Some(lead) = self.taken(Code::E009, &path, Lead::read(text)) else {
                continue;
            };
            if before.contains(&lead) {
                self.doubled_lead(&path, lead);
            } else {
                before.push(lead);
            }
        }
        before.sort_unstable_by(|left, right| right.cmp(left));
        NoticeRule { to, before, at: own.or(general) }
    }

    /// W511, and E508: an address that the settings do not let mail go to.
    pub(super) fn allowed_address(&mut self, path: &[&str], address: &str) {
        self.faults.extend(non_ascii_name(self.places, path, address));
        let Some(allowed) = &self.settings.mail else {
            return;
        };
        let is_allowed = allowed.covers(address) || (allowed.catalog && self.addresses.contains(address));
        if !is_allowed {
            let help = "the owner of servanda.yaml can add its domain to `mail.allow.domains`";
            self.value_fault(Code::E508, path, format!("mail to `{address}` is not allowed"), help);
        }
    }

    /// W504. Reported at the value, so that agreements that inherit it report it once.
    fn doubled_lead(&mut self, path: &[&str], lead: Lead) {
        self.value_fault(
            Code::W504,
            path,
            format!("`{lead}` is listed twice"),
            "each entry sends a message: keep one of them",
        );
    }
}

/// A notice that is not dropped.
fn kept<T>(written: Option<&shape::FalseOr<T>>) -> Option<&T> {
    match written {
        Some(shape::FalseOr::Set(notice)) => Some(notice),
        Some(shape::FalseOr::Dropped) | None => None,
    }
}

/// Every address that the catalog holds.
pub(super) fn addresses(catalog: &Catalog) -> BTreeSet<&str> {
    let of_clients = catalog.clients.values().flat_map(|client| client.contacts.values());
    let of_clients = of_clients.filter_map(|contact| match contact {
        Contact::Email(email) => Some(email.as_str()),
        Contact::Person(_) => None,
    });
    let of_managers = catalog.managers.values().filter_map(|entry| entry.email.as_deref());
    of_clients.chain(of_managers).collect()
}

/// The rules over the notices of one agreement.
pub(super) fn check(subject: &Subject<'_>, catalog: &Catalog, at: Instant) -> Vec<Diagnostic> {
    let agreement = &subject.agreement;
    let mut diagnostics = Vec::new();
    for (event, rule) in &agreement.notices.events {
        diagnostics.extend(without_recipient(subject, catalog, *event, rule));
        diagnostics.extend(too_early(subject, *event, rule));
    }
    // An agreement that is over sends no notices.
    if bound(agreement).is_none_or(|bound| at < bound.at) {
        diagnostics.extend(no_warning(subject));
        diagnostics.extend(only_ourselves(subject, catalog));
    }
    diagnostics
}

/// E501: a role without a recipient, as far as the files show.
fn without_recipient(
    subject: &Subject<'_>,
    catalog: &Catalog,
    event: NoticeEvent,
    rule: &NoticeRule,
) -> Vec<Diagnostic> {
    let agreement = &subject.agreement;
    let client = &agreement.client;
    let no_contact = agreement.contacts.is_empty()
        && catalog.clients.get(client.as_str()).is_some_and(|client| client.contacts.is_empty());
    let path = ["notices", event.as_str(), "to"];
    let mut diagnostics = Vec::new();
    if rule.to.is_empty() {
        let message = format!("the notice `{}` has no recipient", event.as_str());
        diagnostics.push(subject.fault(Code::E501, &path, message).help(format!(
            "add `to: [client, manager]`, or disable the notice with `{}: false`",
            event.as_str()
        )));
    }
    if no_contact && rule.to.iter().any(|role| role == "client") {
        let message = format!("`{client}` has no contact for the notice `{}`", event.as_str());
        diagnostics.push(
            subject
                .fault(Code::E501, &path, message)
                .help(format!("add a contact of `{client}` to catalog.yaml, such as `contacts: {{ main: {{ email: office@client.example }} }}`")),
        );
    }
    if agreement.manager.is_none() && rule.to.iter().any(|role| role == "manager") {
        let message = format!("the agreement has no manager for the notice `{}`", event.as_str());
        diagnostics.push(
            subject
                .fault(Code::E501, &path, message)
                .help("add `manager:` with a slug from catalog.yaml, or delete `manager` from `to:`"),
        );
    }
    diagnostics
}

/// W503: a lead that would come before the agreement has begun.
fn too_early(subject: &Subject<'_>, event: NoticeEvent, rule: &NoticeRule) -> Option<Diagnostic> {
    let (first_day, last_day) = agreed_days(&subject.agreement)?;
    let days = rule.before.iter().filter_map(|lead| Some((lead.before(last_day)?, lead)));
    let (sent_on, earliest) = days.min()?;
    // A period that ends before it begins has an error of its own.
    (sent_on < first_day && first_day <= last_day).then(|| {
        let message =
            format!("`{earliest}` before the last day, {last_day}, is {sent_on}, before the first day");
        subject
            .fault(Code::W503, &["notices", event.as_str(), "before"], message)
            .help(format!("the period has {} days: use shorter lead times", length(first_day, last_day)))
    })
}

/// W502: an end without a notice before it.
fn no_warning(subject: &Subject<'_>) -> Option<Diagnostic> {
    let agreement = &subject.agreement;
    let reported = [NoticeEvent::Expiring, NoticeEvent::NoticeDeadline]
        .iter()
        .any(|event| agreement.notices.events.contains_key(event));
    let ends = agreement.period.end != PeriodEnd::Open
        && !matches!(agreement.renewal, Renewal::Auto { max_terms: None, .. });
    (ends && !reported).then(|| {
        subject
            .fault(Code::W502, &["notices"], format!("`{}` sends no notice before its end", subject.id()))
            .help("add `expiring: { before: [60d, 30d, 7d], to: [client, manager] }` under `notices:`")
    })
}

/// W507: people are reported, and the client is not among them.
fn only_ourselves(subject: &Subject<'_>, catalog: &Catalog) -> Option<Diagnostic> {
    let agreement = &subject.agreement;
    let contacts = if agreement.contacts.is_empty() {
        &catalog.clients.get(agreement.client.as_str())?.contacts
    } else {
        &agreement.contacts
    };
    let is_theirs = |to: &str| {
        to == "client"
            || contacts.values().any(|contact| matches!(contact, Contact::Email(email) if email == to))
    };
    let mut facing = [NoticeEvent::Activated, NoticeEvent::Deactivated, NoticeEvent::Expiring]
        .iter()
        .filter_map(|event| agreement.notices.events.get(event))
        .filter(|rule| !rule.to.is_empty())
        .peekable();
    facing.peek()?;
    (!facing.any(|rule| rule.to.iter().any(|to| is_theirs(to)))).then(|| {
        subject
            .fault(Code::W507, &["notices"], format!("`{}` receives no notice", agreement.client))
            .help("add `client` to `to:`, or silence this under `allow:` if the client asked for it")
    })
}

/// First and last day as agreed, where both are known.
pub(super) fn agreed_days(agreement: &Agreement) -> Option<(Day, Day)> {
    let first_day = agreement.period.first_day?;
    match agreement.period.end {
        PeriodEnd::LastDay(day) => Some((first_day, day)),
        PeriodEnd::Term(term) => Some((first_day, term.last_day(first_day)?)),
        PeriodEnd::Open => None,
    }
}

/// Days from the first to the last, both counted in.
pub(super) fn length(first_day: Day, last_day: Day) -> i32 {
    first_day.until(last_day).map_or(0, |span| span.get_days() + 1)
}
