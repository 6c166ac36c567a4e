//! Agreements that end soon, and agreements that end without a notice, as one group each: their number depends on the date
//! or on what all of them lack, and would hide other findings.

use annotate_snippets::{Group, Level};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Sources};
use crate::render::encode;

/// The number of agreements up to which each is shown with its lines.
const ALONE: usize = 3;
/// The number of agreements that a group names.
const NAMED: usize = 10;

/// The findings that are shown together, the nearest end first; none where they are few.
pub(super) fn groups(found: &Diagnostics) -> Vec<GroupedFindings<'_>> {
    let of = |code: Code| {
        let mut many: Vec<&Diagnostic> = found.iter().filter(|one| one.code == code).collect();
        many.sort_by_key(|one| one.ends_in);
        GroupedFindings { code, many }
    };
    [Code::W502, Code::W306].map(of).into_iter().filter(|group| group.many.len() > ALONE).collect()
}

/// The findings of a group.
pub(super) struct GroupedFindings<'a> {
    code: Code,
    many: Vec<&'a Diagnostic>,
}

impl GroupedFindings<'_> {
    /// Whether a finding is shown in the group.
    pub(super) fn contains(&self, one: &Diagnostic) -> bool {
        one.code == self.code
    }

    fn title_and_help(&self) -> Option<(String, String)> {
        let number = self.many.len();
        if self.code == Code::W502 {
            return Some((
                format!("{number} agreements send no notice before their end"),
                "add `expiring: { before: [60d, 30d, 7d], to: [client, manager] }` under `notices:`, best in the templates that they extend".to_owned(),
            ));
        }
        let days = self.many.last()?.ends_in?;
        Some((
            format!("{number} agreements end within {days} days and have no successor"),
            format!(
                "`servanda status --ending-within {days}d` shows them, and `servanda renew --ending-within {days}d` creates their successors"
            ),
        ))
    }
}

/// The group, with the positions of the first agreements and the command for all.
pub(super) fn group<'a>(
    found: &GroupedFindings<'_>,
    level: impl Fn(Severity) -> Level<'static>,
    sources: &Sources,
) -> Option<Group<'a>> {
    let (title, help) = found.title_and_help()?;
    let first = found.many.first()?;
    let mut group = Group::with_title(level(first.severity).primary_title(title).id(first.code.as_str()));
    for diagnostic in found.many.iter().take(NAMED) {
        let at = sources.position(diagnostic.place.span);
        let line =
            format!("{}:{}: {}", encode::terminal(&at.path), at.line, encode::terminal(&diagnostic.message));
        group = group.element(Level::NOTE.message(line));
    }
    if found.many.len() > NAMED {
        let more = format!("and {} more; `servanda validate --short` lists all", found.many.len() - NAMED);
        group = group.element(Level::NOTE.message(more));
    }
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
        let unnoticed = many.iter().map(|one| Diagnostic { code: Code::W502, ends_in: None, ..one.clone() });
        let both: Diagnostics = unnoticed.chain(many.iter().cloned()).collect();
        let said = text(&both, &sources, Paint::PLAIN);
        let codes = ["warning[W502]", "warning[W306]"].map(|code| said.matches(code).count());
        assert_eq!(codes, [1, 1], "{said}");
        let few: Diagnostics = many[..3].iter().cloned().collect();
        assert_eq!(text(&few, &sources, Paint::PLAIN).matches("warning[W306]").count(), 3);
    }
}
