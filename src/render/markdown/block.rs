//! The changes of one client as a block, which is kept or omitted as a whole.

use std::fmt::Write as _;

use super::budget::Budget;
use super::inline::inline;
use crate::plan::Cause;
use crate::render::alike::AlikeChanges;
use crate::render::encode;
use crate::render::line::Line;
use crate::render::plan::phrases::{self, Detail};
use crate::render::review::{ClientBlock, ReviewEntry};
use crate::render::style::Tone;
use crate::render::value::{FieldBody, FieldDetail};
use crate::render::vocabulary::{self, Names};

/// The largest number of changes in a section whose blocks are expanded.
pub(super) const OPEN: usize = 10;

/// One block.
pub(super) fn block(block: &ClientBlock<'_>, names: &Names, budget: Budget, is_open: bool) -> String {
    let number = vocabulary::count(block.entries.len(), "agreement", "agreements");
    let client = block.client.unwrap_or_default();
    let entries: String = block.entries.iter().map(|shown| entry(shown, names)).collect();
    if !budget.folds {
        let name =
            if client.is_empty() { "**Without a document**".to_owned() } else { encode::markdown(client) };
        return format!("{name}: {number}\n{entries}\n");
    }
    let name = match client {
        "" => "without a document".to_owned(),
        client => format!("<code>{}</code>", encode::html(client)),
    };
    let open = if is_open { " open" } else { "" };
    format!("<details{open}><summary>{name}: {number}</summary>\n{entries}\n</details>\n")
}

/// Changes that are alike, with some of their ids.
pub(super) fn together(alike: &AlikeChanges<'_>, names: &Names) -> String {
    let head = Line::new().toned(Tone::Strong, phrases::symbol(&alike.common).1).text(" ");
    let head = head.toned(Tone::Strong, &alike.counts()).join(alike.result());
    let mut text = format!("\n{}\n\n", inline(&head));
    for detail in phrases::details(&alike.common, names) {
        write_detail(&mut text, detail);
    }
    text + &format!("- {}\n\n", inline(&alike.ids()))
}

fn entry(entry: &ReviewEntry<'_>, names: &Names) -> String {
    let mut text = format!("\n{}\n\n", inline(&heading(entry)));
    for detail in phrases::entry_details(entry, names) {
        write_detail(&mut text, detail);
    }
    text
}

/// Name, title and result.
fn heading(entry: &ReviewEntry<'_>) -> Line {
    let named = |line: Line| {
        line.foreign_toned(Tone::Strong, entry.id.as_str())
            .text(" ")
            .foreign(&vocabulary::preview(entry.title))
    };
    match entry.change {
        None => named(Line::new()),
        Some(change) => {
            let line = named(Line::new().toned(Tone::Strong, phrases::symbol(change).1).text(" "));
            match phrases::result(change) {
                Some(result) => line.text(" ").join(result),
                None => line.join(phrases::unchanged_status(change)),
            }
        }
    }
}

fn write_detail(text: &mut String, detail: Detail) {
    let shown_cause = |cause: Option<Cause>| {
        cause.map_or_else(String::new, |cause| format!(" *({})*", vocabulary::cause(cause)))
    };
    let written = match detail {
        Detail::Warning(line) => writeln!(text, "- ⚠ {}", inline(&line)),
        Detail::Text(line, cause) => writeln!(text, "- {}{}", inline(&line), shown_cause(cause)),
        Detail::Field(FieldDetail { label, body: FieldBody::Line(line), cause }) => {
            writeln!(text, "- {}: {}{}", encode::markdown(&label), inline(&line), shown_cause(cause))
        }
        Detail::Field(FieldDetail { label, body: FieldBody::Targets(rows), cause }) => {
            let head = writeln!(text, "- {}{}", encode::markdown(&label), shown_cause(cause));
            head.and_then(|()| rows.iter().skip(1).try_for_each(|row| target(text, row, &rows[0])))
        }
    };
    written.expect("a string takes all that is written");
}

/// A target as an item of its own: sign, service and priority, and each column that is not empty with its title.
fn target(text: &mut String, cells: &[Line], heading: &[Line]) -> std::fmt::Result {
    let mut line = Line::new().join(cells[0].clone()).text(" ").join(cells[1].clone());
    let columns = cells.iter().zip(heading).skip(2).filter(|(cell, _)| !cell.is_empty());
    for (index, (cell, name)) in columns.enumerate() {
        line =
            line.text(if index == 0 { ": " } else { ", " }).join(name.clone()).text(" ").join(cell.clone());
    }
    writeln!(text, "  - {}", inline(&line))
}
