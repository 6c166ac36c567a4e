//! The shell of Servanda.

fn main() {}
