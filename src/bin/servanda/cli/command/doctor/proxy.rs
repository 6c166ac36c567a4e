//! Checks the proxies that the environment names.

use servanda::render::doctor::DoctorCheck;
use servanda::settings::Product;

use crate::http::client::{host_of, proxy_before};
use crate::http::proxy;
use crate::process::context::Context;

/// Checks the proxy before the helpdesk; `None` if the environment names none.
pub(super) async fn check(helpdesk: &Product) -> Option<DoctorCheck> {
    let named: Vec<(&str, String)> =
        proxy::VARIABLES.into_iter().filter_map(|name| Some((name, Context::variable(name)?))).collect();
    let (first, _) = named.first()?;
    if let Some((name, _)) = named.iter().find(|(_, value)| !proxy::is_address(value)) {
        let message = format!("{name} holds no address of a proxy, and is ignored");
        return Some(DoctorCheck::warning("proxy", message, "write it as http://proxy.acme.example:3128"));
    }
    let Some(url) = helpdesk.url() else {
        return Some(DoctorCheck::ok("proxy", "the embedded helpdesk needs none"));
    };
    let host = host_of(url);
    let Some(proxy) = proxy_before(url) else {
        return Some(DoctorCheck::ok("proxy", format!("requests to {host} go directly to it")));
    };
    let place = proxy.place();
    Some(match proxy.try_connection().await {
        Ok(()) => DoctorCheck::ok("proxy", format!("requests to {host} pass through {place}")),
        Err(why) => DoctorCheck::failed(
            "proxy",
            format!("the proxy {place} cannot be reached: {why}"),
            Some(format!(
                "correct {first}, or name {host} in NO_PROXY; the proxy must be reachable from this machine"
            )),
        ),
    })
}
