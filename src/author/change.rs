//! One agreement changes: it lasts longer, ends sooner, rests, goes on, or is switched by hand. Only the bytes that say so
//! change in its file.

use serde_json::{Map, Value, json};

use super::edit_target::{EditRefused, EditTarget, EditedFile, EffectiveFrom};
use crate::agreement::{Activation, ActivationStatus, PeriodEnd, Renewal};
use crate::calendar::{Day, Instant, Term, read_day};
use crate::status::{Bound, State, bound, period_at, state_at};

/// The time by which an agreement is to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// To this day, counted in.
    To(Day),
    /// For so long after its last day.
    By(Term),
}

/// A step of the manual log.
#[derive(Clone, Copy, Debug)]
pub struct ActivationStep<'a> {
    /// From when on.
    pub on: EffectiveFrom,
    /// Why.
    pub reason: Option<&'a str>,
    /// The person who decided it.
    pub by: Option<&'a str>,
}

/// Moves the last day of an agreement on. A term of its own, or one that it inherits, gives way to the day.
pub fn extend(
    subject: &EditTarget<'_>,
    extension: Extension,
    at: Instant,
) -> Result<EditedFile, EditRefused> {
    let (agreement, id) = (subject.agreement, subject.id());
    if let Some(termination) = &agreement.termination {
        let message = format!("`{id}` is terminated on {}", termination.last_day);
        return Err(EditRefused::new(
            message,
            "delete `termination:` from its file first, if it no longer applies",
        ));
    }
    if matches!(agreement.renewal, Renewal::Auto { .. }) {
        let message = format!("`{id}` renews automatically, so its last day cannot be set");
        return Err(EditRefused::new(message, "increase `renewal.max_terms` in its file to extend it"));
    }
    let Some(last_day) = period_at(agreement, at).agreed_last_day else {
        let (message, help) = match agreement.period.end {
            PeriodEnd::Open => ("has no last day", "no change is needed"),
            _ => {
                ("has no last day yet, because it has not been activated", "change `period.term` in its file")
            }
        };
        return Err(EditRefused::new(format!("`{id}` {message}"), help));
    };
    let to = match extension {
        Extension::To(day) => Some(day),
        Extension::By(term) => last_day.tomorrow().ok().and_then(|day| term.last_day(day)),
    };
    let Some(to) = to.filter(|day| *day > last_day) else {
        let message = format!("`{id}` already lasts until {last_day}");
        return Err(EditRefused::new(
            message,
            format!("use a later day, or end it early with `servanda terminate {id} --on DAY`"),
        ));
    };
    let mut draft = subject.draft();
    for other in ["term", "open_ended"] {
        draft.remove(&subject.own(&["period", other]));
    }
    set_in_period(subject, &mut draft, "last_day", to.to_string().into())?;
    Ok(EditedFile { text: draft.write()?, note: None })
}

/// Sets a day or length of the period in the agreement's own layer.
fn set_in_period(
    subject: &EditTarget<'_>,
    draft: &mut crate::edit::Draft<'_>,
    key: &str,
    value: Value,
) -> Result<(), EditRefused> {
    if draft.value(&subject.own(&["period"])).is_none() {
        subject.put(draft, "period", json!({ key: value }))?;
    } else {
        draft.set_after(&subject.own(&["period", key]), value, &["first_day"])?;
    }
    Ok(())
}

/// Ends an agreement ahead of time: with a day, which still counts in, or at an instant. Never later than it ends now.
pub fn terminate(
    subject: &EditTarget<'_>,
    on: EffectiveFrom,
    reason: Option<&str>,
) -> Result<EditedFile, EditRefused> {
    let over_at = match on {
        EffectiveFrom::Day(day) => day.tomorrow().ok().map(|next| subject.agreement.zone.start_of(next)),
        EffectiveFrom::Instant(instant) => Some(instant),
    };
    if let Some(end) = bound(subject.agreement)
        && over_at.is_none_or(|over_at| end.at < over_at)
    {
        return Err(ends_before(subject, end));
    }
    let (key, when) = on.entry("last_day", subject);
    let mut draft = subject.draft();
    if subject.says(&["termination"]).is_some() {
        // What is written there already keeps its layout.
        draft.remove(&subject.own(&["termination", if key == "at" { "last_day" } else { "at" }]));
        draft.set_after(&subject.own(&["termination", key]), when, &[])?;
        if let Some(reason) = reason {
            draft.set(&subject.own(&["termination", "reason"]), reason.into())?;
        }
    } else {
        let mut termination = Map::from_iter([(key.to_owned(), when)]);
        termination.extend(reason.map(|reason| ("reason".to_owned(), reason.into())));
        subject.put(&mut draft, "termination", Value::Object(termination))?;
    }
    Ok(EditedFile { text: draft.write()?, note: None })
}

