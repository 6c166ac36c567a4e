//! The repository on disk: reads its files as bytes with a path, and writes files whole or not at all.
//!
//! Symbolic links are not followed and nothing outside of the root is read. The content is not checked here.
#![expect(clippy::disallowed_methods, reason = "the one place that touches the repository on disk")]

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::WalkBuilder;
use rayon::prelude::*;
use servanda::document::{self, DocumentKind, NotAFile, kind_of};

use crate::process::failure::{Exit, Failure};
use crate::workspace::below::{self, Access, Folder};

/// The settings file. The folder that holds it is a repository.
pub(crate) const SETTINGS: &str = "servanda.yaml";
/// The catalog file.
pub(crate) const CATALOG: &str = "catalog.yaml";
/// The folder of further catalog files.
pub(crate) const CATALOGS: &str = "catalog";
/// The folder of files that belong to this machine only, such as the journal.
pub(crate) const OWN_FOLDER: &str = ".servanda";
/// The folder of the repository's own texts of notices.
pub(crate) const NOTICES: &str = "notices";
const AGREEMENTS: &str = "agreements";
const TEMPLATES: &str = "templates";
const CALENDARS: &str = "calendars";
/// The folders whose files are read.
pub(crate) const FOLDERS: [&str; 5] = [AGREEMENTS, TEMPLATES, CALENDARS, CATALOGS, NOTICES];
/// The largest size of a text file that is no document, such as a text of notices.
pub(crate) const SIZE_LIMIT: u64 = document::size_limit(None);
/// The largest file that the user names, such as a saved plan or a snapshot.
const NAMED_LIMIT: u64 = 256 * 1024 * 1024;
/// The longest name of the holder of a lock.
const HOLDER_LIMIT: u64 = 1024;
/// The number of bytes of one read.
const PIECE: usize = 4 * 1024;

/// One file of the repository.
#[derive(Clone)]
pub(crate) struct File {
    /// The path relative to the root, with `/` between its parts.
    pub(crate) path: String,
    /// Its content.
    pub(crate) content: Content,
}

/// The content of a file, as far as it can be read.
#[derive(Clone)]
pub(crate) enum Content {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// Larger than the limit of its kind, with its size.
    TooLarge(DocumentKind, u64),
    /// A symbolic link, which is not followed.
    Link,
    /// Not readable, with the reason.
    Unreadable(String),
}

impl Content {
    /// Reads a file of a kind, or any other text.
    pub(super) fn read(path: &Path, kind: Option<DocumentKind>) -> Self {
        let limit = document::size_limit(kind);
        let read = || -> io::Result<Self> {
            let mut file = open_regular(path)?;
            let bytes = read_limited(&mut file, limit)?;
            if bytes.len() as u64 <= limit {
                return Ok(Self::Bytes(bytes));
            }
            Ok(Self::oversized(kind, file.metadata()?.len().max(bytes.len() as u64)))
        };
        read().unwrap_or_else(|error| Self::Unreadable(error.to_string()))
    }

    /// A file that is larger than the limit of its kind.
    pub(crate) fn oversized(kind: Option<DocumentKind>, size: u64) -> Self {
        let unreadable = || Self::Unreadable("it is longer than 1 MiB".to_owned());
        kind.map_or_else(unreadable, |kind| Self::TooLarge(kind, size))
    }

    /// The bytes, or why there are none.
    pub(crate) fn bytes(self) -> Result<Vec<u8>, NotAFile> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::TooLarge(kind, size) => Err(NotAFile::TooLarge(kind, size)),
            Self::Link => Err(NotAFile::Link),
            Self::Unreadable(why) => Err(NotAFile::Unreadable(why)),
        }
    }
}

/// The nearest folder at or above `from` that holds a settings file.
pub(crate) fn find_root(from: &Path) -> Result<PathBuf, Failure> {
    let root = from.ancestors().find(|folder| folder.join(SETTINGS).is_file());
    root.map(Path::to_path_buf).ok_or_else(|| no_repository(from))
}

