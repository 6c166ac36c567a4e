//! What the helpdesk holds, in the normal form that `desired` shares: equal values are equal here.
//!
//! The adapters in the shell make these values out of their wire forms. This module knows no wire and no
//! document. Present, absent and unknown are three things, and unknown never counts as absent.

use std::collections::{BTreeMap, BTreeSet};

use sha2::Digest as _;

use crate::calendar::{Day, TargetTime};
use crate::ident::{AgreementId, LiveId};
use crate::mapping::Field;

/// Something that was looked for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed<T> {
    /// It is there.
    Present(T),
    /// It is not there: the helpdesk said so.
    Absent,
    /// Nobody can say; the reason is for people.
    Unknown(String),
}

/// The helpdesk as read. As JSON it is a recording, which plans can be made from without a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Live {
    /// The agreements that bear our mark. One that is not listed is absent, since the list was read whole.
    pub agreements: BTreeMap<AgreementId, Observed<LiveAgreement>>,
    /// What catalog slugs may refer to.
    pub directory: Directory,
    /// Marks that several objects bear; none of them is touched, and none is among `agreements`.
    pub same_ownership_key: BTreeMap<AgreementId, Vec<LiveId>>,
    /// How many agreements bear no mark of ours; they are never touched.
    pub unmanaged: usize,
    /// Unmarked agreements that a document wishes to take over, by their live id.
    pub adoptable: BTreeMap<LiveId, Observed<LiveAgreement>>,
}

/// One agreement of the helpdesk.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LiveAgreement {
    /// Its id there.
    pub object: LiveId,
    /// Everything about it that the mapping carries.
    pub record: Record,
    /// The objects that hold its targets.
    #[serde(with = "as_list")]
    pub rules: BTreeMap<TargetKey, LiveId>,
    /// Whether it is archived.
    pub archived: bool,
    /// When the helpdesk says it was last touched, in its own writing; never compared, only shown.
    pub modified: Option<String>,
}

/// Who touched something last and when, as far as the helpdesk tells.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Touch {
    /// The person.
    pub who: Option<LiveId>,
    /// What the helpdesk calls that person.
    pub name: Option<String>,
    /// When, in the helpdesk's own writing; never compared, only shown.
    pub when: String,
}

/// The normal form of an agreement, the same for both sides.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Record {
    /// The state in the tenant's own word.
    pub state: String,
    /// The fields that the mapping carries; a field that holds nothing is [`Value::Nothing`].
    pub fields: BTreeMap<Field, Value>,
}

/// A value of a field, in one form only.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Empty: null, the empty text and the empty set are one thing to a helpdesk.
    Nothing,
    /// A text without blanks around it; never empty.
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
    References(BTreeSet<LiveId>),
    /// Targets by service and priority; never empty.
    Targets(
        #[serde(with = "as_list")]
        #[schemars(with = "Vec<(TargetKey, LiveTarget)>")]
        BTreeMap<TargetKey, LiveTarget>,
    ),
}

/// Which requests a promise is about.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct TargetKey {
    /// The service; `None` for all that have no promise of their own.
    pub service: Option<LiveId>,
    /// The priority.
    pub priority: LiveId,
}

/// By when one is answered and helped, on which hours.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct LiveTarget {
    /// Until somebody answers.
    pub response: Option<TargetTime>,
    /// Until it is solved.
    pub resolution: Option<TargetTime>,
    /// The hours that the time is counted on; `None` for the agreement's.
    pub calendar: Option<LiveId>,
}

/// What catalog slugs may refer to, as read.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "Entries", into = "Entries")]
pub struct Directory {
    entries: Entries,
    by_title: BTreeMap<(ObjectKind, String), Vec<LiveId>>,
    by_code: BTreeMap<(ObjectKind, String), Vec<LiveId>>,
}

type Entries = BTreeMap<ObjectKind, BTreeMap<LiveId, DirectoryEntry>>;

/// A kind of object that a catalog has slugs for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DirectoryEntry {
    /// What the helpdesk calls it; of a person whose name is hidden, the initials.
    pub title: String,
    /// A short code that it may be known by as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Whether it is archived there; then nothing new may refer to it.
    pub archived: bool,
    /// The digest of a title that is hidden, by which it is still known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<String>,
}

