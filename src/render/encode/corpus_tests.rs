//! Texts that somebody may have written to be something else than text, and what tells whether they are.

use crate::cases::every;
use html5gum::{Token, Tokenizer};

/// Each is fed to every sink.
pub(crate) const HOSTILE: &[&str] = &[
    "\u{1b}[2J\u{1b}[31mall is well\u{1b}[0m",
    "\u{1b}]8;;https://evil.example\u{1b}\\click\u{1b}]8;;\u{1b}\\",
    "\u{1b}]0;title\u{7}",
    "\u{9b}31m and \u{9d}0;x\u{9c}",
    "ring\u{7}ring",
    "good\rbad",
    "two\nlines\r\nand\u{b}more\u{c}",
    "next\u{85}line",
    "line\u{2028}paragraph\u{2029}",
    "admin\u{202e}txt.exe\u{202c} \u{2066}x\u{2069} \u{200e}\u{200f}\u{61c}",
    "zero\u{200b}width\u{200c}and\u{200d}joined\u{2060}\u{feff}",
    "tag\u{e0041}\u{e007f} selector\u{fe0f} filler\u{3164} soft\u{ad}hyphen",
    "nul\0del\u{7f}back\u{8}",
    "::set-output name=x::y",
];

/// Texts that a sink could interpret as more than text.
const LIVE: &[&str] = &[
    "@somebody",
    "@acme/team",
    "#17",
    "GH-17",
    "acme/desk#17",
    "acme/desk@deadbeefcafe",
    "deadbeefcafe1234567890deadbeefcafe123456",
    "!17",
    "~bug",
    "%17",
    "&17",
    "$17",
    ":smile:",
    "https://evil.example/x",
    "www.evil.example",
    "evil.example/x",
    "mailto:a@evil.example",
    "a@evil.example",
    "<https://evil.example>",
    "[click](https://evil.example)",
    "[click][1]\n\n[1]: https://evil.example",
    "![x](https://evil.example/p.png)",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "</code></summary></details><b>approved</b>",
    "<!-- servanda:plan --><b>",
    "--><b>x</b>",
    "&lt;b&gt;&#60;i&#62;",
    "`",
    "``` \n# No risk\n```",
    "`` ` ``",
    "a`b``c```d",
    "| a | b |",
    "\\| x",
    "x\\",
    "\\`x",
    "**bold** _it_ ~~no~~",
    "# Plan: nothing to do",
    "- [x] approved",
    "1. one",
    "> quote",
    "---",
    "$`x`$ $$y$$",
    "[^1]: note",
    "||spoiler||",
    "[[wiki]]",
    "> [!NOTE]\n> x",
    "/approve\n/merge",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "\"' onmouseover='alert(1)",
    "]]><x>",
    "Subject: x\r\nBcc: a@evil.example",
    "::error file=a,line=1::x",
    "##[error]x",
    "##[add-matcher]x.json",
    "##vso[task.setvariable variable=x]y",
    "{{ 7 * 7 }} ${7*7} #{x}",
];

/// The way each may stand within a text.
const AROUND: &[(&str, &str)] = &[
    ("", ""),
    (" ", " "),
    ("a ", " z"),
    ("a", "z"),
    ("(", ")"),
    ("`", "`"),
    ("\n", "\n"),
    ("\u{202e}", "\u{202c}"),
    ("«", "»"),
];

/// Texts that a sink could take for more than text, in a sample every seventh of those that are live.
pub(crate) fn payloads() -> Vec<String> {
    hostile().chain(every(7, live())).collect()
}

/// More than five hundred such texts.
pub(crate) fn all_payloads() -> Vec<String> {
    hostile().chain(live()).collect()
}

fn hostile() -> impl Iterator<Item = String> {
    HOSTILE.iter().map(|text| (*text).to_owned())
}

fn live() -> impl Iterator<Item = String> {
    LIVE.iter().flat_map(|live| AROUND.iter().map(move |(before, after)| format!("{before}{live}{after}")))
}

/// Whether a rendered text holds nothing but lines of what can be seen.
pub(crate) fn is_clean(rendered: &str) -> bool {
    !rendered.chars().any(|character| character != '\n' && super::is_unseen(character))
}

