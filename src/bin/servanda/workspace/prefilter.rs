//! Selects the files of agreements that an answer about one client needs: those that may name the client, and those that
//! a renewal connects to them.
//!
//! A file is skipped only if the client's slug cannot occur in it. A text with a backslash is kept, since an escape can
//! spell the slug in another way, and so is a file that is no UTF-8 text, so that it is reported.

use std::collections::BTreeSet;

use memchr::{memchr, memmem};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use servanda::document;
use servanda::ident::file_of;

use crate::workspace::files::{Content, File};

/// Reads the files of agreements that are needed, in the order of their paths. The content of a file that is not needed is
/// dropped at once.
pub(crate) fn files_about<Candidate: Sync>(
    client: &str,
    found: &[Candidate],
    read: impl Fn(&Candidate) -> File + Sync,
) -> Vec<File> {
    let company = client.split('/').next().unwrap_or(client);
    let finder = Finder { company: memmem::Finder::new(company), renews: memmem::Finder::new(RENEWS) };
    let scanned: Vec<Scanned> = found.par_iter().map(|file| finder.scan(read(file))).collect();
    let needed = with_renewals(&scanned);
    let numbered = found.iter().zip(scanned).enumerate();
    let needed = numbered.filter(|(index, _)| needed.contains(index));
    let mut files: Vec<File> =
        needed.map(|(_, (found, scanned))| scanned.file.unwrap_or_else(|| read(found))).collect();
    files.sort_by(|left, right| left.path.cmp(&right.path));
    files
}

/// The indices of the files that may name the client, and of those that a renewal connects to them: a successor needs its
/// predecessor, and a predecessor needs its successor, which ends it.
fn with_renewals(scanned: &[Scanned]) -> BTreeSet<usize> {
    let mut needed: BTreeSet<usize> =
        (0..scanned.len()).filter(|index| scanned[*index].file.is_some()).collect();
    loop {
        let stems: BTreeSet<&str> = needed.iter().map(|index| &*scanned[*index].stem).collect();
        let renewed: BTreeSet<&str> =
            needed.iter().flat_map(|index| &scanned[*index].renews).map(|stem| &**stem).collect();
        let is_connected = |file: &Scanned| {
            renewed.contains(&*file.stem) || file.renews.iter().any(|stem| stems.contains(&**stem))
        };
        let connected: Vec<usize> = (0..scanned.len())
            .filter(|index| !needed.contains(index) && is_connected(&scanned[*index]))
            .collect();
        if connected.is_empty() {
            return needed;
        }
        needed.extend(connected);
    }
}

/// The result of a scan of a file.
struct Scanned {
    stem: Box<str>,
    /// The file, if it may name the client.
    file: Option<File>,
    /// The stems of the files whose agreements it may renew.
    renews: Vec<Box<str>>,
}

const RENEWS: &str = "renews";

/// The searches over every text.
struct Finder<'a> {
    company: memmem::Finder<'a>,
    renews: memmem::Finder<'a>,
}

impl Finder<'_> {
    /// Scans a file.
    fn scan(&self, file: File) -> Scanned {
        let stem = document::id_of(&file.path).into();
        let text = match &file.content {
            Content::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            Content::TooLarge(..) | Content::Link | Content::Unreadable(_) => None,
        };
        let Some(text) = text else {
            return Scanned { stem, file: Some(file), renews: Vec::new() };
        };
        let bytes = text.as_bytes();
        let renews = self.renews.find_iter(bytes).filter_map(|at| renewed(&text[at + RENEWS.len()..]));
        let renews = renews.map(|id| Box::from(file_of(id))).collect();
        // An escape can stand for any letter.
        let may_name_it = self.company.find(bytes).is_some() || memchr(b'\\', bytes).is_some();
        Scanned { stem, renews, file: may_name_it.then_some(file) }
    }
}

/// The id after the key `renews`, given the text that follows the key.
fn renewed(rest: &str) -> Option<&str> {
    let is_within = |letter: char| letter.is_ascii_alphanumeric() || "._-/".contains(letter);
    let rest = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?;
    let rest = rest.trim_start_matches(|letter: char| letter.is_whitespace() || "\"'".contains(letter));
    let end = rest.find(|letter| !is_within(letter)).unwrap_or(rest.len());
    (end > 0).then_some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::files_about;
    use crate::workspace::files::{Content, File};

    #[test]
    fn files_that_cannot_name_the_client_are_skipped_and_all_others_kept() {
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
            files_about("veter/office", &places, read).into_iter().map(|file| file.path).collect();
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
