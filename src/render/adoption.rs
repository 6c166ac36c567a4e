//! What an import writes, and what it leaves, with what helps.

use crate::discovery::agreements::{AdoptedAgreement, Adoption, NewFile, SkipReason, SkippedObject};
use crate::render::line::Line;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::TerminalPage;
use crate::render::vocabulary::{count, preview};

/// The text. Where nothing is written yet, the files stand in it whole.
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
    if !adoption.left.is_empty() {
        page.gap();
        page.line(0, 2, &Line::new().toned(Tone::Alarm, "Left where they are"));
    }
    for SkippedObject { object, title, why } in &adoption.left {
        let (said, help) = reason(why);
        let line = Line::new()
            .text("! ")
            .toned(Tone::Strong, object.as_str())
            .text(&format!("  “{}”: {said}", preview(title)));
        page.line(0, 4, &line);
        page.line(4, 6, &Line::new().toned(Tone::Quiet, &help));
    }
    page.gap();
    page.line(0, 2, &Line::of(&summary(adoption, is_written)));
    page.finish()
}

fn whole(page: &mut TerminalPage, file: &NewFile, is_written: bool) {
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
    let left = adoption.left.len();
    if adoption.agreements.is_empty() {
        return format!("Nothing to adopt; {left} left where they are.");
    }
    let next = if is_written {
        "written. `servanda plan` marks them as ours and changes nothing else"
    } else {
        "not written"
    };
    format!("{agreements} and {templates} {next}; {left} left where they are.")
}

/// Why an object is left, and what helps.
fn reason(why: &SkipReason) -> (String, String) {
    let (said, help) = match why {
        SkipReason::Unreadable { said } => {
            (preview(said), "look at it in the helpdesk, and at the mapping in servanda.yaml")
        }
        SkipReason::Archived => ("it is archived".to_owned(), "nothing has to be kept equal there"),
        SkipReason::NoRecipient => (
            "it has no recipient, so that nobody knows whose it is".to_owned(),
            "give it one in the helpdesk, and import again",
        ),
        SkipReason::SeveralClients => (
            "its recipients belong to several clients".to_owned(),
            "an agreement is with one client; part it in the helpdesk, or leave it",
        ),
        SkipReason::NoService => (
            "it covers no service".to_owned(),
            "give it one in the helpdesk, or map `services` in servanda.yaml",
        ),
        SkipReason::NoSlug { object, title } => (
            format!("catalog.yaml has no slug for {object} “{}”", preview(title)),
            "`servanda catalog pull` adds one; then import again",
        ),
        SkipReason::Contradicts { state } => (
            format!("its days and its state `{}` contradict each other", preview(state)),
            "put the last day or the state right in the helpdesk, and import again",
        ),
        SkipReason::Unsayable { fields } => {
            let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
            (
                format!("no file can say what it holds in {}", fields.join(", ")),
                "write it by hand with `adopts:`, and look at what the plan would change",
            )
        }
        SkipReason::Faulty { said } => (
            format!("beside the other files it would be a fault: {}", preview(said)),
            "settle that, and import again",
        ),
    };
    (said, help.to_owned())
}
