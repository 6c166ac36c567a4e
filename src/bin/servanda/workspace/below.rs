//! Opens and writes files below a trusted folder without following a link on the way.
//!
//! A branch may contain links in place of files and folders. Each folder is opened from the one above it, a new file is
//! created anew, and a link is refused, so that nothing outside of the trusted folder is read or written.
#![cfg_attr(not(unix), expect(clippy::disallowed_methods, reason = "the place that writes files"))]

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use crate::process::failure::{Exit, Failure};

/// A folder that was opened without following a link below the trusted one.
pub(crate) struct Folder {
    handle: system::Handle,
    /// Its path, for messages.
    path: PathBuf,
}

/// The purpose for which a file is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    /// To read and write, created if missing.
    Write,
    /// To append, created if missing.
    Append,
    /// To write a file that must not exist.
    New,
}

/// Opens the folder of a file, and returns it with the file's name. The trusted folder is followed, and so is an absolute
/// path outside of it, which the user typed.
pub(crate) fn folder_of(trusted: &Path, path: &Path, create: bool) -> Result<(Folder, OsString), Failure> {
    let (base, below) = split(trusted, path);
    let mut parts: Vec<&OsStr> = below.iter().collect();
    let name = parts.pop().unwrap_or_default().to_owned();
    if create {
        std::fs::DirBuilder::new()
            .recursive(true)
            .create(&base)
            .map_err(|error| Failure::file(&base, &error))?;
    }
    let handle = system::trusted(&base).map_err(|error| Failure::file(&base, &error))?;
    let mut folder = Folder { handle, path: base };
    for part in parts {
        folder = folder.enter(part, create)?;
    }
    Ok((folder, name))
}

/// Renames a file below a trusted folder within its own one. A link is refused, and so is a name that exists.
pub(crate) fn rename(trusted: &Path, path: &str, name: &str) -> Result<(), Failure> {
    let (folder, from) = folder_of(trusted, Path::new(path), false)?;
    folder.rename(&from, OsStr::new(name))
}

