//! The live state of the helpdesk, in the normal form that `desired` shares.
//!
//! The adapters of the shell make these values from their wire formats. Present, absent and unknown are three different
//! things, and unknown never counts as absent.

mod digest;

use std::collections::{BTreeMap, BTreeSet};

pub use digest::{Digest, digest};
use litemap::LiteMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agreement::{Shared, SharedValues};
use crate::calendar::{Day, TargetTime};
use crate::ident::{AgreementId, LiveId, composed};
use crate::mapping::Field;

/// The result of a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed<T> {
    /// It exists.
    Present(T),
    /// It does not exist, by a complete answer of the helpdesk.
    Absent,
    /// The answer could not be understood; the reason is for people.
    Unknown(String),
}

/// The live state as read. Its JSON is part of a snapshot, from which a plan can be made without a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// The managed agreements, by ownership key. One that is missing is absent, since the list is complete.
    pub agreements: BTreeMap<AgreementId, Observed<LiveAgreement>>,
    /// The objects that catalog slugs may refer to.
    pub directory: Directory,
    /// Ownership keys that several objects have; these objects are never modified and are not in `agreements`.
    pub same_ownership_key: BTreeMap<AgreementId, Vec<LiveId>>,
    /// The number of agreements without an ownership key; they are never modified.
    pub unmanaged: usize,
    /// Unmanaged agreements that a document adopts, by their live id.
    pub adoptable: BTreeMap<LiveId, Observed<LiveAgreement>>,
    /// The titles of those that cannot be read, for people.
    #[serde(skip)]
    pub titles: BTreeMap<LiveId, String>,
}

/// One live agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveAgreement {
    /// Its id in the helpdesk.
    pub object: LiveId,
    /// The fields that the mapping carries.
    pub record: Record,
    /// The objects that hold its targets.
    #[serde(with = "as_list")]
    pub rules: Rules,
    /// Whether it is archived.
    pub archived: bool,
    /// The time of its last change, in the helpdesk's own format; shown and never compared.
    pub modified: Option<String>,
    /// The agreement that its ownership key names exactly; `None` without a whole ownership key. A snapshot has it as the
    /// key of the map.
    #[serde(skip)]
    pub owner: Option<AgreementId>,
}

/// The person and the time of a change, as far as the helpdesk records them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Touch {
    /// The person.
    pub who: Option<LiveId>,
    /// The name of that person.
    pub name: Option<String>,
    /// The time, in the helpdesk's own format; shown and never compared.
    pub when: String,
}

/// The normal form of an agreement, the same for both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// The tenant's own state.
    pub state: String,
    /// The fields that the mapping carries; an empty field is [`Value::Nothing`].
    pub fields: BTreeMap<Field, Value>,
}

/// A value of a field, in normal form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Empty: a helpdesk does not distinguish null, the empty text and the empty set.
    Nothing,
    /// A text without surrounding whitespace; never empty.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Bool(bool),
    /// A civil date.
    Day(#[schemars(with = "String")] Day),
    /// One object.
    Reference(LiveId),
    /// A set of objects; never empty.
    References(#[schemars(with = "BTreeSet<LiveId>")] Shared<BTreeSet<LiveId>>),
    /// Targets by service and priority; never empty.
    Targets(
        #[serde(with = "as_list")]
        #[schemars(with = "Vec<(TargetKey, LiveTarget)>")]
        Shared<Targets>,
    ),
}

/// Targets by service and priority. A sorted list: of ten thousand agreements, half of the nodes of a tree would be room.
pub type Targets = LiteMap<TargetKey, LiveTarget>;

/// The objects that hold targets.
pub type Rules = LiteMap<TargetKey, LiveId>;

/// The service and priority that a target applies to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetKey {
    /// The service; `None` for all services without a target of their own.
    pub service: Option<LiveId>,
    /// The priority.
    pub priority: LiveId,
}

/// A response and a resolution target, and the hours that they are counted on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveTarget {
    /// The response target.
    pub response: Option<TargetTime>,
    /// The resolution target.
    pub resolution: Option<TargetTime>,
    /// The calendar of their hours; `None` for the agreement's.
    pub calendar: Option<LiveId>,
}

/// The objects that catalog slugs may refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Entries", into = "Entries")]
pub struct Directory {
    entries: Entries,
    by_title: BTreeMap<(ObjectKind, String), Vec<LiveId>>,
    by_code: BTreeMap<(ObjectKind, String), Vec<LiveId>>,
}

type Entries = BTreeMap<ObjectKind, BTreeMap<LiveId, DirectoryEntry>>;

/// A kind of object that catalog slugs refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// A company or a department.
    Unit,
    /// A service.
    Service,
    /// A person.
    Person,
    /// A calendar.
    Calendar,
    /// A priority.
    Priority,
}

