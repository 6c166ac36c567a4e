//! A plan as text for a terminal: a block for each change, then drift, guards, blocked agreements, notices and notes,
//! and the totals in the last line.

use std::collections::BTreeMap;

use crate::calendar::Zone;
use crate::envelope::GuardedPlan;
use crate::guard::AwaitingAcknowledgement;
use crate::ident::AgreementId;
use crate::live::{Touch, Value};
use crate::mapping::Field;
use crate::plan::{Cause, Change, Drift, Plan, Verb};
use crate::render::alike::{self, AlikeChanges, MANY};
use crate::render::line::Line;
use crate::render::plan::phrases::{self, Detail};
use crate::render::plan::{drift, summary};
use crate::render::reasons;
use crate::render::review::{self, ChangeOrigin, Review};
use crate::render::style::{Paint, Tone};
use crate::render::terminal::{TerminalPage, TerminalTable};
use crate::render::value;
use crate::render::vocabulary::Vocabulary;
use crate::render::wording::Text;
use crate::render::wording::plan as texts;
use crate::status::State;

/// The text of a plan, with changes that are alike as groups.
pub fn text(envelope: &GuardedPlan, paint: Paint) -> String {
    whole(envelope, paint, MANY)
}

/// The text of a plan with each change by itself.
pub fn expanded(envelope: &GuardedPlan, paint: Paint) -> String {
    whole(envelope, paint, usize::MAX)
}

fn whole(envelope: &GuardedPlan, paint: Paint, many: usize) -> String {
    let plan = &envelope.plan;
    let words = Vocabulary::of(plan);
    let mut page = begun(plan, words, paint);
    changes(&mut page, envelope, words, many);
    drifted(&mut page, plan, words);
    awaiting_acknowledgement(&mut page, envelope, words);
    blocked(&mut page, plan, words);
    let announced = summary::announced(&envelope.announced, words);
    list(&mut page, summary::announced_title(envelope, words), announced);
    list(&mut page, words.say(texts::NOTES), reasons::notes(&plan.notes, words));
    finished(page, envelope, words)
}

/// A page that begins with the date, the helpdesk, and the selection that the plan is restricted to.
fn begun(plan: &Plan, words: Vocabulary<'_>, paint: Paint) -> TerminalPage {
    let mut page = TerminalPage::new(paint);
    page.line(0, 2, &header(plan, words));
    if let Some(line) = summary::restriction(plan, words) {
        page.line(0, 2, &line);
    }
    page
}

/// The text of a page, which ends with the totals.
fn finished(mut page: TerminalPage, envelope: &GuardedPlan, words: Vocabulary<'_>) -> String {
    page.gap();
    page.line(0, 2, &Line::new().toned(Tone::Strong, &last_line(&envelope.plan)));
    if envelope.scope.is_some()
        && let Some(on_base) = summary::on_base(&Review::of(envelope))
    {
        let own = words.count(texts::AGREEMENTS, envelope.own_agreements().len());
        let values = [("own", own.into()), ("base", on_base.into())];
        page.line(0, 2, &words.line(texts::OWN_AND_BASE, &values));
    }
    page.finish()
}

/// The largest number of lines of a plan that is shown before an apply.
const LONGEST: usize = 200;

/// The text of a plan for a confirmation: whole if it is short, else its groups, guards and totals.
pub fn overview(envelope: &GuardedPlan, paint: Paint) -> String {
    let plan = &envelope.plan;
    let words = Vocabulary::of(plan);
    let (alike, others) = alike::split(&plan.changes, words, MANY);
    // Each of the others takes a line at least.
    if others.len() <= LONGEST {
        let whole = text(envelope, paint);
        if whole.lines().count() <= LONGEST {
            return whole;
        }
    }
    let mut page = begun(plan, words, paint);
    page.gap();
    for alike in &alike {
        alike_heading(&mut page, alike, words);
        if alike.common.verb != Verb::Create {
            for detail in phrases::details(&alike.common, words) {
                write_detail(&mut page, 4, detail, words);
            }
        }
    }
    let risky = others.iter().filter(|change| change.severity().is_risk());
    for change in risky.take(LONGEST / 4) {
        page.line(
            0,
            4,
            &Line::new().toned(Tone::Alarm, "! ").foreign_toned(Tone::Strong, change.id.as_str()),
        );
        page.line(4, 6, &phrases::risks(&change.risks, words));
    }
    if !others.is_empty() {
        page.line(0, 2, &Line::of(&words.count(texts::OTHER_CHANGES, others.len())));
    }
    for held in &envelope.awaiting {
        page.line(0, 2, &guard_and_option(envelope, held, words));
    }
    let announced = summary::announced(&envelope.announced, words);
    list(&mut page, summary::announced_title(envelope, words), announced);
    finished(page, envelope, words)
}

