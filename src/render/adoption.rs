//! The result of an import: a table of new files, the new templates, and skipped objects with the reason and a help.

use crate::discovery::agreements::{AdoptedAgreement, Adoption, ProposedTemplate, SkipReason, SkippedObject};
use crate::render::encode::csv_lines;
use crate::render::line::Line;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::{TerminalPage, TerminalTable};
use crate::render::vocabulary::{count, preview};

/// Renders the result. Templates that were not written are shown in full.
pub fn text(adoption: &Adoption, is_written: bool, paint: Paint) -> String {
    let mut page = TerminalPage::new(paint);
    for template in &adoption.templates {
        self::template(&mut page, template, is_written);
    }
    if !adoption.agreements.is_empty() {
        if !adoption.templates.is_empty() {
            page.gap();
        }
        page.table(0, &table(&adoption.agreements));
    }
    if !adoption.skipped.is_empty() {
        page.gap();
        page.line(0, 2, &Line::new().toned(Tone::Alarm, "Skipped"));
    }
    for SkippedObject { object, title, reason } in &adoption.skipped {
        let (message, help) = reason_in_words(reason);
        let fields: Vec<String> = reason.fields().iter().map(ToString::to_string).collect();
        let fields = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
        let title =
            if title == object.as_str() { String::new() } else { format!("  “{}”", preview(title)) };
        let line = Line::new()
            .text("! ")
            .toned(Tone::Strong, object.as_str())
            .text(&format!("{title}{fields}: {message}"));
        page.line(0, 4, &line);
        page.line(4, 6, &Line::new().toned(Tone::Quiet, help));
    }
    page.gap();
    page.line(0, 2, &Line::of(&summary(adoption, is_written)));
    page.finish()
}

/// The objects as a table: the agreement of each, or the reason to skip it.
pub fn csv(adoption: &Adoption) -> String {
    let columns = ["object", "title", "client", "agreement", "extends", "how", "fields", "reason"];
    let mut lines = vec![columns.map(str::to_owned).to_vec()];
    lines.extend(adoption.agreements.iter().map(|adopted| {
        vec![
            adopted.object.to_string(),
            adopted.title.clone(),
            adopted.client.to_string(),
            adopted.id.to_string(),
            adopted.template.clone().unwrap_or_default(),
            how(adopted),
            String::new(),
            String::new(),
        ]
    }));
    lines.extend(adoption.skipped.iter().map(|SkippedObject { object, title, reason }| {
        let fields: Vec<String> = reason.fields().iter().map(ToString::to_string).collect();
        let message = reason_in_words(reason).0;
        let nothing = String::new;
        vec![
            object.to_string(),
            title.clone(),
            nothing(),
            nothing(),
            nothing(),
            nothing(),
            fields.join(" "),
            message,
        ]
    }));
    csv_lines(&lines, ",")
}

fn template(page: &mut TerminalPage, template: &ProposedTemplate, is_written: bool) {
    let ProposedTemplate { file, extended_by, lines_saved } = template;
    let files = count(*extended_by, "file extends it", "files extend it");
    let lines = count(*lines_saved, "line", "lines");
    let line = Line::new()
        .toned(Tone::Gain, "+ ")
        .toned(Tone::Strong, &file.path)
        .text(&format!("  a new template: {files}, which saves {lines}"));
    page.line(0, 4, &line);
    for line in file.text.lines().filter(|_| !is_written) {
        page.line(4, 8, &Line::new().toned(Tone::Quiet, line));
    }
}

/// A row for each new file: the object, the file, and how the file came about.
fn table(agreements: &[AdoptedAgreement]) -> TerminalTable {
    let titles = ["OBJECT", "TITLE", "AGREEMENT", "EXTENDS", "HOW"];
    let heading = titles.map(|title| Line::new().toned(Tone::Quiet, title));
    let mut rows: Vec<Vec<Line>> = vec![heading.into()];
    rows.extend(agreements.iter().map(|adopted| {
        vec![
            Line::new().foreign_toned(Tone::Strong, adopted.object.as_str()),
            Line::new().foreign(&preview(&adopted.title)),
            Line::new().foreign(adopted.id.as_str()),
            Line::new().foreign(adopted.template.as_deref().unwrap_or("-")),
            Line::of(&how(adopted)),
        ]
    }));
    TerminalTable { rows, has_heading: true, right: Vec::new(), firm: vec![0, 2] }
}

