//! `servanda init`: creates a repository from a few answers. It can be planned at once.

mod host;
mod lacks;
mod scaffold;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use servanda::calendar::{Day, InvalidValue, Zone, read_day};
use servanda::check::CheckedRepository;
use servanda::desired::ROUND_THE_CLOCK;
use servanda::settings::{Language, LedgerPlace, Product};

use crate::cli::command::init::host::Host;
use crate::cli::command::init::lacks::Lack;
use crate::cli::command::init::scaffold::{Answers, defaults};
use crate::cli::options::LanguageName;
use crate::cli::prompt::Prompter;
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, print_data};
use crate::process::messages::inform;
use crate::workspace::{files, git, load};

const AFTER_HELP: &str = "\
Examples:
  servanda init                  ask a few questions, and use this folder
  servanda init sla --yes        use the folder `sla`, and all defaults
  servanda init --client 'Acme Ltd' --service Email --service VPN \\
      --timezone Europe/Berlin
  servanda init --yes --language ru --first-day 2027-01-01
  servanda init --yes --forge gitlab --owner @acme/service
  servanda init --check          what an existing repository lacks
  servanda init --add            write the files that it lacks

The jobs are those for the forge of the remote `origin`: validate, plan, comment, apply, schedule. Without a remote, pass \
`--forge`, or run `servanda init --add` later. Afterwards, `servanda plan` shows what an apply would create in the embedded \
helpdesk. No existing file is overwritten.

Exit codes: 0 done, or nothing is missing; 1 a failure, or something is missing (with --check).";

/// Create a repository: settings, catalog, template, agreement, jobs
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
    /// The forge whose jobs are written; without it, that of the remote `origin`
    #[arg(long, value_enum)]
    forge: Option<Host>,
    /// An owner who must approve changes of the settings, for CODEOWNERS; repeat it for several
    #[arg(long, value_name = "@NAME")]
    owner: Vec<String>,
    /// Say what an existing repository lacks of what a new one has
    #[arg(long, conflicts_with_all = NEW)]
    check: bool,
    /// Write the files that an existing repository lacks
    #[arg(long, conflicts_with_all = NEW, conflicts_with = "check")]
    add: bool,
}

/// The options that only a new repository takes.
const NEW: [&str; 7] = ["folder", "client", "service", "timezone", "language", "first_day", "yes"];

/// The default time zone.
const DEFAULT_ZONE: &str = "Europe/Moscow";

/// Asks, and writes the files. Refuses a folder in which a file exists that Servanda reads.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    if arguments.check || arguments.add {
        return complete(arguments, context);
    }
    let folder = arguments.folder.as_ref();
    let root = folder
        .map_or_else(|| context.working_directory.clone(), |folder| context.working_directory.join(folder));
    let prompter = if arguments.yes { None } else { Prompter::on_terminal(context) };
    let host = host_of(arguments, &root);
    let answers = answers(arguments, host, prompter, context)?;
    let mut made = scaffold::files(&answers);
    refuse_present(&made, &root)?;
    let (agreement, _) = made.last().expect("the agreement comes last").clone();
    let around = around(host, &root, &arguments.owner).into_iter();
    let (kept, new): (Vec<_>, Vec<_>) = around.partition(|(path, _)| root.join(path).exists());
    made.extend(new);
    for (path, text) in &made {
        files::write_within(&root, path.as_ref(), text)?;
    }
    let lacks = lacks::of_files(&kept, |path| files::text_within(&root, path));
    for lack in &lacks {
        inform(&format!("note: {} was kept, and {}\n", lack.path, lack.message));
    }
    let enter = folder.map(|folder| format!("\n  cd {}", folder.display())).unwrap_or_default();
    inform(&format!(
        "{} files in {}. The first agreement is {agreement}.{}\n\n\
         Next steps:{enter}\n  \
         servanda validate       check the files\n  \
         servanda plan           show what would change in the embedded helpdesk\n  \
         servanda apply          apply it\n",
        made.len(),
        root.display(),
        jobs(host),
    ));
    Ok(Exit::Fine)
}