/// The totals: `Plan: 3 to create, 2 to change (1 to activate), 4 blocked, 12 unchanged.`
pub(super) fn last_line(plan: &Plan) -> String {
    let words = Vocabulary::of(plan);
    let waiting = review::guarded_ids(plan).count();
    let blocked = review::blocked_by_id(plan).len();
    let drift_kept = review::drift_kept(plan);
    let unchanged = plan.totals.unchanged.saturating_sub(drift_kept);
    let is_excerpt = plan.totals.is_excerpt;
    if plan.is_empty() && waiting + blocked + drift_kept == 0 {
        if is_excerpt {
            return words.say(texts::NONE_SHOWN).to_owned();
        }
        return words.count(texts::ALL_MATCH, unchanged);
    }
    let of = |verb: Verb| plan.changes.iter().filter(move |change| change.verb == verb);
    let created_active = of(Verb::Create).filter(|change| change.status == Some(State::Active)).count();
    let activated = of(Verb::Update).filter(|change| phrases::activates(change)).count();
    let deactivated = of(Verb::Update).filter(|change| change.deactivates()).count();
    let in_brackets = |counts: &[(usize, Text)]| {
        let parts = summary::counted(counts, words);
        if parts.is_empty() { parts.concat() } else { format!(" ({})", parts.join(", ")) }
    };
    let created = in_brackets(&[(created_active, texts::ACTIVE_AT_ONCE)]);
    let updated = in_brackets(&[(activated, texts::TO_ACTIVATE), (deactivated, texts::TO_DEACTIVATE)]);
    let totals = [
        (of(Verb::Create).count(), texts::TO_CREATE, created),
        (of(Verb::Update).count(), texts::TO_CHANGE, updated),
        (of(Verb::Retire).count(), texts::TO_RETIRE, String::new()),
        (of(Verb::Move).count(), texts::TO_MOVE, String::new()),
        (waiting, texts::WAITING, String::new()),
        (blocked, texts::BLOCKED_NUMBER, String::new()),
        (drift_kept, texts::DRIFT_KEPT, String::new()),
    ];
    let totals = totals.iter().filter(|(number, ..)| *number > 0);
    let mut parts: Vec<String> =
        totals.map(|(number, text, more)| format!("{}{more}", words.count(*text, *number))).collect();
    parts.extend((!is_excerpt).then(|| words.count(texts::UNCHANGED, unchanged)));
    let verdict = if plan.is_empty() { texts::LAST_LINE_NOTHING } else { texts::LAST_LINE };
    verdict.words(words.language, &[("parts", parts.join(", ").into())])
}

fn header(plan: &Plan, words: Vocabulary<'_>) -> Line {
    let header = &plan.header;
    let zone = Zone::find(&header.zone).unwrap_or(Zone::UTC);
    let day = [("day", words.day(zone.day_of(header.as_of)).into())];
    let helpdesk = summary::helpdesk(&header.helpdesk, words);
    let place = [("zone", zone.name().into()), ("helpdesk", helpdesk.into())];
    let line = texts::HEADER.toned(words.language, Tone::Strong, &day);
    let line = line.join(words.line(texts::HEADER_PLACE, &place));
    match &header.commit {
        Some(commit) => {
            let short: String = commit.chars().take(10).collect();
            let commit = [("commit", Line::new().foreign_toned(Tone::Quiet, &short).into())];
            line.join(texts::COMMIT.toned(words.language, Tone::Quiet, &commit))
        }
        None => line,
    }
}

fn section(page: &mut TerminalPage, title: &str) {
    page.gap();
    page.line(0, 0, &Line::new().toned(Tone::Strong, title));
}

fn list(page: &mut TerminalPage, title: &str, items: Vec<Line>) {
    if items.is_empty() {
        return;
    }
    section(page, title);
    for item in items {
        page.line(2, 4, &Line::of("· ").join(item));
    }
}

/// The changes by origin, without drift. A plan of edits only has no section titles.
fn changes(page: &mut TerminalPage, envelope: &GuardedPlan, words: Vocabulary<'_>, many: usize) {
    let plan = &envelope.plan;
    let origin = |change: &Change| match review::main_cause(change) {
        Cause::Edit if !envelope.is_on_base(&change.id) => ChangeOrigin::Edit,
        Cause::Edit => ChangeOrigin::OtherEdit,
        Cause::Date => ChangeOrigin::Date,
        Cause::Drift => ChangeOrigin::Drift,
    };
    let is_mixed = plan.changes.iter().any(|change| origin(change) != ChangeOrigin::Edit);
    for group in [ChangeOrigin::Edit, ChangeOrigin::OtherEdit, ChangeOrigin::Date] {
        let (alike, others) =
            alike::split(plan.changes.iter().filter(|change| origin(change) == group), words, many);
        if is_mixed && !(alike.is_empty() && others.is_empty()) {
            section(page, phrases::section_title(group, words));
            if let Some(warning) = phrases::section_warning(group, words) {
                page.line(2, 4, &Line::new().toned(Tone::Alarm, "! ").text(warning));
            }
        }
        for alike in &alike {
            page.gap();
            together(page, alike, words);
        }
        for change in others {
            page.gap();
            block(page, 0, change, false, words);
        }
    }
}

