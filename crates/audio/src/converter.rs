//! Rate conversion of one stream: from the stream's rate to the sink's, at a ratio that the drift
//! servo bends.
//!
//! A windowed sinc of 32 points, linearly interpolated between 64 phases (two 8 KiB tables), with
//! its corner at the stream's Nyquist frequency: flat to 18 kHz of a 44.1 kHz stream, and what it
//! lets pass of the images above lies beyond 20 kHz. Polynomial interpolation, at a third of its
//! cost or more, leaves images at −31 dB (cubic) or −48 dB (septic) for a 10 kHz tone. Streams at the
//! sink's own rate go the same way: the drift has to be taken up somewhere, and inserted or dropped
//! samples would be heard on steady tones.
//!
//! It is the most of what playing music costs, which is why it is not `rubato`'s: taking both channels
//! with one set of coefficients costs a quarter of that.

/// The most frames converted at once: 5.3 ms at 48 kHz.
pub(crate) const BLOCK: usize = 256;

/// The largest ratio from a stream's rate to the sink's, drift included, and the smallest.
pub(crate) const MAX_RATIO: f64 = 12.1;
const MIN_RATIO: f64 = 1.0 / 6.1;

const POINTS: usize = 32;
const PHASES: usize = 64;
/// Coefficients that the processor works on at once.
const LANES: usize = 8;

/// Stream frames that the longest block takes: the first 2 ratios are what is owed from before.
const LONGEST: usize = ((BLOCK + 1) as f64 / MIN_RATIO) as usize + 1;

/// Positions in the stream are counted in frames, with 32 bits for the fraction.
const ONE: f64 = (1u64 << 32) as f64;

/// The converter of one stream.
pub(crate) struct Converter {
    phases: Box<[Phase; PHASES]>,
    /// The last [`POINTS`] frames of the stream, then those of this block.
    input: [Box<[f32]>; 2],
    output: [Box<[f32]>; 2],
    /// Where the next frame lies, from the start of `input`.
    position: u64,
    /// How far it is from one frame to the next, and where the servo wants it.
    step: u64,
    target: u64,
    /// Frames out a frame in.
    ratio: f64,
    /// The fraction of a frame still to be skipped.
    owed: f64,
}

/// The sinc at one phase, and what is to be added on the way to the next.
#[derive(Clone, Copy)]
struct Phase {
    at: [f32; POINTS],
    slope: [f32; POINTS],
}

impl Converter {
    pub(crate) fn new(sink_rate: u32) -> Self {
        Converter::with_corner(f64::from(sink_rate) / f64::from(crate::ring::MAX_RATE))
    }

    /// One for a single ratio; `None` if it is out of range.
    pub(crate) fn fixed(from: u32, to: u32) -> Option<Self> {
        let ratio = f64::from(to) / f64::from(from);
        if !(MIN_RATIO..=MAX_RATIO).contains(&ratio) {
            return None;
        }
        let mut converter = Converter::with_corner(ratio);
        converter.reset(ratio);
        Some(converter)
    }

    /// One whose corner is this part of the stream's Nyquist frequency, all of it at most.
    fn with_corner(corner: f64) -> Self {
        let corner = corner.min(1.0);
        let channel = |len| vec![0.0; len].into_boxed_slice();
        let mut converter = Converter {
            phases: phases(corner),
            input: [channel(POINTS + LONGEST), channel(POINTS + LONGEST)],
            output: [channel(BLOCK), channel(BLOCK)],
            position: 0,
            step: 0,
            target: 0,
            ratio: 1.0,
            owed: 0.0,
        };
        converter.reset(1.0);
        converter
    }

    /// Forgets the past and takes a new ratio (sink rate over stream rate).
    pub(crate) fn reset(&mut self, ratio: f64) {
        for channel in &mut self.input {
            channel[..POINTS].fill(0.0);
        }
        self.position = 0;
        self.owed = 0.0;
        self.steer(ratio, false);
    }

