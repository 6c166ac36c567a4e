//! An agreement beside the places it was written at, for rules that have to point at something.
//!
//! Rules look at the agreement and name a path; where that path leads is the document's own knowledge.

use crate::agreement::Agreement;
use crate::diagnostic::{Code, Diagnostic, Span};

/// Where the values of one agreement were written.
pub(super) trait Places: Sync {
    /// The agreement as a whole, in its own file.
    fn whole(&self) -> Span;

    /// The value at a path, or at the nearest part of the path that was written; `None` where nothing was.
    fn value(&self, path: &[&str]) -> Option<Span>;

    /// The last part of a path as it is written: a key of a map, or an entry of a list.
    fn name(&self, path: &[&str]) -> Option<Span> {
        self.value(path)
    }

    /// Whether a place lies in the agreement's own file, rather than in a template.
    fn is_own(&self, place: Span) -> bool {
        place.file == self.whole().file
    }

    /// Whether a place lies in the agreement's entry of a set.
    fn is_of_entry(&self, _: Span) -> bool {
        false
    }
}

/// One agreement under examination.
pub(super) struct Subject<'a> {
    /// The agreement.
    pub(super) agreement: Box<Agreement>,
    /// Where it is written.
    pub(super) places: &'a dyn Places,
}

/// The finding of a rule over several agreements, and the agreement concerned (by its index in the list).
pub(super) type SubjectDiagnostic = (usize, Diagnostic);

impl Subject<'_> {
    /// A fault at a path of this agreement.
    pub(super) fn fault(&self, code: Code, path: &[&str], message: impl Into<String>) -> Diagnostic {
        fault_at(self.places, code, path, message.into())
    }

    /// Where other agreements point when they speak of this one at a path.
    pub(super) fn place(&self, path: &[&str]) -> Span {
        let own = self.places.value(path).filter(|place| self.places.is_own(*place));
        own.unwrap_or_else(|| self.places.whole())
    }

    /// The agreement's name.
    pub(super) fn id(&self) -> &str {
        self.agreement.id.as_str()
    }
}

/// A fault at a path. What a template set is shown at the agreement, with the template's line beside it.
pub(super) fn fault_at(places: &dyn Places, code: Code, path: &[&str], message: String) -> Diagnostic {
    match places.value(path) {
        Some(place) if places.is_own(place) => Diagnostic::new(code, place, message),
        Some(place) => Diagnostic::new(code, places.whole(), message).related(place, "inherited from here"),
        None => Diagnostic::new(code, places.whole(), message),
    }
}

#[cfg(test)]
pub(super) mod sample {
    //! Agreements without a document behind them.

    use super::{Places, Subject};
    use crate::agreement::Agreement;
    use crate::diagnostic::{Sources, Span};

    /// A document of which only the whole can be pointed at.
    pub(in crate::check) struct Nowhere(Span);

    impl Nowhere {
        pub(in crate::check) fn new() -> Self {
            Self(Span::of_file(Sources::default().add("agreements/sample.yaml", "")))
        }

        pub(in crate::check) fn subjects(&self, agreements: Vec<Agreement>) -> Vec<Subject<'_>> {
            let mut subjects: Vec<_> = agreements
                .into_iter()
                .map(|agreement| Subject { agreement: Box::new(agreement), places: self })
                .collect();
            subjects.sort_by(|left, right| left.agreement.id.cmp(&right.agreement.id));
            subjects
        }
    }

    impl Places for Nowhere {
        fn whole(&self) -> Span {
            self.0
        }

        fn value(&self, _: &[&str]) -> Option<Span> {
            None
        }
    }
}
