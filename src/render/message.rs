//! Renders notices as messages for people: a subject, plain text and HTML, in Russian or English.
//!
//! A message has one block for each agreement. Clients and managers get different texts. The texts are templates, and a
//! repository may replace each. A template can use titles, days and states, and nothing else: no files, no environment,
//! and a bounded number of steps. HTML escapes all values. Subjects and plain text contain no invisible characters.

use super::encode;

mod chat;
mod engine;
mod values;
mod templates;
mod check;

pub use check::{FOLDER, faults, own_texts, text_changes};
pub use templates::{MessageTemplates, RenderedMessage, TemplateError};
pub use values::MessageContext;

/// A message as an HTML comment in a helpdesk, with its reference at the end.
pub fn comment(rendered: &RenderedMessage, name: &str) -> String {
    let lines: Vec<_> = rendered.text.lines().map(encode::html).collect();
    format!("<p>{}</p><p>{}</p>", lines.join("<br>"), reference(name))
}

/// The reference by which a message is found in a helpdesk.
pub fn reference(name: &str) -> String {
    format!("servanda:{name}")
}

#[cfg(test)]
mod tests;
