//! The kind of a file by its path, its id by its name, and the diagnostics about both.

use super::kind::DocumentKind;
use super::text::quoted;
use crate::diagnostic::{Code, Diagnostic, FileId, Repair, Span};
use crate::ident::is_slug;

/// The kind of a file by its path relative to the repository; `None` for a file that Servanda does not read.
///
/// A file with the extension `.yml` has a kind too, so that reading it reports the wrong extension.
pub fn kind_of(path: &str) -> Option<DocumentKind> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = strip_extension(name)?;
    if name.starts_with('.') {
        return None;
    }
    let top = folder.split('/').next().unwrap_or_default();
    match (top, stem) {
        ("", "servanda") => Some(DocumentKind::Settings),
        ("", "catalog") | ("catalog", _) => Some(DocumentKind::Catalog),
        ("templates", _) => Some(DocumentKind::Template),
        ("agreements", _) => Some(DocumentKind::Agreement),
        ("calendars", _) => Some(DocumentKind::Calendar),
        _ => None,
    }
}

/// Whether a path is that of a file of the catalog, and not another spelling of its name.
pub fn is_catalog(path: &str) -> bool {
    path == "catalog.yaml" || path.starts_with("catalog/")
}

/// The id of a document: the stem of its file name.
pub fn id_of(path: &str) -> &str {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    strip_extension(name).unwrap_or(name)
}

fn strip_extension(name: &str) -> Option<&str> {
    let (stem, extension) = name.rsplit_once('.')?;
    (extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml")).then_some(stem)
}

/// The diagnostics about the path and name of a file.
pub(super) fn faults(kind: DocumentKind, path: &str, file: FileId) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let stem = id_of(path);
    let at = Span::of_file(file);
    let wanted = format!("{stem}.yaml");
    if name != wanted {
        let message = format!("{} does not end in `.yaml`", quoted(name));
        let fault =
            Diagnostic::new(Code::E011, at, message).help(format!("rename it to {}", quoted(&wanted)));
        faults.push(fault.repaired_by(Repair::Rename(file, wanted)));
    }
    let own_folder = match kind {
        DocumentKind::Template => Some(("templates", "a template")),
        DocumentKind::Calendar => Some(("calendars", "a calendar")),
        DocumentKind::Agreement | DocumentKind::Catalog | DocumentKind::Settings => None,
    };
    if let Some((folder, noun)) = own_folder.filter(|_| path.matches('/').count() > 1) {
        let message = format!("{noun} must be directly in `{folder}/`, not in a subfolder");
        let fault = Diagnostic::new(Code::E011, at, message);
        faults.push(fault.help(format!("move it to `{folder}/`; {noun} is referred to without a folder")));
    }
    if matches!(kind, DocumentKind::Agreement | DocumentKind::Template | DocumentKind::Calendar)
        && !is_slug(stem)
    {
        let fault = Diagnostic::new(Code::E012, at, format!("{} is not a valid id", quoted(stem)));
        let help = "name the file with lower-case letters, digits, dots, hyphens and underscores; it begins with a letter or digit";
        faults.push(match slug_like(stem) {
            Some(slug) => {
                let name = format!("{slug}.yaml");
                let fault = fault.help(format!("rename it to {}", quoted(&name)));
                fault.repaired_by(Repair::Rename(file, name))
            }
            None => fault.help(help),
        });
    }
    faults
}

/// The reason why a path in the repository cannot be read as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAFile {
    /// It is a symbolic link, which could lead outside the repository.
    Link,
    /// It could not be read, with the reason that the system gives.
    Unreadable(String),
    /// It is larger than the limit of its kind, with its size in bytes.
    TooLarge(DocumentKind, u64),
}

/// The diagnostic for a path that cannot be read as a file.
pub fn not_a_file(file: FileId, why: NotAFile) -> Diagnostic {
    let at = Span::of_file(file);
    match why {
        NotAFile::TooLarge(kind, size) => too_large(file, kind, size),
        NotAFile::Link => Diagnostic::new(Code::E011, at, "the file is a symbolic link").help(
            "put the file itself here; links are not followed, since they could lead outside the repository",
        ),
        NotAFile::Unreadable(why) => {
            Diagnostic::new(Code::E011, at, format!("the file cannot be read: {}", quoted(&why)))
                .help("give the user who runs servanda the right to read it")
        }
    }
}

/// The diagnostic for a file that is larger than the limit of its kind.
pub(super) fn too_large(file: FileId, kind: DocumentKind, size: u64) -> Diagnostic {
    let limit = kind.limits().bytes;
    let message = format!("the file has {size} bytes, more than the limit of {limit} for {}", kind.noun());
    Diagnostic::new(Code::E006, Span::of_file(file), message).help(kind.way_out())
}

/// The slug closest to a text: in lower case, with hyphens for spaces, and with Latin letters for those of Cyrillic that look
/// the same, if some of its letters are Latin. `None` where that is not a slug either.
pub(super) fn slug_like(text: &str) -> Option<String> {
    let is_latin = text.chars().any(|letter| letter.is_ascii_alphabetic());
    let slug: String = text
        .trim()
        .chars()
        .flat_map(char::to_lowercase)
        .map(|character| match character {
            ' ' | '\t' | '–' | '—' => '-',
            'а' if is_latin => 'a',
            'е' if is_latin => 'e',
            'о' if is_latin => 'o',
            'р' if is_latin => 'p',
            'с' if is_latin => 'c',
            'у' if is_latin => 'y',
            'х' if is_latin => 'x',
            other => other,
        })
        .collect();
    (slug != text && is_slug(&slug)).then_some(slug)
}

#[cfg(test)]
mod tests {
    use super::{id_of, kind_of, slug_like};
    use crate::document::DocumentKind;

    #[test]
    fn a_path_determines_the_kind() {
        for (path, kind) in [
            ("servanda.yaml", Some(DocumentKind::Settings)),
            ("catalog.yaml", Some(DocumentKind::Catalog)),
            ("catalog/clients/s.yaml", Some(DocumentKind::Catalog)),
            ("templates/support.yaml", Some(DocumentKind::Template)),
            ("agreements/2026/veter.yaml", Some(DocumentKind::Agreement)),
            ("calendars/office.yaml", Some(DocumentKind::Calendar)),
            ("agreements/veter.yml", Some(DocumentKind::Agreement)),
            ("agreements/veter.YAML", Some(DocumentKind::Agreement)),
            ("agreements/README.md", None),
            ("agreements/.veter.yaml", None),
            ("notices/ru/activated.yaml", None),
            (".github/workflows/plan.yaml", None),
            ("servanda/servanda.yaml", None),
        ] {
            assert_eq!(kind_of(path), kind, "{path}");
        }
        assert_eq!(id_of("agreements/2026/veter.1.yaml"), "veter.1");
    }

    #[test]
    fn a_near_slug_is_offered() {
        assert_eq!(slug_like("Severny Veter").as_deref(), Some("severny-veter"));
        assert_eq!(slug_like("ветер"), None);
        assert_eq!(slug_like("veter"), None);
    }
}
