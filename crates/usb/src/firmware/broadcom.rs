//! Broadcom (and what Cypress and Infineon made of it). **Not yet tried on hardware.**
//!
//! A chip that runs its ROM reports build 0; it works so, with its ROM's errors. Its memory is
//! written by the commands of a patch file, the last of which restarts it.

use std::time::Duration;

use super::controller::Controller;
use super::file::Hcd;
use super::parts::LocalVersion;
use super::step::{Failure, Outcome};

const RESET: u16 = 0x0c03;
const DOWNLOAD_MINIDRIVER: u16 = 0xfc2e;
const READ_USB_PRODUCT: u16 = 0xfc5a;
/// How long the chip is busy after these.
const AFTER_RESET: Duration = Duration::from_millis(100);
const AFTER_MINIDRIVER: Duration = Duration::from_millis(50);
const AFTER_LAUNCH: Duration = Duration::from_millis(250);
const PACKAGE: &str = "firmware-misc-nonfree for 0bb4:0306 and 0a5c:6410, and in none for other parts: \
                       theirs is in their maker's driver for Windows (hex2hcd makes hcd of hex)";

/// LMP subversions of parts on USB, and what the files are named for.
#[rustfmt::skip]
const PARTS: [(u16, &str); 12] = [
    (0x2105, "BCM20703A1"),
    (0x210b, "BCM43142A0"),
    (0x2112, "BCM4314A0"),
    (0x2118, "BCM20702A0"),
    (0x2126, "BCM4335A0"),
    (0x220e, "BCM20702A1"),
    (0x230f, "BCM4356A2"),
    (0x4106, "BCM4335B0"),
    (0x410e, "BCM20702B0"),
    (0x6109, "BCM4335C0"),
    (0x610c, "BCM4354"),
    (0x6607, "BCM4350C5"),
];

pub(super) async fn set_up(
    controller: &Controller,
    version: LocalVersion,
) -> Result<Outcome, Failure> {
    if build(version) != 0 {
        let why = format!("runs Broadcom's build {:04} already", build(version));
        return Ok(Outcome::NotNeeded(why));
    }
    reset(controller).await?;
    let names = names(controller, version).await?;
    let works = |failure| Failure { works_without: true, ..failure };
    let (name, file) = controller.load_first(&names, PACKAGE).await.map_err(works)?;
    let hcd =
        Hcd::parse(&file).map_err(|why| works(Failure::file("reading the patch", &name, why)))?;
    controller.command("starting the download", DOWNLOAD_MINIDRIVER, &[]).await?;
    controller.pause("waiting for the minidriver", AFTER_MINIDRIVER).await?;
    for (opcode, parameters) in hcd.commands() {
        controller.command("downloading the patch", opcode, parameters).await?;
    }
    controller.pause("waiting for the patch to start", AFTER_LAUNCH).await?;
    reset(controller).await?;
    let version = LocalVersion::read(controller).await?;
    Ok(Outcome::Loaded { files: vec![name], version: format!("build {:04}", build(version)) })
}

fn build(version: LocalVersion) -> u16 {
    version.hci_revision & 0x0fff
}

async fn reset(controller: &Controller) -> Result<(), Failure> {
    controller.command("resetting", RESET, &[]).await?;
    controller.pause("waiting for the reset", AFTER_RESET).await
}

/// The files' names have the ids that the chip knows of itself, which are not always those on the bus.
async fn names(controller: &Controller, version: LocalVersion) -> Result<Vec<String>, Failure> {
    let what = "reading the USB product";
    let answer = controller.command(what, READ_USB_PRODUCT, &[]).await?;
    let [v0, v1, p0, p1] = answer[..] else {
        return Err(Failure::answer(what, format!("{} bytes", answer.len())));
    };
    let (vendor, product) = (u16::from_le_bytes([v0, v1]), u16::from_le_bytes([p0, p1]));
    let name = |part: &str| format!("brcm/{part}-{vendor:04x}-{product:04x}.hcd");
    let known = PARTS.iter().filter(|(subversion, _)| *subversion == version.lmp_subversion);
    Ok(known.map(|(_, part)| *part).chain(["BCM"]).map(name).collect())
}
