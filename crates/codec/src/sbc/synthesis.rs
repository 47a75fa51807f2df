//! The synthesis filter bank, A2DP 1.3.2, 12.6.6, rearranged.
//!
//! The specification turns M subband samples into a vector V of 2M cosine sums and windows the
//! last ten of them. V has only M different values, the DCT-II X of the subband samples: with
//! n = k + M/2, `V[k] = X[n]`, `X[2M - n] = -X[n]`, `X[M] = 0` and `X[2M + n] = -X[n]`. So an
//! output j and its mirror image M - j are filters over the same two of these, in time:
//!
//! ```text
//! out[j]     = sum of  D[j + 2Mi]     X[M/2 + j][t - 2i] - D[j + M + 2Mi]  X[M/2 - j][t - 2i - 1]
//! out[M - j] = sum of -D[M - j + 2Mi] X[M/2 + j][t - 2i] - D[2M - j + 2Mi] X[M/2 - j][t - 2i - 1]
//! ```
//!
//! with D the prototype filter times -M. Each X is kept as a series in time, so that four blocks
//! are filtered at once by vector instructions. The DCT of 8 is that of Arai, Agui and Nakajima,
//! whose scale factors go into D.

use super::tables::{PROTOTYPE_4, PROTOTYPE_8, cos_16};

/// Blocks that the window looks back: 9, rounded up to whole vectors.
const PAST: usize = 12;
/// Blocks computed at once.
const LANES: usize = 4;

type Lanes = [f32; LANES];

/// The samples of a channel in a frame: a row of blocks for each subband, or for each place in
/// a block.
pub(super) type Rows = [[f32; 16]; 8];

/// A series in time: the past, then the blocks of this frame.
#[derive(Clone, Copy)]
#[repr(align(16))]
struct Series([f32; PAST + 16]);

/// The filter bank of one channel, with its past.
#[derive(Clone)]
pub(super) struct Synthesis {
    series: [Series; 8],
}

impl Synthesis {
    pub(super) const fn new() -> Synthesis {
        Synthesis { series: [Series([0.0; PAST + 16]); 8] }
    }

    /// Turns the subband samples of `blocks` blocks (at most 16) into audio samples, in place:
    /// `rows[subband][block]` becomes `rows[place][block]`.
    pub(super) fn synthesise<const SUBBANDS: usize>(&mut self, rows: &mut Rows, blocks: usize) {
        let blocks = blocks.min(16);
        let groups = blocks.div_ceil(LANES);
        for group in 0..groups {
            if SUBBANDS == 8 {
                dct_8(rows, &mut self.series, group);
            } else {
                dct_4(rows, &mut self.series, group);
            }
        }
        for group in 0..groups {
            if SUBBANDS == 8 {
                edge::<8, 0>(&self.series[4], &mut rows[0], group);
                edge::<8, 4>(&self.series[0], &mut rows[4], group);
                pair::<8, 1>(&self.series, rows, group);
                pair::<8, 2>(&self.series, rows, group);
                pair::<8, 3>(&self.series, rows, group);
            } else {
                edge::<4, 0>(&self.series[2], &mut rows[0], group);
                edge::<4, 2>(&self.series[0], &mut rows[2], group);
                pair::<4, 1>(&self.series, rows, group);
            }
        }
        for series in &mut self.series[..SUBBANDS] {
            series.0.copy_within(blocks..blocks + PAST, 0);
        }
    }
}

/// `D[i]`, the synthesis window.
const fn window<const M: usize>(i: usize) -> f64 {
    -(M as f64) * if M == 8 { PROTOTYPE_8[i] } else { PROTOTYPE_4[i] }
}

/// What the DCT below leaves out of `X[n]`.
const fn scale<const M: usize>(n: usize) -> f64 {
    match (M, n) {
        (_, 0) => 1.0,
        (8, _) => 0.5 / cos_16(n),
        (_, 2) => cos_16(4),
        _ => cos_16(2),
    }
}

/// The filters of the outputs `J` and `M - J`.
struct Pair<const M: usize, const J: usize>;

impl<const M: usize, const J: usize> Pair<M, J> {
    const FIRST_HIGH: [f32; 5] = Self::taps(J, M / 2 + J, 1.0);
    const FIRST_LOW: [f32; 5] = Self::taps(J + M, M / 2 - J, -1.0);
    const SECOND_HIGH: [f32; 5] = Self::taps(M - J, M / 2 + J, -1.0);
    const SECOND_LOW: [f32; 5] = Self::taps(2 * M - J, M / 2 - J, -1.0);
    /// For J = 0, over `X[M/2]` alone, and for J = M/2, over `X[0]` alone.
    const EDGE_LOW: [f32; 5] = Self::taps(J + M, if J == 0 { M / 2 } else { 0 }, -1.0);

    const fn taps(offset: usize, n: usize, sign: f64) -> [f32; 5] {
        let mut taps = [0.0; 5];
        let mut i = 0;
        while i < 5 {
            taps[i] = (sign * window::<M>(offset + 2 * M * i) * scale::<M>(n)) as f32;
            i += 1;
        }
        taps
    }
}

/// What the window sees of a series when it makes the four blocks of `group`.
#[inline(always)]
fn seen(series: &Series, group: usize) -> &[f32; PAST + LANES] {
    let seen = series.0.get(group * LANES..).and_then(<[f32]>::first_chunk);
    seen.unwrap_or(&[0.0; PAST + LANES])
}