/// Refuses a folder in which one of the files exists.
fn refuse_present(made: &[(String, String)], root: &Path) -> Result<(), Failure> {
    let present: Vec<&str> =
        made.iter().map(|(path, _)| path.as_str()).filter(|path| root.join(path).exists()).collect();
    let [first, rest @ ..] = &present[..] else { return Ok(()) };
    let existing = match rest.len() {
        0 => format!("{first} exists"),
        more => format!("{first} and {more} more files exist"),
    };
    let help = if *first == files::SETTINGS {
        "nothing was written; `servanda init --check` says what this repository lacks"
    } else {
        "nothing was written; name another folder, such as `servanda init sla`"
    };
    let message = format!("{existing} already in {}", root.display());
    Err(Failure::new(Exit::Failure, "file-exists", message).help(help))
}

/// The sentence about the jobs.
fn jobs(host: Host) -> &'static str {
    match host {
        Host::Github => " The jobs are in .github/workflows; docs/github.md says which secrets they need.",
        Host::Gitlab => " The jobs are in ci/gitlab.yml; docs/gitlab.md says which variables they need.",
        Host::Gitea => " The jobs are in .gitea/workflows; docs/gitea.md says which secrets they need.",
        Host::None => " For the jobs of a forge, run `servanda init --add --forge NAME`.",
    }
}

/// The forge that was named, else that of the remote. A forge reads no jobs below the top of a repository.
fn host_of(arguments: &Arguments, root: &Path) -> Host {
    let of_remote = || git::remote(root, "origin").as_deref().and_then(Host::of);
    let is_top = git::prefix(root).is_empty();
    arguments.forge.or_else(|| of_remote().filter(|_| is_top)).unwrap_or(Host::None)
}

/// The files around those that Servanda reads.
fn around(host: Host, root: &Path, owners: &[String]) -> Vec<(String, String)> {
    let branch = git::default_branch(root).unwrap_or_else(|| "main".to_owned());
    let mut files = scaffold::surroundings();
    files.extend(host.files(&branch, owners));
    files
}

/// Says what an existing repository lacks, or writes the files that are missing.
fn complete(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let loaded = load::load(context)?;
    let root = &loaded.root;
    let host = host_of(arguments, root);
    let around = around(host, root, &arguments.owner);
    let checked = loaded.check(context.now);
    let mut lacks = lacks::of_files(&around, |path| {
        let found = files::text_within(root, path);
        found.or_else(|| root.join(path).exists().then(String::new))
    });
    lacks.extend(of_repository(&checked));
    if arguments.add {
        for lack in lacks.iter().filter(|lack| lack.is_missing) {
            let text = around.iter().find(|(path, _)| *path == lack.path).map(|(_, text)| text);
            files::write_within(root, lack.path.as_ref(), text.expect("what is missing was expected"))?;
            print_data(&format!("{}\n", lack.path))?;
        }
        let (written, rest): (Vec<Lack>, Vec<Lack>) = lacks.into_iter().partition(|lack| lack.is_missing);
        inform(&format!("{}{} files written.{}\n", lacks::text(&rest), written.len(), jobs(host)));
        return Ok(Exit::Fine);
    }
    print_data(&lacks::text(&lacks))?;
    if lacks.is_empty() {
        inform("nothing is missing\n");
        return Ok(Exit::Fine);
    }
    if lacks.iter().any(|lack| lack.is_missing) {
        inform("`servanda init --add` writes the missing files\n");
    }
    Ok(Exit::Failure)
}

/// Lists what the settings and the calendars lack.
fn of_repository(checked: &CheckedRepository) -> Vec<Lack> {
    let mut lacks = Vec::new();
    let settings = &checked.settings;
    let is_sandbox = matches!(settings.helpdesk.kind, Product::Sandbox);
    if !is_sandbox && settings.ledger.place == LedgerPlace::File(None) {
        let message = "has no `ledger:`: nothing is remembered beyond this machine";
        lacks.push(Lack::within(files::SETTINGS, message));
    }
    let calendars = checked.agreements.iter().flat_map(|agreement| {
        let of_services = agreement.services.keys().map(|service| agreement.calendar_of(service));
        of_services.flatten()
    });
    let calendars: BTreeSet<&str> = calendars.map(|calendar| calendar.as_str()).collect();
    for calendar in calendars {
        let is_known = calendar == ROUND_THE_CLOCK
            || checked.catalog.hours.keys().any(|known| known.as_str() == calendar);
        if !is_known {
            let message = "missing: `servanda entitled` cannot compute due times";
            lacks.push(Lack::within(&format!("calendars/{calendar}.yaml"), message));
        }
    }
    lacks
}

fn answers(
    arguments: &Arguments,
    host: Host,
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
    Ok(Answers { zone, language, client, services, first_day, host })
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
