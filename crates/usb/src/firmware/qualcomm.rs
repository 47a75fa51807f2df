//! Qualcomm, from the Rome chips (QCA6174, QCA9377) on. **Not yet tried on hardware.**
//!
//! All of it goes through control requests and bulk out, none through HCI. The chip says what it has: a
//! patch of its ROM, and settings; what it lacks is sent, the header of a file first.

use std::time::Duration;

use super::controller::Controller;
use super::file::{PatchHeader, QualcommFile};
use super::step::{Failure, Outcome, Request};

/// Vendor requests.
const DOWNLOAD: u8 = 0x01;
const READ_STATUS: u8 = 0x05;
const READ_VERSION: u8 = 0x09;
/// In the status: what the chip has.
const HAS_SETTINGS: u8 = 0x40;
const HAS_PATCH: u8 = 0x80;
/// In the upper byte of the version's flags: settings are for one board.
const BY_BOARD: u16 = 0x80;
/// RAM versions whose settings have a name of their own.
const GF: [u32; 2] = [0x400c_1200, 0x400c_1211];

const PIECE: usize = 4096;
/// How long the chip takes to be ready for the body of a file.
const SWITCHING: Duration = Duration::from_millis(20);
/// From this ROM on a chip starts again when it has its settings.
const RESTARTS_FROM: u32 = 0x0013_0201;
const RESTARTING: Duration = Duration::from_millis(100);
const PACKAGE: &str = "firmware-atheros";

/// ROM versions, and their patches' headers: length, offset of the versions.
#[rustfmt::skip]
const PARTS: [(u32, usize, usize); 10] = [
    (0x0000_0100, 20,  8), // Rome 1.0
    (0x0000_0101, 20,  8), // Rome 1.1
    (0x0000_0200, 28, 16), // Rome 2.0
    (0x0000_0201, 28, 16), // Rome 2.1
    (0x0000_0300, 28, 16), // Rome 3.0
    (0x0000_0302, 28, 16), // Rome 3.2
    (0x0013_0100, 40, 16), // WCN6855 1.0
    (0x0013_0200, 40, 16), // WCN6855 2.0
    (0x0013_0201, 40, 16), // WCN6855 2.1
    (0x0019_0200, 40, 16), // WCN785x 2.0
];

struct Version {
    rom: u32,
    patch: u32,
    ram: u32,
    board: u16,
    flags: u16,
}

pub(super) async fn set_up(controller: &Controller) -> Result<Outcome, Failure> {
    let version = Version::read(controller).await?;
    let Some((_, length, versions)) = PARTS.into_iter().find(|(rom, ..)| *rom == version.rom)
    else {
        let part = format!("Qualcomm's or Atheros' part of ROM {:08x}", version.rom);
        let failure = Failure::not_supported(WHAT, part);
        return Err(Failure { works_without: true, ..failure });
    };
    let status = read(controller, READ_STATUS, 1).await?;
    let status = *status.first().ok_or_else(|| Failure::answer(WHAT, "no status"))?;
    let mut files = Vec::new();
    if status & HAS_PATCH == 0 {
        let header = PatchHeader { length, versions };
        files.push(patch(controller, &version, header).await?);
    }
    if status & HAS_SETTINGS == 0 {
        // The patch may have its say on which settings these are.
        let version = Version::read(controller).await?;
        files.push(settings(controller, &version).await?);
        if version.rom >= RESTARTS_FROM {
            controller.pause("waiting for the restart", RESTARTING).await?;
        }
    }
    if files.is_empty() {
        let why = format!("runs Qualcomm's patch {:04x} already", version.patch);
        return Ok(Outcome::NotNeeded(why));
    }
    let version = Version::read(controller).await?;
    Ok(Outcome::Loaded { files, version: format!("patch {:04x}", version.patch) })
}

async fn patch(
    controller: &Controller,
    version: &Version,
    header: PatchHeader,
) -> Result<String, Failure> {
    let name = format!("qca/rampatch_usb_{:08x}.bin", version.rom);
    let (name, bytes) = controller.load_first(&[name], PACKAGE).await?;
    let bad = |why| Failure::file("reading the patch", &name, why);
    let (file, patch) =
        QualcommFile::patch(&bytes, header, version.rom).map_err(|it| bad(it.to_string()))?;
    if u32::from(patch) <= version.patch {
        return Err(bad(format!("is no newer ({patch:04x}) than what the chip has")));
    }
    download(controller, "downloading the patch", file).await?;
    Ok(name)
}

async fn settings(controller: &Controller, version: &Version) -> Result<String, Failure> {
    let (name, bytes) = controller.load_first(&[version.settings()], PACKAGE).await?;
    let file = QualcommFile::settings(&bytes)
        .map_err(|why| Failure::file("reading the settings", &name, why))?;
    download(controller, "downloading the settings", file).await?;
    Ok(name)
}

async fn download(
    controller: &Controller,
    what: &'static str,
    file: QualcommFile<'_>,
) -> Result<(), Failure> {
    let data = file.header.to_vec();
    let request = Request { kind: 0x40, request: DOWNLOAD, value: 0, index: 0, data, read: 0 };
    controller.request(what, request).await?;
    controller.pause("waiting for the chip", SWITCHING).await?;
    for piece in file.body.chunks(PIECE) {
        controller.bulk(what, piece).await?;
    }
    Ok(())
}

const WHAT: &str = "finding out what it is";

async fn read(controller: &Controller, request: u8, length: u16) -> Result<Vec<u8>, Failure> {
    let data = Vec::new();
    let request = Request { kind: 0xc0, request, value: 0, index: 0, data, read: length };
    controller.request(WHAT, request).await
}

impl Version {
    async fn read(controller: &Controller) -> Result<Version, Failure> {
        let answer = read(controller, READ_VERSION, 20).await?;
        let Some((words, [chip, platform, f0, f1, ..])) = answer.split_first_chunk::<12>() else {
            return Err(Failure::answer(WHAT, format!("{} bytes of a version", answer.len())));
        };
        let word = |n: usize| u32::from_le_bytes(std::array::from_fn(|at| words[4 * n + at]));
        Ok(Version {
            rom: word(0),
            patch: word(1),
            ram: word(2),
            board: u16::from_be_bytes([*chip, *platform]),
            flags: u16::from_le_bytes([*f0, *f1]),
        })
    }

    fn settings(&self) -> String {
        let stem = format!("qca/nvm_usb_{:08x}", self.rom);
        let variant = if GF.contains(&self.ram) { "_gf" } else { "" };
        match self.board {
            _ if self.flags >> 8 != BY_BOARD => format!("{stem}.bin"),
            0 => format!("{stem}{variant}.bin"),
            board => format!("{stem}{variant}_{board:04x}.bin"),
        }
    }
}
