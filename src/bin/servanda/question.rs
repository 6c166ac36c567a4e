//! What is missing is asked for on a terminal; where nobody is there to answer, it is named as a switch.

use std::io::BufRead as _;

use servanda::render::encode;

use crate::context::Context;
use crate::failure::{Exit, Failure, say};

/// A question with one answer.
pub(crate) struct Question<'a> {
    /// What is asked, without a mark.
    pub(crate) text: &'a str,
    /// The switch that says the same.
    pub(crate) switch: &'a str,
    /// Answers that make sense, shown with the question; empty where there are too many.
    pub(crate) choices: &'a [String],
}

/// Asks until an answer is taken. `take` gives the value, or says what is wrong with the answer.
pub(crate) fn ask<T>(
    question: &Question<'_>,
    context: &Context,
    take: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Failure> {
    if !context.is_attended() {
        let mut failure = Failure::usage(
            format!("`{}` is missing, and nobody is here to ask", question.switch),
            "see `servanda new --help`",
        );
        if !question.choices.is_empty() {
            failure = failure.help(format!("say one of {}", question.choices.join(", ")));
        }
        return Err(failure);
    }
    let choices = if question.choices.is_empty() {
        String::new()
    } else {
        format!(" ({})", question.choices.join(", "))
    };
    let mut answer = String::new();
    loop {
        say(&format!("{}{}: ", question.text, encode::terminal(&choices)));
        answer.clear();
        match std::io::stdin().lock().read_line(&mut answer) {
            Ok(read) if read > 0 => {}
            _ => return Err(Failure::new(Exit::Failure, "no answer, so nothing was written")),
        }
        match take(answer.trim()) {
            Ok(value) => return Ok(value),
            Err(wrong) => say(&format!("  {}\n", encode::terminal(&wrong))),
        }
    }
}
