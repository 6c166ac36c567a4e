//! What stands at the end of a command's help becomes sections of its page of the manual: examples line by line as they
//! are typed, exit codes, and notes.

use std::fmt::Write as _;

/// The sections of a help text, in troff.
///
/// ```
/// let help = "Examples:\n  servanda man pages    into a folder\n\nNothing else is written.\n\nExit codes: 0 written.";
/// let sections = servanda::render::manual::sections(help);
/// assert_eq!(
///     sections,
///     ".SH EXAMPLES\n.nf\nservanda man pages    into a folder\n.fi\n.SH NOTES\nNothing else is written.\n.SH \"EXIT STATUS\"\n0 written.\n"
/// );
/// ```
pub fn sections(help: &str) -> String {
    let mut text = String::new();
    let mut put = |line: &str| writeln!(text, "{line}").expect("a string takes all that is written");
    let mut in_notes = false;
    for part in help.split("\n\n").filter(|part| !part.trim().is_empty()) {
        if let Some(examples) = part.strip_prefix("Examples:\n") {
            put(".SH EXAMPLES\n.nf");
            examples.lines().for_each(|line| put(&troff(line.strip_prefix("  ").unwrap_or(line))));
            put(".fi");
            in_notes = false;
        } else if let Some(codes) = part.strip_prefix("Exit codes: ") {
            put(".SH \"EXIT STATUS\"");
            codes.lines().for_each(|line| put(&troff(line.trim())));
            in_notes = false;
        } else {
            put(if in_notes { ".PP" } else { ".SH NOTES" });
            part.lines().for_each(|line| put(&troff(line.trim())));
            in_notes = true;
        }
    }
    text
}

/// A line that means nothing to troff but its letters. A hyphen is one that can be copied into a shell.
fn troff(line: &str) -> String {
    let escaped = line.replace('\\', "\\e").replace('-', "\\-");
    if escaped.starts_with(['.', '\'']) { format!("\\&{escaped}") } else { escaped }
}

#[cfg(test)]
mod tests {
    use super::sections;

    #[test]
    fn nothing_of_a_help_is_obeyed() {
        let help = "Examples:\n  .so /etc/passwd\n  'a' \\\n      --b\n\n.SH X\nmore\n\nand more";
        let expected = ".SH EXAMPLES\n.nf\n\\&.so /etc/passwd\n\\&'a' \\e\n    \\-\\-b\n.fi\n.SH NOTES\n\\&.SH X\nmore\n.PP\nand more\n";
        assert_eq!(sections(help), expected);
        assert_eq!(sections(""), "");
    }
}
