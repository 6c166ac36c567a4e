//! Changes as blocks of a comment, which are kept or omitted as a whole: those of one client, or those that are alike.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::budget::Budget;
use super::creation;
use super::inline::{fenced, inline, link, plain};
use crate::ident::{AgreementId, ClientSlug};
use crate::plan::{Change, Risk, Verb};
use crate::render::alike::AlikeChanges;
use crate::render::encode;
use crate::render::line::Line;
use crate::render::link::{Place, Places};
use crate::render::plan::phrases::{self, ChangedValue, Detail};
use crate::render::review::{self, ChangeOrigin, ClientBlock, ReviewEntry};
use crate::render::style::Tone;
use crate::render::value::{FieldBody, FieldDetail};
use crate::render::vocabulary::Vocabulary;
use crate::render::wording::{frame, plan as texts};

/// The largest number of changes in a section whose blocks are not folded.
pub(super) const OPEN: usize = 10;

/// The largest number of titles of changes that are alike.
const TITLES: usize = 6;

/// The largest number of places of changes that are alike.
const PLACES: usize = 3;

/// The context that the blocks of a comment share.
#[derive(Clone, Copy)]
pub(super) struct BlockContext<'a> {
    /// The words of the plan's language.
    pub(super) words: Vocabulary<'a>,
    /// The places in the files.
    pub(super) places: Places<'a>,
    /// The plan, which splits risks into own ones and those of the base.
    pub(super) review: &'a review::Review<'a>,
    /// The Markdown that the forge supports.
    pub(super) budget: Budget,
}

