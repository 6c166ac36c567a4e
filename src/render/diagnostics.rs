//! Renders diagnostics in the style of rustc: the code, the position, the annotated lines and the help. Also a short form
//! of one line each, for problem matchers.
//!
//! The reports for other programs are in files of their own below.
//!
//! annotate-snippets does the layout. The source is cut to the annotated lines and encoded before, so that the cost
//! depends on these lines and not on the size of the file.

mod fingerprint;
mod github;
mod gitlab;
mod ending;
mod junit;
mod region;
mod sarif;
#[cfg(test)]
mod secrets;

pub use github::github;
pub use gitlab::gitlab;
pub use junit::junit;
pub use sarif::sarif;

use std::collections::BTreeSet;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, FileId, Label, Severity, Sources, Span};
use crate::render::encode;
use crate::render::json;
use crate::render::style::Paint;
use crate::render::vocabulary;

/// The largest width of an excerpt of a file, in columns.
const WIDEST_EXCERPT: usize = 140;

/// Renders every diagnostic with its lines, in the order given, with a blank line after each. Many agreements that end soon,
/// or that end without a notice, are one group at the end.
pub fn text(found: &Diagnostics, sources: &Sources, paint: Paint) -> String {
    let renderer = if paint.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(paint.columns().min(WIDEST_EXCERPT));
    let in_clear_text = found.iter().filter(|diagnostic| diagnostic.code == Code::E013);
    let hidden = found.iter().filter_map(|diagnostic| diagnostic.hidden.as_deref()).flatten().copied();
    // A line with a secret may be shown for another diagnostic.
    let secrets: BTreeSet<Span> =
        in_clear_text.map(|diagnostic| diagnostic.place.span).chain(hidden).collect();
    let redacted = (!secrets.is_empty()).then(|| sources.redacted(secrets));
    let sources = redacted.as_ref().unwrap_or(sources);
    let mut text = String::new();
    let groups = ending::groups(found);
    for diagnostic in found.iter().filter(|one| !groups.iter().any(|group| group.contains(one))) {
        text.push_str(&renderer.render(&[group(diagnostic, sources)]));
        text.push_str("\n\n");
    }
    for group in groups.iter().filter_map(|many| ending::group(many, level, sources)) {
        text.push_str(&renderer.render(&[group]));
        text.push_str("\n\n");
    }
    text
}

/// Renders every diagnostic as `path:line:column: error[E101]: message`.
pub fn short(found: &Diagnostics, sources: &Sources) -> String {
    let line = |diagnostic: &Diagnostic| {
        let position = sources.position(diagnostic.place.span);
        format!(
            "{}:{}:{}: {}[{}]: {}\n",
            encode::terminal(&position.path),
            position.line,
            position.column,
            json::severity(diagnostic.severity),
            diagnostic.code,
            encode::terminal(&diagnostic.message)
        )
    };
    found.iter().map(line).collect()
}

/// Renders a summary such as `3 errors, 1 warning in 24 files`.
pub fn summary(found: &Diagnostics, files: usize) -> String {
    let counted = [
        (Severity::Error, "error", "errors"),
        (Severity::Warning, "warning", "warnings"),
        (Severity::Note, "note", "notes"),
    ];
    let parts: Vec<String> = counted
        .into_iter()
        .map(|(severity, one, many)| (found.count(severity), one, many))
        .filter(|(number, ..)| *number > 0)
        .map(|(number, one, many)| vocabulary::count(number, one, many))
        .collect();
    let what = if parts.is_empty() { "no errors".to_owned() } else { parts.join(", ") };
    format!("{what} in {}", vocabulary::count(files, "file", "files"))
}

const fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Group<'a> {
    let title = level(diagnostic.severity)
        .primary_title(encode::terminal(&diagnostic.message))
        .id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    let labels = std::iter::once((&diagnostic.place, AnnotationKind::Primary))
        .chain(diagnostic.related.iter().map(|label| (label, AnnotationKind::Context)));
    let mut by_file: Vec<(FileId, Vec<(&Label, AnnotationKind)>)> = Vec::new();
    for (label, kind) in labels {
        let file = label.span.file;
        match by_file.iter_mut().find(|(known, _)| *known == file) {
            Some((_, labels)) => labels.push((label, kind)),
            None => by_file.push((file, vec![(label, kind)])),
        }
    }
    for (file, labels) in by_file {
        let path = encode::terminal(sources.path(file));
        if sources.text(file).is_empty() {
            group = group.element(Origin::path(path));
        } else {
            group = group.element(snippet(sources.text(file), &labels).path(path));
        }
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(encode::terminal(help)));
    }
    group
}

