//! What became of a plan, as text: a line for each change, with the reason and what to do next where it was
//! not carried out, and one line at the end.

use crate::ident::AgreementId;
use crate::outcome::{ChangeResult, NotTried, Outcome, StepFailure, Stopped};
use crate::plan::{Altered, Change, FieldChange, Plan, Step, Verb};
use crate::render::line::Line;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::TerminalPage;
use crate::render::value;
use crate::render::vocabulary;
use crate::status::State;

/// The text of an outcome, in the order of its plan.
pub fn text(plan: &Plan, outcome: &Outcome, paint: Paint) -> String {
    let mut page = TerminalPage::new(paint);
    for change in &plan.changes {
        if let Some(result) = outcome.results.get(&change.id) {
            one(&mut page, plan, change, result);
        }
    }
    page.gap();
    if let Some(stopped) = &outcome.stopped {
        page.line(0, 2, &Line::new().toned(Tone::Alarm, "The run ended early: ").text(&ended(stopped)));
    }
    page.line(0, 2, &Line::new().toned(Tone::Strong, &summary(outcome)));
    page.finish()
}

fn ended(stopped: &Stopped) -> String {
    match stopped {
        Stopped::Signal => "somebody asked it to stop.".to_owned(),
        Stopped::Credentials => {
            "the helpdesk refused the access key again and again; it may have expired.".to_owned()
        }
        Stopped::NoTrace(why) => {
            format!("nothing is sent that leaves no trace. {}", vocabulary::preview(why))
        }
    }
}

/// The one line at the end: `5 done, 1 failed; planned again after the apply: 1 change is left to do.`
pub fn summary(outcome: &Outcome) -> String {
    let kinds = ["done", "stale", "failed", "unknown", "stopped", "not tried"];
    let counts = kinds.map(|kind| {
        let of_kind = outcome.results.values().filter(|result| word(result) == kind);
        (of_kind.count(), kind)
    });
    let parts: Vec<String> = counts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, kind)| format!("{number} {kind}"))
        .collect();
    let done = if parts.is_empty() { "Nothing was to be done".to_owned() } else { parts.join(", ") };
    match outcome.remaining {
        None => format!("{done}."),
        Some(0) => format!("{done}; planned again after the apply: nothing is left to do."),
        Some(number) => format!(
            "{done}; planned again after the apply: {} left to do.",
            vocabulary::count(number, "change is", "changes are")
        ),
    }
}

fn word(result: &ChangeResult) -> &'static str {
    match result {
        ChangeResult::Done { .. } => "done",
        ChangeResult::Stale => "stale",
        ChangeResult::Failed(_) => "failed",
        ChangeResult::Unknown(_) => "unknown",
        ChangeResult::Stopped { .. } => "stopped",
        ChangeResult::NotTried(_) => "not tried",
    }
}

fn one(page: &mut TerminalPage, plan: &Plan, change: &Change, result: &ChangeResult) {
    let (tone, symbol) = match result {
        ChangeResult::Done { .. } => (Tone::Gain, "✓"),
        ChangeResult::Stale | ChangeResult::Unknown(_) | ChangeResult::Stopped { .. } => (Tone::Shift, "?"),
        ChangeResult::Failed(_) => (Tone::Alarm, "✗"),
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
            another(page, plan, altered);
        }
    }
    if let Some(next) = next {
        page.line(4, 6, &Line::new().toned(Tone::Quiet, "→ ").text(&next));
    }
}

/// What was done, in a word.
fn done(change: &Change) -> &'static str {
    match (change.verb, change.status) {
        (Verb::Create, Some(State::Active)) => "created, active",
        (Verb::Create, _) => "created",
        (Verb::Retire, _) => "retired",
        (Verb::Update, Some(State::Active)) if change.state.is_some() => "activated",
        (Verb::Update, _) if change.deactivates() => "deactivated",
        (Verb::Update, _) => "updated",
    }
}

