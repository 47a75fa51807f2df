//! The C face and the Python face: what a user of each does first.

use std::process::Command;

use crate::report::Outcome;
use crate::{House, python, run};

pub(crate) fn faces(house: &House) -> Outcome {
    header(house, "cc", &["-std=c99", "-x", "c"])
        .then(|| header(house, "c++", &["-std=c++17", "-x", "c++"]))
        .then(|| module(house))
}

/// The header by itself, with warnings as errors.
fn header(house: &House, compiler: &str, language: &[&str]) -> Outcome {
    let header = house.root.join("include/tandem.h");
    if !header.exists() {
        return Outcome::Skipped("include/tandem.h does not exist yet".into());
    }
    run(Command::new(compiler)
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"])
        .args(language)
        .arg(header))
}

/// The Python module: installed as its user does, then its tests.
fn module(house: &House) -> Outcome {
    let sources = house.root.join("bindings/python");
    if !sources.join("pyproject.toml").exists() {
        return Outcome::Skipped("bindings/python does not exist yet".into());
    }
    let python = match python::environment(house) {
        Ok(python) => python,
        Err(outcome) => return outcome,
    };
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .arg(&sources))
    .then(|| {
        run(Command::new(&python)
            .current_dir(&sources)
            .args(["-m", "unittest", "discover", "-s", "tests"]))
    })
}
