//! Whole passes over the embedded helpdesk: what goes wrong at every request, and that the next pass mends it.

mod faults;
mod world;
