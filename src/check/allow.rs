//! `allow:` silences a warning for one agreement, with a reason and for a time. W110 where it silences
//! nothing or its time is over; an error cannot be silenced.

use crate::calendar::{Day, read_day};
use crate::check::subject::{Places, fault_at};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::document::shape;

/// A warning that somebody decided to live with for a while.
struct Allowance<'a> {
    code: Code,
    key: &'a str,
    until: Option<Day>,
}

/// What is left of an agreement's diagnostics, and what is wrong with its allowances. Where the agreement could
/// not be made (`is_complete` says so), not every rule was asked, and none is said to be allowed in vain.
pub(super) fn silence(
    document: &shape::AgreementDocument,
    places: &dyn Places,
    today: Day,
    is_complete: bool,
    mut diagnostics: Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let Some(written) = document
        .allow
        .as_ref()
        .filter(|written| !written.is_empty())
    else {
        return diagnostics;
    };
    let mut faults = Vec::new();
    for (key, terms) in written {
        let Some(allowance) = read(places, key, terms, &mut faults) else {
            continue;
        };
        if let Some(until) = allowance.until.filter(|until| *until < today) {
            let message = format!("the allowance of {} has run out on {until}", allowance.code);
            faults.push(
                fault_at(
                    places,
                    Code::W110,
                    &["allow", allowance.key, "until"],
                    message,
                )
                .help("take it out, or write a later day if the reason still holds"),
            );
            continue;
        }
        let before = diagnostics.len();
        diagnostics.retain(|diagnostic| diagnostic.code != allowance.code);
        // An inherited allowance is for whichever of the heirs needs it.
        let is_own = places
            .value(&["allow", key])
            .is_none_or(|place| places.is_own(place));
        if diagnostics.len() == before && is_complete && is_own && is_judged_here(allowance.code) {
            let message = format!("there is no {} to allow", allowance.code);
            faults.push(
                fault_at(places, Code::W110, &["allow", allowance.key], message)
                    .help("take it out"),
            );
        }
    }
    diagnostics.extend(faults);
    diagnostics
}

/// Whether this stage would have said it; others come earlier and are not known here.
fn is_judged_here(code: Code) -> bool {
    !matches!(code, Code::W107 | Code::W108)
}

fn read<'a>(
    places: &dyn Places,
    key: &'a str,
    terms: &shape::Allowance,
    faults: &mut Vec<Diagnostic>,
) -> Option<Allowance<'a>> {
    let path = ["allow", key];
    let place = places.name(&path).unwrap_or_else(|| places.whole());
    let Some(code) = Code::find(key) else {
        let known = Code::ALL
            .iter()
            .filter(|code| code.severity() == Severity::Warning)
            .map(|code| code.as_str());
        let help = crate::ident::nearest(key, known).map_or_else(
            || "`servanda explain --list` shows every rule".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        faults.push(
            Diagnostic::new(Code::E101, place, format!("no rule is called `{key}`")).help(help),
        );
        return None;
    };
    if code.severity() == Severity::Error {
        let message = format!("{code} is an error, and an error cannot be allowed");
        faults.push(
            Diagnostic::new(Code::E009, place, message)
                .help("put right what it is about; only warnings, W…, can be silenced"),
        );
        return None;
    }
    if terms.reason.is_none() {
        let fault = fault_at(
            places,
            Code::E109,
            &path,
            "the allowance gives no reason".to_owned(),
        );
        faults.push(fault.help("write `reason:` for those who read it later"));
    }
    let until = match terms.until.as_deref().map(read_day) {
        Some(Ok(day)) => Some(day),
        Some(Err(misread)) => {
            let place = places.value(&["allow", key, "until"]).unwrap_or(place);
            faults.push(Diagnostic::new(Code::E203, place, misread.message).help(misread.help));
            None
        }
        None => {
            let fault = fault_at(
                places,
                Code::E109,
                &path,
                "the allowance has no end".to_owned(),
            );
            faults.push(
                fault.help("write `until: 2026-12-01`, the last day on which the rule is silent"),
            );
            None
        }
    };
    Some(Allowance { code, key, until })
}
