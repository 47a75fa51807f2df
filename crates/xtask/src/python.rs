//! The parts that are Python scripts, and the virtual environment that they run in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::programs;
use crate::report::{Outcome, Tally};
use crate::{House, need, run};

const REQUIREMENTS: &str = "tests/interop/requirements.txt";

/// The interpreter of the virtual environment, which is made once for one set of requirements.
pub(crate) fn environment(house: &House) -> Result<PathBuf, Outcome> {
    let Some(python) = need::python() else {
        return Err(Outcome::Skipped("no Python 3.11 or newer".into()));
    };
    make(house, &python)
        .map_err(|error| Outcome::Failed(format!("virtual environment: {error}"), Tally::default()))
}

fn make(house: &House, python: &Path) -> io::Result<PathBuf> {
    let requirements = house.root.join(REQUIREMENTS);
    let mut key = fs::read(&requirements)?;
    key.extend_from_slice(python.canonicalize()?.as_os_str().as_encoded_bytes());
    let folder = house.target.join(format!("python-{:016x}", hash(&key)));
    let inside = folder.join("bin/python");
    let complete = folder.join("complete");
    if complete.exists() {
        return Ok(inside);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    println!("making the virtual environment {}", folder.display());
    check(Command::new(python).args(["-m", "venv"]).arg(&folder))?;
    check(
        Command::new(&inside)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements),
    )?;
    fs::write(complete, "")?;
    Ok(inside)
}

fn check(command: &mut Command) -> io::Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?}: {status}"))) }
}

/// FNV-1a, 64 bits: the same on every machine.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

/// Runs the scripts whose names hold `names`, or all but those that are parts of their own.
pub(crate) fn scripts(house: &House, suite: &str) -> Outcome {
    programs(house).then(|| {
        let python = match environment(house) {
            Ok(python) => python,
            Err(outcome) => return outcome,
        };
        run(Command::new(python)
            .current_dir(&house.root)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("TANDEM", house.target.join("release/tandem"))
            .env("TANDEMD", house.target.join("release/tandemd"))
            .env("TESTBED", house.target.join("release/testbed"))
            .arg("tests/interop/run.py")
            .args(["--suite", suite, "--keep"])
            .arg(house.target.join(suite)))
    })
}

pub(crate) fn interop(house: &House) -> Outcome {
    scripts(house, "interop")
}

pub(crate) fn demo(house: &House) -> Outcome {
    scripts(house, "demo")
}

pub(crate) fn sound(house: &House) -> Outcome {
    scripts(house, "sound")
}
