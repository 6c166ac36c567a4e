//! The connections of a run to its mail server: a few at a time, each used for one mail after another.
//!
//! A connection is used again only after the server has taken a text over. After anything else it is closed, so
//! that no response to one mail can be read as the response to another. Nothing is sent before the server's 354, so that
//! until then a mail may try another connection.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::client::SmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Severity;
use servanda::notice::delivery::Reply;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::server::{COMMAND_TIMEOUT, SmtpServer, describe};

/// The timeout of the response to the text.
const DATA_TIMEOUT: Duration = Duration::from_mins(10);
/// The timeout of a farewell, whose response does not matter.
const QUIT_TIMEOUT: Duration = Duration::from_secs(2);
/// The responses of a server that has too many connections, or ends this one.
const CLOSING: [u16; 2] = [421, 432];
/// The response that asks for the text.
const START_INPUT: u16 = 354;

/// The connections to one server.
pub(super) struct Pool {
    server: SmtpServer,
    slots: Arc<Semaphore>,
    /// The number of connections that the server allows, as far as it is known.
    width: AtomicUsize,
    idle: Mutex<Vec<SmtpConnection>>,
}

/// A connection on which the server expects the text of one mail.
pub(super) struct Begun {
    pool: Arc<Pool>,
    connection: SmtpConnection,
    /// Held until the connection is idle or closed.
    _slot: OwnedSemaphorePermit,
}

/// The reason why a mail did not come as far as its text.
enum NotBegun {
    /// The server refused sender or recipient, and the connection is in order.
    Refused(Box<SmtpConnection>, String),
    /// The connection ended or is not in order.
    Broken(String),
    /// The server has too many connections.
    TooMany(String),
}

impl Pool {
    pub(super) fn new(server: SmtpServer, connections: usize) -> Arc<Self> {
        let connections = connections.max(1);
        Arc::new(Self {
            server,
            slots: Arc::new(Semaphore::new(connections)),
            width: AtomicUsize::new(connections),
            idle: Mutex::default(),
        })
    }

    pub(super) fn server(&self) -> &SmtpServer {
        &self.server
    }

    /// Proceeds to the server's request for the text, on an idle connection or on a new one. An error means that nothing
    /// was sent.
    pub(super) async fn begin(self: &Arc<Self>, envelope: Envelope) -> Result<Begun, String> {
        let envelope = Arc::new(envelope);
        loop {
            let slot = Arc::clone(&self.slots).acquire_owned().await;
            let slot = slot.map_err(|_| "the connections were closed".to_owned())?;
            let idle = self.idle().pop();
            let is_new = idle.is_none();
            let (pool, of) = (Arc::clone(self), Arc::clone(&envelope));
            let begun = tokio::task::spawn_blocking(move || match idle {
                Some(connection) => begin_on(connection, &of),
                None => pool
                    .server
                    .connect()
                    .map_err(|error| NotBegun::of(&error))
                    .and_then(|new| begin_on(new, &of)),
            });
            let begun =
                begun.await.unwrap_or_else(|_| Err(NotBegun::Broken("the connection broke".to_owned())));
            match begun {
                Ok(connection) => return Ok(Begun { pool: Arc::clone(self), connection, _slot: slot }),
                Err(NotBegun::Refused(connection, why)) => {
                    self.give_back(*connection).await;
                    return Err(why);
                }
                // The server may have ended a connection that was idle; the next one says more.
                Err(NotBegun::Broken(_) | NotBegun::TooMany(_)) if !is_new => {}
                Err(NotBegun::TooMany(_)) if self.narrow() => slot.forget(),
                Err(NotBegun::Broken(why) | NotBegun::TooMany(why)) => return Err(why),
            }
        }
    }

    /// The number of connections that the server allows, as far as it is known.
    pub(super) fn width(&self) -> usize {
        self.width.load(Ordering::Relaxed)
    }

    /// Closes the idle connections.
    pub(super) async fn close(&self) {
        let idle = std::mem::take(&mut *self.idle());
        let closed = tokio::task::spawn_blocking(|| idle.into_iter().for_each(quit));
        // The responses do not matter.
        let _ = closed.await;
    }

    /// Keeps a connection for the next mail, unless the server ends it.
    async fn give_back(&self, mut connection: SmtpConnection) {
        let reset =
            tokio::task::spawn_blocking(move || connection.command(Rset).is_ok().then_some(connection));
        if let Ok(Some(connection)) = reset.await {
            self.idle().push(connection);
        }
    }

