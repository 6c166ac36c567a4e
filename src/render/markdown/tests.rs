use super::{Budget, Forge, comments};
use crate::calendar::TargetTime;
use crate::envelope::GuardedPlan;
use crate::ident::{ClientSlug, LiveId};
use crate::live::{LiveTarget, TargetKey, Value};
use crate::mapping::Field;
use crate::plan::scope::{ChangedLine, DocumentChange, Scope};
use crate::plan::{Cause, FieldChange, Risk, Verb, Weakened};
use crate::render::encode::corpus::{is_clean, is_obeyed, live_in_markdown, payloads};
use crate::render::link::Links;
use crate::render::plan::sample;
use crate::render::plan::tests::{hostile_envelope, pull_request_envelope};
use crate::settings::Language;
use crate::status::{State, StatusReason};

fn shown(envelope: &GuardedPlan) -> String {
    comments(envelope, Budget::comment(Forge::GitHub), &Links::default()).concat()
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
    insta::assert_snapshot!("ordered_by_severity", shown(&envelope));
}

#[test]
fn one_changed_line_of_a_template_is_shown_in_four_kilobytes() {
    let response = |minutes: u32| LiveTarget {
        response: Some(TargetTime::Seconds(minutes * 60)),
        resolution: None,
        calendar: None,
    };
    let key = || TargetKey { service: None, priority: LiveId::new("priority$1").expect("a live id") };
    let change = |index: usize| {
        let id = format!("client-{:04}-{:02}-{:02}", index / 2, index % 8, index % 3);
        let mut change = sample::change(&id, Verb::Update, "A", State::Active, StatusReason::WithinPeriod);
        change.client = ClientSlug::new(&format!("client-{:04}", index / 2));
        // Another target stays as it is, and differs from agreement to agreement.
        let other = TargetKey { service: None, priority: LiveId::new("priority$2").expect("a live id") };
        let minutes = 10 + u32::try_from(index % 50).expect("small");
        let targets = |minutes_of_first| {
            let targets = [(key(), response(minutes_of_first)), (other.clone(), response(minutes))];
            Value::Targets(targets.into_iter().collect())
        };
        let (before, after) = (targets(30), targets(180));
        let cause = Some(Cause::Edit);
        change.fields = vec![FieldChange { field: Field::Targets, before, after, cause }];
        let weakened = Weakened::Target { key: key(), before: response(30), after: Some(response(180)) };
        change.risks = vec![Risk::Weakens(vec![weakened])];
        change
    };
    let plan = sample::plan((0..4048).map(change).collect());
    let mut envelope = GuardedPlan::new(&plan, plan.clone(), Vec::new());
    let documents = plan.changes.iter().map(|change| (change.id.clone(), DocumentChange::Changed));
    let line = ChangedLine {
        path: "templates/standard.yaml".to_owned(),
        line: 5,
        value: "sla.targets.critical.response".to_owned(),
        before: Some("30m".to_owned()),
        after: Some("3h".to_owned()),
        agreements: 4048,
        clients: 2024,
    };
    let scope = Scope { documents: documents.collect(), lines: vec![line], ..Scope::default() };
    envelope.scope = Some(Box::new(scope));
    let texts = comments(&envelope, Budget::comment(Forge::GitHub), &Links::default());
    assert_eq!(texts.len(), 1);
    assert!(texts[0].len() <= 4096, "{} bytes\n{}", texts[0].len(), texts[0]);
    for expected in [
        "templates/standard.yaml:5",
        "sla.targets.critical.response",
        "`30m` → `3h`",
        "4048 agreements of 2024 clients",
    ] {
        assert!(texts[0].contains(expected), "{expected}\n{}", texts[0]);
    }
}

/// The links of a forge that the tests make up.
fn links() -> Links {
    Links::new(
        Some("https://forge.example/job/1"),
        Some("https://forge.example/plan/1"),
        Some("https://forge.example/blob/{commit}/{path}#L{line}"),
    )
}

#[test]
fn a_comment_on_a_pull_request_links_each_cause() {
    let mut envelope = pull_request_envelope();
    let mut shown = |language| {
        envelope.plan.header.language = language;
        comments(&envelope, Budget::comment(Forge::GitHub), &links()).concat()
    };
    insta::assert_snapshot!("pull_request_en", shown(Language::English));
    insta::assert_snapshot!("pull_request_ru", shown(Language::Russian));
}

#[test]
fn nothing_foreign_is_linked() {
    for payload in payloads() {
        let mut text =
            comments(&hostile_envelope(&payload), Budget::comment(Forge::GitHub), &links()).concat();
        // Without the links to the forge, nothing is left that is live.
        while let Some(begin) = text.find("](https://forge.example/") {
            let end = begin + text[begin..].find(')').expect("a link ends");
            text.replace_range(begin..=end, "]");
        }
        assert!(is_clean(&text) && !is_obeyed(&text), "{payload:?}\n{text}");
        let live = live_in_markdown(&text);
        assert!(live.is_empty(), "{payload:?}: {live:?}\n{text}");
    }
}

#[test]
fn no_foreign_text_is_interpreted() {
    for payload in payloads() {
        let envelope = hostile_envelope(&payload);
        // The others differ from these two in nothing but their size.
        for forge in [Forge::GitHub, Forge::Bitbucket] {
            let text = comments(&envelope, Budget::comment(forge), &Links::default()).concat();
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
