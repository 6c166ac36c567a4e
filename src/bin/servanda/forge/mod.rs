//! A forge, as far as comments on pull requests need it: whose the token is, reading comments, and writing
//! them.
//!
//! Forges differ in addresses and names of fields (`dialect`, with a file for each forge). How requests are
//! sent (`api`) and how one comment is kept up to date (`sticky_comment`) is the same for all.

pub(crate) mod ci_job;
mod error;
mod dialect;
mod api;
mod github;
mod gitlab;
mod gitea;
mod client;
pub(crate) mod sticky_comment;
#[cfg(test)]
mod tests;

pub(crate) use client::{ForgeAddress, ForgeClient};