/// The failure of a folder that is no repository.
pub(crate) fn no_repository(from: &Path) -> Failure {
    Failure::new(Exit::Failure, "repository-missing", format!("no {SETTINGS} in {} or above", from.display()))
        .help(
            "change to the folder that holds it, pass `--repository DIR`, or create one with `servanda init`",
        )
}

/// A file that Servanda reads, found but not read yet.
pub(crate) struct FoundFile {
    pub(super) path: PathBuf,
    is_link: bool,
}

impl FoundFile {
    /// Reads the file of a root.
    pub(crate) fn read(&self, root: &Path) -> File {
        let path = relative(root, &self.path);
        let content = if self.is_link { Content::Link } else { Content::read(&self.path, kind_of(&path)) };
        File { path, content }
    }
}

/// Finds the files of agreements.
pub(crate) fn agreements(root: &Path) -> Result<Vec<FoundFile>, Failure> {
    walk(&[root.join(AGREEMENTS)])
}

/// Finds the files that agreements share, in the order of their paths: settings, catalog, templates and calendars.
pub(crate) fn shared(root: &Path) -> Result<Vec<FoundFile>, Failure> {
    let mut places: Vec<FoundFile> = Vec::new();
    // Other spellings of their names are read too, so that they are reported.
    let entries = fs::read_dir(root).map_err(|error| Failure::file(root, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Failure::file(root, &error))?;
        let is_named = entry.file_name().to_str().is_some_and(|name| kind_of(name).is_some());
        if let Some(kind) = entry.file_type().ok().filter(|kind| is_named && !kind.is_dir()) {
            places.push(FoundFile { path: entry.path(), is_link: kind.is_symlink() });
        }
    }
    places.extend(walk(&[root.join(TEMPLATES), root.join(CALENDARS), root.join(CATALOGS)])?);
    places.sort_by_cached_key(|place| relative(root, &place.path));
    Ok(places)
}

/// Finds all files that Servanda reads.
pub(super) fn all(root: &Path) -> Result<Vec<FoundFile>, Failure> {
    let mut places = shared(root)?;
    places.extend(others(root)?);
    Ok(places)
}

/// Finds agreements and texts of notices.
fn others(root: &Path) -> Result<Vec<FoundFile>, Failure> {
    walk(&[root.join(AGREEMENTS), root.join(NOTICES)])
}

/// Reads all files, in the order of their paths.
pub(crate) fn read_all(root: &Path) -> Result<Vec<File>, Failure> {
    Ok(read_found(root, all(root)?))
}

/// Reads the files that [`shared`] does not find, in the order of their paths: agreements and texts of notices.
pub(crate) fn read_others(root: &Path) -> Result<Vec<File>, Failure> {
    Ok(read_found(root, others(root)?))
}

fn read_found(root: &Path, found: Vec<FoundFile>) -> Vec<File> {
    let mut files: Vec<File> = found.into_par_iter().map(|place| place.read(root)).collect();
    files.sort_by(|left, right| left.path.cmp(&right.path));
    files
}

