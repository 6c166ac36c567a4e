//! One merged document becomes one agreement: every slug known, every day read, nothing left open.
//!
//! Reads on after each fault, so that all of a file's faults come out of one run.

use std::collections::{BTreeMap, BTreeSet};

use litemap::LiteMap;

use crate::agreement::{Activation, Agreement, AttributeValue, Coverage, Notices, Renewal, SharedTerms};
use crate::calendar::Zone;
use crate::catalog::{Catalog, Contact, ROUND_THE_CLOCK};
use crate::check::catalog::read_contact;
use crate::check::clocks::SoundTerms;
use crate::check::exact_map::exact_map;
use crate::check::reader::{
    AgreementReader, CALENDAR, CLIENT, MANAGER, PRIORITY, PROVIDER, SERVICE, SlugKind, unknown,
    unknown_helpdesk,
};
use crate::check::subject::Places;
use crate::check::suggestion::nearest_of;
use crate::check::title::Titles;
use crate::diagnostic::{Code, Diagnostic};
use crate::document::shape;
use crate::ident::{
    AgreementId, CalendarSlug, ClientSlug, HelpdeskName, Language, LiveId, ManagerSlug, PriorityName,
    ProviderSlug, RecipientSlug, ServiceSlug, TemplateName,
};
use crate::mapping::Field;
use crate::settings::{Product, Settings};

/// One merged document and where it comes from.
#[derive(Clone, Copy)]
pub(super) struct MergedDocument<'a> {
    pub(super) id: &'a AgreementId,
    pub(super) template: Option<&'a TemplateName>,
    pub(super) templates: &'a [TemplateName],
    pub(super) document: &'a shape::AgreementDocument,
    pub(super) places: &'a dyn Places,
}

/// Everything that one agreement is held against.
#[derive(Clone, Copy)]
pub(super) struct CheckContext<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) settings: &'a Settings,
    pub(super) titles: &'a Titles,
    /// Every address of the catalog.
    pub(super) addresses: &'a BTreeSet<&'a str>,
    /// The terms of the agreements so far.
    pub(super) shared: &'a SharedTerms,
    /// The terms of which the clocks were found sound so far.
    pub(super) sound: &'a SoundTerms,
}

/// The agreement, where it can be made, and what is wrong with it.
pub(super) fn agreement(
    written: MergedDocument<'_>,
    ground: CheckContext<'_>,
) -> (Option<Agreement>, Vec<Diagnostic>) {
    let CheckContext { catalog, settings, titles, addresses, shared, .. } = ground;
    let (places, helpdesk) = (written.places, settings.default_helpdesk());
    let mut reader = AgreementReader { places, helpdesk, catalog, settings, addresses, faults: Vec::new() };
    let agreement = reader.agreement(written, titles, shared);
    (agreement, reader.faults)
}

