//! The C face and the Python face: what a user of each does first.

use std::process::Command;

use crate::report::Outcome;
use crate::{House, cargo, python, run};

/// Runs the module's tests and closes with a line like cargo's.
const UNITTEST: &str = r#"
import sys, unittest
tests = unittest.defaultTestLoader.discover("tests")
done = unittest.TextTestRunner(verbosity=2).run(tests)
failed, skipped = len(done.failures) + len(done.errors), len(done.skipped)
word, passed = "ok" if done.wasSuccessful() else "FAILED", done.testsRun - failed - skipped
print(f"python result: {word}. {passed} passed; {failed} failed; {skipped} ignored")
sys.exit(not done.wasSuccessful() or not passed)
"#;

pub(crate) fn faces(house: &House) -> Outcome {
    cargo::tests_of(house, "tandem-capi").then(|| module(house))
}

/// The Python module: installed as its user does, then its tests.
fn module(house: &House) -> Outcome {
    let python = match python::environment(house) {
        Ok(python) => python,
        Err(outcome) => return outcome,
    };
    let sources = house.root.join("bindings/python");
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--force-reinstall", "--no-deps"])
        .arg(&sources))
    .then(|| {
        run(Command::new(&python)
            .current_dir(&sources)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .args(["-c", UNITTEST]))
    })
}
