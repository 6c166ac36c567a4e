//! Selects what an answer about one client needs: the files of agreements that may name the client, those that a renewal
//! connects to them, and the entries of the catalog for clients that these files may name.
//!
//! A file is skipped only if the client's slug cannot occur in it. A text with a backslash is kept, since an escape can
//! spell the slug in another way, and so is a file that is no UTF-8 text, so that it is reported.

use std::collections::BTreeSet;

use memchr::{memchr, memchr_iter, memmem};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use servanda::document;
use servanda::ident::{file_of, is_slug};

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

/// Empties the lines of clients that neither the answer nor one of these texts is about, so that they need not be parsed. All
/// lines keep their numbers. `None` if no file has lines to empty, or none has the client, for a message that names what is
/// known.
pub(crate) fn catalog_about<'a>(
    client: &'a str,
    texts: impl Iterator<Item = &'a str>,
    catalog: &[File],
) -> Option<Vec<File>> {
    let company = client.split('/').next().unwrap_or(client);
    let mut names = BTreeSet::from([company]);
    for text in texts {
        if memchr(b'\\', text.as_bytes()).is_some() {
            return None;
        }
        names.extend(text.split(|letter: char| !(letter.is_ascii_alphanumeric() || "._-".contains(letter))));
    }
    let shortened = catalog.par_iter().map(|file| match &file.content {
        Content::Bytes(bytes) => std::str::from_utf8(bytes).ok().and_then(|text| only_named(&names, text)),
        Content::TooLarge(..) | Content::Link | Content::Unreadable(_) => None,
    });
    let shortened: Vec<Option<Shortened<'_>>> = shortened.collect();
    shortened.iter().flatten().find(|text| text.kept.contains(company))?;
    let files = catalog.iter().zip(shortened);
    let files = files.map(|(file, text)| match text {
        Some(text) => File { path: file.path.clone(), content: Content::Bytes(text.text.into_bytes()) },
        None => file.clone(),
    });
    Some(files.collect())
}

/// A text of the catalog, and the slugs of the clients whose lines were kept.
struct Shortened<'a> {
    text: String,
    kept: BTreeSet<&'a str>,
}

/// Empties the entries of `clients:` with other names; `None` unless each entry begins with a slug on a line of its own. Within
/// an entry no line is indented less than its first one (YAML 1.2.2, rule 187); the parser refuses texts in which one is.
fn only_named<'a>(names: &BTreeSet<&str>, text: &'a str) -> Option<Shortened<'a>> {
    let mut shortened = Shortened { text: String::with_capacity(text.len() / 8), kept: BTreeSet::new() };
    let mut entries: Option<Entries> = None;
    // Each of these may end a line elsewhere than `\n` does.
    let is_other_break = |at: usize| text.as_bytes().get(at + 1) != Some(&b'\n');
    if text.contains(['\u{85}', '\u{2028}', '\u{2029}'])
        || memchr_iter(b'\r', text.as_bytes()).any(is_other_break)
    {
        return None;
    }
    for line in text.split_inclusive('\n') {
        let rest = line.trim_start_matches(' ');
        let indentation = line.len() - rest.len();
        // A comment may be indented by tabs.
        let beyond_tabs = rest.trim_start_matches([' ', '\t']);
        let is_content = !beyond_tabs.trim_end().is_empty() && !beyond_tabs.starts_with('#');
        if is_content && rest.starts_with('\t') {
            return None;
        }
        if is_content && indentation == 0 {
            shortened.end(entries.as_ref());
            let value = rest.strip_prefix(CLIENTS).map(str::trim);
            let has_entries = value.is_some_and(|value| value.is_empty() || value.starts_with('#'));
            let begin = shortened.text.len();
            entries =
                has_entries.then_some(Entries { begin, indentation: None, is_kept: true, is_empty: true });
        } else if is_content && let Some(entries) = &mut entries {
            let of_entries = *entries.indentation.get_or_insert(indentation);
            if indentation < of_entries {
                return None;
            }
            if indentation == of_entries {
                let (slug, value) = rest.split_once(':')?;
                if !is_slug(slug) || !value.starts_with([' ', '\n', '\r']) {
                    return None;
                }
                entries.is_kept = names.contains(slug);
                if entries.is_kept {
                    entries.is_empty = false;
                    shortened.kept.insert(slug);
                }
            }
        }
        let is_kept = entries.as_ref().is_none_or(|entries| entries.is_kept);
        shortened.text.push_str(if is_kept { line } else { "\n" });
    }
    shortened.end(entries.as_ref());
    Some(shortened)
}

const CLIENTS: &str = "clients:";

/// The entries of `clients:`, and a place within them.
struct Entries {
    /// The place of the key in the shortened text.
    begin: usize,
    /// The number of spaces before each entry.
    indentation: Option<usize>,
    /// Whether the lines of the last entry are kept.
    is_kept: bool,
    /// Whether no entry was kept so far.
    is_empty: bool,
}

