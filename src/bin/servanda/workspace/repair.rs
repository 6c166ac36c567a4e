//! The repairs of `validate --fix`: applied in memory until no finding has one, since a repair may bring others to light.

use std::collections::{BTreeMap, BTreeSet};

use servanda::calendar::Instant;
use servanda::diagnostic::{Diagnostic, Diagnostics, FileId, Repair, Sources};

use crate::workspace::change_set::{Origin, ProposedFile, Repairs};
use crate::workspace::load::{LoadedFiles, NewFile};

/// The largest number of rounds. Each reaches what the one before made readable: the syntax, the keys, the values.
const ROUNDS: usize = 10;

/// The repairs of all findings that know theirs. Also gives the files back, whose sources have the texts of before first.
pub(crate) fn repairs(mut loaded: LoadedFiles, at: Instant) -> (LoadedFiles, Repairs) {
    let (mut texts, mut names) = (BTreeMap::new(), BTreeMap::new());
    for _ in 0..ROUNDS {
        let found = loaded.check(at).diagnostics;
        names.extend(new_names(&found, &loaded.sources));
        let changed = repaired(&found, &loaded.sources);
        if changed.is_empty() {
            break;
        }
        let files = changed.iter().map(|(path, text)| NewFile::new(path, text)).collect();
        loaded = loaded.with(files);
        texts.extend(changed);
    }
    let file = |(path, text)| ProposedFile { path, from: Origin::Itself, text, root: None };
    let files = texts.into_iter().map(file).collect();
    (loaded, Repairs { files, names: names.into_iter().collect() })
}

/// Whether a finding has a repair that changes its file.
pub(crate) fn is_repairable(finding: &Diagnostic, sources: &Sources) -> bool {
    finding
        .repair
        .as_ref()
        .is_some_and(|repair| matches!(**repair, Repair::Rename(..)) || repair.edit(sources).is_some())
}

/// The files that get another name, with the name.
fn new_names(found: &Diagnostics, sources: &Sources) -> Vec<(String, String)> {
    let names = found.iter().filter_map(|finding| match &**finding.repair.as_ref()? {
        Repair::Rename(file, name) => Some((sources.path(*file).to_owned(), name.clone())),
        Repair::Word { .. } | Repair::Tabs(_) => None,
    });
    names.collect()
}

/// The texts of the files with all repairs that do not overlap.
fn repaired(found: &Diagnostics, sources: &Sources) -> BTreeMap<String, String> {
    let mut edits: BTreeMap<FileId, BTreeSet<(u32, u32, String)>> = BTreeMap::new();
    for (span, text) in found.iter().filter_map(|finding| finding.repair.as_ref()?.edit(sources)) {
        edits.entry(span.file).or_default().insert((span.start, span.end, text));
    }
    let texts = edits.into_iter().map(|(file, edits)| {
        let mut text = sources.text(file).to_owned();
        let mut free = text.len();
        for (start, end, new) in edits.into_iter().rev() {
            let (start, end) = (start as usize, end as usize);
            if end <= free {
                text.replace_range(start..end, &new);
                free = start;
            }
        }
        (sources.path(file).to_owned(), text)
    });
    texts.collect()
}
