//! Judges one merged document by itself. The result holds nothing of the document's tree.

use std::collections::BTreeMap;

use crate::agreement::Agreement;
use crate::calendar::Instant;
use crate::check::agreement::{CheckContext, MergedDocument, agreement};
use crate::check::identity::NameClaim;
use crate::check::kept_places::KeptPlaces;
use crate::check::subject::{Places, Subject};
use crate::check::{clocks, notices, targets};
use crate::diagnostic::{Diagnostic, FileId, Span};
use crate::document::{Tree, shape};
use crate::ident::TemplateName;
use crate::template::Resolved;

/// The result of judging one merged document.
pub(super) struct Judged {
    /// The file.
    pub(super) file: FileId,
    /// The entry of the set, if the agreement is one.
    pub(super) entry: Option<Span>,
    /// The names that it lays claim to.
    pub(super) claim: NameClaim,
    /// The agreement; `None` where it could not be made.
    pub(super) agreement: Option<Box<Agreement>>,
    /// The places that rules over several agreements point at.
    pub(super) places: KeptPlaces,
    /// Its allowances, by rule.
    pub(super) allowances: BTreeMap<String, shape::AllowanceShape>,
    /// The faults of it alone.
    pub(super) faults: Vec<Diagnostic>,
}

/// A judged document in its own allocation: ten thousand are sorted and moved by their addresses.
pub(super) type BoxedJudged = Box<Judged>;

impl Judged {
    fn of(
        resolved: &Resolved<'_>,
        former: impl IntoIterator<Item = String>,
        allowances: BTreeMap<String, shape::AllowanceShape>,
    ) -> Self {
        Self {
            file: resolved.document.file,
            entry: resolved.entry.map(|entry| entry.node.span),
            claim: claim(resolved, former),
            agreement: None,
            places: KeptPlaces::of(resolved, &allowances),
            allowances,
            faults: Vec::new(),
        }
    }
}

/// An agreement that was judged before and has no new diagnostics.
pub(super) fn again(resolved: &Resolved<'_>, mut agreement: Agreement) -> Judged {
    let former = agreement.formerly.iter().map(|id| id.as_str().to_owned());
    let judged = Judged::of(resolved, former, BTreeMap::new());
    agreement.succeeded_on = None;
    Judged { agreement: Some(Box::new(agreement)), ..judged }
}

/// One agreement by itself.
pub(super) fn alone(resolved: &Resolved<'_>, ground: CheckContext<'_>, at: Instant) -> Judged {
    let places: &dyn Places = resolved;
    let mut document = match resolved.typed() {
        Ok(document) => document,
        Err(fault) => {
            let judged = Judged::of(resolved, [], BTreeMap::new());
            return Judged { faults: vec![fault], ..judged };
        }
    };
    let template = template_of(resolved);
    let templates: Vec<TemplateName> = resolved.templates().filter_map(TemplateName::new).collect();
    let written = MergedDocument {
        id: &resolved.id,
        template: template.as_ref(),
        templates: &templates,
        document: &document,
        places,
    };
    let (made, mut faults) = agreement(written, ground);
    let subject = made.map(|agreement| Subject { agreement: Box::new(agreement), places });
    if let Some(subject) = &subject {
        faults.extend(targets::check(subject, ground.catalog));
        faults.extend(clocks::check(subject, ground.catalog, ground.sound, at));
        faults.extend(notices::check(subject, ground.catalog, at));
    }
    let former = document.formerly.take().into_iter().flatten();
    let judged = Judged::of(resolved, former, document.allow.take().unwrap_or_default());
    Judged { agreement: subject.map(|subject| subject.agreement), faults, ..judged }
}

/// The title as written, here or in a template.
pub(super) fn title_of<'document>(resolved: &Resolved<'document>) -> Option<&'document str> {
    match resolved.tree.get(&["title"])? {
        Tree::Node(node) => node.as_text(),
        Tree::Key(_) | Tree::Merged(_) => None,
    }
}

/// The template that an agreement names, the first where it names several.
fn template_of(resolved: &Resolved<'_>) -> Option<TemplateName> {
    let extends = resolved.document.get(&["extends"])?;
    let name = extends.as_text().or_else(|| extends.as_list()?.first()?.as_text())?;
    TemplateName::new(name)
}

/// The names that a document lays claim to.
fn claim(resolved: &Resolved<'_>, former: impl IntoIterator<Item = String>) -> NameClaim {
    let places: &dyn Places = resolved;
    let place = places.whole();
    let at = |index: usize| places.value(&["formerly", &index.to_string()]).unwrap_or(place);
    let former = former.into_iter().enumerate().map(|(index, name)| (name, at(index))).collect();
    NameClaim { id: resolved.id.clone(), place, former }
}
