//! The records of one helpdesk in a ledger: the last-applied state, pending creations, and the state of each
//! notice.
//!
//! All keys begin with a digest of the helpdesk, so that several may share a ledger. An unreadable
//! last-applied state counts as missing; an unreadable pending creation counts as a recent one, so that it is
//! waited for; an unreadable notice is an error.

mod notes;
mod pending;
mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use servanda::calendar::Instant;
use servanda::ident::{AgreementId, LiveId};
use servanda::live::digest;
use servanda::notice::compact::{Compaction, compact};
use servanda::notice::delivery::RecordChange;
use servanda::notice::{NoticeKey, NoticeRecords, PastEvents};
use servanda::plan::LastApplied;

pub(crate) use notes::Pending;
use notes::PendingNotes;

use super::last_applied::{entries_of, last_applied_of};
use super::store::{Entries, Holder, LedgerError, LedgerStore, Swap};

/// The number of elements that are kept of a list. A run that was killed between ledger and witness leaves an older
/// name there.
const LIST_LENGTH: usize = 50;

/// The events that were past when notices began, by agreement.
type Past = BTreeMap<AgreementId, BTreeSet<String>>;

/// The records of one helpdesk.
pub(crate) struct Records<L> {
    ledger: Arc<L>,
    scope: String,
    pending: PendingNotes,
    /// The stored notices, by key.
    notices: Mutex<Entries>,
}

/// When the record of notices began, and a fingerprint of the secret that its keys are derived with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// The instant.
    pub(crate) at: Instant,
    /// The fingerprint of the secret.
    pub(crate) secret: String,
}

/// The proof that the helpdesk keeps ownership keys, or the object that showed the contrary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyRecord {
    /// The digest of the settings that it was shown for.
    pub(crate) settings: String,
    /// The run that created the object.
    pub(crate) run: String,
    /// When the run has seen it, by its own clock.
    pub(crate) at: Instant,
    /// The object that does not have its key; `None` if the helpdesk keeps ownership keys.
    pub(crate) missing: Option<MissingKey>,
}

/// An object whose ownership key the helpdesk did not store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MissingKey {
    /// The agreement that it was created for.
    pub(crate) agreement: AgreementId,
    /// The object.
    pub(crate) object: LiveId,
    /// The value that it has in place of the key.
    pub(crate) stored: String,
}

/// A lock that a person ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unlocked {
    /// When.
    pub(crate) at: Instant,
    /// The run that held it.
    pub(crate) run: String,
    /// The reason.
    pub(crate) reason: String,
}

impl<L: LedgerStore> Records<L> {
    /// The records of a helpdesk, which is identified by a name without secrets.
    pub(crate) fn new(ledger: L, helpdesk: &str) -> Self {
        Self::over(Arc::new(ledger), helpdesk)
    }

    /// The records of another helpdesk in the same ledger, whose lock is that of both.
    pub(crate) fn beside(&self, helpdesk: &str) -> Self {
        Self::over(Arc::clone(&self.ledger), helpdesk)
    }

    fn over(ledger: Arc<L>, helpdesk: &str) -> Self {
        let scope = digest(&helpdesk);
        Self {
            ledger,
            scope: format!("helpdesk/{}", &scope[..12]),
            pending: PendingNotes::default(),
            notices: Mutex::default(),
        }
    }

    /// Takes the lock. The inner error is the run that holds it, if known.
    pub(crate) async fn lock(&self, holder: &Holder) -> Result<Result<L::Lock, Option<Holder>>, LedgerError> {
        self.ledger.lock(holder).await
    }

    /// Releases the lock.
    pub(crate) async fn unlock(&self, lock: L::Lock) {
        self.ledger.unlock(lock).await;
    }

    /// Reads the last-applied state; `None` before the first apply.
    pub(crate) async fn last_applied(&self) -> Result<Option<LastApplied>, LedgerError> {
        let entries = self.ledger.read(&self.key("last_applied")).await?;
        Ok(last_applied_of(&entries, &self.key("last_applied")))
    }

