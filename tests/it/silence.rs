//! No form of a secret is in an output, or in a file.

use std::path::PathBuf;

/// Fails if a text contains one of these forms.
#[track_caller]
pub(crate) fn assert_silent<F: AsRef<str>>(forms: &[F], what: &str, text: &str) {
    for form in forms.iter().map(AsRef::as_ref) {
        assert!(!text.contains(form), "{what} contains {form}: {text}");
    }
}

/// Fails if one of these files contains one of these forms.
#[track_caller]
pub(crate) fn assert_files_silent<F: AsRef<str>>(
    forms: &[F],
    what: &str,
    files: impl IntoIterator<Item = (PathBuf, Vec<u8>)>,
) {
    for (path, bytes) in files {
        assert_silent(forms, &format!("{what}: {}", path.display()), &String::from_utf8_lossy(&bytes));
    }
}
