//! Programs from the system that parts need, and Debian's packages that hold them.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;

use crate::House;

/// A program, and the Debian package to install for it.
#[derive(Clone, Copy)]
pub(crate) struct Need {
    program: &'static str,
    package: &'static str,
}

pub(crate) const SBC_TOOLS: Need = Need { program: "sbcenc", package: "sbc-tools" };
pub(crate) const TSHARK: Need = Need { program: "tshark", package: "tshark" };
pub(crate) const PULSEAUDIO: Need = Need { program: "pulseaudio", package: "pulseaudio" };
pub(crate) const PAREC: Need = Need { program: "parec", package: "pulseaudio-utils" };
pub(crate) const VALGRIND: Need = Need { program: "valgrind", package: "valgrind" };
pub(crate) const BINUTILS: Need = Need { program: "readelf", package: "binutils" };
pub(crate) const SYSTEMD: Need = Need { program: "systemd-analyze", package: "systemd" };
pub(crate) const CC: Need = Need { program: "cc", package: "gcc" };
pub(crate) const CXX: Need = Need { program: "c++", package: "g++" };

pub(crate) const FLEX: Need = Need { program: "flex", package: "flex" };
pub(crate) const BISON: Need = Need { program: "bison", package: "bison" };
pub(crate) const BC: Need = Need { program: "bc", package: "bc" };
pub(crate) const M4: Need = Need { program: "m4", package: "m4" };
pub(crate) const MAKE: Need = Need { program: "make", package: "make" };
pub(crate) const XZ: Need = Need { program: "xz", package: "xz-utils" };
pub(crate) const UDEV: Need = Need { program: "udevadm", package: "udev" };
/// No program, but what the kernel of the bed is built from.
pub(crate) const KERNEL_SOURCE: Need =
    Need { program: "/usr/src/linux-source-6.12.tar.xz", package: "linux-source-6.12" };

/// Where a program is on the search path, or a file at its own place.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Why these needs are not met, if they are not.
pub(crate) fn missing(needs: &[Need]) -> Option<String> {
    let missing: Vec<String> = needs
        .iter()
        .filter(|need| find(need.program).is_none())
        .map(|need| format!("{} (Debian: {})", need.program, need.package))
        .collect();
    (!missing.is_empty()).then(|| format!("not installed: {}", missing.join(", ")))
}

/// Installs what is missing where that is possible and allowed; else says how.
pub(crate) fn install(house: &House, needs: &[&Need]) {
    let mut packages: Vec<&str> =
        needs.iter().filter(|need| find(need.program).is_none()).map(|need| need.package).collect();
    if !python_is_complete() {
        packages.push("python3-venv");
    }
    packages.sort_unstable();
    packages.dedup();
    if packages.is_empty() {
        return;
    }
    let line = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if !house.install || !is_root() || find("apt-get").is_none() {
        println!("to test everything: sudo {line}");
        return;
    }
    println!("installing: {line}");
    let apt = |arguments: &[&str]| {
        Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-qq", "-y"])
            .args(arguments)
            .status()
            .is_ok_and(|status| status.success())
    };
    let install: Vec<&str> =
        ["install", "--no-install-recommends"].into_iter().chain(packages).collect();
    // A machine whose package lists are old enough may not find a package without an update.
    let installed = apt(&install) || apt(&["update"]) && apt(&install);
    if !installed {
        println!("apt-get failed; run it by hand: {line}");
    }
}

pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// The first Python that is new enough.
pub(crate) fn python() -> Option<PathBuf> {
    ["python3", "python3.14", "python3.13", "python3.12", "python3.11"]
        .into_iter()
        .filter_map(find)
        .find(|python| says_yes(python, "import sys; sys.exit(sys.version_info < (3, 11))"))
}

fn python_is_complete() -> bool {
    python().is_none_or(|python| says_yes(&python, "import ensurepip, venv"))
}

fn says_yes(python: &PathBuf, program: &str) -> bool {
    Command::new(python)
        .args(["-c", program])
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
