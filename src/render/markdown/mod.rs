//! A plan as Markdown for a pull request: verdict, risks, then the changes client by client as far as they fit.
//!
//! The least severe blocks are omitted first, and counted. Foreign text is put in code spans, which no forge interprets.

mod block;
mod budget;
mod inline;
mod risks;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::envelope::GuardedPlan;
use crate::ident::AgreementId;
use crate::plan::{Blocked, Reason};
use crate::render::alike;
use crate::render::line::Line;
use crate::render::plan::{self, phrases};
use crate::render::review::{self, ChangeOrigin, Review};
use crate::render::scope;
use crate::render::style::{Paint, Tone};
use crate::render::vocabulary;

pub use budget::{Budget, Forge};

use inline::inline;
use risks::RiskTexts;

/// The number of blocked agreements that come before changes without risk.
const BLOCKED_FIRST: usize = 30;

/// Bytes reserved for the last lines and the counts of omitted blocks.
const RESERVED: usize = 400;

/// The number of notes that come before further blocked agreements.
const NOTES: usize = 10;

/// The texts of a plan, each within a budget: the first, and its continuations if not even the ids of all risks fit.
///
/// The first 200 bytes contain verdict and totals. The same plan and budget give the same bytes. [`Budget::less`]
/// reserves room for a marker and a link; if a forge still refuses a text, [`Budget::halved`] gives shorter ones.
pub fn comments(envelope: &GuardedPlan, budget: Budget) -> Vec<String> {
    let review = Review::of(envelope);
    let head = head(&review);
    let has_texts = envelope.scope.as_ref().is_some_and(|scope| !scope.texts.is_empty());
    let is_silent = envelope.announced.is_empty() && envelope.plan.notes.is_empty() && !has_texts;
    if review.is_quiet() && is_silent && review.counts.red_lines == 0 {
        return vec![head];
    }
    let mut page = Comment { head, budget, parts: Vec::new(), items: Vec::new() };
    page.head.push_str(&risks::red_lines(&review, budget));
    page.head.push_str(&changed_lines(envelope));
    page.head.push_str(&acknowledgements(envelope));
    page.sections(&review);
    page.blocked(envelope);
    page.notices(envelope);
    page.texts(envelope);
    page.notes(envelope);
    let core = page.core();
    let RiskTexts { section, further } = RiskTexts::of(&review, budget, core);
    page.head.push_str(&section);
    let first = page.finish();
    if first.len() > budget.most() {
        return vec![shortest(&review)];
    }
    std::iter::once(first).chain(further).collect()
}

/// The text of a plan for a GitHub job summary.
pub fn summary(envelope: &GuardedPlan) -> String {
    comments(envelope, Budget::summary()).concat()
}

/// The lines of templates that the pull request changes, with the number of agreements that inherit each.
fn changed_lines(envelope: &GuardedPlan) -> String {
    let lines = envelope.scope.as_ref().map_or(Vec::new(), |scope| scope::changed_lines(scope));
    if lines.is_empty() {
        return String::new();
    }
    let lines: String =
        lines.iter().flat_map(|line| ["- ".to_owned(), inline(line), "\n".to_owned()]).collect();
    format!("\n#### Changed lines of templates\n\n{lines}")
}

/// Verdict, totals and origin.
fn head(review: &Review<'_>) -> String {
    format!(
        "### Plan: {}\n\n{}\n\n{}\n",
        inline::plain(&plan::summary::verdict(review)),
        inline::plain(&plan::summary::totals(review)),
        inline(&plan::summary::facts(review.envelope))
    )
}

/// The text if there is room for nothing else.
fn shortest(review: &Review<'_>) -> String {
    format!(
        "### Plan: {}\n\n{}\n\nThe plan is too long for a comment. The job summary and the saved plan contain all of it.\n",
        inline::plain(&plan::summary::verdict(review)),
        inline::plain(&plan::summary::totals(review)),
    )
}

/// The guards that stopped changes, and the lines that acknowledge them.
fn acknowledgements(envelope: &GuardedPlan) -> String {
    if envelope.awaiting.is_empty() {
        return String::new();
    }
    let guards = envelope.awaiting.iter();
    let guards = guards.map(|held| format!("- {}\n", inline(&phrases::guard_line(envelope, held))));
    let mut text = format!("\n#### Awaiting acknowledgement\n\n{}", guards.collect::<String>());
    let trailers = phrases::trailers(envelope);
    if !trailers.is_empty() {
        let lines = trailers.join("\n");
        write!(text, "\nTo acknowledge, end the message of the merge commit with:\n\n```\n{lines}\n```\n")
            .expect("a string takes all that is written");
    }
    text
}

/// A text that may be omitted.
struct OptionalText<'a> {
    /// The rank; higher ranks are omitted first.
    rank: usize,
    /// The index of its part.
    part: usize,
    /// The number of agreements in it.
    agreements: usize,
    /// Their client.
    client: Option<&'a str>,
    /// Renders the text, unless it is omitted.
    text: Box<dyn Fn() -> String + 'a>,
}

