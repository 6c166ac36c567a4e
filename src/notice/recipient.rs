//! Resolves roles to recipients: contacts of the agreement or the client, the manager, or a bare address.
//!
//! A recipient is identified by role and slug. The ledger therefore contains no address, and a new address belongs to
//! the same recipient. A bare address is identified by its HMAC.

use crate::agreement::Agreement;
use crate::catalog::{Catalog, Contact};
use crate::ident::LiveId;

/// A recipient and the address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Recipient {
    /// The identity, which does not change.
    pub identity: Identity,
    /// The mail address.
    pub address: MailAddress,
}

/// The identity of a recipient.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identity {
    /// A contact of the client, by the role within the company.
    Contact(String),
    /// The client, if it has no contacts.
    Client,
    /// A manager, by slug.
    Manager(String),
    /// The missing manager of an agreement.
    NoManager,
    /// A bare address.
    Address(String),
    /// The audience of a channel that has no recipients of its own.
    Everyone,
}

/// The mail address of a recipient.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MailAddress {
    /// A known address.
    Known(String),
    /// The address of this person in the helpdesk.
    Person(LiveId),
    /// No address, and the reason.
    Missing(&'static str),
}

impl Identity {
    /// The recipient's part of a key; `hide` makes an irreversible digest of a bare address.
    pub fn in_key(&self, hide: impl Fn(&str) -> String) -> String {
        match self {
            Self::Contact(role) => format!("client.{role}"),
            Self::Client => "client".to_owned(),
            Self::Manager(slug) => format!("manager.{slug}"),
            Self::NoManager => "manager".to_owned(),
            Self::Address(address) => format!("address.{}", hide(&address.to_lowercase())),
            Self::Everyone => "everyone".to_owned(),
        }
    }

    /// The role, for texts that name no person.
    pub const fn role(&self) -> &'static str {
        match self {
            Self::Contact(_) | Self::Client => "client",
            Self::Manager(_) | Self::NoManager => "manager",
            Self::Address(_) => "address",
            Self::Everyone => "everyone",
        }
    }
}

/// Resolves a list of roles and addresses, without duplicates.
pub(super) fn resolve(to: &[String], agreement: &Agreement, catalog: &Catalog) -> Vec<Recipient> {
    let mut recipients: Vec<Recipient> = Vec::new();
    for role in to {
        let found = match role.as_str() {
            "client" => contacts(agreement, catalog),
            "manager" => vec![manager(agreement, catalog)],
            address => vec![Recipient {
                identity: Identity::Address(address.to_owned()),
                address: MailAddress::Known(address.to_owned()),
            }],
        };
        for recipient in found {
            if recipients.iter().all(|known| known.identity != recipient.identity) {
                recipients.push(recipient);
            }
        }
    }
    recipients
}

fn contacts(agreement: &Agreement, catalog: &Catalog) -> Vec<Recipient> {
    let of_client = catalog.clients.get(agreement.client.as_str()).map(|client| &client.contacts);
    let contacts = Some(&agreement.contacts).filter(|contacts| !contacts.is_empty()).or(of_client);
    let recipients: Vec<Recipient> = contacts
        .into_iter()
        .flatten()
        .map(|(role, contact)| Recipient {
            identity: Identity::Contact(role.clone()),
            address: match contact {
                Contact::Email(email) => MailAddress::Known(email.clone()),
                Contact::Person(person) => MailAddress::Person(person.clone()),
            },
        })
        .collect();
    if recipients.is_empty() {
        let address = MailAddress::Missing("the client has no contact");
        return vec![Recipient { identity: Identity::Client, address }];
    }
    recipients
}

fn manager(agreement: &Agreement, catalog: &Catalog) -> Recipient {
    let Some(slug) = &agreement.manager else {
        let address = MailAddress::Missing("the agreement has no manager");
        return Recipient { identity: Identity::NoManager, address };
    };
    let entry = catalog.managers.get(slug.as_str());
    let address = entry.and_then(|entry| {
        let email = entry.email.clone().map(MailAddress::Known);
        email.or_else(|| entry.helpdesk.clone().map(MailAddress::Person))
    });
    Recipient {
        identity: Identity::Manager(slug.to_string()),
        address: address
            .unwrap_or(MailAddress::Missing("the manager has neither an address nor a helpdesk id")),
    }
}