/// The refusal of a termination after the present end.
fn ends_before(subject: &EditTarget<'_>, end: Bound) -> EditRefused {
    let id = subject.id();
    let last_day = EffectiveFrom::Instant(end.at).last_day(subject);
    if subject.agreement.termination.as_ref().is_some_and(|termination| termination.at == end.at) {
        return EditRefused::new(
            format!("`{id}` is terminated on {last_day}, and a later day would reopen it"),
            format!(
                "delete `termination:` from its file first, or use `servanda extend {id} --to DAY` after that to make it last longer than agreed"
            ),
        );
    }
    EditRefused::new(
        format!("`{id}` ends on {last_day}, and a termination only ends it earlier"),
        format!("use `servanda extend {id} --to DAY` to make it last longer"),
    )
}

/// Lets an agreement rest from one day to another, or until somebody resumes it.
pub fn suspend(
    subject: &EditTarget<'_>,
    from: Day,
    until: Option<Day>,
    reason: Option<&str>,
) -> Result<EditedFile, EditRefused> {
    let mut rest = Map::from_iter([("from".to_owned(), from.to_string().into())]);
    rest.extend(until.map(|until| ("until".to_owned(), until.to_string().into())));
    rest.extend(reason.map(|reason| ("reason".to_owned(), reason.into())));
    add(subject, "suspensions", [Value::Object(rest)])
}

/// Ends the rest of an agreement, so that it is in force again from this day on.
pub fn resume(subject: &EditTarget<'_>, on: Day) -> Result<EditedFile, EditRefused> {
    let id = subject.id();
    let mut rests = subject.list("suspensions");
    let day = |rest: &Value, key: &str| rest[key].as_str().and_then(|text| read_day(text).ok());
    let covers = |rest: &Value| {
        day(rest, "from").is_some_and(|from| from <= on) && day(rest, "until").is_none_or(|until| on <= until)
    };
    let Some(index) = rests.iter().position(covers) else {
        let by_hand = state_at(subject.agreement, subject.agreement.zone.start_of(on)).0 == State::Suspended;
        let help = if by_hand {
            format!("its activation is manual: use `servanda activate {id} --on {on}`")
        } else {
            "run `servanda status` to see the suspended agreements".to_owned()
        };
        return Err(EditRefused::new(format!("no suspension of `{id}` covers {on}"), help));
    };
    let eve = on.yesterday().ok().filter(|eve| day(&rests[index], "from").is_some_and(|from| from <= *eve));
    let is_own = subject.says(&["suspensions"]).is_some();
    let mut draft = subject.draft();
    match eve {
        Some(eve) if is_own => {
            let path = ["suspensions", &index.to_string(), "until"];
            draft.set_after(&subject.own(&path), eve.to_string().into(), &["from"])?;
        }
        Some(eve) => {
            rests[index]["until"] = eve.to_string().into();
            subject.put(&mut draft, "suspensions", rests.into())?;
        }
        None => {
            // It would rest for no day at all.
            rests.remove(index);
            if rests.is_empty() && is_own {
                draft.remove(&subject.own(&["suspensions"]));
            } else {
                subject.put(&mut draft, "suspensions", rests.into())?;
            }
        }
    }
    Ok(EditedFile { text: draft.write()?, note: None })
}

