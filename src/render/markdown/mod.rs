//! A plan as Markdown for a pull request: verdict and links, then the changes, the most severe first, as far as they fit.
//!
//! Each change has its risks beside it. Where not everything fits, a table of all risks comes first, and the least severe
//! blocks are omitted and counted. Foreign values are put in code spans and fenced blocks, which no forge interprets.

mod block;
mod budget;
mod creation;
mod inline;
mod risks;
pub(in crate::render) mod several;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::envelope::GuardedPlan;
use crate::ident::{AgreementId, ClientSlug};
use crate::plan::{Blocked, Note};
use crate::render::alike;
use crate::render::line::Line;
use crate::render::link::{Links, Places};
use crate::render::plan::{self, phrases};
use crate::render::reasons;
use crate::render::review::{self, ChangeOrigin, Review, ReviewSection};
use crate::render::scope;
use crate::render::style::{Paint, Tone};
use crate::render::vocabulary::Vocabulary;
use crate::render::wording::{Text, frame, plan as texts};

pub use budget::{Budget, Forge};

use block::BlockContext;
use inline::{fenced, inline};
use risks::RiskTexts;

/// The number of blocked agreements that come before changes without risk.
const BLOCKED_FIRST: usize = 30;

/// Bytes reserved for the counts of omitted blocks and the last line.
const RESERVED: usize = 400;

/// The number of notes that come before further blocked agreements.
const NOTES: usize = 10;

/// The texts of a plan, each within a budget: the first, and its continuations if not even the ids of all risks fit.
///
/// The first 200 characters contain verdict and totals. The same plan and budget give the same bytes. [`Budget::less`]
/// reserves room for a marker; if a forge still refuses a text, [`Budget::halved`] gives shorter ones.
pub fn comments(envelope: &GuardedPlan, budget: Budget, links: &Links) -> Vec<String> {
    let review = Review::of(envelope);
    let words = review.words();
    let head = head(&review, links);
    let facts = format!("\n{}\n", inline(&plan::summary::facts(envelope, words)));
    let has_texts = envelope.scope.as_ref().is_some_and(|scope| !scope.texts.is_empty());
    let is_silent = envelope.announced.is_empty() && envelope.plan.notes.is_empty() && !has_texts;
    if review.is_quiet() && is_silent && review.counts.red_lines == 0 {
        return vec![head + &facts];
    }
    let places = Places::of(envelope, links);
    let block = BlockContext { words, places, review: &review, budget };
    let mut page = Comment { head, facts, block, parts: Vec::new(), items: Vec::new() };
    page.head.push_str(&risks::red_lines(block));
    page.head.push_str(&changed_lines(block));
    page.head.push_str(&acknowledgements(envelope, words));
    page.sections();
    page.blocked();
    page.notices(envelope);
    page.texts(envelope);
    page.notes();
    if let Some(whole) = page.whole() {
        return vec![whole];
    }
    let RiskTexts { section, further } = RiskTexts::of(block, page.core());
    page.head.push_str(&section);
    let first = page.finish();
    if first.len() > budget.most() {
        return vec![shortest(&review)];
    }
    std::iter::once(first).chain(further).collect()
}

/// The text of a plan for a GitHub job summary.
pub fn summary(envelope: &GuardedPlan, links: &Links) -> String {
    comments(envelope, Budget::summary(), links).concat()
}

/// The lines of templates that the pull request changes, with the number of agreements that inherit each.
fn changed_lines(block: BlockContext<'_>) -> String {
    let words = block.words;
    let Some(found) = block.review.envelope.scope.as_ref().filter(|scope| !scope.lines.is_empty()) else {
        return String::new();
    };
    let mut text = format!("\n#### {}\n\n", words.say(frame::CHANGED_LINES));
    for changed in found.lines.iter().take(scope::SHOWN_LINES) {
        let place = block.place(&changed.path, changed.line);
        writeln!(text, "- {place} {}", inline(&scope::changed_value(changed, words)))
            .expect("a string takes all that is written");
    }
    if let Some(more) = found.lines.len().checked_sub(scope::SHOWN_LINES + 1) {
        writeln!(text, "- {}", words.count(texts::AND_MORE_LINES, more + 1))
            .expect("a string takes all that is written");
    }
    text
}