/// Finds the YAML files in these folders, and the texts in that of notices. Skips hidden files and those that the repository's own `.gitignore` and `.ignore`
/// name; the user's global Git configuration is not read, so that everyone reads the same files.
fn walk(folders: &[PathBuf]) -> Result<Vec<FoundFile>, Failure> {
    let mut places = Vec::new();
    let mut below: Option<WalkBuilder> = None;
    for folder in folders {
        match fs::symlink_metadata(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::file(folder, &error)),
            Ok(found) if found.is_symlink() => places.push(FoundFile { path: folder.clone(), is_link: true }),
            Ok(_) => match &mut below {
                Some(walk) => _ = walk.add(folder),
                None => below = Some(WalkBuilder::new(folder)),
            },
        }
    }
    let Some(mut walk) = below else { return Ok(places) };
    for folder in folders.iter().flat_map(|folder| folder.ancestors()) {
        check_rules(folder)?;
    }
    let refused: Arc<Mutex<Option<Failure>>> = Arc::default();
    let found = Arc::clone(&refused);
    walk.filter_entry(move |entry| {
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        let checked = if is_folder { check_rules(entry.path()) } else { Ok(()) };
        let is_sound = checked.is_ok();
        if let Err(failure) = checked {
            *found.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
        }
        is_sound
    });
    walk.follow_links(false).require_git(false).parents(false).git_global(false).git_exclude(false);
    for entry in walk.build() {
        let entry =
            entry.map_err(|error| Failure::new(Exit::Failure, "folder-unreadable", error.to_string()))?;
        let is_link = entry.path_is_symlink();
        // A pipe or a device in the place of a file is reported when it is read.
        let is_file = entry.file_type().is_some_and(|kind| !kind.is_dir());
        if is_link || (is_file && (is_yaml(entry.path()) || is_text_of_notices(entry.path()))) {
            places.push(FoundFile { path: entry.into_path(), is_link });
        }
    }
    let refused = refused.lock().unwrap_or_else(PoisonError::into_inner).take();
    refused.map_or(Ok(places), Err)
}

/// Refuses ignore rules that the walk could not read to an end, such as a pipe or a link to a device.
fn check_rules(folder: &Path) -> Result<(), Failure> {
    for name in [".gitignore", ".ignore"] {
        let path = folder.join(name);
        if fs::metadata(&path).is_ok_and(|found| !found.is_file() || found.len() > SIZE_LIMIT) {
            let message = format!("{} is not a regular file of at most 1 MiB", path.display());
            return Err(Failure::new(Exit::Failure, "ignore-rules-invalid", message)
                .help("replace it by a file of rules, or remove it"));
        }
    }
    Ok(())
}

/// Whether the name of a file is that of a YAML file.
pub(crate) fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml")
    })
}

/// Whether a file is directly in the folder of the repository's own texts of notices.
pub(crate) fn is_text_of_notices(path: &Path) -> bool {
    path.parent().and_then(Path::file_name).is_some_and(|folder| folder == NOTICES) && !is_yaml(path)
}

fn relative(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
    if MAIN_SEPARATOR == '/' { relative.into_owned() } else { relative.replace(MAIN_SEPARATOR, "/") }
}

/// Opens a regular file to read. A pipe, a device or a socket may never begin or never end, and is refused at once.
fn open_regular(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
}

/// Reads a regular file to its end. Fails if it is larger than the limit for files that the user names.
fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(NAMED_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > NAMED_LIMIT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 256 MiB"));
    }
    Ok(bytes)
}