/// A part of a comment, with a heading.
struct CommentPart {
    heading: String,
    /// The noun for omitted items, singular and plural.
    noun: (&'static str, &'static str),
}

/// A comment that is being assembled.
struct Comment<'a> {
    head: String,
    budget: Budget,
    parts: Vec<CommentPart>,
    items: Vec<OptionalText<'a>>,
}

impl<'a> Comment<'a> {
    fn part(&mut self, title: &str, number: usize, noun: (&'static str, &'static str)) -> usize {
        let number = if number > 0 { format!(" ({number})") } else { String::new() };
        self.parts.push(CommentPart { heading: format!("\n#### {title}{number}\n\n"), noun });
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
            let (budget, names) = (self.budget, &review.envelope.plan.names);
            let (groups, alone) = alike::split_section(section, names);
            for group in groups {
                self.items.push(OptionalText {
                    rank: rank(group.common.severity() as usize, section.origin),
                    part,
                    agreements: group.changes.len(),
                    client: None,
                    text: Box::new(move || block::together(&group, names)),
                });
            }
            for shown in alone {
                self.items.push(OptionalText {
                    rank: rank(shown.severity as usize, section.origin),
                    part,
                    agreements: shown.entries.len(),
                    client: shown.client,
                    text: Box::new(move || block::block(&shown, names, budget, is_open)),
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
            let severity = if index < BLOCKED_FIRST { 5 } else { 8 };
            self.items.push(OptionalText {
                rank: rank(severity, ChangeOrigin::Edit),
                part,
                agreements: 1,
                client: None,
                text: Box::new(move || blocked_line(&blocked.id, &blocked.reason)),
            });
        }
    }

    fn notices(&mut self, envelope: &'a GuardedPlan) {
        if envelope.announced.is_empty() {
            return;
        }
        let announced = plan::summary::announced(&envelope.announced);
        let lines = announced.iter().map(|line| format!("- {}\n", inline(line)));
        let part = self.part(plan::summary::announced_title(envelope), 0, ("", ""));
        self.parts[part].heading.extend(lines);
    }

    /// The texts that the pull request changes, before and after.
    fn texts(&mut self, envelope: &'a GuardedPlan) {
        let texts = envelope.scope.as_ref().map_or(&[][..], |scope| &scope.texts);
        if texts.is_empty() {
            return;
        }
        let part = self.part("Texts of notices, with sample values", texts.len(), ("text", "texts"));
        for (index, changed) in texts.iter().enumerate() {
            self.items.push(OptionalText {
                rank: rank(if index < scope::SHOWN_TEXTS { 4 } else { 10 }, ChangeOrigin::Edit),
                part,
                agreements: 1,
                client: None,
                text: Box::new(move || fenced(&scope::text_diff(changed, Paint::PLAIN))),
            });
        }
    }

    fn notes(&mut self, envelope: &'a GuardedPlan) {
        let notes = vocabulary::notes(&envelope.plan.notes);
        if notes.is_empty() {
            return;
        }
        let part = self.part("Notes", 0, ("note", "notes"));
        for (index, note) in notes.into_iter().enumerate() {
            self.items.push(OptionalText {
                rank: rank(if index < NOTES { 9 } else { 10 }, ChangeOrigin::Edit),
                part,
                agreements: 1,
                client: None,
                text: Box::new(move || format!("- {}\n", inline(&note))),
            });
        }
    }

    /// The bytes that are used before any risk or block.
    fn core(&self) -> usize {
        let headings: usize = self.parts.iter().map(|part| part.heading.len() + 90).sum();
        self.head.len() + headings + RESERVED
    }

    /// Keeps texts in the order of rank as long as they fit, and assembles them in reading order.
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
            let mut dropped: Vec<&OptionalText<'_>> = Vec::new();
            for (index, item) in items {
                match kept.get(&index) {
                    Some(text) => page.push_str(text),
                    None => dropped.push(item),
                }
            }
            page.push_str(&omitted(part, &dropped));
        }
        let (shown, all) = (kept.len(), self.items.len());
        if shown < all {
            page.push_str("\nThe job summary and the saved plan contain everything; `servanda show` displays a saved plan.\n");
        }
        page
    }
}

/// The number of omitted agreements and their clients.
fn omitted(part: &CommentPart, dropped: &[&OptionalText<'_>]) -> String {
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

/// A difference in a code block that nothing in it can end.
fn fenced(diff: &str) -> String {
    let longest = diff.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!(
        "{fence}diff
{diff}{fence}

"
    )
}

fn rank(severity: usize, why: ChangeOrigin) -> usize {
    severity * 10 + why as usize
}

fn blocked_line(id: &AgreementId, reason: &Reason) -> String {
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
