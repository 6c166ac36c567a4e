//! What Servanda keeps in a ledger, and under which keys: the last_applied of the last apply, a mark for each creation
//! of which it is not certain that everybody can see it yet, and what became of each notice.
//!
//! All keys begin with a digest of the helpdesk, so that several may share a ledger. Unreadable entries of
//! the last_applied count as none, since it explains and decides nothing; an unreadable mark counts as a fresh one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use servanda::calendar::Instant;
use servanda::ident::AgreementId;
use servanda::live::digest;
use servanda::notice::compact::{Compaction, compact};
use servanda::notice::delivery::RecordChange;
use servanda::notice::{NoticeKey, NoticeRecords, PastEvents};
use servanda::plan::{AppliedAgreement, LAST_APPLIED_FORMAT, LastApplied};

use super::{Entries, Holder, LedgerError, LedgerStore, Swap};

/// How many runs are remembered whose names were noted outside: one that died between ledger and note left an
/// older name there.
const WITNESSED_RUNS: usize = 50;

/// What is past, by agreement.
type Past = BTreeMap<AgreementId, BTreeSet<String>>;

/// The entries of one helpdesk.
pub(crate) struct Records<L> {
    ledger: L,
    scope: String,
    /// The marks as they are kept now, by key.
    marks: Mutex<Entries>,
    /// The records of notices as they are kept now, by key.
    records: Mutex<Entries>,
}

/// When the memory of notices began, and what it is hidden with.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Begun {
    /// The instant.
    pub(crate) at: Instant,
    /// What the secret makes of a known text.
    pub(crate) secret: String,
}

/// A creation that may have taken effect without anybody having seen it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Pending {
    /// The run that sent it.
    pub(crate) run: String,
    /// When, by the clock of that run.
    pub(crate) at: Instant,
}

/// What all agreements of a last_applied share.
#[derive(serde::Serialize, serde::Deserialize)]
struct Head {
    format: u32,
    commit: Option<String>,
    as_of: Instant,
}

/// What was applied to one agreement; the instant is the head's where it is not written.
#[derive(serde::Serialize, serde::Deserialize)]
struct Entry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    as_of: Option<Instant>,
    applied: serde_json::Value,
}

impl<L: LedgerStore> Records<L> {
    /// The entries of a helpdesk, known by a name without anything secret.
    pub(crate) fn new(ledger: L, helpdesk: &str) -> Self {
        let scope = digest(&helpdesk);
        Self {
            ledger,
            scope: format!("helpdesk/{}", &scope[..12]),
            marks: Mutex::default(),
            records: Mutex::default(),
        }
    }

    /// Takes the lock, or says who holds it.
    pub(crate) async fn lock(&self, holder: &Holder) -> Result<Result<L::Lock, Option<Holder>>, LedgerError> {
        self.ledger.lock(holder).await
    }

    /// Gives the lock back.
    pub(crate) async fn unlock(&self, lock: L::Lock) {
        self.ledger.unlock(lock).await;
    }

    /// What was last applied; `None` before the first apply.
    pub(crate) async fn last_applied(&self) -> Result<Option<LastApplied>, LedgerError> {
        let entries = self.ledger.read(&self.key("last_applied")).await?;
        Ok(last_applied_of(&entries, &self.key("last_applied")))
    }

    /// Keeps a last_applied in place of the one before. Only entries that differ are written.
    pub(crate) async fn keep(&self, last_applied: &LastApplied) -> Result<(), LedgerError> {
        let before = self.ledger.read(&self.key("last_applied")).await?;
        let after = entries_of(last_applied, &self.key("last_applied"));
        self.ledger.write(&swaps(&before, &after)).await
    }

    /// The creations of earlier runs that are not settled, by agreement.
    pub(crate) async fn pending(&self) -> Result<BTreeMap<AgreementId, Pending>, LedgerError> {
        let under = self.key("pending/");
        let entries = self.ledger.read(&under).await?;
        let read = entries.iter().filter_map(|(key, value)| {
            let pending = serde_json::from_str(value).unwrap_or(Pending {
                run: "unknown".to_owned(),
                // As late as can be, so that it is waited for.
                at: Instant::MAX,
            });
            Some((AgreementId::new(key.strip_prefix(&under)?)?, pending))
        });
        let read = read.collect();
        *self.marks() = entries;
        Ok(read)
    }

