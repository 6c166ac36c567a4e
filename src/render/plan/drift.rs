//! Sentences about drift: who edited what and when, and whether an apply corrects it.
//!
//! People appear as initials and the helpdesk's id, because plans are printed to logs.

use std::collections::BTreeMap;

use crate::live::Touch;
use crate::mapping::Field;
use crate::plan::{Drift, DriftPart};
use crate::render::line::Line;
use crate::render::style::Tone;
use crate::render::vocabulary;

/// The edits with their author and time, a line for each person and instant.
pub(super) fn edits(drifts: &[&Drift]) -> Vec<Line> {
    let mut by_edit: BTreeMap<(&str, Option<String>), Vec<String>> = BTreeMap::new();
    for drift in drifts {
        if let Some(touch) = &drift.touch {
            by_edit.entry((&touch.when, person(touch))).or_default().push(part_name(&drift.part));
        }
    }
    let line = |((when, person), parts): ((&str, Option<String>), Vec<String>)| {
        let line = Line::new().foreign(&parts.join(", "));
        let when = vocabulary::preview(when);
        match person {
            Some(person) => line.text(" by ").foreign(&person).text(", ").foreign(&when),
            None => line.text(": last modified ").foreign(&when).text(", author unknown"),
        }
    };
    by_edit.into_iter().map(line).collect()
}

/// The note beside drift that an apply does not correct.
pub(super) fn not_corrected(drift: &Drift) -> Line {
    Line::new()
        .toned(Tone::Quiet, "not corrected: the settings only report drift of ")
        .foreign_toned(Tone::Quiet, &part_name(&drift.part))
}

fn part_name(part: &DriftPart) -> String {
    match part {
        DriftPart::Field(Field::Targets) => "targets".to_owned(),
        part => vocabulary::preview(&part.to_string()),
    }
}

/// A person by initials and id: `А. П. [employee$12]`.
fn person(touch: &Touch) -> Option<String> {
    let name = touch.name.as_deref().unwrap_or_default();
    let initials: Vec<String> = name
        .split_whitespace()
        .filter_map(|word| word.chars().find(|letter| letter.is_alphabetic()))
        .map(|letter| format!("{}.", letter.to_uppercase()))
        .collect();
    match (&touch.who, initials.is_empty()) {
        (None, true) => None,
        (None, false) => Some(initials.join(" ")),
        (Some(id), true) => Some(vocabulary::preview(id.as_str())),
        (Some(id), false) => Some(format!("{} [{}]", initials.join(" "), vocabulary::preview(id.as_str()))),
    }
}
