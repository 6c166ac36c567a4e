//! The key of a notice in the ledger: agreement, event, the announced day, recipient, channel.
//!
//! A key is a readable path of seven parts, and contains no address.

use std::fmt;
use std::str::FromStr;

use crate::agreement::NoticeEvent;
use crate::calendar::{Day, Lead, read_day};
use crate::ident::AgreementId;
use crate::settings::{Product, Settings};

/// The prefix of all keys of notices.
const PREFIX: &str = "notice/";

/// The key of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NoticeKey {
    /// The agreement.
    pub agreement: AgreementId,
    /// The event that is announced.
    pub event: NoticeEvent,
    /// The announced day: that of the transition, or the last day; [`Day::MAX`] if open-ended.
    pub day: Day,
    /// Distinguishes the notices of one event and day.
    pub variant: Variant,
    /// The recipient: a role, a person's slug, or the HMAC of an address.
    pub recipient: String,
    /// The channel.
    pub channel: Channel,
}

/// Distinguishes the notices of one event and day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Variant {
    /// There is only one.
    Only,
    /// The lead time of a reminder.
    Lead(Lead),
    /// The number of a correction, from 1.
    Revision(u32),
}

/// A way to send notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// E-mail, one message for each recipient.
    Mail,
    /// A POST request to an address in the settings.
    Webhook,
    /// A comment on the agreement in the helpdesk, or a script module there.
    Helpdesk,
}

impl Channel {
    /// All channels.
    pub const ALL: [Self; 3] = [Self::Mail, Self::Webhook, Self::Helpdesk];

    /// The channels in the settings. With the embedded helpdesk, mail goes to a folder by default.
    pub fn configured(settings: &Settings) -> Vec<Self> {
        let has_mail =
            settings.sender.is_some() || matches!(settings.default_helpdesk().kind, Product::Sandbox);
        let mail = has_mail.then_some(Self::Mail);
        let webhook = settings.webhook.as_ref().map(|_| Self::Webhook);
        let helpdesk = settings.helpdesk_notice.as_ref().map(|_| Self::Helpdesk);
        mail.into_iter().chain(webhook).chain(helpdesk).collect()
    }

    /// The channel's name in keys and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
            Self::Helpdesk => "helpdesk",
        }
    }
}

impl NoticeKey {
    /// Whether two keys announce the same event, perhaps to different recipients.
    pub fn is_same_event(&self, other: &Self) -> bool {
        (self.event, self.day, self.variant) == (other.event, other.day, other.variant)
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only => formatter.write_str("-"),
            Self::Lead(lead) => write!(formatter, "{lead}"),
            Self::Revision(count) => write!(formatter, "r{count}"),
        }
    }
}

impl fmt::Display for NoticeKey {
    /// Ids of set entries contain a slash, which would add a part to the path.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { agreement, event, day, variant, recipient, channel } = self;
        let agreement = agreement.as_str().replace('/', "~");
        let (event, channel) = (event.as_str(), channel.as_str());
        write!(formatter, "{PREFIX}{agreement}/{event}/{day}/{variant}/{recipient}/{channel}")
    }
}

/// The text is not the key of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("`{0}` is not the key of a notice")]
pub struct InvalidKey(String);

impl FromStr for NoticeKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        read(text).ok_or_else(|| InvalidKey(text.to_owned()))
    }
}

fn read(text: &str) -> Option<NoticeKey> {
    let parts: Vec<&str> = text.strip_prefix(PREFIX)?.split('/').collect();
    let [agreement, event, day, variant, recipient, channel] = parts[..] else {
        return None;
    };
    let variant = match variant {
        "-" => Variant::Only,
        revision if revision.starts_with('r') => Variant::Revision(revision[1..].parse().ok()?),
        lead => Variant::Lead(Lead::read(lead).ok()?),
    };
    let key = NoticeKey {
        agreement: AgreementId::new(&agreement.replace('~', "/"))?,
        event: NoticeEvent::ALL.into_iter().find(|known| known.as_str() == event)?,
        day: read_day(day).ok()?,
        variant,
        recipient: Some(recipient).filter(|recipient| !recipient.is_empty())?.to_owned(),
        channel: Channel::ALL.into_iter().find(|known| known.as_str() == channel)?,
    };
    // Only the canonical spelling is accepted, so that a notice cannot have two records.
    (key.to_string() == text).then_some(key)
}