/// Why a change was not carried out, and what to do next.
fn unfinished(result: &ChangeResult, change: &Change) -> (String, String) {
    match result {
        ChangeResult::Done { .. } => (String::new(), String::new()),
        ChangeResult::Stale => (
            "its object moved since the plan was made, and nothing was written".to_owned(),
            "plan again and look at what changed".to_owned(),
        ),
        ChangeResult::Failed(failure) => (
            format!(
                "{} did not go through: {}",
                step(failure, change),
                vocabulary::preview(&failure.message)
            ),
            standing(failure, change, "settle the reason, then apply again"),
        ),
        ChangeResult::Unknown(failure) => (
            format!(
                "the answer to {} was lost: {}",
                step(failure, change),
                vocabulary::preview(&failure.message)
            ),
            standing(failure, change, "look at the object in the helpdesk, then plan again"),
        ),
        ChangeResult::Stopped { step: number } => {
            let reached = StepFailure { step: *number, message: String::new() };
            let next = standing(&reached, change, "apply again");
            (format!("the run ended before {}", step(&reached, change)), next)
        }
        ChangeResult::NotTried(NotTried::Waits(other)) => (waits(other), format!("settle {other} first")),
        ChangeResult::NotTried(NotTried::Stopped) => {
            ("the run was stopped before its turn".to_owned(), "apply again".to_owned())
        }
    }
}

fn waits(other: &AgreementId) -> String {
    format!("it waits for {other}, which was not confirmed")
}

/// Which step it was, by what it does.
fn step(failure: &StepFailure, change: &Change) -> String {
    let what = change.steps.get(failure.step).map_or("a step", |step| match step {
        Step::Create { .. } => "the creation",
        Step::Edit { state: Some(_), .. } => "the change of state",
        Step::Edit { .. } => "the edit",
        Step::PutRule { .. } => "the writing of a target",
        Step::DropRule { .. } => "the removal of a target",
        Step::Link { .. } => "the link to a recipient",
        Step::Unlink { .. } => "the removal of a recipient",
        Step::Archive => "the archiving",
        Step::Restore => "the return from the archive",
    });
    match change.steps.len() {
        0 | 1 => what.to_owned(),
        all => format!("{what} (step {} of {all})", failure.step + 1),
    }
}

/// What to do next, and what stands already.
fn standing(failure: &StepFailure, change: &Change, next: &str) -> String {
    match failure.step {
        0 => next.to_owned(),
        1 => format!("{next}; the step before it stands"),
        _ if failure.step >= change.steps.len() => next.to_owned(),
        _ => format!("{next}; the steps before it stand"),
    }
}

/// A field that the helpdesk holds otherwise than it was written.
fn another(page: &mut TerminalPage, plan: &Plan, altered: &Altered) {
    let warning = Line::new()
        .toned(Tone::Alarm, "! ")
        .text("the helpdesk holds another value than was written (written → held):");
    page.line(4, 6, &warning);
    let field = FieldChange {
        field: altered.field.clone(),
        before: altered.sent.clone(),
        after: altered.held.clone(),
        cause: None,
    };
    value::field(page, 6, &field, Verb::Update, &plan.names);
}

#[cfg(test)]
mod tests {
    use super::{summary, text};
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
    fn an_outcome_says_what_was_done_and_what_to_do_next() {
        let (plan, outcome) = run("403 no right to archive");
        insta::assert_snapshot!(text(&plan, &outcome, Paint::PLAIN), @r#"
        ✓ a  created, active [agreement$1]
            ! the helpdesk holds another value than was written (written → held):
              title: Маяк → МАЯК
        ? b  stale: its object moved since the plan was made, and nothing was written
            → plan again and look at what changed
        ✗ c  failed: the archiving (step 2 of 3) did not go through: 403 no right to archive
            → settle the reason, then apply again; the step before it stands
        ? d  unknown: the answer to the change of state (step 1 of 3) was lost: timed out after 30 s
            → look at the object in the helpdesk, then plan again
        · e  not tried: it waits for c, which was not confirmed
            → settle c first
        · f  not tried: the run was stopped before its turn
            → apply again
        ? g  stopped: the run ended before the archiving (step 2 of 3)
            → apply again; the step before it stands

        The run ended early: somebody asked it to stop.
        1 done, 1 stale, 1 failed, 1 unknown, 1 stopped, 2 not tried; planned again after the apply: 5
          changes are left to do.
        "#);
    }

    #[test]
    fn the_last_line_says_whether_anything_is_left() {
        let mut outcome = Outcome { remaining: Some(0), ..Outcome::default() };
        assert_eq!(
            summary(&outcome),
            "Nothing was to be done; planned again after the apply: nothing is left to do."
        );
        outcome.remaining = None;
        outcome.results.insert(id("a"), ChangeResult::Stale);
        assert_eq!(summary(&outcome), "1 stale.");
    }

    #[test]
    fn what_a_helpdesk_says_does_nothing_to_the_terminal() {
        for hostile in HOSTILE {
            let (plan, outcome) = run(hostile);
            assert!(is_clean(&text(&plan, &outcome, Paint::PLAIN)));
        }
    }
}
