//! Diagnostics as workflow commands of GitHub Actions, which become annotations on the lines of a pull request.

use std::fmt::Write as _;

use super::region::Region;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources};
use crate::render::encode;
use crate::render::vocabulary;

/// The largest number of annotations of one kind that GitHub keeps for a step. It drops the others silently.
const KEPT: usize = 10;

/// Renders the commands, errors first. If there are more of a kind than GitHub keeps, the last one has the number of the rest.
pub fn github(found: &Diagnostics, sources: &Sources) -> String {
    let kinds = [
        (Severity::Error, "error", "more error", "more errors"),
        (Severity::Warning, "warning", "more warning", "more warnings"),
        (Severity::Note, "notice", "more note", "more notes"),
    ];
    let mut text = String::new();
    for (severity, command, one, many) in kinds {
        let of_kind: Vec<&Diagnostic> =
            found.iter().filter(|diagnostic| diagnostic.severity == severity).collect();
        let shown = if of_kind.len() > KEPT { KEPT - 1 } else { of_kind.len() };
        for diagnostic in &of_kind[..shown] {
            text.push_str(&annotation(command, diagnostic, sources));
        }
        if shown < of_kind.len() {
            let more = vocabulary::count(of_kind.len() - shown, one, many);
            writeln!(text, "::{command} title=Servanda::and {more}; `servanda validate` shows all of them")
                .expect("a string takes all that is written");
        }
    }
    text
}

fn annotation(command: &str, diagnostic: &Diagnostic, sources: &Sources) -> String {
    let span = diagnostic.place.span;
    let Region { line, column, end_line, end_column } = Region::of(span, sources);
    let file = encode::command_property(sources.path(span.file));
    let title = encode::command_property(&format!("{}: {}", diagnostic.code, diagnostic.code.title()));
    // GitHub only uses columns if the range is on one line.
    let columns = if line == end_line && column < end_column {
        format!(",col={column},endColumn={end_column}")
    } else {
        String::new()
    };
    let mut message = encode::command(&diagnostic.message);
    if let Some(help) = &diagnostic.help {
        write!(message, "%0Ahelp: {}", encode::command(help)).expect("a string takes all that is written");
    }
    format!("::{command} file={file},line={line},endLine={end_line}{columns},title={title}::{message}\n")
}
