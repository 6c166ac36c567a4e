//! The few places of an agreement that later rules point at, kept when the tree of its file is gone.

use std::collections::BTreeMap;

use crate::check::subject::Places;
use crate::diagnostic::Span;
use crate::document::shape;

/// The paths that rules over several agreements point at.
const PATHS: [&[&str]; 10] = [
    &["client"],
    &["number"],
    &["period"],
    &["period", "first_day"],
    &["period", "last_day"],
    &["period", "term"],
    &["recipients"],
    &["renews"],
    &["services"],
    &["termination"],
];

/// The places of one agreement.
#[derive(Clone, Debug)]
pub(super) struct KeptPlaces {
    whole: Span,
    /// The value at each of [`PATHS`], or at the nearest part of it that was written.
    values: [Option<Span>; PATHS.len()],
    /// Its allowances, which are few.
    allowances: Box<[KeptAllowance]>,
}

/// The places of one entry of `allow`.
#[derive(Clone, Debug)]
struct KeptAllowance {
    rule: Box<str>,
    name: Option<Span>,
    value: Option<Span>,
    until: Option<Span>,
}

impl KeptPlaces {
    /// Keeps the places of an agreement with these allowances.
    pub(super) fn of(places: &dyn Places, allowances: &BTreeMap<String, shape::AllowanceShape>) -> Self {
        let allowance = |rule: &String| KeptAllowance {
            rule: rule.as_str().into(),
            name: places.name(&["allow", rule]),
            value: places.value(&["allow", rule]),
            until: places.value(&["allow", rule, "until"]),
        };
        Self {
            whole: places.whole(),
            values: PATHS.map(|path| places.value(path)),
            allowances: allowances.keys().map(allowance).collect(),
        }
    }

    fn allowance(&self, rule: &str) -> Option<&KeptAllowance> {
        self.allowances.iter().find(|kept| &*kept.rule == rule)
    }
}

impl Places for KeptPlaces {
    fn whole(&self) -> Span {
        self.whole
    }

    fn value(&self, path: &[&str]) -> Option<Span> {
        match path {
            ["allow", rule] => self.allowance(rule)?.value,
            ["allow", rule, "until"] => self.allowance(rule)?.until,
            _ => {
                let kept = PATHS.iter().position(|kept| *kept == path);
                debug_assert!(kept.is_some(), "a rule points at {path:?}, whose place is not kept");
                self.values[kept?]
            }
        }
    }

    fn name(&self, path: &[&str]) -> Option<Span> {
        match path {
            ["allow", rule] => self.allowance(rule)?.name,
            _ => self.value(path),
        }
    }
}
