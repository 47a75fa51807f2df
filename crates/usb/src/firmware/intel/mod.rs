//! Intel, from the 7260 on. **Not yet tried on hardware.**
//!
//! The oldest are patched ([`rom`]). All others run a boot loader after power-up, which knows few
//! commands. It is sent the firmware's header, key and signature, which it checks, then the firmware,
//! all over bulk out; it says in an event that it has all of it, and is told where to boot. The
//! firmware says in an event that it runs, and takes its settings. The newest (Blazar) boot an
//! intermediate loader first, which is then sent the firmware in the same way.

mod rom;
mod version;

use std::time::Duration;

use super::controller::Controller;
use super::file::{Ddc, Engine, Sfi};
use super::step::{Failure, Outcome, Reason};
use version::{Image, Legacy, Tlv, Version};

const RESET: u16 = 0x0c03;
const INTEL_RESET: u16 = 0xfc01;
const READ_VERSION: u16 = 0xfc05;
const SECURE_SEND: u16 = 0xfc09;
const READ_BOOT_PARAMS: u16 = 0xfc0d;
const WRITE_DDC: u16 = 0xfc8b;

/// What a fragment sent by [`SECURE_SEND`] is part of.
const HEADER: u8 = 0x00;
const DATA: u8 = 0x01;
const SIGNATURE: u8 = 0x02;
const KEY: u8 = 0x03;
/// Bytes of a fragment, behind what it is part of.
const FRAGMENT: usize = 252;

/// The vendor's event, and what its parameters begin with.
const BOOTED: (u8, &[u8]) = (0xff, &[0x02]);
const RECEIVED: (u8, &[u8]) = (0xff, &[0x06]);
const CHECKING: Duration = Duration::from_secs(5);
const BOOTING: Duration = Duration::from_secs(5);
/// How long a part that boots its boot loader holds its USB lines.
const GONE: Duration = Duration::from_millis(150);
const PACKAGE: &str = "firmware-iwlwifi";

/// Products that do not hear well before a reset: after being switched off, or in their first answer.
const RESET_FIRST: [u16; 4] = [0x0026, 0x07dc, 0x0a2a, 0x0aa7];

pub(super) async fn set_up(controller: &Controller, product: u16) -> Result<Outcome, Failure> {
    if RESET_FIRST.contains(&product) {
        // A boot loader may refuse it, and has heard it all the same.
        controller.try_command("resetting", RESET, &[]).await?;
    }
    match read_version(controller, &[0xff]).await? {
        Version::Legacy(version) => legacy(controller, version).await,
        // The firmware of some older parts answers either way; their files are named in the old one.
        Version::Tlv(version) if version.is_legacy() => {
            match read_version(controller, &[]).await? {
                Version::Legacy(version) => legacy(controller, version).await,
                Version::Tlv(_) => Err(Failure::answer(READING, "it is of the new form")),
            }
        }
        Version::Tlv(version) => tlv(controller, version).await,
    }
}

const READING: &str = "reading Intel's version";

async fn read_version(controller: &Controller, parameters: &[u8]) -> Result<Version, Failure> {
    let answer = controller.command(READING, READ_VERSION, parameters).await?;
    Version::parse(&answer)
        .ok_or_else(|| Failure::answer(READING, format!("{answer:02x?} is no version")))
}

/// Parts that answer with a version of fixed length.
async fn legacy(controller: &Controller, version: Legacy) -> Result<Outcome, Failure> {
    if version.is_rom() {
        return rom::patch(controller, version).await;
    }
    match version.image() {
        Some(Image::Firmware) => return Ok(running(&version.to_string())),
        Some(Image::BootLoader) => {}
        _ => return Err(Failure::not_supported(READING, format!("Intel's part {version}"))),
    }
    let what = "reading the boot parameters";
    let parameters = controller.command(what, READ_BOOT_PARAMS, &[]).await?;
    let (&[_, _, _, r0, r1, ..], Some(limited)) = (&parameters[..], parameters.get(20)) else {
        return Err(Failure::answer(what, format!("{} bytes", parameters.len())));
    };
    acknowledges(*limited)?;
    let Some(stem) = version.file(u16::from_le_bytes([r0, r1])) else {
        return Err(Failure::not_supported(READING, format!("Intel's part {version}")));
    };
    let mut files = vec![load(controller, &stem, Engine::RsaOnly).await?];
    let note = settings(controller, &stem, &mut files).await?;
    let version = match read_version(controller, &[]).await? {
        Version::Legacy(version) => format!("{version}{note}"),
        Version::Tlv(version) => format!("{version}{note}"),
    };
    Ok(Outcome::Loaded { files, version })
}

