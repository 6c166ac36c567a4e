//! The channels in the settings, and all channels of a run behind one interface.

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};
use servanda::notice::Channel;
use servanda::notice::DueNotices;
use servanda::notice::delivery::{DeliveryGuarantee, Message, Reply, TAKEOVER_AFTER};
use servanda::render::message::RenderedMessage;
use servanda::settings::{HelpdeskNotice, MailSender, Product, SecretText, Settings, WebhookFormat};

use crate::notify::channel::{DeliveryChannel, Submit};
use crate::notify::helpdesk_comment::{HelpdeskComment, LiveObjects, NoticeConnections, PreparedComment};
use crate::notify::mail::{MailOffer, PreparedMail, Smtp};
use crate::notify::outbox::{Outbox, PreparedFile};
use crate::notify::webhook::{PreparedPost, WebhookChannel};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};

/// The outbox of the embedded helpdesk, below the repository.
const SANDBOX_OUTBOX: &str = ".servanda/outbox";

/// The maximum number of notices in a chat message: Telegram accepts 4,096 characters.
const CHAT_LIMIT: usize = 5;

/// The channel for mail.
enum MailChannel {
    /// A mail server.
    Smtp(Smtp),
    /// A folder.
    Outbox(Outbox),
}

/// The channels in the settings.
pub(crate) struct Channels {
    mail: Option<MailChannel>,
    webhook: Option<WebhookChannel>,
    helpdesk: Option<HelpdeskNotice>,
    /// Whether the helpdesk's search shows a new comment before another run may take over.
    is_search_in_time: bool,
    /// The name of the sender.
    sender: String,
}

impl Channels {
    /// Opens the channels in the settings. With the embedded helpdesk, mail goes to a folder by default.
    pub(crate) fn open(settings: &Settings, root: &Path) -> Result<Self, Failure> {
        let mail = match &settings.sender {
            Some(sender) => Some(mail_channel(&secret(&sender.server, "mail.url")?, sender, root)?),
            None if matches!(settings.default_helpdesk().kind, Product::Sandbox) => {
                let outbox = Outbox::at(root, SANDBOX_OUTBOX, "Servanda <servanda@localhost>");
                Some(MailChannel::Outbox(outbox))
            }
            None => None,
        };
        let webhook = match &settings.webhook {
            Some(written) => {
                let key = written.secret_variable.as_deref();
                let key = key.map(|name| variable(name, "webhook.secret")).transpose()?;
                let webhook = WebhookChannel::new(&secret(&written.url, "webhook.url")?, key)?;
                Some(webhook.with_form(written.form, written.chat.clone()))
            }
            None => None,
        };
        let from = settings.sender.as_ref().map_or("Servanda", |sender| &sender.from);
        let sender = from.split('<').next().unwrap_or(from).trim().trim_matches('"').to_owned();
        Ok(Self {
            mail,
            webhook,
            helpdesk: settings.helpdesk_notice.clone(),
            is_search_in_time: std::iter::once(&settings.helpdesk)
                .chain(settings.helpdesks.values())
                .all(|helpdesk| TAKEOVER_AFTER.unsigned_abs() > helpdesk.search_lag),
            sender: if sender.is_empty() { from.to_owned() } else { sender },
        })
    }

    /// Connects to the mail server without sending. Returns what it offers, or why that failed; `None` without mail.
    pub(crate) async fn check_mail(&self) -> Option<Result<MailOffer, String>> {
        Some(match self.mail.as_ref()? {
            MailChannel::Smtp(smtp) => smtp.check().await,
            MailChannel::Outbox(outbox) => Ok(MailOffer { place: outbox.place(), smtp_utf8: true }),
        })
    }

    /// The number of parts in which the due notices are delivered at the same time.
    pub(crate) fn parts(&self, due: &DueNotices) -> usize {
        match &self.mail {
            Some(MailChannel::Smtp(smtp)) => due.mail_addresses().clamp(1, smtp.connections()),
            Some(MailChannel::Outbox(_)) | None => 1,
        }
    }

    /// Ends the connections that are kept between messages.
    pub(crate) async fn close(&self) {
        if let Some(MailChannel::Smtp(smtp)) = &self.mail {
            smtp.close().await;
        }
    }

    /// The name of the sender, without the address.
    pub(crate) fn sender(&self) -> &str {
        &self.sender
    }

    /// The maximum number of notices in one message, for channels that have a limit.
    pub(crate) fn max_notices(&self) -> Vec<(Channel, usize)> {
        self.chat().map(|_| (Channel::Webhook, CHAT_LIMIT)).into_iter().collect()
    }

    /// The form of messages to a chat; `None` if the webhook is read by a program.
    pub(crate) fn chat(&self) -> Option<WebhookFormat> {
        self.webhook.as_ref().map(WebhookChannel::form).filter(|form| *form != WebhookFormat::Json)
    }