/// Verdict, totals and links.
fn head(review: &Review<'_>, links: &Links) -> String {
    let words = review.words();
    let link = |text: Text, address: &Option<String>| {
        let address = address.as_ref()?;
        Some(format!(" · {}", inline::link(words.say(text), address, "")))
    };
    let links = [link(frame::JOB, &links.job), link(frame::WHOLE_PLAN, &links.plan)];
    format!("{}{}\n", heading(review), links.into_iter().flatten().collect::<String>())
}

/// Verdict and totals, without a line feed.
fn heading(review: &Review<'_>) -> String {
    let words = review.words();
    let verdict = [("verdict", plan::summary::verdict(review).into())];
    let verdict = inline(&words.line(frame::PLAN, &verdict));
    format!("### {verdict}\n\n{}", inline::plain(&plan::summary::totals(review)))
}

/// The text if there is room for nothing else.
fn shortest(review: &Review<'_>) -> String {
    format!("{}\n\n{}\n", heading(review), review.words().say(frame::TOO_LONG))
}

/// The guards that stopped changes, and the lines that acknowledge them.
fn acknowledgements(envelope: &GuardedPlan, words: Vocabulary<'_>) -> String {
    if envelope.awaiting.is_empty() {
        return String::new();
    }
    let guards = envelope.awaiting.iter();
    let guards = guards.map(|held| format!("- {}\n", inline(&phrases::guard_line(envelope, held, words))));
    let title = words.say(texts::AWAITING);
    let mut text = format!("\n#### {title}\n\n{}", guards.collect::<String>());
    let trailers = phrases::trailers(envelope);
    if !trailers.is_empty() {
        let how = words.say(frame::TO_ACKNOWLEDGE);
        write!(text, "\n{how}\n\n```\n{}\n```\n", trailers.join("\n"))
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
    client: Option<&'a ClientSlug>,
    /// Renders the text, unless it is omitted.
    text: Box<dyn Fn() -> String + 'a>,
}

/// The kind of the items of a part, which are counted if they are omitted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PartItem {
    Agreement,
    Text,
    Note,
}

/// A part of a comment, with a heading.
struct CommentPart {
    heading: String,
    item: PartItem,
    /// The end of the part; empty unless it is folded.
    end: &'static str,
}

/// A comment that is being assembled.
struct Comment<'a> {
    head: String,
    /// The last line: date, helpdesk, commits.
    facts: String,
    block: BlockContext<'a>,
    parts: Vec<CommentPart>,
    items: Vec<OptionalText<'a>>,
}

impl<'a> Comment<'a> {
    fn part(&mut self, title: &str, number: usize, item: PartItem, is_folded: bool) -> usize {
        let number = if number > 0 { format!(" ({number})") } else { String::new() };
        let (heading, end) = if is_folded && self.block.budget.folds {
            (format!("\n<details><summary>{title}{number}</summary>\n\n"), "\n</details>\n")
        } else {
            (format!("\n#### {title}{number}\n\n"), "")
        };
        self.parts.push(CommentPart { heading, item, end });
        self.parts.len() - 1
    }

