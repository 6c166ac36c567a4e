//! A repository on disk becomes an estate that later stages trust, or its faults are shown and the run ends.

use std::path::PathBuf;

use servanda::agreement::Agreement;
use servanda::calendar::{Instant, Zone};
use servanda::catalog::Catalog;
use servanda::settings::Settings;

use crate::args::Global;
use crate::context::Context;
use crate::failure::{Exit, Failure};

/// Everything that the files say, checked.
pub(crate) struct Estate {
    pub(crate) root: PathBuf,
    pub(crate) commit: Option<String>,
    pub(crate) digest: String,
    pub(crate) settings: Settings,
    pub(crate) catalog: Catalog,
    pub(crate) agreements: Vec<Agreement>,
}
pub(crate) struct Loaded;
impl Loaded {
    pub(crate) fn zone(&self) -> Zone {
        Zone::UTC
    }
}
pub(crate) fn load(_: &Global, _: &Context) -> Result<Loaded, Failure> {
    Ok(Loaded)
}
pub(crate) fn check(_: Loaded, _: Instant, _: &Global, _: &Context) -> Result<Estate, Failure> {
    Err(Failure::new(Exit::Failure, ""))
}
pub(crate) fn not_empty(estate: Estate) -> Result<Estate, Failure> {
    Ok(estate)
}
