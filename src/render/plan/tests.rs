use std::collections::BTreeSet;

use unicode_width::UnicodeWidthStr as _;

use super::sample::{change, plan};
use super::text::{last_line, overview, text};
use crate::calendar::{TargetTime, read_day};
use crate::desired::{OtherTitle, Unresolved};
use crate::envelope::GuardedPlan;
use crate::guard::AwaitingAcknowledgement;
use crate::ident::Language;
use crate::ident::{AgreementId, LiveId};
use crate::live::{LiveTarget, TargetKey, Targets, Touch, Value};
use crate::mapping::Field;
use crate::plan::scope::{
    CatalogReference, ChangedLine, DocumentChange, DocumentEdits, EditedValue, RedLine, RedLineSubject, Scope,
};
use crate::plan::{
    Blocked, Cause, Change, Drift, DriftPart, FieldChange, GuardName, Note, OnBase, OwnershipKey, Phase,
    Plan, Reason, Risk, StateChange, Verb, Weakened,
};
use crate::render::encode::corpus::{HOSTILE, is_clean};
use crate::render::link::Links;
use crate::render::markdown::{self, Budget, Forge};
use crate::render::{Paint, html};
use crate::status::{State, StatusReason};

fn id(text: &str) -> AgreementId {
    AgreementId::new(text).expect("an id")
}

fn live(text: &str) -> LiveId {
    LiveId::new(text).expect("a live id")
}

fn day(text: &str) -> Value {
    Value::Day(read_day(text).expect("a day"))
}

