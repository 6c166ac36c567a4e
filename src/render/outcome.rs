//! The outcome of an apply as text: a line for each change, with the reason and the next step if it was not applied,
//! and the totals in the last line.

use std::collections::BTreeSet;

use crate::ident::AgreementId;
use crate::outcome::{
    ChangeResult, NoCreation, NotTried, Outcome, StepFailure, Stopped, Withdrawn, WithoutKey,
};
use crate::plan::{Altered, Change, DriftPart, Elsewhere, FieldChange, Plan, Step, Verb};
use crate::render::line::Line;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::TerminalPage;
use crate::render::value;
use crate::render::vocabulary::{self, Vocabulary};
use crate::status::State;

/// The text of an outcome, in the order of its plan.
pub fn text(plan: &Plan, outcome: &Outcome, paint: Paint) -> String {
    let mut page = TerminalPage::new(paint);
    for change in &plan.changes {
        if let Some(result) = outcome.results.get(&change.id) {
            result_line(&mut page, plan, change, result);
        }
    }
    let planned: BTreeSet<&AgreementId> = plan.changes.iter().map(|change| &change.id).collect();
    for (id, result) in outcome.results.iter().filter(|(id, _)| !planned.contains(id)) {
        left_out_line(&mut page, id, result);
    }
    page.gap();
    if let Some(stopped) = &outcome.stopped {
        page.line(0, 2, &Line::new().toned(Tone::Alarm, "The run ended early: ").text(&stop_reason(stopped)));
    }
    page.line(0, 2, &Line::new().toned(Tone::Strong, &last_line(outcome)));
    page.finish()
}

fn stop_reason(stopped: &Stopped) -> String {
    match stopped {
        Stopped::Signal => "a signal requested it.".to_owned(),
        Stopped::Credentials => {
            "the helpdesk rejected the access key repeatedly; it may have expired.".to_owned()
        }
        Stopped::NoTrace(why) => format!(
            "the journal or the ledger cannot be written, so nothing more was sent: {}",
            vocabulary::preview(why)
        ),
    }
}

/// The totals: `5 done, 1 failed. A new plan shows 1 remaining change.`
fn last_line(outcome: &Outcome) -> String {
    let kinds = ["done", "not kept", "stale", "failed", "withdrawn", "in doubt", "stopped", "not tried"];
    let counts = kinds.map(|kind| {
        let of_kind = outcome.results.values().filter(|result| word(result) == kind);
        (of_kind.count(), kind)
    });
    let parts: Vec<String> = counts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, kind)| format!("{number} {kind}"))
        .collect();
    let results = if parts.is_empty() { "no changes".to_owned() } else { parts.join(", ") };
    match outcome.remaining {
        None => format!("Apply: {results}."),
        Some(0) => format!("Apply: {results}. A new plan shows no remaining changes."),
        Some(number) => format!(
            "Apply: {results}. A new plan shows {}.",
            vocabulary::count(number, "remaining change", "remaining changes")
        ),
    }
}

fn word(result: &ChangeResult) -> &'static str {
    match result {
        ChangeResult::Done { .. } => "done",
        ChangeResult::NotKept { .. } => "not kept",
        ChangeResult::Stale => "stale",
        ChangeResult::Failed(_) | ChangeResult::WithoutKey(_) => "failed",
        ChangeResult::Withdrawn(_) => "withdrawn",
        ChangeResult::Unknown(_) => "in doubt",
        ChangeResult::Stopped { .. } => "stopped",
        ChangeResult::NotTried(_) => "not tried",
    }
}