    /// Connects the channels for a run.
    pub(crate) fn connect<'a>(
        &'a self,
        connections: &'a NoticeConnections<'a>,
        objects: &'a LiveObjects,
        run: &'a str,
    ) -> RunChannels<'a> {
        let mail = self.mail.as_ref().map(|mail| match mail {
            MailChannel::Smtp(smtp) => AnyChannel::Smtp(smtp),
            MailChannel::Outbox(outbox) => AnyChannel::Outbox(outbox),
        });
        let webhook = self.webhook.as_ref().map(AnyChannel::Webhook);
        let is_search_in_time = self.is_search_in_time;
        let helpdesk = self.helpdesk.as_ref().map(|settings| {
            let comment = HelpdeskComment { connections, settings, is_search_in_time, objects, run };
            AnyChannel::Helpdesk(comment)
        });
        let channels = [(Channel::Mail, mail), (Channel::Webhook, webhook), (Channel::Helpdesk, helpdesk)];
        let open = channels.into_iter().filter_map(|(name, channel)| Some((name, channel?)));
        RunChannels(open.collect())
    }
}

/// The channels of a run, by name.
pub(crate) struct RunChannels<'a>(BTreeMap<Channel, AnyChannel<'a>>);

impl RunChannels<'_> {
    /// Whether there are no channels.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The guarantee of each channel.
    pub(crate) fn guarantees(&self) -> Vec<(Channel, DeliveryGuarantee)> {
        self.0.iter().map(|(name, channel)| (*name, channel.guarantee())).collect()
    }

    /// Waits until the channel of a message may send another one.
    pub(crate) async fn admit(&self, message: &Message) {
        if let Some(AnyChannel::Smtp(smtp)) = self.0.get(&message.channel) {
            smtp.admit().await;
        }
    }

    /// Prepares a message for its channel.
    pub(crate) async fn prepare(
        &self,
        message: &Message,
        rendered: &RenderedMessage,
    ) -> Result<PreparedMessage<'_>, String> {
        self.get(message)?.prepare(message, rendered).await
    }

    /// Queries the channel of a message for it.
    pub(crate) async fn query(&self, message: &Message) -> Reply {
        match self.get(message) {
            Ok(channel) => channel.query(message).await,
            Err(why) => Reply::Unknown(why),
        }
    }

    fn get(&self, message: &Message) -> Result<&AnyChannel<'_>, String> {
        let channel = self.0.get(&message.channel);
        channel.ok_or_else(|| format!("servanda.yaml has no channel `{}`", message.channel.as_str()))
    }
}

/// Any of the channels.
enum AnyChannel<'a> {
    Smtp(&'a Smtp),
    Outbox(&'a Outbox),
    Webhook(&'a WebhookChannel),
    Helpdesk(HelpdeskComment<'a>),
}

/// A message that is prepared for any of the channels.
pub(crate) enum PreparedMessage<'a> {
    Smtp(Box<PreparedMail>),
    Outbox(PreparedFile),
    Webhook(Box<PreparedPost>),
    Helpdesk(Box<PreparedComment<'a>>),
}

impl<'a> DeliveryChannel for AnyChannel<'a> {
    type Prepared = PreparedMessage<'a>;

    fn guarantee(&self) -> DeliveryGuarantee {
        match self {
            Self::Smtp(channel) => channel.guarantee(),
            Self::Outbox(channel) => channel.guarantee(),
            Self::Webhook(channel) => channel.guarantee(),
            Self::Helpdesk(channel) => channel.guarantee(),
        }
    }

    async fn prepare(
        &self,
        message: &Message,
        rendered: &RenderedMessage,
    ) -> Result<PreparedMessage<'a>, String> {
        Ok(match self {
            Self::Smtp(channel) => PreparedMessage::Smtp(Box::new(channel.prepare(message, rendered).await?)),
            Self::Outbox(channel) => PreparedMessage::Outbox(channel.prepare(message, rendered).await?),
            Self::Webhook(channel) => {
                PreparedMessage::Webhook(Box::new(channel.prepare(message, rendered).await?))
            }
            Self::Helpdesk(channel) => {
                PreparedMessage::Helpdesk(Box::new(channel.prepare(message, rendered).await?))
            }
        })
    }

    async fn query(&self, message: &Message) -> Reply {
        match self {
            Self::Smtp(channel) => channel.query(message).await,
            Self::Outbox(channel) => channel.query(message).await,
            Self::Webhook(channel) => channel.query(message).await,
            Self::Helpdesk(channel) => channel.query(message).await,
        }
    }
}

impl Submit for PreparedMessage<'_> {
    async fn submit(self) -> Reply {
        match self {
            Self::Smtp(prepared) => prepared.submit().await,
            Self::Outbox(prepared) => prepared.submit().await,
            Self::Webhook(prepared) => prepared.submit().await,
            Self::Helpdesk(prepared) => prepared.submit().await,
        }
    }
}

fn mail_channel(address: &SecretString, sender: &MailSender, root: &Path) -> Result<MailChannel, Failure> {
    match address.expose_secret().strip_prefix("file:") {
        Some(folder) => Ok(MailChannel::Outbox(Outbox::at(root, folder, &sender.from))),
        None => Smtp::new(address, &sender.from, sender.pace).map(MailChannel::Smtp),
    }
}

fn secret(place: &SecretText, setting: &str) -> Result<SecretString, Failure> {
    match place {
        SecretText::Plain(text) => Ok(SecretString::from(text.clone())),
        SecretText::Variable(name) => variable(name, setting),
    }
}

fn variable(name: &str, setting: &str) -> Result<SecretString, Failure> {
    Context::secret(name).ok_or_else(|| {
        let message = format!("the environment variable {name} is not set");
        Failure::new(Exit::Failure, "channel-secret-unset", message)
            .help(format!("set it to the secret; servanda.yaml names it under `{setting}`"))
    })
}
