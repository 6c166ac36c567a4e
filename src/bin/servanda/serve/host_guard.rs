//! Rejects requests for a foreign host name.
//!
//! A web page can make its own name resolve to this server (DNS rebinding), and then reads its answers as those of its own
//! site. Such a request bears the foreign name in `Host`. Addresses cannot be rebound.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::state::ServerState;

/// Forwards a request, or rejects it with 421.
pub(super) async fn guard(State(state): State<Arc<ServerState>>, request: Request, next: Next) -> Response {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    if hosts.all(|host| host.to_str().is_ok_and(|host| is_own(host, state.host_names()))) {
        return next.run(request).await;
    }
    let body = json!({
        "code": "host-unknown",
        "error": "the Host header names another host",
        "help": "use an address or localhost, or pass the name to the server with `--host`",
    });
    (StatusCode::MISDIRECTED_REQUEST, axum::Json(body)).into_response()
}

/// Whether a host, with or without a port, is an address, `localhost` or one of these names.
fn is_own(host: &str, names: &[String]) -> bool {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let name = host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(name, _)| name);
    if let Some(address) = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        return address.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6());
    }
    let is_named = |known: &str| name.trim_end_matches('.').eq_ignore_ascii_case(known);
    name.parse::<std::net::Ipv4Addr>().is_ok()
        || is_named("localhost")
        || names.iter().any(|known| is_named(known))
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn addresses_localhost_and_own_names_are_accepted() {
        let names = ["sla.acme.example".to_owned()];
        for host in
            ["127.0.0.1:8788", "localhost", "LOCALHOST:8788", "[::1]:8788", "10.0.0.5", "SLA.acme.example:80"]
        {
            assert!(is_own(host, &names), "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example", "sla.acme.example.evil.example", "", "[evil]:1", ":80"]
        {
            assert!(!is_own(host, &names), "{host}");
        }
        assert!(!is_own("sla.acme.example", &[]));
    }
}
