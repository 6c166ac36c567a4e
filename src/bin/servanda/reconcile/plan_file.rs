//! A plan on disk: written by `plan --out`, read by `show` and `apply`. Only its own version is taken.

use std::path::Path;

use servanda::envelope::GuardedPlan;
use servanda::plan::FORMAT;
use servanda::render::json;

use crate::process::failure::{Exit, Failure};
use crate::workspace::files;

/// Writes the plan, whole or not at all.
pub(crate) fn write(path: &Path, envelope: &GuardedPlan) -> Result<(), Failure> {
    files::write_whole(path, &json::pretty(envelope))
}

/// Reads a plan of this version.
pub(crate) fn read(path: &Path) -> Result<GuardedPlan, Failure> {
    let text = files::read_named(path)?;
    let refused = |message: String| {
        Failure::new(Exit::Failure, "reconcile-failure", message)
            .help("make a new one with `servanda plan --out FILE`")
    };
    let value: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| refused(format!("{} is no plan: {error}", path.display())))?;
    let format = value["plan"]["format"].as_u64();
    if format != Some(u64::from(FORMAT)) {
        return Err(refused(format!("{} is no plan of this version of Servanda", path.display())));
    }
    serde_json::from_value(value).map_err(|error| refused(format!("{} is no plan: {error}", path.display())))
}
