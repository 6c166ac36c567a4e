//! A script of what goes wrong, by the request it goes wrong at: the same script fails the same way each time.
//!
//! Turns an arriving request into the course that it takes. Carries nothing out itself.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::request_log::Verb;

/// One thing that goes wrong, and at which requests.
///
/// Each fault counts for itself the requests that it fits, from one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Only requests of this verb.
    #[serde(default)]
    pub(crate) verb: Option<Verb>,
    /// Only requests for this class or UUID: `agreement` fits `agreement$agreement` and `agreement$7`.
    #[serde(default)]
    pub(crate) target: Option<String>,
    /// Only requests whose address or body contains this text. Under load, where requests overtake one
    /// another, this is what keeps a script deterministic.
    #[serde(default)]
    pub(crate) containing: Option<String>,
    /// The first of the fitting requests that it strikes.
    #[serde(default = "first")]
    pub(crate) at: u64,
    /// How many it strikes from there; null is all of them.
    #[serde(default = "once")]
    pub(crate) times: Option<u64>,
    /// What happens.
    pub(crate) effect: Effect,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {
    /// Something in between answers, and the helpdesk does nothing.
    Answer(Instead),
    /// The helpdesk does its work; headers and half of the body arrive, then the connection ends.
    CutBody,
    /// No answer ever comes; the work is done before, or not at all.
    Silence {
        /// Whether the work is done.
        done: bool,
    },
    /// The connection ends without an answer; the work is done before, or not at all.
    Drop {
        /// Whether the work is done.
        done: bool,
    },
    /// The request waits this many milliseconds first.
    Delay(u64),
    /// A script of the tenant writes another value than the one that was sent.
    Alter {
        /// The attribute.
        attribute: String,
        /// Its value, in the form of the wire.
        to: Value,
    },
    /// A person edits an object just before.
    Meanwhile(Meanwhile),
    /// The access key is not known any more.
    ExpireKey,
}

/// An answer that does not come from the helpdesk.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Instead {
    /// The status.
    pub(crate) status: u16,
    /// The body.
    #[serde(default)]
    pub(crate) body: String,
    /// The content type; plain text where there is none.
    #[serde(default)]
    pub(crate) content_type: Option<String>,
    /// When to come again.
    #[serde(default)]
    pub(crate) retry_after: Option<RetryAfter>,
}

/// The two forms of `Retry-After`, both given in seconds from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RetryAfter {
    /// As a number of seconds.
    Seconds(u32),
    /// As a date, by the helpdesk's own clock.
    Date(u32),
}

/// An edit by a person at the screen.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Meanwhile {
    /// The UUID of the object; the one that the request is for where there is none.
    #[serde(default)]
    pub(crate) object: Option<String>,
    /// What is written.
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

impl Fault {
    /// A fault at the first request of all; narrow it with the other functions.
    pub(crate) fn new(effect: Effect) -> Self {
        Self { verb: None, target: None, containing: None, at: first(), times: once(), effect }
    }

    /// Only at requests of this verb.
    pub(crate) fn on(mut self, verb: Verb) -> Self {
        self.verb = Some(verb);
        self
    }

    /// Only at requests for this class or UUID.
    pub(crate) fn of(mut self, target: &str) -> Self {
        self.target = Some(target.to_owned());
        self
    }

    /// Only at requests whose address or body contains this text.
    pub(crate) fn about(mut self, text: &str) -> Self {
        self.containing = Some(text.to_owned());
        self
    }

    /// At the n-th of the fitting requests, from one.
    pub(crate) fn at(mut self, number: u64) -> Self {
        self.at = number;
        self
    }

    /// At this many of them in a row.
    pub(crate) fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// At all of them from there.
    pub(crate) fn for_good(mut self) -> Self {
        self.times = None;
        self
    }
}

impl Effect {
    /// 429 with a time to come again.
    pub(crate) fn too_many(retry_after: Option<RetryAfter>) -> Self {
        Self::Answer(Instead {
            status: 429,
            body: "Too Many Requests".to_owned(),
            content_type: None,
            retry_after,
        })
    }

    /// A status with the HTML page of a proxy: 502, 503, or 200 as some of them have it.
    pub(crate) fn html(status: u16) -> Self {
        Self::Answer(Instead {
            status,
            body: format!("<html><body><h1>{status}</h1><hr>nginx</body></html>"),
            content_type: Some("text/html".to_owned()),
            retry_after: None,
        })
    }

    /// A status with a plain text.
    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::Answer(Instead { status, body: body.to_owned(), content_type: None, retry_after: None })
    }
}

/// How a request is dealt with, once all faults that strike it are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Course {
    /// The number of the request, from one.
    pub(crate) number: u64,
    /// How long it waits first, in milliseconds.
    pub(crate) delay: u64,
    /// Who edits what before it.
    pub(crate) meanwhile: Vec<Meanwhile>,
    /// Values that are written in place of those that were sent.
    pub(crate) alter: Map<String, Value>,
    /// Whether its key is not known any more.
    pub(crate) key_expired: bool,
    /// How it ends.
    pub(crate) ending: Ending,
}

/// How a request ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With the helpdesk's answer.
    #[default]
    Answered,
    /// With another answer, and nothing done.
    Instead(Instead),
    /// With half of the helpdesk's answer.
    Cut,
    /// With none, and an ended connection.
    Dropped {
        /// Whether the work is done.
        done: bool,
    },
    /// With none, ever.
    Silent {
        /// Whether the work is done.
        done: bool,
    },
}

