//! Agreements with a channel that never fails, and daily runs at ten o'clock.

use std::collections::BTreeMap;

use litemap::LiteMap;

use crate::agreement::sample::{agreement, day};
use crate::agreement::{Agreement, NoticeEvent, NoticeRule};
use crate::calendar::{Day, Lead, TimeOfDay};
use crate::catalog::{Catalog, CatalogEntry, ClientEntry, Contact};
use crate::ident::{AgreementId, ClientSlug};
use crate::notice::due::past_events;
use crate::notice::past::unrecorded;
use crate::notice::{
    Channel, Confirmation, DueInput, DueNotices, NoticeKey, NoticeRecord, NoticeRecords, NoticeResult, due,
};

pub(super) fn rule(before: &[i32]) -> NoticeRule {
    let before = before.iter().map(|days| Lead::of_days(*days)).collect();
    NoticeRule { to: vec!["client".to_owned()], before, at: None }
}

/// The day some days later.
pub(super) fn after(day: Day, days: i32) -> Day {
    day.checked_add(jiff::Span::new().days(days)).expect("a day")
}

/// An agreement with notices for all events; `expiring` 60, 30, 7 and 1 days ahead.
pub(super) fn notifying(id: &str, first_day: &str, last_day: &str) -> Agreement {
    let mut agreement = agreement(id, first_day, last_day);
    agreement.notices.events = [
        (NoticeEvent::Activated, rule(&[])),
        (NoticeEvent::Deactivated, rule(&[])),
        (NoticeEvent::Expiring, rule(&[60, 30, 7, 1])),
        (NoticeEvent::NoticeDeadline, rule(&[14])),
    ]
    .into_iter()
    .collect();
    agreement
}

pub(super) fn lead(days: i32) -> Lead {
    Lead::of_days(days)
}

/// Agreements with their records, which runs at ten o'clock.
#[derive(Clone)]
pub(super) struct Fixture {
    pub(super) agreements: BTreeMap<AgreementId, Agreement>,
    pub(super) everywhere: Vec<Agreement>,
    pub(super) catalog: Catalog,
    pub(super) records: NoticeRecords,
    pub(super) confirmation: Confirmation,
    /// The sent notices, by day.
    pub(super) sent: Vec<String>,
}

impl Fixture {
    pub(super) fn new(agreements: impl IntoIterator<Item = Agreement>) -> Self {
        let agreements = agreements.into_iter().map(|agreement| (agreement.id.clone(), agreement)).collect();
        let span =
            crate::diagnostic::Span::of_file(crate::diagnostic::Sources::default().add("catalog.yaml", ""));
        let entry = CatalogEntry {
            title: "Маяк".to_owned(),
            helpdesk: None,
            elsewhere: LiteMap::new(),
            email: None,
            span,
        };
        let contacts =
            [("main".to_owned(), Contact::Email("main@client.example".to_owned()))].into_iter().collect();
        let client = ClientEntry {
            entry,
            contacts,
            departments: LiteMap::new(),
            lives_in: None,
            zone: None,
            language: None,
        };
        let mut catalog = Catalog::default();
        catalog.clients.insert(ClientSlug::new("dent-mayak").expect("a slug"), client);
        Self {
            agreements,
            everywhere: Vec::new(),
            catalog,
            records: NoticeRecords::default(),
            confirmation: Confirmation::AsDesired,
            sent: Vec::new(),
        }
    }

    pub(super) fn ask<T>(&self, on: &str, hour: i8, question: impl FnOnce(&DueInput<'_>) -> T) -> T {
        let zone = crate::calendar::Zone::find("Europe/Moscow").expect("a zone");
        let agreements: Vec<Agreement> = self.agreements.values().cloned().collect();
        question(&DueInput {
            agreements: &agreements,
            everywhere: &self.everywhere,
            catalog: &self.catalog,
            usual: TimeOfDay::constant(9, 0, 0, 0),
            late_after: jiff::SignedDuration::from_hours(72),
            channels: &[Channel::Mail],
            at: zone.at(day(on), hour, 0),
            confirmation: &|_| self.confirmation,
            is_edited: &|_| false,
            address: &|_| None,
            hide: &str::to_owned,
        })
    }

    pub(super) fn due(&self, on: &str, hour: i8) -> DueNotices {
        self.ask(on, hour, |setting| due(setting, &self.records))
    }

    pub(super) fn begin(&mut self, on: &str) {
        self.records.past = self.ask(on, 10, past_events);
    }

    /// One run, in which every submission succeeds.
    pub(super) fn run(&mut self, on: &str) {
        self.ask(on, 10, |setting| unrecorded(setting, &self.records)).add_to(&mut self.records);
        let due = self.due(on, 10);
        if due == DueNotices::default() {
            // Asked again, the same would be due.
            return;
        }
        let at = self.ask(on, 10, |setting| setting.at);
        for notice in due.send {
            let NoticeKey { ref agreement, event, day, variant, ref recipient, .. } = notice.key;
            self.sent.push(format!("{on}  {agreement} {} {day} {variant} {recipient}", event.as_str()));
            let announced = Some(notice.announced);
            self.record(
                notice.key.clone(),
                NoticeRecord::Done { result: NoticeResult::Sent, at, announced, message: None },
            );
        }
        for (key, result) in due.settle {
            self.record(key, NoticeRecord::settled(result, at));
        }
        for (notice, why) in due.deferred {
            let since = match self.records.records.get(&notice.key) {
                Some(NoticeRecord::Deferred { since, .. }) => *since,
                _ => at,
            };
            self.records.records.insert(notice.key, NoticeRecord::Deferred { since, why });
        }
        assert!(self.due(on, 10).send.is_empty(), "a sent notice is due again");
    }

    pub(super) fn record(&mut self, key: NoticeKey, record: NoticeRecord) {
        let before = self.records.records.insert(key, record);
        assert!(!before.is_some_and(|before| before.is_done()), "a record was settled twice");
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

    /// Takes the notices sent since the last call.
    pub(super) fn sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sent)
    }
}
