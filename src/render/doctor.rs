//! What a look at the surroundings found: a line for each thing, well or not, and below it what to do.

use crate::render::line::Line;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::TerminalPage;
use crate::render::vocabulary::{count, preview};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DoctorCheck {
    /// What was looked at: `key`, `clock`, `ledger`.
    pub subject: &'static str,
    /// How it is.
    pub health: CheckHealth,
    /// What was seen, in a sentence without a full stop.
    pub said: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckHealth {
    /// As it should be.
    Well,
    /// Nothing fails by it, but somebody should know.
    Known,
    /// Something fails by it.
    Fails,
}

impl DoctorCheck {
    /// It is as it should be.
    pub fn well(subject: &'static str, said: impl Into<String>) -> Self {
        Self { subject, health: CheckHealth::Well, said: said.into(), help: None }
    }

    /// Nothing fails by it, but somebody should know.
    pub fn known(subject: &'static str, said: impl Into<String>, help: impl Into<String>) -> Self {
        Self { subject, health: CheckHealth::Known, said: said.into(), help: Some(help.into()) }
    }

    /// Something fails by it.
    pub fn fails(subject: &'static str, said: impl Into<String>, help: Option<String>) -> Self {
        Self { subject, health: CheckHealth::Fails, said: said.into(), help }
    }
}

/// The lines, and how many of them need somebody.
pub fn text(found: &[DoctorCheck], paint: Paint) -> String {
    let mut page = TerminalPage::new(paint);
    let width = found.iter().map(|line| line.subject.len()).max().unwrap_or_default();
    for DoctorCheck { subject, health, said, help } in found {
        let (mark, tone) = match health {
            CheckHealth::Well => ("ok   ", Tone::Gain),
            CheckHealth::Known => ("note ", Tone::Shift),
            CheckHealth::Fails => ("FAILS", Tone::Alarm),
        };
        let line = Line::new()
            .toned(tone, mark)
            .text("  ")
            .toned(Tone::Strong, &format!("{subject:width$}"))
            .text(&format!("  {}", preview(said)));
        page.line(0, 9 + width, &line);
        if let Some(help) = help {
            page.line(9 + width, 9 + width, &Line::new().toned(Tone::Quiet, &preview(help)));
        }
    }
    page.gap();
    let failing = found.iter().filter(|line| line.health == CheckHealth::Fails).count();
    let summary = match failing {
        0 => "Nothing fails.".to_owned(),
        failing => format!("{}.", count(failing, "thing fails", "things fail")),
    };
    page.line(0, 2, &Line::of(&summary));
    page.finish()
}
