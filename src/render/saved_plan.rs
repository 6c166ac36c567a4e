//! The text of a saved plan: its JSON with a digest of all of it.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::envelope::{GuardedPlan, Sealed};
use crate::helpdesks::{self, HelpdeskPlans};
use crate::plan::FORMAT;
use crate::render::json;

/// The reason why a text is not a saved plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAPlan {
    /// It is no JSON of a plan; the message says where.
    Invalid(String),
    /// It is a plan of this format, and not of the current one.
    OtherFormat(String),
    /// A byte of it differs from what was written.
    Damaged,
}

impl From<serde_json::Error> for NotAPlan {
    fn from(error: serde_json::Error) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// The text of a plan, or of the plans of several helpdesks, with its digest.
pub fn write(plan: &impl Sealed) -> String {
    json::pretty(&plan.clone().sealed())
}

/// Reads a plan whose text is exactly as [`write()`] made it.
pub fn read(text: &str) -> Result<GuardedPlan, NotAPlan> {
    let value: Value = serde_json::from_str(text)?;
    refuse_other_format(&value["plan"]["format"], FORMAT)?;
    verified(value, text)
}

/// Whether a text is meant as the plans of several helpdesks.
pub fn is_of_several(text: &str) -> bool {
    let value = serde_json::from_str::<Value>(text);
    value.is_ok_and(|value| value.get("helpdesks").is_some())
}

/// Reads plans of several helpdesks whose text is exactly as [`write()`] made it.
pub fn read_all(text: &str) -> Result<HelpdeskPlans, NotAPlan> {
    let value: Value = serde_json::from_str(text)?;
    refuse_other_format(&value["format"], helpdesks::FORMAT)?;
    for plan in value["helpdesks"].as_object().into_iter().flat_map(|plans| plans.values()) {
        refuse_other_format(&plan["plan"]["format"], FORMAT)?;
    }
    verified(value, text)
}

fn refuse_other_format(found: &Value, known: u32) -> Result<(), NotAPlan> {
    let is_known = found.as_u64() == Some(u64::from(known));
    is_known.then_some(()).ok_or_else(|| NotAPlan::OtherFormat(found.to_string()))
}

/// The value of a text that is exactly as [`write()`] made it.
fn verified<T: Sealed + DeserializeOwned>(value: Value, text: &str) -> Result<T, NotAPlan> {
    let plan: T = serde_json::from_value(value)?;
    let is_intact = plan.is_intact() && json::pretty(&plan) == text;
    is_intact.then_some(plan).ok_or(NotAPlan::Damaged)
}

#[cfg(test)]
mod tests {
    use super::{NotAPlan, read, write};
    use crate::envelope::{GuardedPlan, Sealed as _};
    use crate::render::json;
    use crate::render::plan::tests::busy_envelope;

    /// At most this many bytes are changed, evenly spread.
    const EDITS: usize = 3000;

    #[test]
    fn a_saved_plan_is_read_as_it_was_written() {
        let read = read(&write(&busy_envelope())).expect("its own text");
        assert_eq!(GuardedPlan { digest: None, ..read }, busy_envelope());
    }

    #[test]
    fn an_edit_of_any_byte_is_refused() {
        let text = write(&busy_envelope());
        let step = text.len() / EDITS + 1;
        let mut edited = 0;
        for at in (0..text.len()).step_by(step) {
            for flipped in [1, 4, 16] {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= flipped;
                if let Ok(other) = String::from_utf8(bytes) {
                    assert!(read(&other).is_err(), "byte {at} ^ {flipped}");
                    edited += 1;
                }
            }
        }
        assert!(edited > 2000, "{edited}");
        for other in [format!("{text}\n"), format!(" {text}"), text.replacen('\n', "\r\n", 1)] {
            assert_eq!(read(&other), Err(NotAPlan::Damaged));
        }
    }

    #[test]
    fn a_plan_without_a_digest_or_of_another_format_is_refused() {
        assert_eq!(read(&json::pretty(&busy_envelope())), Err(NotAPlan::Damaged));
        let text = write(&busy_envelope()).replacen("\"format\": 1", "\"format\": 0", 1);
        assert_eq!(read(&text), Err(NotAPlan::OtherFormat("0".to_owned())));
        assert!(matches!(read("{"), Err(NotAPlan::Invalid(_))));
    }

    /// A key that no program reads could show a person something that an apply does not do.
    #[test]
    fn an_unknown_key_is_refused_at_every_level() {
        let plan = serde_json::to_value(busy_envelope().sealed()).expect("JSON");
        let mut objects = Vec::new();
        pointers(&plan, "", &mut objects);
        assert!(objects.len() > 30, "{objects:?}");
        for pointer in objects {
            let mut other = plan.clone();
            let object = other.pointer_mut(&pointer).and_then(|value| value.as_object_mut());
            let object = object.expect("an object");
            object.insert("unknown-key".to_owned(), serde_json::json!("x"));
            let refused = read(&json::pretty(&other));
            assert!(matches!(refused, Err(NotAPlan::Invalid(_))), "{pointer}: {refused:?}");
        }
    }

    /// The pointers to all objects whose keys are fixed. The others are maps, whose keys are data.
    fn pointers(value: &serde_json::Value, at: &str, found: &mut Vec<String>) {
        const MAPS: [&str; 5] = ["/names", "/clients", "/fields", "/documents", "/edits"];
        match value {
            serde_json::Value::Object(object) => {
                if !MAPS.iter().any(|map| at.ends_with(map)) {
                    found.push(at.to_owned());
                }
                for (key, inner) in object {
                    pointers(inner, &format!("{at}/{key}"), found);
                }
            }
            serde_json::Value::Array(list) => {
                for (index, inner) in list.iter().enumerate() {
                    pointers(inner, &format!("{at}/{index}"), found);
                }
            }
            _ => {}
        }
    }
}