    /// Whether one connection less remains, where the server takes no more.
    fn narrow(&self) -> bool {
        let fewer = |width: usize| (width > 1).then(|| width - 1);
        self.width.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer).is_ok()
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SmtpConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Begun {
    /// Sends the text with its final dot, and waits for the response. `sent` is the reply to a success.
    pub(super) async fn submit(self, text: Vec<u8>, sent: Reply) -> Reply {
        let Self { pool, mut connection, _slot } = self;
        let submitted = tokio::task::spawn_blocking(move || {
            if connection.set_timeout(Some(DATA_TIMEOUT)).is_err() {
                return (Reply::Refused("the connection broke before the text was sent".to_owned()), None);
            }
            match connection.message(&text) {
                Ok(response) if response.code().severity == Severity::PositiveCompletion => {
                    let is_usable = connection.set_timeout(Some(COMMAND_TIMEOUT)).is_ok();
                    (sent, is_usable.then_some(connection))
                }
                Ok(response) => (Reply::Unknown(format!("the server answered {}", response.code())), None),
                Err(error) if error.is_permanent() || error.is_transient() => {
                    quit(connection);
                    (Reply::Refused(describe(&error)), None)
                }
                Err(error) => (Reply::Unknown(describe(&error)), None),
            }
        });
        let (reply, idle) =
            submitted.await.unwrap_or_else(|_| (Reply::Unknown("the connection broke".to_owned()), None));
        pool.idle().extend(idle);
        reply
    }
}

impl NotBegun {
    fn of(error: &lettre::transport::smtp::Error) -> Self {
        let why = describe(error);
        if error.status().is_some_and(|code| CLOSING.contains(&u16::from(code))) {
            Self::TooMany(why)
        } else {
            Self::Broken(why)
        }
    }
}

/// Proceeds with a mail on this connection, and closes it where it is not in order.
fn begin_on(mut connection: SmtpConnection, envelope: &Envelope) -> Result<SmtpConnection, NotBegun> {
    let parameters = match parameters(&connection, envelope) {
        Ok(parameters) => parameters,
        Err(why) => return Err(NotBegun::Refused(Box::new(connection), why)),
    };
    match send_envelope(&mut connection, envelope, parameters) {
        Ok(()) => Ok(connection),
        Err(Stop::Recipient(why)) => Err(NotBegun::Refused(Box::new(connection), why)),
        Err(Stop::Connection(not_begun)) => {
            quit(connection);
            Err(not_begun)
        }
    }
}

/// The reason why an envelope was not taken.
enum Stop {
    Recipient(String),
    Connection(NotBegun),
}

/// Sends sender and recipients, up to the server's request for the text. A response of another kind means that the
/// responses no longer belong to the commands.
fn send_envelope(
    connection: &mut SmtpConnection,
    envelope: &Envelope,
    parameters: Vec<MailParameter>,
) -> Result<(), Stop> {
    let ended = |error| Stop::Connection(NotBegun::of(&error));
    connection.command(Mail::new(envelope.from().cloned(), parameters)).map_err(ended)?;
    for to in envelope.to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).map_err(|error| {
            match NotBegun::of(&error) {
                NotBegun::Broken(why) if error.status().is_some() => Stop::Recipient(why),
                ended => Stop::Connection(ended),
            }
        })?;
    }
    let response = connection.command(Data).map_err(ended)?;
    if response.has_code(START_INPUT) {
        return Ok(());
    }
    Err(Stop::Connection(NotBegun::Broken(format!("the server answered {} to DATA", response.code()))))
}

/// The parameters of a sender. Only a server that offers SMTPUTF8 takes addresses with other letters than those of ASCII;
/// domains are in Punycode already.
fn parameters(connection: &SmtpConnection, envelope: &Envelope) -> Result<Vec<MailParameter>, String> {
    let mut addresses = envelope.from().into_iter().chain(envelope.to());
    if addresses.all(|address| address.to_string().is_ascii()) {
        return Ok(Vec::new());
    }
    let server = connection.server_info();
    if !server.supports_feature(Extension::SmtpUtfEight) {
        return Err(
            "the name before the `@` is not ASCII, and the mail server does not offer SMTPUTF8".to_owned()
        );
    }
    let body = MailParameter::Body(MailBodyParameter::EightBitMime);
    let body = server.supports_feature(Extension::EightBitMime).then_some(body);
    Ok([MailParameter::SmtpUtfEight].into_iter().chain(body).collect())
}

/// Ends a connection. The response does not matter.
fn quit(mut connection: SmtpConnection) {
    if connection.set_timeout(Some(QUIT_TIMEOUT)).is_ok() {
        connection.abort();
    }
}
