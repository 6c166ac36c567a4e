//! Reads the files of a commit through git, without a checkout.
//!
//! Only Git objects are written, no hook is run and no symbolic link is followed. The same files are read and skipped as
//! `files` reads and skips in a folder.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::process::failure::{Exit, Failure};
use crate::workspace::files::{self, Content, File};
use crate::workspace::git;

/// The largest number of files in a repository.
const COUNT_LIMIT: usize = 200_000;
/// The number of bytes of file content in one request to git.
const AT_ONCE: u64 = 64 * 1024 * 1024;
/// The mode of a symbolic link in git.
const LINK: &str = "120000";

/// A commit, or the merge of two commits.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    /// The repository's folder on disk.
    root: PathBuf,
    /// The full hash of the commit.
    pub(crate) id: String,
    /// The tree whose files are read: the commit's own, or that of the merge.
    tree: String,
}

/// One file of a tree, not read yet.
struct TreeEntry {
    mode: String,
    object: String,
    size: u64,
    path: String,
}

impl Commit {
    /// Resolves a revision, such as a branch or a hash.
    pub(crate) async fn named(root: &Path, name: &str) -> Result<Self, Failure> {
        let wanted = format!("{name}^{{commit}}");
        let output =
            run(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted], b"").await?;
        let id = String::from_utf8_lossy(&output.output).trim().to_owned();
        if output.code != Some(0) || id.is_empty() {
            return Err(Failure::new(Exit::Failure, "commit-unknown", format!("unknown commit `{name}`"))
                .help(
                    "fetch it first; a CI job needs the whole history (`fetch-depth: 0`, `GIT_DEPTH: 0`)",
                ));
        }
        Ok(Self { root: root.to_path_buf(), tree: id.clone(), id })
    }

    /// The first twelve digits of the hash.
    pub(crate) fn short(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// Merges another commit into this one in memory. The result carries the hash of the other.
    pub(crate) async fn merged(&self, other: &Self) -> Result<Self, Failure> {
        let arguments = ["merge-tree", "--write-tree", "--no-messages", "--name-only", &self.id, &other.id];
        let output = run(&self.root, &arguments, b"").await?;
        let text = String::from_utf8_lossy(&output.output);
        match output.code {
            Some(0) => {
                let tree = text.lines().next().unwrap_or_default().to_owned();
                Ok(Self { root: self.root.clone(), id: other.id.clone(), tree })
            }
            Some(1) => {
                let conflicts: Vec<&str> = text.lines().skip(1).take(5).collect();
                let message = format!("the pull request cannot be merged: {} conflict", conflicts.join(", "));
                Err(Failure::new(Exit::Failure, "merge-conflict", message)
                    .help("bring its branch up to date, and plan again"))
            }
            _ => Err(unreadable(&output.errors)),
        }
    }

    /// Reads the files that Servanda reads, in the order of their paths.
    pub(crate) async fn files(&self) -> Result<Vec<File>, Failure> {
        let listed = self.listed().await?;
        let ignored = self.ignored(&listed).await?;
        let is_read = |listed: &&TreeEntry| is_read_file(listed) && !ignored.excludes(&listed.path);
        let read: Vec<&TreeEntry> = listed.iter().filter(is_read).collect();
        let fits = |listed: &TreeEntry| listed.mode != LINK && listed.size <= files::SIZE_LIMIT;
        let mut texts = self.blobs(read.iter().copied().filter(|listed| fits(listed))).await?;
        let file = |listed: &TreeEntry| {
            let content = if listed.mode == LINK {
                Content::Link
            } else if fits(listed) {
                Content::Bytes(texts.remove(&listed.path).unwrap_or_default())
            } else {
                // Only the length of an oversized file is reported, so any content of that length will do.
                Content::Bytes(vec![b'\n'; usize::try_from(files::SIZE_LIMIT + 1).unwrap_or_default()])
            };
            File { path: listed.path.clone(), content }
        };
        let mut files: Vec<File> = read.iter().copied().map(file).collect();
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(files)
    }

    /// Reads the text of one file; `None` unless it exists and has at most 1 MiB.
    pub(crate) async fn text(&self, path: &str) -> Result<Option<String>, Failure> {
        let listing = self.list(&[path]).await?;
        let found = listing.iter().find(|listed| listed.path == path && listed.mode != LINK);
        let Some(found) = found.filter(|listed| listed.size <= files::SIZE_LIMIT) else {
            return Ok(None);
        };
        let mut texts = self.blobs(std::iter::once(found)).await?;
        Ok(texts.remove(path).and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// Lists the files at and below these paths that differ from another commit, or from the disk.
    pub(crate) async fn changed(&self, other: Option<&Self>, paths: &[&str]) -> Result<Vec<String>, Failure> {
        let mut arguments =
            vec!["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv"];
        arguments.extend(["--relative", &self.tree]);
        arguments.extend(other.map(|other| other.tree.as_str()));
        arguments.push("--");
        arguments.extend(paths);
        let output = run(&self.root, &arguments, b"").await?;
        if output.code != Some(0) {
            return Err(unreadable(&output.errors));
        }
        Ok(records(&output.output).map(str::to_owned).collect())
    }

    async fn listed(&self) -> Result<Vec<TreeEntry>, Failure> {
        self.list(&[&[files::SETTINGS, files::CATALOG][..], &files::FOLDERS].concat()).await
    }

    async fn list(&self, paths: &[&str]) -> Result<Vec<TreeEntry>, Failure> {
        let arguments = [&["ls-tree", "-r", "-z", "-l", &self.tree, "--"], paths].concat();
        let output = run(&self.root, &arguments, b"").await?;
        if output.code != Some(0) {
            return Err(unreadable(&output.errors));
        }
        let listed: Vec<TreeEntry> = records(&output.output).filter_map(TreeEntry::read).collect();
        if listed.len() > COUNT_LIMIT {
            return Err(unreadable(&format!("it holds more than {COUNT_LIMIT} files")));
        }
        Ok(listed)
    }

    /// Reads the bytes of files, by their paths.
    async fn blobs(
        &self,
        listed: impl Iterator<Item = &TreeEntry>,
    ) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
        let mut found = BTreeMap::new();
        let mut listed = listed.peekable();
        while listed.peek().is_some() {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while let Some(next) = listed.next_if(|next| batch.is_empty() || bytes + next.size <= AT_ONCE) {
                bytes += next.size;
                batch.push(next);
            }
            let wanted = batch.iter().fold(String::new(), |mut text, listed| {
                writeln!(text, "{}", listed.object).expect("a string takes all that is written");
                text
            });
            let output = run(&self.root, &["cat-file", "--batch", "--buffer"], wanted.as_bytes()).await?;
            let mut rest = output.output.as_slice();
            for listed in batch {
                let (bytes, further) =
                    next_blob(rest).ok_or_else(|| unreadable(&format!("{} is not there", listed.path)))?;
                found.insert(listed.path.clone(), bytes.to_vec());
                rest = further;
            }
        }
        Ok(found)
    }

    /// Reads the rules of the tree's own `.gitignore` and `.ignore` files.
    async fn ignored(&self, listed: &[TreeEntry]) -> Result<Ignored, Failure> {
        let is_rule = |listed: &&TreeEntry| {
            let name = listed.path.rsplit('/').next().unwrap_or_default();
            matches!(name, ".gitignore" | ".ignore")
                && listed.mode != LINK
                && listed.size <= files::SIZE_LIMIT
        };
        let texts = self.blobs(listed.iter().filter(is_rule)).await?;
        let mut rules = Vec::new();
        for (path, bytes) in texts {
            let (folder, _) = path.rsplit_once('/').unwrap_or_default();
            let mut builder = GitignoreBuilder::new(folder);
            for line in String::from_utf8_lossy(&bytes).lines() {
                // An invalid rule ignores nothing, as on disk.
                let _ = builder.add_line(None, line);
            }
            rules.extend(
                builder.build().ok().map(|rule| (folder.to_owned(), path.ends_with(".ignore"), rule)),
            );
        }
        // `.ignore` takes precedence over `.gitignore`, and within each the nearest folder does.
        rules.sort_by_key(|(folder, first, _)| std::cmp::Reverse((*first, folder.len())));
        Ok(Ignored(rules))
    }
}

impl TreeEntry {
    /// Parses `100644 blob <object> <size>\t<path>`; `None` for a submodule.
    fn read(record: &str) -> Option<Self> {
        let (head, path) = record.split_once('\t')?;
        let mut words = head.split_ascii_whitespace();
        let (mode, kind) = (words.next()?.to_owned(), words.next()?);
        let object = words.next()?.to_owned();
        let size = words.next()?.parse().ok()?;
        (kind == "blob").then(|| Self { mode, object, size, path: path.to_owned() })
    }
}

/// The rules that exclude files, in order of precedence.
struct Ignored(Vec<(String, bool, Gitignore)>);

impl Ignored {
    fn excludes(&self, path: &str) -> bool {
        let rules = self.0.iter().filter(|(folder, _, _)| {
            path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
        });
        let decided = rules.map(|(_, _, rule)| rule.matched_path_or_any_parents(path, false));
        decided.into_iter().find(|matched| !matched.is_none()).is_some_and(|matched| matched.is_ignore())
    }
}

/// Whether Servanda reads the file: a YAML file by its name, and not hidden.
fn is_read_file(listed: &TreeEntry) -> bool {
    let path = listed.path.as_str();
    let is_hidden = path.split('/').any(|part| part.starts_with('.'));
    let is_named = path == files::SETTINGS || path == files::CATALOG;
    is_named || (!is_hidden && (listed.mode == LINK || files::is_yaml(Path::new(path))))
}

fn records(output: &[u8]) -> impl Iterator<Item = &str> {
    // Servanda reads no file whose path is not UTF-8.
    output
        .split(|byte| *byte == 0)
        .filter_map(|record| std::str::from_utf8(record).ok())
        .filter(|record| !record.is_empty())
}

/// Splits the next file off the output of `cat-file --batch`: `<object> blob <size>`, a line feed, the bytes, a line feed.
fn next_blob(output: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = output.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&output[..end]).ok()?;
    let size: usize = head.split(' ').nth(2)?.parse().ok()?;
    let rest = &output[end + 1..];
    Some((rest.get(..size)?, rest.get(size + 1..)?))
}

async fn run(root: &Path, arguments: &[&str], input: &[u8]) -> Result<git::GitOutput, Failure> {
    git::run(root, arguments, input).await.map_err(|why| unreadable(&why))
}

fn unreadable(why: &str) -> Failure {
    let why = why.lines().next().unwrap_or_default();
    Failure::new(Exit::Failure, "commit-unreadable", format!("git cannot read the commit: {why}"))
}
