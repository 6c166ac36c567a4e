//! A plan as Markdown for a pull request: the verdict first, the risks whole, then client by client as much as fits.
//!
//! What is dropped is dropped block by block from the least important end, and counted. Everything that is not ours
//! stands in a code span, where no forge sees anything but text.

mod block;
mod budget;
mod inline;
mod risks;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::envelope::GuardedPlan;
use crate::ident::AgreementId;
use crate::plan::{Blocked, Reason};
use crate::render::line::Line;
use crate::render::plan::{self, phrases};
use crate::render::review::{self, ChangeOrigin, Review};
use crate::render::style::Tone;
use crate::render::vocabulary;

pub use budget::{Budget, Forge};

use inline::inline;
use risks::Risks;

/// Agreements that cannot be settled, before those changes that take nothing from anybody.
const WITHHELD_FIRST: usize = 30;

/// Left for the last lines and for what is said of dropped blocks.
const RESERVED: usize = 400;

/// How many notes are worth a line each.
const NOTES: usize = 10;

/// The texts of a plan, each within a budget: the first, and, where not even the ids of all risks fit into it, those
/// that go on with them.
///
/// The first 200 bytes hold verdict and totals. The same plan and budget give the same bytes. What a poster adds (a
/// hidden key, a link) goes before or behind a text, and is taken off the budget by [`Budget::less`]; where a forge
/// refuses one nevertheless, [`Budget::halved`] gives shorter ones.
pub fn comments(envelope: &GuardedPlan, budget: Budget) -> Vec<String> {
    let review = Review::of(envelope);
    let head = head(&review);
    if review.is_quiet() && envelope.plan.notes.is_empty() && review.counts.red_lines == 0 {
        return vec![head];
    }
    let mut page = Page { head, budget, parts: Vec::new(), items: Vec::new() };
    page.head.push_str(&risks::red_lines(&review, budget));
    page.head.push_str(&acknowledgements(envelope));
    page.sections(&review);
    page.blocked(envelope);
    page.notices(envelope);
    page.notes(envelope);
    let core = page.core();
    let Risks { section, further } = Risks::of(&review, budget, core);
    page.head.push_str(&section);
    let first = page.finish();
    if first.len() > budget.most() {
        return vec![shortest(&review)];
    }
    std::iter::once(first).chain(further).collect()
}

/// The text of a plan for the summary of a GitHub job.
pub fn summary(envelope: &GuardedPlan) -> String {
    comments(envelope, Budget::summary()).concat()
}

/// Verdict, totals and facts.
fn head(review: &Review<'_>) -> String {
    format!(
        "### Plan: {}\n\n{}\n\n{}\n",
        inline::plain(&plan::summary::verdict(review)),
        inline::plain(&plan::summary::totals(review)),
        inline(&plan::summary::facts(review.envelope))
    )
}

/// What is left where there is room for nothing else.
fn shortest(review: &Review<'_>) -> String {
    format!(
        "### Plan: {}\n\n{}\n\nThere is no room for more here; the summary of the job and the saved plan have it all.\n",
        inline::plain(&plan::summary::verdict(review)),
        inline::plain(&plan::summary::totals(review)),
    )
}

/// What guards hold back, and the lines to paste.
fn acknowledgements(envelope: &GuardedPlan) -> String {
    if envelope.awaiting.is_empty() {
        return String::new();
    }
    let said = envelope.awaiting.iter().map(|held| format!("- {}\n", inline(&phrases::guard_line(held))));
    let lines = envelope.awaiting.iter().map(|held| phrases::trailer(held) + "\n");
    format!(
        "\n#### Waiting for an acknowledgement\n\n{}\nIf that is meant, end the message of the merge commit with:\n\n```\n{}```\n",
        said.collect::<String>(),
        lines.collect::<String>()
    )
}

/// What may be dropped.
struct Item<'a> {
    /// How important it is; the smallest number first.
    rank: usize,
    /// The part that it belongs to.
    part: usize,
    /// How many agreements it tells of.
    agreements: usize,
    /// Whose they are.
    client: Option<&'a str>,
    /// Makes the text. What is dropped is never made.
    text: Box<dyn Fn() -> String + 'a>,
}

/// A heading with what stands below it.
struct Part {
    heading: String,
    /// What its agreements are called where some are dropped.
    noun: (&'static str, &'static str),
}

/// A text that is being put together.
struct Page<'a> {
    head: String,
    budget: Budget,
    parts: Vec<Part>,
    items: Vec<Item<'a>>,
}

impl<'a> Page<'a> {
    fn part(&mut self, title: &str, number: usize, noun: (&'static str, &'static str)) -> usize {
        let number = if number > 0 { format!(" ({number})") } else { String::new() };
        self.parts.push(Part { heading: format!("\n#### {title}{number}\n\n"), noun });
        self.parts.len() - 1
    }

