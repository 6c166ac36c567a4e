//! Applying a plan: the law over HTTP, and lost, late and stopped requests on a paused clock.

mod law;
mod crash;
mod lost;
mod stopped;
mod model;
