//! The shell of Servanda.
#[cfg_attr(
    not(test),
    expect(dead_code, unused_imports, reason = "no command opens it yet")
)]
mod sandbox;

fn main() {}
