//! `allow:` silences a rule for one agreement, with a reason, and a warning for a time. W110 where it silences
//! nothing or its time is over. Of the errors only those can be silenced that may be intended.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::{Day, read_day};
use crate::check::subject::{Places, fault_at};
use crate::diagnostic::{Code, Diagnostic, Severity, Span};
use crate::document::shape;

/// A rule that somebody decided to live with.
struct ActiveAllowance {
    code: Code,
    until: Option<Day>,
}

/// An allowance, whether it silenced anything, and the warning if it did not. The entries of a set
/// share those of their file.
pub(super) struct AllowanceUse {
    /// Where the allowance is written.
    pub(super) place: Span,
    /// Whether it silenced anything.
    pub(super) silenced: bool,
    /// W110, for when it did not.
    pub(super) idle: Diagnostic,
}

/// The remaining diagnostics of an agreement, and the use of each of its allowances. Where the agreement could
/// not be made (`is_complete` says so), not every rule was asked, and none is said to be allowed in vain.
pub(super) fn silence(
    written: &BTreeMap<String, shape::AllowanceShape>,
    places: &dyn Places,
    today: Day,
    is_complete: bool,
    mut diagnostics: Vec<Diagnostic>,
) -> (Vec<Diagnostic>, Vec<AllowanceUse>) {
    let (mut faults, mut uses) = (Vec::new(), Vec::new());
    for (key, terms) in written {
        let Some(allowance) = read(places, key, terms, &mut faults) else {
            continue;
        };
        if let Some(until) = allowance.until.filter(|until| *until < today) {
            let message = format!("the allowance of {} expired on {until}", allowance.code);
            let fault = fault_at(places, Code::W110, &["allow", key, "until"], message);
            faults.push(fault.help("delete it, or use a later day if the reason still applies"));
            continue;
        }
        let before = diagnostics.len();
        diagnostics.retain(|diagnostic| diagnostic.code != allowance.code || !diagnostic.may_be_allowed);
        let place = places.name(&["allow", key]).unwrap_or_else(|| places.whole());
        let message = format!("the allowance of {} is unused", allowance.code);
        // W213 needs a comparison with a base, which this stage does not have.
        let silenced = diagnostics.len() < before || !is_complete || allowance.code == Code::W213;
        uses.push(AllowanceUse {
            place,
            silenced,
            idle: Diagnostic::new(Code::W110, place, message).help("delete it"),
        });
    }
    diagnostics.extend(faults);
    (diagnostics, uses)
}

/// W110 for allowances that are unused.
pub(super) fn idle(uses: Vec<AllowanceUse>) -> Vec<Diagnostic> {
    let useful: BTreeSet<Span> = uses.iter().filter(|of| of.silenced).map(|of| of.place).collect();
    uses.into_iter().filter(|of| !useful.contains(&of.place)).map(|of| of.idle).collect()
}

fn read(
    places: &dyn Places,
    key: &str,
    terms: &shape::AllowanceShape,
    faults: &mut Vec<Diagnostic>,
) -> Option<ActiveAllowance> {
    let path = ["allow", key];
    let place = places.name(&path).unwrap_or_else(|| places.whole());
    let Some(code) = Code::find(key) else {
        let known = Code::ALL.iter().filter(|code| code.may_be_allowed()).map(|code| code.as_str());
        let near = crate::ident::nearest(key, known);
        let help = near.map_or_else(
            || "use the code that the message shows, such as W306".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let fault = Diagnostic::new(Code::E101, place, format!("unknown rule `{key}`")).help(help);
        faults.push(fault.maybe_meant(place, key, near));
        return None;
    };
    if !code.may_be_allowed() {
        let message = format!("{code} is an error that cannot be silenced");
        faults.push(
            Diagnostic::new(Code::E009, place, message)
                .help("fix the error; only warnings (W…), E103 and E309 can be silenced"),
        );
        return None;
    }
    if terms.reason.is_none() {
        let fault = fault_at(places, Code::E109, &path, "`reason` is missing".to_owned());
        faults.push(fault.help("add `reason:`, the reason why it is acceptable"));
    }
    let until = match terms.until.as_deref().map(read_day) {
        Some(Ok(day)) => Some(day),
        Some(Err(misread)) => {
            let place = places.value(&["allow", key, "until"]).unwrap_or(place);
            faults.push(Diagnostic::new(Code::E203, place, misread.message).help(misread.help));
            None
        }
        // The end of an allowed error would stop every run on that day, so it may have none.
        None if code.severity() == Severity::Error => None,
        None => {
            let fault = fault_at(places, Code::E109, &path, "`until` is missing".to_owned());
            faults.push(fault.help("add `until: 2026-12-01`, the last day on which the warning is silenced"));
            None
        }
    };
    Some(ActiveAllowance { code, until })
}
