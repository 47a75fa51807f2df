//! The test command: `cargo xtask test`.

fn main() {}
