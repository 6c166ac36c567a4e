//! HMAC-SHA256 in hexadecimal.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// The HMAC-SHA256 of a text, as 64 hexadecimal digits.
pub(crate) fn hmac_sha256(key: &SecretString, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    // RFC 4231, test case 2.
    #[test]
    fn the_digest_is_that_of_the_standard() {
        let digest = super::hmac_sha256(&SecretString::from("Jefe"), "what do ya want for nothing?");
        assert_eq!(digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
