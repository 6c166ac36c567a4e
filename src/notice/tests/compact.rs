//! A memory that forgets decides as one that does not, whatever people write later and whenever it is asked.

use proptest::prelude::*;

use super::desk::{Desk, telling};
use crate::agreement::sample::day;
use crate::agreement::{Agreement, NoticeEvent, PeriodEnd, Suspension, Termination};
use crate::calendar::{Day, Lead};
use crate::catalog::Contact;
use crate::ident::AgreementId;
use crate::notice::compact::compact;
use crate::notice::{How, Key, Record};

/// What happens at the desk.
#[derive(Clone, Debug)]
enum Deed {
    /// So many days go by, and a run comes.
    Run(i32),
    /// The last day moves by so many days.
    Move(i32),
    /// It rests from so many days from today on, perhaps in the past.
    Rest(i32),
    /// It ends so many days from today, or does not end after all.
    End(Option<i32>),
    /// It gets another name.
    Rename,
    /// It is gone from the files, or comes back.
    Vanish,
    /// Another lead is told ahead.
    Lead(i32),
    /// Another contact is there, or goes.
    Contact,
    /// A run stops behind its fence, or before it, and says no more.
    Stop(bool),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        6 => (1..40).prop_map(Deed::Run),
        2 => (-120..120).prop_map(Deed::Move),
        1 => (-60..30).prop_map(Deed::Rest),
        1 => proptest::option::of(-20..60).prop_map(Deed::End),
        1 => Just(Deed::Rename),
        1 => Just(Deed::Vanish),
        1 => (2..90).prop_map(Deed::Lead),
        1 => Just(Deed::Contact),
        1 => any::<bool>().prop_map(Deed::Stop),
    ];
    proptest::collection::vec(deed, 1..14)
}

/// A desk, and what is not in its files for now.
struct World {
    desk: Desk,
    away: Option<Agreement>,
    today: Day,
    names: u32,
}

fn after(today: Day, days: i32) -> Day {
    today.checked_add(jiff::Span::new().days(days)).expect("a day")
}

impl World {
    fn new() -> Self {
        let desk =
            Desk::new([telling("a", "2026-02-01", "2026-09-30"), telling("b", "2026-01-10", "2026-05-31")]);
        Self { desk, away: None, today: day("2026-01-05"), names: 0 }
    }

    fn does(&mut self, deed: &Deed) {
        let today = self.today;
        let first = self.desk.agreements.keys().next().cloned();
        let agreement = first.and_then(|id| self.desk.agreements.get_mut(&id));
        match (deed, agreement) {
            (Deed::Run(days), _) => {
                self.today = after(today, *days);
                self.desk.run(&self.today.to_string());
            }
            (Deed::Move(days), Some(agreement)) => {
                if let PeriodEnd::LastDay(last_day) = agreement.period.end {
                    let moved = after(last_day, *days);
                    agreement.period.end = PeriodEnd::LastDay(moved.max(day("2026-02-02")));
                }
            }
            (Deed::Rest(days), Some(agreement)) => {
                let from = after(today, *days).max(day("2026-02-03"));
                let until = Some(after(from, 4));
                agreement.suspensions = vec![Suspension { from, until, reason: None }];
            }
            (Deed::End(days), Some(agreement)) => {
                agreement.termination = days.map(|days| {
                    let last_day = after(today, days).max(day("2026-02-03"));
                    let at = agreement.zone.start_of(after(last_day, 1));
                    Termination { at, last_day, reason: None }
                });
            }
            (Deed::Lead(days), Some(agreement)) => {
                if let Some(rule) = agreement.notices.events.get_mut(&NoticeEvent::Expiring) {
                    let lead = Lead { days: *days };
                    rule.before.retain(|known| *known != lead);
                    rule.before.push(lead);
                }
            }
            (Deed::Rename, Some(agreement)) => {
                self.names += 1;
                let mut renamed = agreement.clone();
                renamed.formerly.push(std::mem::replace(
                    &mut renamed.id,
                    AgreementId::new(&format!("a{}", self.names)).expect("an id"),
                ));
                let gone = agreement.id.clone();
                self.desk.agreements.remove(&gone);
                self.desk.agreements.insert(renamed.id.clone(), renamed);
            }
            (Deed::Vanish, _) => self.vanishes_or_comes_back(),
            (Deed::Contact, _) => {
                let client = self.desk.catalog.clients.values_mut().next().expect("a client");
                if client.contacts.remove("boss").is_none() {
                    client
                        .contacts
                        .insert("boss".to_owned(), Contact::Email("boss@client.example".to_owned()));
                }
            }
            (Deed::Stop(is_behind), _) => self.stops(*is_behind),
            (_, None) => {}
        }
    }