/// The largest number of bytes that is shown of a value, and of the rest of its line.
const SHOWN_BYTES: u32 = 2_000;

/// The lines of one file from the first label to the last.
fn snippet<'a>(
    text: &'a str,
    labels: &[(&'a Label, AnnotationKind)],
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let range = |label: &Label| {
        let end = label.span.end.min(label.span.start.saturating_add(SHOWN_BYTES)) as usize;
        let end = floor(text, end);
        floor(text, label.span.start as usize).min(end)..end
    };
    let ranges = labels.iter().map(|(label, _)| range(label));
    let first = ranges.clone().map(|range| range.start).min().unwrap_or(0);
    let last = ranges.map(|range| range.end).max().unwrap_or(0);
    let begin = text[..first].rfind('\n').map_or(0, |newline| newline + 1);
    let rest = &text[last..floor(text, last + SHOWN_BYTES as usize)];
    let end = last + rest.find('\n').unwrap_or(rest.len());
    let lines = &text[begin..end];
    // The encoded text may be longer than the source, and annotations are placed by bytes of the encoded text.
    let shown = |offset: usize| encoded(&lines[..offset - begin]).len();
    let annotations = labels.iter().map(|(label, kind)| {
        let range = range(label);
        let annotation = kind.span(shown(range.start)..shown(range.end));
        match &*label.text {
            "" => annotation,
            text => annotation.label(encode::terminal(text)),
        }
    });
    Snippet::source(encoded(lines))
        .line_start(text[..begin].bytes().filter(|byte| *byte == b'\n').count() + 1)
        .annotations(annotations.collect::<Vec<_>>())
}

/// Encodes lines for display, with normalised line endings.
fn encoded(lines: &str) -> String {
    let lines = lines.replace("\r\n", "\n");
    encode::excerpt(lines.strip_suffix('\r').unwrap_or(&lines)).into_owned()
}

/// The largest character boundary at or before `offset`.
fn floor(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|offset| text.is_char_boundary(*offset)).unwrap_or(0)
}

#[cfg(test)]
mod report_tests;

#[cfg(test)]
mod tests {
    use super::{short, summary, text};
    use crate::diagnostic::{Code, Diagnostic, Diagnostics, FileId, Sources, Span};
    use crate::render::Paint;
    use crate::render::encode::corpus::{HOSTILE, is_clean};

    fn span(sources: &Sources, file: FileId, wanted: &str) -> Span {
        let start = sources.text(file).find(wanted).expect("the text is there");
        let narrow = |offset: usize| u32::try_from(offset).expect("short");
        Span { file, start: narrow(start), end: narrow(start + wanted.len()) }
    }

    fn found() -> (Diagnostics, Sources) {
        let mut sources = Sources::default();
        let template = sources.add(
            "templates/support-standard.yaml",
            "sla:\n  targets:\n    critical: { response: 30m }\nlocked: [sla.targets]\n",
        );
        let agreement = sources.add(
            "agreements/severny-veter.yaml",
            "extends: support-standard\ntitle: Северный ветер\nmanager: i.petrowa\nsla: { targets: { critical: { response: 2h } } }\n",
        );
        let locked = Diagnostic::new(
            Code::E105,
            span(&sources, agreement, "2h"),
            "`sla.targets.critical.response` is locked",
        )
        .label("changed here")
        .related(span(&sources, template, "30m"), "the template says this")
        .related(span(&sources, template, "sla.targets"), "and locks it")
        .help("take the target out, or ask for a template of your own");
        let manager = Diagnostic::new(
            Code::E101,
            span(&sources, agreement, "i.petrowa"),
            "no manager is called `i.petrowa`",
        )
        .help("did you mean `i.petrova`?");
        let unused = Diagnostic::new(Code::W107, Span::of_file(template), "the template is not used");
        ([locked, manager, unused].into_iter().collect(), sources)
    }