    /// Marks an agreement before something is created for it. [`Self::pending`] was asked before.
    pub(crate) async fn mark(&self, id: &AgreementId, pending: &Pending) -> Result<(), LedgerError> {
        let value = serde_json::to_string(pending).expect("a mark is JSON");
        self.swap(vec![(self.key(&format!("pending/{id}")), Some(value))]).await
    }

    /// Takes the marks off agreements whose creations are settled.
    pub(crate) async fn settle(&self, ids: impl IntoIterator<Item = AgreementId>) -> Result<(), LedgerError> {
        let keys: BTreeSet<String> = ids.into_iter().map(|id| self.key(&format!("pending/{id}"))).collect();
        let marked: Vec<_> = {
            let marks = self.marks();
            keys.into_iter().filter(|key| marks.contains_key(key)).map(|key| (key, None)).collect()
        };
        self.swap(marked).await
    }

    /// When the memory of notices began; `None` where it never did.
    pub(crate) async fn begun(&self) -> Result<Option<Begun>, LedgerError> {
        let key = self.key("begun");
        let found = self.ledger.get(&[&key]).await?.remove(&key);
        found.map(|text| read(&key, &text)).transpose()
    }

    /// Begins the memory of notices, or begins it anew: what is past is never told. What was sent, and what was past
    /// before, stays known.
    pub(crate) async fn begin(&self, begun: &Begun, events: &PastEvents) -> Result<(), LedgerError> {
        let head = self.key("begun");
        let before = self.ledger.get(&[&head]).await?;
        let mut swaps = swaps(&before, &Entries::from([(head, json(begun))]));
        let known = self.ledger.read(&self.key("past/")).await?;
        let mut past = self.past_of(&known).unwrap_or_default();
        for (id, names) in &events.by_agreement {
            past.entry(id.clone()).or_default().extend(names.iter().cloned());
        }
        swaps.extend(self.past_as(&known, &past));
        self.ledger.write(&swaps).await
    }

    /// Forgets what nothing will ever be decided by again: how many records, and how many are kept.
    pub(crate) async fn compact(&self) -> Result<(usize, usize), LedgerError> {
        let memory = self.memory().await?;
        let Compaction { deleted, past } = compact(&memory);
        if deleted.is_empty() {
            return Ok((0, memory.records.len()));
        }
        let mut swaps: Vec<Swap> = {
            let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
            let keys = deleted.iter().map(|key| self.key(&key.to_string()));
            keys.map(|key| Swap { expected: records.get(&key).cloned(), value: None, key }).collect()
        };
        let known = self.ledger.read(&self.key("past/")).await?;
        swaps.extend(self.past_as(&known, &past.by_agreement));
        self.ledger.write(&swaps).await?;
        Ok((deleted.len(), memory.records.len() - deleted.len()))
    }

    /// What is past, by the entries that say so.
    fn past_of(&self, entries: &Entries) -> Result<Past, LedgerError> {
        let under = self.key("past/");
        let read = entries.iter().map(|(key, text)| {
            let id = key.strip_prefix(&under).and_then(AgreementId::new);
            let id =
                id.ok_or_else(|| LedgerError::Failed(format!("the ledger's `{key}` names no agreement")))?;
            Ok((id, read(key, text)?))
        });
        read.collect()
    }

    /// What makes the entries say what is past. What they say of others stays.
    fn past_as(&self, entries: &Entries, past: &Past) -> Vec<Swap> {
        let said = past.iter().map(|(id, names)| (self.key(&format!("past/{id}")), json(names)));
        let said: Entries = said.collect();
        swaps(entries, &entries.clone().into_iter().chain(said).collect())
    }

    /// The last runs whose names were noted outside of the ledger, the latest last.
    pub(crate) async fn witnessed(&self) -> Result<Vec<String>, LedgerError> {
        let key = self.key("witnessed");
        let found = self.ledger.get(&[&key]).await?.remove(&key);
        found.map_or_else(|| Ok(Vec::new()), |text| read(&key, &text))
    }

