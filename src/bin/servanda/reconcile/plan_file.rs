//! A saved plan: written by `plan --out`, read by `show`, `comment` and `apply`.

use std::path::Path;

use servanda::envelope::GuardedPlan;
use servanda::plan::FORMAT;
use servanda::render::json;

use crate::process::failure::{Exit, Failure};
use crate::workspace::files;

/// Writes the plan atomically.
pub(crate) fn write(path: &Path, plan: &GuardedPlan) -> Result<(), Failure> {
    files::write_whole(path, &json::pretty(plan))
}

/// Reads a plan of the current format; any other is refused.
pub(crate) fn read(path: &Path) -> Result<GuardedPlan, Failure> {
    let text = files::read_named(path)?;
    let shown = path.display();
    let refused = |code: &'static str, message: String| {
        Failure::new(Exit::Failure, code, message).help("make a new plan with `servanda plan --out FILE`")
    };
    let invalid =
        |error: serde_json::Error| refused("plan-invalid", format!("{shown} is not a plan: {error}"));
    let value: serde_json::Value = serde_json::from_str(&text).map_err(invalid)?;
    let format = &value["plan"]["format"];
    if format.as_u64() != Some(u64::from(FORMAT)) {
        let message =
            format!("{shown} is a plan of format {format}, and this version of Servanda reads {FORMAT}");
        return Err(refused("plan-format", message));
    }
    serde_json::from_value(value).map_err(invalid)
}
