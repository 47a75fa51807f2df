//! The analysis filter bank, A2DP 1.3.2, 12.7.1, rearranged.
//!
//! The specification windows the last 10 M samples into 2M sums Y and turns these into M subband
//! samples by cosines of (i + 1/2)(k - M/2) pi / M. The cosine is even, and odd about M, so that
//! the 2M sums fold into M before it.

use super::tables::{PROTOTYPE_4, PROTOTYPE_8, cos_16};

/// The subband samples of a channel: a row for each block.
pub(super) type Blocks = [[f32; 8]; 16];

/// Samples remembered between two frames, with 8 subbands.
const PAST: usize = 72;

/// The filter bank of one channel, with its past.
#[derive(Clone)]
pub(super) struct Analysis {
    /// The newest sample first.
    samples: [f32; PAST + 128],
}

impl Analysis {
    pub(super) const fn new() -> Analysis {
        Analysis { samples: [0.0; PAST + 128] }
    }

    /// Takes the samples of `blocks` blocks, of which `pcm` gives at least as many.
    pub(super) fn analyse<const SUBBANDS: usize>(
        &mut self,
        pcm: impl Iterator<Item = i16>,
        blocks: usize,
    ) -> Blocks {
        let blocks = blocks.min(16);
        let new = blocks * SUBBANDS;
        self.samples.copy_within(..9 * SUBBANDS, new);
        for (slot, sample) in self.samples[..new].iter_mut().rev().zip(pcm) {
            *slot = f32::from(sample);
        }
        let mut out = [[0.0; 8]; 16];
        for (block, out) in out[..blocks].iter_mut().enumerate() {
            let seen = &self.samples[(blocks - 1 - block) * SUBBANDS..][..10 * SUBBANDS];
            *out = Bank::<SUBBANDS>::block(seen);
        }
        out
    }
}

struct Bank<const M: usize>;

impl<const M: usize> Bank<M> {
    const WINDOW: [[f32; 16]; 5] = {
        let mut window = [[0.0; 16]; 5];
        let mut i = 0;
        while i < 10 * M {
            let tap = if M == 8 { PROTOTYPE_8[i] } else { PROTOTYPE_4[i] };
            window[i / (2 * M)][i % (2 * M)] = tap as f32;
            i += 1;
        }
        window
    };

    /// `cos((i + 1/2) n pi / M)` at `[n][i]`.
    const COSINES: [[f32; 8]; 8] = {
        let mut cosines = [[0.0; 8]; 8];
        let mut n = 0;
        while n < M {
            let mut i = 0;
            while i < M {
                cosines[n][i] = cos_16((2 * i + 1) * n * 8 / M) as f32;
                i += 1;
            }
            n += 1;
        }
        cosines
    };

    /// The subband samples of a block; `seen` is the 10 M last samples, newest first.
    fn block(seen: &[f32]) -> [f32; 8] {
        let mut sums = [0.0; 16];
        for (window, seen) in Self::WINDOW.iter().zip(seen.chunks_exact(2 * M)) {
            for i in 0..2 * M {
                sums[i] += window[i] * seen[i];
            }
        }
        let half = M / 2;
        let mut out = [0.0; 8];
        for n in 0..M {
            let folded = match n {
                0 => sums[half],
                n if n <= half => sums[half + n] + sums[half - n],
                n => sums[half + n] - sums[2 * M + half - n],
            };
            for (out, cosine) in out[..M].iter_mut().zip(&Self::COSINES[n]) {
                *out += folded * cosine;
            }
        }
        out
    }
}