    /// Bends the ratio; smoothly over the next block when `ramp` is set.
    pub(crate) fn steer(&mut self, ratio: f64, ramp: bool) {
        if (MIN_RATIO..=MAX_RATIO).contains(&ratio) {
            self.ratio = ratio;
            self.target = (ONE / ratio) as u64;
            if !ramp {
                self.step = self.target;
            }
        }
    }

    /// How many stream frames the next `frames` (1 to [`BLOCK`]) sink frames will take.
    pub(crate) fn needs(&self, frames: usize) -> usize {
        let last = frames.clamp(1, BLOCK) as i64 - 1;
        // The steps grow evenly: their sum is a triangle's.
        let way = last * self.step as i64 + self.growth(frames) * (last * (last - 1) / 2);
        (self.position.wrapping_add_signed(way) >> 32) as usize
    }

    /// By how much each step of a block is longer than the one before.
    fn growth(&self, frames: usize) -> i64 {
        (self.target as i64 - self.step as i64) / frames as i64
    }

    /// Converts the next `frames` (1 to [`BLOCK`]) frames, pulling the stream's with `pull`.
    pub(crate) fn convert(
        &mut self,
        frames: usize,
        pull: impl FnOnce(&mut [f32], &mut [f32]),
    ) -> [&[f32]; 2] {
        let needed = self.needs(frames);
        let growth = self.growth(frames);
        let [left, right] = &mut self.input;
        pull(&mut left[POINTS..][..needed], &mut right[POINTS..][..needed]);
        let [out_left, out_right] = &mut self.output;
        let out = out_left[..frames].iter_mut().zip(&mut out_right[..frames]);
        for (out_left, out_right) in out {
            let first = (self.position >> 32) as usize;
            let window = first..first + POINTS;
            [*out_left, *out_right] = interpolate(
                &self.phases,
                self.position as u32,
                &left[window.clone()],
                &right[window],
            );
            self.position += self.step;
            self.step = self.step.wrapping_add_signed(growth);
        }
        self.step = self.target;
        self.position -= (needed as u64) << 32;
        left.copy_within(needed..needed + POINTS, 0);
        right.copy_within(needed..needed + POINTS, 0);
        [&self.output[0][..frames], &self.output[1][..frames]]
    }

    /// How many stream frames pass during `frames` sink frames that nobody hears; to be dropped
    /// unconverted.
    pub(crate) fn passed(&mut self, frames: usize) -> usize {
        self.owed += frames as f64 / self.ratio;
        let whole = self.owed as usize;
        self.owed -= whole as f64;
        whole
    }
}

/// The frame that lies at `fraction` behind the middle of two windows of [`POINTS`] frames.
#[inline]
fn interpolate(phases: &[Phase; PHASES], fraction: u32, left: &[f32], right: &[f32]) -> [f32; 2] {
    const SHIFT: u32 = 32 - PHASES.ilog2();
    let phase = &phases[(fraction >> SHIFT) as usize];
    let between = (fraction << (32 - SHIFT)) as f32 / (ONE as f32);
    let mut sums = [[0.0f32; LANES]; 2];
    // In lanes, because a sum of floats is not to be reordered unasked.
    let coefficients =
        phase.at.as_chunks::<LANES>().0.iter().zip(phase.slope.as_chunks::<LANES>().0);
    let samples = left.as_chunks::<LANES>().0.iter().zip(right.as_chunks::<LANES>().0);
    for ((at, slope), (left, right)) in coefficients.zip(samples) {
        for n in 0..LANES {
            let coefficient = at[n] + between * slope[n];
            sums[0][n] += coefficient * left[n];
            sums[1][n] += coefficient * right[n];
        }
    }
    sums.map(|[a, b, c, d, e, f, g, h]| ((a + e) + (c + g)) + ((b + f) + (d + h)))
}

