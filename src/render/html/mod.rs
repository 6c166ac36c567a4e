//! A plan as a self-contained HTML page: no network, no script; for light, dark, narrow and printed output. It contains
//! the whole plan, in the same order as a comment, and looks as the other pages do.

mod inline;
mod writer;
mod changes;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::envelope::GuardedPlan;
use crate::render::alike;
use crate::render::encode;
use crate::render::line::Line;
use crate::render::link::{Links, Places};
use crate::render::plan::phrases;
use crate::render::plan::summary;
use crate::render::reasons;
use crate::render::review::{self, Review, RiskyChange};
use crate::render::scope;
use crate::render::wording::{Text, frame, plan as texts};
use crate::settings::Language;

use changes::Changes;
use inline::inline;
use writer::{Html, placed};

/// The policy that forbids the browser to load or run anything.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The look that all pages share, and that of this page.
const STYLE: &str = concat!(include_str!("../theme.css"), include_str!("page.css"));

/// A plan as a page, with links to the lines that cause changes.
pub fn page(envelope: &GuardedPlan, links: &Links) -> String {
    let title = title(&Review::of(envelope));
    let mut page = opened(&title, envelope.plan.header.language);
    page.push_str(&content(envelope, links));
    page.push_str("</body>\n</html>\n");
    page
}

/// The plans of several helpdesks as a page: those that have none, with the reason, and a section for each of the others.
pub(in crate::render) fn page_of_several<'a>(
    title: &str,
    language: Language,
    failures: impl Iterator<Item = (Line, Vec<Line>)>,
    plans: impl Iterator<Item = (Line, &'a GuardedPlan)>,
    links: &Links,
) -> String {
    let mut page = opened(title, language);
    let mut put = |line: std::fmt::Arguments<'_>| {
        page.write_fmt(line).expect("a string takes all that is written");
    };
    put(format_args!("<header class=\"top\">\n<h1>{}</h1>\n</header>\n", encode::html(title)));
    for (heading, why) in failures {
        let why: Vec<String> = why.iter().map(|line| format!("<p>{}</p>\n", inline(line))).collect();
        let why = why.concat();
        put(format_args!("<section class=\"held\">\n<h2>{}</h2>\n{why}</section>\n", inline(&heading)));
    }
    for (heading, envelope) in plans {
        put(format_args!("<section>\n<h2>{}</h2>\n", inline(&heading)));
        put(format_args!("{}</section>\n", content(envelope, links)));
    }
    put(format_args!("</body>\n</html>\n"));
    page
}

fn title(review: &Review<'_>) -> String {
    let verdict = [("verdict", summary::verdict(review).into())];
    frame::PLAN.words(review.words().language, &verdict)
}

/// The beginning of a page.
fn opened(title: &str, language: Language) -> String {
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        language.as_str(),
        title = encode::html(title),
    )
}

/// A plan without the frame of the page.
fn content(envelope: &GuardedPlan, links: &Links) -> String {
    let review = Review::of(envelope);
    let words = review.words();
    let mut html = Html { text: String::new(), words, places: Places::of(envelope, links) };
    html.header(&review, &title(&review), links);
    html.line(format_args!("<main>"));
    html.red_lines(envelope);
    html.changed_lines(envelope);
    html.awaiting_acknowledgement(envelope);
    html.risks(&review);
    for section in &review.sections {
        Changes { html: &mut html, review: &review }.section(section);
    }
    html.blocked(envelope);
    let announced = summary::announced(&envelope.announced, words);
    html.list(summary::announced_title(envelope, words), announced.iter().map(inline).collect());
    let notes = reasons::notes(&envelope.plan.notes, words);
    html.list(words.say(texts::NOTES), notes.iter().map(inline).collect());
    let facts = inline(&summary::facts(envelope, words));
    html.line(format_args!("</main>\n<footer><p>{facts}</p></footer>"));
    html.text
}

