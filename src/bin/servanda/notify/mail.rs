//! A message becomes mail, phase by phase, so that it is known what is certain: not sent, refused, sent, unknown.
//!
//! Up to the server's word that it waits for the text (354) nothing was sent. From there on only its answer
//! says; it is waited for ten minutes (RFC 5321 §4.5.3.2.6), since to give up early is how mails come twice.
//! TLS is a must, but for this machine itself.

use std::sync::Arc;
use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use secrecy::{ExposeSecret as _, SecretString};
use servanda::notice::delivery::{Message, Reply};
use servanda::render::message::Letter;
use servanda::settings::is_this_machine;

use crate::http::client::use_ring;
use crate::process::context::clock;
use crate::process::failure::{Exit, Failure};

/// How long one command may take (RFC 5321 §4.5.3.2 asks for five minutes).
const COMMAND_LIMIT: Duration = Duration::from_mins(5);
/// How long it may take to be connected at all.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);
/// How long the answer to the text may take.
const ANSWER_LIMIT: Duration = Duration::from_mins(10);
/// The ways to say who one is.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// A mail server.
pub(crate) struct Smtp {
    server: Arc<Server>,
    from: Mailbox,
}

struct Server {
    host: String,
    port: u16,
    is_tls_from_the_start: bool,
    is_this_machine: bool,
    user: Option<(String, SecretString)>,
}

/// A mail of which the server waits for the text.
pub(crate) struct Prepared {
    connection: SmtpConnection,
    text: Vec<u8>,
    name: String,
}

impl Smtp {
    /// A server by its address: `smtps://user:password@mail.acme.example`, `smtp://localhost:1025`.
    pub(crate) fn new(address: &SecretString, from: &str) -> Result<Self, Failure> {
        let wrong = |what: &str| {
            Failure::new(Exit::Failure, "notify-failure", format!("mail.url: {what}"))
                .help("write smtps://user:password@mail.acme.example, or smtp:// where the server begins TLS by itself")
        };
        let url = reqwest::Url::parse(address.expose_secret()).map_err(|_| wrong("this is no address"))?;
        let is_tls_from_the_start = match url.scheme() {
            "smtps" => true,
            "smtp" => false,
            _ => return Err(wrong("this is no address of a mail server")),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("it names no host"))?;
        let decoded = |text: &str| {
            let bytes = percent(text);
            String::from_utf8(bytes).map_err(|_| wrong("user or password are no text"))
        };
        let user = match (url.username(), url.password()) {
            ("", _) => None,
            (user, password) => {
                Some((decoded(user)?, SecretString::from(decoded(password.unwrap_or_default())?)))
            }
        };
        let from = from.parse().map_err(|_| {
            Failure::new(Exit::Failure, "notify-failure", "mail.from: this is no sender")
                .help("write \"Service desk <sd@acme.example>\"")
        })?;
        use_ring();
        let server = Server {
            host: host.to_owned(),
            port: url.port().unwrap_or(if is_tls_from_the_start { 465 } else { 587 }),
            is_tls_from_the_start,
            is_this_machine: is_this_machine(host),
            user,
        };
        Ok(Self { server: Arc::new(server), from })
    }

    /// Greets the server, begins TLS and says who one is; nothing is sent. Gives where that was.
    pub(crate) async fn greet(&self) -> Result<String, String> {
        let server = Arc::clone(&self.server);
        let place = format!("{}:{}", server.host, server.port);
        let greeted = tokio::task::spawn_blocking(move || {
            let mut connection = server.open(None)?;
            // Whether it says good-bye changes nothing.
            let _ = connection.quit();
            Ok(())
        });
        let greeted = greeted.await.unwrap_or_else(|_| Err("the connection broke".to_owned()));
        greeted.map(|()| place.clone()).map_err(|why| format!("{place}: {why}"))
    }

    /// Goes as far as the server's word that it waits for the text.
    pub(crate) async fn prepare(&self, message: &Message, letter: &Letter) -> Result<Prepared, String> {
        let mail = compose(message, letter, &self.from)?;
        let (server, text) = (Arc::clone(&self.server), mail.formatted());
        let envelope = mail.envelope().clone();
        let name = message.name.clone();
        let opened = tokio::task::spawn_blocking(move || server.open(Some(&envelope)));
        let connection = opened.await.map_err(|_| "the connection broke".to_owned())?;
        Ok(Prepared { connection: connection?, text, name })
    }
}

