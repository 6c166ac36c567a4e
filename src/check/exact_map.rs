//! Builds maps without room for further entries: ten thousand agreements and their clients are held until the end.

use litemap::LiteMap;

/// The map of these entries, of the exact size.
pub(super) fn exact_map<K: Ord, V>(entries: impl Iterator<Item = (K, V)>) -> LiteMap<K, V> {
    let entries: Vec<(K, V)> = entries.collect();
    let mut map = LiteMap::with_capacity(entries.len());
    for (key, value) in entries {
        map.insert(key, value);
    }
    map
}
