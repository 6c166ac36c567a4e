//! Decides who is notified of what at an instant, as a pure function of the agreements, the instant and the records
//! in the ledger.
//!
//! [`event`] derives from an agreement which events there are and when each is announced. [`mod@due`] combines them
//! with the records into notices to send, to defer or to settle. [`delivery`] is the protocol that sends each notice
//! once, and [`compact`] finds records that may be deleted. [`confirmed`] compares desired and live state, since
//! notices follow facts. Texts are made by `render`.

mod key;
mod recipient;
mod record;
pub mod event;
pub mod kind;
mod corrections;
pub mod confirmed;
pub mod due;
pub mod compact;
pub mod delivery;
pub mod past;
mod announce;

pub use announce::{
    Announced, AnnouncedNotice, PlannedFiles, Role, SentNotices, announced_at_most, announced_by, counted,
};
pub use confirmed::Confirmation;
pub use due::{DueInput, DueNotices, Notice, due};
pub use event::{ScheduledEvent, scheduled_events};
pub use key::{Channel, NoticeKey, Variant};
pub use kind::NoticeKind;
pub use recipient::{Identity, MailAddress, Recipient};
pub use record::{AnnouncedDays, NoticeRecord, NoticeRecords, NoticeResult, PastEvents};

#[cfg(test)]
mod tests;
