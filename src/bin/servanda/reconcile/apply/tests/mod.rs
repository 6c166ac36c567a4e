//! A plan is carried out: the law over HTTP, and what is lost, late or stopped in the runtime's own time.

mod law;
mod lost;
mod stopped;
mod model;