/// The numbers of changes that are alike, and their result.
fn alike_heading(page: &mut TerminalPage, alike: &AlikeChanges<'_>, words: Vocabulary<'_>) {
    let (tone, symbol) = phrases::symbol(&alike.common);
    let title = Line::new().toned(tone, symbol).text(" ").toned(Tone::Strong, &alike.counts(words));
    page.line(0, 4, &title.join(alike.result(words)));
}

/// Changes that are alike: their numbers, what they have in common, and their ids. New agreements are a table.
fn together(page: &mut TerminalPage, alike: &AlikeChanges<'_>, words: Vocabulary<'_>) {
    alike_heading(page, alike, words);
    for detail in phrases::details(&alike.common, words) {
        write_detail(page, 4, detail, words);
    }
    if alike.common.verb == Verb::Create {
        let rows = alike.changes.iter().map(|change| creation(change, words)).collect();
        page.table(4, &TerminalTable { rows, ..TerminalTable::default() });
    } else {
        page.line(4, 6, &alike.ids(words));
    }
}

/// The row of a new agreement: its id, its client, its first and last day, and its number.
fn creation(change: &Change, words: Vocabulary<'_>) -> Vec<Line> {
    let value = |wanted: Field| {
        let found = change.fields.iter().find(|field| field.field == wanted);
        match found.map(|field| &field.after) {
            Some(Value::Day(day)) => Line::of(&words.day(*day)),
            Some(Value::Text(text)) => Line::new().foreign(&words.preview(text)),
            _ => Line::new(),
        }
    };
    let client = change.client.as_ref().map_or_else(String::new, |client| words.client(client));
    vec![
        Line::new().foreign_toned(Tone::Strong, change.id.as_str()),
        Line::new().foreign(&client),
        value(Field::FirstDay),
        value(Field::LastDay),
        value(Field::Number),
    ]
}

/// The cause of a change, if the plan knows any.
fn known_cause(change: &Change) -> Option<Cause> {
    change.causes().flatten().next().map(|_| review::main_cause(change))
}

/// One change: its agreement, result, risks and fields, and the cause where the section does not state it.
fn block(page: &mut TerminalPage, indent: usize, change: &Change, states_cause: bool, words: Vocabulary<'_>) {
    let (tone, symbol) = phrases::symbol(change);
    let title = heading(tone, symbol, &change.id, &change.title, words);
    let tag = if states_cause { value::tag(known_cause(change), words) } else { Line::new() };
    let inner = indent + 4;
    if let Some(result) = phrases::result(change, words) {
        page.line(indent, inner, &title);
        page.line(inner, inner + 2, &result.join(tag));
    } else {
        let status = phrases::unchanged_status(change, words);
        page.line(indent, inner, &title.text("  ").join(status).join(tag));
    }
    for detail in phrases::details(change, words) {
        write_detail(page, inner, detail, words);
    }
}

fn heading(tone: Tone, symbol: &str, id: &AgreementId, title: &str, words: Vocabulary<'_>) -> Line {
    Line::new()
        .toned(tone, symbol)
        .text(" ")
        .foreign_toned(Tone::Strong, id.as_str())
        .text("  ")
        .quoted(&words.preview(title))
}

fn write_detail(page: &mut TerminalPage, indent: usize, detail: Detail, words: Vocabulary<'_>) {
    match detail {
        Detail::Warning(line) => {
            page.line(indent, indent + 2, &Line::new().toned(Tone::Alarm, "! ").join(line));
        }
        Detail::Text(line, cause) => page.line(indent, indent + 2, &line.join(value::tag(cause, words))),
        Detail::Field(field) => value::write(page, indent, field, words),
    }
}

