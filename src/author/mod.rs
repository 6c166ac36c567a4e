//! What somebody wants of agreements becomes the text of their files: the least that a new one must say, the next of
//! a chain, and the few bytes by which one that exists changes.
//!
//! Nothing here is trusted for having been made here: whoever writes a file checks the whole repository with it
//! first. Knows no clock and no file; what is taken already is an argument.

mod change;
mod edit_target;
mod ending;
mod followers;
mod minimize;
mod name;
mod overrides;
mod renew;
mod table;

pub use change::{ActivationStep, Extension, activate, deactivate, extend, resume, suspend, terminate};
pub use edit_target::{EditRefused, EditTarget, EditedFile, EffectiveFrom};
pub use ending::{Ending, NotRenewed, SkipReason, ending_within, successors};
pub use followers::{followers, is_kept, keep};
pub(crate) use minimize::minimize_from;
pub use minimize::{MinimizeError, file_text, in_field_order, minimize};
pub use name::{next_id, next_path};
pub use overrides::{Override, override_layer, reusable_fields, with_overrides};
pub use renew::{NextPeriod, RenewalOptions, agreed_length, is_meant_to_end, next_period, renewal_text};
pub use table::{NewClient, NotATable, Table, TableRow, TableText, read_table, table_text};

#[cfg(test)]
mod tests;
