//! Adds results to the report.

use servanda::render::conformance::ConformanceCheck;

use super::probe::Flaw;

/// Adds the result of a check, and returns its value if it passed.
pub(super) fn entered<T>(
    checks: &mut Vec<ConformanceCheck>,
    name: &'static str,
    result: Result<T, Flaw>,
) -> Option<T> {
    match result {
        Ok(value) => {
            checks.push(ConformanceCheck { check: name, fault: None, exchange: None });
            Some(value)
        }
        Err(flaw) => {
            checks.push(ConformanceCheck { check: name, fault: Some(flaw.why), exchange: flaw.exchange });
            None
        }
    }
}

/// Adds the result of a check.
pub(super) fn enter<T>(checks: &mut Vec<ConformanceCheck>, name: &'static str, result: Result<T, Flaw>) {
    entered(checks, name, result);
}
