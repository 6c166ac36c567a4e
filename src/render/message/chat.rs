//! Escapes values for chats, so that no markup, link or mention in a title takes effect.
//!
//! Invisible characters are removed, and long values are truncated.

use std::borrow::Cow;

use crate::render::encode;
use crate::settings::WebhookFormat;

/// The maximum length of a value, in characters. With a bounded number of notices, it bounds the message.
const MAX_LENGTH: usize = 80;
/// Separates `@` from a name, so that it is not a mention.
const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// Escapes a value for a message of this form.
pub(super) fn value(form: WebhookFormat, text: &str) -> String {
    let is_long = text.chars().count() > MAX_LENGTH;
    let cut = text.chars().take(if is_long { MAX_LENGTH - 1 } else { MAX_LENGTH });
    let plain = cut.filter(|character| !encode::is_unseen(*character)).chain(is_long.then_some('…'));
    let encoded = plain.map(|character| match form {
        WebhookFormat::Json => Cow::Owned(character.to_string()),
        WebhookFormat::Telegram if character == '@' => Cow::Owned(format!("@{ZERO_WIDTH_SPACE}")),
        WebhookFormat::Slack => lookalike(character),
        WebhookFormat::Telegram => entity(character),
        WebhookFormat::Mattermost => markdown(character),
    });
    encoded.collect()
}

/// Escapes `<!channel>`, a mention, and `<address|words>`, a link.
fn entity(character: char) -> Cow<'static, str> {
    match character {
        '&' => "&amp;".into(),
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        character => character.to_string().into(),
    }
}

/// Slack cannot escape its own markup, so look-alike characters replace it.
fn lookalike(character: char) -> Cow<'static, str> {
    match character {
        '*' => "∗".into(),
        '_' => "＿".into(),
        '~' => "∼".into(),
        '`' => "ˋ".into(),
        character => entity(character),
    }
}

/// Escapes for Mattermost, which reads Slack's markup and Markdown.
fn markdown(character: char) -> Cow<'static, str> {
    match character {
        '@' => format!("@{ZERO_WIDTH_SPACE}").into(),
        '&' | '<' | '>' => entity(character),
        character if character.is_ascii_punctuation() => format!("\\{character}").into(),
        character => character.to_string().into(),
    }
}