/// The four blocks of `group` in a row.
#[inline(always)]
fn lanes(row: &mut [f32; 16], group: usize) -> &mut Lanes {
    let (groups, _) = row.as_chunks_mut::<LANES>();
    &mut groups[group % (16 / LANES)]
}

/// Adds five taps over every other block, `back` blocks ago and further.
#[inline(always)]
fn filter(mut sum: Lanes, taps: &[f32; 5], seen: &[f32; PAST + LANES], back: usize) -> Lanes {
    for (i, tap) in taps.iter().enumerate() {
        if *tap != 0.0 {
            for (l, sum) in sum.iter_mut().enumerate() {
                *sum += tap * seen[PAST - back - 2 * i + l];
            }
        }
    }
    sum
}

#[inline(always)]
fn pair<const M: usize, const J: usize>(series: &[Series; 8], rows: &mut Rows, group: usize) {
    let high = seen(&series[M / 2 + J], group);
    let low = seen(&series[M / 2 - J], group);
    let first = filter([0.0; LANES], &Pair::<M, J>::FIRST_HIGH, high, 0);
    let second = filter([0.0; LANES], &Pair::<M, J>::SECOND_HIGH, high, 0);
    *lanes(&mut rows[J], group) = filter(first, &Pair::<M, J>::FIRST_LOW, low, 1);
    *lanes(&mut rows[M - J], group) = filter(second, &Pair::<M, J>::SECOND_LOW, low, 1);
}

#[inline(always)]
fn edge<const M: usize, const J: usize>(series: &Series, row: &mut [f32; 16], group: usize) {
    let seen = seen(series, group);
    let mut sum = [0.0; LANES];
    if J == 0 {
        sum = filter(sum, &Pair::<M, J>::FIRST_HIGH, seen, 0);
    }
    *lanes(row, group) = filter(sum, &Pair::<M, J>::EDGE_LOW, seen, 1);
}

#[inline(always)]
fn add(a: Lanes, b: Lanes) -> Lanes {
    core::array::from_fn(|l| a[l] + b[l])
}

#[inline(always)]
fn subtract(a: Lanes, b: Lanes) -> Lanes {
    core::array::from_fn(|l| a[l] - b[l])
}

#[inline(always)]
fn times(a: Lanes, factor: f64) -> Lanes {
    let factor = factor as f32;
    core::array::from_fn(|l| a[l] * factor)
}

/// Puts `X[n]` of the blocks of `group` into its series.
#[inline(always)]
fn put(series: &mut Series, group: usize, x: Lanes) {
    let (groups, _) = series.0.as_chunks_mut::<LANES>();
    groups[PAST / LANES + group % (16 / LANES)] = x;
}

/// The DCT-II of 8, each `X[n]` but the first too large by `2 cos(n pi / 16)`.
#[inline(always)]
fn dct_8(rows: &mut Rows, series: &mut [Series; 8], group: usize) {
    let mut row = |i: usize| *lanes(&mut rows[i], group);
    let (s0, s1, s2, s3) = (row(0), row(1), row(2), row(3));
    let (s4, s5, s6, s7) = (row(4), row(5), row(6), row(7));
    let (sum07, difference07) = (add(s0, s7), subtract(s0, s7));
    let (sum16, difference16) = (add(s1, s6), subtract(s1, s6));
    let (sum25, difference25) = (add(s2, s5), subtract(s2, s5));
    let (sum34, difference34) = (add(s3, s4), subtract(s3, s4));

    let (outer, outer_difference) = (add(sum07, sum34), subtract(sum07, sum34));
    let (inner, inner_difference) = (add(sum16, sum25), subtract(sum16, sum25));
    put(&mut series[0], group, add(outer, inner));
    put(&mut series[4], group, subtract(outer, inner));
    let turned = times(add(inner_difference, outer_difference), cos_16(4));
    put(&mut series[2], group, add(outer_difference, turned));
    put(&mut series[6], group, subtract(outer_difference, turned));

    let low = add(difference34, difference25);
    let middle = times(add(difference25, difference16), cos_16(4));
    let high = add(difference16, difference07);
    let shared = times(subtract(low, high), cos_16(6));
    let low = add(times(low, cos_16(2) - cos_16(6)), shared);
    let high = add(times(high, cos_16(2) + cos_16(6)), shared);
    let (plus, minus) = (add(difference07, middle), subtract(difference07, middle));
    put(&mut series[5], group, add(minus, low));
    put(&mut series[3], group, subtract(minus, low));
    put(&mut series[1], group, add(plus, high));
    put(&mut series[7], group, subtract(plus, high));
}

/// The DCT-II of 4, `X[1]` and `X[3]` too large by `1 / cos(pi / 8)`, `X[2]` by `1 / cos(pi / 4)`.
#[inline(always)]
fn dct_4(rows: &mut Rows, series: &mut [Series; 8], group: usize) {
    let mut row = |i: usize| *lanes(&mut rows[i], group);
    let (s0, s1, s2, s3) = (row(0), row(1), row(2), row(3));
    let (outer, inner) = (add(s0, s3), add(s1, s2));
    let (outer_difference, inner_difference) = (subtract(s0, s3), subtract(s1, s2));
    let tangent = cos_16(6) / cos_16(2);
    put(&mut series[0], group, add(outer, inner));
    put(&mut series[2], group, subtract(outer, inner));
    put(&mut series[1], group, add(outer_difference, times(inner_difference, tangent)));
    put(&mut series[3], group, subtract(times(outer_difference, tangent), inner_difference));
}
