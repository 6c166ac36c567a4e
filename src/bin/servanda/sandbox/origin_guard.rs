//! Rejects requests from foreign web pages; programs and the sandbox's own pages are accepted.
//!
//! Every web page in a browser of this machine can reach loopback. `Origin` tells the origin of a page that posts a form;
//! `Host` shows a foreign name that was made to resolve to loopback (DNS rebinding); `Sec-Fetch-Site` shows a foreign page
//! that includes an address of the sandbox, as an image or a script. It may only link to a page.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// The host names of loopback.
const LOOPBACK_NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Forwards a request, or rejects it with 403 before its body is read.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    match rejection(request.method(), request.headers()) {
        None => next.run(request).await,
        Some(reason) => (StatusCode::FORBIDDEN, reason).into_response(),
    }
}

/// The reason to reject a request, if there is one.
fn rejection(method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(header::HOST.as_str());
    if host.is_some_and(|host| !LOOPBACK_NAMES.contains(&host_name(host))) {
        return Some("the Host header is not a name of loopback");
    }
    let is_link = method == Method::GET && text("sec-fetch-mode") == Some("navigate");
    if text("sec-fetch-site").is_some_and(|site| !["same-origin", "none"].contains(&site)) && !is_link {
        return Some("the Sec-Fetch-Site header names another site");
    }
    let origin = text(header::ORIGIN.as_str())?;
    let is_own = host.is_some_and(|host| origin.strip_prefix("http://") == Some(host));
    (!is_own).then_some("the Origin header is not the origin of this sandbox")
}

/// The host name without the port.
fn host_name(host: &str) -> &str {
    let port = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    port.map_or(host, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, Method};

    use super::rejection;

    fn is_accepted(host: Option<&'static str>, origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in [("host", host), ("origin", origin)] {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
        rejection(&Method::POST, &headers).is_none()
    }

    #[test]
    fn a_foreign_page_may_link_to_a_page_and_include_nothing() {
        let is_accepted = |method: Method, site: &'static str, mode: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("127.0.0.1:8787"));
            headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            headers.insert("sec-fetch-mode", HeaderValue::from_static(mode));
            rejection(&method, &headers).is_none()
        };
        for site in ["cross-site", "same-site"] {
            assert!(!is_accepted(Method::GET, site, "no-cors"), "an image of {site}");
            assert!(!is_accepted(Method::GET, site, "cors"), "a script of {site}");
            assert!(!is_accepted(Method::POST, site, "navigate"), "a form of {site}");
            assert!(is_accepted(Method::GET, site, "navigate"), "a link of {site}");
        }
        for site in ["same-origin", "none"] {
            assert!(is_accepted(Method::GET, site, "navigate"), "{site}");
            assert!(is_accepted(Method::POST, site, "navigate"), "{site}");
        }
    }

    #[test]
    fn programs_and_own_pages_are_accepted() {
        for host in ["127.0.0.1:8787", "localhost:8787", "[::1]:8787", "localhost"] {
            assert!(is_accepted(Some(host), None), "{host}");
        }
        assert!(is_accepted(None, None));
        assert!(is_accepted(Some("127.0.0.1:8787"), Some("http://127.0.0.1:8787")));
    }

    #[test]
    fn foreign_pages_and_foreign_host_names_are_rejected() {
        for host in
            ["evil.example", "evil.example:8787", "127.0.0.1.evil.example", "localhost.evil.example:80", ""]
        {
            assert!(!is_accepted(Some(host), None), "{host}");
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
            assert!(!is_accepted(own, Some(origin)), "{origin}");
        }
        assert!(!is_accepted(None, Some("http://127.0.0.1:8787")));
    }
}
