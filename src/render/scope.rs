//! The scope of a pull request as text: changed documents, red lines, and changes that are on its base as well.

use std::collections::BTreeSet;

use crate::envelope::GuardedPlan;
use crate::ident::AgreementId;
use crate::plan::scope::{CatalogReference, ChangedLine, RedLine, RedLineSubject, Scope, TextChange};
use crate::render::alike;
use crate::render::diff;
use crate::render::line::Line;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::TerminalPage;
use crate::render::vocabulary;

/// The number of changed texts that are shown.
pub(super) const SHOWN_TEXTS: usize = 4;

/// The number of changed lines of templates that are shown.
const SHOWN_LINES: usize = 20;

/// The text beside a plan that was made for a pull request.
pub fn text(scope: &Scope, envelope: &GuardedPlan, paint: Paint) -> String {
    let mut page = TerminalPage::new(paint);
    let documents = vocabulary::count(scope.documents.len(), "document", "documents");
    let mut head = Line::of("compared with ").foreign(&scope.base).text(&format!(": {documents} changed"));
    if !scope.indirect.is_empty() {
        let agreements = vocabulary::count(scope.indirect.len(), "agreement", "agreements");
        head = head.text(&format!(", {agreements} affected indirectly"));
    }
    if scope.behind > 0 {
        let commits = vocabulary::count(scope.behind, "commit", "commits");
        head = head.text(&format!("; the branch is {commits} behind, and this is the plan of the merge"));
    }
    page.line(0, 2, &head);
    for line in changed_lines(scope) {
        page.line(0, 2, &line);
    }
    for red in &scope.red_lines {
        page.line(0, 2, &Line::new().toned(Tone::Alarm, "red line: ").join(red_line(red, &scope.base)));
    }
    if !scope.texts.is_empty() {
        page.line(0, 2, &Line::of(&texts(scope.texts.len())));
    }
    let changed = envelope.all_changes().map(|change| &change.id).filter(|id| scope.is_on_base(id));
    let on_base: BTreeSet<&AgreementId> = changed.collect();
    if !on_base.is_empty() {
        let changes = vocabulary::count(on_base.len(), "change is", "changes are");
        let line = Line::of(&format!("{changes} on the base as well, without this pull request: "));
        page.line(0, 2, &line.join(vocabulary::capped_list(on_base.iter().map(ToString::to_string))));
    }
    let mut text = page.finish();
    text.extend(scope.texts.iter().take(SHOWN_TEXTS).map(|changed| text_diff(changed, paint)));
    text
}

/// The changed lines of templates: `templates/standard.yaml:5  sla.targets.critical.response 30m → 3h: 4048 agreements of
/// 2169 clients`. Of many, the first are shown.
pub(super) fn changed_lines(scope: &Scope) -> Vec<Line> {
    let value = |value: &Option<String>| match value {
        Some(value) => Line::new().foreign(&vocabulary::preview(value)),
        None => Line::of("nothing"),
    };
    let line = |changed: &ChangedLine| {
        let place = format!("{}:{}", changed.path, changed.line);
        let line = Line::new().foreign(&place).text("  ").code(&changed.value).text(" ");
        let line = line.join(value(&changed.before)).toned(Tone::Shift, " → ").join(value(&changed.after));
        line.text(": ").toned(Tone::Strong, &alike::numbers(changed.agreements, changed.clients))
    };
    let mut lines: Vec<Line> = scope.lines.iter().take(SHOWN_LINES).map(line).collect();
    if scope.lines.len() > SHOWN_LINES {
        lines.push(Line::of(&format!("and {} more", scope.lines.len() - SHOWN_LINES)));
    }
    lines
}

/// The number of changed texts.
fn texts(number: usize) -> String {
    let mails = vocabulary::count(number, "kind of mail reads", "kinds of mail read");
    let first = if number > SHOWN_TEXTS { format!("; the first {SHOWN_TEXTS}:") } else { ":".to_owned() };
    format!("{mails} differently, with sample values{first}")
}

/// A changed text, before and after.
pub(super) fn text_diff(changed: &TextChange, paint: Paint) -> String {
    diff::unified(Some(&changed.mail), &changed.mail, &changed.before, &changed.after, paint)
}

/// A red line with its place.
pub(super) fn red_line(red: &RedLine, base: &str) -> Line {
    let line = Line::new().foreign(&format!("{}:{}", red.path, red.line)).text(": ");
    match &red.what {
        RedLineSubject::Settings => line
            .text("the settings differ; this plan uses those of ")
            .foreign(base)
            .text(", and a merge makes the new ones effective"),
        RedLineSubject::Trusted => {
            line.text("this file defines how Servanda runs; a merge makes the change effective")
        }
        RedLineSubject::Git => line.text(
            "git reads this file, or may take its folder for a repository; it can make git run other programs",
        ),
        RedLineSubject::Link => line.text("this is a symbolic link, which may lead outside the repository"),
        RedLineSubject::Notice => line.text("this text is sent to clients; a merge makes the change effective"),
        RedLineSubject::Acknowledgement(number) => {
            line.text("the message of this commit acknowledges ").code(number).text(", and the merge may take it over")
        }
        RedLineSubject::Contact { entry, after } => {
            line.code(entry).text(" is no contact of the client: it refers to ").join(tie(after))
        }
        RedLineSubject::Slug { entry, before, after } => {
            let line = line.code(entry);
            match before {
                None => line.text(" is new and refers to ").join(tie(after)),
                Some(CatalogReference::Address) if *after == CatalogReference::Address => {
                    line.text(" has another address")
                }
                Some(before) => {
                    line.text(" refers to ").join(tie(after)).text(" instead of ").join(tie(before))
                }
            }
        }
    }
}

fn tie(tie: &CatalogReference) -> Line {
    match tie {
        CatalogReference::Object(id) => Line::new().foreign(id.as_str()),
        CatalogReference::Title(title) => Line::of("the object titled ").quoted(title),
        CatalogReference::Address => Line::of("an address"),
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
