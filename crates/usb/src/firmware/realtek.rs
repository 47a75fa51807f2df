//! Realtek. **Not yet tried on hardware.**
//!
//! A chip that runs its ROM is known by its local version; a patched one reports the patch's version
//! instead. The ROM's own version picks the patch out of the file, which is downloaded in fragments
//! with the settings behind it, and runs at once.

use std::time::Duration;

use super::controller::Controller;
use super::file::{Epatch, RealtekConfig};
use super::parts::LocalVersion;
use super::step::{Failure, Outcome, Reason};

const DOWNLOAD: u16 = 0xfc20;
const READ_REGISTER: u16 = 0xfc61;
const DROP_PATCH: u16 = 0xfc66;
const READ_ROM_VERSION: u16 = 0xfc6d;
/// The register with the chip's key, as [`READ_REGISTER`] wants it.
const KEY: [u8; 5] = [0x10, 0xa4, 0xad, 0x00, 0xb0];
const FRAGMENT: usize = 252;
/// In the index of the last fragment.
const LAST: u8 = 0x80;
/// A chip that drops its patch does not say so.
const DROPPING: Duration = Duration::from_millis(200);
const PACKAGE: &str = "firmware-realtek";

/// What a part's ROM says of itself, and what the part wants.
struct Part {
    lmp_subversion: u16,
    hci_revision: u16,
    /// Any if `None`.
    hci_version: Option<u8>,
    /// What its files are named for.
    stem: &'static str,
    settings: Settings,
}

/// Whether there are settings beside the patch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Settings {
    Absent,
    Optional,
    Needed,
}
use Settings::{Absent, Needed, Optional};

const fn part(
    lmp_subversion: u16,
    hci_revision: u16,
    hci_version: Option<u8>,
    stem: &'static str,
    settings: Settings,
) -> Part {
    Part { lmp_subversion, hci_revision, hci_version, stem, settings }
}

#[rustfmt::skip]
const PARTS: [Part; 16] = [
    part(0x1200, 0x0b, Some(0x06), "rtl8723a", Absent),
    part(0x8723, 0x0b, Some(0x06), "rtl8723b", Optional),
    part(0x8723, 0x0d, Some(0x08), "rtl8723d", Needed),
    part(0x8761, 0x0a, Some(0x06), "rtl8761a", Optional),
    part(0x8761, 0x0b, Some(0x0a), "rtl8761bu", Optional),
    part(0x8761, 0x0e, None,       "rtl8761cu", Optional),
    part(0x8821, 0x0a, Some(0x06), "rtl8821a", Optional),
    part(0x8821, 0x0c, Some(0x08), "rtl8821c", Optional),
    part(0x8822, 0x0b, Some(0x07), "rtl8822b", Needed),
    part(0x8822, 0x0c, Some(0x0a), "rtl8822cu", Optional),
    part(0x8851, 0x0b, Some(0x0c), "rtl8851bu", Optional),
    part(0x8852, 0x0a, Some(0x0b), "rtl8852au", Optional),
    part(0x8852, 0x0b, Some(0x0b), "rtl8852bu", Optional),
    part(0x8852, 0x0c, Some(0x0c), "rtl8852cu", Optional),
    part(0x8852, 0x87, Some(0x0c), "rtl8852btu", Optional),
    part(0x8922, 0x0a, Some(0x0c), "rtl8922au", Optional),
];

/// The number of a file's project, and the LMP subversion of the ROMs that it is for.
#[rustfmt::skip]
const PROJECTS: [(u8, u16); 17] = [
    (0, 0x1200), (1, 0x8723), (2, 0x8821), (3, 0x8761), (7, 0x8703), (8, 0x8822), (9, 0x8723),
    (10, 0x8821), (13, 0x8822), (14, 0x8761), (18, 0x8852), (20, 0x8852), (25, 0x8852),
    (36, 0x8851), (44, 0x8922), (47, 0x8852), (51, 0x8761),
];

impl Part {
    fn of(version: LocalVersion) -> Option<&'static Part> {
        PARTS.iter().find(|part| {
            part.lmp_subversion == version.lmp_subversion
                && part.hci_revision == version.hci_revision
                && part.hci_version.is_none_or(|hci| hci == version.hci_version)
        })
    }

    /// The oldest has no patches in its file, but a whole firmware.
    fn is_whole(&self) -> bool {
        self.lmp_subversion == 0x1200
    }

    fn firmware(&self) -> Vec<String> {
        let name = |suffix| format!("rtl_bt/{}_fw{suffix}.bin", self.stem);
        match self.stem {
            "rtl8852cu" => vec![name("_v2"), name("")],
            _ => vec![name("")],
        }
    }

    fn config(&self) -> String {
        format!("rtl_bt/{}_config.bin", self.stem)
    }
}

