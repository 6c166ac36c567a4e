//! Diagnostics about files: a code, a position, a message, and a help.
//!
//! Stages collect diagnostics and continue, so that one run reports every error of every file. `render` formats them. This
//! module knows no field.

use std::sync::Arc;

mod code;
mod source;
mod repair;

pub use code::{Code, Severity};
pub use repair::Repair;
pub use source::{FileId, Position, Source, Sources, Span};

/// A position with a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The position.
    pub span: Span,
    /// The label; may be empty for the main position.
    pub text: Box<str>,
}

/// An error, a warning or a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule; `servanda explain CODE` prints its page.
    pub code: Code,
    /// The severity: that of the code, unless an option changed it.
    pub severity: Severity,
    /// The message: what is wrong, without a full stop.
    pub message: String,
    /// The main position.
    pub place: Label,
    /// Related positions, such as the template that sets the value, or the first of two keys.
    pub related: Vec<Label>,
    /// The help: what to do.
    pub help: Option<Box<str>>,
    /// The days after which an agreement ends, where that is the finding. Many of these are shown together.
    pub ends_in: Option<u16>,
    /// The repair, if it needs no decision.
    pub repair: Option<Box<Repair>>,
    /// Whether `allow:` may silence it: as the code says, unless the rule makes an exception.
    pub may_be_allowed: bool,
    /// The places in its file that no excerpt shows, because they may be secrets.
    pub hidden: Option<Arc<Vec<Span>>>,
}

impl Diagnostic {
    /// The files of all its positions.
    pub fn files(&self) -> impl Iterator<Item = FileId> + '_ {
        self.related.iter().chain([&self.place]).map(|label| label.span.file)
    }

    /// Creates a diagnostic at `span` with the severity of its code.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            place: Label { span, text: Box::default() },
            related: Vec::new(),
            help: None,
            ends_in: None,
            repair: None,
            may_be_allowed: code.may_be_allowed(),
            hidden: None,
        }
    }

    /// Withdraws the permission to silence it with `allow:`.
    #[must_use]
    pub fn never_allowed(mut self) -> Self {
        self.may_be_allowed = false;
        self
    }

    /// Sets the label of the main position.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.place.text = text.into().into_boxed_str();
        self
    }

    /// Adds a related position.
    #[must_use]
    pub fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push(Label { span, text: text.into().into_boxed_str() });
        self
    }

    /// Sets the repair: another word in place of the one at a position.
    #[must_use]
    pub fn meant(self, span: Span, wrong: impl Into<String>, right: impl Into<String>) -> Self {
        self.repaired_by(Repair::Word { span, wrong: wrong.into(), right: right.into() })
    }

    /// Sets the repair of [`Self::meant`], if it is known what was meant.
    #[must_use]
    pub fn maybe_meant(self, span: Span, wrong: impl Into<String>, right: Option<impl Into<String>>) -> Self {
        match right {
            Some(right) => self.meant(span, wrong, right),
            None => self,
        }
    }

    /// Sets the repair.
    #[must_use]
    pub fn repaired_by(mut self, repair: Repair) -> Self {
        self.repair = Some(Box::new(repair));
        self
    }

    /// Sets the help.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into().into_boxed_str());
        self
    }
}

/// The diagnostics of a run, in the order found until [`Diagnostics::sort`] puts them in the order of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds a diagnostic.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all diagnostics of another stage or file.
    pub fn extend(&mut self, others: Diagnostics) {
        self.0.extend(others.0);
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The number of diagnostics of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// Sorts by severity, path, position and code, and removes exact duplicates.
    pub fn sort(&mut self, sources: &Sources) {
        self.0.sort_by(|left, right| sort_key(left, sources).cmp(&sort_key(right, sources)));
        self.0.dedup();
    }

    /// All diagnostics.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Changes each diagnostic, such as for `--deny-warnings`.
    pub fn for_each_mut(&mut self, change: impl FnMut(&mut Diagnostic)) {
        self.0.iter_mut().for_each(change);
    }

    /// Keeps the diagnostics for which `keep` returns true.
    pub fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.0.retain(keep);
    }

    /// Whether there are no diagnostics.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn sort_key<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> impl Ord + use<'a> {
    let span = diagnostic.place.span;
    let place = (sources.path(span.file), span.start, span.end);
    (diagnostic.severity, place, diagnostic.code, diagnostic.message.as_str())
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(diagnostics: I) -> Self {
        Self(diagnostics.into_iter().collect())
    }
}
