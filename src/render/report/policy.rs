//! The content security policy of a page, which allows only its own script and style, by their hashes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The policy of a page with this style and script. Only a served page may ask its server whether there is a newer one.
pub(super) fn policy(style: &str, script: Option<&str>, is_served: bool) -> String {
    let script = script.map_or_else(String::new, |script| format!("; script-src '{}'", fingerprint(script)));
    let connect = if is_served { "; connect-src 'self'" } else { "" };
    let style = fingerprint(style);
    format!("default-src 'none'{script}; style-src '{style}'{connect}; base-uri 'none'; form-action 'none'")
}

fn fingerprint(part: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(part)))
}
