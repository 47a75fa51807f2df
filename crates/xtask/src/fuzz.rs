//! The fuzz targets of `tests/fuzz`, for a fixed number of runs from a fixed seed.
//!
//! They are built as `cargo-fuzz` builds them (sanitizer coverage and, on x86-64 Linux,
//! AddressSanitizer), with the stable compiler and without `cargo-fuzz` installed;
//! `cargo fuzz run --fuzz-dir tests/fuzz TARGET` works too where it is.

use std::fs;
use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use crate::cargo::cargo;
use crate::report::{Outcome, Tally};
use crate::{House, run};

/// Runs of a target: fewer where a run is a whole conversation or a whole stream.
fn runs(target: &str) -> u32 {
    match target {
        "aac_element" | "conversation" => 10_000,
        "btsnoop" | "h4_stream" | "replay_notes" | "sbc_decode" => 50_000,
        _ => 200_000,
    }
}

const COVERAGE: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Cdebug-assertions",
    "-Coverflow-checks",
    "-Ccodegen-units=1",
];

pub(crate) fn fuzz(house: &House) -> Outcome {
    let Some(triple) = triple() else {
        return Outcome::Failed("rustc -vV names no host".into(), Tally::default());
    };
    let folder = house.root.join("tests/fuzz");
    let mut targets: Vec<String> = fs::read_dir(folder.join("fuzz_targets"))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .collect();
    targets.sort();
    if targets.is_empty() {
        return Outcome::Failed("tests/fuzz has no targets".into(), Tally::default());
    }
    let mut flags = COVERAGE.join(" ");
    if triple.starts_with("x86_64-unknown-linux-gnu") {
        flags.push_str(" -Zsanitizer=address");
    }
    let built = house.target.join("fuzz");
    let outcome = run(cargo(house)
        .current_dir(&folder)
        .args(["build", "--release", "--bins", "--target", &triple])
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", flags)
        .env("CARGO_TARGET_DIR", &built));
    outcome.then(|| all(house, &targets, &built.join(&triple).join("release")))
}

/// Runs the targets, as many at once as there are processors. The first failure ends the run when those
/// that run beside it have ended.
fn all(house: &House, targets: &[String], programs: &Path) -> Outcome {
    let waiting = Mutex::new(targets.iter());
    let next = || waiting.lock().ok()?.next();
    let some = || {
        let mut outcome = Outcome::Passed(Tally::default());
        while matches!(outcome, Outcome::Passed(_))
            && let Some(target) = next()
        {
            let mut command = Command::new(programs.join(target));
            outcome = outcome.then(|| one(house, target, &mut command));
        }
        outcome
    };
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let runs: Vec<_> = (0..processors).map(|_| scope.spawn(some)).collect();
        let ended = runs.into_iter().map(|run| run.join().expect("a run does not panic"));
        ended.fold(Outcome::Passed(Tally::default()), |all, run| all.then(|| run))
    })
}

/// Runs one target; what it prints is shown only where it fails.
fn one(house: &House, target: &str, command: &mut Command) -> Outcome {
    let findings = house.target.join("fuzz/findings");
    let failed = |reason: String| Outcome::Failed(reason, Tally::default());
    if let Err(error) = fs::create_dir_all(&findings) {
        return failed(format!("{}: {error}", findings.display()));
    }
    let seeds = house.root.join("tests/fuzz/seeds").join(target);
    command
        .arg(format!("-runs={}", runs(target)))
        .args(["-seed=1", "-max_len=4096", "-timeout=10", "-rss_limit_mb=1024"])
        .arg(format!("-artifact_prefix={}/{target}-", findings.display()));
    if seeds.is_dir() {
        // Without a writable corpus before it, libFuzzer would add what it finds to the seeds.
        let corpus = house.target.join("fuzz/corpus").join(target);
        let _ = fs::remove_dir_all(&corpus);
        if let Err(error) = fs::create_dir_all(&corpus) {
            return failed(format!("{}: {error}", corpus.display()));
        }
        command.arg(corpus).arg(seeds);
    }
    match command.output() {
        Ok(done) if done.status.success() => {
            let said = String::from_utf8_lossy(&done.stderr);
            let last = said.lines().rev().find(|line| line.starts_with("Done")).unwrap_or("done");
            println!("fuzz result: ok. 1 passed; 0 failed; {target}: {last}");
            Outcome::Passed(Tally::one())
        }
        Ok(done) => {
            eprintln!("{}", String::from_utf8_lossy(&done.stderr));
            failed(format!("{target}: {}, see {}", done.status, findings.display()))
        }
        Err(error) => failed(format!("{target}: {error}")),
    }
}

fn triple() -> Option<String> {
    let said = Command::new("rustc").arg("-vV").output().ok()?.stdout;
    let said = String::from_utf8(said).ok()?;
    said.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned)
}
