//! The questions of `init`, answered by a text instead of a person.

use std::path::PathBuf;

use servanda::calendar::read_instant;
use servanda::settings::Language;

use super::{Arguments, answers};
use crate::cli::command::init::scaffold::Answers;
use crate::cli::prompt::Prompter;
use crate::process::context::{Context, Terminal};
use crate::process::failure::Failure;

fn nothing_said() -> Arguments {
    Arguments {
        folder: None,
        client: None,
        service: Vec::new(),
        timezone: None,
        language: None,
        first_day: None,
        yes: false,
    }
}

fn context() -> Context {
    Context {
        now: read_instant("2026-03-01T22:30:00Z").expect("an instant"),
        working_directory: PathBuf::from("/"),
        terminal: Terminal { output: false, errors: false, input: false },
        repository: None,
        deny_warnings: false,
    }
}

/// What comes of these answers, and what was said on the way.
fn talked(arguments: &Arguments, lines: &str) -> (Result<Answers, Failure>, String) {
    let mut said = String::new();
    let talk = Prompter::over(lines.as_bytes(), |text| said.push_str(text));
    let answers = answers(arguments, Some(talk), &context());
    (answers, said)
}

#[test]
fn empty_answers_are_what_the_questions_propose() {
    let (answers, said) = talked(&nothing_said(), "\n\n\n\n\n");
    let answers = answers.expect("they can be taken");
    assert_eq!(answers.zone.name(), "Europe/Moscow");
    assert_eq!(answers.language, Language::English);
    // It is the second of March already where they work.
    assert_eq!(answers.first_day.to_string(), "2026-03-02");
    let shown = format!(
        "Time zone [Europe/Moscow]: Language of messages, ru or en [en]: The first client [{}]: Services, separated by \
         commas [{}]: First day of the first agreement [2026-03-02]: ",
        answers.client,
        answers.services.join(", ")
    );
    assert_eq!(said, shown);
}

#[test]
fn what_is_proposed_follows_the_answers_before() {
    let (answers, said) =
        talked(&nothing_said(), "Asia/Vladivostok\nru\nЗАО «Кит & Ко»\n Почта ,, VPN,\n2027-01-01\n");
    let answers = answers.expect("they can be taken");
    assert_eq!(answers.language, Language::Russian);
    assert_eq!(answers.client, "ЗАО «Кит & Ко»");
    assert_eq!(answers.services, ["Почта", "VPN"]);
    assert_eq!(answers.first_day.to_string(), "2027-01-01");
    assert!(said.contains("[2026-03-02]"), "{said}");
    let russian = said.split_once("The first client [").and_then(|(_, rest)| rest.split_once(']'));
    assert!(russian.is_some_and(|(client, _)| !client.is_ascii()), "{said}");
}

#[test]
fn a_wrong_answer_is_told_and_asked_for_again() {
    let lines = "Europe/Moskow\nEurope/Moscow\nde\nen\n\t\n, ,\nEmail\n2026-02-30\ntomorrow\n2026-04-01\n";
    let (answers, said) = talked(&nothing_said(), lines);
    let answers = answers.expect("they can be taken");
    assert_eq!(
        (answers.services, answers.first_day.to_string()),
        (vec!["Email".to_owned()], "2026-04-01".to_owned())
    );
    for (question, times) in
        [("Time zone", 2), ("Language of", 2), ("The first client", 1), ("Services", 2), ("First day", 3)]
    {
        assert_eq!(said.matches(question).count(), times, "{question}: {said}");
    }
    for wrong in
        ["Europe/Moscow`", "unknown language `de`", "a name must not be empty", "28 days", "tomorrow"]
    {
        assert!(said.contains(wrong), "{wrong} is not in {said}");
    }
}

#[test]
fn what_was_typed_is_not_asked_for() {
    let typed = Arguments {
        client: Some("Acme".to_owned()),
        service: vec!["VPN".to_owned()],
        timezone: Some("Europe/Berlin".to_owned()),
        ..nothing_said()
    };
    let (answers, said) = talked(&typed, "\n\n");
    assert_eq!(answers.expect("they can be taken").client, "Acme");
    assert_eq!(said.matches(": ").count(), 2, "{said}");
    let empty = Arguments { client: Some("  ".to_owned()), ..typed };
    let (answers, _) = talked(&empty, "\n\n");
    assert!(answers.is_err_and(|failure| failure.message.contains("a name must not be empty")));
}

#[test]
fn nobody_is_asked_where_nobody_is_and_who_goes_away_gets_nothing() {
    let (answers, _) = talked(&nothing_said(), "Europe/Moscow\n");
    assert!(answers.is_err_and(|failure| failure.message.contains("nothing was written")));
    let unsaid = super::answers(&nothing_said(), None, &context());
    assert!(unsaid.is_err_and(|failure| failure.help.is_some_and(|help| help.contains("--yes"))));
    let usual = Arguments { yes: true, ..nothing_said() };
    assert!(super::answers(&usual, None, &context()).is_ok());
}
