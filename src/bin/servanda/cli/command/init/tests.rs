//! The questions of `init`, answered by a text instead of a person.

use std::path::PathBuf;

use servanda::calendar::read_instant;
use servanda::settings::Language;

use super::{Arguments, answers};
use crate::cli::command::init::scaffold::Answers;
use crate::cli::prompt::Prompter;
use crate::process::context::{Context, Terminal};
use crate::process::failure::Failure;

fn no_arguments() -> Arguments {
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
        terminal: Terminal::NONE,
        repository: None,
        deny_warnings: false,
    }
}

/// The answers after these lines of input, and everything that was printed.
fn ask_for(arguments: &Arguments, lines: &str) -> (Result<Answers, Failure>, String) {
    let mut printed = String::new();
    let prompter = Prompter::over(lines.as_bytes(), |text| printed.push_str(text));
    let answers = answers(arguments, Some(prompter), &context());
    (answers, printed)
}

#[test]
fn an_empty_answer_means_the_default() {
    let (answers, printed) = ask_for(&no_arguments(), "\n\n\n\n\n");
    let answers = answers.expect("they can be taken");
    assert_eq!(answers.zone.name(), "Europe/Moscow");
    assert_eq!(answers.language, Language::English);
    // In Moscow it is the second of March already.
    assert_eq!(answers.first_day.to_string(), "2026-03-02");
    let shown = format!(
        "Time zone [Europe/Moscow]: Language of messages, ru or en [en]: The first client [{}]: Services, separated by \
         commas [{}]: First day of the first agreement [2026-03-02]: ",
        answers.client,
        answers.services.join(", ")
    );
    assert_eq!(printed, shown);
}

#[test]
fn defaults_follow_the_language() {
    let (answers, printed) =
        ask_for(&no_arguments(), "Asia/Vladivostok\nru\nЗАО «Кит & Ко»\n Почта ,, VPN,\n2027-01-01\n");
    let answers = answers.expect("they can be taken");
    assert_eq!(answers.language, Language::Russian);
    assert_eq!(answers.client, "ЗАО «Кит & Ко»");
    assert_eq!(answers.services, ["Почта", "VPN"]);
    assert_eq!(answers.first_day.to_string(), "2027-01-01");
    assert!(printed.contains("[2026-03-02]"), "{printed}");
    let russian = printed.split_once("The first client [").and_then(|(_, rest)| rest.split_once(']'));
    assert!(russian.is_some_and(|(client, _)| !client.is_ascii()), "{printed}");
}

#[test]
fn a_wrong_answer_is_reported_and_asked_for_again() {
    let lines = "Europe/Moskow\nEurope/Moscow\nde\nen\n\t\n, ,\nEmail\n2026-02-30\ntomorrow\n2026-04-01\n";
    let (answers, printed) = ask_for(&no_arguments(), lines);
    let answers = answers.expect("they can be taken");
    assert_eq!(
        (answers.services, answers.first_day.to_string()),
        (vec!["Email".to_owned()], "2026-04-01".to_owned())
    );
    for (question, times) in
        [("Time zone", 2), ("Language of", 2), ("The first client", 1), ("Services", 2), ("First day", 3)]
    {
        assert_eq!(printed.matches(question).count(), times, "{question}: {printed}");
    }
    for wrong in
        ["Europe/Moscow`", "unknown language `de`", "a name must not be empty", "from 1 to 28", "tomorrow"]
    {
        assert!(printed.contains(wrong), "{wrong} is not in {printed}");
    }
}

#[test]
fn values_of_switches_are_not_asked_for() {
    let typed = Arguments {
        client: Some("Acme".to_owned()),
        service: vec!["VPN".to_owned()],
        timezone: Some("Europe/Berlin".to_owned()),
        ..no_arguments()
    };
    let (answers, printed) = ask_for(&typed, "\n\n");
    assert_eq!(answers.expect("they can be taken").client, "Acme");
    assert_eq!(printed.matches(": ").count(), 2, "{printed}");
    let empty = Arguments { client: Some("  ".to_owned()), ..typed };
    let (answers, _) = ask_for(&empty, "\n\n");
    assert!(answers.is_err_and(|failure| failure.message.contains("a name must not be empty")));
}

#[test]
fn without_a_terminal_nothing_is_asked_and_the_end_of_the_input_is_a_failure() {
    let (answers, _) = ask_for(&no_arguments(), "Europe/Moscow\n");
    assert!(answers.is_err_and(|failure| failure.message.contains("nothing was written")));
    let unattended = super::answers(&no_arguments(), None, &context());
    assert!(unattended.is_err_and(|failure| failure.help.is_some_and(|help| help.contains("--yes"))));
    let defaults = Arguments { yes: true, ..no_arguments() };
    assert!(super::answers(&defaults, None, &context()).is_ok());
}