    #[test]
    fn a_line_with_a_secret_is_shown_without_it() {
        let mut sources = Sources::default();
        let file = sources.add(
            "servanda.yaml",
            "helpdesk: { access_key: 'canary-7', rate: many, password: \"canary-8\" }\n",
        );
        let fault = |code, wanted| Diagnostic::new(code, span(&sources, file, wanted), "a fault");
        let found: Diagnostics =
            [fault(Code::E009, "many"), fault(Code::E013, "'canary-7'"), fault(Code::E013, "\"canary-8\"")]
                .into_iter()
                .collect();
        let drawn = text(&found, &sources, Paint::PLAIN);
        assert!(!drawn.contains("canary") && drawn.contains("access_key: **********, rate: many"), "{drawn}");
    }

    #[test]
    fn diagnostics_are_rendered_with_their_lines() {
        let (found, sources) = found();
        insta::assert_snapshot!(text(&found, &sources, Paint::PLAIN), @r#"
        error[E105]: `sla.targets.critical.response` is locked
         --> agreements/severny-veter.yaml:4:41
          |
        4 | sla: { targets: { critical: { response: 2h } } }
          |                                         ^^ changed here
          |
         ::: templates/support-standard.yaml:3:27
          |
        3 |     critical: { response: 30m }
          |                           --- the template says this
        4 | locked: [sla.targets]
          |          ----------- and locks it
          |
          = help: take the target out, or ask for a template of your own

        error[E101]: no manager is called `i.petrowa`
         --> agreements/severny-veter.yaml:3:10
          |
        3 | manager: i.petrowa
          |          ^^^^^^^^^
          |
          = help: did you mean `i.petrova`?

        warning[W107]: the template is not used
         --> templates/support-standard.yaml:1:1
          |
        1 | sla:
          | ^
        "#);
    }

    #[test]
    fn the_short_form_is_a_line_each() {
        let (found, sources) = found();
        assert_eq!(
            short(&found, &sources),
            "agreements/severny-veter.yaml:4:41: error[E105]: `sla.targets.critical.response` is locked\n\
             agreements/severny-veter.yaml:3:10: error[E101]: no manager is called `i.petrowa`\n\
             templates/support-standard.yaml:1:1: warning[W107]: the template is not used\n"
        );
        assert_eq!(summary(&found, 24), "2 errors, 1 warning in 24 files");
        assert_eq!(summary(&Diagnostics::default(), 1), "no errors in 1 file");
    }

    #[test]
    fn hostile_files_are_shown_without_effect() {
        for hostile in HOSTILE {
            let mut sources = Sources::default();
            let file = sources.add(*hostile, format!("# {hostile}\nkey: {hostile} x\n"));
            let diagnostic = Diagnostic::new(Code::E007, span(&sources, file, " x"), *hostile)
                .label(*hostile)
                .related(span(&sources, file, "# "), *hostile)
                .help(*hostile);
            let found = std::iter::once(diagnostic).collect();
            let drawn = text(&found, &sources, Paint::PLAIN) + &short(&found, &sources);
            assert!(is_clean(&drawn), "{drawn}");
        }
    }

    #[test]
    fn a_position_outside_the_text_is_rendered() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "ключ");
        let empty = sources.add("b.yaml", "");
        let places = [(file, 1, 900), (file, 900, 2), (file, 3, 3), (empty, 5, 7)];
        let found: Diagnostics = places
            .into_iter()
            .map(|(file, start, end)| Diagnostic::new(Code::E001, Span { file, start, end }, "odd"))
            .collect();
        let drawn = text(&found, &sources, Paint::PLAIN);
        assert_eq!(drawn.matches("error[E001]: odd").count(), 4, "{drawn}");
        assert!(drawn.contains("--> b.yaml"), "{drawn}");
    }

    #[test]
    fn lines_keep_their_numbers_and_columns() {
        let mut sources = Sources::default();
        let lines = "# строка\r\n".repeat(500);
        let file = sources.add("a.yaml", format!("{lines}\tимя: \u{1b}\u{202e}эх\r\n"));
        let place = span(&sources, file, "эх");
        let found = std::iter::once(Diagnostic::new(Code::E008, place, "odd")).collect();
        let drawn = text(&found, &sources, Paint::PLAIN);
        let position = sources.position(place);
        assert!(drawn.contains(&format!("a.yaml:501:{}", position.column)), "{drawn}");
        assert!(drawn.contains("имя: ␛�эх\n"), "{drawn}");
    }
}
