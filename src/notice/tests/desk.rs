//! A desk with agreements and a channel that never fails, which runs at ten o'clock on the days it is told to.

use std::collections::BTreeMap;

use crate::agreement::sample::{agreement, day};
use crate::agreement::{Agreement, NoticeEvent, NoticeRule};
use crate::calendar::{Lead, TimeOfDay};
use crate::catalog::{Catalog, CatalogEntry, ClientEntry, Contact};
use crate::ident::{AgreementId, ClientSlug};
use crate::notice::due::beginning;
use crate::notice::{Channel, Due, Fact, How, Key, Memory, Record, Setting, due};

pub(super) fn rule(before: &[i32]) -> NoticeRule {
    let before = before.iter().map(|days| Lead { days: *days }).collect();
    NoticeRule { to: vec!["client".to_owned()], before, at: None }
}

/// An agreement that tells of everything, ends 60, 30, 7 and 1 days ahead.
pub(super) fn telling(id: &str, first_day: &str, last_day: &str) -> Agreement {
    let mut agreement = agreement(id, first_day, last_day);
    agreement.notices.events = [
        (NoticeEvent::Activated, rule(&[])),
        (NoticeEvent::Deactivated, rule(&[])),
        (NoticeEvent::Expiring, rule(&[60, 30, 7, 1])),
        (NoticeEvent::NoticeDeadline, rule(&[14])),
    ]
    .into();
    agreement
}

pub(super) fn lead(days: i32) -> Lead {
    Lead { days }
}

/// A desk that runs at ten o'clock on the days it is told to.
pub(super) struct Desk {
    pub(super) agreements: BTreeMap<AgreementId, Agreement>,
    pub(super) catalog: Catalog,
    pub(super) memory: Memory,
    pub(super) fact: Fact,
    /// What was told, by day.
    pub(super) told: Vec<String>,
}

impl Desk {
    pub(super) fn new(agreements: impl IntoIterator<Item = Agreement>) -> Self {
        let agreements = agreements.into_iter().map(|agreement| (agreement.id.clone(), agreement)).collect();
        let span =
            crate::diagnostic::Span::of_file(crate::diagnostic::Sources::default().add("catalog.yaml", ""));
        let entry = CatalogEntry { title: "Маяк".to_owned(), helpdesk: None, email: None, span };
        let contacts = [("main".to_owned(), Contact::Email("main@client.example".to_owned()))].into();
        let client = ClientEntry { entry, contacts, departments: BTreeMap::new(), zone: None };
        let mut catalog = Catalog::default();
        catalog.clients.insert(ClientSlug::new("dent-mayak").expect("a slug"), client);
        Self { agreements, catalog, memory: Memory::default(), fact: Fact::AsTold, told: Vec::new() }
    }

    pub(super) fn ask<T>(&self, on: &str, hour: i8, question: impl FnOnce(&Setting<'_>) -> T) -> T {
        let zone = crate::calendar::Zone::find("Europe/Moscow").expect("a zone");
        let agreements: Vec<Agreement> = self.agreements.values().cloned().collect();
        question(&Setting {
            agreements: &agreements,
            catalog: &self.catalog,
            usual: TimeOfDay::constant(9, 0, 0, 0),
            late_after: jiff::SignedDuration::from_hours(72),
            channels: &[Channel::Mail],
            at: zone.at(day(on), hour, 0),
            fact: &|_| self.fact,
            is_edited: &|_| false,
            address: &|_| None,
            hide: &str::to_owned,
        })
    }

    pub(super) fn due(&self, on: &str, hour: i8) -> Due {
        self.ask(on, hour, |setting| due(setting, &self.memory))
    }

    pub(super) fn begin(&mut self, on: &str) {
        self.memory.beginning = self.ask(on, 10, beginning);
    }

    /// One run: everything that is to be sent is sent. Nothing is ever told twice.
    pub(super) fn run(&mut self, on: &str) {
        let due = self.due(on, 10);
        let at = self.ask(on, 10, |setting| setting.at);
        for notice in due.send {
            let Key { ref agreement, event, day, mark, ref recipient, .. } = notice.key;
            self.told.push(format!("{on}  {agreement} {} {day} {mark} {recipient}", event.as_str()));
            let told = Some(notice.told);
            self.record(notice.key.clone(), Record::Done { how: How::Sent, at, told, message: None });
        }
        for (key, how) in due.settle {
            self.record(key, Record::settled(how, at));
        }
        for (notice, why) in due.waiting {
            let since = match self.memory.records.get(&notice.key) {
                Some(Record::Waiting { since, .. }) => *since,
                _ => at,
            };
            self.memory.records.insert(notice.key, Record::Waiting { since, why });
        }
        assert!(self.due(on, 10).send.is_empty(), "what was told is due again");
    }

    pub(super) fn record(&mut self, key: Key, record: Record) {
        let before = self.memory.records.insert(key, record);
        assert!(!before.is_some_and(|before| before.is_done()), "something was settled twice");
    }

    pub(super) fn run_daily(&mut self, from: &str, to: &str) -> &mut Self {
        let mut today = day(from);
        while today <= day(to) {
            self.run(&today.to_string());
            today = today.tomorrow().expect("a day");
        }
        self
    }

    pub(super) fn agreement(&mut self, id: &str) -> &mut Agreement {
        self.agreements.get_mut(id).expect("it is there")
    }

    /// What was told since the last question.
    pub(super) fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }
}
