//! A commit becomes the same files that a folder would be: read through git, without a checkout.
//!
//! Nothing is written but objects of git, no hook is run and no link followed. What is read, and what is left out,
//! is what `files` reads and leaves out of a folder.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::process::failure::{Exit, Failure};
use crate::workspace::files::{self, Content, File};
use crate::workspace::git;

/// More files than this are no repository of agreements.
const COUNT_LIMIT: usize = 200_000;
/// As many bytes of files are asked for at once.
const AT_ONCE: u64 = 64 * 1024 * 1024;
/// What git calls a symbolic link.
const LINK: &str = "120000";

/// The files of a commit, or of what a merge of two gives.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    /// The repository's folder on disk.
    root: PathBuf,
    /// The commit, in full.
    pub(crate) id: String,
    /// The tree that is read: the commit's own, or that of a merge.
    tree: String,
}

/// One file of a tree, not read yet.
struct Listed {
    mode: String,
    object: String,
    size: u64,
    path: String,
}

impl Commit {
    /// The commit that a name of git stands for.
    pub(crate) async fn named(root: &Path, name: &str) -> Result<Self, Failure> {
        let wanted = format!("{name}^{{commit}}");
        let said = run(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted], b"").await?;
        let id = String::from_utf8_lossy(&said.output).trim().to_owned();
        if said.code != Some(0) || id.is_empty() {
            return Err(Failure::new(
                Exit::Failure,
                "workspace-failure",
                format!("git knows no commit `{name}` here"),
            )
            .help("fetch it first; a CI job needs the whole history (`fetch-depth: 0`, `GIT_DEPTH: 0`)"));
        }
        Ok(Self { root: root.to_path_buf(), tree: id.clone(), id })
    }

    /// The commit as people write it.
    pub(crate) fn short(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// What a merge of another commit into this one gives, under the other's name. Nothing is checked out.
    pub(crate) async fn merged(&self, other: &Self) -> Result<Self, Failure> {
        let arguments = ["merge-tree", "--write-tree", "--no-messages", "--name-only", &self.id, &other.id];
        let said = run(&self.root, &arguments, b"").await?;
        let text = String::from_utf8_lossy(&said.output);
        match said.code {
            Some(0) => {
                let tree = text.lines().next().unwrap_or_default().to_owned();
                Ok(Self { root: self.root.clone(), id: other.id.clone(), tree })
            }
            Some(1) => {
                let conflicts: Vec<&str> = text.lines().skip(1).take(5).collect();
                let what = format!("the pull request cannot be merged: {} conflict", conflicts.join(", "));
                Err(Failure::new(Exit::Failure, "workspace-failure", what)
                    .help("bring its branch up to date, and plan again"))
            }
            _ => Err(unreadable(&said.errors)),
        }
    }

    /// The files that Servanda reads, in the order of their paths.
    pub(crate) async fn files(&self) -> Result<Vec<File>, Failure> {
        let listed = self.listed().await?;
        let ignored = self.ignored(&listed).await?;
        let is_read = |listed: &&Listed| is_ours(listed) && !ignored.leave_out(&listed.path);
        let read: Vec<&Listed> = listed.iter().filter(is_read).collect();
        let fits = |listed: &Listed| listed.mode != LINK && listed.size <= files::SIZE_LIMIT;
        let mut texts = self.blobs(read.iter().copied().filter(|listed| fits(listed))).await?;
        let file = |listed: &Listed| {
            let content = if listed.mode == LINK {
                Content::Link
            } else if fits(listed) {
                Content::Bytes(texts.remove(&listed.path).unwrap_or_default())
            } else {
                // One byte more than may be says all that is said of it.
                Content::Bytes(vec![b'\n'; usize::try_from(files::SIZE_LIMIT + 1).unwrap_or_default()])
            };
            File { path: listed.path.clone(), content }
        };
        let mut files: Vec<File> = read.iter().copied().map(file).collect();
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(files)
    }

    /// The text of one file, where there is one of at most 1 MiB.
    pub(crate) async fn text(&self, path: &str) -> Result<Option<String>, Failure> {
        let listing = self.list(&[path]).await?;
        let found = listing.iter().find(|listed| listed.path == path && listed.mode != LINK);
        let Some(found) = found.filter(|listed| listed.size <= files::SIZE_LIMIT) else {
            return Ok(None);
        };
        let mut texts = self.blobs(std::iter::once(found)).await?;
        Ok(texts.remove(path).and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// The files at and below these paths that differ from what another commit, or else the disk, has there.
    pub(crate) async fn changed(&self, other: Option<&Self>, paths: &[&str]) -> Result<Vec<String>, Failure> {
        let mut arguments =
            vec!["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv"];
        arguments.extend(["--relative", &self.tree]);
        arguments.extend(other.map(|other| other.tree.as_str()));
        arguments.push("--");
        arguments.extend(paths);
        let said = run(&self.root, &arguments, b"").await?;
        if said.code != Some(0) {
            return Err(unreadable(&said.errors));
        }
        Ok(records(&said.output).map(str::to_owned).collect())
    }

    async fn listed(&self) -> Result<Vec<Listed>, Failure> {
        self.list(&[&[files::SETTINGS, files::CATALOG][..], &files::FOLDERS].concat()).await
    }

    async fn list(&self, paths: &[&str]) -> Result<Vec<Listed>, Failure> {
        let arguments = [&["ls-tree", "-r", "-z", "-l", &self.tree, "--"], paths].concat();
        let said = run(&self.root, &arguments, b"").await?;
        if said.code != Some(0) {
            return Err(unreadable(&said.errors));
        }
        let listed: Vec<Listed> = records(&said.output).filter_map(Listed::read).collect();
        if listed.len() > COUNT_LIMIT {
            return Err(unreadable(&format!("it holds more than {COUNT_LIMIT} files")));
        }
        Ok(listed)
    }

    /// The bytes of files, by their paths.
    async fn blobs(
        &self,
        listed: impl Iterator<Item = &Listed>,
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
            let said = run(&self.root, &["cat-file", "--batch", "--buffer"], wanted.as_bytes()).await?;
            let mut rest = said.output.as_slice();
            for listed in batch {
                let (bytes, further) =
                    next_blob(rest).ok_or_else(|| unreadable(&format!("{} is not there", listed.path)))?;
                found.insert(listed.path.clone(), bytes.to_vec());
                rest = further;
            }
        }
        Ok(found)
    }

    /// The rules of the tree's own `.gitignore` and `.ignore` files.
    async fn ignored(&self, listed: &[Listed]) -> Result<Ignored, Failure> {
        let is_rule = |listed: &&Listed| {
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
                // What is no rule ignores nothing, as on disk.
                let _ = builder.add_line(None, line);
            }
            rules.extend(
                builder.build().ok().map(|rule| (folder.to_owned(), path.ends_with(".ignore"), rule)),
            );
        }
        // `.ignore` decides before `.gitignore`, and of each the one in the nearest folder.
        rules.sort_by_key(|(folder, first, _)| std::cmp::Reverse((*first, folder.len())));
        Ok(Ignored(rules))
    }
}

