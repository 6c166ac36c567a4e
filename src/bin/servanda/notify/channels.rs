//! The ways to people: a message becomes mail, a file, or a post. Each says what is certain about it.
//!
//! A message is prepared first, up to the one act that cannot be taken back, and submitted then. What a channel
//! cannot say it does not guess.

use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};
use servanda::notice::Channel;
use servanda::notice::delivery::{DeliveryGuarantee, Message, Reply, TAKE_OVER};
use servanda::render::message::Letter;
use servanda::settings::{HelpdeskNotice, Product, SecretText, Settings, WebhookFormat};

use crate::notify::{mail, outbox, webhook};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};

/// Where the embedded helpdesk's mail lies, below the repository.
const SANDBOX_OUTBOX: &str = ".servanda/outbox";

/// How many notices one message of a chat has: Telegram takes 4,096 characters and no more.
const CHAT_LIMIT: usize = 5;

/// Where mail goes.
pub(crate) enum MailWay {
    /// To a server.
    Smtp(mail::Smtp),
    /// Into a folder.
    Outbox(outbox::Outbox),
}

/// The channels that the settings open.
pub(crate) struct Channels {
    mail: Option<MailWay>,
    webhook: Option<webhook::Webhook>,
    desk: Option<HelpdeskNotice>,
    /// Whether what the helpdesk's search does not show after a while is not there.
    is_searched_in_time: bool,
    /// Who writes, as people see it.
    sender: String,
}

/// A message that waits for the word.
pub(crate) enum Prepared {
    Smtp(Box<mail::Prepared>),
    Outbox(outbox::Prepared),
    Webhook(Box<webhook::Prepared>),
    /// For the helpdesk, which [`desk`] tells.
    Desk(Box<Letter>),
}

impl Channels {
    /// Opens what the settings name. A helpdesk without clients lays its mail into a folder.
    pub(crate) fn open(settings: &Settings, root: &Path) -> Result<Self, Failure> {
        let mail = match &settings.sender {
            Some(sender) => Some(mail_way(&secret(&sender.server, "mail.url")?, &sender.from, root)?),
            None if matches!(settings.helpdesk.kind, Product::Sandbox) => Some(MailWay::Outbox(
                outbox::Outbox::at(&root.join(SANDBOX_OUTBOX), "Servanda <servanda@localhost>"),
            )),
            None => None,
        };
        let webhook = match &settings.webhook {
            Some(written) => {
                let key = written.secret_variable.as_deref().map(variable).transpose()?;
                let webhook = webhook::Webhook::new(&secret(&written.url, "webhook.url")?, key)?;
                Some(webhook.speaking(written.form, written.chat.clone()))
            }
            None => None,
        };
        let from = settings.sender.as_ref().map_or("Servanda", |sender| &sender.from);
        let sender = from.split('<').next().unwrap_or(from).trim().trim_matches('"').to_owned();
        let desk = settings.desk_notice.clone();
        let is_searched_in_time = TAKE_OVER.unsigned_abs() > settings.helpdesk.search_lag;
        Ok(Self {
            mail,
            webhook,
            desk,
            is_searched_in_time,
            sender: if sender.is_empty() { from.to_owned() } else { sender },
        })
    }

    /// Whether mail can go out: where to, or why not. Nothing is sent.
    pub(crate) async fn try_mail(&self) -> Option<Result<String, String>> {
        Some(match self.mail.as_ref()? {
            MailWay::Smtp(smtp) => smtp.greet().await,
            MailWay::Outbox(outbox) => Ok(outbox.place()),
        })
    }

    /// Who writes, without the address.
    pub(crate) fn sender(&self) -> &str {
        &self.sender
    }

    /// The channels that are open.
    pub(crate) fn names(&self) -> Vec<Channel> {
        let mail = self.mail.iter().map(|_| Channel::Mail);
        let webhook = self.webhook.iter().map(|_| Channel::Webhook);
        mail.chain(webhook).chain(self.desk.iter().map(|_| Channel::Helpdesk)).collect()
    }