/// The script, with how many fitting requests each of its faults has seen.
#[derive(Debug, Default)]
pub(crate) struct Script(Vec<(Fault, u64)>);

impl Script {
    /// A script of which nothing has happened yet.
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self(faults.into_iter().map(|fault| (fault, 0)).collect())
    }

    /// The course of a request. Of two faults that would end it differently, the first of the script holds.
    pub(crate) fn course(&mut self, number: u64, verb: Verb, target: &str, text: &str) -> Course {
        let mut course = Course { number, ..Course::default() };
        for (fault, seen) in &mut self.0 {
            if !fault.fits(verb, target, text) {
                continue;
            }
            *seen += 1;
            let struck = *seen >= fault.at && fault.times.is_none_or(|times| *seen - fault.at < times);
            if struck {
                course.suffer(fault.effect.clone());
            }
        }
        course
    }
}

impl Fault {
    fn fits(&self, verb: Verb, target: &str, text: &str) -> bool {
        let of_class = |wanted: &String| {
            target == wanted || target.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('$'))
        };
        self.verb.is_none_or(|wanted| wanted == verb)
            && self.target.as_ref().is_none_or(of_class)
            && self.containing.as_ref().is_none_or(|part| text.contains(part))
    }
}

impl Course {
    fn suffer(&mut self, effect: Effect) {
        let ending = match effect {
            Effect::Delay(milliseconds) => return self.delay += milliseconds,
            Effect::Meanwhile(edit) => return self.meanwhile.push(edit),
            Effect::ExpireKey => return self.key_expired = true,
            Effect::Alter { attribute, to } => {
                self.alter.insert(attribute, to);
                return;
            }
            Effect::Answer(instead) => Ending::Instead(instead),
            Effect::CutBody => Ending::Cut,
            Effect::Silence { done } => Ending::Silent { done },
            Effect::Drop { done } => Ending::Dropped { done },
        };
        if self.ending == Ending::Answered {
            self.ending = ending;
        }
    }

    /// Whether the helpdesk does its work.
    pub(crate) fn works(&self) -> bool {
        match self.ending {
            Ending::Answered | Ending::Cut => true,
            Ending::Instead(_) => false,
            Ending::Dropped { done } | Ending::Silent { done } => done,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Effect, Ending, Fault, Script};
    use crate::sandbox::request_log::Verb;

    fn struck(fault: Fault, requests: &[(Verb, &str, &str)]) -> Vec<usize> {
        let mut script = Script::new(vec![fault]);
        let mut course = |(verb, target, text): &(Verb, &str, &str)| {
            script.course(1, *verb, target, text).ending != Ending::Answered
        };
        let numbered = requests.iter().enumerate();
        numbered.filter(|(_, request)| course(request)).map(|(index, _)| index).collect()
    }

    #[test]
    fn a_fault_counts_only_the_requests_that_it_fits() {
        let requests = [
            (Verb::Find, "agreement", ""),
            (Verb::Edit, "agreement$1", "{a}"),
            (Verb::Edit, "agreementRule$1", "{b}"),
            (Verb::Edit, "agreement$2", "{b}"),
            (Verb::Edit, "agreement$1", "{a}"),
        ];
        let fault = || Fault::new(Effect::CutBody);
        assert_eq!(struck(fault(), &requests), [0]);
        assert_eq!(struck(fault().on(Verb::Edit).at(2), &requests), [2]);
        assert_eq!(struck(fault().of("agreement").at(2).times(2), &requests), [1, 3]);
        assert_eq!(struck(fault().of("agreement$1").for_good(), &requests), [1, 4]);
        assert_eq!(struck(fault().about("{b}").at(2).for_good(), &requests), [3]);
    }

    #[test]
    fn the_first_ending_of_the_script_holds_and_the_rest_adds_up() {
        let mut script = Script::new(vec![
            Fault::new(Effect::Delay(2)),
            Fault::new(Effect::Drop { done: true }),
            Fault::new(Effect::Delay(3)),
            Fault::new(Effect::CutBody),
        ]);
        let course = script.course(1, Verb::Get, "", "");
        assert_eq!((course.delay, course.ending), (5, Ending::Dropped { done: true }));
    }

    #[test]
    fn a_script_is_read_from_json() {
        let script = json!([
            { "effect": "cut_body" },
            { "verb": "create", "at": 2, "effect": { "drop": { "done": true } } },
            { "at": 10, "times": null, "effect": "expire_key" },
            { "verb": "find", "times": 3,
              "effect": { "answer": { "status": 429, "retry_after": { "seconds": 1 } } } },
            { "containing": "sv:a", "effect": { "alter": { "attribute": "title", "to": "x" } } },
            { "target": "agreement$7", "effect": { "meanwhile": { "attributes": { "title": "y" }, "who": "Анна" } } },
            { "effect": { "delay": 5 } },
        ]);
        let read: Vec<Fault> = serde_json::from_value(script).expect("reads");
        assert_eq!(read[0], Fault::new(Effect::CutBody));
        assert_eq!(read[1], Fault::new(Effect::Drop { done: true }).on(Verb::Create).at(2));
        assert_eq!(read[2], Fault::new(Effect::ExpireKey).at(10).for_good());
        for wrong in [
            json!([{ "efect": "cut_body" }]),
            json!([{ "effect": "cut_head" }]),
            json!([{ "effect": "cut_body", "verb": "put" }]),
        ] {
            assert!(serde_json::from_value::<Vec<Fault>>(wrong).is_err());
        }
    }
}
