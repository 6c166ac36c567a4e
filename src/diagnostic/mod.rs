//! What is wrong with what people wrote, as values: a code, a place, a sentence, and what to write instead.
//!
//! Stages collect diagnostics and go on, so that one run shows every fault of every file. Nothing here is
//! drawn: `render` does that. This module does not know what any field means.

mod code;
mod source;

pub use code::{Code, Severity};
pub use source::{FileId, Position, Source, Sources, Span};

/// One place with a few words about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What there is to see there; may be empty for the main place.
    pub text: String,
}

/// One fault, or one thing worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule; `servanda explain CODE` prints its page.
    pub code: Code,
    /// Error, warning or note. Taken from the code unless a setting changed it.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The main place.
    pub place: Label,
    /// Other places that explain the first: the template that set the value, the earlier key.
    pub related: Vec<Label>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic of the code's own severity at `span`.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            place: Label { span, text: String::new() },
            related: Vec::new(),
            help: None,
        }
    }

    /// Says what is to be seen at the main place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.place.text = text.into();
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push(Label { span, text: text.into() });
        self
    }

    /// Says what to write instead.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}

/// The diagnostics of a run, in the order found until [`Diagnostics::sort`] puts them in the order of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all of another stage or file.
    pub fn extend(&mut self, others: Diagnostics) {
        self.0.extend(others.0);
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// How many are of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// Puts them in the order of path, place and code, and drops exact repetitions.
    pub fn sort(&mut self, sources: &Sources) {
        self.0.sort_by(|left, right| sort_key(left, sources).cmp(&sort_key(right, sources)));
        self.0.dedup();
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Changes each in place, as where `--deny-warnings` raises severities.
    pub fn for_each_mut(&mut self, change: impl FnMut(&mut Diagnostic)) {
        self.0.iter_mut().for_each(change);
    }

    /// Keeps those that `keep` says yes to.
    pub fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.0.retain(keep);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn sort_key<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> (&'a str, u32, u32, Code, &'a str) {
    let span = diagnostic.place.span;
    (sources.path(span.file), span.start, span.end, diagnostic.code, &diagnostic.message)
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
