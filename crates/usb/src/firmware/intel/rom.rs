//! Intel's older parts, Wilkins Peak (7260) and Stone Peak (7265). **Not yet tried on hardware.**
//!
//! They run from ROM and work so. In manufacturer mode they take a patch, which is a conversation
//! that is repeated from a file, and start it when they leave the mode.

use super::version::{Legacy, Version};
use super::{PACKAGE, READING, read_version};
use crate::firmware::controller::Controller;
use crate::firmware::file::Bseq;
use crate::firmware::step::{Failure, Outcome};

const MANUFACTURER_MODE: u16 = 0xfc11;
const ENTER: [u8; 2] = [1, 0];
const LEAVE: [u8; 2] = [0, 0];
const LEAVE_UNPATCHED: [u8; 2] = [0, 1];
const LEAVE_PATCHED: [u8; 2] = [0, 2];

pub(super) async fn patch(controller: &Controller, version: Legacy) -> Result<Outcome, Failure> {
    if version.patch != 0 {
        return Ok(Outcome::NotNeeded(format!("has Intel's patch {} already", version.patch)));
    }
    let works = |failure| Failure { works_without: true, ..failure };
    let (name, file) =
        controller.load_first(&version.patch_files(), PACKAGE).await.map_err(works)?;
    let bseq =
        Bseq::parse(&file).map_err(|why| works(Failure::file("reading the patch", &name, why)))?;
    controller.command("entering manufacturer mode", MANUFACTURER_MODE, &ENTER).await?;
    let told = tell(controller, bseq).await;
    let leave = match (&told, bseq.has_patch()) {
        (Err(_), _) => LEAVE_UNPATCHED,
        (Ok(()), true) => LEAVE_PATCHED,
        (Ok(()), false) => LEAVE,
    };
    let left = controller.command("leaving manufacturer mode", MANUFACTURER_MODE, &leave).await;
    // Without its patch it works, if only it has left the mode.
    told.map_err(|failure| Failure { works_without: left.is_ok(), ..failure })?;
    left?;
    match read_version(controller, &[]).await? {
        Version::Legacy(now) => {
            Ok(Outcome::Loaded { files: vec![name], version: format!("{now} patch {}", now.patch) })
        }
        Version::Tlv(_) => Err(Failure::answer(READING, "it is of the new form")),
    }
}

async fn tell(controller: &Controller, bseq: Bseq<'_>) -> Result<(), Failure> {
    let what = "sending the patch";
    for exchange in bseq.exchanges() {
        let (opcode, parameters) = (exchange.opcode, exchange.parameters);
        let answer = controller.converse(what, opcode, parameters, exchange.code).await?;
        if answer != exchange.answer {
            return Err(Failure::answer(what, format!("{answer:02x?} to {opcode:04x}")));
        }
    }
    Ok(())
}
