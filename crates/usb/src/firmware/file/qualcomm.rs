//! Qualcomm's files, `qca/rampatch_usb_*.bin` and `qca/nvm_usb_*.bin`: a kind (u8) and the length of
//! all that follows (24 bits), little-endian. A patch (kind 1) has a header whose length depends on
//! the part, in which are the ROM that it is for and its own version; settings (kind 2) have no more
//! of a header.

use super::{BadFile, u16_at, u32_at};

const PATCH: u8 = 1;
const SETTINGS: u8 = 2;
const SETTINGS_HEADER: usize = 4;

/// A patch or settings: what is sent in a control request, and what over bulk out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QualcommFile<'a> {
    /// What is sent first.
    pub header: &'a [u8],
    /// The rest.
    pub body: &'a [u8],
}

/// Where the headers of a part's patches have what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatchHeader {
    /// Its length.
    pub length: usize,
    /// Offset of the versions: the ROM's upper and lower half, the patch's (u16 each).
    pub versions: usize,
}

impl<'a> QualcommFile<'a> {
    /// A patch for this ROM; its version too.
    pub fn patch(
        bytes: &'a [u8],
        header: PatchHeader,
        rom: u32,
    ) -> Result<(QualcommFile<'a>, u16), BadFile> {
        const SHORT: BadFile = BadFile("is cut off");
        let file = split(bytes, PATCH, header.length)?;
        let half = |n: usize| u16_at(file.header, header.versions + 2 * n).ok_or(SHORT);
        let (high, low, version) = (u32::from(half(0)?), u32::from(half(1)?), half(2)?);
        // Older patches have something else where the upper half would be.
        let for_rom = if rom > 0xffff { high << 16 | low } else { low };
        match for_rom == rom {
            true => Ok((file, version)),
            false => Err(BadFile("is for another ROM")),
        }
    }

    /// Settings.
    pub fn settings(bytes: &'a [u8]) -> Result<QualcommFile<'a>, BadFile> {
        split(bytes, SETTINGS, SETTINGS_HEADER)
    }
}

fn split(bytes: &[u8], kind: u8, header: usize) -> Result<QualcommFile<'_>, BadFile> {
    let start = u32_at(bytes, 0).unwrap_or(0);
    if start.to_le_bytes()[0] != kind {
        return Err(BadFile("is no such Qualcomm file"));
    }
    if usize::try_from(start >> 8).ok() != Some(bytes.len() - 4) {
        return Err(BadFile("is not as long as it says: it is cut off or damaged"));
    }
    let (header, body) = bytes.split_at_checked(header).ok_or(BadFile("is cut off"))?;
    Ok(QualcommFile { header, body })
}
