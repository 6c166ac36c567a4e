//! The example repository, lived through for two years of days with the ledger on: who is sent which kind of text, when.
//!
//! The table is checked in. It is the delivery protocol over a ledger in memory, with a run at noon of each day. Each mail is
//! read: its days, names and commands are compared with an oracle that asks on which days the agreement is active.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use servanda::agreement::Agreement;
use servanda::calendar::{Instant, Zone};
use servanda::check::{self, CheckedRepository};
use servanda::diagnostic::{Diagnostics, FileId, Sources};
use servanda::document::{self, Document, DocumentKind};
use servanda::notice::delivery::{Delivery, DeliveryGuarantee, Effect, Message, Reply};
use servanda::notice::due::past_events;
use servanda::notice::{
    Channel, Confirmation, DueInput, NoticeKey, NoticeKind, NoticeRecord, NoticeRecords, due,
};
use servanda::render::message::{MessageContext, MessageTemplates};
use servanda::template::Library;

use self::reading::ActiveDays;

mod reading;

const FIRST_DAY: &str = "2026-09-01";
const LAST_DAY: &str = "2028-08-31";

/// The YAML files of the example repository.
fn files() -> Vec<(String, Vec<u8>)> {
    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                below(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![root.join("servanda.yaml"), root.join("catalog.yaml")];
    for folder in ["agreements", "templates", "calendars"] {
        below(&root.join(folder), &mut found);
    }
    found.sort();
    let named = |path: &Path| path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
    found.iter().map(|path| (named(path), std::fs::read(path).unwrap())).collect()
}

/// The example repository, checked, with the paths of its files.
fn estate(at: Instant) -> (CheckedRepository, BTreeMap<FileId, String>) {
    let mut sources = Sources::default();
    let read = files().into_iter().map(|(path, bytes)| {
        let kind = document::kind_of(&path).unwrap();
        let (id, fault) = document::add_source(&mut sources, &path, bytes);
        assert!(fault.is_none(), "{path}");
        (id, kind)
    });
    let read: Vec<_> = read.collect();
    let documents: Vec<Document> =
        read.into_iter().map(|(id, kind)| document::read(&sources, id, kind).0).collect();
    let of_kind = |kind| documents.iter().filter(move |document| document.kind == kind).cloned();
    let templates: Vec<Document> = of_kind(DocumentKind::Template).collect();
    let agreements: Vec<Document> = of_kind(DocumentKind::Agreement).collect();
    let calendars: Vec<Document> = of_kind(DocumentKind::Calendar).collect();
    let (settings, catalog) = (of_kind(DocumentKind::Settings).next(), of_kind(DocumentKind::Catalog).next());
    let (library, _) = Library::new(&templates);
    let resolved: Vec<_> = agreements.iter().flat_map(|document| library.resolve(document).0).collect();
    let input = check::CheckInput {
        basis: check::Basis::read(settings.as_ref(), catalog.as_ref(), &calendars),
        agreements: &resolved,
        unread: BTreeSet::new(),
        diagnostics: Diagnostics::default(),
        judged: Vec::new(),
    };
    let checked = check::check(input, &sources, at);
    assert!(!checked.diagnostics.has_errors() && checked.agreements.len() == 21, "{:?}", checked.diagnostics);
    let paths = sources.iter().map(|(id, source)| (id, source.path.clone()));
    (checked, paths.collect())
}

/// The estate with a ledger in memory, and the table of what was sent.
struct Life {
    estate: CheckedRepository,
    templates: MessageTemplates,
    paths: BTreeMap<FileId, String>,
    active: ActiveDays,
    records: NoticeRecords,
    table: String,
}

impl Life {
    fn ask<T>(&self, at: Instant, question: impl FnOnce(&DueInput<'_>) -> T) -> T {
        question(&DueInput {
            agreements: &self.estate.agreements,
            everywhere: &[],
            catalog: &self.estate.catalog,
            usual: self.estate.settings.notice_time,
            late_after: jiff::SignedDuration::from_hours(72),
            channels: &[Channel::Mail],
            at,
            confirmation: &|_| Confirmation::AsDesired,
            is_edited: &|_| false,
            address: &|person| Some(format!("{person}@helpdesk.example").replace('$', "-")),
            hide: &str::to_owned,
        })
    }

    /// One run of the delivery protocol.
    fn run(&mut self, at: Instant) {
        let guarantee = DeliveryGuarantee::Idempotent;
        let mut delivery = Delivery::new(at.to_string(), [(Channel::Mail, guarantee)]);
        let mut reply = Reply::Continue;
        loop {
            reply = match delivery.next(reply, at) {
                Effect::End => break,
                Effect::ReadDue => {
                    let due = self.ask(at, |input| due(input, &self.records));
                    Reply::Due(due, self.records.records.clone())
                }
                Effect::Write(changes) => {
                    for change in changes {
                        assert_eq!(self.records.records.get(&change.key), change.expected.as_ref());
                        self.records.records.insert(change.key, change.value);
                    }
                    Reply::Written
                }
                Effect::Prepare(_) => Reply::Prepared,
                Effect::Submit(message) => {
                    self.send(&message, at);
                    Reply::Sent(message.name)
                }
                Effect::Abandon(_) => Reply::Continue,
                Effect::Query(_) => Reply::NotFound,
            };
        }
        assert_eq!(delivery.report().ended, None);
    }

    fn send(&mut self, message: &Message, at: Instant) {
        let agreements: BTreeMap<&str, &Agreement> =
            self.estate.agreements.iter().map(|agreement| (agreement.id.as_str(), agreement)).collect();
        for notice in &message.notices {
            let NoticeKey { agreement: id, event, day, recipient, .. } = &notice.key;
            let agreement = agreements[id.as_str()];
            let (sent, kind) = (agreement.zone.day_of(at), NoticeKind::of(agreement, *event, *day));
            let (event, kind) = (event.as_str(), kind.as_str());
            writeln!(self.table, "{sent}  {id}  {event} {day}  {recipient}  {kind}").unwrap();
        }
        let context = MessageContext {
            only: None,
            agreements,
            everywhere: &self.estate.agreements,
            catalog: &self.estate.catalog,
            paths: &self.paths,
            sender: "Servanda",
            language: self.estate.settings.language,
            at,
            address: &|_| None,
        };
        let mail = self.templates.render(message, &context).unwrap();
        reading::read(message, &mail, &context, &self.active);
    }
}

#[test]
fn two_years_of_the_example_send_exactly_the_checked_in_table() {
    let zone = Zone::find("Europe/Moscow").unwrap();
    let noon = |day| zone.at(day, 12, 0);
    let mut day: servanda::calendar::Day = FIRST_DAY.parse().unwrap();
    let (estate, paths) = estate(noon(day));
    let mut life = Life {
        active: ActiveDays::of(&estate.agreements),
        estate,
        paths,
        templates: MessageTemplates::new(&BTreeMap::new()).unwrap(),
        records: NoticeRecords::default(),
        table: String::new(),
    };
    life.records.past = life.ask(noon(day), past_events);
    while day <= LAST_DAY.parse().unwrap() {
        life.run(noon(day));
        day = day.tomorrow().unwrap();
    }
    assert!(life.records.records.values().all(NoticeRecord::is_done), "nothing is left open");
    insta::assert_snapshot!(life.table);
}
