//! Values of a message for places where people chat: each has its own signs that do something, and none of them is
//! left in a text of ours.
//!
//! What cannot be seen is taken out, what is too long is cut, and nobody can be called by a title.

use std::borrow::Cow;

use crate::render::encode;
use crate::settings::WebhookFormat;

/// The longest value, in characters. A message has a bounded number of notices, and so a bounded length.
const LONGEST: usize = 80;
/// Between a sign and the name behind it, so that it calls nobody.
const NOTHING: char = '\u{200b}';

/// A value as it can stand in a message of this form.
pub(super) fn value(form: WebhookFormat, text: &str) -> String {
    let is_long = text.chars().count() > LONGEST;
    let cut = text.chars().take(if is_long { LONGEST - 1 } else { LONGEST });
    let plain = cut.filter(|sign| !encode::is_unseen(*sign)).chain(is_long.then_some('…'));
    let encoded = plain.map(|sign| match form {
        WebhookFormat::Json => Cow::Owned(sign.to_string()),
        WebhookFormat::Telegram if sign == '@' => Cow::Owned(format!("@{NOTHING}")),
        WebhookFormat::Slack => lookalike(sign),
        WebhookFormat::Telegram => entity(sign),
        WebhookFormat::Mattermost => markdown(sign),
    });
    encoded.collect()
}

/// `<!channel>` calls everybody, and `<address|words>` is a link.
fn entity(sign: char) -> Cow<'static, str> {
    match sign {
        '&' => "&amp;".into(),
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        sign => sign.to_string().into(),
    }
}

/// Slack knows no way to write its own signs as what they are, so that others stand for them which look alike.
fn lookalike(sign: char) -> Cow<'static, str> {
    match sign {
        '*' => "∗".into(),
        '_' => "＿".into(),
        '~' => "∼".into(),
        '`' => "ˋ".into(),
        sign => entity(sign),
    }
}

/// Mattermost reads Markdown, and what is Slack's before that.
fn markdown(sign: char) -> Cow<'static, str> {
    match sign {
        '@' => format!("@{NOTHING}").into(),
        '&' | '<' | '>' => entity(sign),
        sign if sign.is_ascii_punctuation() => format!("\\{sign}").into(),
        sign => sign.to_string().into(),
    }
}
