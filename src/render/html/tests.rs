use crate::envelope::GuardedPlan;
use crate::render::encode::corpus::{is_clean, is_obeyed, odd_markup, payloads};
use crate::render::link::Links;
use crate::render::plan::tests::{busy_envelope, hostile_envelope, pull_request_envelope};

fn page(envelope: &GuardedPlan) -> String {
    super::page(envelope, &Links::default())
}

#[test]
fn a_page_is_self_contained_and_runs_no_script() {
    let page = page(&busy_envelope());
    for outside in ["<script", "src=", "href=\"h", "url(", "@import", "style=", "<link", "<img", "<iframe"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("content=\"default-src 'none';"));
}

#[test]
fn a_page_is_accessible_without_sight_or_mouse() {
    let page = page(&pull_request_envelope());
    assert!(page.contains("<html lang=\"en\">") && page.contains("<main>") && page.contains("<footer>"));
    assert!(!page.contains("<th></th>") && !page.contains("<th scope=\"col\"></th>"));
    assert_eq!(page.matches("<th ").count(), page.matches("<th scope=").count());
    // Each risk leads to its change.
    for id in ["dental-2026/dent-mayak", "polyus-2025", "romashka"] {
        assert_eq!(page.matches(&format!("<article id=\"{id}\"")).count(), 1, "{id}");
        assert!(page.contains(&format!("href=\"#{id}\"")), "{id}");
    }
}

#[test]
fn no_foreign_text_is_interpreted() {
    const KNOWN: &[&str] = &[
        "meta", "title", "style", "header", "h1", "h2", "h3", "p", "b", "bdi", "code", "pre", "span",
        "small", "section", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "details", "summary",
        "article", "ins", "del", "main", "footer", "a", "br",
    ];
    for payload in payloads() {
        let page = page(&hostile_envelope(&payload));
        assert!(is_clean(&page) && !is_obeyed(&page), "{payload:?}\n{page}");
        let body = page.split_once("<body>").map_or("", |(_, body)| body);
        let live = odd_markup(body, KNOWN, &["class", "open", "title", "id", "href", "scope"]);
        assert!(live.is_empty(), "{payload:?}: {live:?}");
    }
}

#[test]
fn a_served_page_leads_back_to_the_report() {
    let served = super::page(&busy_envelope(), &Links::beside_the_report());
    assert_eq!(served.matches("<a href=\"./\">").count(), 1);
    assert!(!page(&busy_envelope()).contains("<a href=\"./\">"));
}
