//! The name of a notice in the ledger: agreement, event, the day it announces, recipient, channel.
//!
//! A key is a path of seven parts, so that a ledger of files can be read by people. It holds no address.

use std::fmt;
use std::str::FromStr;

use crate::agreement::NoticeEvent;
use crate::calendar::{Day, Lead, read_day};
use crate::ident::AgreementId;

/// What all keys of notices begin with.
const UNDER: &str = "notice/";

/// The name of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The agreement.
    pub agreement: AgreementId,
    /// What is told.
    pub event: NoticeEvent,
    /// The day it announces: that of the transition, or the last day; [`Day::MAX`] for no end.
    pub day: Day,
    /// What tells notices of one event and day apart.
    pub mark: Mark,
    /// Who is told: a role, a person's slug, or the digest of an address.
    pub recipient: String,
    /// The way it goes.
    pub channel: Channel,
}

/// What tells notices of one event and day apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mark {
    /// There is one of them.
    Only,
    /// How long ahead of the day.
    Lead(Lead),
    /// The how-manieth correction it is.
    Revision(u32),
}

/// A way to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// E-mail, one message for each recipient.
    Mail,
    /// A post to an address that the settings name.
    Webhook,
    /// A comment on the agreement in the helpdesk.
    Helpdesk,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mail, Self::Webhook, Self::Helpdesk];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
            Self::Helpdesk => "helpdesk",
        }
    }
}

impl Key {
    /// Whether two keys tell the same thing, perhaps to others.
    pub fn tells_as(&self, other: &Self) -> bool {
        (self.event, self.day, self.mark) == (other.event, other.day, other.mark)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only => formatter.write_str("-"),
            Self::Lead(lead) => write!(formatter, "{lead}"),
            Self::Revision(count) => write!(formatter, "r{count}"),
        }
    }
}

impl fmt::Display for Key {
    /// Ids of a set's entries hold a slash, which no other part may.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { agreement, event, day, mark, recipient, channel } = self;
        let agreement = agreement.as_str().replace('/', "~");
        let (event, channel) = (event.as_str(), channel.as_str());
        write!(formatter, "{UNDER}{agreement}/{event}/{day}/{mark}/{recipient}/{channel}")
    }
}

/// A text is no key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("`{0}` is no key of a notice")]
pub struct NoKey(String);

impl FromStr for Key {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        read(text).ok_or_else(|| NoKey(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Key> {
    let parts: Vec<&str> = text.strip_prefix(UNDER)?.split('/').collect();
    let [agreement, event, day, mark, recipient, channel] = parts[..] else {
        return None;
    };
    let mark = match mark {
        "-" => Mark::Only,
        revision if revision.starts_with('r') => Mark::Revision(revision[1..].parse().ok()?),
        lead => Mark::Lead(Lead::read(lead).ok()?),
    };
    let key = Key {
        agreement: AgreementId::new(&agreement.replace('~', "/"))?,
        event: NoticeEvent::ALL.into_iter().find(|known| known.as_str() == event)?,
        day: read_day(day).ok()?,
        mark,
        recipient: Some(recipient).filter(|recipient| !recipient.is_empty())?.to_owned(),
        channel: Channel::ALL.into_iter().find(|known| known.as_str() == channel)?,
    };
    // One notice has one name, in letters as well.
    (key.to_string() == text).then_some(key)
}
