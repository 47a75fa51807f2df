//! Realtek's patch files, `rtl_bt/*_fw.bin`, and the settings beside them, `*_config.bin`.
//!
//! Both formats end with an extension section, which is read backwards: four bytes of signature, then
//! instructions of opcode, length and data until opcode 255; opcode 0 with one byte is the number
//! of the project that the patches are for. Integers are little-endian.
//!
//! Format 1 begins with `Realtech`, a version (u32) and the number of patches (u16), then the tables:
//! ROM versions plus one (u16 each), lengths (u16), offsets (u32). The last four bytes of a patch are
//! to be replaced by the file's version.
//!
//! Format 2 begins with `RTBTCore`, a version (8 bytes) and the number of sections (u32); a section
//! has a kind and a length (u32 both), the number of its parts (u16), two unused bytes, then the
//! parts: ROM version plus one (u8), priority (u8), key (u8), unused (u8), length (u32), data. The
//! parts that fit the chip follow each other by priority. Kinds are 1 for code, 2 for a dummy header,
//! 3 for a signature by one key; 8 and other kinds are passed over.

use super::{BadFile, array, stretch, u16_at, u32_at};

const SIGNATURE_1: [u8; 8] = *b"Realtech";
const SIGNATURE_2: [u8; 8] = *b"RTBTCore";
const EXTENSION: [u8; 4] = [0x51, 0x04, 0xfd, 0x77];
/// The shortest extension section: the signature and the instruction with the project.
const TAIL: usize = EXTENSION.len() + 3;
const HEADER_1: usize = 14;
const HEADER_2: usize = 20;

const CODE: u32 = 1;
const DUMMY_HEADER: u32 = 2;
const SIGNED_HEADER: u32 = 3;

/// A patch file.
#[derive(Debug, Clone, Copy)]
pub struct Epatch<'a> {
    bytes: &'a [u8],
    project: u8,
    format: Format,
}

#[derive(Debug, Clone, Copy)]
enum Format {
    One { version: [u8; 4] },
    Two { version: [u8; 8] },
}

impl<'a> Epatch<'a> {
    /// Whether a file begins as patch files do: those of the oldest chips do not.
    pub fn is_one(bytes: &[u8]) -> bool {
        bytes.starts_with(&SIGNATURE_1) || bytes.starts_with(&SIGNATURE_2)
    }

