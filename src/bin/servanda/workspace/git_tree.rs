//! Reads the files of a commit through git, without a checkout.
//!
//! Only Git objects are written, no hook is run and no symbolic link is followed. The same files are read and skipped as
//! `files` reads and skips in a folder.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use servanda::document;
use servanda::render::message;

use crate::process::failure::{Exit, Failure};
use crate::workspace::files::{self, Content, File};
use crate::workspace::git;

/// The largest number of files in a repository.
const COUNT_LIMIT: usize = 200_000;
/// The number of bytes of file content in one request to git.
const AT_ONCE: u64 = 64 * 1024 * 1024;
/// The files and folders that are read.
const READ: [&[&str]; 2] = [&[files::SETTINGS, files::CATALOG], &files::FOLDERS];
/// The mode of a symbolic link in git.
const LINK: &str = "120000";
/// The mode of a submodule in git, whose object is a commit of another repository.
const SUBMODULE: &str = "160000";

/// A commit, or the merge of two commits.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    /// The top of the Git work tree on disk.
    top: PathBuf,
    /// The path of the repository within it, with `/` at its end; empty for the top.
    prefix: String,
    /// The full hash of the commit.
    pub(crate) id: String,
    /// The tree whose files are read: the commit's own, or that of the merge.
    tree: String,
}

/// A file that differs between two commits.
pub(crate) struct ChangedFile {
    /// Its path from the top of the work tree.
    pub(crate) path: String,
    /// Whether it is a symbolic link afterwards.
    pub(crate) is_link: bool,
}

/// One file or submodule of a tree, not read yet.
struct TreeEntry {
    mode: String,
    object: String,
    size: u64,
    path: String,
}

impl TreeEntry {
    fn is_link(&self) -> bool {
        self.mode == LINK
    }

    fn is_submodule(&self) -> bool {
        self.mode == SUBMODULE
    }
}

