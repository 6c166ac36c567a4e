//! Which files of agreements a question about one client needs: those that speak of the client, and those that are tied
//! to them by a renewal.
//!
//! A file is left out only where the client's slug cannot stand in it, so that nothing that could matter is missed: a
//! text with a backslash could spell the slug in another way, and what is no text at all is told as ever.

use std::collections::{BTreeMap, BTreeSet};

use memchr::{memchr, memmem};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use servanda::document::{self, Kind};

use crate::files::{Content, File};

/// The files without the agreements of others.
pub(crate) fn about(client: &str, files: Vec<File>) -> Vec<File> {
    let company = client.split('/').next().unwrap_or(client);
    let mut needed: BTreeSet<usize> = BTreeSet::new();
    let mut ties: Vec<(usize, &str)> = Vec::new();
    let mut by_stem: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let glance = Glance { company: memmem::Finder::new(company), renews: memmem::Finder::new(RENEWS) };
    let searched: Vec<Option<Searched<'_>>> = files.par_iter().map(|file| glance.at(file)).collect();
    for (index, searched) in searched.into_iter().enumerate() {
        if searched.as_ref().is_none_or(|searched| searched.may_speak_of_it) {
            needed.insert(index);
        }
        if let Some(searched) = searched {
            by_stem.entry(searched.stem).or_default().push(index);
            ties.extend(searched.renews.into_iter().map(|id| (index, id)));
        }
    }
    // A successor needs the one it renews, and the one it renews needs the successor, which ends it.
    let mut grown = true;
    while grown {
        let before = needed.len();
        for (successor, id) in &ties {
            let stem = id.split('/').next().unwrap_or(id);
            let renewed = by_stem.get(stem).map_or(&[][..], Vec::as_slice);
            if needed.contains(successor) || renewed.iter().any(|index| needed.contains(index)) {
                needed.insert(*successor);
                needed.extend(renewed);
            }
        }
        grown = needed.len() > before;
    }
    let numbered = files.into_iter().enumerate();
    numbered.filter(|(index, _)| needed.contains(index)).map(|(_, file)| file).collect()
}

/// What a glance at the text of an agreement tells.
struct Searched<'a> {
    stem: &'a str,
    may_speak_of_it: bool,
    renews: Vec<&'a str>,
}

const RENEWS: &str = "renews";

/// What is looked for in every text.
struct Glance<'a> {
    company: memmem::Finder<'a>,
    renews: memmem::Finder<'a>,
}

impl Glance<'_> {
    /// Looks a file through; `None` where it is no agreement, or cannot be read.
    fn at<'file>(&self, file: &'file File) -> Option<Searched<'file>> {
        let (Content::Bytes(bytes), Some(Kind::Agreement)) = (&file.content, document::kind_of(&file.path))
        else {
            return None;
        };
        let text = std::str::from_utf8(bytes).ok()?;
        let renews = self.renews.find_iter(bytes).filter_map(|at| renewed(&text[at + RENEWS.len()..]));
        Some(Searched {
            stem: document::id_of(&file.path),
            // Behind an escape any letter may stand.
            may_speak_of_it: self.company.find(bytes).is_some() || memchr(b'\\', bytes).is_some(),
            renews: renews.collect(),
        })
    }
}

/// The id that a text names which stands behind `renews`.
fn renewed(rest: &str) -> Option<&str> {
    let is_within = |letter: char| letter.is_ascii_alphanumeric() || "._-/".contains(letter);
    let rest = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?;
    let rest = rest.trim_start_matches(|letter: char| letter.is_whitespace() || "\"'".contains(letter));
    let end = rest.find(|letter| !is_within(letter)).unwrap_or(rest.len());
    (end > 0).then_some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::about;
    use crate::files::{Content, File};

    #[test]
    fn what_cannot_speak_of_the_client_is_left_out_and_all_else_stays() {
        let files = [
            ("agreements/a-2025.yaml", "client: veter\n"),
            ("agreements/a-2026.yaml", "client: other\nrenews: 'a-2025'\n"),
            ("agreements/a-2027.yaml", "client: other\nrenews: a-2026   # and so on\n"),
            ("agreements/b.yaml", "client: portovik\n"),
            ("agreements/c.yaml", "client: \"\\x76eter\"\n"),
            ("agreements/set.yaml", "clients: { veter: {}, portovik: {} }\n"),
            ("agreements/d.yaml", "client: portovik\nrenews: b\n"),
            ("catalog.yaml", ""),
            ("templates/t.yaml", ""),
        ];
        let files =
            files.map(|(path, text)| File { path: path.to_owned(), content: Content::Bytes(text.into()) });
        let kept: Vec<String> =
            about("veter/office", files.into()).into_iter().map(|file| file.path).collect();
        assert_eq!(
            kept,
            [
                "agreements/a-2025.yaml",
                "agreements/a-2026.yaml",
                "agreements/a-2027.yaml",
                "agreements/c.yaml",
                "agreements/set.yaml",
                "catalog.yaml",
                "templates/t.yaml",
            ]
        );
    }
}
