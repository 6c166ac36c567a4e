//! The risks of a plan: never omitted, only written more densely the more there are.
//!
//! First, a row for each with all details, or one for many that are alike, with their number; then, a row for each with its class only; then, the ids of each class in a
//! list. If not even the ids fit, continuations list the remaining ones; without continuations they are counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::block::{BlockContext, linked};
use super::inline::{inline, plain};
use crate::plan::scope::RedLine;
use crate::plan::{ChangeSeverity, Risk};
use crate::render::alike;
use crate::render::encode;
use crate::render::line::Line;
use crate::render::plan::{phrases, summary};
use crate::render::review::{Review, RiskyChange};
use crate::render::scope;
use crate::render::style::Tone;
use crate::render::vocabulary::Vocabulary;
use crate::render::wording::{Text, frame, plan as texts};

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
    pub(super) fn of(block: BlockContext<'_>, core: usize) -> Self {
        let BlockContext { words, review, budget, .. } = block;
        if review.risky.is_empty() {
            return Self::default();
        }
        let heading = format!("\n#### {} ({})\n\n", words.say(frame::RISKS), review.risky.len());
        let room = |bytes: usize| bytes.saturating_sub(core + heading.len());
        let (usual, most) = (room(budget.usual), room(budget.most));
        let table = rows(block, usual / 2, alike::MANY, |risky| phrases::risks(&risky.risks, words))
            .or_else(|| rows(block, usual * 3 / 4, usize::MAX, |risky| brief(risky, words)))
            .or_else(|| RiskClasses::of(review).all(if usual == most { usual * 9 / 10 } else { most }));
        if let Some(table) = table {
            return Self { section: heading + &table, further: Vec::new() };
        }
        let mut classes = RiskClasses::of(review);
        if budget.texts < 2 {
            let list = classes.next(usual * 9 / 10, frame::IN_SAVED_PLAN);
            return Self { section: heading + &list, further: Vec::new() };
        }
        // The other half is left to the most severe changes.
        let list = classes.next(usual / 2, frame::IN_COMMENTS_BELOW);
        Self { section: heading + &list, further: further(block, &mut classes) }
    }
}

/// The continuations, with the ids that the first text does not contain.
fn further(block: BlockContext<'_>, classes: &mut RiskClasses<'_>) -> Vec<String> {
    let BlockContext { words, review, budget, .. } = block;
    let facts = inline(&summary::facts(review.envelope, words));
    let room = budget.most().saturating_sub(facts.len() + 200);
    let mut lists = Vec::new();
    while !classes.are_named() && lists.len() + 1 < budget.texts {
        let is_last = lists.len() + 2 == budget.texts;
        lists.push(classes.next(room, if is_last { frame::IN_SAVED_PLAN } else { frame::IN_COMMENTS_BELOW }));
    }
    let all = lists.len() + 1;
    let text = |(index, list): (usize, String)| {
        let part = [("n", (index + 2).into()), ("all", all.into())];
        format!("### {}\n\n{facts}\n\n{list}", inline(&words.line(frame::PART, &part)))
    };
    lists.into_iter().enumerate().map(text).collect()
}