impl BlockContext<'_> {
    /// The changes of one client.
    pub(super) fn block(self, block: &ClientBlock<'_>, origin: ChangeOrigin, is_open: bool) -> String {
        let entries: String = block.entries.iter().map(|shown| self.entry(shown, origin)).collect();
        if is_open {
            return entries;
        }
        let number = self.words.count(texts::AGREEMENTS, block.entries.len());
        let sign = if block.severity.is_risk() { " ⚠" } else { "" };
        let name = match block.client {
            Some(slug) => inline(&Line::new().title(Tone::Strong, &self.words.client(slug))),
            None => format!("**{}**", self.words.say(frame::WITHOUT_DOCUMENT)),
        };
        if !self.budget.folds {
            return format!("{name}: {number}{sign}\n\n{entries}");
        }
        let name = match block.client {
            Some(slug) => encode::html(&self.words.client(slug)).into_owned(),
            None => self.words.say(frame::WITHOUT_DOCUMENT).to_owned(),
        };
        format!("<details><summary><code>{name}</code>: {number}{sign}</summary>\n\n{entries}\n</details>\n")
    }

    /// Changes that are alike: their number, what they have in common, and the titles of some.
    pub(super) fn together(self, alike: &AlikeChanges<'_>) -> String {
        let (words, common) = (self.words, &alike.common);
        let head = Line::new().toned(Tone::Strong, phrases::symbol(common).1).text(" ");
        let head = head.toned(Tone::Strong, &alike.counts(words)).join(alike.result(words));
        let (own, on_base) = alike.risks(self.review.envelope);
        let mut text = format!("{}{}\n\n", inline(&head), self.risks(common, &own, &on_base));
        if common.verb == Verb::Create {
            let shown = alike.changes.iter().take(TITLES);
            let titles: Vec<String> =
                shown.map(|change| self.agreement(&change.id, &change.title, None)).collect();
            text.push_str(&creation::alike(&titles, alike, words));
            return text;
        }
        let values = phrases::changed_values(common, words);
        text.push_str(&self.difference(&values));
        text.push_str(&self.common_causes(alike));
        let titles = alike
            .changes
            .iter()
            .take(TITLES)
            .map(|change| Line::new().title(Tone::Plain, &words.preview(&change.title)));
        let titles = titles.map(|title| inline(&title)).collect::<Vec<_>>().join(" · ");
        let all = alike.changes.len();
        let first = [("n", TITLES.into()), ("all", all.into())];
        let which = match all {
            ..=TITLES => words.say(frame::ALL_OF_THEM).to_owned(),
            _ => frame::FIRST_OF_THEM.words(words.language, &first),
        };
        if self.budget.folds {
            write!(text, "<details><summary>{which}</summary>\n\n{titles}\n\n</details>\n\n")
        } else {
            write!(text, "{which}: {titles}\n\n")
        }
        .expect("a string takes all that is written");
        text
    }

    /// One agreement: title, result and risks; its values before and after; the lines that changed them.
    fn entry(self, entry: &ReviewEntry<'_>, origin: ChangeOrigin) -> String {
        let words = self.words;
        let Some(change) = entry.change else {
            let title = self.agreement(entry.id, entry.title, None);
            return format!("**\\~** {title}\n\n{}", details(phrases::drift_details(entry, words)));
        };
        let (own, on_base) = self.review.envelope.split_risks(change);
        let risks = self.risks(change, &own, &on_base);
        if change.verb == Verb::Create {
            let title = self.agreement(entry.id, entry.title, change.client.as_ref());
            return creation::table(&title, &risks, change, words);
        }
        let (_, symbol) = phrases::symbol(change);
        let title = self.agreement(entry.id, entry.title, change.client.as_ref());
        let status = phrases::status_line(change, words);
        let cause = phrases::named_cause(change, origin, words);
        let cause = cause.map_or_else(String::new, |cause| format!(" · {cause}"));
        let mut text = format!("**{}** {title} {}{cause}{risks}\n\n", plain(symbol), inline(&status));
        let values = phrases::changed_values(change, words);
        text.push_str(&self.difference(&values));
        text.push_str(&self.causes(change, &values));
        text.push_str(&details(phrases::further_details(change, words)));
        text.push_str(&details(phrases::drift_details(entry, words)));
        text
    }

    /// The title of an agreement, linked to its document. Without a link, its path or its id follows.
    pub(super) fn agreement(self, id: &AgreementId, title: &str, client: Option<&ClientSlug>) -> String {
        let title = self.words.preview(title);
        let bold = inline(&Line::new().title(Tone::Strong, &title));
        let named = match self.places.document(id) {
            Some(Place { address: Some(address), .. }) => link(&bold, &address, id.as_str()),
            Some(place) => format!("{bold} {}", encode::markdown(&place_name(&place))),
            None => format!("{bold} {}", encode::markdown(id.as_str())),
        };
        let client =
            client.map(|slug| self.words.client(slug)).filter(|client| !title.contains(client.as_str()));
        match client {
            Some(client) => format!("{named} ({})", inline(&Line::new().title(Tone::Plain, &client))),
            None => named,
        }
    }

    /// The risks of a change in a few words; empty if there are none.
    fn risks(self, change: &Change, own: &[Risk], on_base: &[Risk]) -> String {
        let both = Line::comma_separated(phrases::brief_risks(change, own, on_base, self.words));
        if both.is_empty() { String::new() } else { format!(" · ⚠ {}", inline(&both)) }
    }

    /// The values before and after, as a block that forges show in red and green.
    fn difference(self, values: &[ChangedValue<'_>]) -> String {
        let mut diff = String::new();
        for ChangedValue { pair, cause, .. } in values {
            let cause = cause.map_or_else(String::new, |cause| format!("  [{}]", self.words.cause(cause)));
            let side = |sign: char, value: &Option<Line>, note: &str| {
                value.as_ref().map(|value| {
                    let text = format!("{}: {}", pair.label.words(), value.words());
                    format!("{sign} {}{note}\n", encode::visible(&text))
                })
            };
            let note = if pair.after.is_none() { cause.as_str() } else { "" };
            diff.extend(side('-', &pair.before, note));
            diff.extend(side('+', &pair.after, &cause));
        }
        if diff.is_empty() { diff } else { fenced(&diff) }
    }

    /// The lines that changed each field: those of the agreement's own file and of templates.
    fn causes(self, change: &Change, values: &[ChangedValue<'_>]) -> String {
        let Some(edits) = self.places.edits(&change.id) else { return String::new() };
        let mut parts: Vec<String> = Vec::new();
        let mut known = Vec::new();
        for ChangedValue { field, .. } in values {
            let places = edits.of(*field);
            if known.contains(field) || places.is_empty() {
                continue;
            }
            known.push(*field);
            let places = places.into_iter().take(PLACES).map(|(path, line)| self.place(path, line));
            let name = field
                .map_or_else(|| Line::of(self.words.say(texts::STATE)), |field| self.words.field_line(field));
            let name = inline(&name);
            parts.push(format!("{name} {}", places.collect::<Vec<_>>().join(", ")));
        }
        if parts.is_empty() { String::new() } else { format!("↳ {}\n\n", parts.join(" · ")) }
    }

    /// The lines of templates that changed all of them.
    fn common_causes(self, alike: &AlikeChanges<'_>) -> String {
        let mut places: BTreeSet<(&str, usize)> = BTreeSet::new();
        for change in &alike.changes {
            let Some(edits) = self.places.edits(&change.id) else { continue };
            let found = change.fields.iter().flat_map(|field| edits.of(Some(&field.field)));
            places.extend(found.filter(|(path, _)| *path != edits.path));
        }
        let shown: Vec<String> =
            places.iter().take(PLACES).map(|(path, line)| self.place(path, *line)).collect();
        let more = match places.len().saturating_sub(PLACES) {
            0 => String::new(),
            more => self.words.count(texts::AND_MORE, more),
        };
        if shown.is_empty() { String::new() } else { format!("↳ {}{more}\n\n", shown.join(", ")) }
    }

    /// A place in a file of the pull request, linked if possible.
    pub(super) fn place(self, path: &str, line: usize) -> String {
        linked(&self.places.head(path, line))
    }
}

/// Further details as a list.
fn details(details: Vec<Detail>) -> String {
    let mut text = String::new();
    for detail in details {
        let written = match detail {
            Detail::Warning(line) => writeln!(text, "- ⚠ {}", inline(&line)),
            Detail::Text(line, _) => writeln!(text, "- {}", inline(&line)),
            Detail::Field(FieldDetail { label, body: FieldBody::Line(line), .. }) => {
                writeln!(text, "- {}: {}", encode::markdown(&label), inline(&line))
            }
            Detail::Field(FieldDetail { label, body: FieldBody::Targets(rows), .. }) => {
                let head = writeln!(text, "- {}", encode::markdown(&label));
                head.and_then(|()| rows.iter().skip(1).try_for_each(|row| target(&mut text, row, &rows[0])))
            }
        };
        written.expect("a string takes all that is written");
    }
    if text.is_empty() { text } else { text + "\n" }
}

/// A place in a file, linked if it has an address; the link shows the name of the file only.
pub(super) fn linked(place: &Place<'_>) -> String {
    match &place.address {
        Some(address) => link(&encode::markdown(&place.short()), address, ""),
        None => encode::markdown(&place_name(place)),
    }
}

fn place_name(place: &Place<'_>) -> String {
    format!("{}:{}", place.path, place.line)
}

/// A target as an item of its own: sign, service and priority, and each column that is not empty with its title.
fn target(text: &mut String, cells: &[Line], heading: &[Line]) -> std::fmt::Result {
    let mut line = Line::new().join(cells[0].clone()).text(" ").join(cells[1].clone());
    let columns = cells.iter().zip(heading).skip(2).filter(|(cell, _)| !cell.is_empty());
    for (index, (cell, name)) in columns.enumerate() {
        line =
            line.text(if index == 0 { ": " } else { ", " }).join(name.clone()).text(" ").join(cell.clone());
    }
    writeln!(text, "  - {}", inline(&line))
}
