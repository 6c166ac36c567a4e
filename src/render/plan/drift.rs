//! Sentences about drift: who edited what and when, and whether an apply corrects it.
//!
//! People appear as initials and the helpdesk's id, because plans are printed to logs.

use std::collections::BTreeMap;

use crate::live::Touch;
use crate::plan::Drift;
use crate::render::line::Line;
use crate::render::style::Tone;
use crate::render::vocabulary::Vocabulary;
use crate::render::wording::Value;
use crate::render::wording::plan as texts;

/// The edits with their author and time, a line for each person and instant.
pub(super) fn edits(drifts: &[&Drift], words: Vocabulary<'_>) -> Vec<Line> {
    let mut by_edit: BTreeMap<(&str, Option<String>), Vec<String>> = BTreeMap::new();
    for drift in drifts {
        if let Some(touch) = &drift.touch {
            by_edit.entry((&touch.when, person(touch, words))).or_default().push(words.part(&drift.part));
        }
    }
    let line = |((when, person), parts): ((&str, Option<String>), Vec<String>)| {
        let foreign = |text: &str| Value::from(Line::new().foreign(text));
        let (parts, when) = (foreign(&parts.join(", ")), foreign(&words.preview(when)));
        match person {
            Some(person) => words
                .line(texts::EDITED_BY, &[("parts", parts), ("person", foreign(&person)), ("when", when)]),
            None => words.line(texts::EDITED_WHEN, &[("parts", parts), ("when", when)]),
        }
    };
    by_edit.into_iter().map(line).collect()
}

/// The note beside drift that an apply does not correct.
pub(super) fn not_corrected(drift: &Drift, words: Vocabulary<'_>) -> Line {
    let part = Line::new().foreign_toned(Tone::Quiet, &words.part(&drift.part));
    texts::NOT_CORRECTED.toned(words.language, Tone::Quiet, &[("part", part.into())])
}

/// A person by initials and id: `А. П. [employee$12]`.
fn person(touch: &Touch, words: Vocabulary<'_>) -> Option<String> {
    let name = touch.name.as_deref().unwrap_or_default();
    let initials: Vec<String> = name
        .split_whitespace()
        .filter_map(|word| word.chars().find(|letter| letter.is_alphabetic()))
        .map(|letter| format!("{}.", letter.to_uppercase()))
        .collect();
    match (&touch.who, initials.is_empty()) {
        (None, true) => None,
        (None, false) => Some(initials.join(" ")),
        (Some(id), true) => Some(words.preview(id.as_str())),
        (Some(id), false) => Some(format!("{} [{}]", initials.join(" "), words.preview(id.as_str()))),
    }
}