/// The section of drift: what was edited, by whom and when, and whether an apply corrects it.
fn drifted(page: &mut TerminalPage, plan: &Plan, words: Vocabulary<'_>) {
    let mut by_id: BTreeMap<&AgreementId, (Option<&Change>, Vec<&Drift>)> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| review::main_cause(change) == Cause::Drift) {
        by_id.entry(&change.id).or_default().0 = Some(change);
    }
    for drift in &plan.drift {
        by_id.entry(&drift.id).or_default().1.push(drift);
    }
    if by_id.is_empty() {
        return;
    }
    section(page, phrases::section_title(ChangeOrigin::Drift, words));
    let mut shown: BTreeMap<Vec<&Touch>, Vec<&Change>> = BTreeMap::new();
    for (change, drifts) in by_id.into_values() {
        page.gap();
        let touches: Vec<&Touch> = drifts.iter().filter_map(|drift| drift.touch.as_ref()).collect();
        if let Some(change) = change.filter(|change| change.state.is_none() && !touches.is_empty()) {
            let earlier = shown.entry(touches).or_default();
            if let Some(first) = earlier.iter().find(|first| is_same_edit(first, change)) {
                same_edit(page, change, &first.id, words);
                continue;
            }
            earlier.push(change);
        }
        match change {
            Some(change) => block(page, 0, change, false, words),
            None => drift_heading(page, plan, &drifts, words),
        }
        for drift in drifts.iter().filter(|drift| !drift.is_corrected) {
            write_detail(page, 4, phrases::drift_detail(drift, words), words);
            page.line(6, 8, &drift::not_corrected(drift, words));
        }
        for edit in drift::edits(&drifts, words) {
            page.line(4, 6, &Line::new().toned(Tone::Quiet, "↳ ").join(edit));
        }
    }
}

/// Whether two changes, of which neither changes the state, correct the same values, as of an object that several agreements
/// share.
fn is_same_edit(one: &Change, other: &Change) -> bool {
    (one.verb, &one.fields) == (other.verb, &other.fields)
}

/// An agreement whose drift is that of another one, which is shown once.
fn same_edit(page: &mut TerminalPage, change: &Change, first: &AgreementId, words: Vocabulary<'_>) {
    let (tone, symbol) = phrases::symbol(change);
    page.line(0, 4, &heading(tone, symbol, &change.id, &change.title, words));
    let other = [("other", Line::new().foreign_toned(Tone::Quiet, first.as_str()).into())];
    let same = texts::SAME_EDIT.toned(words.language, Tone::Quiet, &other);
    page.line(4, 6, &Line::new().toned(Tone::Quiet, "↳ ").join(same));
}

/// The heading of an agreement whose change, if any, is in another section.
fn drift_heading(page: &mut TerminalPage, plan: &Plan, drifts: &[&Drift], words: Vocabulary<'_>) {
    let Some(first) = drifts.first() else {
        return;
    };
    page.line(0, 4, &heading(Tone::Shift, "~", &first.id, &first.title, words));
    let is_changed = plan.changes.iter().any(|change| change.id == first.id);
    if drifts.iter().any(|drift| drift.is_corrected) {
        let place = if is_changed { texts::CORRECTED_ABOVE } else { texts::NOT_APPLIED };
        page.line(4, 6, &Line::new().toned(Tone::Quiet, words.say(place)));
    }
}

/// A guard that stopped changes, and the option that acknowledges it, unless it stops the same on the base.
fn guard_and_option(envelope: &GuardedPlan, held: &AwaitingAcknowledgement, words: Vocabulary<'_>) -> Line {
    let line = Line::new().toned(Tone::Alarm, "! ").join(phrases::guard_line(envelope, held, words));
    if envelope.is_guard_on_base(held.guard) {
        return line;
    }
    let option = format!("--accept {}", held.written());
    let option = Line::new().toned(Tone::Strong, &option);
    line.join(words.line(texts::GUARD_OPTION, &[("option", option.into())]))
}

/// The guards that stopped changes, the option that acknowledges each, and the changes.
fn awaiting_acknowledgement(page: &mut TerminalPage, envelope: &GuardedPlan, words: Vocabulary<'_>) {
    if envelope.awaiting.is_empty() {
        return;
    }
    section(page, words.say(texts::AWAITING));
    let guards = envelope.guards();
    for held in &envelope.awaiting {
        page.line(2, 4, &guard_and_option(envelope, held, words));
        let stopped =
            envelope.guarded_changes.iter().filter(|change| guards.get(&change.id) == Some(&held.guard));
        for change in stopped {
            block(page, 4, change, true, words);
        }
        page.gap();
    }
}

fn blocked(page: &mut TerminalPage, plan: &Plan, words: Vocabulary<'_>) {
    let by_id = review::blocked_by_id(plan);
    if by_id.is_empty() {
        return;
    }
    section(page, words.say(texts::BLOCKED));
    for (id, reasons) in by_id {
        for reason in reasons {
            let line =
                Line::new().toned(Tone::Shift, "? ").foreign_toned(Tone::Strong, id.as_str()).text(": ");
            page.line(2, 4, &line.join(reasons::blocked_reason(reason, words)));
            page.line(4, 6, &Line::new().toned(Tone::Quiet, "→ ").join(reasons::remedy(reason, words)));
        }
    }
}
