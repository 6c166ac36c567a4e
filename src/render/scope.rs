//! The scope of a pull request as text: changed documents, red lines, and changes that are on its base as well.

use std::collections::BTreeSet;

use crate::envelope::GuardedPlan;
use crate::ident::AgreementId;
use crate::plan::scope::{CatalogReference, ChangedLine, RedLine, RedLineSubject, Scope, TextChange};
use crate::render::diff;
use crate::render::line::Line;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::TerminalPage;
use crate::render::vocabulary::Vocabulary;
use crate::render::wording::{Text, Value, plan, reasons as texts};

/// The number of changed texts that are shown.
pub(super) const SHOWN_TEXTS: usize = 4;

/// The number of changed lines of templates that are shown.
pub(super) const SHOWN_LINES: usize = 20;

/// The text beside a plan that was made for a pull request. It is the program's own, in English.
pub fn text(scope: &Scope, envelope: &GuardedPlan, paint: Paint) -> String {
    let words = Vocabulary::english(&envelope.plan);
    let mut page = TerminalPage::new(paint);
    let base = Line::new().foreign(&scope.base);
    let mut head = words.line(texts::COMPARED, &[("base", base.into()), ("n", scope.documents.len().into())]);
    if !scope.indirect.is_empty() {
        head = head.text(&words.count(texts::INDIRECT, scope.indirect.len()));
    }
    if scope.behind > 0 {
        head = head.text(&words.count(texts::BEHIND, scope.behind));
    }
    page.line(0, 2, &head);
    for line in changed_lines(scope, words) {
        page.line(0, 2, &line);
    }
    for red in &scope.red_lines {
        let line = [("line", red_line(red, &scope.base, words).into())];
        page.line(0, 2, &texts::RED_LINE.toned(words.language, Tone::Alarm, &line));
    }
    if !scope.texts.is_empty() {
        let text = if scope.texts.len() > SHOWN_TEXTS { texts::TEXTS_FIRST } else { texts::TEXTS };
        page.line(0, 2, &words.line(text, &[("n", scope.texts.len().into()), ("m", SHOWN_TEXTS.into())]));
    }
    let changed = envelope.all_changes().map(|change| &change.id).filter(|id| scope.is_on_base(id));
    let on_base: BTreeSet<&AgreementId> = changed.collect();
    if !on_base.is_empty() {
        let ids = words.capped_list(on_base.iter().map(ToString::to_string));
        let values = [("n", on_base.len().into()), ("ids", ids.into())];
        page.line(0, 2, &words.line(texts::BASE_CHANGES, &values));
    }
    let mut text = page.finish();
    text.extend(scope.texts.iter().take(SHOWN_TEXTS).map(|changed| text_diff(changed, paint)));
    text
}

/// The changed lines of templates: `templates/standard.yaml:5  sla.targets.critical.response 30m → 3h: 4048 agreements of
/// 2169 clients`. Of many, the first are shown.
pub(super) fn changed_lines(scope: &Scope, words: Vocabulary<'_>) -> Vec<Line> {
    let line = |changed: &ChangedLine| {
        let place = format!("{}:{}", changed.path, changed.line);
        Line::new().foreign(&place).text("  ").join(changed_value(changed, words))
    };
    let mut lines: Vec<Line> = scope.lines.iter().take(SHOWN_LINES).map(line).collect();
    if scope.lines.len() > SHOWN_LINES {
        lines.push(Line::of(&words.count(plan::AND_MORE_LINES, scope.lines.len() - SHOWN_LINES)));
    }
    lines
}

/// A changed value of a template: its path, both values, and the number of agreements that inherit it.
pub(super) fn changed_value(changed: &ChangedLine, words: Vocabulary<'_>) -> Line {
    let value = |value: &Option<String>| match value {
        Some(value) => Line::new().foreign(&words.preview(value)),
        None => Line::of(words.say(plan::NOTHING)),
    };
    let line = Line::new().code(&changed.value).text(" ").join(value(&changed.before));
    let line = line.toned(Tone::Shift, " → ").join(value(&changed.after));
    line.text(": ").toned(Tone::Strong, &words.numbers(changed.agreements, changed.clients))
}

/// A changed text, before and after.
pub(super) fn text_diff(changed: &TextChange, paint: Paint) -> String {
    diff::unified(Some(&changed.mail), &changed.mail, &changed.before, &changed.after, paint)
}

/// A red line with its place.
pub(super) fn red_line(red: &RedLine, base: &str, words: Vocabulary<'_>) -> Line {
    Line::new().foreign(&format!("{}:{}", red.path, red.line)).text(": ").join(red_reason(red, base, words))
}

