//! The memory of the last apply, in `.servanda/`: what was applied to which agreement, as digests.
//!
//! It explains plans and decides nothing: lost or unreadable, the next plan merely claims no causes.

use std::collections::BTreeSet;
use std::path::Path;

use servanda::calendar::Instant;
use servanda::desired::Desired;
use servanda::ident::AgreementId;
use servanda::plan::{Applied, BASELINE_FORMAT, Baseline};

use crate::failure::Failure;
use crate::files;

const NAME: &str = "baseline.json";

/// The baseline of a repository, if there is one of this version.
pub(crate) fn read(root: &Path) -> Option<Baseline> {
    let text = files::read_named(&root.join(files::OWN_FOLDER).join(NAME)).ok()?;
    let baseline: Baseline = serde_json::from_str(&text).ok()?;
    (baseline.format == BASELINE_FORMAT).then_some(baseline)
}

/// Writes the baseline, whole or not at all.
pub(crate) fn write(root: &Path, baseline: &Baseline) -> Result<(), Failure> {
    let json = serde_json::to_string(baseline).expect("a baseline is JSON");
    files::write_whole(&files::own_folder(root)?.join(NAME), &json)
}

/// What is as wished is remembered as of this instant; what is still open keeps its earlier entry.
pub(crate) fn after(
    earlier: Option<Baseline>,
    wishes: &Desired,
    open: &BTreeSet<&AgreementId>,
    commit: Option<String>,
    instant: Instant,
) -> Baseline {
    let kept = earlier.unwrap_or_default().agreements.into_iter().filter(|(id, _)| open.contains(id));
    let settled = wishes.wishes.iter().filter(|(id, _)| !open.contains(id));
    let settled = settled.map(|(id, wish)| (id.clone(), Applied::of(&wish.record, instant)));
    Baseline { format: BASELINE_FORMAT, commit, agreements: kept.chain(settled).collect() }
}
