//! A mail server: its address, and connections to it that are encrypted and logged in.

use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use secrecy::{ExposeSecret as _, SecretString};
use servanda::settings::{ascii_domain, is_this_machine};

use crate::http::client::use_ring;
use crate::http::decode::percent_decoded;
use crate::http::redact;

/// The timeout of a command (RFC 5321 §4.5.3.2: five minutes).
pub(super) const COMMAND_TIMEOUT: Duration = Duration::from_mins(5);
/// The timeout of the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// The accepted authentication mechanisms.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// A mail server.
pub(super) struct SmtpServer {
    host: String,
    port: u16,
    is_implicit_tls: bool,
    is_this_machine: bool,
    user: Option<(String, SecretString)>,
}

impl SmtpServer {
    /// Parses an address such as `smtps://user:password@mail.acme.example` or `smtp://[::1]:1025`.
    pub(super) fn read(address: &SecretString) -> Result<Self, &'static str> {
        let url = reqwest::Url::parse(address.expose_secret()).map_err(|_| "it is not a URL")?;
        let is_implicit_tls = match url.scheme() {
            "smtps" => true,
            "smtp" => false,
            _ => return Err("its scheme is neither smtps nor smtp"),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("it has no host")?;
        let host = read_host(host).ok_or("its host is no name and no address")?;
        let decoded = |text: &str| {
            String::from_utf8(percent_decoded(text)).map_err(|_| "user or password is not UTF-8")
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
        use_ring();
        Ok(Self {
            port: url.port().unwrap_or(if is_implicit_tls { 465 } else { 587 }),
            is_implicit_tls,
            is_this_machine: is_this_machine(&host),
            host,
            user,
        })
    }

    /// Host and port, for people.
    pub(super) fn place(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// Opens a connection that is encrypted and logged in.
    pub(super) fn connect(&self) -> Result<SmtpConnection, lettre::transport::smtp::Error> {
        let hello = ClientId::default();
        let tls = TlsParameters::new_rustls(self.host.clone())?;
        let implicit_tls = self.is_implicit_tls.then_some(&tls);
        let address = (self.host.as_str(), self.port);
        let mut connection =
            SmtpConnection::connect(address, Some(CONNECT_TIMEOUT), &hello, implicit_tls, None)?;
        // It fails for a timeout of zero alone.
        let _ = connection.set_timeout(Some(COMMAND_TIMEOUT));
        if let Err(error) = self.authenticate(&mut connection, &tls, &hello) {
            connection.abort();
            return Err(error);
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

/// The host of an address as it is connected to: an address of IPv6 without brackets, a name in Punycode.
fn read_host(written: &str) -> Option<String> {
    if let Some(address) = written.strip_prefix('[') {
        return Some(address.strip_suffix(']')?.to_owned());
    }
    let name = String::from_utf8(percent_decoded(written)).ok()?;
    let name = ascii_domain(&name);
    name.is_ascii().then_some(name)
}

/// Describes an error in the server's words, on one line.
pub(super) fn describe(error: &lettre::transport::smtp::Error) -> String {
    use std::error::Error as _;

    let text = error.to_string();
    let cause = error.source().map(ToString::to_string).filter(|cause| !text.contains(cause));
    let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
    redact::text(&format!("{text}{cause}")).replace(['\r', '\n'], " ")
}
