//! MediaTek's firmware from the MT7921 on, `mediatek/BT_RAM_CODE_*_hdr.bin`.
//!
//! A header (32 bytes: date, platform, hardware and software version), a global descriptor (64; its
//! fourth u32 is the number of sections), then a map of 64 bytes for each section: type, offset,
//! size, and 13 u32 that the chip is told before the section; of these the second is the length of
//! what is downloaded, 0 if the section is not for the chip. Integers are little-endian.

use super::{BadFile, array, stretch, u32_at};

const HEADER: usize = 32;
const DESCRIPTOR: usize = 64;
const MAP: usize = 64;
/// Offset, in a map, of what the chip is told.
const FOR_THE_CHIP: usize = 12;
/// No file may have more sections; Debian's have up to five.
const SECTIONS: u32 = 64;

/// A firmware file.
#[derive(Debug, Clone, Copy)]
pub struct MediaTekPatch<'a> {
    bytes: &'a [u8],
    sections: u32,
}

/// A section that is for the chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section<'a> {
    /// What the chip is told of it.
    pub map: [u8; 52],
    /// What is downloaded; never empty.
    pub data: &'a [u8],
}

impl<'a> MediaTekPatch<'a> {
    /// Reads the maps of all sections.
    pub fn parse(bytes: &'a [u8]) -> Result<MediaTekPatch<'a>, BadFile> {
        let sections = u32_at(bytes, HEADER + 12).ok_or(BadFile("is cut off"))?;
        if sections > SECTIONS {
            return Err(BadFile("is no MediaTek firmware: it has too many sections"));
        }
        let patch = MediaTekPatch { bytes, sections };
        if !(0..sections).all(|n| patch.section(n).is_some()) {
            return Err(BadFile("has a section that is not in it: it is cut off or damaged"));
        }
        match patch.sections().next() {
            Some(_) => Ok(patch),
            None => Err(BadFile("has nothing for the chip")),
        }
    }

    /// When it was built: digits of the year first.
    pub fn date(&self) -> String {
        let date = self.bytes.iter().take(16).take_while(|byte| byte.is_ascii_alphanumeric());
        date.map(|byte| char::from(*byte)).collect()
    }

    /// The sections that are for the chip.
    pub fn sections(&self) -> impl Iterator<Item = Section<'a>> + use<'a> {
        let patch = *self;
        (0..self.sections)
            .filter_map(move |n| patch.section(n))
            .filter(|section| !section.data.is_empty())
    }

    fn section(&self, n: u32) -> Option<Section<'a>> {
        let at = HEADER + DESCRIPTOR + MAP * usize::try_from(n).ok()?;
        let map = array(self.bytes, at + FOR_THE_CHIP)?;
        let data = match u32_at(&map, 4)? {
            0 => &[],
            length => stretch(self.bytes, u32_at(self.bytes, at + 4)?, length)?,
        };
        Some(Section { map, data })
    }
}