    fn sections(&mut self, review: &'a Review<'a>) {
        for section in &review.sections {
            let number = section.blocks.iter().map(|block| block.entries.len()).sum();
            let part = self.part(phrases::section_title(section.origin), number, ("agreement", "agreements"));
            if let Some(warning) = phrases::section_warning(section.origin) {
                write!(self.parts[part].heading, "⚠ {}\n\n", inline::plain(warning))
                    .expect("a string takes all that is written");
            }
            let is_open = number <= block::OPEN;
            for shown in &section.blocks {
                let (budget, names) = (self.budget, &review.envelope.plan.names);
                self.items.push(Item {
                    rank: rank(shown.severity as usize, section.origin),
                    part,
                    agreements: shown.entries.len(),
                    client: shown.client,
                    text: Box::new(move || block::block(shown, names, budget, is_open)),
                });
            }
        }
    }

    fn blocked(&mut self, envelope: &'a GuardedPlan) {
        let plan = &envelope.plan;
        let open = plan.blocked.iter().filter(|blocked| !review::is_waiting(&blocked.reason));
        let open: Vec<&Blocked> = open.collect();
        if open.is_empty() {
            return;
        }
        let ids: BTreeSet<&AgreementId> = open.iter().map(|blocked| &blocked.id).collect();
        let part = self.part("Blocked", ids.len(), ("agreement", "agreements"));
        for (index, blocked) in open.into_iter().enumerate() {
            let severity = if index < WITHHELD_FIRST { 5 } else { 8 };
            self.items.push(Item {
                rank: rank(severity, ChangeOrigin::Edit),
                part,
                agreements: 1,
                client: None,
                text: Box::new(move || withheld_line(&blocked.id, &blocked.reason)),
            });
        }
    }

    fn notices(&mut self, envelope: &'a GuardedPlan) {
        if envelope.announced.is_empty() {
            return;
        }
        let told = plan::summary::announced(&envelope.announced);
        let lines = told.iter().map(|told| format!("- {}\n", inline(told)));
        let part = self.part("Notices that the merge would send", 0, ("", ""));
        self.parts[part].heading.extend(lines);
    }

    fn notes(&mut self, envelope: &'a GuardedPlan) {
        let notes = vocabulary::notes(&envelope.plan.notes);
        if notes.is_empty() {
            return;
        }
        let part = self.part("Notes", 0, ("note", "notes"));
        for (index, note) in notes.into_iter().enumerate() {
            self.items.push(Item {
                rank: rank(if index < NOTES { 9 } else { 10 }, ChangeOrigin::Edit),
                part,
                agreements: 1,
                client: None,
                text: Box::new(move || format!("- {}\n", inline(&note))),
            });
        }
    }

    /// The bytes that are taken before any risk or block is.
    fn core(&self) -> usize {
        let headings: usize = self.parts.iter().map(|part| part.heading.len() + 90).sum();
        self.head.len() + headings + RESERVED
    }

    /// Takes blocks in the order of importance as long as they fit, and puts all in the order of reading.
    fn finish(self) -> String {
        let mut room = self.budget.usual.saturating_sub(self.core());
        let mut by_rank: Vec<usize> = (0..self.items.len()).collect();
        by_rank.sort_by_key(|index| (self.items[*index].rank, *index));
        let mut kept: BTreeMap<usize, String> = BTreeMap::new();
        for index in by_rank {
            let text = (self.items[index].text)();
            let Some(rest) = room.checked_sub(text.len()) else {
                break;
            };
            room = rest;
            kept.insert(index, text);
        }
        let mut page = self.head;
        for (number, part) in self.parts.iter().enumerate() {
            page.push_str(&part.heading);
            let items = self.items.iter().enumerate().filter(|(_, item)| item.part == number);
            let mut dropped: Vec<&Item<'_>> = Vec::new();
            for (index, item) in items {
                match kept.get(&index) {
                    Some(text) => page.push_str(text),
                    None => dropped.push(item),
                }
            }
            page.push_str(&more(part, &dropped));
        }
        let (shown, all) = (kept.len(), self.items.len());
        if shown < all {
            page.push_str("\nEverything is in the summary of the job and in the saved plan: `servanda show` draws it.\n");
        }
        page
    }
}

/// What the agreements that are not shown come to.
fn more(part: &Part, dropped: &[&Item<'_>]) -> String {
    if dropped.is_empty() {
        return String::new();
    }
    let agreements = dropped.iter().map(|item| item.agreements).sum();
    let clients: BTreeSet<&str> = dropped.iter().filter_map(|item| item.client).collect();
    let (one, many) = part.noun;
    let (one, many) = (format!("more {one}"), format!("more {many}"));
    let of = match clients.len() {
        0 => String::new(),
        number => format!(" of {}", vocabulary::count(number, "client", "clients")),
    };
    format!("\n… {}{of}\n", vocabulary::count(agreements, &one, &many))
}

fn rank(severity: usize, why: ChangeOrigin) -> usize {
    severity * 10 + why as usize
}

fn withheld_line(id: &AgreementId, reason: &Reason) -> String {
    let line = Line::new()
        .foreign_toned(Tone::Strong, id.as_str())
        .text(": ")
        .join(vocabulary::blocked_reason(reason));
    format!("- {}  \n  → {}\n", inline(&line), inline(&vocabulary::remedy(reason)))
}

#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod tests;