    /// Remembers a run whose name is about to be noted outside.
    pub(crate) async fn witness(&self, run: &str) -> Result<(), LedgerError> {
        let key = self.key("witnessed");
        let expected = self.ledger.get(&[&key]).await?.remove(&key);
        let mut runs: Vec<String> =
            expected.as_deref().map_or_else(|| Ok(Vec::new()), |text| read(&key, text))?;
        runs.push(run.to_owned());
        runs.drain(..runs.len().saturating_sub(WITNESSED_RUNS));
        self.ledger.write(&[Swap { key, expected, value: Some(json(&runs)) }]).await
    }

    /// Everything that is remembered of notices. A record that cannot be read is an error, and never none.
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
        *self.records.lock().unwrap_or_else(PoisonError::into_inner) = entries;
        Ok(memory)
    }

    /// Changes records of notices, all or none. [`Self::memory`] was asked before.
    pub(crate) async fn change(&self, changes: &[RecordChange]) -> Result<(), LedgerError> {
        let swaps: Vec<Swap> = {
            let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
            let swap = |change: &RecordChange| {
                let key = self.key(&change.key.to_string());
                // As it stands there, which another release may have written in another way.
                let expected = change.expected.as_ref().map(|expected| {
                    let found = records.get(&key).filter(|text| read(&key, text).as_ref() == Ok(expected));
                    found.cloned().unwrap_or_else(|| json(expected))
                });
                Swap { key, expected, value: Some(json(&change.value)) }
            };
            changes.iter().map(swap).collect()
        };
        self.ledger.write(&swaps).await?;
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.extend(swaps.into_iter().filter_map(|swap| Some((swap.key, swap.value?))));
        Ok(())
    }

    /// The place itself.
    pub(crate) const fn ledger(&self) -> &L {
        &self.ledger
    }

    async fn swap(&self, changes: Vec<(String, Option<String>)>) -> Result<(), LedgerError> {
        let swaps: Vec<Swap> = {
            let marks = self.marks();
            let swap = |(key, value): (String, Option<String>)| {
                let expected = marks.get(&key).cloned();
                Swap { key, expected, value }
            };
            changes.into_iter().map(swap).collect()
        };
        self.ledger.write(&swaps).await?;
        let mut marks = self.marks();
        for Swap { key, value, .. } in swaps {
            match value {
                Some(value) => marks.insert(key, value),
                None => marks.remove(&key),
            };
        }
        Ok(())
    }

    fn key(&self, rest: &str) -> String {
        format!("{}/{rest}", self.scope)
    }

    fn marks(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What turns some entries into others. Those that stay the same are not touched.
fn swaps(before: &Entries, after: &Entries) -> Vec<Swap> {
    let gone = before.keys().filter(|key| !after.contains_key(*key)).map(|key| (key, None));
    let there = after.iter().map(|(key, value)| (key, Some(value)));
    let differ = gone.chain(there).filter(|(key, value)| before.get(*key) != *value);
    differ
        .map(|(key, value)| Swap {
            key: key.clone(),
            expected: before.get(key).cloned(),
            value: value.cloned(),
        })
        .collect()
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("what is remembered is JSON")
}

fn read<T: serde::de::DeserializeOwned>(key: &str, text: &str) -> Result<T, LedgerError> {
    serde_json::from_str(text)
        .map_err(|error| LedgerError::Failed(format!("the ledger's `{key}` cannot be read: {error}")))
}

fn unreadable(error: impl std::fmt::Display) -> LedgerError {
    LedgerError::Failed(format!("the ledger cannot be read: {error}"))
}

fn last_applied_of(entries: &Entries, key: &str) -> Option<LastApplied> {
    let head: Head = serde_json::from_str(entries.get(key)?).ok()?;
    if head.format != LAST_APPLIED_FORMAT {
        return None;
    }
    let under = format!("{key}/");
    let agreements = entries.iter().filter_map(|(key, value)| {
        let id = AgreementId::new(key.strip_prefix(&under)?)?;
        let Entry { as_of, mut applied } = serde_json::from_str(value).ok()?;
        applied["as_of"] = serde_json::json!(as_of.unwrap_or(head.as_of));
        let applied: AppliedAgreement = serde_json::from_value(applied).ok()?;
        Some((id, applied))
    });
    Some(LastApplied { format: head.format, commit: head.commit, agreements: agreements.collect() })
}

/// The instant that most agreements share stands in the head alone, so that a run that changes nothing
/// changes one entry.
fn entries_of(last_applied: &LastApplied, key: &str) -> Entries {
    let Some(as_of) = last_applied.agreements.values().map(|applied| applied.as_of).max() else {
        return Entries::new();
    };
    let head = Head { format: last_applied.format, commit: last_applied.commit.clone(), as_of };
    let json = |value: &dyn Fn() -> serde_json::Result<String>| value().expect("a last_applied is JSON");
    let entry = |(id, applied): (&AgreementId, &AppliedAgreement)| {
        let own = (applied.as_of != as_of).then_some(applied.as_of);
        let mut applied = serde_json::to_value(applied).expect("a last_applied is JSON");
        applied.as_object_mut().and_then(|applied| applied.shift_remove("as_of"));
        let entry = Entry { as_of: own, applied };
        (format!("{key}/{id}"), json(&|| serde_json::to_string(&entry)))
    };
    let head = (key.to_owned(), json(&|| serde_json::to_string(&head)));
    last_applied.agreements.iter().map(entry).chain([head]).collect()
}

#[cfg(test)]
mod tests {
    use servanda::calendar::{Instant, read_instant};
    use servanda::ident::AgreementId;
    use servanda::live::Record;
    use servanda::plan::{AppliedAgreement, LAST_APPLIED_FORMAT, LastApplied};

    use super::{Pending, Records, entries_of};
    use crate::ledger::{LedgerStore as _, SqliteLedger};

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

    struct Shelf(tempfile::TempDir);

    impl Shelf {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("a folder"))
        }

        fn book(&self, helpdesk: &str) -> Records<SqliteLedger> {
            Records::new(SqliteLedger::at(self.0.path().join("ledger.sqlite")), helpdesk)
        }
    }

    #[tokio::test]
    async fn a_baseline_is_read_back_and_is_that_of_its_helpdesk() {
        let shelf = Shelf::new();
        assert_eq!(shelf.book("one").last_applied().await, Ok(None));
        let first = last_applied(&[
            ("a", applied("active", "2026-09-01T09:00:00Z")),
            ("set/b", applied("planned", "2026-08-01T09:00:00Z")),
        ]);
        shelf.book("one").keep(&first).await.expect("kept");
        assert_eq!(shelf.book("one").last_applied().await, Ok(Some(first)));
        assert_eq!(shelf.book("another").last_applied().await, Ok(None));
        let second = last_applied(&[("a", applied("inactive", "2026-10-01T09:00:00Z"))]);
        shelf.book("one").keep(&second).await.expect("kept");
        assert_eq!(shelf.book("one").last_applied().await, Ok(Some(second)), "what is gone is gone");
    }

    #[test]
    fn a_day_on_which_nothing_happens_changes_one_entry() {
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
    async fn a_mark_outlives_its_run_and_ends_when_it_is_settled() {
        let shelf = Shelf::new();
        let pending = Pending { run: "first".to_owned(), at: at("2026-09-01T09:00:00Z") };
        shelf.book("one").mark(&id("set/b"), &pending).await.expect("marked");
        let later = shelf.book("one");
        assert_eq!(later.pending().await, Ok([(id("set/b"), pending.clone())].into()));
        let again = Pending { run: "second".to_owned(), ..pending };
        later.mark(&id("set/b"), &again).await.expect("marked again");
        later.settle([id("set/b"), id("never-marked"), id("set/b")]).await.expect("settled");
        assert!(shelf.book("one").pending().await.expect("read").is_empty());
    }

    #[tokio::test]
    async fn a_mark_that_cannot_be_read_is_a_mark() {
        let shelf = Shelf::new();
        let book = shelf.book("one");
        let key = book.key("pending/a");
        let swap = crate::ledger::Swap { key, expected: None, value: Some("{".to_owned()) };
        book.ledger.write(&[swap]).await.expect("written");
        assert!(book.pending().await.expect("read").contains_key("a"));
    }
}
