//! MediaTek, from the MT7921 on. **Not yet tried on hardware.**
//!
//! These parts do not answer HCI before they have their firmware and Bluetooth is switched on in it.
//! They are told what to do in WMT commands, which are HCI commands that are answered by an event of
//! their own; the answer has to be fetched by control requests. Each section of the firmware says by
//! its answer if the chip has it already, as it has if the kernel's driver was here before.

use std::time::Duration;

use super::controller::Controller;
use super::file::{MediaTekPatch, Section};
use super::step::{Failure, Outcome, Reason, Request};

const WMT: u16 = 0xfc6f;
const WMT_EVENT: u8 = 0xe4;
/// WMT operations.
const PATCH_DOWNLOAD: u8 = 0x01;
const FUNCTION_CONTROL: u8 = 0x06;
/// What a flag says in the answer to [`PATCH_DOWNLOAD`].
const BUSY: u8 = 1;
const DONE: u8 = 2;
/// What a flag says of a piece of a section.
const FIRST: u8 = 1;
const MIDDLE: u8 = 2;
const LAST: u8 = 3;
const PIECE: usize = 250;

/// Answers are not there at once: how long to wait before each try, and how many tries.
const BETWEEN_TRIES: Duration = Duration::from_micros(500);
const TRIES: u32 = 10_000;
/// How often a section may be busy, and for how long each time.
const BUSY_TIMES: usize = 20;
const WHILE_BUSY: Duration = Duration::from_millis(100);
const STARTING: Duration = Duration::from_millis(120);
const PACKAGE: &str = "firmware-misc-nonfree (Debian 12) or firmware-mediatek (13)";

/// Registers.
const OLD_CHIP_ID: u32 = 0x8000_0008;
const CHIP_ID: u32 = 0x7001_0200;
const FIRMWARE_VERSION: u32 = 0x8002_1004;
const FLAVOUR: u32 = 0x7001_0020;
const RESET_OPTIONS: u32 = 0x7401_1890;
/// Reset of both directions of the endpoints.
const RESET_IN_AND_OUT: u32 = 0x0001_0001;

pub(super) async fn set_up(controller: &Controller) -> Result<Outcome, Failure> {
    let name = name(controller).await?;
    let (name, file) = controller.load_first(&[name], PACKAGE).await?;
    let patch = MediaTekPatch::parse(&file)
        .map_err(|why| Failure::file("reading the firmware", &name, why))?;
    let mut downloaded = 0;
    for section in patch.sections() {
        if wanted(controller, &section).await? {
            download(controller, section.data).await?;
            downloaded += 1;
        }
    }
    controller.pause("waiting for the firmware to start", STARTING).await?;
    write(controller, RESET_OPTIONS, RESET_IN_AND_OUT).await?;
    let on = "switching Bluetooth on";
    wmt(controller, on, FUNCTION_CONTROL, 0, &[1]).await?;
    Ok(match downloaded {
        0 => Outcome::NotNeeded("the controller has MediaTek's firmware already".to_owned()),
        _ => Outcome::Loaded { files: vec![name], version: patch.date() },
    })
}

/// The firmware's name, by what the chip's registers say.
async fn name(controller: &Controller) -> Result<String, Failure> {
    let what = "finding out what it is";
    let old = read(controller, what, OLD_CHIP_ID).await?;
    let chip = match old {
        0x7663 => old,
        _ => read(controller, what, CHIP_ID).await?,
    };
    let folder = match chip {
        0x7902 | 0x7922 | 0x7961 => "",
        0x7925 => "mt7925/",
        _ => return Err(Failure::not_supported(what, format!("MediaTek's part {chip:04x}"))),
    };
    let version = (read(controller, what, FIRMWARE_VERSION).await? & 0xff) + 1;
    let flavour = match read(controller, what, FLAVOUR).await? & 0x80 {
        0x80 if chip == 0x7961 => "1a",
        _ => "1",
    };
    Ok(format!("mediatek/{folder}BT_RAM_CODE_MT{chip:04x}_{flavour}_{version:x}_hdr.bin"))
}

