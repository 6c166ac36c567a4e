//! A plan as a self-contained HTML page: no network, no script; for light, dark, narrow and printed output. It contains
//! the whole plan, in the same order as a comment.

mod inline;

use std::fmt::Write as _;

use crate::envelope::GuardedPlan;
use crate::plan::Cause;
use crate::render::alike::{self, AlikeChanges};
use crate::render::encode;
use crate::render::line::Line;
use crate::render::plan::phrases::{self, Detail};
use crate::render::plan::summary;
use crate::render::review::{self, ClientBlock, Review, ReviewEntry, ReviewSection};
use crate::render::scope;
use crate::render::style::Tone;
use crate::render::value::{FieldBody, FieldDetail};
use crate::render::vocabulary::{self, Names};

use inline::inline;

/// The policy that forbids the browser to load or run anything.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The largest number of changes in a section whose blocks are expanded.
const OPEN: usize = 20;

/// A plan as a page.
pub fn page(envelope: &GuardedPlan) -> String {
    let review = Review::of(envelope);
    let verdict = summary::verdict(&review);
    let mut html = Html::default();
    html.line(format_args!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>Plan: {}</title>\n<style>\n{}</style>\n</head>\n<body>",
        encode::html(&verdict),
        include_str!("page.css")
    ));
    html.header(&review, &verdict);
    html.red_lines(envelope);
    let lines = envelope.scope.as_ref().map_or(Vec::new(), |scope| scope::changed_lines(scope));
    html.list("Changed lines of templates", lines.iter().map(inline).collect());
    html.awaiting_acknowledgement(envelope);
    html.risks(&review);
    for section in &review.sections {
        html.section(section, &envelope.plan.names);
    }
    html.blocked(envelope);
    html.list(
        summary::announced_title(envelope),
        summary::announced(&envelope.announced).iter().map(inline).collect(),
    );
    html.list("Notes", vocabulary::notes(&envelope.plan.notes).iter().map(inline).collect());
    html.line(format_args!("</body>\n</html>"));
    html.0
}

/// A page that is being written.
#[derive(Default)]
struct Html(String);

