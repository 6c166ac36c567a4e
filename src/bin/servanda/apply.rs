//! A plan is carried out: each object is read again, each step is one request, each fate is journalled.
//!
//! Nothing is decided here that the plan does not say. What cannot be told for sure after a lost answer is
//! looked up, and reported as unknown where a look does not settle it.

use std::collections::BTreeMap;

use servanda::ident::{AgreementId, LiveId};
use servanda::live::{LiveAgreement, Observed, Value};
use servanda::mapping::Field;
use servanda::outcome::{Failure, Fate, NotTried, Outcome};
use servanda::plan::{Change, Plan, Step};

use crate::helpdesk::{Reader, WriteError, Writer};
use crate::journal::Journal;

/// Where an apply says how far it is.
pub(crate) trait Progress {
    /// A change is being carried out.
    fn begin(&mut self, change: &Change);
    /// A change has met its fate.
    fn end(&mut self, change: &Change, fate: &Fate);
}

/// Whether somebody asked the run to stop; checked between requests.
pub(crate) type Stop = tokio::sync::watch::Receiver<bool>;

/// Carries the plan out, change by change in its order. Independent changes go on when one fails.
///
/// The credentials being refused ends the run at once, since every further request would be refused too.
pub(crate) async fn apply<R: Reader, W: Writer>(
    plan: &Plan,
    reader: &R,
    writer: &W,
    journal: &mut Journal,
    progress: &mut impl Progress,
    stop: &Stop,
) -> Result<Outcome, crate::failure::Failure> {
    let mut outcome = Outcome::default();
    let mut refused = None;
    for change in &plan.changes {
        let fate = if *stop.borrow() || refused.is_some() {
            Fate::NotTried(NotTried::Stopped)
        } else if let Some(awaited) = unconfirmed(change, &outcome) {
            Fate::NotTried(NotTried::Waits(awaited))
        } else {
            progress.begin(change);
            journal.begin(change)?;
            let mut attempt = Attempt { change, reader, writer, journal: &mut *journal };
            let fate = attempt.run().await;
            fate.unwrap_or_else(|(error, failure)| {
                refused = matches!(error, Trouble::Credentials).then(|| failure.message.clone());
                Fate::Failed(failure)
            })
        };
        journal.end(change, &fate)?;
        progress.end(change, &fate);
        outcome.fates.insert(change.id.clone(), fate);
    }
    match refused {
        Some(message) => Err(crate::failure::Failure::credentials(&message)),
        None => Ok(outcome),
    }
}

/// The first change that this one waits for and that was not carried out.
fn unconfirmed(change: &Change, outcome: &Outcome) -> Option<AgreementId> {
    let is_done = |id: &&AgreementId| !matches!(outcome.fates.get(*id), Some(Fate::Done { .. }));
    change.after.iter().find(is_done).cloned()
}

/// What is wrong beyond one change.
enum Trouble {
    /// Only this change is affected.
    Local,
    /// Every further request would be refused too.
    Credentials,
}

struct Attempt<'a, R, W> {
    change: &'a Change,
    reader: &'a R,
    writer: &'a W,
    journal: &'a mut Journal,
}

impl<R: Reader, W: Writer> Attempt<'_, R, W> {
    async fn run(&mut self) -> Result<Fate, (Trouble, Failure)> {
        let failure = |step: usize, message: String| Failure { step, message };
        match self.is_as_planned().await {
            Ok(true) => {}
            Ok(false) => return Ok(Fate::Stale),
            Err((trouble, message)) => return Err((trouble, failure(0, message))),
        }
        let mut object = self.change.object.clone();
        let mut altered = Vec::new();
        for (number, step) in self.change.steps.iter().enumerate() {
            match self.writer.perform(&self.change.id, object.as_ref(), step).await {
                Ok(done) => {
                    altered.extend(done.altered);
                    object = Some(done.object);
                }
                Err(WriteError::Ambiguous(message)) => match self.settle(object.as_ref(), step).await {
                    Some(found) => object = Some(found),
                    None => return Ok(Fate::Unknown(failure(number, message))),
                },
                Err(WriteError::Credentials(message)) => {
                    return Err((Trouble::Credentials, failure(number, message)));
                }
                Err(WriteError::Refused(message) | WriteError::NotSent(message)) => {
                    return Err((Trouble::Local, failure(number, message)));
                }
            }
            self.journal
                .step(self.change, number)
                .map_err(|error| (Trouble::Local, failure(number, error.message)))?;
        }
        let object = object.expect("a change that creates nothing has an object from the start");
        Ok(Fate::Done { object, altered })
    }

    /// Whether the live object is still the one that the plan was made from.
    async fn is_as_planned(&self) -> Result<bool, (Trouble, String)> {
        let observed = match &self.change.object {
            Some(object) => self.reader.get(object).await,
            None => self.reader.find(&self.change.id).await,
        };
        match observed {
            Ok(Observed::Present(found)) => Ok(self.change.before == Some(found.digest())),
            Ok(Observed::Absent) => Ok(self.change.before.is_none()),
            Ok(Observed::Unknown(why)) => Err((Trouble::Local, why)),
            Err(error) => {
                let trouble = if error.is_credentials() { Trouble::Credentials } else { Trouble::Local };
                Err((trouble, error.to_string()))
            }
        }
    }

    /// After a lost answer: the object, if a look shows that the step took effect.
    async fn settle(&self, object: Option<&LiveId>, step: &Step) -> Option<LiveId> {
        let observed = match object {
            Some(object) => self.reader.get(object).await,
            None => self.reader.find(&self.change.id).await,
        };
        match observed {
            Ok(Observed::Present(found)) if took_effect(step, &found) => Some(found.object),
            _ => None,
        }
    }
}

/// Whether the object looks as the step leaves it.
fn took_effect(step: &Step, found: &LiveAgreement) -> bool {
    let holds = |fields: &BTreeMap<Field, Value>| {
        fields.iter().all(|(field, value)| found.record.fields.get(field).unwrap_or(&Value::Nothing) == value)
    };
    match step {
        Step::Create { fields } => holds(fields),
        Step::Edit { fields, state, .. } => {
            holds(fields) && state.as_ref().is_none_or(|state| *state == found.record.state)
        }
        Step::PutRule { key, promise, .. } => match found.record.fields.get(&Field::Targets) {
            Some(Value::Targets(targets)) => targets.get(key) == Some(promise),
            _ => false,
        },
        Step::DropRule { key, .. } => !found.rules.contains_key(key),
        Step::Link { unit } => recipients(found).is_some_and(|units| units.contains(unit)),
        Step::Unlink { unit } => recipients(found).is_none_or(|units| !units.contains(unit)),
        Step::Archive => found.archived,
        Step::Restore => !found.archived,
    }
}

fn recipients(found: &LiveAgreement) -> Option<&std::collections::BTreeSet<LiveId>> {
    match found.record.fields.get(&Field::Recipients) {
        Some(Value::References(units)) => Some(units),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
