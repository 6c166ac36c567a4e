//! Which files of agreements a question about one client needs: those that speak of the client, and those that are tied
//! to them by a renewal.
//!
//! A file is left out only where the client's slug cannot stand in it, so that nothing that could matter is missed: a
//! text with a backslash could spell the slug in another way, and what is no text at all is told as ever.

use std::collections::BTreeSet;

use memchr::{memchr, memmem};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use servanda::document;
use servanda::ident::file_of;

use crate::workspace::files::{Content, File};

/// The files of agreements that are needed, in the order of their paths. What is not needed is not kept while the others
/// are read.
pub(crate) fn about<Place: Sync>(
    client: &str,
    places: &[Place],
    read: impl Fn(&Place) -> File + Sync,
) -> Vec<File> {
    let company = client.split('/').next().unwrap_or(client);
    let glance = Glance { company: memmem::Finder::new(company), renews: memmem::Finder::new(RENEWS) };
    let seen: Vec<Seen> = places.par_iter().map(|place| glance.at(read(place))).collect();
    let needed = with_tied(&seen);
    let numbered = places.iter().zip(seen).enumerate();
    let needed = numbered.filter(|(index, _)| needed.contains(index));
    let mut files: Vec<File> =
        needed.map(|(_, (place, seen))| seen.file.unwrap_or_else(|| read(place))).collect();
    files.sort_by(|left, right| left.path.cmp(&right.path));
    files
}

/// The numbers of the files that speak of the client, and of those tied to them: a successor needs the one it renews, and
/// the one it renews needs the successor, which ends it.
fn with_tied(seen: &[Seen]) -> BTreeSet<usize> {
    let mut needed: BTreeSet<usize> = (0..seen.len()).filter(|index| seen[*index].file.is_some()).collect();
    loop {
        let stems: BTreeSet<&str> = needed.iter().map(|index| &*seen[*index].stem).collect();
        let renewed: BTreeSet<&str> =
            needed.iter().flat_map(|index| &seen[*index].renews).map(|stem| &**stem).collect();
        let is_tied = |seen: &Seen| {
            renewed.contains(&*seen.stem) || seen.renews.iter().any(|stem| stems.contains(&**stem))
        };
        let tied: Vec<usize> =
            (0..seen.len()).filter(|index| !needed.contains(index) && is_tied(&seen[*index])).collect();
        if tied.is_empty() {
            return needed;
        }
        needed.extend(tied);
    }
}

/// What a glance at a file tells.
struct Seen {
    stem: Box<str>,
    /// The file, where it may speak of the client.
    file: Option<File>,
    /// The stems of the files that hold what it may renew.
    renews: Vec<Box<str>>,
}

const RENEWS: &str = "renews";

/// What is looked for in every text.
struct Glance<'a> {
    company: memmem::Finder<'a>,
    renews: memmem::Finder<'a>,
}

impl Glance<'_> {
    /// Looks a file through.
    fn at(&self, file: File) -> Seen {
        let stem = document::id_of(&file.path).into();
        let text = match &file.content {
            Content::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            Content::Link | Content::Unreadable(_) => None,
        };
        let Some(text) = text else {
            return Seen { stem, file: Some(file), renews: Vec::new() };
        };
        let bytes = text.as_bytes();
        let renews = self.renews.find_iter(bytes).filter_map(|at| renewed(&text[at + RENEWS.len()..]));
        let renews = renews.map(|id| Box::from(file_of(id))).collect();
        // Behind an escape any letter may stand.
        let may_speak_of_it = self.company.find(bytes).is_some() || memchr(b'\\', bytes).is_some();
        Seen { stem, renews, file: may_speak_of_it.then_some(file) }
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
    use crate::workspace::files::{Content, File};

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
        ];
        let read =
            |(path, content): &(&str, Content)| File { path: (*path).to_owned(), content: content.clone() };
        let mut places = files.map(|(path, text)| (path, Content::Bytes(text.into()))).to_vec();
        places.push(("agreements/e.yaml", Content::Bytes(vec![b'a', 0xff])));
        places.push(("agreements/f.yaml", Content::Link));
        let kept: Vec<String> =
            about("veter/office", &places, read).into_iter().map(|file| file.path).collect();
        assert_eq!(
            kept,
            [
                "agreements/a-2025.yaml",
                "agreements/a-2026.yaml",
                "agreements/a-2027.yaml",
                "agreements/c.yaml",
                "agreements/e.yaml",
                "agreements/f.yaml",
                "agreements/set.yaml",
            ]
        );
    }
}
