//! The list of rules, each with a stable code, a severity and a title.
//!
//! `docs/rules/<CODE>.md` is the page of a rule. Tests check that the examples of each page match the rule.
//! E0xx: syntax, E1xx: references, E2xx: period, E3xx: overlap and succession, E4xx: targets, E5xx: notices; W is a warning
//! in the same group.

use std::fmt;

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The files cannot be used: exit code 3.
    Error,
    /// Probably a mistake. Does not change the exit code.
    Warning,
    /// Information.
    Note,
}

macro_rules! codes {
    ($($code:ident $title:literal)+) => {
        /// The stable code of a rule. Codes are never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $title] $code,)+
        }

        impl Code {
            /// Every rule, in the order of the numbers.
            pub const ALL: &'static [Code] = &[$(Code::$code),+];

            /// The code as a text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$code => stringify!($code),)+ }
            }

            /// The title of the rule.
            pub const fn title(self) -> &'static str {
                match self { $(Code::$code => $title,)+ }
            }

            /// The page of the rule, in Markdown.
            pub const fn page(self) -> &'static str {
                match self { $(Code::$code => include_str!(concat!("../../docs/rules/", stringify!($code), ".md")),)+ }
            }
        }
    };
}

codes! {
    E001 "the file is not UTF-8 text"
    E002 "the file is not YAML"
    E003 "duplicate key in a map"
    E004 "anchors, aliases, merge keys and tags are not supported"
    E005 "a file contains more than one document"
    E006 "the file exceeds a limit of size or depth"
    E007 "the text contains an invisible character"
    E008 "unknown key"
    E009 "the value has the wrong type or format"
    E010 "a value is missing"
    E011 "the file has the wrong extension or folder, or is a link"
    E012 "the file name is not a valid id"
    E013 "secret in clear text"
    E014 "these keys exclude each other"
    E015 "the file is empty"
    E016 "the file contains marks of a merge conflict"
    E017 "a space is missing after a colon"
    E101 "unknown name"
    E102 "two agreements have the same id"
    E103 "two agreements have the same number"
    E104 "templates form a cycle, or a chain that is too long"
    E105 "a locked value is changed"
    E106 "the recipient does not belong to the client"
    W107 "unused template"
    W108 "the value repeats the inherited one"
    E109 "a required part is missing"
    W110 "unused or expired `allow` entry"
    E111 "two slugs refer to the same object"
    E201 "the last day comes before the first"
    E202 "the period does not say when it ends"
    E203 "no such day, time or zone"
    E205 "automatic activation needs a first day"
    E206 "the manual activation entries are out of order"
    W207 "a manual activation after the end has no effect"
    W208 "the period is unusually long or short"
    E209 "suspensions overlap, or lie outside of the period"
    E210 "the termination lies outside of the period"
    W212 "the first day does not exist in every month"
    W213 "an edit changes periods that have begun"
    E301 "two agreements cover the same service for the same recipient on one day"
    E302 "the chain of renewals is broken"
    E303 "an agreement begins before the one it renews ends"
    W304 "gap between an agreement and its successor"
    W305 "the agreement renews one of another client"
    W306 "the agreement ends soon without a successor"
    W307 "the successor drops a service"
    W308 "two agreements cover a service, and the nearer recipient wins"
    E309 "the predecessor was terminated, and its successor is not"
    E401 "the response target is longer than the resolution target"
    E402 "a target is zero"
    W404 "a priority has no target"
    E405 "a target has no opening hours to be counted on"
    E407 "windows overlap"
    E408 "invalid window"
    W409 "a window leaves out the last minute of a day"
    W410 "the response target is longer than the period"
    W411 "the exceptions of the calendar end before the agreement"
    E412 "a target in plain days is ambiguous"
    E501 "a notice has no recipient"
    W502 "no notice before the end"
    W503 "a lead time is longer than the period"
    W504 "duplicate lead time"
    W507 "no notice goes to the client"
    E508 "the address is outside the allowed domains"
    E509 "unknown file in `notices/`"
    E510 "the text of a notice cannot be rendered"
    W511 "not every mail server takes the address"
}

impl Code {
    /// The severity by the letter of the code.
    pub const fn severity(self) -> Severity {
        match self.as_str().as_bytes()[0] {
            b'E' => Severity::Error,
            _ => Severity::Warning,
        }
    }

    /// Whether `allow:` may silence the rule: all warnings, and the errors that the parties of a contract can intend.
    pub const fn may_be_allowed(self) -> bool {
        matches!(self.severity(), Severity::Warning) || matches!(self, Self::E103 | Self::E309)
    }

    /// The keys that the rule is about, as the paths of the reference; none if it is about every file. They stand in the last
    /// paragraph of its page, after `Keys:`.
    pub fn keys(self) -> impl Iterator<Item = &'static str> {
        let (_, last) = self.page().rsplit_once("\n\n").unwrap_or_default();
        let keys = last.strip_prefix("Keys: ").unwrap_or_default();
        keys.split('`').skip(1).step_by(2)
    }

    /// Finds a rule by its code, in any case.
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
