//! Bits in and out of a frame, most significant first.

use super::allocation::PerSubband;
use super::header::MAX_FRAME;

/// The quantised samples of a channel: a row of blocks for each subband.
pub(super) type Quantised = [[i32; 16]; 8];

/// A frame with room behind it, so that eight bytes can be read at any place of it.
pub(super) type Padded = [u8; MAX_FRAME + 8];

/// The bits that a 64-bit load has for certain after it was turned to the bit wanted.
const RUN_BITS: u32 = 57;

/// Reads the samples of `blocks` blocks from bit `position` on.
pub(super) fn read_samples<const CHANNELS: usize, const SUBBANDS: usize>(
    frame: &Padded,
    position: usize,
    bits: &PerSubband<u8>,
    blocks: usize,
    out: &mut [Quantised; 2],
) {
    let sum = |channel: &[u8; 8]| channel.iter().map(|&b| u32::from(b)).sum::<u32>();
    let sums = [sum(&bits[0]), sum(&bits[1])];
    if sums[0] + sums[1] <= RUN_BITS {
        read_runs::<CHANNELS, SUBBANDS, 16>(frame, position, bits, blocks, out);
    } else if sums[0].max(sums[1]) <= RUN_BITS {
        read_runs::<CHANNELS, SUBBANDS, SUBBANDS>(frame, position, bits, blocks, out);
    } else {
        read_runs::<CHANNELS, SUBBANDS, 3>(frame, position, bits, blocks, out);
    }
}

/// As [`read_samples`], with one load for every `RUN` samples.
fn read_runs<const CHANNELS: usize, const SUBBANDS: usize, const RUN: usize>(
    frame: &Padded,
    mut position: usize,
    bits: &PerSubband<u8>,
    blocks: usize,
    out: &mut [Quantised; 2],
) {
    let mut masks = [[0u32; 8]; 2];
    for (masks, bits) in masks.iter_mut().zip(bits) {
        for (mask, bits) in masks.iter_mut().zip(bits) {
            *mask = (1 << bits) - 1;
        }
    }
    let mut block = 0;
    while block < blocks.min(16) {
        let mut word = 0;
        for channel in 0..CHANNELS {
            for subband in 0..SUBBANDS {
                if (channel * SUBBANDS + subband).is_multiple_of(RUN) {
                    word = load(frame, position);
                }
                let width = bits[channel][subband];
                word = word.rotate_left(u32::from(width));
                out[channel][subband][block] = (word as u32 & masks[channel][subband]) as i32;
                position += usize::from(width);
            }
        }
        block += 1;
    }
}

/// Eight bytes from bit `position` on, turned so that the first bit wanted is the highest.
#[inline(always)]
fn load(frame: &Padded, position: usize) -> u64 {
    let bytes = frame.get(position / 8..).and_then(<[u8]>::first_chunk::<8>);
    bytes.map_or(0, |b| u64::from_be_bytes(*b)).rotate_left((position % 8) as u32)
}

/// Writes bits into a slice that the caller has measured; bits beyond it are dropped.
pub(super) struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
    word: u64,
    held: u32,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut [u8]) -> Writer<'a> {
        Writer { out, at: 0, word: 0, held: 0 }
    }

    /// Appends the lower `width` bits of `value`, at most 16.
    #[inline]
    pub(super) fn put(&mut self, value: u32, width: u32) {
        self.word = self.word << width | u64::from(value);
        self.held += width;
        if self.held >= 32 {
            self.held -= 32;
            let word = ((self.word >> self.held) as u32).to_be_bytes();
            if let Some(out) = self.out.get_mut(self.at..self.at + 4) {
                out.copy_from_slice(&word);
            }
            self.at += 4;
        }
    }

    /// Writes what is left, filled up with zeros to a byte.
    pub(super) fn finish(self) {
        let left = self.held.div_ceil(8) as usize;
        let word = ((self.word << (32 - self.held)) as u32).to_be_bytes();
        if let Some(out) = self.out.get_mut(self.at..self.at + left) {
            out.copy_from_slice(&word[..left]);
        }
    }
}
