//! What a pull request brings about, said at a terminal: its red lines, and what a plan holds besides.

use crate::plan::Plan;
use crate::plan::scope::{RedLine, Scope, Steered, Tie};
use crate::render::line::Line;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::TerminalPage;
use crate::render::vocabulary;

/// What is said beside a plan that was made for a pull request.
pub fn text(scope: &Scope, plan: &Plan, paint: Paint) -> String {
    let mut page = TerminalPage::new(paint);
    let documents = vocabulary::count(scope.documents.len(), "document", "documents");
    let mut found = Line::of("compared with ").foreign(&scope.base).text(&format!(": {documents} changed"));
    if !scope.indirect.is_empty() {
        let agreements = vocabulary::count(scope.indirect.len(), "agreement", "agreements");
        found = found.text(&format!(", and {agreements} indirectly"));
    }
    page.line(0, 2, &found);
    for red in &scope.red_lines {
        page.line(0, 2, &Line::new().toned(Tone::Alarm, "red line: ").join(red_line(red, &scope.base)));
    }
    let besides = scope.unexplained(plan);
    if !besides.is_empty() {
        let changes = vocabulary::count(besides.len(), "change", "changes");
        let line = Line::new().toned(Tone::Shift, "warning: ").text(&format!("{changes} not from here: "));
        page.line(0, 2, &line.join(vocabulary::capped_list(besides.iter().map(ToString::to_string))));
    }
    page.finish()
}

/// A red line with its place: what a reviewer must not overlook.
pub(super) fn red_line(red: &RedLine, base: &str) -> Line {
    let line = Line::new().foreign(&format!("{}:{}", red.path, red.line)).text(": ");
    match &red.what {
        Steered::Settings => line
            .text("the settings differ; those of ")
            .foreign(base)
            .text(" hold for this plan, and a merge puts these in force"),
        Steered::Trusted => line.text("this tells how Servanda is run; a merge puts it in force"),
        Steered::Slug { entry, before, after } => {
            let line = line.code(entry);
            match before {
                None => line.text(" is new, and reaches ").join(tie(after)),
                Some(Tie::Address) if *after == Tie::Address => line.text(" is reached at another address"),
                Some(before) => {
                    line.text(" is tied to ").join(tie(after)).text(" in place of ").join(tie(before))
                }
            }
        }
    }
}

fn tie(tie: &Tie) -> Line {
    match tie {
        Tie::Object(id) => Line::new().foreign(id.as_str()),
        Tie::Title(title) => Line::of("whatever is titled ").quoted(title),
        Tie::Address => Line::of("an address"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Paint, text};
    use crate::ident::{AgreementId, LiveId};
    use crate::plan::Verb;
    use crate::plan::scope::{RedLine, Scope, Steered, Tie, Touched};
    use crate::render::encode::corpus::{HOSTILE, is_clean};
    use crate::render::plan::sample;
    use crate::status::{State, StatusReason};

    fn red(what: Steered) -> RedLine {
        RedLine { path: "catalog.yaml".to_owned(), line: 4, what }
    }

    fn slug(entry: &str, before: Option<Tie>, after: Tie) -> RedLine {
        red(Steered::Slug { entry: entry.to_owned(), before, after })
    }

    #[test]
    fn red_lines_and_what_is_not_from_here_are_said() {
        let id = |text: &str| AgreementId::new(text).expect("an id");
        let object = |text: &str| Tie::Object(LiveId::new(text).expect("a live id"));
        let change =
            |name: &str| sample::change(name, Verb::Update, "T", State::Active, StatusReason::WithinPeriod);
        let plan = sample::plan(vec![change("a"), change("b"), change("c")]);
        let scope = Scope {
            base: "abc1234".to_owned(),
            documents: [(id("a"), Touched::Changed)].into(),
            indirect: [id("b")].into(),
            red_lines: vec![
                RedLine { path: "servanda.yaml".to_owned(), line: 12, what: Steered::Settings },
                slug("clients.x", Some(object("ou$1")), object("ou$9")),
                slug("clients.x.contacts.new", None, Tie::Address),
                slug("managers.y.email", Some(Tie::Address), Tie::Address),
                slug("services.z", Some(Tie::Title("Почта".to_owned())), object("slmService$1")),
            ],
        };
        insta::assert_snapshot!(text(&scope, &plan, Paint::PLAIN), @r"
        compared with abc1234: 1 document changed, and 1 agreement indirectly
        red line: servanda.yaml:12: the settings differ; those of abc1234 hold for this plan, and a merge
          puts these in force
        red line: catalog.yaml:4: `clients.x` is tied to ou$9 in place of ou$1
        red line: catalog.yaml:4: `clients.x.contacts.new` is new, and reaches an address
        red line: catalog.yaml:4: `managers.y.email` is reached at another address
        red line: catalog.yaml:4: `services.z` is tied to slmService$1 in place of whatever is titled
          “Почта”
        warning: 1 change not from here: c
        ");
    }

    #[test]
    fn a_pull_request_commands_no_terminal() {
        for hostile in HOSTILE {
            let what = slug(hostile, Some(Tie::Title((*hostile).to_owned())), Tie::Address);
            let red_lines = vec![RedLine { path: (*hostile).to_owned(), ..what }];
            let scope = Scope { base: (*hostile).to_owned(), red_lines, ..Scope::default() };
            let said = text(&scope, &sample::plan(Vec::new()), Paint::PLAIN);
            assert!(is_clean(&said), "{said}");
        }
    }
}
