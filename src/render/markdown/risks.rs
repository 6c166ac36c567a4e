//! The risks of a plan: never cut, only written more densely the more of them there are.
//!
//! A row for each with all it says; then a row for each with its class alone; then the ids of each class one behind
//! the other. Where even the ids do not fit, each class says how many there are, names as many as fit, and counts
//! the rest: a risk is named or counted, and none is left out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Budget;
use super::inline::inline;
use crate::plan::scope::RedLine;
use crate::plan::{Gravity, Risk};
use crate::render::encode;
use crate::render::line::Line;
use crate::render::plan::said;
use crate::render::review::{Review, Risky};
use crate::render::scope;
use crate::render::style::Tone;
use crate::render::words;

/// The section of risks in the longest form that fits beside `core` bytes; empty where there are none.
pub(super) fn table(review: &Review<'_>, budget: Budget, core: usize) -> String {
    if review.risky.is_empty() {
        return String::new();
    }
    let heading = format!("\n#### Risks ({})\n\n", review.risky.len());
    let room = |bytes: usize| bytes.saturating_sub(core + heading.len());
    let (usual, most) = (room(budget.usual), room(budget.most));
    let names = &review.envelope.plan.names;
    let body = rows(review, usual / 2, |risky| said::risks(risky.change, names))
        .or_else(|| rows(review, usual * 3 / 4, brief))
        .unwrap_or_else(|| dense(review, if usual == most { usual * 9 / 10 } else { most }));
    heading + &body
}

/// A table with a row for each risk, unless it takes more than `room`.
fn rows(review: &Review<'_>, room: usize, row: impl Fn(&Risky<'_>) -> Line) -> Option<String> {
    let mut table = "| agreement | client | risk | |\n|---|---|---|---|\n".to_owned();
    for risky in &review.risky {
        let change = risky.change;
        let client =
            change.client.as_ref().map_or_else(String::new, |client| encode::markdown(client.as_str()));
        let said = inline(&row(risky));
        writeln!(
            table,
            "| {} | {client} | {said} | {} |",
            encode::markdown(change.id.as_str()),
            inline(&said::standing(risky))
        )
        .expect("a string takes all that is written");
        if table.len() > room {
            return None;
        }
    }
    Some(table)
}

fn brief(risky: &Risky<'_>) -> Line {
    let line = |risk: &Risk| {
        let line = Line::new().tone(Tone::Alarm, said::danger(risk));
        match risk {
            Risk::Weakens(weakened) => line.say(&format!(" {}", weakened.len())),
            _ => line,
        }
    };
    Line::listed(risky.change.risks.iter().map(line))
}

/// A line for each class with its ids; `room` is divided among the classes that are too long by how grave they are.
fn dense(review: &Review<'_>, room: usize) -> String {
    let mut classes: BTreeMap<Gravity, Vec<&Risky<'_>>> = BTreeMap::new();
    for risky in &review.risky {
        classes.entry(risky.change.gravity()).or_default().push(risky);
    }
    let mut left = room.saturating_sub(classes.len() * 120);
    let mut text = String::new();
    for (gravity, risky) in classes {
        let mut ids: Vec<&str> = risky.iter().map(|risky| risky.change.id.as_str()).collect();
        ids.sort_unstable();
        let (named, counted) = packed(&ids, left);
        left = left.saturating_sub(named.len());
        let word =
            risky[0].change.risks.iter().find(|risk| Gravity::of(risk) == gravity).map_or("", said::danger);
        let more = match counted {
            0 => String::new(),
            more if named.is_empty() => format!(" all {more} are in the summary of the job"),
            more => format!(" and {more} more, which are in the summary of the job"),
        };
        let named = if named.is_empty() { named } else { format!(" `{named}`") };
        writeln!(text, "- **{word}** ({}):{named}{more}", ids.len())
            .expect("a string takes all that is written");
    }
    text
}

/// Sorted ids one behind the other as far as they fit, those of one set in braces, and how many do not.
fn packed(ids: &[&str], room: usize) -> (String, usize) {
    let mut text = String::new();
    let mut set: Option<&str> = None;
    for (index, id) in ids.iter().enumerate() {
        let mut next = String::new();
        let (head, entry) = match id.split_once('/') {
            Some((head, entry)) => (Some(head), entry),
            None => (None, *id),
        };
        if set.is_some() && set == head {
            write!(next, " {entry}").expect("a string takes all that is written");
        } else {
            next.push_str(if set.is_some() {
                "} "
            } else if text.is_empty() {
                ""
            } else {
                " "
            });
            match head {
                Some(head) => write!(next, "{head}/{{{entry}").expect("a string takes all that is written"),
                None => next.push_str(entry),
            }
        }
        if text.len() + next.len() + 1 > room {
            let close = if set.is_some() { "}" } else { "" };
            return (text + close, ids.len() - index);
        }
        text.push_str(&next);
        set = head;
    }
    let close = if set.is_some() { "}" } else { "" };
    (text + close, 0)
}

/// The lines of a pull request that say where to or as whom, all of them: one by one, or, where they are too many
/// for half of the room, by file and number.
pub(super) fn red_lines(review: &Review<'_>, budget: Budget) -> String {
    let Some(found) = review.envelope.scope.as_ref().filter(|scope| !scope.red_lines.is_empty()) else {
        return String::new();
    };
    let red_lines = &found.red_lines;
    let heading = format!("\n#### Red lines ({})\n\n", red_lines.len());
    let mut list = String::new();
    for red in red_lines {
        writeln!(list, "- ⚠ {}", inline(&scope::red_line(red, &found.base)))
            .expect("a string takes all that is written");
        if list.len() > budget.usual / 3 {
            return heading + &red_numbers(red_lines, budget.usual / 3);
        }
    }
    heading + &list
}

fn red_numbers(red_lines: &[RedLine], room: usize) -> String {
    let mut by_file: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for red in red_lines {
        by_file.entry(&red.path).or_default().push(red.line);
    }
    let (mut text, mut left) = (String::new(), room);
    for (path, lines) in by_file {
        let numbers: Vec<String> = lines.iter().map(usize::to_string).collect();
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let (named, counted) = packed(&numbers, left.saturating_sub(path.len() + 120));
        left = left.saturating_sub(named.len() + path.len() + 120);
        let named = if named.is_empty() { named } else { format!(" `{named}`") };
        let more = if counted > 0 { format!(" and {counted} more") } else { String::new() };
        let path = encode::markdown(&words::shown(path));
        writeln!(text, "- ⚠ {path}, {} lines:{named}{more}", lines.len())
            .expect("a string takes all that is written");
    }
    text
}
