use super::{
    CatalogReference, CheckedSide, DocumentChange, RedLine, RedLineSubject, Scope, red_line,
    red_lines_of_catalog,
};
use crate::calendar::read_instant;
use crate::check::{self, Basis, CheckInput, CheckedRepository};
use crate::diagnostic::{Diagnostics, Sources};
use crate::document::{Document, DocumentKind, kind_of, read};
use crate::ident::{HelpdeskName, LiveId};
use crate::settings::{HelpdeskConfig, Settings};
use crate::template::Library;

const SETTINGS: &str = "timezone: Europe/Moscow\n";
const CATALOG: &str = r#"clients:
  dent-mayak:
    title: Маяк
    helpdesk: ou$1
    contacts: { main: main@dent.example, boss: { helpdesk: "employee$1" } }
    departments: { x-ray: { title: Рентген } }
  dent-profi: { title: Профи }
services: { email: { title: Почта }, vpn: { title: VPN } }
managers: { i.petrova: { title: Петрова, helpdesk: "employee$2", email: petrova@acme.example } }
"#;
const TEMPLATE: &str = "period: { term: 1y }\nservices: { email: true }\n";
const AGREEMENT: &str = "extends: standard\nclient: dent-mayak\nperiod: { first_day: 2026-01-01 }\n";

/// A repository of a few files; later ones of a path replace earlier ones, and an empty text takes a file away.
struct Repository {
    sources: Sources,
    documents: Vec<Document>,
}

impl Repository {
    fn with(changed: &[(&str, &str)]) -> Self {
        let mut files = std::collections::BTreeMap::from([
            ("servanda.yaml", SETTINGS),
            ("catalog.yaml", CATALOG),
            ("templates/standard.yaml", TEMPLATE),
            ("agreements/mayak.yaml", AGREEMENT),
        ]);
        files.extend(changed.iter().copied());
        let (mut sources, mut documents) = (Sources::default(), Vec::new());
        for (path, text) in files.into_iter().filter(|(_, text)| !text.is_empty()) {
            let file = sources.add(path, text);
            let (document, faults) = read(&sources, file, kind_of(path).expect("a file of ours"));
            assert!(faults.is_empty(), "{path}: {faults:?}");
            documents.push(document);
        }
        Self { sources, documents }
    }

    fn catalog(&self) -> Vec<Document> {
        self.documents.iter().filter(|document| document.kind == DocumentKind::Catalog).cloned().collect()
    }

    fn named(&self, path: &str) -> &Document {
        self.documents.iter().find(|document| self.sources.path(document.file) == path).expect("the file")
    }
}