impl Listed {
    /// Reads `100644 blob <object> <size>\t<path>`. A module of another repository is no file.
    fn read(record: &str) -> Option<Self> {
        let (head, path) = record.split_once('\t')?;
        let mut words = head.split_ascii_whitespace();
        let (mode, kind) = (words.next()?.to_owned(), words.next()?);
        let object = words.next()?.to_owned();
        let size = words.next()?.parse().ok()?;
        (kind == "blob").then(|| Self { mode, object, size, path: path.to_owned() })
    }
}

/// The rules by which files are left out, those first that decide first.
struct Ignored(Vec<(String, bool, Gitignore)>);

impl Ignored {
    fn leave_out(&self, path: &str) -> bool {
        let rules = self.0.iter().filter(|(folder, _, _)| {
            path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
        });
        let decided = rules.map(|(_, _, rule)| rule.matched_path_or_any_parents(path, false));
        decided.into_iter().find(|matched| !matched.is_none()).is_some_and(|matched| matched.is_ignore())
    }
}

/// Whether a file is one of ours: by its name, and not hidden.
fn is_ours(listed: &Listed) -> bool {
    let path = listed.path.as_str();
    let is_hidden = path.split('/').any(|part| part.starts_with('.'));
    let is_named = path == files::SETTINGS || path == files::CATALOG;
    is_named || (!is_hidden && (listed.mode == LINK || files::is_yaml(Path::new(path))))
}

fn records(output: &[u8]) -> impl Iterator<Item = &str> {
    // A path that is no text is none of ours.
    output
        .split(|byte| *byte == 0)
        .filter_map(|record| std::str::from_utf8(record).ok())
        .filter(|record| !record.is_empty())
}

/// The next file of what `cat-file --batch` prints: `<object> blob <size>`, a line feed, the bytes, a line feed.
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
    Failure::new(Exit::Failure, "workspace-failure", format!("git could not read the commit: {why}"))
}
