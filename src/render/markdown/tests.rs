use super::{Budget, Forge, comments};
use crate::envelope::GuardedPlan;
use crate::render::encode::corpus::{is_clean, is_obeyed, live_in_markdown, payloads};
use crate::render::plan::sample;
use crate::render::plan::tests::hostile_envelope;

fn shown(envelope: &GuardedPlan) -> String {
    comments(envelope, Budget::comment(Forge::GitHub)).concat()
}

#[test]
fn a_plan_without_changes_is_three_lines() {
    let plan = sample::plan(Vec::new());
    let envelope = GuardedPlan::new(&plan, plan.clone(), Vec::new());
    insta::assert_snapshot!(shown(&envelope), @r"
    ### Plan: no changes

    12 unchanged

    As of 2026-09-01 (`Europe/Moscow`) for `https://acme.itsm365.com/sd` · commit `abc1234def` · Servanda `0.1.0`
    ");
}

#[test]
fn a_plan_is_written_in_order_of_severity() {
    let envelope = crate::render::plan::tests::busy_envelope();
    let expected = include_str!("ordered_by_severity.md");
    assert_eq!(shown(&envelope).trim_end(), expected.trim_end());
}

#[test]
fn no_foreign_text_is_interpreted() {
    for payload in payloads() {
        let envelope = hostile_envelope(&payload);
        // The others differ from these two in nothing but their size.
        for forge in [Forge::GitHub, Forge::Bitbucket] {
            let text = comments(&envelope, Budget::comment(forge)).concat();
            assert!(is_clean(&text) && !is_obeyed(&text), "{payload:?}\n{text}");
            let live = live_in_markdown(&text);
            assert!(live.is_empty(), "{payload:?}: {live:?}\n{text}");
        }
    }
}

#[test]
fn the_check_detects_interpreted_text() {
    for text in [
        "@somebody",
        "#17",
        "see https://evil.example",
        "[x](https://evil.example)",
        "<b>x</b>",
        "a@evil.example",
        "<!-- x -->",
        "deadbeef1",
        "ABC-17",
        ":smile:",
        "`a` ` @x",
    ] {
        assert!(!live_in_markdown(text).is_empty(), "{text}");
    }
    assert!(live_in_markdown("### a\n\n- **b** `@c` ~~`#1`~~\n").is_empty());
}
