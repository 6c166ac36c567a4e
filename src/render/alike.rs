//! Changes that are alike: what many have in common is shown once, with the number of agreements and clients.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::envelope::GuardedPlan;
use crate::ident::AgreementId;
use crate::mapping::Field;
use crate::plan::{Change, Risk, Verb};
use crate::render::line::Line;
use crate::render::plan::phrases::{self, Detail};
use crate::render::review::{self, ClientBlock, ReviewSection};
use crate::render::value::FieldBody;
use crate::render::vocabulary::Vocabulary;

/// The smallest number of changes that are shown together.
pub(super) const MANY: usize = 5;

/// The fields in which new agreements differ even if they are alike.
const OWN: [Field; 7] = [
    Field::Title,
    Field::Number,
    Field::FirstDay,
    Field::LastDay,
    Field::Recipients,
    Field::Contacts,
    Field::Manager,
];

/// Changes that are alike.
pub(super) struct AlikeChanges<'a> {
    /// The changes, in their order.
    pub(super) changes: Vec<&'a Change>,
    /// The part that they have in common, as a change of the first of them.
    pub(super) common: Change,
}

impl AlikeChanges<'_> {
    /// Their numbers: `4048 agreements of 2169 clients`.
    pub(super) fn counts(&self, words: Vocabulary<'_>) -> String {
        let clients: BTreeSet<_> = self.changes.iter().filter_map(|change| change.client.as_ref()).collect();
        words.numbers(self.changes.len(), clients.len())
    }

    /// Their result: the new status, or that it stays if it is the same.
    pub(super) fn result(&self, words: Vocabulary<'_>) -> Line {
        if let Some(result) = phrases::result(&self.common, words) {
            return Line::of(": ").join(result);
        }
        let is_same = self.changes.iter().all(|change| change.status == self.common.status);
        let status = phrases::unchanged_status(&self.common, words);
        if is_same && !status.is_empty() { Line::of("  ").join(status) } else { Line::new() }
    }

    /// Their risks as those of one change, own ones and those of the base: weakened service levels add up.
    pub(super) fn risks(&self, envelope: &GuardedPlan) -> (Vec<Risk>, Vec<Risk>) {
        let risks = self.changes.iter().map(|change| envelope.split_risks(change));
        let (own, on_base): (Vec<_>, Vec<_>) = risks.unzip();
        (united(own), united(on_base))
    }

    /// Some of their ids.
    pub(super) fn ids(&self, words: Vocabulary<'_>) -> Line {
        words.capped_list(self.changes.iter().map(|change| change.id.to_string()))
    }
}

/// Splits changes into groups of at least `many` alike ones and all others, both in the order given.
pub(super) fn split<'a>(
    changes: impl IntoIterator<Item = &'a Change>,
    words: Vocabulary<'_>,
    many: usize,
) -> (Vec<AlikeChanges<'a>>, Vec<&'a Change>) {
    let mut groups: Vec<AlikeChanges<'a>> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for change in changes {
        let common = common(change);
        let at = *known.entry(shown(&common, words)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.changes.push(change),
            None => groups.push(AlikeChanges { changes: vec![change], common: common.into_owned() }),
        }
    }
    let (groups, few): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.changes.len() >= many);
    let mut few: Vec<&'a Change> = few.into_iter().flat_map(|group| group.changes).collect();
    few.sort_by(|left, right| (left.phase, &left.id).cmp(&(right.phase, &right.id)));
    (groups, few)
}

/// The groups of alike changes in a section, and its blocks without them.
pub(super) fn split_section<'a>(
    section: &ReviewSection<'a>,
    words: Vocabulary<'_>,
) -> (Vec<AlikeChanges<'a>>, Vec<ClientBlock<'a>>) {
    let entries = section.blocks.iter().flat_map(|block| &block.entries);
    let changes = entries.filter(|entry| entry.drifts.is_empty()).filter_map(|entry| entry.change);
    let (groups, _) = split(changes, words, MANY);
    let grouped: BTreeSet<&AgreementId> =
        groups.iter().flat_map(|group| &group.changes).map(|change| &change.id).collect();
    let alone = section.blocks.iter().map(|block| ClientBlock {
        entries: block.entries.iter().filter(|entry| !grouped.contains(entry.id)).cloned().collect(),
        ..*block
    });
    let alone = alone.filter(|block| !block.entries.is_empty()).collect();
    (groups, alone)
}

/// The risks of many changes that are alike as those of one: weakened service levels add up.
fn united(risks: Vec<Vec<Risk>>) -> Vec<Risk> {
    let mut united: Vec<Risk> = Vec::new();
    for risk in risks.into_iter().flatten() {
        let same =
            united.iter_mut().find(|known| std::mem::discriminant(*known) == std::mem::discriminant(&risk));
        match (same, risk) {
            (Some(Risk::Weakens(all)), Risk::Weakens(more)) => all.extend(more),
            (Some(_), _) => {}
            (None, risk) => united.push(risk),
        }
    }
    united
}