fn result_line(page: &mut TerminalPage, plan: &Plan, change: &Change, result: &ChangeResult) {
    let (tone, symbol) = match result {
        ChangeResult::Done { .. } => (Tone::Gain, "✓"),
        ChangeResult::Stale | ChangeResult::Unknown(_) | ChangeResult::Stopped { .. } => (Tone::Shift, "?"),
        ChangeResult::Failed(_)
        | ChangeResult::NotKept { .. }
        | ChangeResult::WithoutKey(_)
        | ChangeResult::Withdrawn(_) => (Tone::Alarm, "✗"),
        ChangeResult::NotTried(_) => (Tone::Quiet, "·"),
    };
    let line = Line::new().toned(tone, symbol).text(" ").toned(Tone::Strong, change.id.as_str()).text("  ");
    let (line, next) = match result {
        ChangeResult::Done { object, .. } => {
            (line.text(done(change)).toned(Tone::Quiet, &format!(" [{object}]")), None)
        }
        other => {
            let (why, next) = unfinished(other, change);
            (line.toned(tone, word(other)).text(": ").text(&why), Some(next))
        }
    };
    page.line(0, 4, &line);
    if let ChangeResult::Done { altered, .. } = result {
        for altered in altered {
            altered_field(page, plan, altered);
        }
    }
    if let Some(next) = next {
        page.line(4, 6, &Line::new().toned(Tone::Quiet, "→ ").text(&next));
    }
}

/// A change of a saved plan that the new plan does not contain.
fn left_out_line(page: &mut TerminalPage, id: &AgreementId, result: &ChangeResult) {
    let line = |tone, symbol, why| {
        Line::new().toned(tone, symbol).text(" ").toned(Tone::Strong, id.as_str()).text("  ").text(why)
    };
    if let ChangeResult::Done { .. } = result {
        page.line(0, 4, &line(Tone::Gain, "✓", "was applied before"));
        return;
    }
    let why = "stale: it no longer follows from the files and the helpdesk; nothing was written";
    page.line(0, 4, &line(Tone::Shift, "?", why));
    let next = "make a new plan with `servanda plan --out FILE`, and review it";
    page.line(4, 6, &Line::new().toned(Tone::Quiet, "→ ").text(next));
}

/// The applied changes.
fn done(change: &Change) -> &'static str {
    match (change.verb, change.status) {
        (Verb::Create, Some(State::Active)) => "created, active",
        (Verb::Create, _) => "created",
        (Verb::Retire, _) => "retired",
        (Verb::Move, _) => "retired here, and confirmed in its new helpdesk",
        (Verb::Update, Some(State::Active)) if change.state.is_some() => "activated",
        (Verb::Update, _) if change.deactivates() => "deactivated",
        (Verb::Update, _) => "updated",
    }
}

/// The reason why a change was not applied, and the next step.
fn unfinished(result: &ChangeResult, change: &Change) -> (String, String) {
    match result {
        ChangeResult::Done { .. } => (String::new(), String::new()),
        ChangeResult::NotKept { object, parts } => (
            format!(
                "the helpdesk accepted every step, but {object} still differs from the files{}",
                parts_of(parts)
            ),
            "check in servanda.yaml that the helpdesk keeps these attributes, then apply again".to_owned(),
        ),
        ChangeResult::Stale => (
            "the object changed after the plan was made; nothing was written".to_owned(),
            "make a new plan and review it".to_owned(),
        ),
        ChangeResult::Failed(failure) => (
            format!("{}: {}", step(failure, change), vocabulary::preview(&failure.message)),
            next_step(failure, change, "fix the cause, then apply again"),
        ),
        ChangeResult::Unknown(failure) => (
            format!(
                "{} was sent, but its result is unknown: {}",
                step(failure, change),
                vocabulary::preview(&failure.message)
            ),
            next_step(failure, change, "check the object in the helpdesk, then make a new plan"),
        ),
        ChangeResult::Stopped { step: number } => {
            let reached = StepFailure { step: *number, message: String::new() };
            let next = next_step(&reached, change, "apply again");
            (format!("the run ended before {}", step(&reached, change)), next)
        }
        ChangeResult::NotTried(NotTried::Waits(other)) => (waits(other), format!("resolve {other} first")),
        ChangeResult::NotTried(NotTried::Elsewhere(Elsewhere { agreement, helpdesk })) => {
            let why = format!("{agreement} is not confirmed in {helpdesk}, so that this one stays as it is");
            (why, format!("resolve {agreement} in {helpdesk} first, then apply again"))
        }
        ChangeResult::NotTried(NotTried::SameObject(Elsewhere { agreement, helpdesk })) => {
            let why = format!(
                "{agreement} has the same id and content in {helpdesk}, which may be this helpdesk under another name"
            );
            let next = format!(
                "compare the addresses of both in servanda.yaml; if {helpdesk} is another helpdesk, retire this one by hand"
            );
            (why, next)
        }
        ChangeResult::NotTried(NotTried::Stopped) => {
            ("the run ended before this change".to_owned(), "apply again".to_owned())
        }
        ChangeResult::NotTried(NotTried::NoCreation(why)) => no_creation(why),
        ChangeResult::WithoutKey(without) => without_key(without),
        ChangeResult::Withdrawn(withdrawn) => withdrawal(withdrawn),
    }
}

