//! Sends messages as mail, phase by phase, so that the result is certain: not sent, refused, sent, or unknown.
//!
//! Until the server's response to DATA (354), nothing was sent. After it, only the response to the text decides. The
//! client waits ten minutes for that (RFC 5321 §4.5.3.2.6), since giving up early leads to duplicates. TLS is required,
//! except on this machine. Connections are used for one mail after another (`pool`).

mod server;
mod pool;

use std::sync::Arc;
use std::time::Duration;

use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::extension::Extension;
use secrecy::SecretString;
use servanda::notice::delivery::{DeliveryGuarantee, Message, Reply};
use servanda::render::message::RenderedMessage;
use servanda::settings::{MailPace, ascii_domain};

use self::pool::{Begun, Pool};
use self::server::{SmtpServer, describe};
use crate::http::rate_limit::RateLimit;
use crate::notify::channel::{DeliveryChannel, Submit};
use crate::process::context::clock;
use crate::process::failure::{Exit, Failure};

/// A mail server.
pub(crate) struct Smtp {
    pool: Arc<Pool>,
    rate: RateLimit,
    from: Mailbox,
}

/// A mail for which the server expects the text.
pub(crate) struct PreparedMail {
    begun: Begun,
    text: Vec<u8>,
    name: String,
}

/// The place of a mail server, and its extensions.
pub(crate) struct MailOffer {
    /// Host and port.
    pub(crate) place: String,
    /// Whether it takes addresses with letters other than ASCII before the `@`.
    pub(crate) smtp_utf8: bool,
}

impl Smtp {
    /// The maximum number of mails that are sent at the same time.
    pub(crate) fn connections(&self) -> usize {
        self.pool.width()
    }

    /// Parses an address such as `smtps://user:password@mail.acme.example` or `smtp://localhost:1025`.
    pub(crate) fn new(address: &SecretString, from: &str, pace: MailPace) -> Result<Self, Failure> {
        let server = SmtpServer::read(address).map_err(|why| {
            Failure::new(Exit::Failure, "mail-url-invalid", format!("`mail.url` is invalid: {why}"))
                .help("write smtps://user:password@mail.acme.example, or smtp:// if the server uses STARTTLS")
        })?;
        let from = from.parse().map_err(|_| {
            let message = format!("`mail.from` is not a sender: {from}");
            Failure::new(Exit::Failure, "mail-from-invalid", message)
                .help("write an address, or a name with the address behind it in angle brackets")
        })?;
        let rate = RateLimit::per_minute(pace.per_minute);
        Ok(Self { pool: Pool::new(server, pace.connections), rate, from })
    }

    /// Waits until the rate allows another mail.
    pub(crate) async fn admit(&self) {
        self.rate.acquire().await;
    }

    /// Closes the connections that are idle.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    /// Connects, negotiates TLS and authenticates, without sending.
    pub(crate) async fn check(&self) -> Result<MailOffer, String> {
        let pool = Arc::clone(&self.pool);
        let place = self.pool.server().place();
        let checked = tokio::task::spawn_blocking(move || {
            let mut connection = pool.server().connect().map_err(|error| describe(&error))?;
            let smtp_utf8 = connection.server_info().supports_feature(Extension::SmtpUtfEight);
            // The response to QUIT does not matter.
            let _ = connection.quit();
            Ok(smtp_utf8)
        });
        let checked = checked.await.unwrap_or_else(|_| Err("the connection broke".to_owned()));
        match checked {
            Ok(smtp_utf8) => Ok(MailOffer { place, smtp_utf8 }),
            Err(why) => Err(format!("{place}: {why}")),
        }
    }
}

impl DeliveryChannel for Smtp {
    type Prepared = PreparedMail;

    fn guarantee(&self) -> DeliveryGuarantee {
        DeliveryGuarantee::AtMostOnce
    }

    /// Proceeds to the server's response to DATA.
    async fn prepare(&self, message: &Message, rendered: &RenderedMessage) -> Result<PreparedMail, String> {
        let mail = compose(message, rendered, &self.from)?;
        let begun = self.pool.begin(mail.envelope().clone()).await?;
        Ok(PreparedMail { begun, text: mail.formatted(), name: message.name.clone() })
    }
}

/// Composes the mail. Its Message-ID is the same at every attempt, so that receivers can detect duplicates.
pub(crate) fn compose(
    message: &Message,
    rendered: &RenderedMessage,
    from: &Mailbox,
) -> Result<lettre::Message, String> {
    let invalid = || "the recipient's address is invalid".to_owned();
    let to = with_ascii_domain(message.address.parse().map_err(|_| invalid())?).ok_or_else(invalid)?;
    let from = with_ascii_domain(from.clone()).ok_or_else(|| "`mail.from` is not a sender".to_owned())?;
    let domain = from.email.domain().to_owned();
    let alternatives = MultiPart::alternative()
        .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(rendered.text.clone()))
        .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(rendered.html.clone()));
    let mut mail = lettre::Message::builder()
        .from(from)
        .to(to)
        .subject(&rendered.subject)
        .date(std::time::UNIX_EPOCH + Duration::from_secs(clock().as_second().unsigned_abs()))
        .message_id(Some(format!("<{}@{domain}>", message.name)))
        .multipart(alternatives)
        .map_err(|error| format!("the mail cannot be composed: {error}"))?;
    // RFC 3834: suppresses automatic replies.
    for (name, value) in [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")] {
        let name = HeaderName::new_from_ascii_str(name);
        mail.headers_mut().insert_raw(HeaderValue::new(name, value.to_owned()));
    }
    Ok(mail)
}

/// The mailbox with its domain in Punycode, which every server understands.
fn with_ascii_domain(mailbox: Mailbox) -> Option<Mailbox> {
    let email = Address::new(mailbox.email.user(), ascii_domain(mailbox.email.domain())).ok()?;
    Some(Mailbox { email, ..mailbox })
}

impl Submit for PreparedMail {
    /// Sends the text with its final dot, and waits for the response.
    async fn submit(self) -> Reply {
        self.begun.submit(self.text, Reply::Sent(self.name)).await
    }
}

#[cfg(test)]
mod tests;
