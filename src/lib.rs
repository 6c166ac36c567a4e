//! The pure core of Servanda: agreements in YAML become a plan of changes for a helpdesk.
//!
//! Nothing in here knows a clock, a network, a file, an environment, randomness or a terminal: values
//! go in, values come out. The modules stand in the order of the flow, and each uses only those above
//! it (a test holds both):
//!
//! ```text
//!  files ─► document ─► template ─► check ─► agreement ─┬─► status(today) ─┬─► desired ─┐
//!                                                       │                  │            ├─► plan ─► guard ─► render
//!  helpdesk ──────────────────────────► live ───────────┼──────────────────┼────────────┘     │
//!                                                       │                  │                  └─► apply ─► outcome ─► render
//! ```

pub mod ident;
pub mod diagnostic;
pub mod calendar;
pub mod document;
pub mod edit;
pub mod template;
pub mod catalog;
pub mod agreement;
pub mod status;
pub mod selection;
pub mod mapping;
pub mod settings;
pub mod check;
pub mod author;
pub mod live;
pub mod desired;
pub mod plan;
pub mod guard;
pub mod outcome;
pub mod notice;
pub mod envelope;
pub mod planner;
pub mod helpdesks;
pub mod discovery;
pub mod bridge;
pub mod entitlement;
pub mod report;
pub mod render;

#[cfg(test)]
#[path = "../tests/cases.rs"]
mod cases;
