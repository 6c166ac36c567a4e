//! Identifiers of agreements, templates, catalog entries and objects in the helpdesk.
//!
//! An identifier is validated when it is created and has a type of its own, so that the slug of a client cannot be used as
//! that of a service. This module knows no YAML and no helpdesk.

pub mod slug;

use std::borrow::Cow;
use std::fmt;

use smol_str::SmolStr;
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// The largest length of a slug, in characters. A longer one does not fit the key attribute of a helpdesk.
pub const SLUG_LIMIT: usize = 100;

/// Whether `text` is a slug: `[a-z0-9][a-z0-9._-]*`, at most [`SLUG_LIMIT`] characters.
pub fn is_slug(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= SLUG_LIMIT
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit())
        && bytes.all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
        })
}

/// A text with composed letters (NFC). Some systems decompose letters such as `й` in file names; two texts that look the
/// same are equal only in one of the two forms.
pub fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfc().collect()),
    }
}

/// Whether `text` is a slug, or two slugs separated by a slash (an entry of a set, a department).
pub fn is_slug_path(text: &str) -> bool {
    match text.split_once('/') {
        Some((head, tail)) => is_slug(head) && is_slug(tail),
        None => is_slug(text),
    }
}

/// A language of the built-in texts.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
pub enum Language {
    /// Russian.
    #[serde(rename = "ru")]
    Russian,
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// Both languages.
    pub const ALL: [Self; 2] = [Self::Russian, Self::English];

    /// The ISO 639-1 code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Russian => "ru",
            Self::English => "en",
        }
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(SmolStr);

        impl $name {
            /// Creates the identifier if the text is valid.
            pub fn new(text: &str) -> Option<Self> {
                let accepts: fn(&str) -> bool = $accepts;
                accepts(text).then(|| Self(text.into()))
            }

            /// The identifier as a text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, formatter)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// The id of an agreement: the stem of its file, or `<stem>/<client>` for an entry of a set.
    AgreementId,
    is_slug_path
);
name!(
    /// The name of a template: the stem of its file.
    TemplateName,
    is_slug
);
name!(
    /// The slug of a client in the catalog.
    ClientSlug,
    is_slug
);
name!(
    /// The slug of a recipient: a client (`severny-veter`) or a department of one (`severny-veter/accounting`).
    RecipientSlug,
    is_slug_path
);
name!(
    /// The slug of a service in the catalog.
    ServiceSlug,
    is_slug
);
name!(
    /// The slug of a manager in the catalog: the person responsible for a client.
    ManagerSlug,
    is_slug
);
name!(
    /// The slug of a legal entity of the provider.
    ProviderSlug,
    is_slug
);
name!(
    /// The slug of a calendar.
    CalendarSlug,
    is_slug
);
name!(
    /// The name of a priority in the catalog.
    PriorityName,
    is_slug
);
name!(
    /// The name of a helpdesk in `helpdesks:` of servanda.yaml.
    HelpdeskName,
    is_slug
);
name!(
    /// The id of an object in the helpdesk (`agreement$605301`). Assigned by the helpdesk.
    LiveId,
    |text| !text.is_empty() && text.len() <= 200 && !text.chars().any(char::is_control)
);

impl RecipientSlug {
    /// The recipient for a whole client.
    pub fn of_client(client: &ClientSlug) -> Self {
        Self(client.0.clone())
    }

    /// The client that the recipient is or belongs to.
    pub fn client(&self) -> ClientSlug {
        let head = self.0.split_once('/').map_or(&*self.0, |(head, _)| head);
        ClientSlug(head.into())
    }

    /// The department, if the recipient is one.
    pub fn department(&self) -> Option<&str> {
        self.0.split_once('/').map(|(_, department)| department)
    }
}

impl AgreementId {
    /// The id of an entry of a set.
    pub fn of_entry(set: &str, client: &ClientSlug) -> Option<Self> {
        Self::new(&format!("{set}/{client}"))
    }
}

/// The stem of the file of an agreement: that of the set for an entry of one.
pub fn file_of(id: &str) -> &str {
    id.split_once('/').map_or(id, |(file, _)| file)
}

/// The known name closest to `written`, if one is close enough to be the intended one.
///
/// The largest edit distance (Damerau–Levenshtein) is a third of the length of the word, and at least one. Names do not end in
/// `.yaml`, but their files do.
pub fn nearest<'known>(written: &str, known: impl IntoIterator<Item = &'known str>) -> Option<&'known str> {
    let written = written.strip_suffix(".yaml").or_else(|| written.strip_suffix(".yml")).unwrap_or(written);
    let allowed = (written.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(written, name), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::{AgreementId, ClientSlug, RecipientSlug, composed, is_slug, nearest};

    #[test]
    fn letters_are_composed() {
        assert_eq!(composed("и\u{306}ога"), "йога");
        assert_eq!(composed("йога"), "йога");
        assert_eq!(composed("\u{212b}"), "Å");
    }

    #[test]
    fn slugs_are_lower_case_and_plain() {
        for good in ["a", "9", "office-9x5", "i.petrova", "a_b"] {
            assert!(is_slug(good), "{good}");
        }
        for bad in ["", "-a", ".a", "A", "а", "a b", "a/b", "a\n", "../a"] {
            assert!(!is_slug(bad), "{bad}");
        }
        assert!(!is_slug(&"a".repeat(101)));
    }

    #[test]
    fn a_recipient_knows_its_client() {
        let department = RecipientSlug::new("severny-veter/accounting").expect("a slug path");
        assert_eq!(department.client().as_str(), "severny-veter");
        assert_eq!(department.department(), Some("accounting"));
        let client = ClientSlug::new("severny-veter").expect("a slug");
        assert_eq!(RecipientSlug::of_client(&client).department(), None);
        assert!(AgreementId::new("a/b/c").is_none());
    }

    #[test]
    fn a_close_name_is_suggested_and_a_distant_one_is_not() {
        let known = ["workstations", "email", "vpn"];
        assert_eq!(nearest("emial", known), Some("email"));
        assert_eq!(nearest("vpn.yaml", known), Some("vpn"));
        assert_eq!(nearest("vnp", known), Some("vpn"));
        assert_eq!(nearest("printers", known), None);
    }
}
