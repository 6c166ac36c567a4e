//! Messages on standard error: lines for a person, or JSON objects for a collector of logs.

use std::borrow::Cow;
use std::io::Write as _;
use std::sync::OnceLock;

use serde_json::{Value, json};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};

/// The format of everything on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people, with times where no terminal shows them
    #[default]
    Text,
    /// One JSON object a line, with times
    Json,
}

/// The way in which messages are printed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MessageStyle {
    /// The format.
    pub(crate) format: LogFormat,
    /// Whether only errors, warnings about files and questions are printed.
    pub(crate) is_quiet: bool,
    /// Whether the lines of a log begin with their times.
    pub(crate) is_timed: bool,
}

/// The style of this process, which is set once.
static STYLE: OnceLock<MessageStyle> = OnceLock::new();

impl MessageStyle {
    /// Takes effect for the process, unless a style already has.
    pub(crate) fn install(self) {
        // Only a test can have installed one before, and it keeps its own.
        let _ = STYLE.set(self);
    }

    fn of_the_process() -> Self {
        STYLE.get().copied().unwrap_or_default()
    }
}

/// Prints an error, with its code and help as fields of their own where the format has fields.
pub(crate) fn print_error(text: &str, fields: &[(&str, &str)]) {
    emit("ERROR", text, fields);
}

/// Prints findings in the files, or a question to a person.
pub(crate) fn print_message(text: &str) {
    emit("WARN", text, &[]);
}

/// Prints what a command has done, unless `--quiet` is set.
pub(crate) fn inform(text: &str) {
    if !MessageStyle::of_the_process().is_quiet {
        emit("INFO", text, &[]);
    }
}

/// Prints a line of the log of a run that lasts, unless `--quiet` is set.
pub(crate) fn log(text: &str) {
    inform(&timed("INFO", text));
}

/// Prints a warning in the log of a run that lasts.
pub(crate) fn log_warning(text: &str) {
    print_message(&timed("WARN", text));
}

fn emit(level: &str, text: &str, fields: &[(&str, &str)]) {
    match MessageStyle::of_the_process().format {
        LogFormat::Text => print(text),
        LogFormat::Json => print(&json_line(level, text, fields)),
    }
}

/// A line with its time, where the style has times.
fn timed<'a>(level: &str, text: &'a str) -> Cow<'a, str> {
    if MessageStyle::of_the_process().is_timed {
        Cow::Owned(format!("{}  {level} {text}", time()))
    } else {
        Cow::Borrowed(text)
    }
}

/// A message as one line of JSON, in the shape of the lines that libraries log.
fn json_line(level: &str, text: &str, fields: &[(&str, &str)]) -> String {
    let mut message = json!({ "message": text.trim_end() });
    for (name, value) in fields {
        message[name] = Value::from(*value);
    }
    let line = json!({ "timestamp": time(), "level": level, "fields": message, "target": "servanda" });
    format!("{line}\n")
}

/// The time of a line, in UTC.
fn time() -> String {
    let mut time = String::new();
    SystemTime.format_time(&mut Writer::new(&mut time)).expect("a string takes all that is written");
    time
}

/// Prints to standard error; a closed pipe is ignored.
pub(super) fn print(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::json_line;

    #[test]
    fn a_message_of_several_lines_is_one_line_of_json() {
        let line = json_line("ERROR", "error[usage]: \"a\"\n  help: b\n", &[("code", "usage")]);
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        let read: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(read["fields"]["message"], "error[usage]: \"a\"\n  help: b");
        assert_eq!((&read["level"], &read["fields"]["code"]), (&"ERROR".into(), &"usage".into()));
        let time = read["timestamp"].as_str().expect("a text");
        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{time}");
    }
}
