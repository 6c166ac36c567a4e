//! Checks the files in `notices/`: each must be a template that is known, and must render for every kind of text.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, FileId, Sources, Span};
use crate::document::conflicts;
use crate::ident::nearest;
use crate::notice::NoticeKind;
use crate::plan::scope::TextChange;
use crate::settings::{Language, WebhookFormat};

use super::templates::{MessageTemplates, PARAGRAPHS, TemplateError, files};
use super::values::{AgreementValues, ManagerValues, MessageValues, NoticeValues, tone};

/// The folder of own texts.
pub const FOLDER: &str = "notices/";

/// The texts below [`FOLDER`], by their file names there.
pub fn own_texts(sources: &Sources, texts: &[FileId]) -> BTreeMap<String, String> {
    let named = texts.iter().map(|file| (name(sources, *file).to_owned(), sources.text(*file).to_owned()));
    named.collect()
}

/// The faults of the texts below [`FOLDER`].
pub fn faults(sources: &Sources, texts: &[FileId]) -> Diagnostics {
    let of = |file: &FileId| {
        let conflicts = conflicts(*file, sources.text(*file));
        if conflicts.is_empty() { fault(sources, *file).into_iter().collect() } else { conflicts }
    };
    texts.iter().flat_map(of).collect()
}

fn name(sources: &Sources, file: FileId) -> &str {
    sources.path(file).trim_start_matches(FOLDER)
}

fn fault(sources: &Sources, file: FileId) -> Option<Diagnostic> {
    let name = name(sources, file);
    let known = files();
    if known.iter().all(|known| known != name) {
        let message = format!("unknown file `{name}` in {FOLDER}");
        let help = nearest(name, known.iter().map(String::as_str)).map_or_else(
            || format!("the files are {}", known.join(", ")),
            |nearest| format!("did you mean `{nearest}`?"),
        );
        return Some(Diagnostic::new(Code::E509, Span::of_file(file), message).help(help));
    }
    let error = render_samples(name, sources.text(file)).err()?;
    let span = error.line.map_or_else(|| Span::of_file(file), |line| line_of(sources, file, line));
    let help = "fix the template, or delete the file to use the built-in text; docs/notices.md lists the values and filters";
    Some(Diagnostic::new(Code::E510, span, error.why).help(help))
}

/// The span of a line, counted from 1.
fn line_of(sources: &Sources, file: FileId, line: usize) -> Span {
    let text = sources.text(file);
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let length = text[start..].lines().next().map_or(0, str::len);
    crate::document::span(file, start, start + length)
}

/// Renders every kind of text with one own template: those messages that contain it.
fn render_samples(name: &str, text: &str) -> Result<(), TemplateError> {
    let own = BTreeMap::from([(name.to_owned(), text.to_owned())]);
    let language = Language::ALL.into_iter().find(|language| name.starts_with(language.as_str()));
    let language = language.unwrap_or_default();
    let templates = MessageTemplates::of(&[language], &own)?;
    let (_, template) = name.split_once('.').unwrap_or(("", name));
    let is_paragraph = PARAGRAPHS.contains(&template);
    let chats = WebhookFormat::chats().map(|form| format!("chat.{}", form.as_str()));
    let chats: Vec<String> = chats.filter(|chat| is_paragraph || chat == template).collect();
    for values in samples(language) {
        for chat in &chats {
            templates.fill(chat, &values, language)?;
        }
        if is_paragraph || chats.is_empty() {
            templates.render_values(values, language)?;
        }
    }
    Ok(())
}

/// The mails that two sets of own texts render differently, with sample values.
pub fn text_changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<TextChange> {
    if before == after {
        return Vec::new();
    }
    let [old, new] = [before, after].map(|own| MessageTemplates::new(own).ok());
    let mut changes = Vec::new();
    for language in Language::ALL {
        let [old, new] = [&old, &new].map(|templates| examples(templates.as_ref(), language));
        changes.extend(new.into_iter().filter_map(|(mail, after)| {
            let before = old.get(&mail).cloned().unwrap_or_default();
            (before != after).then(|| TextChange {
                mail: format!("{}, {mail}", language.as_str()),
                before,
                after,
            })
        }));
    }
    changes
}