impl Html {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        self.0.write_fmt(line).expect("a string takes all that is written");
        self.0.push('\n');
    }

    fn header(&mut self, review: &Review<'_>, verdict: &str) {
        let severe =
            if review.risky.is_empty() && review.counts.red_lines == 0 { "" } else { " class=\"severe\"" };
        self.line(format_args!("<header>\n<h1{severe}>Plan: {}</h1>", encode::html(verdict)));
        self.line(format_args!("<p class=\"totals\">{}</p>", encode::html(&summary::totals(review))));
        let facts = inline(&summary::facts(review.envelope));
        self.line(format_args!("<p class=\"facts\">{facts}</p>\n</header>"));
    }

    fn red_lines(&mut self, envelope: &GuardedPlan) {
        let Some(found) = envelope.scope.as_ref().filter(|scope| !scope.red_lines.is_empty()) else {
            return;
        };
        self.line(format_args!("<section class=\"red\">\n<h2>Red lines</h2>\n<ul class=\"plain\">"));
        for red in &found.red_lines {
            self.line(format_args!(
                "<li class=\"danger\">{}</li>",
                inline(&scope::red_line(red, &found.base))
            ));
        }
        self.line(format_args!("</ul>\n</section>"));
    }

    /// The guards that stopped changes, and the lines that acknowledge them.
    fn awaiting_acknowledgement(&mut self, envelope: &GuardedPlan) {
        if envelope.awaiting.is_empty() {
            return;
        }
        self.line(format_args!("<section class=\"held\">\n<h2>Awaiting acknowledgement</h2>"));
        for held in &envelope.awaiting {
            self.line(format_args!("<p>{}</p>", inline(&phrases::guard_line(envelope, held))));
        }
        let trailers = phrases::trailers(envelope);
        if !trailers.is_empty() {
            let lines = trailers.join("\n");
            self.line(format_args!("<p>To acknowledge, end the message of the merge commit with:</p>"));
            self.line(format_args!("<pre>{}</pre>", encode::html(&lines)));
        }
        self.line(format_args!("</section>"));
    }

    fn risks(&mut self, review: &Review<'_>) {
        if review.risky.is_empty() {
            return;
        }
        self.heading("Risks", review.risky.len());
        self.line(format_args!(
            "<table class=\"risks\">\n<thead><tr><th>agreement</th><th>client</th><th>risk</th><th>cause</th></tr></thead>\n<tbody>"
        ));
        for risky in &review.risky {
            let change = risky.change;
            let client = change.client.as_ref().map_or("", |client| client.as_str());
            self.line(format_args!(
                "<tr><td><b><bdi>{}</bdi></b></td><td><bdi>{}</bdi></td><td>{}</td><td class=\"quiet\">{}</td></tr>",
                encode::html(change.id.as_str()),
                encode::html(client),
                inline(&phrases::risks(&risky.risks, &review.envelope.plan.names)),
                inline(&phrases::cause_or_guard(risky))
            ));
        }
        self.line(format_args!("</tbody>\n</table>"));
    }

    fn heading(&mut self, title: &str, number: usize) {
        let number = if number > 0 { format!(" <small>{number}</small>") } else { String::new() };
        self.line(format_args!("<h2>{}{number}</h2>", encode::html(title)));
    }

    fn section(&mut self, section: &ReviewSection<'_>, names: &Names) {
        let number = section.blocks.iter().map(|block| block.entries.len()).sum();
        self.heading(phrases::section_title(section.origin), number);
        if let Some(warning) = phrases::section_warning(section.origin) {
            self.line(format_args!("<p class=\"danger\">{}</p>", encode::html(warning)));
        }
        let (groups, alone) = alike::split_section(section, names);
        for group in &groups {
            self.together(group, names);
        }
        for block in &alone {
            self.block(block, names, number <= OPEN);
        }
    }

    /// Changes that are alike, with their ids to expand.
    fn together(&mut self, alike: &AlikeChanges<'_>, names: &Names) {
        let sign = phrases::symbol(&alike.common).1;
        self.line(format_args!(
            "<article>\n<h3><span class=\"sign shift\">{sign}</span> <b>{}</b></h3>\n<p class=\"result\">{}</p>\n<ul>",
            encode::html(&alike.counts()),
            inline(&alike.result())
        ));
        for detail in phrases::details(&alike.common, names) {
            self.detail(detail);
        }
        self.line(format_args!("</ul>\n<details><summary>all of them</summary>\n<ul class=\"plain\">"));
        for change in &alike.changes {
            self.line(format_args!(
                "<li><b><bdi>{}</bdi></b> <bdi class=\"title\">{}</bdi></li>",
                encode::html(change.id.as_str()),
                encode::html(&vocabulary::preview(&change.title))
            ));
        }
        self.line(format_args!("</ul>\n</details>\n</article>"));
    }

    fn block(&mut self, block: &ClientBlock<'_>, names: &Names, is_open: bool) {
        let open = if is_open { " open" } else { "" };
        let client = block.client.unwrap_or("without a document");
        let number = vocabulary::count(block.entries.len(), "agreement", "agreements");
        let risk = if block.severity.is_risk() { " <span class=\"loss\">⚠</span>" } else { "" };
        self.line(format_args!(
            "<details{open}><summary><b><bdi>{}</bdi></b> <span class=\"quiet\">{number}</span>{risk}</summary>",
            encode::html(client)
        ));
        for entry in &block.entries {
            self.entry(entry, names);
        }
        self.line(format_args!("</details>"));
    }

    fn entry(&mut self, entry: &ReviewEntry<'_>, names: &Names) {
        let (tone, sign) = entry.change.map_or((Tone::Shift, "~"), phrases::symbol);
        let class = match tone {
            Tone::Gain => "gain",
            Tone::Loss => "loss",
            _ => "shift",
        };
        self.line(format_args!(
            "<article>\n<h3><span class=\"sign {class}\">{sign}</span> <b><bdi>{}</bdi></b> <bdi class=\"title\">{}</bdi></h3>",
            encode::html(entry.id.as_str()),
            encode::html(&vocabulary::preview(entry.title))
        ));
        let result = entry
            .change
            .map(|change| phrases::result(change).unwrap_or_else(|| phrases::unchanged_status(change)));
        if let Some(result) = result.filter(|result| !result.is_empty()) {
            self.line(format_args!("<p class=\"result\">{}</p>", inline(&result)));
        }
        self.line(format_args!("<ul>"));
        for detail in phrases::entry_details(entry, names) {
            self.detail(detail);
        }
        self.line(format_args!("</ul>\n</article>"));
    }

    fn detail(&mut self, detail: Detail) {
        let shown_cause = |cause: Option<Cause>| {
            cause.map_or_else(String::new, |cause| {
                format!("<span class=\"cause\">{}</span>", vocabulary::cause(cause))
            })
        };
        match detail {
            Detail::Warning(line) => self.line(format_args!("<li class=\"danger\">{}</li>", inline(&line))),
            Detail::Text(line, cause) => {
                self.line(format_args!("<li>{}{}</li>", inline(&line), shown_cause(cause)));
            }
            Detail::Field(FieldDetail { label, body: FieldBody::Line(line), cause }) => {
                self.line(format_args!(
                    "<li><span class=\"label\">{}</span>{}{}</li>",
                    encode::html(&label),
                    inline(&line),
                    shown_cause(cause)
                ));
            }
            Detail::Field(FieldDetail { label, body: FieldBody::Targets(rows), cause }) => {
                self.line(format_args!(
                    "<li><span class=\"label\">{}</span>{}\n<table class=\"targets\">",
                    encode::html(&label),
                    shown_cause(cause)
                ));
                for (index, row) in rows.iter().enumerate() {
                    self.row(row, if index == 0 { "th" } else { "td" });
                }
                self.line(format_args!("</table></li>"));
            }
        }
    }

    fn row(&mut self, cells: &[Line], element: &str) {
        let cells = cells.iter().map(|cell| format!("<{element}>{}</{element}>", inline(cell)));
        self.line(format_args!("<tr>{}</tr>", cells.collect::<String>()));
    }

    fn blocked(&mut self, envelope: &GuardedPlan) {
        let open = envelope.plan.blocked.iter().filter(|blocked| !review::is_waiting(&blocked.reason));
        let items = open.map(|blocked| {
            let why = inline(&vocabulary::blocked_reason(&blocked.reason));
            let remedy = inline(&vocabulary::remedy(&blocked.reason));
            let id = encode::html(blocked.id.as_str()).into_owned();
            format!("<b><bdi>{id}</bdi></b>: {why}<span class=\"remedy\">{remedy}</span>")
        });
        self.list("Blocked", items.collect());
    }

    fn list(&mut self, title: &str, items: Vec<String>) {
        if items.is_empty() {
            return;
        }
        self.heading(title, 0);
        self.line(format_args!("<ul class=\"plain\">"));
        for item in items {
            self.line(format_args!("<li>{item}</li>"));
        }
        self.line(format_args!("</ul>"));
    }
}

#[cfg(test)]
mod tests;
