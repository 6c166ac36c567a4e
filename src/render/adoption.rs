//! The result of an import: new files, and skipped objects with the reason and a help.

use crate::discovery::agreements::{AdoptedAgreement, Adoption, ProposedFile, SkipReason, SkippedObject};
use crate::render::line::Line;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::TerminalPage;
use crate::render::vocabulary::{count, preview};

/// Renders the result. Files that were not written are shown in full.
pub fn text(adoption: &Adoption, is_written: bool, paint: Paint) -> String {
    let mut page = TerminalPage::new(paint);
    for file in &adoption.templates {
        let line =
            Line::new().toned(Tone::Gain, "+ ").toned(Tone::Strong, &file.path).text("  a new template");
        page.line(0, 4, &line);
        whole(&mut page, file, is_written);
    }
    for AdoptedAgreement { object, template, file, .. } in &adoption.agreements {
        let beside = template.as_ref().map_or_else(String::new, |name| format!(", extends {name}"));
        let line = Line::new()
            .toned(Tone::Gain, "+ ")
            .toned(Tone::Strong, &file.path)
            .text(&format!("  adopts {object}{beside}"));
        page.line(0, 4, &line);
        whole(&mut page, file, is_written);
    }
    if !adoption.skipped.is_empty() {
        page.gap();
        page.line(0, 2, &Line::new().toned(Tone::Alarm, "Skipped"));
    }
    for SkippedObject { object, title, reason } in &adoption.skipped {
        let (message, help) = reason_in_words(reason);
        let line = Line::new()
            .text("! ")
            .toned(Tone::Strong, object.as_str())
            .text(&format!("  “{}”: {message}", preview(title)));
        page.line(0, 4, &line);
        page.line(4, 6, &Line::new().toned(Tone::Quiet, &help));
    }
    page.gap();
    page.line(0, 2, &Line::of(&summary(adoption, is_written)));
    page.finish()
}

fn whole(page: &mut TerminalPage, file: &ProposedFile, is_written: bool) {
    if is_written {
        return;
    }
    for line in file.text.lines() {
        page.line(4, 8, &Line::new().toned(Tone::Quiet, line));
    }
}

fn summary(adoption: &Adoption, is_written: bool) -> String {
    let agreements = count(adoption.agreements.len(), "agreement", "agreements");
    let templates = count(adoption.templates.len(), "new template", "new templates");
    let skipped = adoption.skipped.len();
    if adoption.agreements.is_empty() {
        return format!("Nothing to adopt; {skipped} skipped.");
    }
    let next = if is_written {
        "written; `servanda plan` will add the ownership key and change nothing else"
    } else {
        "not written"
    };
    format!("{agreements} and {templates} {next}; {skipped} skipped.")
}

/// The reason and the help.
fn reason_in_words(reason: &SkipReason) -> (String, String) {
    let (message, help) = match reason {
        SkipReason::Unreadable { error } => {
            (preview(error), "check the object in the helpdesk, and the mapping in servanda.yaml")
        }
        SkipReason::Archived => ("it is archived".to_owned(), "archived objects need no file"),
        SkipReason::NoRecipient => (
            "it has no recipient, so its client is unknown".to_owned(),
            "add a recipient in the helpdesk, and import again",
        ),
        SkipReason::SeveralClients => (
            "its recipients belong to several clients".to_owned(),
            "an agreement has one client: split it in the helpdesk",
        ),
        SkipReason::NoService => (
            "it covers no service".to_owned(),
            "add a service in the helpdesk, or map `services` in servanda.yaml",
        ),
        SkipReason::NoSlug { object, title } => (
            format!("catalog.yaml has no slug for {object} “{}”", preview(title)),
            "run `servanda catalog pull`, and import again",
        ),
        SkipReason::Contradictory { state } => (
            format!("its period and its state `{}` contradict each other", preview(state)),
            "correct the last day or the state in the helpdesk, and import again",
        ),
        SkipReason::NotExpressible { fields } => {
            let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
            (
                format!("no file can express its {}", fields.join(", ")),
                "write the file by hand with `adopts:`, and check what the plan changes",
            )
        }
        SkipReason::Invalid { error } => (
            format!("its file would be an error beside the others: {}", preview(error)),
            "fix that, and import again",
        ),
    };
    (message, help.to_owned())
}
