//! Notices: what is due, and that each is sent once.

mod days;
mod desk;
