//! The risks of a plan: never cut, only written more densely the more of them there are.
//!
//! A row for each with all it says; then a row for each with its class alone; then the ids of each class one behind
//! the other. Where even the ids do not fit, each class says how many there are, and further texts go on with the ids
//! until all are named. Where a sink takes no further text, what is not named is counted: none is left out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::budget::Budget;
use super::inline::inline;
use crate::plan::scope::RedLine;
use crate::plan::{ChangeSeverity, Risk};
use crate::render::encode;
use crate::render::line::Line;
use crate::render::plan::{phrases, summary};
use crate::render::review::{Review, RiskyChange};
use crate::render::scope;
use crate::render::style::Tone;
use crate::render::vocabulary;

/// What is said of risks.
#[derive(Default)]
pub(super) struct Risks {
    /// The section of the first text; empty where there are none.
    pub(super) section: String,
    /// Texts that go on with the ids.
    pub(super) further: Vec<String>,
}

impl Risks {
    /// The risks in the longest form that fits beside `core` bytes.
    pub(super) fn of(review: &Review<'_>, budget: Budget, core: usize) -> Self {
        if review.risky.is_empty() {
            return Self::default();
        }
        let heading = format!("\n#### Risks ({})\n\n", review.risky.len());
        let room = |bytes: usize| bytes.saturating_sub(core + heading.len());
        let (usual, most) = (room(budget.usual), room(budget.most));
        let names = &review.envelope.plan.names;
        let table = rows(review, usual / 2, |risky| phrases::risks(risky.change, names))
            .or_else(|| rows(review, usual * 3 / 4, brief))
            .or_else(|| Classes::of(review).all(if usual == most { usual * 9 / 10 } else { most }));
        if let Some(table) = table {
            return Self { section: heading + &table, further: Vec::new() };
        }
        let mut classes = Classes::of(review);
        if budget.texts < 2 {
            let list = classes.next(usual * 9 / 10, "in the saved plan");
            return Self { section: heading + &list, further: Vec::new() };
        }
        // What is most_severe about the most_severe clients is worth more here than one half of a list.
        let list = classes.next(usual / 2, "in the comments below");
        Self { section: heading + &list, further: further(review, &mut classes, budget) }
    }
}

/// Texts that name what the first does not.
fn further(review: &Review<'_>, classes: &mut Classes<'_>, budget: Budget) -> Vec<String> {
    let facts = inline(&summary::facts(review.envelope));
    let room = budget.most().saturating_sub(facts.len() + 200);
    let mut lists = Vec::new();
    while !classes.are_named() && lists.len() + 1 < budget.texts {
        let is_last = lists.len() + 2 == budget.texts;
        lists.push(classes.next(room, if is_last { "in the saved plan" } else { "in the comments below" }));
    }
    let all = lists.len() + 1;
    let text = |(index, list): (usize, String)| {
        format!("### Plan, part {} of {all}: risks, continued\n\n{facts}\n\n{list}", index + 2)
    };
    lists.into_iter().enumerate().map(text).collect()
}

/// A table with a row for each risk, unless it takes more than `room`.
fn rows(review: &Review<'_>, room: usize, row: impl Fn(&RiskyChange<'_>) -> Line) -> Option<String> {
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
            inline(&phrases::cause_or_guard(risky))
        )
        .expect("a string takes all that is written");
        if table.len() > room {
            return None;
        }
    }
    Some(table)
}

fn brief(risky: &RiskyChange<'_>) -> Line {
    let line = |risk: &Risk| {
        let line = Line::new().toned(Tone::Alarm, phrases::risk_name(risk));
        match risk {
            Risk::Weakens(weakened) => line.text(&format!(" {}", weakened.len())),
            _ => line,
        }
    };
    Line::comma_separated(risky.change.risks.iter().map(line))
}

/// The ids of what is risky, by class, of which each text takes as many as it has room for.
struct Classes<'a>(Vec<Class<'a>>);

/// Risks of one class.
struct Class<'a> {
    /// What it is called.
    word: &'static str,
    /// The ids, sorted.
    ids: Vec<&'a str>,
    /// How many of them were named already; nothing before the first text.
    named: Option<usize>,
}

impl<'a> Classes<'a> {
    /// The classes, the most_severe first.
    fn of(review: &'a Review<'a>) -> Self {
        let mut classes: BTreeMap<ChangeSeverity, Class<'a>> = BTreeMap::new();
        for RiskyChange { change, .. } in &review.risky {
            let severity = change.severity();
            let class = classes.entry(severity).or_insert_with(|| {
                let risk = change.risks.iter().find(|risk| ChangeSeverity::of(risk) == severity);
                Class { word: risk.map_or("", phrases::risk_name), ids: Vec::new(), named: None }
            });
            class.ids.push(change.id.as_str());
        }
        for class in classes.values_mut() {
            class.ids.sort_unstable();
        }
        Self(classes.into_values().collect())
    }

    /// All of them in one text, unless it takes more than `room`.
    fn all(mut self, room: usize) -> Option<String> {
        let text = self.next(room, "");
        self.are_named().then_some(text)
    }

    fn are_named(&self) -> bool {
        self.0.iter().all(|class| class.named == Some(class.ids.len()))
    }

    /// A line for each class that is not named to its end: how many there are, the next ids, and how many are `elsewhere`.
    fn next(&mut self, room: usize, elsewhere: &str) -> String {
        let mut left = room.saturating_sub(self.0.len() * 120);
        let mut text = String::new();
        for Class { word, ids, named } in &mut self.0 {
            let before = named.unwrap_or(0);
            if *named == Some(ids.len()) {
                continue;
            }
            let (list, missing) = packed(&ids[before..], left);
            left = left.saturating_sub(list.len());
            *named = Some(ids.len() - missing);
            let from = if before > 0 { format!(", from {} on", before + 1) } else { String::new() };
            let more = match missing {
                0 => String::new(),
                missing if list.is_empty() => format!(" all {missing} are {elsewhere}"),
                missing => format!(" and {missing} more, which are {elsewhere}"),
            };
            let list = if list.is_empty() { list } else { format!(" `{list}`") };
            writeln!(text, "- **{word}** ({}{from}):{list}{more}", ids.len())
                .expect("a string takes all that is written");
        }
        text
    }
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
        let path = encode::markdown(&vocabulary::preview(path));
        writeln!(text, "- ⚠ {path}, {} lines:{named}{more}", lines.len())
            .expect("a string takes all that is written");
    }
    text
}
