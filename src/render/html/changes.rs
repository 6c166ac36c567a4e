//! The changes of a section as articles: values before and after in a table, a new agreement in a table of its own.

use super::inline::inline;
use super::writer::{Html, placed};
use crate::ident::AgreementId;
use crate::mapping::Field;
use crate::plan::{Change, Risk, Verb};
use crate::render::alike::{self, AlikeChanges};
use crate::render::encode;
use crate::render::line::Line;
use crate::render::plan::creation::{self, CreationRow};
use crate::render::plan::phrases::{self, ChangedValue, Detail};
use crate::render::review::{ChangeOrigin, ClientBlock, Review, ReviewEntry, ReviewSection};
use crate::render::style::Tone;
use crate::render::value::{FieldBody, FieldDetail};
use crate::render::wording::{frame, plan as texts};

/// The largest number of changes in a section whose blocks are expanded.
const OPEN: usize = 20;

/// The writer of changes.
pub(super) struct Changes<'a, 'b> {
    /// The page.
    pub(super) html: &'a mut Html<'b>,
    /// The plan.
    pub(super) review: &'a Review<'b>,
}

impl Changes<'_, '_> {
    /// One section with its title and its changes, client by client.
    pub(super) fn section(&mut self, section: &ReviewSection<'_>) {
        let words = self.html.words;
        let number = section.blocks.iter().map(|block| block.entries.len()).sum();
        self.html.line(format_args!("<section>"));
        self.html.heading(phrases::section_title(section.origin, words), number);
        if let Some(warning) = phrases::section_warning(section.origin, words) {
            self.html.line(format_args!("<p class=\"danger\">{}</p>", encode::html(warning)));
        }
        let (groups, alone) = alike::split_section(section, words);
        for group in &groups {
            self.together(group);
        }
        for block in &alone {
            self.block(block, section.origin, number <= OPEN);
        }
        self.html.line(format_args!("</section>"));
    }

    /// Changes that are alike, with their titles to expand.
    fn together(&mut self, alike: &AlikeChanges<'_>) {
        let words = self.html.words;
        let sign = sign(&alike.common);
        self.html.line(format_args!(
            "<article>\n<h3>{sign} <b>{}</b></h3>\n<p class=\"result\">{}</p>",
            encode::html(&alike.counts(words)),
            inline(&alike.result(words))
        ));
        let risks = alike.risks(self.review.envelope);
        self.warnings(&alike.common, risks);
        if alike.common.verb == Verb::Create {
            self.creation(&alike.common);
        } else {
            let values = phrases::changed_values(&alike.common, words);
            self.values(&alike.common.id, &values);
        }
        self.html.line(format_args!(
            "<details><summary>{}</summary>\n<ul class=\"plain\">",
            encode::html(words.say(frame::ALL_OF_THEM))
        ));
        for change in &alike.changes {
            let place = self.html.places.document(&change.id).map(|place| placed(&place)).unwrap_or_default();
            self.html.line(format_args!(
                "<li id=\"{id}\"><bdi title=\"{id}\">{}</bdi> {place}</li>",
                encode::html(&words.preview(&change.title)),
                id = encode::html(change.id.as_str())
            ));
        }
        self.html.line(format_args!("</ul>\n</details>\n</article>"));
    }

    fn block(&mut self, block: &ClientBlock<'_>, origin: ChangeOrigin, is_open: bool) {
        let words = self.html.words;
        let open = if is_open { " open" } else { "" };
        let name = block
            .client
            .map_or_else(|| words.say(frame::WITHOUT_DOCUMENT).to_owned(), |slug| words.client(slug));
        let number = words.count(texts::AGREEMENTS, block.entries.len());
        let risk = if block.severity.is_risk() { " <span class=\"loss\">⚠</span>" } else { "" };
        self.html.line(format_args!(
            "<details class=\"client\"{open}><summary><b><bdi>{}</bdi></b> <span class=\"quiet\">{number}</span>{risk}</summary>",
            encode::html(&name)
        ));
        for entry in &block.entries {
            self.entry(entry, origin);
        }
        self.html.line(format_args!("</details>"));
    }

