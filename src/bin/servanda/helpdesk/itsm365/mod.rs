//! ITSM 365 (Naumen SMP) over REST: POST with a JSON body only, and what differs per tenant from the mapping.

mod inventory;
mod explore;
mod key;
mod list;
mod read;
mod wire;
mod write;

pub(crate) use explore::Itsm365Explorer;
pub(crate) use key::AccessKey;
pub(crate) use list::Habits;
pub(crate) use read::Itsm365Reader;
pub(crate) use write::Itsm365Writer;

#[cfg(test)]
mod tests;
