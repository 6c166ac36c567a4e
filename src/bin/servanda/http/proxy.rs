//! The proxy that a request takes, as the environment of the job names it: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
//! `NO_PROXY`, in upper or lower case. The HTTP client reads the same variables by the same rules.

use std::time::Duration;

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use secrecy::SecretString;

use super::decode::percent_decoded;
use super::redact;

/// The variables that name a proxy. Of two that differ in case, the upper one counts.
pub(crate) const VARIABLES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
/// The timeout of a connection to a proxy that is only tried.
const TRY_TIMEOUT: Duration = Duration::from_secs(10);

/// A proxy, without its login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proxy {
    host: String,
    port: u16,
}

impl Proxy {
    /// The proxy between this process and an address; `None` for a direct connection.
    pub(crate) fn before(url: &str) -> Option<Self> {
        Self::chosen(&Matcher::from_system(), url)
    }

    fn chosen(matcher: &Matcher, url: &str) -> Option<Self> {
        let intercept = matcher.intercept(&url.parse::<Uri>().ok()?)?;
        let usual = match intercept.uri().scheme_str() {
            Some("https") => 443,
            Some(scheme) if scheme.starts_with("socks") => 1080,
            _ => 80,
        };
        Some(Self {
            host: intercept.uri().host()?.to_owned(),
            port: intercept.uri().port_u16().unwrap_or(usual),
        })
    }

    /// Host and port, for people.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Connects to it, without a request.
    pub(crate) async fn try_connection(&self) -> Result<(), String> {
        let connection = tokio::net::TcpStream::connect(self.place());
        match tokio::time::timeout(TRY_TIMEOUT, connection).await {
            Ok(connected) => connected.map(drop).map_err(|error| error.to_string()),
            Err(_) => Err(format!("no connection within {} s", TRY_TIMEOUT.as_secs())),
        }
    }
}

/// Whether the value of a variable is the address of a proxy. Any other value is ignored by the HTTP client.
pub(crate) fn is_address(value: &str) -> bool {
    Proxy::chosen(&Matcher::builder().all(value.to_owned()).build(), "https://acme.example").is_some()
}

/// Registers the login in the address of a proxy, so that it is redacted.
pub(crate) fn register_login(address: &str) {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let Some((login, _)) = authority.rsplit_once('@') else { return };
    let decoded = |text: &str| String::from_utf8_lossy(&percent_decoded(text)).into_owned();
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    if password.is_empty() {
        // A token in the place of the user.
        redact::register(&SecretString::from(decoded(user)));
    } else {
        redact::register_login(&decoded(user), &SecretString::from(decoded(password)));
    }
}

#[cfg(test)]
mod tests {
    use hyper_util::client::proxy::matcher::Matcher;

    use super::{Proxy, is_address};

    #[test]
    fn the_proxy_of_an_address_has_its_usual_port_and_no_login() {
        let matcher = |proxy: &str| {
            Matcher::builder().all(proxy.to_owned()).no("direct.example, 10.0.0.0/8".to_owned()).build()
        };
        for (proxy, place) in [
            ("http://proxy.corp:3128", "proxy.corp:3128"),
            ("me:secret@proxy.corp:3128", "proxy.corp:3128"),
            ("http://me:secret@proxy", "proxy:80"),
            ("https://10.0.0.5/", "10.0.0.5:443"),
            ("socks5h://[fd00::1]", "[fd00::1]:1080"),
        ] {
            let chosen = Proxy::chosen(&matcher(proxy), "https://acme.itsm365.com/sd");
            assert_eq!(chosen.expect("a proxy").place(), place);
        }
        for direct in ["https://direct.example", "https://a.direct.example/sd", "https://10.1.2.3:8443"] {
            assert_eq!(Proxy::chosen(&matcher("http://proxy.corp:3128"), direct), None, "{direct}");
        }
    }

    #[test]
    fn a_value_that_the_client_would_ignore_is_no_address() {
        for (value, expected) in [
            ("http://proxy:3128", true),
            ("proxy:3128", true),
            ("socks5://proxy", true),
            ("ftp://proxy:3128", false),
            ("http://proxy server:3128", false),
            ("", false),
        ] {
            assert_eq!(is_address(value), expected, "{value}");
        }
    }
}