    fn sections(&mut self) {
        let block = self.block;
        for section in &block.review.sections {
            let number = section.blocks.iter().map(|block| block.entries.len()).sum();
            let title = phrases::section_title(section.origin, block.words);
            let part = self.part(title, number, PartItem::Agreement, is_aside(block.review, section));
            if let Some(warning) = phrases::section_warning(section.origin, block.words) {
                write!(self.parts[part].heading, "⚠ {}\n\n", inline::plain(warning))
                    .expect("a string takes all that is written");
            }
            let origin = section.origin;
            let (groups, alone) = alike::split_section(section, block.words);
            let number: usize = alone.iter().map(|block| block.entries.len()).sum();
            let begin = self.items.len();
            for group in groups {
                self.items.push(OptionalText {
                    rank: rank(group.common.severity() as usize, origin),
                    part,
                    agreements: group.changes.len(),
                    client: None,
                    text: Box::new(move || block.together(&group)),
                });
            }
            for shown in alone {
                self.items.push(OptionalText {
                    rank: rank(shown.severity as usize, origin),
                    part,
                    agreements: shown.entries.len(),
                    client: shown.client,
                    text: Box::new(move || block.block(&shown, origin, number <= block::OPEN)),
                });
            }
            // The most severe come first, of equal ones the groups.
            self.items[begin..].sort_by_key(|item| item.rank);
        }
    }

    /// The blocked agreements; those that the pull request does not touch come apart and folded.
    fn blocked(&mut self) {
        let review = self.block.review;
        let open = review.envelope.plan.blocked.iter();
        let open = open.filter(|blocked| !review::is_waiting(&blocked.reason));
        let (own, others): (Vec<&Blocked>, Vec<&Blocked>) =
            open.partition(|blocked| is_touched(review.envelope, &blocked.id));
        for (blocked, is_aside) in [(own, false), (others, true)] {
            let ids: BTreeSet<&AgreementId> = blocked.iter().map(|blocked| &blocked.id).collect();
            if ids.is_empty() {
                continue;
            }
            let words = self.block.words;
            let title = words.say(if is_aside { texts::BLOCKED_ASIDE } else { texts::BLOCKED });
            let part = self.part(title, ids.len(), PartItem::Agreement, is_aside);
            for (index, blocked) in blocked.into_iter().enumerate() {
                let severity = if index < BLOCKED_FIRST { 5 } else { 8 };
                self.items.push(OptionalText {
                    rank: rank(severity, ChangeOrigin::Edit),
                    part,
                    agreements: 1,
                    client: None,
                    text: Box::new(move || blocked_line(blocked, words)),
                });
            }
        }
    }

    fn notices(&mut self, envelope: &'a GuardedPlan) {
        if envelope.announced.is_empty() {
            return;
        }
        let words = self.block.words;
        let announced = plan::summary::announced(&envelope.announced, words);
        let lines = announced.iter().map(|line| format!("- {}\n", inline(line)));
        let title = plan::summary::announced_title(envelope, words);
        let part = self.part(title, 0, PartItem::Note, false);
        self.parts[part].heading.extend(lines);
    }

