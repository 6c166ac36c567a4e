//! The frame of the plans of several helpdesks: the line about all of them, and the heading of each section.

use super::inline::{inline, plain};
use crate::render::line::Line;

/// The beginning of the first text.
pub(in crate::render) fn head(summary: &str) -> String {
    format!("## {}\n", plain(summary))
}

/// The heading of a section, and its lines.
pub(in crate::render) fn section(heading: &Line, lines: &[Line]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("- {}\n", inline(line))).collect();
    format!("\n## {}\n\n{}", inline(heading), lines.concat())
}
