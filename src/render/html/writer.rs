//! A page that is being written: lines, headings, lists and places in files.

use std::fmt::Write as _;

use crate::render::encode;
use crate::render::link::{Place, Places};
use crate::render::vocabulary::Vocabulary;

/// A page that is being written.
pub(super) struct Html<'a> {
    /// The page so far.
    pub(super) text: String,
    /// The words of the plan's language.
    pub(super) words: Vocabulary<'a>,
    /// The places in the files.
    pub(super) places: Places<'a>,
}

impl Html<'_> {
    /// Adds a line.
    pub(super) fn line(&mut self, line: std::fmt::Arguments<'_>) {
        self.text.write_fmt(line).expect("a string takes all that is written");
        self.text.push('\n');
    }

    /// Adds a heading, with a number unless it is 0.
    pub(super) fn heading(&mut self, title: &str, number: usize) {
        let number = if number > 0 { format!(" <small>{number}</small>") } else { String::new() };
        self.line(format_args!("<h2>{}{number}</h2>", encode::html(title)));
    }

    /// Adds a list with its heading, unless it is empty.
    pub(super) fn list(&mut self, title: &str, items: Vec<String>) {
        if items.is_empty() {
            return;
        }
        self.heading(title, 0);
        self.line(format_args!("<ul class=\"plain\">"));
        for item in items {
            self.line(format_args!("<li>{item}</li>"));
        }
        self.line(format_args!("</ul>"));
    }
}

/// A place in a file, linked if it has an address.
pub(super) fn placed(place: &Place<'_>) -> String {
    let name = format!("{}:{}", place.path, place.line);
    let name = format!("<code><bdi>{}</bdi></code>", encode::html(&name));
    match &place.address {
        Some(address) => format!("<a class=\"place\" href=\"{}\">{name}</a>", encode::html(address)),
        None => format!("<span class=\"place\">{name}</span>"),
    }
}
