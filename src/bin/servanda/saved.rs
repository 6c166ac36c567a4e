//! A plan on disk: written by `plan --out`, read by `show` and `apply`. Only its own version is taken.

use std::path::Path;

use serde::{Deserialize, Serialize};
use servanda::guard::Held;
use servanda::plan::{FORMAT, Plan};

use crate::failure::{Exit, Failure};
use crate::files;

/// A plan with what the guards held back.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Saved {
    /// The plan, less what is held.
    pub(crate) plan: Plan,
    /// The guards that wait to be acknowledged.
    pub(crate) held: Vec<Held>,
}

impl Saved {
    pub(crate) fn new(plan: Plan, held: Vec<Held>) -> Self {
        Self { plan, held }
    }
}

/// Writes the plan, whole or not at all.
pub(crate) fn write(path: &Path, saved: &Saved) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(saved).expect("a plan is JSON");
    files::write_whole(path, &format!("{json}\n"))
}

/// Reads a plan of this version.
pub(crate) fn read(path: &Path) -> Result<Saved, Failure> {
    let text = files::read_named(path)?;
    let refused = |message: String| {
        Failure::new(Exit::Failure, message).help("make a new one with `servanda plan --out FILE`")
    };
    let value: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| refused(format!("{} is no plan: {error}", path.display())))?;
    let format = value["plan"]["format"].as_u64();
    if format != Some(u64::from(FORMAT)) {
        return Err(refused(format!("{} is a plan of another version of Servanda", path.display())));
    }
    serde_json::from_value(value).map_err(|error| refused(format!("{} is no plan: {error}", path.display())))
}
