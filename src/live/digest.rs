//! Digests of values, by which they are compared where the values themselves must not be kept.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest as _;

/// The first sixteen bytes of the SHA-256 of a value's JSON. Its text is hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The digest of a value.
    pub fn of(value: &impl Serialize) -> Self {
        let json = serde_json::to_vec(value).expect("values of the core are always JSON");
        let hash = sha2::Sha256::digest(&json);
        Self(std::array::from_fn(|index| hash[index]))
    }
}

/// The hexadecimal text of the digest of a value.
pub fn digest(value: &impl Serialize) -> String {
    Digest::of(value).to_string()
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl FromStr for Digest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_digest = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u128::from_str_radix(text, 16).ok().filter(|_| is_digest);
        number.map(|number| Self(number.to_be_bytes())).ok_or("it is no digest of 32 hexadecimal digits")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Digest, digest};

    #[test]
    fn a_digest_is_read_as_it_was_written() {
        let text = digest(&"a");
        assert_eq!(text, "ac8d8342bbb2362d13f0a559a3621bb4");
        assert_eq!(text.parse(), Ok(Digest::of(&"a")));
        for refused in ["", "ac8d", &text[1..], &text.replace('a', "g"), &text.replacen('a', "+", 1)] {
            assert!(refused.parse::<Digest>().is_err(), "{refused}");
        }
    }
}
