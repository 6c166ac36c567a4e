//! Turns servanda.yaml into the settings: complete, with every default filled in.

mod bridge;
mod helpdesk;
mod helpdesks;
mod itop;
mod mapping;
mod reader;

use crate::calendar::{Lead, TimeOfDay, Zone, read_time_of_day};
use crate::check::address::non_ascii_name;
use crate::check::subject::Places;
use crate::diagnostic::{Code, Diagnostic};
use crate::document::shape;
use crate::document::shape::TextOr;
use crate::ident::LiveId;
use crate::settings::{
    AllowedMail, DeactivationGuard, Guards, HelpdeskConfig, HelpdeskNotice, LedgerConfig, LedgerPlace,
    LedgerWitness, MailPace, MailSender, Product, SecretText, Settings, WebhookConfig, WebhookFormat,
    ascii_domain,
};

use reader::SettingsReader;

/// Reads the settings. Values that cannot be used are reported and replaced by their defaults.
pub(in crate::check) fn settings(
    document: &shape::SettingsDocument,
    places: &dyn Places,
) -> (Settings, Vec<Diagnostic>) {
    let mut reader = SettingsReader { places, faults: Vec::new() };
    let zone = reader.zone(&["timezone"], document.timezone.as_deref());
    if document.timezone.is_none() {
        let help = "add `timezone: Europe/Moscow`, the time zone of clients and agreements that set none";
        reader.fault(Code::E010, &["timezone"], "`timezone` is missing", help);
    }
    let helpdesks = reader.helpdesks(document);
    let settings = Settings {
        zone: zone.unwrap_or(Zone::UTC),
        language: document.language.map(shape::LanguageShape::language).unwrap_or_default(),
        ledger: reader.ledger(document.ledger.as_ref()),
        guards: reader.guards(document.guards.as_ref()),
        mail: document.mail.as_ref().map(|mail| allowed_mail(mail.allow.as_ref())),
        sender: reader.sender(document.mail.as_ref()),
        webhook: document.webhook.as_ref().and_then(|webhook| reader.webhook(webhook)),
        helpdesk_notice: document
            .notices
            .as_ref()
            .and_then(|notices| reader.helpdesk_notice(notices, helpdesks.all())),
        notice_time: reader.notice_time(document.notices.as_ref()),
        late_after: reader.late_after(document.notices.as_ref()),
        helpdesk: helpdesks.main,
        helpdesks: helpdesks.named,
        default_helpdesk: helpdesks.default,
    };
    (settings, reader.faults)
}

fn secret_text(written: &TextOr<shape::SecretShape>) -> SecretText {
    match written {
        TextOr::Text(text) => SecretText::Plain(text.clone()),
        TextOr::Set(secret) => SecretText::Variable(secret.env.clone()),
    }
}

fn allowed_mail(written: Option<&shape::MailAllowShape>) -> AllowedMail {
    let domains = written.and_then(|allow| allow.domains.as_ref());
    AllowedMail {
        domains: domains.into_iter().flatten().map(|domain| ascii_domain(domain)).collect(),
        catalog: written.and_then(|allow| allow.catalog).unwrap_or_default(),
    }
}

