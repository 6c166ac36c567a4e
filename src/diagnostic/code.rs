//! The list of rules: a stable code each, its severity and its title.
//!
//! `docs/rules/<CODE>.md` holds the page of each; a test holds that code, page and example stay together.
//! E0xx the text, E1xx references, E2xx the period, E3xx overlap and chain, E4xx targets, E5xx notices;
//! W is a warning under the same hundreds.

use std::fmt;

/// How much a diagnostic weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The files cannot be used as they are: exit code 3.
    Error,
    /// Usable, and probably not what was meant. Leaves the exit code alone.
    Warning,
    /// Worth knowing.
    Note,
}

macro_rules! codes {
    ($($code:ident $title:literal)+) => {
        /// A rule by its stable code. Codes are never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $title] $code,)+
        }

        impl Code {
            /// Every rule, in the order of the codes within their hundreds.
            pub const ALL: &'static [Code] = &[$(Code::$code),+];

            /// The code as people write it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$code => stringify!($code),)+ }
            }

            /// What the rule says, in a few words.
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
    E003 "a key stands twice in one map"
    E004 "anchors, aliases, merge keys and tags are not used here"
    E005 "a file holds one document"
    E006 "the file is larger or deeper than is reasonable"
    E007 "the text holds a character that cannot be seen"
    E008 "nobody knows this key"
    E009 "the value has the wrong shape"
    E010 "a value is missing"
    E011 "this is not a file that can be taken"
    E012 "the name of the file is no id"
    E013 "a secret stands in clear text"
    E014 "only one of these keys can hold"
    E015 "the file says nothing"
    E101 "nothing goes by this name"
    E102 "two agreements have the same id"
    E103 "two agreements have the same number"
    E104 "templates extend each other in a circle, or too deep"
    E105 "a locked value is changed"
    E106 "the recipient does not belong to the client"
    W107 "nobody extends this template"
    W108 "the value is the one that is inherited anyway"
    E109 "an agreement lacks what it needs"
    W110 "an allowance is not needed, or has run out"
    E111 "two slugs name the same object"
    E201 "the last day comes before the first"
    E202 "the period does not say when it ends"
    E203 "no such day, time or zone"
    E205 "automatic activation needs a first day"
    E206 "the manual log is out of order"
    W207 "an activation by hand will be cut off"
    W208 "the period is unusually long or short"
    E209 "suspensions overlap, or lie outside of the period"
    E210 "the termination lies outside of the period"
    W212 "the first day does not exist in every month"
    E301 "two agreements cover the same service for the same recipient on one day"
    E302 "the chain of renewals is broken"
    E303 "an agreement begins before the one it renews ends"
    W304 "nobody is covered between two agreements of a chain"
    W305 "the agreement renews one of another client"
    W306 "the agreement ends soon and nothing follows"
    W307 "the successor drops a service"
    W308 "two agreements cover a service, and the nearer recipient wins"
    E401 "the response takes longer than the resolution"
    E402 "a target of no time at all"
    W404 "a priority has no target"
    E405 "a time is counted on no hours"
    E407 "hours overlap"
    E408 "no such hours"
    W409 "a window leaves out the last minute of a day"
    W410 "the response target is longer than the period"
    W411 "the calendar is not known to the end of the agreement"
    E412 "a day is not a target"
    E501 "nobody can be told"
    W502 "nobody is told before the end"
    W503 "the notice would come before the first day"
    W504 "two leads are the same"
    W507 "the client is told nothing"
    E508 "the address lies outside of the allowed domains"
}

impl Code {
    /// The severity that the letter stands for.
    pub const fn severity(self) -> Severity {
        match self.as_str().as_bytes()[0] {
            b'E' => Severity::Error,
            _ => Severity::Warning,
        }
    }

    /// The rule of this code, if there is one. Case does not matter.
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