/// The setting that a helpdesk without ownership keys needs changed.
const OTHER_KEY: &str = "name a free text attribute under `helpdesk.agreement.key` in servanda.yaml, which the helpdesk \
                         neither numbers nor shortens";

fn no_creation(why: &NoCreation) -> (String, String) {
    match why {
        NoCreation::NoLedger => (
            "nothing is created without the ledger".to_owned(),
            "make the ledger available, then apply again".to_owned(),
        ),
        NoCreation::KeyNotKept(object) => (
            format!(
                "key-not-kept: nothing is created, since the helpdesk did not store the ownership key of {object} \
                 (`helpdesk.agreement.key`)"
            ),
            format!("{OTHER_KEY}; `servanda doctor` shows what is known"),
        ),
    }
}

fn without_key(without: &WithoutKey) -> (String, String) {
    let WithoutKey { object, stored, .. } = without;
    match stored {
        None => (
            format!(
                "key-missing: {object} does not have the ownership key of this agreement; nothing was written"
            ),
            "check who changed the key, then make a new plan".to_owned(),
        ),
        Some(stored) => (
            format!(
                "key-not-kept: {object} stores `{}` in place of the ownership key (`helpdesk.agreement.key`); it \
                 was not published",
                vocabulary::preview(stored)
            ),
            format!("{OTHER_KEY}, and remove {object}"),
        ),
    }
}

fn withdrawal(withdrawn: &Withdrawn) -> (String, String) {
    let Withdrawn { object, kept, failure } = withdrawn;
    let why = format!("created-twice: {kept} was created first; the new {object} was never published");
    match failure {
        None => (format!("{why} and was retired"), format!("remove {object}, then make a new plan")),
        Some(failure) => (
            format!("{why}, but could not be retired: {}", vocabulary::preview(failure)),
            format!("remove {object} or its ownership key, then make a new plan"),
        ),
    }
}

fn parts_of(parts: &[DriftPart]) -> String {
    let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
}

fn waits(other: &AgreementId) -> String {
    format!("it depends on {other}, which was not confirmed")
}

/// The action of a step, with its number.
fn step(failure: &StepFailure, change: &Change) -> String {
    let what = change.steps.get(failure.step).map_or("a step", |step| match step {
        Step::Create { .. } => "the creation",
        Step::Edit { state: Some(_), .. } => "the change of the state",
        Step::Edit { .. } => "the update",
        Step::PutRule { .. } => "the update of a target",
        Step::DropRule { .. } => "the removal of a target",
        Step::Link { .. } => "the addition of a recipient",
        Step::Unlink { .. } => "the removal of a recipient",
        Step::Archive => "the archiving",
        Step::Restore => "the restoration from the archive",
    });
    match change.steps.len() {
        0 | 1 => what.to_owned(),
        all => format!("{what} (step {} of {all})", failure.step + 1),
    }
}

/// The next step, and the steps that were already applied.
fn next_step(failure: &StepFailure, change: &Change, next: &str) -> String {
    match failure.step {
        0 => next.to_owned(),
        1 => format!("{next}; the step before it was applied"),
        _ if failure.step >= change.steps.len() => next.to_owned(),
        _ => format!("{next}; the steps before it were applied"),
    }
}

/// A field that the helpdesk stored with another value than the one that was sent.
fn altered_field(page: &mut TerminalPage, plan: &Plan, altered: &Altered) {
    let warning = Line::new()
        .toned(Tone::Alarm, "! ")
        .text("the helpdesk stored another value than the one sent (sent → stored):");
    page.line(4, 6, &warning);
    let field = FieldChange {
        field: altered.field.clone(),
        before: altered.sent.clone(),
        after: altered.held.clone(),
        cause: None,
    };
    value::field(page, 6, &field, Verb::Update, Vocabulary::english(plan));
}

