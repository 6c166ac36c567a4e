//! The plans and outcomes of several helpdesks: a section for each, and one line about all of them.

use std::collections::BTreeMap;

use crate::envelope::GuardedPlan;
use crate::helpdesks::{HelpdeskPlans, Unavailable};
use crate::ident::HelpdeskName;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::render::html;
use crate::render::line::Line;
use crate::render::link::Links;
use crate::render::markdown::{self, Budget};
use crate::render::outcome;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::TerminalPage;
use crate::render::wording::plan as texts;
use crate::settings::Language;

/// The language of plans, which they share; that of helpdesks which could not be planned is unknown.
pub fn language(plans: &HelpdeskPlans) -> Language {
    plans.helpdesks.values().next().map_or_else(Language::default, |guarded| guarded.plan.header.language)
}

/// The plans as text, each by `render`.
pub fn text(plans: &HelpdeskPlans, paint: Paint, render: impl Fn(&GuardedPlan, Paint) -> String) -> String {
    let mut text = sections(plans, paint, |_, guarded| render(guarded, paint));
    text.push_str(&closing(plans, paint));
    text
}

/// The outcomes as text.
pub fn outcomes(plans: &HelpdeskPlans, outcomes: &BTreeMap<HelpdeskName, Outcome>, paint: Paint) -> String {
    let is_quiet = |plan: &Plan, outcome: &Outcome| plan.is_empty() && outcome.results.is_empty();
    sections(plans, paint, |name, guarded| match outcomes.get(name) {
        Some(outcome) if !is_quiet(&guarded.plan, outcome) => outcome::text(&guarded.plan, outcome, paint),
        _ => String::new(),
    })
}

/// A section for each helpdesk that has something to show, in the order of names.
fn sections(
    plans: &HelpdeskPlans,
    paint: Paint,
    render: impl Fn(&HelpdeskName, &GuardedPlan) -> String,
) -> String {
    let language = language(plans);
    let mut sections: BTreeMap<&HelpdeskName, String> = BTreeMap::new();
    for (name, failure) in &plans.unavailable {
        let mut page = TerminalPage::new(paint);
        for line in &unavailable(failure, language) {
            page.line(0, 2, line);
        }
        sections.insert(name, page.finish());
    }
    for (name, guarded) in &plans.helpdesks {
        sections.entry(name).or_default().insert_str(0, &render(name, guarded));
    }
    let section = |(name, text): (&HelpdeskName, String)| {
        let mut page = TerminalPage::new(paint);
        page.line(0, 2, &heading(name, language));
        format!("{}{text}\n", page.finish())
    };
    sections.into_iter().filter(|(_, text)| !text.is_empty()).map(section).collect()
}

fn heading(name: &HelpdeskName, language: Language) -> Line {
    let name = Line::new().foreign_toned(Tone::Strong, name.as_str());
    texts::HELPDESK.toned(language, Tone::Strong, &[("helpdesk", name.into())])
}

/// The failure of a helpdesk, and the advice.
fn unavailable(failure: &Unavailable, language: Language) -> Vec<Line> {
    let why = Line::new().foreign(&failure.message);
    let mut lines = vec![texts::UNAVAILABLE.toned(language, Tone::Alarm, &[("why", why.into())])];
    lines.extend(failure.help.iter().map(|help| Line::new().toned(Tone::Quiet, "→ ").foreign(help)));
    lines
}

/// The line about all helpdesks.
fn summary(plans: &HelpdeskPlans) -> String {
    let language = language(plans);
    let values = [("n", plans.changes().into()), ("helpdesks", plans.helpdesks.len().into())];
    let mut text = texts::ALL_HELPDESKS.words(language, &values);
    if !plans.unavailable.is_empty() {
        text.push_str(&texts::UNAVAILABLE_NUMBER.words(language, &[("n", plans.unavailable.len().into())]));
    }
    text
}

fn closing(plans: &HelpdeskPlans, paint: Paint) -> String {
    let mut page = TerminalPage::new(paint);
    page.line(0, 2, &Line::new().toned(Tone::Strong, &format!("{}.", summary(plans))));
    page.finish()
}

/// The plans as Markdown for a pull request: the first text with a section for each helpdesk, and continuations of those
/// whose risks do not fit.
pub fn comments(plans: &HelpdeskPlans, budget: Budget, links: &Links) -> Vec<String> {
    let language = language(plans);
    let mut first = markdown::several::head(&summary(plans));
    let mut further = Vec::new();
    let share = budget.shared(plans.helpdesks.len().max(1), first.len());
    for (name, failure) in &plans.unavailable {
        let lines = unavailable(failure, language);
        first.push_str(&markdown::several::section(&heading(name, language), &lines));
    }
    for (name, guarded) in plans.helpdesks.iter().filter(|(name, _)| !plans.unavailable.contains_key(*name)) {
        let heading = markdown::several::section(&heading(name, language), &[]);
        let mut parts = markdown::comments(guarded, share.less(heading.len()), links).into_iter();
        let part = |part: String| format!("{heading}{part}");
        first.extend(parts.next().map(part));
        further.extend(parts.map(part));
    }
    std::iter::once(first).chain(further).collect()
}

/// The plans as one page.
pub fn page(plans: &HelpdeskPlans, links: &Links) -> String {
    let language = language(plans);
    let title = summary(plans);
    let failures = plans.unavailable.iter();
    let failures = failures.map(|(name, failure)| (heading(name, language), unavailable(failure, language)));
    let planned = plans.helpdesks.iter().filter(|(name, _)| !plans.unavailable.contains_key(*name));
    let planned = planned.map(|(name, guarded)| (heading(name, language), guarded));
    html::page_of_several(&title, language, failures, planned, links)
}

/// The plans in another language.
#[must_use]
pub fn translated(plans: &HelpdeskPlans, language: Language) -> HelpdeskPlans {
    let mut plans = plans.clone();
    for guarded in plans.helpdesks.values_mut() {
        guarded.plan.header.language = language;
    }
    plans
}