/// A table with a row for each risk, or one row for `many` with the same text and cause; `None` if it takes more than `room`
/// bytes.
fn rows(
    block: BlockContext<'_>,
    room: usize,
    many: usize,
    row: impl Fn(&RiskyChange<'_>) -> Line,
) -> Option<String> {
    let BlockContext { words, review, .. } = block;
    let titles = [frame::AGREEMENT, frame::RISK, frame::CAUSE].map(|title| words.say(title));
    let mut table = format!("| {} |\n|---|---|---|\n", titles.join(" | "));
    let shown =
        |risky: &RiskyChange<'_>| (inline(&row(risky)), inline(&phrases::cause_or_guard(risky, words)));
    for ((risk, cause), alike) in alike::rows(&review.risky, many, shown) {
        let agreement = match alike[..] {
            // The dense table is a list of ids.
            [only] if many == usize::MAX => encode::markdown(only.change.id.as_str()),
            [RiskyChange { change, .. }] => {
                block.agreement(&change.id, &change.title, change.client.as_ref())
            }
            _ => {
                let clients: BTreeSet<_> = alike.iter().map(|risky| &risky.change.client).collect();
                format!("**{}**", plain(&words.numbers(alike.len(), clients.len())))
            }
        };
        writeln!(table, "| {agreement} | {risk} | {cause} |").expect("a string takes all that is written");
        if table.len() > room {
            return None;
        }
    }
    Some(table)
}

fn brief(risky: &RiskyChange<'_>, words: Vocabulary<'_>) -> Line {
    let line = |risk: &Risk| {
        let line = Line::new().toned(Tone::Alarm, phrases::risk_name(risk, words));
        match risk {
            Risk::Weakens(weakened) => line.text(&format!(" {}", weakened.len())),
            _ => line,
        }
    };
    Line::comma_separated(risky.risks.iter().map(line))
}

/// The ids of risky agreements by class, which are distributed over the texts.
struct RiskClasses<'a> {
    words: Vocabulary<'a>,
    classes: Vec<RiskClass<'a>>,
}

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
        let words = review.words();
        let mut classes: BTreeMap<(bool, ChangeSeverity), RiskClass<'a>> = BTreeMap::new();
        for risky in &review.risky {
            let RiskyChange { change, risks, is_on_base, .. } = risky;
            let severity = risky.severity();
            let class = classes.entry((*is_on_base, severity)).or_insert_with(|| {
                let risk = risks.iter().find(|risk| ChangeSeverity::of(risk) == severity);
                let word = risk.map_or("", |risk| phrases::risk_name(risk, words));
                let elsewhere = if *is_on_base { words.say(texts::ON_BASE_TOO) } else { "" };
                RiskClass { word: format!("{word}{elsewhere}"), ids: Vec::new(), named: None }
            });
            class.ids.push(change.id.as_str());
        }
        for class in classes.values_mut() {
            class.ids.sort_unstable();
        }
        Self { words, classes: classes.into_values().collect() }
    }

    /// All ids in one text; `None` if it takes more than `room` bytes.
    fn all(mut self, room: usize) -> Option<String> {
        let text = self.next(room, frame::IN_SAVED_PLAN);
        self.are_named().then_some(text)
    }

    fn are_named(&self) -> bool {
        self.classes.iter().all(|class| class.named == Some(class.ids.len()))
    }

    /// A line for each unfinished class: the number of ids, the next ids, and the number of those that are `elsewhere`.
    fn next(&mut self, room: usize, elsewhere: Text) -> String {
        let words = self.words;
        let mut left = room.saturating_sub(self.classes.len() * 160);
        let mut text = String::new();
        for RiskClass { word, ids, named } in &mut self.classes {
            let before = named.unwrap_or(0);
            if *named == Some(ids.len()) {
                continue;
            }
            let (list, missing) = packed(&ids[before..], left);
            left = left.saturating_sub(list.len());
            *named = Some(ids.len() - missing);
            let from = if before > 0 { words.count(frame::FROM_NUMBER, before + 1) } else { String::new() };
            let more = |text: Text| {
                let place = words.say(elsewhere).into();
                text.words(words.language, &[("n", missing.into()), ("place", place)])
            };
            let more = match missing {
                0 => String::new(),
                _ if list.is_empty() => more(frame::ALL_ELSEWHERE),
                _ => more(frame::MORE_ELSEWHERE),
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
pub(super) fn red_lines(block: BlockContext<'_>) -> String {
    let BlockContext { words, review, budget, .. } = block;
    let Some(found) = review.envelope.scope.as_ref().filter(|scope| !scope.red_lines.is_empty()) else {
        return String::new();
    };
    let red_lines = &found.red_lines;
    let heading = format!("\n#### {} ({})\n\n", words.say(frame::RED_LINES), red_lines.len());
    let mut list = String::new();
    for red in red_lines {
        let place = linked(&block.places.red_line(red));
        writeln!(list, "- ⚠ {place}: {}", inline(&scope::red_reason(red, &found.base, words)))
            .expect("a string takes all that is written");
        if list.len() > budget.usual / 3 {
            return heading + &red_numbers(red_lines, budget.usual / 3, words);
        }
    }
    heading + &list
}

fn red_numbers(red_lines: &[RedLine], room: usize, words: Vocabulary<'_>) -> String {
    let mut by_file: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for red in red_lines {
        by_file.entry(&red.path).or_default().push(red.line);
    }
    let (mut text, mut left) = (String::new(), room);
    for (path, lines) in by_file {
        let (numbers, lines): (Vec<String>, usize) =
            (lines.iter().map(usize::to_string).collect(), lines.len());
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let (named, counted) = packed(&numbers, left.saturating_sub(path.len() + 120));
        left = left.saturating_sub(named.len() + path.len() + 120);
        let named = if named.is_empty() { named } else { format!(" `{named}`") };
        let more = if counted > 0 { words.count(texts::AND_MORE, counted) } else { String::new() };
        let path = [("path", Line::new().foreign(&words.preview(path)).into()), ("n", lines.into())];
        writeln!(text, "- ⚠ {}{named}{more}", inline(&words.line(frame::RED_LINES_OF, &path)))
            .expect("a string takes all that is written");
    }
    text
}