pub(super) async fn set_up(
    controller: &Controller,
    mut version: LocalVersion,
    afresh: bool,
) -> Result<Outcome, Failure> {
    if afresh && Part::of(version).is_none() {
        controller.tell("dropping the old patch", DROP_PATCH, &[], DROPPING).await?;
        version = LocalVersion::read(controller).await?;
    }
    let Some(part) = Part::of(version) else {
        return not_a_rom(version);
    };
    let (name, file) = controller.load_first(&part.firmware(), PACKAGE).await?;
    let mut files = vec![name];
    let (mut image, key) = match part.is_whole() {
        true => (whole(&files[0], file)?, 0),
        false => patch(controller, part, &files[0], &file).await?,
    };
    // A chip with a key takes nothing that is not signed.
    if key == 0
        && let Some(config) = config(controller, part).await?
    {
        image.extend(config);
        files.push(part.config());
    }
    download(controller, &image).await?;
    let version = LocalVersion::read(controller).await?;
    Ok(Outcome::Loaded { files, version: version_of_patch(version) })
}

/// What is to be said of a chip that runs no ROM we know.
fn not_a_rom(version: LocalVersion) -> Result<Outcome, Failure> {
    if PROJECTS.iter().any(|(_, rom)| *rom == version.lmp_subversion) {
        let LocalVersion { lmp_subversion, hci_revision, hci_version, .. } = version;
        let part = format!(
            "Realtek's part {lmp_subversion:04x} of revision {hci_revision:04x}, \
             HCI version {hci_version:02x},"
        );
        let failure = Failure::not_supported("finding out what it is", part);
        return Err(Failure { works_without: true, ..failure });
    }
    Ok(Outcome::NotNeeded(format!("runs Realtek's patch {} already", version_of_patch(version))))
}

fn version_of_patch(version: LocalVersion) -> String {
    format!("{:04x}{:04x}", version.hci_revision, version.lmp_subversion)
}

fn whole(name: &str, file: Vec<u8>) -> Result<Vec<u8>, Failure> {
    match Epatch::is_one(&file) || file.len() < 8 {
        true => Err(Failure::file("reading the firmware", name, "is for newer parts, or cut off")),
        false => Ok(file),
    }
}

/// The patch for the chip, and the chip's key.
async fn patch(
    controller: &Controller,
    part: &Part,
    name: &str,
    file: &[u8],
) -> Result<(Vec<u8>, u8), Failure> {
    let bad = |why| Failure::file("reading the patch", name, why);
    let epatch = Epatch::parse(file).map_err(|it| bad(it.to_string()))?;
    if !PROJECTS.contains(&(epatch.project(), part.lmp_subversion)) {
        return Err(bad(format!("is for another part (project {})", epatch.project())));
    }
    let what = "reading the ROM's version";
    let answer = controller.command(what, READ_ROM_VERSION, &[]).await?;
    let &[rom_version] = &answer[..] else {
        return Err(Failure::answer(what, format!("{} bytes", answer.len())));
    };
    let mut key = 0;
    if epatch.has_keys() {
        let what = "reading the chip's key";
        let answer = controller.command(what, READ_REGISTER, &KEY).await?;
        key = *answer.first().ok_or_else(|| Failure::answer(what, "it is empty"))?;
    }
    let patch = epatch.patch(rom_version, key).map_err(|it| bad(it.to_string()))?;
    Ok((patch, key))
}

async fn config(controller: &Controller, part: &Part) -> Result<Option<Vec<u8>>, Failure> {
    if part.settings == Absent {
        return Ok(None);
    }
    let name = part.config();
    match controller.load(&name).await? {
        Some(bytes) => match RealtekConfig::parse(&bytes) {
            Ok(config) => Ok(Some(config.bytes().to_vec())),
            Err(why) => Err(Failure::file("reading the settings", &name, why)),
        },
        None if part.settings == Needed => {
            let reason = Reason::Missing { files: vec![name], package: PACKAGE };
            Err(Failure::new("looking for the settings", reason))
        }
        None => Ok(None),
    }
}

/// Fragments are counted from 0 to 127, and on from 1; the last is shorter than the others, and empty
/// if it must be.
async fn download(controller: &Controller, image: &[u8]) -> Result<(), Failure> {
    let last = image.len() / FRAGMENT;
    let indices = (0..0x80).chain((1..0x80).cycle());
    for (n, index) in (0..=last).zip(indices) {
        let data = &image[n * FRAGMENT..image.len().min((n + 1) * FRAGMENT)];
        let index = if n == last { index | LAST } else { index };
        let fragment = [&[index], data].concat();
        controller.command("downloading the patch", DOWNLOAD, &fragment).await?;
    }
    Ok(())
}
