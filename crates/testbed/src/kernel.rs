//! The kernel: Debian's `linux-source-6.12`, built for `ARCH=um` with `uml.config`.
//!
//! It is kept below cargo's target directory under the source's version and a hash of the
//! configuration, so that only a fresh machine builds it (about five minutes on two cores).

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Error};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

const CONFIGURATION: &str = include_str!("../uml.config");
const PACKAGE: &str = "linux-source-6.12";
const TARBALL: &str = "/usr/src/linux-source-6.12.tar.xz";
/// How often the build says how far it is.
const PROGRESS: Duration = Duration::from_secs(20);
/// About how many lines a whole build prints.
const STEPS: usize = 1300;

/// Where the kernel is; builds it where it is not there yet. Several may ask at once.
pub(crate) fn kernel() -> io::Result<PathBuf> {
    let folder = target()?.join("testbed");
    let linux = folder.join(format!("linux-{}-{:016x}", version()?, hash(CONFIGURATION)));
    if linux.exists() {
        return Ok(linux);
    }
    fs::create_dir_all(&folder)?;
    let lock = File::create(folder.join("lock"))?;
    flock(&lock, FlockOperation::LockExclusive)?;
    if !linux.exists() {
        build(&folder.join("build"), &linux)?;
    }
    Ok(linux)
}

/// Cargo's target directory: it holds this very program.
fn target() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2).map(Path::to_owned);
    target.ok_or_else(|| Error::other("this program is not below a target directory"))
}

/// The version of the source's package.
fn version() -> io::Result<String> {
    let missing = || Error::other(format!("{TARBALL} is missing: apt-get install {PACKAGE}"));
    let size = fs::metadata(TARBALL).map_err(|_| missing())?.len();
    let said = Command::new("dpkg-query").args(["-W", "-f", "${Version}", PACKAGE]).output();
    let said = said.ok().filter(|said| said.status.success());
    let version = said.and_then(|said| String::from_utf8(said.stdout).ok());
    Ok(version.unwrap_or_else(|| format!("{size}-bytes")))
}

/// FNV-1a, 64 bits: the same on every machine.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

fn build(folder: &Path, linux: &Path) -> io::Result<()> {
    eprintln!("building the test kernel (once, about five minutes on two cores)");
    let start = Instant::now();
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    fs::write(folder.join("uml.config"), CONFIGURATION)?;
    check(Command::new("tar").current_dir(folder).args(["--strip-components=1", "-xf", TARBALL]))?;
    let make = || {
        let mut make = Command::new("make");
        make.current_dir(folder).args(["ARCH=um", "O=out"]);
        make.env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
        make
    };
    let all = format!("KCONFIG_ALLCONFIG={}", folder.join("uml.config").display());
    check(make().arg(all).arg("allnoconfig").stdout(Stdio::null()))?;
    heard(&fs::read_to_string(folder.join("out/.config"))?)?;
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    follow(make().arg(format!("-j{jobs}")).arg("linux"), start)?;
    // Renamed when it is whole, so that nobody boots half a kernel.
    let stripped = folder.join("stripped");
    check(Command::new("strip").arg("-o").arg(&stripped).arg(folder.join("out/linux")))?;
    fs::rename(&stripped, linux)?;
    eprintln!("built {} in {:.0} s", linux.display(), start.elapsed().as_secs_f64());
    fs::remove_dir_all(folder)
}

/// Whether everything that `uml.config` asks for became so: what an option depends on can be missing,
/// and then it is left out without a word.
fn heard(made: &str) -> io::Result<()> {
    let ignored: Vec<&str> = CONFIGURATION
        .lines()
        .filter(|line| line.starts_with("CONFIG_"))
        .filter(|line| match line.strip_suffix("=n") {
            Some(name) => made.contains(&format!("{name}=")),
            None => !made.lines().any(|made| made == *line),
        })
        .collect();
    if ignored.is_empty() {
        return Ok(());
    }
    Err(Error::other(format!("the kernel cannot be configured so: {}", ignored.join(", "))))
}

fn check(command: &mut Command) -> io::Result<()> {
    let status = command.stdin(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(Error::other(format!("{command:?}: {status}"))) }
}

/// Runs make, saying now and then how far it is, and at its failure what it said last.
fn follow(make: &mut Command, start: Instant) -> io::Result<()> {
    let (output, writer) = io::pipe()?;
    make.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = make.spawn()?;
    // The command holds the writing ends, and would keep the pipe from ending.
    make.stdout(Stdio::null()).stderr(Stdio::null());
    let (mut said, mut steps, mut told) = (Vec::new(), 0, Instant::now());
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        steps += usize::from(line.starts_with("  "));
        said.push(line);
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            let seconds = start.elapsed().as_secs();
            eprintln!("building the test kernel: {steps} of about {STEPS} files, {seconds} s");
        }
    }
    if child.wait()?.success() {
        return Ok(());
    }
    let last = said.len().saturating_sub(40);
    Err(Error::other(format!("make failed:\n{}", said[last..].join("\n"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_configuration_asks_for_and_does_not_get_is_named() {
        let all: String = CONFIGURATION.lines().filter(|line| !line.ends_with("=n")).fold(
            String::new(),
            |mut all, line| {
                all.push_str(line);
                all.push('\n');
                all
            },
        );
        assert!(heard(&all).is_ok());
        let without = all.replace("CONFIG_USB=y\n", "# CONFIG_USB is not set\n");
        assert!(heard(&without).is_err_and(|error| error.to_string().contains("CONFIG_USB=y")));
        let with = format!("{all}CONFIG_UML_NET=y\n");
        assert!(heard(&with).is_err_and(|error| error.to_string().contains("CONFIG_UML_NET=n")));
    }
}
