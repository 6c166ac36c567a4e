//! Options that people type from the habit of other tools: each works as ours, and a line names ours.

use std::ffi::{OsStr, OsString};

/// Options of other tools, with what to write here.
const HABITS: [(&str, &[&str]); 6] = [
    ("--auto-approve", &["--yes"]),
    ("-auto-approve", &["--yes"]),
    ("--detailed-exitcode", &["--exit-code"]),
    ("--json", &["--format", "json"]),
    ("--target", &["--id"]),
    ("-target", &["--id"]),
];

/// The words of a command line with our options in place of those of other tools, and a line for each that was replaced.
/// Words after `--` are no options.
pub(super) fn translated(words: &[OsString]) -> (Vec<OsString>, Vec<String>) {
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let mut ours: Vec<OsString> = Vec::with_capacity(words.len() + 1);
    let mut notes = Vec::new();
    for word in &words[..end] {
        let (name, value) = match word.to_str().and_then(|word| word.split_once('=')) {
            Some((name, value)) => (OsStr::new(name), Some(value)),
            None => (word.as_os_str(), None),
        };
        match HABITS.iter().find(|(theirs, _)| name == OsStr::new(theirs)) {
            Some((theirs, options)) => {
                notes.push(format!("`{theirs}` is `{}` here", options.join(" ")));
                ours.extend(options.iter().map(OsString::from));
                ours.extend(value.map(OsString::from));
            }
            None => ours.push(word.clone()),
        }
    }
    ours.extend_from_slice(&words[end..]);
    (ours, notes)
}
