//! `servanda init`: creates a repository from a few answers. It can be planned at once.

mod scaffold;

use std::path::PathBuf;

use servanda::calendar::{Day, InvalidValue, Zone, read_day};
use servanda::settings::Language;

use crate::cli::command::init::scaffold::{Answers, defaults};
use crate::cli::options::LanguageName;
use crate::cli::prompt::Prompter;
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::process::messages::inform;
use crate::workspace::files;

const AFTER_HELP: &str = "\
Examples:
  servanda init                  ask a few questions, and use this folder
  servanda init sla --yes        use the folder `sla`, and all defaults
  servanda init --client 'Acme Ltd' --service Email --service VPN \\
      --timezone Europe/Berlin
  servanda init --yes --language ru --first-day 2027-01-01

Afterwards, `servanda plan` shows what an apply would create in the embedded helpdesk. No existing file is overwritten.";

/// Create a repository: settings, catalog, template, agreement
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The folder; without it, the current one
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The name of the first client
    #[arg(long, value_name = "NAME")]
    client: Option<String>,
    /// The name of a service; repeat it for several
    #[arg(long, value_name = "NAME")]
    service: Vec<String>,
    /// The IANA name of the time zone of all days
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// The language of messages to clients
    #[arg(long, value_enum)]
    language: Option<LanguageName>,
    /// The first day of the first agreement; without it, today
    #[arg(long, value_name = "DAY")]
    first_day: Option<String>,
    /// Use the defaults for everything that is not given, and ask nothing
    #[arg(long)]
    yes: bool,
}

/// The default time zone.
const DEFAULT_ZONE: &str = "Europe/Moscow";

/// Asks, and writes the files. Refuses a folder in which one of them exists already.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let folder = arguments.folder.as_ref();
    let root = folder
        .map_or_else(|| context.working_directory.clone(), |folder| context.working_directory.join(folder));
    let prompter = if arguments.yes { None } else { Prompter::on_terminal(context) };
    let answers = answers(arguments, prompter, context)?;
    let made = scaffold::files(&answers);
    let present: Vec<&str> =
        made.iter().map(|(path, _)| path.as_str()).filter(|path| root.join(path).exists()).collect();
    if let [first, rest @ ..] = &present[..] {
        let existing = match rest.len() {
            0 => format!("{first} exists"),
            more => format!("{first} and {more} more files exist"),
        };
        let message = format!("{existing} already in {}", root.display());
        return Err(Failure::new(Exit::Failure, "file-exists", message)
            .help("nothing was written; name another folder, such as `servanda init sla`"));
    }
    for (path, text) in &made {
        files::write_within(&root, path.as_ref(), text)?;
    }
    let (agreement, _) = made.last().expect("the agreement comes last");
    let enter = folder.map(|folder| format!("\n  cd {}", folder.display())).unwrap_or_default();
    inform(&format!(
        "{} files in {}. The first agreement is {agreement}.\n\n\
         Next steps:{enter}\n  \
         servanda validate       check the files\n  \
         servanda plan           show what would change in the embedded helpdesk\n  \
         servanda apply          apply it\n",
        made.len(),
        root.display()
    ));
    Ok(Exit::Fine)
}

fn answers(
    arguments: &Arguments,
    mut prompter: Option<Prompter<'_>>,
    context: &Context,
) -> Result<Answers, Failure> {
    let is_complete =
        arguments.client.is_some() && !arguments.service.is_empty() && arguments.timezone.is_some();
    if prompter.is_none() && !arguments.yes && !is_complete {
        return Err(Failure::usage(
            "values are missing, and there is no terminal to ask on",
            "pass `--yes` for the defaults, or `--client`, `--service` and `--timezone`",
        ));
    }
    let prompter = &mut prompter;
    let zone = match &arguments.timezone {
        Some(name) => Zone::find(name).map_err(misread)?,
        None => ask(prompter, "Time zone", DEFAULT_ZONE, Zone::find)?,
    };
    let language = match arguments.language {
        Some(name) => name.into(),
        None => ask(prompter, "Language of messages, ru or en", "en", language)?,
    };
    let defaults = defaults(language);
    let client = match &arguments.client {
        Some(client) => name(client).map_err(misread)?,
        None => ask(prompter, "The first client", defaults.client, name)?,
    };
    let services = if arguments.service.is_empty() {
        ask(prompter, "Services, separated by commas", &defaults.services.join(", "), names)?
    } else {
        arguments.service.iter().map(|service| name(service)).collect::<Result<_, _>>().map_err(misread)?
    };
    let today = zone.day_of(context.now).to_string();
    let first_day: Day = match &arguments.first_day {
        Some(day) => read_day(day).map_err(misread)?,
        None => ask(prompter, "First day of the first agreement", &today, read_day)?,
    };
    Ok(Answers { zone, language, client, services, first_day })
}

fn misread(misread: InvalidValue) -> Failure {
    Failure::usage(misread.message, misread.help)
}

/// Parses names separated by commas; extra commas are ignored.
fn names(text: &str) -> Result<Vec<String>, InvalidValue> {
    let names: Vec<&str> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() { name("").map(|name| vec![name]) } else { names.into_iter().map(name).collect() }
}

fn name(text: &str) -> Result<String, InvalidValue> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(InvalidValue {
            message: "a name must not be empty or contain control characters".to_owned(),
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
            message: format!("unknown language `{text}`"),
            help: "write ru or en".to_owned(),
        }),
    }
}

/// Asks until the answer can be parsed. An empty answer means the default, which is also used without a terminal.
fn ask<T>(
    prompter: &mut Option<Prompter<'_>>,
    question: &str,
    default: &str,
    read: impl Fn(&str) -> Result<T, InvalidValue>,
) -> Result<T, Failure> {
    let Some(prompter) = prompter else {
        return read(default).map_err(misread);
    };
    prompter.ask(&format!("{question} [{default}]"), |answer| {
        read(if answer.is_empty() { default } else { answer })
            .map_err(|misread| value_parsers::one_line(&misread))
    })
}

#[cfg(test)]
mod tests;