/// Whether a runner of a CI would take a line of a log for a command.
pub(crate) fn is_obeyed(log: &str) -> bool {
    let is_word = |rest: &str| rest.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let is_marked =
        |rest: &str| rest.trim_start_matches(|letter: char| letter.is_ascii_alphabetic()).starts_with('[');
    (0..log.len()).any(|at| log.get(at..).and_then(|rest| rest.strip_prefix("##")).is_some_and(is_marked))
        || log.lines().any(|line| line.trim_start().strip_prefix("::").is_some_and(is_word))
}

/// The active elements of a Markdown text, as a forge with every extension reads it.
pub(crate) fn live_in_markdown(markdown: &str) -> Vec<String> {
    let mut options = comrak::Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.math_dollars = true;
    options.extension.math_code = true;
    options.extension.wikilinks_title_after_pipe = true;
    options.extension.spoiler = true;
    options.extension.alerts = true;
    options.render.r#unsafe = true;
    let known = [
        "h3", "h4", "p", "strong", "em", "del", "code", "pre", "ul", "li", "table", "thead", "tbody", "tr",
        "th", "td", "details", "summary", "br",
    ];
    live_in_html(&comrak::markdown_to_html(markdown, &options), &known, &["open"])
}

/// The active elements of a piece of HTML: unexpected markup, and texts outside of code that a forge would link.
fn live_in_html(html: &str, known: &[&str], attributes: &[&str]) -> Vec<String> {
    let mut found = odd_markup(html, known, attributes);
    let is_code = |name: &[u8]| [&b"code"[..], b"pre"].contains(&name);
    let mut codes = 0;
    for token in tokens(html) {
        match token {
            Token::StartTag(tag) if is_code(&tag.name) => codes += 1,
            Token::EndTag(tag) if is_code(&tag.name) => codes -= 1,
            Token::String(text) if codes == 0 => found.extend(linked(&lossy(&text))),
            _ => {}
        }
    }
    found
}

/// The elements and attributes of a piece of HTML beyond those that are known, and its comments.
pub(crate) fn odd_markup(html: &str, known: &[&str], attributes: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for token in tokens(html) {
        match token {
            Token::StartTag(tag) => {
                let name = lossy(&tag.name);
                if !known.contains(&&*name) {
                    found.push(format!("<{name}>"));
                }
                // A fenced block of a difference has this class.
                let is_known = |name: &str, value: &str| {
                    attributes.contains(&name) || (name, value) == ("class", "language-diff")
                };
                let all = tag.attributes.iter().map(|(name, value)| (lossy(name), lossy(value)));
                found.extend(
                    all.filter(|(name, value)| !is_known(name, value))
                        .map(|(name, value)| format!("{name}={value}")),
                );
            }
            Token::Comment(comment) => found.push(format!("<!--{}-->", lossy(&comment))),
            Token::Doctype(_) => found.push("<!doctype>".to_owned()),
            Token::EndTag(_) | Token::String(_) | Token::Error(_) => {}
        }
    }
    found
}

fn tokens(html: &str) -> impl Iterator<Item = Token> {
    Tokenizer::new(html).flatten()
}

fn lossy(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// The words of a text that a forge would make more of.
fn linked(text: &str) -> Vec<String> {
    let is_live = |word: &&str| {
        let core = word.trim_matches(|sign: char| ".,;()…".contains(sign));
        let behind = |sign: char| {
            core.find(sign).is_some_and(|at| {
                core[at + sign.len_utf8()..].starts_with(|next: char| next.is_alphanumeric())
            })
        };
        let is_commit = core.len() >= 7
            && core.bytes().all(|byte| byte.is_ascii_hexdigit())
            && core.bytes().any(|byte| byte.is_ascii_digit());
        let is_issue = core.split_once('-').is_some_and(|(project, number)| {
            !project.is_empty()
                && project.bytes().all(|byte| byte.is_ascii_uppercase())
                && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        ['@', '#', '!', '~', '%', '$', '&'].into_iter().any(behind)
            || core.contains("://")
            || core.contains("www.")
            || core.starts_with("::")
            || (core.len() > 2 && core.starts_with(':') && core.ends_with(':'))
            || is_commit
            || is_issue
    };
    text.split_whitespace().filter(is_live).map(str::to_owned).collect()
}
