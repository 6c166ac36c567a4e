//! What is missing is asked for on a terminal; where nobody is there to answer, it is named as a switch.

use std::io::BufRead;

use servanda::render::encode;

use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, say};

/// A question with one answer.
pub(crate) struct Question<'a> {
    /// What is asked, without a mark.
    pub(crate) text: &'a str,
    /// The switch that says the same.
    pub(crate) switch: &'a str,
    /// Answers that make sense, shown with the question; empty where there are too many.
    pub(crate) choices: &'a [String],
}

/// Somebody who answers line by line, and a place to say things to them.
pub(crate) struct Prompter<'a> {
    answers: Box<dyn BufRead + 'a>,
    say: Box<dyn FnMut(&str) + 'a>,
}

impl<'a> Prompter<'a> {
    /// A talk over these two.
    pub(crate) fn over(answers: impl BufRead + 'a, say: impl FnMut(&str) + 'a) -> Self {
        Self { answers: Box::new(answers), say: Box::new(say) }
    }

    /// A talk on the terminal, where somebody sits at it.
    pub(crate) fn on_terminal(context: &Context) -> Option<Self> {
        context.is_attended().then(|| Self::over(std::io::stdin().lock(), say))
    }

    /// Asks until an answer is taken. `take` gives the value, or says what is wrong with the answer.
    pub(crate) fn ask<T>(
        &mut self,
        prompt: &str,
        take: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        let mut answer = Vec::new();
        loop {
            (self.say)(&format!("{}: ", encode::terminal(prompt)));
            answer.clear();
            match self.answers.read_until(b'\n', &mut answer) {
                Ok(read) if read > 0 => {}
                _ => {
                    (self.say)("\n");
                    return Err(Failure::new(
                        Exit::Failure,
                        "cli-failure",
                        "no answer, so nothing was written",
                    ));
                }
            }
            let taken = match std::str::from_utf8(&answer) {
                Ok(answer) => take(answer.trim()),
                Err(_) => {
                    Err("this is no text in UTF-8; set the terminal to it, or use the switches".to_owned())
                }
            };
            match taken {
                Ok(value) => return Ok(value),
                Err(wrong) => (self.say)(&format!("  {}\n", encode::terminal(&wrong))),
            }
        }
    }
}

/// Asks whoever sits at the terminal.
pub(crate) fn ask<T>(
    question: &Question<'_>,
    context: &Context,
    take: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Failure> {
    let choices = question.choices.join(", ");
    let Some(mut talk) = Prompter::on_terminal(context) else {
        let missing = format!("`{}` is missing, and nobody is here to ask", question.switch);
        let help = if choices.is_empty() {
            "see `servanda new --help`".to_owned()
        } else {
            format!("say one of {choices}")
        };
        return Err(Failure::usage(missing, help));
    };
    let prompt =
        if choices.is_empty() { question.text.to_owned() } else { format!("{} ({choices})", question.text) };
    talk.ask(&prompt, take)
}

#[cfg(test)]
mod tests {
    use super::Prompter;

    /// What is taken of these answers, and what was said on the way.
    fn talked(answers: &[u8]) -> (Result<u8, String>, String) {
        let mut said = String::new();
        let taken = Prompter::over(answers, |text| said.push_str(text))
            .ask("How many [3]", |answer| match answer {
                "" => Ok(3),
                other => other.parse().map_err(|_| format!("`{other}` is no number")),
            })
            .map_err(|failure| failure.message);
        (taken, said)
    }

    #[test]
    fn it_is_asked_until_an_answer_can_be_taken() {
        assert_eq!(talked(b"7\n"), (Ok(7), "How many [3]: ".to_owned()));
        assert_eq!(talked(b"\n"), (Ok(3), "How many [3]: ".to_owned()));
        assert_eq!(talked(b"  8 \r\n").0, Ok(8));
        assert_eq!(talked(b"9").0, Ok(9), "the last line needs no end");
        let (taken, said) = talked("семь\n\x1b[2J\n300\n5\n".as_bytes());
        assert_eq!(taken, Ok(5));
        assert_eq!(said.matches("How many [3]: ").count(), 4);
        assert!(said.contains("`семь` is no number") && !said.contains('\x1b'), "{said:?}");
        let (taken, said) = talked(b"\xd1\xe5\xec\xfc\n4\n");
        assert_eq!(taken, Ok(4));
        assert!(said.contains("UTF-8"), "{said:?}");
    }

    #[test]
    fn who_goes_away_gives_no_answer() {
        for answers in [&b""[..], b"no\n"] {
            let (taken, said) = talked(answers);
            assert_eq!(taken, Err("no answer, so nothing was written".to_owned()));
            assert!(said.ends_with('\n'), "what is said next begins a line: {said:?}");
        }
    }
}
