//! The repository: its files on disk and in Git, the two sides of a pull request, and the edits of a command.

pub(crate) mod below;
pub(crate) mod files;
pub(crate) mod stamps;
mod prefilter;
pub(crate) mod git;
pub(crate) mod git_tree;
pub(crate) mod settings_file;
mod trusted;
mod new_file;
pub(crate) mod load;
pub(crate) mod one_client;
pub(crate) mod dropped_texts;
pub(crate) mod helpdesks;
mod refusals;
mod catalog_files;
pub(crate) mod partial;
pub(crate) mod pull_request;
pub(crate) mod change_set;
pub(crate) mod repair;
