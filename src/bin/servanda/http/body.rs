//! Reads the body of a response: up to a limit, and without secrets. No other code reads one. Errors of requests become
//! texts here too.
#![expect(clippy::disallowed_methods, reason = "the one place that reads the bodies of responses")]

use std::sync::Arc;

use serde_json::Value;

use super::redact::{self, Redactor};

/// The number of characters of a server's text that are shown in an error.
const EXCERPT_LENGTH: usize = 500;
/// The number of bytes of a body from which the shown text is taken.
const EXCERPT_BYTES: usize = 64 * 1024;

/// The number of bytes from which a body is decoded on a thread of its own.
const LARGE: usize = 64 * 1024;

/// The body of a response.
pub(crate) struct Body(Vec<u8>);

impl Body {
    /// Reads a body to its end. Fails as soon as it is larger than the limit, which is in bytes.
    pub(crate) async fn read(mut response: reqwest::Response, limit: usize) -> Result<Self, String> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(error_text)? {
            if bytes.len() + chunk.len() > limit {
                return Err(format!("the response is larger than {} MiB", limit / (1024 * 1024)));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Self(bytes))
    }

    /// The beginning as a text without secrets, short enough for a message.
    pub(crate) fn excerpt(&self) -> String {
        let beginning = &self.0[..self.0.len().min(EXCERPT_BYTES)];
        let text = redact::text(&String::from_utf8_lossy(beginning));
        // Markup may have stood within a secret.
        excerpt(&redact::text(&without_markup(&text)))
    }

    /// The JSON without the client's own secret, which a server may hold in one of its texts; `Null` if the body is empty,
    /// `None` if it is not JSON. The secrets of other clients stay: data may hold the same word by chance.
    pub(crate) fn json(&self, redactor: &Redactor) -> Option<Value> {
        if self.0.is_empty() {
            return Some(Value::Null);
        }
        let mut value = serde_json::from_slice(&self.0).ok()?;
        redactor.json(&mut value);
        Some(value)
    }

    /// Like [`Self::json`], with an excerpt if it is not JSON. A page of a list is decoded on a thread of its own, while the
    /// next one is on its way.
    pub(crate) async fn into_json(self, redactor: &Arc<Redactor>) -> Result<Value, String> {
        let redactor = Arc::clone(redactor);
        let is_large = self.0.len() >= LARGE;
        let decode = move || self.json(&redactor).ok_or_else(|| self.excerpt());
        if !is_large {
            return decode();
        }
        tokio::task::spawn_blocking(decode).await.unwrap_or_else(|error| Err(error.to_string()))
    }
}

/// The text of a page, as a proxy or a wrong address returns it; any other text as it is.
fn without_markup(page: &str) -> String {
    let (mut text, mut rest) = (String::new(), page.trim_start());
    if !rest.starts_with('<') {
        return page.to_owned();
    }
    while let Some((before, markup)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        let is = |name: &str| markup.get(..name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name));
        let closing = ["style", "script"].into_iter().find(|name| is(name)).map(|name| format!("</{name}"));
        let end = closing.and_then(|closing| markup.find(&closing)).unwrap_or_default();
        rest = markup[end..].split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() { page.to_owned() } else { words }
}

/// The beginning of a server's text, short enough for an error message.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT_LENGTH).collect()
}

/// The text of an HTTP error and of its causes, without secrets and without the address, which may contain one.
pub(crate) fn error_text(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    redact::text(&text)
}

#[cfg(test)]
mod tests {
    use super::without_markup;

    #[test]
    fn a_page_is_shown_as_its_words() {
        let page = "<!doctype html><head><style>\nh1 { color: red }\n</style></head>\n<body><h1>Not Found</h1><p>The resource\n\
                    <code class=\"url\">/webservices</code></body>";
        for (text, words) in [
            (page, "Not Found The resource /webservices"),
            ("<script>a < b", "a"),
            ("<html>", "<html>"),
            ("<b", "<b"),
            ("a < b and c > d", "a < b and c > d"),
            ("", ""),
        ] {
            assert_eq!(without_markup(text), words);
        }
    }
}