/// The scope of `after` compared with the repository as it stands.
fn scope(before: &[(&str, &str)], after: &[(&str, &str)]) -> Scope {
    fn on<T>(repository: &Repository, with: impl FnOnce(CheckedSide<'_>) -> T) -> T {
        let of = |folder: &str| -> Vec<Document> {
            let is_in = |document: &&Document| repository.sources.path(document.file).starts_with(folder);
            repository.documents.iter().filter(is_in).cloned().collect()
        };
        let (templates, agreements) = (of("templates/"), of("agreements/"));
        let (library, _) = Library::new(&templates);
        let resolved: Vec<_> = agreements.iter().flat_map(|document| library.resolve(document).0).collect();
        let documents = CheckInput {
            basis: Basis::read(
                Some(repository.named("servanda.yaml")),
                [repository.named("catalog.yaml")],
                &[],
            ),
            agreements: &resolved,
            unread: std::collections::BTreeSet::new(),
            diagnostics: Diagnostics::default(),
            judged: Vec::new(),
        };
        let at = read_instant("2026-03-01T12:00:00Z").expect("an instant");
        let checked: CheckedRepository = check::check(documents, &repository.sources, at);
        with(CheckedSide { resolved: &resolved, checked: &checked })
    }
    let (before, after) = (Repository::with(before), Repository::with(after));
    on(&before, |before| on(&after, |after| Scope::between("abc".to_owned(), before, after)))
}

fn documents(scope: &Scope) -> Vec<(&str, DocumentChange)> {
    scope.documents.iter().map(|(id, touched)| (id.as_str(), *touched)).collect()
}

fn indirect(scope: &Scope) -> Vec<&str> {
    scope.indirect.iter().map(|id| id.as_str()).collect()
}

#[test]
fn places_comments_and_the_order_of_keys_are_no_change() {
    let moved =
        "# a comment\n\nperiod:\n  first_day: '2026-01-01'\nclient: dent-mayak\nextends: [standard]\n";
    let found = scope(&[], &[("agreements/mayak.yaml", ""), ("agreements/2026/mayak.yaml", moved)]);
    assert_eq!(found, Scope { base: "abc".to_owned(), ..Scope::default() });
}

#[test]
fn a_template_is_followed_to_its_users_and_no_further() {
    let other = (
        "agreements/profi.yaml",
        "client: dent-profi\nperiod: { first_day: 2026-01-01, term: 1y }\nservices: { email: true }\n",
    );
    let changed = ("templates/standard.yaml", "period: { term: 2y }\nservices: { email: true }\n");
    let found = scope(&[other], &[other, changed]);
    assert_eq!(documents(&found), [("mayak", DocumentChange::Changed)]);
    assert!(indirect(&found).is_empty());
}

#[test]
fn entries_of_a_set_come_and_go_each_for_itself() {
    let set = |clients: &str| {
        format!("extends: standard\nclients: {{ {clients} }}\nperiod: {{ first_day: 2026-01-01 }}\n")
    };
    let (before, after) = (set("dent-mayak: {}"), set("dent-mayak: true, dent-profi: {}"));
    let found = scope(&[("agreements/dental.yaml", &before)], &[("agreements/dental.yaml", &after)]);
    assert_eq!(documents(&found), [("dental/dent-profi", DocumentChange::Added)]);
    let found = scope(&[("agreements/dental.yaml", &after)], &[("agreements/dental.yaml", &before)]);
    assert_eq!(documents(&found), [("dental/dent-profi", DocumentChange::Removed)]);
}

#[test]
fn a_change_of_meaning_without_an_edit_is_listed_separately() {
    let renamed = CATALOG.replace("title: Почта", "title: Электронная почта");
    let found = scope(&[], &[("catalog.yaml", &renamed)]);
    assert!(found.documents.is_empty());
    assert_eq!(indirect(&found), ["mayak"]);
    // A service without agreements concerns no agreement.
    let unused = CATALOG.replace("title: VPN", "title: Туннель");
    assert!(indirect(&scope(&[], &[("catalog.yaml", &unused)])).is_empty());
    // The name of the template is in the usual title.
    let other = [
        ("templates/support.yaml", TEMPLATE),
        ("agreements/mayak.yaml", &AGREEMENT.replace("standard", "support")),
    ];
    assert_eq!(indirect(&scope(&[], &other)), ["mayak"]);
    // A successor ends what it follows.
    let rolls = AGREEMENT.to_owned() + "renewal: { mode: auto, term: 1y }\n";
    let next = "extends: standard\nclient: dent-mayak\nrenews: mayak\nperiod: { first_day: 2027-01-01 }\n";
    let before = ("agreements/mayak.yaml", rolls.as_str());
    let found = scope(&[before], &[before, ("agreements/next.yaml", next)]);
    assert_eq!(documents(&found), [("next", DocumentChange::Added)]);
    assert_eq!(indirect(&found), ["mayak"]);
}

#[test]
fn a_red_line_stands_where_the_files_first_differ() {
    assert_eq!(red_line("servanda.yaml", "a: 1\nb: 2\n", "a: 1\nb: 2\n", RedLineSubject::Settings), None);
    for (after, line) in [("a: 1\nb: 3\n", 2), ("a: 1\n", 2), ("a: 1\nb: 2\nc: 3\n", 3), ("", 1)] {
        let found = red_line("servanda.yaml", "a: 1\nb: 2\n", after, RedLineSubject::Settings)
            .map(|found| found.line);
        assert_eq!(found, Some(line), "{after:?}");
    }
}

fn red_lines(from: &str, to: &str) -> Vec<RedLine> {
    let changed = CATALOG.replace(from, to);
    assert_ne!(changed, CATALOG, "{from}");
    let (before, after) = (Repository::with(&[]), Repository::with(&[("catalog.yaml", &changed)]));
    red_lines_of_catalog(&before.catalog(), &after.catalog(), &Settings::default(), &after.sources)
}

#[test]
fn a_slug_of_the_base_that_is_tied_to_something_else_is_a_red_line() {
    let object = |id: &str| CatalogReference::Object(LiveId::new(id).expect("a live id"));
    let title = |text: &str| CatalogReference::Title(text.to_owned());
    for (from, to, line, entry, before, after) in [
        ("helpdesk: ou$1", "helpdesk: ou$9", 4, "clients.dent-mayak", Some(object("ou$1")), object("ou$9")),
        ("    helpdesk: ou$1\n", "", 3, "clients.dent-mayak", Some(object("ou$1")), title("Маяк")),
        ("{ title: Профи }", "{ title: Маяк }", 7, "clients.dent-profi", Some(title("Профи")), title("Маяк")),
        (
            "main@dent",
            "main@evil",
            5,
            "clients.dent-mayak.contacts.main",
            Some(CatalogReference::Address),
            CatalogReference::Address,
        ),
        (
            "employee$1\"",
            "employee$9\"",
            5,
            "clients.dent-mayak.contacts.boss",
            Some(object("employee$1")),
            object("employee$9"),
        ),
        (
            "{ main:",
            "{ new: a@evil.example, main:",
            5,
            "clients.dent-mayak.contacts.new",
            None,
            CatalogReference::Address,
        ),
        (
            "{ title: Рентген }",
            "{ title: Рентген, helpdesk: ou$5 }",
            6,
            "clients.dent-mayak.departments.x-ray",
            Some(title("Рентген")),
            object("ou$5"),
        ),
        (
            "petrova@acme",
            "petrova@evil",
            9,
            "managers.i.petrova.email",
            Some(CatalogReference::Address),
            CatalogReference::Address,
        ),
    ] {
        let what = RedLineSubject::Slug { entry: entry.to_owned(), before, after };
        assert_eq!(red_lines(from, to), [RedLine { path: "catalog.yaml".to_owned(), line, what }], "{to}");
    }
}

#[test]
fn new_slugs_and_other_titles_beside_an_id_are_no_red_lines() {
    for (from, to) in [
        ("services: {", "services: { print: { title: Печать, helpdesk: \"slmService$9\" },"),
        (
            "  dent-profi:",
            "  new: { title: Новый, helpdesk: ou$7, contacts: { main: a@new.example } }\n  dent-profi:",
        ),
        ("title: Петрова", "title: Ирина Петрова"),
        ("title: Маяк", "title: Маяк-2"),
        (", boss: { helpdesk: \"employee$1\" }", ""),
    ] {
        assert_eq!(red_lines(from, to), [], "{to}");
    }
}

/// The red lines of a service with these lines, in a repository with berlin (the default) and moscow: their lines and
/// entries, and what they refer to before and after.
fn red_lines_of_service(before: &str, after: &str) -> Vec<(usize, String, String, String)> {
    let of = |lines: &str| Repository::with(&[("catalog.yaml", &format!("services:\n  email:\n{lines}"))]);
    let name = |text: &str| HelpdeskName::new(text).expect("a name");
    let settings = Settings {
        helpdesks: ["berlin", "moscow"].map(|text| (name(text), HelpdeskConfig::default())).into(),
        default_helpdesk: Some(name("berlin")),
        ..Settings::default()
    };
    let (before, after) = (of(before), of(after));
    let found = red_lines_of_catalog(&before.catalog(), &after.catalog(), &settings, &after.sources);
    let shown = |held: &CatalogReference| match held {
        CatalogReference::Object(id) => id.to_string(),
        CatalogReference::Title(title) => title.clone(),
        CatalogReference::Address => "an address".to_owned(),
    };
    let row = |red: RedLine| {
        let RedLineSubject::Slug { entry, before, after } = red.what else { panic!("{red:?}") };
        (red.line, entry, before.as_ref().map_or_else(String::new, shown), shown(&after))
    };
    found.into_iter().map(row).collect()
}

#[test]
fn ids_are_compared_in_each_helpdesk() {
    let (plain, both) = ("    helpdesk: '42'\n", "    helpdesk: { berlin: '42', moscow: a$1 }\n");
    let (berlin, moscow) = ("    helpdesk: { berlin: '42' }\n", "    helpdesk: { moscow: a$1 }\n");
    let (in_berlin, in_moscow) = ("services.email.helpdesk.berlin", "services.email.helpdesk.moscow");
    for (before, after, expected) in [
        // Only the way of writing differs.
        (plain, berlin, vec![]),
        (berlin, plain, vec![]),
        (both, both, vec![]),
        // Another id, under the name or plain.
        (plain, "    helpdesk: { berlin: '43' }\n", vec![(in_berlin, "42", "43")]),
        (berlin, "    helpdesk: '43'\n", vec![("services.email", "42", "43")]),
        (both, "    helpdesk: { berlin: '42', moscow: a$2 }\n", vec![(in_moscow, "a$1", "a$2")]),
        // The id goes to another helpdesk, or away.
        (plain, moscow, vec![("services.email", "42", "Почта"), (in_moscow, "Почта", "a$1")]),
        (both, berlin, vec![(in_moscow, "a$1", "Почта")]),
        (both, plain, vec![(in_moscow, "a$1", "Почта")]),
        (both, moscow, vec![(in_berlin, "42", "Почта")]),
        // A first id in a helpdesk.
        (plain, both, vec![(in_moscow, "Почта", "a$1")]),
        ("", plain, vec![("services.email", "Почта", "42")]),
    ] {
        let of = |ids: &str| format!("    title: Почта\n{ids}");
        let found = red_lines_of_service(&of(before), &of(after));
        assert!(found.iter().all(|(line, ..)| *line == 4), "{found:?}");
        let found: Vec<(&str, &str, &str)> =
            found.iter().map(|(_, entry, before, after)| (&**entry, &**before, &**after)).collect();
        assert_eq!(found, expected, "{before} → {after}");
    }
}

#[test]
fn a_title_is_a_red_line_where_one_helpdesk_has_no_id() {
    let is_red = |ids: &str| {
        let of = |title: &str| format!("    title: {title}\n{ids}");
        let found = red_lines_of_service(&of("Почта"), &of("E-mail"));
        let row = (3, "services.email".to_owned(), "Почта".to_owned(), "E-mail".to_owned());
        assert!(found.is_empty() || found == [row], "{found:?}");
        !found.is_empty()
    };
    assert!(is_red(""));
    assert!(is_red("    helpdesk: '42'\n"));
    assert!(is_red("    helpdesk: { moscow: a$1 }\n"));
    assert!(!is_red("    helpdesk: { berlin: '42', moscow: a$1 }\n"));
}
