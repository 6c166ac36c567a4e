use super::page;
use crate::render::encode::corpus::{is_clean, is_obeyed, odd_markup, payloads};
use crate::render::plan::tests::{busy_envelope, hostile_envelope};

#[test]
fn a_page_is_self_contained_and_runs_no_script() {
    let page = page(&busy_envelope());
    for outside in ["<script", "src=", "href=", "url(", "@import", "style=", "<link", "<img", "<iframe"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("content=\"default-src 'none';"));
}

#[test]
fn no_foreign_text_is_interpreted() {
    const KNOWN: &[&str] = &[
        "meta", "title", "style", "header", "h1", "h2", "h3", "p", "b", "bdi", "code", "pre", "span",
        "small", "section", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "details", "summary",
        "article", "ins", "del",
    ];
    for payload in payloads() {
        let page = page(&hostile_envelope(&payload));
        assert!(is_clean(&page) && !is_obeyed(&page), "{payload:?}\n{page}");
        let body = page.split_once("<body>").map_or("", |(_, body)| body);
        let live = odd_markup(body, KNOWN, &["class", "open"]);
        assert!(live.is_empty(), "{payload:?}: {live:?}");
    }
}
