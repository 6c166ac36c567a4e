//! Asks for missing values on a terminal; without one, the failure names the switch that sets the value.

use std::io::BufRead;

use servanda::render::encode;

use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::process::messages::print_message;

/// A prompt for one value.
pub(crate) struct Prompt<'a> {
    /// The text, without punctuation.
    pub(crate) text: &'a str,
    /// The switch that sets the same value.
    pub(crate) switch: &'a str,
    /// The possible answers, shown with the text; empty where there are too many.
    pub(crate) choices: &'a [String],
}

/// A dialogue: answers line by line, and a writer for prompts.
pub(crate) struct Prompter<'a> {
    answers: Box<dyn BufRead + 'a>,
    print: Box<dyn FnMut(&str) + 'a>,
}

impl<'a> Prompter<'a> {
    /// A dialogue over a reader and a writer.
    pub(crate) fn over(answers: impl BufRead + 'a, print: impl FnMut(&str) + 'a) -> Self {
        Self { answers: Box::new(answers), print: Box::new(print) }
    }

    /// A dialogue on the terminal; `None` without one.
    pub(crate) fn on_terminal(context: &Context) -> Option<Self> {
        context.is_attended().then(|| Self::over(std::io::stdin().lock(), print_message))
    }

    /// Asks until `take` accepts the answer; its error is shown before the next try. Fails at the end of the input.
    pub(crate) fn ask<T>(
        &mut self,
        prompt: &str,
        take: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        let mut answer = Vec::new();
        loop {
            (self.print)(&format!("{}: ", encode::terminal(prompt)));
            answer.clear();
            match self.answers.read_until(b'\n', &mut answer) {
                Ok(read) if read > 0 => {}
                _ => {
                    (self.print)("\n");
                    return Err(Failure::new(
                        Exit::Failure,
                        "no-answer",
                        "no answer, so nothing was written",
                    ));
                }
            }
            let taken = match std::str::from_utf8(&answer) {
                Ok(answer) => take(answer.trim()),
                Err(_) => {
                    Err("the answer is not UTF-8; set the terminal to UTF-8, or use the switches".to_owned())
                }
            };
            match taken {
                Ok(value) => return Ok(value),
                Err(wrong) => (self.print)(&format!("  {}\n", encode::terminal(&wrong))),
            }
        }
    }
}

/// Asks on the terminal; without one, fails and names the switch.
pub(crate) fn ask<T>(
    prompt: &Prompt<'_>,
    context: &Context,
    take: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Failure> {
    let choices = prompt.choices.join(", ");
    let Some(mut prompter) = Prompter::on_terminal(context) else {
        let missing = format!("`{}` is missing, and there is no terminal to ask on", prompt.switch);
        let help = if choices.is_empty() {
            "run `servanda new --help` to see its values".to_owned()
        } else {
            format!("pass one of {choices}")
        };
        return Err(Failure::usage(missing, help));
    };
    let text =
        if choices.is_empty() { prompt.text.to_owned() } else { format!("{} ({choices})", prompt.text) };
    prompter.ask(&text, take)
}

#[cfg(test)]
mod tests {
    use super::Prompter;

    /// The accepted value, and everything that was printed.
    fn asked(answers: &[u8]) -> (Result<u8, String>, String) {
        let mut printed = String::new();
        let taken = Prompter::over(answers, |text| printed.push_str(text))
            .ask("How many [3]", |answer| match answer {
                "" => Ok(3),
                other => other.parse().map_err(|_| format!("`{other}` is not a number")),
            })
            .map_err(|failure| failure.message);
        (taken, printed)
    }

    #[test]
    fn asks_until_an_answer_is_accepted() {
        assert_eq!(asked(b"7\n"), (Ok(7), "How many [3]: ".to_owned()));
        assert_eq!(asked(b"\n"), (Ok(3), "How many [3]: ".to_owned()));
        assert_eq!(asked(b"  8 \r\n").0, Ok(8));
        assert_eq!(asked(b"9").0, Ok(9), "the last line needs no end");
        let (taken, printed) = asked("семь\n\x1b[2J\n300\n5\n".as_bytes());
        assert_eq!(taken, Ok(5));
        assert_eq!(printed.matches("How many [3]: ").count(), 4);
        assert!(printed.contains("`семь` is not a number") && !printed.contains('\x1b'), "{printed:?}");
        let (taken, printed) = asked(b"\xd1\xe5\xec\xfc\n4\n");
        assert_eq!(taken, Ok(4));
        assert!(printed.contains("UTF-8"), "{printed:?}");
    }

    #[test]
    fn the_end_of_the_input_is_a_failure() {
        for answers in [&b""[..], b"no\n"] {
            let (taken, printed) = asked(answers);
            assert_eq!(taken, Err("no answer, so nothing was written".to_owned()));
            assert!(printed.ends_with('\n'), "the next message begins a new line: {printed:?}");
        }
    }
}