/// Tells the chip of a section; whether it wants it.
async fn wanted(controller: &Controller, section: &Section<'_>) -> Result<bool, Failure> {
    let what = "announcing a section";
    // The byte before the map is the way of downloading: 0, the only one here.
    let announcement = [&[0], &section.map[..]].concat();
    for _ in 0..BUSY_TIMES {
        match wmt(controller, what, PATCH_DOWNLOAD, 0, &announcement).await?.flag {
            DONE => return Ok(false),
            BUSY => controller.pause("waiting for the chip", WHILE_BUSY).await?,
            _ => return Ok(true),
        }
    }
    Err(Failure::answer(what, "it stays busy"))
}

async fn download(controller: &Controller, section: &[u8]) -> Result<(), Failure> {
    let what = "downloading a section";
    let mut pieces = section.chunks(PIECE).enumerate().peekable();
    while let Some((n, piece)) = pieces.next() {
        let flag = match (n, pieces.peek()) {
            (0, _) => FIRST,
            (_, Some(_)) => MIDDLE,
            (_, None) => LAST,
        };
        if wmt(controller, what, PATCH_DOWNLOAD, flag, piece).await?.flag == BUSY {
            return Err(Failure::answer(what, "it is busy in the middle of it"));
        }
    }
    Ok(())
}

/// The answer to a WMT command.
struct Answer {
    flag: u8,
}

async fn wmt(
    controller: &Controller,
    what: &'static str,
    operation: u8,
    flag: u8,
    data: &[u8],
) -> Result<Answer, Failure> {
    let length = u16::try_from(data.len() + 1).expect("no WMT command is longer than a piece");
    let [low, high] = length.to_le_bytes();
    let command = [&[1, operation, low, high, flag], data].concat();
    controller.forget_events();
    controller.tell(what, WMT, &command, BETWEEN_TRIES).await?;
    let event = answer(controller, what).await?;
    match event[..] {
        // Direction, operation, length, flag.
        [_, answered, _, _, flag, ..] if answered == operation => Ok(Answer { flag }),
        _ => Err(Failure::answer(what, format!("{event:02x?}"))),
    }
}

/// The parameters of the WMT event, which is fetched; it may come by itself as well.
async fn answer(controller: &Controller, what: &'static str) -> Result<Vec<u8>, Failure> {
    for _ in 0..TRIES {
        if let Some(event) = controller.kept(WMT_EVENT, &[]) {
            return Ok(event);
        }
        let fetch =
            Request { kind: 0xc0, request: 1, value: 48, index: 0, data: Vec::new(), read: 64 };
        match &controller.request(what, fetch).await?[..] {
            [] => controller.pause(what, BETWEEN_TRIES).await?,
            [WMT_EVENT, length, event @ ..] if event.len() >= usize::from(*length) => {
                return Ok(event[..usize::from(*length)].to_vec());
            }
            other => return Err(Failure::answer(what, format!("{other:02x?}"))),
        }
    }
    Err(Failure::new(what, Reason::NoAnswer(BETWEEN_TRIES * TRIES)))
}

async fn read(controller: &Controller, what: &'static str, register: u32) -> Result<u32, Failure> {
    let [value, index] = halves(register);
    let request = Request { kind: 0xc0, request: 0x63, value, index, data: Vec::new(), read: 4 };
    let data = controller.request(what, request).await?;
    match data[..] {
        [a, b, c, d] => Ok(u32::from_le_bytes([a, b, c, d])),
        _ => Err(Failure::answer(what, format!("{} bytes of a register", data.len()))),
    }
}

async fn write(controller: &Controller, register: u32, content: u32) -> Result<(), Failure> {
    let [value, index] = halves(register);
    let data = content.to_le_bytes().to_vec();
    let request = Request { kind: 0x5e, request: 0x02, value, index, data, read: 0 };
    controller.request("setting the reset options", request).await.map(drop)
}

fn halves(register: u32) -> [u16; 2] {
    [register >> 16, register & 0xffff].map(|half| u16::try_from(half).expect("a half fits"))
}