/// The ways in which the file differs from one that follows from days and terms.
fn how(adopted: &AdoptedAgreement) -> String {
    let resolved = &adopted.resolved;
    let mut notes = Vec::new();
    if let Some(status) = resolved["activation"][0]["status"].as_str() {
        notes.push(format!("{status} by hand"));
    }
    if !resolved["suspensions"].is_null() {
        notes.push("suspended".to_owned());
    }
    if let Some(predecessor) = resolved["renews"].as_str() {
        notes.push(format!("renews {predecessor}"));
    }
    if !resolved["allow"].is_null() {
        notes.push("shares its number".to_owned());
    }
    if notes.is_empty() { "as its days say".to_owned() } else { notes.join(", ") }
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
fn reason_in_words(reason: &SkipReason) -> (String, &'static str) {
    match reason {
        SkipReason::Unreadable { error } => (
            preview(error),
            "correct the object in the helpdesk or the mapping in servanda.yaml, or leave it",
        ),
        SkipReason::Archived => ("it is archived".to_owned(), "leave it: archived objects need no file"),
        SkipReason::NoRecipient => (
            "it has no recipient, so its client is unknown".to_owned(),
            "add a recipient in the helpdesk, and import again",
        ),
        SkipReason::SeveralClients { clients } => (
            format!("its recipients belong to several clients: {}", preview(&clients.join(", "))),
            "an agreement has one client: split it in the helpdesk, or leave it",
        ),
        SkipReason::NoService => (
            "it covers no service".to_owned(),
            "add a service in the helpdesk, or map `services` in servanda.yaml, or leave it",
        ),
        SkipReason::ServicesUnknown { state } => (
            format!(
                "it is `{}` and has no services, so that its file would not know which it is about",
                preview(state)
            ),
            "leave it, if it is over; otherwise write the file by hand with `adopts:` and its services",
        ),
        SkipReason::NoSlug { object, title, .. } => (
            format!("catalog.yaml has no slug for {object} “{}”", preview(title)),
            "run `servanda catalog pull`, and import again",
        ),
        SkipReason::ArchivedReference { object, title, .. } => (
            format!("it refers to {object} “{}”, which is archived", preview(title)),
            "restore or replace that in the helpdesk, and import again; or leave it, if it is over",
        ),
        SkipReason::NoState => {
            ("it has no state".to_owned(), "set its state in the helpdesk, and import again; or leave it")
        }
        SkipReason::UnknownState { state } => (
            format!("its state `{}` is not in the mapping", preview(state)),
            "add the state under `helpdesk.agreement.states` in servanda.yaml, and import again",
        ),
        SkipReason::Contradictory { state } => (
            format!("its period and its state `{}` contradict each other", preview(state)),
            "correct the last day or the state in the helpdesk, and import again; if it renews tacitly, write the file by hand with `adopts:` and `renewal: { mode: auto }`",
        ),
        SkipReason::StillOffered { state } => (
            format!("it is `{}` and still has services, which Servanda would withdraw", preview(state)),
            "remove the services in the helpdesk, or set `helpdesk.agreement.deactivate: state`, or write the file by hand with `adopts:`",
        ),
        SkipReason::ServiceTargets => (
            "a service has targets of its own for some priorities only, or on the hours of several calendars"
                .to_owned(),
            "give the service a target for each priority of the agreement, on one calendar, and import again; or leave it",
        ),
        SkipReason::NotExpressible { .. } => (
            "a file would change this".to_owned(),
            "correct it in the helpdesk, or write the file by hand with `adopts:` and check what the plan changes, or leave it",
        ),
        SkipReason::Invalid { error } => (
            format!("its file would be an error: {}", preview(error)),
            "correct that in the helpdesk, and import again; or write the file by hand with `adopts:`, or leave it",
        ),
    }
}
