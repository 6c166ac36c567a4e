//! The differences between catalog.yaml and the helpdesk: changes of the file, and entries that need a decision.

use crate::discovery::catalog::{CatalogDifference, Difference};
use crate::render::line::Line;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::TerminalPage;
use crate::render::vocabulary::{count, preview};

/// The differences, for programs.
#[derive(Clone, Debug, serde::Serialize, schemars::JsonSchema)]
pub struct CatalogReport<'a> {
    /// The version of this shape.
    pub format: u32,
    /// The helpdesk.
    pub helpdesk: &'a str,
    /// The differences, in the order of the catalog.
    pub differences: &'a [CatalogDifference],
    /// The files that were written.
    pub written: &'a [&'a str],
}

/// Renders the differences. `written`: the files that the changes were written to.
pub fn text(findings: &[CatalogDifference], helpdesk: &str, written: &[&str], paint: Paint) -> String {
    let mut page = TerminalPage::new(paint);
    for finding in findings {
        let (mark, tone) = match &finding.what {
            Difference::New { .. } => ("+", Tone::Gain),
            Difference::Tied { .. } | Difference::Renamed { .. } => ("~", Tone::Shift),
            Difference::Gone { .. }
            | Difference::NotFound { .. }
            | Difference::Ambiguous { .. }
            | Difference::Twice { .. } => ("!", Tone::Alarm),
        };
        let line = Line::new()
            .toned(tone, mark)
            .text(" ")
            .toned(Tone::Strong, &format!("{}.{}", finding.list.as_str(), finding.slug))
            .text(&format!("  {}", sentence(&finding.what)));
        page.line(2, 6, &line);
    }
    if !findings.is_empty() {
        page.gap();
    }
    page.line(0, 2, &Line::of(&summary(findings, helpdesk, written)));
    page.finish()
}

fn sentence(what: &Difference) -> String {
    match what {
        Difference::New { title, object: Some(object), .. } => format!("new: {object} “{}”", preview(title)),
        Difference::New { title, object: None, .. } => format!("new: “{}”", preview(title)),
        Difference::Tied { object } => format!("matches {object} by title or code"),
        Difference::Renamed { from, to } => {
            format!("renamed from “{}” to “{}”", preview(from), preview(to))
        }
        Difference::Gone { object, archived: true } => {
            format!("{object} is archived; agreements that refer to it are blocked")
        }
        Difference::Gone { object, archived: false } => {
            format!("{object} does not exist, or the key may not read it")
        }
        Difference::NotFound { title } => {
            format!("no object with the title “{}”; add its id under `helpdesk:`", preview(title))
        }
        Difference::Ambiguous { objects } => {
            let objects: Vec<&str> = objects.iter().map(|object| object.as_str()).collect();
            format!("matches several objects ({}); add the right id under `helpdesk:`", objects.join(", "))
        }
        Difference::Twice { other, object } => {
            format!("refers to {object}, as does {}", preview(other))
        }
    }
}

fn summary(findings: &[CatalogDifference], helpdesk: &str, written: &[&str]) -> String {
    if findings.is_empty() {
        return format!("The catalog matches {}.", preview(helpdesk));
    }
    let number =
        |wanted: fn(&Difference) -> bool| findings.iter().filter(|finding| wanted(&finding.what)).count();
    let new = number(|what| matches!(what, Difference::New { .. }));
    let changed = number(|what| matches!(what, Difference::Tied { .. } | Difference::Renamed { .. }));
    let open = findings.len() - new - changed;
    let done = match written {
        [] => "not written".to_owned(),
        [path] => format!("written to {}", preview(path)),
        [path, more @ ..] => {
            format!("written to {} and {}", preview(path), count(more.len(), "other file", "other files"))
        }
    };
    let open = match open {
        0 => "nothing to decide".to_owned(),
        open => format!("{} to decide", count(open, "line", "lines")),
    };
    let entries = count(new, "new entry", "new entries");
    format!("{entries}, {changed} changed ({done}); {open}.")
}
