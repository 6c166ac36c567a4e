//! W511: an address that not every mail server takes.

use crate::check::subject::Places;
use crate::diagnostic::{Code, Diagnostic};

/// W511 at this path, if the part of the address before the `@` has letters other than those of ASCII. A domain may have
/// them: it is sent in Punycode.
pub(super) fn non_ascii_name(places: &dyn Places, path: &[&str], address: &str) -> Option<Diagnostic> {
    let (name, _) = address.rsplit_once('@')?;
    if name.is_ascii() {
        return None;
    }
    let place = places.value(path).unwrap_or_else(|| places.whole());
    let message = format!("not every mail server delivers to `{address}`: `{name}` is not ASCII");
    let help = "write an address whose name before the `@` is ASCII; `servanda doctor` shows whether your mail server offers SMTPUTF8";
    Some(Diagnostic::new(Code::W511, place, message).help(help))
}
