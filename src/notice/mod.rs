//! Who is to be told of what, at an instant: a pure function of agreements, an instant, and what is remembered.
//!
//! [`occasion`] turns an agreement into what there is to tell, [`mod@due`] turns that and the memory into notices
//! and into what is settled without one, [`delivery`] is the protocol that sends each of them once, and
//! [`compact`] says what may be forgotten. Knows no mail server, no clock and no words: texts are made by `render`.

mod amend;
mod announce;
pub mod compact;
pub mod delivery;
pub mod due;
mod key;
pub mod event;
mod recipient;
mod record;

pub use announce::{Announced, Role, announced};
pub use due::{Due, Fact, Setting, due};
pub use event::{Occasion, occasions};
pub use key::{Channel, Key, Mark};
pub use recipient::{Address, Identity, Recipient};
pub use record::{Beginning, How, Memory, Record, Told};

use crate::status::State;

/// One thing to tell one recipient through one channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Notice {
    /// Its name in the ledger; no two notices share one.
    pub key: Key,
    /// When it was to be told.
    pub planned: crate::calendar::Instant,
    /// Who is told.
    pub recipient: Recipient,
    /// The days that this tells.
    pub told: Told,
    /// What the agreement is at the instant of the run.
    pub state: State,
    /// Whether the date alone made it due; what people wrote is counted by the brake.
    pub by_date: bool,
}

#[cfg(test)]
mod tests;
