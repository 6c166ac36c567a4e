//! The result of `doctor`: one line for each check, with a help below those that failed.

use serde::Serialize;

use crate::ident::HelpdeskName;
use crate::render::line::Line;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::TerminalPage;
use crate::render::vocabulary::{count, preview};

/// The result of all checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct DoctorReport<'a> {
    /// The version of this shape.
    pub format: u32,
    /// The checks, in the order in which they were made.
    pub checks: &'a [DoctorCheck],
}

/// The result of all checks, for programs.
pub fn json(checks: &[DoctorCheck]) -> DoctorReport<'_> {
    DoctorReport { format: 1, checks }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct DoctorCheck {
    /// Its name, such as `clock` or `ledger`.
    pub check: &'static str,
    /// The one of several helpdesks that it is about; `null` for what all of them share.
    pub helpdesk: Option<HelpdeskName>,
    /// Its result.
    pub status: CheckStatus,
    /// The finding, without a full stop.
    pub message: String,
    /// The advice.
    pub help: Option<String>,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// Passed.
    Ok,
    /// Passed, with a remark.
    Warning,
    /// Failed.
    Failed,
}

impl DoctorCheck {
    fn new(
        check: &'static str,
        status: CheckStatus,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Self {
        Self { check, helpdesk: None, status, message: message.into(), help }
    }

    /// A check that passed.
    pub fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, CheckStatus::Ok, message, None)
    }

    /// A check that passed with a remark.
    pub fn warning(check: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(check, CheckStatus::Warning, message, Some(help.into()))
    }

    /// The same check of one of several helpdesks.
    #[must_use]
    pub fn of_helpdesk(self, name: &HelpdeskName) -> Self {
        Self { helpdesk: Some(name.clone()), ..self }
    }

    /// A check that failed.
    pub fn failed(check: &'static str, message: impl Into<String>, help: Option<String>) -> Self {
        Self::new(check, CheckStatus::Failed, message, help)
    }
}

/// Renders the checks, with the number of those that failed at the end.
pub fn text(checks: &[DoctorCheck], paint: Paint) -> String {
    let mut page = TerminalPage::new(paint);
    let width = checks.iter().map(|line| line.check.len()).max().unwrap_or_default();
    for DoctorCheck { check, helpdesk, status, message, help } in checks {
        let (mark, tone) = match status {
            CheckStatus::Ok => ("ok    ", Tone::Gain),
            CheckStatus::Warning => ("warn  ", Tone::Shift),
            CheckStatus::Failed => ("FAILED", Tone::Alarm),
        };
        let of_helpdesk = helpdesk.as_ref().map_or_else(String::new, |name| format!("{name}: "));
        let line = Line::new()
            .toned(tone, mark)
            .text("  ")
            .toned(Tone::Strong, &format!("{check:width$}"))
            .text(&format!("  {of_helpdesk}{}", preview(message)));
        page.line(0, 10 + width, &line);
        if let Some(help) = help {
            page.line(10 + width, 10 + width, &Line::new().toned(Tone::Quiet, &preview(help)));
        }
    }
    page.gap();
    let failed = checks.iter().filter(|line| line.status == CheckStatus::Failed).count();
    let summary = match failed {
        0 => "No check failed.".to_owned(),
        failed => format!("{} failed.", count(failed, "check", "checks")),
    };
    page.line(0, 2, &Line::of(&summary));
    page.finish()
}
