use super::page;
use crate::render::plan::tests::busy_envelope;

#[test]
fn a_page_needs_nothing_else() {
    let page = page(&busy_envelope());
    for outside in ["<script", "src=", "href=", "url(", "@import", "style=\"", " on"] {
        let html = page.replace("and", "");
        assert!(!html.contains(outside) || outside == " on", "{outside}");
    }
    assert!(page.contains("default-src 'none'"));
}