/// An object of the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryEntry {
    /// Its title; the initials of a person whose name is hidden.
    pub title: String,
    /// A short code that also identifies it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Whether it is archived; nothing new may refer to an archived object.
    pub archived: bool,
    /// The hidden title, where `title` contains only initials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<HiddenTitle>,
}

/// The title of an object whose name is hidden: its digest, by which the object can still be found.
///
/// The digest never leaves the process, since beside the initials it would be guessed at once. An object that was read
/// from a snapshot is found by its id only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "bool", into = "bool")]
pub struct HiddenTitle(Option<String>);

impl From<bool> for HiddenTitle {
    fn from(_: bool) -> Self {
        Self(None)
    }
}

impl From<HiddenTitle> for bool {
    fn from(_: HiddenTitle) -> Self {
        true
    }
}

impl DirectoryEntry {
    /// Whether its title may be this one; only a hidden title that was read from a snapshot is unknown.
    pub fn may_be_titled(&self, title: &str) -> bool {
        match &self.hidden {
            None => composed(&self.title) == composed(title.trim()),
            Some(HiddenTitle(digest_of_title)) => {
                digest_of_title.as_ref().is_none_or(|hidden| *hidden == digest(&composed(title.trim())))
            }
        }
    }

    /// The key of its title in the index; `None` where the title is unknown.
    fn title_key(&self) -> Option<String> {
        match &self.hidden {
            None => Some(composed(&self.title).into_owned()),
            Some(HiddenTitle(digest_of_title)) => digest_of_title.as_deref().map(hidden_title),
        }
    }

    /// Hides the name.
    fn without_name(self) -> Self {
        if self.hidden.is_some() {
            return self;
        }
        let hidden = HiddenTitle(Some(digest(&composed(&self.title))));
        Self { hidden: Some(hidden), title: initials(&self.title), ..self }
    }
}

/// The index key of a hidden title: no title begins with a null character.
fn hidden_title(digest: &str) -> String {
    format!("\0{digest}")
}

/// The initials of a name: `А. П.`. Initials stay as they are.
pub fn initials(name: &str) -> String {
    let letters =
        name.split_whitespace().filter_map(|word| word.chars().find(|letter| letter.is_alphabetic()));
    let initials: Vec<String> = letters.map(|letter| format!("{}.", letter.to_uppercase())).collect();
    if initials.is_empty() { "…".to_owned() } else { initials.join(" ") }
}

/// The services and targets of records, which those of one template have alike.
#[derive(Debug, Default)]
pub struct SharedParts {
    services: SharedValues<BTreeSet<LiveId>>,
    targets: SharedValues<Targets>,
}

impl SharedParts {
    /// Holds what a live agreement has like those before it once.
    pub fn hold_once(&self, observed: &mut Observed<LiveAgreement>) {
        if let Observed::Present(found) = observed {
            self.hold_record_once(&mut found.record);
        }
    }

    /// Holds what a record has like those before it once.
    pub fn hold_record_once(&self, record: &mut Record) {
        if let Some(Value::References(services)) = record.fields.get_mut(&Field::Services) {
            self.services.hold_once(services);
        }
        if let Some(Value::Targets(targets)) = record.fields.get_mut(&Field::Targets) {
            self.targets.hold_once(targets);
        }
    }
}

impl Value {
    /// A text in normal form: with composed letters, without surrounding whitespace, and `Nothing` if empty.
    pub fn text(text: &str) -> Self {
        match text.trim() {
            "" => Self::Nothing,
            trimmed => Self::Text(composed(trimmed).into_owned()),
        }
    }

    /// A set in normal form.
    pub fn references(set: BTreeSet<LiveId>) -> Self {
        if set.is_empty() { Self::Nothing } else { Self::References(set.into()) }
    }

    /// Targets in normal form: one with neither response nor resolution is dropped.
    pub fn targets(mut targets: BTreeMap<TargetKey, LiveTarget>) -> Self {
        targets.retain(|_, target| target.response.is_some() || target.resolution.is_some());
        if targets.is_empty() { Self::Nothing } else { Self::Targets(targets.into_iter().collect()) }
    }

    /// The objects that the value refers to.
    pub fn mentions(&self) -> Vec<&LiveId> {
        match self {
            Self::Nothing | Self::Text(_) | Self::Integer(_) | Self::Bool(_) | Self::Day(_) => Vec::new(),
            Self::Reference(id) => vec![id],
            Self::References(set) => set.iter().collect(),
            Self::Targets(targets) => targets
                .iter()
                .flat_map(|(key, target)| {
                    [Some(&key.priority), key.service.as_ref(), target.calendar.as_ref()]
                        .into_iter()
                        .flatten()
                })
                .collect(),
        }
    }
}