impl DirectoryEntry {
    /// Whether this is its exact title.
    pub fn is_titled(&self, title: &str) -> bool {
        match &self.hidden {
            None => self.title == title.trim(),
            Some(hidden) => *hidden == digest(&title.trim()),
        }
    }

    /// What it is found by.
    fn known_as(&self) -> String {
        self.hidden.as_deref().map_or_else(|| self.title.clone(), hidden_title)
    }

    /// The same with its name hidden.
    fn without_name(self) -> Self {
        match self.hidden {
            Some(_) => self,
            None => Self { hidden: Some(digest(&self.title)), title: initials(&self.title), ..self },
        }
    }
}

/// How a hidden title is found: no title begins so.
fn hidden_title(digest: &str) -> String {
    format!("\0{digest}")
}

/// A person's name as strangers may read it: `А. П.`. Initials stay as they are.
pub fn initials(name: &str) -> String {
    let letters =
        name.split_whitespace().filter_map(|word| word.chars().find(|letter| letter.is_alphabetic()));
    let initials: Vec<String> = letters.map(|letter| format!("{}.", letter.to_uppercase())).collect();
    if initials.is_empty() { "…".to_owned() } else { initials.join(" ") }
}

impl Value {
    /// A text in normal form: blanks around it do not count, and the empty text is nothing.
    pub fn text(text: &str) -> Self {
        match text.trim() {
            "" => Self::Nothing,
            trimmed => Self::Text(trimmed.to_owned()),
        }
    }

    /// A set in normal form.
    pub fn references(set: BTreeSet<LiveId>) -> Self {
        if set.is_empty() { Self::Nothing } else { Self::References(set) }
    }

    /// Targets in normal form: a promise of nothing is none.
    pub fn targets(mut targets: BTreeMap<TargetKey, LiveTarget>) -> Self {
        targets.retain(|_, promise| promise.response.is_some() || promise.resolution.is_some());
        if targets.is_empty() { Self::Nothing } else { Self::Targets(targets) }
    }

    /// The objects that the value names.
    pub fn mentions(&self) -> Vec<&LiveId> {
        match self {
            Self::Nothing | Self::Text(_) | Self::Integer(_) | Self::Bool(_) | Self::Day(_) => Vec::new(),
            Self::Reference(id) => vec![id],
            Self::References(set) => set.iter().collect(),
            Self::Targets(targets) => targets
                .iter()
                .flat_map(|(key, promise)| {
                    [Some(&key.priority), key.service.as_ref(), promise.calendar.as_ref()]
                        .into_iter()
                        .flatten()
                })
                .collect(),
        }
    }
}

impl Live {
    /// The same without the names of people: what plans are made from, and what may be handed to strangers. Whoever
    /// knows a name still finds the person by it.
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
}

impl LiveAgreement {
    /// A digest of everything that a plan was made from; another digest later means that somebody was here.
    ///
    /// The time of the last change is left out, since a tenant's scripts may move it without a reason.
    pub fn digest(&self) -> String {
        digest(&(&self.record, self.archived))
    }
}

