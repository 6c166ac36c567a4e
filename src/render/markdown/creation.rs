//! A new agreement as a compact table: number, dates, services, recipients, hours, targets.

use std::fmt::Write as _;

use super::inline::inline;
use crate::plan::Change;
use crate::render::alike::AlikeChanges;
use crate::render::plan::creation::{self, CreationRow};
use crate::render::plan::phrases;
use crate::render::vocabulary::Vocabulary;
use crate::render::wording::{frame, plan as texts};

/// The table of one new agreement.
pub(super) fn table(title: &str, risks: &str, change: &Change, words: Vocabulary<'_>) -> String {
    let status = inline(&phrases::status_line(change, words));
    let mut text = format!("| **\\+** {title} | {status}{risks} |\n|---|---|\n");
    for CreationRow { label, value } in creation::rows(change, words) {
        writeln!(text, "| {} | {} |", inline(&label), inline(&value))
            .expect("a string takes all that is written");
    }
    text.push('\n');
    for awaited in &change.after {
        writeln!(text, "- {}\n", inline(&phrases::awaits(awaited, words)))
            .expect("a string takes all that is written");
    }
    text
}

/// The common values of new agreements that are alike, and a row for each of the first ones with these titles.
pub(super) fn alike(titles: &[String], alike: &AlikeChanges<'_>, words: Vocabulary<'_>) -> String {
    let mut text = String::new();
    for CreationRow { label, value } in creation::rows(&alike.common, words) {
        writeln!(text, "- {}: {}", inline(&label), inline(&value))
            .expect("a string takes all that is written");
    }
    let columns = [frame::AGREEMENT, texts::NUMBER, texts::DATES].map(|title| words.say(title));
    write!(text, "\n| {} |\n|---|---|---|\n", columns.join(" | "))
        .expect("a string takes all that is written");
    for (title, change) in titles.iter().zip(&alike.changes) {
        let number = creation::number(change, words).unwrap_or_default();
        let dates = creation::dates(change, words).unwrap_or_default();
        writeln!(text, "| {title} | {} | {} |", inline(&number), inline(&dates))
            .expect("a string takes all that is written");
    }
    match alike.changes.len().saturating_sub(titles.len()) {
        0 => text + "\n",
        more => text + "\n" + words.count(frame::MORE_AGREEMENTS, more).as_str() + "\n\n",
    }
}