/// The reason why a line is red.
pub(super) fn red_reason(red: &RedLine, base: &str, words: Vocabulary<'_>) -> Line {
    let of = |text: Text, values: &[(&str, Value)]| words.line(text, values);
    let code = |text: &str| Value::from(Line::new().code(text));
    let tie = |held: &CatalogReference| Value::from(tie(held, words));
    match &red.what {
        RedLineSubject::Settings => of(texts::RED_SETTINGS, &[("base", Line::new().foreign(base).into())]),
        RedLineSubject::Trusted => of(texts::RED_TRUSTED, &[]),
        RedLineSubject::Git => of(texts::RED_GIT, &[]),
        RedLineSubject::Link => of(texts::RED_LINK, &[]),
        RedLineSubject::Notice => of(texts::RED_NOTICE, &[]),
        RedLineSubject::Acknowledgement(number) => {
            of(texts::RED_ACKNOWLEDGEMENT, &[("number", code(number))])
        }
        RedLineSubject::Contact { entry, after } => {
            of(texts::RED_CONTACT, &[("entry", code(entry)), ("after", tie(after))])
        }
        RedLineSubject::Slug { entry, before: None, after } => {
            of(texts::RED_NEW, &[("entry", code(entry)), ("after", tie(after))])
        }
        RedLineSubject::Slug {
            entry,
            before: Some(CatalogReference::Address),
            after: CatalogReference::Address,
        } => of(texts::RED_ADDRESS, &[("entry", code(entry))]),
        RedLineSubject::Slug { entry, before: Some(before), after } => {
            of(texts::RED_OTHER, &[("entry", code(entry)), ("after", tie(after)), ("before", tie(before))])
        }
    }
}

fn tie(tie: &CatalogReference, words: Vocabulary<'_>) -> Line {
    match tie {
        CatalogReference::Object(id) => Line::new().foreign(id.as_str()),
        CatalogReference::Title(title) => {
            words.line(texts::OBJECT_TITLED, &[("title", Line::new().quoted(title).into())])
        }
        CatalogReference::Address => Line::of(words.say(texts::AN_ADDRESS)),
    }
}

#[cfg(test)]
mod tests {
    use super::{GuardedPlan, Paint, text};
    use crate::ident::{AgreementId, LiveId};
    use crate::plan::scope::{CatalogReference, DocumentChange, RedLine, RedLineSubject, Scope};
    use crate::plan::{OnBase, Verb};
    use crate::render::encode::corpus::{HOSTILE, is_clean};
    use crate::render::plan::sample;
    use crate::status::{State, StatusReason};

    fn red(what: RedLineSubject) -> RedLine {
        RedLine { path: "catalog.yaml".to_owned(), line: 4, what }
    }

    fn slug(entry: &str, before: Option<CatalogReference>, after: CatalogReference) -> RedLine {
        red(RedLineSubject::Slug { entry: entry.to_owned(), before, after })
    }

    #[test]
    fn red_lines_and_changes_on_the_base_are_named() {
        let id = |text: &str| AgreementId::new(text).expect("an id");
        let object = |text: &str| CatalogReference::Object(LiveId::new(text).expect("a live id"));
        let change =
            |name: &str| sample::change(name, Verb::Update, "T", State::Active, StatusReason::WithinPeriod);
        let plan = sample::plan(vec![change("a"), change("b"), change("c")]);
        let envelope = GuardedPlan::new(&plan, plan.clone(), Vec::new());
        let scope = Scope {
            base: "abc1234".to_owned(),
            documents: [(id("a"), DocumentChange::Changed)].into(),
            indirect: [id("b")].into(),
            on_base: [(id("c"), OnBase { whole: true, risks: Vec::new() })].into(),
            behind: 2,
            red_lines: vec![
                RedLine { path: "servanda.yaml".to_owned(), line: 12, what: RedLineSubject::Settings },
                slug("clients.x", Some(object("ou$1")), object("ou$9")),
                slug("clients.x.contacts.new", None, CatalogReference::Address),
                slug("managers.y.email", Some(CatalogReference::Address), CatalogReference::Address),
                slug("services.z", Some(CatalogReference::Title("Почта".to_owned())), object("slmService$1")),
            ],
            ..Scope::default()
        };
        insta::assert_snapshot!(text(&scope, &envelope, Paint::PLAIN), @r"
        compared with abc1234: 1 document changed, 1 agreement affected indirectly; the branch is 2 commits
          behind, and this is the plan of the merge
        red line: servanda.yaml:12: the settings differ; this plan uses those of abc1234, and a merge makes
          the new ones effective
        red line: catalog.yaml:4: `clients.x` refers to ou$9 instead of ou$1
        red line: catalog.yaml:4: `clients.x.contacts.new` is new and refers to an address
        red line: catalog.yaml:4: `managers.y.email` has another address
        red line: catalog.yaml:4: `services.z` refers to slmService$1 instead of the object titled “Почта”
        1 change is on the base as well, without this pull request: c
        ");
    }

    #[test]
    fn a_pull_request_does_not_control_the_terminal() {
        for hostile in HOSTILE {
            let what = slug(
                hostile,
                Some(CatalogReference::Title((*hostile).to_owned())),
                CatalogReference::Address,
            );
            let red_lines = vec![RedLine { path: (*hostile).to_owned(), ..what }];
            let scope = Scope { base: (*hostile).to_owned(), red_lines, ..Scope::default() };
            let plan = sample::plan(Vec::new());
            let shown = text(&scope, &GuardedPlan::new(&plan, plan.clone(), Vec::new()), Paint::PLAIN);
            assert!(is_clean(&shown), "{shown}");
        }
    }
}