fn words(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn set(ids: &[&str]) -> Value {
    Value::References(ids.iter().map(|id| live(id)).collect())
}

fn promise(response: &str, resolution: &str) -> LiveTarget {
    let time = |text: &str| TargetTime::read(text).ok();
    LiveTarget { response: time(response), resolution: time(resolution), calendar: None }
}

fn key(service: Option<&str>, priority: &str) -> TargetKey {
    TargetKey { service: service.map(live), priority: live(priority) }
}

fn field(field: Field, before: Value, after: Value) -> FieldChange {
    FieldChange { field, before, after, cause: None }
}

fn state(before: Option<&str>, after: &str, cause: Option<Cause>) -> StateChange {
    StateChange { before: before.map(str::to_owned), after: after.to_owned(), cause }
}

fn shown(plan: &Plan) -> String {
    text(&GuardedPlan::new(plan, plan.clone(), Vec::new()), Paint::PLAIN)
}

fn creation() -> Change {
    let title = "Северный ветер: support-standard";
    let mut change =
        change("severny-veter", Verb::Create, title, State::Planned, StatusReason::BeforeFirstDay);
    let targets = Targets::from_iter([
        (key(None, "priority$1"), promise("30m", "4h")),
        (key(None, "priority$2"), promise("4h", "2 business days")),
    ]);
    change.state = Some(state(None, "planned", None));
    change.ownership_key = Some(OwnershipKey { before: None, after: id("severny-veter") });
    change.fields = vec![
        field(Field::Title, Value::Nothing, words(title)),
        field(Field::FirstDay, Value::Nothing, day("2026-10-01")),
        field(Field::LastDay, Value::Nothing, day("2027-09-30")),
        field(Field::Manager, Value::Nothing, Value::Reference(live("employee$12"))),
        field(Field::Services, Value::Nothing, set(&["slmService$605005", "slmService$605006"])),
        field(Field::Targets, Value::Nothing, Value::Targets(targets.into())),
    ];
    change
}

fn weakening() -> Change {
    let title = "Стоматология «Маяк»: support-standard";
    let mut change =
        change("dental-2026/dent-mayak", Verb::Update, title, State::Active, StatusReason::WithinPeriod);
    let before = Targets::from_iter([
        (key(None, "priority$1"), promise("30m", "4h")),
        (key(None, "priority$2"), promise("4h", "2 business days")),
        (key(Some("slmService$605005"), "priority$1"), promise("15m", "2h")),
    ]);
    let mut longer = promise("1h", "4h");
    longer.calendar = Some(live("servicetime$37002"));
    let after = Targets::from_iter([
        (key(None, "priority$1"), longer),
        (key(None, "priority$2"), promise("4h", "2 business days")),
    ]);
    change.fields = vec![
        field(Field::Number, words("ДО-2026/017"), words("ДО-2026/018")),
        field(
            Field::Services,
            set(&["slmService$605005", "slmService$605006"]),
            set(&["slmService$605005", "slmService$605007"]),
        ),
        field(Field::Targets, Value::Targets(before.into()), Value::Targets(after.into())),
        field(
            Field::Attribute("comment".into()),
            words("Поддержка рабочих мест по будням, вопросы к i.petrova@acme.example"),
            words("Поддержка рабочих мест круглосуточно, вопросы к i.petrova@acme.example"),
        ),
    ];
    change.risks = vec![Risk::Weakens(vec![
        Weakened::Service(live("slmService$605006")),
        Weakened::Target {
            key: key(None, "priority$1"),
            before: promise("30m", "4h"),
            after: Some(LiveTarget { calendar: Some(live("servicetime$37002")), ..promise("1h", "4h") }),
        },
    ])];
    change
}

fn dated() -> [Change; 2] {
    let mut up = change("polyus-2026", Verb::Update, "АО «Полюс»", State::Active, StatusReason::WithinPeriod);
    up.state = Some(state(Some("planned"), "active", Some(Cause::Date)));
    let mut down =
        change("polyus-2025", Verb::Update, "АО «Полюс»", State::Expired, StatusReason::LastDayPassed);
    down.state = Some(state(Some("active"), "inactive", Some(Cause::Date)));
    down.risks = vec![Risk::Deactivates];
    down.phase = Phase::Loss;
    down.after = vec![id("polyus-2026")];
    [up, down]
}

/// A plan with every kind of entry.
fn busy() -> Plan {
    let mut drifted = change("romashka", Verb::Update, "Ромашка", State::Active, StatusReason::WithinPeriod);
    drifted.fields = vec![FieldChange {
        cause: Some(Cause::Drift),
        ..field(Field::LastDay, Value::Nothing, day("2026-12-31"))
    }];
    drifted.risks = vec![Risk::Shortens];
    let [up, down] = dated();
    let mut plan = plan(vec![weakening(), up, drifted, creation(), down]);
    plan.blocked = vec![
        Blocked {
            id: id("orion"),
            reason: Reason::Unresolved(Unresolved {
                slug: "telephony".to_owned(),
                wanted: "Телефония".to_owned(),
                found: 0,
            }),
        },
        Blocked {
            id: id("vega-2024"),
            reason: Reason::Orphan {
                title: "ООО «Вега»".to_owned(),
                object: live("agreement$605333"),
                state: "active".to_owned(),
            },
        },
    ];
    plan.notes = vec![
        Note::NotCarried(Field::Provider),
        Note::OtherTitle(OtherTitle {
            slug: "email".to_owned(),
            catalog: "Почта".to_owned(),
            helpdesk: "Электронная почта".to_owned(),
        }),
        Note::Unmanaged(3),
    ];
    plan
}

/// The scope of a pull request in which every foreign text is this one.
fn hostile_scope(payload: &str) -> Scope {
    let slug = RedLineSubject::Slug {
        entry: payload.to_owned(),
        before: LiveId::new(payload).map(CatalogReference::Object),
        after: CatalogReference::Title(payload.to_owned()),
    };
    let contact = RedLineSubject::Contact {
        entry: payload.to_owned(),
        after: CatalogReference::Title(payload.to_owned()),
    };
    let acknowledgement = RedLineSubject::Acknowledgement(payload.to_owned());
    let red_lines = [slug, contact, acknowledgement, RedLineSubject::Settings, RedLineSubject::Trusted]
        .map(|what| RedLine { path: payload.to_owned(), line: 3, what })
        .into();
    let path = payload.to_owned();
    let value = EditedValue { value: "period.last_day".to_owned(), path: path.clone(), line: 4 };
    let edits = DocumentEdits { path: path.clone(), line: 3, values: vec![value] };
    let line = ChangedLine {
        path: path.clone(),
        line: 5,
        value: path.clone(),
        before: Some(path.clone()),
        after: None,
        agreements: 2,
        clients: 1,
    };
    let changed = [("polyus-2026", DocumentChange::Changed), ("polyus-2025", DocumentChange::Removed)];
    Scope {
        base: path,
        documents: changed.map(|(name, change)| (id(name), change)).into(),
        red_lines,
        lines: vec![line],
        edits: changed.map(|(name, _)| (id(name), edits.clone())).into(),
        ..Scope::default()
    }
}

/// A plan in which every foreign text is this one.
pub(in crate::render) fn hostile_envelope(payload: &str) -> GuardedPlan {
    let mut envelope = busy_envelope();
    let plan = &mut envelope.plan;
    plan.header.helpdesk = payload.to_owned();
    plan.header.zone = payload.to_owned();
    plan.header.version = payload.to_owned();
    plan.header.commit = Some(payload.to_owned());
    for name in plan.names.values_mut() {
        payload.clone_into(name);
    }
    let long = format!("{payload} слово к слову и так до самого конца строки {payload}");
    let texts = [
        field(Field::Title, Value::Nothing, words(payload)),
        field(Field::Number, words(payload), words("x")),
        field(Field::Attribute(payload.into()), words(&long), words(&format!("{long} иначе {payload}"))),
        field(Field::Attribute("a".into()), words(&format!("{payload} {long}")), words(&long)),
    ];
    for change in plan.changes.iter_mut().chain(&mut envelope.guarded_changes) {
        payload.clone_into(&mut change.title);
        change.fields.extend(texts.iter().cloned());
        change.state = Some(state(Some(payload), payload, Some(Cause::Date)));
        if let Some(object) = LiveId::new(payload) {
            change.object = Some(object);
            change.risks.push(Risk::Adopts);
        }
    }
    for blocked in &mut plan.blocked {
        blocked.reason = match &blocked.reason {
            Reason::Unresolved(_) => Reason::Unresolved(Unresolved {
                slug: payload.to_owned(),
                wanted: payload.to_owned(),
                found: 2,
            }),
            Reason::Orphan { object, .. } => Reason::Orphan {
                title: payload.to_owned(),
                object: object.clone(),
                state: payload.to_owned(),
            },
            other => other.clone(),
        };
    }
    plan.blocked.push(Blocked { id: id("odd"), reason: Reason::Unreadable(payload.to_owned()) });
    plan.notes.push(Note::NotCarried(Field::Attribute(payload.into())));
    plan.notes.push(Note::OtherTitle(OtherTitle {
        slug: payload.to_owned(),
        catalog: payload.to_owned(),
        helpdesk: payload.to_owned(),
    }));
    plan.drift = vec![Drift {
        id: id("romashka"),
        title: payload.to_owned(),
        object: live("agreement$1"),
        part: DriftPart::Field(Field::Attribute(payload.into())),
        held: words(payload),
        wanted: words(&long),
        is_corrected: false,
        touch: Some(Touch {
            who: LiveId::new(payload),
            name: Some(payload.to_owned()),
            when: payload.to_owned(),
        }),
    }];
    envelope.scope = Some(Box::new(hostile_scope(payload)));
    envelope
}

/// The busy plan for a pull request that edits one agreement and one line of a template.
pub(in crate::render) fn pull_request_envelope() -> GuardedPlan {
    let mut envelope = busy_envelope();
    let value =
        |value: &str, path: &str, line| EditedValue { value: value.to_owned(), path: path.to_owned(), line };
    let own = "agreements/dental-2026.yaml";
    let edited = DocumentEdits {
        path: own.to_owned(),
        line: 6,
        values: vec![
            value("number", own, 7),
            value("services.workstations", own, 8),
            value("sla.targets.critical.response", "templates/standard.yaml", 11),
        ],
    };
    let created =
        DocumentEdits { path: "agreements/severny-veter.yaml".to_owned(), line: 1, values: Vec::new() };
    let line = ChangedLine {
        path: "templates/standard.yaml".to_owned(),
        line: 11,
        value: "sla.targets.critical.response".to_owned(),
        before: Some("30m".to_owned()),
        after: Some("1h".to_owned()),
        agreements: 1,
        clients: 1,
    };
    let documents =
        [("dental-2026/dent-mayak", DocumentChange::Changed), ("severny-veter", DocumentChange::Added)];
    let whole = OnBase { whole: true, risks: vec![Risk::Deactivates, Risk::Shortens] };
    let on_base = ["polyus-2025", "polyus-2026", "romashka"].map(|name| (id(name), whole.clone()));
    envelope.scope = Some(Box::new(Scope {
        base: "0123abcd4567".to_owned(),
        documents: documents.map(|(name, change)| (id(name), change)).into(),
        on_base: on_base.into(),
        lines: vec![line],
        edits: [(id("dental-2026/dent-mayak"), edited), (id("severny-veter"), created)].into(),
        ..Scope::default()
    }));
    envelope
}

/// The busy plan with one change stopped by a guard, for the tests of other sinks.
pub(in crate::render) fn busy_envelope() -> GuardedPlan {
    let proposed = busy();
    let mut guarded = proposed.clone();
    guarded.changes.retain(|change| change.weakened().is_empty());
    guarded
        .blocked
        .push(Blocked { id: id("dental-2026/dent-mayak"), reason: Reason::Guarded(GuardName::Weakened) });
    let held = vec![AwaitingAcknowledgement {
        helpdesk: None,
        guard: GuardName::Weakened,
        count: 2,
        limit: 0,
        acknowledged: None,
    }];
    GuardedPlan::new(&proposed, guarded, held)
}

/// A guard counts every service level, so that the warnings must account for each.
#[test]
fn services_that_change_as_their_agreement_does_are_counted_in_its_warning() {
    let longer = |service: Option<&str>| Weakened::Target {
        key: key(service, "priority$1"),
        before: promise("30m", "4h"),
        after: Some(promise("1h", "4h")),
    };
    let mut change = weakening();
    let services = ["slmService$605005", "slmService$605007"];
    change.risks = vec![Risk::Weakens([None].into_iter().chain(services.map(Some)).map(longer).collect())];
    let plan = plan(vec![change]);
    let text = shown(&plan);
    let warnings: Vec<&str> = text.lines().filter(|line| line.contains("! ")).collect();
    assert_eq!(warnings.len(), 1, "{text}");
    assert!(warnings[0].contains("critical") && warnings[0].contains("also 2 services"), "{text}");
}

#[test]
fn a_plan_lists_its_changes_and_their_totals() {
    insta::assert_snapshot!(shown(&busy()), @r"
    Plan as of 2026-09-01 (Europe/Moscow) for https://acme.itsm365.com/sd, commit abc1234def

    Changes

    ~ dental-2026/dent-mayak  “Стоматология «Маяк»: support-standard”  stays active
        ! weakens: Удалённый доступ (VPN) is no longer covered
        ! weakens: critical: response 30m → 1h, hours as in the agreement → 24x7
        number: ДО-2026/017 → ДО-2026/018
        services: +Рабочие места, −Удалённый доступ (VPN) (1 unchanged)
        targets:
                                           response  resolution  hours
          ~  critical                      30m → 1h  4h          as in the agreement → 24x7
          ~  Электронная почта / critical  15m → 1h  2h → 4h     as in the agreement → 24x7
        attributes.comment: Поддержка рабочих мест [-по будням,-]{+круглосуточно,+} вопросы к
            i…@acme.example

    + severny-veter  “Северный ветер: support-standard”
        will be created with status planned: its first day 2026-10-01 is in the future
        first day: 2026-10-01
        last day: 2027-09-30
        manager: Ирина Петрова
        services: Электронная почта, Удалённый доступ (VPN)
        targets:
                       response  resolution
          +  critical  30m       4h
          +  normal    4h        2 business days

    Changes caused by the date

    ▲ polyus-2026  “АО «Полюс»”
        will become active: the date is within its period
        state: planned → active

    ▼ polyus-2025  “АО «Полюс»”
        will expire: its last day has passed
        ! deactivates: clients can no longer make requests under this agreement
        state: active → inactive
        applied only after polyus-2026 is confirmed

    Drift: edited in the helpdesk since the last apply

    ~ romashka  “Ромашка”  stays active
        ! shortens: it will end earlier than in the helpdesk now
        last day: open-ended → 2026-12-31

    Blocked
      ? orion: no object in the helpdesk matches `telephony` (searched for “Телефония”)
        → add the right id under `helpdesk:` in catalog.yaml and check that the login may see the object
      ? vega-2024: its document no longer exists, but the helpdesk still contains “ООО «Вега»”
        (agreement$605333) in state “active”
        → restore the document; if it was renamed, list this id under `formerly:`; to retire the
          agreement, run with `--prune`

    Notes
      · `provider` is not compared: the helpdesk does not store it
      · `email` is titled “Почта” in the catalog and “Электронная почта” in the helpdesk; it is matched
        by its id, so nothing changes
      · 3 agreements in the helpdesk have no ownership key, so Servanda does not manage them

    Plan: 1 to create, 4 to change (1 to activate, 1 to deactivate), 2 blocked, 12 unchanged.
    ");
}

#[test]
fn a_plan_in_russian_has_no_english_sentence() {
    let mut envelope = pull_request_envelope();
    envelope.plan.header.language = Language::Russian;
    let links = Links::default();
    let page = html::page(&envelope, &links);
    let body = page.split_once("<main>").map_or("", |(_, body)| body);
    let renderings = [
        text(&envelope, Paint::PLAIN),
        markdown::comments(&envelope, Budget::comment(Forge::GitHub), &links).concat(),
        body.to_owned(),
    ];
    for rendering in renderings {
        let words: Vec<&str> = rendering.split(|letter: char| !letter.is_ascii_alphabetic()).collect();
        for english in ["the", "its", "will", "with", "changes", "status", "first", "day", "is", "by"] {
            assert!(!words.contains(&english), "`{english}` in\n{rendering}");
        }
    }
}

#[test]
fn a_guard_shows_the_changes_that_it_stopped_and_the_option_that_acknowledges_them() {
    let proposed = plan(vec![weakening()]);
    let mut guarded = plan(Vec::new());
    guarded.blocked =
        vec![Blocked { id: id("dental-2026/dent-mayak"), reason: Reason::Guarded(GuardName::Weakened) }];
    let held = vec![AwaitingAcknowledgement {
        helpdesk: None,
        guard: GuardName::Weakened,
        count: 2,
        limit: 0,
        acknowledged: Some(1),
    }];
    let envelope = GuardedPlan::new(&proposed, guarded, held);
    let text = text(&envelope, Paint::PLAIN.wide(200));
    assert!(text.contains("--accept weakened=2"), "{text}");
    assert!(text.contains("`weakened=1` was acknowledged"), "{text}");
    assert!(text.contains("number: ДО-2026/017 → ДО-2026/018"), "{text}");
    assert_eq!(text.lines().last(), Some("No changes to apply: 1 awaiting acknowledgement, 12 unchanged."));
    assert_eq!(envelope.verdict.exit_code, 4);
}

#[test]
fn a_plan_without_changes_is_two_lines() {
    assert_eq!(
        shown(&plan(Vec::new())),
        "Plan as of 2026-09-01 (Europe/Moscow) for https://acme.itsm365.com/sd, commit abc1234def\n\n\
         No changes. 12 agreements match the helpdesk.\n"
    );
}

#[test]
fn a_restricted_plan_names_its_selection_also_where_it_is_too_long_to_be_shown() {
    let mut restricted = plan((0..300).map(|number| titled(&format!("a-{number}"))).collect());
    restricted.header.selection.clients = vec!["severny-veter".to_owned()];
    restricted.totals.agreements = 300;
    let envelope = GuardedPlan::new(&restricted, restricted.clone(), Vec::new());
    for (shown, name) in
        [(text(&envelope, Paint::PLAIN), "text"), (overview(&envelope, Paint::PLAIN), "overview")]
    {
        let second = shown.lines().nth(1).unwrap_or_default();
        assert!(
            second.starts_with("! Restricted to `--client severny-veter` (300 agreements)"),
            "{name}: {second}"
        );
    }
    assert!(overview(&envelope, Paint::PLAIN).lines().count() < 20, "an overview");
}

/// A change with a title of its own, which is like no other.
fn titled(name: &str) -> Change {
    let mut change = change(name, Verb::Update, name, State::Active, StatusReason::WithinPeriod);
    change.fields = vec![field(Field::Title, words("before"), words(name))];
    change
}

#[test]
fn the_last_line_contains_the_totals() {
    let [up, down] = dated();
    assert_eq!(
        last_line(&plan(vec![creation(), up, down, weakening()])),
        "Plan: 1 to create, 3 to change (1 to activate, 1 to deactivate), 12 unchanged."
    );
}

#[test]
fn a_difference_in_a_redacted_part_is_explained() {
    let mut masked = change("a", Verb::Update, "A", State::Active, StatusReason::WithinPeriod);
    masked.fields =
        vec![field(Field::Attribute("mail".into()), words("ivan@a.example"), words("igor@a.example"))];
    let text = shown(&plan(vec![masked]));
    assert!(
        text.contains(
            "attributes.mail: i…@a.example → i…@a.example (the difference is in a redacted or shortened part)"
        ),
        "{text}"
    );
    assert!(!text.contains("ivan") && !text.contains("igor"), "{text}");
}

#[test]
fn hostile_texts_are_encoded_and_no_line_is_too_wide() {
    let long = "ы".repeat(20_000);
    for hostile in HOSTILE.iter().copied().chain([long.as_str()]) {
        let mut bad = change("a", Verb::Update, hostile, State::Active, StatusReason::WithinPeriod);
        bad.state = Some(state(Some(hostile), hostile, None));
        bad.fields = vec![
            field(Field::Title, words(hostile), words("plain")),
            field(Field::Attribute(hostile.into()), Value::Nothing, words(hostile)),
            field(Field::Services, set(&["x$1"]), set(&["x$2"])),
        ];
        let mut plan = plan(vec![bad]);
        plan.names.insert(live("x$1"), hostile.to_owned());
        plan.header.helpdesk = hostile.to_owned();
        plan.header.commit = Some(hostile.to_owned());
        plan.blocked = vec![
            Blocked { id: id("b"), reason: Reason::Unreadable(hostile.to_owned()) },
            Blocked {
                id: id("b"),
                reason: Reason::Orphan {
                    title: hostile.to_owned(),
                    object: live("x$3"),
                    state: hostile.to_owned(),
                },
            },
        ];
        plan.notes = vec![Note::OtherTitle(OtherTitle {
            slug: hostile.to_owned(),
            catalog: hostile.to_owned(),
            helpdesk: hostile.to_owned(),
        })];
        for width in [40, 80, 100] {
            let text = text(&GuardedPlan::new(&plan, plan.clone(), Vec::new()), Paint::PLAIN.wide(width));
            assert!(is_clean(&text), "{text}");
            assert!(text.lines().all(|line| line.width() <= width), "{text}");
            assert!(text.len() < 20_000, "{}", text.len());
        }
    }
}

#[test]
fn colour_changes_no_word() {
    let plan = plan(vec![creation(), weakening()]);
    let envelope = GuardedPlan::new(&plan, plan.clone(), Vec::new());
    let coloured = text(&envelope, Paint::COLOURED);
    assert!(coloured.contains("\u{1b}[32m+"), "{coloured}");
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), text(&envelope, Paint::PLAIN));
}

