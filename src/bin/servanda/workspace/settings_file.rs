//! The settings of a run: servanda.yaml, or the file of the repository that `--settings` names in its place.
//!
//! Such a file is trusted like servanda.yaml: for a pull request, it is read from the base.

use std::path::{Component, Path};

use servanda::document::DocumentKind;

use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::files::{self, Content, File};
use crate::workspace::git_tree::Commit;

/// The file with the settings, by its path from the root of the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SettingsFile(Option<String>);

impl SettingsFile {
    /// The file of a run. Fails if it is outside of the repository, or a file of another kind.
    pub(crate) fn of(context: &Context) -> Result<Self, Failure> {
        let Some(name) = context.settings.as_deref() else {
            return Ok(Self::default());
        };
        let parts: Vec<Component<'_>> = Path::new(name).components().collect();
        let is_inside = parts.iter().all(|part| matches!(part, Component::Normal(_))) && !parts.is_empty();
        let is_other = servanda::document::kind_of(name).is_some_and(|kind| kind != DocumentKind::Settings);
        if !is_inside || is_other || !files::is_yaml(Path::new(name)) {
            let message = format!("--settings: `{name}` cannot hold settings");
            return Err(Failure::usage(
                message,
                "name a .yaml file by its path from the root of the repository, beside servanda.yaml",
            ));
        }
        Ok(Self(Some(name.to_owned()).filter(|name| name != files::SETTINGS)))
    }

    /// Its path from the root of the repository.
    pub(crate) fn path(&self) -> &str {
        self.0.as_deref().unwrap_or(files::SETTINGS)
    }

    /// Puts the file on disk in place of servanda.yaml.
    pub(crate) fn on_disk(&self, root: &Path, files: Vec<File>) -> Result<Vec<File>, Failure> {
        let Some(name) = &self.0 else { return Ok(files) };
        let content = Content::read(&root.join(name), Some(DocumentKind::Settings));
        match content {
            Content::Unreadable(why) => Err(self.missing(&why)),
            content => Ok(self.in_place(files, content)),
        }
    }

    /// Puts the file of a commit in place of servanda.yaml; without it, the files have no settings.
    pub(crate) async fn in_commit(
        &self,
        commit: &Commit,
        mut files: Vec<File>,
    ) -> Result<Vec<File>, Failure> {
        let Some(name) = &self.0 else { return Ok(files) };
        if let Some(text) = commit.text(&format!("{}{name}", commit.prefix())).await? {
            return Ok(self.in_place(files, Content::Bytes(text.into_bytes())));
        }
        files.retain(|file| file.path != files::SETTINGS);
        Ok(files)
    }

    fn in_place(&self, mut files: Vec<File>, content: Content) -> Vec<File> {
        files.retain(|file| file.path != files::SETTINGS && file.path != self.path());
        files.push(File { path: self.path().to_owned(), content });
        files.sort_by(|left, right| left.path.cmp(&right.path));
        files
    }

    fn missing(&self, why: &str) -> Failure {
        Failure::new(Exit::Failure, "settings-missing", format!("--settings {}: {why}", self.path()))
            .help("name a file by its path from the root of the repository")
    }
}
