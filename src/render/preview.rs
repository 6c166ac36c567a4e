//! The messages of a preview as files: each as HTML and as text, and an index page that shows all of them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::agreement::NoticeEvent;
use crate::calendar::Day;
use crate::ident::slug::numbered;
use crate::notice::delivery::Message;
use crate::notice::due::Notice;
use crate::notice::{Channel, Identity, Variant};
use crate::render::encode;
use crate::render::locale;
use crate::render::message::RenderedMessage;
use crate::render::wording::{Text, frame};
use crate::settings::Language;

/// The policy of the index page: messages are shown in frames without any rights.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The look that all pages share, and that of this page.
const STYLE: &str = concat!(include_str!("theme.css"), include_str!("preview.css"));

/// The number of messages that the index page shows without a click.
const OPEN: usize = 20;

/// The name of the index page.
pub const INDEX: &str = "index.html";

/// A message of a preview.
pub struct PreviewedMessage {
    /// The message.
    pub message: Message,
    /// Its texts.
    pub rendered: RenderedMessage,
    /// The language, if it was asked for.
    pub language: Option<Language>,
}

/// A file of a preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewFile {
    /// The name, of letters, digits, `.`, `-` and `_`.
    pub name: String,
    /// The text.
    pub text: String,
}

/// The files of a preview: two for each message, named by day, agreement, event and recipient, and the index page.
pub fn files(messages: &[PreviewedMessage], language: Language) -> Vec<PreviewFile> {
    let names = names(messages);
    let mut files = Vec::new();
    for (message, name) in messages.iter().zip(&names) {
        let RenderedMessage { subject, text, html } = &message.rendered;
        files.push(PreviewFile { name: format!("{name}.html"), text: html.clone() });
        files.push(PreviewFile { name: format!("{name}.txt"), text: format!("{subject}\n\n{text}") });
    }
    files.push(PreviewFile { name: INDEX.to_owned(), text: index(messages, &names, language) });
    files
}

/// A name for each message, without an ending. Messages that would have the same name are numbered.
pub fn names(messages: &[PreviewedMessage]) -> Vec<String> {
    let mut known = BTreeSet::new();
    let name = |message: &PreviewedMessage| {
        let stem = name(message);
        let mut free = numbered(&stem).filter(|name| known.insert(name.clone()));
        free.next().expect("there are more numbers than messages")
    };
    messages.iter().map(name).collect()
}

/// `2026-12-31-dental-2026.dent-mayak-expiring-30d-client.main`: day, agreement, event, recipient.
fn name(message: &PreviewedMessage) -> String {
    let mut parts = match message.message.notices.first() {
        Some(notice) => vec![
            if notice.key.day == Day::MAX { "open-ended".to_owned() } else { notice.key.day.to_string() },
            notice.key.agreement.as_str().replace('/', "."),
            event_and_lead(notice),
            notice.key.recipient.clone(),
        ],
        None => vec![message.message.name.clone()],
    };
    if message.message.notices.len() > 1 {
        parts.push(format!("and-{}", message.message.notices.len() - 1));
    }
    if message.message.channel != Channel::Mail {
        parts.push(message.message.channel.as_str().to_owned());
    }
    parts.extend(message.language.map(|language| language.as_str().to_owned()));
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
    parts.join("-").chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect()
}

fn event_and_lead(notice: &Notice) -> String {
    match notice.key.variant {
        Variant::Lead(lead) => format!("{}-{lead}", notice.key.event.as_str()),
        Variant::Only | Variant::Revision(_) => notice.key.event.as_str().to_owned(),
    }
}

/// The page with all messages, each in a frame.
fn index(messages: &[PreviewedMessage], names: &[String], language: Language) -> String {
    let title = frame::PREVIEW.count(language, messages.len());
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header class=\"top\"><h1>{title}</h1><p>{}</p></header>\n<main>\n",
        language.as_str(),
        frame::NONE_SENT.of(language),
    );
    for (index, (message, name)) in messages.iter().zip(names).enumerate() {
        let open = if index < OPEN { " open" } else { "" };
        write!(page, "{}", entry(message, name, open, language)).expect("a string takes all that is written");
    }
    page + "</main>\n</body>\n</html>\n"
}

fn entry(message: &PreviewedMessage, name: &str, open: &str, language: Language) -> String {
    let subject = encode::html(&message.rendered.subject);
    let said = message.message.notices.iter().map(|notice| {
        let day = locale::day_or_open(language, notice.key.day);
        format!("{day}: {}, {}", notice.key.agreement, event(notice.key.event).of(language))
    });
    let said: Vec<String> = said.collect();
    let to = message
        .message
        .notices
        .first()
        .map_or(frame::TO_EVERYONE, |notice| recipient(&notice.recipient.identity));
    let (to, channel) = (to.of(language), message.message.channel.as_str());
    // Line by line, since a line feed within a text would be shown as an escape.
    let html: Vec<_> = message.rendered.html.lines().map(encode::html).collect();
    let html = html.join("\n");
    format!(
        "<details{open}>\n<summary><b>{subject}</b> <span class=\"quiet\">{to}, {channel}</span></summary>\n\
         <p>{} · <a href=\"{name}.html\">{name}.html</a> · <a href=\"{name}.txt\">{name}.txt</a></p>\n\
         <iframe sandbox loading=\"lazy\" title=\"{subject}\" srcdoc=\"{html}\"></iframe>\n</details>\n",
        encode::html(&said.join("; ")),
    )
}

const fn event(event: NoticeEvent) -> Text {
    match event {
        NoticeEvent::Activated => frame::ACTIVATED,
        NoticeEvent::Deactivated => frame::DEACTIVATED,
        NoticeEvent::Expiring => frame::EXPIRING,
        NoticeEvent::NoticeDeadline => frame::NOTICE_DEADLINE,
        NoticeEvent::Amended => frame::AMENDED,
        NoticeEvent::Renewed => frame::RENEWED,
    }
}

const fn recipient(identity: &Identity) -> Text {
    match identity {
        Identity::Contact(_) | Identity::Client => frame::TO_CLIENT,
        Identity::Manager(_) | Identity::NoManager => frame::TO_MANAGER,
        Identity::Address(_) => frame::TO_ADDRESS,
        Identity::Everyone => frame::TO_EVERYONE,
    }
}

#[cfg(test)]
mod tests;
