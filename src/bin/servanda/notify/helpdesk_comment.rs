//! Sends messages through the helpdesk: as comments on agreements, or through a script module of the tenant.
//!
//! A comment contains the name of its message, so the helpdesk can be queried for it. A module receives the name too;
//! `notices.module.remembers` declares whether it recognises a repeated name.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use servanda::ident::{AgreementId, HelpdeskName, LiveId};
use servanda::notice::delivery::{DeliveryGuarantee, Message, Reply};
use servanda::render::message::{self, RenderedMessage};
use servanda::settings::HelpdeskNotice;

use crate::helpdesk::connect::Connection;
use crate::helpdesk::{NoSharedCreations, Reader as _, WriteError, Writer as _};
use crate::notify::channel::{DeliveryChannel, Submit};
use crate::notify::webhook::body;
use crate::reconcile::open::OpenHelpdesks;

/// The live objects of agreements by their current and former ids, each with the name of its helpdesk if there may be
/// several.
pub(crate) type LiveObjects = BTreeMap<AgreementId, (Option<HelpdeskName>, LiveId)>;

/// The connections that notices need.
pub(crate) struct NoticeConnections<'a> {
    /// The one to the helpdesk with the people who receive notices: the only one, or the default one. `None` while it is not
    /// available.
    pub(crate) people: Option<&'a Connection>,
    /// The one to the helpdesk with the witness of the ledger: that under which the records of notices began. `None` while it
    /// is not available.
    pub(crate) witness: Option<&'a Connection>,
    /// That of each helpdesk in which agreements live.
    pub(crate) helpdesks: BTreeMap<Option<HelpdeskName>, &'a Connection>,
}

impl<'a> NoticeConnections<'a> {
    /// The connection to the only helpdesk.
    pub(crate) fn to(connection: &'a Connection) -> Self {
        Self { people: Some(connection), witness: Some(connection), helpdesks: [(None, connection)].into() }
    }

    /// The connections to several helpdesks, with the names of those that have the people and the witness.
    pub(crate) fn to_all(
        helpdesks: &'a OpenHelpdesks<'_>,
        people: Option<&HelpdeskName>,
        witness: Option<&HelpdeskName>,
    ) -> Self {
        let to = |wanted: Option<&HelpdeskName>| {
            let found = helpdesks.iter().find(|(name, ..)| Some(*name) == wanted);
            found.map(|(_, _, connection)| connection)
        };
        let all = helpdesks.iter().map(|(name, _, connection)| (Some(name.clone()), connection));
        Self { people: to(people), witness: to(witness), helpdesks: all.collect() }
    }
}

/// The helpdesk as a channel.
pub(crate) struct HelpdeskComment<'a> {
    pub(crate) connections: &'a NoticeConnections<'a>,
    pub(crate) settings: &'a HelpdeskNotice,
    /// Whether the helpdesk's search shows a new comment before another run may take over.
    pub(crate) is_search_in_time: bool,
    /// The live objects of the agreements.
    pub(crate) objects: &'a LiveObjects,
    /// The name of the run.
    pub(crate) run: &'a str,
}

/// A comment or a call that is not sent yet.
pub(crate) struct PreparedComment<'a> {
    connection: &'a Connection,
    run: &'a str,
    object: &'a LiveId,
    name: String,
    content: Content<'a>,
}

enum Content<'a> {
    Comment { text: String, is_private: bool },
    Call { function: &'a str, body: Value },
}

impl<'a> DeliveryChannel for HelpdeskComment<'a> {
    type Prepared = PreparedComment<'a>;

    fn guarantee(&self) -> DeliveryGuarantee {
        match self.settings {
            HelpdeskNotice::Comment { .. } if self.is_search_in_time => DeliveryGuarantee::Queryable,
            HelpdeskNotice::Module { remembers: true, .. } => DeliveryGuarantee::Idempotent,
            HelpdeskNotice::Comment { .. } | HelpdeskNotice::Module { .. } => DeliveryGuarantee::AtMostOnce,
        }
    }

    async fn prepare(
        &self,
        message: &Message,
        rendered: &RenderedMessage,
    ) -> Result<PreparedComment<'a>, String> {
        let (connection, object) = self.object(message)?;
        let content = match self.settings {
            HelpdeskNotice::Comment { is_private } => {
                let text = message::comment(rendered, &message.name);
                Content::Comment { text, is_private: *is_private }
            }
            HelpdeskNotice::Module { function, .. } => {
                let mut body = body(message, rendered);
                (body["agreement"], body["html"]) = (json!(object), json!(rendered.html));
                Content::Call { function, body }
            }
        };
        let run = self.run;
        Ok(PreparedComment { connection, run, object, name: message.name.clone(), content })
    }

    async fn query(&self, message: &Message) -> Reply {
        let (connection, object) = match self.object(message) {
            Ok(found) => found,
            Err(why) => return Reply::Unknown(why),
        };
        match connection.reader().find_comment(object, &message::reference(&message.name)).await {
            Ok(Some(comment)) => Reply::Sent(comment.to_string()),
            Ok(None) => Reply::NotFound,
            Err(error) => Reply::Unknown(error.to_string()),
        }
    }
}

impl<'a> HelpdeskComment<'a> {
    fn object(&self, message: &Message) -> Result<(&'a Connection, &'a LiveId), String> {
        let found = self.objects.get(message.address.as_str());
        let found = found.and_then(|(name, object)| Some((*self.connections.helpdesks.get(name)?, object)));
        found.ok_or_else(|| format!("the helpdesk has no agreement {}", message.address))
    }
}

impl Submit for PreparedComment<'_> {
    async fn submit(self) -> Reply {
        let writer = self.connection.writer(self.run, &NoSharedCreations);
        let written = match &self.content {
            Content::Comment { text, is_private } => writer.comment(self.object, text, *is_private).await,
            Content::Call { function, body } => writer.call(function, body).await.map(|()| self.name),
        };
        match written {
            Ok(name) => Reply::Sent(name),
            Err(WriteError::Ambiguous(why) | WriteError::ServerFailed(why)) => Reply::Unknown(why),
            // Detected before the write.
            Err(WriteError::Conflict) => Reply::Refused("the object changed meanwhile".to_owned()),
            Err(WriteError::Refused(why) | WriteError::NotSent(why) | WriteError::Credentials(why)) => {
                Reply::Refused(why)
            }
        }
    }
}
