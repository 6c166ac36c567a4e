//! Compacted records lead to the same decisions, after any later edit and at any later time.

use proptest::prelude::*;

use super::fixture::{Fixture, after, notifying};
use crate::agreement::sample::day;
use crate::agreement::{Agreement, NoticeEvent, PeriodEnd, Suspension, Termination};
use crate::calendar::{Day, Lead};
use crate::catalog::Contact;
use crate::ident::AgreementId;
use crate::notice::compact::compact;
use crate::notice::{NoticeKey, NoticeRecord, NoticeResult};

/// A step of a random history.
#[derive(Clone, Debug)]
enum HistoryStep {
    /// A run after so many days.
    Run(i32),
    /// The last day moves by so many days.
    Move(i32),
    /// A suspension from so many days from today, perhaps in the past.
    Suspend(i32),
    /// A termination so many days from today, or its withdrawal.
    Terminate(Option<i32>),
    /// A new id.
    Rename,
    /// The file is deleted, or comes back.
    Delete,
    /// Another lead time.
    Lead(i32),
    /// Another contact is added, or removed.
    Contact,
    /// A run dies after its fence, or before it.
    Stop(bool),
}

fn histories() -> impl Strategy<Value = Vec<HistoryStep>> {
    let step = prop_oneof![
        6 => (1..40).prop_map(HistoryStep::Run),
        2 => (-120..120).prop_map(HistoryStep::Move),
        1 => (-60..30).prop_map(HistoryStep::Suspend),
        1 => proptest::option::of(-20..60).prop_map(HistoryStep::Terminate),
        1 => Just(HistoryStep::Rename),
        1 => Just(HistoryStep::Delete),
        1 => (2..90).prop_map(HistoryStep::Lead),
        1 => Just(HistoryStep::Contact),
        1 => any::<bool>().prop_map(HistoryStep::Stop),
    ];
    proptest::collection::vec(step, 1..14)
}

/// A fixture, with an agreement whose file is deleted.
struct History {
    fixture: Fixture,
    deleted: Option<Agreement>,
    today: Day,
    names: u32,
}

impl History {
    fn new() -> Self {
        let fixture = Fixture::new([
            notifying("a", "2026-02-01", "2026-09-30"),
            notifying("b", "2026-01-10", "2026-05-31"),
        ]);
        Self { fixture, deleted: None, today: day("2026-01-05"), names: 0 }
    }

    fn apply(&mut self, step: &HistoryStep) {
        let today = self.today;
        let first = self.fixture.agreements.keys().next().cloned();
        let agreement = first.and_then(|id| self.fixture.agreements.get_mut(&id));
        match (step, agreement) {
            (HistoryStep::Run(days), _) => {
                self.today = after(today, *days);
                self.fixture.run(&self.today.to_string());
            }
            (HistoryStep::Move(days), Some(agreement)) => {
                if let PeriodEnd::LastDay(last_day) = agreement.period.end {
                    let moved = after(last_day, *days);
                    agreement.period.end = PeriodEnd::LastDay(moved.max(day("2026-02-02")));
                }
            }
            (HistoryStep::Suspend(days), Some(agreement)) => {
                let from = after(today, *days).max(day("2026-02-03"));
                let until = Some(after(from, 4));
                agreement.suspensions = vec![Suspension { from, until, reason: None }];
            }
            (HistoryStep::Terminate(days), Some(agreement)) => {
                agreement.termination = days.map(|days| {
                    let last_day = after(today, days).max(day("2026-02-03"));
                    let at = agreement.zone.start_of(after(last_day, 1));
                    Box::new(Termination { at, last_day, reason: None, is_of_entry: false })
                });
            }
            (HistoryStep::Lead(days), Some(agreement)) => {
                if let Some(rule) = agreement.notices.events.get_mut(&NoticeEvent::Expiring) {
                    let lead = Lead::of_days(*days);
                    rule.before.retain(|known| *known != lead);
                    rule.before.push(lead);
                }
            }
            (HistoryStep::Rename, Some(agreement)) => {
                self.names += 1;
                let mut renamed = agreement.clone();
                renamed.formerly.push(std::mem::replace(
                    &mut renamed.id,
                    AgreementId::new(&format!("a{}", self.names)).expect("an id"),
                ));
                let gone = agreement.id.clone();
                self.fixture.agreements.remove(&gone);
                self.fixture.agreements.insert(renamed.id.clone(), renamed);
            }
            (HistoryStep::Delete, _) => self.delete_or_restore(),
            (HistoryStep::Contact, _) => {
                let client = self.fixture.catalog.clients.values_mut().next().expect("a client");
                if client.contacts.remove("boss").is_none() {
                    client
                        .contacts
                        .insert("boss".to_owned(), Contact::Email("boss@client.example".to_owned()));
                }
            }
            (HistoryStep::Stop(is_after_fence), _) => self.die(*is_after_fence),
            (_, None) => {}
        }
    }