/// Switches an agreement on by hand.
pub fn activate(subject: &EditTarget<'_>, step: ActivationStep<'_>) -> Result<EditedFile, EditRefused> {
    let id = subject.id();
    let (state, _) = state_at(subject.agreement, step.on.begins(subject));
    let rests = subject.agreement.suspensions.iter().any(|rest| {
        let day = subject.agreement.zone.day_of(step.on.begins(subject));
        rest.from <= day && rest.until.is_none_or(|until| day <= until)
    });
    match state {
        State::Active => {
            Err(EditRefused::new(format!("`{id}` is already active then"), "no change is needed"))
        }
        State::Expired | State::Terminated => Err(EditRefused::new(
            format!("`{id}` has ended by then"),
            format!("create a new agreement: `servanda new --from {id}`"),
        )),
        State::Suspended if rests => Err(EditRefused::new(
            format!("`{id}` is suspended then by `suspensions`"),
            format!("end the suspension with `servanda resume {id} --on DAY`"),
        )),
        State::Planned | State::Suspended => log(subject, "active", step),
    }
}

/// Switches an agreement off by hand: to rest, or for good.
pub fn deactivate(
    subject: &EditTarget<'_>,
    step: ActivationStep<'_>,
    is_final: bool,
) -> Result<EditedFile, EditRefused> {
    let id = subject.id();
    let (state, _) = state_at(subject.agreement, step.on.begins(subject));
    match state {
        State::Expired | State::Terminated => {
            Err(EditRefused::new(format!("`{id}` has ended by then"), "no change is needed"))
        }
        State::Planned if !is_final => Err(EditRefused::new(
            format!("`{id}` is not active then"),
            format!("to end it for good, use `servanda deactivate {id} --final`"),
        )),
        State::Suspended if !is_final => {
            Err(EditRefused::new(format!("`{id}` is already suspended then"), "no change is needed"))
        }
        State::Planned | State::Active | State::Suspended => {
            log(subject, if is_final { "ended" } else { "suspended" }, step)
        }
    }
}

/// Adds a step to the manual log; an agreement that went by its days goes by the log from then on.
fn log(subject: &EditTarget<'_>, status: &str, step: ActivationStep<'_>) -> Result<EditedFile, EditRefused> {
    let written = |status: &str, (key, when): (&str, Value)| {
        Map::from_iter([("status".to_owned(), status.into()), (key.to_owned(), when)])
    };
    let mut entry = written(status, step.on.entry("on", subject));
    entry.extend(step.reason.map(|reason| ("reason".to_owned(), reason.into())));
    entry.extend(step.by.map(|by| ("by".to_owned(), by.into())));
    let mut steps = vec![Value::Object(entry)];
    let Activation::Manual(entries) = &subject.agreement.activation else {
        // What held by date until then is kept, so that the past stays what it was.
        let begun = subject.agreement.period.first_day;
        let begun = begun.filter(|day| subject.agreement.zone.start_of(*day) < step.on.begins(subject));
        steps.splice(0..0, begun.map(|day| Value::Object(written("active", ("on", day.to_string().into())))));
        let mut draft = subject.draft();
        subject.put(&mut draft, "activation", steps.into())?;
        let note = format!(
            "`{}` was active by its dates until now; from now on its `activation` list applies, and its last day still ends it",
            subject.id()
        );
        return Ok(EditedFile { text: draft.write()?, note: Some(note) });
    };
    if let Some(last) = entries.last().filter(|last| last.at >= step.on.begins(subject)) {
        let (message, help) = match last.status {
            ActivationStatus::Ended => ("is `ended`, which is final", "create a new agreement"),
            _ => (
                "is not earlier than this one",
                "new entries go to the end of the list: use a later day, or an instant such as 2026-03-01T12:00:00+03:00",
            ),
        };
        return Err(EditRefused::new(format!("the last entry of `{}` {message}", subject.id()), help));
    }
    add(subject, "activation", steps)
}

/// Adds entries to a list of the agreement. One that the set has is copied, since lists never merge.
fn add(
    subject: &EditTarget<'_>,
    name: &str,
    entries: impl IntoIterator<Item = Value>,
) -> Result<EditedFile, EditRefused> {
    let mut draft = subject.draft();
    if subject.says(&[name]).is_some() {
        for entry in entries {
            draft.append(&subject.own(&[name]), entry)?;
        }
    } else {
        let all: Vec<Value> = subject.list(name).into_iter().chain(entries).collect();
        subject.put(&mut draft, name, all.into())?;
    }
    Ok(EditedFile { text: draft.write()?, note: None })
}