/// Refuses a path that leads through a link below the trusted folder. What does not exist is no link.
pub(crate) fn refuse_links(trusted: &Path, path: &Path) -> Result<(), Failure> {
    match folder_of(trusted, path, false) {
        Ok((folder, name)) if system::is_link(&folder.handle, &name) => Err(link(&folder.path.join(name))),
        Err(failure) if failure.code == LINK_REFUSED => Err(failure),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The followed part of a path, and the part below it.
fn split(trusted: &Path, path: &Path) -> (PathBuf, PathBuf) {
    let trusted = if trusted.as_os_str().is_empty() { Path::new(".") } else { trusted };
    let absolute = std::path::absolute(trusted).unwrap_or_else(|_| trusted.to_path_buf());
    let below = path.strip_prefix(trusted).or_else(|_| path.strip_prefix(&absolute)).unwrap_or(path);
    if below.is_absolute() {
        let parent = below.parent().unwrap_or(below).to_path_buf();
        return (parent, below.file_name().unwrap_or_default().into());
    }
    let (mut base, mut rest) = (trusted.to_path_buf(), PathBuf::new());
    for part in below.components() {
        match part {
            Component::ParentDir => {
                base.push(&rest);
                base.push("..");
                rest.clear();
            }
            Component::Normal(name) => rest.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    (base, rest)
}

/// The code of a path that leads through a link.
pub(crate) const LINK_REFUSED: &str = "link-refused";

fn link(path: &Path) -> Failure {
    Failure::new(Exit::Failure, "link-refused", format!("{} is a symbolic link", path.display()))
        .help("replace it by a file or folder; links are not followed, since they could lead outside the repository")
}

impl Folder {
    /// Opens a folder within this one, and creates it if asked.
    fn enter(&self, name: &OsStr, create: bool) -> Result<Self, Failure> {
        let path = self.path.join(name);
        let mut entered = system::enter(&self.handle, name);
        if create && entered.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            match system::make(&self.handle, name) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(Failure::file(&path, &error));
                }
                // Another thread or process may have created it.
                _ => entered = system::enter(&self.handle, name),
            }
        }
        match entered {
            Ok(handle) => Ok(Self { handle, path }),
            Err(_) if system::is_link(&self.handle, name) => Err(link(&path)),
            Err(error) => Err(Failure::file(&path, &error)),
        }
    }

    /// Opens a file. Refuses a link.
    pub(crate) fn open(&self, name: &OsStr, access: Access) -> Result<File, Failure> {
        system::open(&self.handle, name, access).map_err(|error| {
            let path = self.path.join(name);
            if system::is_link(&self.handle, name) { link(&path) } else { Failure::file(&path, &error) }
        })
    }

    /// Whether there is anything of this name, also a link that leads nowhere.
    pub(crate) fn has(&self, name: &OsStr) -> bool {
        system::has(&self.handle, name)
    }

    /// Writes the text into a new file beside a name, and returns the file.
    pub(crate) fn write_beside(&self, name: &OsStr, text: &[u8]) -> Result<File, Failure> {
        let beside = beside(name);
        let mut file = self.open(&beside, Access::New)?;
        file.write_all(text).map_err(|error| Failure::file(&self.path.join(&beside), &error))?;
        Ok(file)
    }

    /// Moves the file beside a name to that name.
    pub(crate) fn place(&self, name: &OsStr) -> io::Result<()> {
        system::rename(&self.handle, &beside(name), name)
    }

    fn rename(&self, from: &OsStr, to: &OsStr) -> Result<(), Failure> {
        if system::is_link(&self.handle, from) {
            return Err(link(&self.path.join(from)));
        }
        if self.has(to) {
            let message = format!("{} exists already", self.path.join(to).display());
            return Err(
                Failure::new(Exit::Failure, "file-exists", message).help("remove one of the two files")
            );
        }
        system::rename(&self.handle, from, to).map_err(|error| Failure::file(&self.path.join(from), &error))
    }

    /// Removes the file beside a name. A file that was never written cannot be removed.
    pub(crate) fn remove_beside(&self, name: &OsStr) {
        let _ = system::remove(&self.handle, &beside(name));
    }
}

/// The name of this process's temporary file of a file.
fn beside(name: &OsStr) -> OsString {
    let mut beside = OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}.new", std::process::id()));
    beside
}

#[cfg(unix)]
mod system {
    //! The calls of the operating system that take an open folder and a name in it.

    use std::ffi::OsStr;
    use std::fs::File;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, mkdirat, openat, renameat, statat, unlinkat};

    use super::Access;

    pub(super) type Handle = OwnedFd;

    const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::RDONLY).union(OFlags::CLOEXEC);

    pub(super) fn trusted(path: &Path) -> io::Result<Handle> {
        Ok(openat(CWD, path, FOLDER, Mode::empty())?)
    }

    pub(super) fn enter(folder: &Handle, name: &OsStr) -> io::Result<Handle> {
        Ok(openat(folder, name, FOLDER | OFlags::NOFOLLOW, Mode::empty())?)
    }

    pub(super) fn make(folder: &Handle, name: &OsStr) -> io::Result<()> {
        Ok(mkdirat(folder, name, Mode::from_raw_mode(0o777))?)
    }

    pub(super) fn open(folder: &Handle, name: &OsStr, access: Access) -> io::Result<File> {
        let flags = match access {
            Access::Read => OFlags::RDONLY | OFlags::NONBLOCK,
            Access::Write => OFlags::RDWR | OFlags::CREATE | OFlags::NONBLOCK,
            Access::Append => OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND | OFlags::NONBLOCK,
            Access::New => OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL,
        };
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(openat(folder, name, flags, Mode::from_raw_mode(0o666))?.into())
    }

    pub(super) fn has(folder: &Handle, name: &OsStr) -> bool {
        statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    pub(super) fn is_link(folder: &Handle, name: &OsStr) -> bool {
        statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Symlink)
    }

    pub(super) fn rename(folder: &Handle, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(renameat(folder, from, folder, to)?)
    }

    pub(super) fn remove(folder: &Handle, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(folder, name, AtFlags::empty())?)
    }
}