/// Parts that answer with a version of many fields.
async fn tlv(controller: &Controller, mut version: Tlv) -> Result<Outcome, Failure> {
    let mut files = Vec::new();
    let mut last = String::new();
    loop {
        match version.image {
            Some(Image::Firmware) if files.is_empty() => return Ok(running(&version.to_string())),
            Some(Image::Firmware) => break,
            Some(Image::BootLoader) if files.is_empty() => {}
            Some(Image::IntermediateLoader) if files.len() < 2 => {}
            _ => return Err(Failure::answer(READING, format!("{version} runs where it must not"))),
        }
        let (Some(engine), Some(stem)) = (version.engine(), version.file()) else {
            return Err(Failure::not_supported(READING, format!("Intel's part {version}")));
        };
        acknowledges(version.limited)?;
        files.push(load(controller, &stem, engine).await?);
        last = stem;
        version = match read_version(controller, &[0xff]).await? {
            Version::Tlv(version) => version,
            Version::Legacy(_) => return Err(Failure::answer(READING, "it is of the old form")),
        };
    }
    let note = settings(controller, &last, &mut files).await?;
    Ok(Outcome::Loaded { files, version: format!("{version}{note}") })
}

fn running(version: &str) -> Outcome {
    Outcome::NotNeeded(format!("runs Intel's firmware already: {version}"))
}

/// A boot loader that does not acknowledge each fragment cannot be fed from here.
fn acknowledges(limited: u8) -> Result<(), Failure> {
    match limited {
        0 => Ok(()),
        _ => Err(Failure::not_supported(READING, "a boot loader that does not acknowledge")),
    }
}

/// Sends a firmware and boots it. The file's name.
async fn load(controller: &Controller, stem: &str, engine: Engine) -> Result<String, Failure> {
    let (name, file) = controller.load_first(&[format!("{stem}.sfi")], PACKAGE).await?;
    let sfi = Sfi::parse(&file, engine)
        .map_err(|why| Failure::file("reading the firmware", &name, why))?;
    controller.forget_events();
    controller.expect_events_on_bulk(true);
    let booted = download_and_boot(controller, &sfi).await;
    controller.expect_events_on_bulk(false);
    if booted.is_err() {
        // Back to where it began, for the next to try; it leaves the bus for it, or has left it.
        let boot_loader = [0x01, 0x01, 0x01, 0x00, 0, 0, 0, 0];
        let what = "starting the boot loader again";
        let _ = controller.tell(what, INTEL_RESET, &boot_loader, GONE).await;
    }
    booted.map(|()| name)
}

async fn download_and_boot(controller: &Controller, sfi: &Sfi<'_>) -> Result<(), Failure> {
    secure_send(controller, "sending the header", HEADER, sfi.header).await?;
    secure_send(controller, "sending the key", KEY, sfi.key).await?;
    secure_send(controller, "sending the signature", SIGNATURE, sfi.signature).await?;
    for fragment in sfi.fragments() {
        secure_send(controller, "sending the firmware", DATA, fragment).await?;
    }
    let what = "waiting until the firmware is checked";
    match controller.event(what, RECEIVED, CHECKING).await?[..] {
        // Result, opcode, status.
        [_, 0, _, _, _] => {}
        [_, result, _, _, _] => return Err(Failure::new(what, Reason::Status(result))),
        ref other => return Err(Failure::answer(what, format!("{other:02x?}"))),
    }
    let mut parameters = [0x00, 0x01, 0x00, 0x01, 0, 0, 0, 0];
    parameters[4..].copy_from_slice(&sfi.boot.address.to_le_bytes());
    // Only the firmware's event answers it.
    controller.tell("booting", INTEL_RESET, &parameters, Duration::ZERO).await?;
    controller.event("waiting for the firmware to boot", BOOTED, BOOTING).await.map(drop)
}

async fn secure_send(
    controller: &Controller,
    what: &'static str,
    part: u8,
    data: &[u8],
) -> Result<(), Failure> {
    for fragment in data.chunks(FRAGMENT) {
        let parameters = [&[part], fragment].concat();
        controller.bulk_command(what, SECURE_SEND, &parameters).await?;
    }
    Ok(())
}

/// Sends the settings, if there are any. The firmware works without: if they are of no use, what is
/// returned says so.
async fn settings(
    controller: &Controller,
    stem: &str,
    files: &mut Vec<String>,
) -> Result<&'static str, Failure> {
    let name = format!("{stem}.ddc");
    let Some(file) = controller.load(&name).await? else { return Ok("") };
    let Ok(ddc) = Ddc::parse(&file) else {
        return Ok(", without its settings: their file is damaged");
    };
    for setting in ddc.settings() {
        if controller.try_command("sending the settings", WRITE_DDC, setting).await?.0 != 0 {
            return Ok(", without all of its settings: it refused one");
        }
    }
    files.push(name);
    Ok("")
}
