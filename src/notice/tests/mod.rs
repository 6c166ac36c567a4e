//! Tests of notices: what is due, and that each is sent once.

mod announced;
mod borders;
mod compact;
mod days;
mod fixture;
mod parts;
mod past;
mod waiting;