impl Html<'_> {
    fn header(&mut self, review: &Review<'_>, title: &str, links: &Links) {
        let severe =
            if review.risky.is_empty() && review.counts.red_lines == 0 { "" } else { " class=\"severe\"" };
        self.line(format_args!("<header class=\"top\">\n<h1{severe}>{}</h1>", encode::html(title)));
        self.line(format_args!("<p class=\"totals\">{}</p>", encode::html(&summary::totals(review))));
        let link = |text: Text, address: &Option<String>| {
            let address = encode::html(address.as_deref()?).into_owned();
            Some(format!("<a href=\"{address}\">{}</a>", encode::html(self.words.say(text))))
        };
        let links = [
            link(frame::REPORT, &links.report),
            link(frame::JOB, &links.job),
            link(frame::WHOLE_PLAN, &links.plan),
        ];
        let links: Vec<String> = links.into_iter().flatten().collect();
        if !links.is_empty() {
            self.line(format_args!("<p>{}</p>", links.join(" · ")));
        }
        self.line(format_args!("</header>"));
    }

    fn red_lines(&mut self, envelope: &GuardedPlan) {
        let Some(found) = envelope.scope.as_ref().filter(|scope| !scope.red_lines.is_empty()) else {
            return;
        };
        let title = self.words.say(frame::RED_LINES);
        self.line(format_args!("<section class=\"red\">\n<h2>{title}</h2>\n<ul class=\"plain\">"));
        for red in &found.red_lines {
            let place = self.places.red_line(red);
            let why = inline(&scope::red_reason(red, &found.base, self.words));
            self.line(format_args!("<li class=\"danger\">{}: {why}</li>", placed(&place)));
        }
        self.line(format_args!("</ul>\n</section>"));
    }

    fn changed_lines(&mut self, envelope: &GuardedPlan) {
        let Some(found) = envelope.scope.as_ref() else { return };
        let lines = found.lines.iter().map(|changed| {
            let place = placed(&self.places.head(&changed.path, changed.line));
            format!("{place} {}", inline(&scope::changed_value(changed, self.words)))
        });
        let lines = lines.collect();
        self.list(self.words.say(frame::CHANGED_LINES), lines);
    }

    /// The guards that stopped changes, and the lines that acknowledge them.
    fn awaiting_acknowledgement(&mut self, envelope: &GuardedPlan) {
        if envelope.awaiting.is_empty() {
            return;
        }
        let words = self.words;
        self.line(format_args!("<section class=\"held\">\n<h2>{}</h2>", words.say(texts::AWAITING)));
        for held in &envelope.awaiting {
            self.line(format_args!("<p>{}</p>", inline(&phrases::guard_line(envelope, held, words))));
        }
        let trailers = phrases::trailers(envelope);
        if !trailers.is_empty() {
            self.line(format_args!("<p>{}</p>", encode::html(words.say(frame::TO_ACKNOWLEDGE))));
            let lines: Vec<_> = trailers.iter().map(|line| encode::html(line)).collect();
            self.line(format_args!("<pre>{}</pre>", lines.join("\n")));
        }
        self.line(format_args!("</section>"));
    }

    /// The cells of the agreement and the client of a row: of several agreements, their numbers, and the links to expand.
    fn risky(&self, alike: &[&RiskyChange<'_>]) -> (String, String) {
        let words = self.words;
        let link = |risky: &&RiskyChange<'_>| {
            let id = encode::html(risky.change.id.as_str());
            let title = encode::html(&words.preview(&risky.change.title)).into_owned();
            format!("<a href=\"#{id}\" title=\"{id}\"><bdi>{title}</bdi></a>")
        };
        if let [only] = alike {
            let client = only.change.client.as_ref().map_or_else(String::new, |client| words.client(client));
            return (link(only), format!("<bdi>{}</bdi>", encode::html(&client)));
        }
        let clients: BTreeSet<_> = alike.iter().map(|risky| &risky.change.client).collect();
        let count = words.count(texts::AGREEMENTS, alike.len());
        let links = alike.iter().map(link).collect::<Vec<_>>().join(", ");
        let agreements = format!("<details><summary>{count}</summary>{links}</details>");
        (agreements, words.count(texts::CLIENTS, clients.len()))
    }

    /// All risks in a table, each with a link to its change on the page; many with the same text and cause in one row.
    fn risks(&mut self, review: &Review<'_>) {
        if review.risky.is_empty() {
            return;
        }
        let words = self.words;
        self.heading(words.say(frame::RISKS), review.risky.len());
        let titles = [frame::AGREEMENT, frame::CLIENT, frame::RISK, frame::CAUSE];
        let titles = titles.map(|title| format!("<th scope=\"col\">{}</th>", words.say(title))).concat();
        self.line(format_args!("<table class=\"risks\">\n<thead><tr>{titles}</tr></thead>\n<tbody>"));
        let texts = |risky: &RiskyChange<'_>| {
            (inline(&phrases::risks(&risky.risks, words)), inline(&phrases::cause_or_guard(risky, words)))
        };
        for ((risk, cause), alike) in alike::rows(&review.risky, alike::MANY, texts) {
            let (agreement, client) = self.risky(&alike);
            self.line(format_args!(
                "<tr><th scope=\"row\">{agreement}</th><td>{client}</td><td>{risk}</td><td class=\"quiet\">{cause}</td></tr>"
            ));
        }
        self.line(format_args!("</tbody>\n</table>"));
    }

    fn blocked(&mut self, envelope: &GuardedPlan) {
        let words = self.words;
        let open = envelope.plan.blocked.iter().filter(|blocked| !review::is_waiting(&blocked.reason));
        let items = open.map(|blocked| {
            let why = inline(&reasons::blocked_reason(&blocked.reason, words));
            let remedy = inline(&reasons::remedy(&blocked.reason, words));
            let id = encode::html(blocked.id.as_str()).into_owned();
            format!("<b><bdi>{id}</bdi></b>: {why}<span class=\"remedy\">{remedy}</span>")
        });
        self.list(words.say(texts::BLOCKED), items.collect());
    }
}

#[cfg(test)]
mod tests;
