//! Drops repairs that would rename a file to the name of another one.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostics, FileId, Repair, Sources};

/// Keeps the first of several renames to one name. A rename to the name of a file that exists becomes the help to delete one
/// of the two.
pub(super) fn keep_possible(diagnostics: &mut Diagnostics, sources: &Sources) {
    let is_rename = |repair: &Repair| matches!(repair, Repair::Rename(..));
    if !diagnostics.iter().any(|found| found.repair.as_deref().is_some_and(is_rename)) {
        return;
    }
    let paths: BTreeSet<&str> = sources.iter().map(|(_, source)| source.path.as_str()).collect();
    let mut claimed: BTreeMap<String, FileId> = BTreeMap::new();
    diagnostics.for_each_mut(|found| {
        let Some(Repair::Rename(file, name)) = found.repair.as_deref() else {
            return;
        };
        let folder = sources.path(*file).rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if paths.contains(path.as_str()) {
            found.help = Some(format!("`{name}` exists as well; delete one of the two files").into());
            found.repair = None;
        } else if *claimed.entry(path).or_insert(*file) != *file {
            found.repair = None;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::keep_possible;
    use crate::diagnostic::{Code, Diagnostic, Diagnostics, Repair, Sources, Span};

    #[test]
    fn a_file_is_renamed_to_a_free_name_only() {
        let mut sources = Sources::default();
        let files = ["a/x.yml", "a/x.yaml", "b/x.yml", "b/X.yaml"].map(|path| sources.add(path, ""));
        let renamed = |file, name: &str| {
            Diagnostic::new(Code::E011, Span::of_file(file), "wrong ending")
                .repaired_by(Repair::Rename(file, name.to_owned()))
        };
        let found = [(files[0], "x.yaml"), (files[2], "x.yaml"), (files[3], "x.yaml")];
        let mut found: Diagnostics = found.into_iter().map(|(file, name)| renamed(file, name)).collect();
        keep_possible(&mut found, &sources);
        let kept: Vec<bool> = found.iter().map(|found| found.repair.is_some()).collect();
        assert_eq!(kept, [false, true, false]);
        let help = found.iter().next().and_then(|found| found.help.as_deref());
        assert_eq!(help, Some("`x.yaml` exists as well; delete one of the two files"));
    }
}