    fn entry(&mut self, entry: &ReviewEntry<'_>, origin: ChangeOrigin) {
        let words = self.html.words;
        let sign = entry.change.map_or_else(|| "<span class=\"sign shift\">~</span>".to_owned(), sign);
        let place = self.html.places.document(entry.id).map(|place| placed(&place)).unwrap_or_default();
        // A change and the drift that it corrects may be in two sections.
        let id = if entry.change.is_some() {
            format!(" id=\"{}\"", encode::html(entry.id.as_str()))
        } else {
            String::new()
        };
        self.html.line(format_args!(
            "<article{id}>\n<h3>{sign} <bdi title=\"{}\">{}</bdi> {place}</h3>",
            encode::html(entry.id.as_str()),
            encode::html(&words.preview(entry.title))
        ));
        if let Some(change) = entry.change {
            let status = phrases::status_line(change, words);
            let cause = phrases::named_cause(change, origin, words).map_or_else(String::new, cause_tag);
            self.html.line(format_args!("<p class=\"result\">{}{cause}</p>", inline(&status)));
            self.warnings(change, self.review.envelope.split_risks(change));
            if change.verb == Verb::Create {
                self.creation(change);
            } else {
                self.values(&change.id, &phrases::changed_values(change, words));
            }
            self.details(phrases::further_details(change, words));
        }
        self.details(phrases::drift_details(entry, words));
        self.html.line(format_args!("</article>"));
    }

    /// The risks of a change in one line, those of the base apart.
    fn warnings(&mut self, change: &Change, (own, on_base): (Vec<Risk>, Vec<Risk>)) {
        for line in phrases::brief_risks(change, &own, &on_base, self.html.words) {
            self.html.line(format_args!("<p class=\"danger\">{}</p>", inline(&line)));
        }
    }

    /// The rows of a new agreement.
    fn creation(&mut self, change: &Change) {
        self.html.line(format_args!("<table class=\"creation\">\n<tbody>"));
        for CreationRow { label, value } in creation::rows(change, self.html.words) {
            self.html.line(format_args!(
                "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
                inline(&label),
                inline(&value)
            ));
        }
        self.html.line(format_args!("</tbody>\n</table>"));
    }

    /// The values before and after, each with the lines that changed it.
    fn values(&mut self, id: &AgreementId, values: &[ChangedValue<'_>]) {
        if values.is_empty() {
            return;
        }
        let words = self.html.words;
        let titles = [frame::FIELD, frame::BEFORE, frame::AFTER];
        let titles = titles.map(|title| format!("<th scope=\"col\">{}</th>", words.say(title))).concat();
        self.html.line(format_args!("<table class=\"values\">\n<thead><tr>{titles}</tr></thead>\n<tbody>"));
        let mut known = Vec::new();
        for ChangedValue { field, pair, cause } in values {
            let cause = cause.map_or_else(String::new, |cause| cause_tag(words.cause(cause)));
            let places = if known.contains(field) { String::new() } else { self.places(id, *field) };
            known.push(*field);
            let side = |element: &str, value: &Option<Line>| {
                value
                    .as_ref()
                    .map_or_else(String::new, |value| format!("<{element}>{}</{element}>", inline(value)))
            };
            self.html.line(format_args!(
                "<tr><th scope=\"row\">{}{cause}{places}</th><td>{}</td><td>{}</td></tr>",
                inline(&pair.label),
                side("del", &pair.before),
                side("ins", &pair.after)
            ));
        }
        self.html.line(format_args!("</tbody>\n</table>"));
    }

    /// The lines that changed a field.
    fn places(&self, id: &AgreementId, field: Option<&Field>) -> String {
        let Some(edits) = self.html.places.edits(id) else { return String::new() };
        let places =
            edits.of(field).into_iter().map(|(path, line)| placed(&self.html.places.head(path, line)));
        places.fold(String::new(), |all, place| all + " " + &place)
    }

    fn details(&mut self, details: Vec<Detail>) {
        if details.is_empty() {
            return;
        }
        self.html.line(format_args!("<ul>"));
        for detail in details {
            let item = match detail {
                Detail::Warning(line) => format!("<li class=\"danger\">{}</li>", inline(&line)),
                Detail::Text(line, _) => format!("<li>{}</li>", inline(&line)),
                Detail::Field(FieldDetail { label, body: FieldBody::Line(line), .. }) => {
                    format!("<li><span class=\"label\">{}</span>{}</li>", encode::html(&label), inline(&line))
                }
                Detail::Field(FieldDetail { label, body: FieldBody::Targets(rows), .. }) => {
                    let line = |row: &Vec<Line>| {
                        row.iter().fold(Line::new(), |all, cell| all.text(" ").join(cell.clone()))
                    };
                    let rows = rows.iter().skip(1).map(|row| format!("<br>{}", inline(&line(row))));
                    format!(
                        "<li><span class=\"label\">{}</span>{}</li>",
                        encode::html(&label),
                        rows.collect::<String>()
                    )
                }
            };
            self.html.line(format_args!("{item}"));
        }
        self.html.line(format_args!("</ul>"));
    }
}

fn sign(change: &Change) -> String {
    let (tone, sign) = phrases::symbol(change);
    let class = match tone {
        Tone::Gain => "gain",
        Tone::Loss => "loss",
        _ => "shift",
    };
    format!("<span class=\"sign {class}\">{sign}</span>")
}

fn cause_tag(cause: &str) -> String {
    format!("<span class=\"cause\">{}</span>", encode::html(cause))
}