/// The phases of a Blackman-windowed sinc with its corner at `corner` of the Nyquist frequency, each
/// with a gain of one for a constant.
fn phases(corner: f64) -> Box<[Phase; PHASES]> {
    use std::f64::consts::PI;
    let tap = |phase: usize, n: usize| {
        let x = n as f64 - (POINTS / 2 - 1) as f64 - phase as f64 / PHASES as f64;
        let sinc = if x == 0.0 { 1.0 } else { (PI * corner * x).sin() / (PI * corner * x) };
        let w = PI * x / (POINTS / 2) as f64;
        sinc * (0.42 + 0.5 * w.cos() + 0.08 * (2.0 * w).cos())
    };
    let row = |phase: usize| {
        let taps: [f64; POINTS] = std::array::from_fn(|n| tap(phase, n));
        let sum: f64 = taps.iter().sum();
        taps.map(|tap| tap / sum)
    };
    let mut phases = Box::new([Phase { at: [0.0; POINTS], slope: [0.0; POINTS] }; PHASES]);
    for (n, phase) in phases.iter_mut().enumerate() {
        let (here, next) = (row(n), row(n + 1));
        phase.at = here.map(|tap| tap as f32);
        phase.slope = std::array::from_fn(|n| (next[n] - here[n]) as f32);
    }
    phases
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{amplitude, channel, sine, sine_snr};

    /// A tone through the converter in blocks of changing sizes, its first tenth left out.
    fn converted(tone: f64, from: u32, to: u32, ppm: f64) -> Vec<i16> {
        let mut converter = Converter::new(to);
        let ratio = f64::from(to) / f64::from(from) * (1.0 + ppm * 1e-6);
        converter.reset(ratio);
        let mut samples = channel(&sine(tone, 16_000.0, from, 0, 2 * from as usize), 0).into_iter();
        let mut out = Vec::new();
        while out.len() < to as usize {
            let block = [240, 256, 17][out.len() % 3];
            let made = converter.convert(block, |left, right| {
                left.fill_with(|| f32::from(samples.next().unwrap_or(0)));
                right.copy_from_slice(left);
            });
            assert_eq!(made[0], made[1]);
            out.extend(made[0].iter().map(|s| s.round() as i16));
        }
        out.split_off(to as usize / 10)
    }

    #[test]
    fn tones_come_out_clean_and_at_their_level() {
        // Tone, rate, the least SNR in dB.
        for (tone, from, clean) in [
            (1_000.0, 44_100, 85.0),
            (5_000.0, 44_100, 85.0),
            (10_000.0, 44_100, 80.0),
            (15_000.0, 44_100, 75.0),
            (1_000.0, 48_000, 85.0),
            (15_000.0, 48_000, 75.0),
            (1_000.0, 16_000, 80.0),
            (5_000.0, 16_000, 75.0),
            (10_000.0, 32_000, 75.0),
        ] {
            let out = converted(tone, from, 48_000, 137.0);
            let heard = tone / (1.0 + 137e-6);
            let snr = sine_snr(&out[..4_800], 48_000, heard);
            let loss = 20.0 * (16_000.0 / 32_768.0 / amplitude(&out, 48_000, heard)).log10();
            println!("{tone} Hz from {from}: {snr:.1} dB, {loss:.2} dB lower");
            assert!(snr > clean, "{tone} Hz from {from}: {snr} dB");
            assert!(loss.abs() < 0.2, "{tone} Hz from {from}: {loss} dB lower");
        }
        let out = converted(18_000.0, 44_100, 48_000, 0.0);
        assert!(amplitude(&out, 48_000, 18_000.0) * 32_768.0 / 16_000.0 > 0.9, "18 kHz is there");
    }

    #[test]
    fn the_unheard_way_takes_as_many_frames_as_the_heard_one() {
        let (mut heard, mut unheard) = (Converter::new(48_000), Converter::new(48_000));
        let ratio = 48_000.0 / 44_100.0 / 1.0002;
        heard.reset(ratio);
        unheard.reset(ratio);
        let (mut taken, mut passed) = (0i64, 0i64);
        for block in (1..=BLOCK).cycle().take(20_000) {
            heard.convert(block, |left, _| taken += left.len() as i64);
            passed += unheard.passed(block) as i64;
        }
        assert!((taken - passed).abs() <= POINTS as i64, "{taken} and {passed}");
    }
}
