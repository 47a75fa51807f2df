//! Bit allocation, A2DP 1.3.2, 12.6.3: how many bits each subband has, from the scale factors.
//!
//! The specification counts, slice after slice, how many bits its subbands would take. Here the
//! count comes from a histogram of the bit needs, which gives the same slices in fewer steps.

use super::header::{Allocation, Header, Mode};
use super::tables::{OFFSETS_4, OFFSETS_8};

/// A value for each subband of each channel.
pub(super) type PerSubband<T> = [[T; 8]; 2];

/// The smallest bit need: that of a silent subband under loudness.
const LOWEST: i32 = -5;
/// The largest: scale factor 15 under SNR.
const HIGHEST: i32 = 15;
/// Slices go 15 below the smallest need, and look 16 above themselves.
const BELOW: i32 = 17;
const HISTOGRAM: usize = (HIGHEST - LOWEST + BELOW + 18) as usize;

const fn slot(need: i32) -> usize {
    (need - LOWEST + BELOW) as usize
}

/// The bits of every subband. `factors` are the scale factors, 0 to 15.
pub(super) fn allocate(header: &Header, factors: &PerSubband<u8>) -> PerSubband<u8> {
    let mut bits = [[0; 8]; 2];
    let needs = needs(header, factors);
    match (header.mode(), header.subbands()) {
        (Mode::Mono, 4) => share::<4>(header, &needs[..1], &mut bits[..1]),
        (Mode::Mono, _) => share::<8>(header, &needs[..1], &mut bits[..1]),
        (Mode::DualChannel, 4) => {
            share::<4>(header, &needs[..1], &mut bits[..1]);
            share::<4>(header, &needs[1..], &mut bits[1..]);
        }
        (Mode::DualChannel, _) => {
            share::<8>(header, &needs[..1], &mut bits[..1]);
            share::<8>(header, &needs[1..], &mut bits[1..]);
        }
        (_, 4) => share::<4>(header, &needs, &mut bits),
        (_, _) => share::<8>(header, &needs, &mut bits),
    }
    bits
}

fn needs(header: &Header, factors: &PerSubband<u8>) -> PerSubband<i8> {
    let frequency = header.frequency() as usize;
    let mut offsets = [0; 8];
    if header.subbands() == 4 {
        offsets[..4].copy_from_slice(&OFFSETS_4[frequency]);
    } else {
        offsets = OFFSETS_8[frequency];
    }
    let mut needs = [[0; 8]; 2];
    for (needs, factors) in needs.iter_mut().zip(factors) {
        for ((need, &factor), offset) in needs.iter_mut().zip(factors).zip(offsets) {
            let factor = (factor & 15) as i8;
            *need = match header.allocation() {
                Allocation::Snr => factor,
                Allocation::Loudness if factor == 0 => LOWEST as i8,
                Allocation::Loudness => {
                    let loudness = factor - offset;
                    if loudness > 0 { loudness / 2 } else { loudness }
                }
            };
        }
    }
    needs
}

/// Shares one bitpool out among the channels given.
#[inline(always)]
fn share<const SUBBANDS: usize>(header: &Header, needs: &[[i8; 8]], bits: &mut [[u8; 8]]) {
    let bitpool = i32::from(header.bitpool());
    let mut histogram = [0u8; HISTOGRAM];
    let mut highest = LOWEST;
    for needs in needs {
        for &need in &needs[..SUBBANDS] {
            let need = i32::from(need);
            histogram[slot(need)] += 1;
            highest = highest.max(need);
        }
    }

    // `between` is the number of subbands whose need is from slice + 2 to slice + 15. The pool is
    // never above 16 bits a subband, so that the slices end before the histogram does.
    let mut slice = highest + 1;
    let mut between = 0;
    let mut count = 0;
    let mut in_slice = 0;
    loop {
        slice -= 1;
        count += in_slice;
        between += i32::from(histogram[slot(slice + 2)]);
        between -= i32::from(histogram[slot(slice + 16)]);
        in_slice = between + 2 * i32::from(histogram[slot(slice + 1)]);
        if count + in_slice >= bitpool || slice <= LOWEST - 16 {
            break;
        }
    }
    if count + in_slice == bitpool {
        count += in_slice;
        slice -= 1;
    }

    for (bits, needs) in bits.iter_mut().zip(needs) {
        for (bits, &need) in bits[..SUBBANDS].iter_mut().zip(needs) {
            let need = i32::from(need);
            *bits = if need < slice + 2 { 0 } else { (need - slice).min(16) as u8 };
        }
    }
    for subband in 0..SUBBANDS {
        for (bits, needs) in bits.iter_mut().zip(needs) {
            if count >= bitpool {
                return;
            }
            let own = &mut bits[subband];
            if (2..16).contains(own) {
                *own += 1;
                count += 1;
            } else if i32::from(needs[subband]) == slice + 1 && bitpool > count + 1 {
                *own = 2;
                count += 2;
            }
        }
    }
    for subband in 0..SUBBANDS {
        for bits in bits.iter_mut() {
            if count >= bitpool {
                return;
            }
            let own = &mut bits[subband];
            if *own < 16 {
                *own += 1;
                count += 1;
            }
        }
    }
}
