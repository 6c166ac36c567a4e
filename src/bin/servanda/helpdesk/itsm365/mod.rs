//! ITSM 365 (Naumen SMP) over REST: POST requests with a JSON body; what differs between tenants is in the
//! mapping.

mod key;
mod wire;
mod list;
mod inventory;
mod read;
mod explore;
mod write;

pub(crate) use explore::Itsm365Explorer;
pub(crate) use key::Itsm365Transport;
pub(crate) use list::ListBehaviour;
pub(crate) use read::Itsm365Reader;
pub(crate) use write::Itsm365Writer;

#[cfg(test)]
mod tests;