impl Shortened<'_> {
    /// Ends the entries of `clients:`. A key without a value would be an error.
    fn end(&mut self, entries: Option<&Entries>) {
        if let Some(Entries { begin, indentation: Some(_), is_empty: true, .. }) = entries {
            self.text.insert_str(*begin + CLIENTS.len(), " {}");
        }
    }
}

#[cfg(test)]
mod tests {
    use servanda::diagnostic::Sources;
    use servanda::document::{self, DocumentKind, Tree};

    use super::{catalog_about, files_about};
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

    /// The texts of these catalogs for an answer about `acme`, with a file of agreements that has this text.
    fn about_acme(catalogs: &[&str], agreement: &str) -> Vec<String> {
        let file =
            |text: &&str| File { path: "catalog.yaml".to_owned(), content: Content::Bytes((*text).into()) };
        let whole: Vec<File> = catalogs.iter().map(file).collect();
        let files = catalog_about("acme/office", [agreement].into_iter(), &whole).unwrap_or(whole);
        let text = |file: File| String::from_utf8(file.content.bytes().unwrap_or_default());
        files.into_iter().map(|file| text(file).unwrap_or_default()).collect()
    }

    /// The entry of `acme`, or null; `None` where the catalog has an error.
    fn entry_of_acme(text: &str) -> Option<serde_json::Value> {
        let mut sources = Sources::default();
        let file = sources.add("catalog.yaml", text);
        let (catalog, faults) = document::read(&sources, file, DocumentKind::Catalog);
        let entry = catalog.root.get(&["clients", "acme"]).map(|entry| Tree::Node(entry).to_json());
        (!faults.has_errors()).then_some(entry.unwrap_or_default())
    }

    /// Parts of a catalog, of which some change what others mean.
    const PARTS: [&str; 24] = [
        "clients:\n",
        "clients: # all\n",
        "  acme: { title: A }\n",
        "  acme:\n    title: A\n",
        "  bolt: { title: B }\n",
        "  bolt:\n    title: B\n",
        "  bolt:\n    title: |\n      B\n",
        "  bolt:\n    title: \"B\n      acme: x\"\n",
        "  cargo: { title: C,\n    contacts: {} }\n",
        "  \"dock\": { title: D }\n",
        "    timezone: Asia/Vladivostok\n",
        "    departments: { acme: { title: X } }\n",
        "    departments:\n      acme: { title: X }\n",
        "    contacts: { main: { email: a@b.example } }\n",
        "# acme: {}\n",
        "  # bolt: {}\n",
        "\t# moved\n",
        "  \t# moved\n",
        "      # moved\n",
        "\n",
        "  \n",
        "\t\n",
        "\r\n",
        "managers:\n  acme: { title: M }\n",
    ];

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

        #[test]
        fn what_a_catalog_says_about_a_client_stays(
            parts in proptest::collection::vec(proptest::sample::select(&PARTS[..]), 1..8),
        ) {
            let text = format!("clients:\n{}", parts.concat());
            if let Some(whole) = entry_of_acme(&text) {
                let short = about_acme(&[&text], "client: acme\n").concat();
                proptest::prop_assert_eq!(Some(whole), entry_of_acme(&short), "{:?}", short);
            }
        }
    }

    #[test]
    fn entries_of_clients_that_no_file_names_are_emptied_and_keep_their_lines() {
        let catalog = "services: { vpn: { title: VPN } }\nclients:  # all\n  acme: { title: Acme }\n  bolt:\n    title: |\n\n      Bolt\n  # remark\n  cargo: {}\n\nmanagers:\n  bolt: { title: B }\n";
        let expected = "services: { vpn: { title: VPN } }\nclients:  # all\n  acme: { title: Acme }\n\n\n\n\n\n  cargo: {}\n\nmanagers:\n  bolt: { title: B }\n";
        let other = "clients:\n    bolt: {}\n    acme-2: {}";
        assert_eq!(
            about_acme(&[catalog, other], "clients: { acme: {}, cargo/office: {} }\n"),
            [expected, "clients: {}\n\n\n"]
        );
    }

    #[test]
    fn a_catalog_that_may_be_written_in_another_way_is_kept_whole() {
        let agreement = "client: acme\n";
        for catalog in [
            "clients: { acme: {}, bolt: {} }\n",
            "clients:\n  \"bolt\": {}\n  acme: {}\n",
            "clients:\n  acme: {}\n  ? bolt\n  : {}\n",
            "clients:\n    acme: {}\n  bolt: {}\n",
            "\"clients\":\n  acme: {}\n  bolt: {}\n",
            "clients:\n  bolt: {}\n",
            "clients:\n  acme: {}\n\tbolt: {}\n",
            "clients:\n  acme: {}\r  bolt: {}\n",
        ] {
            assert_eq!(about_acme(&[catalog], agreement), [catalog]);
        }
        let escaped = "client: \"\\x62olt\"\n";
        assert_eq!(
            about_acme(&["clients:\n  acme: {}\n  bolt: {}\n"], escaped)[0].matches("bolt").count(),
            1
        );
    }
}
