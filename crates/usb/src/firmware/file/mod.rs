//! The formats of firmware files. Every file is taken for hostile: what is read lies inside of it,
//! nothing panics, and nothing is held that is longer than the file.

mod bseq;
mod epatch;
mod hcd;
mod mediatek;
mod qualcomm;
mod sfi;

use std::fmt;

pub use bseq::{Bseq, Exchange};
pub use epatch::{Epatch, RealtekConfig};
pub use hcd::Hcd;
pub use mediatek::{MediaTekPatch, Section};
pub use qualcomm::{PatchHeader, QualcommFile};
pub use sfi::{Boot, Ddc, Engine, Sfi};

/// No file may be longer: twice what the longest in Debian 13 has (Intel's, a million bytes).
pub const FILE_LIMIT: usize = 2 << 20;

/// What is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadFile(pub &'static str);

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadFile {}

/// `N` bytes at an offset.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

/// A stretch of bytes whose place a file gives with 32 bits.
fn stretch(bytes: &[u8], at: u32, length: u32) -> Option<&[u8]> {
    let at = usize::try_from(at).ok()?;
    bytes.get(at..at.checked_add(usize::try_from(length).ok()?)?)
}

/// Splits the HCI command that comes first off a row of them: opcode, the whole packet, the rest.
fn split_command(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (packet, rest) = bytes.split_at_checked(3 + usize::from(*bytes.get(2)?))?;
    Some((u16_at(packet, 0)?, packet, rest))
}