    fn delete_or_restore(&mut self) {
        if let Some(agreement) = self.deleted.take() {
            self.fixture.agreements.insert(agreement.id.clone(), agreement);
        } else if let Some((_, agreement)) = self.fixture.agreements.pop_first() {
            self.deleted = Some(agreement);
        }
    }

    fn die(&mut self, is_after_fence: bool) {
        let today = self.today.to_string();
        let due = self.fixture.due(&today, 10);
        let at = self.fixture.ask(&today, 10, |setting| setting.at);
        let records = &mut self.fixture.records.records;
        let fresh: Vec<_> =
            due.send.into_iter().filter(|notice| !records.contains_key(&notice.key)).collect();
        for notice in fresh {
            let (run, announced) = ("stopped".to_owned(), notice.announced);
            let record = if is_after_fence {
                NoticeRecord::Submitting { run, at, message: notice.key.to_string(), announced }
            } else {
                NoticeRecord::Claimed { run, until: at, since: None }
            };
            records.insert(notice.key, record);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]
    #[test]
    fn the_same_notices_are_due_after_compaction(before in histories(), later in histories()) {
        let [mut whole, mut compacted] = [History::new(), History::new()];
        for step in &before {
            whole.apply(step);
            compacted.apply(step);
        }
        let compaction = compact(&compacted.fixture.records);
        compacted.fixture.records = compaction.apply(&compacted.fixture.records);
        for step in &later {
            whole.apply(step);
            compacted.apply(step);
            let today = whole.today.to_string();
            prop_assert_eq!(whole.fixture.due(&today, 10), compacted.fixture.due(&today, 10));
        }
        prop_assert_eq!(whole.fixture.sent(), compacted.fixture.sent());
    }
}

#[test]
fn only_the_latest_record_of_each_recipient_is_kept() {
    let mut fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    fixture.run_daily("2026-01-01", "2026-12-01");
    fixture.agreement("a").period.end = PeriodEnd::LastDay(day("2027-03-31"));
    fixture.run_daily("2026-12-02", "2027-05-01");
    let records = fixture.records.records.len();
    let compaction = compact(&fixture.records);
    let left = compaction.apply(&fixture.records);
    let kept: Vec<String> = left.records.keys().map(NoticeKey::to_string).collect();
    assert_eq!(
        kept,
        [
            "notice/a/deactivated/2027-04-01/-/client.main/mail",
            "notice/a/amended/2027-03-31/r1/client.main/mail",
        ]
    );
    assert_eq!(compaction.deleted.len(), records - 2);
    assert_eq!(compact(&left).apply(&left), left, "compaction is idempotent");
}

#[test]
fn records_of_unsettled_events_are_kept() {
    let mut fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    fixture.run("2026-02-01");
    let at = fixture.ask("2026-02-01", 10, |setting| setting.at);
    let key = fixture.records.records.keys().next().cloned().expect("a record");
    for record in [
        NoticeRecord::Deferred { since: at, why: "why".to_owned() },
        NoticeRecord::Claimed { run: "x".to_owned(), until: at, since: None },
    ] {
        fixture.records.records.insert(key.clone(), record);
        let other = NoticeKey { recipient: "manager.ira".to_owned(), ..key.clone() };
        fixture.records.records.insert(other, NoticeRecord::settled(NoticeResult::Superseded, at));
        assert_eq!(
            compact(&fixture.records).apply(&fixture.records),
            fixture.records,
            "all records of the event are kept"
        );
    }
}