#[test]
fn a_guarded_plan_survives_a_round_trip_through_json() {
    let [up, down] = dated();
    let proposed = plan(vec![creation(), weakening(), up, down]);
    let envelope = GuardedPlan::new(&proposed, proposed.clone(), Vec::new());
    let json = crate::render::json::pretty(&envelope);
    assert_eq!(serde_json::from_str::<GuardedPlan>(&json).expect("an envelope"), envelope);
    assert!(BTreeSet::from([json.clone(), crate::render::json::pretty(&envelope)]).len() == 1);
}

fn drift(name: &str, part: DriftPart, held: Value, wanted: Value, touch: Option<Touch>) -> Drift {
    Drift {
        id: id(name),
        title: "Северный ветер".to_owned(),
        object: live("agreement$605301"),
        part,
        held,
        wanted,
        is_corrected: true,
        touch,
    }
}

#[test]
fn drift_is_listed_with_author_and_time() {
    let by = |who: Option<&str>, name: Option<&str>, when: &str| {
        Some(Touch { who: who.map(live), name: name.map(str::to_owned), when: when.to_owned() })
    };
    let anna = || by(Some("employee$9"), Some("Анна Павлова"), "2026.08.30 14:02:11");
    let mut alone =
        change("alone", Verb::Update, "Северный ветер", State::Active, StatusReason::WithinPeriod);
    alone.fields = vec![field(Field::Title, words("БЫЛО"), words("Северный ветер"))];
    alone.fields[0].cause = Some(Cause::Drift);
    let mut mixed =
        change("mixed", Verb::Update, "Северный ветер", State::Active, StatusReason::WithinPeriod);
    mixed.fields = vec![
        field(Field::Title, words("БЫЛО"), words("Северный ветер")),
        field(Field::Number, Value::Nothing, words("ДО-1")),
    ];
    mixed.fields[0].cause = Some(Cause::Drift);
    mixed.fields[1].cause = Some(Cause::Edit);
    let title = || DriftPart::Field(Field::Title);
    let mut plan = plan(vec![alone, mixed]);
    plan.drift = vec![
        drift("alone", title(), words("БЫЛО"), words("Северный ветер"), anna()),
        Drift {
            is_corrected: false,
            ..drift(
                "left",
                DriftPart::State,
                words("inactive"),
                words("active"),
                by(None, None, "2026.08.31 09:00:00"),
            )
        },
        Drift {
            is_corrected: false,
            ..drift("left", DriftPart::Field(Field::Number), words("Б/Н"), words("ДО-2"), anna())
        },
        drift("mixed", title(), words("БЫЛО"), words("Северный ветер"), anna()),
    ];
    insta::assert_snapshot!(shown(&plan), @r"
    Plan as of 2026-09-01 (Europe/Moscow) for https://acme.itsm365.com/sd, commit abc1234def

    Changes

    ~ mixed  “Северный ветер”  stays active
        title: БЫЛО → Северный ветер  [drift]
        number: ДО-1

    Drift: edited in the helpdesk since the last apply

    ~ alone  “Северный ветер”  stays active
        title: БЫЛО → Северный ветер
        ↳ title by А. П. [employee$9], 2026.08.30 14:02:11

    ~ left  “Северный ветер”
        state: active → inactive
          not corrected: the settings only report drift of state
        number: ДО-2 → Б/Н
          not corrected: the settings only report drift of number
        ↳ number by А. П. [employee$9], 2026.08.30 14:02:11
        ↳ state: last modified 2026.08.31 09:00:00, author unknown

    ~ mixed  “Северный ветер”
        corrected by the change above
        ↳ title by А. П. [employee$9], 2026.08.30 14:02:11

    Plan: 2 to change, 1 with drift not corrected, 11 unchanged.
    ");
}
