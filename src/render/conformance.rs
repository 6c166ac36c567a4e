//! The result of `conformance`: one line for each check, and below a failed one the request that shows the fault.

use serde::Serialize;

use crate::render::encode;
use crate::render::line::Line;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::TerminalPage;
use crate::render::vocabulary::count;

/// One check of an adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConformanceCheck {
    /// Its name, such as `stale write`.
    pub check: &'static str,
    /// The fault; `None` if it passed.
    pub fault: Option<String>,
    /// The request that shows the fault, and its answer.
    pub exchange: Option<String>,
}

/// Renders the checks, with the number of those that failed at the end.
pub fn text(checks: &[ConformanceCheck], paint: Paint) -> String {
    let mut page = TerminalPage::new(paint);
    for ConformanceCheck { check, fault, exchange } in checks {
        let (mark, tone) = if fault.is_some() { ("FAILED", Tone::Alarm) } else { ("ok    ", Tone::Gain) };
        page.line(0, 8, &Line::new().toned(tone, mark).text("  ").toned(Tone::Strong, check));
        if let Some(fault) = fault {
            page.line(8, 10, &Line::of(&encode::terminal(fault)));
        }
        if let Some(exchange) = exchange {
            page.line(8, 10, &Line::new().toned(Tone::Quiet, &encode::terminal(exchange)));
        }
    }
    page.gap();
    let failed = checks.iter().filter(|check| check.fault.is_some()).count();
    let summary = match failed {
        0 => format!("All of {} passed.", count(checks.len(), "check", "checks")),
        failed => format!("{failed} of {} failed.", count(checks.len(), "check", "checks")),
    };
    page.line(0, 2, &Line::of(&summary));
    page.finish()
}
