//! servanda.yaml as people wrote it becomes the settings: complete, with every default in its place.

pub(crate) mod itop;
mod mapping;

use std::time::Duration;

use crate::calendar::{InvalidValue, Lead, TargetTime, TimeOfDay, Zone, read_time_of_day};
use crate::check::subject::Places;
use crate::diagnostic::{Code, Diagnostic};
use crate::document::shape;
use crate::document::shape::TextOr;
use crate::ident::LiveId;
use crate::settings::{
    AddressPolicy, AllowedMail, DeactivationGuard, DriftPolicy, Guards, HelpdeskConfig, HelpdeskNotice,
    Language, LedgerConfig, LedgerPlace, LedgerWitness, MailSender, Pace, Product, RefusedAddress,
    SecretText, Settings, WebhookConfig, WebhookFormat,
};

use mapping::mapping;

/// When people are told, where nobody says otherwise.
pub(in crate::check) const USUAL_NOTICE_TIME: TimeOfDay = TimeOfDay::constant(9, 0, 0, 0);

/// The settings as they are read, with the faults found so far.
pub(in crate::check) struct SettingsReader<'a> {
    pub(super) places: &'a dyn Places,
    pub(super) faults: Vec<Diagnostic>,
}

/// The settings, with defaults in place of what cannot be used, and what is wrong with it.
pub(in crate::check) fn settings(
    document: &shape::SettingsDocument,
    places: &dyn Places,
) -> (Settings, Vec<Diagnostic>) {
    let mut reading = SettingsReader { places, faults: Vec::new() };
    let zone = reading.zone(&["timezone"], document.timezone.as_deref());
    if document.timezone.is_none() {
        let help = "write `timezone: Europe/Moscow`, the zone that days are counted in unless a client or an agreement has its own";
        reading.fault(Code::E010, &["timezone"], "the settings have no time zone", help);
    }
    let written = document.helpdesk.clone().unwrap_or_default();
    let settings = Settings {
        zone: zone.unwrap_or(Zone::UTC),
        language: match document.language {
            Some(shape::LanguageShape::Ru) => Language::Russian,
            Some(shape::LanguageShape::En) | None => Language::English,
        },
        helpdesk: reading.helpdesk(&written),
        ledger: reading.ledger(document.ledger.as_ref()),
        guards: reading.guards(document.guards.as_ref()),
        mail: document.mail.as_ref().map(|mail| allowed_mail(mail.allow.as_ref())),
        sender: reading.sender(document.mail.as_ref()),
        webhook: document.webhook.as_ref().and_then(|webhook| reading.webhook(webhook)),
        desk_notice: document.notices.as_ref().and_then(|notices| reading.desk_notice(notices, &written)),
        notice_time: reading.notice_time(document.notices.as_ref()),
        late_after: reading.late_after(document.notices.as_ref()),
    };
    (settings, reading.faults)
}

fn place(written: &TextOr<shape::SecretShape>) -> SecretText {
    match written {
        TextOr::Text(text) => SecretText::Open(text.clone()),
        TextOr::Set(secret) => SecretText::Variable(secret.env.clone()),
    }
}

fn allowed_mail(written: Option<&shape::MailAllowShape>) -> AllowedMail {
    let domains = written.and_then(|allow| allow.domains.as_ref());
    AllowedMail {
        domains: domains.into_iter().flatten().map(|domain| domain.to_lowercase()).collect(),
        catalog: written.and_then(|allow| allow.catalog).unwrap_or_default(),
    }
}

