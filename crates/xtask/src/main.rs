//! The test command: `cargo xtask test [--no-install] [--list] [PART…]`.
//!
//! Runs the parts one after another, each with a progress line, and ends with one line a part.
//! What a part needs from the system is installed through apt as root on Debian, saying what;
//! elsewhere, and with `--no-install`, the line to run is printed and the part is skipped.
//! A skipped part is named with its reason; with `CI=true` a skip is a failure.
//!
//! It uses nothing but the standard library, so that it builds at once.

mod bed;
mod cargo;
mod faces;
mod fuzz;
mod need;
mod python;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use need::Need;
use report::{Outcome, Report, Tally};

/// One part of the tests.
struct Part {
    name: &'static str,
    what: &'static str,
    /// Without one of these the part is skipped.
    needs: &'static [Need],
    /// Without one of these the part does less, and says so.
    wants: &'static [Need],
    run: fn(&House) -> Outcome,
}

const PARTS: &[Part] = &[
    Part {
        name: "format",
        what: "every file is formatted",
        needs: &[],
        wants: &[],
        run: cargo::format,
    },
    Part {
        name: "clippy",
        what: "no warning in any target, those behind features too",
        needs: &[need::CC],
        wants: &[],
        run: cargo::clippy,
    },
    Part {
        name: "rust",
        what: "unit, property, conformance and documentation tests, the floor plan",
        needs: &[],
        wants: &[need::SBC_TOOLS, need::PULSEAUDIO, need::PAREC, need::SYSTEMD],
        run: cargo::tests,
    },
    Part {
        name: "loom",
        what: "the lock-free parts under every interleaving",
        needs: &[],
        wants: &[],
        run: cargo::loom,
    },
    Part {
        name: "fuzz",
        what: "every fuzz target for a fixed number of runs",
        needs: &[need::CXX],
        wants: &[],
        run: fuzz::fuzz,
    },
    Part {
        name: "faces",
        what: "the C header and library, the Python module",
        needs: &[need::CC, need::CXX, need::BINUTILS],
        wants: &[need::VALGRIND],
        run: faces::faces,
    },
    Part {
        name: "demo",
        what: "the demo, in virtual and in real time, and what it leaves",
        needs: &[need::TSHARK],
        wants: &[],
        run: python::demo,
    },
    Part {
        name: "interop",
        what: "bumble's phones on rootcanal against tandemd; bad input",
        needs: &[need::TSHARK, need::SBC_TOOLS],
        wants: &[],
        run: python::interop,
    },
    Part {
        name: "sound",
        what: "music through a PulseAudio server of our own",
        needs: &[need::SBC_TOOLS, need::PULSEAUDIO, need::PAREC],
        wants: &[],
        run: python::sound,
    },
    Part {
        name: "bed",
        what: "an emulated dongle on a real kernel",
        needs: bed::NEEDS,
        wants: &[],
        run: bed::bed,
    },
];

/// Where things are.
pub(crate) struct House {
    root: PathBuf,
    target: PathBuf,
    install: bool,
}

impl House {
    fn find(install: bool) -> House {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root.canonicalize().unwrap_or(root);
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), |target| root.join(target));
        House { root, target, install }
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("test") => test(arguments.collect()),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("cargo xtask test [--no-install] [--list] [PART…]\n\nparts:");
    list();
    ExitCode::from(2)
}

fn list() {
    for part in PARTS {
        println!("  {:<9}{}", part.name, part.what);
    }
}

fn test(arguments: Vec<String>) -> ExitCode {
    let (flags, names): (Vec<_>, Vec<_>) =
        arguments.into_iter().partition(|argument| argument.starts_with('-'));
    if flags.iter().any(|flag| flag == "--list") {
        list();
        return ExitCode::SUCCESS;
    }
    if flags.iter().any(|flag| flag != "--no-install")
        || names.iter().any(|name| PARTS.iter().all(|part| part.name != name))
    {
        return usage();
    }
    let chosen: Vec<&Part> = PARTS
        .iter()
        .filter(|part| names.is_empty() || names.iter().any(|name| name == part.name))
        .collect();
    let house = House::find(!flags.iter().any(|flag| flag == "--no-install"));
    let needs: Vec<&Need> =
        chosen.iter().flat_map(|part| part.needs.iter().chain(part.wants)).collect();
    need::install(&house, &needs);

    let strict = std::env::var("CI").is_ok_and(|value| value == "true");
    let mut report = Report::new(strict);
    for (n, part) in chosen.iter().enumerate() {
        println!("\n==> [{}/{}] {}: {}", n + 1, chosen.len(), part.name, part.what);
        let start = Instant::now();
        if part.name == "demo" && chosen.iter().any(|part| part.name == "bed") {
            bed::ahead(&house);
        }
        let outcome = match need::missing(part.needs) {
            Some(reason) => Outcome::Skipped(reason),
            None => (part.run)(&house),
        };
        report.add(part.name, outcome, need::missing(part.wants), start.elapsed());
    }
    report.print();
    if report.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Runs a command, passing on what it prints, and counts the tests that it tells of.
pub(crate) fn run(command: &mut std::process::Command) -> Outcome {
    use std::io::{BufRead, BufReader};
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = match command.stdout(std::process::Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => return Outcome::Failed(format!("{name}: {error}"), Tally::default()),
    };
    let mut tally = Tally::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            tally.read(&line);
        }
    }
    match child.wait() {
        Ok(status) if status.success() => Outcome::Passed(tally),
        Ok(status) => Outcome::Failed(format!("{name}: {status}"), tally),
        Err(error) => Outcome::Failed(format!("{name}: {error}"), tally),
    }
}