    /// How the helpdesk tells of notices.
    pub(crate) const fn desk(&self) -> Option<&HelpdeskNotice> {
        self.desk.as_ref()
    }

    /// What each of them can say about what is in doubt.
    pub(crate) fn memorable(&self) -> Vec<(Channel, DeliveryGuarantee)> {
        let mail = self.mail.iter().map(|way| match way {
            MailWay::Smtp(_) => (Channel::Mail, DeliveryGuarantee::AtMostOnce),
            // A file is written whole under the message's name, as often as one likes.
            MailWay::Outbox(_) => (Channel::Mail, DeliveryGuarantee::Idempotent),
        });
        let webhook = self.webhook.iter().map(|_| (Channel::Webhook, DeliveryGuarantee::AtMostOnce));
        let desk = self.desk.iter().map(|way| match way {
            HelpdeskNotice::Comment { .. } if self.is_searched_in_time => {
                (Channel::Helpdesk, DeliveryGuarantee::Queryable)
            }
            HelpdeskNotice::Module { remembers: true, .. } => {
                (Channel::Helpdesk, DeliveryGuarantee::Idempotent)
            }
            HelpdeskNotice::Comment { .. } | HelpdeskNotice::Module { .. } => {
                (Channel::Helpdesk, DeliveryGuarantee::AtMostOnce)
            }
        });
        mail.chain(webhook).chain(desk).collect()
    }

    /// How many notices fit into one message, where there is a limit.
    pub(crate) fn limits(&self) -> Vec<(Channel, usize)> {
        self.chat().map(|_| (Channel::Webhook, CHAT_LIMIT)).into_iter().collect()
    }

    /// What a post is written for, where people read it.
    pub(crate) fn chat(&self) -> Option<WebhookFormat> {
        self.webhook.as_ref().map(webhook::Webhook::form).filter(|form| *form != WebhookFormat::Json)
    }

    /// Everything up to the act that cannot be taken back. An error is that nothing was sent, and why.
    pub(crate) async fn prepare(&self, message: &Message, letter: Letter) -> Result<Prepared, String> {
        match (message.channel, &self.mail, &self.webhook) {
            (Channel::Mail, Some(MailWay::Smtp(smtp)), _) => {
                smtp.prepare(message, &letter).await.map(|ready| Prepared::Smtp(Box::new(ready)))
            }
            (Channel::Mail, Some(MailWay::Outbox(outbox)), _) => {
                outbox.prepare(message, &letter).map(Prepared::Outbox)
            }
            (Channel::Webhook, _, Some(webhook)) => {
                Ok(Prepared::Webhook(Box::new(webhook.prepare(message, &letter))))
            }
            _ => Err("the settings do not open this channel".to_owned()),
        }
    }
}

impl Prepared {
    /// The act that cannot be taken back.
    pub(crate) async fn submit(self) -> Reply {
        match self {
            Self::Smtp(prepared) => prepared.submit().await,
            Self::Outbox(prepared) => prepared.submit(),
            Self::Webhook(prepared) => prepared.submit().await,
            Self::Desk(_) => Reply::Refused("the helpdesk is told by another way".to_owned()),
        }
    }
}

fn mail_way(address: &SecretString, from: &str, root: &Path) -> Result<MailWay, Failure> {
    match address.expose_secret().strip_prefix("file:") {
        Some(folder) => Ok(MailWay::Outbox(outbox::Outbox::at(&root.join(folder), from))),
        None => mail::Smtp::new(address, from).map(MailWay::Smtp),
    }
}

fn secret(place: &SecretText, setting: &str) -> Result<SecretString, Failure> {
    match place {
        SecretText::Open(text) => Ok(SecretString::from(text.clone())),
        SecretText::Variable(name) => variable(name)
            .map_err(|failure| failure.help(format!("servanda.yaml names it under `{setting}`"))),
    }
}

fn variable(name: &str) -> Result<SecretString, Failure> {
    Context::secret(name).ok_or_else(|| {
        Failure::new(Exit::Failure, "notify-failure", format!("the variable {name} holds nothing"))
            .help("put the secret into it")
    })
}
