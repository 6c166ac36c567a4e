//! `servanda init`: a repository that plans at once, from a few answers.

mod scaffold;

use std::path::PathBuf;

use servanda::calendar::{Day, InvalidValue, Zone, read_day};
use servanda::settings::Language;

use crate::cli::command::init::scaffold::{Answers, usual};
use crate::cli::prompt::Prompter;
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, say};
use crate::workspace::files;

const AFTER_HELP: &str = "\
Examples:
  servanda init                                        ask a few questions, and begin in this folder
  servanda init sla --yes                              begin in the folder `sla` with what is usual
  servanda init --client 'Acme Ltd' --service Email --service VPN --timezone Europe/Berlin
  servanda init --yes --language ru --first-day 2027-01-01

Afterwards `servanda plan` shows what it would make of the embedded helpdesk. No file is ever written over.";

/// Begin a repository: settings, a catalog, a template, an agreement
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The folder; without it, the current one
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The name of the first client
    #[arg(long, value_name = "NAME")]
    client: Option<String>,
    /// The name of a service; may be given several times
    #[arg(long, value_name = "NAME")]
    service: Vec<String>,
    /// The time zone that days are counted in, by its IANA name
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// The language of messages to clients
    #[arg(long, value_enum)]
    language: Option<Tongue>,
    /// The first day of the first agreement; without it, today
    #[arg(long, value_name = "DAY")]
    first_day: Option<String>,
    /// Take what is usual for everything that is not said, and ask nothing
    #[arg(long)]
    yes: bool,
}

/// A language, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Tongue {
    /// Russian
    Ru,
    /// English
    En,
}

impl Tongue {
    const fn language(self) -> Language {
        match self {
            Self::Ru => Language::Russian,
            Self::En => Language::English,
        }
    }
}

/// The zone that is proposed.
const USUAL_ZONE: &str = "Europe/Moscow";

/// Asks, and writes all files or none.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let folder = arguments.folder.as_ref();
    let root = folder
        .map_or_else(|| context.working_directory.clone(), |folder| context.working_directory.join(folder));
    let talk = if arguments.yes { None } else { Prompter::on_terminal(context) };
    let answers = answers(arguments, talk, context)?;
    let made = scaffold::files(&answers);
    let present: Vec<&str> =
        made.iter().map(|(path, _)| path.as_str()).filter(|path| root.join(path).exists()).collect();
    if let [first, rest @ ..] = &present[..] {
        let there = match rest.len() {
            0 => format!("{first} is"),
            more => format!("{first} and {more} more files are"),
        };
        return Err(Failure::new(
            Exit::Failure,
            "cli-failure",
            format!("{there} there already in {}", root.display()),
        )
        .help("nothing was written; name another folder, as in `servanda init sla`"));
    }
    for (path, text) in &made {
        files::write_whole(&root.join(path), text)?;
    }
    let (agreement, _) = made.last().expect("the agreement comes last");
    let there = folder.map(|folder| format!("\n  cd {}", folder.display())).unwrap_or_default();
    say(&format!(
        "{} files in {}. The first agreement is {agreement}.\n\n\
         What to do now:{there}\n  \
         servanda validate       is everything right?\n  \
         servanda plan           what would change in the embedded helpdesk\n  \
         servanda apply          make it so\n",
        made.len(),
        root.display()
    ));
    Ok(Exit::Fine)
}

fn answers(
    arguments: &Arguments,
    mut talk: Option<Prompter<'_>>,
    context: &Context,
) -> Result<Answers, Failure> {
    let said_enough =
        arguments.client.is_some() && !arguments.service.is_empty() && arguments.timezone.is_some();
    if talk.is_none() && !arguments.yes && !said_enough {
        return Err(Failure::usage(
            "nobody is there to be asked",
            "say `--yes` for what is usual, or give `--client`, `--service` and `--timezone`",
        ));
    }
    let talk = &mut talk;
    let zone = match &arguments.timezone {
        Some(name) => Zone::find(name).map_err(misread)?,
        None => asked(talk, "Time zone", USUAL_ZONE, Zone::find)?,
    };
    let language = match arguments.language {
        Some(tongue) => tongue.language(),
        None => asked(talk, "Language of messages, ru or en", "en", language)?,
    };
    let words = usual(language);
    let client = match &arguments.client {
        Some(client) => name(client).map_err(misread)?,
        None => asked(talk, "The first client", words.client, name)?,
    };
    let services = if arguments.service.is_empty() {
        asked(talk, "Services, with commas between", &words.services.join(", "), names)?
    } else {
        arguments.service.iter().map(|service| name(service)).collect::<Result<_, _>>().map_err(misread)?
    };
    let today = zone.day_of(context.now).to_string();
    let first_day: Day = match &arguments.first_day {
        Some(day) => read_day(day).map_err(misread)?,
        None => asked(talk, "First day of the first agreement", &today, read_day)?,
    };
    Ok(Answers { zone, language, client, services, first_day })
}

fn misread(misread: InvalidValue) -> Failure {
    Failure::usage(misread.message, misread.help)
}

/// Names with commas between them; one comma too many says nothing.
fn names(text: &str) -> Result<Vec<String>, InvalidValue> {
    let names: Vec<&str> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() { name("").map(|name| vec![name]) } else { names.into_iter().map(name).collect() }
}

fn name(text: &str) -> Result<String, InvalidValue> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(InvalidValue {
            message: "this is no name".to_owned(),
            help: "write a name on one line".to_owned(),
        });
    }
    Ok(text.to_owned())
}

fn language(text: &str) -> Result<Language, InvalidValue> {
    match text {
        "ru" => Ok(Language::Russian),
        "en" => Ok(Language::English),
        _ => Err(InvalidValue {
            message: format!("`{text}` is not spoken"),
            help: "write ru or en".to_owned(),
        }),
    }
}

/// Asks until the answer can be read; an empty one is what is usual, which is taken unasked where nobody is there.
fn asked<T>(
    talk: &mut Option<Prompter<'_>>,
    question: &str,
    usual: &str,
    read: impl Fn(&str) -> Result<T, InvalidValue>,
) -> Result<T, Failure> {
    let Some(talk) = talk else {
        return read(usual).map_err(misread);
    };
    talk.ask(&format!("{question} [{usual}]"), |answer| {
        read(if answer.is_empty() { usual } else { answer }).map_err(|misread| value_parsers::said(&misread))
    })
}

#[cfg(test)]
mod tests;