/// Reads the bytes of a file, up to one piece past a limit. Most files fit into one piece, which saves asking for their
/// length: a regular file returns less than requested only at its end (POSIX, `read`).
fn read_limited(file: &mut fs::File, limit: u64) -> io::Result<Vec<u8>> {
    let mut piece = [0; PIECE];
    let mut bytes = Vec::new();
    while bytes.len() as u64 <= limit {
        match file.read(&mut piece) {
            Ok(length) => {
                bytes.extend_from_slice(&piece[..length]);
                if length < PIECE {
                    break;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

/// Reads a file of the repository that Servanda does not own; `None` unless it is a regular UTF-8 file of at most 1 MiB.
pub(crate) fn text_within(root: &Path, path: &str) -> Option<String> {
    let path = root.join(path);
    below::refuse_links(root, &path).ok()?;
    let is_file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
    match Content::read(&path, None) {
        Content::Bytes(bytes) if is_file => String::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// Reads a text file that the user named.
pub(crate) fn read_named(path: &Path) -> Result<String, Failure> {
    let text = read_whole(path).and_then(|bytes| {
        String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
    });
    text.map_err(|error| Failure::file(path, &error))
}

/// Reads the bytes of a file that the user named.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    read_whole(path).map_err(|error| Failure::file(path, &error))
}

/// Writes a file that the user named whole or not at all: to a new file beside it, which is then renamed over it.
pub(crate) fn write_whole(path: &Path, content: &(impl AsRef<[u8]> + ?Sized)) -> Result<(), Failure> {
    write_within(Path::new(""), path, content)
}

/// Writes a file below a root whole or not at all. A link on the way is refused.
pub(crate) fn write_within(
    root: &Path,
    path: &Path,
    content: &(impl AsRef<[u8]> + ?Sized),
) -> Result<(), Failure> {
    let (folder, name) = below::folder_of(root, path, true)?;
    let synced = folder.write_beside(&name, content.as_ref())?.sync_all();
    synced.and_then(|()| folder.place(&name)).map_err(|error| Failure::file(path, &error))
}

/// One write of several.
#[derive(Clone, Copy)]
pub(crate) struct FileWrite<'a> {
    /// The path relative to the root.
    pub(crate) path: &'a str,
    /// The text that the file must hold before; `None` if it must not exist.
    pub(crate) before: Option<&'a str>,
    /// The text that it holds afterwards.
    pub(crate) text: &'a str,
}

/// Writes several files, all or none as far as a file system allows: all to temporary files first, where most errors
/// occur, and then each is renamed into its place. A file that changed meanwhile is not overwritten.
///
/// The files are not synced to the disk: that would take longer than everything else, and files lost in a power cut are
/// not committed to Git yet anyway.
pub(crate) fn write_together(root: &Path, files: &[FileWrite<'_>]) -> Result<(), Failure> {
    let prepared: Result<Vec<(Folder, OsString)>, Failure> =
        files.par_iter().map(|file| prepare(root, file)).collect();
    let clear = || {
        for file in files {
            if let Ok((folder, name)) = below::folder_of(root, Path::new(file.path), false) {
                folder.remove_beside(&name);
            }
        }
    };
    let prepared = prepared.inspect_err(|_| clear())?;
    let done = AtomicUsize::new(0);
    let placed = files.par_iter().zip(prepared).try_for_each(|(file, (folder, name))| {
        folder.place(&name).map_err(|error| (file.path, error))?;
        done.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    placed.map_err(|(path, error): (&str, io::Error)| {
        clear();
        let message = format!("{path}: {error}; {} of {} files were written", done.into_inner(), files.len());
        Failure::new(Exit::Failure, "partly-written", message).help("run `git status` to see which")
    })
}

/// Writes one of several files to a new file beside it, unless the file changed meanwhile.
fn prepare(root: &Path, file: &FileWrite<'_>) -> Result<(Folder, OsString), Failure> {
    let (folder, name) = below::folder_of(root, Path::new(file.path), true)?;
    let Some(before) = file.before else {
        if folder.has(&name) {
            let message = format!("{} exists already", file.path);
            return Err(Failure::new(Exit::Failure, "file-exists", message)
                .help("nothing was written; choose another name"));
        }
        folder.write_beside(&name, file.text.as_bytes())?;
        return Ok((folder, name));
    };
    let changed = || {
        let message = format!("{} has changed since it was read", file.path);
        Failure::new(Exit::Failure, "file-changed", message)
            .help("nothing was written; run the command again")
    };
    let mut now = Vec::new();
    let is_link = |failure: &Failure| failure.code == below::LINK_REFUSED;
    let mut current = folder
        .open(&name, Access::Read)
        .map_err(|failure| if is_link(&failure) { failure } else { changed() })?;
    if current.read_to_end(&mut now).is_err() || now != before.as_bytes() {
        return Err(changed());
    }
    let rights = current.metadata().map_err(|_| changed())?.permissions();
    let failed = |error: io::Error| Failure::file(&root.join(file.path), &error);
    folder.write_beside(&name, file.text.as_bytes())?.set_permissions(rights).map_err(failed)?;
    Ok((folder, name))
}

/// Creates the folder for files that belong to this machine only. Its own `.gitignore` excludes it from Git.
pub(crate) fn own_folder(root: &Path) -> Result<PathBuf, Failure> {
    let (folder, name) = below::folder_of(root, &Path::new(OWN_FOLDER).join(".gitignore"), true)?;
    let own = root.join(OWN_FOLDER);
    match folder.open(&name, Access::New) {
        Ok(mut file) => file.write_all(b"*\n").map_err(|error| Failure::file(&own, &error))?,
        Err(_) if folder.has(&name) => {}
        Err(failure) => return Err(failure),
    }
    Ok(own)
}

/// The path of a file in the folder of this machine, which is created. Refuses a link in its place.
pub(crate) fn own_file(root: &Path, name: &str) -> Result<PathBuf, Failure> {
    let path = own_folder(root)?.join(name);
    below::refuse_links(root, &path)?;
    Ok(path)
}

/// Opens a file to append lines to. Refuses a link in its place.
pub(crate) fn append(path: &Path) -> Result<fs::File, Failure> {
    open_itself(path, Access::Append)
}

/// Opens a file in an existing folder. Refuses a link in its place.
fn open_itself(path: &Path, access: Access) -> Result<fs::File, Failure> {
    let (folder, name) = below::folder_of(Path::new(""), path, false)?;
    folder.open(&name, access)
}

/// Locks a file until the returned handle is dropped, and writes the name of the holder into it. Where another process
/// holds the lock, returns the name that it wrote.
pub(crate) fn lock(path: &Path, holder: &str) -> Result<Result<fs::File, String>, Failure> {
    let failed = |error: io::Error| Failure::file(path, &error);
    let mut file = open_itself(path, Access::Write)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0).and_then(|()| file.write_all(holder.as_bytes())).map_err(failed)?;
            Ok(Ok(file))
        }
        Err(fs::TryLockError::WouldBlock) => {
            let mut other = String::new();
            // The holder may be writing its name right now; the name is only information.
            let _ = file.take(HOLDER_LIMIT).read_to_string(&mut other);
            Ok(Err(other))
        }
        Err(fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Removes a file that another process has locked, and returns the name of that process; `None` if it is not locked.
/// Whoever locks the file from now on locks another one.
pub(crate) fn break_lock(path: &Path) -> Result<Option<String>, Failure> {
    let failed = |error: io::Error| Failure::file(path, &error);
    let mut file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed)?,
    };
    match file.try_lock() {
        Ok(()) => Ok(None),
        Err(fs::TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // The name is only information.
            let _ = file.read_to_string(&mut holder);
            fs::remove_file(path).map_err(failed)?;
            Ok(Some(holder))
        }
        Err(fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, PIECE, SIZE_LIMIT, read_bytes, read_named};
    use servanda::document::DocumentKind;

    #[test]
    fn a_file_of_any_length_is_read_to_its_end_or_its_size_is_known() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.yaml");
        let limit = usize::try_from(SIZE_LIMIT).expect("a limit of memory");
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, limit, limit + 1, limit + 3 * PIECE] {
            let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).expect("below 256")).collect();
            std::fs::write(&path, &bytes).expect("the folder can be written to");
            match Content::read(&path, Some(DocumentKind::Agreement)) {
                Content::Bytes(read) if length <= limit => assert_eq!(read, bytes, "{length}"),
                Content::TooLarge(DocumentKind::Agreement, size) if length > limit => {
                    assert_eq!(size, length as u64);
                }
                _ => panic!("{length} bytes"),
            }
            let is_read = matches!(Content::read(&path, Some(DocumentKind::Catalog)), Content::Bytes(read) if read == bytes);
            assert!(is_read, "the limit of a catalog is higher");
        }
        let Content::Unreadable(_) = Content::read(&path.with_extension("yml"), None) else {
            panic!("nothing is there")
        };
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_a_socket_and_a_device_are_refused_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let (pipe, socket) = (folder.path().join("pipe"), folder.path().join("socket"));
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        for path in [pipe.as_path(), &socket, std::path::Path::new("/dev/zero"), folder.path()] {
            assert!(matches!(Content::read(path, None), Content::Unreadable(_)), "{}", path.display());
            assert_eq!(read_named(path).expect_err("no file").code, "file-inaccessible");
            assert_eq!(read_bytes(path).expect_err("no file").code, "file-inaccessible");
        }
    }
}
