//! W511: an address that not every mail server takes.

use crate::check::subject::Places;
use crate::diagnostic::{Code, Diagnostic};

/// W511 at this path, if the part of the address before the `@` has letters other than those of ASCII. A domain may have
/// them: it is sent in Punycode.
pub(super) fn non_ascii_name(places: &dyn Places, path: &[&str], address: &str) -> Option<Diagnostic> {
    let name = non_ascii_part(address)?;
    let place = places.value(path).unwrap_or_else(|| places.whole());
    let message = format!("not every mail server delivers to `{address}`: `{name}` is not ASCII");
    let help = "write an address whose name before the `@` is ASCII; `servanda doctor` shows whether your mail server offers SMTPUTF8";
    Some(Diagnostic::new(Code::W511, place, message).help(help))
}

/// The part of an address before the `@`, if it has letters other than those of ASCII.
pub fn non_ascii_part(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(name, _)| name).filter(|name| !name.is_ascii())
}
