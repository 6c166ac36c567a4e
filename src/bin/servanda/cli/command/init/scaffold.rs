//! The files of a new repository. Their templates are in the folder `scaffold`; `@NAME@` stands for an answer.

use servanda::calendar::{Day, Zone};
use servanda::document::published_schemas;
use servanda::ident::slug::{slug_of, slug_of_person};
use servanda::render::encode;
use servanda::settings::Language;

use crate::cli::command::init::host::Host;
use crate::workspace::files;

/// The answers that the files are made from.
pub(crate) struct Answers {
    pub(crate) zone: Zone,
    pub(crate) language: Language,
    /// The first client's name.
    pub(crate) client: String,
    /// The names of the services.
    pub(crate) services: Vec<String>,
    /// The first day of the first agreement.
    pub(crate) first_day: Day,
    /// The forge, which decides where the ledger is.
    pub(crate) host: Host,
}

/// The default answers and words of a language.
pub(crate) struct Defaults {
    pub(crate) client: &'static str,
    pub(crate) services: [&'static str; 2],
    manager: &'static str,
    support: &'static str,
    critical: &'static str,
    normal: &'static str,
}

/// The defaults of a language.
pub(crate) const fn defaults(language: Language) -> Defaults {
    match language {
        Language::Russian => Defaults {
            client: "ООО «Ромашка»",
            services: ["Электронная почта", "Рабочие места"],
            manager: "Ирина Петрова",
            support: "поддержка",
            critical: "Критический",
            normal: "Обычный",
        },
        Language::English => Defaults {
            client: "Example Ltd",
            services: ["Email", "Workstations"],
            manager: "Maria Weber",
            support: "support",
            critical: "Critical",
            normal: "Normal",
        },
    }
}

/// The paths and texts of the files. The agreement is the last one.
pub(crate) fn files(answers: &Answers) -> Vec<(String, String)> {
    let Answers { zone, language, client, services, first_day, host } = answers;
    let words = defaults(*language);
    let slug = or(slug_of(client), "client");
    let services: Vec<(String, &String)> = services
        .iter()
        .zip(1..)
        .map(|(title, number)| (or(slug_of(title), &format!("service-{number}")), title))
        .collect();
    let listed: Vec<String> = services
        .iter()
        .map(|(slug, title)| format!("  {slug}: {{ title: {} }}", encode::yaml(title)))
        .collect();
    let included: Vec<String> = services.iter().map(|(slug, _)| format!("{slug}: true")).collect();
    let filled = |text: &str| {
        text.replace("@ZONE@", zone.name())
            .replace("@LANGUAGE@", language.as_str())
            .replace("@CLIENT@", &slug)
            .replace("@CLIENT_TITLE@", &encode::yaml(client))
            .replace("@SERVICES@", &listed.join("\n"))
            .replace("@INCLUDED@", &included.join(", "))
            .replace("@MANAGER@", &slug_of_person(words.manager))
            .replace("@MANAGER_TITLE@", &encode::yaml(words.manager))
            .replace("@SUPPORT@", words.support)
            .replace("@CRITICAL@", &encode::yaml(words.critical))
            .replace("@NORMAL@", &encode::yaml(words.normal))
            .replace("@FIRST_DAY@", &first_day.to_string())
            .replace("@LEDGER@", host.ledger())
    };
    let mut made = vec![
        (files::SETTINGS.to_owned(), filled(include_str!("scaffold/servanda.yaml"))),
        (files::CATALOG.to_owned(), filled(include_str!("scaffold/catalog.yaml"))),
        ("templates/support.yaml".to_owned(), filled(include_str!("scaffold/template.yaml"))),
        ("calendars/office-9x5.yaml".to_owned(), include_str!("scaffold/office-9x5.yaml").to_owned()),
    ];
    let path = format!("agreements/{slug}-{}.yaml", first_day.year());
    made.push((path, filled(include_str!("scaffold/agreement.yaml"))));
    made
}

/// The files around those that Servanda reads: for Git and for editors. Those that exist are kept.
pub(crate) fn surroundings() -> Vec<(String, String)> {
    let mut made = vec![
        (".vscode/extensions.json".to_owned(), include_str!("scaffold/extensions.json").to_owned()),
        (".vscode/settings.json".to_owned(), include_str!("scaffold/settings.json").to_owned()),
        (".editorconfig".to_owned(), include_str!("scaffold/editorconfig").to_owned()),
        (".gitignore".to_owned(), format!("{}/\n", files::OWN_FOLDER)),
    ];
    made.extend(published_schemas().into_iter().map(|(file, text)| (format!("schemas/{file}"), text)));
    made
}

fn or(slug: String, otherwise: &str) -> String {
    if slug.is_empty() { otherwise.to_owned() } else { slug }
}
