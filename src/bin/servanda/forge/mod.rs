//! A forge as far as comments on a pull request need it: who the token belongs to, reading comments, and writing them.
//!
//! Forges differ in addresses and field names only (`dialect`, with one file for each forge). How requests are sent (`api`) and
//! how one comment stays one comment (`sticky_comment`) is the same for all.

pub(crate) mod client;
pub(crate) mod api;
mod gitea;
mod github;
mod gitlab;
pub(crate) mod sticky_comment;
#[cfg(test)]
mod tests;

pub(crate) use client::*;
