//! A message becomes a comment on its agreement in the helpdesk, or is handed to a script module of the tenant.
//!
//! A comment bears the message's name, so that the helpdesk can be asked whether it has it. A module gets the name as
//! well; whether it knows it again only its owner can say.

use std::collections::BTreeMap;

use serde_json::json;
use servanda::ident::{AgreementId, LiveId};
use servanda::notice::delivery::{Message, Reply};
use servanda::render::message::{self, Letter};
use servanda::settings::HelpdeskNotice;

use super::webhook::everything;
use crate::helpdesk::connect::Connection;
use crate::helpdesk::{Reader as _, WriteError, Writer as _};

/// The helpdesk as a way to people.
pub(crate) struct HelpdeskComment<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) way: Option<&'a HelpdeskNotice>,
    /// The objects of the agreements, as they were seen last.
    pub(crate) objects: &'a BTreeMap<AgreementId, LiveId>,
    /// The run, by its name.
    pub(crate) run: &'a str,
}

impl HelpdeskComment<'_> {
    /// Whether there is something to tell it to.
    pub(crate) fn prepare(&self, message: &Message) -> Result<(), String> {
        self.object(message).map(drop)
    }

    /// The act that cannot be taken back.
    pub(crate) async fn submit(&self, message: &Message, letter: &Letter) -> Reply {
        let object = match self.object(message) {
            Ok(object) => object,
            Err(why) => return Reply::Refused(why),
        };
        let writer = self.connection.writer(self.run);
        let told = match self.way {
            None => Err(WriteError::Refused("the settings do not open this channel".to_owned())),
            Some(HelpdeskNotice::Comment { is_private }) => {
                let text = message::comment(letter, &message.name);
                writer.comment(object, &text, *is_private).await
            }
            Some(HelpdeskNotice::Module { function, .. }) => {
                let mut body = everything(message, letter);
                (body["agreement"], body["html"]) = (json!(object), json!(letter.html));
                writer.call(function, &body).await.map(|()| message.name.clone())
            }
        };
        match told {
            Ok(name) => Reply::Sent(name),
            Err(WriteError::Ambiguous(why)) => Reply::Unknown(why),
            // Said before anything is written.
            Err(WriteError::Conflict) => Reply::Refused("the object moved meanwhile".to_owned()),
            Err(WriteError::Refused(why) | WriteError::NotSent(why) | WriteError::Credentials(why)) => {
                Reply::Refused(why)
            }
        }
    }

    /// Whether the helpdesk has the comment.
    pub(crate) async fn ask(&self, message: &Message) -> Reply {
        let object = match self.object(message) {
            Ok(object) => object,
            Err(why) => return Reply::Unknown(why),
        };
        match self.connection.reader().find_comment(object, &message::reference(&message.name)).await {
            Ok(Some(comment)) => Reply::Sent(comment.to_string()),
            Ok(None) => Reply::NotThere,
            Err(error) => Reply::Unknown(error.to_string()),
        }
    }

    fn object(&self, message: &Message) -> Result<&LiveId, String> {
        let object = self.objects.get(message.address.as_str());
        object.ok_or_else(|| format!("the helpdesk has no agreement {}", message.address))
    }
}
