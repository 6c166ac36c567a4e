//! The state of all files on disk, by which a server sees that they changed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::failure::Failure;
use crate::workspace::files;

/// The stamps of all files, which show a change without reading them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamps(Vec<(PathBuf, Stamp)>);

#[cfg(unix)]
type Stamp = (u64, u64, i64, i64);
#[cfg(not(unix))]
type Stamp = (u64, Option<std::time::SystemTime>);

/// Length, inode and change time: a program that writes the file cannot set the last one back.
#[cfg(unix)]
fn stamp(found: &fs::Metadata) -> Stamp {
    use std::os::unix::fs::MetadataExt as _;
    (found.len(), found.ino(), found.ctime(), found.ctime_nsec())
}

#[cfg(not(unix))]
fn stamp(found: &fs::Metadata) -> Stamp {
    (found.len(), found.modified().ok())
}

/// Takes the stamps of all files that Servanda reads.
pub(crate) fn stamps(root: &Path, settings: &str) -> Result<Stamps, Failure> {
    // A file that was deleted meanwhile is missing in the next list.
    let found = files::all(root)?.into_iter().map(|found| found.path);
    let stamped = found.chain([root.join(settings)]).filter_map(|path| {
        let found = fs::symlink_metadata(&path).ok()?;
        Some((path, stamp(&found)))
    });
    let mut stamps: Vec<(PathBuf, Stamp)> = stamped.collect();
    stamps.sort();
    Ok(Stamps(stamps))
}
