//! Parses the values of switches: days, instants, lengths of time, acknowledgements. An error explains how to write the value.

use std::time::Duration;

use servanda::author::EffectiveFrom;
use servanda::calendar::{Day, InvalidValue, Lead, TargetTime, Term, read_day, read_instant};
use servanda::guard::{Acknowledgement, Acknowledgements, read_acknowledgement};
use servanda::plan::GuardName;
use servanda::status::State;

use crate::process::failure::Failure;

/// Parses a day.
pub(crate) fn day(text: &str) -> Result<Day, String> {
    read_day(text).map_err(|misread| one_line(&misread))
}

/// Parses the length of a period, such as `1y` or `6mo`.
pub(crate) fn term(text: &str) -> Result<Term, String> {
    Term::read(text).map_err(|misread| one_line(&misread))
}

/// Parses a number of days, such as `60d`.
pub(crate) fn lead(text: &str) -> Result<Lead, String> {
    Lead::read(text).map_err(|misread| one_line(&misread))
}

/// Parses a day or an instant.
pub(crate) fn moment(text: &str) -> Result<EffectiveFrom, String> {
    if text.contains('T') {
        read_instant(text).map(EffectiveFrom::Instant)
    } else {
        read_day(text).map(EffectiveFrom::Day)
    }
    .map_err(|misread| one_line(&misread))
}

/// Parses a name and a value, such as `main=office@client.example`.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    pair.ok_or_else(|| "write a name, `=` and a value".to_owned())
}

/// Parses a status.
pub(crate) fn state(text: &str) -> Result<State, String> {
    let found = State::ALL.into_iter().find(|state| state.as_str() == text);
    found.ok_or_else(|| format!("write {}", State::ALL.map(State::as_str).join(", ")))
}

/// Parses a waiting time, such as `30s` or `10m`; `0s` is none.
pub(crate) fn waiting_time(text: &str) -> Result<Duration, String> {
    match TargetTime::read(text) {
        Ok(TargetTime::Seconds(seconds)) => Ok(Duration::from_secs(seconds.into())),
        _ if text == "0s" => Ok(Duration::ZERO),
        _ => Err("write a length of time such as 30s or 10m".to_owned()),
    }
}

/// Parses an acknowledgement, such as `weakened=2` or `moscow/weakened=2`.
pub(crate) fn acknowledgement(text: &str) -> Result<Acknowledgement, String> {
    read_acknowledgement(text).ok_or_else(|| {
        let guards = GuardName::ALL.map(|guard| format!("{}=N", guard.as_str())).join(", ");
        format!(
            "write one of {guards}, with the number that the plan shows; of one of several helpdesks, NAME/weakened=N"
        )
    })
}

/// Collects acknowledgements. Refuses two different numbers for one guard of one helpdesk.
pub(crate) fn acknowledgements(typed: &[Acknowledgement]) -> Result<Acknowledgements, Failure> {
    let mut all = Acknowledgements::new();
    for held in typed {
        let numbers = all.entry((held.helpdesk.clone(), held.guard)).or_default();
        numbers.insert(held.count);
        if numbers.len() > 1 {
            return Err(Failure::usage("`--accept` has two numbers for one guard", "pass each guard once"));
        }
    }
    Ok(all)
}

/// The error and its help in one line.
pub(crate) fn one_line(misread: &InvalidValue) -> String {
    format!("{}; {}", misread.message, misread.help)
}

#[cfg(test)]
mod tests {
    use servanda::ident::HelpdeskName;
    use servanda::plan::GuardName;

    use super::{Acknowledgement, acknowledgement, acknowledgements};

    #[test]
    fn a_guard_is_acknowledged_by_its_exact_number() {
        let held = |helpdesk: &str, count| Acknowledgement {
            helpdesk: HelpdeskName::new(helpdesk),
            guard: GuardName::Weakened,
            count,
        };
        assert_eq!(acknowledgement("weakened=2"), Ok(held("", 2)));
        assert_eq!(acknowledgement("moscow/weakened=2"), Ok(held("moscow", 2)));
        for bad in [
            "weakened",
            "weakened=",
            "weakened=-1",
            "all=2",
            "=2",
            "weakened=2.0",
            "/weakened=2",
            "A/weakened=2",
        ] {
            let error = acknowledgement(bad).expect_err(bad);
            assert!(GuardName::ALL.iter().all(|guard| error.contains(guard.as_str())), "{error}");
        }
        assert!(acknowledgements(&[held("", 2), held("", 3)]).is_err());
    }
}