#[cfg(test)]
mod tests {
    use super::{last_line, text};
    use crate::ident::{AgreementId, LiveId};
    use crate::live::Value;
    use crate::mapping::Field;
    use crate::outcome::{ChangeResult, NotTried, Outcome, StepFailure, Stopped};
    use crate::plan::{Altered, Change, Plan, Step, Verb};
    use crate::render::Paint;
    use crate::render::encode::corpus::{HOSTILE, is_clean};
    use crate::render::plan::sample;
    use crate::status::{State, StatusReason};

    fn id(text: &str) -> AgreementId {
        AgreementId::new(text).expect("an id")
    }

    fn change(name: &str, verb: Verb) -> Change {
        let mut change = sample::change(name, verb, "T", State::Active, StatusReason::WithinPeriod);
        let edit = Step::Edit {
            fields: std::collections::BTreeMap::new(),
            state: Some("active".to_owned()),
            ownership_key: None,
        };
        change.steps = vec![edit.clone(), Step::Archive, edit];
        change
    }

    fn failure(step: usize, message: &str) -> StepFailure {
        StepFailure { step, message: message.to_owned() }
    }

    fn run(message: &str) -> (Plan, Outcome) {
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        let verb = |name: &str| {
            if name == "a" { Verb::Create } else { Verb::Update }
        };
        let plan = sample::plan(names.map(|name| change(name, verb(name))).into());
        let altered = Altered {
            field: Field::Title,
            sent: Value::Text("Маяк".to_owned()),
            held: Value::Text("МАЯК".to_owned()),
        };
        let done = ChangeResult::Done {
            object: LiveId::new("agreement$1").expect("a live id"),
            altered: vec![altered],
        };
        let results = [
            done,
            ChangeResult::Stale,
            ChangeResult::Failed(failure(1, message)),
            ChangeResult::Unknown(failure(0, "timed out after 30 s")),
            ChangeResult::NotTried(NotTried::Waits(id("c"))),
            ChangeResult::NotTried(NotTried::Stopped),
            ChangeResult::Stopped { step: 1 },
        ];
        let outcome = Outcome {
            results: names.map(id).into_iter().zip(results).collect(),
            remaining: Some(5),
            stopped: Some(Stopped::Signal),
        };
        (plan, outcome)
    }

    #[test]
    fn an_outcome_names_each_result_and_the_next_step() {
        let (plan, outcome) = run("403 no right to archive");
        insta::assert_snapshot!(text(&plan, &outcome, Paint::PLAIN), @r"
        ✓ a  created, active [agreement$1]
            ! the helpdesk stored another value than the one sent (sent → stored):
              title: Маяк → МАЯК
        ? b  stale: the object changed after the plan was made; nothing was written
            → make a new plan and review it
        ✗ c  failed: the archiving (step 2 of 3): 403 no right to archive
            → fix the cause, then apply again; the step before it was applied
        ? d  in doubt: the change of the state (step 1 of 3) was sent, but its result is unknown: timed out
            after 30 s
            → check the object in the helpdesk, then make a new plan
        · e  not tried: it depends on c, which was not confirmed
            → resolve c first
        · f  not tried: the run ended before this change
            → apply again
        ? g  stopped: the run ended before the archiving (step 2 of 3)
            → apply again; the step before it was applied

        The run ended early: a signal requested it.
        Apply: 1 done, 1 stale, 1 failed, 1 in doubt, 1 stopped, 2 not tried. A new plan shows 5 remaining
          changes.
        ");
    }

    #[test]
    fn the_last_line_contains_the_remaining_changes() {
        let mut outcome = Outcome { remaining: Some(0), ..Outcome::default() };
        assert_eq!(last_line(&outcome), "Apply: no changes. A new plan shows no remaining changes.");
        outcome.remaining = None;
        outcome.results.insert(id("a"), ChangeResult::Stale);
        assert_eq!(last_line(&outcome), "Apply: 1 stale.");
    }

    #[test]
    fn messages_of_the_helpdesk_do_not_control_the_terminal() {
        for hostile in HOSTILE {
            let (plan, outcome) = run(hostile);
            assert!(is_clean(&text(&plan, &outcome, Paint::PLAIN)));
        }
    }
}
