//! What people write: a text becomes a tree in which every value knows its place, checked against the
//! published schema of its kind, and from there a typed document.
//!
//! This stage knows how things are spelled, not what they mean: whether a day exists, a service is known or
//! a period is sound is judged later by `check`. It gets texts and reads no file.

pub mod shape;