/// Compares files without running any program that a branch may name.
const DIFF: [&str; 6] =
    ["diff", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty"];
/// Lists files that git does not track and does not ignore.
const UNTRACKED: [&str; 4] = ["ls-files", "--others", "--exclude-standard", "-z"];

impl Commit {
    /// Resolves a revision, such as a branch or a hash, of which all files can be read.
    pub(crate) async fn named(root: &Path, name: &str) -> Result<Self, Failure> {
        let commit = Self::resolved(root, name).await?;
        commit.fetch_missing().await?;
        Ok(commit)
    }

    /// Resolves a revision, without fetching the files that a partial clone does not have.
    pub(crate) async fn resolved(root: &Path, name: &str) -> Result<Self, Failure> {
        let wanted = format!("{name}^{{commit}}");
        let output = run(root, &["rev-parse", "--verify", "--end-of-options", &wanted], b"").await?;
        let id = String::from_utf8_lossy(&output.output).trim().to_owned();
        if output.code != Some(0) || id.is_empty() {
            let message = format!("unknown commit `{name}`: {}", git::complaint(&output.errors));
            let help =
                git::help(&output.errors).unwrap_or("name a commit, a branch or a tag that was fetched");
            return Err(Failure::new(Exit::Failure, "commit-unknown", message).help(help));
        }
        Ok(Self { top: git::top(root), prefix: git::prefix(root), tree: id.clone(), id })
    }

    /// These paths of the repository, from the top of the work tree.
    fn at_top(&self, paths: &[&str]) -> Vec<String> {
        paths.iter().map(|path| format!("{}{path}", self.prefix)).collect()
    }

    /// Fetches the files that a partial clone does not have yet, in one request. Git itself makes one for each file.
    async fn fetch_missing(&self) -> Result<(), Failure> {
        let promisors = ["config", "--name-only", "--get-regexp", r"^remote\..*\.promisor$"];
        let promisors = run(&self.top, &promisors, b"").await?;
        let names = String::from_utf8_lossy(&promisors.output).into_owned();
        let remote =
            names.lines().next().and_then(|name| name.strip_prefix("remote.")?.strip_suffix(".promisor"));
        let Some(remote) = remote.filter(|_| promisors.code == Some(0)) else { return Ok(()) };
        let paths = self.at_top(&READ.concat());
        let mut listing = vec!["rev-list", "--objects", "--no-object-names", "--missing=print", "--no-walk"];
        listing.extend([self.id.as_str(), "--"].into_iter().chain(paths.iter().map(String::as_str)));
        let listed = run(&self.top, &listing, b"").await?;
        let listed = String::from_utf8_lossy(&listed.output).into_owned();
        let missing: Vec<&str> = listed.lines().filter_map(|line| line.strip_prefix('?')).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let fetch = ["-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags"];
        let fetch =
            [&fetch[..], &["--no-write-fetch-head", "--filter=blob:none", "--stdin", remote]].concat();
        let fetched = run(&self.top, &fetch, missing.join("\n").as_bytes()).await?;
        if fetched.code == Some(0) { Ok(()) } else { Err(unreadable(&fetched.errors)) }
    }

    /// The first twelve digits of the hash.
    pub(crate) fn short(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// Merges another commit into this one in memory. The result carries the hash of the other.
    pub(crate) async fn merged(&self, other: &Self) -> Result<Self, Failure> {
        let arguments = ["merge-tree", "--write-tree", "--no-messages", "--name-only", &self.id, &other.id];
        let output = run(&self.top, &arguments, b"").await?;
        let text = String::from_utf8_lossy(&output.output);
        match output.code {
            Some(0) => {
                let tree = text.lines().next().unwrap_or_default().to_owned();
                Ok(Self { tree, id: other.id.clone(), ..self.clone() })
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

    /// Counts the commits that this one has, and another, or the one that is checked out, does not.
    pub(crate) async fn ahead_of(&self, other: Option<&Self>) -> Result<usize, Failure> {
        let range = format!("{}..{}", other.map_or("HEAD", |other| &other.id), self.id);
        let output = run(&self.top, &["rev-list", "--count", &range, "--"], b"").await?;
        let count = String::from_utf8_lossy(&output.output).trim().parse().ok();
        count.filter(|_| output.code == Some(0)).ok_or_else(|| unreadable(&output.errors))
    }

    /// The last commit that this one has in common with the one that is checked out; itself if they have none.
    pub(crate) async fn common_with_disk(self) -> Result<Self, Failure> {
        let output = run(&self.top, &["merge-base", "HEAD", &self.id], b"").await?;
        let id = String::from_utf8_lossy(&output.output).trim().to_owned();
        if output.code != Some(0) || id == self.id {
            return Ok(self);
        }
        let common = Self { tree: id.clone(), id, ..self };
        common.fetch_missing().await?;
        Ok(common)
    }

    /// Lists the files on disk that differ from this commit: all that it has, and others that Servanda reads.
    pub(crate) async fn uncommitted(&self) -> Result<Vec<String>, Failure> {
        let differ = [&DIFF[..], &["--name-only", &self.tree, "--"]].concat();
        let mut found = self.records(&differ).await?;
        let paths = self.at_top(&READ.concat());
        let mut untracked = [&UNTRACKED[..], &["--"]].concat();
        untracked.extend(paths.iter().map(String::as_str));
        found.extend(self.records(&untracked).await?);
        Ok(found)
    }

    /// Reads the files that Servanda reads, in the order of their paths.
    pub(crate) async fn files(&self) -> Result<Vec<File>, Failure> {
        let listed = self.list(&READ.concat()).await?;
        let ignored = self.ignored(&listed).await?;
        let is_read = |listed: &&TreeEntry| is_read_file(listed) && !ignored.excludes(&listed.path);
        let read: Vec<&TreeEntry> = listed.iter().filter(is_read).collect();
        let mut files = self.contents(&read).await?;
        for submodule in listed.iter().filter(|listed| listed.is_submodule()) {
            let within = self.submodule(submodule);
            let inner = within.list(&[]).await?.into_iter();
            let inner =
                inner.map(|inner| TreeEntry { path: format!("{}/{}", submodule.path, inner.path), ..inner });
            let inner: Vec<TreeEntry> = inner.collect();
            let read: Vec<&TreeEntry> = inner.iter().filter(is_read).collect();
            files.extend(within.contents(&read).await?);
        }
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(files)
    }

    /// The commit of a submodule. Its objects are in the repository of its folder, if it is checked out.
    fn submodule(&self, listed: &TreeEntry) -> Self {
        let top = self.top.join(&self.prefix).join(&listed.path);
        Self { top, prefix: String::new(), id: listed.object.clone(), tree: listed.object.clone() }
    }

    async fn contents(&self, read: &[&TreeEntry]) -> Result<Vec<File>, Failure> {
        let fits = |listed: &TreeEntry| {
            !listed.is_link() && listed.size <= document::size_limit(document::kind_of(&listed.path))
        };
        let mut texts = self.blobs(read.iter().copied().filter(|listed| fits(listed))).await?;
        let file = |listed: &&TreeEntry| {
            let content = if listed.is_link() {
                Content::Link
            } else if fits(listed) {
                Content::Bytes(texts.remove(&listed.path).unwrap_or_default())
            } else {
                Content::oversized(document::kind_of(&listed.path), listed.size)
            };
            File { path: listed.path.clone(), content }
        };
        Ok(read.iter().map(file).collect())
    }

    /// Reads the text of one file by its path from the top of the work tree; `None` unless it exists and has at most 1 MiB.
    pub(crate) async fn text(&self, path: &str) -> Result<Option<String>, Failure> {
        let listing = Self { prefix: String::new(), ..self.clone() }.list(&[path]).await?;
        let found = listing.iter().find(|listed| listed.path == path && !listed.is_link());
        let Some(found) = found.filter(|listed| listed.size <= files::SIZE_LIMIT) else {
            return Ok(None);
        };
        let mut texts = self.blobs(std::iter::once(found)).await?;
        Ok(texts.remove(path).and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// The text of a file on disk by its path from the top of the work tree; `None` as for [`Self::text`].
    pub(crate) fn text_on_disk(&self, path: &str) -> Option<String> {
        files::text_within(&self.top, path)
    }

    /// The path from the top of the work tree of a file that the settings of a root name; `None` if it is outside.
    pub(crate) fn path_of(&self, root: &Path, named: &str) -> Option<String> {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
        let mut path = PathBuf::new();
        for part in root.join(named).components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => _ = path.pop(),
                part => path.push(part),
            }
        }
        let real = path.canonicalize().unwrap_or_default();
        let within = path.strip_prefix(&self.top).or_else(|_| real.strip_prefix(&self.top)).ok()?;
        let parts: Vec<_> = within.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        Some(parts.join("/"))
    }

    /// The path of the repository within the work tree, with `/` at its end; empty for the top.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Lists the files that differ from another commit, or from the disk.
    pub(crate) async fn changed(&self, other: Option<&Self>) -> Result<Vec<ChangedFile>, Failure> {
        let mut differ = [&DIFF[..], &["--raw", &self.tree]].concat();
        differ.extend(other.map(|other| other.tree.as_str()));
        let mut found = Vec::new();
        let mut records = self.records(&differ).await?.into_iter();
        // `:<mode> <mode> <object> <object> <status>`, and then the path.
        while let (Some(head), Some(path)) = (records.next(), records.next()) {
            found.push(ChangedFile { path, is_link: head.split(' ').nth(1) == Some(LINK) });
        }
        if other.is_none() {
            let untracked = self.records(&UNTRACKED).await?;
            let is_link = |path: &String| self.top.join(path).is_symlink();
            found.extend(untracked.into_iter().map(|path| ChangedFile { is_link: is_link(&path), path }));
        }
        Ok(found)
    }

    /// The messages of the commits between this one and another, or the one that is checked out, in which a line begins
    /// with these words.
    pub(crate) async fn messages(
        &self,
        other: Option<&Self>,
        words: &str,
    ) -> Result<Vec<(String, String)>, Failure> {
        let range = format!("{}..{}", self.id, other.map_or("HEAD", |other| &other.id));
        let pattern = format!("--grep=^{words}");
        let log = ["log", "-z", "--regexp-ignore-case", &pattern, "--format=%h%n%B", &range, "--"];
        let found = self.records(&log).await?;
        let split =
            |record: &String| record.split_once('\n').map(|(id, text)| (id.to_owned(), text.to_owned()));
        Ok(found.iter().filter_map(split).collect())
    }

    /// Runs git and splits its output at null bytes.
    async fn records(&self, arguments: &[&str]) -> Result<Vec<String>, Failure> {
        let output = run(&self.top, arguments, b"").await?;
        if output.code != Some(0) {
            return Err(unreadable(&output.errors));
        }
        Ok(records(&output.output).map(str::to_owned).collect())
    }

    /// Lists the files at and below these paths of the repository.
    async fn list(&self, paths: &[&str]) -> Result<Vec<TreeEntry>, Failure> {
        let paths = self.at_top(paths);
        let mut arguments = vec!["ls-tree", "-r", "-z", "-l", &self.tree, "--"];
        arguments.extend(paths.iter().map(String::as_str));
        let listed = self.records(&arguments).await?;
        let within = |listed: TreeEntry| {
            let path = listed.path.strip_prefix(&self.prefix)?.to_owned();
            Some(TreeEntry { path, ..listed })
        };
        let listed: Vec<TreeEntry> =
            listed.iter().filter_map(|record| TreeEntry::read(record)).filter_map(within).collect();
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
            let output = run(&self.top, &["cat-file", "--batch", "--buffer"], wanted.as_bytes()).await?;
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
            matches!(name, ".gitignore" | ".ignore") && !listed.is_link() && listed.size <= files::SIZE_LIMIT
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
    /// Parses `100644 blob <object> <size>\t<path>`. A submodule has the size `-`.
    fn read(record: &str) -> Option<Self> {
        let (head, path) = record.split_once('\t')?;
        let mut words = head.split_ascii_whitespace();
        let (mode, _) = (words.next()?.to_owned(), words.next()?);
        let object = words.next()?.to_owned();
        let size = words.next()?.parse().unwrap_or(0);
        Some(Self { mode, object, size, path: path.to_owned() })
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
    let is_text = path.starts_with(message::FOLDER) && files::is_text_of_notices(Path::new(path));
    !listed.is_submodule()
        && (is_named || (!is_hidden && (listed.is_link() || files::is_yaml(Path::new(path)) || is_text)))
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
    let message = format!("git cannot read the commit: {}", git::complaint(why));
    let failure = Failure::new(Exit::Failure, "commit-unreadable", message);
    match git::help(why) {
        Some(help) => failure.help(help),
        None => failure,
    }
}
