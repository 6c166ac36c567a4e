//! Agreements that end soon, as one group: their number depends on the date, and would hide other findings.

use annotate_snippets::{Group, Level};

use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources};
use crate::render::encode;

/// The number of agreements up to which each is shown with its lines.
const ALONE: usize = 3;
/// The number of agreements that a group names.
const NAMED: usize = 10;

/// The findings that are shown together, the nearest end first; none where they are few.
pub(super) fn together(found: &Diagnostics) -> Vec<&Diagnostic> {
    let is_one = |diagnostic: &&Diagnostic| diagnostic.ends_in.is_some();
    let mut ending: Vec<&Diagnostic> = found.iter().filter(is_one).collect();
    ending.sort_by_key(|diagnostic| diagnostic.ends_in);
    if ending.len() > ALONE { ending } else { Vec::new() }
}

/// The group, with the positions of the first agreements and the command for all.
pub(super) fn group<'a>(
    ending: &[&Diagnostic],
    level: impl Fn(Severity) -> Level<'static>,
    sources: &Sources,
) -> Option<Group<'a>> {
    let (last, number) = (ending.last()?, ending.len());
    let days = last.ends_in?;
    let title = format!("{number} agreements end within {days} days and have no successor");
    let mut group = Group::with_title(level(last.severity).primary_title(title).id(last.code.as_str()));
    for diagnostic in ending.iter().take(NAMED) {
        let at = sources.position(diagnostic.place.span);
        let line =
            format!("{}:{}: {}", encode::terminal(&at.path), at.line, encode::terminal(&diagnostic.message));
        group = group.element(Level::NOTE.message(line));
    }
    if number > NAMED {
        let more = format!("and {} more; `servanda validate --short` lists all", number - NAMED);
        group = group.element(Level::NOTE.message(more));
    }
    let help = format!(
        "`servanda status --ending-within {days}d` shows them, and `servanda renew --ending-within {days}d` creates their successors"
    );
    Some(group.element(Level::HELP.message(help)))
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::{Code, Diagnostic, Diagnostics, Sources, Span};
    use crate::render::Paint;
    use crate::render::diagnostics::text;

    #[test]
    fn many_agreements_that_end_soon_are_one_group_after_the_errors() {
        let mut sources = Sources::default();
        let of = |sources: &mut Sources, number: u16| {
            let file = sources.add(format!("agreements/a{number:02}.yaml"), "client: a\n");
            let message = format!("`a{number:02}` ends in {number} days and has no successor");
            Diagnostic { ends_in: Some(number), ..Diagnostic::new(Code::W306, Span::of_file(file), message) }
        };
        let many: Vec<Diagnostic> = (1..=31).rev().map(|number| of(&mut sources, number)).collect();
        let error = Diagnostic::new(Code::E101, Span::of_file(sources.add("z.yaml", "x: 1\n")), "unknown");
        let mut found: Diagnostics = many.iter().cloned().chain([error]).collect();
        found.sort(&sources);
        let said = text(&found, &sources, Paint::PLAIN);
        assert!(said.starts_with("error[E101]"), "{said}");
        assert_eq!(said.matches("warning[W306]").count(), 1, "{said}");
        assert!(said.contains("31 agreements end within 31 days"), "{said}");
        assert!(said.contains("agreements/a01.yaml:1: `a01` ends in 1 days"), "{said}");
        assert!(said.contains("renew --ending-within 31d") && said.contains("and 21 more"), "{said}");
        let few: Diagnostics = many[..3].iter().cloned().collect();
        assert_eq!(text(&few, &sources, Paint::PLAIN).matches("warning[W306]").count(), 3);
    }
}