/// The first sixteen bytes of the SHA-256 of a value's JSON, in hexadecimal.
pub fn digest(value: &impl serde::Serialize) -> String {
    use std::fmt::Write as _;

    let json = serde_json::to_vec(value).expect("values of the core are always JSON");
    let hash = sha2::Sha256::digest(&json);
    hash.iter().take(16).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all that is written");
        text
    })
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
    /// Takes in an object as read.
    pub fn add(&mut self, kind: ObjectKind, id: LiveId, title: &str, archived: bool) {
        let title = title.trim().to_owned();
        self.add_named(kind, id, DirectoryEntry { title, code: None, archived, hidden: None });
    }

    /// Takes in an object as read, with everything it is known by.
    pub fn add_named(&mut self, kind: ObjectKind, id: LiveId, named: DirectoryEntry) {
        if !named.archived {
            self.by_title.entry((kind, named.known_as())).or_default().push(id.clone());
            if let Some(code) = &named.code {
                self.by_code.entry((kind, code.clone())).or_default().push(id.clone());
            }
        }
        self.entries.entry(kind).or_default().insert(id, named);
    }

    /// Everything in it.
    pub fn iter(&self) -> impl Iterator<Item = (ObjectKind, &LiveId, &DirectoryEntry)> {
        self.entries.iter().flat_map(|(kind, named)| named.iter().map(move |(id, named)| (*kind, id, named)))
    }

    /// The object of this id.
    pub fn get(&self, kind: ObjectKind, id: &LiveId) -> Option<&DirectoryEntry> {
        self.entries.get(&kind)?.get(id)
    }

    /// The objects that bear exactly this title and are not archived.
    pub fn titled(&self, kind: ObjectKind, title: &str) -> &[LiveId] {
        let known_as = |name: String| self.by_title.get(&(kind, name)).map(Vec::as_slice);
        let hidden = || known_as(hidden_title(&digest(&title.trim())));
        known_as(title.trim().to_owned()).or_else(hidden).unwrap_or_default()
    }

    /// The objects that are known by exactly this code and are not archived.
    pub fn coded(&self, kind: ObjectKind, code: &str) -> &[LiveId] {
        self.by_code.get(&(kind, code.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// What an object is called, whatever its kind.
    pub fn title(&self, id: &LiveId) -> Option<&str> {
        self.entries.values().find_map(|entries| entries.get(id)).map(|named| named.title.as_str())
    }
}

/// JSON has no maps with keys that are objects, so that these maps travel as lists of pairs.
mod as_list {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer, K: Serialize, V: Serialize>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, K: Deserialize<'de> + Ord, V: Deserialize<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<K, V>, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Directory, Live, LiveAgreement, LiveTarget, ObjectKind, Observed, Record, TargetKey, Value, initials,
    };
    use crate::calendar::TargetTime;
    use crate::ident::{AgreementId, LiveId};
    use crate::mapping::Field;

    #[test]
    fn empty_values_are_one_thing() {
        assert_eq!(Value::text("  "), Value::Nothing);
        assert_eq!(Value::references(std::collections::BTreeSet::new()), Value::Nothing);
        assert_eq!(Value::text(" a "), Value::Text("a".to_owned()));
    }

    #[test]
    fn a_recording_is_read_back_as_it_was() {
        let mut live = Live::default();
        live.directory.add(ObjectKind::Unit, LiveId::new("ou$1").expect("an id"), "Ромашка", false);
        let key = TargetKey { service: None, priority: LiveId::new("priority$1").expect("an id") };
        let promise =
            LiveTarget { response: None, resolution: Some(TargetTime::BusinessDays(2)), calendar: None };
        let targets = Value::targets([(key.clone(), promise)].into());
        let agreement = LiveAgreement {
            object: LiveId::new("agreement$1").expect("an id"),
            record: Record { state: "active".to_owned(), fields: [(Field::Targets, targets)].into() },
            rules: [(key, LiveId::new("agreementRule$1").expect("an id"))].into(),
            archived: false,
            modified: None,
        };
        live.agreements.insert(AgreementId::new("a").expect("an id"), Observed::Present(agreement));
        let json = serde_json::to_string(&live).expect("a recording is JSON");
        assert_eq!(serde_json::from_str::<Live>(&json).expect("its own JSON"), live);
    }

    #[test]
    fn a_person_without_a_name_is_found_by_it_and_by_no_other() {
        let mut live = Live::default();
        let id = |number: u8| LiveId::new(&format!("employee${number}")).expect("an id");
        live.directory.add(ObjectKind::Person, id(1), "Ирина Петрова", false);
        live.directory.add(ObjectKind::Person, id(2), "Игорь Павлов", false);
        live.directory.add(ObjectKind::Person, id(3), "Анна Белых", true);
        live.directory.add(ObjectKind::Unit, id(4), "Ирина Петрова", false);
        let live = live.without_people();
        let json = serde_json::to_string(&live).expect("a recording is JSON");
        assert!(!json.contains("Игорь") && !json.contains("Белых"), "{json}");
        for live in
            [serde_json::from_str::<Live>(&json).expect("its own JSON"), live.clone().without_people(), live]
        {
            let directory = &live.directory;
            assert_eq!(directory.titled(ObjectKind::Person, " Ирина Петрова "), [id(1)]);
            assert_eq!(directory.titled(ObjectKind::Unit, "Ирина Петрова"), [id(4)]);
            assert!(directory.titled(ObjectKind::Person, "И. П.").is_empty());
            assert!(directory.titled(ObjectKind::Person, "Анна Белых").is_empty());
            assert_eq!(directory.title(&id(2)), Some("И. П."));
            let named = directory.get(ObjectKind::Person, &id(2)).expect("it is there");
            assert!(named.is_titled("Игорь Павлов") && !named.is_titled("И. П."));
        }
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
