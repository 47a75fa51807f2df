//! The bed: a real kernel, and in it a dongle made of software.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::need::Need;
use crate::report::Outcome;
use crate::{House, cargo, need, python, run};

pub(crate) const NEEDS: &[Need] = &[
    need::KERNEL_SOURCE,
    need::FLEX,
    need::BISON,
    need::BC,
    need::M4,
    need::MAKE,
    need::XZ,
    need::CC,
    need::BINUTILS,
    need::UDEV,
    need::SBC_TOOLS,
    need::TSHARK,
];

/// Begins to build the kernel with what other parts leave of the processors: those that play sounds wait
/// more than they compute. [`bed`] waits for it, and says what went wrong.
pub(crate) fn ahead(house: &House) {
    if need::missing(NEEDS).is_some() || cannot_run().is_some() {
        return;
    }
    if matches!(build(house), Outcome::Passed(_)) {
        println!("building the test kernel of the bed beside this");
        let mut command = Command::new("nice");
        command.args(["-n", "19"]).arg(testbed(house)).arg("kernel");
        // It ends by itself.
        let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    }
}

fn build(house: &House) -> Outcome {
    run(cargo::cargo(house).args(["build", "--release", "-p", "tandem-testbed"]))
}

fn testbed(house: &House) -> PathBuf {
    house.target.join("release/testbed")
}

pub(crate) fn bed(house: &House) -> Outcome {
    if let Some(reason) = cannot_run() {
        return Outcome::Skipped(reason);
    }
    let hand = ["build", "--release", "-p", "tandem-usb", "--example", "hand"];
    build(house)
        .then(|| {
            run(cargo::cargo(house).args(["build", "--release", "-p", "tandem-usb", "--examples"]))
        })
        .then(|| run(cargo::cargo(house).args(hand)))
        .then(|| run(Command::new(testbed(house)).arg("kernel")))
        .then(|| python::scripts(house, "bed"))
}

/// Why no kernel can run here as a process, if so.
fn cannot_run() -> Option<String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Some("the kernel is built for Linux on x86-64 alone".into());
    }
    // Everything that it starts lives in a process namespace, so that it ends with it.
    let apart = ["--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "true"];
    let rights = if need::is_root() { &apart[2..] } else { &apart };
    let allowed = Command::new("unshare").args(rights).output();
    if allowed.is_ok_and(|done| done.status.success()) {
        return None;
    }
    Some("neither root nor allowed to make user namespaces (unshare fails)".into())
}
