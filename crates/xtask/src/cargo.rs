//! The parts that are cargo's own.

use std::process::Command;

use crate::report::Outcome;
use crate::{House, need, run};

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
    let clippy = |what: &[&str]| {
        run(cargo(house).arg("clippy").args(what).args(["--all-targets", "--", "-D", "warnings"]))
    };
    clippy(&["--workspace"])
        .then(|| clippy(&["--package", "tandem", "--features", "libusb"]))
        .then(|| clippy(&["--no-default-features"]))
}

/// Every test of the workspace, those in the documentation too; the C face is a part of its own.
pub(crate) fn tests(house: &House) -> Outcome {
    let mut command = cargo(house);
    command.args(["test", "--workspace", "--exclude", "tandem-capi", "--no-fail-fast"]);
    if need::missing(&[need::PULSEAUDIO, need::PAREC]).is_some() {
        command.args(["--", "--skip", "pulse_is_heard_by_a_real_server"]);
    }
    run(&mut command)
}

/// The tests of one package.
pub(crate) fn tests_of(house: &House, package: &str) -> Outcome {
    run(cargo(house).args(["test", "--package", package, "--no-fail-fast"]))
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