impl AgreementReader<'_> {
    fn agreement(
        &mut self,
        written: MergedDocument<'_>,
        titles: &Titles,
        shared: &SharedTerms,
    ) -> Option<Agreement> {
        let document = written.document;
        let client = self.client(document);
        let helpdesk = self.lives_in(document, client.as_ref());
        let recipients = self.recipients(document, client.as_ref());
        let (manager, provider) = self.ours(document);
        let services = self.services(document);
        let (calendar, targets) = self.sla(document.sla.as_ref());
        let language = self.language(document, client.as_ref());
        let zone = self.zone(document, client.as_ref());
        let empty = shape::PeriodShape::default();
        let period = self.period(document.period.as_ref().unwrap_or(&empty));
        let activation = self.activation(document.activation.as_ref(), &zone);
        let (suspensions, suspension_order) =
            self.suspensions(document.suspensions.as_deref().unwrap_or_default());
        let termination = document.termination.as_ref().and_then(|written| self.termination(written, &zone));
        let renewal = match (&document.renewal, &period) {
            (Some(renewal), Some(period)) => self.renewal(renewal, period),
            (_, _) => Some(Renewal::None),
        };
        let contacts = self.contacts(document);
        let formerly = self.names(&["formerly"], document.formerly.as_deref().unwrap_or_default());
        let renews = document.renews.as_ref().and_then(|id| self.name(&["renews"], id));
        let notices = self.notices(document.notices.as_ref());
        let agreement = Agreement {
            id: written.id.clone(),
            formerly,
            template: written.template.cloned(),
            templates: shared.templates.share(written.templates.to_vec()),
            title: String::new(),
            number: document.number.as_deref().map(str::trim).map(str::to_owned),
            client: client?,
            recipients: shared.recipients.share(recipients?),
            is_for_whole_client: document.recipients.is_none(),
            manager,
            provider,
            helpdesk,
            contacts,
            language,
            zone,
            period: period?,
            activation: activation.unwrap_or(Activation::Manual(Vec::new())),
            suspensions,
            termination: termination.map(Box::new),
            renewal: renewal.unwrap_or(Renewal::None),
            renews,
            succeeded_on: None,
            services: shared.services.share(services?),
            calendar,
            targets: shared.targets.share(targets),
            notices: shared.notices.share(notices),
            labels: labels(document),
            attributes: attributes(document),
            adopts: self.adopts(document),
            span: self.places.whole(),
        };
        self.check_time(&agreement, &suspension_order);
        let title = self.title(&agreement, document.title.as_deref(), titles);
        Some(Agreement { title, ..agreement })
    }

    /// The client. An unknown slug is reported and kept, so that other faults are reported too.
    fn client(&mut self, document: &shape::AgreementDocument) -> Option<ClientSlug> {
        let Some(slug) = &document.client else {
            self.fault(
                Code::E109,
                &["client"],
                "`client` is missing",
                "add `client:` with a slug from catalog.yaml",
            );
            return None;
        };
        let known = self.known(CLIENT, &["client"], slug, &self.catalog.clients);
        known.or_else(|| ClientSlug::new(slug))
    }

    /// The nearest helpdesk that is written, in the order of zones; the others read the agreement by it.
    fn lives_in(
        &mut self,
        document: &shape::AgreementDocument,
        client: Option<&ClientSlug>,
    ) -> Option<HelpdeskName> {
        let settings = self.settings;
        let path = ["helpdesk"];
        let written = document.helpdesk.as_deref().and_then(|name| {
            let known = settings.helpdesks.get_key_value(name);
            if known.is_none() {
                let place = self.places.value(&path).unwrap_or_else(|| self.places.whole());
                self.faults.push(unknown_helpdesk(place, name, settings));
            }
            known.map(|(name, _)| name.clone())
        });
        let is_own = self.places.value(&path).is_some_and(|place| self.places.is_own(place));
        let of_client = client.and_then(|client| self.catalog.clients.get(client.as_str())?.lives_in.clone());
        let nearest = if is_own { written.or(of_client) } else { of_client.or(written) };
        let nearest = nearest.or_else(|| settings.default_helpdesk.clone());
        self.helpdesk = settings.helpdesk_named(nearest.as_ref());
        nearest
    }

    /// The people and the company on our own side.
    fn ours(&mut self, document: &shape::AgreementDocument) -> (Option<ManagerSlug>, Option<ProviderSlug>) {
        let manager = document.manager.as_ref().and_then(|slug| {
            let known = self.known(MANAGER, &["manager"], slug, &self.catalog.managers);
            known.or_else(|| ManagerSlug::new(slug))
        });
        let provider = document.provider.as_ref().and_then(|slug| {
            let known = self.known(PROVIDER, &["provider"], slug, &self.catalog.providers);
            known.or_else(|| ProviderSlug::new(slug))
        });
        let helpdesk = self.helpdesk;
        let is_needed = matches!(helpdesk.kind, Product::Itop { .. }) && helpdesk.mapping.provider.is_none();
        if is_needed && document.provider.is_none() {
            self.fault(
                Code::E010,
                &["provider"],
                "`provider` is missing",
                "add `provider:` here, in a template, or under `helpdesk:` in servanda.yaml; each contract of iTop needs a provider",
            );
        }
        (manager, provider)
    }

    /// The recipients: as written, else the whole client.
    fn recipients(
        &mut self,
        document: &shape::AgreementDocument,
        client: Option<&ClientSlug>,
    ) -> Option<BTreeSet<RecipientSlug>> {
        let Some(written) = &document.recipients else {
            return client.map(|client| [RecipientSlug::of_client(client)].into());
        };
        if written.is_empty() {
            self.fault(
                Code::E109,
                &["recipients"],
                "`recipients` is empty",
                "add a recipient, or delete `recipients` to cover the whole client",
            );
        }
        let mut recipients = BTreeSet::new();
        for (index, text) in written.iter().enumerate() {
            let index = index.to_string();
            let path = ["recipients", index.as_str()];
            let Some(recipient) = RecipientSlug::new(text) else {
                self.value_fault(
                    Code::E009,
                    &path,
                    format!("invalid recipient `{text}`"),
                    "use a client, or a department written as `<client>/<department>`",
                );
                continue;
            };
            if self.recipient_is_known(&path, &recipient)
                && client.is_some_and(|client| recipient.client() != *client)
            {
                let other = recipient.client();
                let help = "recipients must be the client or its departments; write a second agreement for the other company";
                self.fault(
                    Code::E106,
                    &path,
                    format!(
                        "recipient `{recipient}` belongs to `{other}`, not to the client of the agreement"
                    ),
                    help,
                );
                continue;
            }
            recipients.insert(recipient);
        }
        if recipients.is_empty() {
            recipients.extend(client.map(RecipientSlug::of_client));
        }
        (!recipients.is_empty()).then_some(recipients)
    }

    fn recipient_is_known(&mut self, path: &[&str], recipient: &RecipientSlug) -> bool {
        if self.catalog.recipient(recipient).is_some() {
            return true;
        }
        let client = recipient.client();
        let place = self.places.value(path).unwrap_or_else(|| self.places.whole());
        let (diagnostic, near) = match (self.catalog.clients.get(client.as_str()), recipient.department()) {
            (Some(entry), Some(department)) => {
                let kind = SlugKind { noun: "department", list: "departments" };
                let known: BTreeMap<&str, _> =
                    entry.departments.iter().map(|(slug, entry)| (slug.as_str(), entry)).collect();
                let near = nearest_of(department, &known).map(|near| format!("{client}/{near}"));
                (unknown(kind, place, department, &known), near)
            }
            (_, department) => {
                let known = &self.catalog.clients;
                let rest = department.map_or_else(String::new, |department| format!("/{department}"));
                let near = nearest_of(client.as_str(), known).map(|near| format!("{near}{rest}"));
                (unknown(CLIENT, place, client.as_str(), known), near)
            }
        };
        self.faults.push(match near {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).meant(place, recipient.as_str(), near)
            }
            None => diagnostic,
        });
        false
    }

    fn services(&mut self, document: &shape::AgreementDocument) -> Option<LiteMap<ServiceSlug, Coverage>> {
        let mut services = LiteMap::new();
        let mut written = 0;
        for (slug, service) in document.services.iter().flatten() {
            let empty = shape::ServiceTermsShape::default();
            let terms = match service {
                shape::BoolOr::Bool(false) => continue,
                shape::BoolOr::Bool(true) => &empty,
                shape::BoolOr::Set(terms) => terms,
            };
            written += 1;
            let calendar = terms
                .calendar
                .as_ref()
                .and_then(|slug_of| self.calendar(&["services", slug, "calendar"], slug_of));
            let targets = self.targets(&["services", slug, "targets"], terms.targets.as_ref());
            let known = self.known_key(SERVICE, &["services", slug], slug, &self.catalog.services);
            let name = known.or_else(|| ServiceSlug::new(slug));
            if let Some(name) = name {
                services.insert(name, Coverage { calendar, targets });
            }
        }
        if written == 0 {
            self.fault(
                Code::E109,
                &["services"],
                "`services` is missing or empty",
                "add services from catalog.yaml, such as `services: { email: true }`",
            );
        }
        (!services.is_empty()).then_some(services)
    }

    /// A calendar of the catalog, or the one that is always open.
    pub(super) fn calendar(&mut self, path: &[&str], slug: &str) -> Option<CalendarSlug> {
        if slug == ROUND_THE_CLOCK {
            return CalendarSlug::new(slug);
        }
        let known = self.known(CALENDAR, path, slug, &self.catalog.calendars);
        known.or_else(|| CalendarSlug::new(slug))
    }

    /// A priority of the catalog. Where the catalog names none and the helpdesk carries no targets, any name
    /// is a priority.
    pub(super) fn priority(&mut self, path: &[&str], name: &str) -> Option<PriorityName> {
        if self.catalog.priorities.is_empty() && !self.helpdesk.mapping.carries(&Field::Targets) {
            return PriorityName::new(name);
        }
        let known = self.known_key(PRIORITY, path, name, &self.catalog.priorities);
        known.or_else(|| PriorityName::new(name))
    }

    /// The nearest zone that is written: in the agreement itself, for its client, in a template, in the settings.
    fn zone(&mut self, document: &shape::AgreementDocument, client: Option<&ClientSlug>) -> Zone {
        let path = ["period", "timezone"];
        let written = document.period.as_ref().and_then(|period| period.timezone.as_deref());
        let written = written.and_then(|name| self.taken(Code::E203, &path, Zone::find(name)));
        let is_own = self.places.value(&path).is_some_and(|place| self.places.is_own(place));
        let of_client = client.and_then(|client| self.catalog.clients.get(client.as_str())?.zone.clone());
        let nearest = if is_own { written.or(of_client) } else { of_client.or(written) };
        nearest.unwrap_or_else(|| self.settings.zone.clone())
    }

    /// The nearest language that is written, in the order of zones.
    fn language(&self, document: &shape::AgreementDocument, client: Option<&ClientSlug>) -> Language {
        let written = document.language.map(shape::LanguageShape::language);
        let is_own = self.places.value(&["language"]).is_some_and(|place| self.places.is_own(place));
        let of_client = client.and_then(|client| self.catalog.clients.get(client.as_str())?.language);
        let nearest = if is_own { written.or(of_client) } else { of_client.or(written) };
        nearest.unwrap_or(self.settings.language)
    }

    fn contacts(&mut self, document: &shape::AgreementDocument) -> LiteMap<String, Contact> {
        exact_map(document.contacts.iter().flatten().filter_map(|(role, written)| {
            let path = ["contacts", role.as_str()];
            let contact =
                read_contact(self.places, &path, written).map_err(|fault| self.faults.push(fault)).ok()?;
            if let Contact::Email(address) = &contact {
                self.allowed_address(&path, address);
            }
            Some((role.clone(), contact))
        }))
    }

    /// The object that it adopts in the helpdesk in which it lives. An id belongs to one helpdesk, so that an agreement that
    /// moved adopts nothing in the next one.
    fn adopts(&mut self, document: &shape::AgreementDocument) -> Option<LiveId> {
        let written = match document.adopts.as_ref()? {
            shape::TextOr::Text(text) => vec![(None, text)],
            shape::TextOr::Set(ids) => ids.iter().map(|(name, text)| (Some(name.as_str()), text)).collect(),
        };
        let mut adopted = None;
        for (name, text) in written {
            let path = [&["adopts"][..], name.as_slice()].concat();
            if let Some(name) = name.filter(|name| !self.settings.helpdesks.contains_key(*name)) {
                let place = self.places.value(&path).unwrap_or_else(|| self.places.whole());
                self.faults.push(unknown_helpdesk(place, name, self.settings));
            }
            let id = LiveId::new(text);
            if id.is_none() {
                self.value_fault(
                    Code::E009,
                    &path,
                    format!("invalid object id `{text}`"),
                    "use the id that the helpdesk shows, such as agreement$605301",
                );
            }
            let default = self.settings.default_helpdesk.as_ref().map(HelpdeskName::as_str);
            if name.or(default) == self.helpdesk.name.as_ref().map(HelpdeskName::as_str) {
                adopted = id;
            }
        }
        adopted
    }

    fn name(&mut self, path: &[&str], text: &str) -> Option<AgreementId> {
        let id = AgreementId::new(text);
        if id.is_none() {
            self.value_fault(
                Code::E009,
                path,
                format!("invalid agreement id `{text}`"),
                "use the file name without `.yaml`, or `<name>/<client>` for an entry of a set",
            );
        }
        id
    }

    fn names(&mut self, path: &[&str], texts: &[String]) -> Vec<AgreementId> {
        let mut names = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let index = index.to_string();
            let path: Vec<&str> = path.iter().copied().chain([index.as_str()]).collect();
            names.extend(self.name(&path, text));
        }
        names
    }

    fn notices(&mut self, written: Option<&shape::NoticesShape>) -> Notices {
        match written {
            Some(written) => self.read_notices(written),
            None => Notices::default(),
        }
    }
}

fn labels(document: &shape::AgreementDocument) -> LiteMap<String, String> {
    let written = document.labels.iter().flatten();
    exact_map(written.map(|(key, label)| (key.clone(), label.clone())))
}

fn attributes(document: &shape::AgreementDocument) -> LiteMap<String, AttributeValue> {
    let written = document.attributes.iter().flatten();
    exact_map(written.map(|(name, value)| (name.clone(), scalar(value))))
}

fn scalar(value: &shape::AttributeShape) -> AttributeValue {
    match value {
        shape::AttributeShape::Text(text) => AttributeValue::Text(text.clone()),
        shape::AttributeShape::Integer(number) => AttributeValue::Integer(*number),
        shape::AttributeShape::Number(number) => AttributeValue::Text(number.to_string()),
        shape::AttributeShape::Flag(flag) => AttributeValue::Bool(*flag),
    }
}
