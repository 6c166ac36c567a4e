//! Who may come in at all: programs, and pages that this helpdesk itself served. Judges two headers and reads no body.
//!
//! Loopback is open to every page that a browser of this machine shows. Such a page says whose it is: by `Origin` where it
//! posts, and by `Host` where its own name was made to lead here (DNS rebinding).

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// The names of loopback, by which this helpdesk may be called.
const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Lets a request pass, or turns it away before anything is looked at.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    match refusal(request.headers()) {
        None => next.run(request).await,
        Some(reason) => (StatusCode::FORBIDDEN, reason).into_response(),
    }
}

/// Why a request is turned away, if it is.
fn refusal(headers: &HeaderMap) -> Option<&'static str> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(header::HOST);
    if host.is_some_and(|host| !NAMES.contains(&name_of(host))) {
        return Some("this helpdesk answers to names of loopback only");
    }
    let origin = text(header::ORIGIN)?;
    let is_own = host.is_some_and(|host| origin.strip_prefix("http://") == Some(host));
    (!is_own).then_some("this helpdesk takes nothing from the pages of others")
}

/// The name of a host without its port.
fn name_of(host: &str) -> &str {
    let port = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    port.map_or(host, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::refusal;

    fn passes(host: Option<&'static str>, origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in [("host", host), ("origin", origin)] {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
        refusal(&headers).is_none()
    }

    #[test]
    fn programs_and_own_pages_come_in() {
        for host in ["127.0.0.1:8787", "localhost:8787", "[::1]:8787", "localhost"] {
            assert!(passes(Some(host), None), "{host}");
        }
        assert!(passes(None, None));
        assert!(passes(Some("127.0.0.1:8787"), Some("http://127.0.0.1:8787")));
    }

    #[test]
    fn pages_of_others_and_names_of_others_do_not() {
        for host in
            ["evil.example", "evil.example:8787", "127.0.0.1.evil.example", "localhost.evil.example:80", ""]
        {
            assert!(!passes(Some(host), None), "{host}");
        }
        let own = Some("127.0.0.1:8787");
        for origin in [
            "http://evil.example",
            "null",
            "https://127.0.0.1:8787",
            "http://127.0.0.1:8788",
            "http://localhost:8787",
            "",
        ] {
            assert!(!passes(own, Some(origin)), "{origin}");
        }
        assert!(!passes(None, Some("http://127.0.0.1:8787")));
    }
}