    /// Replaces the last-applied state. Only entries that differ are written.
    pub(crate) async fn keep(&self, last_applied: &LastApplied) -> Result<(), LedgerError> {
        self.ledger.write(&self.swaps_to(last_applied).await?).await
    }

    /// Like [`Self::keep`] for several helpdesks, as the last write of a run, with which the lock is released.
    pub(crate) async fn keep_last<'a>(
        states: impl IntoIterator<Item = (&'a Self, &'a LastApplied)>,
    ) -> Result<(), LedgerError>
    where
        L: 'a,
    {
        let (mut swaps, mut ledger) = (Vec::new(), None);
        for (records, state) in states {
            swaps.extend(records.swaps_to(state).await?);
            ledger = Some(&records.ledger);
        }
        match ledger {
            Some(ledger) => ledger.write_before_unlock(&swaps).await,
            None => Ok(()),
        }
    }

    async fn swaps_to(&self, last_applied: &LastApplied) -> Result<Vec<Swap>, LedgerError> {
        let key = self.key("last_applied");
        Ok(swaps(self.ledger.read(&key).await?, entries_of(last_applied, &key)))
    }

    /// Reads whether the helpdesk keeps ownership keys; `None` before the first creation. An unreadable record counts as
    /// missing, so that the next creation shows it again.
    pub(crate) async fn key_record(&self) -> Result<Option<KeyRecord>, LedgerError> {
        let key = self.key("ownership_key");
        let found = self.ledger.get(&[&key]).await?.remove(&key);
        Ok(found.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Records whether the helpdesk keeps ownership keys.
    pub(crate) async fn keep_key_record(&self, record: &KeyRecord) -> Result<(), LedgerError> {
        let key = self.key("ownership_key");
        let expected = self.ledger.get(&[&key]).await?.remove(&key);
        self.ledger.write(&[Swap { key, expected, value: Some(json(record)) }]).await
    }

    /// When the lock that this run has expires by itself; `None` if it does not.
    pub(crate) async fn lease_end(&self) -> Option<Instant> {
        self.ledger.lease_end().await
    }

    /// Reads when the record of notices began; `None` before `--init-ledger`.
    pub(crate) async fn begun(&self) -> Result<Option<Begun>, LedgerError> {
        let key = self.key("begun");
        let found = self.ledger.get(&[&key]).await?.remove(&key);
        found.map(|text| read(&key, &text)).transpose()
    }

    /// Begins the record of notices, also for a second time: events that are past now are never sent. Earlier
    /// records are kept.
    pub(crate) async fn begin(&self, begun: &Begun, events: &PastEvents) -> Result<(), LedgerError> {
        let head = self.key("begun");
        let before = self.ledger.get(&[&head]).await?;
        let mut swaps = swaps(before, Entries::from([(head, json(begun))]));
        let known = self.ledger.read(&self.key("past/")).await?;
        let past = self.past_of(&known).unwrap_or_default();
        swaps.extend(self.swaps_adding(events, past, &known));
        self.ledger.write(&swaps).await
    }

    /// Adds events that are never sent.
    pub(crate) async fn add_past(&self, events: &PastEvents) -> Result<(), LedgerError> {
        let known = self.ledger.read(&self.key("past/")).await?;
        let past = self.past_of(&known)?;
        self.ledger.write(&self.swaps_adding(events, past, &known)).await
    }

    /// The swaps that add events to the past ones.
    fn swaps_adding(&self, events: &PastEvents, mut past: Past, known: &Entries) -> Vec<Swap> {
        for (id, names) in &events.by_agreement {
            past.entry(id.clone()).or_default().extend(names.iter().cloned());
        }
        self.past_swaps(known, &past)
    }

    /// Removes records that no later decision depends on. Returns the number of removed and of kept records.
    pub(crate) async fn compact(&self) -> Result<(usize, usize), LedgerError> {
        let memory = self.memory().await?;
        let Compaction { deleted, past } = compact(&memory);
        if deleted.is_empty() {
            return Ok((0, memory.records.len()));
        }
        let mut swaps: Vec<Swap> = {
            let notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
            let keys = deleted.iter().map(|key| self.key(&key.to_string()));
            keys.map(|key| Swap { expected: notices.get(&key).cloned(), value: None, key }).collect()
        };
        let known = self.ledger.read(&self.key("past/")).await?;
        swaps.extend(self.past_swaps(&known, &past.by_agreement));
        self.ledger.write(&swaps).await?;
        Ok((deleted.len(), memory.records.len() - deleted.len()))
    }

    /// Parses the entries of past events.
    fn past_of(&self, entries: &Entries) -> Result<Past, LedgerError> {
        let under = self.key("past/");
        let read = entries.iter().map(|(key, text)| {
            let id = key.strip_prefix(&under).and_then(AgreementId::new);
            let id = id.ok_or_else(|| {
                LedgerError::Failed(format!("the key `{key}` of the ledger does not name an agreement"))
            })?;
            Ok((id, read(key, text)?))
        });
        read.collect()
    }

    /// The swaps that store past events, keeping the entries of other agreements.
    fn past_swaps(&self, entries: &Entries, past: &Past) -> Vec<Swap> {
        let updated = past.iter().map(|(id, names)| (self.key(&format!("past/{id}")), json(names)));
        let updated: Entries = updated.collect();
        let before = updated.keys().filter_map(|key| Some((key.clone(), entries.get(key)?.clone())));
        swaps(before.collect(), updated)
    }

    /// Reads the last runs that were written to the witness, oldest first.
    pub(crate) async fn witnessed(&self) -> Result<Vec<String>, LedgerError> {
        self.list("witnessed").await
    }

    /// Records a run that is about to be written to the witness.
    pub(crate) async fn witness(&self, run: &str) -> Result<(), LedgerError> {
        self.append("witnessed", run.to_owned()).await
    }

    /// Reads the locks that people ended, oldest first.
    pub(crate) async fn unlocked(&self) -> Result<Vec<Unlocked>, LedgerError> {
        self.list("unlocked").await
    }

    /// Ends the lock of another run and records why. Returns that run; `None` if no run holds the lock.
    pub(crate) async fn break_lock(&self, reason: &str, at: Instant) -> Result<Option<Holder>, LedgerError> {
        let Some(holder) = self.ledger.break_lock().await? else {
            return Ok(None);
        };
        let unlocked = Unlocked { at, run: holder.run.clone(), reason: reason.to_owned() };
        self.append("unlocked", unlocked).await?;
        Ok(Some(holder))
    }

    async fn list<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, LedgerError> {
        let key = self.key(name);
        let found = self.ledger.get(&[&key]).await?.remove(&key);
        found.map_or_else(|| Ok(Vec::new()), |text| read(&key, &text))
    }

    /// Appends to a list, of which the last elements are kept.
    async fn append<T: Serialize + DeserializeOwned>(
        &self,
        list: &str,
        element: T,
    ) -> Result<(), LedgerError> {
        let key = self.key(list);
        let expected = self.ledger.get(&[&key]).await?.remove(&key);
        let mut elements: Vec<T> =
            expected.as_deref().map_or_else(|| Ok(Vec::new()), |text| read(&key, text))?;
        elements.push(element);
        elements.drain(..elements.len().saturating_sub(LIST_LENGTH));
        self.ledger.write(&[Swap { key, expected, value: Some(json(&elements)) }]).await
    }

    /// Reads all records of notices. An unreadable record is an error.
    pub(crate) async fn memory(&self) -> Result<NoticeRecords, LedgerError> {
        let under = format!("{}/", self.scope);
        let past = self.past_of(&self.ledger.read(&self.key("past/")).await?)?;
        let mut memory =
            NoticeRecords { past: PastEvents { by_agreement: past }, ..NoticeRecords::default() };
        let entries = self.ledger.read(&self.key("notice/")).await?;
        for (name, text) in &entries {
            let key: NoticeKey = name.strip_prefix(&under).unwrap_or(name).parse().map_err(unreadable)?;
            memory.records.insert(key, read(name, text)?);
        }
        *self.notices.lock().unwrap_or_else(PoisonError::into_inner) = entries;
        Ok(memory)
    }

    /// Changes records of notices, all or none. [`Self::memory`] must have been read before.
    pub(crate) async fn change(&self, changes: &[RecordChange]) -> Result<(), LedgerError> {
        let swaps: Vec<Swap> = {
            let notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
            let swap = |change: &RecordChange| {
                let key = self.key(&change.key.to_string());
                // Another release may have serialised the same record differently.
                let expected = change.expected.as_ref().map(|expected| {
                    let found = notices.get(&key).filter(|text| read(&key, text).as_ref() == Ok(expected));
                    found.cloned().unwrap_or_else(|| json(expected))
                });
                Swap { key, expected, value: Some(json(&change.value)) }
            };
            changes.iter().map(swap).collect()
        };
        self.ledger.write(&swaps).await?;
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        notices.extend(swaps.into_iter().filter_map(|swap| Some((swap.key, swap.value?))));
        Ok(())
    }

    /// The underlying store.
    pub(crate) fn ledger(&self) -> &L {
        &self.ledger
    }

    fn key(&self, rest: &str) -> String {
        format!("{}/{rest}", self.scope)
    }
}

/// The swaps that turn some entries into others. Equal entries are left out.
fn swaps(mut before: Entries, after: Entries) -> Vec<Swap> {
    let there = after.into_iter().map(|(key, value)| (before.remove(&key), key, Some(value)));
    let there: Vec<_> = there.filter(|(expected, _, value)| expected != value).collect();
    let gone = before.into_iter().map(|(key, expected)| (Some(expected), key, None));
    gone.chain(there).map(|(expected, key, value)| Swap { key, expected, value }).collect()
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("a record is JSON")
}

fn read<T: DeserializeOwned>(key: &str, text: &str) -> Result<T, LedgerError> {
    serde_json::from_str(text).map_err(|error| {
        LedgerError::Failed(format!("the entry `{key}` of the ledger cannot be read: {error}"))
    })
}

fn unreadable(error: impl std::fmt::Display) -> LedgerError {
    LedgerError::Failed(format!("the ledger cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use servanda::calendar::{Instant, read_instant};
    use servanda::ident::AgreementId;
    use servanda::live::Record;
    use servanda::plan::{AppliedAgreement, LAST_APPLIED_FORMAT, LastApplied};

    use super::{Pending, Records};
    use crate::ledger::SqliteLedger;
    use crate::ledger::last_applied::entries_of;
    use crate::ledger::store::{LedgerStore as _, Swap};

    fn at(text: &str) -> Instant {
        read_instant(text).expect("an instant")
    }

    fn id(text: &str) -> AgreementId {
        AgreementId::new(text).expect("an id")
    }

    fn applied(state: &str, instant: &str) -> AppliedAgreement {
        let record = Record { state: state.to_owned(), ..Record::default() };
        AppliedAgreement::of(&record, at(instant))
    }

    fn last_applied(agreements: &[(&str, AppliedAgreement)]) -> LastApplied {
        let agreements = agreements.iter().map(|(name, applied)| (id(name), applied.clone()));
        LastApplied {
            format: LAST_APPLIED_FORMAT,
            commit: Some("c0ffee".to_owned()),
            agreements: agreements.collect(),
        }
    }

    struct Fixture(tempfile::TempDir);

    impl Fixture {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("a folder"))
        }

        fn records(&self, helpdesk: &str) -> Records<SqliteLedger> {
            Records::new(SqliteLedger::at(self.0.path().join("ledger.sqlite")), helpdesk)
        }
    }

    #[tokio::test]
    async fn the_last_applied_state_is_read_back_and_belongs_to_its_helpdesk() {
        let fixture = Fixture::new();
        assert_eq!(fixture.records("one").last_applied().await, Ok(None));
        let first = last_applied(&[
            ("a", applied("active", "2026-09-01T09:00:00Z")),
            ("set/b", applied("planned", "2026-08-01T09:00:00Z")),
        ]);
        fixture.records("one").keep(&first).await.expect("kept");
        assert_eq!(fixture.records("one").last_applied().await, Ok(Some(first)));
        assert_eq!(fixture.records("another").last_applied().await, Ok(None));
        let second = last_applied(&[("a", applied("inactive", "2026-10-01T09:00:00Z"))]);
        fixture.records("one").keep(&second).await.expect("kept");
        assert_eq!(fixture.records("one").last_applied().await, Ok(Some(second)), "what is gone is gone");
    }

    #[test]
    fn a_run_without_changes_updates_one_entry() {
        let on = |day: &str| {
            let instant = format!("2026-09-{day}T09:00:00Z");
            let agreements = [("a", applied("active", &instant)), ("b", applied("planned", &instant))];
            entries_of(&last_applied(&agreements), "last_applied")
        };
        let (today, tomorrow) = (on("01"), on("02"));
        let differs = today.iter().filter(|(key, value)| tomorrow.get(*key) != Some(value));
        assert_eq!(differs.map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["last_applied"]);
    }

    #[tokio::test]
    async fn a_pending_creation_outlives_its_run_until_it_is_settled() {
        let fixture = Fixture::new();
        let pending = Pending { run: "first".to_owned(), at: at("2026-09-01T09:00:00Z") };
        fixture.records("one").mark(&id("set/b"), &pending).await.expect("marked");
        let later = fixture.records("one");
        assert_eq!(later.pending().await, Ok([(id("set/b"), pending.clone())].into()));
        let again = Pending { run: "second".to_owned(), ..pending };
        later.mark(&id("set/b"), &again).await.expect("marked again");
        later.settle([id("set/b"), id("never-marked"), id("set/b")]).await.expect("settled");
        assert!(fixture.records("one").pending().await.expect("read").is_empty());
    }

    #[tokio::test]
    async fn notes_that_are_made_at_the_same_time_are_all_stored() {
        let fixture = Fixture::new();
        let records = fixture.records("one");
        let pending = Pending { run: "first".to_owned(), at: at("2026-09-01T09:00:00Z") };
        let ids = ["a", "b", "c", "d", "e"].map(id);
        let marked = futures_util::future::join_all(ids.iter().map(|id| records.mark(id, &pending))).await;
        assert!(marked.iter().all(Result::is_ok), "{marked:?}");
        assert_eq!(fixture.records("one").pending().await.expect("read").len(), ids.len());
    }

    #[tokio::test]
    async fn a_note_whose_call_was_dropped_is_removed_with_the_others() {
        let fixture = Fixture::new();
        let records = fixture.records("one");
        let pending = Pending { run: "first".to_owned(), at: at("2026-09-01T09:00:00Z") };
        {
            let id = id("a");
            let mark = std::pin::pin!(records.mark(&id, &pending));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(mark.poll(&mut context).is_pending());
        }
        records.settle([id("a")]).await.expect("settled");
        assert!(fixture.records("one").pending().await.expect("read").is_empty());
    }

    #[tokio::test]
    async fn an_unreadable_pending_creation_counts() {
        let fixture = Fixture::new();
        let records = fixture.records("one");
        let key = records.key("pending/a");
        let swap = Swap { key, expected: None, value: Some("{".to_owned()) };
        records.ledger.write(&[swap]).await.expect("written");
        assert!(records.pending().await.expect("read").contains_key("a"));
    }
}
