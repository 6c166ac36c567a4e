//! Names that lead to something: what to offer where one leads nowhere.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::Bound;

use crate::ident::nearest;

/// The number of names on either side in the alphabet that are compared: a typing mistake rarely comes first in a
/// word, and looking at all of them for each of ten thousand mistakes would take minutes.
const NEIGHBOURS: usize = 200;

/// The known name nearest to `written`, where one is near enough to be what was meant.
pub(super) fn nearest_of<'map, K: Borrow<str> + Ord, V>(
    written: &str,
    known: &'map BTreeMap<K, V>,
) -> Option<&'map str> {
    let after = known.range::<str, _>((Bound::Included(written), Bound::Unbounded)).take(NEIGHBOURS);
    let before = known.range::<str, _>((Bound::Unbounded, Bound::Excluded(written))).rev().take(NEIGHBOURS);
    nearest(written, after.chain(before).map(|(name, _)| -> &'map str { name.borrow() }))
}

/// The same among names that stand in order.
pub(super) fn nearest_among<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let place = known.partition_point(|name| *name < written);
    let around = place.saturating_sub(NEIGHBOURS)..known.len().min(place + NEIGHBOURS);
    nearest(written, known[around].iter().copied())
}