impl Live {
    /// Hides the names of people, so that plans and snapshots do not contain them. Until the state is saved in a snapshot,
    /// a person can still be found by the exact name.
    #[must_use]
    pub fn without_people(mut self) -> Self {
        let mut entries = Entries::from(self.directory);
        if let Some(people) = entries.remove(&ObjectKind::Person) {
            let people = people.into_iter().map(|(id, named)| (id, named.without_name()));
            entries.insert(ObjectKind::Person, people.collect());
        }
        self.directory = entries.into();
        self
    }

    /// Adds the objects that have each ownership key. One alone is the agreement; of several, none is.
    pub fn add_managed<T>(
        &mut self,
        by_key: BTreeMap<AgreementId, Vec<(LiveId, T)>>,
        mut observe: impl FnMut(T) -> Observed<LiveAgreement>,
    ) {
        let shared = SharedParts::default();
        for (key, objects) in by_key {
            match <[_; 1]>::try_from(objects) {
                Ok([(_, only)]) => {
                    let mut observed = observe(only);
                    shared.hold_once(&mut observed);
                    self.agreements.insert(key, observed);
                }
                Err(several) => {
                    self.same_ownership_key.insert(key, several.into_iter().map(|(id, _)| id).collect());
                }
            }
        }
    }
}

impl LiveAgreement {
    /// The digest of everything that a plan depends on; a later difference means that somebody changed the object.
    ///
    /// The time of the last change is left out, since a tenant's scripts may update it without any other change.
    pub fn digest(&self) -> String {
        digest(&(&self.record, self.archived))
    }
}

impl From<Entries> for Directory {
    fn from(entries: Entries) -> Self {
        let mut directory = Self::default();
        for (kind, named) in entries {
            for (id, named) in named {
                directory.add_named(kind, id, named);
            }
        }
        directory
    }
}

impl From<Directory> for Entries {
    fn from(directory: Directory) -> Self {
        directory.entries
    }
}

impl Directory {
    /// Adds an object.
    pub fn add(&mut self, kind: ObjectKind, id: LiveId, title: &str, archived: bool) {
        let title = title.trim().to_owned();
        self.add_named(kind, id, DirectoryEntry { title, code: None, archived, hidden: None });
    }

    /// Adds an object with its code and hidden title.
    pub fn add_named(&mut self, kind: ObjectKind, id: LiveId, named: DirectoryEntry) {
        if !named.archived {
            if let Some(key) = named.title_key() {
                self.by_title.entry((kind, key)).or_default().push(id.clone());
            }
            if let Some(code) = &named.code {
                self.by_code.entry((kind, code.clone())).or_default().push(id.clone());
            }
        }
        self.entries.entry(kind).or_default().insert(id, named);
    }

    /// All objects.
    pub fn iter(&self) -> impl Iterator<Item = (ObjectKind, &LiveId, &DirectoryEntry)> {
        self.entries.iter().flat_map(|(kind, named)| named.iter().map(move |(id, named)| (*kind, id, named)))
    }

    /// The object with this id.
    pub fn get(&self, kind: ObjectKind, id: &LiveId) -> Option<&DirectoryEntry> {
        self.entries.get(&kind)?.get(id)
    }

    /// The objects with exactly this title that are not archived.
    pub fn titled(&self, kind: ObjectKind, title: &str) -> &[LiveId] {
        let title = composed(title.trim());
        let by_key = |key: String| self.by_title.get(&(kind, key)).map(Vec::as_slice);
        let hidden = || by_key(hidden_title(&digest(&title)));
        by_key(title.clone().into_owned()).or_else(hidden).unwrap_or_default()
    }

