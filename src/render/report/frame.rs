//! Fills the frames of pages, which begin alike.

use minijinja::{AutoEscape, Environment, Value};

/// A frame of our own with these values, which are escaped.
pub(super) fn filled(frame: &str, values: Value) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("head.html", include_str!("head.html")).expect("a test parses it");
    environment.render_str(frame, values).expect("the frame is our own, and a test fills it")
}
