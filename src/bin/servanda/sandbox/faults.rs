//! A fault script: which requests fail, and how. The same requests in the same order get the same faults.
//!
//! Decides how a request is handled; `routes` does it.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::request::Operation;

/// One fault and the requests that it matches.
///
/// Each fault counts its own matching requests, from 1.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Matches only requests of this operation.
    #[serde(default, alias = "verb")]
    pub(crate) operation: Option<Operation>,
    /// Matches only requests for this class or UUID: `agreement` matches `agreement$agreement` and `agreement$7`.
    #[serde(default)]
    pub(crate) target: Option<String>,
    /// Matches only requests whose address or body contains this text. It keeps a script deterministic when
    /// requests run concurrently.
    #[serde(default)]
    pub(crate) containing: Option<String>,
    /// The first matching request at which the fault occurs.
    #[serde(default = "first")]
    pub(crate) at: u64,
    /// At how many matching requests in a row it occurs; null means all further ones.
    #[serde(default = "once")]
    pub(crate) times: Option<u64>,
    /// The effect on the request.
    pub(crate) effect: FaultEffect,
}

/// The effect of a fault on a request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum FaultEffect {
    /// An intermediary responds.
    Answer(SubstituteResponse),
    /// The request is executed; the headers and half of the body arrive, then the connection ends.
    CutBody,
    /// No response comes until the sandbox stops.
    Silence {
        /// Whether the request is executed.
        done: bool,
    },
    /// The connection ends without a response.
    Drop {
        /// Whether the request is executed.
        done: bool,
    },
    /// The request first waits this many milliseconds.
    Delay(u64),
    /// A script of the tenant replaces the written value of one attribute.
    Alter {
        /// The code of the attribute.
        attribute: String,
        /// Its new value, in the form of the wire.
        to: Value,
    },
    /// A person edits an object just before the request.
    Meanwhile(ConcurrentEdit),
    /// The access key is no longer valid.
    ExpireKey,
    /// The request is executed, and the response names this other object.
    NameAnother(String),
    /// The request is executed twice, as if an intermediary or another run had sent it too. The second response counts.
    Twice,
}

/// The response of an intermediary such as a proxy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubstituteResponse {
    /// The status.
    pub(crate) status: u16,
    /// The body.
    #[serde(default)]
    pub(crate) body: String,
    /// The content type; plain text if absent.
    #[serde(default)]
    pub(crate) content_type: Option<String>,
    /// The `Retry-After` header.
    #[serde(default)]
    pub(crate) retry_after: Option<RetryAfter>,
    /// Whether the request is executed.
    #[serde(default)]
    pub(crate) done: bool,
}

/// The two forms of `Retry-After`, both given in seconds from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RetryAfter {
    /// A number of seconds.
    Seconds(u32),
    /// A date, by the sandbox's own clock.
    Date(u32),
}

/// An edit by a person during a run.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConcurrentEdit {
    /// The UUID of the object; the requested one if absent.
    #[serde(default)]
    pub(crate) object: Option<String>,
    /// The written attributes.
    pub(crate) attributes: Map<String, Value>,
    /// The person's name.
    pub(crate) who: String,
}

fn first() -> u64 {
    1
}

#[expect(clippy::unnecessary_wraps, reason = "serde asks for the field's own type")]
fn once() -> Option<u64> {
    Some(1)
}

/// The way a request is handled after all faults that occur at it were applied.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RequestHandling {
    /// The number of the request, from 1.
    pub(super) number: u64,
    /// The time the request waits first, in milliseconds.
    pub(super) delay: u64,
    /// Edits by people before the request.
    pub(super) concurrent_edits: Vec<ConcurrentEdit>,
    /// Values that replace the sent ones, by attribute.
    pub(super) altered_values: Map<String, Value>,
    /// Whether the access key is no longer valid.
    pub(super) key_expired: bool,
    /// The UUID in the response in place of the right one.
    pub(super) named: Option<String>,
    /// Whether the request is executed twice.
    pub(super) is_doubled: bool,
    /// The way the request ends.
    pub(super) ending: RequestEnding,
}

/// The way a request ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum RequestEnding {
    /// With the regular response.
    #[default]
    Answered,
    /// With a substitute response.
    Substituted(SubstituteResponse),
    /// With half of the regular response.
    Cut,
    /// With a closed connection instead of a response.
    Dropped {
        /// Whether the request is executed.
        done: bool,
    },
    /// Without a response until the sandbox stops.
    Silent {
        /// Whether the request is executed.
        done: bool,
    },
}

/// The faults of a script, each with the number of matching requests so far.
#[derive(Debug, Default)]
pub(super) struct FaultScript(Vec<(Fault, u64)>);

impl FaultScript {
    /// A script of which no fault occurred yet.
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self(faults.into_iter().map(|fault| (fault, 0)).collect())
    }

    /// Applies all faults that occur at a request. If two of them would end it differently, the first one applies.
    pub(super) fn apply(
        &mut self,
        number: u64,
        operation: Operation,
        target: &str,
        text: impl Fn() -> String,
    ) -> RequestHandling {
        let mut handling = RequestHandling { number, ..RequestHandling::default() };
        for (fault, matched) in &mut self.0 {
            if !fault.matches(operation, target, &text) {
                continue;
            }
            *matched += 1;
            let occurs = *matched >= fault.at && fault.times.is_none_or(|times| *matched - fault.at < times);
            if occurs {
                handling.add(fault.effect.clone());
            }
        }
        handling
    }
}