    /// The objects with exactly this code that are not archived.
    pub fn coded(&self, kind: ObjectKind, code: &str) -> &[LiveId] {
        self.by_code.get(&(kind, code.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// The title of an object of any kind.
    pub fn title(&self, id: &LiveId) -> Option<&str> {
        self.entries.values().find_map(|entries| entries.get(id)).map(|named| named.title.as_str())
    }
}

/// Serialises a map whose keys are objects as a list of pairs, since JSON has no such maps.
mod as_list {
    use std::borrow::Borrow;

    use litemap::LiteMap;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer, K: Serialize, V: Serialize>(
        map: &impl Borrow<LiteMap<K, V>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map.borrow().iter())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, T: FromIterator<Pair>, Pair: Deserialize<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Directory, Live, LiveAgreement, LiveTarget, ObjectKind, Observed, Record, Rules, TargetKey, Value,
        initials,
    };
    use crate::calendar::TargetTime;
    use crate::ident::{AgreementId, LiveId};
    use crate::mapping::Field;

    #[test]
    fn empty_values_are_equal() {
        assert_eq!(Value::text("  "), Value::Nothing);
        assert_eq!(Value::references(std::collections::BTreeSet::new()), Value::Nothing);
        assert_eq!(Value::text(" a "), Value::Text("a".to_owned()));
    }

    #[test]
    fn a_live_state_survives_its_own_json() {
        let mut live = Live::default();
        live.directory.add(ObjectKind::Unit, LiveId::new("ou$1").expect("an id"), "Ромашка", false);
        let key = TargetKey { service: None, priority: LiveId::new("priority$1").expect("an id") };
        let promise =
            LiveTarget { response: None, resolution: Some(TargetTime::BusinessDays(2)), calendar: None };
        let targets = Value::targets([(key.clone(), promise)].into());
        let agreement = LiveAgreement {
            object: LiveId::new("agreement$1").expect("an id"),
            record: Record { state: "active".to_owned(), fields: [(Field::Targets, targets)].into() },
            rules: Rules::from_iter([(key, LiveId::new("agreementRule$1").expect("an id"))]),
            archived: false,
            modified: None,
            owner: None,
        };
        live.agreements.insert(AgreementId::new("a").expect("an id"), Observed::Present(agreement));
        let json = serde_json::to_string(&live).expect("a live state is JSON");
        assert_eq!(serde_json::from_str::<Live>(&json).expect("its own JSON"), live);
    }

    fn people() -> Live {
        let mut live = Live::default();
        live.directory.add(ObjectKind::Person, person(1), "Ирина Петрова", false);
        live.directory.add(ObjectKind::Person, person(2), "Игорь Павлов", false);
        live.directory.add(ObjectKind::Person, person(3), "Анна Белых", true);
        live.directory.add(ObjectKind::Unit, person(4), "Ирина Петрова", false);
        live.without_people()
    }

    fn person(number: u8) -> LiveId {
        LiveId::new(&format!("employee${number}")).expect("an id")
    }

    #[test]
    fn a_person_without_a_name_is_found_by_it_and_by_no_other() {
        for live in [people(), people().without_people()] {
            let directory = &live.directory;
            assert_eq!(directory.titled(ObjectKind::Person, " Ирина Петрова "), [person(1)]);
            assert_eq!(directory.titled(ObjectKind::Unit, "Ирина Петрова"), [person(4)]);
            assert!(directory.titled(ObjectKind::Person, "И. П.").is_empty());
            assert!(directory.titled(ObjectKind::Person, "Анна Белых").is_empty());
            assert_eq!(directory.title(&person(2)), Some("И. П."));
            let named = directory.get(ObjectKind::Person, &person(2)).expect("it is there");
            assert!(named.may_be_titled("Игорь Павлов") && !named.may_be_titled("И. П."));
        }
    }

    /// A digest beside the initials would be guessed in milliseconds: there is nothing to compare a guess with.
    #[test]
    fn the_json_of_a_live_state_is_the_same_for_every_name_with_these_initials() {
        let mut others = Live::default();
        others.directory.add(ObjectKind::Person, person(1), "Инна Попова", false);
        others.directory.add(ObjectKind::Person, person(2), "Илья Попов", false);
        others.directory.add(ObjectKind::Person, person(3), "Алла Бунина", true);
        others.directory.add(ObjectKind::Unit, person(4), "Ирина Петрова", false);
        let json = |live: &Live| serde_json::to_string(live).expect("a live state is JSON");
        let saved = json(&people());
        assert_eq!(saved, json(&others.without_people()));
        let read: Live = serde_json::from_str(&saved).expect("its own JSON");
        assert_eq!(json(&read.clone().without_people()), saved);
        for name in ["Ирина Петрова", "И. П.", ""] {
            assert!(read.directory.titled(ObjectKind::Person, name).is_empty(), "{name}");
        }
        assert_eq!(read.directory.title(&person(2)), Some("И. П."));
    }

    #[test]
    fn initials_stay_initials() {
        for (name, expected) in
            [("Ирина Петрова", "И. П."), ("И. П.", "И. П."), ("  ", "…"), ("ivan 2 o'neil", "I. O.")]
        {
            assert_eq!(initials(name), expected);
            assert_eq!(initials(&initials(name)), expected);
        }
    }

    #[test]
    fn archived_objects_are_known_by_id_but_not_by_title() {
        let mut directory = Directory::default();
        let id = LiveId::new("ou$1").expect("an id");
        directory.add(ObjectKind::Unit, id.clone(), "Ромашка", true);
        assert!(directory.titled(ObjectKind::Unit, "Ромашка").is_empty());
        assert_eq!(directory.title(&id), Some("Ромашка"));
    }
}
