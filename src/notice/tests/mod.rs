//! Notices: what is due, and that each is sent once.

mod announced;
mod compact;
mod days;
mod desk;