impl SettingsReader<'_> {
    fn notice_time(&mut self, written: Option<&shape::NoticeSettingsShape>) -> TimeOfDay {
        let Some(text) = written.and_then(|notices| notices.at.as_deref()) else {
            return Settings::DEFAULT_NOTICE_TIME;
        };
        read_time_of_day(text).unwrap_or_else(|invalid| {
            self.fault(Code::E203, &["notices", "at"], invalid.message, invalid.help);
            Settings::DEFAULT_NOTICE_TIME
        })
    }

    fn late_after(&mut self, written: Option<&shape::NoticeSettingsShape>) -> i32 {
        let Some(text) = written.and_then(|notices| notices.late_after.as_deref()) else {
            return Settings::DEFAULT_LATE_AFTER;
        };
        Lead::read_days(text).unwrap_or_else(|invalid| {
            self.fault(Code::E009, &["notices", "late_after"], invalid.message, invalid.help);
            Settings::DEFAULT_LATE_AFTER
        })
    }

    fn guards(&mut self, written: Option<&shape::GuardsShape>) -> Guards {
        let default = Guards::default();
        let Some(written) = written else { return default };
        let count = |written: Option<u32>, default: usize| written.map_or(default, |count| count as usize);
        let limit = written.deactivations.as_ref();
        let share = limit.and_then(|limit| limit.and_share.as_deref()).map(|text| {
            let percent = text.strip_suffix('%').and_then(|digits| digits.parse().ok());
            percent.filter(|percent| *percent <= 100).unwrap_or_else(|| {
                self.fault(
                    Code::E009,
                    &["guards", "deactivations", "and_share"],
                    format!("invalid share `{text}`"),
                    "use a percentage from 0% to 100%",
                );
                default.deactivations.and_share_percent
            })
        });
        Guards {
            deactivations: DeactivationGuard {
                more_than: count(limit.and_then(|limit| limit.more_than), default.deactivations.more_than),
                and_share_percent: share.unwrap_or(default.deactivations.and_share_percent),
            },
            weakened: count(written.weakened, default.weakened),
            ended: count(written.ended, default.ended),
            overwritten: count(written.overwritten, default.overwritten),
            orphans: count(written.orphans, default.orphans),
            vanished: count(written.vanished, default.vanished),
        }
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
                "`ledger.secret` is missing; a shared ledger needs it to hide addresses",
                "add `secret: { env: SERVANDA_LEDGER_SECRET }`, with the name of a variable that contains a long random text",
            );
        }
        let witness = written.witness.as_ref().and_then(|witness| self.witness(witness));
        let password_variable = written.password.as_ref().map(|secret| secret.env.clone());
        LedgerConfig { place, password_variable, ca_file: written.ca_file.clone(), secret_variable, witness }
    }

    fn ledger_place(&mut self, text: &str) -> LedgerPlace {
        let place = LedgerPlace::read(text);
        // The query may contain a password too, under a percent-encoded name.
        let names = text.split_once('?').map_or("", |(_, query)| query).split('&');
        let mut names = names.filter_map(|pair| pair.split('=').next());
        let is_secret = |name: &str| name.contains('%') || name.to_lowercase().contains("password");
        if matches!(place, Some(LedgerPlace::Postgres(_))) && names.any(is_secret) {
            let help = "remove it, and add `password: { env: LEDGER_PASSWORD }`, with the name of the variable that contains the password";
            self.fault(Code::E013, &["ledger", "at"], "the ledger's address contains a password", help);
            return LedgerPlace::default();
        }
        place.unwrap_or_else(|| {
            self.fault(
                Code::E009,
                &["ledger", "at"],
                format!("invalid ledger address `{text}`"),
                "use `git:origin#servanda-ledger`, `sqlite:` and a path, or `postgres://user@host/database`",
            );
            LedgerPlace::default()
        })
    }

    fn witness(&mut self, written: &shape::WitnessShape) -> Option<LedgerWitness> {
        let object = written.object.as_deref().and_then(LiveId::new);
        let (Some(object), Some(attribute)) = (object, written.attribute.clone()) else {
            let help = "write `witness: { object: root$101, attribute: servandaLedger }`, with a text attribute that nothing else uses";
            self.fault(
                Code::E010,
                &["ledger", "witness"],
                "`witness` needs an `object` and an `attribute`",
                help,
            );
            return None;
        };
        Some(LedgerWitness { object, attribute })
    }

    fn sender(&mut self, written: Option<&shape::MailShape>) -> Option<MailSender> {
        let written = written?;
        let url = written.url.as_ref()?;
        // A folder takes mails in tests.
        let is_of_mail = |url: &str| {
            let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
            scheme.is_some_and(|scheme| matches!(scheme.as_str(), "smtp" | "smtps" | "file"))
        };
        if matches!(url, TextOr::Text(url) if !is_of_mail(url)) {
            let help = "write `smtps://mail.acme.example`, or `smtp://` if the server uses STARTTLS";
            self.fault(Code::E009, &["mail", "url"], "`mail.url` is not the address of a mail server", help);
            return None;
        }
        let server = secret_text(url);
        let Some(from) = written.from.clone() else {
            let help = "add `from: \"Service desk <sd@acme.example>\"`, the sender of notices";
            self.fault(Code::E010, &["mail"], "`mail.from` is missing", help);
            return None;
        };
        let usual = MailPace::default();
        let pace = MailPace {
            connections: written.connections.map_or(usual.connections, |count| count.clamp(1, 16) as usize),
            per_minute: written.rate.map_or(usual.per_minute, |rate| rate.max(1)),
        };
        let sender = MailSender { server, from, pace };
        self.faults.extend(non_ascii_name(self.places, &["mail", "from"], sender.address()));
        Some(sender)
    }

    fn helpdesk_notice<'h>(
        &mut self,
        written: &shape::NoticeSettingsShape,
        helpdesks: impl Iterator<Item = &'h HelpdeskConfig> + Clone,
    ) -> Option<HelpdeskNotice> {
        if helpdesks.clone().any(|helpdesk| matches!(helpdesk.kind, Product::Itop { .. })) {
            self.reject_helpdesk_notices(written);
            return None;
        }
        let mut helpdesks = helpdesks;
        if written.module.is_some()
            && helpdesks.any(|helpdesk| matches!(helpdesk.kind, Product::Bridge { .. }))
        {
            let help = "delete the key, and use `comment:`, `mail:` or `webhook:` for notices";
            self.fault(Code::E009, &["notices", "module"], "an adapter has no script modules", help);
            return None;
        }
        if let Some(comment) = written.comment {
            return Some(HelpdeskNotice::Comment { is_private: comment == shape::CommentShape::Private });
        }
        let module = written.module.as_ref()?;
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_')
        };
        let function = module.call.as_deref().unwrap_or_default();
        let is_function =
            function.split_once('.').is_some_and(|(module, name)| is_name(module) && is_name(name));
        if !is_function {
            let help = "write `call: slaNotify.send`, the module and its function";
            let message = if function.is_empty() {
                "`notices.module.call` is missing".to_owned()
            } else {
                format!("invalid function `{function}`")
            };
            self.fault(Code::E010, &["notices", "module"], message, help);
            return None;
        }
        Some(HelpdeskNotice::Module {
            function: function.to_owned(),
            remembers: module.remembers.unwrap_or_default(),
        })
    }

    fn webhook(&mut self, written: &shape::WebhookShape) -> Option<WebhookConfig> {
        let url = secret_text(written.url.as_ref()?);
        let form = match written.form {
            Some(shape::WebhookFormShape::Json) | None => WebhookFormat::Json,
            Some(shape::WebhookFormShape::Slack) => WebhookFormat::Slack,
            Some(shape::WebhookFormShape::Mattermost) => WebhookFormat::Mattermost,
            Some(shape::WebhookFormShape::Telegram) => WebhookFormat::Telegram,
        };
        let chat = written.chat.clone();
        if (form == WebhookFormat::Telegram) != chat.is_some() {
            let (message, help) = if chat.is_some() {
                ("`webhook.chat` is only for `form: telegram`", "add `form: telegram`, or delete `chat`")
            } else {
                ("`webhook.chat` is missing", "add `chat: \"-1001234567890\"`, the id of the Telegram chat")
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
}