/// The part of a change that others may share. Each adopts an object of its own.
fn common(change: &Change) -> Cow<'_, Change> {
    if change.verb != Verb::Create && !change.risks.contains(&Risk::Adopts) {
        return Cow::Borrowed(change);
    }
    let mut common = change.clone();
    common.object = None;
    if change.verb == Verb::Create {
        common.fields.retain(|field| !OWN.contains(&field.field));
    }
    Cow::Owned(common)
}

/// Entries with the same texts: as one row if there are `many`, in the order of their first ones.
pub(super) fn rows<'a, T, K: Ord + Clone>(
    entries: &'a [T],
    many: usize,
    texts: impl Fn(&T) -> K,
) -> Vec<(K, Vec<&'a T>)> {
    let keys: Vec<K> = entries.iter().map(texts).collect();
    let mut same: BTreeMap<&K, Vec<&'a T>> = BTreeMap::new();
    for (entry, key) in entries.iter().zip(&keys) {
        same.entry(key).or_default().push(entry);
    }
    let rows = entries.iter().zip(&keys).filter_map(|(entry, key)| {
        if same.get(key).is_none_or(|alike| alike.len() >= many) {
            // Only the first one still finds the group.
            return same.remove(key).map(|alike| (key.clone(), alike));
        }
        Some((key.clone(), vec![entry]))
    });
    rows.collect()
}

/// All that is shown of a change, besides its name.
fn shown(change: &Change, words: Vocabulary<'_>) -> String {
    let plain = Line::words;
    // What stays may differ.
    let result = phrases::result(change, words).unwrap_or_default();
    let mut parts = vec![phrases::symbol(change).1.to_owned(), plain(&result)];
    parts.push(format!("{:?}", review::main_cause(change)));
    for detail in phrases::details(change, words) {
        match detail {
            Detail::Warning(line) => parts.push(plain(&line)),
            Detail::Text(line, cause) => parts.push(format!("{}{cause:?}", plain(&line))),
            Detail::Field(field) => {
                parts.push(format!("{}{:?}", field.label, field.cause));
                match field.body {
                    FieldBody::Line(line) => parts.push(plain(&line)),
                    FieldBody::Targets(rows) => parts.extend(rows.iter().flatten().map(plain)),
                }
            }
        }
    }
    parts.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{MANY, split};
    use crate::ident::ClientSlug;
    use crate::plan::{Change, Risk, Verb};
    use crate::render::plan::sample;
    use crate::render::vocabulary::Vocabulary;
    use crate::status::{State, StatusReason};

    fn change(index: usize, risks: Vec<Risk>) -> Change {
        let (id, title) = (format!("a{index:04}"), format!("Agreement {index}"));
        let change = sample::change(&id, Verb::Update, &title, State::Active, StatusReason::WithinPeriod);
        Change { client: ClientSlug::new(&format!("c{:04}", index / 2)), risks, ..change }
    }

    #[test]
    fn adoptions_are_alike_although_each_has_an_object_of_its_own() {
        let adopted = |index| {
            let object = crate::ident::LiveId::new(&format!("agreement${index}"));
            Change { object, ..change(index, vec![Risk::Adopts]) }
        };
        let plan = sample::plan((0..9).map(adopted).collect());
        let (groups, others) = split(&plan.changes, Vocabulary::of(&plan), MANY);
        assert_eq!((groups.len(), groups[0].changes.len(), others.len()), (1, 9, 0));
        let (groups, others) = split(&plan.changes, Vocabulary::of(&plan), usize::MAX);
        assert_eq!((groups.len(), others.len()), (0, 9));
    }

    #[test]
    fn rows_with_the_same_texts_are_one_if_there_are_many() {
        let rows = super::rows(&[1, 2, 1, 3, 1, 2], 3, |number| *number);
        let numbers: Vec<_> = rows.iter().map(|(key, same)| (*key, same.len())).collect();
        assert_eq!(numbers, [(1, 3), (2, 1), (3, 1), (2, 1)]);
    }

    #[test]
    fn many_alike_changes_are_one_group_and_few_are_none() {
        let mut changes: Vec<Change> = (0..40).map(|index| change(index, Vec::new())).collect();
        changes.extend((40..39 + MANY).map(|index| change(index, vec![Risk::Shortens])));
        let plan = sample::plan(changes);
        let words = Vocabulary::of(&plan);
        let (groups, others) = split(&plan.changes, words, MANY);
        assert_eq!(
            groups.iter().map(|group| group.counts(words)).collect::<Vec<_>>(),
            ["40 agreements of 20 clients"]
        );
        assert_eq!(others.len(), MANY - 1);
    }
}