    /// The texts that the pull request changes, before and after.
    fn texts(&mut self, envelope: &'a GuardedPlan) {
        let texts = envelope.scope.as_ref().map_or(&[][..], |scope| &scope.texts);
        if texts.is_empty() {
            return;
        }
        let title = self.block.words.say(frame::TEXTS_OF_NOTICES);
        let part = self.part(title, texts.len(), PartItem::Text, false);
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

    /// The notes; those that have nothing to do with the pull request are folded.
    fn notes(&mut self) {
        let (envelope, words) = (self.block.review.envelope, self.block.words);
        let (own, others): (Vec<&Note>, Vec<&Note>) =
            envelope.plan.notes.iter().partition(|note| is_about(envelope, note));
        for (notes, is_folded) in [(own, false), (others, true)] {
            let notes = reasons::notes(notes, words);
            if notes.is_empty() {
                continue;
            }
            let number = if is_folded { notes.len() } else { 0 };
            let part = self.part(words.say(texts::NOTES), number, PartItem::Note, is_folded);
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
    }

    /// The bytes that are used before any risk or block.
    fn core(&self) -> usize {
        let headings: usize = self.parts.iter().map(|part| part.heading.len() + part.end.len() + 90).sum();
        self.head.len() + self.facts.len() + headings + RESERVED
    }

    /// The texts in the order of rank as long as they fit, by index.
    fn kept(&self) -> BTreeMap<usize, String> {
        let mut room = self.block.budget.usual.saturating_sub(self.core());
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
        kept
    }

    /// The comment, if everything fits.
    fn whole(&self) -> Option<String> {
        let kept = self.kept();
        (kept.len() == self.items.len()).then(|| self.assembled(&kept))
    }

    /// The comment with as many texts as fit.
    fn finish(self) -> String {
        self.assembled(&self.kept())
    }

    /// The kept texts in reading order, and the numbers of the others.
    fn assembled(&self, kept: &BTreeMap<usize, String>) -> String {
        let mut page = self.head.clone();
        for (number, part) in self.parts.iter().enumerate() {
            let heading = part.heading.as_str();
            page.push_str(if page.ends_with("\n\n") { heading.trim_start_matches('\n') } else { heading });
            let items = self.items.iter().enumerate().filter(|(_, item)| item.part == number);
            let mut dropped: Vec<&OptionalText<'_>> = Vec::new();
            for (index, item) in items {
                match kept.get(&index) {
                    Some(text) => page.push_str(text),
                    None => dropped.push(item),
                }
            }
            page.push_str(&omitted(part.item, &dropped, self.block.words));
            page.push_str(part.end);
        }
        if kept.len() < self.items.len() {
            write!(page, "\n{}\n", self.block.words.say(frame::OMITTED))
                .expect("a string takes all that is written");
        }
        page + &self.facts
    }
}

/// Whether a section is about the date or drift, and nothing in it is caused by the pull request.
fn is_aside(review: &Review<'_>, section: &ReviewSection<'_>) -> bool {
    let mut ids = section.blocks.iter().flat_map(|block| &block.entries).map(|entry| entry.id);
    matches!(section.origin, ChangeOrigin::Date | ChangeOrigin::Drift)
        && review.envelope.scope.is_some()
        && ids.all(|id| review.envelope.is_on_base(id) || !is_touched(review.envelope, id))
}

/// Whether the pull request touches an agreement; without one, any is.
fn is_touched(envelope: &GuardedPlan, id: &AgreementId) -> bool {
    envelope
        .scope
        .as_ref()
        .is_none_or(|scope| scope.documents.contains_key(id) || scope.indirect.contains(id))
}

/// Whether a note is about the pull request; without one, any is.
fn is_about(envelope: &GuardedPlan, note: &Note) -> bool {
    match note {
        Note::HoursNotCarried(id) | Note::RecipientsNotCarried(id) | Note::OverAndAbsent(id) => {
            is_touched(envelope, id)
        }
        _ => envelope.scope.is_none(),
    }
}

/// The number of omitted items; of agreements with their clients.
fn omitted(item: PartItem, dropped: &[&OptionalText<'_>], words: Vocabulary<'_>) -> String {
    if dropped.is_empty() {
        return String::new();
    }
    let number: usize = dropped.iter().map(|item| item.agreements).sum();
    let clients: BTreeSet<&ClientSlug> = dropped.iter().filter_map(|item| item.client).collect();
    let text = match (item, clients.len()) {
        (PartItem::Text, _) => words.count(frame::MORE_TEXTS, number),
        (PartItem::Note, _) => words.count(frame::MORE_NOTES, number),
        (PartItem::Agreement, 0) => words.count(frame::MORE_AGREEMENTS, number),
        (PartItem::Agreement, clients) => {
            frame::MORE_AGREEMENTS_OF.words(words.language, &[("n", number.into()), ("c", clients.into())])
        }
    };
    format!("\n{text}\n")
}

fn rank(severity: usize, why: ChangeOrigin) -> usize {
    severity * 10 + why as usize
}

fn blocked_line(blocked: &Blocked, words: Vocabulary<'_>) -> String {
    let line = Line::new()
        .foreign_toned(Tone::Strong, blocked.id.as_str())
        .text(": ")
        .join(reasons::blocked_reason(&blocked.reason, words));
    format!("- {}  \n  → {}\n", inline(&line), inline(&reasons::remedy(&blocked.reason, words)))
}

#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod tests;