    /// Reads the ends of a file.
    pub fn parse(bytes: &'a [u8]) -> Result<Epatch<'a>, BadFile> {
        const SHORT: BadFile = BadFile("is cut off");
        let (format, header) = match array(bytes, 0).ok_or(SHORT)? {
            SIGNATURE_1 => (Format::One { version: array(bytes, 8).ok_or(SHORT)? }, HEADER_1),
            SIGNATURE_2 => (Format::Two { version: array(bytes, 8).ok_or(SHORT)? }, HEADER_2),
            _ => return Err(BadFile("is no Realtek patch of format 1 or 2")),
        };
        let Some(extension) = bytes.get(header..).filter(|rest| rest.len() >= TAIL) else {
            return Err(SHORT);
        };
        let instructions = extension
            .strip_suffix(&EXTENSION)
            .ok_or(BadFile("has no extension section at its end: it is cut off or damaged"))?;
        Ok(Epatch { bytes, project: project(instructions)?, format })
    }

    /// The number of the project that the patches are for.
    pub fn project(&self) -> u8 {
        self.project
    }

    /// The file's version, in hexadecimal digits.
    pub fn version(&self) -> String {
        match self.format {
            Format::One { version } => format!("{:08x}", u32::from_le_bytes(version)),
            Format::Two { version } => format!("{:016x}", u64::from_le_bytes(version)),
        }
    }

    /// Whether patches may be signed, so that the chip's key is to be asked for.
    pub fn has_keys(&self) -> bool {
        matches!(self.format, Format::Two { .. })
    }

    /// The patch for a chip of this ROM version and key (0 if it has none), ready to be downloaded.
    pub fn patch(&self, rom_version: u8, key: u8) -> Result<Vec<u8>, BadFile> {
        let chip = u16::from(rom_version) + 1;
        match self.format {
            Format::One { version } => self.single(chip, version),
            Format::Two { .. } => self.assembled(chip, key),
        }
        .ok_or(BadFile("has no patch for this version of the chip, or is damaged"))
    }

    fn single(&self, chip: u16, version: [u8; 4]) -> Option<Vec<u8>> {
        let count = usize::from(u16_at(self.bytes, 12)?);
        let lengths = HEADER_1 + 2 * count;
        let offsets = lengths + 2 * count;
        let which = (0..count).find(|n| u16_at(self.bytes, HEADER_1 + 2 * n) == Some(chip))?;
        let length = u16_at(self.bytes, lengths + 2 * which)?;
        let offset = u32_at(self.bytes, offsets + 4 * which)?;
        let (code, _) = stretch(self.bytes, offset, length.into())?.split_last_chunk::<4>()?;
        Some([code, &version].concat())
    }

    fn assembled(&self, chip: u16, key: u8) -> Option<Vec<u8>> {
        let count = u32_at(self.bytes, 16)?;
        let mut rest = self.bytes.get(HEADER_2..self.bytes.len() - TAIL)?;
        let mut parts = Vec::new();
        for _ in 0..count {
            let Some((kind, section, behind)) = split_section(rest) else { break };
            rest = behind;
            let fits = |part: &Part<'_>| match kind {
                CODE | DUMMY_HEADER => true,
                SIGNED_HEADER => key != 0 && part.key == key,
                _ => false,
            };
            let found = Part::all(section).filter(|part| u16::from(part.chip) == chip);
            parts.extend(found.filter(fits));
        }
        // Of parts with the same priority, the one that is later in the file goes first.
        parts.reverse();
        parts.sort_by_key(|part| part.priority);
        let patch: Vec<u8> = parts.iter().flat_map(|part| part.data).copied().collect();
        (!patch.is_empty()).then_some(patch)
    }
}

/// Looks for the project in the instructions, from their end.
fn project(mut instructions: &[u8]) -> Result<u8, BadFile> {
    while let [before @ .., length, opcode] = instructions {
        match (opcode, length) {
            (0xff, _) | (_, 0) => break,
            (0, 1) => return before.last().copied().ok_or(BadFile("names no project")),
            _ => instructions = &before[..before.len().saturating_sub(usize::from(*length))],
        }
    }
    Err(BadFile("names no project"))
}

/// The section that comes first: kind, content, what is behind it.
fn split_section(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let length = usize::try_from(u32_at(bytes, 4)?).ok()?;
    let (section, rest) = bytes[8..].split_at_checked(length)?;
    Some((u32_at(bytes, 0)?, section, rest))
}

struct Part<'a> {
    chip: u8,
    priority: u8,
    key: u8,
    data: &'a [u8],
}

impl<'a> Part<'a> {
    fn all(section: &'a [u8]) -> impl Iterator<Item = Part<'a>> {
        let count = u16_at(section, 0).unwrap_or(0);
        let mut rest = section.get(4..).unwrap_or(&[]);
        (0..count).map_while(move |_| {
            let [chip, priority, key, _] = array(rest, 0)?;
            let data = stretch(rest, 8, u32_at(rest, 4)?)?;
            rest = &rest[8 + data.len()..];
            Some(Part { chip, priority, key, data })
        })
    }
}

/// The settings that are sent behind a patch: `55 ab 23 87`, length of the rest (u16), entries.
#[derive(Debug, Clone, Copy)]
pub struct RealtekConfig<'a>(&'a [u8]);

impl<'a> RealtekConfig<'a> {
    /// Checks its ends.
    pub fn parse(bytes: &'a [u8]) -> Result<RealtekConfig<'a>, BadFile> {
        if u32_at(bytes, 0) != Some(0x8723_ab55) {
            return Err(BadFile("is no Realtek configuration"));
        }
        match u16_at(bytes, 4) {
            Some(length) if usize::from(length) <= bytes.len() - 6 => Ok(RealtekConfig(bytes)),
            _ => Err(BadFile("is cut off")),
        }
    }

    /// What is to be sent.
    pub fn bytes(&self) -> &'a [u8] {
        self.0
    }
}
