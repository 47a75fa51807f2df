//! The parts that are cargo's own.

use std::process::Command;

use crate::report::Outcome;
use crate::{House, run};

/// A cargo command at the root of the repository.
pub(crate) fn cargo(house: &House) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&house.root);
    command
}

/// Whether an optional component of the tool chain is there.
fn has(house: &House, subcommand: &str) -> bool {
    cargo(house).args([subcommand, "--version"]).output().is_ok_and(|done| done.status.success())
}

pub(crate) fn format(house: &House) -> Outcome {
    if !has(house, "fmt") {
        return Outcome::Skipped("rustfmt is missing: rustup component add rustfmt".into());
    }
    let fuzz = house.root.join("tests/fuzz/Cargo.toml");
    run(cargo(house).args(["fmt", "--all", "--check"]))
        .then(|| run(cargo(house).args(["fmt", "--check", "--manifest-path"]).arg(fuzz)))
}

pub(crate) fn clippy(house: &House) -> Outcome {
    if !has(house, "clippy") {
        return Outcome::Skipped("clippy is missing: rustup component add clippy".into());
    }
    run(cargo(house).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// Every test of the workspace, those in the documentation too.
pub(crate) fn tests(house: &House) -> Outcome {
    run(cargo(house).args(["test", "--workspace"]))
}

/// Loom replaces the atomics, so it builds apart.
pub(crate) fn loom(house: &House) -> Outcome {
    run(cargo(house)
        .args(["test", "--package", "tandem-pool", "--release", "--test", "loom"])
        .env("RUSTFLAGS", "--cfg loom")
        .env("CARGO_TARGET_DIR", house.target.join("loom")))
}

/// The programs as they are shipped.
pub(crate) fn programs(house: &House) -> Outcome {
    run(cargo(house).args(["build", "--release", "--bins"]))
}
