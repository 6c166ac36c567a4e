//! The risks of a plan: never omitted, only written more densely the more there are.
//!
//! First, a row for each with all details, or one for many that are alike, with their number; then, a row for each with its class only; then, the ids of each class in a
//! list. If not even the ids fit, continuations list the remaining ones; without continuations they are counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::budget::Budget;
use super::inline::inline;
use crate::plan::scope::RedLine;
use crate::plan::{Change, ChangeSeverity, Risk};
use crate::render::alike;
use crate::render::encode;
use crate::render::line::Line;
use crate::render::plan::{phrases, summary};
use crate::render::review::{Review, RiskyChange};
use crate::render::scope;
use crate::render::style::Tone;
use crate::render::vocabulary;

/// The texts of the risks.
#[derive(Default)]
pub(super) struct RiskTexts {
    /// The section of the first text; empty if there are no risks.
    pub(super) section: String,
    /// Continuations with further ids.
    pub(super) further: Vec<String>,
}

impl RiskTexts {
    /// Writes the risks in the most detailed form that fits beside `core` bytes.
    pub(super) fn of(review: &Review<'_>, budget: Budget, core: usize) -> Self {
        if review.risky.is_empty() {
            return Self::default();
        }
        let heading = format!("\n#### Risks ({})\n\n", review.risky.len());
        let room = |bytes: usize| bytes.saturating_sub(core + heading.len());
        let (usual, most) = (room(budget.usual), room(budget.most));
        let names = &review.envelope.plan.names;
        let table = rows(review, usual / 2, alike::MANY, |risky| phrases::risks(&risky.risks, names))
            .or_else(|| rows(review, usual * 3 / 4, usize::MAX, brief))
            .or_else(|| RiskClasses::of(review).all(if usual == most { usual * 9 / 10 } else { most }));
        if let Some(table) = table {
            return Self { section: heading + &table, further: Vec::new() };
        }
        let mut classes = RiskClasses::of(review);
        if budget.texts < 2 {
            let list = classes.next(usual * 9 / 10, "in the saved plan");
            return Self { section: heading + &list, further: Vec::new() };
        }
        // The other half is left to the most severe changes.
        let list = classes.next(usual / 2, "in the comments below");
        Self { section: heading + &list, further: further(review, &mut classes, budget) }
    }
}

/// The continuations, with the ids that the first text does not contain.
fn further(review: &Review<'_>, classes: &mut RiskClasses<'_>, budget: Budget) -> Vec<String> {
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

/// A table with a row for each risk, or one row for `many` with the same text and cause; `None` if it takes more than `room`
/// bytes.
fn rows(
    review: &Review<'_>,
    room: usize,
    many: usize,
    row: impl Fn(&RiskyChange<'_>) -> Line,
) -> Option<String> {
    let mut table = "| agreement | client | risk | cause |\n|---|---|---|---|\n".to_owned();
    let shown = |risky: &RiskyChange<'_>| (inline(&row(risky)), inline(&phrases::cause_or_guard(risky)));
    let cells: Vec<(String, String)> = review.risky.iter().map(shown).collect();
    let mut same: BTreeMap<&(String, String), Vec<&RiskyChange<'_>>> = BTreeMap::new();
    for (risky, cells) in review.risky.iter().zip(&cells) {
        same.entry(cells).or_default().push(risky);
    }
    let mut grouped = BTreeSet::new();
    for (risky, cells) in review.risky.iter().zip(&cells) {
        let change = risky.change;
        let alike = &same[cells];
        let client = |change: &Change| {
            change.client.as_ref().map_or_else(String::new, |client| encode::markdown(client.as_str()))
        };
        let (agreement, client) = if alike.len() < many {
            (encode::markdown(change.id.as_str()), client(change))
        } else if grouped.insert(cells) {
            let clients: BTreeSet<_> = alike.iter().map(|risky| &risky.change.client).collect();
            let count = vocabulary::count(alike.len(), "agreement", "agreements");
            (format!("**{count}**"), vocabulary::count(clients.len(), "client", "clients"))
        } else {
            continue;
        };
        let (risk, cause) = cells;
        writeln!(table, "| {agreement} | {client} | {risk} | {cause} |")
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
    Line::comma_separated(risky.risks.iter().map(line))
}

/// The ids of risky agreements by class, which are distributed over the texts.
struct RiskClasses<'a>(Vec<RiskClass<'a>>);

/// The ids of one class of risk.
struct RiskClass<'a> {
    /// The name of the class.
    word: String,
    /// The ids, sorted.
    ids: Vec<&'a str>,
    /// The number of ids that are written already; `None` before the first text.
    named: Option<usize>,
}

impl<'a> RiskClasses<'a> {
    /// The classes, the most severe first.
    fn of(review: &'a Review<'a>) -> Self {
        let mut classes: BTreeMap<(bool, ChangeSeverity), RiskClass<'a>> = BTreeMap::new();
        for risky in &review.risky {
            let RiskyChange { change, risks, is_on_base, .. } = risky;
            let severity = risky.severity();
            let class = classes.entry((*is_on_base, severity)).or_insert_with(|| {
                let risk = risks.iter().find(|risk| ChangeSeverity::of(risk) == severity);
                let word = risk.map_or("", phrases::risk_name);
                let elsewhere = if *is_on_base { ", on the base as well" } else { "" };
                RiskClass { word: format!("{word}{elsewhere}"), ids: Vec::new(), named: None }
            });
            class.ids.push(change.id.as_str());
        }
        for class in classes.values_mut() {
            class.ids.sort_unstable();
        }
        Self(classes.into_values().collect())
    }

    /// All ids in one text; `None` if it takes more than `room` bytes.
    fn all(mut self, room: usize) -> Option<String> {
        let text = self.next(room, "");
        self.are_named().then_some(text)
    }

    fn are_named(&self) -> bool {
        self.0.iter().all(|class| class.named == Some(class.ids.len()))
    }

    /// A line for each unfinished class: the number of ids, the next ids, and the number of those that are `elsewhere`.
    fn next(&mut self, room: usize, elsewhere: &str) -> String {
        let mut left = room.saturating_sub(self.0.len() * 120);
        let mut text = String::new();
        for RiskClass { word, ids, named } in &mut self.0 {
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

/// A list of sorted ids as far as they fit, those of one set in braces, and the number of the others.
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

/// All red lines of a pull request: each with details, or, if they take more than a third of the budget, by file and
/// line number.
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