/// The mail itself. The same message has the same id at every attempt, so that receivers may collapse copies.
pub(crate) fn compose(message: &Message, letter: &Letter, from: &Mailbox) -> Result<lettre::Message, String> {
    let to: Mailbox =
        message.address.parse().map_err(|_| "this is no address that mail can go to".to_owned())?;
    let domain = from.email.domain();
    let alternatives = MultiPart::alternative()
        .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(letter.text.clone()))
        .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(letter.html.clone()));
    let mut mail = lettre::Message::builder()
        .from(from.clone())
        .to(to)
        .subject(&letter.subject)
        .date(std::time::UNIX_EPOCH + Duration::from_secs(clock().as_second().unsigned_abs()))
        .message_id(Some(format!("<{}@{domain}>", message.name)))
        .multipart(alternatives)
        .map_err(|error| format!("the mail could not be made: {error}"))?;
    // RFC 3834: nobody's holiday answers this.
    for (name, value) in [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")] {
        let name = HeaderName::new_from_ascii_str(name);
        mail.headers_mut().insert_raw(HeaderValue::new(name, value.to_owned()));
    }
    Ok(mail)
}

impl Server {
    /// A connection on which the server knows who we are and, where there is an envelope, waits for the text.
    fn open(&self, envelope: Option<&lettre::address::Envelope>) -> Result<SmtpConnection, String> {
        let failed = |error: lettre::transport::smtp::Error| said(&error);
        let hello = ClientId::default();
        let tls = TlsParameters::new_rustls(self.host.clone()).map_err(failed)?;
        let from_the_start = self.is_tls_from_the_start.then_some(&tls);
        let address = (self.host.as_str(), self.port);
        let mut connection =
            SmtpConnection::connect(address, Some(CONNECT_LIMIT), &hello, from_the_start, None)
                .map_err(failed)?;
        let talked = connection
            .set_timeout(Some(COMMAND_LIMIT))
            .map_err(|error| error.to_string())
            .and_then(|()| self.greet(&mut connection, &tls, &hello).map_err(failed))
            .and_then(|()| {
                envelope.map_or(Ok(()), |envelope| talk(&mut connection, envelope)).map_err(failed)
            });
        if let Err(why) = talked {
            connection.abort();
            return Err(why);
        }
        Ok(connection)
    }

    fn greet(
        &self,
        connection: &mut SmtpConnection,
        tls: &TlsParameters,
        hello: &ClientId,
    ) -> Result<(), lettre::transport::smtp::Error> {
        if !self.is_tls_from_the_start && (!self.is_this_machine || connection.can_starttls()) {
            connection.starttls(tls, hello)?;
        }
        if let Some((user, password)) = &self.user {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            connection.auth(&MECHANISMS, &credentials)?;
        }
        Ok(())
    }
}

/// From whom and to whom, up to the server's word that it waits for the text.
fn talk(
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

impl Prepared {
    /// Sends the text and its final dot, and waits for the answer.
    pub(crate) async fn submit(mut self) -> Reply {
        let submitted = tokio::task::spawn_blocking(move || {
            if self.connection.set_timeout(Some(ANSWER_LIMIT)).is_err() {
                return Reply::Refused("the connection broke before the text was sent".to_owned());
            }
            let answered = self.connection.message(&self.text);
            // Whether it says good-bye changes nothing.
            let _ = self.connection.quit();
            match answered {
                Ok(_) => Reply::Sent(self.name),
                Err(error) if error.is_permanent() || error.is_transient() => Reply::Refused(said(&error)),
                Err(error) => Reply::Unknown(said(&error)),
            }
        });
        submitted.await.unwrap_or_else(|_| Reply::Unknown("the connection broke".to_owned()))
    }
}

/// What went wrong, with the server's words. They hold no address of ours beyond what it chose to repeat.
fn said(error: &lettre::transport::smtp::Error) -> String {
    use std::error::Error as _;

    let text = error.to_string();
    let cause = error.source().map(ToString::to_string).filter(|cause| !text.contains(cause));
    let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
    format!("{text}{cause}").replace(['\r', '\n'], " ")
}

/// Percent-encoding taken off.
fn percent(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = (*first == b'%' && after.len() >= 2)
            .then(|| std::str::from_utf8(&after[..2]).ok())
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = escaped {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

#[cfg(test)]
mod tests;
