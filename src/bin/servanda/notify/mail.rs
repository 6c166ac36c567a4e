//! Sends messages as mail, phase by phase, so that the result is certain: not sent, refused, sent, or unknown.
//!
//! Until the server's response to DATA (354), nothing was sent. After it, only the response to the text decides. The
//! client waits ten minutes for that (RFC 5321 §4.5.3.2.6), since giving up early leads to duplicates. TLS is required,
//! except on this machine.

use std::sync::Arc;
use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use secrecy::{ExposeSecret as _, SecretString};
use servanda::notice::delivery::{DeliveryGuarantee, Message, Reply};
use servanda::render::message::RenderedMessage;
use servanda::settings::is_this_machine;

use crate::http::client::use_ring;
use crate::http::decode::percent_decoded;
use crate::http::redact;
use crate::notify::channel::{DeliveryChannel, Submit};
use crate::process::context::clock;
use crate::process::failure::{Exit, Failure};

/// The timeout of a command (RFC 5321 §4.5.3.2: five minutes).
const COMMAND_TIMEOUT: Duration = Duration::from_mins(5);
/// The timeout of the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// The timeout of the response to the text.
const DATA_TIMEOUT: Duration = Duration::from_mins(10);
/// The accepted authentication mechanisms.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// A mail server.
pub(crate) struct Smtp {
    server: Arc<SmtpServer>,
    from: Mailbox,
}

struct SmtpServer {
    host: String,
    port: u16,
    is_implicit_tls: bool,
    is_this_machine: bool,
    user: Option<(String, SecretString)>,
}

/// A mail for which the server expects the text.
pub(crate) struct PreparedMail {
    connection: SmtpConnection,
    text: Vec<u8>,
    name: String,
}

impl Smtp {
    /// Parses an address such as `smtps://user:password@mail.acme.example` or `smtp://localhost:1025`.
    pub(crate) fn new(address: &SecretString, from: &str) -> Result<Self, Failure> {
        let invalid = |why: &str| {
            Failure::new(Exit::Failure, "mail-url-invalid", format!("`mail.url` is invalid: {why}"))
                .help("write smtps://user:password@mail.acme.example, or smtp:// if the server uses STARTTLS")
        };
        let url = reqwest::Url::parse(address.expose_secret()).map_err(|_| invalid("it is not a URL"))?;
        let is_implicit_tls = match url.scheme() {
            "smtps" => true,
            "smtp" => false,
            _ => return Err(invalid("its scheme is neither smtps nor smtp")),
        };
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| invalid("it has no host"))?;
        let decoded = |text: &str| {
            let bytes = percent_decoded(text);
            String::from_utf8(bytes).map_err(|_| invalid("user or password is not UTF-8"))
        };
        let user = match (url.username(), url.password()) {
            ("", _) => None,
            (user, password) => {
                Some((decoded(user)?, SecretString::from(decoded(password.unwrap_or_default())?)))
            }
        };
        if let Some((user, password)) = &user {
            redact::register_login(user, password);
        }
        let from = from.parse().map_err(|_| {
            let message = format!("`mail.from` is not a sender: {from}");
            Failure::new(Exit::Failure, "mail-from-invalid", message)
                .help("write \"Service desk <sd@acme.example>\"")
        })?;
        use_ring();
        let server = SmtpServer {
            host: host.to_owned(),
            port: url.port().unwrap_or(if is_implicit_tls { 465 } else { 587 }),
            is_implicit_tls,
            is_this_machine: is_this_machine(host),
            user,
        };
        Ok(Self { server: Arc::new(server), from })
    }

    /// Connects, negotiates TLS and authenticates, without sending. Returns the server's place.
    pub(crate) async fn check(&self) -> Result<String, String> {
        let server = Arc::clone(&self.server);
        let place = format!("{}:{}", server.host, server.port);
        let checked = tokio::task::spawn_blocking(move || {
            let mut connection = server.open(None)?;
            // The response to QUIT does not matter.
            let _ = connection.quit();
            Ok(())
        });
        let checked = checked.await.unwrap_or_else(|_| Err("the connection broke".to_owned()));
        checked.map(|()| place.clone()).map_err(|why| format!("{place}: {why}"))
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
        let (server, text) = (Arc::clone(&self.server), mail.formatted());
        let envelope = mail.envelope().clone();
        let name = message.name.clone();
        let opened = tokio::task::spawn_blocking(move || server.open(Some(&envelope)));
        let connection = opened.await.map_err(|_| "the connection broke".to_owned())?;
        Ok(PreparedMail { connection: connection?, text, name })
    }
}

