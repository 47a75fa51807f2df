//! Broadcom's patch files, `brcm/*.hcd`: HCI commands, one behind the other. All but the last write
//! into the chip's memory, and the last (0xFC4E, Launch RAM) starts what was written.

use super::{BadFile, split_command};

const WRITE_RAM: u16 = 0xfc4c;
const LAUNCH_RAM: u16 = 0xfc4e;

/// A patch file.
#[derive(Debug, Clone, Copy)]
pub struct Hcd<'a>(&'a [u8]);

impl<'a> Hcd<'a> {
    /// Walks through all of its commands.
    pub fn parse(bytes: &'a [u8]) -> Result<Hcd<'a>, BadFile> {
        let mut rest = bytes;
        loop {
            let (opcode, _, behind) =
                split_command(rest).ok_or(BadFile("is no row of HCI commands, or is cut off"))?;
            rest = behind;
            match opcode {
                WRITE_RAM => {}
                LAUNCH_RAM if rest.is_empty() => return Ok(Hcd(bytes)),
                LAUNCH_RAM => return Err(BadFile("goes on behind its end")),
                _ => return Err(BadFile("has a command that is none of a patch")),
            }
        }
    }

    /// The commands: opcode and parameters.
    pub fn commands(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (opcode, packet, behind) = split_command(rest)?;
            rest = behind;
            Some((opcode, &packet[3..]))
        })
    }
}