impl Fault {
    fn matches(&self, operation: Operation, target: &str, text: impl Fn() -> String) -> bool {
        let of_class = |wanted: &String| {
            target == wanted || target.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('$'))
        };
        self.operation.is_none_or(|wanted| wanted == operation)
            && self.target.as_ref().is_none_or(of_class)
            && self.containing.as_ref().is_none_or(|part| text().contains(part))
    }
}

impl RequestHandling {
    fn add(&mut self, effect: FaultEffect) {
        let ending = match effect {
            FaultEffect::Delay(milliseconds) => return self.delay += milliseconds,
            FaultEffect::Meanwhile(edit) => return self.concurrent_edits.push(edit),
            FaultEffect::ExpireKey => return self.key_expired = true,
            FaultEffect::NameAnother(uuid) => return self.named = Some(uuid),
            FaultEffect::Twice => return self.is_doubled = true,
            FaultEffect::Alter { attribute, to } => {
                self.altered_values.insert(attribute, to);
                return;
            }
            FaultEffect::Answer(response) => RequestEnding::Substituted(response),
            FaultEffect::CutBody => RequestEnding::Cut,
            FaultEffect::Silence { done } => RequestEnding::Silent { done },
            FaultEffect::Drop { done } => RequestEnding::Dropped { done },
        };
        if self.ending == RequestEnding::Answered {
            self.ending = ending;
        }
    }

    /// Whether the request is executed.
    pub(super) fn is_executed(&self) -> bool {
        match self.ending {
            RequestEnding::Answered | RequestEnding::Cut => true,
            RequestEnding::Substituted(ref response) => response.done,
            RequestEnding::Dropped { done } | RequestEnding::Silent { done } => done,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Fault, FaultEffect, FaultScript, RequestEnding};
    use crate::sandbox::request::Operation;

    fn occurrences(fault: Fault, requests: &[(Operation, &str, &str)]) -> Vec<usize> {
        let mut script = FaultScript::new(vec![fault]);
        let mut occurs = |(operation, target, text): &(Operation, &str, &str)| {
            script.apply(1, *operation, target, || (*text).to_owned()).ending != RequestEnding::Answered
        };
        let numbered = requests.iter().enumerate();
        numbered.filter(|(_, request)| occurs(request)).map(|(index, _)| index).collect()
    }

    #[test]
    fn a_fault_counts_only_the_requests_that_it_matches() {
        let requests = [
            (Operation::Find, "agreement", ""),
            (Operation::Edit, "agreement$1", "{a}"),
            (Operation::Edit, "agreementRule$1", "{b}"),
            (Operation::Edit, "agreement$2", "{b}"),
            (Operation::Edit, "agreement$1", "{a}"),
        ];
        let fault = || Fault::new(FaultEffect::CutBody);
        assert_eq!(occurrences(fault(), &requests), [0]);
        assert_eq!(occurrences(fault().on(Operation::Edit).at(2), &requests), [2]);
        assert_eq!(occurrences(fault().of("agreement").at(2).times(2), &requests), [1, 3]);
        assert_eq!(occurrences(fault().of("agreement$1").for_good(), &requests), [1, 4]);
        assert_eq!(occurrences(fault().containing("{b}").at(2).for_good(), &requests), [3]);
    }

    #[test]
    fn the_first_ending_of_a_script_applies_and_delays_add_up() {
        let mut script = FaultScript::new(vec![
            Fault::new(FaultEffect::Delay(2)),
            Fault::new(FaultEffect::Drop { done: true }),
            Fault::new(FaultEffect::Delay(3)),
            Fault::new(FaultEffect::CutBody),
        ]);
        let handling = script.apply(1, Operation::Get, "", String::new);
        assert_eq!((handling.delay, handling.ending), (5, RequestEnding::Dropped { done: true }));
    }

    #[test]
    fn a_script_is_parsed_from_json_and_unknown_names_are_errors() {
        let script = json!([
            { "effect": "cut_body" },
            { "operation": "create", "at": 2, "effect": { "drop": { "done": true } } },
            { "at": 10, "times": null, "effect": "expire_key" },
            { "verb": "find", "times": 3,
              "effect": { "answer": { "status": 429, "retry_after": { "seconds": 1 } } } },
            { "containing": "sv:a", "effect": { "alter": { "attribute": "title", "to": "x" } } },
            { "target": "agreement$7", "effect": { "meanwhile": { "attributes": { "title": "y" }, "who": "Анна" } } },
            { "effect": { "delay": 5 } },
        ]);
        let parsed: Vec<Fault> = serde_json::from_value(script).expect("a script");
        assert_eq!(parsed[0], Fault::new(FaultEffect::CutBody));
        assert_eq!(parsed[1], Fault::new(FaultEffect::Drop { done: true }).on(Operation::Create).at(2));
        assert_eq!(parsed[2], Fault::new(FaultEffect::ExpireKey).at(10).for_good());
        for wrong in [
            json!([{ "efect": "cut_body" }]),
            json!([{ "effect": "cut_head" }]),
            json!([{ "effect": "cut_body", "verb": "put" }]),
        ] {
            assert!(serde_json::from_value::<Vec<Fault>>(wrong).is_err());
        }
    }
}