    fn vanishes_or_comes_back(&mut self) {
        if let Some(agreement) = self.away.take() {
            self.desk.agreements.insert(agreement.id.clone(), agreement);
        } else if let Some((_, agreement)) = self.desk.agreements.pop_first() {
            self.away = Some(agreement);
        }
    }

    fn stops(&mut self, is_behind: bool) {
        let today = self.today.to_string();
        let due = self.desk.due(&today, 10);
        let at = self.desk.ask(&today, 10, |setting| setting.at);
        let records = &mut self.desk.memory.records;
        let fresh: Vec<_> =
            due.send.into_iter().filter(|notice| !records.contains_key(&notice.key)).collect();
        for notice in fresh {
            let (run, told) = ("stopped".to_owned(), notice.told);
            let record = if is_behind {
                Record::Submitting { run, at, message: notice.key.to_string(), told }
            } else {
                Record::Claimed { run, until: at, since: None }
            };
            records.insert(notice.key, record);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]
    #[test]
    fn what_is_due_is_the_same_with_and_without_what_was_forgotten(before in deeds(), later in deeds()) {
        let [mut whole, mut compacted] = [World::new(), World::new()];
        for deed in &before {
            whole.does(deed);
            compacted.does(deed);
        }
        let compaction = compact(&compacted.desk.memory);
        compacted.desk.memory = compaction.of(&compacted.desk.memory);
        for deed in &later {
            whole.does(deed);
            compacted.does(deed);
            let today = whole.today.to_string();
            prop_assert_eq!(whole.desk.due(&today, 10), compacted.desk.due(&today, 10));
        }
        prop_assert_eq!(whole.desk.told(), compacted.desk.told());
    }
}

#[test]
fn of_years_only_the_latest_word_to_each_is_kept() {
    let mut desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    desk.run_daily("2026-01-01", "2026-12-01");
    desk.agreement("a").period.end = PeriodEnd::LastDay(day("2027-03-31"));
    desk.run_daily("2026-12-02", "2027-05-01");
    let records = desk.memory.records.len();
    let compaction = compact(&desk.memory);
    let left = compaction.of(&desk.memory);
    let kept: Vec<String> = left.records.keys().map(Key::to_string).collect();
    assert_eq!(
        kept,
        [
            "notice/a/deactivated/2027-04-01/-/client.main/mail",
            "notice/a/amended/2027-03-31/r1/client.main/mail",
        ]
    );
    assert_eq!(compaction.forgotten.len(), records - 2);
    assert_eq!(compact(&left).of(&left), left, "what was compacted is compact");
}

#[test]
fn what_is_not_over_is_not_forgotten() {
    let mut desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    desk.run("2026-02-01");
    let at = desk.ask("2026-02-01", 10, |setting| setting.at);
    let key = desk.memory.records.keys().next().cloned().expect("a record");
    for record in [
        Record::Waiting { since: at, why: "why".to_owned() },
        Record::Claimed { run: "x".to_owned(), until: at, since: None },
    ] {
        desk.memory.records.insert(key.clone(), record);
        let other = Key { recipient: "manager.ira".to_owned(), ..key.clone() };
        desk.memory.records.insert(other, Record::settled(How::Superseded, at));
        assert_eq!(compact(&desk.memory).of(&desk.memory), desk.memory, "nor is what else is known of it");
    }
}
