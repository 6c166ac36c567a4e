//! Who stands behind a role: contacts of the agreement or the client, the manager, or a bare address.
//!
//! A recipient is known by role and slug, so that no ledger holds an address and a new address is the same
//! recipient; only a bare address has nothing but its digest.

use crate::agreement::Agreement;
use crate::catalog::{Catalog, Contact};
use crate::ident::LiveId;

/// Who is told, and where.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Recipient {
    /// Who it is, for ever.
    pub identity: Identity,
    /// Where mail to them goes.
    pub address: Address,
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identity {
    /// A contact of the client, by the role within the company.
    Contact(String),
    /// The client, who has no contact.
    Client,
    /// A manager, by slug.
    Manager(String),
    /// The manager of an agreement that has none.
    Nobody,
    /// A bare address.
    Address(String),
    /// Whoever listens to a channel that has no recipients.
    Everyone,
}

/// Where mail goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// Here.
    Known(String),
    /// Where the helpdesk says that this person is reached.
    Person(LiveId),
    /// Nobody knows, and why.
    Missing(&'static str),
}

impl Identity {
    /// The part of a key; `hide` turns a bare address into what cannot be turned back.
    pub fn in_key(&self, hide: impl Fn(&str) -> String) -> String {
        match self {
            Self::Contact(role) => format!("client.{role}"),
            Self::Client => "client".to_owned(),
            Self::Manager(slug) => format!("manager.{slug}"),
            Self::Nobody => "manager".to_owned(),
            Self::Address(address) => format!("address.{}", hide(&address.to_lowercase())),
            Self::Everyone => "everyone".to_owned(),
        }
    }

    /// The role, for texts that name nobody.
    pub const fn role(&self) -> &'static str {
        match self {
            Self::Contact(_) | Self::Client => "client",
            Self::Manager(_) | Self::Nobody => "manager",
            Self::Address(_) => "address",
            Self::Everyone => "everyone",
        }
    }
}

/// Everybody behind a list of roles and addresses, each once.
pub(super) fn behind(to: &[String], agreement: &Agreement, catalog: &Catalog) -> Vec<Recipient> {
    let mut recipients: Vec<Recipient> = Vec::new();
    for role in to {
        let found = match role.as_str() {
            "client" => contacts(agreement, catalog),
            "manager" => vec![manager(agreement, catalog)],
            address => vec![Recipient {
                identity: Identity::Address(address.to_owned()),
                address: Address::Known(address.to_owned()),
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
                Contact::Email(email) => Address::Known(email.clone()),
                Contact::Person(person) => Address::Person(person.clone()),
            },
        })
        .collect();
    if recipients.is_empty() {
        let address = Address::Missing("the client has no contact");
        return vec![Recipient { identity: Identity::Client, address }];
    }
    recipients
}

fn manager(agreement: &Agreement, catalog: &Catalog) -> Recipient {
    let Some(slug) = &agreement.manager else {
        let address = Address::Missing("the agreement has no manager");
        return Recipient { identity: Identity::Nobody, address };
    };
    let entry = catalog.managers.get(slug.as_str());
    let address = entry.and_then(|entry| {
        let email = entry.email.clone().map(Address::Known);
        email.or_else(|| entry.helpdesk.clone().map(Address::Person))
    });
    Recipient {
        identity: Identity::Manager(slug.to_string()),
        address: address
            .unwrap_or(Address::Missing("the manager has neither an address nor an id in the helpdesk")),
    }
}