/// A mail for each kind of text and audience.
fn examples(templates: Option<&MessageTemplates>, language: Language) -> BTreeMap<String, String> {
    let Some(templates) = templates else {
        return BTreeMap::new();
    };
    let rendered = kinds().filter_map(|(kind, audience)| {
        let mail = templates.render_values(sample(kind, audience, true, language), language).ok()?;
        Some((format!("{} to {audience}", kind.as_str()), format!("{}\n\n{}", mail.subject, mail.text)))
    });
    rendered.collect()
}

/// The values of messages of every kind, for both audiences, with and without the values that may be missing, and
/// with a successor.
fn samples(language: Language) -> impl Iterator<Item = MessageValues> {
    kinds().flat_map(move |(kind, audience)| {
        let mut followed = sample(kind, audience, true, language);
        for block in &mut followed.agreements {
            block.successor = Some("acme-2027".to_owned());
            block.successor_day = Some("2027-01-11".to_owned());
        }
        [sample(kind, audience, true, language), sample(kind, audience, false, language), followed]
    })
}

/// Each kind of text, for both audiences.
fn kinds() -> impl Iterator<Item = (NoticeKind, &'static str)> {
    NoticeKind::ALL.into_iter().flat_map(|kind| ["client", "manager"].map(|audience| (kind, audience)))
}

fn sample(kind: NoticeKind, audience: &'static str, is_full: bool, language: Language) -> MessageValues {
    let text = |text: &str| text.to_owned();
    let full = |value: &str| is_full.then(|| value.to_owned());
    let block = AgreementValues {
        id: text("acme-2026"),
        title: text("Acme: support"),
        short_title: text("Acme: support"),
        number: full("A-17"),
        client: text("Acme"),
        services: vec![text("E-mail"), text("VPN")],
        file: text("agreements/acme-2026.yaml"),
        entry: full("acme"),
        termination_entry: full("acme"),
        renews: full("acme-2025"),
        successor: None,
        successor_day: None,
        is_terminated: is_full,
        is_manual: is_full,
        notices: vec![notice_sample(kind, audience, is_full)],
    };
    MessageValues {
        agreements: vec![block.clone(), AgreementValues { title: text("Acme: network"), ..block }],
        audience,
        providers: vec![text("Acme Services")],
        managers: vec![ManagerValues { name: text("Irina Petrova"), email: full("i.petrova@acme.example") }],
        sender: text("Service desk"),
        subject: String::new(),
        language: language.as_str(),
    }
}

fn notice_sample(kind: NoticeKind, audience: &'static str, is_full: bool) -> NoticeValues {
    let full = |value: &str| is_full.then(|| value.to_owned());
    let some = |value: &str| Some(value.to_owned());
    let is_reminder = kind.is_reminder();
    let is_deadline = matches!(kind, NoticeKind::RenewalDecision | NoticeKind::RenewsUnlessNotice);
    let is_over = matches!(kind, NoticeKind::Terminated | NoticeKind::Expired);
    let has_last_day = is_full || is_reminder || kind == NoticeKind::RenewedTacitly;
    let has_deadline = is_full || is_deadline;
    NoticeValues {
        kind: kind.as_str(),
        event: "expiring",
        tone: tone(kind),
        audience,
        day: "2026-12-31".to_owned(),
        first_day: full("2026-01-01"),
        last_day: has_last_day.then(|| "2026-12-31".to_owned()),
        ended: if is_over { some("2026-12-31") } else { full("2026-12-31") },
        ends_at: full("18:00"),
        suspended_until: full("2026-10-18"),
        resumes: full("2026-10-19"),
        deadline: has_deadline.then(|| "2026-12-01".to_owned()),
        days_left: has_last_day.then_some(if is_full { 7 } else { 0 }),
        deadline_left: has_deadline.then_some(3),
        rolls: is_full,
        renewable: is_full,
    }
}
