//! A report as a self-contained HTML page, as a page for each client, as CSV and as a calendar.
//!
//! The page contains its data as JSON and renders only the visible rows, so that 10,000 agreements scroll smoothly.
//! Foreign texts are encoded so that they cannot end the data's element, and the script inserts them as text only.

mod notices;
mod input;
mod vocabulary;
mod policy;
mod data;
mod events;
mod frame;
mod page;
mod client;
mod table;

pub use client::{client_page, client_policy, clients};
pub use events::ics;
pub use input::{ReportInput, ServedState};
pub use notices::ReportNotices;
pub use page::{page, page_policy};
pub use table::csv;

#[cfg(test)]
mod tests;
