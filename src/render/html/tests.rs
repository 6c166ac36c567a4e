use super::page;
use crate::render::plan::tests::busy_envelope;

#[test]
fn a_page_needs_nothing_else_and_runs_nothing() {
    let page = page(&busy_envelope());
    for outside in ["<script", "src=", "href=", "url(", "@import", "style=", "<link", "<img", "<iframe"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("content=\"default-src 'none';"));
}
