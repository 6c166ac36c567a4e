//! A report as a self-contained HTML page, as CSV and as a calendar.
//!
//! The page contains its data as JSON and renders only the visible rows, so that 10,000 agreements scroll smoothly.
//! Foreign texts are encoded so that they cannot end the data's element, and the script inserts them as text only.

mod input;
mod vocabulary;
mod data;
mod events;
mod page;
mod table;

pub use events::ics;
pub use input::ReportInput;
pub use page::page;
pub use table::csv;

#[cfg(test)]
mod tests;