impl SettingsReader<'_> {
    /// A fault at a path of the settings.
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

    /// A zone by its name.
    pub(super) fn zone(&mut self, path: &[&str], name: Option<&str>) -> Option<Zone> {
        match Zone::find(name?) {
            Ok(zone) => Some(zone),
            Err(InvalidValue { message, help }) => {
                self.fault(Code::E203, path, message, help);
                None
            }
        }
    }

    fn notice_time(&mut self, written: Option<&shape::NoticeSettingsShape>) -> TimeOfDay {
        let usual = USUAL_NOTICE_TIME;
        let Some(text) = written.and_then(|notices| notices.at.as_deref()) else {
            return usual;
        };
        read_time_of_day(text).unwrap_or_else(|misread| {
            self.fault(Code::E203, &["notices", "at"], misread.message, misread.help);
            usual
        })
    }

    fn guards(&mut self, written: Option<&shape::GuardsShape>) -> Guards {
        let usual = Guards::default();
        let Some(written) = written else { return usual };
        let count = |written: Option<u32>, usual: usize| written.map_or(usual, |count| count as usize);
        let limit = written.deactivations.as_ref();
        let share = limit.and_then(|limit| limit.and_share.as_deref()).map(|text| {
            let percent = text.strip_suffix('%').and_then(|digits| digits.parse().ok());
            percent.filter(|percent| *percent <= 100).unwrap_or_else(|| {
                self.fault(
                    Code::E009,
                    &["guards", "deactivations", "and_share"],
                    format!("`{text}` is no share"),
                    "write a share from 0% to 100%",
                );
                usual.deactivations.and_share_percent
            })
        });
        Guards {
            deactivations: DeactivationGuard {
                more_than: count(limit.and_then(|limit| limit.more_than), usual.deactivations.more_than),
                and_share_percent: share.unwrap_or(usual.deactivations.and_share_percent),
            },
            weakened: count(written.weakened, usual.weakened),
            orphans: count(written.orphans, usual.orphans),
            vanished: count(written.vanished, usual.vanished),
        }
    }

    fn drift(&mut self, written: Option<&shape::DriftShape>) -> DriftPolicy {
        let leaves = |policy: &shape::DriftPolicyShape| *policy == shape::DriftPolicyShape::Report;
        let mut drift = DriftPolicy::default();
        match written {
            None => {}
            Some(shape::DriftShape::All(all)) => drift.leaves = leaves(all),
            Some(shape::DriftShape::PerField(fields)) => {
                for (name, policy) in fields {
                    if name == "state" {
                        drift.state = Some(leaves(policy));
                    } else if let Some(field) = self.field(&["helpdesk", "drift", name], name) {
                        drift.fields.insert(field, leaves(policy));
                    }
                }
            }
        }
        drift
    }

    fn ledger(&mut self, written: Option<&shape::LedgerShape>) -> LedgerConfig {
        let Some(written) = written else { return LedgerConfig::default() };
        let place = match &written.at {
            None => LedgerPlace::default(),
            Some(TextOr::Set(secret)) => LedgerPlace::Variable(secret.env.clone()),
            Some(TextOr::Text(text)) => self.ledger_place(text),
        };
        let secret_variable = written.secret.as_ref().map(|secret| secret.env.clone());
        if secret_variable.is_none() && !matches!(place, LedgerPlace::File(_)) {
            self.fault(
                Code::E010,
                &["ledger"],
                "a ledger that others can read has no secret to hide addresses with",
                "write `secret: { env: SERVANDA_LEDGER_SECRET }`, the variable that holds a long random text",
            );
        }
        let witness = written.witness.as_ref().and_then(|witness| self.witness(witness));
        let password_variable = written.password.as_ref().map(|secret| secret.env.clone());
        LedgerConfig { place, password_variable, ca_file: written.ca_file.clone(), secret_variable, witness }
    }

    fn ledger_place(&mut self, text: &str) -> LedgerPlace {
        let place = LedgerPlace::read(text);
        // The query of an address may name a password as well, letter by letter or in disguise.
        let names = text.split_once('?').map_or("", |(_, query)| query).split('&');
        let mut names = names.filter_map(|pair| pair.split('=').next());
        let is_secret = |name: &str| name.contains('%') || name.to_lowercase().contains("password");
        if matches!(place, Some(LedgerPlace::Postgres(_))) && names.any(is_secret) {
            let help = "write `password: { env: LEDGER_PASSWORD }` beside it, the variable that holds it";
            self.fault(Code::E013, &["ledger", "at"], "the address has a password in it", help);
            return LedgerPlace::default();
        }
        place.unwrap_or_else(|| {
            self.fault(
                Code::E009,
                &["ledger", "at"],
                format!("`{text}` is no place for a ledger"),
                "write `git:origin#servanda-ledger`, `sqlite:` and a path, or `postgres://user@host/database`",
            );
            LedgerPlace::default()
        })
    }

    fn witness(&mut self, written: &shape::WitnessShape) -> Option<LedgerWitness> {
        let object = written.object.as_deref().and_then(LiveId::new);
        let (Some(object), Some(attribute)) = (object, written.attribute.clone()) else {
            let help = "write `witness: { object: root$101, attribute: servandaLedger }`, a text attribute of nobody else";
            self.fault(
                Code::E010,
                &["ledger", "witness"],
                "a witness needs an object and one of its attributes",
                help,
            );
            return None;
        };
        Some(LedgerWitness { object, attribute })
    }

    fn sender(&mut self, written: Option<&shape::MailShape>) -> Option<MailSender> {
        let written = written?;
        let server = place(written.url.as_ref()?);
        let Some(from) = written.from.clone() else {
            let help = "write `from: \"Service desk <sd@acme.example>\"`";
            self.fault(Code::E010, &["mail"], "mail has a server and nobody who writes", help);
            return None;
        };
        Some(MailSender { server, from })
    }

    fn desk_notice(
        &mut self,
        written: &shape::NoticeSettingsShape,
        helpdesk: &shape::HelpdeskShape,
    ) -> Option<HelpdeskNotice> {
        if helpdesk.kind == Some(shape::HelpdeskKindShape::Itop) {
            self.refuse_desk_notices(written);
            return None;
        }
        if let Some(comment) = written.comment {
            return Some(HelpdeskNotice::Comment { is_private: comment == shape::CommentShape::Private });
        }
        let module = written.module.as_ref()?;
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_')
        };
        let call = module.call.as_deref().unwrap_or_default();
        let Some((_, _)) =
            call.split_once('.').filter(|(module, function)| is_name(module) && is_name(function))
        else {
            let help = "write `call: slaNotify.send`, the module and its function";
            self.fault(Code::E010, &["notices", "module"], "nothing says which function is called", help);
            return None;
        };
        Some(HelpdeskNotice::Module {
            function: call.to_owned(),
            remembers: module.remembers.unwrap_or_default(),
        })
    }

    fn webhook(&mut self, written: &shape::WebhookShape) -> Option<WebhookConfig> {
        let url = place(written.url.as_ref()?);
        let form = match written.form {
            Some(shape::WebhookFormShape::Json) | None => WebhookFormat::Json,
            Some(shape::WebhookFormShape::Slack) => WebhookFormat::Slack,
            Some(shape::WebhookFormShape::Mattermost) => WebhookFormat::Mattermost,
            Some(shape::WebhookFormShape::Telegram) => WebhookFormat::Telegram,
        };
        let chat = written.chat.clone();
        if (form == WebhookFormat::Telegram) != chat.is_some() {
            let (message, help) = if chat.is_some() {
                (
                    "a chat is named, and the form is not `telegram`",
                    "write `form: telegram`, or take out `chat:`",
                )
            } else {
                (
                    "nothing says which chat of Telegram it goes to",
                    "write `chat: \"-1001234567890\"`, the id of the chat",
                )
            };
            self.fault(Code::E010, &["webhook"], message, help);
        }
        Some(WebhookConfig {
            url,
            form,
            chat,
            secret_variable: written.secret.as_ref().map(|secret| secret.env.clone()),
        })
    }

    fn late_after(&mut self, written: Option<&shape::NoticeSettingsShape>) -> Lead {
        let usual = Lead { days: 3 };
        let Some(text) = written.and_then(|notices| notices.late_after.as_deref()) else {
            return usual;
        };
        Lead::read(text).unwrap_or_else(|misread| {
            self.fault(Code::E009, &["notices", "late_after"], misread.message, misread.help);
            usual
        })
    }

    /// A length of time; what has the wrong shape was told of already.
    fn wait(&mut self, name: &str, written: Option<&String>, usual: Duration) -> Duration {
        match written.map(|text| TargetTime::read(text)) {
            None | Some(Ok(TargetTime::BusinessDays(_))) => usual,
            Some(Ok(TargetTime::Seconds(seconds))) => Duration::from_secs(seconds.into()),
            Some(Err(misread)) => {
                self.fault(Code::E009, &["helpdesk", name], misread.message, "write 30s or 10m");
                usual
            }
        }
    }

    fn helpdesk(&mut self, written: &shape::HelpdeskShape) -> HelpdeskConfig {
        let kind = self.kind(written);
        let (usual, lag) = match kind {
            Product::Sandbox => (Pace::SANDBOX, Duration::ZERO),
            Product::Itsm365 { .. } => (Pace::default(), HelpdeskConfig::USUAL_SEARCH_LAG),
            Product::Itop { .. } => (itop::PACE, itop::SEARCH_LAG),
        };
        HelpdeskConfig {
            rehearsal: written.rehearsal.unwrap_or(matches!(kind, Product::Sandbox)),
            drift: self.drift(written.drift.as_ref()),
            pace: Pace {
                concurrency: written
                    .concurrency
                    .map_or(usual.concurrency, |count| count.clamp(1, 64) as usize),
                per_second: written.rate.or(usual.per_second),
                page_size: usual.page_size,
                deadline: self.wait("timeout", written.timeout.as_ref(), usual.deadline),
            },
            search_lag: self.wait("search_lag", written.search_lag.as_ref(), lag),
            mapping: mapping(self, written, &kind),
            kind,
        }
    }

    fn kind(&mut self, written: &shape::HelpdeskShape) -> Product {
        match written.kind {
            None | Some(shape::HelpdeskKindShape::Sandbox) => {
                if written.url.is_some() {
                    self.fault(
                        Code::E109,
                        &["helpdesk"],
                        "the helpdesk has an address and no kind",
                        "write `kind: itsm365`; without it the sandbox is used, which has no address",
                    );
                }
                Product::Sandbox
            }
            Some(shape::HelpdeskKindShape::Itop) => self.itop(written),
            Some(shape::HelpdeskKindShape::Itsm365) => {
                let (url, reach) = self.target(written, "https://acme.itsm365.com/sd");
                if written.access_key.is_none() {
                    self.fault(
                        Code::E010,
                        &["helpdesk"],
                        "the helpdesk has no access key",
                        "write `access_key: { env: ITSM365_ACCESS_KEY }`, the variable that holds it",
                    );
                }
                let access_key_variable =
                    written.access_key.as_ref().map(|key| key.env.clone()).unwrap_or_default();
                Product::Itsm365 { url, reach, access_key_variable, ca_file: written.ca_file.clone() }
            }
        }
    }

    /// Where it is, and how far a secret may travel to it.
    pub(super) fn target(
        &mut self,
        written: &shape::HelpdeskShape,
        example: &str,
    ) -> (String, AddressPolicy) {
        let reach = AddressPolicy {
            private_network: written.private_network.unwrap_or_default(),
            punycode_host: written.punycode_host.unwrap_or_default(),
        };
        if written.url.is_none() {
            let help = format!("write `url: {example}`");
            self.fault(Code::E010, &["helpdesk"], "the helpdesk has no address", help);
        }
        (written.url.as_deref().map(|url| self.address(url, reach)).unwrap_or_default(), reach)
    }

    /// An address that secrets may be sent to: https, or this machine, and nothing in it but host and path.
    fn address(&mut self, url: &str, reach: AddressPolicy) -> String {
        reach.read(url).unwrap_or_else(|RefusedAddress { is_secret, message, help }| {
            let code = if is_secret { Code::E013 } else { Code::E009 };
            self.fault(code, &["helpdesk", "url"], message, help);
            String::new()
        })
    }
}