/// Composes the mail. Its Message-ID is the same at every attempt, so that receivers can detect duplicates.
pub(crate) fn compose(
    message: &Message,
    rendered: &RenderedMessage,
    from: &Mailbox,
) -> Result<lettre::Message, String> {
    let to: Mailbox = message.address.parse().map_err(|_| "the recipient's address is invalid".to_owned())?;
    let domain = from.email.domain();
    let alternatives = MultiPart::alternative()
        .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(rendered.text.clone()))
        .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(rendered.html.clone()));
    let mut mail = lettre::Message::builder()
        .from(from.clone())
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

impl SmtpServer {
    /// Opens an authenticated connection and, with an envelope, proceeds to the response to DATA.
    fn open(&self, envelope: Option<&lettre::address::Envelope>) -> Result<SmtpConnection, String> {
        let failed = |error: lettre::transport::smtp::Error| describe(&error);
        let hello = ClientId::default();
        let tls = TlsParameters::new_rustls(self.host.clone()).map_err(failed)?;
        let implicit_tls = self.is_implicit_tls.then_some(&tls);
        let address = (self.host.as_str(), self.port);
        let mut connection =
            SmtpConnection::connect(address, Some(CONNECT_TIMEOUT), &hello, implicit_tls, None)
                .map_err(failed)?;
        let opened = connection
            .set_timeout(Some(COMMAND_TIMEOUT))
            .map_err(|error| error.to_string())
            .and_then(|()| self.authenticate(&mut connection, &tls, &hello).map_err(failed))
            .and_then(|()| {
                envelope.map_or(Ok(()), |envelope| send_envelope(&mut connection, envelope)).map_err(failed)
            });
        if let Err(why) = opened {
            connection.abort();
            return Err(why);
        }
        Ok(connection)
    }

    fn authenticate(
        &self,
        connection: &mut SmtpConnection,
        tls: &TlsParameters,
        hello: &ClientId,
    ) -> Result<(), lettre::transport::smtp::Error> {
        if !self.is_implicit_tls && (!self.is_this_machine || connection.can_starttls()) {
            connection.starttls(tls, hello)?;
        }
        if let Some((user, password)) = &self.user {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            connection.auth(&MECHANISMS, &credentials)?;
        }
        Ok(())
    }
}

/// Sends sender and recipients, up to the response to DATA.
fn send_envelope(
    connection: &mut SmtpConnection,
    envelope: &lettre::address::Envelope,
) -> Result<(), lettre::transport::smtp::Error> {
    connection.command(Mail::new(envelope.from().cloned(), Vec::new()))?;
    for to in envelope.to() {
        connection.command(Rcpt::new(to.clone(), Vec::new()))?;
    }
    connection.command(Data)?;
    Ok(())
}

impl Submit for PreparedMail {
    /// Sends the text with its final dot, and waits for the response.
    async fn submit(mut self) -> Reply {
        let submitted = tokio::task::spawn_blocking(move || {
            if self.connection.set_timeout(Some(DATA_TIMEOUT)).is_err() {
                return Reply::Refused("the connection broke before the text was sent".to_owned());
            }
            let answered = self.connection.message(&self.text);
            // The response to QUIT does not matter.
            let _ = self.connection.quit();
            match answered {
                Ok(_) => Reply::Sent(self.name),
                Err(error) if error.is_permanent() || error.is_transient() => {
                    Reply::Refused(describe(&error))
                }
                Err(error) => Reply::Unknown(describe(&error)),
            }
        });
        submitted.await.unwrap_or_else(|_| Reply::Unknown("the connection broke".to_owned()))
    }
}

/// Describes an error in the server's words, on one line.
fn describe(error: &lettre::transport::smtp::Error) -> String {
    use std::error::Error as _;

    let text = error.to_string();
    let cause = error.source().map(ToString::to_string).filter(|cause| !text.contains(cause));
    let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
    redact::text(&format!("{text}{cause}")).replace(['\r', '\n'], " ")
}

#[cfg(test)]
mod tests;
