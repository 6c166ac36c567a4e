//! How a file differs from what it was, or from the one it follows on from, as `diff -u` shows it.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use crate::render::encode;
use crate::render::style::{Paint, Tone};

/// The number of lines that are shown around each change.
const CONTEXT: usize = 2;

/// The difference of two texts; `old_path` is `None` where there was no file.
pub fn unified(old_path: Option<&str>, new_path: &str, old: &str, new: &str, paint: Paint) -> String {
    let mut text = String::new();
    let mut line = |tone: Tone, line: &str| {
        let style = if paint.colour { tone.style() } else { anstyle::Style::new() };
        writeln!(text, "{style}{}{style:#}", encode::excerpt_line(line))
            .expect("a string takes all that is written");
    };
    line(Tone::Strong, &format!("--- {}", old_path.unwrap_or("/dev/null")));
    line(Tone::Strong, &format!("+++ {new_path}"));
    let diff = TextDiff::from_lines(old, new);
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        line(Tone::Shift, hunk.header().to_string().trim_end());
        for change in hunk.iter_changes() {
            let (sign, tone) = match change.tag() {
                ChangeTag::Delete => ('-', Tone::Loss),
                ChangeTag::Insert => ('+', Tone::Gain),
                ChangeTag::Equal => (' ', Tone::Plain),
            };
            line(tone, &format!("{sign}{}", change.value().trim_end_matches(['\r', '\n'])));
            if change.missing_newline() {
                line(Tone::Quiet, "\\ No newline at end of file");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::unified;
    use crate::render::Paint;
    use crate::render::encode::corpus::{HOSTILE, is_clean};

    #[test]
    fn a_line_that_changed_stands_among_its_neighbours() {
        let (old, new) = ("a: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\ne: 5", "a: 1\r\nb: 2\r\nc: 3\r\nd: 5\r\ne: 5");
        let drawn = unified(Some("a.yaml"), "a.yaml", old, new, Paint::PLAIN);
        let expected = "--- a.yaml\n+++ a.yaml\n@@ -2,4 +2,4 @@\n b: 2\n c: 3\n-d: 4\n+d: 5\n e: 5\n\\ No newline at end of file\n";
        assert_eq!(drawn, expected);
        assert_eq!(
            unified(None, "b.yaml", "", "a: 1\n", Paint::PLAIN),
            "--- /dev/null\n+++ b.yaml\n@@ -0,0 +1 @@\n+a: 1\n"
        );
    }

    #[test]
    fn nothing_hostile_is_drawn() {
        for text in HOSTILE {
            assert!(
                is_clean(&unified(Some(text), text, "a: 1\n", text, Paint::PLAIN).replace('\t', " ")),
                "{text:?}"
            );
        }
    }
}