#[cfg(not(unix))]
mod system {
    //! The same by paths, each checked before its use.

    use std::ffi::OsStr;
    use std::fs::{self, File, OpenOptions};
    use std::io;
    use std::path::{Path, PathBuf};

    use super::Access;

    pub(super) type Handle = PathBuf;

    fn refused() -> io::Error {
        io::Error::other("a symbolic link")
    }

    pub(super) fn trusted(path: &Path) -> io::Result<Handle> {
        fs::metadata(path).map(|_| path.to_path_buf())
    }

    pub(super) fn enter(folder: &Handle, name: &OsStr) -> io::Result<Handle> {
        let path = folder.join(name);
        if path.symlink_metadata()?.is_dir() { Ok(path) } else { Err(refused()) }
    }

    pub(super) fn make(folder: &Handle, name: &OsStr) -> io::Result<()> {
        fs::create_dir(folder.join(name))
    }

    pub(super) fn open(folder: &Handle, name: &OsStr, access: Access) -> io::Result<File> {
        if is_link(folder, name) {
            return Err(refused());
        }
        let mut options = OpenOptions::new();
        match access {
            Access::Read => options.read(true),
            Access::Write => options.read(true).write(true).create(true).truncate(false),
            Access::Append => options.append(true).create(true),
            Access::New => options.write(true).create_new(true),
        };
        options.open(folder.join(name))
    }

    pub(super) fn has(folder: &Handle, name: &OsStr) -> bool {
        folder.join(name).symlink_metadata().is_ok()
    }

    pub(super) fn is_link(folder: &Handle, name: &OsStr) -> bool {
        folder.join(name).symlink_metadata().is_ok_and(|found| found.is_symlink())
    }

    pub(super) fn rename(folder: &Handle, from: &OsStr, to: &OsStr) -> io::Result<()> {
        fs::rename(folder.join(from), folder.join(to))
    }

    pub(super) fn remove(folder: &Handle, name: &OsStr) -> io::Result<()> {
        fs::remove_file(folder.join(name))
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{LINK_REFUSED, refuse_links, split};

    #[test]
    fn only_what_is_below_the_trusted_folder_is_opened_without_links() {
        let here = std::path::absolute(".").expect("a folder");
        for (trusted, path, base, below) in [
            ("/r", "a/b.yaml", "/r", "a/b.yaml"),
            ("/r", "/r/a/./b.yaml", "/r", "a/b.yaml"),
            ("/r", "../s/b.yaml", "/r/..", "s/b.yaml"),
            ("/r", "a/../../b.yaml", "/r/a/../..", "b.yaml"),
            ("/r", "/s/a/b.yaml", "/s/a", "b.yaml"),
            ("", "a/b.yaml", ".", "a/b.yaml"),
            ("", here.join("a/b.yaml").to_str().expect("a text"), ".", "a/b.yaml"),
        ] {
            let expected = (PathBuf::from(base), PathBuf::from(below));
            assert_eq!(split(Path::new(trusted), Path::new(path)), expected, "{trusted} {path}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_link_is_refused_at_every_place_of_a_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let outside = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::symlink(outside.path(), folder.path().join("a")).expect("linked");
        for path in ["a", "a/b", "a/b/c"] {
            let refused = refuse_links(folder.path(), Path::new(path)).expect_err("a link");
            assert_eq!(refused.code, LINK_REFUSED, "{path}");
        }
        for path in ["b", "b/c"] {
            assert!(refuse_links(folder.path(), Path::new(path)).is_ok(), "{path}");
        }
    }
}
